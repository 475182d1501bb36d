"""What is counted on the paths: lists by weeks waited, completions, what was on time, the children newly referred."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sendwaits.outlook.queue.station import Queue, StationModel

__all__ = [
    "COHORTS",
    "FOLLOWED",
    "Levers",
    "Model",
    "Paths",
    "WaitModel",
    "read_lists",
    "remaining",
    "tag",
    "undecided",
]

COHORTS = 60
FOLLOWED = 78
"""Weeks within which the share of the newly referred who are seen is asked for."""


@dataclass
class WaitModel:
    """How one wait is read from the stations: which stations hold it, which end it, and what counts by age in weeks.

    ``rows``: the paths that are this wait's, when several services run as one (`joined`).
    """

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
    rows: slice = field(default_factory=lambda: slice(None))
    by_age: dict[int, np.ndarray] = field(default_factory=dict)


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


def read_lists(
    model: Model,
    queues: list[Queue],
    out: Paths,
    week: int,
    seen: list[np.ndarray],
    lists: bool = True,
) -> None:
    for wait in model.waits:
        rows = wait.rows
        for k in wait.stations if lists else ():
            n = queues[k].everyone()[rows]
            both = n @ _read_by_age(wait, week, n.shape[1])
            out.waiting[wait.name][rows, week] += both[:, 0]
            out.age_sum[wait.name][rows, week] += both[:, 1]
            for c, d in enumerate(wait.over):
                out.over[wait.name, d][rows, week] += both[:, 2 + c]
        for k in wait.ends_at if week else ():
            done = seen[k][rows]
            out.completed[wait.name][rows, week] += done.sum(1)
            if wait.within is not None:
                inside = done * wait.within[: done.shape[1]]
                out.within[wait.name][rows, week] += inside.sum(1)
                _on_time(wait, out, week, inside)
        if week and wait.within is not None:
            _still_open(wait, queues, out, week)


def _read_by_age(wait: WaitModel, week: int, width: int) -> np.ndarray:
    """What a child of each age counts for: 1, days waited, over each line. Kept: every run of a model asks again."""
    found = wait.by_age.get(week)
    if found is None or len(found) < width:
        wide = max(width, len(wait.over[next(iter(wait.over))]) if wait.over else width)
        lines = [_over_at(wait, d, week, wide) for d in wait.over]
        found = np.column_stack([np.ones(wide), _mean_days(wait, week, wide), *lines])
        wait.by_age[week] = found = found.astype(np.float32)
    return found[:width]


def _due_age(wait: WaitModel) -> int:
    return int(np.argmax(wait.within < 1.0))  # type: ignore[operator]


def _on_time(wait: WaitModel, out: Paths, week: int, inside: np.ndarray) -> None:
    """Add children seen within the standard to the week they started (column COHORTS = the week that ends on as_at)."""
    last = min(_due_age(wait) + 1, inside.shape[1])
    first = COHORTS + week - last + 1
    if first >= 0 and week < COHORTS:
        out.on_time[wait.name][wait.rows, first : first + last] += inside[:, :last][:, ::-1]


def _still_open(wait: WaitModel, queues: list[Queue], out: Paths, week: int) -> None:
    due = _due_age(wait)
    for k in wait.stations:
        n = queues[k].everyone()[wait.rows]
        if due < n.shape[1] and 0 <= COHORTS + week - due < 2 * COHORTS:
            out.late[wait.name][wait.rows, COHORTS + week - due] += n[:, due]


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


def tag(
    waits: list[WaitModel], out: Paths, week: int, seen: list[np.ndarray], part: slice | np.ndarray
) -> None:
    """Count the children who started in the first four weeks when they are seen, by weeks waited."""
    for wait in waits:
        for k in wait.ends_at:
            done = seen[k]
            low, high = max(week - 4, 0), min(week, done.shape[1], 400)
            if high > low:
                out.new_child[wait.name][part, low:high] += done[:, low:high]


def remaining(queues: list[Queue], wait: WaitModel, week: int) -> np.ndarray:
    left = np.zeros(len(queues[0].buffer))
    for k in wait.stations:
        n = queues[k].everyone()
        left += n[:, max(week - 4, 0) : week].sum(1)
    return left


def undecided(
    waits: list[WaitModel], queues: list[Queue], out: Paths, week: int, part: slice | np.ndarray
) -> list[WaitModel]:
    """The waits whose tagged children must be followed on: the median on 95 % of paths, or who is seen within FOLLOWED weeks."""
    found = []
    for wait in waits:
        left = remaining(queues, wait, week)
        out.new_left[wait.name][part] = left
        seen = out.new_child[wait.name][part].sum(1)
        median = (left <= 0.9 * seen).mean() > 0.95
        followed = week >= FOLLOWED + 4 or left.sum() <= 0.002 * len(left)
        if not wait.idle and not (median and followed):
            found.append(wait)
    return found
