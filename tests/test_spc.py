"""XmR charts: limits and special causes by hand, and every cell and icon of the reference cases."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from reference import reference

from sendwaits.errors import Refused
from sendwaits.measure.spc import icons, spc

MONTHS = pd.date_range("2023-01-31", periods=40, freq="ME")


def chart(*values, **options):
    return spc(pd.Series(values, index=MONTHS[: len(values)], dtype=float), **options)


def test_limits_are_the_mean_and_2_66_mean_moving_ranges():
    table = chart(10, 12, 10, 12, 10, 12)  # mean 11, every range 2: limits 11 -/+ 2.66 x 2
    assert table["mean"].unique() == [11.0]
    assert table[["lower", "upper"]].iloc[0].to_list() == pytest.approx([5.68, 16.32])


def test_an_outlying_range_is_left_out_of_the_limits_but_its_value_stays_in_the_mean():
    values = [10, 11] * 6 + [
        40
    ]  # ranges 1 x 11 and 29: mean 40 / 12 = 3.333, 29 >= 3.267 x 3.333 = 10.89
    screened, plain = chart(*values), chart(*values, screen_outliers=False)
    assert screened["mean"].iloc[0] == plain["mean"].iloc[0] == pytest.approx(166 / 13)
    assert screened["upper"].iloc[0] == pytest.approx(166 / 13 + 2.66 * 1)
    assert plain["upper"].iloc[0] == pytest.approx(166 / 13 + 2.66 * 40 / 12)
    assert screened["special_cause_type"].iloc[-1] == "Above UCL"


def test_seven_in_a_row_on_one_side_is_a_shift_and_a_point_on_the_mean_breaks_it():
    shift = chart(*[0, 2] * 4, *[1.1] * 7, *[0.9] * 7)  # mean 1: ranges keep the limits wide
    assert shift["special_cause_type"].tolist()[-7:] == ["7 Points Below CL"] * 7
    assert shift["special_cause_type"].tolist()[8:15] == ["7 Points Above CL"] * 7
    broken = chart(*[0, 2] * 4, *[1.1] * 3, 1, *[1.1] * 3, *[0.9] * 3, 1, *[0.9] * 3)
    assert set(broken["special_cause_type"]) == {"Common Cause"}
    assert broken["side_run"].tolist()[7:15] == [1, 2, 3, 4, 0, 1, 2, 3]


@pytest.mark.parametrize("points, flagged", [(6, True), (7, False), (8, False)])
def test_six_in_a_row_count_only_under_the_six_point_rule(points, flagged):
    table = chart(*[0, 2] * 4, *[0.9, 1.1, 0.9, 1.1], *[1.1] * 5, *[0.9] * 5, shift_points=points)
    assert table["special_cause"].any() == flagged


def test_a_trend_of_seven_points_is_six_steps_one_way_and_a_tie_breaks_it():
    rising = chart(*[0, 8] * 4, 1, 2, 3, 4, 5, 6, 7, 3)
    assert rising.loc[rising["special_cause"], "special_cause_type"].unique() == [
        "7 Point Trend (Increasing)"
    ]
    assert rising["special_cause"].sum() == 7 and rising["trend_run"].iloc[14] == 7
    assert not chart(*[0, 8] * 4, 1, 2, 3, 4, 4, 6, 7, 3)["special_cause"].any()
    assert not chart(*[0, 8] * 4, 1, 2, 3, 4, 5, 6, 7, 3, trend_points=8)["special_cause"].any()


def test_two_of_three_near_a_limit_are_flagged_but_not_the_third():
    # ranges of 6 give limits at 2.66 x 6 = 15.96 around a mean near 0, near from 2/3 of it, 10.64, outwards
    table = chart(*[3, -3] * 9, 13, 8, 13, *[-8, -8, -8, -10])
    near = table[table["special_cause_type"] == "2 in 3 Above CL"]
    assert near["value"].tolist() == [13, 13]
    across = chart(
        *[3, -3] * 9, 13, -1, 13, *[-8, -8, -8, -1]
    )  # the third lies on the other side of the mean
    assert not across["special_cause_type"].str.startswith("2 in 3").any()


def test_the_strongest_rule_names_the_point():
    table = chart(*[0, 2] * 6, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 30)
    assert (
        table["special_cause_type"].iloc[-1] == "Above UCL"
    )  # outside before trend before two in three before shift
    assert table["special_cause_type"].iloc[-2] == "7 Point Trend (Increasing)"


def test_limits_and_runs_start_anew_at_a_change_point():
    table = chart(*[10, 12] * 6, *[20, 22] * 6, rebase=[MONTHS[12]])
    assert table["mean"].tolist() == [11.0] * 12 + [21.0] * 12
    assert not table["special_cause"].any()
    assert chart(*[10, 12] * 6, *[20, 22] * 6)["special_cause"].any()
    assert table["side_run"].iloc[12] == 1


def test_a_fixed_baseline_judges_later_points_by_the_first_twelve():
    table = chart(*[10, 12] * 6, *[30] * 3, fix_after=12)
    assert table["mean"].unique() == [11.0]
    assert table["baseline"].tolist() == [True] * 12 + [False] * 3
    assert table["special_cause_type"].tolist()[12:] == ["Above UCL"] * 3


@pytest.mark.parametrize(
    "improvement, point_type, variation",
    [
        ("decrease", "special_cause_concern", "concern_high"),
        ("increase", "special_cause_improvement", "improvement_high"),
        ("neutral", "special_cause_neutral_high", "neutral_high"),
    ],
)
def test_high_is_concern_or_improvement_as_the_measure_says(improvement, point_type, variation):
    table = chart(*[10, 12] * 8, 40, improvement=improvement)
    assert table["point_type"].iloc[-1] == point_type
    assert icons(table, improvement)["variation"].item() == variation


@pytest.mark.parametrize(
    "improvement, target, assurance",
    [
        ("decrease", 20, "pass"),
        ("decrease", 2, "fail"),
        ("increase", 20, "fail"),
        ("increase", 2, "pass"),
        ("decrease", 11, "inconsistent"),
        ("neutral", 20, ""),
        ("decrease", None, ""),
    ],
)
def test_assurance_says_whether_the_target_is_met_for_sure(improvement, target, assurance):
    table = chart(*[10, 12] * 8, improvement=improvement, target=target)  # limits 11 -/+ 5.32
    assert icons(table, improvement)["assurance"].item() == assurance


def test_a_group_without_a_target_has_no_assurance():
    both = pd.concat(
        [
            pd.DataFrame({"group": g, "date": MONTHS[:16], "value": [10, 12] * 8})
            for g in ("district=A", "district=B")
        ]
    )
    assert icons(spc(both, target={"district=A": 20}))["assurance"].tolist() == ["pass", ""]


def test_a_series_that_never_changes_has_limits_of_no_width_and_no_signal():
    table = chart(*[0.1] * 15, target=0.1)  # the binary sum of 15 x 0.1 is not 1.5
    assert (table[["mean", "lower", "upper"]] == 0.1).all(axis=None)
    assert not table["special_cause"].any()
    assert icons(table)["assurance"].item() == "inconsistent"


def test_a_missing_value_keeps_its_row_and_is_skipped_by_every_rule():
    hole = chart(*[0, 2] * 4, 1.1, 1.1, 1.1, math.nan, 1.1, 1.1, 1.1, 1.1, *[0.9] * 7)
    assert hole["point_type"].iloc[11] == "missing" and hole["special_cause_type"].iloc[11] == ""
    assert hole["special_cause_type"].tolist()[8:11] == ["7 Points Above CL"] * 3
    assert hole["mean"].iloc[11] == pytest.approx((8 + 7.7 + 6.3) / 22)
    assert icons(chart(*[10, 12] * 8, 40, math.nan))["variation"].item() == "concern_high"
    assert chart(1, math.nan, 5, 4, 3)["upper"].iloc[0] == pytest.approx(
        3.25 + 2.66 * 1
    )  # no range of 4 across the hole


def test_one_point_has_no_limits_and_no_signal():
    table = chart(5)
    assert (
        table["mean"].item() == 5
        and np.isnan(table["upper"].item())
        and not table["special_cause"].any()
    )


def test_no_points_give_an_empty_table_with_the_same_columns():
    assert list(chart().columns) == list(chart(1, 2).columns) and chart().empty


def test_points_are_judged_in_date_order():
    values = pd.Series([3.0, 1.0, 2.0], index=MONTHS[[2, 0, 1]])
    assert spc(values)["value"].tolist() == [1, 2, 3]


def test_two_values_on_one_date_are_refused():
    with pytest.raises(Refused, match="same date"):
        spc(pd.Series([1.0, 2.0], index=[MONTHS[0]] * 2))


@pytest.mark.parametrize(
    "options", [{"fix_after": 11}, {"shift_points": 5}, {"trend_points": 9}, {"improvement": "up"}]
)
def test_options_outside_the_rules_are_refused(options):
    with pytest.raises(Refused, match="spc"):
        chart(1, 2, 3, **options)


SAME_AS_PEER = {
    "mean": "mean_col",
    "lower": "lpl",
    "upper": "upl",
    "outside_limits": "outside_limits",
    "value": "y",
    "target": "target",
    "relative_to_mean": "relative_to_mean",
    "close_to_limits": "close_to_limits",
    "rebase_group": "rebase_group",
    "special_cause_type": "special_cause_type",
    "special_cause": "special_cause_flag",
    "point_type": "point_type",
    "short_baseline": "short_group_warning",
}
DIFFERENT_ON_PURPOSE = {  # case: cells that differ, each with its reason
    "p12_constant": {
        "lower": 15,
        "upper": 15,
        "outside_limits": 15,
        "close_to_limits": 15,
    },  # the peer has no limits here
    "p14_missing_value": dict.fromkeys(
        [
            "outside_limits",
            "relative_to_mean",
            "close_to_limits",
            "special_cause_type",
            "point_type",
        ],
        1,
    ),
    "p17_missing_interior": dict.fromkeys(
        [
            "outside_limits",
            "relative_to_mean",
            "close_to_limits",
            "special_cause_type",
            "point_type",
        ],
        1,
    ),
}


def same(ours, theirs):
    theirs = math.nan if theirs in (None, "NaN") else theirs
    if isinstance(theirs, float) and isinstance(ours, (float, np.floating)):
        return (math.isnan(theirs) and math.isnan(ours)) or math.isclose(
            ours, theirs, rel_tol=1e-12, abs_tol=1e-12
        )
    return ours == theirs


def test_every_cell_and_icon_of_the_eighteen_reference_cases_is_reproduced_but_the_named_differences():
    cases = sorted(reference("peer_spc").glob("*.json"))
    compared, icons_compared = 0, 0
    for path in cases:
        case = json.loads(path.read_text(encoding="utf-8"))
        options, data, expected = case["options"], case["data"], case["expect"]["table"]
        frame = pd.DataFrame(
            {
                "date": data["x"],
                "value": pd.Series(data["y"], dtype=float),
                "group": data.get("f", "no facet"),
            }
        )
        table = spc(
            frame,
            improvement=options["improvement_direction"],
            target=options["target"],
            rebase=options["rebase"] or (),
            fix_after=options["fix_after_n_points"],
            screen_outliers=options["screen_outliers"],
        )
        assert (
            table["date"].dt.strftime("%Y-%m-%d").tolist() == expected["x"]
            and table["group"].tolist() == expected["f"]
        )
        differ = {
            name: sum(not same(a, b) for a, b in zip(table[name], expected[theirs], strict=True))
            for name, theirs in SAME_AS_PEER.items()
        }
        compared += sum(len(expected[theirs]) for theirs in SAME_AS_PEER.values())
        assert {name: n for name, n in differ.items() if n} == DIFFERENT_ON_PURPOSE.get(
            path.stem, {}
        ), path.stem
        shown = icons(table, options["improvement_direction"])
        ours = {
            (row.group, kind): f"{icon}.svg"
            for row in shown.itertuples()
            for kind, icon in (("variation", row.variation), ("assurance", row.assurance))
            if icon
        }
        theirs = {
            (f, kind): icon for f, kind, icon in zip(*case["expect"]["icons"].values(), strict=True)
        }
        icons_compared += len(theirs)
        if path.stem == "p10_facets_rebase_target":
            assert (
                theirs.pop(("RR1", "assurance")) == "inconsistent.svg"
            )  # a facet without a target
        assert ours == theirs, path.stem
    assert (len(cases), compared, icons_compared) == (18, 9191, 32)
