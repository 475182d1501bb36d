"""What every page closes with: the date of the question, the quality of the data, and what is not published."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.release import gate, words

if TYPE_CHECKING:
    from sendwaits.release.report import Report

__all__ = ["asked", "quality", "unpublished"]

GRAINS = {"month": 0, "quarter": 1, "year": 2}


def asked(as_at: date) -> date:
    """The date by which the Board is asked to decide: the last day of the second month after as_at."""
    return (pd.Timestamp(as_at).to_period("M") + 2).end_time.date()


def quality(report: Report) -> dict[str, Any]:
    """Rows of the newest extract (read = clean + set aside + merged), waits that are missing from it, red findings."""
    rows = report.service.files
    rows = rows[rows["extract_date"] == rows["extract_date"].max()] if len(rows) else rows
    counts = {c: int(rows[c].fillna(0).sum()) for c in ("read", "clean", "quarantined", "merged")}
    found = report.service.findings
    red = found[found["severity"].isin(["red", "error"])]
    share = 100 * counts["quarantined"] / counts["read"] if counts["read"] else 0.0
    return {
        "rows": {n: gate.rows_printed(v, report.profile) for n, v in counts.items()},
        "about": "" if report.profile.exact else "About ",
        "aside_pct": share,
        "red": len(red),
        "gone": report.number(report.wait.name, "waiting_not_flowed"),
        "waiting": report.number(report.wait.name, "waiting"),
    }


def unpublished(report: Report) -> list[tuple[str, str]]:
    """County series of the page's lists that are coarser than exact months, by how: ("by quarter", "completed, joined")."""
    plan = report.service.plan
    mine = [w.name for w in report.waits] + [""]
    plan = plan[(plan["group"] == "") & plan["wait"].isin(mine) & (plan["grain"] != "day")]
    plan = plan[~plan["measure"].str.startswith("waiting_band_")]
    found: dict[str, dict[str, None]] = {}
    best = plan.assign(order=plan["grain"].map(GRAINS).fillna(9)).sort_values(
        "order", kind="stable"
    )
    for r in best.drop_duplicates(["wait", "measure"]).itertuples():
        how = {"month": "", "quarter": "By quarter", "year": "By calendar year"}.get(
            r.grain, "Not published"
        )
        if r.form == "rounded":
            how = f"{how}, to the nearest 5" if how else "To the nearest 5"
        if how:
            about = f" ({r.wait})" if len(report.waits) > 1 and r.wait else ""
            found.setdefault(how, {})[words.measure(r.measure).head.lower() + about] = None
    return [(how, str(words.listed(names))) for how, names in found.items()]
