"""Weekly history -> a model ready to run: every unknown drawn once per path from its posterior.

Flows are fitted by `flows.fit_level`, the discipline by `discipline.fit_discipline`, drop-outs by age band as gamma
posteriors, purges as rare weeks in which a share of the long waiters is taken off the list. A station with next to no
history gets wide priors and a note that says so.
"""

from __future__ import annotations

import numpy as np

from sendwaits.outlook.queue.discipline import GRID, RECENT, fit_discipline, tables
from sendwaits.outlook.queue.flows import (
    CAPACITY_GROWTH,
    GROWTH,
    Draws,
    calendar,
    fit_level,
    shape_of,
    unblocked,
)
from sendwaits.outlook.queue.history import MAX_AGE, Service, Station, WaitHistory
from sendwaits.outlook.queue.paths import Model, StationModel, WaitModel

__all__ = ["build_model", "GROUPS_OF_PATHS", "TAIL_WEEKS", "LITTLE_HISTORY_WEEKS"]

GROUPS_OF_PATHS, QUICK_GROUPS = 20, 5
TAIL_WEEKS = 156
DISCIPLINE_WEEKS = 104
LITTLE_HISTORY_WEEKS = 26
_BANDS = (0, 1, 26, 52, 78)


def build_model(
    service: Service,
    paths: int,
    seed: int,
    weeks: int = 52,
    over_days: tuple[int, ...] = (126, 364),
    change_weeks: tuple[int, ...] = (),
    quick: bool = False,
) -> Model:
    """The model of one service: every parameter drawn ``paths`` times (rounded up to whole groups), seeded.

    ``quick``: a coarser fit that knows nothing beyond ``weeks``, for back-tests.
    """
    groups = min(QUICK_GROUPS if quick else GROUPS_OF_PATHS, paths)
    tail = 0 if quick else TAIL_WEEKS
    paths = -(-paths // groups) * groups
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 17])))
    past = (
        calendar(service.as_at, np.arange(-service.weeks + 1, 1))
        if service.weeks
        else np.zeros((0, 3))
    )
    ahead = calendar(service.as_at, np.arange(1, weeks + tail + 1))
    ages = max(max(len(s.waiting) + weeks, s.risk.shape[1]) for s in service.stations) + tail + 2
    team, split = service.team, None
    model = Model([], [], paths, groups, weeks, team, split, seed, dict(service.notes))
    for station in service.stations:
        model.stations.append(
            _station(service, station, past, ahead, ages, paths, groups, rng, change_weeks, quick)
        )
    if team:
        _share_team(service, model, past, ahead, rng, change_weeks, quick)
    for wait in service.waits:
        model.waits.append(_wait(service, wait, ages, over_days))
    if service.weeks < LITTLE_HISTORY_WEEKS:
        text = f"little history: {service.weeks} complete weeks; a wide fallback"
        model.notes.update({w.name: text for w in service.waits})
    for wait in service.waits:
        if not sum(s.seen.sum() for s in service.stations if wait.name in s.completes):
            model.notes[wait.name] = (
                "no completed wait in the history: nobody is expected to be seen; a fallback"
            )
        elif not len(wait.open_days):
            model.notes.setdefault(wait.name, "the list is empty at as_at")
    return model


def _history(service: Service, station: Station) -> tuple[np.ndarray, np.ndarray]:
    """Oldest-first weekly totals of children seen (clinics spread over their weeks) and of starts."""
    seen = unblocked(station.seen.sum(1)[: service.weeks][::-1])[0]
    return seen, station.starts[: service.weeks][::-1]


def _station(
    service: Service,
    station: Station,
    past: np.ndarray,
    ahead: np.ndarray,
    ages: int,
    paths: int,
    groups: int,
    rng: np.random.Generator,
    change_weeks: tuple[int, ...],
    quick: bool,
) -> StationModel:
    seen, starts = _history(service, station)
    known = service.known[::-1]
    arrivals = None
    if station.outside:
        demand = _fit(starts, past, paths, rng, known, growth=GROWTH, quick=quick)
        arrivals = demand.rates(ahead, rng) * demand.noise(len(ahead), rng)
    spare = _spare(station, service.weeks)[::-1]
    capacity = _fit(
        seen,
        past,
        paths,
        rng,
        known,
        growth=CAPACITY_GROWTH,
        change_weeks=change_weeks,
        censored=spare,
        quick=quick,
    )
    recent = min(service.weeks, DISCIPLINE_WEEKS)
    standards = [w.standard_days for w in service.waits if w.name in station.waits]
    due = min((d // 7 for d in standards if d is not None), default=MAX_AGE)
    parameters, typical = fit_discipline(
        station.risk[:recent], station.seen[:recent], groups, rng, due, quick
    )
    drop, scale = _drop(station, service.weeks, ages, paths, rng)
    purge, purge_age, drop = _purges(station, service.weeks, drop, ahead, paths, rng)
    enter = (
        rng.beta(
            station.passed[0] + 0.5, max(station.passed[1] - station.passed[0], 0) + 0.05, paths
        )
        if station.fed_by
        else None
    )
    out = StationModel(
        station.name,
        station.waiting,
        arrivals,
        capacity.rates(ahead, rng),
        capacity.noise(len(ahead), rng),
        tables(parameters, ages, typical, 96 if quick else GRID, due),
        drop.astype(np.float32),
        scale,
        purge,
        purge_age,
        station.fed_by,
        station.keeps_age,
        enter,
        hold=station.hold,
        fresh=station.fresh,
    )
    if service.weeks >= 8 and station.seen.sum() >= 5:
        relief = 1.0 / (
            shape_of(capacity.holidays, ahead) * np.exp(ahead @ capacity.season.mean(0))
        )
        _hazard_mode(service, station, out, seen, past, ahead, rng, known, spare, relief, quick)
    return out


def _fit(
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


def _hazard_mode(
    service: Service,
    station: Station,
    out: StationModel,
    seen: np.ndarray,
    past: np.ndarray,
    ahead: np.ndarray,
    rng: np.random.Generator,
    known: np.ndarray,
    spare: np.ndarray,
    relief: np.ndarray,
    quick: bool,
) -> None:
    """Does the flow follow the children at risk (no bottleneck) or a capacity? Groups of paths in proportion to the evidence.

    Without a bottleneck a child is seen at the hazard of its age; where the clock runs on from the station before, at one
    hazard for all who may be seen.
    """
    age_of_week = RECENT ** np.arange(service.weeks)[:, None]
    risk, taken = (
        station.risk[: service.weeks] - station.resting[: service.weeks],
        station.seen[: service.weeks],
    )
    risk_now, taken_now = (risk * age_of_week).sum(0), (taken * age_of_week).sum(0)
    if station.keeps_age and station.fed_by:
        hazard = np.full(risk.shape[1], min(taken_now.sum() / max(risk_now.sum(), 1.0), 0.95))
    else:
        hazard = _smooth_hazard(risk_now, taken_now)
    exposure = (risk @ hazard)[::-1]
    if exposure.mean() <= 0 or spare.sum() > 0.25 * len(spare):
        return
    known = known & ~spare
    paths, groups, ages = len(out.rates), len(out.table), out.table.shape[2]
    thin = 1.0 - float((risk @ hazard**2).sum() / max((risk @ hazard).sum(), 1e-9))
    weeks_of_work = risk.sum() / max(taken.sum(), 1.0)
    if weeks_of_work > 40:
        return  # nobody waits most of a year where nothing holds them up
    late = slice(-104, None)
    fitted = fit_level(
        seen[late],
        past[late],
        paths,
        rng,
        known=known[late],
        exposure=exposure[late],
        thin=max(thin, 0.05),
        quick=quick,
    )
    evidence = fit_level(seen[late], past[late], 4, rng, known=known[late], quick=quick).evidence
    odds = fitted.evidence - evidence + (8.0 - weeks_of_work) / 3.0
    chance = 1.0 / (1.0 + np.exp(-np.clip(odds, -50, 50)))
    free = rng.permutation(groups) < round(chance * groups)
    if not free.any():
        return
    out.hazard_mode, out.exposure = (
        np.repeat(free, paths // groups),
        _extend(hazard, ages).astype(np.float32),
    )
    fitted.spread = np.maximum(fitted.spread - 0.04, 0.0)  # a little excess is the fit's own error
    out.hazard_rates = fitted.rates(ahead, rng) * fitted.noise(len(ahead), rng)
    room = min(
        max(odds, 1.0) / 8.0, 6.0
    )  # the better chances explain the past, the further off a ceiling
    ceiling = np.exp((0.03 + 0.15 * np.abs(rng.standard_normal(paths))) * max(room, 1.0))
    out.ceiling = ceiling[:, None] * np.maximum(
        relief, 1.0
    )  # holidays see fewer because fewer came
    steps = out.table.shape[1]
    pace = np.concatenate([[0.0], 0.02 * 1.06 ** np.arange(steps - 1)])
    for g in np.flatnonzero(free):
        if station.keeps_age and station.fed_by:
            drawn = np.full(
                len(hazard),
                rng.beta(taken_now.sum() + 1, max(risk_now.sum() - taken_now.sum(), 0.0) + 1),
            )
        else:
            near = 6 * np.clip(hazard, 1e-4, 1 - 1e-4)
            drawn = rng.beta(taken_now + near, np.maximum(risk_now - taken_now, 0.0) + 6 - near)
        drawn = _extend(drawn, ages)
        out.table[g] = -np.expm1(np.log1p(-np.clip(drawn, 0, 0.995))[None, :] * pace[:, None])


def _spare(station: Station, weeks: int) -> np.ndarray:
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


def _smooth_hazard(risk: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Chance a week by age, shrunk to the neighbouring ages."""
    kernel = np.array([0.5, 1.0, 2.0, 1.0, 0.5])
    total = events.sum() / max(risk.sum(), 1.0)
    near = (np.convolve(events, kernel, "same") + 2 * total) / (
        np.convolve(risk, kernel, "same") + 2.0
    )
    return np.clip((events + 4 * near) / (risk + 4.0), 0, 1)


def _extend(x: np.ndarray, ages: int) -> np.ndarray:
    tail = x[-12:].mean() if len(x) else 0.0
    return np.concatenate([x, np.full(max(ages - len(x), 0), tail)])[:ages]


def _band(ages: int) -> np.ndarray:
    return np.searchsorted(np.array(_BANDS), np.arange(ages), side="right") - 1


def _drop(
    station: Station, weeks: int, ages: int, paths: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Weekly hazard of leaving unseen by age, and each path's multiplier of it."""
    left, risk = station.left[:weeks].sum(0), station.risk[:weeks].sum(0)
    band = _band(len(left))
    a, b = np.bincount(band, left, len(_BANDS)), np.bincount(band, risk, len(_BANDS))
    overall = (a[1:].sum() + 0.3) / (b[1:].sum() + 300.0)
    hazard = (a + 4 * overall / max(overall, 1e-3)) / (b + 4 / max(overall, 1e-3))
    hazard[0] = (a[0] + 0.5 * overall) / (b[0] + 0.5) if b[0] else overall
    events = a.sum()
    shape = 1.0 / (1.0 / (events + 2.0) + 0.02)
    return hazard[_band(ages)], rng.gamma(shape, 1.0 / shape, paths)


def _purges(
    station: Station,
    weeks: int,
    drop: np.ndarray,
    ahead: np.ndarray,
    paths: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of long waiters taken off the list by path and coming week, from which age, and the hazard without purges."""
    left, risk = station.left[:weeks], station.risk[:weeks]
    found: list[tuple[float, int]] = []
    hazard = drop[: left.shape[1]].copy()
    rest, at_risk = left.sum(0), risk.sum(0)
    for k in np.argsort(-left.sum(1), kind="stable")[:12]:
        usual = float((risk[k] * hazard).sum())
        total = float(left[k].sum())
        if total < usual + 4 * np.sqrt(usual + 0.5) + 3:
            break
        cumulative = np.cumsum(left[k]) / total
        from_age = int(np.searchsorted(cumulative, min(0.08 + 1.0 / total, 0.4)))
        share = left[k][from_age:].sum() / max(risk[k][from_age:].sum(), 1.0)
        found.append((min(float(share), 0.9), from_age))
        rest, at_risk = rest - left[k], at_risk - risk[k]
        band = _band(len(rest))
        a, b = (
            np.bincount(band, np.maximum(rest, 0), len(_BANDS)),
            np.bincount(band, np.maximum(at_risk, 0), len(_BANDS)),
        )
        overall = (a.sum() + 0.3) / (b.sum() + 300.0)
        hazard = ((a + 2.0) / (b + 2.0 / overall))[band]
    if not found:
        return np.zeros((paths, 1)), np.zeros(paths), drop
    hazard[:1] = drop[:1]
    shares, from_ages = np.array([f[0] for f in found]), np.array([f[1] for f in found])
    years = max(weeks, 1) / 52
    rate = rng.gamma(len(found) + 0.3, 1.0 / (years + 0.5), paths) / 52
    pick = rng.integers(0, len(found), paths)
    logit = np.log(shares / (1 - shares))
    middle, spread = logit.mean(), (logit.std() if len(found) > 2 else 0.5)
    share = 1 / (1 + np.exp(-(middle + 0.3 * rng.standard_normal(paths))))
    weeks_ahead = len(ahead)
    hit = rng.random((paths, weeks_ahead)) < rate[:, None]
    each = 1 / (
        1
        + np.exp(
            -(
                np.log(share / (1 - share))[:, None]
                + min(spread, 0.6) * rng.standard_normal((paths, weeks_ahead))
            )
        )
    )
    return (
        hit * each,
        from_ages[pick].astype(float),
        np.concatenate([hazard, np.full(len(drop) - len(hazard), hazard[-1])]),
    )


def _share_team(
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
    a, b = (_history(service, service.stations[k])[0] for k in (first, second))
    spare_a, spare_b = (_spare(service.stations[k], service.weeks)[::-1] for k in (first, second))
    if spare_b[-52:].sum() > 0.25 * len(
        spare_b[-52:]
    ):  # the second list takes what it needs: the first list's flow is its capacity
        model.team = None
        return
    total = _fit(
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


def _wait(service: Service, wait: WaitHistory, ages: int, over_days: tuple[int, ...]) -> WaitModel:
    offsets = wait.offsets
    days = 7 * np.arange(ages)[:, None] + np.arange(7)[None, :]
    over = {d: (days > d) @ offsets for d in over_days}
    within = None
    if wait.standard_days is not None:
        waited = days[:, :, None] - np.arange(7)[None, None, :]
        within = np.einsum("aoe,o,e->a", waited <= wait.standard_days, offsets, offsets)
        seen = wait.on_time[
            :, :ages
        ]  # who works to a date sees children just before it, not on any day
        known = slice(seen.shape[1])
        within[known] = (seen[1] + 4 * within[known]) / (seen[0] + 4)
        within = within.astype(np.float32)
    ends_at = [k for k, s in enumerate(service.stations) if wait.name in s.completes]
    return WaitModel(
        wait.name,
        wait.stations,
        ends_at,
        over,
        within,
        wait.open_days,
        float(np.arange(7) @ offsets),
        wait.completed,
        wait.within,
        idle=not any(service.stations[k].seen.any() for k in ends_at),
    )
