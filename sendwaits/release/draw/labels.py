"""What is written on a chart: names at the ends of lines that keep apart, targets, [c], and keyed dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib.dates as mdates
import numpy as np

from sendwaits.release.draw import axis
from sendwaits.release.draw.face import width_of
from sendwaits.release.draw.palette import GREY, PLUM
from sendwaits.release.draw.panel import Panel
from sendwaits.release.draw.rows import Series

__all__ = ["Target", "apart", "dots", "end_labels", "head", "left_room", "room_for"]

Target = float | tuple[float, str] | None
"""A number, or a number and its name."""


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
        for (note, wide, short), was, now in zip(
            panel.ends, at, apart(at, low=bottom, high=top), strict=True
        ):
            note.set_text(short if narrow else wide)
            note.xyann = (9, now - was - 5)

    if not any(getattr(h, "ends", False) for h in panel.arrange):
        arrange.ends = True  # type: ignore[attr-defined]
        panel.arrange.append(arrange)


def room_for(panel: Panel, narrow: bool) -> float:
    """The pixels that the labels at the lines' ends need."""
    texts = [(short if narrow else wide, note) for note, wide, short in panel.ends]
    widths = [width_of(text, bold=note.get_fontweight() == "bold") for text, note in texts]
    last = panel.periods[-1:] if not narrow else map(axis.folded_name, panel.periods[-1:])
    return max([16 + max(widths, default=20), *(width_of(name) / 2 + 2 for name in last)])


def head(panel: Panel, text: str, above: Callable[[bool], float]) -> None:
    """The name of one of several panels: at the figure's left edge, at the top of the room above the axes."""
    note = panel.text(0, 1, text, coords="axes fraction", bold=True)

    def arrange(narrow: bool) -> None:
        note.xyann = (-panel.box()[0], above(narrow) - 14)

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
