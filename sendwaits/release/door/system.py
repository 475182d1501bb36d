"""What can still be true when everything printed holds at once: unknown whole numbers, rows between them, counts to protect."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["ALWAYS", "BEFORE", "NOW", "Row", "System", "Weak"]

ALWAYS, NOW, BEFORE = 0, 1, 2
"""Strength of a row: true by definition; printed now; printed before, or true of nearly all. The last gives way first."""
_INF = math.inf
Name = Hashable


@dataclass(frozen=True)
class Row:
    """``lo <= sum of coefficient x unknown <= hi``; ``source``: the printed series that it was read from, or None."""

    terms: Mapping[Name, float]
    lo: float
    hi: float
    source: Name = None
    strength: int = ALWAYS


@dataclass(frozen=True)
class Weak:
    """A count told too closely: only ``lo`` to ``hi`` are left; ``sources``: the printed series that say so."""

    name: Name
    lo: float
    hi: float
    sources: frozenset[Name] = frozenset()


@dataclass
class System:
    """Unknown whole numbers, 0 or more unless a row says otherwise; rows between them; and the counts to protect."""

    rows: list[Row] = field(default_factory=list)
    targets: dict[Name, dict[Name, float]] = field(default_factory=dict)

    def add(
        self,
        terms: Mapping[Name, float],
        lo: float,
        hi: float = _INF,
        source: Name = None,
        strength: int = ALWAYS,
    ) -> None:
        """One more row over some unknowns."""
        self.rows.append(Row(terms, lo, hi, source, strength))

    def protect(self, name: Name, terms: Mapping[Name, float]) -> None:
        """One more count to protect."""
        self.targets[name] = dict(terms)

    def weak(self, need: int, small: int, changed: Iterable[Name] | None = None) -> list[Weak]:
        """The counts that keep fewer than ``need`` whole numbers, one of them from 1 to ``small``.

        ``changed``: only what hangs together with one of these unknowns is asked about; None: everything.
        """
        from sendwaits.release.door.solve import Question

        return Question(self, need, small, None if changed is None else set(changed)).answer()
