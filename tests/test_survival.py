"""Time to be seen with competing removals: by hand, and as R answers for the transplant list."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference import reference

from sendwaits.errors import Refused
from sendwaits.measure.survival import aalen_johansen, period_table


def waits(*rows):
    frame = pd.DataFrame(rows, columns=["start", "stop", "completed"])
    return frame.assign(start=pd.to_datetime(frame["start"]), stop=pd.to_datetime(frame["stop"]))


def test_the_shares_by_hand():
    # five children: seen after 10 and 20 days, removed after 10, two still open after 15 and 30
    table = aalen_johansen([10, 10, 15, 20, 30], ["seen", "removed", "", "seen", ""])
    assert table["day"].tolist() == [10, 20] and table["at_risk"].tolist() == [5, 2]
    assert table["seen"].tolist() == pytest.approx([1 / 5, 1 / 5 + 3 / 5 * 1 / 2])
    assert table["removed"].tolist() == pytest.approx([1 / 5, 1 / 5])
    assert table["waiting"].tolist() == pytest.approx([3 / 5, 3 / 10])


def test_a_wait_counts_only_from_the_day_on_which_it_is_observed():
    # the second child is first seen on its 8th day of waiting: on day 5 one is at risk, on day 8 two, on day 10 one
    table = aalen_johansen([5, 10, 12], ["seen", "seen", "seen"], entry=[0, 8, 0])
    assert table["at_risk"].tolist() == [2, 2, 1]
    assert table["seen"].tolist() == pytest.approx([1 / 2, 3 / 4, 1])


def test_a_child_seen_on_the_day_of_referral_was_at_risk_that_day():
    table = aalen_johansen([0, 3], ["seen", "seen"])
    assert table["at_risk"].tolist() == [2, 1] and table["seen"].tolist() == [0.5, 1.0]


def test_asked_days_give_the_shares_at_the_end_of_that_day():
    table = aalen_johansen([10, 20], ["seen", "seen"], at=[9, 10, 25])
    assert table[["day", "at_risk", "seen"]].to_numpy().tolist() == [
        [9, 2, 0],
        [10, 2, 0.5],
        [25, 0, 1],
    ]


def test_shares_of_a_row_add_up_to_one_and_only_rise():
    rng = np.random.default_rng(7)
    entry = rng.integers(0, 50, 400)
    table = aalen_johansen(
        entry + rng.integers(0, 200, 400), rng.choice(["seen", "removed", ""], 400), entry
    )
    assert np.allclose(table[["waiting", "seen", "removed"]].sum(axis=1), 1)
    assert (table[["seen", "removed"]].diff().iloc[1:] >= 0).all(axis=None)


def test_nobody_gone_gives_no_row():
    assert aalen_johansen([1, 2], ["", ""]).empty


def test_a_wait_that_ends_before_it_is_observed_is_refused():
    with pytest.raises(Refused, match="survival"):
        aalen_johansen([3], ["seen"], entry=[4])


def test_the_period_table_counts_only_the_days_inside_the_period():
    table = period_table(
        waits(
            (
                "2024-01-01",
                "2024-04-10",
                True,
            ),  # waits 90 to 100 days inside the period of 1 to 30 April, seen on day 100
            ("2024-01-01", "2024-03-31", True),  # seen the day before the period: out of it
            ("2024-01-01", None, False),  # waits 91 to 120 days inside it
            ("2024-04-05", "2024-04-05", True),  # same day
            ("2024-05-01", None, False),  # referred after it
        ),
        "2024-04-30",
        period_days=30,
    )
    assert table[["day", "at_risk", "completed"]].to_numpy().tolist() == [
        [0, 1, 1.0],
        [100, 2, 1.0],
    ]


def test_the_period_begins_so_many_days_back_with_the_census_day_counted():
    first_day = waits(("2024-01-01", "2024-04-01", False), ("2024-01-01", "2024-03-31", False))
    assert period_table(first_day, "2024-04-30", period_days=30)["day"].tolist() == [91]


def test_a_stop_on_the_census_day_has_happened():
    table = period_table(
        waits(("2024-04-01", "2024-04-30", True), ("2024-04-01", "2024-05-01", True)), "2024-04-30"
    )
    assert table[["day", "at_risk", "completed"]].to_numpy().tolist() == [[29, 2, 0.5]]


def transplants():
    rows = pd.read_csv(reference("records/survival_transplant.csv"), keep_default_na=False)
    return rows, rows["event"].replace("censored", "")


def test_the_transplant_list_gives_rs_shares_with_competing_risks_in_all_and_by_blood_group():
    rows, event = transplants()
    total = pd.read_csv(reference("records/expected_aalen_johansen_cif.csv")).assign(strata="")
    groups = pd.read_csv(reference("records/expected_aalen_johansen_cif_by_abo.csv"))
    compared = 0
    for stratum, expected in pd.concat([total, groups]).groupby("strata"):
        of = rows["abo"] == stratum.removeprefix("abo=") if stratum else np.ones(len(rows), bool)
        ours = aalen_johansen(rows["futime"][of], event[of], at=expected["time"]).reindex(
            columns=["at_risk", "waiting", "death", "ltx", "withdraw"]
        )
        theirs = expected[["n_waiting_at_risk", "waiting", "death", "ltx", "withdraw"]]
        np.testing.assert_allclose(ours.fillna(0).to_numpy(), theirs.to_numpy(), rtol=0, atol=1e-12)
        compared += theirs.size
    assert compared == 5 * (7 + 16)


def test_censoring_the_removals_gives_rs_kaplan_meier_which_says_149_days():
    rows, event = transplants()
    only = event.where(event == "ltx", "")
    expected = pd.read_csv(reference("records/expected_km_ltx_censoring_others.csv"))
    ours = aalen_johansen(rows["futime"], only, at=expected["time"])
    np.testing.assert_allclose(
        ours[["waiting", "waiting_se"]], expected[["surv", "std.err"]], atol=1e-12
    )
    curve = aalen_johansen(rows["futime"], only)
    assert curve["day"][curve["waiting"] <= 0.5].iloc[0] == 149
    honest = aalen_johansen(
        rows["futime"], event
    )  # half of all listed had a transplant only by day 163
    assert honest["day"][honest["ltx"] >= 0.5].iloc[0] > 149
