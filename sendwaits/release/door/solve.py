"""The certificate: linear programs over everything printed, many counts at a time.

One HiGHS model is built once; only its costs change. Parts that share no unknown are asked in the same solve, since the best of
a sum of separate things is the sum of their bests. Every answer is a whole table of numbers that fits: a witness for all counts,
not only for the one that was asked. What is not proved counts as told. Limits count solves, never seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sendwaits.release.door.system import ALWAYS, NOW, Name, Row, System, Weak

__all__ = ["Question"]

_FAR = 20000.0
"""Unknowns without a bound end here, or at four times the largest count of the service."""
_EPS = 1e-6
_ENOUGH = 24
"""So many counts told are enough to make a plan coarser: the rest is asked of the coarser plan."""
_NODES = 500
"""Nodes of one search for whole numbers; beyond it the count is taken as told."""


@dataclass
class _Frame:
    """The bounds of each unknown and the rows over more than one of them, known unknowns taken out."""

    lo: dict[Name, float] = field(default_factory=dict)
    hi: dict[Name, float] = field(default_factory=dict)
    said: dict[Name, set[Name]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    possible: bool = True
    far: float = _FAR

    def fixed(self, name: Name) -> bool:
        return self.lo[name] == self.hi[name]


def _frame(rows: Iterable[Row], targets: Iterable[Iterable[Name]], soft: bool) -> _Frame:
    """Rows over one unknown become its bounds (``soft``: only those that are always true)."""
    rows = list(rows)
    out = _Frame(far=_far(rows))
    for names in (*(row.terms for row in rows), *targets):
        for name in names:
            out.lo.setdefault(name, 0.0)
            out.hi.setdefault(name, out.far)
    for row in rows:
        if len(row.terms) > 1 or (soft and row.strength != ALWAYS):
            out.rows.append(row)
            continue
        ((name, factor),) = row.terms.items()
        if factor != 1:
            out.rows.append(row)
            continue
        out.lo[name], out.hi[name] = max(out.lo[name], row.lo), min(out.hi[name], row.hi)
        if row.source is not None:
            out.said.setdefault(name, set()).add(row.source)
        out.possible &= out.lo[name] <= out.hi[name]
    return out


class Question:
    """One question to a system; `answer` may be asked once."""

    def __init__(self, system: System, need: int, small: int, changed: set[Name] | None) -> None:
        self.system, self.need, self.small = system, need, small
        self.frame = _frame(system.rows, system.targets.values(), soft=False)
        self.parts = _parts(self.frame)
        self.active = self._active(changed)
        self.changed = changed

    def _active(self, changed: set[Name] | None) -> set[int]:
        """The parts that hold a changed unknown, or a row with one."""
        every = set(self.parts.values())
        if changed is None:
            return every
        found = {self.parts[n] for n in changed if n in self.parts}
        for row in self.frame.rows:
            if not changed.isdisjoint(row.terms):
                found |= {self.parts[n] for n in row.terms if n in self.parts}
        return found

    def answer(self) -> list[Weak]:
        found = self._known()
        try:
            model = self._model()
        except _Impossible:
            self.frame = self._softened()
            self.parts = _parts(self.frame)
            self.active = self._active(self.changed)
            found = self._known()
            model = self._model()
        if model is not None:
            found += _Search(model, self.need, self.small).weak()
        order = {name: i for i, name in enumerate(self.system.targets)}
        return sorted(found, key=lambda weak: order[weak.name])

    def _model(self) -> _Model | None:
        """The model of all targets with an unknown in an active part; None when there is no such target."""
        asked = {
            name: terms
            for name, terms in self.system.targets.items()
            if any(self.parts.get(n, -1) in self.active for n in terms)
        }
        return _Model(self.frame, self.parts, self.active, asked) if asked else None

    def _known(self) -> list[Weak]:
        """Targets of which every unknown is known: their value is told."""
        found = []
        frame = self.frame
        for name, terms in self.system.targets.items():
            if any(not frame.fixed(n) for n in terms):
                continue
            value = sum(f * frame.lo[n] for n, f in terms.items())
            new = self.changed is None or not self.changed.isdisjoint(terms)
            if new and 1 <= value <= self.small and self.need > 1:
                said = frozenset().union(*(frame.said.get(n, set()) for n in terms))
                found.append(Weak(name, value, value, said))
        return found

    def _softened(self) -> _Frame:
        """Rows that contradict each other (a month restated since) made just wide enough, the weakest first."""
        frame = _frame(self.system.rows, self.system.targets.values(), soft=True)
        parts = _parts(frame)
        model = _Model(frame, parts, set(parts.values()), {}, elastic=True)
        rows = [
            row
            if not gap[0] and not gap[1]
            else Row(row.terms, row.lo - gap[0], row.hi + gap[1], row.source, row.strength)
            for row, gap in zip(frame.rows, model.gaps(), strict=True)
        ]
        bounds = [r for r in self.system.rows if r.strength == ALWAYS and len(r.terms) == 1]
        return _frame([*bounds, *rows], self.system.targets.values(), soft=False)


def _far(rows: list[Row]) -> float:
    """More children than any list of the service can have."""
    told = [
        abs(v) for row in rows if set(row.terms.values()) <= {1.0, -1.0} for v in (row.lo, row.hi)
    ]
    return max(_FAR, 4 * max((v for v in told if np.isfinite(v)), default=0.0))


def _parts(frame: _Frame) -> dict[Name, int]:
    """Unknown -> the number of the part it hangs together with; known ones are in none."""
    parent = {n: n for n in frame.lo if not frame.fixed(n)}

    def root(name: Name) -> Name:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in frame.rows:
        names = [n for n in row.terms if n in parent]
        for name in names[1:]:
            parent[root(name)] = root(names[0])
    numbers: dict[Name, int] = {}
    return {n: numbers.setdefault(root(n), len(numbers)) for n in parent}


def _quiet() -> Any:
    """A solver; HiGHS greets on standard output when the first one is made, before it can be told not to."""
    import highspy

    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        return highspy.Highs()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class _Impossible(Exception):
    """Nothing fits everything printed."""


class _Model:
    """The active parts as one linear program in HiGHS."""

    def __init__(
        self,
        frame: _Frame,
        parts: dict[Name, int],
        active: set[int],
        targets: dict[Name, dict[Name, float]],
        elastic: bool = False,
        whole: bool = False,
    ) -> None:
        self.frame, self.elastic, self.whole = frame, elastic, whole
        self.parts = parts
        self.names = [n for n, part in parts.items() if part in active]
        self.place = {n: i for i, n in enumerate(self.names)}
        self.part = np.array([parts[n] for n in self.names], dtype=int)
        self.rows: list[Row] = []
        self._starts: list[Any] = [0]
        self._index: list[Any] = []
        self._value: list[Any] = []
        self._row_lo: list[Any] = []
        self._row_hi: list[Any] = []
        if not frame.possible and not elastic:
            raise _Impossible
        for row in frame.rows:
            self._row(row)
        self.row_part = np.array(
            [
                next((self.part[self.place[n]] for n in r.terms if n in self.place), -1)
                for r in self.rows
            ]
        )
        self.asked = targets
        self.targets = {
            name: (
                np.array([self.place[n] for n in terms if n in self.place], dtype=int),
                np.array([f for n, f in terms.items() if n in self.place]),
                sum(f * frame.lo[n] for n, f in terms.items() if n not in self.place),
            )
            for name, terms in targets.items()
        }
        self.solver = self._pass()
        self.solve(np.zeros(len(self.names)))

    def _row(self, row: Row) -> None:
        inside = [(self.place[n], f) for n, f in row.terms.items() if n in self.place]
        if not inside and not self.elastic:
            known = sum(f * self.frame.lo[n] for n, f in row.terms.items() if self.frame.fixed(n))
            whole = all(self.frame.fixed(n) for n in row.terms)
            if whole and not row.lo - _EPS <= known <= row.hi + _EPS:
                raise _Impossible
            return
        constant = sum(f * self.frame.lo[n] for n, f in row.terms.items() if n not in self.place)
        self.rows.append(row)
        self._index += [i for i, _ in inside]
        self._value += [f for _, f in inside]
        self._starts.append(len(self._index))
        self._row_lo.append(row.lo - constant)
        self._row_hi.append(row.hi - constant)

    def _pass(self):
        import highspy

        lp, n = highspy.HighsLp(), len(self.names)
        lo = [self.frame.lo[name] for name in self.names]
        hi = [self.frame.hi[name] for name in self.names]
        starts, index, value, cost = self._starts, self._index, self._value, [0.0] * n
        if self.elastic:
            starts, index, value = [0], [], []
            for at, row in enumerate(self.rows):
                a, b = self._starts[at], self._starts[at + 1]
                index += self._index[a:b]
                value += self._value[a:b]
                if row.strength != ALWAYS:
                    index += [len(lo), len(lo) + 1]
                    value += [1.0, -1.0]
                    cost += [100.0 if row.strength == NOW else 1.0] * 2
                    lo, hi = [*lo, 0.0, 0.0], [*hi, self.frame.far, self.frame.far]
                starts.append(len(index))
        lp.num_col_, lp.num_row_ = len(lo), len(self.rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lo, hi
        lp.row_lower_ = [max(v, -highspy.kHighsInf) for v in self._row_lo]
        lp.row_upper_ = [min(v, highspy.kHighsInf) for v in self._row_hi]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, index, value
        if self.whole:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * len(lo)
        solver = _quiet()
        for option, setting in (
            ("output_flag", False),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("threads", 1),
            ("mip_max_nodes", _NODES),
        ):
            solver.setOptionValue(option, setting)
        solver.passModel(lp)
        self.costs = np.array(cost)
        self._every = np.arange(n, dtype=np.int32)
        return solver

    def solve(self, gain: np.ndarray) -> np.ndarray:
        """The table that fits and has the most of ``gain``; raises when none fits."""
        import highspy

        if not self.elastic:
            self.solver.changeColsCost(len(gain), self._every, -gain)
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise _Impossible
        self.solution = self.solver.getSolution()
        return np.array(self.solution.col_value)

    def gaps(self) -> list[tuple[float, float]]:
        """How far each row had to give way: below its least, above its most."""
        values = self.solution.col_value
        at, found = len(self.names), []
        for row in self.rows:
            if row.strength == ALWAYS:
                found.append((0.0, 0.0))
                continue
            found.append((float(np.ceil(values[at] - _EPS)), float(np.ceil(values[at + 1] - _EPS))))
            at += 2
        return found

    def sources(self, part: int) -> set[Name]:
        """The printed series that held the last answer back, within a part."""
        found: set[Name] = set()
        said = self.frame.said
        held = np.abs(np.array(self.solution.row_dual)) > _EPS
        for at in np.flatnonzero(held & (self.row_part == part)):
            row = self.rows[at]
            found |= {row.source}.union(*(said.get(n, set()) for n in row.terms))
        held = np.abs(np.array(self.solution.col_dual)) > _EPS
        for at in np.flatnonzero(held & (self.part == part)):
            found |= said.get(self.names[at], set())
        return found - {None}


class _Search:
    """Asks the model until every target is proved wide, proved harmless, or told."""

    def __init__(self, model: _Model, need: int, small: int) -> None:
        self.model, self.need, self.small = model, need, small
        targets = list(model.targets.values())
        self.names = list(model.targets)
        self.column = np.concatenate([t[0] for t in targets])
        self.factor = np.concatenate([t[1] for t in targets])
        sizes = np.array([len(t[0]) for t in targets])
        self.start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
        self.row = np.repeat(np.arange(len(sizes)), sizes)
        self.constant = np.array([t[2] for t in targets])
        self.part = model.part[self.column[self.start]]
        n = len(targets)
        self.seen_lo, self.seen_hi = np.full(n, np.inf), np.full(n, -np.inf)
        self.lo, self.hi = np.full(n, -np.inf), np.full(n, np.inf)
        self.asked_lo, self.asked_hi = np.zeros(n, int), np.zeros(n, int)
        self._printed()

    def _printed(self) -> None:
        """A target that is itself the sum of one row needs no question: the row proves its bounds."""
        said = {
            frozenset((n, f) for n, f in row.terms.items() if n in self.model.place): (
                low,
                high,
                row,
            )
            for row, low, high in zip(
                self.model.rows, self.model._row_lo, self.model._row_hi, strict=True
            )
        }
        known = self.model.frame
        for at, name in enumerate(self.names):
            columns, factors, constant = self.model.targets[name]
            unknown = [(self.model.names[c], f) for c, f in zip(columns, factors, strict=True)]
            found = said.get(frozenset(unknown))
            low = sum(f * (known.lo if f > 0 else known.hi)[n] for n, f in unknown)
            high = sum(f * (known.hi if f > 0 else known.lo)[n] for n, f in unknown)
            if found is not None:
                low, high = max(low, found[0]), min(high, found[1])
            self.lo[at], self.hi[at] = low + constant, high + constant

    def ask(self) -> None:
        """Questions until every target is settled."""
        self._see(self.model.solve(np.zeros(len(self.model.names))))
        self._shots()
        while (self._told() & (self.hi - self.lo + 1 < self.need)).sum() < _ENOUGH:
            if not self._round():
                return

    def weak(self) -> list[Weak]:
        self.ask()
        narrow = self._told() & (self.hi - self.lo + 1 < self.need)
        if not self.model.whole and not narrow.any():
            self._whole_numbers()
        told = np.flatnonzero(narrow if narrow.any() else self._told())
        return [
            Weak(self.names[at], float(self.lo[at]), float(self.hi[at]), self._sources(int(at)))
            for at in told
        ]

    def _whole_numbers(self) -> None:
        """Parts whose answers were no whole numbers (averages of small lists) are asked again for whole ones."""
        doubt = self._told()
        for part in np.unique(self.part[doubt]):
            at = np.flatnonzero(doubt & (self.part == part))
            targets = {self.names[i]: self._terms(int(i)) for i in at}
            try:
                model = _Model(self.model.frame, self.model.parts, {int(part)}, targets, whole=True)
                again = _Search(model, self.need, self.small)
                again.ask()
            except _Impossible:
                continue
            for mine, other in ((self.seen_lo, again.seen_lo), (self.seen_hi, again.seen_hi)):
                mine[at] = other
            self.lo[at], self.hi[at] = (
                np.maximum(self.lo[at], again.lo),
                np.minimum(self.hi[at], again.hi),
            )

    def _terms(self, at: int) -> dict[Name, float]:
        return self.model.asked[self.names[at]]

    def _shots(self) -> None:
        """Questions about the sum of all open targets, signs at random (the same every time), while they settle some."""
        rng = np.random.default_rng(0)
        fixed = [np.ones(len(self.names)), -np.ones(len(self.names))]
        for shot in range(60):
            before = self._open()
            if not before.any():
                return
            signs = fixed[shot] if shot < 2 else rng.choice([-1.0, 0.0, 1.0], len(self.names))
            self._see(self.model.solve(self._gain(np.where(before, signs, 0.0))))
            if shot > 5 and (before.sum() - self._open().sum()) < max(2, 0.02 * before.sum()):
                return

    def _gain(self, weights: np.ndarray) -> np.ndarray:
        return np.bincount(
            self.column, self.factor * weights[self.row], minlength=len(self.model.names)
        )

    def _round(self) -> bool:
        """One solve: in each part one question about one open target. False when nothing is open."""
        open_ = np.flatnonzero(self._open())
        if not len(open_):
            return False
        _, first = np.unique(self.part[open_], return_index=True)
        chosen = open_[first]
        least = (self.asked_lo[chosen] == 0) & (
            (self.seen_lo[chosen] > self.small) | (self.asked_hi[chosen] == 1)
        )
        weights = np.zeros(len(self.names))
        weights[chosen] = np.where(least, -1.0, 1.0)
        values = self._see(self.model.solve(self._gain(weights)))
        down, up = chosen[least], chosen[~least]
        self.lo[down] = np.maximum(self.lo[down], np.ceil(values[down] - _EPS))
        self.hi[up] = np.minimum(self.hi[up], np.floor(values[up] + _EPS))
        self.asked_lo[down], self.asked_hi[up] = 1, 1
        return True

    def _sources(self, at: int) -> frozenset[Name]:
        """The printed series that keep a told target from being more, and from being less."""
        found: set[Name] = set()
        for sign in (1.0, -1.0):
            weights = np.zeros(len(self.names))
            weights[at] = sign
            self.model.solve(self._gain(weights))
            found |= self.model.sources(int(self.part[at]))
        return frozenset(found)

    def _see(self, table: np.ndarray) -> np.ndarray:
        """A table that fits is a witness for every target of a part in which it is whole; the values of all targets."""
        values = np.add.reduceat(table[self.column] * self.factor, self.start) + self.constant
        broken = np.zeros(self.model.part.max() + 1, bool)
        broken[self.model.part[np.abs(table - np.round(table)) > _EPS]] = True
        whole = ~broken[self.part]
        seen = np.round(values[whole])
        self.seen_lo[whole] = np.minimum(self.seen_lo[whole], seen)
        self.seen_hi[whole] = np.maximum(self.seen_hi[whole], seen)
        return values

    def _asked(self) -> np.ndarray:
        return ((self.asked_lo == 1) & (self.asked_hi == 1)) | (self.lo == self.hi)

    def _told(self) -> np.ndarray:
        """Asked, and neither proved wide nor harmless."""
        return self._asked() & ~self._wide() & ~self._harmless()

    def _open(self) -> np.ndarray:
        return ~(self._wide() | self._harmless() | self._asked())

    def _wide(self) -> np.ndarray:
        return self.seen_hi - self.seen_lo + 1 >= self.need

    def _harmless(self) -> np.ndarray:
        """Proved to be 0, or never from 1 to the largest small count."""
        return (self.hi < 1) | (self.lo > self.small)
