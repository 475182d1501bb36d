"""The steps from fine to coarse, how a count is printed on each, and how often a remainder would be told by chance.

A remainder is what is left when printed counts are taken from one another: children who left the list without being seen,
referrals that never waited. Its level decides the step of the counts around it; single values do not.
"""

from __future__ import annotations

import math
from functools import cache

from sendwaits.release.profile import BASE, Profile

__all__ = [
    "ED",
    "EM",
    "EQ",
    "EY",
    "GRAINS",
    "MONTHS_IN",
    "NO",
    "RD",
    "RM",
    "RQ",
    "RY",
    "allowed",
    "coarsest",
    "form_of",
    "grain_of",
    "interval",
    "ladder",
    "printed",
    "risk",
    "rounded",
]

EM, RM, EQ, RQ, EY, RY, ED, RD, NO = range(9)
"""Exact or rounded (R): months, quarters, years, and for a list the newest day only; then not published."""
GRAINS = ("month", "quarter", "year", "day")
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}


def grain_of(step: int) -> str:
    """``month``, ``quarter``, ``year`` or ``day`` of a step, "" for not published."""
    return "" if step == NO else GRAINS[step // 2]


def form_of(step: int) -> str:
    """``exact`` or ``rounded``, "" for not published."""
    return "" if step == NO else ("exact", "rounded")[step % 2]


def ladder(profile: Profile, first: int = EM) -> list[int]:
    """The steps that a profile may take, from ``first`` on: public has rounded ones only."""
    return list(dict.fromkeys(allowed(profile, step) for step in range(first, NO + 1)))


def allowed(profile: Profile, step: int) -> int:
    """The step itself; for the public its rounded twin."""
    return step + 1 if profile.rounds and step < NO and step % 2 == 0 else step


def coarsest(one: int, other: int) -> int:
    """The step with the coarser grain and the coarser form of two."""
    if NO in (one, other):
        return NO
    return 2 * max(one // 2, other // 2) + max(one % 2, other % 2)


def rounded(count: int) -> int:
    """The count to the nearest 5, halves up."""
    return BASE * math.floor((count + BASE // 2) / BASE)


def printed(count: int, form: str, smallest: int) -> tuple[int | None, str]:
    """A count as it is printed and its form: None and ``c`` from 1 to ``smallest`` - 1."""
    if 0 < count < smallest:
        return None, "c"
    return (count, "exact") if form == "exact" else (rounded(count), "rounded")


def interval(value: float, form: str, smallest: int) -> tuple[float, float]:
    """The least and most that a count printed so can be."""
    if form == "c":
        return 1.0, float(smallest - 1)
    if form == "exact" or value == 0:
        return float(value), float(value)
    half = BASE // 2
    return float(max(value - half, smallest)), float(value + half)


@cache
def risk(level: float, roundings: int, need: int, small: int) -> float:
    """The chance that one remainder is told too closely, when it is ``level`` on average and its counts are rounded so often.

    A remainder r is Poisson; ``roundings`` of the counts around it are to the nearest 5, so that it can be up to u more and
    up to 4 x roundings - u fewer, u a sum of uniform 0 to 4. Too closely: fewer than ``need`` numbers, one of them 1 to ``small``.
    """
    if level <= 0 and not roundings:
        return 0.0
    ups = _sum_of_uniforms(roundings)
    top = need + small + 1
    found = 0.0
    for r in range(top):
        chance = math.exp(-level) * level**r / math.factorial(r)
        for up, share in enumerate(ups):
            least, most = max(0, r - (BASE - 1) * roundings + up), r + up
            if most - least + 1 < need and most >= 1 and least <= small:
                found += chance * share
    return found


@cache
def _sum_of_uniforms(times: int) -> tuple[float, ...]:
    """Chances of 0, 1, 2 ... as the sum of so many uniform numbers from 0 to 4."""
    chances = [1.0]
    for _ in range(times):
        following = [0.0] * (len(chances) + BASE - 1)
        for at, chance in enumerate(chances):
            for step in range(BASE):
                following[at + step] += chance / BASE
        chances = following
    return tuple(chances)
