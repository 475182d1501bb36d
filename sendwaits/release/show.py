"""Frames as a notebook shows them (caption, scopes, whole counts), and as the table of a page (every number keyed)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.measure.bands import half_up
from sendwaits.release import words
from sendwaits.release.key import COLUMNS, grain
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Pathway

__all__ = ["Frame", "Table", "cell", "group_name", "layout", "show", "when"]

MOST_ROWS = 60
"""Longer frames show their first and last rows and say so."""
ENDS = 15
QUANTILES = {
    "p10": "Low (1 in 10 below)",
    "p25": "1 in 4 below",
    "p50": "Middle",
    "p75": "1 in 4 above",
    "p90": "High (1 in 10 above)",
}


class Frame(pd.DataFrame):
    """A pandas table in every way but one: in a notebook it is an HTML table with caption and scopes. Values stay exact.

    Shown: counts whole, other numbers with one decimal (half up), dates as dates, missing values empty.
    """

    _metadata = ["caption"]
    caption: str

    @property
    def _constructor(self) -> Any:
        return Frame

    def _repr_html_(self) -> str:
        long = len(self) > MOST_ROWS
        rows = [*range(ENDS), *range(len(self) - ENDS, len(self))] if long else range(len(self))
        plain = isinstance(self.index, pd.RangeIndex)
        heads = [] if plain else [" / ".join(str(n or "") for n in self.index.names)]
        heads += [_name(c) for c in self.columns]
        lines = ["<table>", f"<caption>{escape(self._caption(long))}</caption>", "<thead><tr>"]
        lines += [f'<th scope="col">{escape(head)}</th>' for head in heads]
        lines.append("</tr></thead><tbody>")
        for at in rows:
            cells = [_text(self.iat[at, i], self._unit(at, i)) for i in range(self.shape[1])]
            first, *others = cells if plain and cells else [_name(self.index[at]), *cells]
            row = "".join(f"<td>{escape(cell)}</td>" for cell in others)
            lines.append(f'<tr><th scope="row">{escape(first)}</th>{row}</tr>')
        return "\n".join([*lines, "</tbody></table>"])

    def _caption(self, long: bool) -> str:
        size = f"{len(self):,} {words.plural(len(self), 'row')}"
        size += f", the first and last {ENDS} shown" if long else ""
        return f"{getattr(self, 'caption', '') or 'Table'} ({size})"

    def _unit(self, at: int, column: int) -> str:
        """The unit of a cell: that of its row for a column named value, else what its values say."""
        if str(self.columns[column]) == "value" and "unit" in self.columns:
            return str(self.iat[at, list(self.columns).index("unit")])
        values = self.iloc[:, column]
        if pd.api.types.is_integer_dtype(values.dtype):
            return "count"
        whole = pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all()
        return "count" if whole else ""


def show(frame: pd.DataFrame, caption: str = "") -> Frame:
    """The frame with a caption, for notebooks. A pivot or selection of a released frame stays one that can be published."""
    made = Frame(frame)
    made.caption = caption or getattr(frame, "caption", "")
    return made


def _name(value: Any) -> str:
    return " / ".join(map(_name, value)) if isinstance(value, tuple) else _text(value, "")


def _text(value: Any, unit: str) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float):
        if unit == "count" and value.is_integer():
            return f"{value:,.0f}"
        return f"{float(half_up(value, places=1)):,.1f}"
    if isinstance(value, int) or hasattr(value, "__index__") and not isinstance(value, bool):
        return f"{int(value):,}"
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)


# --- the table of a page ------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of a page; the first cell of each row is its heading. ``left``: columns (by place) that hold words.

    ``cards``: on a phone each row becomes a card. ``words_left``: numbers stand left, with words under them.
    """

    caption: str | Markup
    heads: Sequence[str | Markup]
    rows: Sequence[Sequence[Any]]
    left: frozenset[int] = frozenset()
    total: bool = False
    cards: bool = False
    words_left: bool = False


def layout(frame: pd.DataFrame, caption: str, pathway: Pathway | None = None) -> list[Table]:
    """A released frame as tables: periods down (newest last) when there are several, else groups, waits or measures.

    Series of another grain stand in a table of their own, so that no row mixes a month with a quarter. Each number is keyed.
    """
    if not len(frame):
        return []
    series = list(frame.groupby(COLUMNS[:4], sort=False))
    if frame["period_end"].nunique() == 1:
        return [_by_place(frame, caption, pathway)]
    by_grain: dict[str, list[pd.DataFrame]] = {}
    for _, rows in series:
        by_grain.setdefault(grain(rows), []).append(rows)
    several = len(by_grain) > 1
    return [
        _by_period(rows, f"{caption}, by {name}" if several and name != "day" else caption, pathway)
        for name, rows in by_grain.items()
    ]


def _by_period(series: list[pd.DataFrame], caption: str, pathway: Pathway | None) -> Table:
    frame = pd.concat(series)
    name = _heads(frame, pathway)
    columns: dict[str, dict[pd.Timestamp, Number]] = {}
    starts: dict[pd.Timestamp, pd.Timestamp] = {}
    for row in frame.itertuples(index=False):
        columns.setdefault(name(row), {})[row.period_end] = Number.of(row)
        if row.period_start == row.period_start:
            starts[row.period_end] = row.period_start
    ends = sorted(set(frame["period_end"]))
    rows = [(when(starts.get(e), e), *(cell(c.get(e)) for c in columns.values())) for e in ends]
    return Table(caption, ("Period" if starts else "On", *columns), rows)


def when(start: pd.Timestamp | None, end: pd.Timestamp) -> str:
    """The first cell of a row: "July 2024", "31 July 2024" for a stock."""
    stock = start is None or start != start
    text = words.day(end) if stock else words.period(start or end, end)
    text = text.replace("\u00a0", " ").removeprefix("in ").removeprefix("from ")
    return words.tied(str(words.capital(text)))


def _by_place(frame: pd.DataFrame, caption: str, pathway: Pathway | None) -> Table:
    varies = {c: frame[c].nunique() > 1 for c in ("wait", "measure", "group")}
    down = "group" if varies["group"] else "wait" if varies["wait"] else "measure"
    across = [c for c in ("wait", "measure") if c != down and varies[c]]
    place = _labels(down, pathway)
    heads: dict[str, None] = {}
    rows: dict[str, dict[str, Number]] = {}
    for row in frame.itertuples(index=False):
        head = (
            ", ".join(_labels(c, pathway)(row) for c in across)
            or words.measure(row.measure.rpartition(":")[2]).head
        )
        heads[head if down != "measure" else "Number"] = None
        rows.setdefault(place(row), {})[head if down != "measure" else "Number"] = Number.of(row)
    first = {"group": "Group", "wait": "Wait", "measure": "Measure"}[down]
    rest = "with all others" if "all others" in {n.lower() for n in rows} else ""
    cells = [(name, *(cell(found.get(h)) or rest for h in heads)) for name, found in rows.items()]
    return Table(caption, (first, *heads), cells)


def _heads(frame: pd.DataFrame, pathway: Pathway | None) -> Callable[[Any], str]:
    varies = [c for c in ("group", "wait", "measure") if frame[c].nunique() > 1] or ["measure"]
    found = [_labels(c, pathway) for c in varies]
    return lambda row: words.capital(", ".join(label(row) for label in found))


def _labels(column: str, pathway: Pathway | None) -> Callable[[Any], str]:
    if column == "measure":
        return lambda row: words.measure(row.measure.rpartition(":")[2]).head
    if column == "group":
        return lambda row: group_name(row.group) or "All"
    return lambda row: (
        pathway.wait(row.wait).label if pathway and row.wait else row.wait or "All waits"
    )


def group_name(group: str) -> str:
    """The words of a group: "North" of district=North, "Not known" of district=unknown; of a quantile what it is."""
    return QUANTILES.get(group.rpartition("=")[2]) or words.group(group)


def cell(number: Number | None) -> Any:
    if number is None:
        return ""
    if number.fraction:
        return Markup('{} <span class="pct">{}</span>').format(number, number.fraction)
    return number
