"""A chart as inline SVG at a page's two widths, and as PNG: the same bytes on every run and machine."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sendwaits.errors import Refused
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.foreign import refit
from sendwaits.release.charts.markup import Marks, clean
from sendwaits.release.charts.panel import NARROW, WIDE, fit, panels

__all__ = ["Chart", "figure_of", "png", "svg"]

Chart = Axes | Figure | Iterable[Axes]
_BARE = {"Date": None, "Creator": None, "Format": None, "Type": None}


def figure_of(chart: Chart) -> Figure:
    """The figure of an Axes, of an array of Axes, of a seaborn grid, or itself."""
    if isinstance(chart, Figure):
        return chart
    if isinstance(figure := getattr(chart, "figure", None), Figure):
        return figure
    first = next(iter(getattr(chart, "flat", chart)), None) if isinstance(chart, Iterable) else None
    if isinstance(first, Axes):
        return figure_of(first)
    raise Refused("A chart is a matplotlib Axes or Figure: give what a chart function returns.")


@styled
def svg(chart: Chart, width: Literal["wide", "narrow"] | int = "wide", alt: str = "") -> str:
    """The chart as one ``svg`` element, 736 (wide) or 343 (narrow) pixels across, or so many.

    Text stays text (14 px, Arial), every mark of the house carries the ``data-key`` of its row, axes are hidden from
    screen readers, ``alt`` is what they say instead; without it the drawing is decoration. A figure of the caller's
    own is drawn at the same widths. The figure itself is left as it was.
    """
    figure = figure_of(chart)
    pixels = {"wide": WIDE, "narrow": NARROW}[width] if isinstance(width, str) else int(width)
    out = io.BytesIO()
    marks: dict[str, Marks] = {}
    with _fitted(figure, pixels), _bare(figure), _named(figure, marks):
        figure.savefig(out, format="svg", dpi=72, metadata=_BARE)
    prefix = hashlib.sha256(out.getvalue() + alt.encode()).hexdigest()[:8]
    return clean(out.getvalue(), marks, alt, prefix)


@styled
def png(chart: Chart, dpi: float = 150) -> bytes:
    """The chart as PNG at its wide size, for a document; at 144 dots per inch twice the pixels of the page."""
    figure, out = figure_of(chart), io.BytesIO()
    with _fitted(figure, WIDE):
        figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


@contextmanager
def _fitted(figure: Figure, pixels: int) -> Iterator[None]:
    """The figure at a width, and back at its own afterwards."""
    if getattr(figure, "sendwaits_cells", None) is None:
        with refit(figure, pixels):
            yield
        return
    fit(figure, pixels)
    yield
    if pixels != WIDE:
        fit(figure, WIDE)


@contextmanager
def _bare(figure: Figure) -> Iterator[None]:
    """Without the white sheets behind figure and axes: the page's own paper shows."""
    sheets = [figure.patch, *(ax.patch for ax in figure.axes)]
    white = [p for p in sheets if p.get_visible() and p.get_facecolor() == (1, 1, 1, 1)]
    for sheet in white:
        sheet.set_visible(False)
    yield
    for sheet in white:
        sheet.set_visible(True)


@contextmanager
def _named(figure: Figure, marks: dict[str, Marks]) -> Iterator[None]:
    """While drawing, every keyed artist has an id of ours, by which its keys are found again."""
    before: list[tuple[Artist, Any]] = []
    for panel in panels(figure):
        for artist in [*panel.keyed, *(panel.halo - panel.keyed.keys())]:
            name = f"sw{len(marks)}"
            marks[name] = Marks(panel.keyed.get(artist, []), artist in panel.halo)
            before.append((artist, artist.get_gid()))
            artist.set_gid(name)
    yield
    for artist, gid in before:
        artist.set_gid(gid)
