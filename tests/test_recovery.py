"""The recovery plan of a list, by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from sendwaits.errors import Refused
from sendwaits.measure import recovery
from sendwaits.measure.rates import Interval, added, count_interval, rate_interval, spread_of

AS_AT = date(2024, 7, 31)
MONTHS = pd.period_range("2024-02", "2024-07", freq="M")  # 182 days: 26 weeks
COLUMNS = ["pathway", "wait", "measure", "group", "period_start", "period_end", "value"]


def flows(measure, counts, months=MONTHS):
    return [
        ("X", "w", measure, "", str(m.start_time.date()), str(m.end_time.date()), n)
        for m, n in zip(months, counts, strict=True)
    ]


def stocks(measure, counts):
    ends = ["2024-01-31", *(str(m.end_time.date()) for m in MONTHS)]
    return [("X", "w", measure, "", "", end, n) for end, n in zip(ends, counts, strict=True)]


def figures(over=(418, 408, 398, 388, 378, 368, 358), left=None):
    return pd.DataFrame(
        [
            *flows("starts", [52, 52, 52, 52, 52, 52]),  # 312 in 26 weeks: 12 a week
            *flows("completed", [35, 34, 35, 35, 34, 35]),  # 208: 8 a week
            *(flows("removed_other", [4, 5, 4, 4, 5, 4]) if left is None else left),  # 26: 1 a week
            *stocks("waiting", [822, 835, 848, 861, 874, 887, 900]),
            *stocks("waiting_over_52_weeks", over),
        ],
        columns=COLUMNS,
    ).astype({"value": float})


def planned(frame=None, **given):
    frame = figures() if frame is None else frame
    given = {"target_weeks": 13, **given}
    return recovery.plan(frame, "X", "w", AS_AT, **given)


def row(table, measure, by=None):
    rows = table[table["measure"] == measure]
    return (rows if by is None else rows[rows["by"] == by]).iloc[0]


def test_what_joins_and_leaves_is_per_week_with_the_exact_interval():
    table = planned()
    joined = row(table, "joined_per_week")
    exact = count_interval(312)  # even counts: no wider than chance
    assert (joined["value"], joined["n"]) == (12, 312)
    assert (joined["low"], joined["high"]) == pytest.approx((exact.low / 26, exact.high / 26))
    assert row(table, "completed_per_week")["value"] == 8
    assert row(table, "gap_per_week")["value"] == pytest.approx(3)
    assert (joined["period_start"], joined["period_end"]) == ("2024-02-01", "2024-07-31")


def test_the_capacity_for_a_date_keeps_up_and_brings_the_list_to_its_target():
    table = planned(dates=[date(2025, 7, 30), date(2026, 7, 29)])  # 52 and 104 weeks
    assert row(table, "target_list")["value"] == 39  # 12 x 13 / 4
    year = row(table, "capacity_needed_per_week", "2025-07-30")
    assert year["value"] == pytest.approx(12 - 1 + 861 / 52)  # 27.56
    two = row(table, "capacity_needed_per_week", "2026-07-29")
    assert two["value"] == pytest.approx(12 - 1 + 861 / 104)
    assert year["low"] < year["value"] < year["high"]
    assert row(planned(factor=1), "target_list")["value"] == 156


def test_a_list_that_falls_ten_a_month_clears_in_35_point_8_months():
    clear = row(planned(), "weeks_to_clear_over_52")
    assert clear["value"] == pytest.approx(358 * 26 / 60)  # 60 fewer in 26 weeks
    assert clear["by"] == "2027-07-22" and clear["low"] < clear["value"] < clear["high"]


def test_a_list_that_does_not_shrink_has_no_date_and_an_empty_one_is_clear_today():
    grows = row(planned(figures([300, 310, 320, 330, 340, 350, 360])), "weeks_to_clear_over_52")
    assert grows["by"] == "" and grows["value"] != grows["value"] and "not shrink" in grows["basis"]
    empty = row(planned(figures([3, 2, 1, 0, 0, 0, 0])), "weeks_to_clear_over_52")
    assert (empty["value"], empty["by"]) == (0, "2024-07-31")


def test_a_pace_that_may_be_none_has_no_latest_date():
    shaky = row(planned(figures([418, 350, 420, 360, 430, 370, 400])), "weeks_to_clear_over_52")
    assert shaky["high"] == float("inf") and shaky["value"] > 0


def hide(frame, measure):
    return frame.assign(value=frame["value"].where(frame["measure"] != measure))


def test_a_flow_that_is_not_published_is_not_guessed_the_lists_change_stands_in_for_it():
    table = planned(hide(figures(), "removed_other"), dates=[date(2025, 7, 30)])
    left = row(table, "left_otherwise_per_week")
    assert left["value"] != left["value"] and left["basis"] == "not published"
    assert row(table, "gap_per_week")["value"] == 3  # 822 to 900 in 26 weeks
    needed = row(table, "capacity_needed_per_week")
    assert needed["value"] == pytest.approx(3 + 8 + 861 / 52)  # 27.56, as with every flow
    assert needed["low"] != needed["low"]


def test_without_what_joins_there_is_no_target_and_no_capacity_never_a_nought():
    table = planned(hide(figures(), "starts"))
    for measure in ("joined_per_week", "target_list", "capacity_needed_per_week"):
        assert row(table, measure)[["value", "low", "high"]].isna().all(), measure
    assert "not published" in row(table, "capacity_needed_per_week")["basis"]


def test_without_completions_or_the_list_there_is_no_plan():
    for measure in ("completed", "waiting"):
        with pytest.raises(Refused, match="X w: no recovery plan"):
            planned(hide(figures(), measure))


def test_a_flow_by_quarter_or_by_year_is_taken_at_its_grain_and_says_so():
    quarters = [("X", "w", "removed_other", "", "2024-02-01", "2024-04-30", 13.0)]
    quarters += [("X", "w", "removed_other", "", "2024-05-01", "2024-07-31", 13.0)]
    assert row(planned(figures(left=quarters)), "left_otherwise_per_week")["value"] == 1
    year = [("X", "w", "removed_other", "", "2023-01-01", "2023-12-31", 73.0)]
    left = row(planned(figures(left=year)), "left_otherwise_per_week")
    assert left["value"] == pytest.approx(73 * 7 / 365)  # 1.4
    assert left["basis"].endswith("published by year only") and left["period_start"] == "2023-01-01"
    over = figures([3, 2, 1, 1, float("nan"), 1, 1])
    assert row(planned(over), "weeks_to_clear_over_52")["basis"] == "not published at this grain"


def test_a_released_frame_gives_the_same_plan():
    released = figures().assign(form="exact")
    for side in ("period_start", "period_end"):
        released[side] = pd.to_datetime(released[side].replace("", None))
    pd.testing.assert_frame_equal(planned(released), planned())


def test_counts_that_vary_more_than_chance_have_a_wider_interval():
    # 2, 18, 2, 18 in equal times: mean 10, sum of squares 256, / 10 / 3 = 8.53
    assert spread_of([2, 18, 2, 18], [1, 1, 1, 1]) == pytest.approx(256 / 30)
    assert spread_of([8, 12], [1, 1]) == 1 and spread_of([0, 0], [1, 1]) == 1
    narrow, wide = rate_interval(10, 2), rate_interval(10, 2, 4)
    assert (narrow.low, narrow.high) == pytest.approx((4.795 / 2, 18.390 / 2), abs=1e-3)
    assert wide.value == 5 and wide.low < narrow.low and wide.high > narrow.high
    assert rate_interval(0, 2).low == 0


def test_estimates_are_added_with_their_intervals():
    found = added((1, Interval(10, 8, 13)), (-1, Interval(6, 5, 8)))
    assert found.value == 4  # sqrt(4 + 4) = 2.83, sqrt(9 + 1) = 3.16
    assert (found.low, found.high) == pytest.approx((1.172, 7.162), abs=1e-3)
