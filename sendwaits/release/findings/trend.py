"""Facts of the trend page. Its words stand in templates/trend/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.release import show, verdicts, words
from sendwaits.release.findings import standard, stop
from sendwaits.release.findings.backlog import closing as _closing
from sendwaits.release.findings.backlog import target_facts, year_before
from sendwaits.release.findings.equity import cohorts as cohorts
from sendwaits.release.findings.equity import cohorts_tables as cohorts_tables
from sendwaits.release.findings.equity import equity as equity
from sendwaits.release.findings.equity import equity_tables as equity_tables
from sendwaits.release.findings.equity import journey as journey
from sendwaits.release.findings.equity import journey_tables as journey_tables
from sendwaits.release.findings.figures import (
    key,
    longest,
    share_key,
    since,
    verdict_line,
    waiting_key,
)
from sendwaits.release.findings.worked import months_of, together, worked
from sendwaits.release.findings.worked import split as split
from sendwaits.release.findings.worked import split_tables as split_tables
from sendwaits.release.key import COLUMNS
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

Facts = dict[str, Any]
SHIFTS = ("referrals", "waiting", "mean_weeks_open", "mean_weeks_completed", "within_standard_pct")
"""The measures of the page whose settled shifts may want a change point."""


def opening(report: Report, frame: pd.DataFrame) -> Facts:
    """How long children have waited so far, the list, and referrals, each with its verdict."""
    wait = report.wait.name
    return {
        "mean": report.number(wait, "mean_weeks_open"),
        "v_mean": report.verdict(wait, "mean_weeks_open"),
        "n": report.number(wait, "waiting"),
        "v_list": report.verdict(wait, "waiting"),
        "v_demand": report.verdict("", "referrals"),
        "stop": stop(report.wait),
        "parts": worked(report, report.wait),
    }


def keys(report: Report) -> list[Facts]:
    """Mean wait so far (of a service that works its list in groups that of each), the list, referrals, on time."""
    wait = report.wait.name
    parts = worked(report, report.wait)
    mean, referrals = report.number(wait, "mean_weeks_open"), report.number("", "referrals")
    listed = waiting_key(report, report.wait)
    means = [(f": {p['name']}", p["open"], p["group"]) for p in parts] or [("", mean, "")]
    return [
        *(
            key(
                f"Mean wait so far{name}",
                n.with_unit,
                Markup("{} months, {}").format(months_of(n), n.when)
                if group
                else f"of open waits {n.when}",
                verdict_line(report, wait, "mean_weeks_open", group),
            )
            for name, n, group in means
        ),
        listed,
        key(
            f"Referrals {referrals.when}",
            referrals,
            since(report.numbers("", "referrals")),
            verdict_line(report, "", "referrals"),
        ),
        *([share_key(report, report.wait)] if report.wait.standard_days else []),
    ]


def _of_wait(report: Report, wait: Wait | None) -> str:
    """ " for treatment" after a noun, where the page has several lists; else nothing."""
    return f" for {stop(wait)}" if wait and len(report.waits) > 1 else ""


def _series(report: Report, frame: pd.DataFrame, **more: Any) -> Facts:
    """One series that leads a section: newest number, a year before, verdict; ``others`` the further series of the frame."""
    leads = list(frame.groupby(COLUMNS[1:4], sort=False).groups) or [
        (report.wait.name, "waiting", "")
    ]
    wait, measure, group = leads[0]
    numbers = report.numbers(wait, measure, group)
    others = [
        {"head": words.measure(m).noun, "now": report.number(w, m, g), "v": report.verdict(w, m, g)}
        for w, m, g in leads[1:]
    ]
    of = report.pathway.wait(wait) if wait else None
    return {
        "template": "trend/series.j2",
        "wait": of,
        "for_wait": _of_wait(report, of) + together(report, of, measure),
        "what": words.measure(measure),
        "v": report.verdict(wait, measure, group),
        "now": report.number(wait, measure, group),
        "before": year_before(numbers),
        "others": others,
        "grain": words.grain_name(report.grain(wait, measure)),
        "changes": report.changes(wait),
        "so": "",
        "population": "",
        **more,
    }


def open_waits(report: Report, frame: pd.DataFrame) -> Facts:
    """The mean wait so far leads; the median beside it, and the longest waits as they may be said."""
    facts = _series(report, frame, population="open waits at each date", note="open")
    told = [o for o in facts["others"] if o["now"].key.measure != "longest_weeks_open"]
    return facts | {"others": told, "longest": longest(report, facts["wait"] or report.wait)[1]}


def completed_waits(report: Report, frame: pd.DataFrame) -> Facts:
    """The mean of completed waits."""
    return _series(report, frame, population="waits completed in each period", note="completed")


def over_lines(report: Report, frame: pd.DataFrame) -> Facts:
    """The first line leads; the others beside it."""
    return _series(report, frame, population="open waits at each date", note="")


def list_size(report: Report, frame: pd.DataFrame) -> Facts:
    """The list."""
    return _series(report, frame, population="open waits at each date", note="list")


def demand(report: Report, frame: pd.DataFrame) -> Facts:
    """Referrals received."""
    population = f"all {report.pathway.label} referrals but duplicates; rejected ones are counted"
    return _series(report, frame, population=population, note="demand")


def on_time(report: Report, frame: pd.DataFrame) -> Facts:
    """The share completed within the standard, and the target."""
    facts = _series(report, frame, population="waits completed in each period", note="share")
    wait = facts["wait"] or report.wait
    if wait.standard_days is None:
        return facts | {"population": "open waits at each date", "note": "review"}
    noun = f"share completed within {standard(wait)}"
    return facts | {"what": facts["what"]._replace(noun=noun), "target": _aimed(report, wait)}


def _aimed(report: Report, wait: Wait) -> Facts | None:
    """The target of the share itself; one of another measure says nothing of it."""
    found = target_facts(report, wait)
    mine = found and found["rating"].target.measure == "within_standard_pct"
    return found if mine else None


def timeliness(report: Report, frame: pd.DataFrame) -> Facts:
    """Plans issued and plans due, on time."""
    pairs = [("issued", "within_20_weeks_pct"), ("due", "due_within_20_weeks_pct")]
    return {
        f"{prefix}{name}": value
        for name, m in pairs
        for prefix, value in (("", report.number("", m)), ("v_", report.verdict("", m)))
    }


def years(report: Report, frame: pd.DataFrame) -> Facts:
    """The last two whole years of referrals and their difference."""
    numbers = [Number.of(r) for r in report.calendar_years("", "referrals").itertuples(index=False)]
    whole = [n for n in numbers if n.key.period_end[5:] == "12-31" and n.shown]
    return {"last": whole[-2:] if len(whole) > 1 else [], "v": report.verdict("", "referrals")}


def years_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """Measures down, years across."""
    ends = sorted(set(zip(frame["period_start"], frame["period_end"], strict=True)))
    cells = {(r.measure, r.period_end): Number.of(r) for r in frame.itertuples(index=False)}
    heads = [
        "Measure",
        *(
            words.capital(words.period(s, e).removeprefix("in ").removeprefix("from "))
            for s, e in ends
        ),
    ]
    heads = [str(h).replace("\u00a0", " ").removeprefix("In ") for h in heads]
    rows = [
        (words.measure(m).head, *(show.cell(cells.get((m, e))) for _, e in ends))
        for m in dict.fromkeys(frame["measure"])
    ]
    return [show.Table(f"{report.pathway.label} by calendar year", heads, rows)] if rows else []


def closing(report: Report, frame: pd.DataFrame) -> Facts:
    """As on the backlog page, asked about referrals; and the change points that its settled shifts propose."""
    return _closing(report, frame) | {
        "v_demand": report.verdict("", "referrals"),
        "proposed": proposed(report),
    }


def proposed(report: Report) -> list[Facts]:
    """The settled shifts of this page's series that no dated change accounts for: what, its wait, its verdict."""
    waits = {"", *(w.name for w in report.waits)}
    mine = [report.verdict(w, m) for w in sorted(waits) for m in SHIFTS if len(report.series(w, m))]
    found = verdicts.proposals(mine, report.changes())
    return [
        {
            "what": words.measure(p.measure).noun
            + _of_wait(report, report.pathway.wait(p.wait) if p.wait else None),
            "v": report.verdict(p.wait, p.measure),
        }
        for p in found
    ]
