"""The frames of the update: each service in a few numbers, last time's statements, monthly totals, the area beside the nation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show
from sendwaits.release.findings.worked import worked
from sendwaits.release.key import COLUMNS

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.area_report import AreaReport
    from sendwaits.release.report import Report

__all__ = ["each_service", "nation", "spending", "statements", "totals"]


def each_service(report: AreaReport) -> show.Frame:
    """The mean wait so far of every headline list, by period; then the list and the share on time: all that the update says."""
    found = [_of(s, w) for s in report.services.values() for w in s.waits]
    return show.show(pd.concat(found, ignore_index=True), "Every service")


def _of(service: Report, wait: Wait) -> pd.DataFrame:
    """The rows of one list; where the service works it in groups their means, and no mean of all of them."""
    parts = worked(service, wait)
    measures = ["waiting", "within_standard_pct"]
    measures += [] if parts else ["mean_weeks_completed"]
    means = [service.series(wait.name, "mean_weeks_open", p["group"]) for p in parts]
    means = means or [service.series(wait.name, "mean_weeks_open")]
    done = service.service.equity
    done = done[done["measure"] == "group:mean_weeks_completed"] if len(done) else done
    kept = [done[COLUMNS]] if parts and len(done) else []
    return pd.concat([*means, *(service.series(wait.name, m) for m in measures), *kept])


def statements(report: AreaReport) -> show.Frame:
    """What was said last time, judged by released figures: text, verdict, what was said, the right number, why."""
    from sendwaits.measure import claims

    worked = [s.service.equity for s in report.services.values()]
    worked = [f[f["measure"] == "group:mean_weeks_completed"][COLUMNS] for f in worked if len(f)]
    known = pd.concat([report.released, report.extra["totals"], *worked], ignore_index=True)
    judged = claims.check(report.workspace.statements, known, report.profile.smallest)
    return show.show(judged, "Last time's statements")


def totals(report: AreaReport) -> show.Frame:
    """Monthly totals (mediation, tribunals, appeals, spending) of equal periods."""
    found = report.extra["totals"]
    return show.show(found[~_by_month(found)], "Monthly totals, equal periods")


def spending(report: AreaReport) -> show.Frame:
    """What was spent, month by month (measure ``total:<measure>``); no rows without such a series."""
    found = report.extra["totals"]
    return show.show(found[_by_month(found)].reset_index(drop=True), "Spending by month")


def _by_month(rows: pd.DataFrame) -> pd.Series:
    """Months of amounts; counts stand in sums only."""
    months = rows["period_end"].dt.to_period("M") == rows["period_start"].dt.to_period("M")
    return months & (rows["unit"] != "count")


def nation(report: AreaReport) -> show.Frame:
    """Published shares of the newest year: the area, England, its region, three averages of its neighbours."""
    found = report.extra["nation"]
    newest = found[found["period_end"] == found["period_end"].max()]
    return show.show(newest[newest["unit"] == "percent"], "Beside the nation")
