"""The frames of the forecast report: each target's measure, each list, scenarios, past forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show

if TYPE_CHECKING:
    from sendwaits.release.report import Report

__all__ = ["backtest", "expect", "lists", "recovery", "scenarios", "targets"]


def _ahead(report: Report, wait: str, measure: str) -> pd.DataFrame:
    return pd.concat(
        [report.series(wait, measure), report.ahead.tidy([(wait, measure)])], ignore_index=True
    )


def lists(report: Report) -> show.Frame:
    """Each list as recorded, then its forecast (measure forecast:waiting, group p10 ... p90)."""
    frames = [_ahead(report, w.name, "waiting") for w in report.waits]
    return show.show(
        pd.concat(frames, ignore_index=True), f"{report.pathway.label}: the lists to come"
    )


def targets(report: Report) -> show.Frame:
    """The measure of each target as recorded, then its forecast; targets of cohorts have no weekly forecast."""
    pairs = dict.fromkeys((t.wait, t.measure) for t in report.aims)
    frames = [_ahead(report, *pair) for pair in pairs] or [report.service.released.iloc[:0]]
    return show.show(pd.concat(frames, ignore_index=True), f"{report.pathway.label}: targets")


def expect(report: Report) -> show.Frame:
    """What children referred now can expect: shares seen by 20 to 78 weeks and the median, one row per wait and quantile."""
    pairs = [(w.name, m) for w in report.waits for _, m, _ in report.referred.rows]
    return show.show(report.referred.tidy(pairs), f"{report.pathway.label}: the wait to expect")


def scenarios(report: Report) -> show.Frame:
    """The list a year ahead and the chance of each target, in every scenario (group p50@name ...): rows as of a forecast."""
    waits = [w.name for w in report.waits]
    found = report.ahead.tidy([(w, "waiting") for w in waits], scenario=None)
    last = found[found["period_end"] == found["period_end"].max()]
    chances = report.ahead.tidy([(w, "p_target") for w in (*waits, "")], scenario=None)
    rows = pd.concat([last, chances], ignore_index=True)
    return show.show(rows, f"{report.pathway.label}: scenarios side by side")


def backtest(report: Report) -> show.Frame:
    """How far out past forecasts of each list were, and the last number carried forward; one row per wait, distance, method."""
    return show.show(report.past_errors, f"{report.pathway.label}: past forecasts of the list")


def recovery(report: Report) -> show.Frame:
    """What brings each list to its target size: joined, completed, left otherwise a week, and capacity by three dates."""
    return show.show(report.recovery_rows, f"{report.pathway.label}: recovery plan")
