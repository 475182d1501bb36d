"""Every number a report may print: one named function each, and the rows behind it.

A measure answers for a `View` (one wait, or one pathway) with a `Cell`: arrays over [period, group], group 0 = the
whole service. `figures` lays the cells out as the tidy table of the contract; `rows_behind` leads from any of them to
file and line. Percentages are exact fractions times 100, never rounded here. Sources: CONTRACT section 3; the field's
definitions in docs/METHODS.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import NEVER, Built, day_numbers
from sendwaits.measure import census
from sendwaits.measure.relations import Relation, mean_over, moves, part_of, share_of, whole
from sendwaits.pathways import BANDS, GROUPS, Pathway

__all__ = [
    "COLUMNS",
    "Measure",
    "MEASURES",
    "Periods",
    "figures",
    "measure_names",
    "periods",
    "rows_behind",
    "kth_longest_days",
]

COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
]


# --- periods ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Periods:
    """First and last day of each period, ascending; stocks are taken at the end of each last day."""

    first: tuple[date, ...]
    last: tuple[date, ...]

    @cached_property
    def days(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(
            np.array([_day(d) for d in side], dtype=np.int64) for side in (self.first, self.last)
        )  # type: ignore[return-value]


def _day(value: date) -> int:
    return (value - date(1970, 1, 1)).days


def periods(
    as_at: date, kind: str = "month", months: int = 24, earliest: date | None = None
) -> Periods:
    """The periods up to and including ``as_at``: ``month``, ``year`` or ``ytd``.

    ``month``: the calendar month of as_at from its first day to as_at, and the ``months`` - 1 whole months before.
    ``year``: calendar years from that of ``earliest`` (default: as_at), the year of as_at up to it. ``ytd``: 1 January to as_at.
    """
    if kind == "ytd":
        return Periods((as_at.replace(month=1, day=1),), (as_at,))
    if kind == "year":
        years = range((earliest or as_at).year, as_at.year + 1)
        return Periods(
            tuple(date(y, 1, 1) for y in years), tuple(min(date(y, 12, 31), as_at) for y in years)
        )
    if kind != "month":
        raise Refused(f"No period '{kind}'. Choose one of: month, year, ytd.")
    if not 1 <= months <= 1200:
        raise Refused("--months must be a whole number from 1 to 1200.")
    firsts = []
    year, month = as_at.year, as_at.month
    for _ in range(months):
        firsts.append(date(year, month, 1))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    firsts.reverse()
    return Periods(tuple(firsts), (*(first - timedelta(days=1) for first in firsts[1:]), as_at))


# --- what a measure sees ---------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """Values over [period, group], NaN = undefined; ``n`` as the contract has it; fraction only for percentages."""

    value: np.ndarray
    n: np.ndarray
    numerator: np.ndarray | None = None
    denominator: np.ndarray | None = None


def _count(counts: np.ndarray) -> Cell:
    return Cell(counts.astype(float), counts)


def _average(value: np.ndarray, n: np.ndarray) -> Cell:
    return Cell(np.where(n > 0, value, np.nan), n)


def _percent(numerator: np.ndarray, denominator: np.ndarray) -> Cell:
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(denominator > 0, 100 * numerator / denominator, np.nan)
    return Cell(value, denominator, numerator, denominator)


class View:
    """The rows of one wait (or of one pathway) with the periods and groups they are counted by."""

    def __init__(
        self, rows: pd.DataFrame, pathway: Pathway, times: Periods, group: str, names: list[str]
    ) -> None:
        self.rows, self.pathway, self.times = rows, pathway, times
        if group:
            lookup = {name: at for at, name in enumerate(names)}
            column = rows[group]
            to = np.array([lookup[c] for c in column.cat.categories], dtype=np.int64)
            self.group = to[column.cat.codes.to_numpy()] if len(rows) else np.array([], np.int64)
            self.n_groups = len(names)
        else:
            self.group, self.n_groups = np.zeros(len(rows), np.int64), 1
        self.start = day_numbers(rows["start"])

    def events(
        self, day: np.ndarray, mask: np.ndarray | None = None, waited: np.ndarray | None = None
    ) -> census.Flows:
        """How many events fall in each period and group; ``mask`` keeps some rows."""
        keep = day < NEVER if mask is None else mask & (day < NEVER)
        return census.flows(
            day[keep],
            self.group[keep],
            self.n_groups,
            self.times.days,
            None if waited is None else waited[keep],
        )

    def day(self, column: str) -> np.ndarray:
        return day_numbers(self.rows[column])


class WaitView(View):
    """One wait: stocks and flows shared by its measures, each computed once."""

    def __init__(
        self,
        rows: pd.DataFrame,
        pathway: Pathway,
        times: Periods,
        group: str,
        names: list[str],
        standard_days: int | None,
    ) -> None:
        super().__init__(rows, pathway, times, group, names)
        self.standard_days = standard_days
        self.stop = day_numbers(rows["stop"])
        self.is_completed = rows["completed"].to_numpy()

    @cached_property
    def stocks(self) -> census.Stocks:
        over = tuple(7 * w for w in self.pathway.over_weeks)
        return census.stocks(
            self.start, self.stop, self.group, self.n_groups, self.times.days[1], over, BANDS
        )

    def still(self, mask: np.ndarray, until: np.ndarray | None = None) -> np.ndarray:
        """Open waits among the rows of ``mask`` at each census, only while the census day is before ``until`` of the row."""
        end = self.stop if until is None else np.minimum(self.stop, until)
        return census.stocks(
            self.start[mask], end[mask], self.group[mask], self.n_groups, self.times.days[1]
        ).waiting

    @cached_property
    def completions(self) -> census.Flows:
        return self.events(self.stop, self.is_completed, self.stop - self.start)

    def recent(self, days: int) -> np.ndarray:
        """Completions in the ``days`` days up to and including each census day."""
        done = self.is_completed
        last = self.times.days[1]
        counts = [
            census.flows(
                self.stop[done],
                self.group[done],
                self.n_groups,
                (np.array([t - days + 1]), np.array([t])),
            ).count[0]
            for t in last
        ]
        return np.array(counts)


# --- the measures ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """One measure: its name, unit, when it is taken (``stock``, ``flow`` or ``pathway``), its function, rows and relation.

    ``relation`` ties it to other measures. Without one the measure is counted, but the door does not release it.
    """

    name: str
    unit: str
    kind: str
    cell: Callable[..., Cell]
    behind: Callable[..., np.ndarray]
    applies: Callable[[Pathway, object], bool]
    relation: Relation | None = None

    @property
    def meaning(self) -> str:
        return (self.cell.__doc__ or "").strip().splitlines()[0]


MEASURES: dict[str, Measure] = {}

_always = lambda pathway, wait: True  # noqa: E731
_ehc = lambda pathway, wait: pathway.timeliness  # noqa: E731


def _measure(
    name: str,
    unit: str,
    kind: str,
    behind: Callable[..., np.ndarray],
    applies: Callable[..., bool] = _always,
    relation: Relation | None = None,
) -> Callable:
    def register(function: Callable[..., Cell]) -> Callable[..., Cell]:
        MEASURES[name] = Measure(name, unit, kind, function, behind, applies, relation)
        return function

    return register


# rows behind: masks over the rows of a view for one census day (stocks) or one period (flows)
def _open(v: WaitView, first: int, last: int) -> np.ndarray:
    return (v.start <= last) & (v.stop > last)


def _done(v: WaitView, first: int, last: int) -> np.ndarray:
    return v.is_completed & (v.stop >= first) & (v.stop <= last)


@_measure("waiting", "count", "stock", _open, relation=whole())
def waiting(v: WaitView) -> Cell:
    """Open waits at the end of the census day: started on or before it, not stopped on or before it (children's waits)."""
    return _count(v.stocks.waiting)


def _over_measure(weeks: int) -> None:
    def cell(v: WaitView) -> Cell:
        return _count(v.stocks.over[7 * weeks])

    cell.__doc__ = f"Open waits longer than {weeks} weeks (more than {7 * weeks} days) at the end of the census day."
    name = f"waiting_over_{weeks}_weeks"
    _measure(
        name,
        "count",
        "stock",
        lambda v, f, t: _open(v, f, t) & (t - v.start > 7 * weeks),
        lambda pathway, wait: weeks in pathway.over_weeks,
        part_of("waiting", (7 * weeks + 1, None)),
    )(cell)


for _weeks in (18, 20, 52):
    _over_measure(_weeks)


def _band_measure(at: int) -> None:
    low, high = BANDS[at]

    def cell(v: WaitView) -> Cell:
        return _count(v.stocks.bands[at])

    cell.__doc__ = f"Open waits of {low} {'days or more' if high is None else f'to {high} days'} (community SitRep band, both ends inclusive)."
    _measure(
        f"waiting_band_{low}_{'plus' if high is None else high}",
        "count",
        "stock",
        lambda v, f, t: (
            _open(v, f, t)
            & (t - v.start >= low)
            & (t - v.start <= (NEVER if high is None else high))
        ),
        relation=part_of("waiting", (low, high)),
    )(cell)


for _at in range(len(BANDS)):
    _band_measure(_at)


@_measure(
    "waiting_booked",
    "count",
    "stock",
    lambda v, f, t: _open(v, f, t) & _after(v, v.pathway.booked, t),
    lambda pathway, wait: pathway.booked is not None,
    relation=part_of("waiting"),
)
def waiting_booked(v: WaitView) -> Cell:
    """Open waits whose next appointment, as last recorded, lies after the census day."""
    booked = v.day(v.pathway.booked or "")
    return _count(v.still(booked < NEVER, booked))


def _after(v: WaitView, column: str | None, day: int) -> np.ndarray:
    when = v.day(column or "")
    return (when > day) & (when < NEVER)


def _not_flowing(v: WaitView) -> np.ndarray:
    return (v.stop == NEVER) & ~v.rows["in_newest"].to_numpy()


@_measure(
    "waiting_not_flowed",
    "count",
    "stock",
    lambda v, f, t: _open(v, f, t) & _not_flowing(v),
    relation=part_of("waiting"),
)
def waiting_not_flowed(v: WaitView) -> Cell:
    """Open waits still open at as_at by a record that is absent from the newest extract on or before as_at."""
    return _count(v.still(_not_flowing(v)))


@_measure("mean_weeks_open", "weeks", "stock", _open, relation=mean_over("waiting"))
def mean_weeks_open(v: WaitView) -> Cell:
    """Mean wait so far of the open waits, weeks (days / 7); undefined when nobody waits."""
    n = v.stocks.waiting
    return _average(v.stocks.total_days / np.maximum(n, 1) / 7, n)


@_measure("median_weeks_open", "weeks", "stock", _open, relation=mean_over("waiting"))
def median_weeks_open(v: WaitView) -> Cell:
    """Median wait so far of the open waits, weeks; the mean of the two middle values when their number is even."""
    return _average(v.stocks.median_days / 7, v.stocks.waiting)


@_measure("p92_weeks_open", "weeks", "stock", _open, relation=mean_over("waiting"))
def p92_weeks_open(v: WaitView) -> Cell:
    """Smallest wait that at least 92 % of the open waits do not exceed, weeks (nearest rank)."""
    return _average(v.stocks.p92_days / 7, v.stocks.waiting)


@_measure("longest_weeks_open", "weeks", "stock", _open, relation=mean_over("waiting"))
def longest_weeks_open(v: WaitView) -> Cell:
    """Longest wait so far among the open waits, weeks. One child's wait: released only as the k-th longest."""
    return _average(v.stocks.longest_days / 7, v.stocks.waiting)


@_measure(
    "within_review_pct",
    "percent",
    "stock",
    _open,
    lambda pathway, wait: pathway.review is not None,
    relation=share_of("waiting"),
)
def within_review_pct(v: WaitView) -> Cell:
    """Open waits with a review date on or after the census day / open waits; no review date = not within."""
    review = v.day(v.pathway.review or "")
    return _percent(v.still(review < NEVER, review + 1), v.stocks.waiting)


@_measure(
    "clearance_weeks",
    "weeks",
    "stock",
    lambda v, f, t: _done(v, t - 90, t),
    relation=mean_over("completed", days_back=91),
)
def clearance_weeks(v: WaitView) -> Cell:
    """Weeks to clear the list at the recent rate: waiting / (completed in the 91 days to the census day / 13)."""
    done = v.recent(91)
    return _average(v.stocks.waiting / (np.maximum(done, 1) / 13), done)


@_measure(
    "starts",
    "count",
    "flow",
    lambda v, f, t: (v.start >= f) & (v.start <= t),
    relation=moves("waiting"),
)
def starts(v: WaitView) -> Cell:
    """Waits whose clock started in the period."""
    return _count(v.events(v.start).count)


@_measure("completed", "count", "flow", _done, relation=moves("waiting"))
def completed(v: WaitView) -> Cell:
    """Waits completed (seen, assessed, issued ...) in the period; removals are not among them."""
    return _count(v.completions.count)


@_measure(
    "removed_other",
    "count",
    "flow",
    lambda v, f, t: ~v.is_completed & (v.stop >= f) & (v.stop <= t),
    relation=moves("waiting"),
)
def removed_other(v: WaitView) -> Cell:
    """Waits that left the list in the period without being completed (closed, withdrawn, refused)."""
    return _count(v.events(v.stop, ~v.is_completed).count)


@_measure("mean_weeks_completed", "weeks", "flow", _done, relation=mean_over("completed"))
def mean_weeks_completed(v: WaitView) -> Cell:
    """Mean whole wait of the waits completed in the period, weeks."""
    done = v.completions
    return _average(done.total_days / np.maximum(done.count, 1) / 7, done.count)


@_measure("median_weeks_completed", "weeks", "flow", _done, relation=mean_over("completed"))
def median_weeks_completed(v: WaitView) -> Cell:
    """Median whole wait of the waits completed in the period, weeks."""
    return _average(v.completions.median_days / 7, v.completions.count)


@_measure(
    "within_standard_pct",
    "percent",
    "flow",
    _done,
    lambda pathway, wait: wait is not None and wait.standard_days is not None,
    relation=share_of("completed"),
)
def within_standard_pct(v: WaitView) -> Cell:
    """Completed within the standard (its last day included) / completed, in the period."""
    on_time = v.is_completed & (v.stop - v.start <= (v.standard_days or 0))
    return _percent(v.events(v.stop, on_time).count, v.completions.count)


# measures of a pathway (empty wait): rows are its counted referrals
def _in(day: np.ndarray, first: int, last: int) -> np.ndarray:
    return (day >= first) & (day <= last)


def _received(v: View) -> np.ndarray:
    history = v.pathway.history
    return (
        np.ones(len(v.rows), bool)
        if history is None
        else ~v.rows[history.column].isin(history.values).to_numpy()
    )


@_measure(
    "referrals",
    "count",
    "pathway",
    lambda v, f, t: _in(v.start, f, t) & _received(v),
    relation=whole(),
)
def referrals(v: View) -> Cell:
    """Referrals (EHC: requests) received in the period, rejected ones included, linked duplicates and history not."""
    return _count(v.events(v.start, _received(v)).count)


@_measure(
    "rejected",
    "count",
    "pathway",
    lambda v, f, t: _in(v.day(v.pathway.rejected), f, t),
    lambda pathway, wait: pathway.rejected is not None,
    relation=part_of("referrals"),
)
def rejected(v: View) -> Cell:
    """Referrals rejected in the period, by the date of rejection."""
    return _count(v.events(v.day(v.pathway.rejected or "")).count)


def _plans(v: View) -> np.ndarray:
    """Day of the final plan of every request whose plan counts: not decided before this collection in both stages."""
    plan = v.pathway.wait("plan")
    history = np.logical_and.reduce(
        [v.rows[w.column].isin(w.values).to_numpy() for w in plan.absent]
    )
    return np.where(history, NEVER, v.day(plan.completed))


def _not_excepted(v: View) -> np.ndarray:
    return (v.rows["week20"] != "1").to_numpy()


@_measure(
    "plans_issued",
    "count",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t),
    _ehc,
    relation=whole("completed", "plan"),
)
def plans_issued(v: View) -> Cell:
    """Final plans issued in the period, after an overturned refusal too."""
    return _count(v.events(_plans(v)).count)


@_measure(
    "within_20_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t),
    _ehc,
    relation=share_of("plans_issued"),
)
def within_20_weeks_pct(v: View) -> Cell:
    """Issued cohort: plans issued within 140 days of the request / plans issued, exceptions included."""
    plans = _plans(v)
    return _percent(v.events(plans, plans - v.start <= 140).count, v.events(plans).count)


@_measure(
    "within_20_weeks_excl_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t) & _not_excepted(v),
    _ehc,
    relation=share_of("plans_issued", some=True),
)
def within_20_weeks_excl_pct(v: View) -> Cell:
    """Issued cohort without recorded exceptions (week20 = 1 dropped from both sides)."""
    plans, plain = _plans(v), _not_excepted(v)
    return _percent(
        v.events(plans, plain & (plans - v.start <= 140)).count, v.events(plans, plain).count
    )


def _due(v: View) -> tuple[np.ndarray, np.ndarray]:
    """Day 140 of every plan wait not removed by then (`NEVER` for the others), and whether it was completed by then."""
    stop, done, due = (
        day_numbers(v.rows["plan_stop"]),
        v.rows["plan_completed"].to_numpy(),
        v.start + 140,
    )
    there = v.rows["plan_wait"].to_numpy() & ~(~done & (stop <= due))
    return np.where(there, due, NEVER), done & (stop <= due)


@_measure(
    "due_within_20_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_due(v)[0], f, t),
    _ehc,
    relation=share_of(),
)
def due_within_20_weeks_pct(v: View) -> Cell:
    """Due cohort: plan waits whose day 140 lies in the period and that were not removed by then; completed by then / all."""
    due, on_time = _due(v)
    return _percent(v.events(due, on_time).count, v.events(due).count)


def _coded(v: View, column: str, *codes: str) -> np.ndarray:
    return v.rows[column].isin(codes).to_numpy()


@_measure(
    "decisions_within_6_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("request_outcome_date"), f, t) & _coded(v, "request_outcome", "Y", "N")
    ),
    _ehc,
    relation=share_of("completed", "decision"),
)
def decisions_within_6_weeks_pct(v: View) -> Cell:
    """Decisions whether to assess (yes or no) within 42 days of the request / such decisions, by the date of the decision."""
    day, decided = v.day("request_outcome_date"), _coded(v, "request_outcome", "Y", "N")
    return _percent(
        v.events(day, decided & (day - v.start <= 42)).count, v.events(day, decided).count
    )


@_measure(
    "refusals_within_16_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("assessment_outcome_date"), f, t) & _coded(v, "assessment_outcome", "N")
    ),
    _ehc,
    relation=share_of(removes=("denominator", "plan")),
)
def refusals_within_16_weeks_pct(v: View) -> Cell:
    """Decisions not to issue a plan within 112 days of the request / such decisions, by their date."""
    day, refused = v.day("assessment_outcome_date"), _coded(v, "assessment_outcome", "N")
    return _percent(
        v.events(day, refused & (day - v.start <= 112)).count, v.events(day, refused).count
    )


@_measure(
    "requests_refused_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("request_outcome_date"), f, t) & _coded(v, "request_outcome", "Y", "N")
    ),
    _ehc,
    relation=share_of("completed", "decision", removes=("numerator", "plan")),
)
def requests_refused_pct(v: View) -> Cell:
    """Decisions not to assess / decisions whether to assess, by the date of the decision."""
    day = v.day("request_outcome_date")
    return _percent(
        v.events(day, _coded(v, "request_outcome", "N")).count,
        v.events(day, _coded(v, "request_outcome", "Y", "N")).count,
    )


# --- the table -------------------------------------------------------------------------------------------------------


def measure_names(pathway: Pathway) -> list[tuple[str, str]]:
    """Every (wait, measure) that `figures` prints for a pathway; wait is empty for measures of the whole pathway."""
    pairs = [
        ("", m.name) for m in MEASURES.values() if m.kind == "pathway" and m.applies(pathway, None)
    ]
    pairs += [
        (w.name, m.name)
        for w in pathway.waits
        for m in MEASURES.values()
        if m.kind != "pathway" and m.applies(pathway, w)
    ]
    return pairs


def _counted(built: Built, pathway: Pathway) -> pd.DataFrame:
    """Referrals that count (no linked duplicates); for EHC with the stop of their plan wait beside them."""
    rows = built.referrals[built.referrals["duplicate_of"] < 0].reset_index(drop=True)
    if pathway.timeliness:
        plan = built.waits[built.waits["wait"] == "plan"].set_index("record")
        rows = rows.assign(
            plan_wait=rows["record"].isin(plan.index),
            plan_stop=rows["record"].map(plan["stop"]),
            plan_completed=rows["record"].map(plan["completed"]).eq(True).to_numpy(bool),
        )
    return rows


def _views(
    built: Built, pathway: Pathway, times: Periods, group: str
) -> tuple[dict[str, View], list[str]]:
    counted = _counted(built, pathway)
    names = sorted(counted[group].cat.remove_unused_categories().cat.categories) if group else []
    views: dict[str, View] = {
        "": View(counted, pathway, times, group, _all_names(counted, group, names))
    }
    for wait in pathway.waits:
        rows = built.waits[built.waits["wait"] == wait.name]
        views[wait.name] = WaitView(
            rows, pathway, times, group, _all_names(rows, group, names), wait.standard_days
        )
    return views, names


def _all_names(rows: pd.DataFrame, group: str, names: list[str]) -> list[str]:
    """The groups printed, then the categories that no counted row has (needed to place every code, never printed)."""
    return names + [c for c in rows[group].cat.categories if c not in names] if group else []


def figures(built: Built, pathway: Pathway, times: Periods, group: str = "") -> pd.DataFrame:
    """The tidy table: one row per wait, measure, group and period, `COLUMNS`, sorted by them.

    ``value`` is exact, NaN where undefined (then n = 0). ``group``: one of `GROUPS` adds ``column=value`` rows to the totals.
    """
    if group and group not in GROUPS:
        raise Refused(f"No group '{group}'. Choose one of: {', '.join(GROUPS)}.")
    views, names = _views(built, pathway, times, group)
    labels = ["", *(f"{group}={name}" for name in names)]
    parts: dict[str, list] = {c: [] for c in COLUMNS}
    size = len(labels) * len(times.last)
    for wait, name in sorted(measure_names(pathway)):
        _append(parts, wait, MEASURES[name], views[wait], labels, times)
    rows = len(parts["measure"])
    flat = {
        c: np.concatenate(parts[c]) if rows else np.array([])
        for c in ("value", "numerator", "denominator", "n", "group", "period_start", "period_end")
    }
    table = pd.DataFrame(
        {
            "pathway": np.repeat(pathway.code, rows * size),
            "wait": np.repeat(parts["wait"], size),
            "measure": np.repeat(parts["measure"], size),
            "group": flat["group"],
            "period_start": flat["period_start"],
            "period_end": flat["period_end"],
            "value": flat["value"],
            "unit": np.repeat(parts["unit"], size),
            **{
                c: pd.arrays.IntegerArray(flat[c].astype("int64"), flat[c] < 0)
                for c in ("numerator", "denominator", "n")
            },
        }
    )
    return table[COLUMNS]


def _append(
    parts: dict[str, list],
    wait: str,
    measure: Measure,
    view: View,
    labels: list[str],
    times: Periods,
) -> None:
    cell = measure.cell(view)
    shown = slice(0, len(labels))
    order = sorted(range(len(labels)), key=lambda at: labels[at])

    def flat(values: np.ndarray | None, missing: float = -1) -> np.ndarray:
        if values is None:
            return np.full(len(labels) * len(times.last), missing)
        return values[:, shown][:, order].T.ravel()

    ends = [d.isoformat() for d in times.last]
    begins = [""] * len(ends) if measure.kind == "stock" else [d.isoformat() for d in times.first]
    for column, value in (("wait", wait), ("measure", measure.name), ("unit", measure.unit)):
        parts[column].append(value)
    parts["group"].append(np.repeat([labels[at] for at in order], len(ends)))
    parts["period_start"].append(np.tile(begins, len(labels)))
    parts["period_end"].append(np.tile(ends, len(labels)))
    parts["value"].append(flat(cell.value))
    parts["n"].append(flat(cell.n))
    parts["numerator"].append(flat(cell.numerator))
    parts["denominator"].append(flat(cell.denominator))


def rows_behind(
    built: Built,
    pathway: Pathway,
    wait: str,
    measure: str,
    first: date | None,
    last: date,
    group: str = "",
) -> pd.DataFrame:
    """The rows that a printed number counts: file and row, clock start and stop; one row per wait (or referral).

    ``first`` is None for stocks. ``group`` as printed: empty or ``column=value``. Of a percentage: its denominator.
    Raises `Refused` naming what there is.
    """
    pairs = measure_names(pathway)
    if (wait, measure) not in pairs:
        known = sorted({m for w, m in pairs if w == wait})
        raise Refused(
            f"{pathway.code} has no measure '{measure}'"
            + (f" for the wait '{wait}'. " if wait else ". ")
            + (
                f"Choose one of: {', '.join(known)}."
                if known
                else f"Waits: {', '.join(w.name for w in pathway.waits)}."
            )
        )
    views, _ = _views(built, pathway, Periods((first or last,), (last,)), "")
    view = views[wait]
    mask = MEASURES[measure].behind(view, _day(first or last), _day(last))
    if group:
        column, _, value = group.partition("=")
        if column not in GROUPS:
            raise Refused(f"No group '{column}'. Choose one of: {', '.join(GROUPS)}.")
        mask &= (view.rows[column] == value).to_numpy()
    columns = [
        "source_file",
        "source_row",
        "start",
        *(c for c in ("stop", "completed") if c in view.rows),
    ]
    found = view.rows.loc[mask, columns].sort_values(
        ["source_file", "source_row"], ignore_index=True
    )
    end = (
        found["stop"].where(found["stop"] <= pd.Timestamp(last)).fillna(pd.Timestamp(last))
        if "stop" in found
        else None
    )
    return found if end is None else found.assign(days=(end - found["start"]).dt.days)


def kth_longest_days(
    built: Built, wait: str, census_days: Periods, k: int, group: str = ""
) -> pd.DataFrame:
    """Days waited by the k-th longest open wait on each census day, NaN under k: ``group, period_end, days``."""
    rows = built.waits[built.waits["wait"] == wait]
    start, stop = day_numbers(rows["start"]), day_numbers(rows["stop"])
    masks = {"": np.ones(len(rows), bool)}
    if group:
        masks |= {
            f"{group}={name}": (rows[group] == name).to_numpy()
            for name in rows[group].cat.categories
        }
    found = []
    for label, mask in masks.items():
        for day, last in zip(census_days.days[1], census_days.last, strict=True):
            waited = np.sort(day - start[mask & (start <= day) & (stop > day)])
            found.append(
                (label, last.isoformat(), float(waited[-k]) if len(waited) >= k else np.nan)
            )
    return pd.DataFrame(found, columns=["group", "period_end", "days"])
