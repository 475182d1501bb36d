"""One linear program in HiGHS over everything printed: built once, only its costs change; separate parts are told apart."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sendwaits.release.door.system import ALWAYS, NOW, Name, Row

__all__ = ["EPS", "Frame", "Impossible", "Model", "frame_of", "parts_of"]

_FAR = 20000.0
"""Unknowns without a bound end here, or at four times the largest count of the service."""
EPS = 1e-6
_NODES = 500
"""Nodes of one search for whole numbers; beyond it the count is taken as told."""


@dataclass
class Frame:
    """The bounds of each unknown and the rows over more than one of them, known unknowns taken out."""

    lo: dict[Name, float] = field(default_factory=dict)
    hi: dict[Name, float] = field(default_factory=dict)
    said: dict[Name, set[Name]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    possible: bool = True
    far: float = _FAR

    def fixed(self, name: Name) -> bool:
        return self.lo[name] == self.hi[name]


def frame_of(rows: Iterable[Row], targets: Iterable[Iterable[Name]], soft: bool) -> Frame:
    """Rows over one unknown become its bounds (``soft``: only those that are always true)."""
    rows = list(rows)
    out = Frame(far=_far(rows))
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


def _far(rows: list[Row]) -> float:
    """More children than any list of the service can have."""
    told = [
        abs(v) for row in rows if set(row.terms.values()) <= {1.0, -1.0} for v in (row.lo, row.hi)
    ]
    return max(_FAR, 4 * max((v for v in told if np.isfinite(v)), default=0.0))


def parts_of(frame: Frame) -> dict[Name, int]:
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


class Impossible(Exception):
    """Nothing fits everything printed."""


class Model:
    """The active parts as one linear program in HiGHS."""

    def __init__(
        self,
        frame: Frame,
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
            raise Impossible
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
            if whole and not row.lo - EPS <= known <= row.hi + EPS:
                raise Impossible
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
            ("presolve", "on" if self.whole else "off"),
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
            raise Impossible
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
            found.append((float(np.ceil(values[at] - EPS)), float(np.ceil(values[at + 1] - EPS))))
            at += 2
        return found

    def sources(self, part: int) -> set[Name]:
        """The printed series that held the last answer back, within a part."""
        found: set[Name] = set()
        said = self.frame.said
        held = np.abs(np.array(self.solution.row_dual)) > EPS
        for at in np.flatnonzero(held & (self.row_part == part)):
            row = self.rows[at]
            found |= {row.source}.union(*(said.get(n, set()) for n in row.terms))
        held = np.abs(np.array(self.solution.col_dual)) > EPS
        for at in np.flatnonzero(held & (self.part == part)):
            found |= said.get(self.names[at], set())
        return found - {None}
