"""How forecasts are scored: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sendwaits.outlook.backtest import block_of, crps, score_table, seasonal_step, winkler, winner

FIVE = np.array([6.0, 8.0, 10.0, 12.0, 14.0])


def test_crps_is_twice_the_mean_pinball_over_five_levels():
    # 13 came: 0.1*7 + 0.25*5 + 0.5*3 + 0.75*1 + (1-0.9)*1 = 0.7 + 1.25 + 1.5 + 0.75 + 0.1 = 4.3; twice a fifth of it = 1.72
    assert crps(FIVE, np.array(13.0)) == pytest.approx(1.72)


def test_crps_of_a_point_forecast_is_its_absolute_error():
    # every level misses by 3: (0.1 + 0.25 + 0.5 + 0.75 + 0.9) * 3 = 7.5, twice a fifth = 3
    assert crps(np.full(5, 10.0), np.array(13.0)) == pytest.approx(3.0)


def test_winkler_is_the_width_and_ten_times_the_miss():
    assert winkler(FIVE, np.array([10.0, 15.0, 4.0])) == pytest.approx([8.0, 18.0, 28.0])


def test_the_unit_is_the_mean_change_over_a_year_then_over_a_month_then_one():
    year = np.append(np.arange(12.0), np.arange(12.0) + 5)
    assert seasonal_step(year) == 5.0
    assert seasonal_step(np.array([1.0, 3.0, 7.0])) == 3.0
    assert seasonal_step(np.tile([1.0, 3.0], 12)) == 2.0
    assert seasonal_step(np.full(30, 4.0)) == 1.0


def test_horizons_fall_in_blocks_of_three_three_and_the_rest():
    assert block_of(np.arange(1, 15)).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]


def test_one_row_per_method_and_block_counts_only_months_that_came():
    actual = np.array([[10.0, 13.0, 15.0] + [np.nan] * 9, [13.0] + [np.nan] * 11])
    made = np.broadcast_to(FIVE, (2, 12, 5))
    table = score_table({"a": made, "b": made + 100}, actual, np.array([1.0, 2.0]))
    assert table["horizon"].tolist() == ["1-3", "all"] * 2
    row = table.iloc[0]
    # errors of the median 10: 0, 3, 5 (unit 1) and 3 (unit 2): mae 11/4; mase (0 + 3 + 5 + 1.5) / 4; 15 alone lies outside 6 to 14
    assert (row["n"], row["mae"], row["mase"], row["coverage_80_pct"]) == (4, 2.75, 2.375, 75.0)
    assert winner(table) == "a"


def test_without_a_back_test_there_is_no_winner():
    assert (
        winner(score_table({"a": np.ones((1, 12, 5))}, np.full((1, 12), np.nan), np.ones(1))) == ""
    )
