"""Flows, shares and mean waits of those seen: the last 3, 6 and 12 months against the same months of the year before."""

from __future__ import annotations

import numpy as np

from sendwaits.release.verdicts.found import Found, nothing, two_sided
from sendwaits.release.verdicts.spread import floor_of, means, variance

__all__ = ["LIMITS", "UNUSUAL", "compare", "freedom", "judge"]

LIMITS = (0.0135, 0.0045, 0.0003)
"""12, 6 and 3 months speak when chance alone does as much less often than this."""
UNUSUAL = 0.0005
"""One period is unusual when chance alone puts it so far from all others less often than this."""
STILL = 4.0
"""Still moving: a line through the year-on-year differences leaves so many variances less unexplained than a step."""


def freedom(unit: str, year: int) -> float:
    """Degrees of freedom of a comparison: of counts and shares the chance is known, of mean waits it is estimated."""
    return 1e9 if unit != "weeks" else 18.0 if year == 12 else 7.0


def judge(part: np.ndarray, weight: np.ndarray, year: int, unit: str) -> Found:
    """The finding of each series [series, period]."""
    found, length = nothing(len(part)), part.shape[1]
    floor = floor_of(part, weight, unit)
    spans = [(n, year, p) for n, p in zip(_spans(year), LIMITS, strict=True) if length >= year + n]
    for n, back, limit in spans or [(length // 2, length // 2, LIMITS[1])]:
        spread = variance(part, weight, floor, year, n)
        difference, z = compare(part, weight, spread, n, back, unit)
        p, sign = two_sided(z, freedom(unit, year)), np.sign(difference).astype(int)
        speaks = p < limit
        found.take(speaks & (found.sign != sign), sign=sign, test=n, z=z, p=p, sd=spread**0.5)
        found.take(~speaks & (found.test == 0), test=n, z=z, p=p, sd=spread**0.5)
    if length >= 2 * year:
        _since_and_moving(found, part, weight, floor, year)
    else:
        found.since = length - found.test
    _unusual(found, part, weight, year, unit)
    return found


def _spans(year: int) -> tuple[int, int, int]:
    return year, year // 2, year // 4


def compare(
    part: np.ndarray, weight: np.ndarray, spread: np.ndarray, n: int, back: int, unit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Difference of the last n periods from the n that end ``back`` periods before, and its z (continuity corrected)."""
    length = part.shape[1]
    last, before = slice(length - n, length), slice(length - n - back, length - back)
    w_now, w_base = weight[:, last].sum(1), weight[:, before].sum(1)
    some = (w_now > 0) & (w_base > 0)
    w_now, w_base = np.where(some, w_now, 1), np.where(some, w_base, 1)
    now, base = part[:, last].sum(1) / w_now, part[:, before].sum(1) / w_base
    difference = np.where(some, now - base, 0.0)
    noise = np.sqrt(np.maximum(spread * (1 / w_now + 1 / w_base), 1e-12))
    whole = 0.0 if unit == "weeks" else 0.5 * (1 / w_now + 1 / w_base)
    return difference, np.sign(difference) * np.maximum(abs(difference) - whole, 0) / noise


def _since_and_moving(
    found: Found, part: np.ndarray, weight: np.ndarray, floor: np.ndarray, year: int
) -> None:
    """Since: where the year-on-year differences begin to differ; moving: a line fits them clearly better than a step, and the
    newest 3 months differ more than the 3 before."""
    value, length = means(part, weight), part.shape[1]
    change = value[:, -year:] - value[:, -2 * year : -year]
    change = np.nan_to_num(change) * found.sign[:, None]
    tail = np.cumsum(change[:, ::-1], axis=1)[:, ::-1]
    latest = max(year // 4, 1)
    lengths = year - np.arange(year - latest + 1)
    start = np.argmax(tail[:, : len(lengths)] / np.sqrt(lengths), axis=1)
    found.since = length - year + start
    early = (start == 0) & (found.sign != 0)
    if early.any():
        found.since[early] = _split(part[early], weight[early], found.sign[early], length - year)
    months = np.arange(year)
    after = months >= start[:, None]
    step = np.where(after, (change * after).sum(1, keepdims=True) / (year - start[:, None]), 0.0)
    centred = months - months.mean()
    slope = (change * centred).sum(1, keepdims=True) / (centred**2).sum()
    line = change.mean(1, keepdims=True) + slope * centred
    gain = ((change - step) ** 2).sum(1) - ((change - line) ** 2).sum(1)
    least = 2 * floor / np.maximum(weight[:, -year:].mean(1), 1e-9)
    noise = np.maximum((np.diff(change, axis=1) ** 2).mean(1) / 2, np.maximum(least, 1e-9))
    newest = change[:, -latest:].sum(1) > change[:, -2 * latest : -latest].sum(1)
    found.moving |= (found.sign != 0) & newest & (slope[:, 0] > 0) & (gain > STILL * noise)


def _split(part: np.ndarray, weight: np.ndarray, sign: np.ndarray, last: int) -> np.ndarray:
    """Where two levels fit best when the change began a year ago or more: a period up to ``last``."""
    at = np.arange(min(3, last), last + 1)
    before_w, before = np.cumsum(weight, axis=1)[:, at - 1], np.cumsum(part, axis=1)[:, at - 1]
    after_w, after = weight.sum(1, keepdims=True) - before_w, part.sum(1, keepdims=True) - before
    gap = after / np.maximum(after_w, 1e-9) - before / np.maximum(before_w, 1e-9)
    fit = (
        gap
        * sign[:, None]
        / np.sqrt(1 / np.maximum(after_w, 1e-9) + 1 / np.maximum(before_w, 1e-9))
    )
    return np.asarray(at[np.argmax(fit, axis=1)])


def _unusual(found: Found, part: np.ndarray, weight: np.ndarray, year: int, unit: str) -> None:
    """The newest period lies outside the limits of the others (XmR, p'), and as far from the year before."""
    last, rest = weight[:, -1], weight[:, :-1].sum(1)
    some = (last > 0) & (rest > 0)
    gap = means(part, weight)[:, -1] - part[:, :-1].sum(1) / np.maximum(rest, 1)
    z = np.where(some, gap, 0) / np.maximum(found.sd / np.sqrt(np.maximum(last, 1e-9)), 1e-9)
    p = two_sided(z, freedom(unit, year))
    out = some & (p < UNUSUAL)
    if part.shape[1] > year:
        step = np.diff(means(part, weight)[:, [-1 - year, -1]], axis=1)[:, 0]
        out &= (np.sign(step) == np.sign(gap)) & (abs(step) >= 0.75 * abs(gap))
    found.take((found.sign == 0) & out, unusual=np.sign(z).astype(int), test=1, p=p)
