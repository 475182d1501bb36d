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
    calendar,
    fit_level,
    shape_of,
)
from sendwaits.outlook.queue.leaving import drop_of, purges
from sendwaits.outlook.queue.pace import fitted, seen_evenly, share_team, spare_weeks, totals
from sendwaits.outlook.queue.reading import Model, WaitModel
from sendwaits.outlook.queue.station import StationModel
from sendwaits.outlook.queue.weekly import MAX_AGE, Service, Station, WaitHistory

__all__ = ["build_model", "GROUPS_OF_PATHS", "TAIL_WEEKS", "LITTLE_HISTORY_WEEKS"]

GROUPS_OF_PATHS, QUICK_GROUPS = 20, 5
TAIL_WEEKS = 156
DISCIPLINE_WEEKS = 104
LITTLE_HISTORY_WEEKS = 26


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
        share_team(service, model, past, ahead, rng, change_weeks, quick)
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
    seen, starts = totals(service, station)
    known = service.known[::-1]
    arrivals = None
    if station.outside:
        demand = fitted(starts, past, paths, rng, known, growth=GROWTH, quick=quick)
        arrivals = demand.rates(ahead, rng) * demand.noise(len(ahead), rng)
    spare = spare_weeks(station, service.weeks)[::-1]
    capacity = fitted(
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
        station.risk[:recent], seen_evenly(station, recent), groups, rng, due, quick
    )
    drop, scale = drop_of(station, service.weeks, ages, paths, rng)
    purge, purge_age, drop = purges(station, service.weeks, drop, ahead, paths, rng)
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
