"""Lines over time: one or several series in a panel, and the flow of a list in two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.draw import axis
from sendwaits.release.draw.face import styled, width_of
from sendwaits.release.draw.palette import SERIES, SOFT, Look
from sendwaits.release.draw.panel import Box, Panel, begin, fit, new_figure, stack
from sendwaits.release.draw.rows import Labels, Series, series

__all__ = ["flow", "line"]

Margins = Callable[[bool], Box]
Target = float | tuple[float, str] | None


@styled
def line(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    colour: str | Sequence[str] | None = None,
    target: Target = None,
    change_points: axis.Changes | None = None,
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
    _panel(
        panel,
        lines,
        _looks(lines, colour),
        target=target,
        change_points=change_points,
        shade=shade,
    )
    fit_new(panel, ax)
    return panel.ax


def fit_new(panel: Panel, given: Any) -> None:
    """A chart just drawn is arranged; in a figure of the caller's only its own words and ticks are."""
    if given is None:
        fit(panel.ax.figure)  # type: ignore[arg-type]
    else:
        for hook in panel.arrange:
            hook(panel.box()[2] - panel.box()[0] < 400)


def _looks(lines: Sequence[Series], colour: str | Sequence[str] | None) -> list[Look]:
    given = [colour] * len(lines) if isinstance(colour, str) else list(colour or ())
    looks = list(SERIES[: len(lines)])
    for i, one in enumerate(given[: len(lines)]):
        looks[i] = replace_look(looks[i], one)
    return looks


def replace_look(look: Look, colour: str) -> Look:
    return look._replace(stroke=colour, words=colour)


def _panel(
    panel: Panel,
    lines: Sequence[Series],
    looks: Sequence[Look],
    *,
    target: Target = None,
    change_points: axis.Changes | None = None,
    shade: bool = False,
    months: bool = True,
    names: bool = True,
    head: str = "",
) -> None:
    goal, goal_name = target if isinstance(target, tuple) else (target, "")
    values = [float(v) for s in lines for v in s.y] + ([] if goal is None else [float(goal)])
    axis.upright(panel, values, lines[0].unit)
    axis.dates(panel, lines, months)
    named = axis.changes(panel, change_points, names)
    for one, look in zip(lines, looks):
        draw(panel, one, look, shade, single=len(lines) == 1)
    if goal is not None:
        name = goal_name or f"Target {axis.words.tick(goal, lines[0].unit)}"
        axis.target_line(panel, float(goal), name)
    axis.end_labels(panel)

    def above(narrow: bool) -> float:
        return 14 + named * (34 if narrow else 18) + 24 * bool(head)

    if head:
        axis.head(panel, head, above)

    panel.margins = lambda narrow: (
        left_room(panel),
        above(narrow),
        axis.room_for(panel, narrow),
        30 if months else 6,
    )


def left_room(panel: Panel) -> float:
    """The pixels left of the axes: the widest number of a gridline, 52 where that is enough."""
    texts = [t.get_text() for t in panel.ax.get_yticklabels()]
    return max([52.0, *(width_of(t) + 10 for t in texts)])


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
        dots(panel, one, which, marker=marker, size=size, colour=look.stroke)
    axis.suppressed(panel, one)
    name_end(panel, one, look, single)


def dots(
    panel: Panel,
    one: Series,
    which: np.ndarray,
    *,
    marker: str,
    size: float,
    colour: str,
    edge: str = "none",
    front: float = 4,
) -> None:
    """A keyed mark at each of the chosen values."""
    if not which.any():
        return
    marks = panel.ax.plot(
        one.x[which],
        one.y[which],
        ls="none",
        marker=marker,
        ms=size,
        color=colour,
        mec=edge,
        mew=0 if edge == "none" else 1.5,
        zorder=front,
    )[0]
    panel.add(marks, [k for k, w in zip(one.keys, which, strict=True) if w])
    ends = one.rows["period_end"][which]
    panel.values += [(e, float(v)) for e, v in zip(ends, one.y[which], strict=True)]


def name_end(panel: Panel, one: Series, look: Look, single: bool) -> None:
    """Name and last value at the line's end, in its colour (narrow and alone: the value only)."""
    if not one.shown.any():
        return
    at = int(np.flatnonzero(one.shown)[-1])
    wide = f"{one.name} {one.last}".strip()
    note = panel.text(one.x[at], one.y[at], wide, colour=look.words, bold=True, key=one.keys[-1])
    panel.ends.append((note, wide, one.last if single else wide))


@styled
def flow(
    frame: pd.DataFrame,
    ax: Sequence[Axes] | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    change_points: axis.Changes | None = None,
    heads: tuple[str, str] = ("Children joining and leaving", "Children on the list"),
) -> np.ndarray:
    """Who joined and left above, the list below, on one time axis: an array of two Axes, never two scales in one.

    Rows with a period_start are drawn above, stocks below. ``ax``: two Axes. Raises `Refused` when either is missing.
    """
    lines = series(frame, labels)
    above = [s for s in lines if s.rows["period_start"].notna().all()]
    below = [s for s in lines if s not in above]
    if not above or not below:
        raise Refused("flow draws a list and who joined and left it: give rows of both")
    pair = list(ax) if ax is not None else _two()
    top, low = (begin(one) for one in pair)
    _panel(top, above, SERIES, change_points=change_points, months=False, head=heads[0])
    _panel(
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
        lambda narrow: (
            [(pair[0], 0, 230), (pair[1], 246, 240)]
            if narrow
            else [(pair[0], 0, 236), (pair[1], 254, 250)]
        ),
    )
    return pair


def _as_one(top: Panel, low: Panel) -> None:
    """Both panels have the same days above each other: one range, one room for labels at the right."""
    ranges = [panel.ax.get_xlim() for panel in (top, low)]
    for panel in (top, low):
        panel.ax.set_xlim(min(r[0] for r in ranges), max(r[1] for r in ranges))
        own = panel.margins

        def margins(narrow: bool, own: Margins = own) -> Box:
            left, above, _, below = own(narrow)
            return left, above, max(axis.room_for(p, narrow) for p in (top, low)), below

        panel.margins = margins
