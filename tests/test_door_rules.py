"""The door's smallest rules, each by hand: k, rounding, what a printed number leaves possible, groups."""

from __future__ import annotations

import pytest

from sendwaits.errors import Refused
from sendwaits.measure.bands import half_up
from sendwaits.release.door import groups, ladder, rows
from sendwaits.release.door.exact import Value
from sendwaits.release.profile import Profile


@pytest.mark.parametrize(
    ("profile", "smallest", "possible", "rounds"),
    [
        (Profile("analyst"), 1, 4, False),
        (Profile("board"), 5, 4, False),
        (Profile("board", 10), 10, 9, False),
        (Profile("public"), 8, 4, True),
        (Profile("public", 10), 10, 9, True),
    ],
)
def test_a_profile_has_one_smallest_count_and_one_number_left_possible(
    profile, smallest, possible, rounds
):
    assert (profile.smallest, profile.possible, profile.rounds) == (smallest, possible, rounds)


@pytest.mark.parametrize("k", [2, 51, True, 5.0])
def test_k_is_a_whole_number_from_3_to_50(k):
    with pytest.raises(Refused):
        Profile("board", k)


def test_counts_are_rounded_to_the_nearest_five():
    assert [ladder.rounded(n) for n in (0, 1, 2, 3, 7, 8, 12, 13, 1002)] == [0, 0, 0, 5, 5, 10, 10, 15, 1000]  # fmt: skip
    assert str(half_up(1, 8, 2)) == "0.13" and str(half_up(-5, 2)) == "-3"


@pytest.mark.parametrize(
    ("count", "form", "smallest", "printed"),
    [
        (0, "exact", 5, (0, "exact")),
        (1, "exact", 5, (None, "c")),
        (4, "exact", 5, (None, "c")),
        (5, "exact", 5, (5, "exact")),
        (7, "rounded", 8, (None, "c")),
        (8, "rounded", 8, (10, "rounded")),
        (0, "rounded", 8, (0, "rounded")),
    ],
)
def test_c_is_a_count_from_1_to_k_less_1_and_nothing_else(count, form, smallest, printed):
    assert ladder.printed(count, form, smallest) == printed


@pytest.mark.parametrize("smallest", [5, 8])
def test_what_a_printed_count_leaves_possible_is_just_what_prints_so(smallest):
    for form in ("exact", "rounded"):
        shown = [ladder.printed(n, form, smallest) for n in range(60)]
        for n, (value, mark) in enumerate(shown[:50]):
            low, high = ladder.interval(value or 0, mark, smallest)
            same = [m for m, other in enumerate(shown) if other == (value, mark)]
            assert low <= n <= high and (low, high) == (min(same), max(same)), (n, form)


@pytest.mark.parametrize(
    ("measure", "needed"),
    [("mean_weeks_open", 5), ("median_weeks_open", 10), ("p92_weeks_open", 63)],
)
def test_an_average_needs_k_a_median_2k_and_a_percentile_k_beyond_it(measure, needed):
    assert rows.needed(measure, Profile("board")) == needed


@pytest.mark.parametrize(
    ("numerator", "denominator", "form"),
    [(0, 20, "exact"), (5, 20, "exact"), (15, 20, "exact"), (20, 20, "exact"), (4, 20, "c"), (16, 20, "c"), (2, 4, "c"), (0, 0, "z")],
)  # fmt: skip
def test_a_share_is_printed_when_neither_it_nor_what_is_left_is_1_to_k_less_1(
    numerator, denominator, form
):
    value = Value(100 * numerator / denominator if denominator else float("nan"), numerator, denominator, denominator)  # fmt: skip
    row = rows.row_of("within_standard_pct", value, "exact", Profile("board"))
    assert row.form == form
    if form == "exact":
        assert row.value == 100 * numerator / denominator


def test_groups_under_k_stand_together_and_take_the_smallest_along_where_they_need_it():
    whole = {"d=A": 40, "d=B": 12, "d=C": 3}
    found = groups.split("d", whole, None, Profile("board"))
    assert found.parts == {"d=A": ("d=A",), "d=all others": ("d=C", "d=B")}
    assert groups.merged(found.parts, whole) == {"d=A": 40, "d=all others": 15}
    two = groups.split("d", {"d=A": 40, "d=B": 4, "d=C": 4}, None, Profile("board"))
    assert groups.merged(two.parts, {"d=A": 40, "d=B": 4, "d=C": 4})["d=all others"] == 8
    assert groups.split("d", {"d=A": 40, "d=B": 3}, None, Profile("board")).reason == groups.FEW


def test_a_line_is_broken_down_where_those_beyond_and_those_who_are_not_are_0_or_k():
    whole = {"d=A": 40, "d=B": 30, "d=C": 30}
    same = groups.split("d", whole, {"d=A": 10, "d=B": 0, "d=C": 25}, Profile("board"))
    assert set(same.parts) == set(whole)
    beyond = groups.split("d", whole, {"d=A": 10, "d=B": 27, "d=C": 10}, Profile("board"))
    assert "d=B" not in beyond.parts or len(beyond.parts["d=B"]) > 1  # 3 of B are not beyond
    everybody = groups.split("d", whole, {"d=A": 10, "d=B": 30, "d=C": 10}, Profile("board"))
    assert "every child" in everybody.reason


def test_the_public_has_rounded_steps_only():
    assert ladder.ladder(Profile("public")) == [ladder.RM, ladder.RQ, ladder.RY, ladder.RD, ladder.NO]  # fmt: skip
    assert ladder.ladder(Profile("board"))[0] == ladder.EM
