"""What a month costs as the data grow: rows, months of history, districts, services, one at a time from a common middle.

    python benchmarks/growth.py [--rows 1000000] [--only rows months groups services]

Each line is one workspace of made-up children in a process of its own: CPU seconds and the highest memory of ``check``, ``figures``
and ``report`` (trend, backlog and forecast pages, board profile), each from nothing, and the ratio of the CPU
to that of the line above, beside the ratio of the size: near linear growth keeps the first at or under the second.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
AS_AT = "2024-07-31"
COMMANDS = ("check", "figures", "report")
SERVICES = ("SLCN", "SLCN_AUTISM", "OT_LA", "OT_HEALTH")


class Size(NamedTuple):
    """Rows a service, months of history, districts and services of one workspace."""

    rows: int = 10_000
    months: int = 60
    groups: int = 7
    services: int = 1


class Cost(NamedTuple):
    """CPU seconds, and the highest memory of any one process in MiB."""

    cpu: float
    memory: float


def extract(size: Size, seed: int) -> pd.DataFrame:
    """Referrals spread over the months; two thirds are seen, after 10 to 70 weeks; a tenth leaves unseen."""
    rng = np.random.default_rng(seed)
    last = np.datetime64(AS_AT)
    start = np.sort(last - rng.integers(0, int(size.months * 30.44), size.rows))
    kind = rng.random(size.rows)
    seen, left = start + rng.integers(70, 490, size.rows), start + rng.integers(30, 300, size.rows)
    number = pd.Series(np.arange(size.rows)).astype(str)
    return pd.DataFrame(
        {
            "child_id": "C" + number,
            "referral_id": "R" + number,
            "referral_date": start,
            "first_contact_date": np.where((kind < 0.7) & (seen <= last), seen, None),
            "closed_date": np.where((kind > 0.9) & (left <= last), left, None),
            "district": "District "
            + pd.Series(rng.integers(0, size.groups, size.rows)).astype(str),
            "need": rng.choice(["SLCN", "ASD", "MLD"], size.rows),
            "sex": rng.choice(["F", "M"], size.rows),
            "date_of_birth": start - rng.integers(800, 5500, size.rows),
        }
    )


def workspace(home: Path, size: Size) -> None:
    """The made-up area in ``home``: SLCN, and further services of the settings with the same headings."""
    raw = home / "data" / "raw"
    raw.mkdir(parents=True)
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    settings = ["[area]", 'name = "Exampleshire"', ""]
    for number in range(size.services):
        code = f"OWN{number}" if number else "SLCN"
        extract(size, number).to_csv(raw / f"{code}_{AS_AT}.csv", index=False)
        if number:
            settings += ["[[pathway]]", f'code = "{code}"', f'title = "Service {number}"']
            settings += ["[[pathway.wait]]", 'name = "contact"', 'start = "referral_date"']
            settings += ['completed = "first_contact_date"', "standard_days = 126", ""]
    (home / "sendwaits.toml").write_text("\n".join(settings), encoding="utf-8")


def cost(home: Path, command: str) -> Cost:
    """One command from nothing, in a process of its own; it must succeed."""
    shutil.rmtree(home / "data" / "processed", ignore_errors=True)
    arguments = [sys.executable, "-m", "sendwaits.run.cli", command, str(home)]
    arguments += [] if command == "check" else ["--as-at", AS_AT]
    arguments += (
        ["--report", "trend", "--report", "backlog", "--report", "forecast"]
        if command == "report"
        else []
    )
    child = os.fork()
    if not child:
        os.environ["PYTHONPATH"] = str(ROOT)
        quiet = os.open(home / f"{command}.log", os.O_WRONLY | os.O_CREAT)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.execv(arguments[0], arguments)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit((home / f"{command}.log").read_text("utf-8")[-2000:])
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def line(
    label: str, home: Path, size: Size, grown: float, before: dict[str, Cost]
) -> dict[str, Cost]:
    workspace(home, size)
    found = {command: cost(home, command) for command in COMMANDS}
    cells = []
    for command, one in found.items():
        ratio = f"x {one.cpu / before[command].cpu:4.1f}" if before else "      "
        cells.append(f"{one.cpu:7.1f} s {ratio} {one.memory:6.0f} MiB")
    print(f"{label:<22}{f'x {grown:.0f}' if before else '':<6}" + "   ".join(cells), flush=True)
    shutil.rmtree(home)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000, help="the largest extract")
    parser.add_argument("--only", nargs="*", default=["rows", "months", "groups", "services"])
    options = parser.parse_args()
    steps = {
        "rows": [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= options.rows],
        "months": [12, 60, 240],
        "groups": [2, 7, 40],
        "services": [1, 5, 20],
    }
    print(f"{'':<28}" + "   ".join(f"{command + ', CPU and memory':<27}" for command in COMMANDS))
    with tempfile.TemporaryDirectory() as temporary:
        for what in options.only:
            before: dict[str, Cost] = {}
            last = 1.0
            for value in steps[what]:
                size = Size()._replace(**{what: value})
                home = Path(temporary) / f"{what}{value}"
                before = line(f"{value:,} {what}", home, size, value / last, before)
                last = value


if __name__ == "__main__":
    main()
