"""figures.csv and tables.xlsx: released values only, inert text, the accessibility checklist, the same bytes."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from disclosure_tables import frame, made_figures

from sendwaits.release.disclosure import release
from sendwaits.release.tables import COLUMNS, figures_csv, read_figures, tables_xlsx

END = "2024-07-31"


def hostile() -> pd.DataFrame:
    rows = [
        ("=CMD|x", "contact", "waiting", "", "", END, 30, "count", None, None, 30),
        ("=CMD|x", "contact", "waiting", "school=@SUM(A1)", "", END, 30, "count", None, None, 30),
    ]
    return frame(rows).assign(status="")


def workbook(table: pd.DataFrame, **given) -> bytes:
    return tables_xlsx(
        table,
        **{"area": "Exampleshire", "as_at": date(2024, 7, 31), "profile": "board", "k": 5, **given},
    )


def test_figures_csv_prints_c_for_value_parts_and_n_and_reads_back_the_same(tmp_path: Path) -> None:
    figures, kth = made_figures(1, 127, months=2, pathways=("SLCN",))
    table = release(figures, kth_longest=kth(5)).table
    body = figures_csv(table)
    lines = body.decode().split("\n")
    assert lines[0] == ",".join(COLUMNS) and lines[-1] == ""
    hidden = [line.split(",") for line in lines if ",[c]," in line]
    assert hidden and all(row[6] == row[10] == "[c]" for row in hidden)
    assert all(row[8] == row[9] == "[c]" for row in hidden if row[7] == "percent")
    (tmp_path / "figures.csv").write_bytes(body)
    assert figures_csv(read_figures(tmp_path / "figures.csv")) == body


def test_counts_are_whole_numbers_and_undefined_values_are_empty() -> None:
    rows = [
        ("SLCN", "contact", "waiting", "", "", END, 1250, "count", None, None, 1250),
        ("SLCN", "contact", "mean_weeks_open", "", "", END, math.nan, "weeks", None, None, 0),
    ]
    lines = figures_csv(frame(rows).assign(status=["z", ""])).decode().split("\n")
    assert lines[1] == "SLCN,contact,mean_weeks_open,,,2024-07-31,,weeks,,,0"
    assert lines[2] == "SLCN,contact,waiting,,,2024-07-31,1250,count,,,1250"


def test_text_that_looks_like_a_formula_is_inert_in_both_files() -> None:
    assert b"\n'=CMD|x," in figures_csv(hostile())
    body = workbook(hostile(), area="=HYPERLINK(1)", notes=["=1+1", "http://example.org"])
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        sheets = [
            parts.read(n).decode() for n in parts.namelist() if n.startswith("xl/worksheets/sheet")
        ]
    assert not any("<f>" in s or "hyperlink" in s.lower() for s in sheets)


def test_the_workbook_follows_the_accessibility_checklist() -> None:
    figures, kth = made_figures(2, 450, months=3, pathways=("OT_HEALTH",))
    released = release(figures, kth_longest=kth(5))
    book = openpyxl.load_workbook(io.BytesIO(workbook(released.table, notes=released.notes)))
    assert book.sheetnames[:3] == ["Cover", "Contents", "Notes"]
    tables = book.sheetnames[3:]
    assert [row[0].value for row in book["Contents"].iter_rows(min_row=4)] == tables
    assert any("[c]" in str(row[1].value) for row in book["Notes"].iter_rows(min_row=4))
    for name in tables:
        sheet = book[name]
        assert not sheet.merged_cells.ranges and len(sheet.tables) == 1
        assert (
            sheet["A1"].value.startswith(f"Table {name.split('_')[1]}:")
            and "[c]" in sheet["A2"].value
        )
        cells = [cell.value for row in sheet.iter_rows(min_row=3) for cell in row]
        assert all(value not in (None, "") for value in cells)
    assert book.properties.created.isoformat().startswith("2024-07-31")


def test_every_released_number_is_in_the_workbook_and_no_hidden_one() -> None:
    figures, kth = made_figures(5, 127, months=2, pathways=("SLCN",))
    table = release(figures, kth_longest=kth(5)).table
    book = openpyxl.load_workbook(io.BytesIO(workbook(table)))
    cells = [
        c.value
        for name in book.sheetnames[3:]
        for row in book[name].iter_rows(min_row=4)
        for c in row[1:]
    ]
    assert cells.count("[c]") == (table["status"] == "c").sum()
    assert sorted(float(v) for v in cells if not isinstance(v, str)) == pytest.approx(
        sorted(table["value"].dropna()), rel=1e-14
    )


def test_the_same_table_gives_the_same_bytes() -> None:
    assert workbook(hostile()) == workbook(hostile())
