"""Facts of the backlog page. Its words stand in templates/backlog/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.pathways import BANDS
from sendwaits.release import show, words
from sendwaits.release.findings import standard, stop
from sendwaits.release.findings.board import asked, quality, unpublished
from sendwaits.release.findings.figures import key, longest, over_key, share_key, waiting_key
from sendwaits.release.findings.worked import worked
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

Facts = dict[str, Any]


def wait_of(report: Report, frame: pd.DataFrame) -> Wait:
    """The wait that a section's frame is about; the leading one for an empty frame."""
    names = [n for n in frame["wait"] if n]
    return report.pathway.wait(names[0]) if names else report.wait


def for_wait(report: Report, wait: Wait) -> str:
    """ ", waiting for treatment" where the page has several lists; else nothing."""
    return f", waiting for {stop(wait)}" if len(report.waits) > 1 else ""


def opening(report: Report, frame: pd.DataFrame) -> Facts:
    """Every headline list with its number and verdict."""
    lists = [
        {
            "wait": w,
            "stop": stop(w),
            "n": report.number(w.name, "waiting"),
            "v": report.verdict(w.name, "waiting"),
        }
        for w in report.waits
    ]
    return {"lists": lists}


def keys(report: Report) -> list[Facts]:
    """Waiting, over the line, longest waits, on time; of two lists, waiting and on time of each."""
    if len(report.waits) > 1:
        return [f for w in report.waits for f in (waiting_key(report, w), share_key(report, w))][:4]
    wait = report.wait
    return [
        waiting_key(report, wait),
        over_key(report, wait),
        key("Longest waits", *longest(report, wait)),
        share_key(report, wait),
    ]


def ages(report: Report, frame: pd.DataFrame) -> Facts:
    """The list, how many are over each line and their share, the largest band."""
    wait = wait_of(report, frame)
    total = report.number(wait.name, "waiting")
    over = [
        {
            "weeks": w,
            "n": n,
            "share": n.share_of(total),
            "v": report.verdict(wait.name, n.key.measure),
        }
        for w in report.pathway.over_weeks
        for n in [report.number(wait.name, f"waiting_over_{w}_weeks")]
    ]
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "total": total,
        "over": over,
        "booked": report.number(wait.name, "waiting_booked"),
        "target": target_facts(report, wait),
    }


def ages_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """The bands in order of time waited, with their share of the list; then the whole list."""
    if not len(frame):
        return []
    wait = wait_of(report, frame)
    total = report.number(wait.name, "waiting")
    rows: list[tuple[Any, ...]] = []
    for low, high in BANDS:
        name = f"waiting_band_{low}_{'plus' if high is None else high}"
        count = report.number(wait.name, name)
        rows.append((words.measure(name).head, count, count.share_of(total)))
    rows.append(("All waiting", total, total.share_of(total)))
    caption = f"{report.pathway.label} ({wait.label}): open waits {words.period('', report.as_at)}, by time waited"
    heads = ("Time waited", "Children", "Share of the list")
    return [show.Table(caption, heads, rows, total=True)]


def answers(report: Report, frame: pd.DataFrame) -> Facts:
    """Three answers about three populations, each with statistic, clock, population and date."""
    from sendwaits.release.findings.forecast import expected

    wait = wait_of(report, frame)
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "start": wait.label.partition(" to ")[0],
        "stop": stop(wait),
        "mean": report.number(wait.name, "mean_weeks_open"),
        "median": report.number(wait.name, "median_weeks_open"),
        "done": report.number(wait.name, "median_weeks_completed"),
        "completed": report.number(wait.name, "completed"),
        "total": report.number(wait.name, "waiting"),
        "new": expected(report, wait),
        "parts": worked(report, wait),
    }


def answers_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """No table: each answer stands by itself."""
    return []


def flow(report: Report, frame: pd.DataFrame) -> Facts:
    """The list's verdict, its change over the window, and the newest period's joined and left."""
    wait = wait_of(report, frame)
    lists = report.numbers(wait.name, "waiting")
    newest = {m: report.number(wait.name, m) for m in ("starts", "completed", "removed_other")}
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "v": report.verdict(wait.name, "waiting"),
        "now": lists[-1] if lists else report.number(wait.name, "waiting"),
        "before": year_before(lists),
        "newest": newest,
        "grains": {m: words.grain_name(report.grain(wait.name, m)) for m in newest},
        "missing": [
            words.measure(m).head.lower() for m in newest if not len(report.series(wait.name, m))
        ],
    }


def year_before(numbers: list[Number]) -> Number | None:
    """The number a year before the newest one, when the series has it."""
    if not numbers:
        return None
    end = pd.Timestamp(numbers[-1].key.period_end).to_period("M") - 12
    found = [n for n in numbers if pd.Timestamp(n.key.period_end).to_period("M") == end]
    return found[0] if found and found[0].shown else None


def districts(report: Report, frame: pd.DataFrame) -> Facts:
    """Whether districts differ in the share over the first line, by more than chance; the lowest and highest."""
    from sendwaits.release import verdicts

    groups = [g for g in dict.fromkeys(frame["group"]) if g]
    line = f"waiting_over_{min(report.pathway.over_weeks)}_weeks"
    pairs = [
        (
            show.group_name(g).replace("all others", "the smaller ones together"),
            report.number(report.wait.name, line, g),
            report.number(report.wait.name, "waiting", g),
        )
        for g in groups
    ]
    pairs = [p for p in pairs if p[1].shown and p[2].shown and p[2].value > 0]
    shares = sorted(((n.share_of(t), name) for name, n, t in pairs), key=lambda s: s[0].value)
    known = [
        (name, int(min(n.value, t.value)), int(t.value))
        for name, n, t in pairs
        if name != "Not known"
    ]
    table = pd.DataFrame(known, columns=["group", "numerator", "denominator"])
    tested = verdicts.changes.groups(table) if len(table) > 1 else table.assign(verdict="")
    apart = set(tested.loc[tested["verdict"] != "", "group"])
    return {
        "groups": groups,
        "weeks": min(report.pathway.over_weeks),
        "low": shares[0] if shares else None,
        "high": shares[-1] if shares else None,
        "tested": len(tested),
        "apart": [s for s in shares if s[1] in apart],
        "why": "" if groups else report.why_no_groups("district"),
    }


def community(report: Report, frame: pd.DataFrame) -> Facts:
    """The share past 18 weeks of each place, the area's own first, each with its date."""
    past = frame[frame["measure"] == "published:waiting_over_18_weeks"]
    return {
        "places": [
            {"name": show.group_name(r.group), "n": Number.of(r)}
            for r in past.itertuples(index=False)
        ],
        "wait": report.pathway.waits[0],
        "published": report.pathway.community_service,
    }


def community_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """Time waited down, places across."""
    cells = {(r.measure, r.group): Number.of(r) for r in frame.itertuples(index=False)}
    places = {r.group: words.day(r.period_end.date()) for r in frame.itertuples(index=False)}
    heads = ("Time waited", *(f"{show.group_name(g)}, {day}" for g, day in places.items()))
    rows = [
        (
            words.capital(words.measure(m.partition(":")[2]).head),
            *(show.cell(cells.get((m, g))) for g in places),
        )
        for m in dict.fromkeys(frame["measure"])
    ]
    caption = f"{report.pathway.label}: open waits by time waited, beside the published lists"
    return [show.Table(caption, heads, rows)] if rows else []


def stages(report: Report, frame: pd.DataFrame) -> Facts:
    """How many lists the service has."""
    return {"n": len(report.pathway.waits)}


def outlook(report: Report, frame: pd.DataFrame) -> Facts:
    """The list today and its forecast a year ahead, and how past forecasts did."""
    from sendwaits.release.findings.forecast import list_facts

    return list_facts(report, wait_of(report, frame))


def target_facts(report: Report, wait: Wait) -> Facts | None:
    """The first target of a wait in words, with the chance of meeting it; None without one."""
    from sendwaits.release import ratings

    rating = ratings.rate(report, wait)
    if rating.target is None:
        return None
    what = ratings.target_words(rating.target, report.pathway)
    return {"what": what, "by": rating.target.by, "chance": rating.chance, "rating": rating}


def closing(report: Report, frame: pd.DataFrame) -> Facts:
    """The question, the size of the gap, the quality of the data, what is not published."""
    return {
        "v": report.verdict(report.wait.name, "waiting"),
        "target": target_facts(report, report.wait),
        "by": asked(report.as_at),
        "pace": report.weekly(report.wait.name, "completed"),
        "standard": standard(report.wait),
        **quality(report),
        "unpublished_series": unpublished(report),
    }
