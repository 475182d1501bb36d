"""Intervals of shares, counts and changes, and the changes that are refused."""

from __future__ import annotations

import math
from datetime import date

import pytest

from sendwaits.errors import Refused
from sendwaits.measure.rates import (
    change,
    count_interval,
    equal_periods,
    false_discovery,
    rate_ratio,
    share,
    share_difference,
    whole_months,
)


def year(y):
    return date(y, 1, 1), date(y, 12, 31)


def test_the_wilson_interval_of_a_published_share():
    # Wilson 1927 by hand for 29 of 162 (refusals notified in time, Nottinghamshire 2024), z = 1.95996
    z, p, n = 1.959963984540054, 29 / 162, 162
    middle, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n),
    )
    found = share(29, 162)
    assert (found.value, found.low, found.high) == pytest.approx(
        (100 * p, 100 * (middle - half), 100 * (middle + half))
    )


def test_none_or_all_of_a_small_group_still_has_an_interval_inside_the_scale():
    assert share(0, 10).low == 0 and share(0, 10).high == pytest.approx(27.753, abs=1e-3)
    assert share(10, 10).high == 100 and share(10, 10).low == pytest.approx(72.247, abs=1e-3)


def test_a_share_of_nobody_is_undefined():
    assert math.isnan(share(0, 0).value) and math.isnan(share_difference(1, 2, 0, 0).value)


def test_newcombes_difference_of_two_shares():
    found = share_difference(
        56, 70, 48, 80
    )  # Newcombe 1998, table II, case a, method 10: 0.0524 to 0.3339
    assert (found.value, found.low, found.high) == pytest.approx((20, 5.24, 33.39), abs=0.005)


@pytest.mark.parametrize(
    "count, low, high", [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)]
)  # Garwood 1936
def test_the_exact_interval_of_a_count(count, low, high):
    found = count_interval(count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3)


def test_a_rate_ratio_has_the_exact_interval():
    # R: poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878)) gives 1.971488 (0.8584264 to 4.2772659)
    found = rate_ratio(11, 21, 800, 3011)
    assert (found.value, found.low, found.high) == pytest.approx(
        (1.971488, 0.8584264, 4.2772659), abs=1e-5
    )
    assert (
        rate_ratio(5, 0).value == math.inf
        and rate_ratio(0, 5).low == 0
        and math.isnan(rate_ratio(0, 0).value)
    )


def test_twenty_seven_percent_more_requests_carries_its_interval():
    # DfE, Nottinghamshire: 1,087 requests in 2022 and 1,380 in 2023; 293 / 1087 = 26.95 %
    found = change(1380, 1087, year(2023), year(2022))
    assert found.difference == 293 and found.percent.value == pytest.approx(26.9549, abs=1e-4)
    assert (found.percent.low, found.percent.high) == pytest.approx((17.17, 37.58), abs=0.01)
    assert found.p_value < 0.001 and found.ratio.value == pytest.approx(1.269549, abs=1e-6)


def test_nine_months_are_not_compared_with_three():
    with pytest.raises(Refused, match="unequal"):
        change(4, 38, (date(2024, 1, 1), date(2024, 9, 30)), (date(2023, 1, 1), date(2023, 3, 31)))


@pytest.mark.parametrize("hidden", [None, math.nan, "[c]", "<5"])
def test_a_change_from_or_to_a_suppressed_number_is_not_computed(hidden):
    for now, base in ((hidden, 38), (38, hidden)):
        with pytest.raises(Refused, match="suppressed"):
            change(now, base, year(2024), year(2023))


def test_a_change_from_nothing_has_no_percentage():
    with pytest.raises(Refused, match="base is 0"):
        change(3, 0, year(2024), year(2023))


@pytest.mark.parametrize(
    "one, other, equal",
    [
        (year(2023), year(2024), True),  # 365 and 366 days, both twelve months
        ((date(2024, 2, 1), date(2024, 2, 29)), (date(2024, 1, 1), date(2024, 1, 31)), True),
        ((date(2024, 1, 1), date(2024, 9, 30)), (date(2023, 1, 1), date(2023, 3, 31)), False),
        (
            (date(2024, 1, 1), date(2024, 7, 19)),
            (date(2023, 1, 2), date(2023, 7, 21)),
            True,
        ),  # 201 days each
        ((date(2024, 1, 1), date(2024, 7, 19)), (date(2023, 1, 1), date(2023, 7, 31)), False),
        (year(2023), year(2023), False),  # a period overlaps itself
    ],
)
def test_periods_are_equal_in_whole_months_or_in_days(one, other, equal):
    assert equal_periods(one, other) == equal == equal_periods(other, one)


def test_whole_months_of_a_period():
    assert (
        whole_months(year(2024)) == 12 and whole_months((date(2023, 12, 1), date(2024, 1, 31))) == 2
    )
    assert whole_months((date(2024, 1, 1), date(2024, 1, 30))) == 0


@pytest.mark.parametrize(
    "numerator, denominator", [(3, 2), (-1, 2), (1.5, 2), (None, 2), ("[c]", 2)]
)
def test_counts_that_are_no_counts_have_no_interval(numerator, denominator):
    with pytest.raises(Refused, match="rates"):
        share(numerator, denominator)


def test_the_false_discovery_rate_of_four_tests_by_hand_and_of_one_that_was_not_made():
    # p n / rank = .04 .04 .0533 .20, made monotone from the right
    q = false_discovery([0.04, 0.01, math.nan, 0.20, 0.02])
    assert q[:2] + q[3:] == pytest.approx([0.04 * 4 / 3, 0.04, 0.20, 0.04])
    assert math.isnan(q[2]) and false_discovery([]) == []
