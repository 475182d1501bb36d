"""What was said, recomputed or refused: single statements by hand, and the 49 of the October 2024 update."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from reference import reference

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.measure import claims, statements, totals
from sendwaits.release.key import Key
from sendwaits.run.cli import _run, cli
from sendwaits.workspace import SaidThen

ROOT = Path(__file__).resolve().parents[1]
UPDATE = pd.read_csv(Path(__file__).with_name("board_update.csv"), keep_default_na=False, dtype=str)
COLUMNS = ["pathway", "wait", "measure", "group", "period_start", "period_end", "value", "unit"]


def year(y):
    return f"{y}-01-01", f"{y}-12-31"


# DfE, Education, health and care plans, 2025 release, Nottinghamshire: requests, and plans within 20 weeks.
PUBLISHED = pd.DataFrame(
    [
        ("EHC", "", "referrals", "", *year(2022), 1087, "count"),
        ("EHC", "", "referrals", "", *year(2023), 1380, "count"),
        ("EHC", "", "within_20_weeks_pct", "", *year(2022), 100 * 22 / 488, "percent"),
        ("EHC", "", "within_20_weeks_pct", "", *year(2023), 100 * 227 / 702, "percent"),
        ("OT_HEALTH", "treatment", "waiting", "", "", "2024-03-31", 150, "count"),
        ("OT_HEALTH", "treatment", "waiting", "", "", "2024-07-31", 103, "count"),
        ("NST", "assessment", "mean_weeks_open", "", "", "2023-12-31", 67.96, "weeks"),
        ("NST", "assessment", "mean_weeks_open", "", "", "2024-07-31", 54.10, "weeks"),
        ("NST", "assessment", "longest_weeks_open", "", "", "2023-12-31", 150.1, "weeks"),
        ("NST", "assessment", "longest_weeks_open", "", "", "2024-07-31", 130.2, "weeks"),
        ("OT_LA", "assessment", "mean_weeks_open", "worker=OT", "", "2024-01-31", 78.3, "weeks"),
        *(
            ("SLCN", "contact", "starts", "", f"2024-0{m}-01", f"2024-0{m}-{d}", n, "count")
            for m, d, n in ((1, 31, 30), (2, 29, 33), (3, 31, 37))
        ),
    ],
    columns=COLUMNS,
)
MEETINGS = totals.figures(
    pd.DataFrame(
        {
            "month": pd.period_range("2023-01", "2024-09", freq="M").astype(str),
            "measure": "mediation_meetings",
            "value": [12, 13, 13, *[3] * 9, 1, *[0] * 8],
            "unit": "count",
        }
    )
)
KNOWN = pd.concat([PUBLISHED, MEETINGS], ignore_index=True)
NST = {"pathway": "NST", "wait": "assessment", "base": "2023-12", "now": "2024-07"}
MEDIATION = {"measure": "mediation_meetings", "base": "Q1 2023"}


def verdict(figures=KNOWN, k=1, **said):
    return claims.check([SaidThen(**{"text": "A sentence.", **said})], figures, k).iloc[0]


def test_twenty_seven_percent_more_requests_agrees():
    row = verdict(
        pathway="EHC", measure="referrals", base="2022", now="2023", change="27% increase"
    )
    assert row["verdict"] == "agrees"  # 1380 / 1087 = +26.95 %
    assert row["right"] == "1,087 (2022) -> 1,380 (2023), change +27.0 %"
    assert (row["base"], row["now"], round(row["change"], 2)) == (1087, 1380, 26.95)


def test_a_number_that_is_not_the_recomputed_one_does_not_agree_and_the_right_one_is_given():
    row = verdict(
        pathway="OT_HEALTH", wait="treatment", measure="waiting", base="2024-03", now="2024-07",
        value="150 -> 102 children",
    )  # fmt: skip
    assert row["verdict"] == "does not agree"
    assert row["right"] == "150 (31 March 2024) -> 103 (31 July 2024)"


def test_a_change_that_is_arithmetic_on_the_rounded_figures_agrees_and_says_so():
    # 67.96 -> 54.10 is -20.4 %; (54 - 68) / 68 is -20.6 %, printed -21 %
    row = verdict(**NST, measure="mean_weeks_open", value="68 -> 54 weeks", change="-21 %")
    assert row["verdict"] == "agrees" and "arithmetic on the rounded figures" in row["why"]
    assert row["right"].endswith("change -20.4 %")
    alone = verdict(**NST, measure="mean_weeks_open", change="-21 %")
    assert alone["verdict"] == "does not agree"
    assert verdict(**NST, measure="mean_weeks_open", change="-20 %")["verdict"] == "agrees"
    assert verdict(**NST, measure="mean_weeks_open", change="-14 weeks")["verdict"] == "agrees"


def test_a_fall_that_undoes_its_own_suppression_is_caught_without_telling_the_number():
    said = {**MEDIATION, "now": "2024-01 to 2024-09", "value": "38 -> less than 5"}
    row = verdict(**said, change="down 97%")
    assert row["verdict"] == "cannot be checked"
    assert set(row["missing"]) == {"equal periods", "a number that is not suppressed"}
    assert "undoes the suppression: only one number fits" in row["why"]
    assert row["change"] != row["change"] and "97.4" not in row["right"]
    vague = verdict(**said, change="down about 93%")  # 88.4 to 97.6: 1, 2, 3 and 4 fit
    assert "undoes" not in vague["why"]


def test_a_hundred_percent_fall_from_no_number_has_no_base():
    row = verdict(measure="mediation_meetings", now="2024-02 to 2024-09", change="down 100%")
    assert (row["verdict"], row["missing"]) == ("cannot be checked", ("the base",))


def test_three_months_are_not_compared_with_nine():
    row = verdict(**MEDIATION, now="2024-01 to 2024-09", value="38 -> 1", change="-97 %")
    assert (row["verdict"], row["missing"]) == ("cannot be checked", ("equal periods",))
    fair = verdict(**MEDIATION, now="Q1 2024", value="38 -> 1", change="-97 %")
    assert fair["verdict"] == "agrees"  # (1 - 38) / 38 = -97.4 %


def test_numbers_that_do_not_give_their_own_change_are_refuted_without_any_record():
    row = verdict(
        pathway="SLCN", measure="waiting", base="2024-01", now="2024-02", value="100 -> 90",
        change="-50 %",
    )  # fmt: skip
    assert row["verdict"] == "does not agree" and "its own numbers" in row["why"]


def test_a_change_from_nothing_has_no_base():
    none = MEETINGS.assign(value=0.0)
    row = verdict(none, **MEDIATION, now="Q1 2024", change="+10 %")
    assert (row["verdict"], row["missing"]) == ("cannot be checked", ("a base above 0",))


def test_a_wait_without_statistic_says_as_what_it_would_agree():
    row = verdict(**NST, value="68 -> 54 weeks")
    assert (row["verdict"], row["missing"]) == ("cannot be checked", ("the statistic",))
    assert row["why"] == "would agree as mean_weeks_open" and row["measure"] == "mean_weeks_open"
    wrong = verdict(**NST, value="60 -> 50 weeks")
    assert "agrees under no statistic: mean_weeks_open 68.0 weeks" in wrong["why"]


def test_months_are_days_over_30_4375():
    row = verdict(
        pathway="OT_LA", wait="assessment", measure="mean_weeks_open", group="worker=OT",
        now="2024-01", value="18 months",
    )  # fmt: skip
    assert row["verdict"] == "agrees"  # 78.3 x 7 / 30.4375 = 18.007
    assert row["right"] == "18.0 months (31 January 2024)" and round(row["now"], 3) == 18.007


def test_months_add_up_to_a_quarter_and_a_missing_month_is_not_bridged():
    said = {"pathway": "SLCN", "wait": "contact", "measure": "starts", "now": "Q1 2024"}
    row = verdict(**said, value="100")
    assert row["verdict"] == "agrees"  # 30 + 33 + 37
    assert row["keys"][0] == str(Key("SLCN", "contact", "starts", "", "2024-01-01", "2024-01-31"))
    gap = KNOWN[KNOWN["period_end"] != "2024-02-29"]
    assert verdict(gap, **said, value="100")["missing"] == (
        "a figure of that date (the nearest known is March 2024)",
    )


def test_a_month_inside_a_known_quarter_and_a_day_between_two_censuses_name_what_is_known():
    quarter = (
        KNOWN[KNOWN["measure"] == "starts"]
        .iloc[:1]
        .assign(period_start="2024-01-01", period_end="2024-03-31", value=100.0)
    )
    said = {"pathway": "SLCN", "wait": "contact", "measure": "starts", "value": "30"}
    row = verdict(quarter, **said, now="2024-02")
    assert row["missing"] == ("a figure of that date (known around it is January to March 2024)",)
    row = verdict(**NST | {"base": "", "now": "2024-07-19"}, measure="mean_weeks_open", value="54")
    assert row["missing"] == ("a figure of that date (the nearest known is 31 July 2024)",)


def test_what_the_sentence_does_not_give_is_named():
    assert verdict()["missing"] == ("a number", "a measure")
    said = {"pathway": "EHC", "measure": "referrals", "value": "1,380"}
    assert verdict(**said)["missing"] == ("its date",)
    assert verdict(**said, now="lately")["missing"][0] == "a date or period that can be read (now)"
    odd = verdict(**{**said, "value": "13 or 14"}, now="2023")
    assert odd["missing"] == ("a number that can be read",)
    assert (
        verdict(pathway="EHC", measure="plans", now="2023", value="1")["verdict"]
        == claims.VERDICTS[2]
    )


def released(rows):
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "form"]).astype({"value": float})
    for side in ("period_start", "period_end"):
        frame[side] = pd.to_datetime(frame[side].replace("", None))
    return frame


LIST = ("SLCN", "contact", "waiting", "", "", "2024-07-31")
WAITS = {"pathway": "SLCN", "wait": "contact", "measure": "waiting", "now": "31 July 2024"}


@pytest.mark.parametrize(
    ("form", "value", "said", "expected"),
    [
        ("exact", 102, "102", "agrees"),
        ("exact", 103, "102", "does not agree"),
        ("rounded", 100, "102", "agrees"),  # 97.5 to 102.5
        ("rounded", 100, "103", "does not agree"),
        ("c", None, "under 5", "agrees"),  # 1 to 4 all are
        ("c", None, "3", "cannot be checked"),
        ("c", None, "12", "does not agree"),
        ("c", None, "0", "does not agree"),
        ("c", None, "over 2", "cannot be checked"),
        ("z", None, "12", "cannot be checked"),
    ],
)
def test_a_released_figure_checks_as_far_as_it_shows(form, value, said, expected):
    row = verdict(released([(*LIST, value, "count", form)]), k=5, **WAITS, value=said)
    assert row["verdict"] == expected
    if form == "rounded":
        assert row["right"] == "100 (31 July 2024)"
    if form == "c":
        assert row["right"] == "under 5 (31 July 2024)" and row["now"] != row["now"]


def test_a_share_of_rounded_counts_agrees_where_the_exact_one_may_be_printed_so():
    key = ("EHC", "", "within_20_weeks_pct", "", "2022-01-01", "2022-12-31")
    frame = released([(*key, 4.1, "percent", "rounded")]).assign(numerator=20, denominator=490)
    said = {"pathway": "EHC", "measure": "within_20_weeks_pct", "now": "2022"}
    # 22 of 488 is 4.5; 18 of 492 is 3.7, 22 of 488 is 4.5: both may be behind 20 of 490
    row = verdict(frame, k=8, **said, value="4.5%")
    assert row["verdict"] == "agrees" and "nearest 5" in row["why"]
    assert verdict(frame, k=8, **said, value="4.7%")["verdict"] == "does not agree"
    few = released([(*key, None, "percent", "c")]).assign(numerator=None, denominator=None)
    assert verdict(few, k=8, **said, value="4.5%")["missing"] == (
        "a number that is not suppressed",
    )


def test_an_average_of_one_decimal_agrees_with_what_its_exact_value_may_be():
    key = ("NST", "assessment", "mean_weeks_open", "", "", "2024-07-31")
    frame = released([(*key, 54.5, "weeks", "exact")])
    said = {"pathway": "NST", "wait": "assessment", "measure": "mean_weeks_open", "now": "2024-07"}
    for value, expected in (("54", "agrees"), ("55", "agrees"), ("53", "does not agree")):
        assert verdict(frame, k=5, **said, value=value)["verdict"] == expected


def test_no_change_is_computed_from_a_suppressed_figure():
    frame = released([(*LIST, None, "count", "c"), (*LIST[:5], "2023-07-31", 40, "count", "exact")])
    row = verdict(frame, k=5, **WAITS, base="2023-07", change="down 95%")
    assert row["missing"] == ("a number that is not suppressed",) and row["change"] != row["change"]


def test_a_released_sum_of_monthly_totals_checks_without_telling_a_small_number():
    key = ("", "", "total:mediation_meetings", "", "2024-01-01", "2024-09-30")
    frame = released([(*key, None, "count", "c")])
    said = {"measure": "mediation_meetings", "now": "2024-01 to 2024-09"}
    row = verdict(frame, k=5, **said, value="less than 5")
    assert row["verdict"] == "agrees" and row["right"] == "under 5 (January to September 2024)"
    assert verdict(frame, k=5, **said, value="3")["verdict"] == "cannot be checked"


def test_the_longest_wait_of_a_released_set_is_not_one_childs():
    key = ("SLCN", "contact", "longest_weeks_open", "", "", "2024-07-31")
    frame = released([(*key, 37.0, "weeks", "exact")])
    said = {**WAITS, "measure": "longest_weeks_open"}
    assert verdict(frame, k=5, **said, value="36 weeks")["verdict"] == "does not agree"
    row = verdict(frame, k=5, **said, value="39 weeks")
    assert row["missing"] == ("one child's wait (at least 5 children waited 37 weeks or more)",)


def test_statements_of_a_csv_are_those_of_a_toml_file(tmp_path):
    head = "text,pathway,measure,now,value\n"
    (tmp_path / "said.csv").write_text(head + 'Requests.,EHC,referrals,2023,"1,380"\n', "utf-8")
    (tmp_path / "said.toml").write_text(
        '[[statements]]\ntext = "Requests."\npathway = "EHC"\nmeasure = "referrals"\n'
        'now = "2023"\nvalue = "1,380"\n', "utf-8",
    )  # fmt: skip
    read = [statements.from_file(tmp_path / name) for name in ("said.csv", "said.toml")]
    assert read[0] == read[1] and claims.check(read[0], KNOWN)["verdict"].tolist() == ["agrees"]
    (tmp_path / "said.csv").write_text("text,author\nRequests.,A person\n", "utf-8")
    with pytest.raises(Refused, match="said.csv: unknown key 'author' in statement 1"):
        statements.from_file(tmp_path / "said.csv")


def test_the_command_prints_the_verdicts_of_a_file(tmp_path, capfdbinary):
    file = tmp_path / "said.csv"
    file.write_text("text,pathway,measure,now,value\nRequests.,EHC,referrals,2023,1381\n", "utf-8")
    arguments = ["claims", str(file), "--dir", str(ROOT), "--as-at", "2024-09-30"]
    call = lambda: cli.main([*arguments, "--format", "json"], standalone_mode=False)  # noqa: E731
    assert _run(call, debug=False) == 0
    [row] = json.loads(capfdbinary.readouterr().out)
    assert (row["verdict"], row["right"]) == ("does not agree", "1,380 (2023)")


@cache
def _checked(as_at: str) -> pd.DataFrame:
    return sw.open(ROOT).claims(as_at=as_at)


@pytest.mark.parametrize("at", range(49), ids=list(UPDATE["id"]))
def test_each_of_the_49_figures_has_its_verdict_on_the_sample_or_says_what_is_missing(at):
    asked = UPDATE.iloc[at]
    row = _checked(asked["as_at"] or "2024-09-30").iloc[at]
    assert asked["said"] in row["text"]
    assert row["verdict"] == asked["verdict"]
    if asked["verdict"] == "agrees":
        assert asked["measure"] == row["measure"] and asked["statistic"] and asked["clock"]
    else:
        assert asked["why_not"] and "; ".join(row["missing"]) == asked["missing"]


def test_the_49_figures_are_those_of_the_reference_table():
    with reference("domain/board_update_2024-10_figures.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    assert list(UPDATE["id"]) == [row["id"] for row in rows]
    said = sw.open(ROOT).workspace.statements
    for row, ours, statement in zip(rows, UPDATE.itertuples(), said, strict=True):
        assert ours.pathway.startswith(row["pathway"].replace("-", "_")) or not ours.pathway
        printed = f"{statement.value} {statement.change} {statement.text}".replace(",", "")
        printed = printed.replace("none", "0").replace("no ", "0 ").replace("third", "1/3")
        number = row["value"].split()[-1].strip("-<()") if ours.verdict == "agrees" else ""
        assert number in printed, ours.id


def test_what_cannot_be_computed_is_no_figure_of_records():
    rows = UPDATE[UPDATE["verdict"] != "agrees"]
    assert len(rows) == 22 and set(rows.loc[rows["pathway"] != "", "id"]) == {"S19", "S26", "S45"}
