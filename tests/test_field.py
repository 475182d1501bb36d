"""Extracts as they really come: each is read right, refused, or told in red; the table of the field is the first test table."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from extract_made import Outcome, outcome, put, rows, text
from reference import reference

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
    ["NULL", "Unknown", "UPN requested", "UN4", "0", "-", "Not known", "N/A", "Pending", "TBC", "No NHS number", "New child"],
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
