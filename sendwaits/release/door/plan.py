"""The publication plan: one grain and one form for each series, chosen by the level of what its numbers leave between them.

Series that meet in one remainder (a list, what joins it and what leaves it) stand in one `Knot` with a fixed order of
settings, from the most told to the least. A knot starts at the first setting whose risk is small for its level; what the
certificate then finds unsafe moves a knot one setting on (`revise`). So it always ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sendwaits.measure.measures import MEASURES
from sendwaits.measure.relations import Relation
from sendwaits.release.door.exact import Exact, Ties, day_before, relation_of
from sendwaits.release.door.groups import coarser
from sendwaits.release.door.knots import COVER, FIRST, LATER, Knot, Plan, Series
from sendwaits.release.door.ladder import (
    ED,
    EM,
    EY,
    MONTHS_IN,
    NO,
    RM,
    RQ,
    allowed,
    form_of,
    grain_of,
    ladder,
    risk,
)
from sendwaits.release.door.rows import enough, too_small
from sendwaits.release.profile import Profile

__all__ = ["Planner"]

BUDGET = 0.2
"""A setting may be expected to tell one remainder of its window too closely with this chance at most."""
MOST_SMALL = 0.25
"""A share or an average of which more periods rest on too few children takes a coarser grain."""


class Planner:
    """Makes the plan of one pathway by levels alone, and a coarser one where the certificate asks for it."""

    def __init__(self, exact: Exact, profile: Profile, ties: Ties) -> None:
        self.exact, self.profile, self.ties, self.plan = exact, profile, ties, Plan()
        self.small, self.need = profile.smallest - 1, profile.possible
        self.county = {(w, m) for w, m, column in exact.series() if not column}
        known = {s: relation_of(s[1]) for s in self.county}
        self.plan.refused = {
            s: "its relation to other measures is not declared"
            for s, r in known.items()
            if r is None
        }
        self.relations = self.plan.relations = {s: r for s, r in known.items() if r is not None}
        for wait in exact.waits():
            self._wait(wait)
        for series, relation in self.relations.items():
            if relation.kind == "whole" and relation.of:
                self._cover(series, (relation.wait or series[0], relation.of))
        for series, relation in self.relations.items():
            if relation.kind == "part":
                self._part(series, relation)
            elif relation.kind == "mean" and relation.days_back:
                self.plan.refused[series] = (
                    f"its {relation.days_back} days are no calendar period: beside months or quarters they "
                    "would tell the children of a day or two"
                )
        self._bands()
        self.settle()
        self._small_flows()
        self._alone()
        self._years()
        for source in exact.series():
            if source[2]:
                self.plan.groups[source] = coarser(exact, profile, source)

    # --- levels and risks

    def level(self, counts: Iterable[int]) -> float:
        counts = [max(0, n) for n in counts]
        return sum(counts) / len(counts) if counts else 0.0

    def left_over(self, wait: str, joins: Series) -> list[int]:
        """By month: list before + joiners - completions - list after, removals and (for a first wait) those who never waited."""
        stock, joined = self.exact.counts(wait, "waiting"), self.exact.counts(*joins)
        done = self.exact.counts(wait, "completed")
        found = []
        for start, end in self.exact.periods["month"]:
            before = stock.get(day_before(start))
            if before is not None and end in joined and end in done and end in stock:
                found.append(before + joined[end] - done[end] - stock[end])
        return found

    def chance(self, level: float, flows: Iterable[int], stock: int = EM) -> float:
        """How many remainders of the window are expected to be told too closely."""
        flows = list(flows)
        if any(step >= ED for step in (*flows, stock)):
            return 0.0
        grain = grain_of(max(step - step % 2 for step in (*flows, stock)))
        months = MONTHS_IN[grain]
        roundings = 2 * (form_of(stock) == "rounded") + sum(
            months // MONTHS_IN[grain_of(step)] for step in flows if form_of(step) == "rounded"
        )
        each = risk(round(level * months, 2), roundings, self.need, self.small)
        return each * max(1, len(self.exact.periods[grain]))

    def settings(
        self, series: list[Series], table: Sequence[tuple[int, ...]]
    ) -> list[dict[Series, int]]:
        found: list[dict[Series, int]] = []
        for steps in table:
            one = {
                s: allowed(self.profile, step)
                for s, step in zip(series, steps, strict=True)
                if s[1]
            }
            if one not in found:
                found.append(one)
        return found

    def start(self, knot: Knot, *chances: Mapping[int, float]) -> None:
        """Set a knot to its first setting without a risk over the budget."""
        for at in range(len(knot.settings)):
            if all(chance[at] <= BUDGET for chance in chances):
                knot.at = at
                break
        else:
            knot.at = len(knot.settings) - 1
        self.plan.add(knot)

    # --- knots

    def joiners(self, wait: str) -> Series | None:
        if wait in self.ties.first:
            return ("", "referrals")
        return (self.ties.feeds[wait], "completed") if wait in self.ties.feeds else None

    def _wait(self, wait: str) -> None:
        joins, stock, done = self.joiners(wait), (wait, "waiting"), (wait, "completed")
        if stock not in self.county:
            return
        reason = "few leave the list without being completed, or never join it"
        if joins is not None and wait in self.ties.first:
            knot = Knot(f"list {wait}", self.settings([stock, joins, done], FIRST), reason)
        else:
            knot = Knot(f"list {wait}", self.settings([stock, done], LATER), reason)
        if joins is None:
            self.start(knot, dict.fromkeys(range(len(knot.settings)), 0.0))
            return
        over = self.left_over(wait, joins)
        level = self.level(over)
        leaving = level + self.level(self.exact.counts(*done).values())
        fed = self.plan.step(joins)
        chances = {}
        for at, setting in enumerate(knot.settings):
            joining = [setting.get(joins, fed)]
            if joins[0] and any(
                r.kind == "share"
                for s, r in self.relations.items()
                if self.base(s, r.of, r.wait) == joins
            ):
                joining.append(allowed(self.profile, RQ if fed == RM else fed))
            chances[at] = max(
                self.chance(leaving, [step], setting[stock])
                if setting[done] == NO
                else self.chance(level, [step, setting[done]], setting[stock])
                for step in joining
            )
        self.start(knot, chances)

    def _cover(self, series: Series, covered: Series) -> None:
        """Plans issued and the plan waits completed by them: all but a few are the same plans."""
        some = [s for s, r in self.relations.items() if r.some and (s[0], r.of) == series]
        knot = Knot(
            f"cover {series[1]}",
            self.settings(
                [series, covered, *some], [(a, b, *[c] * len(some)) for a, b, c in COVER]
            ),
            f"differs from {series[1]} by a few",
        )
        whole, within = self.exact.counts(*series), self.exact.counts(*covered)
        levels = {covered: self.level(n - within.get(e, n) for e, n in whole.items())}
        for share in some:
            part = {e: v.denominator or 0 for _, e, v in self.exact.values(*share, "month")}
            levels[share] = self.level(n - part.get(e, n) for e, n in whole.items())
        chances = [
            {
                at: self.chance(level, [setting[series], setting[other]])
                for at, setting in enumerate(knot.settings)
            }
            for other, level in levels.items()
            if other in knot.settings[0]
        ]
        self.start(knot, *chances)

    def base(self, series: Series, of: str, wait: str | None) -> Series:
        return (series[0] if wait is None else wait, of)

    def views(self, base: Series, step: int) -> bool:
        """Whether the count ``base`` may be told at a step beside what its own knots print."""
        own = self.plan.step(base)
        if step == own or base not in self.county:
            return step >= own
        if step < own:
            return False
        if base[1] != "completed":
            return True
        for wait in self.exact.waits():
            joins = self.joiners(wait)
            if joins is None or (wait != base[0] and joins != base):
                continue
            done = (wait, "completed")
            steps = [step if s == base else self.plan.step(s) for s in (joins, done)]
            level = self.level(self.left_over(wait, joins))
            if self.chance(level, steps, self.plan.step((wait, "waiting"))) > BUDGET:
                return False
        return True

    def settle(self) -> None:
        """The step of each share and average: no finer than its base, than the certificate allows and than enough children."""
        for series, relation in self.relations.items():
            if relation.kind in ("share", "mean") and series not in self.plan.refused:
                self.plan.rests[series] = self._rest(series, relation)

    def _rest(self, series: Series, relation: Relation) -> int:
        base = self.base(series, relation.of, relation.wait) if relation.of else None
        least = max(EM, self.plan.floors.get(series, EM))
        if base is not None and base in self.county:
            least = max(least, self.plan.step(base))
        for step in ladder(self.profile, least):
            if step == NO:
                break
            seen = base is None or relation.some or self.views(base, step)
            if (
                seen
                and self.exact.spans(*series, grain_of(step))
                and self._rests_on_enough(series, step)
            ):
                return step
        return NO

    def _rests_on_enough(self, series: Series, step: int) -> bool:
        """At most a quarter of the periods rest on 1 to k - 1 children; none of an average on some but not enough."""
        values = [v for _, _, v in self.exact.values(*series, grain_of(step)) if v.n]
        few = [too_small(series[1], v, self.profile) for v in values]
        short = any(not enough(series[1], v, self.profile) for v in values)
        return bool(values) and not short and sum(few) <= MOST_SMALL * len(values)

    def _part(self, series: Series, relation) -> None:
        if not self.exact.is_stock(*series):
            return
        base = self.base(series, relation.of, relation.wait)
        line = relation.days is not None
        first = EM if line else ED
        steps = ladder(self.profile, max(first, self.plan.step(base)))
        knot = Knot(
            f"part {' '.join(series)}", [{series: step} for step in steps], "too near another count"
        )
        if line:
            while knot.settings[knot.at][series] == EM and self._too_near(series, base):
                knot.coarser()
        self.plan.add(knot)

    def _bands(self) -> None:
        """The bands of a list: all of them on the newest day in one form, or none."""
        for wait in self.exact.waits():
            bands = [s for s, r in self.relations.items() if s[0] == wait and r.kind == "band"]
            if not bands:
                continue
            steps = ladder(self.profile, max(ED, self.plan.step((wait, "waiting"))))
            settings = [dict.fromkeys(bands, step) for step in steps]
            knot = Knot(f"bands {wait}", settings, "would tell a line of the list")
            small = range(1, self.profile.smallest)
            if any(n in small for s in bands for n in self.exact.counts(*s).values()):
                knot.coarser()
            self.plan.add(knot)

    def _too_near(self, series: Series, base: Series) -> bool:
        """Whether a line leaves 1 to k - 1 children between itself and its list, or the next line above it, in some month."""
        days = self.relations[series].days
        others = [
            s
            for s, r in self.relations.items()
            if days and s[0] == series[0] and r.kind == "part" and r.days and r.days[0] > days[0]
        ]
        mine = self.exact.counts(*series)
        whole = self.exact.counts(*base)
        near = [whole[e] - n for e, n in mine.items() if e in whole]
        if others:
            above = self.exact.counts(
                *min(others, key=lambda s: (self.relations[s].days or (0,))[0])
            )
            near += [
                n - above[e] for e, n in mine.items() if above.get(e, 0) >= self.profile.smallest
            ]
        return any(0 < n <= self.small for n in near)

    def _small_flows(self) -> None:
        """Starts, removals and rejections: with their joiners where they are the same, else by year or not at all."""
        for wait in self.exact.waits():
            joins = self.joiners(wait)
            starts, removed = (wait, "starts"), (wait, "removed_other")
            same = joins is not None and (wait in self.ties.all_start or wait in self.ties.feeds)
            if starts in self.county:
                first = self.plan.step(joins) if joins is not None and same else self._yearly(wait)
                self._flow(starts, first)
            if removed in self.county:
                self._flow(removed, self._yearly(wait))
        if ("", "rejected") in self.county:
            waits = self.ties.first
            self._flow(("", "rejected"), max((self._yearly(w) for w in waits), default=NO))

    def _yearly(self, wait: str) -> int:
        """Exact years where both removals and those who never waited are many or none in a year, else not published."""
        joins = self.joiners(wait)
        removed = self.exact.counts(wait, "removed_other")
        levels = [self.level(removed.values())]
        if joins is not None and wait not in self.ties.feeds:
            starts = self.exact.counts(wait, "starts")
            joined = self.exact.counts(*joins)
            levels.append(self.level(joined.get(e, n) - n for e, n in starts.items()))
        fine = all(self.chance(level, [EY]) <= BUDGET for level in levels)
        return EY if fine else NO

    def _flow(self, series: Series, first: int) -> None:
        steps = [
            s
            for s in ladder(self.profile, first)
            if s == NO or self.exact.spans(*series, grain_of(s))
        ]
        self.plan.add(
            Knot(
                f"flow {' '.join(series).strip()}",
                [{series: s} for s in steps],
                "small: finer grains would tell single children",
            )
        )

    def _alone(self) -> None:
        """Counts that no other knot holds: referrals of a service without a list, say."""
        for series, relation in self.relations.items():
            if not self.plan.about(series) and series not in self.plan.refused:
                stock = self.exact.is_stock(*series)
                steps = ladder(
                    self.profile, ED if stock and MEASURES[series[1]].unit == "count" else EM
                )
                self.plan.add(
                    Knot(f"alone {' '.join(series).strip()}", [{series: s} for s in steps])
                )

    def _years(self) -> None:
        """Whole calendar years beside a finer grain: exact where a year leaves enough between its counts, else rounded or none."""
        for series, relation in self.relations.items():
            step = self.plan.step(series)
            if step >= EY or self.exact.is_stock(*series) or not self.exact.periods["year"]:
                continue
            if grain_of(step) == "quarter" and self.exact.phase != 0:
                continue
            if relation.some:
                continue
            self.plan.years[series] = self._year_step(series)

    def _year_step(self, series: Series) -> int:
        level_of = {
            w: self.level(self.left_over(w, j))
            for w in self.exact.waits()
            if (j := self.joiners(w))
        }
        touching = [
            level
            for w, level in level_of.items()
            if series in ((w, "completed"), self.joiners(w))
            or getattr(relation_of(series[1]), "of", "") == "completed"
        ]
        fine = all(self.chance(level, [EY, EY]) <= BUDGET for level in touching)
        step = EY if fine else max(RQ + 2, EY + 1)
        return allowed(self.profile, step)
