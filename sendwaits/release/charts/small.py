"""Many series side by side, on one scale and one time axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import axis, dated, words
from sendwaits.release.charts import labels as labels_
from sendwaits.release.charts.face import styled, width_of
from sendwaits.release.charts.palette import GREY, MUTED, NAVY
from sendwaits.release.charts.panel import NARROW, WIDE, Cell, Panel, begin, fit, new_figure, stack
from sendwaits.release.charts.rows import Labels, Series, series

__all__ = ["small"]

TALL, GAP = 150, 14


@styled
def small(
    frame: pd.DataFrame,
    *,
    title: str = "",
    labels: Labels = None,
    highlight: str = "",
    change_points: dated.Changes | None = None,
) -> np.ndarray:
    """Small multiples: a panel for each series, all from 0 on one scale and one time axis; an array of Axes.

    The name and the last value stand above each line; ``highlight``: the name of the panel in navy (none: all are).
    Four panels stand side by side (three where a name is long), on a narrow page two. Raises `Refused` for series of different units.
    """
    lines = series(frame, labels)
    if len({one.unit for one in lines}) > 1:
        raise Refused("small draws series of one unit on one scale: select a measure.")
    figure = new_figure()
    axes = [figure.add_axes((0, i / len(lines), 1, 0.5 / len(lines))) for i in range(len(lines))]

    def across(narrow: bool) -> int:
        return min(len(lines), 2 if narrow else 4 if _fit(lines, 166) else 3)

    stack(figure, lambda narrow: _grid(axes, across(narrow), NARROW if narrow else WIDE))
    values = [float(v) for one in lines for v in one.y]
    ends = min(float(one.x[0]) for one in lines), max(float(one.x[-1]) for one in lines)
    for i, (ax, one) in enumerate(zip(axes, lines, strict=True)):
        panel = begin(ax)
        axis.upright(panel, values, one.unit)
        _few_ticks(panel)
        axis.time_axis(panel, _first_and_last(one), ends=ends)
        dated.changes(panel, change_points, named=False)
        _cell(panel, lambda narrow, i=i: i % across(narrow) == 0)  # type: ignore[misc]
        _line(panel, one, NAVY if highlight in ("", one.name) else MUTED)
    if title:
        axes[0].set_title(title)
    fit(figure)
    return np.array(axes, dtype=object)


def _fit(lines: list[Series], room: float) -> bool:
    """Whether every name has room beside its value."""
    return all(width_of(s.name) + 8 + width_of(s.last, bold=True) <= room for s in lines)


def _grid(axes: list[Axes], across: int, whole: float) -> list[Cell]:
    """Equal plots: the first of a row has room for the numbers of its gridlines."""
    plot = (whole - 38) / across
    return [
        Cell(
            ax,
            (i // across) * (TALL + GAP),
            TALL,
            0 if i % across == 0 else 38 + (i % across) * plot,
            plot + 38 * (i % across == 0),
        )
        for i, ax in enumerate(axes)
    ]


def _few_ticks(panel: Panel) -> None:
    """Three gridlines: 0, the middle and the top."""
    ticks = panel.ax.get_yticks()
    names = [t.get_text() for t in panel.ax.get_yticklabels()]
    every = 2 if len(ticks) in (5, 7) else max(1, len(ticks) - 1)
    panel.ax.set_yticks(ticks[::every], names[::every])


def _first_and_last(one: Series) -> list[tuple[float, str]]:
    ends = [0, len(one.x) - 1] if len(one.x) > 1 else [0]
    rows = [one.rows.iloc[i] for i in ends]
    names = [words.period(r["period_start"], r["period_end"]) for r in rows]
    return [(float(one.x[i]), name) for i, name in zip(ends, names, strict=True)]


def _cell(panel: Panel, first: Callable[[bool], bool]) -> None:
    """Numbers of gridlines stand at the first panel of a row only; the names of periods within each panel."""

    def arrange(narrow: bool) -> None:
        panel.ax.tick_params(axis="y", labelleft=first(narrow))
        named = panel.ax.get_xticklabels()
        for label, side in zip(named, ("left", "right") if len(named) > 1 else ("center",)):
            label.set(ha=side)
        left, _, right, _ = panel.box()
        fits = sum(width_of(t.get_text()) for t in named) + 12 <= right - left
        named[0].set_visible(fits or len(named) == 1)

    panel.margins = lambda narrow: (44 if first(narrow) else 6, 30, 8, 28)
    panel.arrange.append(arrange)


def _line(panel: Panel, one: Series, colour: str) -> None:
    x, y = one.with_gaps()
    panel.add(panel.ax.plot(x, y, color=colour, lw=1.75, zorder=3)[0])
    final = np.arange(len(one.y)) == len(one.y) - 1
    labels_.dots(panel, one, one.shown & ~final, marker="o", size=2, colour=colour)
    labels_.dots(panel, one, one.shown & final, marker="o", size=6, colour=colour)
    labels_.suppressed(panel, one)
    name = panel.text(
        0,
        1,
        one.name,
        coords="axes fraction",
        move=(0, 12),
        colour=colour if colour == NAVY else GREY,
    )
    value = panel.text(
        1,
        1,
        one.last,
        coords="axes fraction",
        move=(0, 12),
        bold=True,
        align="right",
        colour=NAVY if colour == NAVY else GREY,
        key=one.keys[-1],
    )

    def arrange(narrow: bool) -> None:
        left, _, right, _ = panel.box()
        room = right - left - width_of(one.last, bold=True) - 8
        name.set_text(shortened(one.name, room))
        value.set_text(one.last)

    panel.arrange.append(arrange)


def shortened(text: str, room: float) -> str:
    """The text, cut with an ellipsis where it is wider than so many pixels."""
    if width_of(text) <= room:
        return text
    while text and width_of(text + "\u2026") > room:
        text = text[:-1].rstrip()
    return text + "\u2026"
