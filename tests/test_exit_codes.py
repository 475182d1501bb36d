"""The exit code of the installed command, as the scheduler of a nightly run sees it: one process for each code from 0 to 6."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import nbformat
import pytest
import toy
from filelock import FileLock

from sendwaits.run.starting import notebooks_source

COMMAND = Path(sys.executable).parent / ("sendwaits.exe" if os.name == "nt" else "sendwaits")


def sendwaits(*arguments, folder=".", **environment):
    """The command that pip installed, in a process of its own."""
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
    )


def workspace(root: Path) -> Path:
    """Forty made-up children of SLCN; the package's quality report, and a report of the user's own that fails."""
    (root / "data" / "raw").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    rows = [
        f"c{i},{date(2022, 8, 1) + timedelta(17 * i)},"
        + (f"{date(2022, 8, 1) + timedelta(17 * i + 90)}" if i < 34 else "")
        for i in range(40)
    ]
    (root / "data" / "raw" / "SLCN_2024-07-31.csv").write_text(
        "\n".join(["child_id,referral_date,first_contact_date", *rows]) + "\n", encoding="utf-8"
    )
    shutil.copy(notebooks_source() / "quality.ipynb", root / "notebooks" / "quality.ipynb")
    own = toy.cells("{}['Jane Doe']", parameters='as_at = "2024-07-31"  # day')
    nbformat.write(own, root / "notebooks" / "own.ipynb")
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with a good and a failing notebook, and the report made of it."""
    root = workspace(tmp_path_factory.mktemp("exit") / "ws")
    return root, sendwaits("report", root, "--as-at", "2024-07-31")


def plain(done):
    """At most six lines that name no kind of error, no file of ours and no value."""
    lines = (done.stderr + done.stdout).strip().splitlines()
    assert 0 < len(lines) <= 6
    for word in ("Error", "Traceback", ".py", "Jane Doe"):
        assert word not in done.stderr + done.stdout
    return done.stderr


def test_0_done(made):
    done = sendwaits("figures", made[0], "--as-at", "2024-07-31", "--months", 1)
    assert done.returncode == 0 and done.stdout.startswith("pathway,wait,")
    assert sendwaits("--version").returncode == 0 and sendwaits("report", "--help").returncode == 0


def test_1_a_bug_or_a_broken_installation(made, tmp_path):
    (tmp_path / "pandas.py").write_text("{}['Jane Doe']", encoding="utf-8")
    broken = f"{tmp_path}{os.pathsep}{Path(__file__).parents[1]}"
    done = sendwaits("figures", made[0], "--as-at", "2024-07-31", PYTHONPATH=broken)
    assert done.returncode == 1 and "bug in sendwaits" in plain(done)


@pytest.mark.parametrize("command", ["figures", "report"])
@pytest.mark.parametrize(
    "day", ["9999-12-31", "0001-01-01", "1899-12-30", "2200-01-01", "2024-02-30", "31/07/2024", ""]
)
def test_2_a_census_day_that_is_none(made, command, day):
    done = sendwaits(command, made[0], "--as-at", day)
    assert done.returncode == 2 and done.stdout == "" and plain(done)


def test_3_some_reports_failed_and_the_others_are_there(made):
    root, done = made
    assert done.returncode == 3
    assert "Failed: own (cell 3: its code fails" in plain(done)
    folder = root / "reports" / "2024-07-31"
    assert (folder / "quality.html").exists() and not (folder / "own.html").exists()
    assert list(json.loads((folder / "run.json").read_text())["failed"]) == ["own"]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "own" in index and 'href="quality.html"' in index and 'href="own.html"' not in index


def test_3_again_when_only_the_failed_one_is_tried_again(made):
    assert sendwaits("report", made[0], "--as-at", "2024-07-31").returncode == 3


def test_4_the_folder_cannot_be_written(tmp_path):
    root = workspace(tmp_path / "ws")
    (root / "reports").write_text("a file where the folder should be", encoding="utf-8")
    done = sendwaits("report", root, "--as-at", "2024-07-31")
    assert done.returncode == 4 and "reports/" in plain(done)


def test_5_another_run_holds_the_lock(made):
    with FileLock(made[0] / "reports" / ".sendwaits.lock"):
        done = sendwaits("report", made[0], "--as-at", "2024-07-31")
    assert done.returncode == 5 and "Another run" in plain(done)


def test_6_a_set_that_is_not_safe_to_release(made):
    """A report failed, so the set is not complete: `verify` says so."""
    done = sendwaits("verify", made[0] / "reports" / "2024-07-31")
    assert done.returncode == 6 and "not complete" in plain(done)
