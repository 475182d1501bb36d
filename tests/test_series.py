"""The monthly forecast: what it promises of any series, and of series whose future is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendwaits.errors import Refused
from sendwaits.outlook import series as series_room
from sendwaits.outlook.filters import Bank, bank, predict, walk, working_days
from sendwaits.outlook.series import (
    FORECAST_COLUMNS,
    QUANTILES,
    _roaming,
    _rolling,
    backtest,
    forecast,
    plain,
)
from sendwaits.workspace import open_workspace


def monthly(values, start="2019-01"):
    return pd.Series(
        np.asarray(values, dtype=float), index=pd.period_range(start, periods=len(values), freq="M")
    )


def counts(mean, n, seed=1):
    return monthly(np.random.default_rng(seed).poisson(mean, n))


def sound(table):
    numbers = table[["mean", *QUANTILES]].to_numpy()
    assert np.isfinite(numbers).all() and (numbers >= 0).all()
    assert (np.diff(table[QUANTILES].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(40),
        np.full(40, 7.0),
        [5.0],
        [0.0],
        [3.0, 4.0],
        np.arange(1, 14),
        np.arange(60) * 1e9,
        np.arange(1, 60) * 1e-6,
        np.append(np.zeros(30), [5, 0]),
        np.tile([0, 0, 1], 12),
        np.append(np.full(30, 100.0), np.zeros(6)),
        2.0 ** np.arange(40),
    ],
)
def test_any_series_gives_numbers_in_order_and_never_below_zero(values):
    table = forecast(monthly(values), 15)
    assert len(table) == 15
    sound(table)
    assert np.isfinite(backtest(monthly(values)).select_dtypes("number").to_numpy()).all()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=40))
def test_any_numbers_at_all_give_a_sound_forecast(values):
    sound(forecast(monthly(values)))


def test_a_constant_series_stays_what_it_is():
    table = forecast(monthly(np.full(36, 7.0)))
    assert table[QUANTILES].to_numpy() == pytest.approx(7.0, abs=0.01)


def test_forecast_months_follow_the_last_month():
    assert [str(m) for m in forecast(monthly([4, 5, 6], "2023-11"), 2).index] == [
        "2024-02",
        "2024-03",
    ]


def test_noise_around_a_level_is_forecast_at_its_mean_with_its_own_spread():
    # Poisson(100): p10 = 87, p50 = 100, p90 = 113
    table = forecast(counts(100, 96))
    assert table["p50"].to_numpy() == pytest.approx(100, abs=5)
    assert (table["p90"] - table["p10"]).mean() == pytest.approx(26, rel=0.25)
    assert table["note"].iloc[0].startswith("ensemble forecast")


def test_a_season_is_found_and_repeated():
    month = np.arange(60)
    values = 200 + 80 * np.cos(2 * np.pi * month / 12) + np.random.default_rng(2).normal(0, 5, 60)
    table = forecast(monthly(values))
    expected = 200 + 80 * np.cos(2 * np.pi * np.arange(60, 72) / 12)
    assert np.abs(table["p50"].to_numpy() - expected).mean() < 8


def test_working_days_leave_out_weekends_and_the_moving_easter_days():
    # March 2024: 21 weekdays less Good Friday the 29th; April 2024: 22 less Easter Monday the 1st; Easter 2025 lies in April whole
    assert working_days(pd.Period("2024-03").ordinal, 2).tolist() == [20, 21]
    assert working_days(pd.Period("2025-03").ordinal, 2).tolist() == [21, 20]


def test_a_month_with_more_working_days_is_forecast_higher():
    days = working_days(pd.Period("2019-01").ordinal, 72)
    values = 10 * days + np.random.default_rng(4).normal(0, 3, 72)
    table = forecast(monthly(values[:60]))
    assert np.abs(table["p50"].to_numpy() - 10 * days[60:]).mean() < 3


def test_roaming_is_the_yearly_over_the_monthly_step_as_known_then():
    # a line climbs 1 a month and 12 a year; back and forth by 1 moves 1 a month and 0 a year (a quarter is the least); under 13 months nothing is known of a year
    assert _roaming(np.arange(40.0), np.array([12, 13, 40])).tolist() == [1, 12, 12]
    assert _roaming(np.tile([1.0, 2.0], 20), np.array([40])).tolist() == [0.25]
    assert _roaming(np.full(40, 3.0), np.array([40])).tolist() == [1]


def test_a_random_walk_goes_to_naive_and_the_note_says_so():
    walked = 1000 + np.cumsum(np.random.default_rng(1).normal(0, 10, 100))
    table, scores = (
        forecast(monthly(walked)),
        backtest(monthly(walked)).set_index(["method", "horizon"])["crps"],
    )
    assert scores["naive", "all"] < scores["ensemble", "all"]
    assert table["note"].str.startswith("naive forecast; in the back-test naive").all()
    assert table["p50"].to_numpy() == pytest.approx(walked[-1])
    # a walk of monthly steps of 10 has spread 10 * sqrt(h): 80 % within 1.28 * 10 * sqrt(12) = 44 a year ahead
    assert table["p90"].iloc[-1] - table["p50"].iloc[-1] == pytest.approx(44, rel=0.35)


def test_one_closed_month_does_not_move_the_level():
    values = counts(100, 60).to_numpy()
    shut = values.copy()
    shut[-2] = 5
    assert forecast(monthly(shut))["p50"].mean() == pytest.approx(
        forecast(monthly(values))["p50"].mean(), rel=0.08
    )


def test_a_short_series_is_forecast_and_the_note_says_it_is_rough():
    assert "14 months, under 24" in forecast(counts(30, 14))["note"].iloc[0]
    assert "under 24" in forecast(counts(30, 23))["note"].iloc[0]
    assert "under 24" not in forecast(counts(30, 24))["note"].iloc[0]
    assert "no back-test: fewer than 13 months" in forecast(counts(30, 12))["note"].iloc[0]


def test_the_ceiling_is_kept():
    series = monthly(100 - np.random.default_rng(3).exponential(8, 40))
    assert forecast(series)["p90"].max() > 100
    table = forecast(series, upper=100)
    assert table["p90"].max() == 100
    sound(table)


def test_the_same_series_gives_the_same_numbers_and_no_order_matters():
    series = counts(20, 50)
    pd.testing.assert_frame_equal(forecast(series), forecast(series.sample(frac=1, random_state=1)))


def test_the_unit_of_the_series_does_not_matter_above_one():
    series = counts(500, 60)
    small, large = forecast(series), forecast(series * 1000)
    assert large["p90"].to_numpy() / 1000 == pytest.approx(small["p90"].to_numpy(), rel=1e-3)


def test_what_comes_later_changes_no_earlier_origin():
    y = np.sqrt(counts(50, 40).to_numpy() / 50)
    changed = y.copy()
    changed[30:] *= 3
    for filters in (bank(), walk()):
        one, other = (predict(v, 0, np.array([30]), 12, filters) for v in (y, changed))
        assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


def test_the_filter_equals_the_textbook_recursion():
    # one member: level step 0.3, slope of stationary variance 0.1 damped by 0.9, noise 0.7; matrices as in Harvey, chapter 3
    y = np.array([1.0, 1.2, 1.1, 1.5, 1.4, 1.6])
    one = np.ones(1)
    mean, sd = predict(
        y, 600, np.array([6]), 12, Bank(0.3 * one, 0.1 * one, 0.9 * one, 0 * one, 0 * one, 0 * one)
    )
    move, steps = np.array([[1.0, 1.0], [0.0, 0.9]]), np.diag([0.3, 0.1 * (1 - 0.81)])
    state, cov, weight = np.array([y[0], 0.0]), np.diag([1e4, 0.1]), 0.3
    squares = weight * np.abs(np.diff(y)).mean() ** 2
    for t, value in enumerate(y):
        spread, error = cov[0, 0] + 0.7, value - state[0]
        if t:
            squares, weight = 0.97 * squares + error**2 / spread, 0.97 * weight + 1
        gain = cov[:, 0] / spread
        state, cov = (
            move @ (state + gain * error),
            move @ (cov - np.outer(gain, cov[0])) @ move.T + steps,
        )
    for month in range(12):
        assert mean[0, month] == pytest.approx(state[0])
        assert sd[0, month] == pytest.approx(np.sqrt(squares / weight * (cov[0, 0] + 0.7)))
        state, cov = move @ state, move @ cov @ move.T + steps


def test_what_roams_ten_times_as_far_in_a_year_is_forecast_a_quarter_wider(monkeypatch):
    values = 100 + np.cumsum(np.random.default_rng(5).normal(1, 1, 60))
    monkeypatch.setattr(series_room, "ROAM_POWER", 0.0)
    plain_width = _rolling(values, 600, 12).quantiles["naive"][-1]
    monkeypatch.undo()
    width = _rolling(values, 600, 12).quantiles["naive"][-1]
    wider = _roaming(np.sqrt(values / values.mean()), np.array([60]))[0] ** 0.1
    assert 1.15 < wider < 1.3
    ratio = (np.sqrt(width[:, 4]) - np.sqrt(width[:, 2])) / (
        np.sqrt(plain_width[:, 4]) - np.sqrt(plain_width[:, 2])
    )
    assert ratio == pytest.approx(wider)


def test_no_earlier_forecast_or_width_knows_the_last_month():
    values = counts(50, 60).to_numpy()
    later = values.copy()
    later[-1] *= 10
    first, second = _rolling(values, 600, 12), _rolling(later, 600, 12)
    for method, quantiles in first.quantiles.items():
        assert second.quantiles[method][:-1] == pytest.approx(quantiles[:-1], rel=1e-9, abs=1e-9), (
            method
        )
        assert (second.quantiles[method][-1] != quantiles[-1]).any()


def test_the_back_test_has_a_row_per_method_and_block():
    table = backtest(counts(50, 60))
    assert table["method"].unique().tolist() == ["ensemble", "naive", "seasonal naive"]
    assert table["horizon"].tolist() == ["1-3", "4-6", "7-12", "all"] * 3
    # 36 origins; the last 11 know fewer than twelve months of what came: 25 * 12 + (11 + 10 + ... + 1) = 366
    assert table.loc[table["horizon"] == "all", "n"].tolist() == [366] * 3


def test_naive_in_the_back_test_is_the_last_value():
    series = monthly([10.0] * 12 + [10, 20, 20])
    table = backtest(series).set_index(["method", "horizon"])
    # origins 12, 13, 14: last values 10, 10, 20; targets (10, 20, 20), (20, 20), (20): errors 0 10 10, 10 10, 0
    assert table.loc[("naive", "all"), "n"] == 6
    assert table.loc[("naive", "all"), "mae"] == pytest.approx(40 / 6)
    # same month a year before: always 10: errors 0 10 10, 10 10, 10
    assert table.loc[("seasonal naive", "all"), "mae"] == pytest.approx(50 / 6)


@pytest.mark.parametrize(
    "series, words",
    [
        (monthly([1, 2, 3, 4]).drop(pd.Period("2019-03")), "2019-03 is missing"),
        (monthly([1, np.nan, 3]), "2019-02 has no number"),
        (monthly([1, -2, 3]), "2019-02 is below 0"),
        (pd.concat([monthly([1, 2]), monthly([3])]), "2019-01 is there twice"),
        (monthly([]), "no month"),
    ],
)
def test_what_cannot_be_forecast_is_refused_by_month(series, words):
    with pytest.raises(Refused, match=words):
        forecast(series)


@pytest.fixture
def area(tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")

    def write(name, *rows):
        text = "month,measure,value,unit,note\n" + "".join(f"{r}\n" for r in rows)
        (tmp_path / "data" / "raw" / name).write_text(text, encoding="utf-8")
        return open_workspace(tmp_path)

    return write


def rows(measure, n, unit="count", start="2022-01"):
    return [
        f"{m},{measure},{40 + i % 7},{unit},"
        for i, m in enumerate(pd.period_range(start, periods=n, freq="M"))
    ]


def test_the_printed_rows_have_the_contract_columns_and_the_last_days_of_the_next_months(area):
    table = plain(
        area("series_a.csv", *rows("mediation meetings", 30)), date(2024, 6, 30), "ALL", 3
    )
    assert list(table.columns) == FORECAST_COLUMNS
    assert table["target_date"].tolist() == ["2024-07-31", "2024-08-31", "2024-09-30"]
    assert (
        (table["pathway"] == "").all()
        and (table["wait"] == "").all()
        and table["horizon_weeks"].isna().all()
    )
    assert (table["scenario"] == "baseline").all() and table["probability"].isna().all()
    assert (table["measure"] == "mediation meetings").all()


def test_the_month_of_as_at_counts_only_on_its_last_day(area):
    workspace = area("series_a.csv", *rows("tribunals held", 30))
    assert plain(workspace, date(2024, 6, 29), months=1)["target_date"].tolist() == ["2024-06-30"]
    assert plain(workspace, date(2024, 6, 30), months=1)["target_date"].tolist() == ["2024-07-31"]


def test_months_after_as_at_are_ignored_even_with_a_gap(area):
    workspace = area("series_a.csv", *rows("a", 24), *rows("a", 3, start="2024-06"))
    assert plain(workspace, date(2023, 12, 31), "a", 1)["target_date"].tolist() == ["2024-01-31"]
    with pytest.raises(Refused, match="a: month 2024-01 is missing"):
        plain(workspace, date(2024, 6, 30), "a")


def test_a_month_without_a_number_is_a_gap_named_with_its_measure(area):
    with pytest.raises(Refused, match="b: month 2022-02 has no number"):
        plain(
            area(
                "series_b.csv", "2022-01,b,5,count,", "2022-02,b,[c],count,", "2022-03,b,6,count,"
            ),
            date(2022, 3, 31),
        )


def test_a_series_that_stopped_early_says_so(area):
    note = plain(area("series_a.csv", *rows("a", 30)), date(2024, 12, 31), months=1)["note"].iloc[0]
    assert "the series ends in 2024-06" in note


def test_percentages_stop_at_100_and_other_units_do_not(area):
    high = [
        f"{m},{{}},{100 - i * i * 7 % 13 * (i % 3)},{{}},"
        for i, m in enumerate(pd.period_range("2022-01", periods=30, freq="M"))
    ]
    workspace = area(
        "series_a.csv",
        *[r.format("share", "percent") for r in high],
        *[r.format("meetings", "count") for r in high],
    )
    top = plain(workspace, date(2024, 6, 30)).groupby("measure")["p90"].max()
    assert top["share"] <= 100 < top["meetings"]


def test_files_are_read_together_and_one_measure_can_be_asked_for(area):
    area("series_a.csv", *rows("a", 24))
    workspace = area("series_b.csv", *rows("b", 24), *rows("a", 24), "2022-13,b,4,count,")
    assert plain(workspace, date(2023, 12, 31), "all", 1)["measure"].tolist() == ["a", "b"]
    assert plain(workspace, date(2023, 12, 31), "b", 1)["measure"].tolist() == ["b"]
    with pytest.raises(Refused, match="no such measure"):
        plain(workspace, date(2023, 12, 31), "c")
    with pytest.raises(Refused, match="a: no month up to 2021-12"):
        plain(workspace, date(2021, 12, 31), "a")


def test_two_values_of_one_month_are_a_gap(area):
    with pytest.raises(Refused, match="a: month 2022-03 is missing"):
        plain(area("series_a.csv", *rows("a", 24), "2022-03,a,999,count,"), date(2023, 12, 31))


def test_two_files_that_disagree_on_a_month_are_refused(area):
    area("series_a.csv", *rows("a", 24))
    with pytest.raises(Refused, match="a: month 2022-03 is there twice"):
        plain(area("series_b.csv", "2022-03,a,999,count,"), date(2023, 12, 31))


def test_without_a_file_or_a_heading_the_message_says_which(area, tmp_path):
    workspace = area("other.csv")
    with pytest.raises(Refused, match="no series_"):
        plain(workspace, date(2023, 12, 31))
    (tmp_path / "data" / "raw" / "series_a.csv").write_text(
        "month,measure\n2022-01,a\n", encoding="utf-8"
    )
    with pytest.raises(Refused, match="series_a.csv: the headings month, measure and value"):
        plain(workspace, date(2023, 12, 31))
    (tmp_path / "data" / "raw" / "series_a.csv").write_text("", encoding="utf-8")
    with pytest.raises(Refused, match="series_a.csv: the file is empty"):
        plain(workspace, date(2023, 12, 31))
