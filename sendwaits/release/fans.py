"""The forecast fan: history, bands of simulated futures, and a target with its chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.axes import NARROW, WIDE, Panel, apart, both
from sendwaits.release.cells import Number
from sendwaits.release.svg import BAND50, BAND80, BLUE, INK, NAVY, PLUM, Sheet, text_width

__all__ = ["FanStep", "Aim", "fan"]


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


def fan(
    ends: Sequence[str],
    history: Sequence[Number],
    steps: Sequence[FanStep],
    label: str,
    *,
    unit: str = "count",
    aim: Aim | None = None,
    now: date,
) -> Markup:
    """History, then the fan: light band 8 in 10 futures, dark band 5 in 10, dashes the middle. The target stops on its date."""
    steps = [s for s in steps if s.p50.shown]

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 300 if narrow else 350)
        values = (
            [n.value for n in history if n.shown]
            + [s.p90.value for s in steps]
            + ([aim.value] if aim else [])
        )
        labels = (
            [
                (f"{s}" if narrow else f"{s} {name}", bold, fill, s)
                for s, name, bold, fill in (
                    (steps[-1].p90, "high", False, BLUE),
                    (steps[-1].p50, "middle", True, NAVY),
                    (steps[-1].p10, "low", False, BLUE),
                )
            ]
            if steps
            else []
        )
        room = 16 + max((text_width(t, bold=b) for t, b, *_ in labels), default=40)
        first = date.fromisoformat(ends[0]).toordinal()
        final = steps[-1].when.toordinal() if steps else now.toordinal()
        panel = Panel(
            sheet, (52, 34, sheet.width - room, sheet.height - 30), values, unit, first, final
        )
        panel.grid()
        x_now = panel.x(now.toordinal())
        sheet.line(x_now, 12, x_now, panel.bottom, stroke=INK, dash="2 3")
        sheet.text(
            x_now - 6, 20, words.day(now) if not narrow else words.short_month(now), anchor="end"
        )
        sheet.text(x_now + 6, 20, "Forecast", bold=True)
        shown_history = [
            (float(date.fromisoformat(e).toordinal()), n)
            for e, n in zip(ends, history, strict=True)
        ]
        _fan_bands(
            panel,
            steps,
            next((n for _, n in reversed(shown_history) if n.shown), None)
            if unit == "count"
            else None,
            x_now,
        )
        sheet.path(panel.points(shown_history), stroke=NAVY, width=2.25 if unit == "count" else 1.5)
        for at, n in shown_history:
            if n.shown:
                sheet.mark(
                    "circle",
                    panel.x(at),
                    panel.y(n.value),
                    NAVY,
                    4.5 if n is history[-1] and unit == "count" else 1.7,
                    key=n.key,
                )
        if history and history[-1].shown and unit == "count":
            y = panel.y(history[-1].value)
            below = not steps or steps[0].p50.value >= history[-1].value
            sheet.text(
                x_now - 8,
                y + 22 if below and y + 24 < panel.bottom else y - 12,
                f"{history[-1]}",
                fill=NAVY,
                bold=True,
                anchor="end",
                key=history[-1].key,
                halo=True,
            )
        if aim:
            taken = [p for p in panel.points(shown_history) if p is not None] + [
                (panel.x(s.when.toordinal()), panel.y(v.value))
                for s in steps
                for v in (s.p10, s.p50, s.p90)
            ]
            _aim(panel, aim, steps, narrow, taken)
        ticks = [
            (float(date.fromisoformat(ends[0]).toordinal()), words.short_month(ends[0])),
            (float(now.toordinal()), words.short_month(now)),
            (float(final), words.short_month(date.fromordinal(final))),
        ]
        if not narrow and len(ends) > 12:
            ticks.append(
                (
                    float(date.fromisoformat(ends[len(ends) // 2 - 1]).toordinal()),
                    words.short_month(ends[len(ends) // 2 - 1]),
                )
            )
        panel.ticks(ticks)
        wanted = [panel.y(n.value) + 5 for *_, n in labels]
        for y, (text, bold, fill, number) in zip(
            apart(wanted, low=panel.top, high=panel.bottom), labels, strict=True
        ):
            sheet.text(panel.right + 9, y, text, fill=fill, bold=bold, key=number.key)
        return sheet

    return both(draw, label)


def _fan_bands(panel: Panel, steps: Sequence[FanStep], start: Number | None, x_now: float) -> None:
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
        for name, fill in (
            ("p10", BLUE),
            ("p25", BLUE),
            ("p75", BLUE),
            ("p90", BLUE),
            ("p50", NAVY),
        ):
            number = getattr(step, name)
            sheet.mark(
                "circle",
                panel.x(step.when.toordinal()),
                panel.y(number.value),
                fill,
                1.2,
                key=number.key,
            )


def _clear_spot(
    panel: Panel, text: str, end: float, y: float, taken: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Where the target's name hides fewest points: along its line from the left, or above or below it."""
    width = text_width(text, bold=True)
    lefts = [
        panel.left + 4 + i * 20 for i in range(int(max(end - panel.left - 20 - width, 0) // 20) + 1)
    ]
    spots = [
        (left, base)
        for base in (y - 9, y + 20)
        for left in lefts
        if panel.top < base < panel.bottom - 4
    ]

    def hidden(spot: tuple[float, float]) -> int:
        return sum(
            spot[0] - 12 < px < spot[0] + width + 12 and spot[1] - 18 < py < spot[1] + 8
            for px, py in taken
        )

    return min(spots or [(panel.left + 4, y - 9)], key=hidden)


def _aim(
    panel: Panel,
    aim: Aim,
    steps: Sequence[FanStep],
    narrow: bool,
    taken: Sequence[tuple[float, float]],
) -> None:
    sheet, x, y = panel.sheet, panel.x(aim.by.toordinal()), panel.y(aim.value)
    if not panel.left <= x <= panel.right + 1:
        return
    sheet.line(panel.left, y, x, y, stroke=PLUM, width=1.5, dash="6 4")
    text = aim.text if not narrow else aim.text.split(" by")[0]
    sheet.text(*_clear_spot(panel, text, x, y, taken), text, fill=PLUM, bold=True, halo=True)
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
        text = (
            "<1%"
            if aim.chance.value < 0.5
            else ">99%"
            if aim.chance.value >= 99.5
            else f"{aim.chance.at(0)}"
        )
        text = f"{text} chance"
        middle = min(x, panel.right - text_width(text, 18, True) / 2 + 30)
        if base is not None:
            sheet.text(
                middle,
                base,
                text,
                fill=PLUM,
                bold=True,
                size=18,
                anchor="middle",
                key=aim.chance.key,
                halo=True,
            )
            for i, line in enumerate(aim.lines if not narrow else ()):
                sheet.text(middle, base + 18 * (i + 1), line, anchor="middle", halo=True)
