"""One set of axes in the house style: what it shows, whose keys its marks carry, and how it fits a width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.text import Annotation, Text

from sendwaits.release.charts.face import RC, shown_by_pyplot, wrapped
from sendwaits.release.charts.palette import INK

__all__ = [
    "NARROW",
    "WIDE",
    "Box",
    "Cell",
    "Panel",
    "begin",
    "fit",
    "fit_new",
    "new_figure",
    "panels",
    "stack",
]

WIDE, NARROW = 736, 343
"""The two widths of a chart on a page, in pixels; 1 px is 1 point of matplotlib."""
Box = tuple[float, float, float, float]


@dataclass
class Panel:
    """The axes of a chart with what its marks stand for. ``arrange``: called again for every width."""

    ax: Axes
    keyed: dict[Artist, list[str]] = field(default_factory=dict)
    values: list[tuple[Any, float]] = field(default_factory=list)
    house: set[Artist] = field(default_factory=set)
    halo: set[Artist] = field(default_factory=set)
    arrange: list[Callable[[bool], None]] = field(default_factory=list)
    ends: list[Any] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)
    partners: list[Panel] = field(default_factory=list)
    margins: Callable[[bool], Box] = lambda narrow: (52, 26, 60, 30)

    def add(self, artist: Artist, keys: Sequence[str] = ()) -> Any:
        """An artist of the house, with the keys of its marks in order (none: a line, a band, a word)."""
        self.house.add(artist)
        artist.set_clip_on(False)
        if keys:
            self.keyed[artist] = list(keys)
        return artist

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data stands, in pixels from the figure's left and bottom."""
        left, bottom = self.ax.transData.transform((x, y)) * 72 / self.ax.figure.dpi
        return float(left), float(bottom)

    def box(self) -> Box:
        """Left, bottom, right and top of the axes in pixels."""
        place = self.ax.get_window_extent()
        scale = 72 / self.ax.figure.dpi
        return place.x0 * scale, place.y0 * scale, place.x1 * scale, place.y1 * scale

    def text(
        self,
        x: Any,
        y: Any,
        text: str,
        *,
        move: tuple[float, float] = (0, 0),
        coords: Any = "data",
        colour: str = INK,
        bold: bool = False,
        align: str = "left",
        size: float = 14,
        key: str = "",
        halo: bool = False,
    ) -> Annotation:
        """Words at a point, moved by so many pixels; ``halo`` keeps lines behind from crossing them."""
        note = self.ax.annotate(
            text,
            (x, y),
            move,
            xycoords=coords,
            textcoords="offset points",
            color=colour,
            weight="bold" if bold else "normal",
            ha=align,
            va="baseline",
            size=size,
            zorder=6,
            annotation_clip=False,
        )
        if halo:
            self.halo.add(note)
        return self.add(note, [key] if key else ())


def new_figure() -> Figure:
    """A figure that the notebook (or window) shows by itself; in a batch one that nothing holds on to."""
    if not shown_by_pyplot():
        return Figure()
    import matplotlib.pyplot as plt

    return plt.figure()


def begin(ax: Axes | None, heights: tuple[float, float] = (290, 250), title: str = "") -> Panel:
    """The panel of ``ax``; without one a new figure, so many pixels high when wide and when narrow."""
    if ax is None:
        figure = new_figure()
        ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        stack(figure, lambda narrow: [Cell(ax, 0, heights[narrow])])
    panel = getattr(ax, "sendwaits_panel", None)
    if panel is None:
        panel = Panel(ax)
        ax.sendwaits_panel = panel  # type: ignore[attr-defined]
    if title:
        ax.set_title(title)
    return panel


class Cell(NamedTuple):
    """Where axes stand on a figure of ours, in pixels from its top, with the margins of their panel around them."""

    ax: Axes
    top: float
    height: float
    left: float = 0
    width: float = 0
    """0: the whole width."""


def stack(figure: Figure, cells: Callable[[bool], list[Cell]], width: float = 0) -> None:
    """The figure is ours: its axes stand in these cells when wide or narrow; ``width``: the same at every width."""
    figure.sendwaits_cells = cells  # type: ignore[attr-defined]
    figure.sendwaits_width = width  # type: ignore[attr-defined]


def panels(figure: Figure | SubFigure) -> list[Panel]:
    """The panels of the house on a figure."""
    found = [getattr(ax, "sendwaits_panel", None) for ax in figure.axes]
    return [panel for panel in found if panel is not None]


def fit(figure: Figure, width: float = WIDE) -> None:
    """The figure at so many pixels: size, margins, ticks and words. A figure of the caller's keeps its own margins."""
    narrow = width < 500
    cells = getattr(figure, "sendwaits_cells", None)
    if cells is not None:
        _place(figure, cells(narrow), getattr(figure, "sendwaits_width", 0) or width, narrow)
    for panel in panels(figure):
        for hook in panel.arrange:
            hook(narrow)


def _place(figure: Figure, cells: list[Cell], width: float, narrow: bool) -> None:
    titles = {cell.ax: _title(cell.ax, width) for cell in cells}
    figure.set_size_inches(width / 72, 1, forward=False)
    boxes = {ax: ax.sendwaits_panel.margins(narrow) for ax, *_ in cells}  # type: ignore[attr-defined]
    taller = {ax: max(0.0, box[1] - 72) for ax, box in boxes.items()}
    height = max(c.top + c.height for c in cells) + sum(titles.values()) + sum(taller.values())
    figure.set_size_inches(width / 72, height / 72, forward=False)
    above = 0.0
    for ax, start, tall, aside, across in cells:
        above += titles[ax] + taller[ax]
        tall += taller[ax]
        left, top, right, bottom = boxes[ax]
        inner = (across or width) - left - right, tall - top - bottom
        low = height - above - start - tall + taller[ax] + bottom
        box = ((aside + left) / width, low / height, inner[0] / width, inner[1] / height)
        ax.set_position(box)
        for title in _titles(ax):
            title.set_position((-(aside + left) / inner[0], 1 + (top - 4) / inner[1]))


def _titles(ax: Axes) -> list[Text]:
    each = (ax.title, ax._left_title, ax._right_title)  # type: ignore[attr-defined]
    return [t for t in each if t.get_text()]


def _title(ax: Axes, width: float) -> float:
    """The axes' title over the whole width; the pixels that it needs."""
    room = 0.0
    for title in _titles(ax):
        size = float(RC["axes.titlesize"])
        title.set_text(wrapped(title.get_text(), width, size, bold=True))
        title.set(ha="left", va="bottom", size=size, weight="bold", family=RC["font.family"])
        ax._autotitlepos = False  # type: ignore[attr-defined]
        room = max(room, 14 + 1.25 * size * (title.get_text().count("\n") + 1))
    return room


def fit_new(panel: Panel, given: Any) -> None:
    """A chart just drawn is arranged; in a figure of the caller's only its own words and ticks are."""
    if given is None:
        fit(panel.ax.figure)  # type: ignore[arg-type]
    else:
        for hook in panel.arrange:
            hook(panel.box()[2] - panel.box()[0] < 400)
