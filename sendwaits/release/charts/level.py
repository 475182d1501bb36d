"""Rows with a horizontal bar or dot each: label, number and interval; on a narrow page the label stands above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from sendwaits.release.charts import words
from sendwaits.release.charts.axis import ceiling
from sendwaits.release.charts.face import width_of, wrapped
from sendwaits.release.charts.labels import Target, goal_of
from sendwaits.release.charts.palette import GREY, INK, MUTED, PLUM, RULE
from sendwaits.release.charts.panel import Cell, Panel, begin, fit_new, stack

__all__ = ["Bar", "horizontal"]

PITCH, THICK = {False: 38, True: 54}, {False: 26, True: 22}
"""Pixels from row to row and of a bar, by narrow: there the label stands above its bar."""


@dataclass(frozen=True)
class Bar:
    """A row: its label, its value (NaN: no bar) as printed, its key, its colour; a second number in grey; an interval.

    ``start``: where the bar begins (a step of a bridge); ``dot``: a dot instead of a bar.
    """

    label: str
    value: float
    text: str
    key: str
    colour: str = MUTED
    second: str = ""
    second_key: str = ""
    low: float = float("nan")
    high: float = float("nan")
    start: float = 0.0
    dot: bool = False

    @property
    def reach(self) -> float:
        """The right end of what is drawn."""
        ends = (self.start, self.start + self.value, self.high if self.value == self.value else 0)
        return max(v for v in ends if v == v)


def horizontal(
    ax: Axes | None,
    items: Sequence[Bar],
    title: str = "",
    *,
    target: Target = None,
    unit: str = "count",
    low: float = 0.0,
) -> Axes:
    """The rows from top to bottom; labels left of them, on a narrow page above.

    ``low``: where the axis starts; above 0 its numbers stand under the rows and a line says so.
    """
    panel = begin(ax, (0, 0), title)
    goal, name = goal_of(target)
    above, below = 4 + 22 * (goal is not None), 4 + 48 * bool(low)
    if ax is None:
        heights = {n: len(items) * PITCH[n] + above + below for n in (False, True)}
        stack(panel.ax.figure, lambda narrow: [Cell(panel.ax, 0, heights[narrow])])  # type: ignore[arg-type]
    _plain_axes(panel, items, low, goal)
    edge = panel.add(panel.ax.plot([low, low], [-0.5, len(items) - 0.5], color=RULE, lw=1)[0])
    placed = [_one(panel, i, bar, low) for i, bar in enumerate(items)]
    if goal is not None:
        placed.append(_goal(panel, goal, name or f"Target {words.tick(goal, unit)}", len(items)))
    if low:
        _own_axis(panel, low, unit, len(items))

    def arrange(narrow: bool) -> None:
        edge.set_visible(not narrow and not low)
        for place in placed:
            place(narrow)

    panel.arrange.append(arrange)
    widest = max(min(width_of(b.label), 260) for b in items)

    def left(narrow: bool) -> float:
        return (20 if low else 1) if narrow else 24 + widest

    panel.margins = lambda narrow: (
        left(narrow),
        above,
        _room_after(items, panel, left(narrow)),
        below,
    )
    fit_new(panel, ax)
    return panel.ax


def _plain_axes(panel: Panel, items: Sequence[Bar], low: float, goal: float | None) -> None:
    """From ``low`` to the longest bar; no ticks, for every number is printed."""
    ends = [v for b in items for v in (b.start, b.start + b.value, b.low, b.high) if v == v]
    ends += [] if goal is None else [goal]
    panel.ax.set_xlim(low if low else min([0.0, *ends]), max([low, *ends]) or 1)
    panel.ax.set_ylim(len(items) - 0.5, -0.5)
    panel.ax.grid(False)
    panel.ax.set(xticks=[], yticks=[])
    panel.ax.spines["bottom"].set_visible(False)


def _own_axis(panel: Panel, low: float, unit: str, n: int) -> None:
    """Numbers under the rows, and that they do not start at 0."""
    panel.ax.set_xlim(low)
    step = ceiling([panel.ax.get_xlim()[1] - low])[1]
    ticks = np.arange(low, panel.ax.get_xlim()[1] + step / 100, step)
    panel.ax.set_xticks(ticks, [words.tick(v, unit) for v in ticks])
    panel.ax.grid(True, axis="x")
    panel.ax.tick_params(axis="x", length=0)
    note = f"The axis starts at {words.tick(low, unit)}"
    panel.text(low, n - 0.5, note, colour=GREY, move=(0, -44))


def _goal(panel: Panel, value: float, said: str, n: int) -> Callable[[bool], None]:
    line = panel.ax.plot([value, value], [-0.5, n - 0.5], color=PLUM, lw=1.5, zorder=4)[0]
    line.set_dashes((4, 2.67))
    panel.add(line)
    note = panel.text(value, -0.5, said, colour=PLUM, bold=True, align="center")

    def place(narrow: bool) -> None:
        """Centred on its line, within the figure."""
        half, at = width_of(said, bold=True) / 2, panel.pixel(value, 0)[0]
        over = at + half - panel.ax.figure.get_figwidth() * 72  # type: ignore[union-attr]
        note.xyann = (max(half - at, 0.0) - max(over, 0.0), 6)

    return place


def _one(panel: Panel, at: int, bar: Bar, low: float) -> Callable[[bool], None]:
    """One row drawn; returns how it is placed at a width."""
    mark = _mark(panel, at, bar)
    label = panel.text(low, at, bar.label, halo=bool(low))
    number = panel.text(bar.reach, at, bar.text, bold=True, key=bar.key)
    second = panel.text(bar.reach, at, bar.second, colour=GREY, key=bar.second_key)
    lines = [*_interval(panel, at, bar), *([mark] if isinstance(mark, Line2D) else [])]
    beside = 8 + width_of(bar.text, bold=True) + 9

    def place(narrow: bool) -> None:
        share = THICK[narrow] / PITCH[narrow]
        middle = at + (0.5 - share / 2 - 4 / PITCH[True] if narrow else 0)
        for note, right in ((number, 8 + 4 * bar.dot), (second, beside)):
            note.xy = (bar.reach, middle)
            note.xyann = (right, -5)
        if isinstance(mark, Rectangle):
            mark.set(y=middle - share / 2, height=share)
        for line in lines:
            line.set_ydata([middle] * len(line.get_xdata()))
        label.set_text(bar.label if narrow else wrapped(bar.label, 260))
        label.set(ha="left" if narrow else "right")
        label.xy = (low, middle)
        down = 9 * label.get_text().count("\n") - 5
        label.xyann = (0, THICK[True] / 2 + 7) if narrow else (-12, down)

    return place


def _mark(panel: Panel, at: int, bar: Bar) -> Rectangle | Line2D | None:
    """The bar, or the dot; none for a hidden number, nor for a bar of 0."""
    if bar.value != bar.value or not (bar.value or bar.dot):
        return None
    panel.values.append((bar.label, float(bar.value)))
    if bar.dot:
        dot = panel.ax.plot(
            [bar.start + bar.value], [at], ls="none", marker="o", ms=11, color=bar.colour
        )[0]
        return panel.add(dot, [bar.key])
    bars = panel.ax.barh(at, bar.value, left=bar.start, color=bar.colour, lw=0, zorder=2)
    return panel.add(bars.patches[0], [bar.key])


def _room_after(items: Sequence[Bar], panel: Panel, left: float) -> float:
    """The pixels right of the axes so that every number fits behind its bar, and no more."""
    first, last = panel.ax.get_xlim()
    whole = panel.ax.figure.get_figwidth() * 72 - left  # type: ignore[union-attr]
    room = 16.0
    for bar in items:
        needed = width_of(bar.text, bold=True) + 26 + width_of(bar.second)
        part = (bar.reach - first) / ((last - first) or 1)
        room = max(room, (needed - (1 - part) * whole) / part if part > 0 else 0)
    return min(room, whole * 0.6)


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
