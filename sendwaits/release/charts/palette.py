"""The colours of the charts and what each is for. Colour is never alone: shape, dash or words say it too."""

from __future__ import annotations

from typing import NamedTuple

from sendwaits.release.charts.face import RC

__all__ = ["SERIES", "Look", "contrast"]

NAVY, TEAL, VIOLET, ORANGE, GREY = (look["color"] for look in RC["axes.prop_cycle"])
"""The colours of series, from style.mplstyle."""
INK, GRID, RULE = "#0b0c0c", "#d9dcde", "#b1b4b6"
TEAL_TEXT, PLUM = "#19695f", "#801650"
"""Plum: a target, or over the Board's line. Orange: worse (growing, subtracts)."""
MUTED, POINT, SOFT = "#6b8fae", "#6f777b", "#e7ecf4"
"""Bars that the title does not name; usual points of a control chart; the area under a list."""
LIMITS, LIMIT_EDGE = "#eef0f2", "#7d858a"
"""The band of usual variation and its edge, which carries the contrast."""
BAND80, BAND50, BLUE = "#d3e2f0", "#a3c3e0", "#2073BC"
"""The fan: 8 in 10 futures, 5 in 10, and the edge lines that carry the contrast."""


class Look(NamedTuple):
    """How one of several series is drawn: colour of the line and of its words, end mark, dashes."""

    stroke: str
    words: str
    marker: str
    dash: tuple[float, ...] = ()


SERIES = (
    Look(NAVY, NAVY, "o"),
    Look(TEAL, TEAL_TEXT, "s"),
    Look(VIOLET, VIOLET, "^", (6, 2)),
    Look(ORANGE, ORANGE, "D", (2, 2)),
    Look(GREY, GREY, "v", (8, 2, 2, 2)),
)
"""The house order of series in one panel; each differs in colour, end mark and (from the third) dashes."""


def contrast(one: str, other: str = "#ffffff") -> float:
    """The contrast ratio of two colours by WCAG 2.2, 1 to 21: 3 for shapes and 4.5 for words is enough."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = light(one), light(other)
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
