"""tables.xlsx: tidy sheets that can be filtered and pivoted, then a few tables to read, to the government's spreadsheet checklist.

Only released rows come in. No formula, macro, merged cell or outside link; the same frames give the same bytes.
Source: Analysis Function, "Releasing statistics in spreadsheets" and its checklist.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.inert import inert
from sendwaits.release.key import COLUMNS, grains
from sendwaits.release.names import Names
from sendwaits.release.presented import Table, charts, tables, write
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    from xlsxwriter import Workbook

__all__ = ["FIGURES", "Table", "tidy", "workbook"]

FIGURES = {
    "service": "The service, in words.",
    "wait_name": "From what to what the wait runs.",
    "measure_name": "What is measured, in words.",
    "group_name": "Which children: Everyone, or a group.",
    "grain": "month, quarter or year; day: a single date.",
    **{c: "As in figures.csv." for c in COLUMNS},
    "low_95": "Of a share: the lower end of its 95% interval (Wilson).",
    "high_95": "Of a share: the upper end of its 95% interval (Wilson).",
    "verdict": "What may be said of the whole series at its newest period, as in verdicts.csv.",
}
"""The columns of the sheet Figures and what each holds."""
_MEANING = {
    "period_start": "First day of the period; blank for a count on one day.",
    "period_end": "Last day of the period, or the day of the count.",
    "value": "The number. Blank where the column form is c or z.",
    "unit": "count, weeks or percent (0 to 100).",
    "form": "exact; rounded (to the nearest 5); c (a small count, not shown); z (nothing to count).",
    "n": "The number of children, waits or events behind the value.",
}
_FORMATS = {"count": "#,##0", "percent": "0.0", "weeks": "0.0", "date": "yyyy-mm-dd"}
_FORMATS |= {"probability": "0.00"}
_DAYS = ("period_start", "period_end", "target_date", "since")
PRINTED = 50
"""Rows of a tidy sheet that are printed: it is there to be filtered, not to be read on paper."""


def workbook(
    figures: pd.DataFrame,
    verdicts: pd.DataFrame,
    forecasts: pd.DataFrame,
    risks: pd.DataFrame,
    *,
    area: str,
    as_at: date,
    profile: Profile,
    words: Names,
    presentation: Sequence[Table] | None = None,
    more: Mapping[str, tuple[str, pd.DataFrame]] | None = None,
) -> bytes:
    """The workbook's bytes: Contents, Notes, Figures, Forecasts, Verdicts, Risks, then at most twelve tables and their charts.

    ``figures``: a released frame. ``verdicts``: the columns of verdicts.csv. ``forecasts``: the columns that `forecast` prints,
    released. ``risks``: any frame, shown as it is. ``presentation``: the tables in page order; None: `presented.tables`.
    ``more``: sheet -> title and a released frame, each a tidy sheet of its own.
    """
    import xlsxwriter

    shown = list(tables(figures, words) if presentation is None else presentation)[:12]
    sheets = {
        "Figures": ("Every released number, one row each", tidy(figures, verdicts, words)),
        "Forecasts": ("The next 52 weeks: middle and range of each wait", _named(forecasts, words)),
        "Verdicts": ("What may be said of each series, and why", _named(verdicts, words)),
        "Risks": ("Risks", risks),
        **{name: (title, _named(f, words)) for name, (title, f) in (more or {}).items() if len(f)},
    }
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _options())
    _describe(book, area, as_at)
    listed = [(name, title) for name, (title, _) in sheets.items()]
    listed += [(t.sheet, t.title) for t in shown]
    drawn = charts(shown, words)
    listed += [("Charts", "The lists of the first table, drawn")] if drawn else []
    _contents(book, f"SEND waiting lists: {area}", as_at, profile, listed)
    _notes(book, profile, words, figures)
    for name, (_, frame) in sheets.items():
        _tidy_sheet(book, name, frame)
    for table in shown:
        write(book, table, words)
    if drawn:
        _charts(book, drawn)
    book.close()
    return buffer.getvalue()


def _options() -> dict[str, Any]:
    """A dictionary of its own for each book: xlsxwriter changes it."""
    return {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": "Arial", "font_size": 11},
    }


def tidy(figures: pd.DataFrame, verdicts: pd.DataFrame, words: Names) -> pd.DataFrame:
    """The released frame with words, grain, interval of shares and verdict: the columns of `FIGURES`, in the frame's order."""
    series = COLUMNS[:4]
    said = {tuple(r[:4]): r[4] for r in verdicts[[*series, "verdict"]].itertuples(index=False)}
    out = _named(figures, words).assign(grain=grains(figures))
    out["low_95"], out["high_95"] = _wilson(figures)
    out["verdict"] = [said.get(key, "") for key in zip(*(figures[c] for c in series))]
    return out[list(FIGURES)]


def _named(frame: pd.DataFrame, words: Names) -> pd.DataFrame:
    """The frame with its service, wait, measure and group in words before its codes."""
    pairs = list(zip(frame["pathway"], frame["wait"]))
    named: dict[str, Any] = {
        "service": [words.service(code) for code, _ in pairs],
        "wait_name": [words.wait(code, wait) for code, wait in pairs],
        "measure_name": [words.measure(m).head for m in frame["measure"]],
    }
    if "group" in frame:
        named["group_name"] = [words.group(g) for g in frame["group"]]
    return pd.concat([pd.DataFrame(named, index=frame.index), frame], axis=1)


def _wilson(figures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The 95 % interval of every exact share, in percent; NaN elsewhere. Source: `measure.rates.share`."""
    from statsmodels.stats.proportion import proportion_confint

    known = (figures["form"] == "exact") & (figures["unit"] == "percent")
    known &= figures["numerator"].notna() & (figures["denominator"].fillna(0) > 0)
    low, high = (pd.Series(float("nan"), index=figures.index) for _ in range(2))
    if known.any():
        top, bottom = (figures.loc[known, c].astype(float) for c in ("numerator", "denominator"))
        ends = proportion_confint(top.to_numpy(), bottom.to_numpy(), method="wilson")
        low[known], high[known] = (100 * end.clip(0, 1) for end in ends)
    return low, high


def _describe(book: Workbook, area: str, as_at: date) -> None:
    about = {
        "title": f"SEND waiting lists, {area}, {as_at.isoformat()}",
        "subject": "Waiting-list figures and tables",
        "author": "",
        "created": datetime(as_at.year, as_at.month, as_at.day),
    }
    book.set_properties(about)


def _contents(
    book: Workbook, title: str, as_at: date, profile: Profile, listed: list[tuple[str, str]]
) -> None:
    sheet = book.add_worksheet("Contents")
    sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 16}))
    sheet.write_string(1, 0, f"State at the end of {as_at.day} {as_at:%B} {as_at.year}.")
    sheet.write_string(2, 0, f"{profile.words}. Contents, Notes and then one table a sheet.")
    rows = [("Notes", "What the signs and columns mean"), *listed]
    heads = [{"header": "Sheet"}, {"header": "What it holds"}]
    sheet.add_table(3, 0, 3 + len(rows), 1, _table("contents", heads))
    link = book.add_format({"font_color": "#1d5a96", "underline": 1})
    for i, (name, about) in enumerate(rows, 4):
        sheet.write_url(i, 0, f"internal:'{name}'!A1", link, name)
        sheet.write_string(i, 1, about, book.add_format({"text_wrap": True}))
    _page(sheet, (24, 90), (0, 0, 3 + len(rows), 1))
    sheet.activate()


def _notes(book: Workbook, profile: Profile, words: Names, figures: pd.DataFrame) -> None:
    measures = sorted(set(figures["measure"]))
    signs = [
        (
            "[c]",
            f"A count {profile.under} that is above 0: not shown, so that no child can be recognised.",
        ),
        ("[z]", "There is nothing to count or to average."),
        ("[x]", "Not published for this period: the series has another grain."),
        ("rounded", "To the nearest 5, so that no small count can be worked out."),
        (
            "Blank cells",
            "In the tidy sheets a cell is blank where there is no value; the column form says why.",
        ),
        (
            "Printing",
            f"Of the tidy sheets the first {PRINTED} rows are printed; they are for filtering and pivoting.",
        ),
    ]
    columns = [(c, _MEANING.get(c, about)) for c, about in FIGURES.items()]
    meanings = [
        (m, f"{words.measure(m).head}. {words.measure(m).definition}".strip()) for m in measures
    ]
    sheet = book.add_worksheet("Notes")
    sheet.write_string(0, 0, "Notes", book.add_format({"bold": True, "font_size": 16}))
    sheet.write_string(1, 0, "Signs, then the columns of the sheet Figures, then the measures.")
    rows = [*signs, *columns, *meanings]
    heads = [{"header": "Sign, column or measure"}, {"header": "What it means"}]
    sheet.add_table(2, 0, 2 + len(rows), 1, _table("notes", heads))
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for i, row in enumerate(rows, 3):
        for j, text in enumerate(row):
            sheet.write_string(i, j, inert(text), wrap)
    _page(sheet, (34, 100), (0, 0, 2 + len(rows), 1))


def _tidy_sheet(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    """One table from A1: real dates and numbers, blank where there is none, its heading row frozen and repeated in print."""
    sheet = book.add_worksheet(name)
    heads = [{"header": str(c)} for c in frame.columns]
    last = max(len(frame), 1)
    sheet.add_table(0, 0, last, len(heads) - 1, _table(name.lower(), heads, filtered=True))
    styles = {k: book.add_format({"num_format": v}) for k, v in _FORMATS.items()}
    units = list(frame["unit"]) if "unit" in frame else ["weeks"] * len(frame)
    for j, column in enumerate(frame.columns):
        values = frame[column]
        if column in _DAYS:
            values = pd.to_datetime(values.replace("", None))
        for i, value in enumerate(values.astype(object), 1):
            _cell(sheet, i, j, value, styles, _unit(column, units[i - 1]))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    wide = ("service", "wait_name", "measure_name", "group_name", "measure", "basis", "note")
    widths = [28 if c in wide else max(10, len(str(c)) + 4) for c in frame.columns]
    _page(sheet, widths, (0, 0, min(last, PRINTED), len(heads) - 1))


def _unit(column: str, unit: str) -> str:
    if column == "value":
        return unit
    if column == "probability":
        return column
    return "weeks" if column.startswith(("low_", "high_", "p", "mean")) else "count"


def _cell(sheet: Any, i: int, j: int, value: Any, styles: dict[str, Any], unit: str) -> None:
    if value is None or value is pd.NA or value != value or value == "":
        return
    if isinstance(value, (datetime, date)):
        sheet.write_datetime(i, j, datetime(value.year, value.month, value.day), styles["date"])
    elif isinstance(value, (int, float)) or hasattr(value, "__index__"):
        sheet.write_number(i, j, value, styles.get(unit, styles["weeks"]))
    else:
        sheet.write_string(i, j, inert(str(value)))


def _table(name: str, heads: list[dict[str, str]], filtered: bool = False) -> dict[str, Any]:
    return {
        "name": f"table_{name}",
        "columns": heads,
        "autofilter": filtered,
        "style": "Table Style Light 1",
    }


def _page(sheet: Any, widths: Sequence[float], area: tuple[int, int, int, int]) -> None:
    for j, width in enumerate(widths):
        sheet.set_column(j, j, width)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.print_area(*area)


def _charts(book: Workbook, drawn: list[Any]) -> None:
    """The sheet Charts: a native line chart for each list, one under the other, each with alt text."""
    sheet = book.add_worksheet("Charts")
    sheet.write_string(0, 0, "Charts", book.add_format({"bold": True, "font_size": 16}))
    sheet.write_string(
        1, 0, "One line chart for each list of the first table. The numbers are in that table."
    )
    for at, one in enumerate(drawn):
        sheet.insert_chart(
            3 + 18 * (at // 2),
            9 * (at % 2),
            one.native(book),
            {"description": one.alt, "object_position": 1},
        )
    _page(sheet, (10,), (0, 0, 3 + 18 * ((len(drawn) + 1) // 2), 17))
    sheet.fit_to_pages(1, 1)
