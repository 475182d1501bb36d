"""What is said of the sample on 31 July 2024, from exact figures: the sentences that the first house got wrong."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import sendwaits as sw
from sendwaits.release import door
from sendwaits.release.key import COLUMNS
from sendwaits.release.profile import Profile
from sendwaits.release.verdicts import Verdict, Verdicts, verdicts
from sendwaits.workspace import open_workspace

CERTAIN = {
    "NST": [("assessment", "mean_weeks_open", "falling"), ("assessment", "waiting", "rising")],
    "EHC": [("", "referrals", "higher")],
    "OT_HEALTH": [("assessment", "waiting", "rising"), ("treatment", "waiting", "falling")],
}
ROOT = Path(__file__).resolve().parents[1]


@cache
def _said(pathway: str, group: str = "") -> Verdicts:
    rows = sw.open(ROOT).figures(as_at="2024-07-31", pathway=pathway, group=group)
    for name in ("period_start", "period_end"):
        rows[name] = pd.to_datetime(rows[name].replace("", None)).astype("datetime64[us]")
    rows["form"] = rows["value"].isna().map({True: "z", False: "exact"})
    return verdicts(rows[COLUMNS], change_points=open_workspace(ROOT).change_points)


def _of(pathway: str, wait: str, measure: str, group: str = "") -> Verdict:
    return _said(pathway, group.partition("=")[0]).of(pathway, wait, measure, group)


def test_nst_mean_open_wait_is_falling_from_68_to_54_weeks():
    found = _of("NST", "assessment", "mean_weeks_open")
    assert (found.verdict, found.moving) == ("falling", True)
    assert found.base.value == pytest.approx(67, abs=0.5)
    assert found.now.value == pytest.approx(54.1, abs=0.05)


def test_the_nst_list_is_rising_though_it_lost_one_child_in_the_last_month():
    found = _of("NST", "assessment", "waiting")
    assert (found.verdict, found.now.value) == ("rising", 908)
    assert found.base.value == pytest.approx(772, abs=3)


def test_ehc_requests_are_higher_and_the_list_for_plans_is_higher_and_no_longer_rising():
    assert _of("EHC", "", "referrals").verdict == "higher"
    plans = _of("EHC", "plan", "waiting")
    assert (plans.verdict, plans.base.value, plans.now.value) == ("higher", 558, 805)


def test_the_dated_change_moved_ot_health_from_assessment_to_treatment():
    assessment, treatment = (_of("OT_HEALTH", w, "waiting") for w in ("assessment", "treatment"))
    assert (assessment.verdict, treatment.verdict) == ("rising", "falling")
    assert assessment.since == treatment.since == "2024-03-31"
    assert assessment.dated == treatment.dated == "Effort moved to children already assessed"
    assert _of("OT_HEALTH", "treatment", "completed").since == "2024-03-01"


def test_ot_la_waits_are_longer_for_therapists_and_not_for_assistants():
    of = lambda worker: _of("OT_LA", "assessment", "mean_weeks_open", f"worker={worker}")  # noqa: E731
    assert [of("OT").verdict, of("OTA").verdict] == ["higher", "steady"]
    assert (round(of("OT").base.value, 1), round(of("OT").now.value, 1)) == (30.2, 40.1)


def test_no_list_of_the_sample_that_grew_by_half_in_a_year_is_steady():
    for pathway in open_workspace(ROOT).pathways:
        for found in _said(pathway):
            if found.measure == "waiting" and found.base and found.base.value:
                assert found.verdict != "steady" or found.now.value < 1.5 * found.base.value


@pytest.mark.parametrize("name", ["board", "public"])
def test_what_the_release_rounds_or_coarsens_says_the_same_of_the_sample(name: str):
    profile, area, day = Profile(name), open_workspace(ROOT), date(2024, 7, 31)
    compared = differ = 0
    for code, pathway in area.pathways.items():
        built = sw.open(ROOT).built(code, day)
        out = door.release(door.candidates(built, pathway, day), profile=profile, as_at=day)
        told = verdicts(
            out.table, change_points=area.change_points, plan=out.plan, smallest=profile.smallest
        )
        for found in told:
            exact = _said(code).of(*found[:4])
            if found.group or found.verdict in ("too_few", "not_published"):
                continue
            assert {found.direction, exact.direction} != {"up", "down"}, found.mark
            compared, differ = compared + 1, differ + (found.direction != exact.direction)
        for wait, measure, verdict in CERTAIN.get(code, ()):
            assert told.of(code, wait, measure).verdict == verdict
    assert compared > 100 and differ <= 0.03 * compared


def test_the_whole_sample_is_judged_in_under_a_second():
    import time

    frame = pd.concat(
        [
            sw.open(ROOT).figures(as_at=date(2024, 7, 31), pathway=p)
            for p in open_workspace(ROOT).pathways
        ]
    )
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name].replace("", None)).astype("datetime64[us]")
    frame["form"] = "exact"
    clock = time.process_time()
    verdicts(frame[COLUMNS])
    assert time.process_time() - clock < 1 and len(frame) > 5000
