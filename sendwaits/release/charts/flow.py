"""The flow of a list: who joined and left above, the list below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import dated
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.lines import time_panel
from sendwaits.release.charts.palette import SERIES
from sendwaits.release.charts.panel import Box, Cell, Panel, begin, fit_new, new_figure, stack
from sendwaits.release.charts.rows import Labels, series
from sendwaits.release.key import grain

__all__ = ["flow"]

Margins = Callable[[bool], Box]


@styled
def flow(
    frame: pd.DataFrame,
    ax: Sequence[Axes] | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    change_points: dated.Changes | None = None,
    heads: tuple[str, str] = ("Children joining and leaving", "Children on the list"),
) -> np.ndarray:
    """Who joined and left above, the list below, on one time axis: an array of two Axes, never two scales in one.

    Rows with a period_start are drawn above, stocks below; of flows in several grains only the finest, since a year's
    count and a month's share no scale (the table has them all). ``ax``: two Axes. Raises `Refused` when either is missing.
    """
    lines = series(frame, labels)
    above = [s for s in lines if s.rows["period_start"].notna().all()]
    below = [s for s in lines if s not in above]
    spans = [grain(s.rows) for s in above]
    finest = next((g for g in ("month", "quarter", "year") if g in spans), "")
    above = [s for s, g in zip(above, spans, strict=True) if g == finest]
    if not above or not below:
        raise Refused("flow draws a list and who joined and left it: give rows of both")
    pair = list(ax) if ax is not None else _two()
    top, low = (begin(one) for one in pair)
    time_panel(top, above, SERIES, change_points=change_points, months=False, head=heads[0])
    time_panel(
        low,
        below,
        SERIES,
        change_points=change_points,
        shade=len(below) == 1,
        names=False,
        head=heads[1],
    )
    _as_one(top, low)
    if title:
        pair[0].set_title(title)
    fit_new(low, ax)
    return np.array(pair, dtype=object)


def _two() -> list[Axes]:
    figure = new_figure()
    pair = [figure.add_axes((0.1, bottom, 0.8, 0.35)) for bottom in (0.6, 0.1)]
    stack(
        figure,
        lambda narrow: [
            Cell(pair[0], 0, 230 if narrow else 236),
            Cell(pair[1], 246 if narrow else 254, 240 if narrow else 250),
        ],
    )
    return pair


def _as_one(top: Panel, low: Panel) -> None:
    """Both panels have the same days above each other: one range, one room for labels at the right."""
    ranges = [panel.ax.get_xlim() for panel in (top, low)]
    for panel in (top, low):
        panel.ax.set_xlim(min(r[0] for r in ranges), max(r[1] for r in ranges))
    top.partners, low.partners = [low], [top]
