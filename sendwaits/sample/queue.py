"""Made-up waiting lists: days as whole numbers since 1970, referrals that arrive by the week, a team that sees children.

A list is steered towards a planned size, exactly so on anchor days, so that a figure of the list holds for any seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

__all__ = [
    "NEVER",
    "LAST_DAY",
    "Curve",
    "Service",
    "day",
    "arrivals",
    "serve",
    "settle_mean",
    "open_on",
    "is_workday",
    "work_days",
    "steps",
]

NEVER = 10_000_000
Curve = Sequence[tuple[str, float]]
"""Points (ISO date, value), straight lines between them, level outside."""


def day(text: str) -> int:
    """Days since 1970-01-01 of an ISO date."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


LAST_DAY = day("2024-09-30")


def at(curve: Curve, days: np.ndarray | int) -> np.ndarray:
    """The curve's value on each day."""
    return np.asarray(
        np.interp(days, [day(when) for when, _ in curve], [value for _, value in curve])
    )


def is_workday(days: np.ndarray) -> np.ndarray:
    """Monday to Friday, without Christmas, Boxing Day and New Year's Day."""
    dates = np.asarray(days).astype("datetime64[D]")
    month_day = (
        np.char.replace(dates.astype("datetime64[D]").astype(str), "-", "").astype(int) % 10_000
    )
    return (
        (np.asarray(days) + 3) % 7 < 5
        if dates.size == 0
        else ((np.asarray(days) + 3) % 7 < 5) & ~np.isin(month_day, (1225, 1226, 101))
    )


def season(days: np.ndarray, holiday: float) -> np.ndarray:
    """How busy a day is: 1 in term, ``holiday`` in the school holidays (August, Christmas, Easter, half terms)."""
    dates = np.asarray(days).astype("datetime64[D]")
    year = dates.astype("datetime64[Y]")
    of_year = (dates - year).astype(int)
    level = np.ones(len(dates))
    for first, last, share in (
        (0, 3, 1.0),
        (44, 51, 0.5),
        (94, 108, 0.8),
        (147, 154, 0.5),
        (203, 246, 1.0),
        (297, 304, 0.5),
        (354, 366, 1.0),
    ):
        level = np.where((of_year >= first) & (of_year <= last), 1 - share * (1 - holiday), level)
    return np.where((of_year > 246) & (of_year < 330), level * 1.08, level)


def arrivals(
    rng: np.random.Generator,
    per_week: Curve,
    first: str,
    last: int = LAST_DAY,
    total: int | None = None,
) -> np.ndarray:
    """Sorted referral days, working days only; ``total`` fixes how many, else the curve does."""
    days = np.arange(day(first), last + 1)
    weight = at(per_week, days) / 5 * season(days, 0.62) * is_workday(days)
    count = total if total is not None else round(float(weight.sum()))
    return np.sort(
        days[np.searchsorted(np.cumsum(weight), rng.random(count) * weight.sum(), side="right")]
    )


@dataclass(frozen=True)
class Service:
    """How one list is worked: its planned size, how strictly by turn, who leaves unseen, who goes first.

    ``spread_weeks``: children are seen within about that many weeks of their turn. ``leave_per_week``: share of the list
    that leaves unseen in a week. ``longest_days``: beyond it a child is seen next. ``anchors``: days on which the list
    has exactly the planned size.
    """

    waiting: Curve
    spread_weeks: Curve
    leave_per_week: float = 0.0015
    urgent: float = 0.05
    lead_days: int = 14
    longest_days: Curve = (("2000-01-01", 9999),)
    anchors: tuple[str, ...] = field(default=())


def steps(first: int, anchors: Sequence[int]) -> np.ndarray:
    """Ends of the weeks (Sundays) from ``first`` on, and the anchor days among them."""
    sundays = np.arange(first - (first + 3) % 7 + 6, LAST_DAY + 7, 7)
    return np.array(sorted({*sundays[sundays < LAST_DAY].tolist(), *anchors, LAST_DAY}))


def work_days(after: int, until: int) -> np.ndarray:
    """The working days of (after, until]."""
    days = np.arange(after + 1, until + 1)
    return days[is_workday(days)]


def serve(
    rng: np.random.Generator, start: np.ndarray, service: Service
) -> tuple[np.ndarray, np.ndarray]:
    """Day seen and day left unseen of each child (`NEVER` = not by the last day), for clocks started on ``start``.

    Each step some leave at random, then the children furthest past their turn are seen, as many as bring the list
    smoothly to its planned size, and exactly so at the next anchor.
    """
    seen, left = np.full(len(start), NEVER), np.full(len(start), NEVER)
    turn = rng.standard_normal(len(start))
    urgent = rng.random(len(start)) < service.urgent
    anchors = np.array([day(a) for a in service.anchors], dtype=int)
    ends = steps(int(start.min()), anchors.tolist())
    carry, before = 0.0, int(ends[0]) - 7
    for at_step, end in enumerate(ends.tolist()):
        days = work_days(before, end)
        waiting = np.flatnonzero((start <= before) & (seen == NEVER) & (left == NEVER))
        if len(days):
            leave = waiting[rng.random(len(waiting)) < service.leave_per_week * (end - before) / 7]
            left[leave] = days[rng.integers(0, len(days), len(leave))]
            waiting = waiting[left[waiting] == NEVER]
            came = int(np.count_nonzero((start > before) & (start <= end)))
            planned = float(at(service.waiting, end))
            over = len(waiting) + came - planned
            ahead = anchors[anchors >= end]
            to_go = np.count_nonzero((ends >= end) & (ends <= ahead[0])) if len(ahead) else 99
            trend = np.count_nonzero((start > end - 182) & (start <= end)) / 26 * (end - before) / 7
            leaving = len(waiting) * service.leave_per_week * (end - before) / 7
            slope = (
                (float(at(service.waiting, end + 28)) - float(at(service.waiting, end - 28)))
                / 56
                * (end - before)
            )
            level = (
                (trend - leaving - slope)
                * season(days, 0.7).mean()
                * len(days)
                / 5
                * 7
                / (end - before)
                * 1.06
            )
            drift = over - (trend - leaving - slope)
            want = (
                over if to_go <= 1 else level + drift * (1 / to_go if to_go <= 9 else 0.08) + carry
            )
            places = int(min(max(round(want), 0), len(waiting)))
            if (
                to_go <= 1 and want < 0
            ):  # too few wait on the anchor day: the last ones seen before it are seen later
                behind = int(anchors[anchors < end].max(initial=0))
                recent = np.flatnonzero((seen > behind) & (seen <= end))
                seen[recent[np.argsort(-seen[recent], kind="stable")[: round(-want)]]] = NEVER
            carry = 0.0 if to_go <= 1 else min(max(want - places, -1.0), 1.0)
            waited = end - start[waiting]
            score = (
                waited / 7
                + turn[waiting] * float(at(service.spread_weeks, end))
                + 250 * urgent[waiting]
            )
            score = np.where(waited > float(at(service.longest_days, end)), 1000 + waited, score)
            score = np.where((waited < service.lead_days) & ~urgent[waiting], score - 2000, score)
            chosen = waiting[np.argsort(-score, kind="stable")[:places]]
            seen[chosen] = days[rng.integers(0, len(days), len(chosen))]
        before = end
    return seen, left


def open_on(start: np.ndarray, stop: np.ndarray, when: int) -> np.ndarray:
    """True where the wait is open on that day: started on or before it, not stopped on or before it."""
    return (start <= when) & (stop > when)


def settle_mean(
    start: np.ndarray,
    among: np.ndarray,
    reference: np.ndarray | int,
    mean_days: float,
    low: np.ndarray,
    high: np.ndarray,
    movable: np.ndarray | None = None,
) -> np.ndarray:
    """New starts, so that ``reference - start`` has the mean ``mean_days`` over ``among``: each start moves within [low, high].

    Where there is not enough room (small samples) the mean comes as near as it can.
    """
    start = start.copy()
    movable = among if movable is None else movable & among
    reference = np.broadcast_to(reference, start.shape)
    for _ in range(6):
        missing = round(mean_days * among.sum()) - int((reference - start)[among].sum())
        if abs(missing) <= max(0.02 * among.sum(), 1):
            break
        room = np.where(
            movable, np.maximum((start - low - 1) if missing > 0 else (high - start - 1), 0), 0
        )
        if not room.any():
            break
        share = min(abs(missing), 0.95 * room.sum()) * np.cumsum(room) / room.sum()
        move = np.diff(np.floor(share + 1e-9), prepend=0).astype(int)
        start = start - np.sign(missing) * move
        weekday = (start + 3) % 7
        start = np.where(
            movable & (weekday == 5),
            start - 1,
            np.where(movable & (weekday == 6), start + 1, start),
        )
    return start
