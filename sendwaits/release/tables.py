"""A released table as files: figures.csv, and tables.xlsx to the government's spreadsheet accessibility checklist.

Only released rows come in. Text never becomes a formula or a link, in either file; the same table gives the same bytes.
Source: Analysis Function, "Releasing statistics in spreadsheets".
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Unsafe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["figures_csv", "read_figures", "tables_xlsx", "COLUMNS"]

COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
]
HIDDEN = "[c]"
_LIVE = ("=", "+", "-", "@", "\t", "\r")


def figures_csv(table: pd.DataFrame) -> bytes:
    """figures.csv: one row per released number, hidden ones ``[c]``, undefined ones empty; UTF-8, lines end with LF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table[[*COLUMNS, "status"]].astype(object).itertuples(index=False):
        writer.writerow(_written(row))
    return out.getvalue().encode("utf-8")


def _written(row: Any) -> list[str]:
    """One row as text."""
    head = [_inert(str(getattr(row, name))) for name in COLUMNS[:6]]
    if row.status == "c":
        part = HIDDEN if row.unit == "percent" else ""
        return [*head, HIDDEN, row.unit, part, part, HIDDEN]
    value = (
        ""
        if row.value is None or math.isnan(row.value)
        else f"{row.value:.0f}"
        if row.unit == "count"
        else repr(float(row.value))
    )
    return [
        *head,
        value,
        row.unit,
        *("" if _missing(v) else str(int(v)) for v in (row.numerator, row.denominator, row.n)),
    ]


def _missing(value: Any) -> bool:
    return str(value) in ("None", "nan", "<NA>")


def _inert(text: str) -> str:
    """Text that a spreadsheet would run, behind an apostrophe."""
    return "'" + text if text.startswith(_LIVE) else text


def read_figures(path: Path) -> pd.DataFrame:
    """The released table that a figures.csv holds, with ``status``. Raises `Unsafe` when it is no such file."""
    import pandas as pd

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise Unsafe(f"{path.name}: not the columns of a released table. Make the set again.")
    table = pd.DataFrame(rows[1:], columns=COLUMNS, dtype=object)
    try:
        table["status"] = ["c" if v == HIDDEN else "z" if v == "" else "" for v in table["value"]]
        table["value"] = [math.nan if v in (HIDDEN, "") else float(v) for v in table["value"]]
        for name in ("numerator", "denominator", "n"):
            table[name] = pd.array(
                [None if v in (HIDDEN, "") else int(v) for v in table[name]], dtype="Int64"
            )
    except ValueError:
        raise Unsafe(f"{path.name}: a number cannot be read. Make the set again.") from None
    return table


_NOTES = (
    "[c] stands for a number that is not shown so that no child can be recognised: a small count, or one from which a small count "
    "could be worked out. It never stands for 0 unless the notes say so.",
    "[z] means that there is nothing to count or to average.",
    "A wait is open on a day when it has started on or before that day and has not stopped on or before it. Weeks are days divided by 7.",
    "waiting = waiting at the end of the month before + starts - completed - removed_other.",
    "longest_weeks_open: at least k children have waited that many whole weeks or more; no single child's wait is shown.",
)


def tables_xlsx(
    table: pd.DataFrame, *, area: str, as_at: date, profile: str, k: int, notes: Sequence[str] = ()
) -> bytes:
    """tables.xlsx: cover, contents, notes, then one marked table a sheet, measures down and periods or groups across.

    No merged cells, no formulas, no links from text, no blank rows inside a table; the created date is ``as_at``.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
        },
    )
    book.set_properties(
        {
            "title": f"SEND waiting lists, {area}, {as_at.isoformat()}",
            "subject": "Waiting-list tables",
            "author": "",
            "created": datetime(as_at.year, as_at.month, as_at.day),
        }
    )
    sheets = _sheets(table)
    bold, wrap = (
        book.add_format({"bold": True, "font_size": 14}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    about = {
        "analyst": "Exact numbers for analysts. Not for release.",
        "board": f"Counts under {k} are not shown ([c]).",
        "public": "Counts of 1 to 7 are not shown ([c]), all others are rounded to the nearest 5.",
    }[profile]
    _text_sheet(
        book,
        "Cover",
        bold,
        wrap,
        f"SEND waiting lists: {area}",
        [
            f"State at the end of {as_at.day} {as_at:%B %Y}.",
            about,
            f"{len(sheets)} tables, one a sheet; the sheet Contents lists them, the sheet Notes explains [c] and [z].",
            "Each table starts in cell A1 of its sheet with its title; the table itself begins in row 3.",
        ],
    )
    _list_sheet(
        book,
        "Contents",
        bold,
        "Contents",
        ["Sheet", "Table"],
        [(name, title) for name, title, *_ in sheets],
    )
    _list_sheet(
        book,
        "Notes",
        bold,
        "Notes",
        ["Number", "Note"],
        [(str(i), text) for i, text in enumerate([*_NOTES, *dict.fromkeys(notes)], 1)],
    )
    for name, title, heads, rows in sheets:
        _list_sheet(book, name, bold, title, heads, rows)
    book.get_worksheet_by_name("Cover").activate()
    book.close()
    return buffer.getvalue()


def _text_sheet(
    book: Any, name: str, bold: Any, wrap: Any, title: str, lines: Sequence[str]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 90)
    sheet.write_string(0, 0, title, bold)
    for i, line in enumerate(lines, 1):
        sheet.write_string(i, 0, line, wrap)


def _list_sheet(
    book: Any, name: str, bold: Any, title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """One sheet: title in A1, what [c] means in A2, one marked table from A3."""
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, title, bold)
    sheet.write_string(
        1,
        0,
        "This sheet holds one table. [c] = not shown to protect children, [z] = nothing to count.",
    )
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(heads) - 1, 14)
    if name == "Notes" or name == "Contents":
        sheet.set_column(1, 1, 110, book.add_format({"text_wrap": True}))
    last = 2 + max(len(rows), 1)
    sheet.add_table(
        2,
        0,
        last,
        len(heads) - 1,
        {
            "name": "table_" + "".join(c if c.isalnum() else "_" for c in name).lower(),
            "columns": [{"header": h} for h in heads],
            "autofilter": False,
            "style": "Table Style Light 1",
        },
    )
    for r, row in enumerate(rows, 3):
        for c, value in enumerate(row):
            if isinstance(value, (int, float)):
                sheet.write_number(r, c, value)
            else:
                sheet.write_string(r, c, value)
    sheet.freeze_panes(3, 1)


def _sheets(table: pd.DataFrame) -> list[tuple[str, str, list[str], list[list[Any]]]]:
    """(sheet name, title, headings, rows) of every table: stocks, flows and longer periods of each list; breakdowns."""
    out: list[tuple[str, str, list[str], list[list[Any]]]] = []
    column = table["group"].str.split("=", n=1).str[0]
    for (pathway, wait, by), part in table.groupby(
        [table["pathway"], table["wait"], column], sort=False
    ):
        kinds = (
            [("groups", part)]
            if by
            else [
                ("stocks", part[part["period_start"] == ""]),
                (
                    "months",
                    part[
                        (part["period_start"] != "")
                        & (part["period_start"].str[:7] == part["period_end"].str[:7])
                    ],
                ),
                (
                    "years",
                    part[
                        (part["period_start"] != "")
                        & (part["period_start"].str[:7] != part["period_end"].str[:7])
                    ],
                ),
            ]
        )
        for kind, rows in kinds:
            if len(rows):
                out.append(_sheet(len(out) + 1, str(pathway), str(wait), str(by), kind, rows))
    return out


def _sheet(
    number: int, pathway: str, wait: str, by: str, kind: str, rows: pd.DataFrame
) -> tuple[str, str, list[str], list[list[Any]]]:
    subject = f"{pathway} {wait}".strip()
    what = {
        "stocks": "the list at the end of each month",
        "months": "each month's flows",
        "years": "longer periods' flows",
        "groups": f"by {by} on the census day",
    }[kind]
    across = ["group" if by else "period"]
    names = list(dict.fromkeys(rows["measure"]))
    down: dict[str, dict[str, Any]] = {}
    for row in rows.astype(object).itertuples(index=False):
        label = (
            row.group.split("=", 1)[1]
            if by
            else row.period_end
            if kind != "years"
            else f"{row.period_start} to {row.period_end}"
        )
        down.setdefault(label, {})[row.measure] = _shown(row)
    heads = [
        *across,
        *(
            f"{n} ({'number' if u == 'count' else u})"
            for n, u in rows.drop_duplicates("measure")[["measure", "unit"]].values
        ),
    ]
    return (
        f"Table_{number}",
        f"Table {number}: {subject}, {what}",
        heads,
        [[label, *(cells.get(n, "[z]") for n in names)] for label, cells in down.items()],
    )


def _shown(row: Any) -> Any:
    if row.status == "c":
        return HIDDEN
    if row.value is None or math.isnan(row.value):
        return "[z]"
    return int(row.value) if row.unit == "count" else float(row.value)
