"""A dozen tables to read: rows are days or groups, the newest last, columns are series, each in the house's number format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sendwaits.inert import inert
from sendwaits.release.key import COLUMNS, NOT_PUBLISHED, SUPPRESSED, UNDEFINED, grains
from sendwaits.release.names import Names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chart", "Table", "charts", "tables", "write"]

_SERIES = COLUMNS[:4]
_FORMATS = {"count": "#,##0", "percent": '0.0"%"', "weeks": "0.0"}
_BAND = "waiting_band_"
_TOLD = ["waiting", "starts", "completed", "removed_other", "mean_weeks_open", "median_weeks_open"]
_TOLD += ["mean_weeks_completed", "median_weeks_completed", "longest_weeks_open"]
"""What the table of a service shows, in this order."""


class Table(NamedTuple):
    """``rows``: released rows. Over several days they stand by day, else by group or band. ``charted``: its lists are drawn."""

    sheet: str
    title: str
    rows: pd.DataFrame
    charted: bool = False


class Chart(NamedTuple):
    """A list of a presented table, drawn by Excel from its cells."""

    sheet: str
    name: str
    column: int
    last: int
    alt: str

    def native(self, book: Any) -> Any:
        """The line chart: from 0, one line, no legend; the days are real dates."""
        chart = book.add_chart({"type": "line"})
        where = [self.sheet, 3, self.column, self.last, self.column]
        line = {"color": "#12436D", "width": 2.25}
        chart.add_series(
            {
                "name": self.name,
                "categories": [self.sheet, 3, 0, self.last, 0],
                "values": where,
                "line": line,
            }
        )
        chart.set_title({"name": self.name, "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_y_axis(
            {
                "min": 0,
                "num_format": "#,##0",
                "major_gridlines": {"visible": True, "line": {"color": "#d9dcde"}},
            }
        )
        chart.set_x_axis(
            {
                "date_axis": True,
                "num_format": "mmm yyyy",
                "major_unit": 6,
                "major_unit_type": "months",
            }
        )
        chart.set_size({"width": 560, "height": 320})
        return chart


def tables(figures: pd.DataFrame, words: Names) -> list[Table]:
    """The tables of a set in the order of its pages: the main lists, long waits, on time, ages, then one a service."""
    rows = figures[figures["group"] == ""].assign(_grain=grains(figures))
    main = [(code, words.headline.get(code, "")) for code in _order(rows, words)]
    place = {pair: i for i, pair in enumerate(main)}
    mine = rows.assign(_at=[place.get(p) for p in zip(rows["pathway"], rows["wait"])])
    mine = mine[mine["_at"].notna()].sort_values("_at", kind="stable")
    found = [
        (
            "Waiting",
            "Children waiting, by list",
            _same_grain(mine[mine["measure"] == "waiting"]),
            True,
        ),
        (
            "Long_waits",
            "Children who have waited long, by list",
            _same_grain(mine[mine["measure"].str.startswith("waiting_over_")]),
            False,
        ),
        (
            "On_time",
            "Waits completed within the standard, by list",
            _same_grain(mine[mine["measure"] == "within_standard_pct"]),
            False,
        ),
        (
            "How_long",
            "How long children have waited, by list",
            _newest(mine[mine["measure"].str.startswith(_BAND)]),
            False,
        ),
    ]
    for code, wait in main:
        own = mine[(mine["pathway"] == code) & mine["measure"].isin(_TOLD)]
        own = own.assign(_told=own["measure"].map(_TOLD.index)).sort_values("_told", kind="stable")
        said = f"{words.services.get(code, (code, code))[0]}: {words.wait(code, wait)}"
        found.append((code, said, _same_grain(own), False))
    made = [
        (f"{i}_{name}"[:31], *rest)
        for i, (name, *rest) in enumerate((f for f in found if len(f[2])), 1)
    ]
    return [
        Table(name, f"Table {name.partition('_')[0]}: {title}", part[COLUMNS], charted)
        for name, title, part, charted in made
    ][:12]


def charts(shown: list[Table], words: Names) -> list[Chart]:
    """The charts of the lists that have a number on every day: Excel would draw a [c] as 0, so the others have none."""
    made = []
    for table in shown:
        wide = _wide(table.rows) if table.charted else []
        last = 2 + len(wide[0].cells) if wide else 0
        for at, column in enumerate(wide, 1):
            if len(column.cells) > 1 and all(isinstance(c, (int, float)) for c in column.cells):
                first, newest = column.cells[0], column.cells[-1]
                name = words.service(column.row.pathway)
                alt = f"Line chart, {name}, {column.row.wait}, children waiting: {first:,.0f} on the first day, {newest:,.0f} on the last. The numbers are in sheet {table.sheet}."
                made.append(Chart(table.sheet, name, at, last, alt))
    return made


def write(book: Any, table: Table, words: Names) -> None:
    """One sheet: title, what the signs mean, one table with frozen headings; printed on one page wide."""
    sheet = book.add_worksheet(table.sheet)
    sheet.write_string(0, 0, inert(table.title), book.add_format({"bold": True, "font_size": 14}))
    columns = _wide(table.rows)
    sheet.write_string(1, 0, _explained(table.rows, columns))
    labels = _labels(table.rows, words)
    heads = _heads(columns, words, _by_day(table.rows))
    style = {
        "style": "Table Style Light 1",
        "autofilter": False,
        "name": f"table_{table.sheet.lower()}",
    }
    first = "Period ending" if _by_day(table.rows) else "Group"
    wrap = book.add_format({"text_wrap": True, "bold": True, "valign": "bottom"})
    over = book.add_format({"text_wrap": True, "bold": True, "valign": "bottom", "align": "right"})
    given = [{"header": h, "header_format": over} for h in heads]
    given = [{"header": first, "header_format": wrap}, *given]
    sheet.add_table(2, 0, 2 + len(labels), len(heads), {**style, "columns": given})
    day = book.add_format({"num_format": "d mmm yyyy", "align": "left", "bold": True})
    bold, right = book.add_format({"bold": True}), book.add_format({"align": "right"})
    for i, label in enumerate(labels, 3):
        if isinstance(label, str):
            sheet.write_string(i, 0, inert(label), bold)
        else:
            sheet.write_datetime(i, 0, label, day)
    for j, column in enumerate(columns, 1):
        number = book.add_format({"num_format": _FORMATS[column.unit]})
        for i, cell in enumerate(column.cells, 3):
            _put(sheet, i, j, cell, number, right)
    sheet.set_column(0, 0, 30 if first == "Group" else 14)
    sheet.set_column(1, len(heads), 13)
    sheet.set_row(2, 62)
    sheet.freeze_panes(3, 1)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    sheet.print_area(0, 0, 2 + len(labels), max(len(heads), 9))


class _Column(NamedTuple):
    row: Any
    unit: str
    part: str
    cells: list[Any]


def _wide(rows: pd.DataFrame) -> list[_Column]:
    """The columns: one a series, of a share its number and its denominator beside it."""
    by_day = _by_day(rows)
    index = _index(rows)
    found: dict[tuple, dict[Any, Any]] = {}
    for row in rows.itertuples(index=False):
        key = (row.pathway, row.wait, row.measure, row.group) if by_day else (row.pathway, row.wait)
        key = key if by_day or row.measure.startswith(_BAND) else (*key, row.measure)
        found.setdefault(key, {})[_place(row, by_day)] = row
    made = []
    for cells in found.values():
        row = next(iter(cells.values()))
        parts = [("", row.unit)] + (
            [("numerator", "count"), ("denominator", "count")] if row.unit == "percent" else []
        )
        made += [
            _Column(row, unit, part, [_shown(cells.get(i), part) for i in index])
            for part, unit in parts
        ]
    return made


def _by_day(rows: pd.DataFrame) -> bool:
    return rows["period_end"].nunique() > 1


def _index(rows: pd.DataFrame) -> list[Any]:
    if _by_day(rows):
        return sorted(set(rows["period_end"]))
    found = dict.fromkeys(_place(r, False) for r in rows.itertuples(index=False))
    return (
        sorted(found, key=lambda p: int(p.split("_")[2]))
        if all(p.startswith(_BAND) for p in found)
        else list(found)
    )


def _place(row: Any, by_day: bool) -> Any:
    if by_day:
        return row.period_end
    return row.measure if row.measure.startswith(_BAND) else row.group


def _labels(rows: pd.DataFrame, words: Names) -> list[Any]:
    if _by_day(rows):
        return [day.to_pydatetime() for day in _index(rows)]
    return [words.measure(p).head if p.startswith(_BAND) else words.group(p) for p in _index(rows)]


def _shown(row: Any, part: str) -> Any:
    if row is None:
        return NOT_PUBLISHED
    value = getattr(row, part) if part else row.value
    if str(value) in ("None", "nan", "<NA>"):
        return SUPPRESSED if row.form == "c" else UNDEFINED
    return (
        int(value) if part or (row.unit == "count" and float(value).is_integer()) else float(value)
    )


def _put(sheet: Any, i: int, j: int, cell: Any, number: Any, right: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(i, j, cell, right)
    else:
        sheet.write_number(i, j, cell, number)


def _heads(columns: list[_Column], words: Names, by_day: bool) -> list[str]:
    """Headings that say only what differs between the columns, and the unit; no two are the same."""
    lists = {(c.row.pathway, c.row.wait) for c in columns}
    banded = not by_day and any(c.row.measure.startswith(_BAND) for c in columns)
    one = len({c.row.measure for c in columns}) == 1 and len(lists) > 1
    made: list[str] = []
    for c in columns:
        said = (
            [f"{words.service(c.row.pathway)}, {words.wait(c.row.pathway, c.row.wait)}"]
            if len(lists) > 1
            else []
        )
        said += [] if banded or one else [words.measure(c.row.measure).head]
        said += [words.group(c.row.group)] if by_day and c.row.group else []
        said += [{"numerator": "number", "denominator": "of"}[c.part]] if c.part else []
        text = ": ".join(said) or words.service(c.row.pathway)
        text += (
            {"percent": " (%)", "weeks": " (weeks)"}.get(c.unit, "") if "week" not in text else ""
        )
        made.append(inert(text if text not in made else f"{text} [{len(made) + 1}]"))
    return made


def _explained(rows: pd.DataFrame, columns: list[_Column]) -> str:
    forms = set(rows["form"])
    said = (
        ["This sheet holds one table.", "The newest period is last."]
        if _by_day(rows)
        else ["This sheet holds one table."]
    )
    said += ["[c]: a small count, not shown."] if "c" in forms else []
    said += ["[z]: nothing to count."] if "z" in forms else []
    said += (
        [
            "Counts are rounded to the nearest 5."
            if forms <= {"rounded", "c", "z"}
            else "Some counts are rounded to the nearest 5: see the column form in Figures."
        ]
        if "rounded" in forms
        else []
    )
    if any(NOT_PUBLISHED in c.cells for c in columns):
        said.append("[x]: not published for this period.")
    return " ".join(said)


def _order(rows: pd.DataFrame, words: Names) -> Iterator[str]:
    codes = dict.fromkeys(rows["pathway"])
    yield from (c for c in words.services if c in codes)
    yield from (c for c in codes if c not in words.services)


def _same_grain(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the grain that most series have, in the order given; finer before coarser."""
    if not len(rows):
        return rows
    counts = rows.drop_duplicates([*_SERIES, "_grain"])["_grain"].value_counts()
    best = max(("month", "quarter", "year", "day"), key=lambda g: counts.get(g, 0))
    return rows[rows["_grain"] == best]


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["period_end"] == rows["period_end"].max()]
