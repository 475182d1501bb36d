"""The frames of the quality report: rows of each extract, what each rule found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendwaits.release import show

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["ledger", "rules", "by_hand"]


def ledger(report: AreaReport) -> show.Frame:
    """Rows of the newest extract of each service: read = clean + set aside + merged; one row per service and measure."""
    return show.show(report.extra["rows"], "Rows of each extract")


def rules(report: AreaReport) -> show.Frame:
    """How often each rule found something, by service: measure rule:<code>."""
    return show.show(report.extra["rules"], "Findings by rule")


def by_hand(report: AreaReport) -> show.Frame:
    """Rows set aside, by file and row: for the analyst alone, no rows in any other profile."""
    frame = report.contents.quarantine
    return show.show(frame if report.profile.exact else frame.iloc[:0], "Rows set aside")
