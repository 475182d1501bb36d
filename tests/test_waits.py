"""The rules of counting, one by one (CONTRACT section 3)."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from typed_rows import typed

from sendwaits.errors import Refused
from sendwaits.intake.waits import build
from sendwaits.measure import behind, measures
from sendwaits.pathways import built_in, from_table

NST, EHC, SLCN = (built_in()[c] for c in ("NST", "EHC", "SLCN"))


def made(pathway, *extracts):
    """Built from lists of rows, one list per extract; extract dates a month apart, the last on 31 July 2024."""
    dates = ["2024-05-31", "2024-06-30", "2024-07-31"][-len(extracts) :]
    return build(
        [typed(pathway, rows, day) for rows, day in zip(extracts, dates, strict=True)],
        pathway,
        lambda ids: ids,
    )


def waits(built):
    """(wait, start, stop, how) of every wait, dates as text."""
    rows = built.waits
    text = rows[["start", "stop"]].astype("datetime64[s]").apply(lambda c: c.dt.strftime("%m-%d"))
    how = [
        "open" if pd.isna(stop) else "completed" if done else "removed"
        for stop, done in zip(rows["stop"], rows["completed"], strict=True)
    ]
    return [
        (w, a, "" if pd.isna(b) else b, h)
        for w, a, b, h in zip(rows["wait"], text["start"], text["stop"], how, strict=True)
    ]


def value(built, pathway, measure, wait="", day=date(2024, 7, 31), period="ytd", group=""):
    table = measures.figures(
        built, pathway, measures.periods(day, period, 12, date(2023, 1, 1)), group.partition("=")[0]
    )
    return table[
        (table["measure"] == measure) & (table["wait"] == wait) & (table["group"] == group)
    ].iloc[-1]


def test_stages_follow_each_other_and_each_has_its_own_clock():
    built = made(
        NST,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                first_appointment_date="2024-03-01",
                outcome_date="2024-04-01",
            )
        ],
    )
    assert waits(built) == [
        ("assessment", "01-01", "03-01", "completed"),
        ("outcome", "03-01", "04-01", "completed"),
        ("support", "04-01", "", "open"),
    ]


def test_completed_and_removed_on_the_same_day_is_completed_and_the_next_stage_is_removed_that_day():
    built = made(
        NST,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                first_appointment_date="2024-03-01",
                closed_date="2024-03-01",
            )
        ],
    )
    assert waits(built) == [
        ("assessment", "01-01", "03-01", "completed"),
        ("outcome", "03-01", "03-01", "removed"),
    ]


def test_a_stage_without_the_one_before_removes_the_earlier_wait_that_day_with_a_finding():
    built = made(
        NST,
        [
            dict(
                child_id="a", referral_id="1", referral_date="2024-01-01", outcome_date="2024-04-01"
            )
        ],
    )
    assert waits(built) == [
        ("assessment", "01-01", "04-01", "removed"),
        ("support", "04-01", "", "open"),
    ]
    assert built.findings.loc[built.findings["code"] == "D22", "n"].tolist() == [1]


def test_a_stage_after_the_closing_date_did_not_happen():
    built = made(
        NST,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                first_appointment_date="2024-05-01",
                closed_date="2024-04-01",
            )
        ],
    )
    assert waits(built) == [("assessment", "01-01", "04-01", "removed")]
    assert built.findings.loc[built.findings["code"] == "D13", "n"].tolist() == [1]


def test_a_rejected_referral_is_received_and_never_waits():
    built = made(
        SLCN,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                rejected_date="2024-02-01",
            )
        ],
    )
    assert waits(built) == []
    assert value(built, SLCN, "referrals")["value"] == 1
    assert value(built, SLCN, "rejected")["value"] == 1


def test_the_newest_row_of_a_record_counts_and_an_absent_record_keeps_its_last():
    first = [
        dict(child_id="a", referral_id="1", referral_date="2024-01-01"),
        dict(child_id="b", referral_id="2", referral_date="2024-01-02"),
    ]
    built = made(
        SLCN,
        first,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                first_contact_date="2024-07-01",
            )
        ],
    )
    assert waits(built) == [
        ("contact", "01-01", "07-01", "completed"),
        ("contact", "01-02", "", "open"),
    ]
    assert value(built, SLCN, "waiting", "contact")["value"] == 1
    assert value(built, SLCN, "waiting_not_flowed", "contact")["value"] == 1


def test_a_record_without_id_is_its_child_and_start():
    row = dict(child_id="a", referral_date="2024-01-01")
    built = made(
        SLCN,
        [row],
        [
            row | dict(first_contact_date="2024-07-01"),
            dict(child_id="a", referral_date="2024-07-01"),
        ],
    )
    assert waits(built) == [
        ("contact", "01-01", "07-01", "completed"),
        ("contact", "07-01", "", "open"),
    ]


def test_a_second_referral_while_the_first_is_open_is_its_duplicate_and_on_the_closing_day_a_new_one():
    rows = [
        dict(
            child_id="a",
            referral_id="1",
            referral_date="2024-01-01",
            first_contact_date="2024-03-01",
        ),
        dict(child_id="a", referral_id="2", referral_date="2024-02-01"),
        dict(child_id="a", referral_id="3", referral_date="2024-03-01"),
    ]
    built = made(
        SLCN,
        [
            *rows,
            dict(
                child_id="a",
                referral_id="0",
                referral_date="2024-02-01",
                rejected_date="2024-02-02",
            ),
        ],
    )
    assert waits(built) == [
        ("contact", "01-01", "03-01", "completed"),
        ("contact", "03-01", "", "open"),
    ]
    assert value(built, SLCN, "referrals")["value"] == 3  # two kept and the rejected one
    assert built.referrals["re_referral_days"].dropna().tolist() == [0]


def test_a_duplicate_of_a_duplicate_is_judged_against_kept_referrals_only():
    rows = [
        dict(
            child_id="a",
            referral_id="1",
            referral_date="2024-01-01",
            first_contact_date="2024-02-01",
        ),
        dict(child_id="a", referral_id="2", referral_date="2024-01-15"),
        dict(child_id="a", referral_id="3", referral_date="2024-03-01"),
    ]
    built = made(SLCN, [rows[0], rows[1], rows[2]])
    assert waits(built) == [
        ("contact", "01-01", "02-01", "completed"),
        ("contact", "03-01", "", "open"),
    ]


def test_on_one_day_the_lower_id_is_kept():
    rows = [
        dict(child_id="a", referral_id="9", referral_date="2024-01-01", district="North"),
        dict(child_id="a", referral_id="10", referral_date="2024-01-01", district="South"),
    ]
    assert made(SLCN, [rows[0], rows[1]]).waits["district"].tolist() == ["South"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            dict(request_outcome="Y", request_outcome_date="2024-02-01", plan_date="2024-05-20"),
            [("decision", "02-01", "completed"), ("plan", "05-20", "completed")],
        ),
        (
            dict(request_outcome="N", request_outcome_date="2024-02-20", plan_date="2024-06-20"),
            [("decision", "02-20", "completed"), ("plan", "02-20", "removed")],
        ),
        (dict(request_outcome="H", plan_date="2024-06-20"), [("plan", "06-20", "completed")]),
        (dict(request_outcome="H", assessment_outcome="H", plan_date="2024-06-20"), []),
        (dict(request_outcome="W"), []),
        (
            dict(request_outcome="W", closed_date="2024-01-20", request_outcome_date="2024-01-18"),
            [("decision", "01-18", "removed"), ("plan", "01-18", "removed")],
        ),
        (
            dict(request_outcome="Y", request_outcome_date="2024-02-01", assessment_outcome="W"),
            [("decision", "02-01", "completed")],
        ),
        (
            dict(
                request_outcome="Y",
                request_outcome_date="2024-02-01",
                assessment_outcome="W",
                closed_date="2024-03-03",
            ),
            [("decision", "02-01", "completed"), ("plan", "03-03", "removed")],
        ),
        (
            dict(
                request_outcome="Y",
                request_outcome_date="2024-02-01",
                assessment_outcome="N",
                assessment_outcome_date="2024-04-22",
            ),
            [("decision", "02-01", "completed"), ("plan", "04-22", "removed")],
        ),
        (dict(request_outcome="A"), [("decision", "", "open"), ("plan", "", "open")]),
    ],
)
def test_ehc_outcomes_end_the_waits_that_the_law_says(row, expected):
    built = made(EHC, [dict(child_id="a", request_id="1", request_date="2024-01-01", **row)])
    assert [(w, stop, how) for w, _, stop, how in waits(built)] == expected


def test_plans_count_after_an_overturned_refusal_and_for_requests_decided_before():
    base = dict(request_date="2024-01-01")
    built = made(
        EHC,
        [
            dict(
                child_id="a",
                request_id="1",
                **base,
                request_outcome="Y",
                request_outcome_date="2024-02-12",
                plan_date="2024-05-20",
                week20="1",
            ),
            dict(
                child_id="b",
                request_id="2",
                **base,
                request_outcome="N",
                request_outcome_date="2024-02-13",
                plan_date="2024-05-21",
            ),
            dict(child_id="c", request_id="3", **base, request_outcome="H", plan_date="2024-05-19"),
            dict(
                child_id="d",
                request_id="4",
                **base,
                request_outcome="H",
                assessment_outcome="H",
                plan_date="2024-05-19",
            ),
            dict(
                child_id="e",
                request_id="5",
                **base,
                request_outcome="Y",
                request_outcome_date="2024-02-01",
                assessment_outcome="N",
                assessment_outcome_date="2024-04-22",
            ),
        ],
    )
    fractions = {
        m: tuple(value(built, EHC, m)[["numerator", "denominator"]])
        for m in (
            "within_20_weeks_pct",
            "within_20_weeks_excl_pct",
            "due_within_20_weeks_pct",
            "decisions_within_6_weeks_pct",
            "refusals_within_16_weeks_pct",
            "requests_refused_pct",
        )
    }
    assert value(built, EHC, "plans_issued")["value"] == 3
    assert value(built, EHC, "referrals")["value"] == 3  # a, b, e: history is no referral
    assert fractions == {
        "within_20_weeks_pct": (2, 3),
        "within_20_weeks_excl_pct": (1, 2),  # 20 May is day 140, 21 May day 141
        "due_within_20_weeks_pct": (2, 2),  # a and c; b was refused, e was refused, d has no wait
        "decisions_within_6_weeks_pct": (2, 3),
        "refusals_within_16_weeks_pct": (1, 1),
        "requests_refused_pct": (1, 3),
    }


def test_age_bands_are_of_the_day_the_clock_started():
    rows = [
        dict(child_id=str(n), referral_id=str(n), referral_date="2024-02-29", date_of_birth=born)
        for n, born in enumerate(["2019-02-28", "2019-03-01", "", "1999-02-28"])
    ]
    assert made(SLCN, rows).waits["age_band"].tolist() == ["5-10", "0-4", "unknown", "20-25"]


def test_a_group_prints_every_value_seen_with_its_zeros_beside_the_totals():
    rows = [
        dict(child_id="a", referral_id="1", referral_date="2024-07-01", district="North"),
        dict(
            child_id="b",
            referral_id="2",
            referral_date="2024-07-01",
            first_contact_date="2024-07-02",
            district="South",
        ),
        dict(child_id="c", referral_id="3", referral_date="2024-07-01"),
    ]
    table = measures.figures(
        made(SLCN, rows), SLCN, measures.periods(date(2024, 7, 31), "ytd"), "district"
    )
    waiting = table[table["measure"] == "waiting"].set_index("group")["value"]
    assert waiting.to_dict() == {
        "": 2,
        "district=North": 1,
        "district=South": 0,
        "district=unknown": 1,
    }
    assert not table.duplicated(["wait", "measure", "group", "period_start", "period_end"]).any()


def test_nothing_waiting_prints_an_empty_average_with_n_nought():
    row = value(
        made(
            SLCN,
            [
                dict(
                    child_id="a",
                    referral_id="1",
                    referral_date="2024-01-01",
                    first_contact_date="2024-01-01",
                )
            ],
        ),
        SLCN,
        "mean_weeks_open",
        "contact",
    )
    assert pd.isna(row["value"]) and row["n"] == 0


def test_a_pathway_of_the_users_own_needs_a_table_only():
    own = from_table(
        {
            "code": "LOG",
            "wait": [
                {
                    "name": "case",
                    "start": "referral_date",
                    "completed": "finished_date",
                    "standard_days": 126,
                }
            ],
        },
        "test",
    )
    built = made(
        own,
        [
            dict(
                child_id="a",
                referral_id="1",
                referral_date="2024-01-01",
                finished_date="2024-05-06",
            ),
            dict(
                child_id="b",
                referral_id="2",
                referral_date="2024-01-01",
                finished_date="2024-05-07",
            ),
        ],
    )
    assert tuple(
        value(built, own, "within_standard_pct", "case")[["numerator", "denominator"]]
    ) == (1, 2)  # 126 and 127 days


def test_rows_behind_lead_to_file_and_row():
    built = made(
        SLCN,
        [
            dict(child_id="a", referral_id="1", referral_date="2024-01-01"),
            dict(child_id="b", referral_id="2", referral_date="2024-07-20"),
        ],
    )
    rows = behind.rows_behind(
        built, SLCN, "contact", "waiting_over_18_weeks", None, date(2024, 7, 31)
    )
    assert rows[["source_file", "source_row", "days"]].values.tolist() == [
        ["SLCN_2024-07-31.csv", 2, 212]
    ]
    with pytest.raises(Refused, match="Choose one of: .*waiting"):
        behind.rows_behind(built, SLCN, "contact", "wating", None, date(2024, 7, 31))


def test_a_stage_after_the_closing_date_starts_no_later_stage_though_that_one_has_its_own_removals():
    own = from_table(
        {
            "code": "LOG",
            "wait": [
                {"name": "first", "start": "referral_date", "completed": "seen_date"},
                {
                    "name": "second",
                    "start": "seen_date",
                    "completed": "done_date",
                    "removed": ["left_date"],
                },
                {
                    "name": "third",
                    "start": "done_date",
                    "completed": "end_date",
                    "removed": ["left_date"],
                },
            ],
        },
        "test",
    )
    row = dict(
        child_id="a",
        referral_id="1",
        referral_date="2024-01-01",
        closed_date="2024-02-01",
        seen_date="2024-03-01",
        done_date="2024-04-01",
    )
    assert waits(made(own, [row])) == [("first", "01-01", "02-01", "removed")]


def test_an_accepted_empty_extract_is_the_newest_and_nothing_flowed_into_it():
    frame = typed(
        SLCN, [dict(child_id="a", referral_id="1", referral_date="2024-01-01")], "2024-06-30"
    )
    built = build([frame, frame.iloc[:0]], SLCN, lambda ids: ids, pd.Timestamp("2024-07-31"))
    assert value(built, SLCN, "waiting_not_flowed", "contact")["value"] == 1
