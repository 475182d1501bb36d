"""The area beside England, its region and its neighbours, from published figures."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import words
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.labels import Target
from sendwaits.release.charts.level import Bar, horizontal
from sendwaits.release.charts.palette import MUTED, NAVY
from sendwaits.release.key import Key

__all__ = ["compare", "newest", "published_key", "said"]


@styled
def compare(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    target: Target = None,
) -> Axes:
    """One measure in the newest published year: the area in navy, England, region and averages of neighbours; the Axes.

    ``frame``: rows of `measure.benchmark.compare` (`measure, period_start, period_end, place, kind, value, unit`). A value
    that is not published has no bar. ``labels``: by place or kind. Keys: `published_key`. Raises `Refused` for several
    measures or none with a value.
    """
    rows = newest(frame)
    items = [_bar(row, labels or {}) for row in rows.to_dict("records")]
    return horizontal(ax, items, title, target=target, unit=str(rows["unit"].iloc[0]))


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest year that has a published value."""
    rows = pd.DataFrame(frame)
    known = rows[rows["value"].notna()]
    if known.empty or rows["measure"].nunique() > 1:
        raise Refused("compare draws one measure: select one that has a published value.")
    return rows[rows["period_end"] == known["period_end"].max()]


def said(frame: pd.DataFrame, labels: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Place and printed value of each bar."""
    bars = [_bar(row, labels or {}) for row in newest(frame).to_dict("records")]
    return [(bar.label, bar.text) for bar in bars]


def published_key(row: Mapping[str, object]) -> str:
    """The data-key of a published value: measure ``published:<measure>``, group ``place=`` place or kind of average."""
    averaged = "neighbours" in str(row["kind"])
    group = f"place={row['kind'] if averaged else row['place']}"
    days = (str(row["period_start"])[:10], str(row["period_end"])[:10])
    return str(Key("", "", f"published:{row['measure']}", group, *days))


def _bar(row: Mapping[str, object], labels: Mapping[str, str]) -> Bar:
    place, kind = str(row["place"]), str(row["kind"])
    usual = kind.replace("neighbours", place) if "neighbours" in kind else place
    name = labels.get(place, labels.get(kind, usual[:1].upper() + usual[1:]))
    value = float(row["value"])  # type: ignore[arg-type]
    text = "not published" if value != value else words.number(value, str(row["unit"]))
    return Bar(name, value, text, published_key(row), NAVY if kind == "area" else MUTED)
