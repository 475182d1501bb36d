"""A bank of structural filters: level, damped slope, a shrunken season and working days, averaged by their own evidence.

One Kalman pass over a series, vectorised over about 160 parameter points in numpy, gives the forecast of every month from every
origin; no optimiser, so nothing can fail to converge and the same series always gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sendwaits.measure.clock import easter

__all__ = ["Bank", "bank", "walk", "predict"]

Array = NDArray[np.float64]

HARMONICS = 6
PRIOR_WEIGHT = 0.3
"""Months that the first guess of the noise counts for: the mean monthly step of the first year, 0.1 when there is one month only."""
CLIP = 3.0
"""An innovation counts at most this many standard deviations, so that one closed month does not move the level for a year; not
before the series has moved seven times, for what has never moved has no usual step."""
WORKING_DAY_SD = 0.6
"""Prior standard deviation of the effect of one working day, in noise units; only members with a season know the calendar."""
FORGET = 0.97
"""What a month's error weighs a month later, in the noise and in the evidence."""


@dataclass(frozen=True)
class Bank:
    """Parameter points of the filters, one array element each.

    ``level``: variance of the monthly level step as a share of the noise plus that step; ``slope``: stationary variance of the
    slope; ``damping``: what is left of a slope a month later; ``season``: prior standard deviation of the first harmonic, in
    noise units; ``drift``: how fast the season changes; ``belief``: logarithm of the weight before any month is seen.
    """

    level: Array
    slope: Array
    damping: Array
    season: Array
    drift: Array
    belief: Array


def bank() -> Bank:
    """All members of the bank: 8 level speeds x 4 slopes x (no season, 2 sizes x fixed or slowly changing).

    Before any month is seen, having a slope is as likely as having none, and having a season as likely as having none.
    """
    ratios = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 4.0, 30.0)
    slopes = ((0.0, 0.9), (0.05, 0.9), (0.05, 0.98), (0.15, 0.98))
    seasons = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.01), (2.0, 0.0), (2.0, 0.01))
    points = np.array(
        [(r / (1 + r), s, d, t, c) for r, (s, d), (t, c) in product(ratios, slopes, seasons)]
    )
    level, slope, damping, season, drift = points.T
    belief = np.log(
        np.where(slope > 0, 1 / (len(slopes) - 1), 1)
        * np.where(season > 0, 1 / (len(seasons) - 1), 1)
    )
    return Bank(level, slope * np.maximum(level, 0.02), damping, season, drift, belief)


def walk() -> Bank:
    """A bank of one: the random walk, whose forecast is the last value (plain naive)."""
    one = np.ones(1)
    return Bank(one, 0 * one, 0.9 * one, 0 * one, 0 * one, 0 * one)


def working_days(first_month: int, n: int) -> Array:
    """Weekdays of each month without Good Friday and Easter Monday; ``first_month`` in months since January 1970.

    The other bank holidays fall in the same month every year, so the season has them already.
    """
    starts = np.arange(first_month, first_month + n + 1).astype("datetime64[M]")
    years = starts.astype("datetime64[Y]").astype(int) + 1970
    holidays = [day for year in range(int(years[0]), int(years[-1]) + 1) for day in easter(year)]
    days = starts.astype("datetime64[D]")
    return np.asarray(np.busday_count(days[:-1], days[1:], holidays=holidays), dtype=float)


def _calendar(first_month: int, n: int) -> Array:
    """One row per month: cosines and sines of the calendar month, and the working days above the usual 20.8."""
    month = (first_month + np.arange(n)) % 12
    angles = 2 * np.pi * np.outer(month, np.arange(1, HARMONICS)) / 12
    pairs = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(n, -1)
    return np.column_stack([pairs, np.cos(np.pi * month), working_days(first_month, n) - 20.8])


def predict(
    y: Array, first_month: int, origins: NDArray[np.int64], months: int, members: Bank
) -> tuple[Array, Array]:
    """Mean and standard deviation of the next `months` values from each origin, in the units of `y`; one row per origin.

    An origin ``o`` knows ``y[:o]`` only. ``first_month`` is the month of ``y[0]`` in months since January 1970. State: level, slope,
    eleven seasonal coefficients and what a working day more is worth; weights of the members = evidence of the one-step errors, the noise integrated out.
    Source: Harvey, Forecasting, Structural Time Series Models and the Kalman Filter (1989), chapters 2-4.
    """
    n = len(y)
    calendar = _calendar(first_month, n + months)
    order = np.append(np.repeat(np.arange(1, HARMONICS), 2), HARMONICS)
    season = members.season[:, None] ** 2 / order
    prior = np.column_stack([season, np.where(members.season > 0, WORKING_DAY_SD**2, 0.0)])
    change = np.column_stack([season * members.drift[:, None], np.zeros(len(season))])
    noise = 1.0 - members.level
    slope_step = members.slope * (1 - members.damping**2)
    size, width = len(noise), 3 + len(order)
    diagonal = np.arange(2, width)
    state = np.zeros((size, width))
    state[:, 0] = y[0]
    cov = np.zeros((size, width, width))
    cov[:, 0, 0], cov[:, 1, 1] = 1e4, members.slope
    cov[:, diagonal, diagonal] = prior
    guess = np.abs(np.diff(y[:13])).mean() if n > 1 else 0.1
    squares = np.full(size, PRIOR_WEIGHT * max(float(guess), 1e-4) ** 2)
    evidence, seen, moves = np.zeros(size), PRIOR_WEIGHT, 0
    wanted = {int(o): i for i, o in enumerate(origins)}
    mean, sd = np.empty((len(origins), months)), np.empty((len(origins), months))
    for t in range(n + 1):
        if t in wanted:
            score = members.belief + evidence - 0.5 * (seen + 1) * np.log(squares)
            weight = np.exp(score - score.max())
            keep = weight > 1e-3
            parts = (
                state[keep],
                cov[keep],
                squares[keep] / seen,
                noise[keep],
                members.level[keep],
                slope_step[keep],
                members.damping[keep],
                change[keep],
            )
            mean[wanted[t]], sd[wanted[t]] = _ahead(
                calendar[t : t + months], weight[keep] / weight[keep].sum(), *parts
            )
        if t == n:
            break
        row = np.concatenate([[1.0, 0.0], calendar[t]])
        gain = cov @ row
        spread = gain @ row + noise
        error = y[t] - state @ row
        if t > 0:
            moves += y[t] != y[t - 1]
            if moves > 6:
                limit = CLIP * (1 + 6 / seen) * np.sqrt(squares / seen * spread)
                error = np.clip(error, -limit, limit)
            evidence = FORGET * evidence - 0.5 * np.log(spread)
            squares = FORGET * squares + error**2 / spread
            seen = FORGET * seen + 1
        state = state + gain * (error / spread)[:, None]
        cov = cov - gain[:, :, None] * (gain / spread[:, None])[:, None, :]
        state[:, 0] += state[:, 1]
        state[:, 1] *= members.damping
        cov[:, 0, :] += cov[:, 1, :]
        cov[:, :, 0] += cov[:, :, 1]
        cov[:, 1, :] *= members.damping[:, None]
        cov[:, :, 1] *= members.damping[:, None]
        cov[:, 0, 0] += members.level
        cov[:, 1, 1] += slope_step
        cov[:, diagonal, diagonal] += change
    return mean, sd


def _ahead(
    calendar: Array,
    weight: Array,
    state: Array,
    cov: Array,
    unit: Array,
    noise: Array,
    level: Array,
    slope_step: Array,
    damping: Array,
    change: Array,
) -> tuple[Array, Array]:
    """Mean and standard deviation of the weighted mixture, one element per month ahead."""
    steps = np.arange(len(calendar))
    reach = (1 - damping[:, None] ** steps) / (1 - damping[:, None])
    rows = np.concatenate(
        [
            np.ones((len(level), len(steps), 1)),
            reach[:, :, None],
            np.broadcast_to(calendar, (len(level), *calendar.shape)),
        ],
        axis=2,
    )
    mean = np.einsum("ghd,gd->gh", rows, state)
    variance = np.einsum("ghd,ghd->gh", rows @ cov, rows) + noise[:, None] + level[:, None] * steps
    variance += slope_step[:, None] * np.concatenate(
        [np.zeros((len(level), 1)), np.cumsum(reach**2, axis=1)[:, :-1]], axis=1
    )
    variance += (change @ (calendar**2).T) * steps
    centre = weight @ mean
    return centre, np.sqrt(
        np.maximum(weight @ (variance * unit[:, None] + mean**2) - centre**2, 1e-18)
    )
