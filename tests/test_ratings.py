"""Ratings, risks and promised dates: each reading by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import made_report
import pytest

from sendwaits.pathways import built_in
from sendwaits.release import ratings
from sendwaits.release.key import Key
from sendwaits.release.number import Number
from sendwaits.workspace import Rag, Target

RULE = Rag()  # amber within 5, green from 80 %, red under 20 %


@pytest.mark.parametrize(
    ("gap", "way", "chance", "name"),
    [
        (None, 1, 0.9, "Not rated"),
        (0, 0, None, "Green"),
        (-3, 1, 0.80, "Green"),
        (-3, 0, 0.79, "Amber"),
        (-3, -1, 0.95, "Amber"),  # met, and getting worse
        (-3, 0, 0.19, "Red"),  # met today, and the forecast says it will not be
        (-3, 0, 0.20, "Amber"),
        (4, -1, 0.4, "Amber"),  # 4 points short are within 5
        (5, -1, 0.4, "Amber"),
        (6, 0, 0.4, "Red"),
        (6, 1, 0.4, "Amber"),  # getting better
        (6, 0, 0.5, "Amber"),  # an even chance
        (6, -1, None, "Red"),
    ],
)
def test_a_rating_weighs_today_the_way_it_goes_and_the_chance(gap, way, chance, name):
    assert ratings.rating_of(gap, way, chance, RULE) == name


def target(measure="within_standard_pct", wait="assessment", **aim):
    return Target("NST", wait, measure, date(2024, 12, 31), **(aim or {"at_least": 40.0}))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (target(), "40% within 13\u00a0weeks"),
        (target("waiting_over_52_weeks", at_most=0.0), "no child over\u00a052\u00a0weeks"),
        (target("waiting_over_18_weeks", at_most=25.0), "at most 25 children over\u00a018\u00a0weeks"),
        (target("waiting", at_most=1200.0), "at most 1,200 children waiting"),
        (target("mean_weeks_open", at_most=18.0), "a mean wait so far of at most 18\u00a0weeks"),
        (target("p92_weeks_completed", at_most=18.0), "a 92nd percentile completed wait of at most 18\u00a0weeks"),
    ],
)  # fmt: skip
def test_a_target_is_said_in_words(what, said):
    assert ratings.target_words(what, built_in()["NST"]) == said


def test_a_target_against_working_days_says_working_days():
    nst = built_in()["NST"]
    pathway = nst.with_settings(
        SimpleNamespace(
            headings={}, dates={}, codes={}, clock_start="", complete_from=None, standard_days={}, standard_school_days={},
            standard_by_priority={}, standard_working_days={"assessment": 30}, pauses=(), leaves_at=()), "x",
    )  # fmt: skip
    assert ratings.target_words(target(), pathway) == "40% within 30\u00a0working\u00a0days"


def test_a_promise_that_moved_names_the_date_before_the_first_and_how_often():
    def by(year, month, day):
        return Target("NST", "assessment", "waiting", date(year, month, day), at_most=5.0)

    promised = [(date(2024, 3, 31), by(2024, 6, 30)), (date(2024, 4, 30), by(2024, 6, 30)), (date(2024, 5, 31), by(2024, 9, 30))]  # fmt: skip
    (moved,) = ratings.drifts([by(2024, 12, 31)], promised)
    assert (moved.previous, moved.first, moved.moves) == (date(2024, 9, 30), date(2024, 6, 30), 2)
    assert moved.days == 92
    assert ratings.drifts([by(2024, 6, 30)], promised[:2]) == []


@pytest.fixture
def report():
    """Lists of 12 months from 100 to 210, a target of at most 150 by December whose chance is 30 %."""
    return made_up()


def made_up(now=210.0, chance=30.0, aim=None, verdict="rising"):
    wait = built_in()["NST"].wait("assessment")
    key = Key("NST", "assessment", "waiting", "", "", "2024-07-31")
    ends = [f"2023-{m:02d}-28" for m in range(8, 13)] + [f"2024-{m:02d}-28" for m in range(1, 8)]
    listed = [
        Number(key._replace(period_end=end), 100.0 + 10 * at, form="exact")
        for at, end in enumerate(ends)
    ]
    listed[-1] = Number(key, now, form="exact")
    ahead = SimpleNamespace(
        chance=lambda t: Number(key.derived("p"), chance, "percent", "exact"),
        on=lambda *a: None,
        range=lambda row: None,
    )
    from sendwaits.release.verdicts import Verdict

    return SimpleNamespace(
        pathway=built_in()["NST"], wait=wait, as_at=date(2024, 7, 31), ahead=ahead,
        aims=[aim or target("waiting", at_most=150.0)],
        number=lambda w, m, *a: listed[-1] if m == "waiting" else Number(key._replace(measure=m), 7, form="exact"),
        numbers=lambda w, m, *a: listed, line=lambda w: 52,
        verdict=lambda *a, **k: Verdict("NST", "assessment", "waiting", "", verdict=verdict),
        workspace=SimpleNamespace(rag=RULE), calendar_years=lambda *a: None,
    )  # fmt: skip


def test_a_risk_is_how_likely_the_target_is_missed_and_its_sign_has_not_shown_yet(report):
    (risk,) = ratings.risks(report)
    assert risk.likelihood.value == 70 and risk.impact.value == 7
    assert "the target of at most 150 children waiting by" in risk.event
    assert risk.trigger == "More than 210 waiting at a month end"  # the largest of the last 12
    assert risk.review == date(2024, 9, 30)


@pytest.mark.parametrize(
    ("now", "aim", "name"),
    [
        (150.0, target("waiting", at_most=150.0), "Green"),
        (156.0, target("waiting", at_most=150.0), "Amber"),  # 4 % over
        (160.0, target("waiting", at_most=150.0), "Red"),  # 6.7 % over
        (140.0, target("waiting", at_least=150.0), "Red"),  # 6.7 % short
        (160.0, target("waiting", at_least=150.0), "Green"),
    ],
)
def test_a_gap_is_on_the_side_of_the_target_and_in_per_cent_of_it(now, aim, name):
    chance = 90.0 if name == "Green" else 40.0
    rating = ratings.rate(made_up(now, chance, aim, "steady"), built_in()["NST"].wait("assessment"))
    assert rating.name == name
    assert ("meets" in rating.reason) == (name == "Green")


def test_the_report_of_a_made_up_service_has_a_rating_without_a_target():
    name = ratings.rate(made := made_report.report("trend"), made.wait).name
    assert name == "Not rated"
