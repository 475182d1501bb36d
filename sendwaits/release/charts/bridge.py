"""A bridge from one number to another: what each part adds or takes away."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import words
from sendwaits.release.charts.axis import ceiling
from sendwaits.release.charts.bars import row_name
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.labels import Target
from sendwaits.release.charts.level import Bar, horizontal
from sendwaits.release.charts.palette import NAVY, ORANGE, RULE
from sendwaits.release.charts.panel import begin
from sendwaits.release.charts.rows import Labels, keys, tidy

__all__ = ["steps"]

LEAVING = {"completed": -1, "removed_other": -1}


@styled
def steps(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    signs: Mapping[str, int] = LEAVING,
    worse: str = "down",
    target: Target = None,
    zero: bool = True,
) -> Axes:
    """From the first row to the last by the rows between, each a step from where the one before ended; the Axes.

    First and last row are totals (dots), the others add their value, or take it away where ``signs`` (by measure) says
    -1. ``worse``: "up" or "down", drawn orange; the sign of the number says it too. ``zero=False``: the axis starts at a
    plain number under the smallest total, and says so. Raises `Refused` when a step is not shown or the steps do not
    lead from the first total to the last (rounded counts: by more than 5 a row).
    """
    rows = tidy(frame)
    if len(rows) < 3 or rows["value"].isna().any():
        raise Refused("steps needs a first and a last total and steps between, all of them shown.")
    values = [float(v) for v in rows["value"]]
    moves = [v * signs.get(m, 1) for v, m in zip(values, rows["measure"], strict=True)]
    gap = values[0] + sum(moves[1:-1]) - values[-1]
    slack = 5.0 * len(rows) if (rows["form"] == "rounded").any() else 0.06
    if abs(gap) > slack:
        raise Refused("steps: the steps do not lead from the first total to the last.")
    items, at = [], values[0]
    for i, (row, key) in enumerate(zip(rows.to_dict("records"), keys(rows), strict=True)):
        name = row_name(rows, row, i, labels)
        if i in (0, len(rows) - 1):
            text = words.number(values[i], row["unit"])
            items.append(Bar(name, values[i], text, key, NAVY, dot=True))
            continue
        text = words.number(moves[i], row["unit"]).removesuffix("%")
        sign = "+" if moves[i] >= 0 else ""
        bad = moves[i] != 0 and (moves[i] > 0) == (worse == "up")
        items.append(Bar(name, moves[i], sign + text, key, ORANGE if bad else NAVY, start=at))
        at += moves[i]
    unit = str(rows["unit"].iloc[0])
    low = 0.0 if zero else _under(items)
    drawn = horizontal(ax, items, title, target=target, unit=unit, low=low)
    panel = begin(drawn)
    for i, bar in enumerate(items[:-1]):
        end = bar.start + bar.value
        panel.add(drawn.plot([end, end], [i, i + 1], color=RULE, lw=1, zorder=1)[0])
    return drawn


def _under(items: list[Bar]) -> float:
    """A plain number under every end of a step."""
    ends = [v for b in items for v in (b.start + b.value, b.start or b.value)]
    step = ceiling([(max(ends) - min(ends)) or 1.0])[1]
    return max(0.0, (min(ends) // step) * step - step)
