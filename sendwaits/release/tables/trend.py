"""The frames of the trend report: how long, how many, who joins, on time, years side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show
from sendwaits.release.key import COLUMNS

if TYPE_CHECKING:
    from sendwaits.release.report import Report

__all__ = [
    "cohorts",
    "completed_waits",
    "demand",
    "equity",
    "journey",
    "list_size",
    "on_time",
    "open_waits",
    "over_lines",
    "split",
    "timeliness",
    "years",
]


OPEN = ("mean_weeks_open", "median_weeks_open", "longest_weeks_open")


def _each(report: Report, *measures: str, caption: str) -> show.Frame:
    pairs = [(w.name, m) for w in report.waits for m in measures]
    return report.frame(*pairs, caption=f"{report.pathway.label}: {caption}")


def open_waits(report: Report) -> show.Frame:
    """How long children still waiting have waited so far: mean, median and longest, by wait and period."""
    return _each(report, *OPEN, caption="waits so far")


def completed_waits(report: Report) -> show.Frame:
    """How long completed waits took: their mean, by wait and period."""
    return _each(report, "mean_weeks_completed", caption="completed waits")


def over_lines(report: Report) -> show.Frame:
    """How many have waited past each line (18, 20, 52 weeks), by wait and period."""
    lines = [f"waiting_over_{w}_weeks" for w in report.pathway.over_weeks]
    return _each(report, *lines, caption="over the lines")


def list_size(report: Report) -> show.Frame:
    """How many wait, by wait and period."""
    return _each(report, "waiting", caption="the list")


def demand(report: Report) -> show.Frame:
    """Referrals received, by period."""
    return report.frame(("", "referrals"), caption=f"{report.pathway.label}: referrals")


def on_time(report: Report) -> show.Frame:
    """The share completed within the standard (without a standard: of open waits within their review date), by period."""
    timed = [(w.name, "within_standard_pct") for w in report.waits if w.standard_days is not None]
    review = [(w.name, "within_review_pct") for w in report.waits]
    return report.frame(*(timed or review), caption=f"{report.pathway.label}: on time")


def timeliness(report: Report) -> show.Frame:
    """Of plans issued and of plans due, the share within 20 weeks, by period; no rows for services without them."""
    pairs = [("", "within_20_weeks_pct"), ("", "due_within_20_weeks_pct")]
    return report.frame(*pairs, caption=f"{report.pathway.label}: issued and due")


def split(report: Report) -> show.Frame:
    """How long each group waits that the service works in (its own column, such as worker): open and completed; no rows without.

    Mean wait so far by month, then mean completed wait by quarter or year (measure ``group:mean_weeks_completed``).
    """
    column = f"{report.pathway.split}="
    found = pd.concat([report.released, report.service.equity], ignore_index=True)[COLUMNS]
    keep = found["measure"].isin(["mean_weeks_open", "group:mean_weeks_completed"])
    keep &= found["group"].str.startswith(column) & bool(report.pathway.split)
    rows = found[keep].reset_index(drop=True)
    return show.show(rows, f"{report.pathway.label}: mean waits by {report.pathway.split}")


def years(report: Report) -> show.Frame:
    """Calendar years side by side: counts and shares of the service, the running year where it is published."""
    measures = list(dict.fromkeys(report.service.released.query("wait == ''")["measure"]))
    found = [report.calendar_years("", m) for m in measures]
    found = [f for f in found if len(f)] or [report.service.released.iloc[:0]]
    return show.show(pd.concat(found, ignore_index=True), f"{report.pathway.label}: calendar years")


def equity(report: Report) -> show.Frame:
    """Mean wait so far and share seen in time, of all children and by group, with ``low``, ``high`` (95 %) and ``q``."""
    return _of(report, "mean_weeks_open|seen_within_", "by group")


def cohorts(report: Report) -> show.Frame:
    """Of each year's children, the share seen by 20, 40 and 52 weeks; ``low`` and ``high`` as in `equity`."""
    return _of(report, "cohort_seen_", "seen by so many weeks")


def journey(report: Report) -> show.Frame:
    """What became of one year's referrals, and the share that came again; ``low`` and ``high`` as in `equity`."""
    return _of(report, r"cohort_(?!seen_)|re_referrals_", "what became of referrals")


def _of(report: Report, measures: str, caption: str) -> show.Frame:
    found = report.service.equity
    if not len(found):
        return show.show(report.service.released.iloc[:0].assign(low=0.0, high=0.0, q=0.0))
    rows = found[found["measure"].str.match(f"group:(?:{measures})")].reset_index(drop=True)
    return show.show(rows, f"{report.pathway.label}: {caption}")
