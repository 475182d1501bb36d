"""Weekly flows -> what the level is today, how it moves, and how sure that is: a small Gaussian-process posterior.

The log of a weekly flow is a level that drifts (random walk), grows, sometimes steps, and dips in school holidays. All of
it is linear and Gaussian once the counts are linearised, so the posterior is exact per choice of drift, spread and step
date, and the choices are weighed by their marginal likelihood. Nothing is searched: the forecast draws from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Draws", "calendar", "fit_level", "BREAKS"]

BREAKS = ("summer", "christmas", "other school holidays")
_SEASON_MEAN = np.array([-0.30, -0.55, -0.18])
_SEASON_SD = np.array([0.28, 0.45, 0.20])
_DRIFT = np.array([0.0, 0.004, 0.008, 0.013, 0.02, 0.032])
_DRIFT_WEIGHT = np.array([0.10, 0.24, 0.26, 0.22, 0.13, 0.05])
_SPREAD = np.array([0.5, 1.0, 2.0])
_STEP_SD, _STEP_RATE = 0.25, 0.25 / 52
GROWTH = (0.09, 0.13)
"""Log growth a year of a service's demand before its own history is seen, mean and sd. DfE, requests for EHC assessments
by local authority 2019-2024: mean .14, sd of one year's growth .23, next year's uncorrelated (-.12), so most of that
spread is the year's and is left to the drift; community referrals grow less."""
CAPACITY_GROWTH = (0.02, 0.10)
"""The same of what a service can do: it follows demand, late and in part."""
LEVEL_WEEKS = 208
"""A fit looks back so far, however long the history: the level of today owes nothing to weeks before, and a fit costs their cube."""
HALF_LIFE_YEARS = 3.0
"""Growth saturates: its pace halves in this time."""


def calendar(as_at: np.datetime64, weeks: np.ndarray) -> np.ndarray:
    """Share of each week's days in summer, Christmas and other English school holidays, shape (weeks, 3).

    Week w ends on as_at + 7w. Dates are those of a usual year; the size of each dip is estimated, never assumed.
    """
    days = (as_at.astype("datetime64[D]") + (7 * weeks[:, None] - np.arange(7)[None, :])).ravel()
    months = days.astype("datetime64[M]")
    md = (months.astype(int) % 12 + 1) * 100 + (days - months).astype(int) + 1
    between = lambda low, high: (md >= low) & (md <= high)  # noqa: E731
    summer, christmas = between(722, 901), between(1221, 1231) | between(101, 104)
    other = between(330, 414) | between(213, 221) | between(526, 601) | between(1023, 1030)
    return np.stack([k.reshape(len(weeks), 7).mean(1) for k in (summer, christmas, other)], axis=1)


def shape_of(holidays: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """What a week's flow is of a term week's, when each holiday day has its share ``holidays`` of a term day's."""
    return np.maximum(1.0 + breaks @ (holidays - 1.0), 0.01)


def _holidays(
    y: np.ndarray, breaks: np.ndarray, exposure: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Flow in summer, Christmas and other holidays as a share of the flow of term, drawn towards usual shares.

    Each week is measured against the term weeks of the half year around it; the usual share weighs as much as eight
    children expected in term.
    """
    term = known & (breaks.sum(1) < 0.1)
    kernel = np.ones(min(27, max(len(y), 1)))
    near = lambda x: np.convolve(np.where(term, x, 0.0), kernel, "same")  # noqa: E731
    usual = exposure * (near(y) + 0.02) / (near(exposure) + 0.02)
    out = np.exp(_SEASON_MEAN)
    for _ in range(4):
        for k in range(3):
            others = breaks @ out - breaks[:, k] * out[k] + 1.0 - breaks.sum(1)
            weight = np.where(known, breaks[:, k], 0.0)
            expected = (weight * usual * breaks[:, k]).sum()
            found = (weight * (y - usual * others)).sum()
            out[k] = np.clip((found + 8 * np.exp(_SEASON_MEAN[k])) / (expected + 8), 0.03, 1.5)
    return out


def clinics(counts: np.ndarray) -> tuple[int, int]:
    """Every how many weeks a clinic is held (2 to 6, else 1), and how many weeks before the last week the last one was.

    Clinics: at least nine tenths of what is done falls in one week of the period, over the last two years, in 12 children or more.
    """
    recent = counts[-104:]
    for period in range(6, 1, -1):
        if recent.sum() < 12 or len(recent) < 6 * period:
            continue
        parts = np.array([recent[::-1][k::period].sum() for k in range(period)])
        if parts.max() >= 0.9 * parts.sum():
            return period, int(np.argmax(parts))
    return 1, 0


def unblocked(counts: np.ndarray) -> np.ndarray:
    """A flow that comes in clinics, spread evenly over the weeks of each clinic; any other as it is."""
    period, lead = clinics(counts)
    out = counts[::-1].astype(float)
    for first in range(max(lead - period + 1, 0), len(out) if period > 1 else 0, period):
        out[first : first + period] = out[first : first + period].mean()
    return out[::-1]


@dataclass
class Draws:
    """Draws of one flow, one row per path: log level today, growth a week, holiday effects, drift, spread, lost weeks.

    ``spread`` is the variance of a week's rate around its level, relative to its square; ``step_rate`` a week.
    """

    level: np.ndarray
    growth: np.ndarray
    season: np.ndarray
    drift: np.ndarray
    spread: np.ndarray
    lost: np.ndarray
    step_rate: np.ndarray
    evidence: float = 0.0
    holidays: np.ndarray = field(default_factory=lambda: np.ones(3))

    def rates(self, breaks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Expected flow of each path and coming week, shape (paths, weeks): level, growth, drift, steps and holidays."""
        paths, weeks = len(self.level), len(breaks)
        moves = self.drift[:, None] * rng.standard_normal((paths, weeks))
        steps = rng.random((paths, weeks)) < self.step_rate[:, None]
        moves += steps * _STEP_SD * rng.standard_normal((paths, weeks))
        pace = 0.5 ** (np.arange(weeks) / (52 * HALF_LIFE_YEARS))
        log = self.level[:, None] + np.cumsum(moves + self.growth[:, None] * pace, axis=1)
        log += self.season @ breaks.T + np.log(shape_of(self.holidays, breaks))
        return np.exp(np.minimum(log, self.level[:, None] + 3.0))

    def noise(self, weeks: int, rng: np.random.Generator) -> np.ndarray:
        """Multiplier of each path and week: gamma with mean 1 and variance ``spread``, 0 in a lost week."""
        shape = 1.0 / np.maximum(self.spread, 1e-4)
        out = rng.gamma(shape[:, None], 1.0 / shape[:, None], (len(shape), weeks))
        return out * (rng.random((len(shape), weeks)) >= self.lost[:, None])


def fit_level(
    counts: np.ndarray,
    breaks: np.ndarray,
    paths: int,
    rng: np.random.Generator,
    *,
    growth: tuple[float, float] = (0.0, 0.0),
    exposure: np.ndarray | None = None,
    known: np.ndarray | None = None,
    change_weeks: tuple[int, ...] = (),
    censored: np.ndarray | None = None,
    thin: float = 1.0,
    quick: bool = False,
) -> Draws:
    """Posterior draws of one weekly flow, ``counts`` oldest first, the last week ending at as_at.

    ``exposure`` multiplies the expected flow (hazard mode), ``known`` marks weeks that were observed, ``change_weeks`` are
    weeks (negative, from as_at) at which a step is expected, ``censored`` weeks whose count is a lower bound only, ``thin`` the
    variance of a count over its mean when rates are known (under 1 for children seen at a high hazard). ``quick``: fewer drifts and spreads are weighed, for back-tests. Zero flows give a level near zero with a wide posterior.
    """
    late = slice(-LEVEL_WEEKS, None)
    y, breaks = np.asarray(counts, dtype=float)[late], breaks[late]
    known, censored, exposure = (x if x is None else x[late] for x in (known, censored, exposure))
    known = np.ones(len(y), bool) if known is None else known.copy()
    offset = np.zeros(len(y)) if exposure is None else np.log(np.maximum(exposure, 0.05))
    free = exposure is not None  # no bottleneck: nearly constant chances, holidays or not
    season_mean, season_sd = 0.0 * _SEASON_MEAN, (0.3 if free else 0.5) * _SEASON_SD
    holidays = np.ones(3) if free else _holidays(y, breaks, np.exp(offset), known)
    offset = offset + np.log(shape_of(holidays, breaks))
    season = breaks @ season_mean
    mean = _smooth(y, np.exp(offset + season), known)
    censored = np.zeros(len(y), bool) if censored is None else censored & known
    lost = _lost_weeks(y, mean, known & ~censored & (breaks.sum(1) < 0.5))
    use = known & ~lost
    spread = _spread(y, mean, use & ~censored, thin)
    weeks = np.arange(len(y)) - (len(y) - 1.0)
    design = np.column_stack([np.ones(len(y)), weeks, breaks])
    prior_mean = np.concatenate(
        [
            [
                np.log(
                    max(mean[use].mean() if use.any() else 0.02, 0.02)
                    / np.exp((offset + season)[use].mean() if use.any() else 0.0)
                ),
                growth[0] / 52,
            ],
            season_mean,
        ]
    )
    prior_sd = np.concatenate([[0.3 if free else 1.5, growth[1] / 52 + 1e-9], season_sd])
    eta = np.log(np.maximum(mean, 0.02))
    walk = np.minimum(-weeks[:, None], -weeks[None, :])
    if censored.any():
        eta = np.maximum(eta, np.log(np.maximum(y, 0.02)))
    for _ in range(5 if censored.any() else 2):
        z, v = _working(y, eta, spread, use, censored, thin)
        eta = _posterior_mean(design, prior_mean, prior_sd, walk * 0.01**2, z - offset, v) + offset
    spread = _spread(y, np.exp(eta), use & ~censored, thin)
    z, v = _working(y, eta, spread, use, censored, thin)
    v = np.where(use & ~censored, v - spread, v)
    return _draw(
        z - offset,
        v,
        use,
        design,
        prior_mean,
        prior_sd,
        walk * (0.1 if free else 1.0),
        spread,
        lost,
        known,
        paths,
        rng,
        change_weeks,
        0.2 if free else 1.0,
        holidays,
        quick,
    )


def _smooth(y: np.ndarray, shape: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A moving average over half a year of flow over shape, times shape."""
    width = min(27, len(y))
    kernel = np.ones(width)
    top = np.convolve(np.where(known, y, 0.0), kernel, "same")
    bottom = np.convolve(np.where(known, shape, 0.0), kernel, "same")
    return np.maximum(shape * (top + 0.2) / np.maximum(bottom + 0.2, 1e-9), 0.02)


def _lost_weeks(y: np.ndarray, mean: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Weeks in which nearly nothing happened although much was expected (sickness, strike, snow)."""
    fits = np.median(y[known] / mean[known]) if known.any() else 1.0
    return known & (mean >= 4.0) & (y <= 0.08 * mean) & (fits > 0.4)


def _spread(y: np.ndarray, mean: np.ndarray, use: np.ndarray, thin: float) -> float:
    if use.sum() < 8:
        return 0.1
    excess = ((y - mean)[use] ** 2 - thin * mean[use]).sum() / (mean[use] ** 2).sum()
    return float(np.clip(excess, 0.01 * thin**2, 1.5))


def _working(
    y: np.ndarray,
    eta: np.ndarray,
    spread: float,
    use: np.ndarray,
    censored: np.ndarray,
    thin: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Linearised log counts and their variances; of a censored week, one Newton step of the chance to exceed its count."""
    m = np.exp(eta)
    z, v = eta + np.clip((y - m) / m, -1.0, 6.0), np.where(use, thin / m + spread, 1e6)
    if censored.any():
        sd = np.sqrt(thin / m + spread)
        x = np.clip((y - m) / (m * sd), -6.0, 6.0)
        mills = _mills(x)
        slack = np.maximum(mills * (mills - x), 1e-4)
        z = np.where(censored, eta + np.clip(sd * mills / slack, 0.0, 2.0), z)
        v = np.where(censored & use, sd**2 / slack, v)
    return z, v


def _mills(x: np.ndarray) -> np.ndarray:
    """Normal density over upper tail, to 1e-4 relative: the pull of a lower bound."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    tail = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    upper = np.where(x >= 0, density * tail, 1.0 - density * tail)
    return density / np.maximum(upper, 1e-12)


def _posterior_mean(
    design: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    walk: np.ndarray,
    z: np.ndarray,
    v: np.ndarray,
) -> np.ndarray:
    prior = (design * sd**2) @ design.T + walk
    return design @ mean + prior @ np.linalg.solve(prior + np.diag(v), z - design @ mean)


def _draw(
    z: np.ndarray,
    v: np.ndarray,
    use: np.ndarray,
    design: np.ndarray,
    prior_mean: np.ndarray,
    prior_sd: np.ndarray,
    walk: np.ndarray,
    spread: float,
    lost: np.ndarray,
    known: np.ndarray,
    paths: int,
    rng: np.random.Generator,
    change_weeks: tuple[int, ...],
    loose: float,
    holidays: np.ndarray,
    quick: bool,
) -> Draws:
    """Weigh drift x spread x step date by marginal likelihood, then draw the level, growth and holidays of each path."""
    size = len(z)
    residual = (z - design @ prior_mean)[use]
    base, h = ((design * prior_sd**2) @ design.T)[np.ix_(use, use)], design[use]
    before = (
        np.column_stack([np.arange(size)[use] < t for t in range(2, size, 2)]).astype(float)
        if size > 4
        else np.zeros((use.sum(), 0))
    )
    chance = np.full(before.shape[1], np.log(2 * _STEP_RATE))
    for week in change_weeks:
        at = int(np.clip((size - 1 + week) // 2 - 1, 0, max(len(chance) - 1, 0)))
        if len(chance) and -week < size - 2:
            chance[at] = np.log(0.5)
    cells, kept = [], []
    asked = np.column_stack([residual, before, h * prior_sd])
    moved = walk[np.ix_(use, use)]
    coarse = slice(1, None, 2) if quick else slice(None)
    for q, wq in zip(_DRIFT[coarse], _DRIFT_WEIGHT[coarse], strict=True):
        for factor in _SPREAD[1:2] if quick else _SPREAD:
            cov = base + moved * q**2
            cov[np.diag_indices_from(cov)] += v[use] + spread * factor
            root = np.linalg.cholesky(cov)
            white = np.linalg.solve(root, asked)
            miss, step = white[:, 0], white[:, 1:-5]
            log = np.log(wq) - np.log(np.diag(root)).sum() - 0.5 * miss @ miss
            log -= 0.5 * np.log(factor) ** 2
            gain, s = step.T @ miss, (step**2).sum(0)
            var = _STEP_SD**2
            steps = log + chance - 0.5 * np.log1p(var * s) + 0.5 * var * gain**2 / (1 + var * s)
            cells.append(np.concatenate([[log], steps]))
            kept.append((white, q, spread * factor))
    weights = np.concatenate(cells)
    top = weights.max()
    evidence = float(top + np.log(np.exp(weights - top).sum()))
    weights = np.exp(weights - top)
    draws = max(1, paths // 4)
    picks = np.searchsorted(
        np.cumsum(weights) / weights.sum(), (np.arange(draws) + rng.random(draws)) / draws
    ).clip(0, len(weights) - 1)
    theta, drift, spreads = np.empty((draws * 4, 5)), np.empty(draws * 4), np.empty(draws * 4)
    width = before.shape[1] + 1
    for pick in np.unique(picks):
        rows = np.flatnonzero(picks == pick)
        white, q, phi = kept[pick // width]
        mean, cov = _given(white, pick % width, prior_sd)
        rows = (rows[:, None] * 4 + np.arange(4)).ravel()
        root = np.linalg.cholesky(cov + 1e-14 * np.eye(5))
        theta[rows], drift[rows], spreads[rows] = (
            prior_mean + mean + rng.standard_normal((len(rows), 5)) @ root.T,
            q,
            phi,
        )
    order = rng.permutation(draws * 4)
    order = np.resize(order, paths)
    n_lost, n_known = int(lost.sum()), int(known.sum())
    lost_rate = (
        rng.beta(n_lost + 0.05, n_known - n_lost + 5.0, paths) if n_lost else np.zeros(paths)
    )
    return Draws(
        theta[order, 0],
        theta[order, 1],
        theta[order, 2:],
        drift[order] * loose,
        spreads[order],
        lost_rate,
        rng.gamma(1.0, _STEP_RATE * 0.8 * loose, paths),
        evidence,
        holidays,
    )


def _given(white: np.ndarray, step: int, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (level, growth, holidays) given the flow; before column ``step`` (if any) the level differed.

    ``white``: flow, steps and design times ``sd``, divided by the root of the flow's covariance.
    """
    miss, design = white[:, 0], white[:, -5:]
    mean, cov = design.T @ miss, design.T @ design
    if step:
        u = white[:, step]
        share = _STEP_SD**2 / (1 + _STEP_SD**2 * (u @ u))
        mean = mean - share * (design.T @ u) * (u @ miss)
        cov = cov - share * np.outer(design.T @ u, design.T @ u)
    return sd * mean, np.diag(sd**2) - sd[:, None] * cov * sd
