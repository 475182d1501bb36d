"""Facts of the forecast page. Its words stand in templates/forecast/."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.release import ratings, show, words
from sendwaits.release.findings import stop
from sendwaits.release.findings.backlog import closing as _closing
from sendwaits.release.findings.backlog import for_wait, wait_of
from sendwaits.release.findings.figures import key, share_key, waiting_key
from sendwaits.release.findings.recovery import factor_of, numbers_of, plan_of
from sendwaits.release.key import Key
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

Facts = dict[str, Any]
SEEN_BY = (20, 40, 52, 78)


def list_facts(report: Report, wait: Wait) -> Facts:
    """The list today and a year ahead (low, middle, high), where today lies in that range, and how past forecasts did."""
    rows = report.ahead.series(wait.name, "waiting")
    low, middle, high = report.ahead.range(rows[-1]) if rows else (None, None, None)
    now = report.number(wait.name, "waiting")
    where = ""
    if low and middle and high and middle.shown and now.shown:
        where = (
            "above" if low.value > now.value else "below" if high.value < now.value else "inside"
        )
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "now": now,
        "low": low,
        "middle": middle,
        "high": high,
        "where": where,
        "past": past_of(report, wait.name),
        "code": report.pathway.code.lower(),
    }


def past_of(report: Report, wait: str) -> list[Facts]:
    """Errors of past forecasts of the list at each distance: ours, "no change", how often the band held."""
    frame = report.service.backtest
    if not len(frame):
        return []
    rows = frame[(frame["wait"] == wait) & (frame["measure"] == "waiting")]
    blank = Key(report.pathway.code, wait, "backtest:waiting", "", "", report.as_at.isoformat())

    def error(row: Any, method: str, value: float) -> Number:
        key_ = blank._replace(group=f"{method} {row.horizon_weeks} weeks")
        return Number(key_, float(value), "count", "exact", decimals=0 if value >= 10 else 1)

    return [
        {
            "weeks": int(r.horizon_weeks),
            "own": error(r, "forecast", r.error),
            "naive": error(r, "no change", r.error_no_change),
            "hits": int(r.hits),
            "n": int(r.n),
            "method": str(r.method),
        }
        for r in rows.sort_values("horizon_weeks").itertuples(index=False)
    ]


def supported(past: list[Facts]) -> bool | None:
    """True when the back-test supports more than "no change" at most distances; None when none could be checked."""
    if not past:
        return None
    return sum(p["method"] != "no change" for p in past) * 2 > len(past)


def opening(report: Report, frame: pd.DataFrame) -> Facts:
    """What leads depends on the back-test: the chance of the first target where past forecasts held, else the range."""
    facts = list_facts(report, report.wait)
    target = next((t for t in report.aims if report.ahead.chance(t).shown), None)
    held = supported(facts["past"])
    return facts | {
        "held": held,
        "target": target,
        "what": ratings.target_words(target, report.pathway) if target else "",
        "chance": report.ahead.chance(target) if target else None,
        "printed": percent(report.ahead.chance(target)) if target else "",
        "stop": stop(report.wait),
    }


def keys(report: Report) -> list[Facts]:
    """The chance of the target, today's list, its range a year ahead, on time."""
    facts = opening(report, report.released)
    found = []
    if facts["target"] is not None:
        chance = facts["chance"]
        line = f"{words.one_in(chance.value / 100)}: {facts['what']}"
        drift = drift_words(report, facts["target"])
        found.append(
            key(
                f"Chance by {words.day(facts['target'].by)}",
                percent(chance),
                words.capital(line),
                drift,
            )
        )
    found.append(waiting_key(report, report.wait))
    if facts["middle"] is not None and facts["middle"].shown:
        when = words.day(facts["middle"].key.period_end)
        ends = Markup("{} to {}").format(facts["low"], facts["high"])
        found.append(key(f"Waiting on {when}", ends, "8 in 10 simulated futures", wordy=True))
    return [*found, share_key(report, report.wait)][:4]


def percent(chance: Number) -> Markup:
    """A chance as it is printed: under 1 in 100 and over 99 in 100 in words, since a simulation never says never."""
    if not chance.shown:
        return Markup("{}").format(chance)
    text = (
        "under 1%" if chance.value < 1 else "over 99%" if chance.value > 99 else f"{chance.at(0)}"
    )
    return Markup('<span data-key="{}">{}</span>').format(str(chance.key), text)


def drift_words(report: Report, target: Any) -> str:
    """Whether the promised date moved."""
    for drift in ratings.drifts([target], report.service.promised):
        later = "later" if drift.days > 0 else "earlier"
        return f"Moved {abs(drift.days)} days {later}; first promised for {words.day(drift.first)}"
    late = (report.as_at - target.by).days
    return f"The promised date passed {late} days ago" if late > 0 else "The date has not moved"


def expected(report: Report, wait: Wait) -> Markup:
    """What children referred now can expect, as sentences: the shares seen by 20, 40, 52 and 78 weeks; empty when not simulated.

    The median stands there only where waits have one hump.
    """
    said = []
    for weeks in SEEN_BY:
        rows = report.referred.series(wait.name, f"seen_within_{weeks}_weeks_pct")
        if rows and report.referred.number(rows[0], "p50").shown:
            low, middle, high = report.referred.range(rows[0])
            text = Markup("{} within {} ({} to {})")
            said.append(
                text.format(middle.at(0), words.tied(f"{weeks} weeks"), low.at(0), high.at(0))
            )
    if not said:
        return Markup("")
    first = Markup("Of the children referred now and seen, {}.").format(words.listed(said))
    rows = report.referred.series(wait.name, "new_child_wait_weeks")
    if rows and report.referred.number(rows[0], "p50").shown:
        low, middle, high = report.referred.range(rows[0])
        half = Markup(" Half wait about {} weeks or less ({} to {}).").format(middle, low, high)
        return first + half
    return first + " No single middle describes them: some are seen early and the others late."


def targets(report: Report, frame: pd.DataFrame) -> Facts:
    """The target that the frame's measure belongs to: newest figure, chance, capacity needed."""
    pairs = [(r.wait, r.measure) for r in frame.itertuples(index=False) if ":" not in r.measure][:1]
    target = next((t for t in report.aims if (t.wait, t.measure) in pairs), None)
    if target is None:
        target = report.aims[0] if report.aims else None
    if target is None:
        return {"target": None}
    wait = report.pathway.wait(target.wait) if target.wait else report.wait
    row = report.ahead.on(wait.name, target.measure, target.by) if target.wait else None
    chance = report.ahead.chance(target)
    return {
        "target": target,
        "wait": wait,
        "what": ratings.target_words(target, report.pathway),
        "now": ratings.current(report, target),
        "chance": chance,
        "printed": percent(chance),
        "one_in": words.one_in(chance.value / 100) if chance.shown else "",
        "range": report.ahead.range(row) if row is not None else None,
        "need": report.ahead.capacity(target),
        "pace": report.weekly(wait.name, "completed"),
        "held": supported(past_of(report, wait.name)),
        "v": report.verdict(target.wait, target.measure),
    }


def lists(report: Report, frame: pd.DataFrame) -> Facts:
    """As on the backlog page."""
    return list_facts(report, wait_of(report, frame))


def expect(report: Report, frame: pd.DataFrame) -> Facts:
    """What a child referred now can expect."""
    wait = wait_of(report, frame)
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "new": expected(report, wait),
        "stop": stop(wait),
    }


def recovery(report: Report, frame: pd.DataFrame) -> Facts:
    """Completed a week now, and what brings the list to its target size in a year."""
    wait = wait_of(report, frame)
    numbers = numbers_of(report, wait)
    needed = sorted(k for k in numbers if k[0] == "capacity_needed_per_week" and k[2] == "value")
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "now": numbers.get(("completed_per_week", "", "value")),
        "needed": numbers[needed[len(needed) // 2]] if needed else None,
        "target": numbers.get(("target_list", "", "value")),
        "factor": factor_of(report),
    }


RECOVERY = {
    "joined_per_week": "Joined a week",
    "completed_per_week": "Completed a week",
    "left_otherwise_per_week": "Left another way a week",
    "gap_per_week": "The list moves by, a week",
    "target_list": "Target size of the list",
    "capacity_needed_per_week": "Completions a week needed to reach it by",
}


def recovery_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """One row a number, with its interval and what it rests on."""
    wait = wait_of(report, frame)
    numbers = numbers_of(report, wait)
    rows = []
    for row in plan_of(report, wait):
        by = str(row.by)[:10] if row.by else ""
        found = [numbers.get((row.measure, by, s)) for s in ("value", "low", "high")]
        name = RECOVERY.get(row.measure)
        if name and found[0] is not None:
            between = Markup("{} to {}").format(*found[1:]) if all(found[1:]) else ""
            rows.append((f"{name} {words.day(by)}" if by else name, found[0], between, row.basis))
    heads = ("What", "Number", "Interval (19 in 20)", "Rests on")
    caption = f"{report.pathway.label} ({wait.label}): recovery plan"
    return [show.Table(caption, heads, rows, left=frozenset({3}))] if rows else []


def scenarios(report: Report, frame: pd.DataFrame) -> Facts:
    """The baseline and the scenarios, with their dates, and whether any starts before the target's date."""
    named = {s.name: s for s in report.workspace.scenarios if s.pathway == report.pathway.code}
    shown = [named[s] for s in report.ahead.scenarios if s in named]
    target = next((t for t in report.aims if report.ahead.chance(t).shown), None)
    late = [s for s in shown if target is not None and s.start > target.by]
    return {
        "scenarios": shown,
        "committed": [s for s in named.values() if s.committed],
        "target": target,
        "late": late,
        "chances": [
            (s, percent(report.ahead.chance(target, s.name))) for s in shown if s not in late
        ]
        if target
        else [],
        "base": percent(report.ahead.chance(target)) if target else "",
        "what": ratings.target_words(target, report.pathway) if target else "",
    }


def scenarios_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """Measures down, scenarios across, the baseline first."""
    names = ["baseline", *report.ahead.scenarios]
    rows: list[tuple[Any, ...]] = []
    for target in report.aims:
        chances = [report.ahead.chance(target, s) for s in names]
        if any(c.shown for c in chances):
            what = ratings.target_words(target, report.pathway)
            rows.append((f"Chance of {what} by {words.day(target.by)}", *map(percent, chances)))
    last = report.as_at + timedelta(days=364)
    for wait in report.waits:
        found = [report.ahead.on(wait.name, "waiting", last, s) for s in names]
        rows.append(
            (f"Waiting for {stop(wait)} on {words.day(last)}", *(ranged(report, r) for r in found))
        )
    heads = ["Measure", "Baseline", *(words.capital(s) for s in names[1:])]
    caption = f"{report.pathway.label}: scenarios side by side"
    return [show.Table(caption, heads, rows, cards=True, words_left=True)] if len(frame) else []


def ranged(report: Report, row: Any) -> Markup:
    """The middle, and the range that holds 8 in 10 futures below it."""
    if row is None:
        return Markup("[z]")
    low, middle, high = report.ahead.range(row)
    if not middle.shown:
        return Markup("[z]")
    return Markup('<strong>{}</strong> <span class="aside">{} to {}</span>').format(
        middle, low, high
    )


def backtest(report: Report, frame: pd.DataFrame) -> Facts:
    """Where past forecasts beat "no change", where not, and how often the band held."""
    wait = wait_of(report, frame)
    past = past_of(report, wait.name)
    return {
        "wait": wait,
        "for_wait": for_wait(report, wait),
        "past": past,
        "won": [p["weeks"] for p in past if p["own"].value < p["naive"].value],
        "lost": [p["weeks"] for p in past if p["own"].value >= p["naive"].value],
        "hits": sum(p["hits"] for p in past),
        "n": sum(p["n"] for p in past),
    }


def backtest_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """One row a distance."""
    past = past_of(report, wait_of(report, frame).name)
    rows = [
        (f"{p['weeks']} weeks ahead", p["own"], p["naive"], f"{p['hits']} of {p['n']}")
        for p in past
    ]
    heads = ("Distance", "This forecast", "Carried forward", "Held by the 8 in 10 band")
    caption = f"{report.pathway.label}: average error of past forecasts of the list, in children"
    return [show.Table(caption, heads, rows)] if rows else []


def closing(report: Report, frame: pd.DataFrame) -> Facts:
    """As on the backlog page, asked about the target."""
    return _closing(report, frame)
