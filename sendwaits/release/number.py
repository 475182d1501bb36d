"""A released number: what it prints as, and the key that leads back to its row of the released frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from markupsafe import Markup
from pandas import NA

from sendwaits.measure.bands import half_up
from sendwaits.release import words
from sendwaits.release.key import SUPPRESSED, UNDEFINED, Key

__all__ = ["Number", "printed"]


def printed(value: Fraction | float | int, decimals: int = 0) -> str:
    """The number as text: halves rounded up, thousands commas, a true minus sign (1186 -> "1,186", -2.25 -> "\u22122.3")."""
    return f"{half_up(value, places=decimals) + 0:,.{decimals}f}".replace("-", "\u2212")


@dataclass(frozen=True)
class Number:
    """One released number. In a template it prints itself inside its ``data-key``.

    ``unit``: count, weeks, percent or points. ``form``: that of the frame (exact, rounded, c, z).
    """

    key: Key
    value: float = math.nan
    unit: str = "count"
    form: str = "z"
    numerator: int | None = None
    denominator: int | None = None
    n: int | None = None
    decimals: int | None = None

    @classmethod
    def of(cls, row: Any, decimals: int | None = None) -> Number:
        """The number of a row of a released frame (a named tuple)."""
        parts = (row.numerator, row.denominator, row.n)
        top, bottom, n = (None if v is None or v is NA or v != v else int(v) for v in parts)
        key, value = Key.of(row), float(row.value)
        return cls(key, value, row.unit, row.form, top, bottom, n, decimals)

    @property
    def shown(self) -> bool:
        """True when there is a value to print or draw."""
        return self.form in ("exact", "rounded") and not math.isnan(self.value)

    @property
    def exact(self) -> Fraction:
        """The value as the fraction it came from: numerator over denominator for percentages."""
        if self.unit == "percent" and self.denominator and self.numerator is not None:
            return Fraction(100 * self.numerator, self.denominator)
        return Fraction(Decimal(repr(self.value)))

    @property
    def bare(self) -> str:
        """The printed digits without a unit, for axes and chart labels."""
        if self.form == "c":
            return SUPPRESSED
        if not self.shown:
            return UNDEFINED
        of_group = "group:" in self.key.measure and self.form == "rounded"
        whole = self.unit in ("count", "GBP") or (of_group and self.denominator is None)
        whole |= self.key.measure.startswith("longest_")
        default = 0 if whole and float(self.value).is_integer() else 1
        return printed(self.exact, default if self.decimals is None else self.decimals)

    def __str__(self) -> str:
        if not self.shown:
            return self.bare
        return {"percent": f"{self.bare}%", "GBP": f"£{self.bare}"}.get(self.unit, self.bare)

    def __html__(self) -> Markup:
        return self._keyed(str(self))

    def __format__(self, spec: str) -> str:
        return str(self)

    def _keyed(self, text: str) -> Markup:
        return Markup('<span data-key="{}">{}</span>').format(str(self.key), text)

    @property
    def signed(self) -> Markup:
        """The number with its sign, as in +24 or \u221212, for a change."""
        flat = not self.shown or self.value < 0 or not self.bare.strip("0.")
        return self._keyed(str(self) if flat else f"+{self}")

    @property
    def size(self) -> Markup:
        """The number without its sign, for "24 more than"."""
        return self._keyed(str(self).lstrip("\u2212"))

    @property
    def with_unit(self) -> Markup:
        """The number with its unit in words: 54.1 weeks, 36.0%, 12 points."""
        unit = {"weeks": " weeks", "points": " points"}.get(self.unit, "") if self.shown else ""
        return Markup("{}{}").format(self, words.tied(unit))

    @property
    def when(self) -> str:
        """Its period in words: "on 31 July 2024", "in July 2024"."""
        return words.period(self.key.period_start, self.key.period_end)

    def at(self, decimals: int) -> Number:
        """The same number printed with that many decimals."""
        return replace(self, decimals=decimals)

    @property
    def fraction(self) -> Markup:
        """ "38 of 104": numerator and denominator of a percentage; empty when it has none or is not shown."""
        if not self.shown or self.denominator is None or self.numerator is None:
            return Markup("")
        top, bottom = (
            replace(self, key=self.key.derived(name), value=float(value), unit="count")
            for name, value in (("numerator", self.numerator), ("denominator", self.denominator))
        )
        return Markup("{} of\u00a0{}").format(top, bottom)

    def minus(self, before: Number) -> Number:
        """The change since ``before``; not shown when either is not."""
        key = self.key.derived("change", start=before.key.period_end)
        unit = "points" if self.unit == "percent" else self.unit
        if not (self.shown and before.shown):
            return Number(key, unit=unit, form="c" if "c" in (self.form, before.form) else "z")
        form = "rounded" if "rounded" in (self.form, before.form) else "exact"
        digits = 0 if unit == "count" else 1
        ends = [half_up(n.exact, places=digits) for n in (self, before)]
        return Number(key, float(ends[0] - ends[1]), unit, form, decimals=digits)

    def share_of(self, whole: Number) -> Number:
        """This count as a percentage of ``whole``; not shown when either is not."""
        key = self.key.derived("share")
        if not (self.shown and whole.shown) or whole.value == 0:
            return Number(key, unit="percent", form="c" if "c" in (self.form, whole.form) else "z")
        bottom = int(whole.value)
        top = min(int(self.value), bottom)  # each is rounded by itself: 33 to 35 of 32 to 30
        return Number(key, 100 * top / bottom, "percent", self.form, top, bottom, bottom)
