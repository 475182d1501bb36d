"""The sweep kernel: every census date and group in one pass over the rows, exact, numpy only.

Dates are whole days since 1970-01-01; a wait is open on day t when start <= t < stop. Cost: rows + dates x groups x days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Stocks", "Flows", "stocks", "stacked", "flows", "period_of", "NEVER"]

NEVER = 10_000_000
"""Stop day of a wait that is still open."""


@dataclass(frozen=True)
class Stocks:
    """Open waits on each census day, by group; every array is [census, group], group 0 = all groups together.

    ``total_days``: sum of days waited. ``median_days`` (mean of the two middle), ``p92_days`` (nearest rank), ``longest_days``:
    NaN where nobody waits. ``over[d]``: waiting more than d days. ``bands``: [band, census, group], both ends inclusive.
    """

    waiting: np.ndarray
    total_days: np.ndarray
    median_days: np.ndarray
    p92_days: np.ndarray
    longest_days: np.ndarray
    over: dict[int, np.ndarray]
    bands: np.ndarray


@dataclass(frozen=True)
class Flows:
    """Events in each period, by group; every array is [period, group], group 0 = all. Averages NaN where nothing happened."""

    count: np.ndarray
    total_days: np.ndarray
    median_days: np.ndarray


def stocks(
    start: np.ndarray,
    stop: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    census: Sequence[int] | np.ndarray,
    over: Sequence[int] = (),
    bands: Sequence[tuple[int, int | None]] = (),
) -> Stocks:
    """Counts, bands and exact percentiles of the waits open on each census day (ascending), by group.

    ``group``: 0 .. n_groups-1 for each row. A stop on the census day is a stop; a start on it waits 0 days. Rows that stop
    before they start are never open.
    """
    days = np.asarray(census, dtype=np.int64)
    if len(days) > 1 and (np.diff(days) < 0).any():
        raise ValueError("census days must be in ascending order")
    shape = (len(days), n_groups + 1)
    waiting, total = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    median, p92, longest = (np.full(shape, np.nan) for _ in range(3))
    beyond = {d: np.zeros(shape, np.int64) for d in over}
    in_band = np.zeros((len(bands), *shape), np.int64)
    result = Stocks(waiting, total, median, p92, longest, beyond, in_band)
    if not len(days) or not len(start):
        return result
    # the census at which a row is first gone: rows gone before they are first seen never count
    seen = np.searchsorted(days, start, side="left")
    gone = np.searchsorted(days, stop, side="left")
    counted = np.flatnonzero(gone > seen)
    if not len(counted):
        return result
    start, group, gone = start[counted].astype(np.int64), group[counted], gone[counted]
    first = int(start.min())
    span = int(days[-1]) - first + 1
    cell = group.astype(np.int64) * span + (start - first)
    table = np.bincount(cell, minlength=n_groups * span).reshape(n_groups, span)
    order = np.argsort(gone.astype(np.int16), kind="stable")
    cell, edges = cell[order], np.searchsorted(gone[order], np.arange(len(days) + 1))
    grid = np.zeros((n_groups + 1, span + 1), np.int64)
    for at, day in enumerate(days):
        if edges[at + 1] > edges[at]:
            table -= np.bincount(
                cell[edges[at] : edges[at + 1]], minlength=n_groups * span
            ).reshape(n_groups, span)
        width = int(day) - first + 1
        if width <= 0:
            continue
        _one_census(table[:, :width], grid[:, : width + 1], at, result, bands)
    return result


def stacked(each: Sequence[Stocks]) -> Stocks:
    """Stocks of single census days as those of all of them."""
    join = lambda name: np.concatenate([getattr(one, name) for one in each])  # noqa: E731
    return Stocks(
        waiting=join("waiting"),
        total_days=join("total_days"),
        median_days=join("median_days"),
        p92_days=join("p92_days"),
        longest_days=join("longest_days"),
        over={days: np.concatenate([one.over[days] for one in each]) for days in each[0].over},
        bands=np.concatenate([one.bands for one in each], axis=1),
    )


def _one_census(
    table: np.ndarray,
    cumulative: np.ndarray,
    at: int,
    out: Stocks,
    bands: Sequence[tuple[int, int | None]],
) -> None:
    """Fill row ``at`` of every array from starts still open by group and day; the last column is the census day."""
    width = table.shape[1]
    np.cumsum(table, axis=1, out=cumulative[1:, 1:])
    np.sum(cumulative[1:], axis=0, out=cumulative[0])
    n = cumulative[:, -1]
    out.waiting[at] = n
    # sum of days waited = sum over days d >= 1 of how many have waited at least d days
    out.total_days[at] = cumulative[:, 1:-1].sum(axis=1)

    def longer(days: int) -> np.ndarray:  # waiting more than `days` days
        return cumulative[:, max(width - 1 - days, 0)]

    for days, counts in out.over.items():
        counts[at] = longer(days)
    for band, (low, high) in enumerate(bands):
        out.bands[band, at] = longer(low - 1) - (longer(high) if high is not None else 0)
    some = np.flatnonzero(n)
    if len(some):
        rows, n = cumulative[some], n[some]
        lower, upper = _waited(rows, n, (n + 1) // 2), _waited(rows, n, n // 2 + 1)
        out.median_days[at, some] = (lower + upper) / 2
        out.p92_days[at, some] = _waited(rows, n, (92 * n + 99) // 100)
        out.longest_days[at, some] = _waited(rows, n, n)


def _waited(cumulative: np.ndarray, n: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Days waited by the child of that rank (1 = shortest wait) in each row of cumulative starts (leading 0)."""
    width = cumulative.shape[1] - 1
    lift = np.arange(len(cumulative), dtype=np.int64) * (int(n.max()) + 1)
    flat = (cumulative[:, 1:] + lift[:, None]).ravel()
    place = (
        np.searchsorted(flat, n - rank + lift, side="right") - np.arange(len(cumulative)) * width
    )
    return width - 1 - place


def period_of(day: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Index of the period (first..last day, both inclusive, ascending, not overlapping) of each day, -1 outside all."""
    at = np.searchsorted(last, day, side="left")
    inside = at < len(last)
    inside[inside] = day[inside] >= np.asarray(first)[at[inside]]
    return np.where(inside, at, -1)


def flows(
    day: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    periods: tuple[np.ndarray, np.ndarray],
    waited_days: np.ndarray | None = None,
) -> Flows:
    """Events (starts, completions ...) by the period and group they fall in; with ``waited_days`` also their sum and median.

    ``periods``: first and last day of each period, inclusive, ascending. The median is the mean of the two middle values.
    """
    n_periods = len(periods[0])
    at = period_of(day, *periods)
    inside = np.flatnonzero(at >= 0)
    key = at[inside] * n_groups + group[inside]
    by_group = np.bincount(key, minlength=n_periods * n_groups).reshape(n_periods, n_groups)
    count = np.column_stack([by_group.sum(axis=1), by_group])
    total, median = np.zeros(count.shape, np.int64), np.full(count.shape, np.nan)
    if waited_days is not None and len(inside):
        waited = waited_days[inside].astype(np.int64)
        sums = (
            np.bincount(key, weights=waited, minlength=n_periods * n_groups)
            .reshape(n_periods, n_groups)
            .astype(np.int64)
        )
        total = np.column_stack([sums.sum(axis=1), sums])
        median[:, 0] = _medians(at[inside], waited, count[:, 0])
        median[:, 1:] = _medians(key, waited, by_group.ravel()).reshape(n_periods, n_groups)
    return Flows(count, total, median)


def _medians(key: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Median of ``values`` per key 0 .. len(counts)-1, NaN for keys that never occur."""
    low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
    ordered = np.sort(key.astype(np.int64) * span + (values - low)) % span + low
    begin = np.concatenate([[0], np.cumsum(counts)[:-1]])
    result = np.full(len(counts), np.nan)
    some = counts > 0
    n, begin = counts[some], begin[some]
    result[some] = (ordered[begin + (n - 1) // 2] + ordered[begin + n // 2]) / 2
    return result
