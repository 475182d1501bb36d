"""Sentences that a set once printed and that its own tables denied: one test for each class of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
from made_frames import released, stock
from made_report import LIST, report, service

from sendwaits.release import publish, wording
from sendwaits.release.findings import quality
from sendwaits.release.report import Report

TEMPLATES = Path(wording.__file__).parent / "templates"


def planned(*rows):
    """A backlog report whose plan holds these rows."""
    plan = pd.DataFrame(rows, columns="pathway wait measure group grain form reason".split())
    return Report("backlog", replace(service(), plan=plan))


def test_a_district_that_is_recorded_and_hidden_is_not_said_to_be_unrecorded():
    hidden = planned(
        ("SLCN", "contact", "waiting", "district", "", "", "too few children in its groups")
    )
    said = publish.section(hidden, "districts", hidden.districts()).text
    assert "A district is recorded" in said and "too few children in its groups" in said
    assert "No district is recorded" not in said
    none = planned()
    assert "No district is recorded" in publish.section(none, "districts", none.districts()).text


def test_the_service_with_the_largest_share_set_aside_is_named_whatever_the_count():
    # 11 of 1,280 rows are 0.9 %, 9 of 600 are 1.5 %
    files = pd.DataFrame(
        {"pathway": ["OT_LA", "SLCN_AUTISM"], "read": [1280, 600], "quarantined": [11, 9]}
    )
    assert [
        code for _, code in quality.shares(SimpleNamespace(contents=SimpleNamespace(files=files)))
    ] == [
        "SLCN_AUTISM",
        "OT_LA",
    ]


def test_no_sentence_sends_a_reader_below_to_what_a_set_may_not_print():
    words = {p.name: p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*.j2")}
    assert len(words) > 30
    assert not [n for n, text in words.items() if "below may" in text or "figures below" in text]


def test_a_list_of_another_population_is_never_added_to_the_first():
    """NST's three lists were once 1,175 waiting for NST: a child can be on more than one of them."""
    lists = [
        *stock("SLCN", "contact", LIST),
        *stock("SLCN", "contact", [97.0], measure="waiting_booked"),
    ]
    told = Report("backlog", service(released_rows := lists))
    said = publish.section(told, "stages", told.stages()).text
    assert "A child can be on more than one list." in said and str(215 + 97) not in said
    assert len(released(released_rows)) == 25


def test_a_scenario_that_begins_after_the_targets_date_is_not_said_to_add_nothing():
    late = SimpleNamespace(name="nine more", start=date(2025, 1, 6))
    target = SimpleNamespace(by=date(2024, 12, 31))
    facts = {"committed": [], "target": target, "what": "40% on time", "base": "3%"}
    title = wording.blocks(
        "forecast/scenarios.j2", scenarios=[late], late=[late], chances=[], **facts
    )["title"]
    assert title == "One scenario begins after the target’s date, so it cannot change its chance"
    soon = SimpleNamespace(name="six more", start=date(2024, 9, 1))
    both = wording.blocks(
        "forecast/scenarios.j2",
        scenarios=[soon, late],
        late=[late],
        chances=[(soon, "8%")],
        **facts,
    )["title"]
    assert "3% as things stand, 8% with six more" in both and "nine more" not in both


def test_an_open_wait_is_never_said_to_look_longer_or_shorter_than_it_is():
    words = " ".join(p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*.j2"))
    assert not [
        w for w in ("look shorter", "look longer", "looks shorter", "looks longer") if w in words
    ]


def test_a_sign_to_act_on_is_a_number_that_no_month_of_the_last_twelve_had():
    from sendwaits.release import ratings

    made = report()
    sign = ratings.trigger(made, made.wait)
    assert sign == "More than 215 waiting at a month end" and max(LIST[-12:]) == 215
