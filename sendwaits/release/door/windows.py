"""Counts over windows that overlap from set to set: what their differences tell of single months and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sendwaits.release.door.system import BEFORE, NOW, Name, System, Weak

__all__ = ["Told", "weak_windows"]


class Told(NamedTuple):
    """A printed count of the groups ``names`` together over ``start`` to ``end``: from ``lo`` to ``hi``; ``source``: what prints it."""

    names: tuple[Name, ...]
    start: str
    end: str
    lo: float
    hi: float
    source: Name = None


def weak_windows(
    told: Sequence[Told],
    need: int,
    small: int,
    wholes: Iterable[tuple[Name, Sequence[Name]]] = (),
) -> list[Weak]:
    """The counts, of any group in any piece of time between printed windows, that are told too closely by what is printed now.

    ``wholes``: (whole, its parts), which add up at any time.
    """
    cuts = sorted({t.start for t in told} | {_after(t.end) for t in told})
    number = {day: i for i, day in enumerate(cuts)}
    system, changed = System(), set()
    for item in told:
        terms: dict[Any, float] = {
            (name, piece): 1.0
            for name in item.names
            for piece in range(number[item.start], number[_after(item.end)])
        }
        strength = BEFORE if item.source is None else NOW
        system.add(terms, item.lo, item.hi, item.source, strength)
        changed |= set(terms) if item.source is not None else set()
    for whole, parts in wholes:
        for piece in range(len(cuts) - 1):
            system.add({(whole, piece): -1.0, **{(part, piece): 1.0 for part in parts}}, 0, 0)
    spans = {(i, i + 1) for i in range(len(cuts) - 1)}
    for item in told:
        spans.add((number[item.start], number[_after(item.end)]))
    labels = {(name,) for item in told for name in item.names} | {item.names for item in told}
    for first, last in sorted(spans):
        for names in sorted(labels, key=str):
            told_by: dict[Any, float] = {
                (name, p): 1.0 for name in names for p in range(first, last)
            }
            system.protect((names, cuts[first], cuts[last]), told_by)
    return [w for w in system.weak(need, small, changed) if w.sources]


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def sources(weak: Iterable[Weak]) -> set[Name]:
    """The printed things that tell any of them."""
    return {source for item in weak for source in item.sources}
