"""The frames of the backlog report: who is waiting on the day, how long so far, in and out, by district, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show

if TYPE_CHECKING:
    from sendwaits.release.report import Report

__all__ = ["ages", "answers", "community", "districts", "flow", "outlook", "stages"]


def _over(report: Report) -> list[str]:
    return [f"waiting_over_{w}_weeks" for w in report.pathway.over_weeks]


def ages(report: Report) -> show.Frame:
    """The list by time waited so far (bands of the community SitRep) on as_at: one row per wait and band, then the totals.

    A list whose bands are not published is left out.
    """
    found = report.released
    bands = found["measure"].str.startswith("waiting_band_")
    waits = [w.name for w in report.waits if (bands & (found["wait"] == w.name)).any()]
    keep = bands | found["measure"].isin(["waiting", *_over(report)])
    keep &= found["wait"].isin(waits) & (found["group"] == "")
    keep &= found["period_end"] == pd.Timestamp(report.as_at)
    rows = found[keep].reset_index(drop=True)
    return show.show(rows, f"{report.pathway.label}: time waited so far")


def flow(report: Report) -> show.Frame:
    """Who joined and left each list, and the list: one row per wait, measure and period."""
    measures = ("waiting", "starts", "completed", "removed_other")
    pairs = [(w.name, m) for w in report.waits for m in measures]
    return report.frame(*pairs, caption=f"{report.pathway.label}: joined, left and waiting")


def answers(report: Report) -> show.Frame:
    """How long: open waits so far and completed waits, newest period, one row per wait and statistic."""
    measures = [f"{s}_weeks_{p}" for p in ("open", "completed") for s in ("mean", "median")]
    measures += ["longest_weeks_open", "completed", "waiting"]
    found = [report.series(w.name, m).tail(1) for w in report.waits for m in measures]
    return show.show(pd.concat(found, ignore_index=True), f"{report.pathway.label}: how long")


def districts(report: Report) -> show.Frame:
    """The leading list by district of residence on as_at: one row per district and measure, the county last."""
    found = report.released
    keep = (found["wait"] == report.wait.name) & found["measure"].isin(["waiting", *_over(report)])
    groups = found[keep & found["group"].str.startswith("district=")]
    county = found[
        keep & (found["group"] == "") & (found["period_end"] == pd.Timestamp(report.as_at))
    ]
    county = county[county["measure"].isin(groups["measure"])]
    rows = pd.concat([groups, county], ignore_index=True)
    return show.show(rows, f"{report.pathway.label}: open waits by district")


def community(report: Report) -> show.Frame:
    """The time waited so far of the area's list beside England's and the NHS board's, per cent; no rows without published ones."""
    rows = report.service.community
    rows = rows if len(rows) else report.service.released.iloc[:0]
    return show.show(rows, f"{report.pathway.label}: beside the published community lists")


def stages(report: Report) -> show.Frame:
    """Every list of the service at its newest date: waiting, over the lines, and medians."""
    measures = ("waiting", *_over(report), "median_weeks_open")
    found = [report.series(w.name, m).tail(1) for w in report.pathway.waits for m in measures]
    rows = pd.concat(found, ignore_index=True)
    return show.show(report.newest(rows), f"{report.pathway.label}: every list")


def outlook(report: Report) -> show.Frame:
    """The list as recorded and as forecast: rows of the list, then quantiles (measure forecast:waiting, group p10 ... p90)."""
    past = [report.series(w.name, "waiting") for w in report.waits]
    ahead = report.forecasts("waiting")
    return show.show(
        pd.concat([*past, ahead], ignore_index=True), f"{report.pathway.label}: the list to come"
    )
