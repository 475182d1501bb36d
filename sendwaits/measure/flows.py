"""Measures of what happened to a list in a period: clock starts, completions, removals, and how long those seen had waited."""

from __future__ import annotations

import numpy as np

from sendwaits.measure.lists import is_done
from sendwaits.measure.registry import measure
from sendwaits.measure.relations import mean_over, moves, share_of
from sendwaits.measure.views import Cell, WaitView, average, count, percent

__all__: list[str] = []


@measure(
    "starts",
    "count",
    "flow",
    lambda v, f, t: (v.start >= f) & (v.start <= t),
    relation=moves("waiting"),
)
def starts(v: WaitView) -> Cell:
    """Waits whose clock started in the period."""
    return count(v.events(v.start).count)


@measure("completed", "count", "flow", is_done, relation=moves("waiting"))
def completed(v: WaitView) -> Cell:
    """Waits completed (seen, assessed, issued ...) in the period; removals are not among them."""
    return count(v.completions.count)


@measure(
    "removed_other",
    "count",
    "flow",
    lambda v, f, t: ~v.is_completed & (v.stop >= f) & (v.stop <= t),
    relation=moves("waiting"),
)
def removed_other(v: WaitView) -> Cell:
    """Waits that left the list in the period without being completed (closed, withdrawn, refused)."""
    return count(v.events(v.stop, ~v.is_completed).count)


@measure("mean_weeks_completed", "weeks", "flow", is_done, relation=mean_over("completed"))
def mean_weeks_completed(v: WaitView) -> Cell:
    """Mean whole wait of the waits completed in the period, weeks."""
    done = v.completions
    return average(done.total_days / np.maximum(done.count, 1) / 7, done.count)


@measure("median_weeks_completed", "weeks", "flow", is_done, relation=mean_over("completed"))
def median_weeks_completed(v: WaitView) -> Cell:
    """Median whole wait of the waits completed in the period, weeks."""
    return average(v.completions.median_days / 7, v.completions.count)


@measure(
    "within_standard_pct",
    "percent",
    "flow",
    is_done,
    lambda pathway, wait: wait is not None and wait.standard_days is not None,
    relation=share_of("completed"),
)
def within_standard_pct(v: WaitView) -> Cell:
    """Completed within the standard (its last day included) / completed, in the period."""
    return percent(v.events(v.stop, v.on_time).count, v.completions.count)
