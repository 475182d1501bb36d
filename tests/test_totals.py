"""Monthly totals without records: equal periods, side by side, and ready for the forecast."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sendwaits import intake
from sendwaits.measure import totals
from sendwaits.measure.measures import COLUMNS
from sendwaits.outlook import series
from sendwaits.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[1]


def monthly(measure, values, start="2022-01", unit="count"):
    months = pd.period_range(start, periods=len(values), freq="M").astype(str)
    return pd.DataFrame({"month": months, "measure": measure, "value": values, "unit": unit})


def test_a_monthly_total_is_a_flow_of_its_month_in_the_columns_of_the_contract():
    table = totals.figures(monthly("meetings", [12, 13.0]))
    assert list(table.columns) == COLUMNS
    row = table.iloc[1]
    assert (row["period_start"], row["period_end"], row["value"], row["n"]) == (
        "2022-02-01",
        "2022-02-28",
        13,
        13,
    )
    spend = totals.figures(monthly("spend", [36240.5], unit="GBP")).iloc[0]
    assert spend["value"] == 36240.5 and pd.isna(spend["n"])


def test_twelve_months_are_compared_with_twelve_and_the_year_to_date_with_the_same_months():
    # 2022: 10 a month, 2023: 20 a month, January to March 2024: 30 a month
    frame = totals.figures(monthly("meetings", [10] * 12 + [20] * 12 + [30] * 3))
    table = totals.compared(frame, date(2024, 3, 31)).set_index("comparison")
    year, so_far = table.loc["12 months"], table.loc["year to date"]
    assert (year["base"], year["now"], year["months"]) == (9 * 10 + 3 * 20, 9 * 20 + 3 * 30, 12)
    assert (year["base_start"], year["now_end"]) == ("2022-04-01", "2024-03-31")
    assert (so_far["base"], so_far["now"], so_far["months"]) == (60, 90, 3)
    assert (so_far["base_start"], so_far["base_end"]) == ("2023-01-01", "2023-03-31")
    assert so_far["percent"] == 50 and so_far["low"] < 50 < so_far["high"]


def test_a_month_that_is_not_over_or_not_known_is_in_no_comparison():
    frame = totals.figures(monthly("meetings", [10] * 24 + [30] * 3))
    assert set(totals.compared(frame, date(2024, 3, 15))["now_end"]) == {"2024-02-29"}
    gap = frame[frame["period_end"] != "2023-02-28"]
    table = totals.compared(gap, date(2024, 3, 31))
    assert table.empty  # February 2023 is in both bases
    hidden = frame.assign(value=frame["value"].where(frame["period_end"] != "2022-05-31"))
    assert totals.compared(hidden, date(2024, 3, 31))["comparison"].tolist() == ["year to date"]


def test_nothing_has_no_percentage_and_money_no_chance_interval():
    none = totals.figures(monthly("meetings", [0] * 12 + [1] * 12))
    row = totals.compared(none, date(2023, 12, 31)).iloc[0]
    assert row["change"] == 12 and row[["percent", "low", "high"]].isna().all()
    spend = totals.figures(monthly("spend", [100] * 12 + [90] * 12, unit="GBP"))
    row = totals.compared(spend, date(2023, 12, 31)).iloc[0]
    assert row["percent"] == pytest.approx(-10) and row[["low", "high"]].isna().all()


def test_two_totals_stand_side_by_side_in_the_months_that_both_have():
    frame = pd.concat(
        [
            totals.figures(monthly("spend", [5, 6, 7], unit="GBP")),
            totals.figures(monthly("referrals", [1, 2, 3], start="2022-02")),
        ]
    )
    both = totals.side_by_side(frame, "spend", "referrals")
    assert both["month"].astype(str).tolist() == ["2022-02", "2022-03"]
    assert both[["spend", "referrals"]].to_numpy().tolist() == [[6, 1], [7, 2]]


def test_the_sample_names_held_registered_and_decided_apart_and_each_is_forecast_and_tested():
    frame = totals.figures(intake.series(open_workspace(ROOT), date(2024, 9, 30)))
    assert set(frame["measure"]) == {
        "appeals_decided",
        "appeals_registered",
        "mediation_meetings",
        "melatonin_spend",
        "sleep_referrals",
        "tribunals_held",
    }
    table = totals.compared(frame, date(2024, 9, 30)).set_index(["measure", "comparison"])
    held = table.loc[("tribunals_held", "year to date")]
    assert (held["now"], held["months"]) == (0, 9)
    assert table.loc[("appeals_registered", "year to date"), "now"] == 138
    months = totals.series(frame, "sleep_referrals")
    assert series.forecast(months, 3).index.astype(str).tolist() == [
        "2024-10",
        "2024-11",
        "2024-12",
    ]
    assert set(series.backtest(months)["method"]) == {"ensemble", "naive", "seasonal naive"}
