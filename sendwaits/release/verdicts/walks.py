"""Stocks (lists, open waits, shares of a list): the change over 3, 6 and 12 months against what chance flows give.

A list is yesterday's list plus net flow, so its months are not independent: limits on the list itself call every chance
wandering a change. Its increments are: over n months chance alone moves it by sd x sqrt(n).
"""

from __future__ import annotations

import numpy as np

from sendwaits.release.verdicts.found import Found, nothing, two_sided

__all__ = ["YEAR_LIMIT", "SHORT_LIMIT", "judge", "spread"]

YEAR_LIMIT, WAIT_LIMIT = 0.011, 0.02
"""A change over 12 months of a list, and of a wait or share, speaks when chance alone does as much less often than this."""
SHORT_LIMIT = 0.002
"""The same for 3 and 6 months, which must stand out against the same months of the year before, too."""
SMALLEST, SMALLEST_SHARE = 5.0, 0.03
"""A list has changed only by 5 children or more and by 3 % of it or more."""
FLOWS_WEIGHT = 4
"""What the flows say of the chance step weighs as so many steps of the list itself."""
KEPT = 0.75
"""What moved a year ago is still another level while this much of it is left."""
JUMP = 0.001
"""One census is unusual when chance alone moves a list so far in a period less often than this."""
GREW = 1.5
"""A list that grew by half in a year is never steady."""


def spread(
    steps: np.ndarray, year: int, flows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The standard deviation of one period's chance step, and its degrees of freedom, for each series.

    The mean of two variances: of the steps around the mean of either year, and of the differences of neighbouring steps.
    ``flows``: the variance that joins and leavers have together (NaN: not published); it weighs as `FLOWS_WEIGHT` steps.
    """
    rest = [p - p.mean(1, keepdims=True) for p in (steps[:, -year:], steps[:, :-year]) if p.size]
    free = max(sum(r.shape[1] - 1 for r in rest), 1)
    around = np.sum([(r * r).sum(1) for r in rest], axis=0) / free
    neighbours = (np.diff(steps, axis=1) ** 2).mean(1) / 2
    squares, freedom = (around + neighbours) / 2 * free, np.full(len(steps), free, float)
    if flows is not None:
        known = np.isfinite(flows)
        squares = squares + FLOWS_WEIGHT * np.where(known, flows, 0)
        freedom = freedom + FLOWS_WEIGHT * known
    return np.sqrt(squares / freedom), freedom


def judge(values: np.ndarray, year: int, flows: np.ndarray | None, count: np.ndarray) -> Found:
    """The finding of each list [series, period]; ``count``: numbers of children (a smallest change is asked)."""
    found = nothing(len(values))
    steps = np.diff(values, axis=1)
    if steps.shape[1] < max(year - 1, 3):
        return found
    sd, df = spread(steps, year, flows)
    floor, yearly = np.where(count, SMALLEST, 0.5), np.where(count, YEAR_LIMIT, WAIT_LIMIT)
    for n in sorted({min(year, steps.shape[1]), year // 2, max(year // 4, 1)}, reverse=True):
        change = values[:, -1] - values[:, -1 - n]
        z = change / np.maximum(sd * n**0.5, 1e-9)
        p = two_sided(z, df)
        speaks = p < (yearly if n >= year - 1 else SHORT_LIMIT)
        speaks &= (abs(change) >= floor) & (abs(change) >= SMALLEST_SHARE * values[:, -1 - n])
        if n < year - 1:
            speaks &= _unlike_last_year(steps, n, year, sd, change, df)
        sign = np.sign(change).astype(int)
        found.take(speaks & (found.sign != sign), sign=sign, test=n, z=z, p=p)
        quiet = ~speaks & (found.sign == 0) & (n >= year - 1)
        found.take(quiet, test=n, z=z, p=p)
    found.sd = sd
    _last_year(found, values, steps, year, floor)
    _since(found, values, year)
    last = values[:, -1] - values[:, -1 - max(year // 4, 1)]
    found.moving |= (found.sign != 0) & (np.sign(last) == found.sign)
    _unusual(found, values, steps, year, sd, df, count)
    return found


def _unlike_last_year(
    steps: np.ndarray, n: int, year: int, sd: np.ndarray, change: np.ndarray, df: np.ndarray
) -> np.ndarray:
    """The same months of the year before did not move like this; without them a season cannot be told apart."""
    if steps.shape[1] < year + n:
        return np.zeros(len(steps), bool)
    before = steps[:, -year - n : -year].sum(1)
    z = (change - before) / np.maximum(sd * (2 * n) ** 0.5, 1e-9)
    return np.asarray((two_sided(z, df) < 0.05) & (np.sign(change - before) == np.sign(change)))


def _last_year(
    found: Found, values: np.ndarray, steps: np.ndarray, year: int, floor: np.ndarray
) -> None:
    """Moved in the year before, by the steps of that year, and has kept most of it: higher or lower, settled."""
    if steps.shape[1] < 2 * year - 1:
        return
    before = steps[:, :-year]
    sd, df = spread(before, year)
    early, whole = before.sum(1), values[:, -1] - values[:, 0]
    p = two_sided(early / np.maximum(sd * before.shape[1] ** 0.5, 1e-9), df)
    held = (np.sign(early) == np.sign(whole)) & (abs(whole) >= KEPT * abs(early))
    speaks = (found.sign == 0) & held & (p < SHORT_LIMIT) & (abs(whole) >= floor)
    speaks &= abs(whole) >= SMALLEST_SHARE * values[:, 0]
    found.take(speaks, sign=np.sign(early).astype(int), test=2 * year, p=p, sd=sd)


def _since(found: Found, values: np.ndarray, year: int) -> None:
    """The census after which the move began: where the change to today, per root of its length, is largest."""
    length = values.shape[1]
    reach = np.arange(max(0, length - 1 - year), length - max(year // 4, 1))
    pull = (values[:, -1:] - values[:, reach]) * found.sign[:, None]
    found.since = reach[np.argmax(pull / np.sqrt(length - 1 - reach), axis=1)] + 1
    early = found.test > year
    reach = np.arange(0, max(length - year - 2, 1))
    pull = (values[:, [-1 - year]] - values[:, reach]) * found.sign[:, None]
    far = reach[np.argmax(pull / np.sqrt(length - year - 1 - reach), axis=1)] + 1
    found.since = np.where(early, far, found.since)


def _unusual(
    found: Found, values: np.ndarray, steps: np.ndarray, year: int, sd: np.ndarray,
    df: np.ndarray, count: np.ndarray,
) -> None:  # fmt: skip
    """One step out of character, or a list half as large again as a year ago that chance flows can explain."""
    last, still = steps[:, -1], found.sign == 0
    p = two_sided(last / np.maximum(sd, 1e-9), df)
    jump = still & (p < JUMP) & (~count | (abs(last) >= SMALLEST))
    found.take(jump, unusual=np.sign(last).astype(int), test=1, p=p)
    if steps.shape[1] >= year:
        ago = values[:, -1 - year]
        grew = still & ~jump & count & (ago >= SMALLEST) & (values[:, -1] >= GREW * ago)
        found.take(grew, unusual=1)
