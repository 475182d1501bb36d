"""The area beside England, its region and its neighbours, from DfE files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sendwaits as sw
from sendwaits import intake
from sendwaits.errors import Refused
from sendwaits.measure import benchmark
from sendwaits.measure.bands import half_up
from sendwaits.measure.benchmark import compare, published
from sendwaits.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[1]
HEAD = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,new_la_code,old_la_code,la_name,"
    "breakdown_topic,breakdown,plans_issued_den,plans_issued_den_ex,plans_issued_within_20_weeks,plans_issued_20_weeks_ex"
)
# DfE, Education, health and care plans, 2025 release, timeliness 2024, Nottinghamshire's ten statistical neighbours: code, old, name, region, counts.
PLACES = """\
National,E92000001,England,,,,,,90392,84866,41448,39407
Regional,E92000001,England,E12000004,East Midlands,,,,7405,6995,2816,2729
Local authority,E92000001,England,E12000002,North West,E10000017,888,Lancashire,1720,1718,298,297
Local authority,E92000001,England,E12000004,East Midlands,E10000007,830,Derbyshire,1253,1158,447,438
Local authority,E92000001,England,E12000004,East Midlands,E10000018,855,Leicestershire,772,772,33,33
Local authority,E92000001,England,E12000004,East Midlands,E10000024,891,Nottinghamshire,1259,1259,472,472
Local authority,E92000001,England,E12000005,West Midlands,E10000028,860,Staffordshire,947,879,334,319
Local authority,E92000001,England,E12000005,West Midlands,E10000031,937,Warwickshire,1122,1119,238,238
Local authority,E92000001,England,E12000006,East of England,E10000020,926,Norfolk,1909,1743,1064,981
Local authority,E92000001,England,E12000006,East of England,E10000029,935,Suffolk,1366,1366,347,347
Local authority,E92000001,England,E12000008,South East,E10000016,886,Kent,2424,2354,784,783
Local authority,E92000001,England,E12000009,South West,E06000024,802,North Somerset,625,522,394,321
Local authority,E92000001,England,E12000009,South West,E10000027,933,Somerset,567,567,190,190"""
NEIGHBOURS = [
    "Lancashire",
    "Derbyshire",
    "Leicestershire",
    "Staffordshire",
    "Warwickshire",
    "Norfolk",
    "Suffolk",
    "Kent",
    "North Somerset",
    "Somerset",
]


def folder(tmp_path, places=PLACES, topic="All EHC plans issued,All EHC plans issued"):
    lines = []
    for place in places.splitlines():
        cells = place.split(",")
        lines.append(",".join(["2024", "Calendar year", *cells[:8], topic, *cells[8:]]))
    raw = tmp_path / "data" / "raw" / "dfe"
    raw.mkdir(parents=True)
    (raw / "timeliness.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return tmp_path


def read(root):
    (root / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    return published(intake.dfe(open_workspace(root)))


def shown(table, measure):
    return {
        row.kind: str(half_up(row.value, places=1))
        for row in table[table["measure"] == measure].itertuples()
    }


def test_the_three_averages_of_the_neighbours_differ_and_each_is_named(tmp_path):
    table = compare(read(folder(tmp_path)), "Nottinghamshire", "E10000024", NEIGHBOURS)
    assert shown(table, "within_20_weeks_excl_pct") == {
        "area": "37.5",
        "England": "46.4",
        "region": "39.0",
        "mean of neighbours": "32.7",
        "median of neighbours": "33.4",
        "pooled neighbours": "32.4",
    }
    assert shown(table, "within_20_weeks_pct")["England"] == "45.9"


def test_a_percentage_carries_its_fraction_and_the_number_of_areas(tmp_path):
    table = compare(read(folder(tmp_path)), "Nottinghamshire", "891", NEIGHBOURS).set_index(
        ["measure", "kind"]
    )
    own, pooled = (
        table.loc[("within_20_weeks_pct", "area")],
        table.loc[("within_20_weeks_pct", "pooled neighbours")],
    )
    assert (own["numerator"], own["denominator"], own["period_start"], own["period_end"]) == (
        472,
        1259,
        "2024-01-01",
        "2024-12-31",
    )
    assert (pooled["numerator"], pooled["denominator"], pooled["areas"]) == (4129, 12705, 10)
    assert table.loc[("plans_issued", "area"), "value"] == 1259


def test_a_code_that_belongs_to_another_name_is_refused(tmp_path):
    with pytest.raises(Refused, match="la_code"):
        compare(read(folder(tmp_path)), "Nottinghamshire", "E10000007", NEIGHBOURS)


def test_a_file_that_gives_our_code_to_another_area_does_not_become_ours(tmp_path):
    swapped = PLACES.replace(
        "E10000024,891,Nottinghamshire", "E10000024,892,Nottinghamshire"
    ).replace("E10000007,830,Derbyshire", "E06000018,891,Nottingham")
    own = compare(read(folder(tmp_path, swapped)), "Nottinghamshire", "E10000024").query(
        "kind == 'area'"
    )
    assert set(own["place"]) == {"Nottinghamshire"} and own["numerator"].dropna().tolist() == [
        472,
        472,
    ]


def test_an_area_of_several_authorities_is_their_sum(tmp_path):
    """Derbyshire 447 of 1,253 and Nottinghamshire 472 of 1,259 in time: 919 of 2,512."""
    table = read(folder(tmp_path))
    own = compare(table, "Two counties", la_codes=["E10000007", "E10000024"])
    row = own[(own["kind"] == "area") & (own["measure"] == "within_20_weeks_pct")].iloc[0]
    assert (row["place"], row["numerator"], row["denominator"]) == ("Two counties", 919, 2512)
    with pytest.raises(Refused, match="la_codes: 891 is not in the files"):
        compare(table, "Two counties", la_codes=["E10000007", "891"])


def test_an_area_that_is_not_in_the_files_is_refused(tmp_path):
    with pytest.raises(Refused, match="name"):
        compare(read(folder(tmp_path)), "Exampleshire")


def test_neighbours_are_given_by_name(tmp_path):
    with pytest.raises(Refused, match="names, not codes"):
        compare(read(folder(tmp_path)), "Nottinghamshire", "", ["E10000017"])


def test_a_neighbour_without_a_published_value_is_left_out_and_named(tmp_path):
    hidden = PLACES.replace("Kent,2424,2354,784,783", "Kent,2424,2354,x,c")
    table = compare(read(folder(tmp_path, hidden)), "Nottinghamshire", "", NEIGHBOURS)
    row = table[
        (table["measure"] == "within_20_weeks_pct") & (table["kind"] == "mean of neighbours")
    ].iloc[0]
    assert (row["areas"], row["note"]) == (9, "without a published value: Kent")


def test_rows_of_a_breakdown_are_not_taken_for_the_total(tmp_path):
    assert read(folder(tmp_path, topic="Sex,Male")).empty


def test_no_file_gives_no_comparison(tmp_path):
    assert compare(read(tmp_path), "Nottinghamshire").empty


# Nottinghamshire 2019-2024 as published: requests; plans within 20 weeks / issued (2025 release).
REQUESTS = [667, 674, 811, 1087, 1380, 1719]
ON_TIME = [(242, 291), (392, 402), (144, 327), (22, 488), (227, 702), (472, 1259)]


def test_the_sample_carries_the_published_figures_of_nottinghamshire_and_its_neighbours():
    table = sw.open(ROOT).benchmark()
    own = table[table["kind"] == "area"]
    assert own[own["measure"] == "referrals"]["value"].tolist() == REQUESTS
    timely = own[own["measure"] == "within_20_weeks_pct"]
    assert list(zip(timely["numerator"], timely["denominator"], strict=True)) == ON_TIME
    late = table[table["year"] == "2024"]
    assert shown(late, "refusals_within_16_weeks_pct")["area"] == "17.9"
    assert shown(late, "refusals_within_16_weeks_pct")["England"] == "34.1"
    assert shown(late, "decisions_within_6_weeks_pct")["area"] == "98.1"
    assert shown(late, "within_20_weeks_excl_pct")["mean of neighbours"] == "32.7"
    # 6 tribunals about requests, 318 requests refused; 19 about assessments, 162 plans refused
    assert shown(late, "request_tribunals_pct")["area"] == "1.9"
    assert shown(late, "assessment_tribunals_pct")["area"] == "11.7"
    assert list(dict.fromkeys(late["kind"])) == list(benchmark.KINDS)


COMMUNITY = pd.DataFrame(
    [("2025-10", "National", "", "England", "speech", week, n) for week, n in
     zip(benchmark.BAND_WEEKS, [10, 10, 20, 20, 20, 10, 10, 0], strict=True)]
    + [("2025-10", "ICB", "Q", "AN ICB", "speech", "0-1", 4)],
    columns=["month", "level", "code", "name", "service", "band_weeks", "waiting"],
)  # fmt: skip


def _own(hidden=False):
    bands = list(benchmark.BAND_WEEKS.values())
    rows = [
        (f"waiting_band_{band}", "", day, n)
        for day, counts in (("2024-06-30", [9] * 8), ("2024-07-31", [5, 0, 5, 10, 0, 30, 0, 0]))
        for band, n in zip(bands, counts, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["measure", "group", "period_end", "value"])
    table["period_end"] = pd.to_datetime(table["period_end"])
    return table.assign(
        value=table["value"].where(table["value"] != 5) if hidden else table["value"]
    )


def test_our_bands_stand_beside_the_published_ones_of_the_service_each_with_its_date():
    table = benchmark.bands(_own(), COMMUNITY, "speech", ["AN ICB"])
    assert list(dict.fromkeys(table["place"])) == ["own", "England", "AN ICB"]
    own = table[table["place"] == "own"]
    assert own["value"].tolist() == [10, 0, 10, 20, 0, 60, 0, 0]  # of 50 children
    assert set(own["date"]) == {"2024-07-31"} and own["denominator"].eq(50).all()
    england = table[table["place"] == "England"].set_index("band")
    assert (england.loc["127_364", "value"], set(england["date"])) == (10, {"2025-10"})


def test_a_hidden_band_of_ours_leaves_all_of_ours_out():
    table = benchmark.bands(_own(hidden=True), COMMUNITY, "speech", ["AN ICB"])
    assert "own" not in set(table["place"])


def test_the_published_bands_of_the_sample_are_read():
    table = intake.community(open_workspace(ROOT))
    rows = table[(table["code"] == "RHA") & table["service"].str.endswith("Occupational therapy")]
    assert rows["waiting"].tolist() == [16, 13, 48, 89, 51, 174, 66, 0]
    assert set(table["month"]) == {"2025-10"}
