"""Small shapes beside words: the trend, the rating, and the sparkline of the index."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sendwaits.release.cells import Number
from sendwaits.release.svg import GREY, NAVY, ORANGE, Sheet

__all__ = ["trend_mark", "rating_mark", "sparkline"]


def trend_mark(direction: str, better: str = "decrease", size: float = 16) -> Markup:
    """The plain shape of a trend: triangle up or down, circle for no clear change. Orange where it is worse."""
    sheet = Sheet(size, size)
    worse = {"decrease": "up", "increase": "down"}.get(better)
    shape = {"up": "up", "down": "down"}.get(direction, "circle")
    fill = "#6f777b" if shape == "circle" else ORANGE if direction == worse else NAVY
    sheet.mark(shape, size / 2, size / 2, fill, size * 0.36)
    return sheet.svg("")


_RATING = {
    "Red": ("square", "#b10e1e", "R"),
    "Amber": ("diamond", "#b25c00", "A"),
    "Green": ("circle", "#1e7b45", "G"),
}


def rating_mark(rating: str, size: float = 20) -> Markup:
    """The shape of a rating with its white letter; an open ring when not rated."""
    sheet, middle = Sheet(size, size), size / 2
    if rating not in _RATING:
        sheet.mark("circle", middle, middle, "#fff", middle - 2, edge=GREY)
        return sheet.svg("")
    shape, fill, letter = _RATING[rating]
    sheet.mark(shape, middle, middle, fill, {"square": 9, "diamond": 7.6, "circle": 9.5}[shape])
    sheet.text(middle, middle + 4, letter, fill="#fff", bold=True, anchor="middle", size=11.5)
    return sheet.svg("")


def sparkline(
    numbers: Sequence[Number], mean: float, direction: str, better: str = "decrease"
) -> Markup:
    """156 x 44: the line, its dashed average, and the trend's shape at the end. Decoration beside the printed number."""
    sheet, shown_values = Sheet(156, 44), [n.value for n in numbers if n.shown]
    if len(shown_values) < 2:
        return Markup("")
    low, high = min([*shown_values, mean]), max([*shown_values, mean])
    span = (high - low) or 1.0
    place = [
        (2 + i * 142 / (len(numbers) - 1), 36 - (n.value - low) / span * 28) if n.shown else None
        for i, n in enumerate(numbers)
    ]
    y = 36 - (mean - low) / span * 28
    sheet.line(2, y, 146, y, stroke="#8a9296", dash="3 3")
    sheet.path(place, stroke="#505a5f", width=1.75)
    for number, spot in zip(numbers, place, strict=True):
        if spot is not None and number is not numbers[-1]:
            sheet.mark("circle", *spot, "#505a5f", 0.9, key=number.key)
    if place[-1] is not None:
        shape = {"up": "up", "down": "down"}.get(direction, "circle")
        worse = {"decrease": "up", "increase": "down"}.get(better)
        fill = "#6f777b" if shape == "circle" else ORANGE if direction == worse else NAVY
        sheet.mark(shape, *place[-1], fill, 5, key=numbers[-1].key, edge="#fff")
    return sheet.svg("")
