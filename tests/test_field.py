"""Extracts as they really come: each is read right, refused, or told in red; the table of the field is the first test table."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import pytest
from extract_made import Outcome, outcome, put, rows, text
from reference import reference

import sendwaits as sw

CASES = {
    "mg_migrated": lambda o: (
        (o.value("waiting"), o.total("completed"), o.red) == (25, 35, ["W-IDS"])
    ),
    "bl_newids": lambda o: (
        o.value("waiting", "plan", "2024-10-31") == 20
        and o.total("plans_issued", "") == 80
        and o.red == ["W-IDS"]
    ),
    "c06_placeholder_Unknown": lambda o: o.value("waiting") == 20 and "N-NOID" in o.screen,
    # all 30 are open, each counted; the table's 20 are those with an id (CONTRACT 6 stands above it)
    "c06b_one_id_many_dob": lambda o: o.value("waiting") == 30 and o.red == ["W-CHILD"],
    "c06d_ehc_un4": lambda o: o.value("waiting", "plan") == 30 and "N-NOID" in o.screen,
    "c02_ssms_null": lambda o: o.value("waiting") == 20,
    "c04b_optional_column": lambda o: (
        "'first_contact_date'" in o.refused
        and "99 aaa 9999 99:99" in o.refused
        and 'first_contact_date = "%d %b %Y %H:%M"' in o.refused
    ),
    "c04_date_sqlserver_style0": lambda o: (o.value("waiting"), o.total("completed")) == (20, 10),
    "c13_us_excel_uniform": lambda o: "swapped day and month" in o.refused,
    "c13_us_excel_mostly_low_days": lambda o: "swapped day and month" in o.refused,
    "q1_keep1": lambda o: "29 of 30 rows have no child's id" in o.refused,
    "q2_seen_but_unread": lambda o: "'first_contact_date'" in o.refused,
}
ELSEWHERE = {
    "c09_powerbi_refs": "test_workbooks.py",
    "s1_excel_resaved_Mmm-yy": "test_series_files.py",
    "s3_sep_first_line": "test_series_files.py",
    "s4_gap_one_of_two": "test_series_files.py",
    "dfe door": "test_dfe_door.py",
}


def field(case: str, tmp_path: Path) -> Path:
    """A copy of one case of the field, to be written into."""
    root = tmp_path / case
    shutil.copytree(reference(f"field/{case}"), root, copy_function=shutil.copyfile)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return root


def test_every_case_of_the_field_has_its_test():
    with open(reference("field/expected.csv"), encoding="utf-8", newline="") as file:
        named = [row["case"] for row in csv.DictReader(file)]
    assert sorted(named) == sorted([*CASES, *ELSEWHERE])


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_case_of_the_field_ends_as_its_row_says(case, tmp_path):
    as_at = "2024-10-31" if case == "bl_newids" else "2024-07-31"
    found = outcome(field(case, tmp_path), as_at)
    assert CASES[case](found), (found.refused, found.screen)


def test_null_of_a_database_export_is_no_district(tmp_path):
    found = outcome(field("c02_ssms_null", tmp_path), group="district")
    assert sorted(set(found.figures["group"])) == ["", "district=East", "district=unknown"]


# --- record ids replaced


OLD, NEW = "2024-03-31", "2024-07-31"


def two(tmp_path: Path, ids, *, drop=lambda row: False) -> Outcome:
    """Figures of two extracts, the newer with ids by ``ids(number, row)``."""
    put(tmp_path, text(rows(day=OLD)), OLD)
    newer = text(rows(day=NEW))
    for number, row in enumerate(newer):
        row["referral_id"] = ids(number, row)
    put(tmp_path, [r for r in newer if not drop(r)], NEW)
    return outcome(tmp_path)


def truth(tmp_path: Path) -> Outcome:
    put(tmp_path / "truth", text(rows(day=OLD)), OLD)
    put(tmp_path / "truth", text(rows(day=NEW)), NEW)
    return outcome(tmp_path / "truth")


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("a new system", lambda n, row: f"S1-{n}"),
        ("numbered anew from the top, old numbers used again", lambda n, row: f"R{39 - n:03d}"),
        ("shifted by one", lambda n, row: f"R{n + 1:03d}"),
        ("no ids any more", lambda n, row: ""),
        ("a prefix", lambda n, row: f"OLD/{row['referral_id']}"),
        ("three of four replaced", lambda n, row: row["referral_id"] if n % 4 == 0 else f"S{n}"),
    ],
)
def test_replaced_record_ids_change_no_figure_and_are_told_in_red(name, ids, tmp_path):
    found, right = two(tmp_path / "new", ids), truth(tmp_path)
    assert found.figures.equals(right.figures), name
    assert found.red == ["W-IDS"] and found.screen.count("W-IDS") == 1


def test_a_record_of_the_new_system_that_is_away_for_a_month_is_known_by_child_and_start(tmp_path):
    put(tmp_path, text(rows(day="2024-02-29")), "2024-02-29")
    for day, missing in ((OLD, "C010"), (NEW, "")):
        newer = text(rows(day=day))
        for row in newer:
            row["referral_id"] = "S" + row["child_id"]
        put(tmp_path, [r for r in newer if r["child_id"] != missing], day)
    assert outcome(tmp_path).figures.equals(truth(tmp_path).figures)


def test_single_records_under_another_id_are_counted_by_the_contract_and_told_in_red(tmp_path):
    found = two(tmp_path / "new", lambda n, row: f"S{n}" if n % 8 == 4 else row["referral_id"])
    assert found.red == ["W-IDS"]
    assert "the same child and start under another id" in found.screen


def test_ids_that_stay_are_no_finding(tmp_path):
    found = truth(tmp_path)
    assert found.red == [] and "W-IDS" not in found.screen


# --- no child behind an id


@pytest.mark.parametrize(
    "word",
    ["NULL", "Unknown", "UPN requested", "UN4", "0", "-", "Not known", "N/A", "Pending", "TBC", "No NHS number", "New child",
     "0000000000", "999 999 9999"],
)  # fmt: skip
def test_a_word_where_a_child_should_be_makes_no_child(word, tmp_path):
    table = text(rows())
    for row in table[1::5]:
        row["child_id"] = word
    put(tmp_path, table)
    put(tmp_path / "truth", text(rows()))
    found, right = outcome(tmp_path), outcome(tmp_path / "truth")
    assert found.figures.equals(right.figures)
    assert "N-NOID SLCN_2024-07-31.csv: 8 rows without a child's id" in found.screen


def test_without_a_record_id_a_row_without_a_child_is_set_aside(tmp_path):
    table = text(rows())
    for row in table:
        del row["referral_id"]
    table[3]["child_id"] = "Unknown"
    put(tmp_path, table)
    found = outcome(tmp_path)
    assert "Q-NOID SLCN_2024-07-31.csv: 1 rows set aside" in found.screen


def test_children_without_an_id_are_never_one_child_and_keep_their_rows_from_month_to_month(
    tmp_path,
):
    for day in (OLD, NEW):
        table = text(rows(day=day))
        for row in table[::5]:
            row["child_id"] = "Unknown"
        put(tmp_path, table, day)
    assert outcome(tmp_path).figures.equals(truth(tmp_path).figures)


@pytest.mark.parametrize("n", [4, 8])
def test_one_id_over_many_open_referrals_is_red_whatever_it_looks_like(n, tmp_path):
    table = text(rows())
    for row in [r for r in table if not r["first_contact_date"] and not r["closed_date"]][:n]:
        row["child_id"], row["date_of_birth"] = "C9999", ""
    put(tmp_path, table)
    assert outcome(tmp_path).red == ["W-CHILD"]


def test_rows_of_one_id_with_different_birth_dates_are_different_children(tmp_path):
    table = text(rows())
    for row in table[::4]:
        row["child_id"] = "C9999"
    put(tmp_path, table)
    put(tmp_path / "truth", text(rows()))
    found = outcome(tmp_path)
    assert found.red == ["W-CHILD"]
    assert found.figures.equals(outcome(tmp_path / "truth").figures)


# --- rows set aside


def spoilt(table, n, column="referral_date", value="31/02/2024"):
    for row in table[:n]:
        row[column] = value
    return table


@pytest.mark.parametrize(
    ("n", "red", "refused"),
    [(8, False, False), (9, True, False), (20, True, False), (21, False, True), (40, False, True)],
)
def test_over_a_fifth_set_aside_is_red_and_over_half_is_refused(n, red, refused, tmp_path):
    put(
        tmp_path, spoilt(text(rows()), n, "district", "NG1 5AB")
    )  # 8 of 40 are a fifth, 20 are half
    found = outcome(tmp_path)
    assert (found.red == ["W-ASIDE"], bool(found.refused)) == (red, refused)
    if refused:
        assert f"{n} of 40 rows are set aside, most of them by Q-AREA" in found.refused


def test_totals_and_footers_are_no_rows_lost(tmp_path):
    path = put(tmp_path, text(rows(6)))
    path.write_text(path.read_text() + "Total,6,,,,,,\nEnd of report,,,,,,,\n" * 4)
    assert outcome(tmp_path).red == [] and outcome(tmp_path).value("waiting") == 3


def test_a_row_set_aside_is_not_called_absent_and_its_older_state_is_told(tmp_path):
    put(tmp_path, text(rows(day=OLD)), OLD)
    newer = text(rows(day=NEW))
    for row in newer[1:6]:
        row["closed_date"] = "31/02/2024"
    put(tmp_path, newer, NEW)
    found = outcome(tmp_path)
    assert found.value("waiting_not_flowed") == 0 and "D23" not in found.screen
    assert (
        "W-ASIDE SLCN_2024-03-31.csv: 5 records whose row in the newest extract was set aside"
        in (found.screen)
    )


def test_a_row_that_is_in_no_newer_extract_is_still_not_flowed(tmp_path):
    put(tmp_path, text(rows(day=OLD)), OLD)
    put(
        tmp_path, text(rows(day=NEW))[2:], NEW
    )  # C000 is seen, C001 waits: one open record vanished
    found = outcome(tmp_path)
    assert found.value("waiting_not_flowed") == 1 and "D23" in found.screen


# --- ids written otherwise, lists cut off


@pytest.mark.parametrize(
    ("name", "form"),
    [("floats", "{0}.0"), ("Excel text", '="{0}"'), ("an apostrophe", "'{0}"), ("zeros lost", "{1}"), ("a letter before", "P{0}"),
     ("a dash", "{2}-{3}")],
)  # fmt: skip
def test_ids_written_otherwise_in_the_newer_extract_are_the_same_records(name, form, tmp_path):
    for day in (OLD, NEW):
        table = text(rows(day=day))
        for n, row in enumerate(table):
            plain = f"{n + 100:06d}"
            told = plain if day == OLD else form.format(plain, n + 100, plain[:3], plain[3:])
            row["child_id"] = row["referral_id"] = told
        put(tmp_path, table, day)
    found, right = outcome(tmp_path), truth(tmp_path / "truth")
    assert found.figures.equals(right.figures), name
    assert found.red in ([], ["W-IDS"])


def test_an_extract_in_which_a_fifth_of_the_list_is_missing_is_red(tmp_path):
    put(tmp_path, text(rows(day=OLD)), OLD)
    put(tmp_path, text(rows(day=NEW))[:26], NEW)  # 26 of 40 rows: no half of the list is gone
    found = outcome(tmp_path)
    assert "D23" in found.red and "over a fifth of the list" in found.screen


def test_dates_that_the_extract_before_had_and_this_one_has_not_are_red(tmp_path):
    put(tmp_path, text(rows(day=OLD)), OLD)
    newer = text(rows(day=NEW))
    for row in newer:
        row["first_contact_date"] = ""
    put(tmp_path, newer, NEW)
    found = outcome(tmp_path)
    assert found.red == ["D25"] and "dates of 'first_contact_date'" in found.screen


# --- a column that is not there, or says nothing


def renamed(table, names):
    return [{names.get(k, k): v for k, v in row.items()} for row in table]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"first_contact_date": "1st Contact Dt"}, "it may be called '1st Contact Dt'"),
        ({"closed_date": "Dt Ended"}, "it may be called 'Dt Ended'"),
    ],
)
def test_a_renamed_date_of_a_wait_is_red_and_its_new_heading_is_named(names, said, tmp_path):
    put(tmp_path, renamed(text(rows()), names))
    found = outcome(tmp_path)
    assert found.red == ["N-HEADER"] and said in found.screen


def test_a_map_to_a_heading_that_is_not_there_says_so(tmp_path):
    put(tmp_path, text(rows()))
    toml = tmp_path / "sendwaits.toml"
    line = '[pathways.SLCN.headings]\nfirst_contact_date = "Seen on"\n'
    toml.write_text(toml.read_text() + line)
    found = outcome(tmp_path)
    said = "maps 'first_contact_date' to 'Seen on', which is not in the file; 'first_contact_date' was read"
    assert found.red == [] and said in found.screen and found.total("completed") == 14
    put(tmp_path, [{k: v for k, v in r.items() if k != "first_contact_date"} for r in text(rows())])
    found = outcome(tmp_path)
    assert found.red == ["N-HEADER"] and "maps it to 'Seen on', which is not in" in found.screen


def test_a_blank_column_beside_a_filled_one_of_the_same_meaning_is_red(tmp_path):
    put(tmp_path, [{**r, "Date of First Contact": r["first_contact_date"], "first_contact_date": ""} for r in text(rows())])  # fmt: skip
    found = outcome(tmp_path)
    assert found.red == ["N-HEADER"] and "'Date of First Contact' could be it" in found.screen


@pytest.mark.parametrize("word", ["not recorded", "Unknown", "seen 3/4", "31/02/2024"])
def test_a_column_of_which_over_a_fifth_cannot_be_read_is_red(word, tmp_path):
    table = text(rows())
    for row in [r for r in table if r["first_contact_date"]][:6]:  # 6 of 14 contacts, 15 % of rows
        row["first_contact_date"] = word
    put(tmp_path, table)
    assert outcome(tmp_path).red == ["Q-DATE"]


def test_words_for_what_has_not_happened_are_blanks(tmp_path):
    put(tmp_path / "truth", text(rows()))
    put(tmp_path, [{**r, "closed_date": r["closed_date"] or "Still open"} for r in text(rows())])
    assert outcome(tmp_path).figures.equals(outcome(tmp_path / "truth").figures)


def test_impossible_days_that_fit_when_swapped_put_the_column_in_doubt(tmp_path):
    """60 records of one day each: seen on the 9th, 10th or 11th of the month after, written month first in ISO."""
    table = []
    for n in range(60):
        month, day = 1 + n % 6, 9 + n % 3
        one = {"child_id": f"C{n}", "referral_id": f"R{n}", "referral_date": f"2024-{month:02d}-01"}
        swapped = (
            f"2024-{day:02d}-{month + 1:02d}" if n % 20 < 2 else f"2024-{month + 1:02d}-{day:02d}"
        )
        table.append({**one, "first_contact_date": swapped, "closed_date": ""})
    put(tmp_path, table)
    found = outcome(tmp_path)  # 6 of 60 rows are seen in September to November
    assert "day and month seem to have been swapped" in found.refused


@pytest.mark.parametrize("column", ["first_contact_date", "closed_date", "referral_date"])
def test_year_day_month_is_refused_with_its_format(column, tmp_path):
    table = text(rows())
    for row, made in zip(table, rows(), strict=True):
        row[column] = made[column].strftime("%Y-%d-%m") if made[column] else ""
    put(tmp_path, table)
    found = outcome(tmp_path)
    assert f'{column} = "%Y-%d-%m"' in found.refused and "year, day, month" in found.refused


def test_a_list_whose_newest_day_is_years_old_is_red(tmp_path):
    table = text(rows())
    for row, made in zip(table, rows(), strict=True):
        for name in ("referral_date", "first_contact_date", "closed_date"):
            row[name] = (
                made[name].replace(year=made[name].year - 4).isoformat() if made[name] else ""
            )
    put(tmp_path, [r for r in table if "-02-29" not in str(r)])
    assert outcome(tmp_path).red == ["F-ASOF"]


@pytest.mark.parametrize("offset", ["+01:00", "+0000", "-05:00"])
def test_midnights_with_an_offset_are_days_as_written(offset, tmp_path):
    put(tmp_path / "truth", text(rows()))
    put(tmp_path, text(rows(), f"%Y-%m-%dT00:00:00{offset}"))
    assert outcome(tmp_path).figures.equals(outcome(tmp_path / "truth").figures)


@pytest.mark.parametrize("form", ["%Y-%m", "%b-%y", "%m/%Y"])
def test_months_without_a_day_are_refused_as_such(form, tmp_path):
    put(tmp_path, text(rows(), form))
    assert "holds months without a day" in outcome(tmp_path).refused


@pytest.mark.parametrize(("tail", "said"), [(b"\x1a", ""), (b"\x00" * 9, "nothing but null bytes")])
def test_what_stands_after_the_last_row_is_named_or_read_over(tail, said, tmp_path):
    path = put(tmp_path, text(rows()))
    path.write_bytes(path.read_bytes() + tail)
    assert said in outcome(tmp_path).refused and bool(said) == bool(outcome(tmp_path).refused)


def test_a_red_finding_stands_on_every_page_without_its_numbers(tmp_path):
    put(tmp_path, spoilt(text(rows()), 9, "district", "NG1 5AB"))
    report = sw.open(tmp_path).report("trend", pathway="SLCN", as_at=NEW)
    words = "rows are set aside, over a fifth of the list, most of them by Q-AREA: every figure is short of them"
    assert f"SLCN extract: {words} (W-ASIDE)." in report.doubts
    assert f"<strong>In doubt:</strong> SLCN extract: {words}" in str(report.opening().html)


# --- EHC: dates that mean something only beside a code


def requests(change):
    """24 requests, decided after 40 days, two of three with Y and a plan after 140."""
    table = []
    for n in range(24):
        day = dt.date(2023, 1, 2) + dt.timedelta(days=14 * n)
        yes = n % 3 > 0
        decided, issued = day + dt.timedelta(days=40), day + dt.timedelta(days=140)
        table.append(
            change(
                {
                    "child_id": f"C{n}",
                    "request_id": f"R{n}",
                    "request_date": day.isoformat(),
                    "request_outcome": "Y" if yes else "N",
                    "request_outcome_date": decided.isoformat(),
                    "plan_date": issued.isoformat() if yes else "",
                    "closed_date": "",
                }
            )
        )
    return table


@pytest.mark.parametrize(
    ("change", "red"),
    [
        (lambda r: r, []),
        (lambda r: {**r, "request_outcome": ""}, ["N-HEADER", "D22"]),
        (lambda r: {k: v for k, v in r.items() if k != "request_outcome"}, ["N-HEADER", "D22"]),
        (lambda r: {**r, "plan_date": r["request_outcome_date"], "request_outcome_date": r["plan_date"]}, ["D22"]),
    ],
    ids=["right", "outcome blank", "outcome gone", "decision and plan swapped"],
)  # fmt: skip
def test_a_decision_without_its_outcome_or_swapped_with_the_plan_is_red(change, red, tmp_path):
    put(tmp_path, requests(change), code="EHC")
    found = outcome(tmp_path)
    assert found.red == red
    if not red:
        assert (found.total("plans_issued", ""), found.value("waiting", "plan")) == (16, 0)
