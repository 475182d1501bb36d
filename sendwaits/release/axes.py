"""Two widths, axes from 0 and labels that keep apart: what the charts share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.cells import Number
from sendwaits.release.svg import GREY, GRID, RULE, Sheet, text_width

__all__ = ["WIDE", "NARROW", "Panel", "both", "ceiling", "tick", "apart", "month_ticks"]

WIDE, NARROW = 736, 343


def both(draw: Callable[[bool], Sheet], label: str) -> Markup:
    label = label.replace("\u00a0", " ")
    return Markup('<div class="wide">{}</div><div class="narrow" hidden="">{}</div>').format(
        draw(False).svg(label), draw(True).svg(label)
    )


def ceiling(values: Sequence[float], steps: int = 4) -> tuple[float, float]:
    """The top of an axis from 0 and its step: four or five gridlines at plain numbers."""
    top = max([v for v in values if not math.isnan(v)], default=1) or 1
    rough = top / steps
    scale = 10 ** math.floor(math.log10(rough))
    step = next(s * scale for s in (1, 2, 2.5, 5, 10) if s * scale >= rough * 0.999)
    if step < 1 and float(top).is_integer():
        step = 1.0
    return math.ceil(top / step - 1e-9) * step, step


def tick(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text + ("%" if unit == "percent" else "")


def apart(
    wanted: Sequence[float], gap: float = 17, low: float = 0, high: float = 1e9
) -> list[float]:
    """The label positions nearest to those wanted that stand at least ``gap`` apart."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [wanted[i] for i in order]
    for _ in range(50):
        for a in range(1, len(placed)):
            short = gap - (placed[a] - placed[a - 1])
            if short > 0:
                placed[a - 1] -= short / 2
                placed[a] += short / 2
        placed = [min(max(p, low), high) for p in placed]
    result = [0.0] * len(wanted)
    for place, i in zip(placed, order, strict=True):
        result[i] = place
    return result


class Panel:
    """A plot area with time along the bottom and a number from 0 up the side."""

    def __init__(
        self,
        sheet: Sheet,
        box: tuple[float, float, float, float],
        values: Sequence[float],
        unit: str,
        first: float,
        last: float,
    ) -> None:
        self.sheet, (self.left, self.top, self.right, self.bottom) = sheet, box
        self.high, self.step = ceiling(values)
        self.unit, self.first, self.last = unit, first, last

    def x(self, at: float) -> float:
        span = self.last - self.first or 1
        return self.left + (at - self.first) / span * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - min(value, self.high) / self.high * (self.bottom - self.top)

    def grid(self) -> None:
        value = 0.0
        while value <= self.high + self.step / 1000:
            y = self.y(value)
            self.sheet.line(self.left, y, self.right, y, stroke=RULE if value == 0 else GRID)
            self.sheet.text(self.left - 8, y + 5, tick(value, self.unit), fill=GREY, anchor="end")
            value += self.step

    def ticks(self, labels: Sequence[tuple[float, str]]) -> None:
        reach = -1e9
        kept: list[tuple[float, str, float]] = []
        for at, text in sorted(labels, key=lambda label: label[0], reverse=True):
            half = text_width(text) / 2
            x = min(max(self.x(at), half), self.sheet.width - half)
            if not kept or x + half + 10 < reach:
                kept.append((at, text, x))
                reach = x - half
        for at, text, x in kept:
            self.sheet.line(self.x(at), self.bottom, self.x(at), self.bottom + 4, stroke=GREY)
            self.sheet.text(x, self.bottom + 21, text, fill=GREY, anchor="middle")

    def points(self, numbers: Sequence[tuple[float, Number]]) -> list[tuple[float, float] | None]:
        return [(self.x(at), self.y(n.value)) if n.shown else None for at, n in numbers]


def month_ticks(ends: Sequence[str], narrow: bool) -> list[tuple[float, str]]:
    last = len(ends) - 1
    every = max(1, math.ceil(last / (2 if narrow else 4)))
    places = sorted({last, *(i for i in range(0, last, every) if last - i >= every / 2)})
    return [(float(i), words.short_month(ends[i])) for i in places]
