"""What a station does in a week: its totals, the weeks with capacity to spare, its level; one team that serves two lists."""

from __future__ import annotations

import numpy as np

from sendwaits.outlook.queue.flows import CAPACITY_GROWTH, Draws, clinics, fit_level, unblocked
from sendwaits.outlook.queue.reading import Model
from sendwaits.outlook.queue.weekly import Service, Station

__all__ = ["fitted", "seen_evenly", "share_team", "spare_weeks", "totals"]


def totals(service: Service, station: Station) -> tuple[np.ndarray, np.ndarray]:
    """Oldest-first weekly totals of children seen (clinics spread over their weeks) and of starts."""
    seen = unblocked(station.seen.sum(1)[: service.weeks][::-1])
    return seen, station.starts[: service.weeks][::-1]


def seen_evenly(station: Station, weeks: int) -> np.ndarray:
    """Children seen by week back and age; those of a clinic as if a part of them had been seen in each week since the last."""
    seen = station.seen[:weeks]
    period = clinics(seen.sum(1)[::-1])[0]
    if period == 1:
        return seen
    out, ages = np.zeros_like(seen), seen.shape[1]
    for back in range(period):
        rows = seen[: max(len(seen) - back, 0)] / period
        out[back:, : ages - back] += rows[:, back:]
        out[back:, 0] += rows[:, :back].sum(1)
    return np.minimum(out, station.risk[:weeks])


def fitted(
    counts: np.ndarray,
    past: np.ndarray,
    paths: int,
    rng: np.random.Generator,
    known: np.ndarray,
    **how: object,
) -> Draws:
    if len(counts) < 4 or not counts.any():
        level = np.log(max(counts.mean() if len(counts) else 0.0, 0.002)) + (
            0.5 if len(counts) else 0.0
        ) * rng.standard_normal(paths)
        zeros = np.zeros(paths)
        return Draws(
            level, zeros, np.zeros((paths, 3)), zeros + 0.015, zeros + 0.1, zeros, zeros, -np.inf
        )
    return fit_level(counts, past, paths, rng, known=known, **how)  # type: ignore[arg-type]


def spare_weeks(station: Station, weeks: int) -> np.ndarray:
    """Weeks in which everybody who could be seen was seen: the capacity was at least what was used. Newest first.

    Who could be seen: everyone who has rested; elsewhere everyone a week past the first age at which an eighth are seen
    within the week, when that age is at most eight weeks (later ages mark a place in a queue, not a lead time). Up to a
    tenth may be left.
    """
    risk, seen = station.risk[:weeks] - station.resting[:weeks], station.seen[:weeks]
    first = 0
    if not (station.fed_by and station.keeps_age):
        hazard = seen.sum(0) / np.maximum(risk.sum(0), 1.0)
        quick = np.flatnonzero((hazard >= 0.12) & (risk.sum(0) >= 20))
        if not len(quick) or quick[0] > 8:
            return np.zeros(len(seen), bool)
        first = int(quick[0]) + 1
    able, used = risk[:, first:].sum(1), seen[:, first:].sum(1)
    return able - used <= 0.1 * able + 0.5


def share_team(
    service: Service,
    model: Model,
    past: np.ndarray,
    ahead: np.ndarray,
    rng: np.random.Generator,
    change_weeks: tuple[int, ...],
    quick: bool,
) -> None:
    """One team, two lists: the total has one level, the split between the lists its own, with the dated changes in it."""
    first, second = service.team  # type: ignore[misc]
    a, b = (totals(service, service.stations[k])[0] for k in (first, second))
    spare_a, spare_b = (
        spare_weeks(service.stations[k], service.weeks)[::-1] for k in (first, second)
    )
    if spare_b[-52:].sum() > 0.25 * len(
        spare_b[-52:]
    ):  # the second list takes what it needs: the first list's flow is its capacity
        model.team = None
        return
    total = fitted(
        a + b,
        past,
        model.paths,
        rng,
        service.known[::-1],
        growth=CAPACITY_GROWTH,
        change_weeks=change_weeks,
        censored=spare_b,
        quick=quick,
    )
    lead = model.stations[first]
    lead.rates, lead.noise = total.rates(ahead, rng), total.noise(len(ahead), rng)
    model.split = _split(a, b, spare_a, len(ahead), model.paths, rng, change_weeks)


def _split(
    a: np.ndarray,
    b: np.ndarray,
    spare: np.ndarray,
    weeks_ahead: int,
    paths: int,
    rng: np.random.Generator,
    change_weeks: tuple[int, ...],
) -> np.ndarray:
    """Share of the team's slots spent on the first list, by path and coming week: a drifting logit with steps."""
    size = len(a)
    total = a + b
    if size < 4 or not total.any():
        return np.full((paths, weeks_ahead), 0.5)
    weeks = np.arange(size) - (size - 1.0)
    smooth = np.convolve(a, np.ones(13), "same") + 0.5
    share = smooth / (smooth + np.convolve(b, np.ones(13), "same") + 0.5)
    eta = np.log(share / (1 - share))
    walk = np.minimum(-weeks[:, None], -weeks[None, :])
    before = (
        np.column_stack([np.arange(size) < t for t in range(2, size, 2)]).astype(float)
        if size > 4
        else np.zeros((size, 0))
    )
    chance = np.full(before.shape[1], np.log(2 * 0.4 / 52))
    for week in change_weeks:
        if len(chance) and -week < size - 2:
            chance[int(np.clip((size - 1 + week) // 2 - 1, 0, len(chance) - 1))] = np.log(0.8)
    level, drift = np.empty(paths), np.empty(paths)
    w = np.maximum(total * share * (1 - share), 0.02)
    residual = eta + (a - total * share) / w
    spread = max(0.0, float(np.average((residual - eta) ** 2 - 1 / w, weights=w)))
    v = (1 / w + min(spread, 1.0)) * np.where(spare, 25.0, 1.0)
    residual = residual + np.where(
        spare, 0.4, 0.0
    )  # the first list had all it needed: its share was at least this
    middle = float(np.average(residual, weights=1 / v))
    cells, kept = [], []
    var = 0.7**2
    for q, wq in zip((0.0, 0.006, 0.012, 0.02, 0.04), (0.15, 0.25, 0.3, 0.2, 0.1), strict=True):
        cov = 1.0 + walk * q**2 + np.diag(v)
        inverse = np.linalg.inv(cov)
        alpha = inverse @ (residual - middle)
        log = np.log(wq) - 0.5 * np.linalg.slogdet(cov)[1] - 0.5 * (residual - middle) @ alpha
        gain, s = before.T @ alpha, np.einsum("ij,ij->j", before, inverse @ before)
        cells.append(
            np.concatenate(
                [
                    [log],
                    log + chance - 0.5 * np.log1p(var * s) + 0.5 * var * gain**2 / (1 + var * s),
                ]
            )
        )
        kept.append((inverse, q))
    weights = np.concatenate(cells)
    weights = np.exp(weights - weights.max())
    picks = np.searchsorted(
        np.cumsum(weights) / weights.sum(), (np.arange(paths) + rng.random()) / paths
    ).clip(0, len(weights) - 1)
    width = before.shape[1] + 1
    for pick in np.unique(picks):
        rows = picks == pick
        inverse, q = kept[pick // width]
        if pick % width:
            u = inverse @ before[:, pick % width - 1]
            inverse = inverse - var * np.outer(u, u) / (1 + var * (before[:, pick % width - 1] @ u))
        ones = np.ones(size)
        mean, variance = ones @ inverse @ (residual - middle), max(1 - ones @ inverse @ ones, 1e-10)
        level[rows], drift[rows] = (
            middle + mean + np.sqrt(variance) * rng.standard_normal(rows.sum()),
            q,
        )
    order = rng.permutation(paths)
    level, drift = level[order], drift[order]
    moves = drift[:, None] * rng.standard_normal((paths, weeks_ahead))
    moves += (
        (rng.random((paths, weeks_ahead)) < 0.15 / 52)
        * 0.4
        * rng.standard_normal((paths, weeks_ahead))
    )
    return 1 / (1 + np.exp(-(level[:, None] + np.cumsum(moves, axis=1))))
