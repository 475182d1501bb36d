"""How many whole numbers each hidden cell can still be, given everything that is printed.

A `System` holds quantities with an interval each and linear rows between them. The question is always the same: how
many whole numbers are left for a quantity when all rows hold at once. A component with one equality is answered in
closed form; anything larger by integer programming (HiGHS). Nothing in here knows a child, a wait or a month.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "Row",
    "System",
    "Weak",
    "Memory",
    "weak_quantities",
    "intervals",
    "HARD",
    "LIKELY",
    "EARLIER",
]

HARD, LIKELY, EARLIER = 0, 1, 2
"""Strength of a row: an identity; true of almost every data set; read from an earlier release, perhaps restated since."""

_FAR = 10.0**6
_INF = math.inf
Quantity = Any


@dataclass(frozen=True)
class Row:
    """``lo <= sum of coefficient x quantity <= hi``; ``strength`` says what gives way when rows contradict each other.

    ``source`` is the printed average that the row was read from, if it was.
    """

    terms: Mapping[Quantity, int]
    lo: float
    hi: float
    strength: int = HARD
    source: Quantity = None


@dataclass
class System:
    """Quantities with their intervals, the rows between them, and which of them must stay uncertain.

    ``hidden`` quantities must keep ``need`` whole numbers. ``implied`` ones (a difference of printed cells, say) must do
    so only if they might be a small group, 1 to ``small``; an implied 0 or 30 is no disclosure.
    """

    bounds: dict[Quantity, tuple[float, float]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    hidden: set[Quantity] = field(default_factory=set)
    implied: set[Quantity] = field(default_factory=set)

    def add(
        self,
        terms: Mapping[Quantity, int],
        lo: float,
        hi: float,
        strength: int = HARD,
        source: Quantity = None,
    ) -> None:
        """One more row; quantities not seen before are unknown and 0 or more."""
        for quantity in terms:
            self.bounds.setdefault(quantity, (0.0, _INF))
        self.rows.append(Row(terms, lo, hi, strength, source))


@dataclass(frozen=True)
class Weak:
    """A quantity with too few whole numbers left: only those from ``lo`` to ``hi``."""

    quantity: Quantity
    lo: float
    hi: float


class Memory:
    """Tables of whole numbers found so far, kept between the questions of one release.

    A table that meets every row of a later system proves there what it proved before: hiding one more number only opens
    others further. Each is checked again before it is used, so memory never decides anything that a solver would not.
    ``truth`` holds the exact numbers where they are known: one table that fits from the start.
    """

    def __init__(self, truth: Mapping[Quantity, float] | None = None) -> None:
        self.truth = dict(truth or {})
        self.place: dict[Quantity, int] = {}
        self.base = np.full(1024, np.nan)
        self.pool = np.full((256, 1024), np.nan)
        self.found = 0
        self.answers: dict[Any, list[tuple[float, float]]] = {}

    def at(self, quantities: list[Quantity]) -> np.ndarray:
        """The columns of some quantities, made when they are new."""
        place = self.place
        out = np.array([place.setdefault(q, len(place)) for q in quantities], dtype=int)
        if len(place) > len(self.base):
            more = len(place)
            self.base = np.concatenate([self.base, np.full(more, np.nan)])
            self.pool = np.concatenate([self.pool, np.full((len(self.pool), more), np.nan)], axis=1)
        return out

    def know(self, bounds: Mapping[Quantity, tuple[float, float]]) -> None:
        """Numbers that are printed: the value that they keep in every table in which they are not asked about."""
        known = [q for q, (lo, hi) in bounds.items() if lo == hi]
        self.base[self.at(known)] = [bounds[q][0] for q in known]

    def keep(self, columns: np.ndarray, table: np.ndarray) -> None:
        """One more table; the first of some quantities is the one they keep elsewhere."""
        if self.found == len(self.pool):
            self.pool = np.concatenate([self.pool, np.full_like(self.pool, np.nan)])
        self.pool[self.found, columns] = table
        self.found += 1
        empty = np.isnan(self.base[columns])
        self.base[columns[empty]] = table[empty]

    def tables(self, columns: np.ndarray) -> np.ndarray:
        """All tables over some quantities, numbers never asked about as elsewhere."""
        part = self.pool[: self.found, columns]
        part = part[~np.isnan(part).all(axis=1)]
        base = self.base[columns]
        part = np.vstack([base, np.where(np.isnan(part), base, part)])
        return part[~np.isnan(part).any(axis=1)]


def weak_quantities(
    system: System, need: int, small: int, memory: Memory | None = None
) -> list[Weak]:
    """Quantities that keep fewer than ``need`` possible whole numbers, in the order they were added.

    ``small`` is the largest count that is never printed. Rows of strength `LIKELY` and `EARLIER` that cannot hold
    together with the rest are set aside, as an attacker would set aside a restated number. ``memory`` makes the next
    question about much the same system cheaper; the answer is the same without it.
    """
    found: dict[Quantity, Weak] = {}
    watched = system.hidden | system.implied
    memory = Memory() if memory is None else memory
    memory.know(system.bounds)

    def judge(quantity: Quantity, lo: float, hi: float) -> None:
        if hi - lo + 1 >= need:
            return
        if quantity in system.hidden or (hi >= 1 and lo <= small):
            found[quantity] = Weak(quantity, lo, hi)

    for quantity in watched:
        lo, hi = system.bounds[quantity]
        if lo == hi and quantity in system.implied:
            judge(quantity, lo, hi)
    for component in _components(system):
        targets = [q for q in component.quantities if q in watched]
        if not targets:
            continue
        hidden = {q for q in targets if q in system.hidden}
        for quantity, (lo, hi) in zip(
            targets, _ranges(component, targets, hidden, need, memory), strict=True
        ):
            judge(quantity, lo, hi)
    order = {q: i for i, q in enumerate(system.bounds)}
    return sorted(found.values(), key=lambda weak: order[weak.quantity])


@dataclass
class _Component:
    """Unknown quantities tied together, known ones already taken out of the rows."""

    quantities: list[Quantity]
    lo: list[float]
    hi: list[float]
    rows: list[tuple[tuple[tuple[int, int], ...], float, float, int]] = field(default_factory=list)

    def key(self) -> Any:
        return (tuple(self.lo), tuple(self.hi), tuple(self.rows))


def intervals(system: System) -> dict[Quantity, tuple[float, float]]:
    """Every quantity's interval after reading the rows one by one: wide, but enough to see which row binds."""
    return {**system.bounds, **_tightened(system.bounds, _unknown_rows(system), EARLIER)}


def _unknown_rows(system: System) -> list[tuple[list[tuple[Quantity, int]], float, float, int]]:
    """The rows over their unknown quantities, the known ones moved to the other side."""
    bounds, rows = system.bounds, []
    for row in system.rows:
        constant, unknown = 0.0, []
        for quantity, factor in row.terms.items():
            lo, hi = bounds[quantity]
            if lo == hi:
                constant += factor * lo
            else:
                unknown.append((quantity, factor))
        if unknown:
            rows.append((unknown, row.lo - constant, row.hi - constant, row.strength))
    return rows


def _components(system: System) -> list[_Component]:
    """The connected parts of the system over its unknown quantities, rows that say nothing left out."""
    bounds, rows = system.bounds, _unknown_rows(system)
    intervals = _tightened(bounds, rows)
    parent: dict[Quantity, Quantity] = {q: q for q, (lo, hi) in bounds.items() if lo != hi}

    def root(quantity: Quantity) -> Quantity:
        while parent[quantity] != quantity:
            parent[quantity] = parent[parent[quantity]]
            quantity = parent[quantity]
        return quantity

    speaking = []
    for unknown, lo, hi, strength in rows:
        least = sum(f * (intervals[q][0] if f > 0 else intervals[q][1]) for q, f in unknown)
        most = sum(f * (intervals[q][1] if f > 0 else intervals[q][0]) for q, f in unknown)
        if least >= lo and most <= hi:  # already said by the intervals, which the component keeps
            continue
        speaking.append((unknown, lo, hi, strength))
        first = root(unknown[0][0])
        for quantity, _ in unknown[1:]:
            parent[root(quantity)] = first
    parts: dict[Quantity, _Component] = {}
    place: dict[Quantity, int] = {}
    for quantity in parent:
        part = parts.setdefault(root(quantity), _Component([], [], []))
        place[quantity] = len(part.quantities)
        part.quantities.append(quantity)
        part.lo.append(intervals[quantity][0])
        part.hi.append(intervals[quantity][1])
    for unknown, lo, hi, strength in speaking:
        terms = tuple(sorted((place[q], f) for q, f in unknown))
        parts[root(unknown[0][0])].rows.append((terms, lo, hi, strength))
    return list(parts.values())


def _tightened(
    bounds: Mapping[Quantity, tuple[float, float]], rows: list[Any], weakest: int = HARD
) -> dict[Quantity, tuple[float, float]]:
    """Intervals of the unknown quantities after a few rounds of reading each row, up to a strength, on its own."""
    now = {q: b for q, b in bounds.items() if b[0] != b[1]}
    short = [row for row in rows if row[3] <= weakest and len(row[0]) <= 12]
    moved = set(now)
    for _ in range(4):
        moving: set[Quantity] = set()
        for unknown, lo, hi, _strength in short:
            if moved.isdisjoint(q for q, _ in unknown) and moving.isdisjoint(q for q, _ in unknown):
                continue
            least, most = _sum_of(unknown, now)
            for quantity, factor in unknown:
                old = now[quantity]
                rest_least, rest_most = least, most
                if len(unknown) == 1:
                    rest_least = rest_most = 0.0
                elif math.isinf(least) or math.isinf(most):
                    rest_least, rest_most = _sum_of(
                        [term for term in unknown if term[0] != quantity], now
                    )
                else:
                    rest_least -= factor * old[0 if factor > 0 else 1]
                    rest_most -= factor * old[1 if factor > 0 else 0]
                ends = ((lo - rest_most) / factor, (hi - rest_least) / factor)
                if factor < 0:
                    ends = ends[::-1]
                new = (
                    max(old[0], math.ceil(ends[0] - 1e-9)) if ends[0] > -_INF else old[0],
                    min(old[1], math.floor(ends[1] + 1e-9)) if ends[1] < _INF else old[1],
                )
                if new != old and new[0] <= new[1]:
                    now[quantity] = new
                    moving.add(quantity)
                    least, most = _sum_of(unknown, now)
        if not moving:
            break
        moved = moving
    return now


def _sum_of(
    terms: list[tuple[Quantity, int]], spans: Mapping[Quantity, tuple[float, float]]
) -> tuple[float, float]:
    """Least and most of a sum of quantities."""
    least = most = 0.0
    for quantity, factor in terms:
        lo, hi = spans[quantity]
        if factor > 0:
            least += factor * lo
            most += factor * hi
        else:
            least += factor * hi
            most += factor * lo
    return least, most


def _ranges(
    part: _Component, targets: list[Quantity], hidden: set[Quantity], need: int, memory: Memory
) -> list[tuple[float, float]]:
    """Least and most of each target: at least ``need`` whole numbers apart only where so many are possible."""
    place = {q: i for i, q in enumerate(part.quantities)}
    at = [place[q] for q in targets]
    if not part.rows:
        return [(part.lo[i], part.hi[i]) for i in at]
    if (
        len(part.rows) == 1
        and part.rows[0][1] == part.rows[0][2]
        and all(abs(f) == 1 for _, f in part.rows[0][0])
    ):
        return [_closed_form(part, i) for i in at]
    strict = [q in hidden for q in targets]
    key = (part.key(), tuple(part.quantities), tuple(at), tuple(strict), need)
    if key not in memory.answers:
        memory.answers[key] = _Search(part, need, memory).ranges(at, strict)
    return memory.answers[key]


def _closed_form(part: _Component, i: int) -> tuple[float, float]:
    """Least and most of one quantity under a single equality with coefficients of 1 and -1."""
    terms, total, _, _ = part.rows[0]
    factor = dict(terms)[i]
    least = sum(f * (part.lo[j] if f > 0 else part.hi[j]) for j, f in terms if j != i)
    most = sum(f * (part.hi[j] if f > 0 else part.lo[j]) for j, f in terms if j != i)
    ends = sorted(((total - most) / factor, (total - least) / factor))
    return max(part.lo[i], ends[0]), min(part.hi[i], ends[1])


class _Search:
    """One component: tables of whole numbers that fit it, gathered until each target is proved safe or weak."""

    def __init__(self, part: _Component, need: int, memory: Memory) -> None:
        self.part, self.need, self.memory = part, need, memory
        self.columns = memory.at(part.quantities)
        self.solver = _Solver(part)
        self.tables = memory.tables(self.columns)
        self.tables = self.tables[self.solver.fits(self.tables)]

    def ranges(self, at: list[int], strict: list[bool]) -> list[tuple[float, float]]:
        """Least and most of the quantities ``at``; ``strict`` ones are weak as soon as their rows leave too few numbers."""
        if not len(self.tables) and not self._start():
            return [(0.0, 0.0)] * len(at)
        lo, hi = self.solver.lo, self.solver.hi
        out: dict[int, tuple[float, float]] = {}
        for i, hard in zip(at, strict, strict=True):
            if hi[i] - lo[i] + 1 < self.need and (hard or self._certain(i)):
                out[i] = float(lo[i]), float(hi[i])
        self._together([i for i in at if i not in out])
        for i in at:
            if i not in out:
                out[i] = self._one(i)
        return [out[i] for i in at]

    def _certain(self, i: int) -> bool:
        """Whether a small interval holds nothing but what is possible: a difference of 0 or 30 is no disclosure."""
        return len(np.unique(self.tables[:, i])) == self.solver.hi[i] - self.solver.lo[i] + 1

    def _start(self) -> bool:
        """A first table: the true one where it is known, else any."""
        truth = [self.memory.truth.get(q, math.nan) for q in self.part.quantities]
        fixed = {
            i: v
            for i, v in enumerate(truth)
            if not math.isnan(v) and self.solver.lo[i] <= v <= self.solver.hi[i]
        }
        zero = np.zeros(self.solver.n)
        if fixed and self._look(
            zero,
            self.solver.around(
                set(range(self.solver.n)) - set(fixed), np.nan_to_num(np.array(truth))
            ),
        ):
            return True
        if self._look(zero, None):
            return True
        self.solver.set_aside()
        return self._look(zero, None)

    def _look(self, objective: np.ndarray, within: tuple[np.ndarray, np.ndarray] | None) -> bool:
        x = self.solver.solve(objective, within)
        if x is None:
            return False
        self.tables = np.vstack([self.tables, x])
        self.memory.keep(self.columns, x)
        return True

    def _safe(self, i: int) -> bool:
        """Whether the tables found leave enough whole numbers; a wide range has no gaps that matter."""
        seen = self.tables[:, i]
        apart = seen.max() - seen.min() + 1
        if apart < self.need:
            return False
        return (
            not self.solver.may_have_gaps
            or apart >= 2 * self.need
            or len(np.unique(seen)) >= self.need
        )

    def _together(self, targets: list[int]) -> None:
        """Many targets pushed apart at once."""
        random = np.random.default_rng(5)
        for _ in range(4):
            left = [i for i in targets if not self._safe(i)]
            if len(left) < 5:
                return
            objective = np.zeros(self.solver.n)
            objective[left] = random.choice([-1.0, 1.0], size=len(left))
            before = len(left)
            self._look(objective, None)
            self._look(-objective, None)
            if sum(not self._safe(i) for i in left) > 0.7 * before:
                return

    def _one(self, i: int) -> tuple[float, float]:
        """Least and most of one quantity: first among its neighbours, with all others as they are; then in all."""
        push = np.zeros(self.solver.n)
        push[i] = 1.0
        near = self.solver.neighbours(i, 3)
        for within in (self.solver.around(near, self.tables[0]), None):
            for sign in (1.0, -1.0):
                if self._safe(i):
                    break
                self._look(sign * push, within)
            if not self._safe(i) and (within is None or self.solver.may_have_gaps):
                self._between(i, within)
        seen = self.tables[:, i]
        lo, hi = float(seen.min()), float(seen.max())
        if not self._safe(i) and hi - lo + 1 >= self.need:
            hi = lo + self.need - 2
        return lo, hi

    def _between(self, i: int, within: tuple[np.ndarray, np.ndarray] | None) -> None:
        """The whole numbers between least and most, one after another: some may be impossible."""
        seen = self.tables[:, i]
        if seen.max() - seen.min() + 1 < self.need:
            return
        for value in np.arange(seen.min() + 1, min(seen.max(), seen.min() + 50 * self.need)):
            if self._safe(i):
                return
            if value not in self.tables[:, i]:
                lo, hi = (
                    (self.solver.lo.copy(), self.solver.hi.copy())
                    if within is None
                    else (within[0].copy(), within[1].copy())
                )
                if lo[i] <= value <= hi[i]:
                    lo[i] = hi[i] = value
                    self._look(np.zeros(self.solver.n), (lo, hi))


class _Solver:
    """One component as an integer program."""

    def __init__(self, part: _Component) -> None:
        self.lo = np.array([max(v, -_FAR) for v in part.lo])
        self.hi = np.array([min(v, _FAR) for v in part.hi])
        self.n = len(part.quantities)
        self.may_have_gaps = any(abs(f) != 1 for row in part.rows for _, f in row[0])
        self._set(part.rows)

    def _set(self, rows: list[Any]) -> None:
        from scipy.sparse import csr_array

        data, across, down = [], [], []
        for r, (terms, *_rest) in enumerate(rows):
            for i, f in terms:
                data.append(float(f))
                across.append(i)
                down.append(r)
        self.rows = rows
        self.matrix = csr_array((data, (down, across)), shape=(len(rows), self.n))
        self.row_lo = np.array([row[1] for row in rows])
        self.row_hi = np.array([row[2] for row in rows])

    def set_aside(self) -> None:
        """Rows that cannot hold with the rest leave, the least weight of likely and earlier ones."""
        if any(row[3] != HARD for row in self.rows):
            self._set(self._holding(self.rows))

    def fits(self, tables: np.ndarray) -> np.ndarray:
        """Which tables (one per line) meet every row and interval."""
        if not len(tables):
            return np.zeros(0, dtype=bool)
        sums = (self.matrix @ tables.T).T
        return ((tables >= self.lo) & (tables <= self.hi)).all(axis=1) & (
            (sums >= self.row_lo - 1e-6) & (sums <= self.row_hi + 1e-6)
        ).all(axis=1)

    def neighbours(self, i: int, steps: int) -> set[int]:
        """Quantities reached from one over a few short rows, and those that share a row with them."""
        if not hasattr(self, "_across"):
            self._across: dict[int, list[tuple[int, ...]]] = {}
            for terms, *_rest in self.rows:
                every = tuple(j for j, _ in terms)
                for j in every:
                    self._across.setdefault(j, []).append(every)
        near, edge = {i}, [i]
        for _ in range(steps):
            edge = list(
                dict.fromkeys(
                    k
                    for j in edge
                    for row in self._across.get(j, ())
                    if len(row) <= 12
                    for k in row
                    if k not in near
                )
            )
            near.update(edge)
        return near

    def around(self, near: set[int], table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intervals that leave only some quantities free and hold all others as in a table."""
        free = np.zeros(self.n, dtype=bool)
        free[list(near)] = True
        return np.where(free, self.lo, table), np.where(free, self.hi, table)

    def solve(
        self, objective: np.ndarray, within: tuple[np.ndarray, np.ndarray] | None = None
    ) -> np.ndarray | None:
        """Whole numbers that meet every row and minimise the objective; None when none are found."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        lo, hi = (self.lo, self.hi) if within is None else within
        free = np.flatnonzero(lo != hi)
        x = lo.copy()
        matrix, row_lo, row_hi = self.matrix, self.row_lo, self.row_hi
        if len(free) < self.n:
            rest = np.where(lo == hi, lo, 0.0)
            known = matrix @ rest
            matrix = matrix[:, free]
            row_lo, row_hi = row_lo - known, row_hi - known
            kept = np.diff(matrix.indptr) > 0
            if ((row_lo > 1e-6) | (row_hi < -1e-6))[~kept].any():
                return None
            matrix, row_lo, row_hi = matrix[kept], row_lo[kept], row_hi[kept]
        if len(free):
            rows = [LinearConstraint(matrix, row_lo, row_hi)] if matrix.shape[0] else []
            result = milp(
                objective[free],
                constraints=rows,
                bounds=Bounds(lo[free], hi[free]),
                options={"presolve": False},
            )
            if result.status == 2:  # no table at all, whole or not
                return None
            if (
                result.x is not None and np.abs(result.x - np.round(result.x)).max() < 1e-6
            ):  # mostly whole by itself
                x[free] = np.round(result.x)
                if self.fits(x[None, :])[0]:
                    return x
            result = milp(
                objective[free],
                constraints=rows,
                bounds=Bounds(lo[free], hi[free]),
                integrality=np.ones(len(free)),
                options={"node_limit": 2000},
            )
            if result.x is None:
                return None
            x[free] = np.round(result.x)
        return x if self.fits(x[None, :])[0] else None

    def _holding(self, rows: list[Any]) -> list[Any]:
        """The rows left when the least weight of likely and earlier rows is set aside so that the rest can hold."""
        from scipy.optimize import linprog

        soft = [r for r, row in enumerate(rows) if row[3] != HARD]
        width = self.n + 2 * len(soft)
        dense = np.zeros((len(rows), width))
        dense[:, : self.n] = self.matrix.toarray()
        cost = np.zeros(width)
        for s, r in enumerate(soft):
            dense[r, self.n + 2 * s], dense[r, self.n + 2 * s + 1] = 1.0, -1.0
            cost[self.n + 2 * s : self.n + 2 * s + 2] = 10.0 if rows[r][3] == LIKELY else 1.0
        upper = np.isfinite(self.row_hi)
        lower = np.isfinite(self.row_lo)
        result = linprog(
            cost,
            A_ub=np.vstack([dense[upper], -dense[lower]]),
            b_ub=np.concatenate([self.row_hi[upper], -self.row_lo[lower]]),
            bounds=[*zip(self.lo, self.hi, strict=True), *[(0, None)] * (2 * len(soft))],
            method="highs",
        )
        if result.x is None:
            return [row for row in rows if row[3] == HARD]
        slack = {
            r: result.x[self.n + 2 * s] + result.x[self.n + 2 * s + 1] for s, r in enumerate(soft)
        }
        return [row for r, row in enumerate(rows) if slack.get(r, 0.0) < 1e-6]
