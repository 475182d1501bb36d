"""The frames of the index: every headline list, what moved since the month before, the targets at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import show
from sendwaits.release.ahead import rows_of

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["decisions", "glance", "changed", "risks"]


def glance(report: AreaReport) -> show.Frame:
    """How many wait on every headline list, by period."""
    found = [s.series(w.name, "waiting") for s in report.services.values() for w in s.waits]
    return show.show(pd.concat(found, ignore_index=True), "All lists")


def decisions(report: AreaReport) -> show.Frame:
    """The newest number of every headline list."""
    found = [s.series(w.name, "waiting").tail(1) for s in report.services.values() for w in s.waits]
    return show.show(pd.concat(found, ignore_index=True), "All lists, newest")


def changed(report: AreaReport) -> show.Frame:
    """The two newest numbers of every headline list."""
    found = [s.series(w.name, "waiting").tail(2) for s in report.services.values() for w in s.waits]
    return show.show(pd.concat(found, ignore_index=True), "All lists, the two newest dates")


def risks(report: AreaReport) -> show.Frame:
    """The chance of each target that was simulated: rows as of a forecast."""
    chances = [s.ahead.chance(t) for s in report.services.values() for t in s.aims]
    return show.show(rows_of(c for c in chances if c.shown), "Chances of the targets")
