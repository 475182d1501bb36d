"""The frames of the page "what changed": counts of printed values by service, values that are others now, verdicts that turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendwaits.release import show
from sendwaits.release.ahead import rows_of
from sendwaits.release.key import COLUMNS, text

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["by_service", "values", "turned"]


def by_service(report: AreaReport) -> show.Frame:
    """How many values of each service both sets print, and how many of them are others now, by cause: measure set:<what>."""
    from sendwaits.release.findings.changes import counted

    return show.show(rows_of(n for row in counted(report) for n in row.values()), "By service")


def values(report: AreaReport) -> show.Frame:
    """The released rows whose value is another than in the set before."""
    now, found = report.released, report.compared.changes
    keys = {tuple(row) for row in found[COLUMNS[:6]].itertuples(index=False)}
    mine = zip(*(map(text, now[c]) if "period" in c else now[c] for c in COLUMNS[:6]), strict=True)
    return show.show(now[[key in keys for key in mine]], "Values that are others now")


def turned(report: AreaReport) -> show.Frame:
    """The newest released row of every whole list or flow whose verdict is another than in the set before."""
    now, found = report.released, report.compared.verdicts
    series = {tuple(row) for row in found[COLUMNS[:4]].itertuples(index=False)}
    mine = [key in series for key in zip(*(now[c] for c in COLUMNS[:4]), strict=True)]
    newest = now[mine].sort_values("period_end", kind="stable")
    return show.show(newest.drop_duplicates(COLUMNS[:4], keep="last"), "Verdicts that turned")
