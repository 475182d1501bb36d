"""Keys for the marks of a chart that the caller drew herself, found again among the rows she drew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.category import UnitData
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D

from sendwaits.release.charts.panel import begin
from sendwaits.release.charts.rows import keys, places, tidy
from sendwaits.release.charts.svg import Chart, figure_of
from sendwaits.release.charts.values import bar_point, house, points, reader

__all__ = ["claim"]


def claim(chart: Chart, frame: pd.DataFrame) -> int:
    """How many marks of the caller's own (dots, bars, markers of lines) were given the key of the row they show.

    A mark belongs to the one row of ``frame`` with its value and, on a time axis, its date or, on an axis of names, its
    name. Where several rows fit, or none, the mark stays without a key.
    """
    rows = tidy(frame)
    rows = rows[rows["value"].notna()].reset_index(drop=True)
    rows = rows.assign(key=keys(rows), place=places(rows)) if len(rows) else rows
    found = 0
    for ax in figure_of(chart).axes:
        own, panel = house(ax), begin(ax)
        for artist, marks in _marks(ax):
            if artist in own:
                continue
            given = [_row(ax, rows, x, y) for x, y in marks]
            if given and all(given):
                panel.keyed[artist] = [key for key in given if key]
                found += len(given)
    return found


def _marks(ax: Axes) -> list[tuple[Artist, list[tuple[float, float]]]]:
    """Artists with a mark for each value, in the order in which they are drawn."""
    found: list[tuple[Artist, list[tuple[float, float]]]] = []
    for line in ax.lines:
        if isinstance(line, Line2D) and line.get_marker() not in ("None", "", " ", None):
            found.append((line, list(points(line, None))))
    found += [(c, list(points(c, None))) for c in ax.collections if isinstance(c, PathCollection)]
    for container in ax.containers:
        if isinstance(container, BarContainer):
            found += [(p, [bar_point(p, container)]) for p in container.patches]
    inside = ax.viewLim
    return [(a, m) for a, m in found if all(inside.contains(x, y) for x, y in m)]


def _row(ax: Axes, rows: pd.DataFrame, x: float, y: float) -> str:
    """The key of the only row that a mark can show."""
    for value, other, axis in ((y, x, ax.xaxis), (x, y, ax.yaxis)):
        fits = rows[np.isclose(rows["value"], value, rtol=0, atol=1e-9)]
        day, name = reader(axis)(other), _name(axis, other)
        if isinstance(day, pd.Timestamp):
            fits = fits[(fits["period_end"] == day) | np.isclose(fits["place"], other, atol=0.01)]
        elif name:
            own = fits["group"].map(lambda group: group.partition("=")[2])
            fits = fits[(fits["group"] == name) | (own == name) | (fits["wait"] == name)]
        if len(fits) == 1:
            return str(fits["key"].iloc[0])
    return ""


def _name(axis: Any, place: float) -> str:
    """The name that stands at a place of an axis of names."""
    if not isinstance(axis.units, UnitData):
        return ""
    return {at: name for name, at in axis.units._mapping.items()}.get(round(place), "")  # type: ignore[attr-defined]
