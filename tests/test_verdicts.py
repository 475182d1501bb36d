"""What may be said of a series: the closed list, the words and their elements, by hand-made series."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from sendwaits.errors import Refused
from sendwaits.release.key import COLUMNS
from sendwaits.release.verdicts import (
    VERDICTS,
    Verdict,
    Verdicts,
    judge,
    proposals,
    verdicts,
    words,
)
from sendwaits.workspace import ChangePoint

MONTHS = pd.date_range("2022-08-31", periods=24, freq="ME")


def released(
    values, measure="waiting", *, wait="assessment", unit="count", stock=True, ends=MONTHS
):
    """A released series with one value a month up to July 2024."""
    ends = ends[-len(values) :]
    value = np.asarray(values, float)
    starts = pd.Series(pd.NaT if stock else ends.to_period("M").start_time, index=range(len(ends)))
    return pd.DataFrame(
        {
            "pathway": "NST", "wait": wait, "measure": measure, "group": "",
            "period_start": starts.astype("datetime64[us]"), "period_end": ends.astype("datetime64[us]"),
            "value": value, "unit": unit,
            "numerator": pd.array([pd.NA] * len(value), "Int64"),
            "denominator": pd.array([pd.NA] * len(value), "Int64"),
            "n": pd.array(np.nan_to_num(value).round().astype(int), "Int64"), "form": "exact",
        }
    )[COLUMNS]  # fmt: skip


def the(frame, **options) -> Verdict:
    found = list(verdicts(frame, **options))
    assert len(found) == 1
    return found[0]


WALK = np.array([100, 103, 99, 101, 98, 102, 100, 97, 101, 99, 102, 100] * 2)
REFERRALS = np.array([40, 36, 44, 41, 38, 43, 39, 42, 37, 40, 45, 35] * 2)


def test_a_list_that_goes_up_and_down_by_chance_is_steady():
    assert the(released(WALK)).verdict == "steady"


def test_a_list_that_8_more_join_than_leave_each_month_of_the_last_year_is_rising():
    found = the(released(WALK + np.r_[np.zeros(12), 8 * np.arange(1, 13)]))
    assert (found.verdict, found.direction, found.moving) == ("rising", "up", True)
    assert (found.now.value, found.base.value) == (100 + 96, 100)
    assert str(found.now.key) == "NST|assessment|waiting|||2024-07-31"
    assert found.since == "2023-08-31"  # the first census after the last of no growth
    assert found.basis.startswith("100 on 2023-07-31, 196 on 2024-07-31")
    assert found.chance == "less than 1 in 100"


def test_referrals_that_step_up_by_half_for_six_months_are_higher_since_the_first_of_them():
    found = the(released(REFERRALS + np.r_[np.zeros(18), np.full(6, 20)], "referrals", stock=False))
    assert (found.verdict, found.since, found.settled) == ("higher", "2024-02-01", True)
    assert words.phrase(found) == "higher since\u00a0February\u00a02024"


def test_referrals_with_a_summer_dip_every_year_are_steady():
    dip = np.where(MONTHS.month == 8, -25, 0)
    assert the(released(REFERRALS + dip, "referrals", stock=False)).verdict == "steady"


def test_referrals_with_a_high_and_a_low_half_every_year_are_steady_and_a_step_in_them_is_seen():
    halves = np.where(np.isin(MONTHS.month, range(2, 8)), 20, -20)
    assert the(released(REFERRALS + halves, "referrals", stock=False)).verdict == "steady"
    stepped = REFERRALS + halves + np.r_[np.zeros(18), np.full(6, 25)]
    found = the(released(stepped, "referrals", stock=False))
    assert (found.verdict, found.since) == ("higher", "2024-02-01")


def test_referrals_that_grow_month_by_month_are_rising_not_settled():
    found = the(
        released(REFERRALS + np.r_[np.zeros(12), 5 * np.arange(1, 13)], "referrals", stock=False)
    )
    assert (found.verdict, found.moving) == ("rising", True)


def test_a_list_that_rose_and_stands_still_for_three_months_is_higher_not_rising():
    rise = np.r_[np.zeros(12), 9 * np.arange(1, 10), 81, 81, 78]
    found = the(released(WALK + rise))
    assert (found.verdict, words.phrase(found)) == ("higher", "higher since\u00a0August\u00a02023")


def test_eleven_months_are_too_few_but_a_dated_change_in_them_is_tested():
    values = [40, 38, 41, 39, 40, 41, 80, 79, 82, 78, 81]
    frame = released(values, "referrals", stock=False)
    assert the(frame).verdict == "too_few"
    change = ChangePoint("NST", date(2024, 3, 1), "second clinic")
    found = the(frame, change_points=[change])
    assert (found.verdict, found.since, found.dated) == ("higher", "2024-03-01", "second clinic")
    assert (
        the(frame, change_points=[ChangePoint("EHC", date(2024, 3, 1), "x")]).verdict == "too_few"
    )


def test_a_list_that_grew_by_half_in_a_year_is_never_steady():
    wild = np.array([60, 90, 40, 95, 50, 100, 45, 85, 55, 90, 50, 60] * 2, float)
    wild[-1] = 90
    assert the(released(wild)).verdict == "unusual"
    wild[-1] = 80
    assert the(released(wild)).verdict == "steady"


def test_a_series_of_the_plan_that_is_not_in_the_frame_is_not_published():
    plan = pd.DataFrame(
        [("NST", "assessment", "waiting", "", "month", "exact", ""),
         ("NST", "", "rejected", "", "year", "", "too small to print")],
        columns=["pathway", "wait", "measure", "group", "grain", "form", "reason"],
    )  # fmt: skip
    table = judge(released(WALK), plan=plan)
    assert list(table["verdict"]) == ["not_published", "steady"]
    assert list(table["basis"])[0] == "too small to print"


def test_a_verdict_says_itself_in_an_element_that_names_its_series():
    found = the(released(WALK))
    assert words.say(found, capital=True) == (
        '<span data-verdict="NST|assessment|waiting||steady">No clear change</span>'
    )
    table = Verdicts(judge(released(WALK)))
    table.check("NST|assessment|waiting||steady")
    with pytest.raises(Refused):
        table.check("NST|assessment|waiting||rising")
    assert table.of("NST", "assessment", "starts").verdict == "not_published"


def test_a_verdict_read_from_the_table_says_what_the_judge_said():
    jump, flow = WALK.astype(float).copy(), REFERRALS + np.r_[np.zeros(18), np.full(6, 20)]
    jump[-1] = 60
    frame = pd.concat(
        [
            released(jump), released(flow, "referrals", stock=False),
            released(WALK / 10, "clearance_weeks", unit="weeks"),
        ]
    )  # fmt: skip
    judged = verdicts(frame)
    read = Verdicts(judged.frame)
    said = [words.phrase(v).replace("\u00a0", " ") for v in judged]
    assert said == [words.phrase(read.of(*v[:4])).replace("\u00a0", " ") for v in judged]
    assert "unusually low in July 2024" in said and "higher since February 2024" in said


def test_every_verdict_has_words_for_every_kind_of_measure():
    for measure, unit, stock in (
        ("waiting", "count", True),
        ("mean_weeks_open", "weeks", True),
        ("within_standard_pct", "percent", False),
        ("referrals", "count", False),
    ):
        for verdict in VERDICTS:
            said = words.phrase(
                Verdict(
                    "NST", "", measure, verdict=verdict, since="2024-03-01", unit=unit, stock=stock
                )
            )
            assert said and "{" not in said


def test_the_words_of_each_kind_of_measure():
    def of(measure, verdict, **more):
        found = Verdict("NST", "x", measure, verdict=verdict, since="2024-03-31", **more)
        return words.phrase(found).replace("\u00a0", " ")

    assert [of("waiting", v) for v in VERDICTS[:5]] == [
        "growing", "falling", "higher since March 2024", "lower since March 2024", "no clear change",
    ]  # fmt: skip
    assert [of("mean_weeks_open", v) for v in VERDICTS[:4]] == [
        "getting longer", "getting shorter", "longer since March 2024", "shorter since March 2024",
    ]  # fmt: skip
    assert (
        of("referrals", "rising") == "rising" and of("within_standard_pct", "falling") == "falling"
    )
    assert of("waiting", "unusual", basis="unusually low: 9", period_end="2024-07-31") == (
        "unusually low in July 2024"
    )
    assert of("clearance_weeks", "rising") == "getting longer"
    assert [of("waiting", v) for v in ("too_few", "not_published")] == [
        "too few months to say", "not published",
    ]  # fmt: skip


def test_more_children_waiting_is_worse_and_a_higher_share_in_time_is_better():
    def of(measure, verdict):
        return words.better(Verdict("NST", "x", measure, verdict=verdict))

    assert [of("waiting", "rising"), of("waiting", "lower")] == ["worse", "better"]
    assert [of("within_standard_pct", "higher"), of("within_standard_pct", "falling")] == [
        "better",
        "worse",
    ]
    assert [of("referrals", "rising"), of("waiting", "steady")] == ["", ""]


def test_a_word_that_compares_two_printed_numbers_carries_both_keys():
    assert words.compare((5, "a"), (7, "b")) == '<span data-key="a ~ b">fewer than</span>'
    assert words.compare((7, "a"), (7, "b")) == '<span data-key="a ~ b">the same as</span>'
    assert words.compare((8, "a"), (7, "b"), "weeks") == '<span data-key="a ~ b">longer than</span>'


def test_a_shift_that_holds_proposes_a_change_point_unless_one_is_set():
    stepped = released(
        REFERRALS + np.r_[np.zeros(18), np.full(6, 20)], "referrals", wait="", stock=False
    )
    found = verdicts(stepped)
    assert [p.date for p in proposals(found)] == ["2024-02-01"]
    assert 'pathway = "NST"\ndate = 2024-02-01' in proposals(found)[0].toml
    assert proposals(found, [ChangePoint("NST", date(2024, 3, 1), "new form")]) == []
