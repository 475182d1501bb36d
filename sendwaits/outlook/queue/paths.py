"""The kernel: weekly age cohorts of every station, all paths at once, children whole and none lost.

Each week of each path: children come, age, drop out, and the capacity of the week is spent by the station's discipline.
``waiting(t) = waiting(t-1) + in - seen - left`` holds exactly on every path (`Paths.balance`).
"""

from __future__ import annotations

import functools

import numpy as np

from sendwaits.outlook.queue.reading import (
    COHORTS,
    Levers,
    Model,
    Paths,
    decided,
    known,
    read_lists,
    remaining,
    tag,
)
from sendwaits.outlook.queue.station import Queue, StationModel, whole_children, whole_poisson

__all__ = ["simulate"]


def simulate(
    model: Model,
    weeks: int,
    levers: Levers | None = None,
    *,
    new_child: bool = True,
    read: set[int] | None = None,
    tail_paths: int = 8,
    tail_weeks: int = 156,
) -> Paths:
    """Run every path ``weeks`` on from as_at, and a part of them until children referred in the first 28 days are seen.

    ``read``: the weeks at which lists are counted (all). ``tail_paths`` per group run on for at most ``tail_weeks`` more. Same model, same numbers: all dice are drawn from
    the model's seed, so two runs with different levers share their luck.
    """
    levers = levers or Levers()
    dice = _dice(model, weeks, 0)
    room = max(max(len(x) for x in (s.waiting, *s.fresh)) for s in model.stations) + 8
    queues = [
        Queue(s, model.paths, model.groups, weeks, room, _pool(model.seed, k))
        for k, s in enumerate(model.stations)
    ]
    out = _empty(model, weeks)
    for k, queue in enumerate(queues):
        out.held[k, :, 0] = queue.everyone().sum(1)
    read_lists(model, queues, out, 0, [np.zeros((model.paths, 1), np.float32)] * len(queues))
    for week in range(1, weeks + 1):
        seen = _week(model, queues, levers, dice, week, week - 1, slice(None), out)
        read_lists(model, queues, out, week, seen, read is None or week in read)
        if new_child:
            tag(model, out, week, seen, slice(None))
    if new_child and not known(model, queues, out, weeks, slice(None)):
        _tail(model, queues, levers, out, weeks, tail_paths, tail_weeks)
    return out


@functools.lru_cache(maxsize=8)
def _pool(seed: int, station: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 902, station])))
    return rng.standard_normal(700_000, dtype=np.float32)


def _dice(model: Model, weeks: int, stream: int) -> dict[str, np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([model.seed, 901, stream])))
    shape = (len(model.stations), weeks, model.paths)
    return {
        "u": rng.random((4, *shape), dtype=np.float32),
        "z": rng.standard_normal((3, *shape), dtype=np.float32),
        "team": rng.random((2, weeks, model.paths), dtype=np.float32),
        "team_z": rng.standard_normal((2, weeks, model.paths), dtype=np.float32),
    }


def _empty(model: Model, weeks: int) -> Paths:
    blank = lambda: np.zeros((model.paths, weeks + 1))  # noqa: E731
    names = [w.name for w in model.waits]
    flat = lambda: np.zeros((len(model.stations), model.paths, weeks + 1))  # noqa: E731
    return Paths(
        {n: blank() for n in names},
        {(w.name, d): blank() for w in model.waits for d in w.over},
        {n: blank() for n in names},
        {n: blank() for n in names},
        {n: blank() for n in names},
        {n: np.zeros((model.paths, 400)) for n in names},
        {n: np.zeros(model.paths) for n in names},
        {n: np.zeros((model.paths, 2 * COHORTS)) for n in names},
        {n: np.zeros((model.paths, 2 * COHORTS)) for n in names},
        flat(),
        flat(),
        flat(),
        flat(),
        np.full(model.paths, weeks),
    )


def _at(array: np.ndarray, week: int) -> np.ndarray:
    """The column of a coming week; the last one stands for all later weeks."""
    return array[:, min(week - 1, array.shape[1] - 1)]


def _week(
    model: Model,
    queues: list[Queue],
    levers: Levers,
    dice: dict[str, np.ndarray],
    week: int,
    die: int,
    part: slice | np.ndarray,
    out: Paths | None,
) -> list[np.ndarray]:
    """One week of every station in order; children seen, by station, age and path."""
    seen: list[np.ndarray] = []
    u, z = dice["u"][:, :, die][..., part], dice["z"][:, :, die][..., part]
    team_total = planned = team_rates = np.zeros(0)
    for k, (station, queue) in enumerate(zip(model.stations, queues, strict=True)):
        queue.age()
        came = _arrive(station, queue, seen, levers, week, part, z[2, k], u[3, k], u[2, k])
        left = queue.drop(
            station.drop_scale[part], _at(station.purge, week)[part], z[1, k], u[1, k], u[2, k]
        )
        left = _removed(left, queue, levers, k, week, part, u[1, k])
        if model.team and k in model.team:
            lever = _at(levers.capacity[k], week)[part] if k in levers.capacity else 1.0
            if k == model.team[0]:
                team_total, team_rates = _team(
                    model,
                    levers,
                    week,
                    part,
                    dice["team_z"][0, die][part],
                    dice["team"][0, die][part],
                )
                share = _at(model.split, week)[part]  # type: ignore[arg-type]
                planned, rates = (
                    _binomial(team_total, share, dice["team_z"][1, die][part]),
                    team_rates * share,
                )
                capacity = planned * lever
            else:
                used = seen[model.team[0]].sum(1)
                capacity = np.maximum(team_total - np.minimum(used, planned), 0) * lever
                rates = np.maximum(team_rates - used, 0.0)
            capacity = _or_due(
                capacity, rates * lever, station, queue, levers, k, week, part, z[0, k]
            )
        else:
            capacity = _capacity(station, queue, levers, k, week, part, z[0, k], u[0, k])
        for source, target, slots in levers.moved:
            capacity = np.maximum(
                capacity + _at(slots, week)[part] * ((target == k) * 1.0 - (source == k) * 1.0), 0.0
            )
        slots = np.floor(capacity + u[3, k] * (capacity % 1 > 0))
        first = week >= levers.longest_first[k][part] if k in levers.longest_first else None
        taken = queue.spend(slots, u[0, k] * 0.999, first)
        seen.append(taken)
        if out is not None:
            out.came[k, :, week], out.seen[k, :, week], out.left[k, :, week] = (
                came,
                taken.sum(1),
                left.sum(1),
            )
            out.held[k, :, week] = queue.everyone().sum(1)
    return seen


def _removed(
    left: np.ndarray,
    queue: Queue,
    levers: Levers,
    k: int,
    week: int,
    part: slice | np.ndarray,
    v: np.ndarray,
) -> np.ndarray:
    """Those who leave this week, with the children whom a validation of the list takes off it."""
    for station, when, over, share in levers.removed:
        if station == k and (when[part] == week).any():
            n = queue.children
            old = (np.arange(n.shape[1]) > over) * np.where(when[part] == week, share[part], 0)[
                :, None
            ]
            left = left + queue.take(n * old.astype(np.float32), v)
    return left


def _arrive(
    station: StationModel,
    queue: Queue,
    seen: list[np.ndarray],
    levers: Levers,
    week: int,
    part: slice | np.ndarray,
    z: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
) -> np.ndarray:
    came = np.zeros(len(queue.buffer))
    if station.arrivals is not None:
        mean = _at(station.arrivals, week)[part]
        if levers.demand is not None:
            mean = mean * _at(levers.demand, week)[part]
        new = whole_poisson(mean, z, u)
        queue.children[:, 0] += new.astype(np.float32)
        came += new
    for at in station.fed_by:
        source = seen[at]
        share = station.enter[part] if station.enter is not None else np.ones(len(source))
        if station.keeps_age:
            entering = np.minimum(
                whole_children(source * share[:, None].astype(np.float32), v), source
            )
            queue.enter(entering)
            came += entering.sum(1)
        else:
            total = source.sum(1)
            entering = np.minimum(np.floor(total * share + v), total)
            queue.children[:, 0] += entering
            came += entering
    return came


def _capacity(
    station: StationModel,
    queue: Queue,
    levers: Levers,
    k: int,
    week: int,
    part: slice | np.ndarray,
    z: np.ndarray,
    u: np.ndarray,
) -> np.ndarray:
    """Children who can be seen this week: a capacity, or, without a bottleneck, those whose time has come."""
    lever = _at(levers.capacity[k], week)[part] if k in levers.capacity else 1.0
    rates = _at(station.rates, week)[part] * lever
    slots = whole_poisson(rates * _at(station.noise, week)[part], z, u)
    return _or_due(slots, rates, station, queue, levers, k, week, part, z)


def _or_due(
    slots: np.ndarray,
    rates: np.ndarray,
    station: StationModel,
    queue: Queue,
    levers: Levers,
    k: int,
    week: int,
    part: slice | np.ndarray,
    z: np.ndarray,
) -> np.ndarray:
    """The slots, but on paths without a bottleneck the children whose time has come, their mean at most ``rates`` x ceiling.

    The ceiling binds the mean only: the lesser of two chance numbers is less than either mean, and would hold back a
    service that nothing holds back.
    """
    if (
        station.hazard_mode is None
        or station.exposure is None
        or station.hazard_rates is None
        or station.ceiling is None
    ):
        return slots
    n = queue.children
    hazard = station.exposure[: n.shape[1]]
    both = n @ np.column_stack([hazard, hazard**2])
    pace = _at(station.hazard_rates, week)[part] * (
        _at(levers.capacity[k], week)[part] if k in levers.capacity else 1.0
    )
    pace = np.minimum(pace, rates * _at(station.ceiling, week)[part] / np.maximum(both[:, 0], 1e-9))
    mean, fixed = both[:, 0] * pace, both[:, 1] * pace**2
    due = np.clip(np.floor(mean + np.sqrt(np.maximum(mean - fixed, 0.0)) * z + 0.5), 0, None)
    return np.where(station.hazard_mode[part], due, slots)


def _team(
    model: Model, levers: Levers, week: int, part: slice | np.ndarray, z: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slots of the whole team this week, and their mean."""
    lead = model.stations[model.team[0]]  # type: ignore[index]
    rates = _at(lead.rates, week)[part]
    if levers.team is not None:
        rates = rates * _at(levers.team, week)[part]
    return whole_poisson(rates * _at(lead.noise, week)[part], z, u), rates


def _binomial(total: np.ndarray, share: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.clip(
        np.floor(total * share + np.sqrt(np.maximum(total * share * (1 - share), 0)) * z + 0.5),
        0,
        total,
    )


def _tail(
    model: Model,
    queues: list[Queue],
    levers: Levers,
    out: Paths,
    weeks: int,
    tail_paths: int,
    tail_weeks: int,
) -> None:
    """Run a part of the paths on until half of the tagged children are seen; the others count no more for that row."""
    each = model.paths // model.groups
    tail_paths = min(tail_paths, each)
    part = (np.arange(model.groups)[:, None] * each + np.arange(tail_paths)[None, :]).ravel()
    others = np.setdiff1d(np.arange(model.paths), part)
    for wait in model.waits:
        undecided = remaining(queues, wait, weeks) > 0.9 * out.new_child[wait.name].sum(1)
        if not wait.idle and undecided.mean() > 0.015:
            out.new_child[wait.name][others] = np.nan
    later = [
        Queue(
            q.model,
            len(part),
            model.groups,
            tail_weeks,
            max(x.everyone().shape[1] for x in queues) + 8,
            q.pool,
            q.children[part],
            [x[part] for x in q.resting],
        )
        for q in queues
    ]
    dice = _dice(model, tail_weeks, 1)
    for step in range(tail_weeks):
        week = weeks + 1 + step
        seen = _week(model, later, levers, dice, week, step, part, None)
        tag(model, out, week, seen, part)
        if step % 4 == 3 and known(model, later, out, week, part):
            break
    out.followed[part] = week
    decided(model, later, out, week, part)
