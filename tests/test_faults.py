"""Faults that a monthly run meets: killed, full disk, read-only folder, a dead kernel, damaged caches, two runs at once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy

from sendwaits import store
from sendwaits.errors import CannotWrite
from sendwaits.run import batch

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    toy.fork_also_beside_threads(monkeypatch)
    store.forget()
    yield
    store.forget()


def start(root, **environment):
    return subprocess.Popen(
        [sys.executable, toy.__file__, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": toy.PATH, **environment},
    )


def finish(process):
    out, err = process.communicate()
    return process.returncode, out, err


@pytest.fixture
def small_disk(tmp_path):
    """A function that puts a disk of its own, of that many bytes, at a folder; it may be made read-only later."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("needs root on Linux, to mount a small disk")
    mounted = []

    def mount(folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
            capture_output=True,
        )
        if done.returncode:
            pytest.skip("this system does not let a test mount a small disk")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def kill_at_random_instants(tmp_path, times, seed):
    old, new = toy.write(tmp_path / "old"), toy.write(tmp_path / "new")
    changed = "data/raw/nst_2024-07-31.csv"
    (new / changed).write_text((new / changed).read_text() + "c9,2024-02-01\n")
    wanted = {}
    for root in (old, new):
        began = time.perf_counter()
        code, _, error = finish(start(root))
        assert code == 0, error
        wanted[root] = toy.contents(root / "reports" / "2024-07-31")
        length = time.perf_counter() - began
    root = toy.write(tmp_path / "killed")
    assert finish(start(root))[0] == 0
    dice, states = random.Random(seed), []
    for number in range(times):
        text = (old / changed).read_bytes() if number % 2 else (new / changed).read_bytes()
        (root / changed).write_bytes(text)
        for cached in (root / "data" / "processed" / "cache").iterdir():
            cached.unlink()  # else there would be nothing to interrupt the third time
        process = start(root)
        time.sleep(dice.uniform(0.2, 1.1) * length)
        process.kill()
        process.communicate()
        there = toy.contents(root / "reports" / "2024-07-31")
        assert there in wanted.values(), f"instant {number}: neither the old nor the new set"
        states.append(there == wanted[old])
        code, _, error = finish(start(root))
        assert code == 0, error
        after = toy.contents(root / "reports")
        assert toy.contents(root / "reports" / "2024-07-31") == wanted[old if number % 2 else new]
        assert not [name for name in after if ".new" in name or ".old" in name or "since" in name]
    return states


@POSIX
def test_killed_at_any_instant_the_old_or_the_new_set_stands_and_a_rerun_equals_an_undisturbed_one(
    tmp_path,
):
    kill_at_random_instants(tmp_path, 2, seed=1)


@POSIX
@pytest.mark.long
def test_killed_at_a_hundred_instants_the_old_or_the_new_set_stands_and_a_rerun_equals_an_undisturbed_one(
    tmp_path,
):
    states = kill_at_random_instants(tmp_path, 100, seed=2)
    assert len(states) == 100


@POSIX
def test_pages_finished_before_the_run_was_killed_are_not_made_again(tmp_path):
    """The last report to start waits for a file; when it waits, all others are finished."""
    toy.write(
        tmp_path,
        extra='import time; [time.sleep(0.05) for _ in range(600) if pathway == "SLCN" and not os.path.exists("go")]',
    )
    process = start(tmp_path)
    cache = tmp_path / "data" / "processed" / "cache"
    until = time.monotonic() + 60
    while len(list(cache.glob("page-*"))) < 6 and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert not (tmp_path / "reports" / "2024-07-31").exists()
    (tmp_path / "go").touch()
    assert toy.run(tmp_path).made == ["slcn_trend"]


@POSIX
def test_the_reports_of_a_killed_run_end_with_it(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux ends a process with its parent")
    toy.write(
        tmp_path,
        extra='open(f"{pathway}.pid", "w").write(str(os.getpid())); __import__("time").sleep(60)',
    )
    process = start(tmp_path)
    until = time.monotonic() + 60
    while (
        not (pids := [p.read_text() for p in tmp_path.glob("*.pid") if p.read_text()])
        and time.monotonic() < until
    ):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    assert pids and not [
        pid
        for pid in pids
        if Path(f"/proc/{pid}").exists()
        and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    ]


def test_a_full_disk_is_said_before_any_report_starts_and_the_old_set_is_untouched(
    tmp_path, small_disk
):
    toy.write(tmp_path)
    small_disk(tmp_path / "reports", 400_000)
    code, _, error = finish(start(tmp_path))
    assert code == 4 and "MB free" in error and "Nothing was changed" in error
    assert not (tmp_path / "data" / "processed").exists()


def test_a_disk_that_fills_up_while_the_set_is_written_leaves_the_old_set(
    tmp_path, small_disk, monkeypatch
):
    monkeypatch.setattr(batch, "ROOM_PER_PAGE", 0)
    toy.write(tmp_path)
    small_disk(tmp_path / "reports", 400_000)
    toy.run(tmp_path)
    before = toy.contents(tmp_path / "reports" / "2024-07-31")
    toy.write(tmp_path / "b", extra='print("x" * 300_000)')
    (tmp_path / "notebooks" / "trend.ipynb").write_bytes(
        (tmp_path / "b" / "notebooks" / "trend.ipynb").read_bytes()
    )
    maker = LongPages()
    with pytest.raises(
        CannotWrite,
        match="the disk is full. Make room, then start again. The earlier files are untouched.",
    ):
        toy.run(tmp_path, maker=maker)
    assert toy.contents(tmp_path / "reports" / "2024-07-31") == before
    assert {p.name for p in (tmp_path / "reports").iterdir()} == {"2024-07-31", ".sendwaits.lock"}


class LongPages(toy.ToyMaker):
    def page(self, notebook):
        return super().page(notebook) + "x" * 300_000


def test_a_read_only_folder_is_said_in_two_seconds_and_the_old_set_is_untouched(
    tmp_path, small_disk
):
    toy.write(tmp_path)
    small_disk(tmp_path / "reports", 50_000_000)
    toy.run(tmp_path)
    before = toy.contents(tmp_path / "reports" / "2024-07-31")
    subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "reports")], check=True)
    path = tmp_path / "data" / "raw" / "nst_2024-07-31.csv"
    path.write_text(path.read_text() + "c9,2024-02-01\n")
    began = time.perf_counter()
    with pytest.raises(CannotWrite, match="reports/: cannot be written"):
        toy.run(tmp_path)
    assert time.perf_counter() - began < 2
    assert toy.contents(tmp_path / "reports" / "2024-07-31") == before


def test_processed_data_that_cannot_be_written_only_costs_time(tmp_path, small_disk):
    toy.write(tmp_path)
    small_disk(tmp_path / "data" / "processed", 50_000_000)
    subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "data" / "processed")], check=True)
    assert toy.run(tmp_path).exit_code == 0


@POSIX
def test_a_killed_kernel_fails_its_own_report_only(tmp_path):
    toy.write(tmp_path, extra='pathway != "SLCN" or os.kill(os.getpid(), 9)')
    summary = toy.run(tmp_path)
    assert summary.exit_code == 3 and len(summary.made) == 6
    assert summary.failed == {
        "slcn_trend": "its process was killed in cell 3 (too little memory is the usual reason)"
    }
    assert not (tmp_path / "reports" / "2024-07-31" / "slcn_trend.html").exists()


def test_a_flipped_byte_in_any_cache_file_changes_nothing_that_is_published(tmp_path):
    toy.run(toy.write(tmp_path))
    wanted = toy.contents(tmp_path / "reports" / "2024-07-31")
    files = sorted((tmp_path / "data" / "processed" / "cache").iterdir())
    assert len(files) == 8
    for path in files:
        whole = bytearray(path.read_bytes())
        whole[len(whole) * 2 // 3] ^= 1
        path.write_bytes(whole)
    for page in (tmp_path / "reports" / "2024-07-31").iterdir():
        page.unlink()
    store.forget()
    assert len(toy.run(tmp_path).made) == 7
    assert toy.contents(tmp_path / "reports" / "2024-07-31") == wanted


def test_of_two_runs_at_once_one_makes_the_set_and_the_other_ends_at_once(tmp_path):
    toy.write(tmp_path, extra="__import__('time').sleep(2)")
    first = start(tmp_path)
    until = time.monotonic() + 60
    while not (tmp_path / "reports" / ".sendwaits.since").exists() and time.monotonic() < until:
        time.sleep(0.01)
    code, _, error = finish(start(tmp_path))
    assert code == 5 and "since 20" in error and first.poll() is None
    code, out, error = finish(first)
    assert code == 0 and json.loads(out.splitlines()[-1])["heavy"], error
    assert len(toy.contents(tmp_path / "reports" / "2024-07-31")) == 10
