"""Odd but legal workspaces through the installed command: every page is made and the set is safe."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import extract_made
import pytest

from sendwaits.run.starting import notebooks_source

COMMAND = Path(sys.executable).parent / ("sendwaits.exe" if os.name == "nt" else "sendwaits")
REPORTS = ("start_here", "trend", "backlog", "forecast", "quality", "themes", "update")
Row = dict[str, object]
SERVICE = "SLCN"


def weekly(weeks: int, day: str, each: int = 3, wait: int = 120) -> list[Row]:
    """``each`` referrals a week for so many weeks up to ``day``, most of them seen after ``wait`` days and a few."""
    last = dt.date.fromisoformat(day)
    made: list[Row] = []
    for i in range(weeks * each):
        start = last - dt.timedelta(days=7 * (i // each) + i % 5)
        seen = start + dt.timedelta(days=wait + i % 40)
        made.append(
            {
                "child_id": f"C{i:05d}",
                "referral_id": f"R{i:05d}",
                "referral_date": start,
                "first_contact_date": seen if seen <= last and i % 7 else None,
                "district": ("North", "South", "West")[i % 3],
                "sex": "FM"[i % 2],
                "need": ("SLCN", "ASD")[i % 2],
                "date_of_birth": start - dt.timedelta(days=2000 + 11 * (i % 200)),
            }
        )
    return made


def with_column(name: str, value: object) -> list[Row]:
    return [{**row, name: value} for row in weekly(120, "2024-07-31")]


def nobody_waits() -> list[Row]:
    rows = weekly(120, "2024-07-31")
    for row in rows:
        start = row["referral_date"]
        assert isinstance(start, dt.date)
        row["first_contact_date"] = min(start + dt.timedelta(days=10), dt.date(2024, 7, 31))
    return rows


def one_day() -> list[Row]:
    return [{**row, "referral_date": dt.date(2024, 7, 1)} for row in weekly(20, "2024-07-31")]


def long_gap() -> list[Row]:
    """Nothing was referred for a year and a half in the middle."""
    low, high = dt.date(2022, 1, 1), dt.date(2023, 7, 1)
    rows = weekly(240, "2024-07-31")
    return [row for row in rows if not low <= row["referral_date"] < high]  # type: ignore[operator]


ODD: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "all districts unknown": ("2024-07-31", lambda: with_column("district", "")),
    "one district": ("2024-07-31", lambda: with_column("district", "North")),
    "every sex unknown": ("2024-07-31", lambda: with_column("sex", "")),
    "no completions": ("2024-07-31", lambda: with_column("first_contact_date", None)),
    "nobody waiting": ("2024-07-31", nobody_waits),
    "one row": ("2024-07-31", lambda: weekly(1, "2024-07-31", each=1)),
    "two rows": ("2024-07-31", lambda: weekly(2, "2024-07-31", each=1)),
    "one month": ("2024-07-31", lambda: weekly(4, "2024-07-31", each=12)),
    "everybody on one day": ("2024-07-31", one_day),
    "ten years": ("2024-07-31", lambda: weekly(520, "2024-07-31", each=2)),
    "29 February": ("2024-02-29", lambda: weekly(130, "2024-02-29")),
    "31 December": ("2024-12-31", lambda: weekly(130, "2024-12-31")),
    "a day in mid-month": ("2024-07-17", lambda: weekly(130, "2024-07-17")),
    "a gap of a year and a half": ("2024-07-31", long_gap),
    "waits of one day": ("2024-07-31", lambda: weekly(130, "2024-07-31", wait=-20)),
    "waits of six years": ("2024-07-31", lambda: weekly(400, "2024-07-31", wait=2200)),
    "one referral a week": ("2024-07-31", lambda: weekly(150, "2024-07-31", each=1)),
    "a hundred districts": (
        "2024-07-31",
        lambda: [
            {**row, "district": f"District {i % 100}"}
            for i, row in enumerate(weekly(120, "2024-07-31"))
        ],
    ),
}


def workspace(root: Path, rows: list[Row], day: str) -> Path:
    extract_made.put(root, extract_made.text(rows), day, code=SERVICE)
    (root / "notebooks").mkdir()
    for name in REPORTS:
        shutil.copy(notebooks_source() / f"{name}.ipynb", root / "notebooks")
    return root


def sendwaits(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


def whole(root: Path, day: str, profile: str) -> None:
    """Every page of the workspace is made, and the set is found in order."""
    done = sendwaits("report", root, "--as-at", day, "--profile", profile)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((root / "reports" / day).glob("*.html"))) == 8
    if profile != "analyst":
        checked = sendwaits("verify", root / "reports" / day)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_service_of_one_row_makes_every_page(tmp_path):
    day, rows = ODD["one row"]
    whole(workspace(tmp_path / "ws", rows(), day), day, "board")


@pytest.mark.long
@pytest.mark.parametrize("profile", ["analyst", "board", "public"])
@pytest.mark.parametrize("odd", ODD)
def test_any_odd_workspace_makes_every_page(tmp_path, odd, profile):
    day, rows = ODD[odd]
    whole(workspace(tmp_path / "ws", rows(), day), day, profile)


KILLED = """
import os, sys
from sendwaits.run import making
whole = making.Maker.register
def register(self, *given):
    whole(self, *given)
    os._exit(9)
making.Maker.register = register
from sendwaits.run.cli import cli
cli(["report", sys.argv[1], "--as-at", sys.argv[2], "--report", "quality"])
"""


@pytest.mark.long
def test_a_run_killed_between_register_and_exchange_ends_in_the_set_of_an_undisturbed_one(tmp_path):
    day, rows = ODD["one row"]
    for name in ("killed", "whole"):
        workspace(tmp_path / name, rows(), day)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed"), day],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
    )
    assert killed.returncode == 9 and not (tmp_path / "killed" / "reports" / day).exists()
    seen = {}
    for name in ("killed", "whole"):
        done = sendwaits("report", tmp_path / name, "--as-at", day, "--report", "quality")
        assert done.returncode == 0, done.stdout + done.stderr
        home = tmp_path / name / "reports" / day
        assert sendwaits("verify", home).returncode == 0
        seen[name] = {p.name: p.read_bytes() for p in home.iterdir() if p.name != "run.json"}
        seen[name] |= {
            p.name: p.read_bytes() for p in (tmp_path / name / "data" / "register").iterdir()
        }
    assert seen["killed"] == seen["whole"]


def flipped(path: Path) -> None:
    """One bit in the middle of the file is turned."""
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


@pytest.mark.long
def test_every_kept_file_with_a_flipped_bit_is_noticed_and_rebuilt(tmp_path):
    day, rows = ODD["one row"]
    root = workspace(tmp_path / "ws", rows(), day)
    command = ("report", root, "--as-at", day)
    assert sendwaits(*command).returncode == 0
    kept = [p for p in (root / "data" / "processed").rglob("*") if p.is_file()]
    assert len(kept) > 10
    wanted = {p.name: p.read_bytes() for p in (root / "reports" / day).iterdir()}
    for path in kept:
        flipped(path)
    shutil.rmtree(root / "reports")
    again = sendwaits(*command)
    assert again.returncode == 0, again.stdout + again.stderr
    made = {p.name: p.read_bytes() for p in (root / "reports" / day).iterdir()}
    assert {n for n in wanted if made[n] != wanted[n]} <= {"run.json"}


@pytest.mark.long
def test_a_register_with_a_flipped_bit_refuses_the_next_release_and_says_what_to_do(tmp_path):
    day, rows = ODD["one row"]
    root = workspace(tmp_path / "ws", rows(), day)
    command = ("report", root, "--as-at", day, "--report", "quality")
    assert sendwaits(*command).returncode == 0
    (entry,) = (root / "data" / "register").iterdir()
    flipped(entry)
    for again in (
        sendwaits("verify", root / "reports" / day),
        sendwaits("report", root, "--as-at", "2024-08-15", "--report", "quality"),
    ):
        assert again.returncode == 2 and not (root / "reports" / "2024-08-15").exists()
        assert f"{entry.name}: the register of releases is damaged." in again.stderr
