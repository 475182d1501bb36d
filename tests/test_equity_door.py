"""What of waits by group, cohorts and conversion may be printed: small services by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from msgspec.structs import replace
from test_equity import AS_AT, built
from test_equity import STAGES as TWO

from sendwaits.release.door import equity
from sendwaits.release.profile import Profile

BOARD = Profile("board", 5)
STAGES = replace(TWO, complete_from=date(2021, 1, 1))
ASSESSMENT = STAGES.waits[:1]


def waiting(sexes, days):
    """One open wait a child: sexes "FFM...", each so many days ago."""
    return [
        ("assessment", i, d, None, False, s)
        for i, (s, d) in enumerate(zip(sexes, days, strict=True))
    ]


def rows(frame, measure):
    mine = frame[frame["measure"] == f"group:{measure}"]
    return {r.group: r for r in mine.itertuples(index=False)}


def test_a_mean_by_group_is_in_whole_weeks_and_says_nothing_of_how_many():
    # girls 70 and 84 days in turn: 11 weeks; boys 140 and 147: 20.5, half up 21
    found = rows(
        equity(
            built(waiting("F" * 20 + "M" * 20, [70, 84] * 10 + [140, 147] * 10)),
            STAGES,
            ASSESSMENT,
            AS_AT,
            BOARD,
        ),
        "mean_weeks_open",
    )
    assert {g: r.value for g, r in found.items()} == {"": 16, "sex=F": 11, "sex=M": 21}
    assert all(
        pd.isna(r.n) and pd.isna(r.denominator) and r.form == "rounded" for r in found.values()
    )
    assert found["sex=F"].low <= 11 <= found["sex=F"].high < 16
    assert found["sex=F"].q < 0.01 and found["sex=M"].q < 0.01


def test_groups_of_under_four_times_k_stand_together_or_not_at_all_and_unknown_in_none():
    table = waiting(
        "F" * 30 + "M" * 30 + "X" * 11 + "Y" * 9,
        [70, 77] * 40,
    )
    found = rows(equity(built(table), STAGES, ASSESSMENT, AS_AT, BOARD), "mean_weeks_open")
    assert set(found) == {"", "sex=F", "sex=M", "sex=all others"}
    few = rows(
        equity(built(waiting("F" * 30 + "M" * 19, [70] * 49)), STAGES, ASSESSMENT, AS_AT, BOARD),
        "mean_weeks_open",
    )
    assert set(few) == {""}
    hidden = waiting("F" * 30 + "M" * 30, [70, 77] * 30) + [
        ("assessment", 90 + i, 700, None, False, "unknown") for i in range(3)
    ]
    found = rows(equity(built(hidden), STAGES, ASSESSMENT, AS_AT, BOARD), "mean_weeks_open")
    assert set(found) == {"", "sex=F", "sex=M"} and found["sex=F"].value == 11  # half up of 10.5


def test_the_analyst_has_every_group_exactly():
    found = rows(
        equity(
            built(waiting("F" * 3 + "M" * 2, [70] * 5)),
            STAGES,
            ASSESSMENT,
            AS_AT,
            Profile("analyst", 5),
        ),
        "mean_weeks_open",
    )
    assert {g: (r.value, r.n) for g, r in found.items()} == {
        "": (10, 5),
        "sex=F": (10, 3),
        "sex=M": (10, 2),
    }


def year(counts, start=600):
    """Children of one past year: so many seen after so many days, the others still waiting."""
    table, record = [], 0
    for days, n in counts:
        for _ in range(n):
            stop = None if days is None else start - days
            table.append(("assessment", record, start, stop, days is not None, "F"))
            record += 1
    return table


def test_a_years_children_are_counted_to_the_nearest_five_and_shares_follow_from_those_counts():
    # 603 days before 31 July 2024 is 6 December 2022; 33 seen at 100 days, 12 at 200, 58 not: 35 / 105 and 45 / 105
    found = equity(
        built(year([(100, 33), (200, 12), (None, 58)], 603)), STAGES, ASSESSMENT, AS_AT, BOARD
    )
    by20, by40 = (rows(found, f"cohort_seen_{w}_weeks_pct")[""] for w in (20, 40))
    assert (by20.numerator, by20.denominator, by40.numerator) == (35, 105, 45)
    assert by20.value == pytest.approx(100 * 35 / 105) and by20.low < by20.value < by20.high


def test_a_share_that_leaves_under_twice_k_on_a_side_or_between_two_weeks_is_left_out_for_all_years():
    close = equity(
        built(year([(100, 33), (200, 9), (None, 58)], 603)), STAGES, ASSESSMENT, AS_AT, BOARD
    )
    assert not rows(close, "cohort_seen_40_weeks_pct") and not rows(
        close, "cohort_seen_52_weeks_pct"
    )
    nearly_all = equity(built(year([(100, 95), (None, 9)], 603)), STAGES, ASSESSMENT, AS_AT, BOARD)
    assert not rows(nearly_all, "cohort_seen_20_weeks_pct")


def test_who_may_grow_too_old_is_told_as_fewer_than_k_never_as_a_small_count():
    seventeen = built(waiting("F" * 30, [70] * 30), ages={i: 17 if i < 2 else 9 for i in range(30)})
    (found,) = rows(
        equity(seventeen, STAGES, ASSESSMENT, AS_AT, BOARD), "ageing_out_52_weeks"
    ).values()
    assert (found.group, found.value, found.form) == ("under", 5, "exact")
    none = built(waiting("F" * 30, [70] * 30), ages=dict.fromkeys(range(30), 9))
    (found,) = rows(equity(none, STAGES, ASSESSMENT, AS_AT, BOARD), "ageing_out_52_weeks").values()
    assert (found.group, found.value) == ("", 0)


def test_a_small_number_of_re_referrals_is_hidden_and_its_whole_is_to_the_nearest_five():
    table = [("assessment", i, 250, None, False, "F") for i in range(63)]  # 24 November 2023
    found = equity(built(table, again={1, 2}), STAGES, ASSESSMENT, AS_AT, BOARD)
    (one,) = rows(found, "re_referrals_pct").values()
    assert (
        (one.form, one.denominator) == ("c", 65) and pd.isna(one.value) and pd.isna(one.numerator)
    )
    assert date(2023, 12, 31) == one.period_end.date()
