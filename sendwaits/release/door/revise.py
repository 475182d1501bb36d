"""A plan made coarser: as earlier sets had it, and where the certificate finds a count told too closely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sendwaits.release.door.cells import Source
from sendwaits.release.door.groups import coarser
from sendwaits.release.door.knots import Series
from sendwaits.release.door.ladder import ED, EM, NO, RD
from sendwaits.release.door.plan import Planner
from sendwaits.release.door.system import Weak

__all__ = ["Reviser"]


PATIENCE = 20
"""After so many rounds every weak count moves a series of its own, whether or not another move may have helped it."""


class Reviser:
    """Moves the knots of a planner's plan on, never back."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.plan, self.rounds = planner, planner.plan, 0

    def keep(self, steps: Mapping[Series, int]) -> None:
        """Take up the settings of an earlier plan: a series keeps its step from set to set.

        What is printed of the newest day only is another day in each set, and chosen anew.
        """
        for knot in self.plan.knots.values():
            if all(step >= ED for step in knot.settings[0].values()):
                continue
            for at, setting in enumerate(knot.settings):
                if all(
                    step == steps.get(s)
                    or (step < steps.get(s, NO) and len(self.plan.about(s)) > 1)
                    for s, step in setting.items()
                ):
                    knot.at = at
                    break
        self._follow(steps)

    def no_finer(self, steps: Mapping[Series, int]) -> None:
        """Move every knot on until none of its series is finer than these steps."""
        for knot in self.plan.knots.values():
            while any(self.plan.step(s) < steps.get(s, EM) for s in knot.settings[knot.at]):
                if not knot.coarser():
                    break
        self._follow(steps)

    def _follow(self, steps: Mapping[Series, int]) -> None:
        for series, relation in self.planner.relations.items():
            if relation.kind in ("share", "mean"):
                self.plan.floors[series] = max(
                    self.plan.floors.get(series, EM), steps.get(series, EM)
                )
        self.planner.settle()

    def revise(self, weak: Iterable[Weak]) -> bool:
        """Make coarser what tells too much, the cheapest series of each weak count; False when nothing printed now tells it."""
        self.rounds += 1
        moved: set[Source] = set()
        for item in weak:
            options = sorted(item.sources, key=self._worth)  # type: ignore[arg-type]
            if self.rounds <= PATIENCE and not moved.isdisjoint(options):
                continue
            for source in options:
                if source not in moved and self._coarser(source, item.sources):  # type: ignore[arg-type]
                    moved.add(source)  # type: ignore[arg-type]
                    break
        self.planner.settle()
        return bool(moved)

    def _worth(self, source: Source) -> tuple[int, Source]:
        """What a reader loses with a series; the least is made coarser first."""
        wait, measure, kind = source
        relation = self.planner.relations.get((wait, measure))
        if kind not in ("", "year"):
            return 0, source
        if measure in ("starts", "removed_other", "rejected"):
            return 1, source
        if relation is None or relation.some or relation.removes or relation.kind == "mean":
            return 2 if kind else 4, source
        if kind:
            return 3, source
        if relation.kind in ("part", "band"):
            return 9 if relation.kind == "part" and relation.days else 3, source
        rank = {"share": 5, "moves": 7 if wait in self.planner.ties.first else 6}.get(
            relation.kind, 8
        )
        return (10 if measure == "waiting" else rank), source

    def _rounds_lines(self, wait: str, sources: frozenset[Source]) -> bool:
        """Before the bands of a list are given up its lines are rounded, where they are what tells a band."""
        if (
            self.plan.step(
                next(
                    s
                    for s in self.planner.relations
                    if s[0] == wait and self.planner.relations[s].kind == "band"
                )
            )
            != RD
        ):
            return False
        lines = [
            (r.days[0], (w, m))
            for w, m, kind in sources
            if w == wait
            and not kind
            and (r := self.planner.relations.get((w, m)))
            and r.kind == "part"
            and r.days
        ]
        for _, series in sorted(lines):
            if self.plan.step(series) == EM:
                return all([knot.coarser() for knot in self.plan.about(series)])
        return False

    def _coarser(self, source: Source, sources: frozenset[Source]) -> bool:
        wait, measure, kind = source
        series = (wait, measure)
        if kind not in ("", "year"):
            step = self.plan.groups.get(source, NO)
            self.plan.groups[source] = coarser(
                self.planner.exact, self.planner.profile, source, step
            )
            return step != NO
        at = self.plan.years.get(series, NO)
        if kind == "year" and at != NO:
            self.plan.years[series] = NO if at % 2 or self.planner.profile.rounds else at + 1
            return True
        if series in self.plan.rests and not self.plan.about(series):
            step = self.plan.rests[series]
            self.plan.floors[series] = min(step + 1, NO)
            return step != NO
        if self.planner.relations[series].kind == "band" and self._rounds_lines(wait, sources):
            return True
        before = self.plan.step(series)
        told = {(w, m) for w, m, _ in sources}
        knots = sorted(self.plan.about(series), key=lambda k: -len(told & set(k.settings[0])))
        while self.plan.step(series) <= before:
            if not any(knot.coarser() for knot in knots):
                return False
            if any(self.plan.step(s) > EM for s in told) and measure in ("waiting", "referrals"):
                break
            if measure == "completed":
                break
        return True
