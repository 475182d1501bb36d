"""`figures` a second time, from the words of the contract alone: plain Python, loops over rows, no code of the package.

A row is a dict of canonical column -> `date`, text or None (blank). An extract is (extract date, list of rows) of rows that need no cleaning.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
BANDS = [(0, 7), (8, 14), (15, 28), (29, 84), (85, 126), (127, 364), (365, 728), (729, None)]
AGES = [(0, 4), (5, 10), (11, 15), (16, 19), (20, 25)]


@dataclass
class Stage:
    name: str
    start: str
    completed: str
    standard: int | None = None


@dataclass
class Service:
    code: str
    stages: list[Stage]
    ehc: bool = False
    review: bool = False
    closed: tuple[str, ...] = ("closed_date",)

    @property
    def record(self) -> str:
        return "request_id" if self.ehc else "referral_id"

    @property
    def start(self) -> str:
        return "request_date" if self.ehc else "referral_date"


SERVICES = {
    s.code: s
    for s in [
        Service(
            "NST",
            [
                Stage("assessment", "referral_date", "first_appointment_date", 91),
                Stage("outcome", "first_appointment_date", "outcome_date"),
                Stage("support", "outcome_date", "support_date"),
            ],
        ),
        Service(
            "OT_HEALTH",
            [
                Stage("assessment", "referral_date", "assessment_date", 126),
                Stage("treatment", "assessment_date", "treatment_date", 126),
            ],
        ),
        Service("OT_LA", [Stage("assessment", "referral_date", "assessment_date")], review=True),
        Service("SLCN", [Stage("contact", "referral_date", "first_contact_date", 126)]),
        Service("SLCN_AUTISM", [Stage("contact", "referral_date", "first_contact_date", 126)]),
        Service(
            "EHC",
            [
                Stage("decision", "request_date", "request_outcome_date", 42),
                Stage("plan", "request_date", "plan_date", 140),
            ],
            ehc=True,
        ),
    ]
}


@dataclass
class Wait:
    row: Row
    start: date
    stop: date | None
    completed: bool


@dataclass
class Kept:
    """A record that counts: its newest row, its waits by name, whether the newest extract has it."""

    row: Row
    in_newest: bool
    duplicate: bool = False
    waits: dict[str, Wait] = field(default_factory=dict)


def first(days: Iterable[date | None]) -> date | None:
    return min((d for d in days if d), default=None)


def staged_waits(service: Service, row: Row) -> dict[str, Wait]:
    """Waits of a row of every pathway but EHC."""
    if row.get("rejected_date"):
        return {}
    closed = first(row.get(c) for c in service.closed)
    happened = [
        d if d and not (closed and d > closed) else None
        for d in (row.get(s.completed) for s in service.stages)
    ]
    waits = {}
    for at, stage in enumerate(service.stages):
        start = (
            row.get(stage.start) if at == 0 or stage.start == service.start else happened[at - 1]
        )
        if not start:
            continue
        done, gone = happened[at], first([closed, *happened[at + 1 :]])
        if done and (not gone or done <= gone):
            waits[stage.name] = Wait(row, start, done, True)
        else:
            waits[stage.name] = Wait(row, start, gone, False)
    return waits


def request_waits(row: Row) -> dict[str, Wait]:
    """Decision and plan wait of an EHC request."""
    asked, outcome, after = (
        row["request_date"],
        row.get("request_outcome"),
        row.get("assessment_outcome"),
    )
    closed, decided, assessed, plan = (
        row.get(c)
        for c in ("closed_date", "request_outcome_date", "assessment_outcome_date", "plan_date")
    )

    def until(name: str, done: date | None, gone: list[date | None], undated: bool) -> None:
        end = first(gone)
        if done or end or not undated:
            waits[name] = Wait(
                row, asked, first([done, end]), bool(done and (not end or done <= end))
            )

    waits: dict[str, Wait] = {}
    withdrawn = first([closed, decided]) if outcome == "W" else None
    after_withdrawn = first([closed, assessed]) if after == "W" else None
    if outcome != "H":
        done = decided if outcome in ("Y", "N") else None
        until(
            "decision",
            done,
            [closed, withdrawn, None if done or outcome == "W" and not withdrawn else plan],
            outcome == "W" and not withdrawn,
        )
    if not (outcome == "H" and after == "H"):
        refused = [decided if outcome == "N" else None, assessed if after == "N" else None]
        undated = (outcome == "W" and not withdrawn) or (after == "W" and not after_withdrawn)
        until("plan", plan, [closed, withdrawn, after_withdrawn, *refused], undated)
    return waits


def records(service: Service, extracts: list[tuple[date, list[Row]]], as_at: date) -> list[Kept]:
    """One per record: the newest row on or before as_at, duplicates marked."""
    usable = sorted((e for e in extracts if e[0] <= as_at), key=lambda e: e[0])
    newest: dict[Any, Kept] = {}
    for day, rows in usable:
        for row in rows:
            key = row.get(service.record) or (row["child_id"], row[service.start])
            newest[key] = Kept(row, day == usable[-1][0])
    found = sorted(
        newest.values(), key=lambda k: (k.row[service.start], k.row.get(service.record) or "")
    )
    for at, kept in enumerate(found):
        kept.waits = request_waits(kept.row) if service.ehc else staged_waits(service, kept.row)
        if kept.row.get("rejected_date") and not service.ehc:
            continue
        day = kept.row[service.start]
        for earlier in found[:at]:
            births = {r.get("date_of_birth") for r in (earlier.row, kept.row)} - {None}
            same_child = earlier.row["child_id"] == kept.row["child_id"] and len(births) < 2
            if same_child and not earlier.duplicate:
                kept.duplicate |= any(
                    w.start <= day and not (w.stop and w.stop <= day)
                    for w in earlier.waits.values()
                )
    return found


def age_band(row: Row, start: date) -> str:
    born = row.get("date_of_birth")
    if not born:
        return "unknown"
    age = start.year - born.year - ((start.month, start.day) < (born.month, born.day))
    return next(f"{a}-{b}" for a, b in AGES if a <= age <= b)


def value_of(service: Service, row: Row, group: str) -> str:
    if group == "age_band":
        return age_band(row, row[service.start])
    return row.get("request_source" if service.ehc and group == "source" else group) or "unknown"


def periods(
    as_at: date, period: str, months: int, years: Iterable[int] = ()
) -> list[tuple[date, date]]:
    if period == "ytd":
        return [(date(as_at.year, 1, 1), as_at)]
    if period == "year":
        return [(date(y, 1, 1), min(date(y, 12, 31), as_at)) for y in years]
    if period == "quarter":
        by_month = periods(as_at, "month", 3 * -(-months // 3))
        return [(by_month[at][0], by_month[at + 2][1]) for at in range(0, len(by_month), 3)]
    spans = []
    for back in range(months - 1, -1, -1):
        y, m = divmod(as_at.year * 12 + as_at.month - 1 - back, 12)
        spans.append((date(y, m + 1, 1), min(date(y, m + 1, monthrange(y, m + 1)[1]), as_at)))
    return spans


def figures(
    service: Service,
    extracts: list[tuple[date, list[Row]]],
    as_at: date,
    group: str = "",
    period: str = "month",
    months: int = 24,
    years: Iterable[int] = (),
) -> dict[tuple, tuple]:
    """(wait, measure, group, period_start, period_end) -> (value, unit, numerator, denominator, n)."""
    everyone = records(service, extracts, as_at)
    counted = [k for k in everyone if not k.duplicate]
    spans = periods(as_at, period, months, years)
    out: dict[tuple, tuple] = {}
    groups: list[tuple[str, list[Kept]]] = [("", counted)]
    if group:
        values = sorted({value_of(service, k.row, group) for k in counted})
        groups += [
            (f"{group}={v}", [k for k in counted if value_of(service, k.row, group) == v])
            for v in values
        ]
    for label, kept in groups:
        for begin, end in spans:
            for stage in service.stages:
                _stocks(out, service, stage, kept, label, end)
                _flows(out, service, stage, kept, label, begin, end)
            (_requests if service.ehc else _referrals)(out, kept, label, begin, end)
    return out


def _count(n: int) -> tuple:
    return (n, "count", None, None, n)


def _pct(top: list, bottom: list) -> tuple:
    return (
        100 * len(top) / len(bottom) if bottom else None,
        "percent",
        len(top),
        len(bottom),
        len(bottom),
    )


def _average(days: list[int], rule: Callable[[list[int]], float]) -> tuple:
    return (rule(sorted(days)) / 7 if days else None, "weeks", None, None, len(days))


def _mean(d: list[int]) -> float:
    return sum(d) / len(d)


def _median(d: list[int]) -> float:
    return (d[(len(d) - 1) // 2] + d[len(d) // 2]) / 2


def _p92(d: list[int]) -> float:
    return next(w for i, w in enumerate(d) if 100 * (i + 1) >= 92 * len(d))


def _stocks(
    out: dict, service: Service, stage: Stage, kept: list[Kept], label: str, day: date
) -> None:
    def put(measure: str, row: tuple) -> None:
        out[stage.name, measure, label, "", day.isoformat()] = row

    having = [(k, k.waits[stage.name]) for k in kept if stage.name in k.waits]
    open_ = [(k, w) for k, w in having if w.start <= day and not (w.stop and w.stop <= day)]
    days = [(day - w.start).days for _, w in open_]
    put("waiting", _count(len(days)))
    put("waiting_over_18_weeks", _count(sum(d > 126 for d in days)))
    put("waiting_over_52_weeks", _count(sum(d > 364 for d in days)))
    if service.ehc:
        put("waiting_over_20_weeks", _count(sum(d > 140 for d in days)))
    else:
        put(
            "waiting_booked",
            _count(
                sum(bool((b := k.row.get("next_appointment_date")) and b > day) for k, _ in open_)
            ),
        )
    for low, high in BANDS:
        put(
            f"waiting_band_{low}_{'plus' if high is None else high}",
            _count(sum(d >= low and (high is None or d <= high) for d in days)),
        )
    put("waiting_not_flowed", _count(sum(not k.in_newest and w.stop is None for k, w in open_)))
    for name, rule in (("mean", _mean), ("median", _median), ("p92", _p92), ("longest", max)):
        put(f"{name}_weeks_open", _average(days, rule))
    if service.review:
        put(
            "within_review_pct",
            _pct([k for k, _ in open_ if (r := k.row.get("review_date")) and r >= day], open_),
        )
    recent = sum(w.completed and day - timedelta(90) <= w.stop <= day for _, w in having)
    put(
        "clearance_weeks",
        (len(days) / (recent / 13) if recent else None, "weeks", None, None, recent),
    )


def _flows(
    out: dict, service: Service, stage: Stage, kept: list[Kept], label: str, begin: date, end: date
) -> None:
    def put(measure: str, row: tuple) -> None:
        out[stage.name, measure, label, begin.isoformat(), end.isoformat()] = row

    waits = [k.waits[stage.name] for k in kept if stage.name in k.waits]
    stopped = [w for w in waits if w.stop and begin <= w.stop <= end]
    done = [(w.stop - w.start).days for w in stopped if w.completed]
    put("starts", _count(sum(begin <= w.start <= end for w in waits)))
    put("completed", _count(len(done)))
    put("removed_other", _count(len(stopped) - len(done)))
    put("mean_weeks_completed", _average(done, _mean))
    put("median_weeks_completed", _average(done, _median))
    if stage.standard is not None:
        put("within_standard_pct", _pct([d for d in done if d <= stage.standard], done))


def _referrals(out: dict, kept: list[Kept], label: str, begin: date, end: date) -> None:
    for measure, column in (("referrals", "referral_date"), ("rejected", "rejected_date")):
        n = sum(bool((d := k.row.get(column)) and begin <= d <= end) for k in kept)
        out["", measure, label, begin.isoformat(), end.isoformat()] = _count(n)


def _requests(out: dict, kept: list[Kept], label: str, begin: date, end: date) -> None:
    def put(measure: str, row: tuple) -> None:
        out["", measure, label, begin.isoformat(), end.isoformat()] = row

    def during(d: date | None) -> bool:
        return bool(d and begin <= d <= end)

    def took(row: Row, column: str) -> int:
        return (row[column] - row["request_date"]).days

    rows = [k.row for k in kept]
    put(
        "referrals",
        _count(sum(r.get("request_outcome") != "H" and during(r["request_date"]) for r in rows)),
    )
    plans = [
        r
        for r in rows
        if during(r.get("plan_date"))
        and not (r.get("request_outcome") == "H" and r.get("assessment_outcome") == "H")
    ]
    put("plans_issued", _count(len(plans)))
    put("within_20_weeks_pct", _pct([r for r in plans if took(r, "plan_date") <= 140], plans))
    usual = [r for r in plans if r.get("week20") != "1"]
    put("within_20_weeks_excl_pct", _pct([r for r in usual if took(r, "plan_date") <= 140], usual))
    waits = [(w, w.start + timedelta(140)) for k in kept if (w := k.waits.get("plan"))]
    due = [
        (w, d) for w, d in waits if during(d) and not (w.stop and not w.completed and w.stop <= d)
    ]
    put("due_within_20_weeks_pct", _pct([w for w, d in due if w.completed and w.stop <= d], due))
    decided = [
        r
        for r in rows
        if r.get("request_outcome") in ("Y", "N") and during(r.get("request_outcome_date"))
    ]
    put(
        "decisions_within_6_weeks_pct",
        _pct([r for r in decided if took(r, "request_outcome_date") <= 42], decided),
    )
    put("requests_refused_pct", _pct([r for r in decided if r["request_outcome"] == "N"], decided))
    refusals = [
        r
        for r in rows
        if r.get("assessment_outcome") == "N" and during(r.get("assessment_outcome_date"))
    ]
    put(
        "refusals_within_16_weeks_pct",
        _pct([r for r in refusals if took(r, "assessment_outcome_date") <= 112], refusals),
    )
