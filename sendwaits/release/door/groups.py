"""Breakdowns: of the newest census all groups or none, groups under k together, never blank; over time, of large groups only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sendwaits.release.door.exact import Exact
from sendwaits.release.door.ladder import ED, NO, grain_of, ladder
from sendwaits.release.profile import Profile

__all__ = ["FEW", "OTHERS", "Split", "coarser", "merged", "split"]

OTHERS = "all others"
MANY = 4
"""Groups are followed over time where each has this many times k children in every period."""
FEW = "too few children in its groups"
LINE_WEEKS = 52
"""An average tells that few have waited longer than this where all of a group together have waited not k - 1 times as long."""


def coarser(
    exact: Exact, profile: Profile, source: tuple[str, str, str], step: int | None = None
) -> int:
    """The first step of a breakdown, or the one after ``step``: over time for large groups, then the newest day, then none."""
    wait, measure, column = source
    for following in ladder(profile):
        if (step is None or following > step) and following < ED:
            ends = [end for _, end in exact.spans(wait, measure, grain_of(following))]
            if ends and _large(exact, profile, source, ends):
                return following
    return NO if step is not None and step >= ED or measure.startswith("mean_") else ED


def _large(exact: Exact, profile: Profile, source: tuple[str, str, str], ends: list[str]) -> bool:
    """Whether every group of a column is large on each of these days, and no average tells that few have waited long."""
    wait, measure, column = source
    tables = [exact.by_group(wait, measure, column, end) for end in ends]
    named = set().union(*tables)
    long = LINE_WEEKS * (profile.smallest - 1) if measure.startswith("mean_") else 0
    return len(named) > 1 and all(
        set(table) == named
        and all(
            (v.n or 0) >= MANY * profile.smallest and v.value * (v.n or 0) >= long
            for v in table.values()
        )
        for table in tables
    )


class Split(NamedTuple):
    """The groups printed: label -> the groups in it, and the reason when there are none."""

    parts: dict[str, tuple[str, ...]]
    reason: str = ""


def merged(parts: Mapping[str, tuple[str, ...]], counts: Mapping[str, int]) -> dict[str, int]:
    """The count of each printed group."""
    return {label: sum(counts.get(g, 0) for g in groups) for label, groups in parts.items()}


def split(
    column: str,
    whole: Mapping[str, int],
    part: Mapping[str, int] | None,
    profile: Profile,
    within: Mapping[str, tuple[str, ...]] | None = None,
) -> Split:
    """The groups of a column in which no count, and no remainder of a line, is from 1 to k - 1.

    ``whole``: waiting by group; ``part``: those beyond a line, None for the list itself. ``within``: the groups of the list,
    of which a line's are unions. A line that all children of a group lie beyond, while others do not, is not broken down.
    """
    groups = {label: tuple(g) for label, g in (within or {g: (g,) for g in whole}).items()}
    counted = whole if part is None else part

    def bad(members: tuple[str, ...]) -> bool:
        count, of = (sum(table.get(g, 0) for g in members) for table in (counted, whole))
        return any(0 < n < profile.smallest for n in (count, of - count, of))

    others = [
        label for label, members in groups.items() if bad(members) or label.endswith(f"={OTHERS}")
    ]
    alone = [label for label in groups if label not in others]
    together = tuple(g for label in others for g in groups[label])
    while others and bad(together) and alone:
        smallest = min(
            alone, key=lambda label: (sum(whole.get(g, 0) for g in groups[label]), label)
        )
        alone.remove(smallest)
        together += groups[smallest]
    if len(alone) + bool(together) < 2:
        return Split({}, FEW)
    found = {label: groups[label] for label in alone}
    if together:
        name = f"{column}={OTHERS}" if len(together) > 1 else together[0]
        found[name] = together
    if part is not None:
        all_beyond = [
            n for label, n in merged(found, part).items() if 0 < n == merged(found, whole)[label]
        ]
        if all_beyond and sum(part.values()) < sum(whole.values()):
            return Split({}, "every child of a group lies beyond the line")
    return Split(found)
