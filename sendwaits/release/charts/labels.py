"""What is written on a chart: names at the ends of lines that keep apart, targets, [c], and keyed dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.dates as mdates
import numpy as np

from sendwaits.release.charts import axis, dated
from sendwaits.release.charts.face import width_of, wrapped
from sendwaits.release.charts.palette import GREY, PLUM
from sendwaits.release.charts.panel import Box, Panel
from sendwaits.release.charts.rows import Series

__all__ = ["Target", "apart", "dots", "end_labels", "goal_of", "head", "left_room", "room_for"]

Target = float | tuple[float, str] | tuple[float, Any, str] | None
"""A number, or a number and its name; a date between them is for charts that look ahead."""


def goal_of(target: Target) -> tuple[float | None, str]:
    """The number that a target stands for, None without one, and its name."""
    return (target[0], target[-1]) if isinstance(target, tuple) else (target, "")


def apart(
    wanted: Sequence[float], gap: float = 17, low: float = 0, high: float = 1e9
) -> list[float]:
    """The places nearest to those wanted that stand at least ``gap`` apart, in the same order."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [wanted[i] for i in order]
    for _ in range(50):
        for a in range(1, len(placed)):
            short = gap - (placed[a] - placed[a - 1])
            if short > 0:
                placed[a - 1] -= short / 2
                placed[a] += short / 2
        placed = [min(max(p, low), high) for p in placed]
    result = [0.0] * len(wanted)
    for place, i in zip(placed, order, strict=True):
        result[i] = place
    return result


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


def end_labels(panel: Panel) -> None:
    """The names at the ends of the lines, kept apart; (annotation, wide text, narrow text) in ``panel.ends``."""

    def arrange(narrow: bool) -> None:
        _, bottom, _, top = panel.box()
        at = [panel.pixel(float(mdates.date2num(n.xy[0])), n.xy[1])[1] for n, *_ in panel.ends]
        said = [_said(end, narrow) for end in panel.ends]
        gap = 17 * max((text.count("\n") + 1 for text in said), default=1)
        for (note, *_), text, was, now in zip(
            panel.ends, said, at, apart(at, gap, bottom, top), strict=True
        ):
            note.set_text(text)
            note.xyann = (9, now - was - 5 + 8 * text.count("\n"))

    if not any(getattr(h, "ends", False) for h in panel.arrange):
        arrange.ends = True  # type: ignore[attr-defined]
        panel.arrange.append(arrange)


def _said(end: Any, narrow: bool) -> str:
    """The words at a line's end; on a narrow page a long name takes several lines."""
    note, wide, short = end
    return wrapped(short, 92, bold=note.get_fontweight() == "bold") if narrow else wide


def room_for(panel: Panel, narrow: bool) -> float:
    """The pixels that the labels at the lines' ends need; two panels on one time axis have the same."""
    ends = [end for one in (panel, *panel.partners) for end in one.ends]
    widths = [width_of(_said(e, narrow), bold=e[0].get_fontweight() == "bold") for e in ends]
    last = panel.periods[-1:] if not narrow else map(axis.folded_name, panel.periods[-1:])
    return max([16 + max(widths, default=20), *(width_of(name) / 2 + 2 for name in last)])


def time_margins(panel: Panel, narrow: bool, above: float, months: bool = True) -> Box:
    """The margins of a panel over time: numbers, names of changes, names of lines, names of periods."""
    left, right = left_room(panel), room_for(panel, narrow)
    width = panel.ax.figure.get_figwidth() * 72  # type: ignore[union-attr]
    names = dated.room(panel, left, width - right, narrow)
    return left, above + names, right, axis.tick_room(panel, narrow) if months else 6


def head(panel: Panel, text: str) -> None:
    """The name of one of several panels: at the figure's left edge, at the top of the room above the axes."""
    note = panel.text(0, 1, text, coords="axes fraction", bold=True)

    def arrange(narrow: bool) -> None:
        note.xyann = (-panel.box()[0], panel.margins(narrow)[1] - 14)

    panel.arrange.append(arrange)


def target_line(panel: Panel, value: float, label: str, stop: float | None = None) -> None:
    """The target: a plum dashed line with its name above it at the left."""
    low, high = panel.ax.get_xlim()
    line = panel.ax.plot([low, high if stop is None else stop], [value, value], color=PLUM, lw=1.5)
    line[0].set_dashes((4, 2.67))
    panel.add(line[0])
    if label:
        panel.text(low, value, label, colour=PLUM, bold=True, move=(4, 7), halo=True)


def suppressed(panel: Panel, one: Series) -> None:
    """[c] above the axis wherever a run of counts is not shown; no mark."""
    hidden = (one.rows["form"] == "c").to_numpy()
    starts = np.flatnonzero(hidden & ~np.concatenate([[False], hidden[:-1]]))
    for first in starts:
        last = first + int(np.argmin(np.append(hidden[first:], False))) - 1
        middle = (one.x[first] + one.x[last]) / 2
        at = panel.ax.get_xaxis_transform()
        panel.text(
            middle,
            0,
            "[c]",
            coords=at,
            move=(0, 6),
            colour=GREY,
            align="center",
            key=one.keys[first],
            halo=True,
        )


def left_room(panel: Panel) -> float:
    """The pixels left of the axes: the widest number of a gridline, 52 where that is enough."""
    texts = [t.get_text() for t in panel.ax.get_yticklabels()]
    return max([52.0, *(width_of(t) + 10 for t in texts)])
