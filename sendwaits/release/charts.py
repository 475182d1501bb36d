"""Charts as inline SVG, drawn from released numbers only: a hidden number has no mark, every mark carries its key.

Each chart is drawn twice, 736 and 343 pixels wide, so that its text is 14 px on a screen and on a phone; the page shows one.
Written without a plotting library: a chart costs under a millisecond, matplotlib's import alone 700 (see DECISIONS).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.cells import Number
from sendwaits.release.svg import (
    BAND50, BAND80, BLUE, GREY, GRID, INK, LIMITS, MUTED, NAVY, ORANGE, PLUM, RULE, TEAL, TEAL_TEXT, Sheet, text_width,
)

__all__ = ["Bar", "Line", "FanStep", "bars", "flow", "lines", "control", "fan", "sparkline", "dumbbells", "intervals",
           "trend_mark", "rating_mark"]

WIDE, NARROW = 736, 343


def _both(draw: Callable[[bool], Sheet], label: str) -> Markup:
    label = label.replace("\u00a0", " ")
    return Markup('<div class="wide">{}</div><div class="narrow" hidden="">{}</div>').format(draw(False).svg(label), draw(True).svg(label))


def _ceiling(values: Sequence[float], steps: int = 4) -> tuple[float, float]:
    """The top of an axis from 0 and its step: four or five gridlines at plain numbers."""
    top = max([v for v in values if not math.isnan(v)], default=1) or 1
    rough = top / steps
    scale = 10 ** math.floor(math.log10(rough))
    step = next(s * scale for s in (1, 2, 2.5, 5, 10) if s * scale >= rough * 0.999)
    if step < 1 and float(top).is_integer():
        step = 1.0
    return math.ceil(top / step - 1e-9) * step, step


def _tick(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text + ("%" if unit == "percent" else "")


def _apart(wanted: Sequence[float], gap: float = 17, low: float = 0, high: float = 1e9) -> list[float]:
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


class _Panel:
    """A plot area with time along the bottom and a number from 0 up the side."""

    def __init__(self, sheet: Sheet, box: tuple[float, float, float, float], values: Sequence[float], unit: str, first: float, last: float) -> None:
        self.sheet, (self.left, self.top, self.right, self.bottom) = sheet, box
        self.high, self.step = _ceiling(values)
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
            self.sheet.text(self.left - 8, y + 5, _tick(value, self.unit), fill=GREY, anchor="end")
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


def _month_ticks(ends: Sequence[str], narrow: bool) -> list[tuple[float, str]]:
    last = len(ends) - 1
    every = max(1, math.ceil(last / (2 if narrow else 4)))
    places = sorted({last, *(i for i in range(0, last, every) if last - i >= every / 2)})
    return [(float(i), words.short_month(ends[i])) for i in places]


# Shapes beside words --------------------------------------------------------------------------------------------------

def trend_mark(direction: str, better: str = "decrease", size: float = 16) -> Markup:
    """The plain shape of a trend: triangle up or down, circle for no clear change. Orange where it is worse."""
    sheet = Sheet(size, size)
    worse = {"decrease": "up", "increase": "down"}.get(better)
    shape = {"up": "up", "down": "down"}.get(direction, "circle")
    fill = "#6f777b" if shape == "circle" else ORANGE if direction == worse else NAVY
    sheet.mark(shape, size / 2, size / 2, fill, size * 0.36)
    return sheet.svg("")


_RATING = {"Red": ("square", "#b10e1e", "R"), "Amber": ("diamond", "#b25c00", "A"), "Green": ("circle", "#1e7b45", "G")}


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


def sparkline(numbers: Sequence[Number], mean: float, direction: str, better: str = "decrease") -> Markup:
    """156 x 44: the line, its dashed average, and the trend's shape at the end. Decoration beside the printed number."""
    sheet, shown_values = Sheet(156, 44), [n.value for n in numbers if n.shown]
    if len(shown_values) < 2:
        return Markup("")
    low, high = min([*shown_values, mean]), max([*shown_values, mean])
    span = (high - low) or 1.0
    place = [(2 + i * 142 / (len(numbers) - 1), 36 - (n.value - low) / span * 28) if n.shown else None for i, n in enumerate(numbers)]
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


# Bars -----------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Bar:
    """One bar: its label, its number and the share printed after it. ``role``: plain, focus (the title's bar) or over (past the line)."""

    label: str
    number: Number
    share: Number | None = None
    role: str = "plain"


def bars(rows: Sequence[Bar], label: str) -> Markup:
    """Horizontal bars, count in bold and share in grey at the end. 0 and [c] are printed and have no bar."""
    most = max([r.number.value for r in rows if r.number.shown], default=1) or 1

    def draw(narrow: bool) -> Sheet:
        pitch = 54 if narrow else 38
        sheet = Sheet(NARROW if narrow else WIDE, pitch * len(rows) + 8)
        left = 1 if narrow else 24 + max((text_width(r.label) for r in rows), default=60)
        room = sheet.width - left - (112 if not narrow else 108)
        if not narrow:
            sheet.line(left, 0, left, sheet.height - 4, stroke=GREY)
        for i, row in enumerate(rows):
            top = i * pitch + (24 if narrow else 6)
            height = 22 if narrow else 26
            if narrow:
                sheet.text(0, top - 7, row.label)
            else:
                sheet.text(left - 12, top + 18, row.label, anchor="end")
            length = row.number.value / most * room if row.number.shown else 0
            if length:
                sheet.rect(left, top, max(length, 1.5), height, {"focus": NAVY, "over": PLUM}.get(row.role, MUTED), key=row.number.key)
            x = left + length + 8
            sheet.text(x, top + height - 7, row.number.bare, bold=True, key=row.number.key)
            if row.share is not None and row.share.shown and row.number.value:
                sheet.text(x + text_width(row.number.bare, bold=True) + 9, top + height - 7, str(row.share), fill=GREY, key=row.share.key)
        return sheet

    return _both(draw, label)


# Lines over months ----------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Line:
    """One line: its name (stands at its end with the last value), its numbers, and the colours of line and words."""

    name: str
    numbers: Sequence[Number]
    stroke: str = NAVY
    fill: str = NAVY
    shape: str = "circle"


SECOND = (TEAL, TEAL_TEXT, "square")


def _draw_lines(panel: _Panel, ends: Sequence[str], lines_: Sequence[Line], shade: bool, narrow: bool) -> None:
    last_places, last_lines = [], []
    for line in lines_:
        numbers = list(enumerate(line.numbers))
        points = panel.points([(float(i), n) for i, n in numbers])
        solid = [p for p in points if p is not None]
        if shade and len(solid) == len(points):
            panel.sheet.area(solid, [(solid[0][0], panel.bottom), (solid[-1][0], panel.bottom)], "#e7ecf4")
        panel.sheet.path(points, stroke=line.stroke, width=2.25)
        for (i, n), point in zip(numbers, points, strict=True):
            if point is not None:
                end = i == len(line.numbers) - 1
                panel.sheet.mark(line.shape if end else "circle", *point, line.stroke, 4 if end else 1.6, key=n.key)
        if solid:
            last_places.append(solid[-1][1] + 5)
            last_lines.append((line, line.numbers[-1]))
    for y, (line, number) in zip(_apart(last_places, low=panel.top + 4, high=panel.bottom), last_lines, strict=True):
        panel.sheet.text(panel.right + 9, y, _end_label(line, number, narrow and len(lines_) == 1), fill=line.fill, bold=True, key=number.key)


def _end_label(line: Line, number: Number, short: bool) -> str:
    return f"{number}" if short else f"{line.name} {number}"


def _label_room(lines_: Sequence[Line], narrow: bool) -> float:
    texts = [_end_label(line, n, narrow and len(lines_) == 1) for line in lines_ for n in list(line.numbers)[-1:]]
    return 16 + max((text_width(t, bold=True) for t in texts), default=40)


def lines(ends: Sequence[str], lines_: Sequence[Line], label: str, *, unit: str = "count", changes: Sequence[tuple[date, str]] = (),
          ticks: Sequence[str] | None = None) -> Markup:
    """One panel of lines over months, names and last values at their ends. ``ticks``: own labels, one per point."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 250 if narrow else 290)
        values = [n.value for line in lines_ for n in line.numbers if n.shown]
        panel = _Panel(sheet, (52, 26, sheet.width - _label_room(lines_, narrow), sheet.height - 30), values, unit, 0, len(ends) - 1)
        panel.grid()
        _changes(panel, ends, changes, narrow)
        if ticks is None:
            panel.ticks(_month_ticks(ends, narrow))
        else:
            panel.ticks([(float(i), t) for i, t in enumerate(ticks) if not narrow or i % 3 == 0])
        _draw_lines(panel, ends, lines_, False, narrow)
        return sheet

    return _both(draw, label)


def flow(ends: Sequence[str], joined: Line, left: Line, waiting: Line, label: str, changes: Sequence[tuple[date, str]] = ()) -> Markup:
    """In and out above, the list below, on one time axis: two panels, never two scales in one."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 430 if narrow else 470)
        room = max(_label_room([joined, left], narrow), _label_room([waiting], narrow))
        right = sheet.width - room
        sheet.text(0, 14, "Children a month", bold=True)
        top = _Panel(sheet, (52, 34, right, 194 if narrow else 214), [n.value for line in (joined, left) for n in line.numbers if n.shown],
                     "count", 0, len(ends) - 1)
        top.grid()
        y = top.bottom + 48
        sheet.text(0, y, "Children on the list at month end", bold=True)
        low = _Panel(sheet, (52, y + 20, right, sheet.height - 30), [n.value for n in waiting.numbers if n.shown], "count", 0, len(ends) - 1)
        low.grid()
        _changes(top, ends, changes, narrow)
        _changes(low, ends, changes, narrow, name=False)
        low.ticks(_month_ticks(ends, narrow))
        _draw_lines(top, ends, [joined, left], False, narrow)
        _draw_lines(low, ends, [waiting], True, narrow)
        return sheet

    return _both(draw, label)


def _place(ends: Sequence[str], when: date) -> float | None:
    """The boundary before the first month that ends on or after a date (place 0 is the first month); None outside the months."""
    later = [i for i, end in enumerate(ends) if end >= when.isoformat()]
    return later[0] - 0.5 if later and later[0] > 0 else None


def _changes(panel: _Panel, ends: Sequence[str], changes: Sequence[tuple[date, str]], narrow: bool, name: bool = True) -> None:
    for when, text in changes:
        at = _place(ends, when)
        if at is None:
            continue
        x = panel.x(at)
        panel.sheet.line(x, panel.top - 6, x, panel.bottom, stroke=INK, dash="2 3")
        if name:
            full = f"{words.short_month(when)}: {text}" if text and not narrow else words.short_month(when)
            fits = x + 6 + text_width(full, bold=True) < panel.sheet.width
            panel.sheet.text(x + 6 if fits else x - 6, panel.top - 10, full, bold=True, anchor="" if fits else "end")


# Control chart --------------------------------------------------------------------------------------------------------

def control(ends: Sequence[str], reading: words.Signal, label: str, *, unit: str = "count", better: str = "neutral",
            changes: Sequence[tuple[date, str]] = (), target: tuple[float, str] | None = None) -> Markup:
    """An XmR chart: grey band = usual variation, line = average, grey dots = usual, diamonds = special cause."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 270 if narrow else 310)
        points = reading.points
        values = [v for p in points for v in (p.number.value, p.upper.value) if not math.isnan(v)] + ([target[0]] if target else [])
        last = points[-1]
        before = points[reading.segments[-2][0]].mean if len(reading.segments) > 1 else None
        labels = _control_labels(last, before, narrow)
        room = 16 + max((text_width(t, bold=b) for t, b, *_ in labels), default=0)
        panel = _Panel(sheet, (52, 30, sheet.width - room, sheet.height - 30), values, unit, -0.5, len(ends) - 0.5)
        for a, b in reading.segments:
            _control_band(panel, points[a], a, b)
        panel.grid()
        for a, b in reading.segments:
            _control_mean(panel, points[a].mean, a, b, len(points) - 1)
        _changes(panel, ends, changes, narrow)
        if target:
            y = panel.y(target[0])
            sheet.line(panel.left, y, panel.right, y, stroke=PLUM, width=1.5, dash="6 4")
            sheet.text(panel.left + 4, y - 7, target[1], fill=PLUM, bold=True, halo=True)
        panel.ticks(_month_ticks(ends, narrow))
        sheet.path(panel.points([(float(i), p.number) for i, p in enumerate(points)]), stroke="#8a9296", width=1.25)
        for i, p in enumerate(points):
            if p.number.shown:
                x, y = panel.x(i), panel.y(p.number.value)
                if p.special:
                    worse = {"decrease": ("Above", "Increasing"), "increase": ("Below", "Decreasing")}.get(better, ())
                    sheet.mark("diamond", x, y, ORANGE if any(w in p.special for w in worse) else NAVY, 5, key=p.number.key)
                else:
                    sheet.mark("circle", x, y, "#6f777b", 4, key=p.number.key)
        wanted = [panel.y(n.value) + 5 for *_, n in labels]
        for y, (text, bold, fill, number) in zip(_apart(wanted, low=panel.top, high=panel.bottom + 5), labels, strict=True):
            sheet.text(panel.right + 9, y, text, bold=bold, fill=fill, key=number.key)
        return sheet

    return _both(draw, label)


def _control_labels(last: words.SpcPoint, before: Number | None, narrow: bool) -> list[tuple[str, bool, str, Number]]:
    wanted = [("Upper {}", False, GREY, last.upper), ("Average {}", True, NAVY, last.mean), ("Lower {}", False, GREY, last.lower)]
    if before is not None:
        wanted.append(("{} before", True, GREY, before))
    return [(f"{n}" if narrow else text.format(n), bold, fill, n) for text, bold, fill, n in wanted if n.shown]


def _control_band(panel: _Panel, point: words.SpcPoint, a: int, b: int) -> None:
    if point.upper.shown and point.lower.shown:
        y = panel.y(point.upper.value)
        panel.sheet.rect(panel.x(a - 0.5), y, panel.x(b + 0.5) - panel.x(a - 0.5), panel.y(point.lower.value) - y, LIMITS)


def _control_mean(panel: _Panel, mean: Number, a: int, b: int, final: int) -> None:
    """The average of a stretch: solid while it holds, then dashed to the end for comparison."""
    if mean.shown:
        y, end = panel.y(mean.value), panel.x(b + 0.5)
        panel.sheet.line(panel.x(a - 0.5), y, end, y, stroke=NAVY if b == final else GREY, width=1.75, key=mean.key)
        if b != final:
            panel.sheet.line(end, y, panel.right, y, stroke=GREY, width=1.25, dash="5 4")


# Forecast fan ---------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class FanStep:
    """The forecast for one date: the five quantiles as keyed numbers."""

    when: date
    p10: Number
    p25: Number
    p50: Number
    p75: Number
    p90: Number


@dataclass(frozen=True)
class Aim:
    """A target on a fan: the number, its date, whether at least or at most, and the chance of meeting it."""

    value: float
    by: date
    text: str
    chance: Number
    lines: tuple[str, ...] = ()


def fan(ends: Sequence[str], history: Sequence[Number], steps: Sequence[FanStep], label: str, *, unit: str = "count",
        aim: Aim | None = None, now: date) -> Markup:
    """History, then the fan: light band 8 in 10 futures, dark band 5 in 10, dashes the middle. The target stops on its date."""
    steps = [s for s in steps if s.p50.shown]

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 300 if narrow else 350)
        values = [n.value for n in history if n.shown] + [s.p90.value for s in steps] + ([aim.value] if aim else [])
        labels = [(f"{s}" if narrow else f"{s} {name}", bold, fill, s) for s, name, bold, fill in (
            (steps[-1].p90, "high", False, BLUE), (steps[-1].p50, "middle", True, NAVY), (steps[-1].p10, "low", False, BLUE))] if steps else []
        room = 16 + max((text_width(t, bold=b) for t, b, *_ in labels), default=40)
        first = date.fromisoformat(ends[0]).toordinal()
        final = steps[-1].when.toordinal() if steps else now.toordinal()
        panel = _Panel(sheet, (52, 34, sheet.width - room, sheet.height - 30), values, unit, first, final)
        panel.grid()
        x_now = panel.x(now.toordinal())
        sheet.line(x_now, 12, x_now, panel.bottom, stroke=INK, dash="2 3")
        sheet.text(x_now - 6, 20, words.day(now) if not narrow else words.short_month(now), anchor="end")
        sheet.text(x_now + 6, 20, "Forecast", bold=True)
        shown_history = [(float(date.fromisoformat(e).toordinal()), n) for e, n in zip(ends, history, strict=True)]
        _fan_bands(panel, steps, next((n for _, n in reversed(shown_history) if n.shown), None) if unit == "count" else None, x_now)
        sheet.path(panel.points(shown_history), stroke=NAVY, width=2.25 if unit == "count" else 1.5)
        for at, n in shown_history:
            if n.shown:
                sheet.mark("circle", panel.x(at), panel.y(n.value), NAVY, 4.5 if n is history[-1] and unit == "count" else 1.7, key=n.key)
        if history and history[-1].shown and unit == "count":
            y = panel.y(history[-1].value)
            below = not steps or steps[0].p50.value >= history[-1].value
            sheet.text(x_now - 8, y + 22 if below and y + 24 < panel.bottom else y - 12, f"{history[-1]}", fill=NAVY, bold=True, anchor="end",
                       key=history[-1].key, halo=True)
        if aim:
            taken = [p for p in panel.points(shown_history) if p is not None] + [(panel.x(s.when.toordinal()), panel.y(v.value)) for s in steps for v in (s.p10, s.p50, s.p90)]
            _aim(panel, aim, steps, narrow, taken)
        ticks = [(float(date.fromisoformat(ends[0]).toordinal()), words.short_month(ends[0])), (float(now.toordinal()), words.short_month(now)),
                 (float(final), words.short_month(date.fromordinal(final)))]
        if not narrow and len(ends) > 12:
            ticks.append((float(date.fromisoformat(ends[len(ends) // 2 - 1]).toordinal()), words.short_month(ends[len(ends) // 2 - 1])))
        panel.ticks(ticks)
        wanted = [panel.y(n.value) + 5 for *_, n in labels]
        for y, (text, bold, fill, number) in zip(_apart(wanted, low=panel.top, high=panel.bottom), labels, strict=True):
            sheet.text(panel.right + 9, y, text, fill=fill, bold=bold, key=number.key)
        return sheet

    return _both(draw, label)


def _fan_bands(panel: _Panel, steps: Sequence[FanStep], start: Number | None, x_now: float) -> None:
    sheet = panel.sheet

    def edge(name: str) -> list[tuple[float, float]]:
        line = [(panel.x(s.when.toordinal()), panel.y(getattr(s, name).value)) for s in steps]
        return [(x_now, panel.y(start.value)), *line] if start is not None else line

    sheet.area(edge("p90"), edge("p10"), BAND80)
    sheet.area(edge("p75"), edge("p25"), BAND50)
    sheet.path(edge("p90"), stroke=BLUE, width=1)
    sheet.path(edge("p10"), stroke=BLUE, width=1)
    sheet.path(edge("p50"), stroke=NAVY, width=2.25, dash="7 5")
    for step in steps:
        for name, fill in (("p10", BLUE), ("p25", BLUE), ("p75", BLUE), ("p90", BLUE), ("p50", NAVY)):
            number = getattr(step, name)
            sheet.mark("circle", panel.x(step.when.toordinal()), panel.y(number.value), fill, 1.2, key=number.key)


def _clear_spot(panel: _Panel, text: str, end: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where the target's name hides fewest points: along its line from the left, or above or below it."""
    width = text_width(text, bold=True)
    lefts = [panel.left + 4 + i * 20 for i in range(int(max(end - panel.left - 20 - width, 0) // 20) + 1)]
    spots = [(left, base) for base in (y - 9, y + 20) for left in lefts if panel.top < base < panel.bottom - 4]

    def hidden(spot: tuple[float, float]) -> int:
        return sum(spot[0] - 12 < px < spot[0] + width + 12 and spot[1] - 18 < py < spot[1] + 8 for px, py in taken)

    return min(spots or [(panel.left + 4, y - 9)], key=hidden)


def _aim(panel: _Panel, aim: Aim, steps: Sequence[FanStep], narrow: bool, taken: Sequence[tuple[float, float]]) -> None:
    sheet, x, y = panel.sheet, panel.x(aim.by.toordinal()), panel.y(aim.value)
    if not panel.left <= x <= panel.right + 1:
        return
    sheet.line(panel.left, y, x, y, stroke=PLUM, width=1.5, dash="6 4")
    text = aim.text if not narrow else aim.text.split(" by")[0]
    left, base = _clear_spot(panel, text, x, y, taken)
    sheet.text(left, base, text, fill=PLUM, bold=True, halo=True)
    near = min(steps, key=lambda s: abs(s.when.toordinal() - aim.by.toordinal()), default=None)
    if near is not None:
        top, low = panel.y(near.p90.value), panel.y(near.p10.value)
        sheet.line(x, top, x, low, stroke=PLUM, width=2)
        for end in (top, low):
            sheet.line(x - 5, end, x + 5, end, stroke=PLUM, width=2)
    sheet.mark("diamond", x, y, PLUM, 6.5, edge="#fff")
    if aim.chance.shown:
        low = max(y, panel.y(near.p10.value)) if near is not None else y
        high = min(y, panel.y(near.p90.value)) if near is not None else y
        base = low + 34 if low + 80 < panel.bottom else high - 52 if high - 70 > panel.top else None
        text = "<1%" if aim.chance.value < 0.5 else ">99%" if aim.chance.value >= 99.5 else f"{aim.chance.at(0)}"
        text = f"{text} chance"
        middle = min(x, panel.right - text_width(text, 18, True) / 2 + 30)
        if base is not None:
            sheet.text(middle, base, text, fill=PLUM, bold=True, size=18, anchor="middle", key=aim.chance.key, halo=True)
            for i, line in enumerate(aim.lines if not narrow else ()):
                sheet.text(middle, base + 18 * (i + 1), line, anchor="middle", halo=True)


# Comparisons ----------------------------------------------------------------------------------------------------------

def dumbbells(rows: Sequence[tuple[str, Number, Number]], names: tuple[str, str], label: str, unit: str = "count") -> Markup:
    """Two marks a row joined by a line: circle navy first, square orange second; smaller is better."""
    highest, step = _ceiling([n.value for _, a, b in rows for n in (a, b) if n.shown])

    def draw(narrow: bool) -> Sheet:
        pitch = 56 if narrow else 50
        sheet = Sheet(NARROW if narrow else WIDE, pitch * len(rows) + 62)
        left = 6 if narrow else 24 + max((text_width(r[0]) for r in rows), default=60)
        right = sheet.width - 56

        def x(value: float) -> float:
            return left + value / highest * (right - left)

        value, bottom = 0.0, pitch * len(rows) + 32
        while value <= highest + step / 1000:
            sheet.line(x(value), 24, x(value), bottom, stroke=GREY if value == 0 else GRID)
            sheet.text(max(x(value), 8), bottom + 21, _tick(value, unit), fill=GREY, anchor="middle")
            value += step
        sheet.mark("circle", left + 6, 10, NAVY, 5)
        sheet.text(left + 17, 15, names[0], fill=NAVY, bold=True)
        second = left + 40 + text_width(names[0], bold=True)
        sheet.mark("square", second, 10, ORANGE, 5)
        sheet.text(second + 11, 15, names[1], fill=ORANGE, bold=True)
        for i, (name, a, b) in enumerate(rows):
            y = 24 + i * pitch + (38 if narrow else 28)
            if narrow:
                sheet.text(left + 4, y - 18, name, halo=True)
            else:
                sheet.text(left - 12, y + 5, name, anchor="end")
            if a.shown and b.shown:
                sheet.line(x(a.value), y, x(b.value), y, stroke="#6f777b", width=1.5)
            for number, other, shape, fill in ((a, b, "circle", NAVY), (b, a, "square", ORANGE)):
                if number.shown:
                    sheet.mark(shape, x(number.value), y, fill, 5.5, key=number.key)
                    lower = number.value < other.value if other.shown and number.value != other.value else number is a
                    at = x(number.value) - 11 if lower else x(number.value) + 11
                    flip = lower and at - text_width(str(number), bold=True) < left + 2
                    sheet.text(x(number.value) if flip else at, y + (20 if flip else 5), str(number), fill=fill, bold=True,
                               anchor="middle" if flip else "end" if lower else "", key=number.key, halo=True)
        return sheet

    return _both(draw, label)


def intervals(rows: Sequence[tuple[str, Number, Number, Number, bool]], label: str, zero: float = 0.0, unit: str = "count") -> Markup:
    """One dot with its interval a row (name, value, low, high, clear): filled diamond when clear of ``zero``, grey circle when not."""
    ends = [v for r in rows for n in r[1:4] if n.shown for v in [n.value]] + [zero]
    low, high = min(ends), max(ends)
    step = _ceiling([(high - low) or 1], 4)[1]
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step

    def draw(narrow: bool) -> Sheet:
        pitch = 50 if narrow else 36
        sheet = Sheet(NARROW if narrow else WIDE, pitch * len(rows) + 40)
        left = 12 if narrow else 24 + min(280, max((text_width(r[0]) for r in rows), default=60))
        right = sheet.width - 64

        def x(value: float) -> float:
            return left + (value - low) / ((high - low) or 1) * (right - left)

        bottom, value = pitch * len(rows) + 8, low
        while value <= high + step / 1000:
            sheet.line(x(value), 0, x(value), bottom, stroke=GREY if abs(value - zero) < step / 1000 else GRID)
            sheet.text(x(value), bottom + 21, _tick(value, unit).replace("-", "\u2212"), fill=GREY, anchor="middle")
            value += step
        for i, (name, number, least, most, clear) in enumerate(rows):
            y = i * pitch + (34 if narrow else 20)
            if narrow:
                sheet.text(0, y - 14, name, halo=True)
            else:
                sheet.text(left - 12, y + 5, name, anchor="end")
            if least.shown and most.shown:
                sheet.line(x(least.value), y, x(most.value), y, stroke=NAVY if clear else "#6f777b", width=2)
            if number.shown:
                sheet.mark("diamond" if clear else "circle", x(number.value), y, NAVY if clear else "#6f777b", 5, key=number.key)
                edge = max(x(number.value), x(most.value) if most.shown else 0)
                sheet.text(edge + 10, y + 5, number.signed.striptags(), bold=clear, fill=NAVY if clear else GREY, key=number.key, halo=True)
        return sheet

    return _both(draw, label)
