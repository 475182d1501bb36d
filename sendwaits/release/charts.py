"""Charts as inline SVG, drawn from released numbers only: a hidden number has no mark, every mark carries its key.

Each chart is drawn twice, 736 and 343 pixels wide, so that its text is 14 px on a screen and on a phone; the page shows one.
Written without a plotting library: a chart costs under a millisecond, matplotlib's import alone 700 (see DECISIONS).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.axes import NARROW, WIDE, Panel, apart, both, ceiling, month_ticks, tick
from sendwaits.release.cells import Number
from sendwaits.release.fans import Aim, FanStep, fan
from sendwaits.release.marks import rating_mark, sparkline, trend_mark
from sendwaits.release.svg import (
    GREY,
    GRID,
    INK,
    LIMITS,
    MUTED,
    NAVY,
    ORANGE,
    PLUM,
    TEAL,
    TEAL_TEXT,
    Sheet,
    text_width,
)

__all__ = [
    "Bar",
    "Line",
    "FanStep",
    "Aim",
    "SECOND",
    "bars",
    "flow",
    "lines",
    "control",
    "fan",
    "sparkline",
    "dumbbells",
    "intervals",
    "trend_mark",
    "rating_mark",
]


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
                sheet.rect(
                    left,
                    top,
                    max(length, 1.5),
                    height,
                    {"focus": NAVY, "over": PLUM}.get(row.role, MUTED),
                    key=row.number.key,
                )
            x = left + length + 8
            sheet.text(x, top + height - 7, row.number.bare, bold=True, key=row.number.key)
            if row.share is not None and row.share.shown and row.number.value:
                sheet.text(
                    x + text_width(row.number.bare, bold=True) + 9,
                    top + height - 7,
                    str(row.share),
                    fill=GREY,
                    key=row.share.key,
                )
        return sheet

    return both(draw, label)


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


def _draw_lines(
    panel: Panel, ends: Sequence[str], lines_: Sequence[Line], shade: bool, narrow: bool
) -> None:
    last_places, last_lines = [], []
    for line in lines_:
        numbers = list(enumerate(line.numbers))
        points = panel.points([(float(i), n) for i, n in numbers])
        solid = [p for p in points if p is not None]
        if shade and len(solid) == len(points):
            panel.sheet.area(
                solid, [(solid[0][0], panel.bottom), (solid[-1][0], panel.bottom)], "#e7ecf4"
            )
        panel.sheet.path(points, stroke=line.stroke, width=2.25)
        for (i, n), point in zip(numbers, points, strict=True):
            if point is not None:
                end = i == len(line.numbers) - 1
                panel.sheet.mark(
                    line.shape if end else "circle",
                    *point,
                    line.stroke,
                    4 if end else 1.6,
                    key=n.key,
                )
        if solid:
            last_places.append(solid[-1][1] + 5)
            last_lines.append((line, line.numbers[-1]))
    for y, (line, number) in zip(
        apart(last_places, low=panel.top + 4, high=panel.bottom), last_lines, strict=True
    ):
        panel.sheet.text(
            panel.right + 9,
            y,
            _end_label(line, number, narrow and len(lines_) == 1),
            fill=line.fill,
            bold=True,
            key=number.key,
        )


def _end_label(line: Line, number: Number, short: bool) -> str:
    return f"{number}" if short else f"{line.name} {number}"


def _label_room(lines_: Sequence[Line], narrow: bool) -> float:
    texts = [
        _end_label(line, n, narrow and len(lines_) == 1)
        for line in lines_
        for n in list(line.numbers)[-1:]
    ]
    return 16 + max((text_width(t, bold=True) for t in texts), default=40)


def lines(
    ends: Sequence[str],
    lines_: Sequence[Line],
    label: str,
    *,
    unit: str = "count",
    changes: Sequence[tuple[date, str]] = (),
    ticks: Sequence[str] | None = None,
) -> Markup:
    """One panel of lines over months, names and last values at their ends. ``ticks``: own labels, one per point."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 250 if narrow else 290)
        values = [n.value for line in lines_ for n in line.numbers if n.shown]
        panel = Panel(
            sheet,
            (52, 26, sheet.width - _label_room(lines_, narrow), sheet.height - 30),
            values,
            unit,
            0,
            len(ends) - 1,
        )
        panel.grid()
        _changes(panel, ends, changes, narrow)
        if ticks is None:
            panel.ticks(month_ticks(ends, narrow))
        else:
            panel.ticks([(float(i), t) for i, t in enumerate(ticks) if not narrow or i % 3 == 0])
        _draw_lines(panel, ends, lines_, False, narrow)
        return sheet

    return both(draw, label)


def flow(
    ends: Sequence[str],
    above: Sequence[Line],
    waiting: Line,
    label: str,
    changes: Sequence[tuple[date, str]] = (),
) -> Markup:
    """In and out above, the list below, on one time axis: two panels, never two scales in one."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 430 if narrow else 470)
        room = max(_label_room(above, False), _label_room([waiting], narrow))
        right = sheet.width - room
        sheet.text(0, 14, "Children a month", bold=True)
        top = Panel(
            sheet,
            (52, 34, right, 194 if narrow else 214),
            [n.value for line in above for n in line.numbers if n.shown],
            "count",
            0,
            len(ends) - 1,
        )
        top.grid()
        y = top.bottom + 48
        sheet.text(0, y, "Children on the list at month end", bold=True)
        low = Panel(
            sheet,
            (52, y + 20, right, sheet.height - 30),
            [n.value for n in waiting.numbers if n.shown],
            "count",
            0,
            len(ends) - 1,
        )
        low.grid()
        _changes(top, ends, changes, narrow)
        _changes(low, ends, changes, narrow, name=False)
        low.ticks(month_ticks(ends, narrow))
        _draw_lines(top, ends, above, False, False)
        _draw_lines(low, ends, [waiting], True, narrow)
        return sheet

    return both(draw, label)


def _place(ends: Sequence[str], when: date) -> float | None:
    """The boundary before the first month that ends on or after a date (place 0 is the first month); None outside the months."""
    later = [i for i, end in enumerate(ends) if end >= when.isoformat()]
    return later[0] - 0.5 if later and later[0] > 0 else None


def _changes(
    panel: Panel,
    ends: Sequence[str],
    changes: Sequence[tuple[date, str]],
    narrow: bool,
    name: bool = True,
) -> None:
    for when, text in changes:
        at = _place(ends, when)
        if at is None:
            continue
        x = panel.x(at)
        panel.sheet.line(x, panel.top - 6, x, panel.bottom, stroke=INK, dash="2 3")
        if name:
            full = (
                f"{words.short_month(when)}: {text}"
                if text and not narrow
                else words.short_month(when)
            )
            fits = x + 6 + text_width(full, bold=True) < panel.sheet.width
            panel.sheet.text(
                x + 6 if fits else x - 6,
                panel.top - 10,
                full,
                bold=True,
                anchor="" if fits else "end",
            )


# Control chart --------------------------------------------------------------------------------------------------------


def control(
    ends: Sequence[str],
    reading: words.Signal,
    label: str,
    *,
    unit: str = "count",
    better: str = "neutral",
    changes: Sequence[tuple[date, str]] = (),
    target: tuple[float, str] | None = None,
) -> Markup:
    """An XmR chart: grey band = usual variation, line = average, grey dots = usual, diamonds = special cause."""

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 270 if narrow else 310)
        points = reading.points
        values = [
            v for p in points for v in (p.number.value, p.upper.value) if not math.isnan(v)
        ] + ([target[0]] if target else [])
        last = points[-1]
        before = points[reading.segments[-2][0]].mean if len(reading.segments) > 1 else None
        labels = _control_labels(last, before, narrow)
        room = 16 + max((text_width(t, bold=b) for t, b, *_ in labels), default=0)
        panel = Panel(
            sheet,
            (52, 30, sheet.width - room, sheet.height - 30),
            values,
            unit,
            -0.5,
            len(ends) - 0.5,
        )
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
        panel.ticks(month_ticks(ends, narrow))
        sheet.path(
            panel.points([(float(i), p.number) for i, p in enumerate(points)]),
            stroke="#8a9296",
            width=1.25,
        )
        for i, p in enumerate(points):
            if p.number.shown:
                x, y = panel.x(i), panel.y(p.number.value)
                if p.special:
                    worse = {
                        "decrease": ("Above", "Increasing"),
                        "increase": ("Below", "Decreasing"),
                    }.get(better, ())
                    sheet.mark(
                        "diamond",
                        x,
                        y,
                        ORANGE if any(w in p.special for w in worse) else NAVY,
                        5,
                        key=p.number.key,
                    )
                else:
                    sheet.mark("circle", x, y, "#6f777b", 4, key=p.number.key)
        wanted = [panel.y(n.value) + 5 for *_, n in labels]
        for y, (text, bold, fill, number) in zip(
            apart(wanted, low=panel.top, high=panel.bottom + 5), labels, strict=True
        ):
            sheet.text(panel.right + 9, y, text, bold=bold, fill=fill, key=number.key)
        return sheet

    return both(draw, label)


def _control_labels(
    last: words.SpcPoint, before: Number | None, narrow: bool
) -> list[tuple[str, bool, str, Number]]:
    wanted = [
        ("Upper {}", False, GREY, last.upper),
        ("Average {}", True, NAVY, last.mean),
        ("Lower {}", False, GREY, last.lower),
    ]
    if before is not None:
        wanted.append(("{} before", True, GREY, before))
    return [
        (f"{n}" if narrow else text.format(n), bold, fill, n)
        for text, bold, fill, n in wanted
        if n.shown
    ]


def _control_band(panel: Panel, point: words.SpcPoint, a: int, b: int) -> None:
    if point.upper.shown and point.lower.shown:
        y = panel.y(point.upper.value)
        panel.sheet.rect(
            panel.x(a - 0.5),
            y,
            panel.x(b + 0.5) - panel.x(a - 0.5),
            panel.y(point.lower.value) - y,
            LIMITS,
        )


def _control_mean(panel: Panel, mean: Number, a: int, b: int, final: int) -> None:
    """The average of a stretch: solid while it holds, then dashed to the end for comparison."""
    if mean.shown:
        y, end = panel.y(mean.value), panel.x(b + 0.5)
        panel.sheet.line(
            panel.x(a - 0.5),
            y,
            end,
            y,
            stroke=NAVY if b == final else GREY,
            width=1.75,
            key=mean.key,
        )
        if b != final:
            panel.sheet.line(end, y, panel.right, y, stroke=GREY, width=1.25, dash="5 4")


# Comparisons ----------------------------------------------------------------------------------------------------------


def dumbbells(
    rows: Sequence[tuple[str, Number, Number]],
    names: tuple[str, str],
    label: str,
    unit: str = "count",
) -> Markup:
    """Two marks a row joined by a line: circle navy first, square orange second; smaller is better."""
    highest, step = ceiling([n.value for _, a, b in rows for n in (a, b) if n.shown])

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
            sheet.text(max(x(value), 8), bottom + 21, tick(value, unit), fill=GREY, anchor="middle")
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
                    lower = (
                        number.value < other.value
                        if other.shown and number.value != other.value
                        else number is a
                    )
                    at = x(number.value) - 11 if lower else x(number.value) + 11
                    flip = lower and at - text_width(str(number), bold=True) < left + 2
                    sheet.text(
                        x(number.value) if flip else at,
                        y + (20 if flip else 5),
                        str(number),
                        fill=fill,
                        bold=True,
                        anchor="middle" if flip else "end" if lower else "",
                        key=number.key,
                        halo=True,
                    )
        return sheet

    return both(draw, label)


def intervals(
    rows: Sequence[tuple[str, Number, Number, Number, bool]],
    label: str,
    zero: float = 0.0,
    unit: str = "count",
) -> Markup:
    """One dot with its interval a row (name, value, low, high, clear): filled diamond when clear of ``zero``, grey circle when not."""
    ends = [v for r in rows for n in r[1:4] if n.shown for v in [n.value]] + [zero]
    low, high = min(ends), max(ends)
    step = ceiling([(high - low) or 1], 4)[1]
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step

    def draw(narrow: bool) -> Sheet:
        pitch = 50 if narrow else 36
        sheet = Sheet(NARROW if narrow else WIDE, pitch * len(rows) + 40)
        left = 12 if narrow else 24 + min(280, max((text_width(r[0]) for r in rows), default=60))
        right = sheet.width - 64

        def x(value: float) -> float:
            return left + (value - low) / ((high - low) or 1) * (right - left)

        bottom, value = pitch * len(rows) + 8, float(low)
        while value <= high + step / 1000:
            sheet.line(
                x(value),
                0,
                x(value),
                bottom,
                stroke=GREY if abs(value - zero) < step / 1000 else GRID,
            )
            sheet.text(
                x(value),
                bottom + 21,
                tick(value, unit).replace("-", "\u2212"),
                fill=GREY,
                anchor="middle",
            )
            value += step
        for i, (name, number, least, most, clear) in enumerate(rows):
            y = i * pitch + (34 if narrow else 20)
            if narrow:
                sheet.text(0, y - 14, name, halo=True)
            else:
                sheet.text(left - 12, y + 5, name, anchor="end")
            if least.shown and most.shown:
                sheet.line(
                    x(least.value),
                    y,
                    x(most.value),
                    y,
                    stroke=NAVY if clear else "#6f777b",
                    width=2,
                )
            if number.shown:
                sheet.mark(
                    "diamond" if clear else "circle",
                    x(number.value),
                    y,
                    NAVY if clear else "#6f777b",
                    5,
                    key=number.key,
                )
                edge = max(x(number.value), x(most.value) if most.shown else 0)
                sheet.text(
                    edge + 10,
                    y + 5,
                    number.signed.striptags(),
                    bold=clear,
                    fill=NAVY if clear else GREY,
                    key=number.key,
                    halo=True,
                )
        return sheet

    return both(draw, label)
