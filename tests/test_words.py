"""How pages write dates, nouns, counts, chances and numbers; none of it depends on a frame."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sendwaits.release import charts, words
from sendwaits.release.key import Key
from sendwaits.release.number import Number, printed
from sendwaits.release.verdicts.words import compare

KEY = Key("NST", "assessment", "waiting", "", "", "2024-07-31")
S = "\u00a0"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("", "2024-07-31", f"on 31{S}July{S}2024"),
        ("2024-01-01", "2024-01-31", f"in January{S}2024"),
        ("2024-12-01", "2024-12-31", f"in December{S}2024"),
        ("2024-05-01", "2024-07-31", f"from May to July{S}2024"),
        ("2023-12-01", "2024-02-29", f"from December{S}2023 to February{S}2024"),
        ("2023-01-01", "2023-12-31", f"in{S}2023"),
        ("2023-01-01", "2024-12-31", f"from January{S}2023 to December{S}2024"),
    ],
)
def test_a_period_is_said_as_people_say_it(start, end, said):
    assert words.period(start, end) == said


def test_counts_nouns_and_orders_are_english():
    assert [words.count(n) for n in (0, 1, 3, 12, 13, 1200)] == ["no", "one", "three", "twelve", "13", "1,200"]  # fmt: skip
    nouns = [words.plural(n, "child", "children") for n in (0, 1, 2, 0.5)]
    assert nouns == ["children", "child", "children", "children"]
    assert words.plural(2, "list") == "lists"
    said = [words.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 92, 111)]
    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "92nd", "111th"]  # fmt: skip
    assert [str(words.listed("abc"[:n])) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.03, "less than 1 in 30"), (0.34, "about 1 in 3"), (0.5, "about 1 in 2"), (0.04, "about 1 in 20"), (0.8, "about 4 in 5"),
     (0.96, "about 19 in 20"), (0.97, "more than 29 in 30")],
)  # fmt: skip
def test_a_chance_is_the_nearest_plain_fraction(chance, said):
    assert words.one_in(chance).replace(S, " ") == said


def test_bands_of_days_are_weeks():
    bands = [(0, 7), (8, 14), (15, 28), (85, 126), (127, 364), (365, 728), (729, None)]
    said = "up to 1 week|1 to 2 weeks|2 to 4 weeks|12 to 18 weeks|18 to 52 weeks|52 to 104 weeks|over 104 weeks"
    assert [words.band(*b) for b in bands] == said.split("|")


def test_numbers_are_rounded_half_up_with_commas_and_a_true_minus():
    values = [(1186, 0), (2.25, 1), (-2.25, 1), (0.5, 0), (2.675, 2), (-0.04, 1)]
    assert [printed(*v) for v in values] == ["1,186", "2.3", "\u22122.3", "1", "2.68", "0.0"]
    share = Number(KEY, 100 * 22 / 488, "percent", "exact", 22, 488, 488)
    assert str(share) == "4.5%" and share.exact == Fraction(2200, 488)
    assert str(Number(KEY, 2.25, "weeks", "exact")) == "2.3"
    assert str(Number(KEY, form="c")) == "[c]" and str(Number(KEY)) == "[z]"


def test_a_change_has_its_sign_and_is_that_of_the_printed_numbers():
    """36.04 and 33.96 print as 36.0 and 34.0: the change is 2.0, not 2.08."""
    now, before = (Number(KEY, v, "percent", "exact") for v in (36.04, 33.96))
    change = now.minus(before)
    assert (change.value, change.unit) == (2.0, "points")
    signed = [n.signed.striptags() for n in (change, before.minus(now))]
    assert signed == ["+2.0", "\u22122.0"]
    assert before.minus(now).size.striptags() == "2.0"
    assert not now.minus(Number(KEY, form="c")).shown


def test_a_rounded_number_makes_a_rounded_change_and_no_share_of_what_is_hidden():
    rounded, exact = Number(KEY, 20, form="rounded"), Number(KEY, 13, form="exact")
    assert rounded.minus(exact).form == "rounded"
    assert exact.share_of(Number(KEY, 52, form="exact")).value == 25
    assert exact.share_of(Number(KEY, form="c")).form == "c"
    # 33 of 32 to the nearest 5: 35 of 30, which no share can be
    whole = Number(KEY, 30, form="rounded").share_of(Number(KEY, 25, form="rounded"))
    assert (whole.value, whole.numerator, whole.denominator) == (100, 25, 25)


def test_two_printed_numbers_are_compared_in_the_words_of_their_unit():
    said = [
        compare((a, "k"), (b, "j"), unit).striptags()
        for a, b, unit in [(3, 2, "count"), (2, 3, "count"), (3, 2, "percent"), (2, 3, "weeks"), (3, 2, "weeks"), (2, 2, "count")]
    ]  # fmt: skip
    assert said == ["more than", "fewer than", "higher than", "shorter than", "longer than", "the same as"]  # fmt: skip


def test_a_chart_writes_numbers_and_periods_as_the_page_does():
    from sendwaits.release.charts import words as drawn

    assert [drawn.number(v) for v in (1186, 18.25, -2.25)] == ["1,186", "18.3", "\u22122.3"]
    assert drawn.number(36.45, "percent") == "36.5%" and drawn.number(5, form="c") == "[c]"
    assert [drawn.tick(v, "percent") for v in (0, 2.5, 40)] == ["0%", "2.5%", "40%"]
    assert charts.words is drawn
