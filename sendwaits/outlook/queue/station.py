"""One queue while it runs: weekly age cohorts of one station, all paths at once, children whole and none lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["StationModel", "Queue", "whole_children", "whole_poisson"]

_COARSE = 16


@dataclass
class StationModel:
    """All that drives one station, drawn per path: arrays are (paths, ...) unless said otherwise.

    ``table`` (groups, grid, ages): chances of being seen; paths are laid out group by group. ``hazard_mode``: paths whose
    flow follows the children at risk (``exposure`` by age) and not a capacity. ``waiting``, ``drop``, ``exposure``: by age, or by path
    and age where several services run as one.
    """

    name: str
    waiting: np.ndarray
    arrivals: np.ndarray | None
    rates: np.ndarray
    noise: np.ndarray
    table: np.ndarray
    drop: np.ndarray
    drop_scale: np.ndarray
    purge: np.ndarray
    purge_age: np.ndarray
    fed_by: tuple[int, ...] = ()
    keeps_age: bool = False
    enter: np.ndarray | None = None
    hazard_mode: np.ndarray | None = None
    exposure: np.ndarray | None = None
    hazard_rates: np.ndarray | None = None
    ceiling: np.ndarray | None = None
    hold: int = 0
    fresh: list[np.ndarray] = field(default_factory=list)


def whole_poisson(mean: np.ndarray, z: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Whole numbers with a Poisson distribution of the given mean, from a normal z (mean over 8) or a uniform u."""
    out = np.floor(np.maximum(mean + np.sqrt(np.maximum(mean, 0)) * z + (z * z - 1) / 6 + 0.5, 0.0))
    few = mean <= 8.0
    if not few.any():
        return out
    small, u = mean[few], u[few]
    term = np.exp(-small)
    total, number = term.copy(), np.zeros(small.shape)
    for k in range(1, 26):
        above = u > total
        if not above.any():
            break
        number += above
        term = term * small / k
        total = total + term
    out[few] = number
    return out


def _scatter(n: np.ndarray, chance: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Children seen by age around their expectation with a binomial's variance, the row's total unchanged."""
    expected = n * chance
    spread = np.sqrt(np.maximum(expected * (1 - chance), 0))
    spread *= z
    room = np.minimum(expected, n - expected)  # as far up as down, or the mean would move
    np.minimum(spread, room, out=spread)
    np.maximum(spread, -room, out=spread)
    spread += expected
    scale = expected.sum(1) / np.maximum(spread.sum(1), 1e-6)
    spread *= scale[:, None]
    far = scale >= 4
    if far.any():
        spread[far] = expected[far]
    return np.minimum(spread, n, out=spread)


def whole_children(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Whole children by age with expectation ``x``, never more than are there; each row's total is floor or ceiling of its sum."""
    total = np.cumsum(x, axis=1, dtype=np.float32)
    total += u[:, None]
    np.floor(total, out=total)
    out = total.copy()
    out[:, 1:] -= total[:, :-1]
    return out


class Queue:
    """One station while it runs: a buffer in which ageing is a moving window."""

    def __init__(
        self,
        model: StationModel,
        paths: int,
        groups: int,
        weeks: int,
        room: int,
        pool: np.ndarray,
        start: np.ndarray | None = None,
        resting: list[np.ndarray] | None = None,
        part: slice | np.ndarray = slice(None),
    ) -> None:
        ages = model.waiting.shape[-1] if start is None else start.shape[1]
        self.model, self.groups, self.at = model, groups, weeks
        self.buffer = np.zeros((paths, room + weeks + 1), dtype=np.float32)
        self.buffer[:, weeks : weeks + ages] = model.waiting if start is None else start
        self.width = ages
        self.pool, self.purge_age = pool, model.purge_age[part]
        each = paths // groups
        self.group = np.repeat(np.arange(groups), each)
        self.resting = (
            resting if resting is not None else [self._spread(x, room + 1) for x in model.fresh]
        )  # children who rest, youngest entry first
        steps = model.table.shape[1]
        self.marks = np.unique(np.append(np.arange(0, steps, _COARSE), steps - 1))
        self.coarse = np.ascontiguousarray(model.table[:, self.marks].transpose(0, 2, 1))
        self.drops = model.drop.astype(np.float32)
        if model.exposure is not None:
            self.due = np.stack([model.exposure, model.exposure**2], axis=-1).astype(np.float32)

    def _spread(self, counts: np.ndarray, room: int) -> np.ndarray:
        out = np.zeros((len(self.buffer), room), dtype=np.float32)
        out[:, : counts.shape[-1]] = counts
        return out

    def enter(self, children: np.ndarray) -> None:
        """Children by age who come in this week; with a rest they join the queue some weeks later, that much older."""
        if self.model.hold:
            self.resting.insert(0, children)
            children = self.resting.pop()
            children = np.concatenate(
                [np.zeros((len(children), self.model.hold), np.float32), children], axis=1
            )
        self.width = min(max(self.width, children.shape[1]), self.buffer.shape[1] - self.at)
        self.children[:, : children.shape[1]] += children[:, : self.width]

    def everyone(self) -> np.ndarray:
        """Children here by age, the resting ones too."""
        if not self.model.hold:
            return self.children
        width = min(
            max(self.width, *(x.shape[1] + k for k, x in enumerate(self.resting))),
            self.buffer.shape[1] - self.at,
        )
        out = np.zeros((len(self.buffer), width), np.float32)
        out[:, : self.width] = self.children
        for k, x in enumerate(self.resting):
            out[:, k : k + x.shape[1]] += x[:, : width - k]
        return out

    def total(self) -> np.ndarray:
        """Children here by path, the resting ones too."""
        return np.asarray(self.children.sum(1) + sum(x.sum(1) for x in self.resting))

    def age(self) -> None:
        """One week on: everybody is a week older, the youngest column is empty."""
        self.at -= 1
        self.width += 1
        if self.width % 4 == 0:
            self.trim()

    def trim(self) -> None:
        filled = np.flatnonzero(self.children.any(axis=0))
        self.width = int(filled[-1]) + 1 if len(filled) else 1

    @property
    def children(self) -> np.ndarray:
        return self.buffer[:, self.at : self.at + self.width]

    def most(self) -> np.ndarray:
        n = self.children
        return np.einsum("pa,pa->p", n, self.model.table[self.group, -1, : n.shape[1]])

    def spend(
        self, capacity: np.ndarray, u: np.ndarray, longest_first: np.ndarray | None = None
    ) -> np.ndarray:
        """Children seen by age when ``capacity`` (whole) is spent by the discipline; fewer when fewer may be seen.

        On paths of ``longest_first`` the longest wait is seen first, whatever the discipline was.
        """
        if longest_first is not None and longest_first.any():
            n = self.children
            older = np.cumsum(n[:, ::-1], axis=1)[:, ::-1] - n
            first = np.clip(capacity[:, None] - older, 0, n) * longest_first[:, None]
            n -= first
            return np.asarray(first + self.spend(np.where(longest_first, 0, capacity), u))
        n, table, groups = self.children, self.model.table, self.groups
        width = n.shape[1]
        sums = (n.reshape(groups, -1, width) @ self.coarse[:, :width]).reshape(len(n), -1)
        j = np.clip((sums < capacity[:, None]).sum(1) - 1, 0, len(self.marks) - 2)
        rows = np.arange(len(n))
        low, high, s_low, s_high = (
            self.marks[j],
            self.marks[j + 1],
            sums[rows, j],
            sums[rows, j + 1],
        )
        for _ in range(4):
            middle = (low + high) // 2
            s = np.einsum("pa,pa->p", n, table[self.group, middle, :width])
            up = (s < capacity) & (middle > low)
            down = ~up & (middle > low)
            low, s_low = np.where(up, middle, low), np.where(up, s, s_low)
            high, s_high = np.where(down, middle, high), np.where(down, s, s_high)
        w = np.clip((capacity - s_low) / np.maximum(s_high - s_low, 1e-6), 0.0, 1.0).astype(
            np.float32
        )
        chance = table[self.group, low, :width]
        chance += w[:, None] * (table[self.group, high, :width] - chance)
        return self.take(_scatter(n, chance, self.normals(n.shape)), u)

    def normals(self, shape: tuple[int, ...]) -> np.ndarray:
        """Normal numbers from a fixed pool, another stretch of it each week."""
        size = shape[0] * shape[1]
        pool = self.pool
        first = (self.at * 7919 * 101) % max(len(pool) - size, 1)
        return (
            pool[first : first + size].reshape(shape)
            if size <= len(pool)
            else np.resize(pool, shape)
        )

    def take(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        taken = np.minimum(whole_children(x, u), self.children)
        self.children[...] -= taken
        return taken

    def drop(
        self, scale: np.ndarray, purge: np.ndarray, z: np.ndarray, u: np.ndarray, v: np.ndarray
    ) -> np.ndarray:
        """How many leave unseen, by path: the hazard of their age, and a share of the long waiters in a purge week."""
        n = self.children
        width = n.shape[1]
        drops = self.drops[..., :width]
        mean = (n @ drops if drops.ndim == 1 else np.einsum("pa,pa->p", n, drops)) * scale
        number = whole_poisson(mean, z, u)
        some = np.flatnonzero((number > 0) | (purge > 0))
        if not len(some):
            return np.zeros(len(n))
        here = n[some]
        pace = scale[some] * number[some] / np.maximum(mean[some], 1e-9)
        x = here * (drops if drops.ndim == 1 else drops[some]) * pace[:, None].astype(np.float32)
        hit = np.flatnonzero(purge[some] > 0)
        if len(hit):
            rows = some[hit]
            old = np.arange(width)[None, :] >= self.purge_age[rows, None]
            x[hit] += here[hit] * old * purge[rows, None].astype(np.float32)
        taken = np.minimum(whole_children(np.minimum(x, here), v[some]), here)
        n[some] = here - taken
        out = np.zeros(len(n))
        out[some] = taken.sum(1)
        return out
