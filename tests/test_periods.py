"""Months, quarters and years as the contract cuts them."""

from __future__ import annotations

from datetime import date

import pytest

from sendwaits.errors import Refused
from sendwaits.measure.periods import periods


def spans(as_at, kind, months=24, earliest=None):
    times = periods(date.fromisoformat(as_at), kind, months, earliest)
    return [f"{a} {b}" for a, b in zip(times.first, times.last, strict=True)]


def test_the_newest_month_ends_with_the_census_day_and_the_others_are_whole():
    assert spans("2024-03-15", "month", 3) == [
        "2024-01-01 2024-01-31",
        "2024-02-01 2024-02-29",
        "2024-03-01 2024-03-15",
    ]


def test_the_newest_quarter_ends_with_the_month_of_the_census_day():
    assert spans("2024-07-31", "quarter", 6) == ["2024-02-01 2024-04-30", "2024-05-01 2024-07-31"]
    assert spans("2024-01-10", "quarter", 3) == ["2023-11-01 2024-01-10"]


def test_the_quarters_cover_at_least_the_months_asked_for():
    assert [len(spans("2024-07-31", "quarter", n)) for n in (1, 3, 4, 24)] == [1, 1, 2, 8]


def test_years_reach_back_to_the_first_record_and_the_newest_ends_with_the_census_day():
    assert spans("2024-07-31", "year", earliest=date(2022, 5, 1)) == [
        "2022-01-01 2022-12-31",
        "2023-01-01 2023-12-31",
        "2024-01-01 2024-07-31",
    ]
    assert spans("2024-02-29", "ytd") == ["2024-01-01 2024-02-29"]


def test_another_kind_is_refused_with_the_kinds_there_are():
    with pytest.raises(Refused, match="month, quarter, year, ytd"):
        periods(date(2024, 7, 31), "week")
