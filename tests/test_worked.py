"""A service that works its list in groups: each group's wait stands first, one mean over all of them never alone."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from made_frames import released, stock
from made_report import service
from msgspec.structs import replace as changed

from sendwaits.release import publish
from sendwaits.release.findings.worked import months_of, worked
from sendwaits.release.report import Report

OPEN = "mean_weeks_open"


@pytest.fixture(scope="module")
def parted():
    """OTs' list waits 40 weeks, the assistants' 9; together 33; completed 80 and 14."""
    rows = [*stock("SLCN", "contact", [219.0] * 24)]
    for group, n, mean in (
        ("", 219.0, 33.0),
        ("worker=OT", 170.0, 40.0),
        ("worker=OTA", 49.0, 9.0),
    ):
        weeks = stock("SLCN", "contact", [mean] * 24, measure=OPEN, group=group)
        rows += [(*r[:7], "weeks", *r[8:]) for r in weeks]
        rows += stock("SLCN", "contact", [n] * 24, group=group) if group else []
    made = service(rows)
    codes = {**made.pathway.codes, "worker": {"OT": "Occupational therapist", "OTA": "Assistant"}}
    done = [
        ("SLCN", "contact", "group:mean_weeks_completed", g, "2024-05-01", "2024-07-31", v, "weeks",
         None, None, None, "rounded")
        for g, v in (("worker=OT", 80.0), ("worker=OTA", 14.0))
    ]  # fmt: skip
    sides = dict.fromkeys(("low", "high", "q"), float("nan"))
    return replace(
        made,
        pathway=changed(made.pathway, split="worker", codes=codes),
        equity=released(done).assign(**sides),
    )


def test_the_trend_page_opens_with_each_groups_wait_and_not_with_the_mean_of_all(parted):
    text = Report("trend", parted).opening().text
    title = text.splitlines()[0]
    assert "40.0 weeks for the occupational therapist" in title
    assert "9.0 weeks for the assistant" in title and "33.0" not in text


def test_the_section_says_completed_waits_in_weeks_and_months(parted):
    report = Report("trend", parted)
    part = publish.section(report, "split", report.split())
    # 80 x 7 / 30.4375 = 18.4, 14 x 7 / 30.4375 = 3.2: whole months of whole weeks
    assert "completed waits took 80 weeks (18 months) and 14 weeks (3 months)" in part.text
    assert "40.0 weeks (9.2 months)" in part.text and "describes no child’s wait" in part.text
    assert (
        'data-key="SLCN|contact|group:mean_weeks_completed|worker=OT|2024-05-01|2024-07-31">80<'
        in part.html
    )


def test_a_mean_over_all_groups_says_that_it_is_one(parted):
    report = Report("trend", parted)
    assert (
        ", all workers together: 33.0 weeks"
        in publish.section(report, "open_waits", report.open_waits()).text
    )
    lists = publish.section(report, "list_size", report.list_size()).text
    assert "together" not in lists


def test_months_are_days_over_30_4375(parted):
    report = Report("trend", parted)
    (first, _) = worked(report, report.wait)
    assert months_of(first["open"]).value == pytest.approx(40 * 7 / 30.4375)


def test_a_service_without_groups_has_none_and_says_its_one_mean():
    report = Report("trend", service())
    assert worked(report, report.wait) == [] and not len(report.split())
    assert isinstance(report.split(), pd.DataFrame)
