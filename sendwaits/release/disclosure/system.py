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

__all__ = ["Row", "System", "Weak", "weak_quantities", "intervals", "HARD", "LIKELY", "EARLIER"]

HARD, LIKELY, EARLIER = 0, 1, 2
"""Strength of a row: an identity; true of almost every data set; read from an earlier release, perhaps restated since."""

_FAR = 10.0**6
_INF = math.inf
Quantity = Any
_CACHE: dict[Any, list[tuple[float, float]]] = {}


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

    def add(self, terms: Mapping[Quantity, int], lo: float, hi: float, strength: int = HARD,
            source: Quantity = None) -> None:
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


def weak_quantities(system: System, need: int, small: int) -> list[Weak]:
    """Quantities that keep fewer than ``need`` possible whole numbers, in the order they were added.

    ``small`` is the largest count that is never printed. Rows of strength `LIKELY` and `EARLIER` that cannot hold
    together with the rest are set aside, as an attacker would set aside a restated number.
    """
    found: dict[Quantity, Weak] = {}
    watched = system.hidden | system.implied

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
        for quantity, (lo, hi) in zip(targets, _ranges(component, targets, need), strict=True):
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


def _tightened(bounds: Mapping[Quantity, tuple[float, float]], rows: list[Any],
               weakest: int = HARD) -> dict[Quantity, tuple[float, float]]:
    """Intervals of the unknown quantities after a few rounds of reading each row, up to a strength, on its own."""
    now = {q: b for q, b in bounds.items() if b[0] != b[1]}
    for _ in range(4):
        changed = False
        for unknown, lo, hi, strength in rows:
            if strength > weakest or len(unknown) > 12:
                continue
            for quantity, factor in unknown:
                rest_least = sum(f * (now[q][0] if f > 0 else now[q][1]) for q, f in unknown if q != quantity)
                rest_most = sum(f * (now[q][1] if f > 0 else now[q][0]) for q, f in unknown if q != quantity)
                ends = sorted(((lo - rest_most) / factor, (hi - rest_least) / factor))
                old = now[quantity]
                new = (max(old[0], math.ceil(ends[0] - 1e-9)) if ends[0] > -_INF else old[0],
                       min(old[1], math.floor(ends[1] + 1e-9)) if ends[1] < _INF else old[1])
                if new != old and new[0] <= new[1]:
                    now[quantity] = new
                    changed = True
        if not changed:
            break
    return now


def _ranges(part: _Component, targets: list[Quantity], need: int) -> list[tuple[float, float]]:
    """Least and most of each target, exact where fewer than ``need`` whole numbers are left, else wide enough."""
    at = [part.quantities.index(q) for q in targets] if len(part.quantities) < 50 else None
    if at is None:
        place = {q: i for i, q in enumerate(part.quantities)}
        at = [place[q] for q in targets]
    if not part.rows:
        return [(part.lo[i], part.hi[i]) for i in at]
    if len(part.rows) == 1 and part.rows[0][1] == part.rows[0][2] and all(abs(f) == 1 for _, f in part.rows[0][0]):
        return [_closed_form(part, i) for i in at]
    key = (part.key(), tuple(at), need)
    if key not in _CACHE:
        if len(_CACHE) > 20000:
            _CACHE.clear()
        _CACHE[key] = _programmed(part, at, need)
    return _CACHE[key]


def _closed_form(part: _Component, i: int) -> tuple[float, float]:
    """Least and most of one quantity under a single equality with coefficients of 1 and -1."""
    terms, total, _, _ = part.rows[0]
    factor = dict(terms)[i]
    least = sum(f * (part.lo[j] if f > 0 else part.hi[j]) for j, f in terms if j != i)
    most = sum(f * (part.hi[j] if f > 0 else part.lo[j]) for j, f in terms if j != i)
    ends = sorted(((total - most) / factor, (total - least) / factor))
    return max(part.lo[i], ends[0]), min(part.hi[i], ends[1])


def _programmed(part: _Component, at: list[int], need: int) -> list[tuple[float, float]]:
    """Integer programming over one component: least and most of each target until ``need`` whole numbers are certain."""
    solver = _Solver(part)
    n = len(part.quantities)
    seen_lo, seen_hi = np.full(n, _INF), np.full(n, -_INF)
    index = np.array(at)

    def look(objective: np.ndarray) -> bool:
        x = solver.solve(objective)
        if x is None:
            return False
        np.minimum(seen_lo, x, out=seen_lo)
        np.maximum(seen_hi, x, out=seen_hi)
        return True

    def open_targets() -> np.ndarray:
        return index[seen_hi[index] - seen_lo[index] + 1 < need]

    if not look(np.zeros(n)):
        return [(0.0, 0.0)] * len(at)
    random = np.random.default_rng(5)
    for _ in range(8 if len(at) > 4 else 2):
        left = open_targets()
        if not len(left):
            break
        objective = np.zeros(n)
        objective[left] = random.choice([-1.0, 1.0], size=len(left))
        look(objective)
        look(-objective)
    for i in open_targets():
        for sign in (1.0, -1.0):
            objective = np.zeros(n)
            objective[i] = sign
            look(objective)
    out = []
    for i in at:
        lo, hi = float(seen_lo[i]), float(seen_hi[i])
        if need <= hi - lo + 1 < 2 * need and solver.may_have_gaps and not solver.reaches(i, lo, hi, need):
            hi = lo + need - 2
        out.append((lo, hi))
    return out


class _Solver:
    """One component as an integer program; rows that cannot hold with the rest are set aside first."""

    def __init__(self, part: _Component) -> None:
        self.lo = np.array([max(v, -_FAR) for v in part.lo])
        self.hi = np.array([min(v, _FAR) for v in part.hi])
        self.n = len(part.quantities)
        self.may_have_gaps = any(abs(f) != 1 for row in part.rows for _, f in row[0])
        self._set(part.rows)
        if any(row[3] != HARD for row in part.rows) and self.solve(np.zeros(self.n)) is None:
            self._set(self._holding(part.rows))

    def _set(self, rows: list[Any]) -> None:
        from scipy.sparse import csr_array

        data, across, down = [], [], []
        for r, (terms, *_rest) in enumerate(rows):
            for i, f in terms:
                data.append(float(f))
                across.append(i)
                down.append(r)
        self.matrix = csr_array((data, (down, across)), shape=(len(rows), self.n))
        self.row_lo = np.array([row[1] for row in rows])
        self.row_hi = np.array([row[2] for row in rows])

    def solve(self, objective: np.ndarray, fixed: tuple[int, float] | None = None) -> np.ndarray | None:
        """Whole numbers that meet every row and minimise the objective; None when there are none."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        lo, hi = self.lo, self.hi
        if fixed is not None:
            lo, hi = lo.copy(), hi.copy()
            lo[fixed[0]] = hi[fixed[0]] = fixed[1]
        rows = [LinearConstraint(self.matrix, self.row_lo, self.row_hi)] if self.matrix.shape[0] else []
        result = milp(objective, constraints=rows, bounds=Bounds(lo, hi), integrality=np.ones(self.n),
                      options={"time_limit": 5.0})
        return None if result.x is None else np.round(result.x)

    def reaches(self, i: int, lo: float, hi: float, need: int) -> bool:
        """Whether ``need`` different whole numbers are possible for quantity ``i`` between lo and hi."""
        found = {lo, hi}
        value = lo + 1
        while len(found) < need and value < hi and value < lo + 50 * need:
            if self.solve(np.zeros(self.n), (i, value)) is not None:
                found.add(value)
            value += 1
        return len(found) >= need

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
        result = linprog(cost, A_ub=np.vstack([dense[upper], -dense[lower]]),
                         b_ub=np.concatenate([self.row_hi[upper], -self.row_lo[lower]]),
                         bounds=[*zip(self.lo, self.hi, strict=True), *[(0, None)] * (2 * len(soft))], method="highs")
        if result.x is None:
            return [row for row in rows if row[3] == HARD]
        slack = {r: result.x[self.n + 2 * s] + result.x[self.n + 2 * s + 1] for s, r in enumerate(soft)}
        return [row for r, row in enumerate(rows) if slack.get(r, 0.0) < 1e-6]


