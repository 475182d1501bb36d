"""The kernel: weekly age cohorts of every station, all paths at once, children whole and none lost.

Each week of each path: children come, age, drop out, and the capacity of the week is spent by the station's discipline.
``waiting(t) = waiting(t-1) + in - seen - left`` holds exactly on every path (`Paths.balance`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from sendwaits.outlook.queue.reading import (
    COHORTS,
    Levers,
    Model,
    Paths,
    WaitModel,
    read_lists,
    remaining,
    tag,
    undecided,
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
    luck = _luck(model, levers, 0, weeks, slice(None))
    room = max(max(x.shape[-1] for x in (s.waiting, *s.fresh)) for s in model.stations) + 8
    queues = [
        Queue(s, model.paths, model.groups, weeks, room, _pool(model.seed, k))
        for k, s in enumerate(model.stations)
    ]
    out = _empty(model, weeks)
    for k, queue in enumerate(queues):
        out.held[k, :, 0] = queue.total()
    read_lists(model, queues, out, 0, [np.zeros((model.paths, 1), np.float32)] * len(queues))
    for week in range(1, weeks + 1):
        seen = _week(model, queues, levers, luck, week, week - 1, slice(None), out)
        read_lists(model, queues, out, week, seen, read is None or week in read)
        if new_child:
            tag(model.waits, out, week, seen, slice(None))
    if new_child and undecided(model.waits, queues, out, weeks, slice(None)):
        _tail(model, queues, levers, out, weeks, tail_paths, tail_weeks)
    return out


@functools.lru_cache(maxsize=8)
def _pool(seed: int, station: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 902, station])))
    return rng.standard_normal(700_000, dtype=np.float32)


@dataclass
class Luck:
    """Dice of a run and what follows from them alone: by station, path and week who is referred and the slots there are.

    ``team``: slots of a team that serves two lists, those planned for the first, and the means of both.
    """

    u: np.ndarray
    z: np.ndarray
    arrivals: dict[int, np.ndarray]
    slots: dict[int, np.ndarray]
    team: tuple[np.ndarray, ...] | None


def _luck(model: Model, levers: Levers, first: int, weeks: int, part: slice | np.ndarray) -> Luck:
    """The luck of ``weeks`` weeks after week ``first`` on the paths of ``part``; a later stretch has dice of its own."""
    stream = int(first > 0)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([model.seed, 901, stream])))
    shape = (len(model.stations), weeks, model.paths)
    u, z = rng.random((4, *shape), dtype=np.float32), rng.standard_normal((3, *shape), np.float32)
    v = rng.random((2, weeks, model.paths), dtype=np.float32)
    y = rng.standard_normal((2, weeks, model.paths), dtype=np.float32)
    u, z, v, y = (np.ascontiguousarray(x[..., part]) for x in (u, z, v, y))
    ahead = np.arange(first, first + weeks)
    at = lambda x: x[part][:, np.minimum(ahead, x.shape[1] - 1)].T  # noqa: E731
    team = None
    if model.team:
        lead = model.stations[model.team[0]]
        rates = at(lead.rates) * (1.0 if levers.team is None else at(levers.team))
        total, share = whole_poisson(rates * at(lead.noise), y[0], v[0]), at(model.split)  # type: ignore[arg-type]
        team = (total, _binomial(total, share, y[1]), rates, rates * share)
    arrivals, slots = {}, {}
    for k, station in enumerate(model.stations):
        if station.arrivals is not None:
            mean = at(station.arrivals) * (1.0 if levers.demand is None else at(levers.demand))
            arrivals[k] = whole_poisson(mean, z[2, k], u[3, k])
        if not (model.team and k in model.team):
            rates = at(station.rates) * (at(levers.capacity[k]) if k in levers.capacity else 1.0)
            slots[k] = whole_poisson(rates * at(station.noise), z[0, k], u[0, k])
    return Luck(u, z, arrivals, slots, team)


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
    luck: Luck,
    week: int,
    die: int,
    part: slice | np.ndarray,
    out: Paths | None,
    needed: set[int] | None = None,
) -> list[np.ndarray]:
    """One week of every station in order (of those ``needed``); children seen, by station, age and path."""
    seen: list[np.ndarray] = []
    u, z = luck.u[:, :, die], luck.z[:, :, die]
    for k, (station, queue) in enumerate(zip(model.stations, queues, strict=True)):
        if needed is not None and k not in needed:
            seen.append(np.zeros((len(queue.buffer), 1), np.float32))
            continue
        queue.age()
        came = _arrive(
            station,
            queue,
            seen,
            luck.arrivals[k][die] if k in luck.arrivals else None,
            part,
            u[2, k],
        )
        left = queue.drop(
            station.drop_scale[part], _at(station.purge, week)[part], z[1, k], u[1, k], u[2, k]
        )
        left = _removed(left, queue, levers, k, week, part, u[1, k])
        lever = _at(levers.capacity[k], week)[part] if k in levers.capacity else 1.0
        capacity, rates = _slots(model, luck, k, die, lever, seen)
        if station.hazard_mode is not None:
            rates = _at(station.rates, week)[part] * lever if rates is None else rates
            capacity = _or_due(capacity, rates, station, queue, lever, week, part, z[0, k])
        for source, target, moved in levers.moved:
            capacity = np.maximum(
                capacity + _at(moved, week)[part] * ((target == k) * 1.0 - (source == k) * 1.0), 0.0
            )
        slots = np.floor(capacity + u[3, k] * (capacity % 1 > 0))
        first = week >= levers.longest_first[k][part] if k in levers.longest_first else None
        taken = queue.spend(slots, u[0, k] * 0.999, first)
        seen.append(taken)
        if out is not None:
            out.came[k, :, week], out.seen[k, :, week], out.left[k, :, week] = (
                came,
                taken.sum(1),
                left,
            )
            out.held[k, :, week] = queue.total()
    return seen


def _slots(
    model: Model,
    luck: Luck,
    k: int,
    die: int,
    lever: np.ndarray | float,
    seen: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray | None]:
    """Slots of a station this week; of a team's also their mean. The second list gets what the first left over."""
    if luck.team is None or k not in model.team:  # type: ignore[operator]
        return luck.slots[k][die], None
    total, planned, rates, first = (x[die] for x in luck.team)
    if k == model.team[0]:  # type: ignore[index]
        return planned * lever, first * lever
    used = seen[model.team[0]].sum(1)  # type: ignore[index]
    return np.maximum(total - np.minimum(used, planned), 0) * lever, np.maximum(
        rates - used, 0.0
    ) * lever


def _removed(
    left: np.ndarray,
    queue: Queue,
    levers: Levers,
    k: int,
    week: int,
    part: slice | np.ndarray,
    v: np.ndarray,
) -> np.ndarray:
    """How many leave this week, with the children whom a validation of the list takes off it."""
    for station, when, over, share in levers.removed:
        if station == k and (when[part] == week).any():
            n = queue.children
            old = (np.arange(n.shape[1]) > over) * np.where(when[part] == week, share[part], 0)[
                :, None
            ]
            left = left + queue.take(n * old.astype(np.float32), v).sum(1)
    return left


def _arrive(
    station: StationModel,
    queue: Queue,
    seen: list[np.ndarray],
    new: np.ndarray | None,
    part: slice | np.ndarray,
    v: np.ndarray,
) -> np.ndarray:
    came = np.zeros(len(queue.buffer))
    if new is not None:
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


def _or_due(
    slots: np.ndarray,
    rates: np.ndarray,
    station: StationModel,
    queue: Queue,
    lever: np.ndarray | float,
    week: int,
    part: slice | np.ndarray,
    z: np.ndarray,
) -> np.ndarray:
    """The slots, but on paths without a bottleneck the children whose time has come, their mean at most ``rates`` x ceiling.

    The ceiling binds the mean only: the lesser of two chance numbers is less than either mean, and would hold back a
    service that nothing holds back.
    """
    n = queue.children
    due = queue.due[..., : n.shape[1], :]
    both = n @ due if due.ndim == 2 else np.einsum("pa,pab->pb", n, due)
    pace = _at(station.hazard_rates, week)[part] * lever  # type: ignore[arg-type]
    most = rates * _at(station.ceiling, week)[part]  # type: ignore[arg-type]
    pace = np.minimum(pace, most / np.maximum(both[:, 0], 1e-9))
    mean, fixed = both[:, 0] * pace, both[:, 1] * pace**2
    time_come = np.maximum(np.floor(mean + np.sqrt(np.maximum(mean - fixed, 0.0)) * z + 0.5), 0)
    return np.where(station.hazard_mode[part], time_come, slots)  # type: ignore[index]


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
        unknown = remaining(queues, wait, weeks) > 0.9 * out.new_child[wait.name].sum(1)
        if not wait.idle and unknown.mean() > 0.015:
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
            part,
        )
        for q in queues
    ]
    luck = _luck(model, levers, weeks, tail_weeks, part)
    waits = model.waits
    for step in range(tail_weeks):
        week = weeks + 1 + step
        seen = _week(model, later, levers, luck, week, step, part, None, _needed(model, waits))
        tag(waits, out, week, seen, part)
        if step % 4 == 3:
            waits = undecided(waits, later, out, week, part)
            if not waits:
                break
    out.followed[part] = week
    undecided(waits, later, out, week, part)


def _needed(model: Model, waits: list[WaitModel]) -> set[int]:
    """The stations of these waits, those that feed them and a team's other list."""
    found = {k for w in waits for k in (*w.stations, *w.ends_at)}
    for k in range(len(model.stations) - 1, -1, -1):
        if k in found:
            found |= set(model.stations[k].fed_by)
    return found | set(model.team or ()) if found & set(model.team or ()) else found
