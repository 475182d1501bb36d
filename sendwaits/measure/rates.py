"""How sure a share or a change is: intervals of shares, of their difference, of counts and of their ratio."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sendwaits.errors import Refused

Period = tuple[date, date]  # first and last day, both counted


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval, all in the unit of the estimate."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """A change of a count between two equal periods: in children, in percent with its interval, and as a rate ratio."""

    base: int
    now: int
    difference: int
    percent: Interval
    ratio: Interval
    p_value: float


def share(numerator: int, denominator: int, confidence: float = 0.95) -> Interval:
    """numerator / denominator in percent with its Wilson interval. Of nobody: NaN.

    Source: Wilson 1927, as statsmodels ``proportion_confint`` computes it; keeps inside 0-100 for small groups.
    """
    from statsmodels.stats.proportion import proportion_confint

    _check(numerator, denominator)
    if not denominator:
        return Interval(math.nan, math.nan, math.nan)
    low, high = proportion_confint(numerator, denominator, alpha=1 - confidence, method="wilson")
    # the arithmetic leaves 1e-18 below 0: none or all is exactly the end of the scale
    return Interval(
        100 * numerator / denominator,
        0.0 if not numerator else 100 * float(low),
        100.0 if numerator == denominator else 100 * float(high),
    )


def false_discovery(p: Sequence[float]) -> list[float]:
    """The rate of false discoveries at which each of several comparisons would speak, 0 to 1; NaN where p is.

    Source: Benjamini and Hochberg 1995, as statsmodels ``multipletests`` computes it.
    """
    from statsmodels.stats.multitest import multipletests

    known = [x for x in p if math.isfinite(x)]
    found = iter(multipletests(known, method="fdr_bh")[1] if known else [])
    return [float(next(found)) if math.isfinite(x) else math.nan for x in p]


def share_difference(
    numerator: int,
    denominator: int,
    base_numerator: int,
    base_denominator: int,
    confidence: float = 0.95,
) -> Interval:
    """The first share less the base share in percentage points, with Newcombe's interval. A share of nobody: NaN.

    Source: Newcombe 1998, method 10 (Wilson ends combined), statsmodels ``confint_proportions_2indep``.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    _check(numerator, denominator)
    _check(base_numerator, base_denominator)
    if not denominator or not base_denominator:
        return Interval(math.nan, math.nan, math.nan)
    low, high = confint_proportions_2indep(
        numerator,
        denominator,
        base_numerator,
        base_denominator,
        method="newcomb",
        compare="diff",
        alpha=1 - confidence,
    )
    value = 100 * (numerator / denominator - base_numerator / base_denominator)
    return Interval(value, 100 * float(low), 100 * float(high))


def count_interval(count: int, confidence: float = 0.95) -> Interval:
    """A count with the exact Poisson interval of its expectation (0 gives 0 to 3.69).

    Source: Garwood 1936, statsmodels ``confint_poisson(method="exact-c")``.
    """
    from statsmodels.stats.rates import confint_poisson

    _check(count, count)
    low, high = confint_poisson(count, 1, method="exact-c", alpha=1 - confidence)
    return Interval(float(count), 0.0 if not count else float(low), float(high))


def spread_of(counts: Sequence[float], exposures: Sequence[float]) -> float:
    """How much more counts vary than chance alone would: Pearson's statistic over its degrees of freedom, 1 at least.

    Counts 8, 12 in equal times: ((8 - 10)^2 + (12 - 10)^2) / 10 / 1 = 0.8, so 1. Source: quasi-Poisson, Wedderburn 1974.
    """
    whole, time = sum(counts), sum(exposures)
    if len(counts) < 2 or not whole:
        return 1.0
    expected = [whole * e / time for e in exposures]
    pearson = sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))
    return max(1.0, pearson / (len(counts) - 1))


def rate_interval(count: float, exposure: float, spread: float = 1.0) -> Interval:
    """A count over its exposure (weeks) with the exact 95 % Poisson interval of its rate, widened for over-dispersed counts.

    With ``spread`` s the interval is that of count / s, times s: 10 in 2 weeks is 5 (2.4 to 9.2) a week, at s = 4 (1.0 to
    14.9). Source: Garwood 1936; quasi-Poisson.
    """
    from scipy.special import gammaincinv

    low = spread * float(gammaincinv(count / spread, 0.025)) if count else 0.0
    high = spread * float(gammaincinv(count / spread + 1, 0.975))
    return Interval(count / exposure, low / exposure, high / exposure)


def added(*signed: tuple[int, Interval]) -> Interval:
    """Independent estimates added or taken off (sign 1 or -1), with the interval that their own intervals give.

    10 (8 to 13) less 6 (5 to 8): 4, low 4 - sqrt(2^2 + 2^2) = 1.2, high 4 + sqrt(3^2 + 1^2) = 7.2.
    Source: Zou and Donner 2008 (MOVER).
    """
    value = sum(sign * one.value for sign, one in signed)
    below = sum(((o.value - o.low) if s > 0 else (o.high - o.value)) ** 2 for s, o in signed)
    above = sum(((o.high - o.value) if s > 0 else (o.value - o.low)) ** 2 for s, o in signed)
    return Interval(value, value - math.sqrt(below), value + math.sqrt(above))


def rate_ratio(
    count: int, base: int, exposure: float = 1, base_exposure: float = 1, confidence: float = 0.95
) -> Interval:
    """The first rate over the base rate, a ratio, with its exact interval. Base 0: infinite (0 over 0: NaN).

    Given their sum, one of two Poisson counts is binomial: its Clopper-Pearson ends give those of the ratio, as R's
    ``poisson.test``. Exposures: days, or children at risk.
    """
    from statsmodels.stats.proportion import proportion_confint

    _check(count, count)
    _check(base, base)
    if not exposure > 0 or not base_exposure > 0:
        raise Refused("rates: exposure: a rate needs days or children at risk")
    if not count + base:
        return Interval(math.nan, 0.0, math.inf)
    scale = base_exposure / exposure
    low, high = proportion_confint(count, count + base, alpha=1 - confidence, method="beta")
    odds = [
        scale * p / (1 - p) if p < 1 else math.inf
        for p in (0.0 if not count else float(low), float(high) if base else 1.0)
    ]
    return Interval(scale * count / base if base else math.inf, *odds)


def change(
    now: int | None, base: int | None, period: Period, base_period: Period, confidence: float = 0.95
) -> Change:
    """The change of a count from a base period to one of equal length: percent and rate ratio with exact interval.

    Equal: the same number of whole calendar months, or else of days (365 and 366 days are two whole years).

    Raises
    ------
    Refused
        When a count is suppressed or missing (``None``, NaN, "[c]"): its change would give it away. When the periods are
        unequal or overlap. When the base is 0: there is no percentage of nothing.
    """
    for count in (now, base):
        if count is None or isinstance(count, str) or not math.isfinite(count):
            raise Refused(
                "change: a change from or to a suppressed or missing number is not computed"
            )
    if not equal_periods(period, base_period):
        raise Refused(
            "change: the periods are unequal in length or overlap: compare like with like"
        )
    now, base = int(now or 0), int(base or 0)
    if not base:
        raise Refused(
            "change: the base is 0: there is no percentage change of nothing, give both counts"
        )
    from statsmodels.stats.rates import test_poisson_2indep

    ratio = rate_ratio(now, base, confidence=confidence)
    percent = Interval(100 * (now - base) / base, 100 * (ratio.low - 1), 100 * (ratio.high - 1))
    test = test_poisson_2indep(now, 1, base, 1, method="exact-cond")
    return Change(base, now, now - base, percent, ratio, float(test.pvalue))


def equal_periods(one: Period, other: Period) -> bool:
    """True when two periods do not overlap and have as many whole months, or else as many days."""
    (first, last), (start, end) = one, other
    if last < first or end < start:
        raise Refused("period: the last day lies before the first")
    if first <= end and start <= last:
        return False
    months, others = whole_months(one), whole_months(other)
    if months and others:
        return months == others
    return last - first == end - start


def whole_months(period: Period) -> int:
    """How many whole calendar months a period is; 0 when it begins or ends inside one."""
    first, last = period
    if first.day != 1 or last.day != monthrange(last.year, last.month)[1]:
        return 0
    after = last + timedelta(days=1)
    return 12 * (after.year - first.year) + after.month - first.month


def _check(numerator: int, denominator: int) -> None:
    for count in (numerator, denominator):
        if (
            count is None
            or isinstance(count, str)
            or not math.isfinite(count)
            or count != int(count)
            or count < 0
        ):
            raise Refused(
                "rates: counts are whole numbers, 0 or more; a suppressed one has no interval"
            )
    if numerator > denominator:
        raise Refused("rates: a share has no more above than below")
