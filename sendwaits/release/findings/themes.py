"""Facts of the themes page. Its words stand in templates/themes/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.measure import themes
from sendwaits.release import show, verdicts, words
from sendwaits.release.findings.figures import year_apart
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

Facts = dict[str, Any]


def _pairs(frame: pd.DataFrame) -> list[Facts]:
    """Each service's totals in two equal periods, the year to date first: code, comparison, before, after."""
    found = []
    for code, rows in frame[frame["group"] == ""].groupby("pathway", sort=False):
        numbers = [Number.of(r) for r in rows.sort_values("period_end").itertuples(index=False)]
        for before, after in year_apart(numbers):
            whole = after.key.period_end.endswith("-12-31")
            found.append({"code": code, "whole": whole, "before": before, "after": after})
    return sorted(found, key=lambda p: p["whole"])


def opening(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The services whose referrals changed, by their verdicts."""
    every: list[Facts] = [
        {"name": s.pathway.label, "v": s.verdict("", "referrals")} for s in report.services.values()
    ]
    return {
        "moved": [e for e in every if e["v"].direction != "none"],
        "first": every[0]["v"],
        "n": len(every),
    }


def keys(report: AreaReport) -> list[Facts]:
    """None: the table of totals stands there."""
    return []


def totals(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many services have equal periods to compare."""
    pairs = [p for p in _pairs(frame) if not p["whole"]]
    return {"n": len(pairs), "first": pairs[0] if pairs else None}


def totals_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """Year to date beside the same months of the year before, then closed years; one row a service."""
    tables = []
    for whole, name in ((False, "Year to date"), (True, "Closed years")):
        rows = [
            (
                report.workspace.pathway(p["code"]).label,
                Markup('{} <span class="aside">{}</span>').format(p["before"], p["before"].when),
                Markup('{} <span class="aside">{}</span>').format(p["after"], p["after"].when),
                p["after"].minus(p["before"]).signed,
                verdicts.words.say(report.services[p["code"]].verdict("", "referrals")),
            )
            for p in _pairs(frame)
            if p["whole"] == whole and p["code"] in report.services
        ]
        if rows:
            heads = ("Service", "Before", "After", "Difference", "Over the months")
            tables.append(
                show.Table(f"{name}: referrals", heads, rows, left=frozenset({4}), cards=True)
            )
    return tables


def groups(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The groups of one service whose share of referrals moved by more than chance."""
    told = themes.contributions(frame)
    first = told[told["comparison"] == told["comparison"].iloc[0]] if len(told) else told
    code = str(frame["pathway"].iloc[0]) if len(frame) else ""
    clear = [f"{r.column.replace('_', ' ')} {r.group}" for r in first[first["clear"]].itertuples()]
    return {
        "label": report.workspace.pathway(code).label if code else "",
        "clear": clear,
        "n": len(first),
        "pair": next((p for p in _pairs(frame) if not p["whole"]), None),
    }


def groups_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One table a column: the group in both periods of the year to date (closed years where that is all)."""
    told = themes.contributions(frame)
    if not len(told):
        return []
    first = told[told["comparison"] == told["comparison"].iloc[0]]
    numbers = {
        (r.group, str(r.period_end)[:10]): Number.of(r) for r in frame.itertuples(index=False)
    }
    tables = []
    for column, part in first.groupby("column", sort=False):
        rows = []
        for r in part.itertuples():
            before, after = (
                numbers[f"{column}={r.group}", end] for end in (r.before_end, r.after_end)
            )
            note = "more than chance" if r.clear else ""
            rows.append(
                (show.group_name(f"={r.group}"), before, after, after.minus(before).signed, note)
            )
        heads = (
            words.capital(str(column).replace("_", " ")),
            words.capital(words.period(part["before_start"].iloc[0], part["before_end"].iloc[0])),
            words.capital(words.period(part["after_start"].iloc[0], part["after_end"].iloc[0])),
            "Difference",
            "Uneven by",
        )
        tables.append(
            show.Table(
                f"Referrals by {str(column).replace('_', ' ')}", heads, rows, left=frozenset({4})
            )
        )
    return tables


def closing(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """Nothing is asked here."""
    return {}
