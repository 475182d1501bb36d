"""Measures once per pathway: referrals received and rejected, and the statutory times of requests and plans.

Rows are the pathway's counted referrals. Source: CONTRACT section 3, rules 5 and 6.
"""

from __future__ import annotations

import numpy as np

from sendwaits.intake.waits import NEVER, day_numbers
from sendwaits.measure.registry import measure, statutory
from sendwaits.measure.relations import part_of, share_of, whole
from sendwaits.measure.views import Cell, View, count, percent

__all__: list[str] = []


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


@measure(
    "referrals",
    "count",
    "pathway",
    lambda v, f, t: _in(v.start, f, t) & _received(v),
    relation=whole(),
)
def referrals(v: View) -> Cell:
    """Referrals (EHC: requests) received in the period, rejected ones included, linked duplicates and history not."""
    return count(v.events(v.start, _received(v)).count)


@measure(
    "rejected",
    "count",
    "pathway",
    lambda v, f, t: _in(v.day(v.pathway.rejected), f, t),
    lambda pathway, wait: pathway.rejected is not None,
    relation=part_of("referrals"),
)
def rejected(v: View) -> Cell:
    """Referrals rejected in the period, by the date of rejection."""
    return count(v.events(v.day(v.pathway.rejected or "")).count)


def _plans(v: View) -> np.ndarray:
    """Day of the final plan of every request whose plan counts: not decided before this collection in both stages."""
    plan = v.pathway.wait("plan")
    history = np.logical_and.reduce(
        [v.rows[w.column].isin(w.values).to_numpy() for w in plan.absent]
    )
    return np.where(history, NEVER, v.day(plan.completed))


def _not_excepted(v: View) -> np.ndarray:
    return (v.rows["week20"] != "1").to_numpy()


@measure(
    "plans_issued",
    "count",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t),
    statutory,
    relation=whole("completed", "plan"),
)
def plans_issued(v: View) -> Cell:
    """Final plans issued in the period, after an overturned refusal too."""
    return count(v.events(_plans(v)).count)


@measure(
    "within_20_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t),
    statutory,
    relation=share_of("plans_issued"),
)
def within_20_weeks_pct(v: View) -> Cell:
    """Issued cohort: plans issued within 140 days of the request / plans issued, exceptions included."""
    plans = _plans(v)
    return percent(v.events(plans, plans - v.start <= 140).count, v.events(plans).count)


@measure(
    "within_20_weeks_excl_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_plans(v), f, t) & _not_excepted(v),
    statutory,
    relation=share_of("plans_issued", some=True),
)
def within_20_weeks_excl_pct(v: View) -> Cell:
    """Issued cohort without recorded exceptions (week20 = 1 dropped from both sides)."""
    plans, plain = _plans(v), _not_excepted(v)
    return percent(
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


@measure(
    "due_within_20_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: _in(_due(v)[0], f, t),
    statutory,
    relation=share_of(),
)
def due_within_20_weeks_pct(v: View) -> Cell:
    """Due cohort: plan waits whose day 140 lies in the period and that were not removed by then; completed by then / all."""
    due, on_time = _due(v)
    return percent(v.events(due, on_time).count, v.events(due).count)


def _coded(v: View, column: str, *codes: str) -> np.ndarray:
    return v.rows[column].isin(codes).to_numpy()


@measure(
    "decisions_within_6_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("request_outcome_date"), f, t) & _coded(v, "request_outcome", "Y", "N")
    ),
    statutory,
    relation=share_of("completed", "decision"),
)
def decisions_within_6_weeks_pct(v: View) -> Cell:
    """Decisions whether to assess (yes or no) within 42 days of the request / such decisions, by the date of the decision."""
    day, decided = v.day("request_outcome_date"), _coded(v, "request_outcome", "Y", "N")
    return percent(
        v.events(day, decided & (day - v.start <= 42)).count, v.events(day, decided).count
    )


@measure(
    "refusals_within_16_weeks_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("assessment_outcome_date"), f, t) & _coded(v, "assessment_outcome", "N")
    ),
    statutory,
    relation=share_of(removes=("denominator", "plan")),
)
def refusals_within_16_weeks_pct(v: View) -> Cell:
    """Decisions not to issue a plan within 112 days of the request / such decisions, by their date."""
    day, refused = v.day("assessment_outcome_date"), _coded(v, "assessment_outcome", "N")
    return percent(
        v.events(day, refused & (day - v.start <= 112)).count, v.events(day, refused).count
    )


@measure(
    "requests_refused_pct",
    "percent",
    "pathway",
    lambda v, f, t: (
        _in(v.day("request_outcome_date"), f, t) & _coded(v, "request_outcome", "Y", "N")
    ),
    statutory,
    relation=share_of("completed", "decision", removes=("numerator", "plan")),
)
def requests_refused_pct(v: View) -> Cell:
    """Decisions not to assess / decisions whether to assess, by the date of the decision."""
    day = v.day("request_outcome_date")
    return percent(
        v.events(day, _coded(v, "request_outcome", "N")).count,
        v.events(day, _coded(v, "request_outcome", "Y", "N")).count,
    )
