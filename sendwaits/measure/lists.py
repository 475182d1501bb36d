"""Measures of a list: who waits at the end of a census day, and for how long."""

from __future__ import annotations

import numpy as np

from sendwaits.intake.waits import NEVER
from sendwaits.measure.registry import measure
from sendwaits.measure.relations import band_of, mean_over, part_of, share_of, whole
from sendwaits.measure.views import Cell, WaitView, average, count, percent
from sendwaits.pathways import BANDS

__all__ = ["is_done", "is_open"]


# rows behind: masks over the rows of a view for one census day (stocks) or one period (flows)
def is_open(v: WaitView, first: int, last: int) -> np.ndarray:
    return (v.start <= last) & (v.stop > last)


def is_done(v: WaitView, first: int, last: int) -> np.ndarray:
    return v.is_completed & (v.stop >= first) & (v.stop <= last)


@measure("waiting", "count", "stock", is_open, relation=whole())
def waiting(v: WaitView) -> Cell:
    """Open waits at the end of the census day: started on or before it, not stopped on or before it (children's waits)."""
    return count(v.stocks.waiting)


def over_weeks(weeks: int) -> None:
    def cell(v: WaitView) -> Cell:
        return count(v.stocks.over[7 * weeks])

    cell.__doc__ = f"Open waits longer than {weeks} weeks (more than {7 * weeks} days) at the end of the census day."
    name = f"waiting_over_{weeks}_weeks"
    measure(
        name,
        "count",
        "stock",
        lambda v, f, t: is_open(v, f, t) & (v.waited(t) > 7 * weeks),
        lambda pathway, wait: weeks in pathway.over_weeks,
        part_of("waiting", (7 * weeks + 1, None)),
    )(cell)


for _weeks in (18, 20, 52):
    over_weeks(_weeks)


def band(at: int) -> None:
    low, high = BANDS[at]

    def cell(v: WaitView) -> Cell:
        return count(v.stocks.bands[at])

    cell.__doc__ = f"Open waits of {low} {'days or more' if high is None else f'to {high} days'} (community SitRep band, both ends inclusive)."
    measure(
        f"waiting_band_{low}_{'plus' if high is None else high}",
        "count",
        "stock",
        lambda v, f, t: (
            is_open(v, f, t)
            & (v.waited(t) >= low)
            & (v.waited(t) <= (NEVER if high is None else high))
        ),
        relation=band_of("waiting", (low, high)),
    )(cell)


for _at in range(len(BANDS)):
    band(_at)


@measure(
    "waiting_booked",
    "count",
    "stock",
    lambda v, f, t: is_open(v, f, t) & _after(v, v.pathway.booked, t),
    lambda pathway, wait: pathway.booked is not None,
    relation=part_of("waiting"),
)
def waiting_booked(v: WaitView) -> Cell:
    """Open waits whose next appointment, as last recorded, lies after the census day."""
    booked = v.day(v.pathway.booked or "")
    return count(v.still(booked < NEVER, booked))


def _after(v: WaitView, column: str | None, day: int) -> np.ndarray:
    when = v.day(column or "")
    return (when > day) & (when < NEVER)


def _not_flowing(v: WaitView) -> np.ndarray:
    return (v.stop == NEVER) & ~v.rows["in_newest"].to_numpy()


@measure(
    "waiting_not_flowed",
    "count",
    "stock",
    lambda v, f, t: is_open(v, f, t) & _not_flowing(v),
    relation=part_of("waiting"),
)
def waiting_not_flowed(v: WaitView) -> Cell:
    """Open waits still open at as_at by a record that is absent from the newest extract on or before as_at."""
    return count(v.still(_not_flowing(v)))


@measure("mean_weeks_open", "weeks", "stock", is_open, relation=mean_over("waiting"))
def mean_weeks_open(v: WaitView) -> Cell:
    """Mean wait so far of the open waits, weeks (days / 7); undefined when nobody waits."""
    n = v.stocks.waiting
    return average(v.stocks.total_days / np.maximum(n, 1) / 7, n)


@measure("median_weeks_open", "weeks", "stock", is_open, relation=mean_over("waiting"))
def median_weeks_open(v: WaitView) -> Cell:
    """Median wait so far of the open waits, weeks; the mean of the two middle values when their number is even."""
    return average(v.stocks.median_days / 7, v.stocks.waiting)


@measure("p92_weeks_open", "weeks", "stock", is_open, relation=mean_over("waiting"))
def p92_weeks_open(v: WaitView) -> Cell:
    """Smallest wait that at least 92 % of the open waits do not exceed, weeks (nearest rank)."""
    return average(v.stocks.p92_days / 7, v.stocks.waiting)


@measure("longest_weeks_open", "weeks", "stock", is_open, relation=mean_over("waiting"))
def longest_weeks_open(v: WaitView) -> Cell:
    """Longest wait so far among the open waits, weeks. One child's wait: released only as the k-th longest."""
    return average(v.stocks.longest_days / 7, v.stocks.waiting)


@measure(
    "within_review_pct",
    "percent",
    "stock",
    is_open,
    lambda pathway, wait: pathway.review is not None,
    relation=share_of("waiting"),
)
def within_review_pct(v: WaitView) -> Cell:
    """Open waits with a review date on or after the census day / open waits; no review date = not within."""
    review = v.day(v.pathway.review or "")
    return percent(v.still(review < NEVER, review + 1), v.stocks.waiting)


@measure(
    "clearance_weeks",
    "weeks",
    "stock",
    lambda v, f, t: is_done(v, t - 90, t),
    relation=mean_over("completed", days_back=91),
)
def clearance_weeks(v: WaitView) -> Cell:
    """Weeks to clear the list at the recent rate: waiting / (completed in the 91 days to the census day / 13)."""
    done = v.recent(91)
    return average(v.stocks.waiting / (np.maximum(done, 1) / 13), done)
