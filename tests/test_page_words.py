"""What single sentences of a page say, on a list that grows from 100 to 215 made by hand (30 join and 20 leave a month)."""

from __future__ import annotations

from datetime import date

import pytest
from made_report import report

from sendwaits.release import wording
from sendwaits.release.findings import board, figures
from sendwaits.release.key import Key
from sendwaits.release.number import Number
from sendwaits.release.wording import plain


def test_the_trend_says_its_day_and_the_backlog_its_children():
    assert "up to 31 July 2024." in report("trend").opening().text
    assert "SLCN: 215 children waiting, growing" in report("backlog").opening().text


def test_the_board_is_asked_by_the_end_of_the_second_month_after():
    days = [date(2024, 7, 31), date(2024, 7, 1), date(2023, 12, 31)]
    assert [board.asked(d) for d in days] == [
        date(2024, 9, 30),
        date(2024, 9, 30),
        date(2024, 2, 29),
    ]


def test_a_verdict_for_the_worse_is_orange_and_one_for_the_better_is_not():
    made = report()
    growing = made.verdict("contact", "waiting")
    assert growing.verdict == "rising"
    assert "#C24A0B" in figures.mark(growing) and "#12436D" not in figures.mark(growing)
    shorter = growing.__class__("SLCN", "contact", "waiting", "", verdict="falling")
    assert "#12436D" in figures.mark(shorter) and "#C24A0B" not in figures.mark(shorter)


def test_a_judged_share_has_its_wilson_interval_and_one_without_a_fraction_none():
    key = Key("SLCN", "contact", "within_standard_pct", "", "2024-07-01", "2024-07-31")
    one = Number(key, 100 * 29 / 162, "percent", "exact", 29, 162, 162)
    assert plain(figures.within(one)) == "95% interval 12.8% to 24.5%"  # Wilson 1927
    assert figures.within(Number(key, 17.9, "percent", "exact")) == ""


def test_the_change_beside_a_key_figure_is_since_the_day_before_it():
    said = figures.waiting_key(made := report(), made.wait)["lines"]
    assert plain(said[0]) == "5 more than on 30 June 2024"


@pytest.mark.parametrize(
    ("n", "targets", "title", "rest"),
    [(1, 1, "One risk for the register", ""), (2, 3, "Two risks for the register", "One target has no chance"),
     (0, 2, "No risk can be stated from targets", "Two targets have no chance")],
)  # fmt: skip
def test_the_register_counts_its_risks_and_the_targets_without_a_chance(n, targets, title, rest):
    said = wording.blocks("index/risks.j2", n=n, targets=targets)
    assert said["title"] == title
    assert said["subtitle"].partition("past the line. ")[2].startswith(rest)
