"""A year of months as an analyst runs them: every month has a set, whatever suppliers send, and it costs what it should.

Each month every service sends its full list anew: six referrals arrive late, five vanish, four are restated; a service sends
nothing in month five, and in month seven another supplier takes over with ids of its own.
"""

from __future__ import annotations

import csv
import os
import random
import re
import resource
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

SERVICES = {
    "NST": ("first_appointment_date", 110),
    "SLCN": ("first_contact_date", 80),
    "OT_LA": ("assessment_date", 60),
}
HEAD = [
    "child_id",
    "referral_id",
    "referral_date",
    "closed_date",
    "district",
    "next_appointment_date",
]
MISSING, TAKEN_OVER = ("OT_LA", 5), ("SLCN", 7)


def month_ends(number: int) -> list[date]:
    return [d.date() for d in pd.period_range("2024-01", periods=number, freq="M").end_time]


class Supplier:
    """A service's records over three years: what happened, and what each month's list says of it."""

    def __init__(self, code: str, rows: int, seed: int) -> None:
        self.code, self.rng = code, random.Random(f"{code}{rows}{seed}")
        self.done, self.mean_days = SERVICES[code]
        self.rows = [self._record(n) for n in range(rows)]
        self.vanished: set[str] = set()

    def _record(self, number: int) -> dict:
        rng = self.rng
        start = date(2022, 1, 1) + timedelta(rng.randrange(1095))
        end = start + timedelta(int(rng.expovariate(1 / self.mean_days)))
        return {
            "child_id": f"C{self.code}{number:05d}",
            "referral_id": f"R{number:05d}",
            "referral_date": start,
            self.done: end if rng.random() < 0.85 else None,
            "closed_date": end if rng.random() < 0.1 else None,
            "district": rng.choice(["North", "South", "West"]),
            "known_from": start,
        }

    def send(self, raw: Path, day: date, number: int) -> None:
        """The list at the end of ``day``, as extract number ``number`` (from 1)."""
        rng = self.rng
        known = [
            r for r in self.rows if r["known_from"] <= day and r["referral_id"] not in self.vanished
        ]
        recent = [r for r in known if r["referral_date"] > day - timedelta(30)]
        for late in rng.sample(recent, min(6, len(recent) // 2)):
            late["known_from"] = day + timedelta(20)
            known.remove(late)
        self.vanished |= {r["referral_id"] for r in rng.sample(known, min(5, len(known) // 20))}
        for restated in rng.sample(known, min(4, len(known) // 20)):
            restated["referral_date"] -= timedelta(rng.randrange(1, 8))
        names = [*HEAD, self.done]
        with open(raw / f"{self.code}_{day}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, extrasaction="ignore")
            writer.writeheader()
            for row in known:
                seen = {k: "" if isinstance(v, date) and v > day else v for k, v in row.items()}
                if self.code == TAKEN_OVER[0] and number >= TAKEN_OVER[1]:
                    seen["referral_id"] = "New" + seen["referral_id"]
                writer.writerow(seen)


def area(root: Path, rows: int) -> list[Supplier]:
    (root / "data" / "raw").mkdir(parents=True)
    (root / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    return [Supplier(code, rows, 1) for code in SERVICES]


def month(root: Path, suppliers: list[Supplier], day: date, number: int) -> tuple[int, str, float]:
    """The exit code, the words and the CPU seconds a service of one month's check, report and verify."""
    for supplier in suppliers:
        if (supplier.code, number) != MISSING:
            supplier.send(root / "data" / "raw", day, number)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said, code = [], 0
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "SENDWAITS_KEY_FILE": str(root.parent / "key"),
    }
    for command in (
        ["report", str(root), "--as-at", str(day)],
        ["verify", str(root / "reports" / str(day))],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sendwaits.run.cli", *command],
            capture_output=True,
            text=True,
            env=surroundings,
        )
        said.append(done.stdout + done.stderr)
        code = code or done.returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, "\n".join(said), cpu / len(suppliers)


def a_year(root: Path, rows: int, months: int) -> None:
    (root.parent / "key").write_text("ab" * 32, encoding="ascii")
    (root.parent / "key").chmod(0o600)
    suppliers = area(root, rows)
    for number, day in enumerate(month_ends(months), 1):
        code, said, cpu = month(root, suppliers, day, number)
        assert code == 0, f"month {number}: {said}"
        assert cpu < 60, f"month {number}: {cpu:.0f} CPU s a service"
        folder = root / "reports" / str(day)
        table = pd.read_csv(folder / "figures.csv", dtype=str, keep_default_na=False)
        assert set(table["pathway"]) == set(SERVICES), f"month {number}"
        if number > 1:
            assert re.search("[Cc]hanged since", (folder / "index.html").read_text("utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("rows", [150, 800, 3000])
def test_every_month_of_a_year_has_a_set(tmp_path, rows):
    """Three services of so many rows, twelve months: about five CPU minutes each."""
    a_year(tmp_path / "ws", rows, 12)


@pytest.mark.long
def test_the_second_month_has_a_set(tmp_path):
    """The shortest form of the same: two months of 400 rows, half a minute."""
    a_year(tmp_path / "ws", 400, 2)
