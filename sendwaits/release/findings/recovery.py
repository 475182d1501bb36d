"""The recovery plan of a list, as keyed numbers worked out from released figures only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Refused
from sendwaits.measure import recovery
from sendwaits.release.key import Key
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

__all__ = ["factor_of", "numbers_of", "plan_of"]

DEFAULT_WEEKS = 18


def factor_of(report: Report) -> int:
    """4 where children wait their turn; 1 for statutory stages, where the work itself takes the time."""
    return 1 if report.pathway.timeliness else 4


def plan_of(report: Report, wait: Wait) -> list[Any]:
    """The rows of `measure.recovery.plan`; none where the list or its completions are not published."""
    weeks = wait.standard_days / 7 if wait.standard_days else DEFAULT_WEEKS
    try:
        table = recovery.plan(
            report.service.released,
            report.pathway.code,
            wait.name,
            report.as_at,
            target_weeks=weeks,
            factor=factor_of(report),
            line_weeks=report.line(wait),
        )
    except Refused:
        return []
    return list(table.itertuples(index=False))


def numbers_of(report: Report, wait: Wait) -> dict[tuple[str, str, str], Number]:
    """(measure, by, value | low | high) -> number, those that are known."""
    found = {}
    for row in plan_of(report, wait):
        for side in ("value", "low", "high"):
            value = float(getattr(row, side))
            if math.isfinite(value):
                unit = "weeks" if row.unit == "weeks" else "count"
                end = str(row.by or report.as_at)[:10]
                key = Key(row.pathway, row.wait, f"recovery:{row.measure}", side, "", end)
                whole = row.measure in ("waiting", "target_list") or unit == "weeks"
                found[row.measure, str(row.by)[:10], side] = Number(
                    key, value, unit, "exact", decimals=0 if whole else 1
                )
    return found
