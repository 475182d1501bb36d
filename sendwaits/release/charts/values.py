"""What a chart shows, read back from its artists: for a door that lets nothing through but released numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.dates import num2date
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon, Rectangle, Wedge

from sendwaits.errors import Refused
from sendwaits.release.charts.panel import Panel, panels
from sendwaits.release.charts.svg import Chart, figure_of

__all__ = ["keyed", "summaries", "texts", "values"]

Point = tuple[Any, float]


def values(chart: Chart) -> list[Point]:
    """Every data value that a chart shows as (x, y): points of lines, dots, bars, whiskers and outliers of boxes.

    x is a Timestamp on a time axis, the row's label in a house bar chart, otherwise a number; a bar along x stands as
    (its length, its place), all else along x (boxes and dots beside names on the y axis) as (its place, its value). House charts give their rows' values (limits, targets and changes are not data; forecasts
    are their quantiles). What a box or a band of an estimate computes is in `summaries`. Raises `Refused` by name for a
    kind of drawing that cannot be read back.
    """
    figure = figure_of(chart)
    found: list[Point] = [point for panel in panels(figure) for point in panel.values]
    for ax in figure.axes:
        found += [point for point, computed in _read(ax) if not computed]
    return found


def summaries(chart: Chart) -> list[Point]:
    """What a chart computes of the values it was given, as (x, y): medians and quartiles of boxes, bands of estimates."""
    return [p for ax in figure_of(chart).axes for p, computed in _read(ax) if computed]


def keyed(chart: Chart) -> list[str]:
    """The data-key of every mark and number of the house on a chart, in the order of drawing."""
    return [k for panel in panels(figure_of(chart)) for keys in panel.keyed.values() for k in keys]


def texts(chart: Chart) -> list[str]:
    """The caller's own words on a chart: titles, axis labels, notes, legends; not the house's nor an axis' numbers."""
    figure = figure_of(chart)
    found = [t.get_text() for t in figure.texts]
    for ax in figure.axes:
        ours = house(ax)
        own = [t for t in ax.texts if t not in ours]
        labels = [ax.xaxis.label, ax.yaxis.label]
        heads = [ax.title, ax._left_title, ax._right_title]  # type: ignore[attr-defined]
        legend = ax.get_legend()
        found += [t.get_text() for t in (*heads, *labels, *own)]
        found += [t.get_text() for t in legend.get_texts()] if legend else []
    return [text for text in found if text]


def house(ax: Axes) -> set[Artist]:
    panel: Panel | None = getattr(ax, "sendwaits_panel", None)
    return panel.house if panel else set()


def _read(ax: Axes) -> Iterator[tuple[Point, bool]]:
    """((x, y), whether computed) of all that is not the house's."""
    own, boxes = house(ax), _parts(ax, "boxes", "medians", "means")
    boxes |= {patch for patch in ax.patches if isinstance(patch, PathPatch)}
    whiskers = _parts(ax, "whiskers")
    bars = {patch: c for c in ax.containers if isinstance(c, BarContainer) for patch in c.patches}
    along = _named(ax.yaxis) and not _named(ax.xaxis)
    place = reader(ax.xaxis)
    for artist in [*ax.lines, *ax.patches, *ax.collections, *ax.images, *ax.tables, *ax.artists]:
        if artist in own or not artist.get_visible():
            continue
        computed = artist in boxes or isinstance(artist, PolyCollection)
        read = points(artist, bars.get(artist))  # type: ignore[call-overload]
        if along and not isinstance(artist, Rectangle):
            read = [(y, x) for x, y in read]
        for i, (x, y) in enumerate(read):
            if not (np.isnan(x) and np.isnan(y)):
                yield (place(float(x)), float(y)), computed or (artist in whiskers and i == 0)


def _named(axis: Any) -> bool:
    """Whether names stand on the axis: then it holds places, not values."""
    return "Category" in type(axis.get_converter()).__name__


def reader(axis: Any) -> Any:
    """How a place on an axis reads: a day on a time axis, else the number."""
    converter = type(axis.get_converter()).__name__
    if "Date" not in converter and "Period" not in converter:
        return lambda x: x
    return lambda x: pd.Timestamp(num2date(x).replace(tzinfo=None)) if not np.isnan(x) else x


def _parts(ax: Axes, *names: str) -> set[Artist]:
    """Parts of the box plots: boxes, medians and the inner ends of whiskers are computed, all else is a value."""
    return {part for c in ax.containers for name in names for part in getattr(c, name, None) or ()}


def points(artist: Artist, bar: BarContainer | None) -> Iterable[tuple[float, float]]:
    if isinstance(artist, Line2D):
        return _line(artist)
    if isinstance(artist, Rectangle):
        return [bar_point(artist, bar)]
    if isinstance(artist, Wedge):
        return [(np.nan, (artist.theta2 - artist.theta1) / 360)]
    if isinstance(artist, PathPatch | Polygon):
        return _pairs(artist.get_path().vertices)
    if isinstance(artist, PathCollection):
        return _pairs(np.ma.getdata(artist.get_offsets()))
    if isinstance(artist, PolyCollection | LineCollection):
        return [pair for path in artist.get_paths() for pair in _pairs(path.vertices)]
    if isinstance(artist, QuadMesh | AxesImage):
        cells: Any = np.ma.masked_invalid(np.ma.asarray(artist.get_array(), float))
        return [(np.nan, float(v)) for v in cells.compressed()]
    raise Refused(
        f"A {type(artist).__name__} on the chart cannot be read back, so it cannot be checked: "
        "draw lines, bars, dots or boxes."
    )


def _pairs(vertices: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.asarray(vertices, float)]


def _line(line: Line2D) -> list[tuple[float, float]]:
    """The points of a line; of a line across the axes (axhline, axvline) only the side that is data."""
    across, up = line.get_transform().contains_branch_seperately(line.axes.transData)  # type: ignore[union-attr]
    xs, ys = np.asarray(line.get_xdata(False), float), np.asarray(line.get_ydata(False), float)
    pairs = zip(xs if across else xs * np.nan, ys if up else ys * np.nan, strict=True)
    if across and up:
        return [pair for pair in dict.fromkeys(pairs) if not np.isnan(pair).any()]
    return [next(iter(pairs))] if len(xs) else []


def bar_point(patch: Rectangle, container: BarContainer | None) -> tuple[float, float]:
    """(place, length) of a bar, (length, place) of one along x."""
    left, low, wide, tall = patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()
    if container is not None and getattr(container, "orientation", "") == "horizontal":
        return wide, low + tall / 2
    return left + wide / 2, tall
