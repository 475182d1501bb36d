"""Lines over time: one or several series in a panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import axis, dated, words
from sendwaits.release.charts import labels as labels_
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.labels import Target, goal_of
from sendwaits.release.charts.palette import SERIES, SOFT, Look
from sendwaits.release.charts.panel import Panel, begin, fit_new
from sendwaits.release.charts.rows import Labels, Series, series

__all__ = ["draw", "line", "time_panel"]


@styled
def line(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    colour: str | Sequence[str] | None = None,
    target: Target = None,
    change_points: dated.Changes | None = None,
    shade: bool = False,
) -> Axes:
    """One line per series over its periods, from 0, its name and last value at its end; the Axes.

    A flow stands in the middle of its period, a stock at its end. Where a value is missing or not shown the line
    stops and starts anew; ``[c]`` is written above the axis. ``labels``: names by measure, wait or group, or in order.
    ``change_points``: (date, label) pairs. Raises `Refused` for more than five series: use `small`.
    """
    lines = series(frame, labels)
    if len(lines) > len(SERIES):
        raise Refused(f"{len(lines)} lines in one panel cannot be told apart: use small(...)")
    panel = begin(ax, (290, 250), title)
    time_panel(
        panel,
        lines,
        _looks(lines, colour),
        target=target,
        change_points=change_points,
        shade=shade,
    )
    fit_new(panel, ax)
    return panel.ax


def _looks(lines: Sequence[Series], colour: str | Sequence[str] | None) -> list[Look]:
    given = [colour] * len(lines) if isinstance(colour, str) else list(colour or ())
    looks = list(SERIES[: len(lines)])
    for i, one in enumerate(given[: len(lines)]):
        looks[i] = looks[i]._replace(stroke=one, words=one)
    return looks


def time_panel(
    panel: Panel,
    lines: Sequence[Series],
    looks: Sequence[Look],
    *,
    target: Target = None,
    change_points: dated.Changes | None = None,
    shade: bool = False,
    months: bool = True,
    names: bool = True,
    head: str = "",
) -> None:
    """Axes, changes, lines, target and names of a panel over time."""
    goal, goal_name = goal_of(target)
    values = [float(v) for s in lines for v in s.y] + ([] if goal is None else [float(goal)])
    axis.upright(panel, values, lines[0].unit)
    axis.dates(panel, lines, months)
    dated.changes(panel, change_points, names)
    for one, look in zip(lines, looks):
        draw(panel, one, look, shade, single=len(lines) == 1)
    if goal is not None:
        name = goal_name or f"Target {words.tick(goal, lines[0].unit)}"
        labels_.target_line(panel, float(goal), name)
    labels_.end_labels(panel)
    if head:
        labels_.head(panel, head)
    above = 14 + 24 * bool(head)
    panel.margins = lambda narrow: labels_.time_margins(panel, narrow, above, months)


def draw(panel: Panel, one: Series, look: Look, shade: bool = False, single: bool = False) -> None:
    """A line with a keyed dot at every value and its name at the end."""
    x, y = one.with_gaps()
    ax, shown = panel.ax, one.shown
    if shade and not np.isnan(y).any():
        panel.add(ax.fill_between(x, 0, y, color=SOFT, lw=0, zorder=1))
    drawn = panel.add(ax.plot(x, y, color=look.stroke, zorder=3)[0])
    if look.dash:
        drawn.set_dashes(look.dash)
    final = np.zeros(len(one.y), bool)
    final[-1:] = True
    for which, marker, size in ((shown & ~final, "o", 3.2), (shown & final, look.marker, 8)):
        labels_.dots(panel, one, which, marker=marker, size=size, colour=look.stroke)
    labels_.suppressed(panel, one)
    name_end(panel, one, look, single)


def name_end(panel: Panel, one: Series, look: Look, single: bool) -> None:
    """Name and last value at the line's end, in its colour (narrow and alone: the value only)."""
    if not one.shown.any():
        return
    at = int(np.flatnonzero(one.shown)[-1])
    wide = f"{one.name} {one.last}".strip()
    note = panel.text(one.x[at], one.y[at], wide, colour=look.words, bold=True, key=one.keys[-1])
    panel.ends.append((note, wide, one.last if single else wide))
