"""Queueing formulas and daily queues: by hand, and as the reference answers give them but for the named defects."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from reference import reference

from sendwaits.errors import Refused
from sendwaits.measure import queueing
from sendwaits.measure.queueing import capacity, demand, queue, queue_statistics


def days(*texts):
    return pd.Series(pd.to_datetime(list(texts)))


# Four referrals in a week of January 2024: one removed after two days, one on its own day, two still waiting.
STARTS = days("2024-01-01", "2024-01-02", "2024-01-04", "2024-01-08")
STOPS = days("2024-01-03", None, "2024-01-04", None)


def test_the_queue_counts_those_in_less_those_out_and_a_same_day_stop_never_waits():
    table = queue(STARTS, STOPS)
    assert table["date"].dt.strftime("%m-%d").tolist() == [f"01-0{d}" for d in range(1, 9)]
    assert table["waiting"].tolist() == [1, 2, 1, 1, 1, 1, 1, 2]


def test_a_census_may_lie_before_later_referrals():  # defect A of the peer: an error
    assert queue(STARTS, STOPS, "2024-01-01", "2024-01-03")["waiting"].tolist() == [1, 2, 1]


def test_rows_removed_before_the_window_do_not_wait_in_it():  # defect B of the peer: they wait for ever
    assert queue(STARTS, STOPS, "2024-01-06", "2024-01-09")["waiting"].tolist() == [1, 1, 2, 2]


def test_demand_is_the_referrals_of_the_window_over_its_days():
    flow = demand(
        STARTS, "2024-01-01", "2024-01-04"
    )  # 3 referrals in 4 days; gaps 1 and 2: mean 1.5, sd 0.7071
    assert (flow.weekly, flow.count, flow.days) == (7 * 3 / 4, 3, 4)
    assert flow.cv == pytest.approx(math.sqrt(0.5) / 1.5)


def test_the_order_of_the_rows_does_not_change_demand():
    assert demand(STARTS.iloc[::-1]) == demand(STARTS)


def test_capacity_counts_the_removals_of_the_window_on_the_days_with_somebody_to_see():  # defect C of the peer
    starts, stops = (
        days("2024-01-01", "2024-01-01", "2024-01-20"),
        days("2024-01-02", "2024-01-04", "2024-01-20"),
    )
    # 1 to 4 January somebody is there, then an empty list up to the 20th, a same-day removal: 3 removals on 5 days
    flow = capacity(starts, stops, "2024-01-01", "2024-01-31")
    assert (flow.weekly, flow.count, flow.days) == (7 * 3 / 5, 3, 5)
    assert flow.cv == pytest.approx(
        math.sqrt(0.5) / 1.5
    )  # gaps of 2 and 1 days on the clock that stands still when empty
    inside = capacity(starts, stops, "2024-01-03", "2024-01-10")
    assert (inside.weekly, inside.count, inside.days) == (7 * 1 / 2, 1, 2)


def test_a_window_with_nobody_to_see_has_no_capacity():
    assert math.isnan(capacity(STARTS, STOPS, "2023-01-01", "2023-01-31").weekly)


def test_pressure_takes_weeks_over_weeks():  # defect D of the peer: days over weeks, seven times too big
    starts, stops = days("2024-01-01", "2024-01-01", "2024-03-11"), days(None, None, None)
    row = queue_statistics(starts, stops, target_wait_weeks=10).iloc[0]
    assert row["mean_weeks_open"] == pytest.approx((10 + 10 + 0) / 3)
    assert row["pressure"] == pytest.approx(2 * (20 / 3) / 10)


def test_a_list_over_twice_its_target_needs_relief_and_any_other_needs_target_capacity():
    starts = days(*["2024-01-01"] * 10, "2024-01-14")
    row = queue_statistics(starts, days(*[None] * 11), target_wait_weeks=1).iloc[
        0
    ]  # 11 in 14 days = 5.5 a week
    assert row["target_queue_size"] == 5.5 / 4 and row["queue_too_big"]
    assert row["relief_capacity_weekly"] == pytest.approx(5.5 + (11 - 5.5 / 4) / 26) and math.isnan(
        row["target_capacity_weekly"]
    )
    # 8 in 14 days = 4 a week, target 4 x 5 / 4 = 5: 8 waiting is over it, but not over twice it
    longer = queue_statistics(
        days(*["2024-01-01"] * 7, "2024-01-14"), days(*[None] * 8), target_wait_weeks=5
    ).iloc[0]
    assert (longer["waiting"], longer["target_queue_size"], bool(longer["queue_too_big"])) == (
        8,
        5,
        False,
    )
    calm = queue_statistics(STARTS, STOPS, target_wait_weeks=18).iloc[0]
    assert not calm["queue_too_big"] and math.isnan(calm["relief_capacity_weekly"])


def test_a_mean_wait_counts_only_children_open_on_the_last_day():
    row = queue_statistics(STARTS, STOPS, 18, "2024-01-01", "2024-01-03").iloc[0]
    assert (row["waiting"], row["mean_weeks_open"]) == (
        1,
        1 / 7,
    )  # the one of 2 January; the later two are not there yet


@pytest.mark.parametrize(
    "starts, window",
    [(days(), (None, None)), (STARTS, ("2024-02-01", "2024-01-01")), (days(None), (None, None))],
)
def test_a_window_that_cannot_be_is_refused(starts, window):
    with pytest.raises(Refused, match="queue"):
        queue(starts, days(*[None] * len(starts)), *window)


def test_text_is_no_number():
    with pytest.raises(Refused, match="demand"):
        queueing.queue_load("30", 27)


# NHSRwaitinglist 0.1.2.9001, R 4.2.2: function, arguments, answer.
PEER = [
    ("queue_load", (30, 27), 1.1111111111111112),
    ("queue_load", (30, 0), math.inf),
    ("queue_load", (0, 0), math.nan),
    ("target_mean_wait", (52,), 13),
    ("target_queue_size", (0.75, 52), 9.75),
    ("pressure", (63, 52), 2.423076923076923),
    ("target_capacity", (30, 52), 30.076923076923077),
    ("relief_capacity", (30, 1200, 390), 61.15384615384615),
]
NAMES = {
    "calc_queue_load": "queue_load",
    "calc_target_mean_wait": "target_mean_wait",
    "calc_target_queue_size": "target_queue_size",
    "calc_waiting_list_pressure": "pressure",
    "calc_target_capacity": "target_capacity",
    "calc_relief_capacity": "relief_capacity",
}


@pytest.mark.parametrize("name, arguments, answer", PEER)
def test_the_formulas_give_the_peers_answers(name, arguments, answer):
    assert getattr(queueing, name)(*arguments) == pytest.approx(answer, rel=1e-12, nan_ok=True)


def test_all_scalars_of_the_peer_are_reproduced():
    cases = json.loads((reference("peer_queueing") / "scalars.json").read_text(encoding="utf-8"))
    answered, refused = 0, 0
    for case in cases:
        function = getattr(queueing, NAMES[case["fn"]])
        if any(isinstance(value, str) for value in case["args"].values()):
            with pytest.raises(Refused):
                function(**case["args"])
            refused += 1
        elif (
            "error" not in case
        ):  # an unknown number (NA) passes through; R also refuses one NA for its type
            np.testing.assert_allclose(
                function(**case["args"]), np.array(case["expect"], dtype=float), rtol=1e-12
            )
            answered += 1
    assert (answered, refused) == (604, 2)


def test_all_default_window_queues_of_the_peer_are_reproduced_and_later_windows_count_the_whole_list():
    compared, differ = 0, 0
    for path in sorted((reference("peer_queueing") / "lists").glob("*.json")):
        rows = pd.read_csv(path.with_suffix(".csv"), parse_dates=["referral", "removal"])
        for call in json.loads(path.read_text(encoding="utf-8"))["calls"]:
            used = rows[rows["referral"] <= call["end_date"]] if call["prefilter"] else rows
            theirs, first = call["wl_queue_size"], call["start_date"]
            ours = queue(used["referral"], used["removal"], first, call["end_date"])
            if "error" in theirs:  # defect A
                assert (used["referral"] > call["end_date"]).any()
                continue
            assert ours["date"].dt.strftime("%Y-%m-%d").tolist() == theirs["ok"]["dates"]
            early = (
                0 if first is None else int((used["removal"] < first).sum())
            )  # defect B: they never leave
            assert (np.array(theirs["ok"]["queue_size"]) - ours["waiting"] == early).all()
            compared += early == 0
            differ += early > 0
    assert (compared, differ) == (67, 14)
