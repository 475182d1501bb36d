"""The frames of the themes report: referrals of equal periods, in all and by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendwaits.release import show

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["groups", "totals"]


def totals(report: AreaReport) -> show.Frame:
    """Referrals of each service: year to date and the same months of the year before, then the closed years."""
    found = report.extra["groups"]
    keep = (found["group"] == "") & (found["measure"] == "referrals")
    return show.show(found[keep].reset_index(drop=True), "Referrals of equal periods")


def groups(report: AreaReport) -> show.Frame:
    """The same by district, age, sex, source and need."""
    found = report.extra["groups"]
    keep = found["measure"] == "referrals"
    return show.show(found[keep].reset_index(drop=True), "Referrals by group, equal periods")
