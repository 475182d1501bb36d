"""Horizontal bars from zero: one a row, its number at the end; the SitRep bands of a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.draw import words
from sendwaits.release.draw.face import styled, width_of, wrapped
from sendwaits.release.draw.lines import fit_new
from sendwaits.release.draw.palette import GREY, INK, MUTED, NAVY, PLUM, RULE
from sendwaits.release.draw.panel import Panel, begin
from sendwaits.release.draw.rows import Labels, keys, tidy
from sendwaits.release.key import COLUMNS, Key

__all__ = ["Bar", "bands", "bars", "horizontal"]

PITCH, THICK = {False: 38, True: 54}, {False: 26, True: 22}
"""Pixels from row to row and of a bar, by narrow: there the label stands above its bar."""


@dataclass(frozen=True)
class Bar:
    """A row: its label, its value (NaN: no bar) as printed, its key, its colour; a second number in grey; an interval."""

    label: str
    value: float
    text: str
    key: str
    colour: str = MUTED
    second: str = ""
    second_key: str = ""
    low: float = float("nan")
    high: float = float("nan")


@styled
def bands(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    over: int = 52,
    highlight: str | Collection[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """The list by time waited, one bar for each SitRep band of the newest census; the Axes.

    ``highlight``: the measures that the title names, navy; bands past ``over`` weeks are plum. With the row `waiting`
    in the frame each count has its share beside it. 0 and ``[c]`` are printed and have no bar.
    """
    rows = tidy(frame)
    rows = rows[rows["period_end"] == rows["period_end"].max()]
    low = rows["measure"].str.extract(r"^waiting_band_(\d+)_", expand=False).astype(float)
    bands_ = rows[low.notna()].assign(low=low).sort_values("low")
    if bands_.empty or bands_.duplicated(["measure"]).any():
        raise Refused("bands draws one list: give the waiting_band rows of one pathway and wait.")
    whole = rows.loc[rows["measure"] == "waiting", "value"]
    named = {highlight} if isinstance(highlight, str) else set(highlight)
    items = [
        Bar(
            (labels or {}).get(r.measure, band_words(r.measure)),
            r.value,
            words.number(r.value, "count", r.form),
            str(Key.of(r._asdict())),
            NAVY if r.measure in named else PLUM if r.low > over * 7 else MUTED,
            *_share(r, float(whole.iloc[0]) if len(whole) else float("nan")),
        )
        for r in bands_.itertuples()
    ]
    return horizontal(ax, items, title)


def band_words(measure: str) -> str:
    """18 to 52 weeks, of waiting_band_127_364."""
    low, _, high = measure.removeprefix("waiting_band_").partition("_")
    before = (int(low) - 1) // 7
    if high == "plus":
        return f"Over {before} weeks"
    weeks = f"{int(high) // 7} week{'s' * (int(high) // 7 != 1)}"
    return f"Up to {weeks}" if low == "0" else f"{before} to {weeks}"


def _share(row: object, whole: float) -> tuple[str, str]:
    value = row.value  # type: ignore[attr-defined]
    if not value > 0 or not whole > 0:
        return "", ""
    key = Key.of(row._asdict()).derived("share")  # type: ignore[attr-defined]
    return words.number(100 * value / whole, "percent"), str(key)


@styled
def bars(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    highlight: str | Collection[str] = (),
    colour: str = MUTED,
    sort: bool = False,
) -> Axes:
    """One bar for each row of the newest period, from zero, number at its end; the Axes.

    Rows differ by group (districts), wait or measure and are named by that. ``highlight``: the names, groups or measures
    of the bars in navy. Columns ``low`` and ``high`` (where given) are drawn as an interval. ``sort``: largest first.
    """
    rows = tidy(frame)
    rows = rows[rows["period_end"] == rows["period_end"].max()].reset_index(drop=True)
    if rows.empty:
        raise Refused("There is nothing to draw: the frame has no rows.")
    if sort:
        rows = rows.sort_values("value", ascending=False, na_position="last", kind="stable")
    named = {highlight} if isinstance(highlight, str) else set(highlight)
    items = []
    for i, (r, key) in enumerate(zip(rows.to_dict("records"), keys(rows), strict=True)):
        name = row_name(rows, r, i, labels)
        hit = named & {name, r["group"], r["measure"], r["wait"], r["group"].partition("=")[2]}
        text = words.number(r["value"], r["unit"], r["form"])
        ends = (float(r.get("low", np.nan)), float(r.get("high", np.nan)))
        items.append(Bar(name, r["value"], text, key, NAVY if hit else colour, "", "", *ends))
    return horizontal(ax, items, title)


def bar_rows(rows: pd.DataFrame, labels: Labels = None) -> list[tuple[str, str]]:
    """Label and printed number of each row; SitRep bands by their weeks, in their order."""
    found = []
    for i, row in enumerate(rows.to_dict("records")):
        band = row["measure"].startswith("waiting_band_")
        own = isinstance(labels, Mapping) and row["measure"] in labels
        name = band_words(row["measure"]) if band and not own else row_name(rows, row, i, labels)
        found.append((name, words.number(row["value"], row["unit"], row["form"])))
    return found


def row_name(rows: pd.DataFrame, row: Mapping[str, str], at: int, labels: Labels) -> str:
    """The label of a row: given, or what tells it from the others."""
    if isinstance(labels, Mapping):
        for part in (row["group"], row["measure"], row["wait"], row["pathway"]):
            if part in labels:
                return labels[part]
    elif labels is not None:
        return labels[at]
    differ = [c for c in COLUMNS[:4] if rows[c].nunique() > 1] or ["group", "measure"]
    return ", ".join(words.plain(row[c]) for c in differ if row[c]) or "All"


# Drawing --------------------------------------------------------------------------------------------------------------


def horizontal(ax: Axes | None, items: Sequence[Bar], title: str = "") -> Axes:
    """The bars from top to bottom; labels left of them, on a narrow page above."""
    panel = begin(ax, (0, 0), title)
    if ax is None:
        own_heights(panel, len(items))
    ax_, n = panel.ax, len(items)
    lengths = [v for b in items for v in (b.value, b.low, b.high) if v == v]
    ax_.set_xlim(min([0.0, *lengths]), max([0.0, *lengths]) or 1)
    ax_.set_ylim(n - 0.5, -0.5)
    ax_.grid(False)
    ax_.set_xticks([])
    ax_.set_yticks([])
    ax_.spines["bottom"].set_visible(False)
    edge = panel.add(ax_.plot([0, 0], [-0.5, n - 0.5], color=RULE, lw=1)[0])
    placed = [_one(panel, i, bar) for i, bar in enumerate(items)]

    def arrange(narrow: bool) -> None:
        edge.set_visible(not narrow)
        for place in placed:
            place(narrow)

    panel.arrange.append(arrange)
    widest = max(min(width_of(b.label), 260) for b in items)
    after = max(width_of(b.text, bold=True) + 17 + width_of(b.second) for b in items)
    panel.margins = lambda narrow: (1 if narrow else 24 + widest, 4, after + 8, 4)
    fit_new(panel, ax)
    return ax_


def own_heights(panel: Panel, n: int) -> None:
    """The figure is as high as its rows need."""
    from sendwaits.release.draw.panel import stack

    stack(panel.ax.figure, lambda narrow: [(panel.ax, 0, n * PITCH[narrow] + 8)])  # type: ignore[arg-type]


def _one(panel: Panel, at: int, bar: Bar) -> Callable[[bool], None]:
    """One row drawn; returns how it is placed at a width."""
    ax, length = panel.ax, bar.value if bar.value == bar.value else 0.0
    patch = None
    if length:
        patch = ax.barh(at, length, color=bar.colour, lw=0, zorder=2).patches[0]
        panel.add(patch, [bar.key])
        panel.values.append((bar.label, float(bar.value)))
    label = panel.text(0, at, bar.label)
    reach = bar.high if bar.high == bar.high and length else 0.0
    end = max(length, reach, 0.0)
    number = panel.text(end, at, bar.text, bold=True, key=bar.key)
    second = panel.text(end, at, bar.second, colour=GREY, key=bar.second_key)
    interval = _interval(panel, at, bar)
    beside = 8 + width_of(bar.text, bold=True) + 9

    def place(narrow: bool) -> None:
        share = THICK[narrow] / PITCH[narrow]
        middle = at + (0.5 - share / 2 - 4 / PITCH[True] if narrow else 0)
        for note, right in ((number, 8), (second, beside)):
            note.xy = (end, middle)
            note.xyann = (right, -5)
        if patch is not None:
            patch.set(y=middle - share / 2, height=share)
        for line in interval:
            line.set_ydata([middle, middle])
        label.set_text(bar.label if narrow else wrapped(bar.label, 260))
        lines = label.get_text().count("\n")
        label.set(ha="left" if narrow else "right")
        label.xy = (0, middle)
        label.xyann = (0, THICK[True] / 2 + 7) if narrow else (-12, 9 * lines - 5)

    return place


def _interval(panel: Panel, at: int, bar: Bar) -> list:
    """The line from low to high with its ends, light around it so that it shows on a dark bar."""
    if any(v != v for v in (bar.value, bar.low, bar.high)):
        return []
    ends = np.array([bar.low, bar.high])
    lines = []
    for colour, thick in (("white", 4.0), (INK, 1.5)):
        line = panel.ax.plot(ends, [at, at], color=colour, lw=thick, marker="|", zorder=5)[0]
        line.set(markersize=12, markeredgewidth=thick)
        lines.append(panel.add(line))
    panel.values += [(bar.label, bar.low), (bar.label, bar.high)]
    return lines
