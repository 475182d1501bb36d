"""Who is seen next: the chance of being seen in a week by weeks waited, given how many are seen in all.

A child who has waited a weeks is seen with probability cap / (1 + exp(-slope (g(a) - g(tau)))) from the lead time on, where g runs from
log(1 + a) to a; tau is solved each week so that the capacity is met exactly. Two fast lanes (urgent children,
a shorter clinic list) take a share of each cohort at their own ages. All ten numbers are drawn from their posterior by importance sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["RECENT", "Tables", "fit_discipline", "tables", "GRID"]

GRID, TEMPER, QUICK_WEEKS = 192, 0.25, 52
RECENT = 0.5 ** (1 / 26)
"""What a week counts for beside the next, where habits are read: half a year back counts half."""
_NAMES = (
    "log_sigma",
    "shape",
    "cap",
    "fast",
    "fast_at",
    "fast_rate",
    "lead",
    "lane",
    "lane_at",
    "lane_rate",
)
_CENTRE = np.array([np.log(5.0), 0.5, 2.0, -2.8, 0.8, 0.5, 1.5, -3.5, 2.0, -0.5])
_SCALE = np.array([1.4, 1.5, 1.6, 1.2, 0.8, 1.0, 1.5, 3.0, 0.9, 1.0])


@dataclass
class Tables:
    """``p[g, j, a]``: chance of being seen at age a (weeks) under draw g at step j of a grid that rises from nobody to everybody."""

    p: np.ndarray
    parameters: np.ndarray


def tables(
    parameters: np.ndarray, ages: int, typical: float, grid: int = GRID, due: int = 520
) -> np.ndarray:
    """Chances by grid step and age for each row of ``parameters``, shape (draws, grid, ages), float32.

    Step 0 sees nobody, step 1 only the fast lane, the last everybody who may be seen (times cap). ``typical`` is the
    usual age in weeks of a child when seen (sigma is measured there), ``due`` the age at which a standard runs out.
    """
    sigma, shape = np.exp(parameters[:, 0]), 1 / (1 + np.exp(-2 * parameters[:, 1]))
    cap, fast, rate = (1 / (1 + np.exp(-parameters[:, k])) for k in (2, 3, 5))
    at, lead = np.expm1(np.clip(parameters[:, 4], 0, None)), np.clip(parameters[:, 6], 0, None)
    age = np.arange(ages, dtype=float)[None, :]
    g = ((1 + age) ** shape[:, None] - 1) / shape[:, None]
    slope = 1.702 / (sigma * (1 + typical) ** (shape - 1))
    x = slope[:, None] * g
    low, high = -x.max(1) - 6.0, 6.0 - slope * 0.0
    steps = np.linspace(0.0, 1.0, grid - 2)[None, :]
    alpha = low[:, None] + (high - low)[:, None] * steps
    able = cap[:, None] * np.clip(age - lead[:, None] + 1, 0, 1)
    out = np.zeros((len(parameters), grid, ages), dtype=np.float32)
    usual = out[:, 2:]
    np.add(-alpha.astype(np.float32)[:, :, None], -x.astype(np.float32)[:, None, :], out=usual)
    np.exp(np.clip(usual, -30, 30, out=usual), out=usual)
    usual += 1
    np.divide(able.astype(np.float32)[:, None, :], usual, out=usual)
    quick = _fast(age, fast, at, rate)
    lane, lane_rate = (1 / (1 + np.exp(-parameters[:, k])) for k in (7, 9))
    quick = 1 - (1 - quick) * (
        1 - _about(age, lane, np.expm1(np.clip(parameters[:, 8], 0, None)), lane_rate, due)
    )
    quick = quick.astype(np.float32)
    out[:, 1] = quick
    usual *= 1 - quick[:, None, :]
    usual += quick[:, None, :]
    return out


def _fast(age: np.ndarray, share: np.ndarray, at: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Chance a week by age that a child of a cohort is seen as one of a fast lane: a share of it, from age ``at``, at a rate."""
    stay = np.log1p(-rate)[:, None]
    before, after = (-np.expm1(stay * np.clip(age + k - at[:, None], 0, 60)) for k in (0, 1))
    return share[:, None] * (after - before) / (1 - share[:, None] * before)


def _about(
    age: np.ndarray, share: np.ndarray, at: np.ndarray, rate: np.ndarray, due: int
) -> np.ndarray:
    """Chance a week by age that a child of a cohort is seen as one of a lane whose children are seen about an age.

    Waits of the lane are logistic around ``at``, its spread 0.1 to 8 weeks as ``rate`` falls: a date that is worked to. A
    lane about a standard or before it ends there: who missed the date queues with the others.
    """
    spread = 8.0 * (1 - rate[:, None]) ** 2 + 0.08
    at = at[:, None]
    share = share[:, None] * ((age <= due) | (at > due + 0.5))
    before = 1 / (1 + np.exp(-np.clip(1.702 * (age - 0.5 - at) / spread, -30, 30)))
    after = 1 / (1 + np.exp(-np.clip(1.702 * (age + 0.5 - at) / spread, -30, 30)))
    return share * (after - before) / (1 - share * before)


def fit_discipline(
    risk: np.ndarray,
    seen: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    due: int = 520,
    quick: bool = False,
) -> tuple[np.ndarray, float]:
    """Posterior draws of the discipline, shape (draws, 10), and the usual age when seen.

    ``risk`` and ``seen``: children at risk and seen by week and age in weeks. The week's total is given, so only who was
    seen speaks, not how many. With nobody seen the draws are the prior's. ``quick``: a coarser search, for back-tests.
    """
    grid, recent = (40, QUICK_WEEKS) if quick else (72, len(risk))
    risk, seen = risk[:recent], seen[:recent]
    widest = int(np.flatnonzero(risk.any(0)).max(initial=0)) + 1
    risk, seen = risk[:, :widest], seen[:, :widest]
    total = seen.sum(1)
    by_age = seen.sum(0)
    typical = (
        float((by_age * np.arange(len(by_age))).sum() / by_age.sum()) if by_age.sum() else 12.0
    )
    keep = total > 0
    risk, seen = risk[keep].astype(np.float32), seen[keep].astype(np.float32)
    centre, scale = _CENTRE.copy(), _SCALE.copy()
    worth = (RECENT ** np.arange(len(keep)))[keep].astype(np.float32)
    guess, early = _first_guess(risk * worth[:, None], seen * worth[:, None], typical)
    centre[4] = np.log1p(0.2 * typical)
    centre[6], scale[6] = 1.5, 1.8  # a lead time is a few weeks, however far back the queue is
    if not len(risk):
        return centre + scale * rng.standard_normal((draws, 10)), typical
    centre[8] = np.log1p(0.5 * typical)
    urgent = _urgent_guess(guess, risk * worth[:, None], seen * worth[:, None], typical)
    near = scale * np.array([0.7, 0.8, 0.6, 0.3, 0.3, 0.6, 0.4, 0.3, 0.1, 0.6])
    every, log, spots, share = np.zeros((0, 10)), np.zeros(0), [], []
    proposals = [
        (centre, np.diag(scale), 14),
        (guess, np.diag(near), 22),
        (urgent, np.diag(near), 26),
        (_lane_guess(urgent, guess, early), np.diag(near), 22),
        (_due_guess(urgent, risk * worth[:, None], seen * worth[:, None], due), np.diag(near), 22),
    ]
    for _ in range(2 if quick else 3):
        for middle, root, size in proposals:
            fresh = middle + rng.standard_t(6, (size, 10)) @ root.T
            fresh[0] = middle
            every, log = (
                np.concatenate([every, fresh]),
                np.concatenate(
                    [log, TEMPER * _likelihood(fresh, risk, seen, worth, typical, due, grid)]
                ),
            )
            spots.append((middle, np.linalg.inv(root), np.linalg.slogdet(root)[1]))
            share.append(size)
        prior = -0.5 * (((every - centre) / scale) ** 2).sum(1)
        density = sum(
            n / len(every) * np.exp(_student(every, *spot))
            for n, spot in zip(share, spots, strict=True)
        )
        target, correction = log + prior, -np.log(density + 1e-300)
        power, soft = _spread_out(target, correction, 14.0)
        middle = soft @ every
        spread = (every - middle).T @ ((every - middle) * soft[:, None])
        best = every[np.argmax(target)]
        root = np.linalg.cholesky(power**0.5 * spread + np.diag((0.06 * scale) ** 2))
        proposals = [(middle, root, 12), (best, root, 18)]
    return _settle(
        best,
        scale,
        lambda x: (
            TEMPER * _likelihood(x, risk, seen, worth, typical, due, grid)
            - 0.5 * (((x - centre) / scale) ** 2).sum(1)
        ),
        draws,
        rng,
        1 if quick else 4,
    ), typical


def _settle(
    best: np.ndarray,
    scale: np.ndarray,
    target: Callable[[np.ndarray], np.ndarray],
    draws: int,
    rng: np.random.Generator,
    climbs: int,
) -> np.ndarray:
    """Climb from the best point along each axis, then draw around the top and keep draws by what they are worth."""
    step, size = 0.25 * scale, len(best)
    top = float(target(best[None])[0])
    sd = 0.3 * scale
    for _ in range(climbs):
        around = best + np.concatenate([np.diag(step), -np.diag(step)])
        found = target(around)
        up, down = found[:size] - top, found[size:] - top
        curve = -(up + down) / step**2
        sd = np.where(curve > 0, 1 / np.sqrt(np.maximum(curve, 1e-9)), scale).clip(
            0.02 * scale, 0.8 * scale
        )
        move = np.where(
            curve > 0, (up - down) / (2 * step) / np.maximum(curve, 1e-9), np.sign(up - down) * step
        ).clip(-2 * step, 2 * step)
        tries = np.concatenate(
            [best + np.outer((1.0, 0.5, 0.25), move), around[np.argmax(found)][None]]
        )
        worth = target(tries)
        if worth.max() > top:
            best, top = tries[np.argmax(worth)], float(worth.max())
        step = np.clip(1.2 * sd, 0.03 * scale, 0.5 * scale)
    sample = best + 0.9 * sd * rng.standard_normal((3 * draws, size))
    weight = target(sample) + 0.5 * (((sample - best) / (0.9 * sd)) ** 2).sum(1)
    _, soft = _spread_out(weight, np.zeros(len(sample)), 0.6 * draws)
    picks = np.searchsorted(np.cumsum(soft), (np.arange(draws) + rng.random()) / draws).clip(
        0, len(soft) - 1
    )
    return sample[rng.permutation(picks)]


def _spread_out(
    target: np.ndarray, correction: np.ndarray, wanted: float
) -> tuple[float, np.ndarray]:
    """The largest power of the target (at most 1) whose weights are worth ``wanted`` points, and those weights."""
    power = 1.0
    while True:
        weight = power * target + correction
        soft = np.exp(weight - weight.max())
        soft /= soft.sum()
        if 1.0 / (soft**2).sum() >= min(wanted, 0.5 * len(target)) or power < 0.004:
            return power, soft
        power *= 0.7


def _first_guess(
    risk: np.ndarray, seen: np.ndarray, typical: float
) -> tuple[np.ndarray, tuple[float, float]]:
    """Where to look first: the early and the late part of the ages at which children are seen, split where they part most.

    Besides, the mean age of the early part and its standard deviation, in weeks.
    """
    near = (0.5 * typical, 4.0)
    guess = _CENTRE.copy()
    hazard = seen.sum(0) / np.maximum(risk.sum(0), 1.0)
    survivors = np.concatenate([[1.0], np.cumprod(1 - np.clip(hazard, 0, 0.95))[:-1]])
    share = survivors * hazard
    ages, total = np.arange(len(share)), share.sum()
    if total <= 0 or len(share) < 3:
        return guess, near
    early, weighted = np.cumsum(share)[:-1], np.cumsum(share * ages)[:-1]
    late = total - early
    between = (
        early
        * late
        * (
            weighted / np.maximum(early, 1e-9)
            - (weighted[-1] + share[-1] * ages[-1] - weighted) / np.maximum(late, 1e-9)
        )
        ** 2
    )
    between[(early < 0.005 * total) | (early > 0.65 * total)] = 0.0
    split = int(np.argmax(between))
    first, second = share[: split + 1], share[split + 1 :]
    part = float(first.sum() / total)
    if between[split] > 0 and second.sum() > 0:
        at = float(np.searchsorted(np.cumsum(first), 0.1 * first.sum()))
        mean = float((first * ages[: split + 1]).sum() / first.sum())
        rate = np.clip(1 / (mean - at + 1), 0.05, 0.95)
        guess[3], guess[4], guess[5] = (
            np.log(part / (1 - part)),
            np.log1p(at),
            np.log(rate / (1 - rate)),
        )
        middle = float((second * ages[split + 1 :]).sum() / second.sum())
        spread = float(np.sqrt((second * (ages[split + 1 :] - middle) ** 2).sum() / second.sum()))
        guess[0] = np.log(max(0.5 * spread, 0.7))
        guess[6] = 2.0
        spots = ages[: split + 1]
        near = (mean, float(np.sqrt((first * (spots - mean) ** 2).sum() / first.sum())))
    return guess, near


def _lane_guess(urgent: np.ndarray, guess: np.ndarray, early: tuple[float, float]) -> np.ndarray:
    """A third place: urgent children, and the early part of all others as a lane of its own."""
    out = urgent.copy()
    share = 1 / (1 + np.exp(-guess[3])) - 1 / (1 + np.exp(-urgent[3]))
    share = float(np.clip(share, 0.05, 0.6))
    out[7] = np.log(share / (1 - share))
    spread = float(np.clip(early[1] - 0.08, 0.05, 7.0))
    rate = 1 - np.sqrt(spread / 8.0)
    out[8], out[9] = np.log1p(early[0]), np.log(rate / (1 - rate))
    out[0], out[6] = guess[0], guess[6]
    return out


def _due_guess(urgent: np.ndarray, risk: np.ndarray, seen: np.ndarray, due: int) -> np.ndarray:
    """A fourth place: urgent children, and those seen in the last six weeks before the date as a lane that is worked to it."""
    out = urgent.copy()
    hazard = seen.sum(0) / np.maximum(risk.sum(0), 1e-9)
    ages = np.arange(max(due - 6, 1), min(due + 1, len(hazard)))
    if not len(ages) or not hazard[ages].any():
        return out
    stay = np.concatenate([[1.0], np.cumprod(1 - np.clip(hazard[ages], 0, 0.95))])
    part = stay[:-1] * hazard[ages]
    share = float(np.clip(part.sum(), 0.03, 0.9))
    mean = float((part * ages).sum() / part.sum())
    spread = float(np.sqrt((part * (ages - mean) ** 2).sum() / part.sum()))
    rate = 1 - np.sqrt(np.clip(spread - 0.2, 0.02, 7.0) / 8.0)
    out[7], out[8], out[9] = np.log(share / (1 - share)), np.log1p(mean), np.log(rate / (1 - rate))
    return out


def _urgent_guess(
    guess: np.ndarray, risk: np.ndarray, seen: np.ndarray, typical: float
) -> np.ndarray:
    """Another place to look: whoever is seen in the first sixth of the usual age is the fast lane, all others the queue."""
    out = guess.copy()
    early = max(int(0.15 * typical), 2)
    hazard = seen.sum(0) / np.maximum(risk.sum(0), 1.0)
    first = hazard[: early + 1]
    part = float(np.clip(1 - np.prod(1 - np.clip(first, 0, 0.9)), 0.004, 0.5))
    at = float(np.argmax(first >= 0.3 * first.max()))
    out[3], out[4], out[5] = np.log(part / (1 - part)), np.log1p(at), 1.5
    by_age = seen[:, early + 1 :].sum(0)
    if by_age.sum():
        share = np.cumsum(by_age) / by_age.sum()
        out[6] = min(0.5 * float(np.searchsorted(share, 0.04)), 2.0)
        middle = float((by_age * np.arange(len(by_age))).sum() / by_age.sum())
        out[0] = np.log(
            max(
                0.4
                * np.sqrt((by_age * (np.arange(len(by_age)) - middle) ** 2).sum() / by_age.sum()),
                0.7,
            )
        )
    return out


def _student(
    x: np.ndarray, middle: np.ndarray, inverse: np.ndarray, logdet: float, df: float = 6.0
) -> np.ndarray:
    z = (x - middle) @ inverse.T
    return -logdet - 0.5 * (df + 1) * np.log1p(z**2 / df).sum(1)


def _likelihood(
    parameters: np.ndarray,
    risk: np.ndarray,
    seen: np.ndarray,
    worth: np.ndarray,
    typical: float,
    due: int,
    grid: int,
) -> np.ndarray:
    """Log likelihood of who was seen, given each week's total and what the week is worth, for each row of parameters."""
    total, weeks = _smooth(seen.sum(1)), np.arange(len(seen))
    rest, out = risk - seen, np.empty(len(parameters))
    for first in range(0, len(parameters), 16):
        table = tables(parameters[first : first + 16], risk.shape[1], typical, grid, due)
        sums = risk @ table.transpose(0, 2, 1)  # (draws, weeks, grid)
        chance = np.clip(table, np.float32(2e-4), np.float32(1 - 2e-3)).transpose(0, 2, 1)
        log = seen @ np.log(chance) + rest @ np.log1p(-chance)
        j = np.clip((sums < total[None, :, None]).sum(2) - 1, 0, grid - 2)
        rows = np.arange(len(table))[:, None]
        low, high = sums[rows, weeks, j], sums[rows, weeks, j + 1]
        w = np.clip((total - low) / np.maximum(high - low, 1e-6), 0, 1)
        by_week = (1 - w) * log[rows, weeks, j] + w * log[rows, weeks, j + 1]
        out[first : first + 16] = by_week @ worth
    return out


def _smooth(total: np.ndarray) -> np.ndarray:
    """Children seen a week over five weeks: a week with few slots does not mean that only the fast lane was served."""
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    near = lambda x: np.convolve(x, kernel, "same") if len(x) >= 5 else x  # noqa: E731
    return np.asarray((near(total) / near(np.ones(len(total)))).astype(np.float32))
