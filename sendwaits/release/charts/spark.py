"""The line beside a number in a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import labels
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.palette import GREY, NAVY, ORANGE, POINT
from sendwaits.release.charts.panel import Cell, Panel, begin, fit_new, stack
from sendwaits.release.charts.rows import Series, series

__all__ = ["spark"]

SHAPES = {"rising": "^", "higher": "^", "falling": "v", "lower": "v", "unusual": "D"}


@styled
def spark(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    verdict: str = "",
    worse: str = "up",
) -> Axes:
    """One series in 156 x 44 pixels: grey line, dashed average, and the verdict's shape at its end; the Axes.

    Triangle up: rising or higher; down: falling or lower; diamond: one unusual period; circle: anything else. Orange on
    the ``worse`` side ("up", "down" or ""). The scale is its own: the number itself stands beside it.
    """
    one = series(frame)[0]
    if len(series(frame)) > 1:
        raise Refused("spark draws one series: select one measure, wait and group.")
    panel = begin(ax)
    if ax is None:
        stack(panel.ax.figure, lambda narrow: [Cell(panel.ax, 0, 44)], width=156)  # type: ignore[arg-type]
    panel.margins = lambda narrow: (3, 7, 8, 7)
    panel.ax.set_axis_off()
    known = one.y[one.shown]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    panel.ax.set(xlim=(one.x[0], one.x[-1] if len(one.x) > 1 else one.x[0] + 1))
    panel.ax.set_ylim(low - (low == high), high + (low == high))
    if len(known):
        _spark_line(panel, one, verdict, worse)
    fit_new(panel, ax)
    return panel.ax


def _spark_line(panel: Panel, one: Series, verdict: str, worse: str) -> None:
    mean = math.fsum(one.y[one.shown]) / int(one.shown.sum())
    dashes = panel.ax.plot(one.x[[0, -1]], [mean, mean], color="#8a9296", lw=1)[0]
    dashes.set_dashes((3, 3))
    panel.add(dashes)
    x, y = one.with_gaps()
    panel.add(panel.ax.plot(x, y, color=GREY, lw=1.75, zorder=3)[0])
    final = np.arange(len(one.y)) == len(one.y) - 1
    labels.dots(panel, one, one.shown & ~final, marker="o", size=1.8, colour=GREY)
    shape = SHAPES.get(verdict, "o")
    bad = {"up": "^", "down": "v"}.get(worse) == shape
    colour = ORANGE if bad else POINT if shape == "o" else NAVY
    labels.dots(
        panel, one, one.shown & final, marker=shape, size=10, colour=colour, edge="white", front=5
    )
