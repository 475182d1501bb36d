"""The rules behind the verdicts by hand arithmetic and against statsmodels; the bars of benchmarks/verdicts.py, small."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_verdicts import MONTHS, REFERRALS, WALK, released, the

from sendwaits.errors import Refused
from sendwaits.measure.rates import rate_ratio
from sendwaits.release.verdicts import changes, levels, spread, walks
from sendwaits.release.verdicts.found import two_sided
from sendwaits.release.verdicts.verdict import chance

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import verdicts as bench  # noqa: E402


def test_a_list_whose_steps_are_plus_and_minus_2_wanders_by_2_a_month():
    steps = np.array([[2.0, -2.0] * 12])
    sd, freedom = walks.spread(steps, 12)
    # around the means (0): 24 x 4 / 22; neighbours: (4 x 4) / 2 = 8; their mean (4.3636 + 8) / 2
    assert sd[0] ** 2 == pytest.approx((96 / 22 + 8) / 2) and freedom[0] == 22
    sd, freedom = walks.spread(steps, 12, np.array([10.0]))
    assert sd[0] ** 2 == pytest.approx((22 * (96 / 22 + 8) / 2 + 4 * 10) / 26) and freedom[0] == 26


def test_480_against_576_referrals_with_poisson_chance_give_z_of_2_92():
    part = np.array([[40.0] * 12 + [48.0] * 12])
    weight, spread_ = np.ones_like(part), np.array([44.0])
    difference, z = levels.compare(part, weight, spread_, 12, 12, "count")
    # 96 more, one off for whole numbers: 95 / sqrt(44 x 24) = 95 / 32.5
    assert difference[0] == 8 and z[0] == pytest.approx(95 / np.sqrt(1056))


def test_a_flow_that_hardly_varies_is_still_a_count_of_children_who_come_by_chance():
    # 516 against 480: 35 / sqrt(996) = 1.1, though no month differs from its neighbour but once
    found = the(released([40] * 12 + [43] * 12, "referrals", stock=False))
    assert found.verdict == "steady" and found.p == pytest.approx(0.27, abs=0.01)


def test_the_chance_of_a_share_is_the_binomials():
    part, weight = np.array([[25.0, 25.0]]), np.array([[100.0, 100.0]])
    assert spread.floor_of(part, weight, "percent")[0] == pytest.approx(0.25 * 0.75)


def test_a_share_of_few_moves_more_by_chance_than_a_share_of_many():
    def share(n):
        rows = released(
            [50.0] * 12 + [62.0] * 12, "within_standard_pct", unit="percent", stock=False
        )
        seen = pd.array([n] * 24, "Int64")
        part = pd.array([round(n * v / 100) for v in rows["value"]], "Int64")
        return the(rows.assign(numerator=part, denominator=seen, n=seen)).verdict

    assert [share(50), share(8)] == ["higher", "steady"]


def test_student_t_is_statsmodels_and_normal_is_1_96():
    from scipy.stats import t

    assert two_sided(np.array([2.5]), 18)[0] == pytest.approx(2 * t.sf(2.5, 18))
    assert two_sided(np.array([1.959964]), 1e9)[0] == pytest.approx(0.05, abs=1e-6)


def test_chance_is_said_in_one_way():
    said = [chance(p) for p in (0.0004, 0.0099, 0.013, 0.12, 0.5, 0.9, float("nan"))]
    assert said == [
        "less than 1 in 100", "less than 1 in 100", "about 1 in 100", "about 1 in 8", "about 1 in 2",
        "more than 1 in 2", "",
    ]  # fmt: skip


def test_the_ratio_of_1380_to_1087_is_exact():
    found = changes.ratio(1380, 1087)
    known = rate_ratio(
        1380, 1087
    )  # statsmodels' Clopper-Pearson ends; docs/METHODS.md: +17.2 to +37.6 %
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert (round(100 * found.low - 100, 1), round(100 * found.high - 100, 1)) == (17.2, 37.6)
    wide = changes.ratio(1380, 1087, dispersion=4)
    assert wide.low < found.low < found.high < wide.high and wide.value == found.value
    with pytest.raises(Refused):
        changes.ratio(1, 1, dispersion=0.5)


def test_one_district_of_four_is_clearly_higher():
    counts = pd.DataFrame(
        {"group": list("abcd"), "numerator": [30, 11, 10, 12], "denominator": [40, 40, 40, 40]}
    )
    found = changes.groups(counts)
    assert (
        found["verdict"].tolist()[0] == "higher" and "higher" not in found["verdict"].tolist()[1:]
    )
    assert found["share"].tolist() == [75.0, 27.5, 25.0, 30.0]
    assert found["rest"].iloc[0] == pytest.approx(100 * 33 / 120)
    assert found["low"].iloc[0] == pytest.approx(59.8, abs=0.1)  # Wilson, 30 of 40


def test_a_year_is_set_against_the_months_before_and_part_of_a_year_against_the_same_months():
    rows = released(REFERRALS + np.r_[np.zeros(12), np.full(12, 10)], "referrals", stock=False)
    year = changes.last_year(rows)
    assert (year.base.value, year.now.value) == (480, 600)
    assert str(year.now.key) == "NST|assessment|level:referrals||2023-08-01|2024-07-31"
    assert year.change.value == pytest.approx(25.0)
    part = changes.year_to_date(rows)
    assert (part.months, str(part.base.key)[-21:]) == (7, "2023-01-01|2023-07-31")
    assert changes.last_year(rows.iloc[1:]) is None


def test_a_hidden_share_stands_on_the_side_of_the_others():
    rows = released([97.5] * 21 + [np.nan] * 3, "within_standard_pct", unit="percent", stock=False)
    many = pd.array([80] * 24, "Int64")
    form = ["exact"] * 21 + ["c"] * 3
    rows = rows.assign(denominator=many, n=many, numerator=pd.NA, form=form)
    rows["numerator"] = rows["numerator"].astype("Int64")
    assert the(rows).verdict == "steady"  # 2.5 of 80 late, not 2.5 of 80 in time


def test_quarters_are_judged_as_their_months_are():
    months = released(REFERRALS + np.r_[np.zeros(12), np.full(12, 12)], "referrals", stock=False)
    quarters = months.iloc[2::3].assign(
        period_start=months["period_start"].iloc[::3].to_numpy(),
        value=months["value"].to_numpy().reshape(-1, 3).sum(1),
    )
    assert [the(months).verdict, the(quarters).verdict] == ["higher", "higher"]
    assert the(quarters).basis.startswith(
        "last 4 quarters 624, the same quarters of the year before 480"
    )


def test_a_month_that_is_not_over_is_not_compared_with_whole_ones():
    ends = MONTHS[:-1].append(pd.DatetimeIndex(["2024-07-05"]))
    values = np.r_[REFERRALS[:-1], 6]
    assert the(released(values, "referrals", stock=False, ends=ends)).verdict == "steady"


def test_a_single_census_outside_everything_is_unusual_and_says_which_way():
    values = WALK.astype(float).copy()
    values[-1] = 60
    found = the(released(values))
    assert (found.verdict, found.unusually, found.base.value) == ("unusual", -1, 102)
    one = REFERRALS.astype(float).copy()
    one[-1] = 90
    high = the(released(one, "referrals", stock=False))
    assert (high.verdict, high.unusually) == ("unusual", 1)


def test_nothing_changed_and_few_verdicts_of_change():
    alarms = bench.false_alarms(bench.the_rule, 140, seed=7, sizes=(20,))
    assert alarms["lists"].mean() <= 1.5 and alarms["sets"].mean() <= 10
    assert alarms["starts"].mean() <= 3 and alarms["completed"].mean() <= 3


@pytest.mark.long
def test_the_bars_of_the_contract_hold():
    alarms = bench.false_alarms(bench.the_rule, 420, seed=8)
    assert (alarms.groupby(["kind", "dispersion"])[["lists", "starts"]].mean() <= 3.6).all().all()
    assert (
        alarms[["lists", "starts", "completed"]].mean().max() <= 3 and alarms["sets"].mean() <= 10
    )
    table = bench.power(bench.the_rule, 420, seed=9)
    calm = table[(table["dispersion"] == 1) & ~table["season"]].set_index(["what", "size", "step"])
    named = calm["named"]
    assert named[("referrals", 40, 1.2)] >= 60 and named[("referrals", 100, 1.2)] >= 95
    assert named[("referrals", 40, 1.5)] >= 95
    assert named[("fixed capacity", 40, 1.2)] >= 60 and table["wrong_way"].mean() <= 1
    agreed = bench.agreement(200, seed=10)
    assert agreed["opposite"] == 0 and agreed["another word"] < 3 and agreed["turned to steady"] < 3
