"""Flows, shares and mean waits of those seen: the last 3, 6 and 12 months against the same months of the year before.

The spread of a period is Poisson's (a count), the binomial's (a share) or that of the series (a mean), times what the
series itself shows beyond it, taken from neighbouring periods (XmR; of shares Laney's p').
"""

from __future__ import annotations

import numpy as np

from sendwaits.release.verdicts.found import Found, nothing, two_sided

__all__ = ["LIMIT", "UNUSUAL", "dispersion", "judge"]

LIMIT = 0.008
"""A comparison speaks when chance alone does as much less often than this."""
UNUSUAL = 0.001
FREEDOM = 18


def floor_of(part: np.ndarray, weight: np.ndarray, unit: str) -> np.ndarray:
    """The variance of one unit of weight when nothing but chance is at work: of a count its mean, of a share p(1-p)."""
    mean = part.sum(1) / np.maximum(weight.sum(1), 1)
    if unit == "count":
        return np.asarray(np.maximum(mean, 0.25))
    if unit == "percent":
        inside = np.clip(mean, 0.02, 0.98)
        return np.asarray(inside * (1 - inside))
    return np.zeros(len(mean))


def dispersion(part: np.ndarray, weight: np.ndarray, floor: np.ndarray, year: int) -> np.ndarray:
    """The variance of one unit of weight: the floor, or what neighbours (the smaller of raw and year on year) show."""
    raw = _neighbours(part, weight)
    if part.shape[1] > year + 2:
        yearly = _year_on_year(part, weight, year)
        raw = np.fmin(raw, yearly)
    return np.asarray(np.maximum(floor, raw))


def _means(part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weight > 0, part / weight, np.nan))


def _inverse(weight: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weight > 0, 1 / weight, np.nan))


def _mean_known(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0).sum(1) / np.maximum(known.sum(1), 1))


def _neighbours(part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Squared difference of neighbours over the sum of their inverse weights, averaged."""
    mean, inverse = _means(part, weight), _inverse(weight)
    return _mean_known(np.diff(mean, axis=1) ** 2 / (inverse[:, 1:] + inverse[:, :-1]))


def _year_on_year(part: np.ndarray, weight: np.ndarray, year: int) -> np.ndarray:
    """The same of neighbouring differences from the year before: free of any season."""
    mean, inverse = _means(part, weight), _inverse(weight)
    change = mean[:, year:] - mean[:, :-year]
    noise = inverse[:, year:] + inverse[:, :-year]
    return _mean_known(np.diff(change, axis=1) ** 2 / (noise[:, 1:] + noise[:, :-1]))


def _sum(array: np.ndarray, stop: int, n: int) -> np.ndarray:
    length = array.shape[1]
    return np.asarray(array[:, length - stop - n : length - stop].sum(1))


def compare(
    part: np.ndarray, weight: np.ndarray, variance: np.ndarray, n: int, back: int, unit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Difference of the last n periods from the n that end ``back`` periods before, and its z."""
    now, base = _sum(part, 0, n), _sum(part, back, n)
    w_now, w_base = _sum(weight, 0, n), _sum(weight, back, n)
    some = (w_now > 0) & (w_base > 0)
    w_now, w_base = np.where(some, w_now, 1), np.where(some, w_base, 1)
    difference = np.where(some, now / w_now - base / w_base, 0.0)
    noise = np.sqrt(np.maximum(variance * (1 / w_now + 1 / w_base), 1e-12))
    whole = 0.0 if unit == "weeks" else 0.5 * (1 / w_now + 1 / w_base)
    return difference, np.sign(difference) * np.maximum(abs(difference) - whole, 0) / noise


def judge(part: np.ndarray, weight: np.ndarray, year: int, unit: str) -> Found:
    """The finding of each series [series, period]."""
    found, length = nothing(len(part)), part.shape[1]
    if length < year:
        return found
    variance = dispersion(part, weight, floor_of(part, weight, unit), year)
    pairs = [(n, year) for n in (year, year // 2, max(year // 4, 1)) if length >= year + n]
    pairs = pairs or [(length // 2, length // 2)]
    for n, back in pairs:
        difference, z = compare(part, weight, variance, n, back, unit)
        p = two_sided(z, FREEDOM)
        speaks = p < LIMIT
        stronger = speaks & ((found.sign == 0) | (np.sign(difference) != found.sign))
        found.take(stronger, sign=np.sign(difference).astype(int), test=n, z=z, p=p)
        found.take(~speaks & (found.test == 0), test=n, z=z, p=p)
    found.sd = np.sqrt(variance)
    if length >= 2 * year:
        _since_and_moving(found, part, weight, variance, year)
    else:
        found.since = np.full(len(part), length - pairs[-1][0])
    _unusual(found, part, weight, variance, year)
    return found


def _since_and_moving(
    found: Found, part: np.ndarray, weight: np.ndarray, variance: np.ndarray, year: int
) -> None:
    """Since: where the year-on-year differences begin to differ; moving: the newer half of them differs more."""
    mean, inverse = _means(part, weight), _inverse(weight)
    change = np.nan_to_num(mean[:, -year:] - mean[:, -2 * year : -year]) * found.sign[:, None]
    tail = np.cumsum(change[:, ::-1], axis=1)[:, ::-1]
    lengths = year - np.arange(year)
    latest = max(year // 4, 1)
    fit = tail[:, : year - latest + 1] / np.sqrt(lengths[: year - latest + 1])
    start = np.argmax(fit, axis=1)
    found.since = part.shape[1] - year + start
    half = (year - start) // 2
    noise = variance * _mean_known(inverse)
    for n in np.unique(half[half >= latest]):
        newer, older = change[:, -n:].mean(1), change[:, -2 * n : -n or None].mean(1)
        z = (newer - older) / np.sqrt(np.maximum(4 * noise / n, 1e-12))
        found.moving |= (half == n) & (found.sign != 0) & (z > 2)


def _unusual(
    found: Found, part: np.ndarray, weight: np.ndarray, variance: np.ndarray, year: int
) -> None:
    """The newest period lies outside the limits of the others, and far from the same period of the year before."""
    rest, rest_weight = part[:, :-1].sum(1), weight[:, :-1].sum(1)
    last, last_weight = part[:, -1], weight[:, -1]
    some = (last_weight > 0) & (rest_weight > 0)
    gap = np.where(
        some, last / np.maximum(last_weight, 1e-9) - rest / np.maximum(rest_weight, 1), 0
    )
    z = gap / np.sqrt(np.maximum(variance / np.maximum(last_weight, 1e-9), 1e-12))
    out = two_sided(z, FREEDOM) < UNUSUAL
    if part.shape[1] > year:
        mean = _means(part, weight)
        step = np.nan_to_num(mean[:, -1] - mean[:, -1 - year])
        out &= (np.sign(step) == np.sign(gap)) & (abs(step) >= 0.75 * abs(gap))
    found.unusual = (found.sign == 0) & out & some
