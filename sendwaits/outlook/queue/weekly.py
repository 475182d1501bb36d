"""Dates of children in one place -> a station: arrays by week back from as_at and weeks waited."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["HISTORY_WEEKS", "MAX_AGE", "Service", "Station", "WaitHistory", "days_of", "station_of"]

HISTORY_WEEKS = 156
MAX_AGE = 520


@dataclass
class Station:
    """One queue: arrays by week back from as_at (row 0 = the week that ended on as_at) and age in weeks.

    ``feeds``: (station, share) that children enter when seen here; ``keeps_age``: the clock runs on into that station.
    ``outside``: children also arrive from outside (referrals); ``waits``: the waits that count the children here.
    """

    name: str
    waits: tuple[str, ...]
    completes: tuple[str, ...]
    waiting: np.ndarray
    risk: np.ndarray
    seen: np.ndarray
    left: np.ndarray
    starts: np.ndarray
    outside: bool = True
    fed_by: tuple[int, ...] = ()
    keeps_age: bool = False
    passed: tuple[float, float] = (
        0.0,
        0.0,
    )  # children that entered from the station before, of those it saw
    hold: int = 0  # whole weeks a child rests here before it may be seen
    fresh: list[np.ndarray] = field(
        default_factory=list
    )  # resting now, by weeks since entry and age
    resting: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))


@dataclass
class WaitHistory:
    """What the read-out needs to know about one wait: standard, weekday fractions, completions of the last quarter."""

    name: str
    standard_days: int | None
    stations: list[int] = field(default_factory=list)
    open_days: np.ndarray = field(default_factory=lambda: np.zeros(0))
    offsets: np.ndarray = field(default_factory=lambda: np.full(7, 1 / 7))
    completed: np.ndarray = field(default_factory=lambda: np.zeros(13))
    within: np.ndarray = field(default_factory=lambda: np.zeros(13))
    usual_weeks: float = np.nan
    """Median wait of the children completed in the last 13 weeks."""
    on_time: np.ndarray = field(default_factory=lambda: np.zeros((2, 0)))
    """Completions of the last year and those within the standard, by whole weeks waited on the stations' clock."""


@dataclass
class Service:
    """One pathway as the simulator sees it, with the weeks of complete history and what had to be assumed."""

    pathway: str
    as_at: np.datetime64
    weeks: int
    known: np.ndarray
    stations: list[Station]
    waits: list[WaitHistory]
    team: tuple[int, int] | None = None
    plans: tuple[float, float] = (0.0, 0.0)
    plan_days: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    notes: dict[str, str] = field(default_factory=dict)


def days_of(series: pd.Series) -> np.ndarray:
    days = series.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.iinfo(np.int64).max, days.astype("int64"))


def station_of(
    name: str,
    start: np.ndarray,
    clock: np.ndarray,
    stop: np.ndarray,
    seen: np.ndarray,
    day: np.datetime64,
    weeks: int,
    **how: object,
) -> Station:
    """Weekly arrays of a queue entered on ``start``, whose ages run from ``clock``; ``stop`` max int = still there."""
    now = int(day.astype("int64"))
    keep = (start <= now) & (clock <= now)
    start, clock, stop, seen = start[keep], clock[keep], stop[keep], seen[keep]
    still = stop > now
    came, born = (now - start) // 7, np.minimum((now - clock) // 7, MAX_AGE)
    gone = np.where(still, -1, (now - np.where(still, now, stop)) // 7)
    ages = int(born.max(initial=0)) + 1
    risk = _there(came, gone, born, weeks, ages)
    within = ~still & (gone < weeks) & (gone >= 0)
    at = gone[within] * ages + np.maximum(born[within] - gone[within], 0)
    every, taken = (
        np.bincount(cells, minlength=max(weeks, 1) * ages).reshape(-1, ages).astype(float)
        for cells in (at, at[seen[within]])
    )
    left = every - taken
    starts = np.bincount(came[came < weeks], minlength=max(weeks, 1)).astype(float)
    hold = _rest(came, gone, seen & within) if how.get("keeps_age") and how.get("fed_by") else 0
    resting = np.zeros_like(risk)
    if hold:
        resting = _there(came, np.maximum(gone, came - hold + 1), born, weeks, ages)
    waiting = np.bincount(born[still & (came >= hold)], minlength=1).astype(float)
    fresh = [
        np.bincount(np.maximum(born[still & (came == k)] - k, 0), minlength=1).astype(float)
        for k in range(hold)
    ]
    arrays = {"waiting": waiting, "risk": risk, "seen": taken, "left": left, "starts": starts}
    return Station(name, hold=hold, fresh=fresh, resting=resting, **arrays, **how)  # type: ignore[arg-type]


def _there(
    came: np.ndarray, gone: np.ndarray, born: np.ndarray, weeks: int, ages: int
) -> np.ndarray:
    """Children there by week back (from the one they came in to the one they went in) and age in weeks."""
    if not weeks:
        return np.zeros((1, ages))
    first = np.maximum(gone, 0)
    ever = (first < weeks) & (came >= first)
    change = np.bincount(first[ever] * ages + born[ever], minlength=(weeks + 1) * ages)
    last = np.minimum(came[ever], weeks - 1) + 1
    change = change - np.bincount(last * ages + born[ever], minlength=(weeks + 1) * ages)
    there = np.zeros(
        (weeks + 1, ages + weeks)
    )  # by week and age today: a row down is a week younger
    np.cumsum(change.reshape(weeks + 1, ages), axis=0, out=there[:, :ages])
    younger = (born < came).any()  # clocks that started after they came in
    early = [there[k, : min(k, ages)].sum() for k in range(weeks)] if younger else 0.0
    out = there.ravel()[: weeks * (ages + weeks + 1)].reshape(weeks, -1)[:, :ages].copy()
    out[:, 0] += early
    return out


def _rest(came: np.ndarray, gone: np.ndarray, seen: np.ndarray) -> int:
    """Whole weeks, at most 4, before which next to nobody (3 %) is seen after entering."""
    if seen.sum() < 30:
        return 0
    spent = (came - gone)[seen]
    return int(next((k for k in range(4) if (spent <= k).mean() > 0.03), 4))
