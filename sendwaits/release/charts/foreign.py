"""A figure of the caller's own at the widths of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import ScalarFormatter

from sendwaits.release.charts.face import width_of
from sendwaits.release.charts.panel import WIDE, fit

__all__ = ["refit"]


@contextmanager
def refit(figure: Figure, pixels: int) -> Iterator[None]:
    """The figure at so many pixels with its labels inside, and back at its own size afterwards.

    It keeps its shape between 1:1 and 3:1 and is never lower than 260 px. Where names on the x axis would touch, some
    numbers or dates are left out, and categories are turned upright.
    """
    wide, tall = figure.get_size_inches()
    engine, margins = figure.get_layout_engine(), _margins(figure)
    height = max(pixels * min(max(tall / wide, 1 / 3), 1.0), 290 if pixels >= WIDE else 260)
    free = engine is None or isinstance(engine, PlaceHolderLayoutEngine)

    def size(height: float) -> None:
        figure.set_size_inches(pixels / 72, height / 72, forward=False)
        if free:
            figure.tight_layout(pad=0.4)

    size(height)
    changed = [text for ax in figure.axes for text in _crowded(ax, pixels)]
    turned = [width_of(t.get_text(), float(t.get_fontsize())) for t in changed if t.get_rotation()]
    if turned:
        size(height + max(turned) - 14)
    fit(figure, pixels)
    yield
    for text in changed:
        text.set(visible=True, rotation=0)
    figure.set_size_inches(wide, tall, forward=False)
    figure.set_layout_engine(engine)
    figure.subplots_adjust(**margins)
    fit(figure, WIDE)


def _margins(figure: Figure) -> dict[str, float]:
    sides = ("left", "right", "bottom", "top", "wspace", "hspace")
    return {side: getattr(figure.subplotpars, side) for side in sides}


def _crowded(ax: Axes, pixels: int) -> list[Text]:
    """The names on the x axis that were changed because they would touch: turned, or left out."""
    low, high = sorted(ax.get_xlim())
    named = list(zip(ax.get_xticks(), ax.get_xticklabels(), strict=False))
    shown = [(x, t) for x, t in named if t.get_text() and low <= x <= high and not t.get_rotation()]
    room = ax.get_position().width * pixels / ((high - low) or 1)
    widest = max((width_of(t.get_text(), float(t.get_fontsize())) for _, t in shown), default=0)
    gaps = [abs(b[0] - a[0]) * room for a, b in zip(shown, shown[1:])]
    if not gaps or widest + 8 <= min(gaps):
        return []
    dates = "Date" in type(ax.xaxis.get_major_formatter()).__name__
    if not dates and not isinstance(ax.xaxis.get_major_formatter(), ScalarFormatter):
        for _, text in shown:
            text.set_rotation(90)
        return [text for _, text in shown]
    every = int((widest + 8) // min(gaps)) + 1
    hidden = [text for i, (_, text) in enumerate(reversed(shown)) if i % every]
    for text in hidden:
        text.set_visible(False)
    return hidden
