"""A small SVG sheet: text, lines and shapes with the key of the number that each draws. Text is always escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup, escape

__all__ = [
    "Sheet",
    "INK",
    "GREY",
    "GRID",
    "NAVY",
    "TEAL",
    "TEAL_TEXT",
    "PLUM",
    "ORANGE",
    "MUTED",
    "BAND80",
    "BAND50",
    "BLUE",
    "LIMITS",
    "RULE",
    "text_width",
]

INK, GREY, GRID, RULE = "#0b0c0c", "#505a5f", "#d9dcde", "#b1b4b6"
NAVY, TEAL, TEAL_TEXT, PLUM, ORANGE, MUTED = (
    "#12436D",
    "#28A197",
    "#19695f",
    "#801650",
    "#C24A0B",
    "#6b8fae",
)
BAND80, BAND50, BLUE, LIMITS = "#d3e2f0", "#a3c3e0", "#2073BC", "#eef0f2"

_WIDE, _NARROW = "mwMW@%", "iljtfrI.,:;'|!() "


def text_width(text: str, size: float = 14, bold: bool = False) -> float:
    """About how wide Arial sets the text, in pixels; a little generous, for keeping labels apart."""
    units = sum(
        0.9 if c in _WIDE else 0.33 if c in _NARROW else 0.72 if c.isupper() else 0.57 for c in text
    )
    return units * size * (1.06 if bold else 1.0)


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


class Sheet:
    """One drawing, ``width`` by ``height`` pixels; chart text is 14 px."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._items: list[str] = []

    def _add(self, tag: str, key: str = "", text: str | None = None, **attributes: object) -> None:
        parts = [
            f' {name.replace("_", "-")}="{escape(value)}"'
            for name, value in attributes.items()
            if value not in (None, "")
        ]
        if key:
            parts.append(f' data-key="{escape(key)}"')
        body = "/>" if text is None else f">{escape(text)}</{tag}>"
        self._items.append(f"<{tag}{''.join(parts)}{body}")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        fill: str = INK,
        bold: bool = False,
        anchor: str = "",
        size: float = 0,
        key: str = "",
        halo: bool = False,
    ) -> None:
        """Text with its baseline at ``y``; ``halo`` puts a white edge behind it."""
        edge: dict[str, Any] = (
            {
                "stroke": "#fff",
                "stroke_width": 4,
                "paint_order": "stroke",
                "stroke_linejoin": "round",
            }
            if halo
            else {}
        )
        self._add(
            "text",
            key,
            text,
            x=_n(x),
            y=_n(y),
            fill=None if fill == INK else fill,
            font_weight="700" if bold else None,
            text_anchor=anchor,
            font_size=_n(size) if size else None,
            **edge,
        )

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        stroke: str = GRID,
        width: float = 1,
        dash: str = "",
        key: str = "",
    ) -> None:
        self._add(
            "line",
            key,
            x1=_n(x1),
            y1=_n(y1),
            x2=_n(x2),
            y2=_n(y2),
            stroke=stroke,
            stroke_width=width,
            stroke_dasharray=dash,
        )

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, key: str = ""
    ) -> None:
        self._add(
            "rect",
            key,
            x=_n(x),
            y=_n(y),
            width=_n(max(width, 0)),
            height=_n(max(height, 0)),
            fill=fill,
        )

    def path(
        self,
        points: Sequence[tuple[float, float] | None],
        *,
        stroke: str = NAVY,
        width: float = 2,
        dash: str = "",
    ) -> None:
        """A line through the points; None lifts the pen."""
        down, steps = False, []
        for point in points:
            if point is not None:
                steps.append(f"{'L' if down else 'M'}{_n(point[0])} {_n(point[1])}")
            down = point is not None
        if steps:
            self._add(
                "path",
                d="".join(steps),
                fill="none",
                stroke=stroke,
                stroke_width=width,
                stroke_dasharray=dash,
                stroke_linejoin="round",
            )

    def area(
        self, upper: Iterable[tuple[float, float]], lower: Iterable[tuple[float, float]], fill: str
    ) -> None:
        outline = [*upper, *reversed(list(lower))]
        if len(outline) > 2:
            self._add(
                "path", d="M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in outline) + "Z", fill=fill
            )

    def mark(
        self,
        shape: str,
        x: float,
        y: float,
        fill: str,
        size: float = 5,
        key: str = "",
        edge: str = "",
    ) -> None:
        """circle, square, diamond, up (triangle) or down, centred on the point."""
        stroke: dict[str, Any] = {"stroke": edge, "stroke_width": 1.5} if edge else {}
        if shape == "circle":
            self._add("circle", key, cx=_n(x), cy=_n(y), r=_n(size), fill=fill, **stroke)
        elif shape == "square":
            self._add(
                "rect",
                key,
                x=_n(x - size),
                y=_n(y - size),
                width=_n(2 * size),
                height=_n(2 * size),
                fill=fill,
                **stroke,
            )
        else:
            corners = {
                "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
                "up": ((0, -1.1), (1.2, 0.95), (-1.2, 0.95)),
                "down": ((0, 1.1), (1.2, -0.95), (-1.2, -0.95)),
            }[shape]
            d = "M" + "L".join(f"{_n(x + a * size)} {_n(y + b * size)}" for a, b in corners) + "Z"
            self._add("path", key, d=d, fill=fill, **stroke)

    def svg(self, label: str) -> Markup:
        """The drawing as one element; ``label`` is what a screen reader says. Without one it is decoration."""
        role = (
            f'role="img" aria-label="{escape(label)}"'
            if label
            else 'aria-hidden="true" focusable="false"'
        )
        return Markup(
            f'<svg xmlns="http://www.w3.org/2000/svg" {role} width="{_n(self.width)}" height="{_n(self.height)}" '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" font-family="Arial, Helvetica, sans-serif" font-size="14" '
            f'fill="{INK}">{"".join(self._items)}</svg>'
        )
