"""Queueing theory of a waiting list: how long it may be, what capacity keeps it there, and what brings it down.

Weeks throughout: demand and capacity per week, waits in weeks. The formulas are those of NHSRwaitinglist 0.1.2.9001
(Fong and others, white paper 2022); docs/METHODS.md names the five places where the answers differ on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sendwaits.errors import Refused

Number = float | npt.ArrayLike | None


def queue_load(demand: Number, capacity: Number) -> npt.NDArray[np.float64] | float:
    """Demand over capacity, a ratio: at 1 or more the list grows without end. Over nothing: infinite (0 / 0: NaN)."""
    return _divide(_numbers(demand=demand), _numbers(capacity=capacity))


def target_mean_wait(target_wait: Number, factor: Number = 4) -> npt.NDArray[np.float64] | float:
    """The mean wait in weeks at which nearly all are seen within `target_wait`: a quarter of it (98.2 % at random)."""
    return _divide(_numbers(target_wait=target_wait), _numbers(factor=factor))


def target_queue_size(
    demand: Number, target_wait: Number, factor: Number = 4
) -> npt.NDArray[np.float64] | float:
    """The children waiting (a count) at which the list meets its target: demand x the target mean wait (Little's law)."""
    return _plain(_numbers(demand=demand) * target_mean_wait(target_wait, factor))


def pressure(mean_wait: Number, target_wait: Number) -> npt.NDArray[np.float64] | float:
    """2 x mean wait / target wait, both in weeks: above 1 the list is under pressure whatever its size."""
    return _divide(2 * _numbers(mean_wait=mean_wait), _numbers(target_wait=target_wait))


def target_capacity(
    demand: Number,
    target_wait: Number,
    factor: Number = 4,
    cv_demand: Number = 1,
    cv_capacity: Number = 1,
) -> npt.NDArray[np.float64] | float:
    """Treatments a week that keep a list at its target size (Kingman): demand + (cv_d^2 + cv_c^2) / 2 x factor / target wait."""
    spread = (_numbers(cv_demand=cv_demand) ** 2 + _numbers(cv_capacity=cv_capacity) ** 2) / 2
    return _plain(
        _numbers(demand=demand)
        + _divide(spread * _numbers(factor=factor), _numbers(target_wait=target_wait))
    )


def relief_capacity(
    demand: Number,
    queue_size: Number,
    target_queue_size: Number,
    time_to_target: Number = 26,
    num_referrals: int = 0,
    cv_demand: float = 0,
) -> npt.NDArray[np.float64] | float:
    """Treatments a week that bring the list to its target size in `time_to_target` weeks; below demand when it is smaller already.

    With `num_referrals` the demand is raised to the upper end of its own uncertainty: demand / (1 - u),
    u = 2 x demand x cv / sqrt(num_referrals), as long as u < 1.
    """
    rate = _numbers(demand=demand)
    if num_referrals > 0:
        u = 2 * rate * cv_demand / math.sqrt(num_referrals)
        rate = np.where(u < 1, rate / np.where(u < 1, 1 - u, 1), rate)
    excess = _numbers(queue_size=queue_size) - _numbers(target_queue_size=target_queue_size)
    return _plain(rate + _divide(excess, _numbers(time_to_target=time_to_target)))


@dataclass(frozen=True)
class Flow:
    """A rate of events in a window: per week, its coefficient of variation, the events and the days they could fall on."""

    weekly: float
    cv: float
    count: int
    days: int


def queue(
    starts: pd.Series, stops: pd.Series, first: object = None, last: object = None
) -> pd.DataFrame:
    """Children waiting (a count) at the end of each day, one row per day from `first` to `last`: `date, waiting`.

    Those who started on or before the day less those who stopped on or before it; a same-day stop never waits.
    The window is the first to the last start when left out; it only selects days: earlier starts still wait, later
    ones do not yet.
    """
    start, stop, day0, day1 = _window(starts, stops, first, last)
    days = np.arange(day0, day1 + 1)
    waiting = np.searchsorted(np.sort(start), days, "right") - np.searchsorted(
        np.sort(stop), days, "right"
    )
    return pd.DataFrame(
        {"date": days.astype("datetime64[D]").astype("datetime64[s]"), "waiting": waiting}
    )


def demand(starts: pd.Series, first: object = None, last: object = None) -> Flow:
    """Referrals a week in the window, both ends included; cv of the days between one referral and the next."""
    start, _, day0, day1 = _window(starts, starts.iloc[:0], first, last)
    inside = np.sort(start[(start >= day0) & (start <= day1)])
    return _flow(inside, day1 - day0 + 1)


def capacity(
    starts: pd.Series, stops: pd.Series, first: object = None, last: object = None
) -> Flow:
    """Removals a week on the days of the window on which anybody was there to be seen.

    A day counts when someone waits from the day before or starts on it: an empty list shows no capacity. Removals
    outside the window count nowhere. Never anybody to be seen: NaN.
    """
    start, stop, day0, day1 = _window(starts, stops, first, last)
    days = np.arange(day0, day1 + 1)
    before = np.searchsorted(np.sort(start), days, "right") - np.searchsorted(
        np.sort(stop), days, "left"
    )
    busy = np.cumsum((before > 0).astype(np.int64))
    inside = np.sort(stop[(stop >= day0) & (stop <= day1)])
    return _flow(busy[inside - day0], int(busy[-1]) if len(busy) else 0)


def queue_statistics(
    starts: pd.Series,
    stops: pd.Series,
    target_wait_weeks: float,
    first: object = None,
    last: object = None,
) -> pd.DataFrame:
    """The state of a list on the last day of a window against its target, one row.

    Columns: `demand_weekly, demand_count, cv_demand, capacity_weekly, capacity_count, cv_capacity, load, load_too_big,
    waiting, target_queue_size, queue_too_big, mean_weeks_open, pressure, target_capacity_weekly, relief_capacity_weekly`.
    A list over twice its target is too big and needs relief capacity (26 weeks); any other needs target capacity; the
    column that does not apply is NaN.
    """
    start, stop, day0, day1 = _window(starts, stops, first, last)
    open_ = start[(start <= day1) & (stop > day1)]
    arriving, leaving = demand(starts, first, last), capacity(starts, stops, first, last)
    mean_weeks = float((day1 - open_).mean()) / 7 if len(open_) else math.nan
    target = float(target_queue_size(arriving.weekly, target_wait_weeks))
    too_big = len(open_) > 2 * target
    relief = relief_capacity(arriving.weekly, len(open_), target) if too_big else math.nan
    keep = (
        math.nan
        if too_big
        else target_capacity(arriving.weekly, target_wait_weeks, 4, arriving.cv, leaving.cv)
    )
    load = queue_load(arriving.weekly, leaving.weekly)
    return pd.DataFrame(
        [
            {
                "demand_weekly": arriving.weekly,
                "demand_count": arriving.count,
                "cv_demand": arriving.cv,
                "capacity_weekly": leaving.weekly,
                "capacity_count": leaving.count,
                "cv_capacity": leaving.cv,
                "load": load,
                "load_too_big": bool(load >= 1),
                "waiting": len(open_),
                "target_queue_size": target,
                "queue_too_big": too_big,
                "mean_weeks_open": mean_weeks,
                "pressure": pressure(mean_weeks, target_wait_weeks),
                "target_capacity_weekly": keep,
                "relief_capacity_weekly": relief,
            }
        ]
    )


_NEVER = np.iinfo(np.int64).max  # the stop of an open wait


def _window(
    starts: pd.Series, stops: pd.Series, first: object, last: object
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, int]:
    """Start and stop as day numbers (an open stop lies after every day) and the first and last day of the window."""
    start, stop = _day_numbers(starts), _day_numbers(stops)
    if (start == _NEVER).any():
        raise Refused(
            "queue: a wait without a start cannot be counted: leave it out, with a finding"
        )
    day0, day1 = (
        _NEVER if date is None else int(_day_numbers(pd.Series([pd.Timestamp(date)]))[0])
        for date in (first, last)
    )
    if (first is None or last is None) and not len(start):
        raise Refused("queue: no referral gives no window: say from which day to which")
    day0 = int(start.min()) if first is None else day0
    day1 = int(start.max()) if last is None else day1
    if day1 < day0:
        raise Refused("queue: the window ends before it begins")
    return start, stop, day0, day1


def _day_numbers(dates: pd.Series) -> npt.NDArray[np.int64]:
    days = pd.to_datetime(dates).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), _NEVER, days.astype(np.int64))


def _flow(clock: npt.NDArray[np.int64], days: int) -> Flow:
    """Events at places of a clock of so many days: the rate, and the spread of the gaps between them."""
    gaps = np.diff(clock)
    cv = float(gaps.std(ddof=1) / gaps.mean()) if len(gaps) > 1 and gaps.any() else math.nan
    return Flow(7 * len(clock) / days if days else math.nan, cv, len(clock), days)


def _numbers(**named: Number) -> npt.NDArray[np.float64]:
    [(name, value)] = named.items()
    numbers = np.asarray(math.nan if value is None else value)  # unknown stays unknown
    if numbers.dtype.kind not in "iuf":
        raise Refused(f"queue: {name}: give a number")
    return numbers.astype(float)


def _divide(
    above: npt.NDArray[np.float64], below: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _plain(np.divide(above, below))


def _plain(numbers: npt.NDArray[np.float64] | np.floating) -> npt.NDArray[np.float64] | float:
    return float(numbers) if np.ndim(numbers) == 0 else np.asarray(numbers)
