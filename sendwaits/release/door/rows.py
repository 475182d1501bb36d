"""One exact number as the row that is printed: suppressed, rounded, with one decimal, or with nothing to count."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from sendwaits.measure.bands import half_up
from sendwaits.measure.measures import MEASURES
from sendwaits.release.door.exact import Value
from sendwaits.release.door.ladder import printed, rounded
from sendwaits.release.profile import Profile

__all__ = ["Printed", "enough", "needed_for_change", "row_of", "too_small"]


class Printed(NamedTuple):
    """What stands in a released row: value, numerator, denominator, n, form."""

    value: float
    numerator: int | None
    denominator: int | None
    n: int | None
    form: str


NOTHING = Printed(math.nan, None, None, 0, "z")


def needed(measure: str, profile: Profile) -> int:
    """How many children an average needs: k; a median 2k; a p-th percentile k / (1 - p)."""
    if measure.startswith("median_"):
        return 2 * profile.smallest
    percentile = re.match(r"p(\d+)_", measure)
    if percentile:
        return math.ceil(Fraction(100 * profile.smallest, 100 - int(percentile[1])))
    return profile.smallest


def enough(measure: str, value: Value, profile: Profile) -> bool:
    """False for an average of k children or more that needs still more: it is no fact of 1 to k - 1."""
    if MEASURES[measure].unit != "weeks" or value.n is None:
        return True
    return not profile.smallest <= value.n < needed(measure, profile)


def too_small(measure: str, value: Value, profile: Profile) -> bool:
    """Whether a number rests on 1 to k - 1 children: a count, a part of a share, the children of an average."""
    small = range(1, profile.smallest)
    if MEASURES[measure].unit == "percent":
        num, den = value.numerator or 0, value.denominator or 0
        return num in small or den - num in small or den in small
    if MEASURES[measure].unit == "count":
        return not math.isnan(value.value) and int(value.value) in small
    return value.n is not None and value.n in small


def row_of(
    measure: str, value: Value, form: str, profile: Profile, shown_n: bool = True
) -> Printed:
    """The printed row of an exact number in a form. ``shown_n``: an average may print how many it is over."""
    unit = MEASURES[measure].unit
    if unit == "count":
        if math.isnan(value.value):
            return NOTHING
        count, form = printed(int(value.value), form, profile.smallest)
        shown = math.nan if count is None else float(count)
        return Printed(shown, None, None, count, form)
    return (
        _share(measure, value, form, profile)
        if unit == "percent"
        else _mean(measure, value, form, profile, shown_n)
    )


def _share(measure: str, value: Value, form: str, profile: Profile) -> Printed:
    if not value.denominator:
        return Printed(math.nan, 0, 0, 0, "z")
    den, den_form = printed(value.denominator, form, profile.smallest)
    if den_form == "c" or too_small(measure, value, profile):
        return Printed(math.nan, None, den, den, "c")
    num = value.numerator or 0
    num = num if form == "exact" else rounded(num)
    percent = half_up(Fraction(100 * min(num, den or 0), den or 1), places=1)
    return Printed(float(percent), num, den, den, form)


def _mean(measure: str, value: Value, form: str, profile: Profile, shown_n: bool) -> Printed:
    n = value.n or 0
    if not n or math.isnan(value.value):
        return NOTHING
    if n < profile.smallest:
        return Printed(math.nan, None, None, None, "c")
    weeks = (
        math.floor(value.value + 1e-9)
        if measure.startswith("longest_")
        else half_up(Fraction(value.value).limit_denominator(14 * n), places=1)
    )
    shown = (n if form == "exact" else rounded(n)) if shown_n else None
    return Printed(float(weeks), None, None, shown, form)


def needed_for_change(measure: str, value: Value, old: Printed) -> list[tuple[float, float]]:
    """(now, as printed before) of each count in a number; empty where one of the two has none."""
    unit = MEASURES[measure].unit
    if unit == "count":
        pairs = [(value.value, old.value)]
    elif unit == "percent":
        num, den = (value.numerator, old.numerator), (value.denominator, old.denominator)
        rest = tuple(
            None if d is None or n is None else d - n for n, d in zip(num, den, strict=True)
        )
        pairs = [num, den, rest]  # type: ignore[list-item]
    else:
        pairs = [(value.n, old.n)]  # type: ignore[list-item]
    return [
        (float(a), float(b))
        for a, b in pairs
        if a is not None and b is not None and a == a and b == b
    ]
