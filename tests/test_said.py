"""What a printed number or period stands for."""

from __future__ import annotations

from datetime import date

import pytest

from sendwaits.errors import Refused
from sendwaits.measure import said


@pytest.mark.parametrize(
    ("printed", "yes", "no"),
    [
        ("1,380", 1380, 1381),
        (54, 54.49, 54.5),  # half up: 54.5 is printed 55
        ("17.0", 16.95, 17.05),
        (">900", 901, 900),
        ("under 5", 4, 5),
        ("<5", 0, 5),
        ("less than 5 children", 4.9, 5),
        ("36%", 36.4, 36.5),
        ("36.5 per cent", 36.54, 36.55),
        ("almost a third", 31.7, 33.4),  # 30 to 33.3
        ("almost a third", 30.0, 29.9),
        ("two thirds", 65, 60),  # 5 per cent of 66.7 either way
        ("nine in ten", 90, 80),
        ("around 17 months", 17.8, 17.9),  # 17 x 1.05 = 17.85
        ("in excess of £36,000", 36240, 36000),
        ("approximately £22,000", 20900, 20800),
        ("£22k", 22499, 22500),
        ("forty-nine", 49, 50),
        ("at least 100", 100, 99),
        ("up to 100", 100, 101),
        ("between 50 and 60", 60.4, 60.5),
        ("all", 100, 99.9),
        ("no tribunals", 0, 1),
        ("just over 50", 54, 56),
    ],
)
def test_a_printed_number_stands_for_the_values_that_are_printed_so(printed, yes, no):
    number = said.number(printed)
    assert number.holds(yes) and not number.holds(no)


@pytest.mark.parametrize(
    "text", ["54 or 55", "lots", "not 54", "", "38 in the first quarter of 2023"]
)
def test_a_text_without_one_clear_number_is_not_guessed_at(text):
    with pytest.raises(Refused, match="a number that can be read"):
        said.number(text)


@pytest.mark.parametrize(
    ("printed", "yes", "no"),
    [
        ("-21 %", -20.5, 21),
        ("27% increase", 26.95, -26.95),
        ("27 %", 27.2, 27.5),
        ("down almost a third", -31.7, 31.7),
        ("-14 weeks", -14.4, 14),
        ("halved", -48, -40),
        ("more than doubled", 101, 100),
        ("up 27.8 points", 27.84, 27.85),
    ],
)
def test_a_change_has_the_direction_that_was_said(printed, yes, no):
    change = said.change(printed)
    assert change.holds(yes) and not change.holds(no)


@pytest.mark.parametrize(
    ("text", "base", "now", "unit"),
    [
        ("68 -> 54 weeks", 68, 54, "weeks"),
        ("from 150 to 102 children", 150, 102, ""),
        ("4.5% → 32.3%", 4.5, 32.3, "percent"),
    ],
)
def test_two_numbers_are_the_base_and_the_newer_one_in_one_unit(text, base, now, unit):
    one, other = said.pair(text)
    assert (one.middle, other.middle, one.unit, other.unit) == (base, now, unit, unit)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01", "2023-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("July 2024", "2024-07-01", "2024-07-31"),
        ("31 July 2024", "2024-07-31", "2024-07-31"),
        ("Q1 2023", "2023-01-01", "2023-03-31"),
        ("2023 Q4", "2023-10-01", "2023-12-31"),
        ("2024-01 to 2024-09", "2024-01-01", "2024-09-30"),
        ("2024-07-19", "2024-07-19", "2024-07-19"),
    ],
)
def test_a_period_has_a_first_and_a_last_day(text, first, last):
    assert said.period(text) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("text", ["currently", "2024-13", "31 June 2024", "", "19/07/2024"])
def test_a_period_that_cannot_be_read_is_refused(text):
    with pytest.raises(Refused, match="a date or period"):
        said.period(text)
