"""The sweep kernel against a naive loop over rows and days."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sendwaits.measure import census

OVER, BANDS = (3, 10), ((0, 3), (4, 10), (11, None))
WAITS = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(-3, 30)), st.integers(0, 2)),
    max_size=25,
)
DAYS = st.lists(st.integers(-3, 60), min_size=1, max_size=5).map(sorted)


def _arrays(waits):
    start = np.array([w[0] for w in waits], dtype=np.int64)
    stop = np.array([census.NEVER if w[1] is None else w[0] + w[1] for w in waits], dtype=np.int64)
    return start, stop, np.array([w[2] for w in waits], dtype=np.int64)


def _naive(waits, day, group):
    """Days waited, shortest first, of the waits open on a day: started on or before it, not stopped on or before it."""
    return sorted(
        day - start
        for start, lasted, g in waits
        if group in (None, g) and start <= day and (lasted is None or start + lasted > day)
    )


@settings(max_examples=2000, deadline=None)
@given(WAITS, DAYS)
def test_every_stock_equals_a_loop_over_children(waits, days):
    got = census.stocks(*_arrays(waits), 3, days, OVER, BANDS)
    for at, day in enumerate(days):
        for column, group in enumerate([None, 0, 1, 2]):
            waited = _naive(waits, day, group)
            n = len(waited)
            assert got.waiting[at, column] == n
            assert got.total_days[at, column] == sum(waited)
            for limit in OVER:
                assert got.over[limit][at, column] == sum(w > limit for w in waited)
            for band, (low, high) in enumerate(BANDS):
                assert got.bands[band, at, column] == sum(
                    low <= w <= (high if high is not None else w) for w in waited
                )
            if n:
                assert got.longest_days[at, column] == waited[-1]
                assert got.median_days[at, column] == (waited[(n - 1) // 2] + waited[n // 2]) / 2
                assert got.p92_days[at, column] == next(
                    w for w in waited if 100 * sum(v <= w for v in waited) >= 92 * n
                )
            else:
                assert np.isnan(
                    [
                        got.longest_days[at, column],
                        got.median_days[at, column],
                        got.p92_days[at, column],
                    ]
                ).all()


@settings(max_examples=500, deadline=None)
@given(WAITS, st.integers(0, 30), st.integers(1, 30))
def test_flows_equal_a_loop_and_close_the_balance(waits, first, length):
    start, stop, group = _arrays(waits)
    keep = stop >= start
    start, stop, group = start[keep], stop[keep], group[keep]
    period = (np.array([first]), np.array([first + length - 1]))
    before, after = (
        census.stocks(start, stop, group, 3, [day]).waiting[0]
        for day in (first - 1, first + length - 1)
    )
    came, left = (
        census.flows(start, group, 3, period),
        census.flows(stop[stop < census.NEVER], group[stop < census.NEVER], 3, period),
    )
    assert (after == before + came.count[0] - left.count[0]).all()
    waited = census.flows(stop, group, 3, period, stop - start)
    inside = sorted((stop - start)[(stop >= first) & (stop <= first + length - 1)])
    assert waited.count[0, 0] == len(inside) and waited.total_days[0, 0] == sum(inside)
    if inside:
        assert (
            waited.median_days[0, 0]
            == (inside[(len(inside) - 1) // 2] + inside[len(inside) // 2]) / 2
        )


def test_a_stop_on_the_census_day_is_a_stop_and_a_start_waits_nought_days():
    got = census.stocks(
        np.array([10, 5]), np.array([census.NEVER, 10]), np.array([0, 0]), 1, [9, 10]
    )
    assert got.waiting[:, 0].tolist() == [1, 1]
    assert got.longest_days[:, 0].tolist() == [4, 0]
