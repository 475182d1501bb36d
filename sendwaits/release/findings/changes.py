"""Facts of the page "what changed since the set before". Its words stand in templates/changes/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.release import show, verdicts, words
from sendwaits.release.compare_sets import LATE, REVISED
from sendwaits.release.findings import stop
from sendwaits.release.findings.figures import key, mark
from sendwaits.release.key import COLUMNS, Key
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

Facts = dict[str, Any]
MOST = 20
"""Rows of a table: the page prints on two sheets."""
KINDS = {
    "both": "In both sets",
    "revised": "Revised",
    "late": "Late",
    "setting": "By a setting",
    "new": "New",
}


def counted(report: AreaReport) -> list[dict[str, Number]]:
    """One row a service: values in both sets, and of them revised, late, by a setting; and new ones."""
    found = report.compared
    why = found.changes.groupby(["pathway", "why"]).size().to_dict() if len(found.changes) else {}
    return [
        {
            "both": _count(report, code, "both", found.both.get(code, 0)),
            "revised": _count(report, code, "revised", sum(why.get((code, w), 0) for w in REVISED)),
            "late": _count(report, code, "late", why.get((code, LATE), 0)),
            "setting": _count(report, code, "setting", why.get((code, "setting"), 0)),
            "new": _count(report, code, "new", found.new.get(code, 0)),
        }
        for code in report.services
    ]


def _count(report: AreaReport, code: str, what: str, n: int) -> Number:
    return Number(Key(code, "", f"set:{what}", "", "", str(report.as_at)), float(n), form="exact")


def opening(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many printed values are others now, beside which set."""
    found = report.compared
    return {"n": len(found.changes), "both": sum(found.both.values()), "before": report.set_before}


def keys(report: AreaReport) -> list[Facts]:
    """Revised, late, new."""
    rows = counted(report)
    lines = {
        "revised": "a later extract tells another past",
        "late": "the days were not in the extract of the set before",
        "new": "printed for the first time",
    }
    total = {k: sum(int(r[k].value) for r in rows) for k in lines}
    return [key(KINDS[k], f"{total[k]:,}", line) for k, line in lines.items()]


def by_service(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Series that came or went, and settings that differ."""
    found = report.compared
    here = found.series[found.series["pathway"].isin(list(report.services))]
    gone = here[here["what"] == "no longer published"]
    names = [_name(report, row) for row in gone[gone["group"] == ""].itertuples()]
    return {
        "gone": names[:6],
        "more": max(0, len(names) - 6),
        "come": int((here["what"] != "no longer published").sum()),
        "settings": found.settings,
    }


def by_service_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a service."""
    rows = [
        (s.pathway.label, *row.values())
        for s, row in zip(report.services.values(), counted(report), strict=True)
    ]
    return [show.Table("Printed values by service", ("Service", *KINDS.values()), rows, cards=True)]


def values(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many values of whole services are listed, and how many more there are."""
    listed = _listed(report)
    return {"n": len(listed), "more": len(report.compared.changes) - len(listed)}


def values_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a value: printed then, printed now, the cause."""
    now = {Key.of(r): Number.of(r) for r in frame.itertuples(index=False)}
    rows = [
        _row(report, row, now[Key(*row[:6])]) for row in _listed(report).itertuples(index=False)
    ]
    heads = ("Number", "Period", "Printed then", "Printed now", "Cause")
    caption = "Values of whole services that are others now, newest first"
    return [show.Table(caption, heads, rows, left=frozenset({1, 4}), cards=True)] if rows else []


def _listed(report: AreaReport) -> pd.DataFrame:
    """The newest changed values, those of headline lists and of whole services first."""
    found = report.compared.changes
    found = found[found["pathway"].isin(list(report.services)) & (found["group"] == "")]
    lists = {(c, w.name) for c, s in report.services.items() for w in s.waits}
    last = [(c, w) not in lists for c, w in zip(found["pathway"], found["wait"], strict=True)]
    order = found.assign(last=last).sort_values(
        ["last", "period_end"], ascending=[True, False], kind="stable"
    )
    return order.head(MOST).drop(columns="last")


def _row(report: AreaReport, row: Any, now: Number) -> tuple[Any, ...]:
    then = Number(now.key.derived("before"), float(row.before), now.unit, row.form_before)
    causes = {"new extract": "late", "setting": "a setting", "recoded": "revised (groups)"}
    cause = causes.get(row.why, "revised")
    return _name(report, row), words.capital(now.when.removeprefix("on ")), then, now, cause


def _name(report: AreaReport, row: Any) -> str:
    """ "NST, first appointment: waiting"."""
    service = report.services[row.pathway]
    wait = f", {stop(service.pathway.wait(row.wait))}" if row.wait else ""
    return f"{service.pathway.label}{wait}: {words.measure(row.measure).noun}"


def turned(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many verdicts turned."""
    return {"n": len(frame), "more": max(0, len(_whole(frame)) - MOST)}


def turned_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a series: its newest number and what is said of it now."""
    rows = []
    for r in _whole(frame).head(MOST).itertuples(index=False):
        verdict = report.verdict(r.wait, r.measure, r.group, r.pathway)
        said = verdicts.words.say(verdict, capital=True)
        number = Number.of(r)
        rows.append((_name(report, r), words.capital(number.when), number, mark(verdict) + said))
    heads = ("Series", "Newest period", "Number", "Verdict now")
    caption = "Series whose verdict is another than in the set before"
    return [show.Table(caption, heads, rows, left=frozenset({1, 3}), cards=True)] if rows else []


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["group"] == ""].sort_values(COLUMNS[:3], kind="stable")


def closing(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Nothing but the way to all of it."""
    return {"before": report.set_before}
