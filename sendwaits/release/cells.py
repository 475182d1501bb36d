"""A released number: what it prints as, and the key that leads back to its row of the released table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.measure.bands import half_up

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Number", "Released", "shown", "HIDDEN", "UNDEFINED"]

HIDDEN = "[c]"
"""Printed for a suppressed number; it never has a mark in a chart."""
UNDEFINED = "[z]"
"""Printed where there is nothing to count or average."""


def shown(value: Fraction | float | int, decimals: int = 0) -> str:
    """The number as text: halves rounded up, thousands commas, a true minus sign (1186 -> "1,186", -2.25 -> "\u22122.3")."""
    rounded = half_up(value, places=decimals)
    return f"{rounded + 0:,.{decimals}f}".replace("-", "\u2212")


@dataclass(frozen=True)
class Number:
    """One released number. ``status``: "" shown, "c" suppressed, "z" undefined (nothing to count or average).

    ``unit``: count, weeks, percent or points. In a template or a `Markup` it prints itself inside its ``data-key``.
    """

    key: str
    value: float = math.nan
    unit: str = "count"
    status: str = ""
    numerator: int | None = None
    denominator: int | None = None
    n: int | None = None
    decimals: int | None = None

    @property
    def shown(self) -> bool:
        """True when there is a value to print or draw."""
        return not self.status and not math.isnan(self.value)

    @property
    def exact(self) -> Fraction:
        """The value as the fraction it came from: days over 7n for weeks, numerator over denominator for percentages."""
        if self.unit == "percent" and self.denominator:
            return Fraction(self.value / 100).limit_denominator(self.denominator) * 100
        if self.unit == "weeks" and self.n:
            return Fraction(self.value).limit_denominator(14 * self.n)
        return Fraction(Decimal(repr(self.value)))

    @property
    def bare(self) -> str:
        """The printed digits without a unit, for axes and chart labels."""
        if self.status == "c":
            return HIDDEN
        if not self.shown:
            return UNDEFINED
        decimals = (
            self.decimals if self.decimals is not None else (0 if self.unit == "count" else 1)
        )
        return shown(self.exact, decimals)

    def __str__(self) -> str:
        return self.bare + "%" if self.unit == "percent" and self.shown else self.bare

    def __html__(self) -> Markup:
        return Markup('<span data-key="{}">{}</span>').format(self.key, str(self))

    def __format__(self, spec: str) -> str:
        return str(self)

    @property
    def signed(self) -> Markup:
        """The number with its sign, as in +24 or \u221212, for a change."""
        text = (
            str(self)
            if not self.shown or self.value < 0 or self.bare.strip("0.") == ""
            else f"+{self}"
        )
        return Markup('<span data-key="{}">{}</span>').format(self.key, text)

    @property
    def size(self) -> Markup:
        """The number without its sign, for "24 more than"."""
        return Markup('<span data-key="{}">{}</span>').format(self.key, str(self).lstrip("\u2212"))

    def at(self, decimals: int) -> Number:
        """The same number printed with that many decimals."""
        return replace(self, decimals=decimals)

    @property
    def fraction(self) -> Markup:
        """ "38 of 104": the numerator and denominator of a percentage; empty when it has none or they are hidden."""
        if not self.shown or self.denominator is None or self.numerator is None:
            return Markup("")
        top, bottom = (
            part_of(self, name, value)
            for name, value in (("numerator", self.numerator), ("denominator", self.denominator))
        )
        return Markup("{} of\u00a0{}").format(top, bottom)

    def minus(self, before: Number) -> Number:
        """The change since ``before``; suppressed when either is, so that a change never gives away a hidden number."""
        unit = "points" if self.unit == "percent" else self.unit
        key = derived(self.key, "change", start=before.key.split("|")[5])
        if not (self.shown and before.shown):
            return Number(key, unit=unit, status=self.status or before.status or "z")
        digits = 0 if unit == "count" else 1
        return Number(key, float(self.exact - before.exact), unit, decimals=digits)

    def share_of(self, whole: Number) -> Number:
        """This count as a percentage of ``whole``; hidden when either is."""
        key = derived(self.key, "share")
        if not (self.shown and whole.shown) or whole.value == 0:
            return Number(key, unit="percent", status=self.status or whole.status or "z")
        top, bottom = int(self.value), int(whole.value)
        return Number(key, 100 * top / bottom, "percent", "", top, bottom, bottom)


def derived(key: str, prefix: str, group: str | None = None, start: str | None = None) -> str:
    """The key of a value made from a released one: ``prefix:`` before its measure, other group or start where named."""
    pathway, wait, measure, old_group, old_start, end = key.split("|")
    return "|".join(
        (
            pathway,
            wait,
            f"{prefix}:{measure}",
            old_group if group is None else group,
            old_start if start is None else start,
            end,
        )
    )


def part_of(number: Number, name: str, value: int) -> Number:
    return Number(derived(number.key, name), float(value))


def _whole(value: Any) -> int | None:
    return None if value is None or value != value else int(value)


def _plain(text: Any) -> str:
    return str(text).replace("|", "/")


class Released:
    """The released table of one pathway as lookups: one `Number` per pathway, wait, measure, group and period.

    Built from the tidy columns of CONTRACT section 3 and ``status``. A number that was not released reads as undefined.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._numbers: dict[tuple[str, str, str], dict[tuple[str, str], Number]] = {}
        self.pathway = str(frame["pathway"].iloc[0]) if len(frame) else ""
        columns = [
            "pathway",
            "wait",
            "measure",
            "group",
            "period_start",
            "period_end",
            "value",
            "unit",
            "numerator",
            "denominator",
            "n",
            "status",
        ]
        values = frame[columns].astype(object).where(frame[columns].notna(), None)
        for row in zip(*(values[c].tolist() for c in columns), strict=True):
            key = "|".join(_plain(part) for part in row[:6])
            value = math.nan if row[6] is None else float(row[6])
            status = row[11] or ("z" if math.isnan(value) else "")
            number = Number(
                key,
                value if not status else math.nan,
                row[7],
                status,
                _whole(row[8]),
                _whole(row[9]),
                _whole(row[10]),
            )
            self._numbers.setdefault((row[1], row[2], row[3]), {})[(row[4], row[5])] = number

    def number(
        self, wait: str, measure: str, end: str, *, start: str | None = None, group: str = ""
    ) -> Number:
        """The number of that measure whose period ends on ``end``; of several periods the shortest, unless ``start`` is named."""
        found = self._numbers.get((wait, measure, group), {})
        by_month = start is None and measure in (
            "starts",
            "removed_other",
            "rejected",
        )  # may be printed by year only
        fits = [
            k
            for k in found
            if k[1] == end
            and (start is None or k[0] == start)
            and not (by_month and k[0][:7] != end[:7])
        ]
        if not fits:
            key = "|".join(
                _plain(p) for p in (self.pathway, wait, measure, group, start or "", end)
            )
            return Number(key, unit="percent" if measure.endswith("_pct") else "count", status="z")
        return found[max(fits)]

    def series(self, wait: str, measure: str, ends: Iterable[str], group: str = "") -> list[Number]:
        """One number per period end, oldest first."""
        return [self.number(wait, measure, end, group=group) for end in ends]

    def has(self, wait: str, measure: str, group: str = "") -> bool:
        """True when some number of that measure was released or suppressed."""
        return (wait, measure, group) in self._numbers

    def groups(self, column: str, wait: str, measure: str) -> list[str]:
        """The values of a breakdown, as ``column=value``, in the order of the table."""
        return [
            g
            for (w, m, g) in self._numbers
            if w == wait and m == measure and g.startswith(f"{column}=")
        ]

    def measures(self, wait: str) -> list[str]:
        return [m for (w, m, g) in self._numbers if w == wait and not g]

    def ends(self, wait: str, measure: str) -> list[str]:
        """Every period end of a monthly series (the shortest period at each end), oldest first."""
        return sorted({end for _, end in self._numbers.get((wait, measure, ""), {})})

    def periods(self, wait: str, measure: str) -> Mapping[tuple[str, str], Number]:
        """Every period of a measure, (start, end) -> number."""
        return self._numbers.get((wait, measure, ""), {})
