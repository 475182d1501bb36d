"""One run at a time; a dead run never blocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from sendwaits.errors import CannotWrite, Locked
from sendwaits.run.lock import held

HOLDER = """
import pathlib, sys, time
from sendwaits.run.lock import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    {inside}
    time.sleep(60)
"""


def holder(folder, inside="pass"):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(inside=inside), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "held"
    return process


def test_a_second_run_is_told_at_once_since_when_the_first_runs(tmp_path):
    process = holder(tmp_path)
    try:
        began = time.perf_counter()
        with (
            pytest.raises(Locked, match=r"since \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}") as refusal,
            held(tmp_path),
        ):
            pass
        assert time.perf_counter() - began < 0.5 and refusal.value.exit_code == 5
    finally:
        process.kill()
        process.wait()


def test_the_lock_of_a_killed_run_does_not_block_the_next(tmp_path):
    process = holder(tmp_path)
    process.kill()
    process.wait()
    with held(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_report_left_over_from_a_killed_run_does_not_hold_its_lock(tmp_path):
    process = holder(
        tmp_path,
        "import os; child = os.fork(); print(child if child else '', flush=bool(child)) if child else time.sleep(60)",
    )
    orphan = int(process.stdout.readline())
    try:
        time.sleep(0.5)  # the child lets go as its first act after the fork
        process.kill()
        process.wait()
        with held(tmp_path):
            pass
    finally:
        os.kill(orphan, signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_report_that_ends_does_not_let_go_of_its_parents_lock(tmp_path):
    with held(tmp_path):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        code = "import pathlib, sys; from sendwaits.run.lock import held\nwith held(pathlib.Path(sys.argv[1])): pass"
        second = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
        )
        assert "Locked" in second.stderr


def test_when_the_run_has_ended_the_next_may_start(tmp_path):
    for _ in range(2):
        with held(tmp_path / "reports"):
            pass
    assert [p.name for p in (tmp_path / "reports").iterdir() if p.name != ".sendwaits.lock"] == []


def test_a_folder_that_cannot_be_made_is_an_error_of_writing(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(CannotWrite, match="reports/"), held(tmp_path / "reports"):
        pass
