"""Facts of the quality page. Its words stand in templates/quality/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.release import show, words
from sendwaits.release.findings.figures import key
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

Facts = dict[str, Any]
PARTS = ("rows_read", "rows_clean", "rows_quarantined", "rows_merged")
SEVERITIES = ("error", "red", "warn", "amber", "info")


def _numbers(frame: pd.DataFrame) -> dict[tuple[str, str], Number]:
    return {(r.pathway, r.measure): Number.of(r) for r in frame.itertuples(index=False)}


def shares(report: AreaReport) -> list[tuple[float, str]]:
    """The share of rows set aside of each service, per cent, the largest first."""
    files = report.contents.files
    found = [(100 * r.quarantined / r.read, r.pathway) for r in files.itertuples() if r.read]
    return sorted(found, reverse=True)


def opening(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The share of rows set aside, red findings, refused extracts."""
    files, found = report.contents.files, report.contents.findings
    refused = files[files["refused"].fillna("").astype(str) != ""]
    read = int(files["read"].fillna(0).sum())
    aside = int(files["quarantined"].fillna(0).sum())
    return {
        "n": len(files),
        "refused": len(refused),
        "red": int(found["severity"].isin(["red", "error"]).sum()),
        "aside": 100 * aside / read if read else 0.0,
        "worst": shares(report)[:1],
    }


def keys(report: AreaReport) -> list[Facts]:
    """Extracts, share clean, red findings."""
    facts = opening(report, report.released)
    return [
        key("Extracts read", str(facts["n"]), "the newest of each service"),
        key("Rows set aside", f"{facts['aside']:.1f}%", "of all rows read; they count in nothing"),
        key("Red findings", str(facts["red"]), "to correct at the source"),
    ]


def ledger(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The service with the largest share set aside."""
    worst = shares(report)
    code = worst[0][1] if worst else ""
    label = report.workspace.pathway(code).label if code else ""
    return {"worst": label, "share": worst[0][0] if worst else 0.0, "exact": report.profile.exact}


def ledger_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a service."""
    numbers = _numbers(frame)
    rows = [
        (
            report.workspace.pathway(r.pathway).label,
            words.day(str(r.extract_date)[:10]),
            *(numbers.get((r.pathway, m), "") for m in PARTS),
            r.refused if isinstance(r.refused, str) and r.refused else "read",
        )
        for r in report.contents.files.itertuples()
    ]
    heads = ("Service", "State at the end of", "Read", "Clean", "Set aside", "Merged", "Result")
    return [show.Table("Rows of each extract", heads, rows, left=frozenset({1, 6}), cards=True)]


def rules(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many findings, how many of them red."""
    found = report.contents.findings
    return {"n": len(found), "red": int(found["severity"].isin(["red", "error"]).sum())}


def rules_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """One row a rule and service, gravest first."""
    numbers = _numbers(frame)
    found = report.contents.findings
    rank = {name: i for i, name in enumerate(SEVERITIES)}
    found = found.assign(rank=found["severity"].map(rank).fillna(9))
    of = dict(zip(report.contents.files["file"], report.contents.files["pathway"], strict=True))
    rows = [
        (
            r.code,
            r.severity,
            report.workspace.pathway(of[r.file]).label,
            numbers.get((of[r.file], f"rule:{r.code}"), ""),
            r.message if report.profile.exact else words.uncounted(r.message),
            r.what_to_do,
        )
        for r in found.sort_values(["rank", "code", "file"], kind="stable").itertuples()
        if r.file in of
    ]
    heads = ("Rule", "Severity", "Service", "n", "What was found", "What to do")
    caption = "Findings by rule and service, gravest first"
    return [show.Table(caption, heads, rows, left=frozenset({1, 2, 4, 5}), cards=True)]


def by_hand(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """How many rows; none outside the analyst profile."""
    return {"n": len(frame), "exact": report.profile.exact}


def by_hand_tables(report: AreaReport, frame: pd.DataFrame) -> list[show.Table]:
    """The first rows set aside, as a person sees them in the file."""
    first = report.contents.quarantine.head(40 if report.profile.exact else 0)
    rows = [(r.file, f"{int(r.row):,}", r.column, r.code, r.reason) for r in first.itertuples()]
    heads = ("Extract", "Row", "Column", "Rule", "Reason")
    return (
        [show.Table("Rows set aside", heads, rows, left=frozenset({2, 3, 4}), cards=True)]
        if rows
        else []
    )


def closing(report: AreaReport, frame: pd.DataFrame) -> Facts:
    """The gravest finding, to ask the supplier about."""
    found = report.contents.findings
    red = found[found["severity"].isin(["red", "error"])]
    of = dict(zip(report.contents.files["file"], report.contents.files["pathway"], strict=True))
    first = red.iloc[0] if len(red) else None
    label = report.workspace.pathway(of[first["file"]]).label if first is not None else ""
    return {"first": first, "label": label}
