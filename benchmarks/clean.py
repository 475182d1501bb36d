"""Cleaning beside what a script would do: the same file as text plus dates by pandas, the same workbook by calamine alone.

python benchmarks/clean.py [--rows 1000000] [--book-rows 50000]

Prints CPU seconds, their ratio and peak memory; each measurement is a process of its own, in the same run. Ends with 1 when
a promise is broken: CSV at most 1.0 x pandas and under 700 MiB, workbook at most 2 x calamine's own read.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

DATES = [
    "referral_date",
    "rejected_date",
    "closed_date",
    "date_of_birth",
    "first_appointment_date",
    "next_appointment_date",
]
CSV_LIMIT, BOOK_LIMIT, MEMORY_LIMIT = 1.0, 2.0, 700 << 20


def messy(rows: int) -> pd.DataFrame:
    """A made-up list as text: fifteen columns, dd/mm/yyyy, 2.5 % of the rows with something wrong."""
    rng = np.random.default_rng(2024)
    start = np.datetime64("2019-01-01") + rng.integers(0, 2000, rows).astype("timedelta64[D]")
    seen = start + rng.integers(10, 700, rows).astype("timedelta64[D]")
    closed = seen + rng.integers(0, 300, rows).astype("timedelta64[D]")
    last, share = np.datetime64("2024-07-31"), rng.random(rows)

    def text(days: np.ndarray, shown: np.ndarray | bool = True) -> np.ndarray:
        return np.where(shown & (days <= last), pd.Series(days).dt.strftime("%d/%m/%Y"), "")

    table = pd.DataFrame(
        {
            "child_id": [f"C{i:07d}" for i in rng.integers(0, rows, rows)],
            "referral_id": [f"R{i:07d}" for i in range(rows)],
            "referral_date": text(start),
            "rejected_date": "",
            "closed_date": text(closed, share < 0.4),
            "closed_reason": np.where(share < 0.4, "discharged", ""),
            "next_appointment_date": "",
            "priority": rng.choice(["routine", "urgent"], rows),
            "source": rng.choice(["GP", "School", "Health visitor"], rows),
            "need": rng.choice(["ASD", "ADHD", "SLCN"], rows),
            "date_of_birth": text(start - rng.integers(800, 6000, rows).astype("timedelta64[D]")),
            "sex": rng.choice(["M", "F"], rows),
            "district": rng.choice(["North", "South", "East", "West"], rows),
            "school": [f"School {i}" for i in rng.integers(0, 300, rows)],
            "first_appointment_date": text(seen, share < 0.7),
        },
        dtype=object,
    )
    wrong = [
        ("referral_date", "31/02/2024"),
        ("referral_date", ""),
        ("child_id", "9434765918"),
        ("closed_date", "2024-01-01"),
        ("closed_date", "n/k"),
        ("district", "NG1 5AB"),
        ("date_of_birth", "01/01/1900"),
    ]
    chosen = rng.permutation(rows)[: rows // 50].reshape(-1) if rows >= 50 else np.zeros(0, int)
    for part, (column, value) in zip(np.array_split(chosen, len(wrong)), wrong, strict=True):
        table.loc[part, column] = value
    return table


def write_csv(path: Path, rows: int) -> None:
    buffer = io.StringIO()
    messy(rows).to_csv(buffer, index=False, lineterminator="\n")
    lines = buffer.getvalue().split("\n")
    for at in range(100, rows, 300):
        lines[at] += ",one too many"
    for at in range(250, rows, 2000):
        lines[at] = "Total,100"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")


def write_book(path: Path, rows: int) -> None:
    import xlsxwriter

    table = messy(rows)
    with xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    ) as book:
        sheet, day = book.add_worksheet("List"), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, list(table))
        dated = [name in DATES for name in table]
        for at, cells in enumerate(table.itertuples(index=False), 1):
            for column, cell in enumerate(cells):
                if dated[column] and len(cell) == 10 and cell[2] == "/" and cell[:5] != "31/02":
                    sheet.write_number(
                        at,
                        column,
                        (
                            np.datetime64(f"{cell[6:]}-{cell[3:5]}-{cell[:2]}")
                            - np.datetime64("1899-12-30")
                        ).astype(int),
                        day,
                    )
                elif cell:
                    sheet.write_string(at, column, cell)


OURS = """
from sendwaits.workspace import open_workspace
from sendwaits.intake import clean, extracts
space = open_workspace(sys.argv[1]); file = extracts.find(space).files[0]
import pyarrow.compute, pyarrow.csv, python_calamine, sendwaits.intake.extracts.workbook
began = time.process_time()
one = clean.load(file, space.pathway(file.pathway), space)
used = time.process_time() - began
print(json.dumps({"cpu": used, "peak": peak(), "counts": one.counts[file.name], "ledger": len(one.quarantine)}))
"""
PANDAS = (
    """
import pandas as pd
began = time.process_time()
table = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False, on_bad_lines="skip")
for name in %r:
    table[name] = pd.to_datetime(table[name], format="%%d/%%m/%%Y", errors="coerce")
print(json.dumps({"cpu": time.process_time() - began, "peak": peak()}))
"""
    % DATES
)
CALAMINE = """
import python_calamine
began = time.process_time()
cells = python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()
print(json.dumps({"cpu": time.process_time() - began, "peak": peak()}))
"""
START = """
import json, sys, time
def peak():
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""


def measure(code: str, argument: Path, times: int = 3) -> dict:
    """The run with the least CPU time of three."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", START + code, str(argument)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(times)
    ]
    return min(runs, key=lambda r: r["cpu"])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--book-rows", type=int, default=50_000)
    options.add_argument("--write", nargs=2, metavar=("KIND", "PATH"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.write:
        (write_csv if given.write[0] == "csv" else write_book)(Path(given.write[1]), given.rows)
        return 0
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for kind, rows, peer, limit in (
            ("csv", given.rows, PANDAS, CSV_LIMIT),
            ("xlsx", given.book_rows, CALAMINE, BOOK_LIMIT),
        ):
            root = Path(folder) / kind
            (root / "data" / "raw").mkdir(parents=True)
            (root / "sendwaits.toml").write_text(
                '[area]\nname = "Exampleshire"\n', encoding="utf-8"
            )
            path = root / "data" / "raw" / f"NST_2024-07-31.{kind}"
            began = time.perf_counter()
            # a process of its own: a child starts with its parent's peak memory
            subprocess.run(
                [sys.executable, __file__, "--rows", str(rows), "--write", kind, str(path)],
                check=True,
            )
            print(
                f"{kind}: {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, written in {time.perf_counter() - began:.0f} s"
            )
            ours, theirs = measure(OURS, root), measure(peer, path)
            ratio = ours["cpu"] / theirs["cpu"]
            print(
                f"  sendwaits {ours['cpu']:.2f} s CPU, peak {ours['peak'] / 2**20:,.0f} MiB: {ours['counts']}, {ours['ledger']:,} rows in the ledger"
            )
            print(
                f"  {'pandas as text + dates' if kind == 'csv' else 'calamine alone'} {theirs['cpu']:.2f} s CPU, peak {theirs['peak'] / 2**20:,.0f} MiB"
            )
            print(f"  ratio {ratio:.2f} (promise: at most {limit})")
            kept &= ratio <= limit and (kind != "csv" or ours["peak"] < MEMORY_LIMIT)
    print("kept" if kept else "NOT KEPT")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
