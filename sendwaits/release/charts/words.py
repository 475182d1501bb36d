"""How a chart writes a number, a period and a measure."""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import date
from typing import Any

from sendwaits.release.key import SUPPRESSED, UNDEFINED
from sendwaits.release.words import MONTHS, NBSP, day, group, measure

__all__ = ["day", "month", "number", "period", "plain", "tick"]


def number(value: float, unit: str = "count", form: str = "exact") -> str:
    """1,186; 36.5%; 18.3; [c] and [z] where there is none. Halves of a tenth go up, a minus is a minus."""
    if form == "c":
        return SUPPRESSED
    if form == "z" or math.isnan(value):
        return UNDEFINED
    tenths = math.floor(abs(value) * 10 + 0.5 + 1e-9)
    whole = unit == "count" and tenths % 10 == 0
    text = f"{tenths / 10:,.0f}" if whole else f"{tenths / 10:,.1f}"
    sign = "\u2212" if value < 0 and tenths else ""
    return sign + text + ("%" if unit == "percent" else "")


def tick(value: float, unit: str) -> str:
    """A gridline's number: 1,200; 2.5; 40%."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text.replace("-", "\u2212") + ("%" if unit == "percent" else "")


def _month(day: date, short: bool) -> str:
    return MONTHS[day.month - 1][:3] if short else MONTHS[day.month - 1]


def month(day: Any) -> str:
    """Jul 2024."""
    return f"{_month(day, True)}{NBSP}{day.year}"


def period(start: Any, end: Any, short: bool = True) -> str:
    """Jul 2024; Apr to Jun 2024; 2023; 1 to 17 Jul 2024; a stock: Jul 2024 at a month's end, else 17 Jul 2024."""
    whole = end.day == monthrange(end.year, end.month)[1]
    last = f"{_month(end, short)}{NBSP}{end.year}"
    if start is None or start != start:
        return last if whole and short else f"{end.day}{NBSP}{last}"
    same = (start.year, start.month) == (end.year, end.month)
    if start.day == 1 and whole:
        if same:
            return last
        if (start.month, end.month, start.year) == (1, 12, end.year):
            return str(end.year)
        year = "" if start.year == end.year else f"{NBSP}{start.year}"
        return f"{_month(start, short)}{year} to {last}"
    first = str(start.day) if same else f"{start.day}{NBSP}{_month(start, short)}"
    year = "" if start.year == end.year else f"{NBSP}{start.year}"
    return f"{first}{year} to {end.day}{NBSP}{last}"


def plain(name: str) -> str:
    """A measure, wait or group in plain words: waiting_over_18_weeks, district=Ashfield."""
    column, is_group, value = name.partition("=")
    if value == "all others":
        return f"All others by {column.replace('_', ' ')}"
    return (
        group(name) if is_group else measure(name.rpartition(":")[2]).head.removesuffix(", weeks")
    )
