"""Series that are set together, each with one grain and one form, and the plan that they make."""

from __future__ import annotations

from dataclasses import dataclass, field

from sendwaits.measure.relations import Relation
from sendwaits.release.door.cells import Source
from sendwaits.release.door.ladder import ED, EM, EQ, EY, NO, RM, RQ, coarsest

__all__ = ["COVER", "FIRST", "LATER", "Knot", "Plan", "Series"]

Series = tuple[str, str]
"""(wait, measure) of the whole service."""

FIRST = [
    (EM, EM, EM),
    (EM, EM, RM),
    (EM, RM, RM),
    (EM, EM, EQ),
    (EM, RM, EQ),
    (EM, RM, RQ),
    (RM, RM, RQ),
    (EM, EM, EY),
    (EM, RM, EY),
    (EM, EM, NO),
    (EM, RM, NO),
    (EM, EQ, NO),
    (EM, EY, NO),
    (EM, NO, NO),
    (RM, NO, NO),
    (EQ, NO, NO),
    (RQ, NO, NO),
    (ED, NO, NO),
    (NO, NO, NO),
]
"""List, joiners and completions of a wait that starts with a referral."""
LATER = [
    (EM, EM),
    (EM, RM),
    (EM, EQ),
    (EM, RQ),
    (RM, RQ),
    (EM, EY),
    (RM, EY),
    (EM, NO),
    (RM, NO),
    (EQ, NO),
    (RQ, NO),
    (ED, NO),
    (NO, NO),
]
"""List and completions of a later stage: what joins it is printed with the stage before."""
COVER = [
    (EM, EM, EM),
    (EM, EQ, EQ),
    (RM, RQ, RQ),
    (RM, RQ, NO),
    (EM, EY, NO),
    (EM, NO, NO),
    (RM, NO, NO),
    (EQ, NO, NO),
    (RQ, NO, NO),
    (EY, NO, NO),
    (NO, NO, NO),
]
"""A count, the count that it covers but for a few, and shares of only some of it."""


@dataclass
class Knot:
    """Series that are set together: ``settings`` from fine to coarse, each a step per series; ``at`` the one in use."""

    name: str
    settings: list[dict[Series, int]]
    reason: str = ""
    at: int = 0
    moves: int = 0

    def coarser(self) -> bool:
        """Move one setting on, two after every third move; False at the end."""
        if self.at + 1 >= len(self.settings):
            return False
        self.moves += 1
        self.at = min(self.at + 1 + (self.moves % 3 == 0), len(self.settings) - 1)
        return True


@dataclass
class Plan:
    """Knots by name; a series takes the coarsest step that any knot gives it."""

    knots: dict[str, Knot] = field(default_factory=dict)
    years: dict[Series, int] = field(default_factory=dict)
    refused: dict[Series, str] = field(default_factory=dict)
    relations: dict[Series, Relation] = field(default_factory=dict)
    groups: dict[Source, int] = field(default_factory=dict)
    """Breakdowns: (wait, measure, column) -> the step of its groups, newest day or every period's end."""
    rests: dict[Series, int] = field(default_factory=dict)
    """Shares and averages: the step that their base and the children they rest on allow."""
    floors: dict[Series, int] = field(default_factory=dict)

    def add(self, knot: Knot) -> None:
        self.knots[knot.name] = knot

    def step(self, series: Series) -> int:
        """The step of a series; `NO` for one that no knot knows."""
        steps = [k.settings[k.at][series] for k in self.about(series)]
        if series in self.rests:
            steps.append(self.rests[series])
        return max(steps, default=NO)

    def of_groups(self, source: Source) -> int:
        """The step of a breakdown: no finer than the whole; of an average, no finer than the lists of the groups."""
        wait, measure, column = source
        step = coarsest(self.groups.get(source, NO), self.step((wait, measure)))
        lists = self.of_groups((wait, "waiting", column)) if measure.startswith("mean_") else step
        return coarsest(step, lists)

    def about(self, series: Series) -> list[Knot]:
        return [k for k in self.knots.values() if series in k.settings[k.at]]
