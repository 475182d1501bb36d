"""Clocks that are not plain calendar days: working and school days, standards by priority, pauses."""

from __future__ import annotations

import numpy as np
import pytest
from extract_made import outcome, put

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.measure.clock import bank_holidays, paused

AS_AT = "2024-07-31"


def days(*texts):
    return [np.datetime64(t) for t in texts]


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        # source: gov.uk/bank-holidays, England and Wales
        (2022, ["2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29", "2022-09-19",
                "2022-12-26", "2022-12-27"]),
        (2023, ["2023-01-02", "2023-04-07", "2023-04-10", "2023-05-01", "2023-05-08", "2023-05-29", "2023-08-28", "2023-12-25",
                "2023-12-26"]),
        (2024, ["2024-01-01", "2024-03-29", "2024-04-01", "2024-05-06", "2024-05-27", "2024-08-26", "2024-12-25", "2024-12-26"]),
        (2021, ["2021-01-01", "2021-04-02", "2021-04-05", "2021-05-03", "2021-05-31", "2021-08-30", "2021-12-27", "2021-12-28"]),
        (2020, ["2020-01-01", "2020-04-10", "2020-04-13", "2020-05-08", "2020-05-25", "2020-08-31", "2020-12-25", "2020-12-28"]),
    ],
)  # fmt: skip
def test_bank_holidays_are_those_of_england(year, expected):
    assert bank_holidays(year) == days(*expected)


def area(tmp_path, rows, toml):
    """A workspace of SLCN rows: (referral, first contact, closed, priority, pause from, pause to)."""
    names = (
        "referral_date",
        "first_contact_date",
        "closed_date",
        "priority",
        "held_date",
        "resumed_date",
    )
    table = [
        {"child_id": f"C{n}", "referral_id": f"R{n}", **dict(zip(names, row, strict=False))}
        for n, row in enumerate(rows)
    ]
    filled = [{k: r.get(k, "") for k in ("child_id", "referral_id", *names)} for r in table]
    (tmp_path / "sendwaits.toml").write_text(f'[area]\nname = "X"\n{toml}', encoding="utf-8")
    put(tmp_path, filled)
    return outcome(tmp_path, AS_AT)


def share(found):
    t = found.figures
    hit = t[(t["measure"] == "within_standard_pct") & (t["wait"] == "contact")]
    return int(hit["numerator"].sum()), int(hit["denominator"].sum())


@pytest.mark.parametrize(
    ("start", "stop", "on_time"),
    [
        ("2024-05-24", "2024-05-31", True),  # Friday; Monday 27 May is a bank holiday: Tue Wed Thu Fri are 4 working days
        ("2024-05-24", "2024-06-03", True),  # Monday 3 June is the 5th
        ("2024-05-24", "2024-06-04", False),
        ("2024-03-28", "2024-04-08", True),  # Good Friday and Easter Monday: 2, 3, 4, 5 and 8 April
        ("2024-03-28", "2024-04-09", False),
        ("2024-07-06", "2024-07-12", True),  # from a Saturday
        ("2024-07-05", "2024-07-13", True),  # a Saturday is no further day
    ],
)  # fmt: skip
def test_a_standard_in_working_days_ends_with_the_nth_working_day(start, stop, on_time, tmp_path):
    toml = "[pathways.SLCN.standard_working_days]\ncontact = 5\n"
    assert share(area(tmp_path, [(start, stop)], toml)) == (int(on_time), 1)


TERMS = "[[area.terms]]\nfrom = 2024-04-15\nto = 2024-05-24\n[[area.terms]]\nfrom = 2024-06-03\nto = 2024-07-26\n"


@pytest.mark.parametrize(
    ("start", "stop", "on_time"),
    [
        ("2024-05-22", "2024-06-05", True),  # Thu 23, Fri 24 May, Mon 3, Tue 4, Wed 5 June: 5 school days
        ("2024-05-22", "2024-06-06", False),
        ("2024-05-02", "2024-05-10", True),  # bank holiday 6 May: 3, 7, 8, 9, 10
    ],
)  # fmt: skip
def test_a_standard_in_school_days_counts_days_of_terms(start, stop, on_time, tmp_path):
    toml = f"{TERMS}[pathways.SLCN.standard_school_days]\ncontact = 5\n"
    assert share(area(tmp_path, [(start, stop)], toml)) == (int(on_time), 1)


def test_school_days_need_terms_that_reach_over_the_waits(tmp_path):
    toml = "[pathways.SLCN.standard_school_days]\ncontact = 5\n"
    with pytest.raises(Refused, match=r"Add the terms, as in: \[\[area.terms\]\]"):
        area(tmp_path, [("2024-05-22", "2024-06-05")], toml)
    found = area(tmp_path, [("2024-03-22", "2024-06-05")], TERMS + toml)
    assert "must reach from 2024-03-22 to 2024-06-05" in found.refused
    with pytest.raises(Refused, match="terms must follow each other"):
        area(tmp_path, [], "[[area.terms]]\nfrom = 2024-06-05\nto = 2024-06-03\n")


def test_a_standard_by_priority_is_that_of_the_row(tmp_path):
    """14 days for urgent ones, 126 for the others: seen after 10, 20, 100 and 127 days."""
    rows = [
        ("2024-01-01", "2024-01-11", "", "urgent"),
        ("2024-01-01", "2024-01-21", "", "Urgent"),
        ("2024-01-01", "2024-04-10", "", "Routine"),
        ("2024-01-01", "2024-05-07", "", ""),
    ]
    toml = "[pathways.SLCN.standard_by_priority.contact]\nUrgent = 14\n"
    assert share(area(tmp_path, rows, toml)) == (2, 4)


PAUSE = '[[pathways.SLCN.pause]]\nfrom = "held_date"\nto = "resumed_date"\n'


def test_days_of_a_pause_count_in_no_wait(tmp_path):
    """On 31 July: 212 days less 30; 182 less 152 that still last; 100 without a pause. Seen after 130 days less 10: on time."""
    rows = [
        ("2024-01-01", "", "", "", "2024-03-01", "2024-03-31"),
        ("2024-01-31", "", "", "", "2024-03-01", ""),
        ("2024-04-22", "", "", "", "", ""),
        ("2024-01-01", "2024-05-10", "", "", "2024-02-01", "2024-02-11"),
    ]
    found = area(tmp_path, rows, PAUSE)
    assert found.value("waiting") == 3 and found.value("waiting_over_18_weeks") == 1
    assert found.value("mean_weeks_open") == pytest.approx((182 + 30 + 100) / 3 / 7)
    assert found.value("median_weeks_open") == pytest.approx(100 / 7)
    assert found.value("longest_weeks_open") == pytest.approx(182 / 7)
    assert share(found) == (1, 1)
    assert found.value("mean_weeks_completed", day="2024-05-31") == pytest.approx(120 / 7)
    behind = sw.open(tmp_path).rows_behind("SLCN", "contact", "waiting_over_18_weeks", AS_AT)
    assert behind["days"].tolist() == [182]


def test_within_a_pause_the_wait_stands_still_and_the_child_is_on_the_list(tmp_path):
    """15 March: 60 days since 15 January, of which 1 to 15 March are 14 of a pause."""
    found = area(tmp_path, [("2024-01-15", "", "", "", "2024-03-01", "2024-06-30")], PAUSE)
    census = sw.open(tmp_path).figures(as_at=AS_AT, pathway="SLCN")
    at = census[(census["measure"] == "mean_weeks_open") & (census["period_end"] == "2024-03-31")]
    assert at["value"].tolist() == [46 / 7] and found.value("waiting") == 1


def test_a_pause_of_working_days_is_measured_in_working_days(tmp_path):
    """Monday 1 to Friday 19 July are 14 working days later; the week from 8 to 15 July is held: 5 fewer."""
    toml = f"[pathways.SLCN.standard_working_days]\ncontact = 9\n{PAUSE}"
    row = ("2024-07-01", "2024-07-19", "", "", "2024-07-08", "2024-07-15")
    assert share(area(tmp_path, [row], toml)) == (1, 1)
    assert share(area(tmp_path, [row], toml.replace("= 9", "= 8"))) == (0, 1)


def test_overlapping_pauses_count_once():
    at = lambda *d: np.array(d)  # noqa: E731
    held = [(at(10), at(20)), (at(15), at(30)), (at(12), at(13))]
    assert paused(held, at(0), at(100)).tolist() == [20]
    assert paused(held, at(12), at(25)).tolist() == [13]


def test_a_pause_that_ends_before_it_begins_sets_the_row_aside(tmp_path):
    found = area(
        tmp_path, [("2024-01-01", "", "", "", "2024-03-31", "2024-03-01"), ("2024-01-01",)], PAUSE
    )
    assert found.value("waiting") == 1 and "Q-ORDER" in found.screen


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[pathways.SLCN.standard_working_days]\ncontact = 5\n[pathways.SLCN.standard_days]\ncontact = 9\n", "two units"),
        ('[pathways.OT_LA.standard_by_priority.assessment]\nUrgent = 5\n', "no standard for the other priorities"),
        ('[[pathways.SLCN.pause]]\nfrom = "priority"\nto = "resumed_date"\n', "'priority' is used as a date of a pause"),
    ],
)  # fmt: skip
def test_a_clock_that_cannot_be_is_refused(toml, said, tmp_path):
    with pytest.raises(Refused, match=said):
        area(tmp_path, [("2024-01-01",)], toml)


def test_a_pathway_of_ones_own_has_its_own_clocks(tmp_path):
    toml = (
        '[[pathway]]\ncode = "LOG"\n[[pathway.pause]]\nfrom = "held"\nto = "resumed"\n[[pathway.wait]]\nname = "case"\n'
        'start = "referral_date"\ncompleted = "done"\nstandard_working_days = 10\n'
    )
    tmp_path.joinpath("sendwaits.toml").write_text(f'[area]\nname = "X"\n{toml}', encoding="utf-8")
    row = {
        "child_id": "a",
        "referral_date": "2024-07-01",
        "done": "2024-07-22",
        "held": "2024-07-08",
        "resumed": "2024-07-15",
    }
    put(tmp_path, [row], code="LOG")  # 15 working days less 5
    found = outcome(tmp_path, AS_AT)
    t = found.figures
    assert t.loc[t["measure"] == "within_standard_pct", "numerator"].sum() == 1
