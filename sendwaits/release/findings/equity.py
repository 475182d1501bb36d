"""Facts of the trend page about groups and whole years of children. Their words stand in templates/trend/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.release import show, verdicts, words
from sendwaits.release.findings import stop
from sendwaits.release.findings.backlog import wait_of
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.release.report import Report

Facts = dict[str, Any]
RATE = 0.05
"""Of the groups that are said to differ, the share that may differ by chance alone."""


def equity(report: Report, frame: pd.DataFrame) -> Facts:
    """The groups whose mean wait so far, or share seen, is apart from that of all children by more than chance."""
    wait = wait_of(report, frame)
    totals = {r.measure: Number.of(r) for r in frame[frame["group"] == ""].itertuples(index=False)}
    groups = frame[frame["group"] != ""]
    apart: list[Facts] = [
        {"name": show.group_name(r.group), "n": Number.of(r), "all": totals[r.measure],
         "said": beside(Number.of(r), totals[r.measure])}
        for r in groups[groups["q"] <= RATE].itertuples(index=False)
    ]  # fmt: skip
    waits = groups[groups["measure"] == "group:mean_weeks_open"]
    return {
        "wait": wait,
        "stop": stop(wait),
        "n": len(waits),
        "all": totals.get("group:mean_weeks_open"),
        "slower": [a for a in apart if a["n"].unit == "weeks"],
        "seen": [a for a in apart if a["n"].unit == "percent"],
        "columns": [_head(c) for c in dict.fromkeys(_columns(groups))],
    }


def beside(number: Number, whole: Number) -> Markup:
    """ "longer than" or "lower than", in the element that carries both keys."""
    return verdicts.words.compare((number.value, number.key), (whole.value, whole.key), number.unit)


def _columns(frame: pd.DataFrame) -> list[str]:
    return [g.partition("=")[0] for g in frame["group"]]


def _head(column: str) -> str:
    return str(words.capital(column.replace("_", " ")))


def equity_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """One table a column: groups down, each number with its interval, and whether it is apart from all children's."""
    whole = {r.measure: r for r in frame[frame["group"] == ""].itertuples(index=False)}
    totals = {measure: Number.of(r) for measure, r in whole.items()}
    groups = frame[frame["group"] != ""]
    tables = []
    for column, rows in groups.groupby(_columns(groups), sort=False):
        found: dict[str, dict[str, Any]] = {}
        for r in rows.itertuples(index=False):
            found.setdefault(show.group_name(r.group), {})[r.measure] = r
        cells = [_row(name, row, totals) for name, row in found.items()]
        cells.append(_row("All children", whole, totals))
        heads = (
            _head(str(column)),
            *(words.measure(m.partition(":")[2]).head for m in totals),
            "Apart by more than chance",
        )
        caption = f"{report.pathway.label}: by {str(column).replace('_', ' ')}, with 95% intervals"
        tables.append(
            show.Table(caption, heads, cells, left=frozenset({len(heads) - 1}), total=True)
        )
    return tables


def _row(name: str, row: dict[str, Any], totals: dict[str, Number]) -> tuple[Any, ...]:
    said = [
        Markup("{} {}").format(beside(Number.of(r), totals[m]), "all children")
        for m, r in row.items()
        if r.q == r.q and r.q <= RATE
    ]
    return (
        words.capital(name),
        *(between(row[m]) if m in row else "" for m in totals),
        words.listed(said) if said else "",
    )


def between(row: Any) -> Any:
    """A number of the frame with the ends of its interval below it."""
    number = Number.of(row)
    low, high = (
        Number(
            number.key.derived(side),
            float(getattr(row, side)),
            number.unit,
            number.form,
            decimals=1 if number.fraction else None,
        )
        for side in ("low", "high")
    )
    if not (number.shown and low.shown):
        return show.cell(number)
    of = Markup("{}, ").format(number.fraction) if number.fraction else ""
    return Markup('{} <span class="aside">{}{} to {}</span>').format(number, of, low, high)


def cohorts(report: Report, frame: pd.DataFrame) -> Facts:
    """The newest year of which the longest share is known: seen by each week, and the year before."""
    wait = wait_of(report, frame)
    numbers = {
        (int(r.measure.split("_")[2]), r.period_end.year): Number.of(r)
        for r in frame.itertuples(index=False)
    }
    weeks = sorted({w for w, _ in numbers})
    years = sorted({y for _, y in numbers})
    newest = years[-1] if years else None
    return {
        "wait": wait,
        "stop": stop(wait),
        "year": newest,
        "shares": [(w, numbers[w, newest]) for w in weeks if (w, newest) in numbers],
        "before": [
            (w, numbers[w, newest - 1]) for w in weeks if newest and (w, newest - 1) in numbers
        ],
    }


def cohorts_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """Years down, weeks across, each share with its fraction and interval."""
    if not len(frame):
        return []
    measures = list(dict.fromkeys(frame["measure"]))
    found = {(r.period_end, r.measure): r for r in frame.itertuples(index=False)}
    rows = [
        (str(end.year), *(between(found[end, m]) if (end, m) in found else "" for m in measures))
        for end in dict.fromkeys(frame["period_end"])
    ]
    heads = ("Started in", *(words.measure(m.partition(":")[2]).head for m in measures))
    caption = (
        f"{report.pathway.label}: of each year's children, seen by so many weeks, 95% intervals"
    )
    return [show.Table(caption, heads, rows)]


def journey(report: Report, frame: pd.DataFrame) -> Facts:
    """What became of one year's referrals; how many came again; how many may grow too old while they wait."""
    shares = frame[frame["measure"].str.startswith("group:cohort_")]
    numbers = [Number.of(r) for r in shares.itertuples(index=False)]
    again = frame[frame["measure"] == "group:re_referrals_pct"]
    old = report.service.equity
    old = old[old["measure"].str.startswith("group:ageing_out_")] if len(old) else old
    return {
        "rejected": next((n for n in numbers if n.key.measure.endswith("_rejected_pct")), None),
        "stages": [
            {
                "n": n,
                "wait": report.pathway.wait(n.key.wait),
                "stop": stop(report.pathway.wait(n.key.wait)),
            }
            for n in numbers
            if n.key.wait
        ],
        "again": next((Number.of(r) for r in again.itertuples(index=False)), None),
        "old": [
            {
                "n": Number.of(r),
                "under": r.group == "under",
                "stop": stop(report.pathway.wait(r.wait)),
            }
            for r in old.itertuples(index=False)
        ],
        "limits": words.listed([str(age) for age in report.pathway.leaves_at]),
    }


def journey_tables(report: Report, frame: pd.DataFrame) -> list[show.Table]:
    """One row a share of the year's referrals, and of the children who came again."""
    rows = []
    for r in frame.itertuples(index=False):
        n, name = Number.of(r), words.measure(r.measure.partition(":")[2]).head
        what = f"{name}: {report.pathway.wait(r.wait).label}" if r.wait else name
        of = Markup("{} of {}").format(n, n.denominator) if n.form == "c" else between(r)
        rows.append((what, of, words.capital(n.when)))
    heads = ("What became of them", "Share", "Referred")
    caption = f"{report.pathway.label}: what became of a year's referrals, 95% intervals"
    return [show.Table(caption, heads, rows, left=frozenset({2}))] if rows else []
