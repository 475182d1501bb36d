"""The frames of the update: each service in a few numbers, last time's statements, monthly totals, the area beside the nation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["each_service", "nation", "statements", "totals"]


def each_service(report: AreaReport) -> show.Frame:
    """The mean wait so far of every headline list, by period; then the list and the share on time: all that the update says."""
    measures = ("mean_weeks_open", "waiting", "within_standard_pct", "mean_weeks_completed")
    found = [
        s.series(w.name, m) for s in report.services.values() for w in s.waits for m in measures
    ]
    return show.show(pd.concat(found, ignore_index=True), "Every service")


def statements(report: AreaReport) -> show.Frame:
    """What was said last time, judged by released figures: text, verdict, what was said, the right number, why."""
    from sendwaits.measure import claims

    known = pd.concat([report.released, report.extra["totals"]], ignore_index=True)
    judged = claims.check(report.workspace.statements, known, report.profile.smallest)
    return show.show(judged, "Last time's statements")


def totals(report: AreaReport) -> show.Frame:
    """Monthly totals (mediation, tribunals, appeals, spending) of equal periods."""
    return show.show(report.extra["totals"], "Monthly totals, equal periods")


def nation(report: AreaReport) -> show.Frame:
    """Published shares of the newest year: the area, England, its region, three averages of its neighbours."""
    found = report.extra["nation"]
    newest = found[found["period_end"] == found["period_end"].max()]
    return show.show(newest[newest["unit"] == "percent"], "Beside the nation")
