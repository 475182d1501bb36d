"""Horizontal bars from zero: one a row, its number at the end; the SitRep bands of a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import words
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.labels import Target
from sendwaits.release.charts.level import Bar, horizontal
from sendwaits.release.charts.palette import MUTED, NAVY, PLUM
from sendwaits.release.charts.rows import Labels, keys, tidy
from sendwaits.release.key import COLUMNS, Key

__all__ = ["band_words", "bands", "bar_rows", "bars"]


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
    target: Target = None,
) -> Axes:
    """One bar for each row of the newest period, from zero, number at its end; the Axes.

    Rows differ by group (districts), wait or measure and are named by that. ``highlight``: the names, groups or measures
    of the bars in navy. Columns ``low`` and ``high`` (where given) are drawn as an interval. ``sort``: largest first.
    ``target``: a number, or a number and its name.
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
        if r["form"] == "rounded" and r["measure"].startswith("group:"):  # whole weeks, per cent
            text = text.replace(".0", "") if pd.isna(r["denominator"]) else text
        ends = (float(r.get("low", np.nan)), float(r.get("high", np.nan)))
        items.append(Bar(name, r["value"], text, key, NAVY if hit else colour, "", "", *ends))
    return horizontal(ax, items, title, target=target, unit=str(rows["unit"].iloc[0]))


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
