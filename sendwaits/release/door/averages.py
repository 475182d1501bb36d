"""What mean waits of months, quarters and years say together: a mean times its children is a sum of weeks, and sums add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sendwaits.release.door.model import EPS, Impossible, Model, frame_of, parts_of
from sendwaits.release.door.system import NOW, Name, Row

if TYPE_CHECKING:
    from sendwaits.release.door.knowledge import Knowledge

__all__ = ["MEAN", "Means", "add_means"]

MEAN = "mean_weeks_completed"
Span = tuple[str, str, str]
"""wait, first day, last day"""
Means = Mapping[Span, float]
"""The mean weeks printed of a span."""
LONGEST = 430.0
"""Nobody has waited more weeks than this."""
SLACK = 0.1 + 1e-9
"""Two means, each at one decimal, differ from the true ones by so much together."""


def add_means(known: Knowledge, now: Means, before: Means) -> None:
    """What means tell of the completions of each piece of time, as bounds: asked of the completions of each wait alone."""
    for wait in dict.fromkeys(key[0] for key in now):
        printed = [
            row
            for row in known.system.rows
            if all(n[:2] == (wait, "completed") for n in row.terms)  # type: ignore[index]
        ]
        rows = list(_weeks(known, wait, now, before))
        unknown = {n for row in rows for n in row.terms}
        wide, narrow = _ranges(printed, unknown), _ranges([*printed, *rows], unknown)
        for name, (lo, hi) in narrow.items():
            if (lo, hi) != wide.get(name, (lo, hi)):
                known.system.add({name: 1.0}, lo, hi, (wait, MEAN, ""), NOW)
                known.changed.add(name)


def _weeks(known: Knowledge, wait: str, now: Means, before: Means) -> Iterator[Row]:
    """Rows over the completions in each period with a mean: the weeks of its parts are its own weeks.

    A period is cut twice: at the shortest periods with a mean inside it, and at the longest (a year to date is the last one and
    a month more).
    """
    means = {k: v for k, v in {**before, **now}.items() if k[0] == wait}
    for own in means:
        inside = {
            k: set(known.pieces(*k[1:]))
            for k in means
            if own[1] <= k[1] and k[2] <= own[2] and k != own
        }
        cuts = [_cut(inside, longest) for longest in (False, True)]
        for used in cuts if cuts[0] != cuts[1] else cuts[:1]:
            told = {k for k in (*used.values(), own) if k in now and before.get(k) != now[k]}
            if used and told:
                yield from _sums(known.pieces(*own[1:]), own, used, means)


def _cut(inside: Mapping[Span, set[int]], longest: bool) -> dict[int, Span]:
    """Piece -> the period with a mean that it stands in, of periods that do not overlap."""
    used: dict[int, Span] = {}
    sign = -1 if longest else 1
    for key, pieces in sorted(inside.items(), key=lambda item: (sign * len(item[1]), item[0])):
        if pieces.isdisjoint(used):
            used |= dict.fromkeys(pieces, key)
    return used


def _sums(
    pieces: Iterable[int], own: Span, used: Mapping[int, Span], means: Means
) -> Iterator[Row]:
    """The two rows of one cut: what no mean covers has waited from no time to the longest."""
    least: dict[Name, float] = {}
    most: dict[Name, float] = {}
    for piece in pieces:
        low, high = (means[used[piece]],) * 2 if piece in used else (0.0, LONGEST)
        name = (own[0], "completed", piece)
        least[name], most[name] = low - means[own] - SLACK, high - means[own] + SLACK
    yield Row(least, -math.inf, 0.0)
    yield Row(most, 0.0, math.inf)


def _ranges(rows: list[Row], names: set[Name]) -> dict[Name, tuple[float, float]]:
    """The least and most whole number of each unknown that fits all rows; nothing for those known already or that contradict."""
    frame = frame_of(rows, [names], soft=False)
    parts = parts_of(frame)
    asked = [n for n in parts if n in names]
    found: dict[Name, tuple[float, float]] = {}
    if not asked:
        return found
    try:
        model = Model(frame, parts, set(parts.values()), {})
        for name in asked:
            gain = np.zeros(len(model.names))
            ends = []
            for sign in (-1.0, 1.0):
                gain[model.place[name]] = sign
                ends.append(float(model.solve(gain)[model.place[name]]))
            found[name] = (float(math.ceil(ends[0] - EPS)), float(math.floor(ends[1] + EPS)))
    except Impossible:
        return {}
    return found
