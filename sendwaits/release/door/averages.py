"""What mean waits of months, quarters and years say together: a mean times its children is a sum of weeks, and sums add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sendwaits.release.door.system import NOW, Name

if TYPE_CHECKING:
    from sendwaits.release.door.knowledge import Knowledge

__all__ = ["MEAN", "Means", "add_means"]

MEAN = "mean_weeks_completed"
Means = Mapping[tuple[str, str, str], float]
"""(wait, first day, last day) -> mean weeks printed."""
LONGEST = 430.0
"""Nobody has waited more weeks than this."""
SLACK = 0.1 + 1e-9
"""Two means, each at one decimal, differ from the true ones by so much together."""


def add_means(known: Knowledge, now: Means, before: Means) -> None:
    """Rows over the completions of the pieces of each period with a mean: weeks of its parts are its own weeks."""
    means = {**before, **now}
    for (wait, start, end), mean in means.items():
        whole = known.pieces(start, end)
        spans = [k for k in means if k[0] == wait and start <= k[1] and k[2] <= end]
        inside = {k: set(known.pieces(*k[1:])) for k in spans if k[1:] != (start, end)}
        used: dict[int, tuple[str, str, str]] = {}
        for key, pieces in sorted(inside.items(), key=lambda item: (len(item[1]), item[0])):
            if pieces.isdisjoint(used):
                used |= dict.fromkeys(pieces, key)
        told = {k for k in (*used.values(), (wait, start, end)) if k in now}
        if not used or not told:
            continue
        low = {p: means[used[p]] if p in used else 0.0 for p in whole}
        high = {p: means[used[p]] if p in used else LONGEST for p in whole}
        least: dict[Name, float] = {(wait, "completed", p): low[p] - mean - SLACK for p in whole}
        most: dict[Name, float] = {(wait, "completed", p): high[p] - mean + SLACK for p in whole}
        source = (wait, MEAN, "")
        known.system.add(least, float("-inf"), 0.0, source, NOW)
        known.system.add(most, 0.0, float("inf"), source, NOW)
        if any(before.get(k) != now[k] for k in told):
            known.changed |= set(least)
