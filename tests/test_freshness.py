"""How late a service's newest extract is, from the names of its files, and what that does to its numbers."""

from __future__ import annotations

from datetime import date

import pytest

import sendwaits as sw
from sendwaits import raw
from sendwaits.errors import Refused
from sendwaits.workspace import open_workspace


@pytest.fixture
def late(tmp_path):
    """NST up to 31 July, SLCN up to 20 August and 30 September, OT_LA only in October; 45 days are too late."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "X"\n', encoding="utf-8")
    for number, name in enumerate(
        (
            "NST_2024-07-31.csv",
            "slcn_2024-08-20.csv",
            "SLCN_2024-09-30.csv",
            "OT_LA_2024-10-31.csv",
        ),
        1,
    ):
        rows = f"child_id,referral_date\nc1,2024-07-0{number}\nc2,2024-07-09\n"
        (tmp_path / "data" / "raw" / name).write_text(rows, encoding="utf-8")
    return tmp_path


def found(root, day):
    fresh = raw.freshness(open_workspace(root), date.fromisoformat(day))
    return {f.pathway: (str(f.newest), f.days_late, str(f.known_until), f.left_out) for f in fresh}


def test_the_newest_extract_on_or_before_the_census_day_counts(late):
    assert found(late, "2024-08-20") == {
        "NST": ("2024-07-31", 20, "2024-07-31", ""),
        "OT_HEALTH": ("None", 0, "None", "none"),
        "OT_LA": ("None", 0, "None", "later"),
        "SLCN": ("2024-08-20", 0, "2024-08-20", ""),
        "SLCN_AUTISM": ("None", 0, "None", "none"),
        "EHC": ("None", 0, "None", "none"),
    }


def test_three_days_after_the_extract_are_taken_as_known_and_the_fourth_is_not(late):
    assert found(late, "2024-08-03")["NST"] == ("2024-07-31", 3, "2024-08-03", "")
    assert found(late, "2024-08-04")["NST"] == ("2024-07-31", 4, "2024-07-31", "")


def test_over_45_days_a_service_is_left_out_and_the_setting_moves_that(late):
    assert found(late, "2024-09-14")["NST"][3] == ""  # 45 days
    assert found(late, "2024-09-15")["NST"][3] == "late"  # 46
    (late / "sendwaits.toml").write_text('[area]\nname = "X"\nlate_days = 60\n', encoding="utf-8")
    assert found(late, "2024-09-15")["NST"][3] == ""


def test_figures_name_each_late_service_and_what_is_not_known(late):
    area = sw.open(late)
    table = area.figures(as_at="2024-09-30")
    assert set(table["pathway"]) == {"SLCN"}
    assert (
        "Left out, newest extract more than 45 days before 2024-09-30: NST (2024-07-31)."
        in area.said
    )
    area.figures(as_at="2024-08-20", pathway=["NST", "SLCN"])
    assert area.said == [
        "Not known, counted as if nothing had happened: NST after 2024-07-31 up to 2024-08-20."
    ]


def test_a_day_a_year_after_every_extract_is_refused(late):
    with pytest.raises(Refused, match=r"NST \(2024-07-31\), OT_LA \(2024-10-31\)"):
        sw.open(late).figures(as_at="2025-10-31")
    for day in ("9999-12-31", "1066-10-14"):
        with pytest.raises(Refused, match="no census day"):
            sw.open(late).figures(as_at=day)


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("EHC_31-07-2024.csv", "EHC_2024-07-31.csv"),
        ("EHC_07-08-2024.csv", "EHC_<YYYY-MM-DD>.csv"),  # July or August? not ours to say
        ("EHC_2024-07-31 (1).csv", "EHC_2024-07-31.csv, if it is no second copy of that file"),
        ("EHC 2024-07-31.csv", "EHC_2024-07-31.csv"),
        ("slcn_autism_20240731.xlsx", "SLCN_AUTISM_2024-07-31.xlsx"),
        ("EHC.csv", "EHC_<YYYY-MM-DD>.csv"),
        ("EHC_2024-13-45.csv", "EHC_<YYYY-MM-DD>.csv"),
        ("Book1.xlsx", "<service>_<YYYY-MM-DD>.csv"),
    ],
)
def test_a_file_that_is_not_named_as_an_extract_is_told_its_name(late, name, better):
    workspace = open_workspace(late)
    assert raw.named(name, workspace) is None and raw.remedy(name, workspace) == better
    (workspace.raw / name).write_text("child_id,referral_date\nc1,2024-01-01\n", encoding="utf-8")
    area = sw.open(late)
    area.pathways("2024-08-20")
    assert f"Left out, not named as an extract: {name} (call it {better})." in area.said
