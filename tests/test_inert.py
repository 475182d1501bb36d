"""Whatever an analyst opens in a spreadsheet holds no text that it would run."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from extract_made import put, rows, text

import sendwaits as sw
from sendwaits.inert import LIVE, inert_csv
from sendwaits.run.checking import leave
from sendwaits.workspace import open_workspace

NAMES = ("=HYPERLINK(1).csv", "@sum.csv", "+SLCN_2024-06-30.csv", "-x.csv", "\tx.csv")


def ledgers(root: Path) -> dict[str, list[list[str]]]:
    """The rows of the csv files that `check` leaves; no cell of them begins with what a spreadsheet runs."""
    leave(sw.open(root).check(), open_workspace(root))
    made = {}
    for path in (root / "data" / "processed").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            made[path.name] = list(csv.reader(file))
        assert not any(cell.startswith(LIVE) for row in made[path.name] for cell in row)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_that_a_spreadsheet_would_run_is_inert_in_the_ledgers(tmp_path, name):
    put(tmp_path, text(rows()))
    (tmp_path / "data" / "raw" / name).write_text("a\n1\n", encoding="utf-8")
    assert any("'" + name in row for row in ledgers(tmp_path)["findings.csv"])


def test_a_sheet_that_a_spreadsheet_would_run_is_inert_in_the_quarantine(tmp_path):
    table = text(rows())
    table[9]["referral_date"] = "soon"
    put(tmp_path, table[:5], "2024-06-30")
    book = tmp_path / "data" / "raw" / "SLCN_2024-07-31.xlsx"
    with pd.ExcelWriter(book, engine="xlsxwriter") as writer:
        pd.DataFrame(table).to_excel(writer, sheet_name="=1+1", index=False)
    quarantine = ledgers(tmp_path)["quarantine.csv"]
    assert any("'=1+1" in row for row in quarantine)


def test_numbers_and_empty_cells_are_left_as_they_are():
    table = pd.DataFrame({"n": [-1, 2], "text": ["-1", None], "share": [-0.5, None]})
    assert inert_csv(table) == b"n,text,share\n-1,'-1,-0.5\n2,,\n"
