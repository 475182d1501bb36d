"""The kernel: weekly age cohorts of every station, all paths at once, children whole and none lost.

Each week of each path: children come, age, drop out, and the capacity of the week is spent by the station's discipline.
``waiting(t) = waiting(t-1) + in - seen - left`` holds exactly on every path (`Paths.balance`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from sendwaits.outlook.queue.station import Queue, StationModel, whole_children, whole_poisson

__all__ = [
    "COHORTS",
    "StationModel",
    "WaitModel",
    "Model",
    "Paths",
    "Levers",
    "simulate",
    "whole_poisson",
]

COHORTS = 60
FOLLOWED = 78
"""Weeks within which the share of the newly referred who are seen is asked for."""


@dataclass
class WaitModel:
    """How one wait is read from the stations: which stations hold it, which end it, and what counts by age in weeks."""

    name: str
    stations: list[int]
    ends_at: list[int]
    over: dict[int, np.ndarray]
    within: np.ndarray | None
    open_days: np.ndarray
    offset: float
    completed: np.ndarray
    within_done: np.ndarray
    idle: bool = False


@dataclass
class Model:
    """A service ready to be run: stations in order, waits, and the split of a team that serves two stations."""

    stations: list[StationModel]
    waits: list[WaitModel]
    paths: int
    groups: int
    weeks: int
    team: tuple[int, int] | None = None
    split: np.ndarray | None = None
    seed: int = 0
    notes: dict[str, str] = field(default_factory=dict)


@dataclass
class Levers:
    """Multipliers by path and week on the capacity of each station and on demand, and slots moved between two stations.

    ``removed``: (station, week by path, age in weeks, share by path) of a validation of the list; ``longest_first``: by
    station, the week by path from which the longest wait is seen first.
    """

    capacity: dict[int, np.ndarray] = field(default_factory=dict)
    team: np.ndarray | None = None
    demand: np.ndarray | None = None
    moved: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    removed: list[tuple[int, np.ndarray, int, np.ndarray]] = field(default_factory=list)
    longest_first: dict[int, np.ndarray] = field(default_factory=dict)

    def part(self, rows: np.ndarray) -> Levers:
        """The levers of some of the paths."""
        cut = lambda x: None if x is None else x[rows]  # noqa: E731
        return Levers(
            {k: v[rows] for k, v in self.capacity.items()},
            cut(self.team),
            cut(self.demand),
            [(a, b, x[rows]) for a, b, x in self.moved],
            [(k, w[rows], a, x[rows]) for k, w, a, x in self.removed],
            {k: v[rows] for k, v in self.longest_first.items()},
        )


@dataclass
class Paths:
    """What happened on every path: arrays (paths, weeks + 1) with week 0 = as_at; ``new_child`` (paths, weeks waited).

    ``followed``: the week to which the children of ``new_child`` were followed, by path.
    """

    waiting: dict[str, np.ndarray]
    over: dict[tuple[str, int], np.ndarray]
    age_sum: dict[str, np.ndarray]
    completed: dict[str, np.ndarray]
    within: dict[str, np.ndarray]
    new_child: dict[str, np.ndarray]
    new_left: dict[str, np.ndarray]
    on_time: dict[str, np.ndarray]
    late: dict[str, np.ndarray]
    came: np.ndarray
    seen: np.ndarray
    left: np.ndarray
    held: np.ndarray
    followed: np.ndarray

    def balance(self) -> float:
        """The largest breach of waiting = waiting before + in - seen - left over all stations, paths and weeks (0 = exact)."""
        change = np.diff(self.held, axis=2)
        return float(
            np.abs(change - (self.came - self.seen - self.left)[:, :, 1:]).max(initial=0.0)
        )


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
    _read(model, queues, out, 0, [np.zeros((model.paths, 1), np.float32)] * len(queues))
    for week in range(1, weeks + 1):
        seen = _week(model, queues, levers, dice, week, week - 1, slice(None), out)
        _read(model, queues, out, week, seen, read is None or week in read)
        if new_child:
            _tag(model, out, week, seen, slice(None))
    if new_child and not _known(model, queues, out, weeks, slice(None)):
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


def _read(
    model: Model,
    queues: list[Queue],
    out: Paths,
    week: int,
    seen: list[np.ndarray],
    lists: bool = True,
) -> None:
    for wait in model.waits:
        for k in wait.stations if lists else ():
            n = queues[k].everyone()
            width = n.shape[1]
            days = _mean_days(wait, week, width)
            both = n @ np.column_stack(
                [np.ones(width), days, *(_over_at(wait, d, week, width) for d in wait.over)]
            ).astype(np.float32)
            out.waiting[wait.name][:, week] += both[:, 0]
            out.age_sum[wait.name][:, week] += both[:, 1]
            for c, d in enumerate(wait.over):
                out.over[wait.name, d][:, week] += both[:, 2 + c]
        for k in wait.ends_at if week else ():
            done = seen[k]
            out.completed[wait.name][:, week] += done.sum(1)
            if wait.within is not None:
                inside = done * wait.within[: done.shape[1]]
                out.within[wait.name][:, week] += inside.sum(1)
                _on_time(wait, out, week, inside)
        if week and wait.within is not None:
            _still_open(wait, queues, out, week)


def _due_age(wait: WaitModel) -> int:
    return int(np.argmax(wait.within < 1.0))  # type: ignore[operator]


def _on_time(wait: WaitModel, out: Paths, week: int, inside: np.ndarray) -> None:
    """Add children seen within the standard to the week they started (column COHORTS = the week that ends on as_at)."""
    last = min(_due_age(wait) + 1, inside.shape[1])
    first = COHORTS + week - last + 1
    if first >= 0 and week < COHORTS:
        out.on_time[wait.name][:, first : first + last] += inside[:, :last][:, ::-1]


def _still_open(wait: WaitModel, queues: list[Queue], out: Paths, week: int) -> None:
    due = _due_age(wait)
    for k in wait.stations:
        n = queues[k].everyone()
        if due < n.shape[1] and 0 <= COHORTS + week - due < 2 * COHORTS:
            out.late[wait.name][:, COHORTS + week - due] += n[:, due]


def _mean_days(wait: WaitModel, week: int, width: int) -> np.ndarray:
    days = 7.0 * np.arange(width) + wait.offset
    old = wait.open_days // 7 + week
    inside = old < width
    count = np.bincount(old[inside], minlength=width)
    total = np.bincount(old[inside], weights=wait.open_days[inside] + 7.0 * week, minlength=width)
    return np.where(count > 0, total / np.maximum(count, 1), days)


def _over_at(wait: WaitModel, limit: int, week: int, width: int) -> np.ndarray:
    """Share of each age that is over ``limit`` days: counted for children now open, by weekday of arrival for later ones."""
    share = wait.over[limit][:width].copy()
    age = limit // 7
    if age < width and age >= week:
        ages = wait.open_days[wait.open_days // 7 == age - week] + 7 * week
        if len(ages):
            share[age] = (ages > limit).mean()
    return share


def _tag(
    model: Model, out: Paths, week: int, seen: list[np.ndarray], part: slice | np.ndarray
) -> None:
    """Count the children who started in the first four weeks when they are seen, by weeks waited."""
    for wait in model.waits:
        for k in wait.ends_at:
            done = seen[k]
            low, high = max(week - 4, 0), min(week, done.shape[1], 400)
            if high > low:
                out.new_child[wait.name][part, low:high] += done[:, low:high]


def _remaining(queues: list[Queue], wait: WaitModel, week: int) -> np.ndarray:
    left = np.zeros(len(queues[0].buffer))
    for k in wait.stations:
        n = queues[k].everyone()
        left += n[:, max(week - 4, 0) : week].sum(1)
    return left


def _known(
    model: Model, queues: list[Queue], out: Paths, week: int, part: slice | np.ndarray
) -> bool:
    """Is the median wait of the tagged children known, and what share of them is seen within FOLLOWED weeks?"""
    known = _decided(model, queues, out, week, part)
    waiting = sum(out.new_left[w.name][part].sum() for w in model.waits if not w.idle)
    return known and (week >= FOLLOWED + 4 or waiting <= 0.002 * len(queues[0].buffer))


def _decided(
    model: Model, queues: list[Queue], out: Paths, week: int, part: slice | np.ndarray
) -> bool:
    done = True
    for wait in model.waits:
        left = _remaining(queues, wait, week)
        out.new_left[wait.name][part] = left
        seen = out.new_child[wait.name][part].sum(1)
        done &= wait.idle or bool((left <= 0.9 * seen).mean() > 0.985)
    return done


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
        undecided = _remaining(queues, wait, weeks) > 0.9 * out.new_child[wait.name].sum(1)
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
        _tag(model, out, week, seen, part)
        if step % 4 == 3 and _known(model, later, out, week, part):
            break
    out.followed[part] = week
    _decided(model, later, out, week, part)
