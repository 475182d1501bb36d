"""How much a period's flow, share or mean varies by chance: at least as Poisson or the binomial say, or as it shows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

__all__ = ["floor_of", "means", "variance"]

EXCESS = 1.4
"""What a series shows beyond the floor is itself uncertain, so it counts this much."""
SEASONAL = 1.1
"""Never more than this times what the differences from the year before show: a season is not chance."""
QUARTERS = 0.5
"""How much sums over 3 months say about the chance of a whole year, beside single months."""
LEVEL_WEIGHT, SEASON_WEIGHT, PRIOR, PRIOR_WEIGHT = 18, 14, 1.25, 8
"""How much neighbours, years and (in quarters, which are few) the usual dispersion weigh."""


def floor_of(part: np.ndarray, weight: np.ndarray, unit: str) -> np.ndarray:
    """The variance of one unit of weight when nothing but chance is at work: of a count its mean, of a share p(1-p)."""
    mean = part.sum(1) / np.maximum(weight.sum(1), 1)
    if unit == "count":
        return np.asarray(np.maximum(mean, 0.25))
    if unit == "percent":
        inside = np.clip(mean, 0.02, 0.98)
        return np.asarray(inside * (1 - inside))
    return np.zeros(len(mean))


def means(part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Value of each period; NaN where nobody is counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weight > 0, part / weight, np.nan))


def variance(
    part: np.ndarray, weight: np.ndarray, floor: np.ndarray, year: int, n: int
) -> np.ndarray:
    """The variance of one unit of weight [series], free of a step n periods ago and of a season.

    The mean of two estimates: squared differences of neighbours (the moving range of XmR, of shares Laney's p') and squared
    distances from the mean of each stretch; where a year earlier is known, both of the differences from it, too.
    """
    value, noise = means(part, weight), 1 / np.where(weight > 0, weight, np.nan)
    length = value.shape[1]
    shown = _both(value, noise, [0, length - year, length - n, length])
    if length >= year + 4:
        change, doubt = value[:, year:] - value[:, :-year], noise[:, year:] + noise[:, :-year]
        yearly = _both(change, doubt, [0, change.shape[1] - n, change.shape[1]])
        pooled = (LEVEL_WEIGHT * shown + SEASON_WEIGHT * yearly) / (LEVEL_WEIGHT + SEASON_WEIGHT)
        shown = np.fmin(pooled, SEASONAL * yearly)
    if year == n == 12:
        shown = (1 - QUARTERS) * shown + QUARTERS * _quarters(part, weight, year, n)
    if length < 12:
        shown = (length * shown + PRIOR_WEIGHT * PRIOR * floor) / (length + PRIOR_WEIGHT)
    return np.asarray(np.where(floor > 0, floor + EXCESS * np.maximum(shown - floor, 0), shown))


def _quarters(part: np.ndarray, weight: np.ndarray, year: int, n: int) -> np.ndarray:
    """The same from sums over 3 months: neighbouring months may make up for each other, or run together."""
    whole = part.shape[1] // 3 * 3
    sums = [a[:, -whole:].reshape(len(a), -1, 3).sum(2) for a in (part, weight)]
    value, noise = means(*sums), 1 / np.where(sums[1] > 0, sums[1], np.nan)
    length, quarters = value.shape[1], max(n // 3, 1)
    if length < 8:
        return _both(value, noise, [0, length - quarters, length])
    change, doubt = value[:, 4:] - value[:, :-4], noise[:, 4:] + noise[:, :-4]
    return _both(change, doubt, [0, change.shape[1] - quarters, change.shape[1]])


def _both(value: np.ndarray, noise: np.ndarray, cuts: list[int]) -> np.ndarray:
    return (_neighbours(value, noise) + _stretches(value, noise, cuts)) / 2


def _neighbours(value: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Squared difference of neighbours over the sum of their noises, averaged."""
    squares = np.diff(value, axis=1) ** 2 / (noise[:, 1:] + noise[:, :-1])
    known = np.isfinite(squares)
    return np.asarray(np.where(known, squares, 0).sum(1) / np.maximum(known.sum(1), 1))


def _stretches(value: np.ndarray, noise: np.ndarray, cuts: list[int]) -> np.ndarray:
    """Squared distances from the weighted mean of each stretch between the cuts, over their degrees of freedom."""
    squares = freedom = np.zeros(len(value))
    weight = np.where(np.isfinite(value), 1 / noise, 0.0)
    known = np.where(weight > 0, value, 0.0)
    for first, last in pairwise(sorted({min(max(c, 0), value.shape[1]) for c in cuts})):
        w, v = weight[:, first:last], known[:, first:last]
        mean = (w * v).sum(1) / np.maximum(w.sum(1), 1e-12)
        squares = squares + (w * (v - mean[:, None]) ** 2).sum(1)
        freedom = freedom + np.maximum((w > 0).sum(1) - 1, 0)
    return np.asarray(squares / np.maximum(freedom, 1))
