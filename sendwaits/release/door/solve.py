"""The certificate: linear programs over everything printed, many counts at a time.

One HiGHS model is built once; only its costs change. Parts that share no unknown are asked in the same solve, since the best of
a sum of separate things is the sum of their bests. Every answer is a whole table of numbers that fits: a witness for all counts,
not only for the one that was asked. What is not proved counts as told. Limits count solves, never seconds.
"""

from __future__ import annotations

import numpy as np

from sendwaits.release.door.model import EPS, Frame, Impossible, Model, frame_of, parts_of
from sendwaits.release.door.system import ALWAYS, Name, Row, System, Weak

__all__ = ["Question"]

_ENOUGH = 24
"""So many counts told are enough to make a plan coarser: the rest is asked of the coarser plan."""


class Question:
    """One question to a system; `answer` may be asked once."""

    def __init__(self, system: System, need: int, small: int, changed: set[Name] | None) -> None:
        self.system, self.need, self.small = system, need, small
        self.frame = frame_of(system.rows, system.targets.values(), soft=False)
        self.parts = parts_of(self.frame)
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
        except Impossible:
            self.frame = self._softened()
            self.parts = parts_of(self.frame)
            self.active = self._active(self.changed)
            found = self._known()
            model = self._model()
        if model is not None:
            found += _Search(model, self.need, self.small).weak()
        order = {name: i for i, name in enumerate(self.system.targets)}
        return sorted(found, key=lambda weak: order[weak.name])

    def _model(self) -> Model | None:
        """The model of all targets with an unknown in an active part; None when there is no such target."""
        asked = {
            name: terms
            for name, terms in self.system.targets.items()
            if any(self.parts.get(n, -1) in self.active for n in terms)
        }
        return Model(self.frame, self.parts, self.active, asked) if asked else None

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

    def _softened(self) -> Frame:
        """Rows that contradict each other (a month restated since) made just wide enough, the weakest first."""
        frame = frame_of(self.system.rows, self.system.targets.values(), soft=True)
        parts = parts_of(frame)
        model = Model(frame, parts, set(parts.values()), {}, elastic=True)
        rows = [
            row
            if not gap[0] and not gap[1]
            else Row(row.terms, row.lo - gap[0], row.hi + gap[1], row.source, row.strength)
            for row, gap in zip(frame.rows, model.gaps(), strict=True)
        ]
        bounds = [r for r in self.system.rows if r.strength == ALWAYS and len(r.terms) == 1]
        return frame_of([*bounds, *rows], self.system.targets.values(), soft=False)


class _Search:
    """Asks the model until every target is proved wide, proved harmless, or told."""

    def __init__(self, model: Model, need: int, small: int) -> None:
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
                model = Model(self.model.frame, self.model.parts, {int(part)}, targets, whole=True)
                again = _Search(model, self.need, self.small)
                again.ask()
            except Impossible:
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
        self.lo[down] = np.maximum(self.lo[down], np.ceil(values[down] - EPS))
        self.hi[up] = np.minimum(self.hi[up], np.floor(values[up] + EPS))
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
        broken[self.model.part[np.abs(table - np.round(table)) > EPS]] = True
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
