"""What a monthly set publishes, and which numbers in it can be worked out from which others.

The plan: county rows of every measure for all months; breakdowns of the newest month's stocks only, never of flows.
`attack` writes down everything a reader can combine: bands, thresholds, the stock and flow identity, stages that feed
each other, referrals, percentages, averages, breakdowns, months and earlier releases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from sendwaits.pathways import BANDS, built_in
from sendwaits.release.disclosure.system import EARLIER, HARD, LIKELY, System

__all__ = [
    "Cell",
    "Cells",
    "Average",
    "BREAKDOWN_MEASURES",
    "FLOWS",
    "attack",
    "base_count",
    "chains",
    "over_days",
    "band_edges",
    "clearance_months",
    "months_of",
    "ratio_parts",
]

BREAKDOWN_MEASURES = ("waiting", "waiting_over_18_weeks", "waiting_over_52_weeks")
"""Stocks that are broken down by group, at the newest census only."""

FLOWS = ("removed_other", "starts", "completed")
"""Monthly flows of a wait, in the order in which they are left out when they cannot be protected."""

_INF = math.inf


class Cell(NamedTuple):
    """One printed count: which wait, measure, group and period. A percentage has two, ``#num`` and ``#den``."""

    pathway: str
    wait: str
    measure: str
    group: str
    start: str  # empty for stocks
    end: str


class Average(NamedTuple):
    """A printed mean, median, percentile or longest wait in weeks; ``rank`` is the k of a longest wait, else 0."""

    kind: str
    weeks: float
    rank: int


@dataclass
class Cells:
    """Everything printed, as an attacker holds it: an interval for each shown count, and the hidden counts."""

    shown: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    hidden: dict[Cell, int] = field(
        default_factory=dict
    )  # the least it can be: 1, or 0 where a zero may be hidden
    averages: dict[Cell, Average] = field(default_factory=dict)
    earlier: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    earlier_hidden: set[Cell] = field(default_factory=set)
    starts: dict[str, str] = field(default_factory=dict)  # end of each month -> its first day

    def __contains__(self, cell: object) -> bool:
        return (
            cell in self.shown
            or cell in self.hidden
            or cell in self.earlier
            or cell in self.earlier_hidden
        )

    def all(self) -> Iterator[Cell]:
        """Every count that is known or hidden, each once."""
        yield from dict.fromkeys([*self.shown, *self.hidden, *self.earlier, *self.earlier_hidden])

    def only(self, pathway: str) -> Cells:
        """The part about one pathway: pathways share no child's wait."""

        def keep(part: Mapping[Cell, object]) -> dict:  # type: ignore[type-arg]
            return {cell: value for cell, value in part.items() if cell.pathway == pathway}

        return Cells(
            keep(self.shown),
            keep(self.hidden),
            keep(self.averages),
            keep(self.earlier),
            {c for c in self.earlier_hidden if c.pathway == pathway},
            self.starts,
        )


@cache
def band_edges(measure: str) -> tuple[int, float] | None:
    """First and last day of a band measure (``waiting_band_29_84`` -> (29, 84)), None for other measures."""
    found = re.fullmatch(r"waiting_band_(\d+)_(\d+|plus)", measure)
    if not found:
        return None
    return int(found[1]), _INF if found[2] == "plus" else int(found[2])


@cache
def over_days(measure: str) -> int | None:
    """Days that a ``waiting_over_<weeks>_weeks`` child has waited more than (18 weeks -> 126), None for other measures."""
    found = re.fullmatch(r"waiting_over_(\d+)_weeks", measure)
    return 7 * int(found[1]) if found else None


def base_count(wait: str, measure: str) -> tuple[str, str] | None:
    """The count (wait, measure) whose children an average, rate or percentage is about; it is hidden with its base."""
    if measure.endswith("_weeks_open") or measure in ("within_review_pct", "clearance_weeks"):
        return wait, "waiting"
    if measure.endswith("_weeks_completed") or measure == "within_standard_pct":
        return wait, "completed"
    if measure in ("within_20_weeks_pct", "within_20_weeks_excl_pct"):
        return "", "plans_issued"
    if measure in ("decisions_within_6_weeks_pct", "requests_refused_pct"):
        return "decision", "completed"
    return None


def ratio_parts(cell: Cell) -> tuple[Cell, Cell]:
    """The numerator and denominator of a percentage, as cells."""
    return cell._replace(measure=cell.measure + "#num"), cell._replace(
        measure=cell.measure + "#den"
    )


def chains(cells: Cells) -> dict[tuple[str, str], str]:
    """(pathway, wait) -> the wait that starts when it is completed: from the pathway files, else from equal months."""
    found = {
        (p.code, a.name): b.name
        for p in built_in().values()
        for a in p.waits
        for b in p.waits
        if b.start == a.completed and b.completed != a.completed
    }
    equal: dict[tuple[str, str, str], int] = {}
    unequal: set[tuple[str, str, str]] = set()
    starts = [c for c in cells.shown if c.measure == "starts" and not c.group]
    waits = {c.pathway: {d.wait for d in starts if d.pathway == c.pathway} for c in starts}
    for cell in starts:
        for wait in waits[cell.pathway] - {cell.wait}:
            other = cells.shown.get(cell._replace(wait=wait, measure="completed"))
            if other is not None:
                key = (cell.pathway, wait, cell.wait)
                if other != cells.shown[cell]:
                    unequal.add(key)
                equal[key] = equal.get(key, 0) + 1
    for (pathway, first, second), months in equal.items():
        if months >= 3 and (pathway, first, second) not in unequal:
            found.setdefault((pathway, first), second)
    return found


def months_of(periods: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The months among some (period_start, period_end): end -> first day; years and stocks are left out."""
    return {end: start for start, end in sorted(set(periods)) if start and start[:7] == end[:7]}


def clearance_months(end: str, starts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Period ends lying wholly inside, and touching, the 91 days up to ``end`` of a clearance time."""
    last = date.fromisoformat(end)
    first = last - timedelta(days=90)
    inside, touching = [], []
    for other, start in starts.items():
        opened, closed = date.fromisoformat(start), date.fromisoformat(other)
        if closed <= last and closed >= first:
            touching.append(other)
            if opened >= first:
                inside.append(other)
    return inside, touching


def attack(cells: Cells, chained: Mapping[tuple[str, str], str] | None = None) -> System:
    """The linear system of one pathway: every printed or hidden count and all that ties them together."""
    return _Attack(cells, chains(cells) if chained is None else chained).system


class _Attack:
    """Builds the system of `attack`, one kind of knowledge after another."""

    def __init__(self, cells: Cells, chained: Mapping[tuple[str, str], str]) -> None:
        self.cells, self.chained, self.system = cells, chained, System()
        county = {(c.pathway, c.wait, c.start, c.end) for c in cells.all() if not c.group}
        self.waits = sorted({(p, w) for p, w, _, _ in county if w})
        self._bounds()
        for pathway, wait, start, end in sorted(county):
            if wait and not start:
                self._stock(pathway, wait, end)
                self._averages(pathway, wait, end)
            elif wait:
                self._flow(pathway, wait, start, end)
            elif start:
                self._pathway(pathway, start, end)
        self._longer_periods()
        self._breakdowns()
        self._percentages()
        self._clearance()

    def has(self, cell: Cell) -> bool:
        return cell in self.cells

    def _bounds(self) -> None:
        cells, bounds = self.cells, self.system.bounds
        for cell, interval in cells.shown.items():
            bounds[cell] = interval
        for cell, least in cells.hidden.items():
            bounds[cell] = (float(least), _INF)
            self.system.hidden.add(cell)
        for cell in sorted(cells.earlier_hidden):
            if cell not in cells.shown and cell not in cells.hidden:
                bounds[cell] = (0.0, _INF)
                self.system.hidden.add(cell)
                if (
                    "#" not in cell.measure
                ):  # the parts of a hidden share may be 0, as in its own release
                    self.system.add({cell: 1}, 1, _INF, EARLIER)
        for cell, (lo, hi) in sorted(cells.earlier.items()):
            now = cells.shown.get(cell)
            if now is not None and (now[0] > hi or now[1] < lo):
                continue  # restated since: the newest release stands
            if now is None or now[0] != now[1]:
                self.system.add({cell: 1}, lo, hi, EARLIER)

    def _implied(
        self, name: Cell, whole: Cell, parts: Iterable[Cell], strength: int = HARD
    ) -> None:
        """``name`` = whole - parts is a count of children that nobody prints but anybody can subtract."""
        self.system.add({name: 1, whole: -1, **dict.fromkeys(parts, 1)}, 0, 0, strength)
        self.system.implied.add(name)

    def _stock(self, pathway: str, wait: str, end: str) -> None:
        at = Cell(pathway, wait, "", "", "", end)
        waiting = at._replace(measure="waiting")
        if not self.has(waiting):
            return
        bands = self._bands(at)
        self.system.add({waiting: 1, **dict.fromkeys(bands, -1)}, 0, 0)
        lines = sorted(
            (days, cell)
            for cell, days in ((c, over_days(c.measure)) for c in self._measures(at))
            if days is not None
        )
        previous = waiting
        for days, cell in lines:
            above = [b for b, (lo, _) in bands.items() if lo > days]
            touching = [b for b, (_, hi) in bands.items() if hi > days]
            self.system.add(
                {cell: 1, **dict.fromkeys(above, -1)}, 0, _INF if above != touching else 0
            )
            if above != touching:
                self.system.add({cell: 1, **dict.fromkeys(touching, -1)}, -_INF, 0)
            if previous != waiting:
                self._implied(
                    cell._replace(measure=f"waiting less {cell.measure}"), waiting, [cell]
                )
            self._implied(
                cell._replace(measure=f"{previous.measure} less {cell.measure}"), previous, [cell]
            )
            previous = cell
        for measure in ("waiting_booked", "waiting_not_flowed"):
            if self.has(at._replace(measure=measure)):
                self._implied(
                    at._replace(measure=f"waiting less {measure}"),
                    waiting,
                    [at._replace(measure=measure)],
                )
        self._ageing(at, bands)

    def _measures(self, at: Cell) -> list[Cell]:
        if not hasattr(self, "_by_place"):
            self._by_place: dict[tuple[str, str, str], list[Cell]] = {}
            for cell in self.cells.all():
                if not cell.group and not cell.start:
                    self._by_place.setdefault((cell.pathway, cell.wait, cell.end), []).append(cell)
        return self._by_place.get((at.pathway, at.wait, at.end), [])

    def _bands(self, at: Cell) -> dict[Cell, tuple[int, float]]:
        """The bands of one list, printed or not, with their days."""
        printed = {
            c: edges for c in self._measures(at) if (edges := band_edges(c.measure)) is not None
        }
        if printed:
            return dict(sorted(printed.items(), key=lambda item: item[1]))
        return {
            at._replace(measure=f"unprinted band {lo}"): (lo, _INF if hi is None else hi)
            for lo, hi in BANDS
        }

    def _ageing(self, at: Cell, bands: Mapping[Cell, tuple[int, float]]) -> None:
        """A month's list is last month's grown older, less those who left, plus those who started."""
        start = self.cells.starts.get(at.end)
        if start is None:
            return
        days = (date.fromisoformat(at.end) - date.fromisoformat(start)).days
        began = at._replace(measure="starts", start=start)
        young = [b for b, (_, hi) in bands.items() if hi <= days]
        if self.has(began) and young:
            self.system.add({began: 1, **dict.fromkeys(young, -1)}, 0, _INF, LIKELY)
        before_end = (date.fromisoformat(start) - timedelta(days=1)).isoformat()
        before = (
            self._bands(at._replace(end=before_end))
            if self.has(at._replace(measure="waiting", end=before_end))
            else {}
        )
        if not before:
            return
        left = [at._replace(measure=m, start=start) for m in ("completed", "removed_other")]
        for line in (126, 364):
            now_over = [b for b, (lo, _) in bands.items() if lo > line]
            was_over = [b for b, (lo, _) in before.items() if lo > line]
            near = [b for b, (_, hi) in before.items() if hi > line - days - 1]
            self.system.add(
                {**dict.fromkeys(near, 1), **dict.fromkeys(now_over, -1)}, 0, _INF, LIKELY
            )
            if all(self.has(cell) for cell in left):
                self.system.add(
                    {
                        **dict.fromkeys(now_over, 1),
                        **dict.fromkeys(was_over, -1),
                        **dict.fromkeys(left, 1),
                    },
                    0,
                    _INF,
                    LIKELY,
                )

    def _flow(self, pathway: str, wait: str, start: str, end: str) -> None:
        """waiting = waiting before + starts - completed - removed_other; an unprinted flow counts as 0 or more."""
        at = Cell(pathway, wait, "", "", start, end)
        flows = {m: at._replace(measure=m) for m in FLOWS}
        if not any(self.has(c) for c in flows.values()):
            return
        now = at._replace(measure="waiting", start="")
        before = now._replace(end=(date.fromisoformat(start) - timedelta(days=1)).isoformat())
        for cell in flows.values():
            if not self.has(cell):
                self.system.bounds.setdefault(cell, (0.0, _INF))
                self.system.implied.add(cell)
        if self.has(now) and self.has(before):
            self.system.add(
                {
                    now: 1,
                    before: -1,
                    flows["starts"]: -1,
                    flows["completed"]: 1,
                    flows["removed_other"]: 1,
                },
                0,
                0,
            )
        following = self.chained.get((pathway, wait))
        if following is not None:
            fed = flows["starts"]._replace(wait=following)
            if self.has(fed) or self.has(flows["completed"]):
                self.system.add({flows["completed"]: 1, fed: -1}, 0, 0, LIKELY)

    def _pathway(self, pathway: str, start: str, end: str) -> None:
        """Referrals of a period are at least the starts of a first wait; EHC counts are tied to its two waits."""
        referrals = Cell(pathway, "", "referrals", "", start, end)
        first = [w for p, w in self.waits if p == pathway and (p, w) in self.first_waits]
        for wait in first:
            starts = referrals._replace(wait=wait, measure="starts")
            flowing = any(
                self.has(starts._replace(measure=m)) for m in FLOWS
            )  # starts are there, printed or not
            if self.has(referrals) and flowing:
                if (pathway, wait) in self.equal_waits:
                    self.system.add({referrals: 1, starts: -1}, 0, 0, LIKELY)
                else:
                    self._implied(
                        referrals._replace(measure=f"referrals less starts {wait}"),
                        referrals,
                        [starts],
                        LIKELY,
                    )
        issued = referrals._replace(measure="plans_issued")
        plans = issued._replace(wait="plan", measure="completed")
        if self.has(issued) and self.has(plans):
            self._implied(
                issued._replace(measure="plans_issued less completed"), issued, [plans], LIKELY
            )
        refused = ratio_parts(referrals._replace(measure="requests_refused_pct"))[0]
        late = ratio_parts(referrals._replace(measure="refusals_within_16_weeks_pct"))[1]
        ended = referrals._replace(wait="plan", measure="removed_other")
        if self.has(refused) and self.has(late) and self.has(ended):
            self._implied(
                ended._replace(measure="removed less refused"), ended, [refused, late], LIKELY
            )

    @property
    def first_waits(self) -> set[tuple[str, str]]:
        """Waits that never start more often than the pathway is referred to, as far as anything printed says."""
        if not hasattr(self, "_first"):
            self._first: set[tuple[str, str]] = set()
            self._equal: set[tuple[str, str]] = set()
            pairs: dict[tuple[str, str], list[tuple[tuple[float, float], tuple[float, float]]]] = {}
            for cell in self.cells.all():
                if cell.measure in FLOWS and not cell.group:
                    pairs.setdefault((cell.pathway, cell.wait), [])
                if cell.measure == "starts" and not cell.group:
                    referrals = self.cells.shown.get(cell._replace(wait="", measure="referrals"))
                    starts = self.cells.shown.get(cell)
                    here = pairs.setdefault((cell.pathway, cell.wait), [])
                    if referrals is not None and starts is not None:
                        here.append((referrals, starts))
            fed = {(p, w) for (p, _), w in self.chained.items()}
            for wait, both in pairs.items():
                if wait not in fed and all(r[1] >= s[0] for r, s in both):
                    self._first.add(wait)
                    if len(both) >= 3 and all(r == s for r, s in both):
                        self._equal.add(wait)
        return self._first

    @property
    def equal_waits(self) -> set[tuple[str, str]]:
        return self._equal if self.first_waits else set()

    def _longer_periods(self) -> None:
        """Counts of a year, or of the year to date, are the sums of their months; months not printed are 0 or more."""
        months: dict[Cell, list[Cell]] = {}
        longer = []
        unprinted = [q for q in self.system.bounds if q.measure in FLOWS and not self.has(q)]
        for cell in [*self.cells.all(), *unprinted]:
            if cell.start and self.cells.starts.get(cell.end) == cell.start:
                months.setdefault(cell._replace(start="", end=""), []).append(cell)
            elif cell.start:
                longer.append(cell)
        for cell in longer:
            parts = [
                m
                for m in months.get(cell._replace(start="", end=""), [])
                if m.start >= cell.start and m.end <= cell.end
            ]
            if not parts:
                continue
            days = sum(
                (date.fromisoformat(m.end) - date.fromisoformat(m.start)).days + 1 for m in parts
            )
            whole = days == (date.fromisoformat(cell.end) - date.fromisoformat(cell.start)).days + 1
            self.system.add({cell: 1, **dict.fromkeys(parts, -1)}, 0, 0 if whole else _INF)

    def _breakdowns(self) -> None:
        """Groups of one column add up to the county row; within a group longer waits are part of all waits."""
        columns: dict[tuple[str, Cell], list[Cell]] = {}
        for cell in self.cells.all():
            if cell.group:
                columns.setdefault(
                    (cell.group.split("=", 1)[0], cell._replace(group="")), []
                ).append(cell)
        for (_, whole), parts in columns.items():
            if self.has(whole):
                self.system.add({whole: 1, **dict.fromkeys(parts, -1)}, 0, 0)
        ladders: dict[Cell, list[tuple[int, Cell]]] = {}
        for cells in columns.values():
            for cell in cells:
                days = 0 if cell.measure == "waiting" else over_days(cell.measure)
                if days is not None:
                    ladders.setdefault(cell._replace(measure=""), []).append((days, cell))
        for steps in ladders.values():
            steps.sort()
            for (_, upper), (_, lower) in zip(steps, steps[1:], strict=False):
                self._implied(
                    lower._replace(measure=f"{upper.measure} less {lower.measure}"), upper, [lower]
                )
            for _, lower in steps[2:]:
                self._implied(
                    lower._replace(measure=f"{steps[0][1].measure} less {lower.measure}"),
                    steps[0][1],
                    [lower],
                )

    def _percentages(self) -> None:
        """A denominator is often another printed count; numerators of one period nest."""
        wholes = [c for c in self.cells.all() if c.measure.endswith("#den")]
        for den in wholes:
            measure = den.measure.removesuffix("#den")
            num = den._replace(measure=measure + "#num")
            self.system.add({den: 1, num: -1}, 0, _INF)
            base = base_count(den.wait, measure)
            if base is not None and base[1] != "waiting" and measure != "within_20_weeks_excl_pct":
                count = den._replace(wait=base[0], measure=base[1])
                if self.has(count):
                    self.system.add({den: 1, count: -1}, 0, 0, LIKELY)
            elif base == (den.wait, "waiting") and self.has(den._replace(measure="waiting")):
                self.system.add({den: 1, den._replace(measure="waiting"): -1}, 0, 0)
            if measure == "within_20_weeks_excl_pct":
                self._exceptions(den, num)

    def _exceptions(self, den: Cell, num: Cell) -> None:
        """Plans with a recorded exception: those with them less those without them, within 20 weeks or not."""
        all_num, all_den = ratio_parts(den._replace(measure="within_20_weeks_pct"))
        if not self.has(all_den):
            all_den = den._replace(measure="plans_issued")
        if not self.has(all_den):
            return
        name = den._replace(measure="exceptions")
        self._implied(name, all_den, [den])
        if self.has(all_num):
            within = den._replace(measure="exceptions within 20 weeks")
            self._implied(within, all_num, [num])
            self._implied(den._replace(measure="exceptions over 20 weeks"), name, [within])

    def _averages(self, pathway: str, wait: str, end: str) -> None:
        """What a mean, median, percentile or k-th longest wait says about the bands behind it."""
        at = Cell(pathway, wait, "", "", "", end)
        waiting = self.cells.shown.get(at._replace(measure="waiting"))
        if waiting is None or waiting[0] != waiting[1] or waiting[0] == 0:
            return
        n, bands = int(waiting[0]), self._bands(at)
        if all(
            b in self.cells.shown and self.cells.shown[b][0] == self.cells.shown[b][1]
            for b in bands
        ):
            return
        for cell in [
            c for c in self.cells.averages if c.wait == wait and c.end == end and not c.group
        ]:
            average = self.cells.averages[cell]
            days = average.weeks * 7
            under = [b for b, (_, hi) in bands.items() if hi < days - 1e-9]
            over = [b for b, (lo, _) in bands.items() if lo > days + 1e-9]
            if average.kind == "mean":
                total = round(days * n)
                self.system.add(
                    {b: lo for b, (lo, _) in bands.items() if lo}, -_INF, total, source=cell
                )
                if all(b in self.cells.shown for b, (_, hi) in bands.items() if hi == _INF):
                    top = {b: int(min(hi, 10000)) for b, (lo, hi) in bands.items()}
                    self.system.add(top, total, _INF, source=cell)
            elif average.kind == "longest":
                k = average.rank
                self.system.add(
                    dict.fromkeys([b for b, (lo, _) in bands.items() if lo >= days + 7], 1),
                    -_INF,
                    k - 1,
                    source=cell,
                )
                self.system.add(
                    dict.fromkeys([b for b, (_, hi) in bands.items() if hi >= days], 1),
                    k,
                    _INF,
                    source=cell,
                )
            else:
                share = Fraction(average.kind) if average.kind != "median" else Fraction(1, 2)
                rank = math.ceil(share * n)
                below, above = (
                    (n // 2, n // 2) if average.kind == "median" else (rank - 1, n - rank)
                )
                self.system.add(dict.fromkeys(under, 1), -_INF, below, source=cell)
                self.system.add(dict.fromkeys(over, 1), -_INF, above, source=cell)

    def _clearance(self) -> None:
        """A clearance time prints the completions of its 91 days."""
        for cell in [c for c in self.cells.all() if c.measure == "clearance_weeks#n"]:
            inside, touching = clearance_months(cell.end, self.cells.starts)
            months = [
                cell._replace(measure="completed", start=self.cells.starts[e], end=e)
                for e in inside
            ]
            months = [m for m in months if self.has(m)]
            self.system.add({cell: 1, **dict.fromkeys(months, -1)}, 0, _INF)
            every = [
                cell._replace(measure="completed", start=self.cells.starts[e], end=e)
                for e in touching
            ]
            covered = sum(
                (date.fromisoformat(e) - date.fromisoformat(self.cells.starts[e])).days + 1
                for e in touching
            )
            if covered >= 91 and all(self.has(m) for m in every):
                self.system.add({cell: 1, **dict.fromkeys(every, -1)}, -_INF, 0)
