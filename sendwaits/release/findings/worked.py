"""Facts of a service that works its list in groups (by worker): one mean over all of them describes no child's wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.release import show, words
from sendwaits.release.key import grains
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

Facts = dict[str, Any]


def worked(report: Report, wait: Wait) -> list[Facts]:
    """Each group's list, mean wait so far and mean completed wait, newest; none where the service has no such groups."""
    column = report.pathway.split
    if not column:
        return []
    found = report.released
    mine = found[(found["wait"] == wait.name) & (found["measure"] == "mean_weeks_open")]
    groups = [g for g in dict.fromkeys(mine["group"]) if g.startswith(f"{column}=")]
    return [
        {
            "group": g,
            "name": name_of(report, g),
            "list": report.number(wait.name, "waiting", g),
            "open": report.number(wait.name, "mean_weeks_open", g),
            "v": report.verdict(wait.name, "mean_weeks_open", g),
            "v_list": report.verdict(wait.name, "waiting", g),
            "done": completed(report, wait.name, g),
        }
        for g in groups
    ]


def together(report: Report, wait: Wait | None, measure: str) -> str:
    """ ", all workers together" after a mean or median of a service that works its list in groups; else nothing."""
    if wait is None or "_weeks_" not in measure or measure.startswith("waiting"):
        return ""
    return f", all {report.pathway.split}s together" if worked(report, wait) else ""


def completed(report: Report, wait: str, group: str) -> Number | None:
    """The newest mean completed wait of a group that is published."""
    rows = report.service.equity
    if not len(rows):
        return None
    mine = (rows["wait"] == wait) & (rows["measure"] == "group:mean_weeks_completed")
    rows = rows[mine & (rows["group"] == group)].sort_values(["period_end", "period_start"])
    return next((Number.of(r) for r in rows.tail(1).itertuples(index=False)), None)


def name_of(report: Report, group: str) -> str:
    """What a code of the extract stands for: "occupational therapist" of worker=OT."""
    column, _, value = group.partition("=")
    said = report.pathway.codes.get(column, {}).get(value, "")
    return f"{said[:1].lower()}{said[1:]}" if said else show.group_name(group)


def months_of(number: Number) -> Number:
    """The same wait in months (days / 30.4375), one decimal; whole where the weeks are."""
    key = number.key.derived("months")
    fine = 0 if number.form == "rounded" and "group:" in number.key.measure else 1
    return Number(key, number.value * 7 / 30.4375, "count", number.form, decimals=fine)


def split(report: Report, frame: pd.DataFrame) -> Facts:
    """Each group's newest mean wait so far and mean completed wait, in weeks and months."""
    parts = worked(report, report.wait)
    for p in parts:
        p["months"] = months_of(p["open"])
        p["done_months"] = months_of(p["done"]) if p["done"] else None
    return {"parts": parts, "all": report.number(report.wait.name, "mean_weeks_open")}


def split_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """Dates down, groups across, each mean in weeks and in months: open waits, then completed ones."""
    tables = []
    for (measure, grain), rows in frame.groupby(["measure", grains(frame)], sort=False):
        groups = list(dict.fromkeys(rows["group"]))
        cells = {(r.period_end, r.group): Number.of(r) for r in rows.itertuples(index=False)}
        heads = [
            f"{words.capital(name_of(report, g))}, {unit}"
            for g in groups
            for unit in ("weeks", "months")
        ]
        lines = [
            (
                show.when(row.period_start, end),
                *(c for g in groups for c in _both(cells.get((end, g)))),
            )
            for end, row in rows.drop_duplicates("period_end").set_index("period_end").iterrows()
        ]
        what = words.measure(str(measure).rpartition(":")[2]).noun
        caption = f"{report.pathway.label}: {what}, by {report.pathway.split} and {grain}"
        tables.append(show.Table(caption, ("Period", *heads), lines))
    return tables


def _both(number: Number | None) -> tuple[Any, Any]:
    return (number, months_of(number)) if number else ("", "")
