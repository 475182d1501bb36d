"""Facts of the index. Its words stand in templates/index/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.release import gate, ratings, show, verdicts, wording, words
from sendwaits.release.findings import standard, stop
from sendwaits.release.findings.board import asked
from sendwaits.release.findings.figures import longest, mark, rating_mark
from sendwaits.release.findings.forecast import percent
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.area_report import AreaReport
    from sendwaits.release.report import Report

Facts = dict[str, Any]
RANK = {"Red": 0, "Amber": 1, "Not rated": 2, "Green": 3}


def lists(report: AreaReport) -> list[tuple[Report, Wait]]:
    """Every headline list of every service."""
    return [(s, w) for s in report.services.values() for w in s.waits]


def name_of(service: Report, wait: Wait) -> str:
    """ "NST", or "OT health, treatment" where a service has several headline lists."""
    return (
        f"{service.pathway.label}, {wait.name}" if len(service.waits) > 1 else service.pathway.label
    )


def opening(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The lists that changed, each with its verdict; the list with the longest waits."""
    every: list[Facts] = [
        {"name": name_of(s, w), "v": s.verdict(w.name, "waiting")} for s, w in lists(report)
    ]
    waits = [(s.number(w.name, "longest_weeks_open"), s, w) for s, w in lists(report)]
    waits = sorted((x for x in waits if x[0].shown), key=lambda x: -x[0].value)
    worst = None
    if waits:
        _, s, w = waits[0]
        worst = {"name": name_of(s, w), "value": longest(s, w)[0], "words": longest(s, w)[1]}
    return {
        "n": len(every),
        "moved": [e for e in every if e["v"].direction != "none"],
        "first": every[0]["v"] if every else None,
        "worst": worst,
        "services": len(report.services),
    }


def keys(report: AreaReport) -> list[Facts]:
    """None: the decisions stand there."""
    return []


def decisions(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The three lists that most need one: Red before Amber, then by how many are over the line."""
    found = []
    for s, w in lists(report):
        rating = ratings.rate(s, w)
        over = s.number(w.name, f"waiting_over_{s.line(w)}_weeks")
        moved = s.verdict(w.name, "waiting")
        grows = verdicts.words.better(moved) == "worse"
        size = over.value if over.shown else 0.0
        found.append(((RANK[rating.name], not grows, -size), s, w, rating, over, moved))
    found.sort(key=lambda f: f[0])
    return {
        "by": asked(report.as_at),
        "asks": [
            {
                "name": name_of(s, w),
                "stop": stop(w),
                "rating": rating,
                "mark": rating_mark(rating.name),
                "over": over,
                "line": s.line(w),
                "v": moved,
                "n": s.number(w.name, "waiting"),
                "href": report.link(f"{s.pathway.code.lower()}_backlog"),
            }
            for _, s, w, rating, over, moved in found[:3]
        ],
    }


def decisions_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """No table: the list itself is the section."""
    return []


def glance(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """One row a list: waiting, longest, on time, trend, rating with reason, chance."""
    rows = [
        _row(report, s, w, place)
        for s in report.services.values()
        for place, w in enumerate(s.waits)
    ]
    body = wording.render("glance.html", rows=rows, day=words.day(report.as_at))
    return {"body": body, "n": len(rows)}


def glance_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """No other table: the section is one."""
    return []


def _row(report: AreaReport, s: Report, w: Wait, place: int) -> Facts:
    rating, code = ratings.rate(s, w), s.pathway.code.lower()
    moved = s.verdict(w.name, "waiting")
    pages = [(report.link(f"{code}_{n}"), n) for n in ("trend", "forecast")]
    return {
        "title": s.pathway.title,
        "wait": w.label,
        "href": report.link(f"{code}_backlog"),
        "links": [(href, n) for href, n in pages if href],
        "first": place == 0,
        "more": place < len(s.waits) - 1,
        "waiting": s.number(w.name, "waiting"),
        "longest": longest(s, w)[1],
        "on_time": _on_time(s, w),
        "spark": _spark(s, w),
        "trend": Markup("{}{}").format(mark(moved), verdicts.words.say(moved, capital=True)),
        "rating_mark": rating_mark(rating.name),
        "rating": rating.name,
        "reason": rating.reason,
        "chance": _chance(s, rating),
    }


def _spark(s: Report, w: Wait) -> Markup:
    from sendwaits.release import charts

    rows = s.series(w.name, "waiting")
    if len(rows) < 2:
        return Markup("")
    return Markup(charts.svg(charts.spark(rows, verdict=s.verdict(w.name, "waiting").verdict), 156))


def _on_time(s: Report, w: Wait) -> Markup:
    aside = Markup(' <span class="aside">{}</span>')
    measure = "within_standard_pct" if w.standard_days is not None else "within_review_pct"
    share = s.number(w.name, measure)
    within = f"within {standard(w)}" if w.standard_days is not None else "within their review date"
    if share.form == "c":
        of = "" if share.denominator is None else f"of {share.denominator:,} "
        said = Markup("{}{} {}").format(of, within, share.when)
        return Markup('<span class="big22">{}</span>{}').format(share, aside.format(said))
    if not share.shown:
        if w.standard_days is None and not s.pathway.review:
            return Markup("No standard")
        return (
            Markup("Not published{}").format(aside.format(within))
            if share.form != "z"
            else Markup("None completed{}").format(aside.format(within))
        )
    text = Markup("{} {} {}").format(share.fraction, within, share.when)
    return Markup('<span class="big22">{}</span>{}').format(share, aside.format(text))


def _chance(s: Report, rating: ratings.Rating) -> Markup:
    if rating.target is None:
        return Markup("No target")
    what = f"{ratings.target_words(rating.target, s.pathway)} by {words.day(rating.target.by)}"
    aside = Markup(' <span class="aside">{}</span>').format(what)
    if not rating.chance.shown:
        return Markup("Not known{}").format(aside)
    odds = words.one_in(rating.chance.value / 100)
    return Markup('<span class="big22">{}</span> {}{}').format(percent(rating.chance), odds, aside)


def changed(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The dates that are compared, and the promised dates that moved."""
    moved = [
        {
            "name": s.pathway.label,
            "what": ratings.target_words(d.target, s.pathway),
            "d": d,
            "way": "later" if d.days > 0 else "earlier",
        }
        for s in report.services.values()
        for d in ratings.drifts(s.aims, s.service.promised)
    ]
    return {"drifts": moved}


def changed_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a list: both numbers with their dates, the difference, the verdict."""
    rows: list[tuple[Any, ...]] = []
    for s, w in lists(report):
        numbers = s.numbers(w.name, "waiting")
        if len(numbers) < 2:
            continue
        old, now = numbers[-2:]
        said = Markup("{} {}").format(
            mark(s.verdict(w.name, "waiting")),
            verdicts.words.say(s.verdict(w.name, "waiting"), capital=True),
        )
        rows.append((name_of(s, w), dated(old), dated(now), now.minus(old).signed, said))
    heads = ("List", "Before", "Newest", "Difference", "Over the months")
    caption = "Children waiting: the two newest published dates of each list"
    return [show.Table(caption, heads, rows, left=frozenset({4}), cards=True)] if rows else []


def dated(number: Number) -> Markup:
    """The number with its period in small print below it."""
    return Markup('{} <span class="aside">{}</span>').format(number, number.when)


def risks(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many targets have a chance."""
    return {"n": len(frame), "targets": sum(len(s.aims) for s in report.services.values())}


def risks_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a target, most likely to be missed first; the owner is a line to write on."""
    found = sorted(
        (r for s in report.services.values() for r in ratings.risks(s)),
        key=lambda r: -r.likelihood.value,
    )
    blank = Markup('<span class="rule"><span class="hide">blank, to be filled in</span></span>')
    rows = [
        (
            r.event,
            percent(r.likelihood),
            Markup('{} <span class="aside">{}</span>').format(r.impact, r.impact_words),
            r.trigger,
            words.day(r.review),
            blank,
        )
        for r in found
    ]
    heads = ("Risk", "Likelihood", "Impact", "Sign to act on", "Review", "Owner")
    caption = "Risk rows, most likely first"
    return [show.Table(caption, heads, rows, left=frozenset({3, 4, 5}), cards=True)] if rows else []


def closing(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Rows read of all extracts, services without one, pages that could not be made."""
    files = report.contents.files
    counts = {c: int(files[c].fillna(0).sum()) for c in ("read", "clean", "quarantined", "merged")}
    missing = [
        p.label for code, p in report.workspace.pathways.items() if code not in report.services
    ]
    links = [
        (report.link(n), text)
        for n, text in (
            ("quality", "quality of the data"),
            ("themes", "where referrals changed"),
            ("update", "the update"),
        )
    ]
    if before := report.set_before:
        links.append(("changes.html", f"what changed since the set of {words.day(before)}"))
    return {
        "rows": {k: gate.rows_printed(v, report.profile) for k, v in counts.items()},
        "files": len(files),
        "missing": missing,
        "failed": {n.replace("_", " "): why for n, why in sorted(report.failed.items())},
        "links": [(h, t) for h, t in links if h],
    }
