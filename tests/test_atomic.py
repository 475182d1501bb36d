"""A set of files changes as one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from sendwaits.errors import CannotWrite
from sendwaits.run import atomic


def fill(folder, text, names=("a", "b", "c")):
    for name in names:
        (folder / name).write_text(text)


def contents(folder):
    return {p.name: p.read_text() for p in sorted(folder.iterdir())}


@pytest.fixture(params=["exchange", "rename twice"])
def way(request, monkeypatch):
    """Where the system can exchange two folders, the other way is tried too."""
    if request.param == "rename twice":
        monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)


def test_the_new_set_stands_alone_and_nothing_else_is_left(tmp_path, way):
    target = tmp_path / "reports" / "2024-07-31"
    with atomic.replaced(target) as work:
        fill(work, "old", "abcd")
        assert not target.exists()
    with atomic.replaced(target) as work:
        fill(work, "new")
        assert set(contents(target).values()) == {"old"}
    assert contents(target) == {"a": "new", "b": "new", "c": "new"}
    assert [p.name for p in target.parent.iterdir()] == ["2024-07-31"]


def test_when_the_work_fails_the_old_set_stands(tmp_path, way):
    target = tmp_path / "set"
    with atomic.replaced(target) as work:
        fill(work, "old")
    with pytest.raises(ZeroDivisionError), atomic.replaced(target) as work:
        fill(work, "new")
        1 / 0
    assert (
        contents(target) == {"a": "old", "b": "old", "c": "old"}
        and len(list(tmp_path.iterdir())) == 1
    )


def test_what_is_kept_moves_into_the_new_set(tmp_path, way):
    target = tmp_path / "processed"
    (target / "releases").mkdir(parents=True)
    (target / "releases" / "1").write_text("first")
    (target / "stale").write_text("gone")
    with atomic.replaced(target, keep=("releases", "never-there")) as work:
        (work / "waits").write_text("new")
    assert sorted(str(p.relative_to(target)) for p in target.rglob("*")) == [
        "releases",
        os.path.join("releases", "1"),
        "waits",
    ]


def test_a_reader_who_opened_the_folder_sees_one_set(tmp_path):
    """200 replacements; a reader that opens the folder once and reads its three files finds three equal texts."""
    target = tmp_path / "set"
    with atomic.replaced(target) as work:
        fill(work, "0")
    if (
        not hasattr(os, "O_DIRECTORY")
        or not atomic._exchange(target, target)
        and not sys.platform.startswith(("linux", "darwin"))
    ):
        pytest.skip("this system cannot exchange two folders")
    stop, seen, mixed, missing = threading.Event(), 0, [], 0

    def read():
        nonlocal seen, missing
        while not stop.is_set():
            try:
                folder = os.open(target, os.O_DIRECTORY)
            except FileNotFoundError:
                missing += 1
                continue
            try:
                texts = set()
                for name in "abc":
                    handle = os.open(name, os.O_RDONLY, dir_fd=folder)
                    texts.add(os.read(handle, 10))
                    os.close(handle)
                seen += 1
                if len(texts) > 1:
                    mixed.append(texts)
            except FileNotFoundError:
                pass  # the old set, already being cleared away: the reader opens the folder again
            finally:
                os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 200):
        with atomic.replaced(target) as work:
            fill(work, str(number))
    stop.set()
    reader.join()
    assert seen > 100 and missing == 0 and mixed == []


@pytest.mark.parametrize(
    "left",
    [
        {"set": "old", ".set.new": "half"},
        {".set.old": "old", ".set.new": "whole"},
        {"set": "old", ".set.old": "older"},
    ],
)
def test_after_a_killed_run_the_set_is_whole_and_nothing_else_is_left(tmp_path, left):
    for name, text in left.items():
        (tmp_path / name).mkdir()
        fill(tmp_path / name, text)
    atomic.recover(tmp_path / "set")
    assert [p.name for p in tmp_path.iterdir()] == ["set"] and set(
        contents(tmp_path / "set").values()
    ) == {"old"}


def test_killed_at_any_system_call_the_old_or_the_new_set_stands(tmp_path):
    """The process ends itself before its n-th file operation, for every n up to the last."""
    target = tmp_path / "set"
    code = """
import os, pathlib, sys
from sendwaits.run import atomic
left = int(sys.argv[2])
def guard(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return real(*args, **kwargs)
    setattr(os, name, call)
for name in ("rename", "mkdir", "fsync", "open", "unlink", "rmdir"):
    guard(name)
with atomic.replaced(pathlib.Path(sys.argv[1])) as work:
    for name in "abc":
        (work / name).write_text("new")
"""
    endings, number = [], 0
    while not endings or endings[-1] == 9:
        with atomic.replaced(target) as work:
            fill(work, "old")
        endings.append(
            subprocess.run(
                [
                    sys.executable,
                    "-S",
                    "-c",
                    f"import sys; sys.path[:0] = {sys.path!r}\n{code}",
                    str(target),
                    str(number),
                ]
            ).returncode
        )
        assert contents(target) in ({n: "old" for n in "abc"}, {n: "new" for n in "abc"}), number
        number += 1
    assert endings[-1] == 0 and contents(target) == {n: "new" for n in "abc"} and number > 8


def test_a_folder_that_cannot_be_written_is_an_error_of_writing(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(CannotWrite, match="reports"):
        atomic.probe(tmp_path / "reports", 0)
    with (
        pytest.raises(CannotWrite, match="earlier files are untouched"),
        atomic.replaced(tmp_path / "reports" / "2024-07-31"),
    ):
        pass


def test_too_little_room_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(CannotWrite, match="MB free"):
        atomic.probe(tmp_path, 10**18)
    assert list(tmp_path.iterdir()) == []
