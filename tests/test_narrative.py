"""Numbers print as released and round half up; sentences claim a change only when a rule of control charts fires."""

from __future__ import annotations

import math
import re
from datetime import date

import pytest
from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, Released
from sendwaits.release.reports.common import month_ends

ENDS = month_ends(date(2024, 7, 31))


def months(values: list[float]) -> list[Number]:
    return [
        Number(f"NST|assessment|waiting|||{e}", v, status="" if v == v else "c")
        for v, e in zip(values, ENDS[-len(values) :], strict=True)
    ]


@pytest.mark.parametrize(
    "top, bottom, text",
    [
        (22, 488, "4.5%"),  # 4.508...
        (227, 702, "32.3%"),  # 32.336...
        (1, 16, "6.3%"),  # 6.25 exactly: half up, where round() gives 6.2
        (1, 8, "12.5%"),
        (0, 7, "0.0%"),
    ],
)
def test_percentages_round_half_up_from_the_exact_fraction(
    top: int, bottom: int, text: str
) -> None:
    number = Number("k|||||", 100 * top / bottom, "percent", "", top, bottom, bottom)
    assert str(number) == text
    assert words_of(number.fraction) == f"{top} of {bottom}"


def test_weeks_round_half_up_from_days_over_seven_n() -> None:
    # 49 days over 20 children: 49 / 140 = 0.35 weeks exactly, which as a float is 0.35000000000000003 or 0.3499...
    assert str(Number("k|||||", 49 / 140, "weeks", n=20)) == "0.4"
    assert str(Number("k|||||", 18.25, "weeks", n=2)) == "18.3"


def test_a_hidden_number_prints_c_and_takes_its_change_share_and_fraction_with_it() -> None:
    hidden, shown = (
        Number("NST|a|waiting|||2024-06-30", status="c"),
        Number("NST|a|waiting|||2024-07-31", 12.0),
    )
    assert str(hidden) == "[c]"
    assert str(shown.minus(hidden)) == "[c]" and str(hidden.minus(shown)) == "[c]"
    assert str(hidden.share_of(shown)) == "[c]" and str(shown.share_of(hidden)) == "[c]"
    assert words.change_words(shown, hidden, "30 June") == ""
    assert Number("k|||||", 50.0, "percent", "c", 5, 10).fraction == ""


def test_changes_and_shares_carry_a_key_of_their_own() -> None:
    now, before = (
        Number("NST|a|waiting|||2024-07-31", 1186.0),
        Number("NST|a|waiting|||2024-06-30", 1162.0),
    )
    assert now.minus(before).key == "NST|a|change:waiting||2024-06-30|2024-07-31"
    assert words_of(words.change_words(now, before, "30 June")) == "24 more than 30 June"
    assert (
        str(now.minus(before).signed)
        == '<span data-key="NST|a|change:waiting||2024-06-30|2024-07-31">+24</span>'
    )
    assert (
        Number("NST|a|waiting_over_18_weeks|||2024-07-31", 605.0).share_of(now).key
        == "NST|a|share:waiting_over_18_weeks|||2024-07-31"
    )


def words_of(markup: object) -> str:
    return Markup(str(markup)).striptags().replace("\u00a0", " ")


def test_a_list_grows_only_when_a_rule_fires() -> None:
    flat = [
        100.0,
        103,
        98,
        101,
        99,
        102,
        97,
        103,
        100,
        98,
        101,
        103,
        99,
        100,
        102,
        98,
        101,
        99,
        100,
        103,
        97,
        101,
        99,
        100,
    ]
    assert words.signal(months(flat)).word == "No clear change"
    rising = flat[:17] + [101.0, 102, 103, 104, 105, 106, 107]
    reading = words.signal(months(rising))
    assert (reading.word, reading.rule) == ("Growing", "trend") or reading.rule == "outside"
    up_and_back = flat[:14] + [140.0, 139, 138, 137, 136, 120, 118, 117, 116, 115]
    assert words.signal(months(up_and_back)).direction != "up"


def test_seven_months_above_the_average_that_have_come_down_are_not_called_growing() -> None:
    reading = words.signal(
        months(
            [90.0, 110, 91, 109, 92, 108, 90, 110, 91, 109, 92, 108, 90, 110, 91, 109, 95]
            + [118.0, 117, 116, 116.5, 115, 114.5, 114]
        )
    )
    assert reading.rule == "shift"
    assert reading.direction == "none"
    assert reading.reason == "7th month in a row above the average, but not moving up any more"


def test_a_list_above_its_average_that_has_just_dropped_is_not_called_growing() -> None:
    # 14 months above the average and above where the run began, but lower than three months before
    reading = words.signal(
        months(
            [
                550.0,
                570,
                580,
                620,
                621,
                625,
                655,
                670,
                700,
                730,
                765,
                780,
                755,
                775,
                810,
                845,
                835,
                870,
                872,
                850,
                858,
                892,
                902,
                795,
            ]
        )
    )
    assert reading.rule != "none" and reading.direction == "none"


def test_hidden_months_are_skipped_and_too_few_months_claim_nothing() -> None:
    reading = words.signal(months([100.0, math.nan] * 12))
    assert len(reading.points) == 24
    short = words.signal(months([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
    assert short.direction == "none" and "too few to judge" in short.reason
    assert words.signal([]).direction == "none"
    assert words.signal(months([math.nan] * 24)).direction == "none"


@pytest.mark.parametrize(
    "p, text",
    [
        (0.34, "about 1 in 3"),
        (0.12, "about 1 in 8"),
        (0.41, "about 2 in 5"),
        (0.18, "about 1 in 6"),
        (0.46, "about 1 in 2"),
        (0.71, "about 7 in 10"),
        (0.01, "less than 1 in 30"),
        (0.99, "more than 29 in 30"),
    ],
)
def test_chances_read_as_plain_fractions(p: float, text: str) -> None:
    assert words_of(words.one_in(p)) == text


def test_a_simulated_chance_is_never_nought_or_certain() -> None:
    assert words_of(words.percent_chance(Number("k|||||", 0.0, "percent"))) == "&lt;1%".replace(
        "&lt;", "<"
    )
    assert words_of(words.percent_chance(Number("k|||||", 100.0, "percent"))) == ">99%"
    assert words_of(words.percent_chance(Number("k|||||", 34.4, "percent"))) == "34%"


def test_dates_and_ordinals() -> None:
    assert words_of(words.day("2024-07-31")) == "31 July 2024"
    assert [words.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
    ]


def test_the_released_table_finds_the_shortest_period_unless_another_is_named() -> None:
    import pandas as pd

    columns = [
        "pathway",
        "wait",
        "measure",
        "group",
        "period_start",
        "period_end",
        "value",
        "unit",
        "numerator",
        "denominator",
        "n",
        "status",
    ]
    table = Released(
        pd.DataFrame(
            [
                (
                    "EHC",
                    "",
                    "referrals",
                    "",
                    "2024-01-01",
                    "2024-07-31",
                    1010.0,
                    "count",
                    None,
                    None,
                    1010,
                    "",
                ),
                (
                    "EHC",
                    "",
                    "referrals",
                    "",
                    "2024-07-01",
                    "2024-07-31",
                    150.0,
                    "count",
                    None,
                    None,
                    150,
                    "",
                ),
            ],
            columns=columns,
        )
    )
    assert table.number("", "referrals", "2024-07-31").value == 150
    assert table.number("", "referrals", "2024-07-31", start="2024-01-01").value == 1010
    missing = table.number("", "rejected", "2024-07-31")
    assert str(missing) == "[z]" and missing.key == "EHC||rejected|||2024-07-31"


CAUSAL = re.compile(
    r"\b(because|caused?|causing|due to|led to|leads to|resulted? in|thanks to|driven by|drives|explains?|owing to|as a result)\b",
    re.I,
)


@pytest.mark.parametrize("code", ["NST", "OT_HEALTH", "OT_LA", "SLCN", "EHC"])
def test_no_sentence_on_a_page_names_a_cause(code: str) -> None:
    import made_release as made

    from sendwaits.release.reports import open_report

    for name, sections in made.SECTIONS.items():
        if name in ("quality", "themes"):
            continue
        report = open_report(name, made.material(code))
        for section in sections:
            text = re.sub(
                r"(special|proof of a) cause", "", getattr(report, section)().text, flags=re.I
            )
            assert not [m.group() for m in CAUSAL.finditer(text)], (name, section)


def test_equal_neighbours_on_both_sides_of_a_hidden_month_have_no_range_and_stop_nothing() -> None:
    reading = words.signal(months([5.0] * 11 + [math.nan] + [7.0] * 12))
    assert (reading.points[0].lower.value, reading.points[0].upper.value) == (
        reading.points[0].mean.value,
    ) * 2
