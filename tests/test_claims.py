"""What was said, recomputed or refused: single statements by hand, and the 49 of the October 2024 update."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from reference import reference

import sendwaits as sw
from sendwaits.measure.board_update import OCTOBER_2024
from sendwaits.measure.claims import Said, Statement, check, months_of_weeks

COLUMNS = ["pathway", "wait", "measure", "group", "period_start", "period_end", "value", "unit"]


def year(y):
    return f"{y}-01-01", f"{y}-12-31"


# DfE, Education, health and care plans, 2025 release, Nottinghamshire: requests, and plans within 20 weeks with and without exceptions.
PUBLISHED = pd.DataFrame(
    [
        ("EHC", "", "referrals", "", *year(2022), 1087, "count"),
        ("EHC", "", "referrals", "", *year(2023), 1380, "count"),
        ("EHC", "", "within_20_weeks_pct", "", *year(2022), 100 * 22 / 488, "percent"),
        ("EHC", "", "within_20_weeks_excl_pct", "", *year(2022), 100 * 22 / 485, "percent"),
        ("EHC", "", "within_20_weeks_pct", "", *year(2023), 100 * 227 / 702, "percent"),
        ("EHC", "", "within_20_weeks_excl_pct", "", *year(2023), 100 * 227 / 702, "percent"),
        ("OT_HEALTH", "treatment", "waiting", "", "", "2024-03-31", 150, "count"),
        ("OT_HEALTH", "treatment", "waiting", "", "", "2024-07-31", 103, "count"),
        ("NST", "assessment", "longest_weeks_open", "", "", "2024-07-31", 54.2, "weeks"),
        ("NST", "assessment", "mean_weeks_open", "", "", "2024-07-31", 31.0, "weeks"),
        ("OT_LA", "assessment", "mean_weeks_open", "", "", "2024-01-31", 78.3, "weeks"),
    ],
    columns=COLUMNS,
)
SERIES = pd.DataFrame(
    {
        "month": pd.period_range("2023-01", "2024-09", freq="M").astype(str),
        "measure": "mediation_meetings",
        "value": [12, 13, 13, *[3] * 9, 1, *[0] * 8],
    }
)
UPDATE = {statement.id: statement for statement in OCTOBER_2024}


def verdict(statement, figures=PUBLISHED, series=SERIES):
    return check([statement], figures, series).iloc[0]


def test_twenty_seven_percent_more_requests_holds():
    row = verdict(UPDATE["S05"])  # 1380 / 1087 = +26.95 %
    assert (
        row["verdict"] == "holds"
        and row["recomputed"] == "1087 (2022-12-31), 1380 (2023-12-31), change 27.0 %"
    )


def test_a_percentage_that_holds_under_every_definition_holds():
    assert verdict(UPDATE["S06"])["verdict"] == "holds"  # 4.51 with and 4.54 without exceptions
    assert verdict(UPDATE["S07"])["verdict"] == "holds"


def test_a_number_that_is_not_the_recomputed_one_does_not_hold():
    row = verdict(UPDATE["S32"])
    assert (row["verdict"], row["recomputed"]) == (
        "does not hold",
        "150 (2024-03-31), 103 (2024-07-31)",
    )


def test_a_fall_that_undoes_its_own_suppression_is_caught_without_telling_the_number():
    row = verdict(UPDATE["S10"])
    assert row["verdict"] == "cannot be checked: missing equal periods, a number that is suppressed"
    assert (
        "undoes the suppression" in row["note"]
        and row["recomputed"] == "38 (2023-03-31), under 5 (2024-09-30)"
    )
    assert "-97.4" not in row.to_string()
    vague = replace(UPDATE["S10"], change="-90", within=8)  # 1 to 4 fit: -97.4 to -89.5
    assert "undoes" not in verdict(vague)["note"]


def test_a_hundred_percent_fall_from_no_number_has_no_base():
    row = verdict(UPDATE["S12"])
    assert row["verdict"] == "cannot be checked: missing definition, base, period"


def test_appeals_registered_are_not_put_in_place_of_tribunals_held():
    registered = SERIES.assign(measure="appeals_registered", value=0)
    row = verdict(
        replace(UPDATE["S11"], now=Said("0", "2024-01-01", "2024-09-30")), series=registered
    )
    assert (
        row["verdict"] == "cannot be checked: missing definition, records"
        and row["recomputed"] == ""
    )


def test_three_months_are_not_compared_with_nine():
    claim = Statement(
        "X",
        "meetings",
        ("mediation_meetings",),
        now=Said("1", "2024-01-01", "2024-09-30"),
        base=Said("38", "2023-01-01", "2023-03-31"),
        change="-97",
    )
    row = verdict(claim)
    assert (
        row["verdict"] == "cannot be checked: missing equal periods"
        and "change" not in row["recomputed"]
    )
    fair = replace(claim, now=Said("1", "2024-01-01", "2024-03-31"))
    assert verdict(fair)["verdict"] == "holds"


def test_a_change_that_its_own_numbers_do_not_give_does_not_hold_without_any_record():
    claim = Statement(
        "X",
        "a list",
        ("waiting",),
        "SLCN",
        "contact",
        now=Said("90", "2024-02-01", "2024-02-29"),
        base=Said("100", "2024-01-01", "2024-01-31"),
        change="-50",
    )
    row = verdict(claim)
    assert row["verdict"] == "does not hold" and "its own numbers" in row["note"]


def test_a_change_from_nothing_has_no_base():
    none = SERIES.assign(value=0)
    claim = Statement(
        "X",
        "meetings",
        ("mediation_meetings",),
        now=Said("", "2024-01-01", "2024-03-31"),
        base=Said("", "2023-01-01", "2023-03-31"),
        change="10",
    )
    assert verdict(claim, series=none)["verdict"] == "cannot be checked: missing base"


def test_a_wait_without_statistic_and_population_says_as_what_it_would_agree():
    row = verdict(replace(UPDATE["S16"], base=None))
    assert row["verdict"].startswith("cannot be checked: missing definition, population")
    assert "would agree as longest_weeks_open" in row["note"]
    assert "mean_weeks_open 31.0 (2024-07-31)" in row["recomputed"]


def test_a_statement_that_depends_on_what_is_meant_lacks_the_definition():
    claim = Statement(
        "X",
        "wait",
        ("mean_weeks_open", "longest_weeks_open"),
        "NST",
        "assessment",
        unit="weeks",
        now=Said("31", "2024-07-01", "2024-07-31"),
    )
    assert verdict(claim)["verdict"] == "cannot be checked: missing definition"


def test_months_are_days_over_30_4375():
    assert months_of_weeks(78.3) == pytest.approx(548.1 / 30.4375)  # 18.007
    claim = Statement(
        "X",
        "wait",
        ("mean_weeks_open",),
        "OT_LA",
        "assessment",
        unit="months",
        now=Said("18", "2024-01-01", "2024-01-31"),
    )
    assert verdict(claim)["verdict"] == "holds"


def test_a_suppressed_or_undefined_number_in_the_released_table_checks_nothing():
    released = PUBLISHED.assign(status="")
    released.loc[released["measure"] == "referrals", ["value", "status"]] = [float("nan"), "c"]
    assert (
        verdict(UPDATE["S05"], released)["verdict"]
        == "cannot be checked: missing a number that is suppressed"
    )
    undefined = PUBLISHED.assign(value=float("nan"))
    assert verdict(UPDATE["S05"], undefined)["verdict"] == "cannot be checked: missing records"


def test_a_series_with_a_gap_is_not_summed():
    assert verdict(UPDATE["S08"])["verdict"] == "holds"  # 12 + 13 + 13
    assert (
        verdict(UPDATE["S08"], series=SERIES.iloc[1:])["verdict"]
        == "cannot be checked: missing records"
    )
    assert verdict(UPDATE["S08"], series=None)["verdict"] == "cannot be checked: missing records"


def test_the_made_up_sample_holds_what_the_update_says_of_plans_requests_and_meetings():
    root = Path(__file__).resolve().parents[1]
    area = sw.open(root)
    figures = pd.concat(
        [
            area.figures("2024-07-31", "EHC", months=8),
            area.figures("2024-07-31", "EHC", period="year"),
        ]
    )
    series = pd.concat(pd.read_csv(path) for path in sorted(root.glob("data/raw/series_*.csv")))
    verdicts = check(OCTOBER_2024, figures, series).set_index("id")["verdict"]
    assert verdicts[["S05", "S06", "S07", "S08", "S29", "S30", "S46", "S47"]].eq("holds").all()


def test_every_row_of_the_update_has_its_statement_and_its_verdict():
    with reference("domain/board_update_2024-10_figures.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert list(rows) == [statement.id for statement in OCTOBER_2024] and len(rows) == 49
    for statement in OCTOBER_2024:
        if statement.pathway:
            assert statement.pathway.split("_")[0] == rows[statement.id]["pathway"].split("-")[0]
            said = rows[statement.id]["value"].replace("->", " ").split()
            for number in (statement.now.number, statement.change):
                assert not number or {number, number.lstrip("-")} & {
                    *said,
                    rows[statement.id]["comparison"],
                    "100",
                    "33",
                }, statement.id
    verdicts = check(OCTOBER_2024, PUBLISHED, SERIES)["verdict"]
    assert verdicts.str.match(r"holds$|does not hold$|cannot be checked: missing \w").all()
