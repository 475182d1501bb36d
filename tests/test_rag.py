"""A rating looks at the gap, the control chart and the chance together; dates that move are shown; risk rows follow the forecast."""

from __future__ import annotations

from datetime import date

import made_release as made
import pytest

from sendwaits.pathways import built_in
from sendwaits.release import rag
from sendwaits.release.parts import plain
from sendwaits.release.reports import open_report
from sendwaits.workspace import Rag, Target

RULE = Rag()  # amber within 5 points, green from 80 %, red under 20 %


@pytest.mark.parametrize(
    "gap, assurance, chance, rating",
    [
        (-2.0, "inconsistent", 0.85, "Green"),  # met, likely to stay
        (0.0, "", None, "Green"),  # met on the line, no forecast
        (-2.0, "fail", 0.85, "Amber"),  # met today, but the chart says the process fails
        (-2.0, "inconsistent", 0.50, "Amber"),  # met today, even odds
        (3.0, "inconsistent", 0.50, "Amber"),  # 3 points short, within 5
        (5.0, "", None, "Amber"),  # 5 points short: still within
        (5.1, "", None, "Red"),
        (12.0, "inconsistent", 0.34, "Red"),
        (12.0, "pass", 0.34, "Amber"),  # far off today, but usual months pass
        (12.0, "inconsistent", 0.60, "Amber"),  # far off, likely to be met
        (-2.0, "pass", 0.10, "Red"),  # met today, hardly a chance to be met on its date
        (None, "", 0.9, "Not rated"),
    ],
)
def test_the_rule(gap: float | None, assurance: str, chance: float | None, rating: str) -> None:
    assert rag.rating_of(gap, assurance, chance, RULE) == rating


def test_the_reason_names_gap_target_date_and_trend() -> None:
    report = open_report("backlog", made.material("EHC"))
    rating = report.rating(report.main)
    now = report.get("plan", "within_standard_pct").value
    assert plain(rating.reason).startswith(
        f"{40 - now:.1f} points below the target of 40% for 31 December 2024; "
    )
    assert plain(rating.reason).endswith(("list growing", "list falling", "no clear change"))


def test_no_target_and_hidden_figures_are_not_rated() -> None:
    report = open_report("backlog", made.material("OT_LA"))
    assert (report.rating(report.main).name, plain(report.rating(report.main).reason)) == (
        "Not rated",
        "No target has been set",
    )
    table = made.released("EHC")
    table.loc[table["measure"] == "within_standard_pct", ["value", "status"]] = [float("nan"), "c"]
    hidden = open_report("backlog", made.material("EHC", table=table))
    assert hidden.rating(hidden.main).name == "Not rated"
    assert "hidden" in plain(hidden.rating(hidden.main).reason)


@pytest.mark.parametrize(
    "target, text",
    [
        (
            Target("EHC", "plan", "within_standard_pct", date(2024, 12, 31), at_least=40),
            "40% within 20 weeks",
        ),
        (
            Target("NST", "assessment", "waiting_over_52_weeks", date(2025, 3, 31), at_most=0),
            "no child over 52 weeks",
        ),
        (
            Target("NST", "assessment", "waiting_over_52_weeks", date(2025, 3, 31), at_most=10),
            "at most 10 children over 52 weeks",
        ),
        (
            Target("NST", "assessment", "waiting", date(2025, 3, 31), at_most=900),
            "at most 900 children waiting",
        ),
        (
            Target("NST", "assessment", "mean_weeks_open", date(2025, 3, 31), at_most=26),
            "a mean wait so far of at most 26 weeks",
        ),
    ],
)
def test_targets_in_words(target: Target, text: str) -> None:
    assert rag.target_words(target, built_in()[target.pathway]).replace("\u00a0", " ") == text


def test_a_target_date_that_moved_is_told_with_its_days_and_first_promise() -> None:
    def target(day: date) -> Target:
        return Target("SLCN", "contact", "within_standard_pct", day, at_least=80)

    now = target(date(2025, 3, 31))
    (drift,) = rag.drifts(
        [now],
        [
            (date(2024, 4, 30), target(date(2024, 9, 30))),
            (date(2024, 5, 31), target(date(2024, 9, 30))),
            (date(2024, 6, 30), target(date(2024, 12, 31))),
        ],
    )
    assert (drift.days, drift.moves, drift.first, drift.previous) == (
        90,
        2,
        date(2024, 9, 30),
        date(2024, 12, 31),
    )
    assert rag.drifts([now], [(date(2024, 6, 30), now)]) == []
    assert rag.overdue_days(now, date(2025, 4, 10)) == 10


def test_a_risk_row_is_the_chance_of_missing_with_the_children_past_the_line_and_no_owner() -> None:
    report = open_report("backlog", made.material("EHC"))
    (risk,) = rag.risks(report)
    assert risk.likelihood.value == pytest.approx(66)
    assert risk.impact.key == "EHC|plan|waiting_over_20_weeks|||2024-07-31"
    assert risk.review == date(2024, 9, 30)
    assert "is missed" in plain(risk.event) and "joined" in plain(risk.cause)
    assert "spc:starts" in str(risk.trigger)
