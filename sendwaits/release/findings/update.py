"""Facts of the update. Its words stand in templates/update/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.release import show, verdicts, words
from sendwaits.release.findings import standard, stop
from sendwaits.release.findings.backlog import year_before
from sendwaits.release.findings.figures import year_apart
from sendwaits.release.findings.index import dated
from sendwaits.release.findings.index import keys as keys
from sendwaits.release.findings.index import opening as opening
from sendwaits.release.findings.worked import months_of, worked
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

Facts = dict[str, Any]


def each_service(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """One service: every headline list with its numbers now and a year before, and their verdicts."""
    code = str(frame["pathway"].iloc[0]) if len(frame) else next(iter(report.services))
    service = report.services[code]

    def told(wait: str, measure: str) -> Facts:
        return {
            "n": service.number(wait, measure),
            "before": year_before(service.numbers(wait, measure)),
            "v": service.verdict(wait, measure),
        }

    lists = [
        {
            "wait": w,
            "stop": stop(w),
            "standard": standard(w) if w.standard_days else "",
            "list": told(w.name, "waiting"),
            "mean": told(w.name, "mean_weeks_open"),
            "done": told(w.name, "mean_weeks_completed"),
            "share": told(w.name, "within_standard_pct"),
            "parts": [p | {"months": months_of(p["open"])} for p in worked(service, w)],
        }
        for w in service.waits
    ]
    return {
        "label": service.pathway.label,
        "title_": service.pathway.title,
        "lists": lists,
        "href": report.link(f"{code.lower()}_trend"),
    }


def statements(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many statements agree, do not agree, cannot be checked."""
    judged = report.statements()
    count = judged["verdict"].value_counts()
    names = ("agrees", "does not agree", "cannot be checked")
    return {"n": len(judged), **{k.replace(" ", "_"): int(count.get(k, 0)) for k in names}}


def statements_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a statement, in its order."""
    rows = [
        (
            r.text,
            r.verdict,
            _right(r),
            "; ".join([*map(str, r.missing), *([r.why] if r.why else [])]),
        )
        for r in report.statements().itertuples()
    ]
    heads = ("Statement", "Verdict", "By these figures", "What is missing, or why")
    caption = "Last time’s statements"
    return [show.Table(caption, heads, rows, left=frozenset({1, 2, 3}), cards=True)] if rows else []


def _right(row: Any) -> Markup:
    text = row.right if isinstance(row.right, str) else ""
    if not (text and row.keys):
        return Markup("{}").format(text)
    return Markup('<span data-statement="{}">{}</span>').format(" ~ ".join(row.keys), text)


def totals(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Every monthly total in equal periods."""
    return {"n": frame["measure"].nunique(), "pairs": _equal(frame)}


def _equal(frame: pd.DataFrame) -> list[Facts]:
    found = []
    for measure, rows in frame.groupby("measure", sort=False):
        numbers = [Number.of(r) for r in rows.itertuples(index=False)]
        name = str(measure).removeprefix("total:").replace("_", " ")
        found += [{"name": name, "base": before, "now": now} for before, now in year_apart(numbers)]
    return found


def totals_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a total and pair of periods."""
    rows = []
    for p in _equal(frame):
        ends = (p["now"].value, p["now"].key), (p["base"].value, p["base"].key)
        said = (
            verdicts.words.compare(*ends, unit=p["now"].unit)
            if p["now"].shown and p["base"].shown
            else ""
        )
        rows.append((words.capital(p["name"]), dated(p["base"]), dated(p["now"]), said))
    heads = ("Total", "Before", "Now", "Now is")
    caption = (
        "Monthly totals: the last 12 months and the 12 before, the year to date and the same months"
    )
    return [show.Table(caption, heads, rows, left=frozenset({3}), cards=True)] if rows else []


def spending(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Each monthly amount of money: the newest month, the same month of the year before, the comparison of the two."""
    found = []
    for measure, rows in frame.groupby("measure", sort=False):
        numbers = [Number.of(r) for r in rows.sort_values("period_end").itertuples(index=False)]
        before = year_before(numbers)
        now, name = numbers[-1], str(measure).removeprefix("total:").replace("_", " ")
        base = (before.value, before.key) if before else None
        said = verdicts.words.compare((now.value, now.key), base, unit="GBP") if base else ""
        found.append({"name": name, "now": now, "before": before, "said": said})
    return {"found": found}


def nation(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The share of plans within 20 weeks of the area and of England in the newest published year."""
    numbers = {
        (r.measure.removeprefix("published:"), show.group_name(r.group)): Number.of(r)
        for r in frame.itertuples(index=False)
    }
    own = report.workspace.area.name
    lead = "within_20_weeks_pct"
    return {
        "own": numbers.get((lead, own)),
        "england": numbers.get((lead, "England")),
        "there": len(frame) > 0,
        "what": words.measure(lead).noun,
    }


def nation_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """Measures down, places across; each average is named."""
    places = [show.group_name(g) for g in dict.fromkeys(frame["group"])]
    cells = {
        (r.measure, show.group_name(r.group)): Number.of(r) for r in frame.itertuples(index=False)
    }
    rows = [
        (
            words.measure(m.removeprefix("published:")).head,
            *(show.cell(cells.get((m, p))) for p in places),
        )
        for m in dict.fromkeys(frame["measure"])
    ]
    caption = "Published shares of the newest year"
    return [show.Table(caption, ("Measure", *places), rows)] if rows else []


def closing(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Nothing is asked here."""
    return {}
