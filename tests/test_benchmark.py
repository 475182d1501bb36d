"""The area beside England, its region and its neighbours, from DfE files."""

from __future__ import annotations

import pytest
from reference import FOLDER, reference

from sendwaits.errors import Refused
from sendwaits.measure.bands import half_up
from sendwaits.measure.benchmark import compare, read_dfe

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
    (tmp_path / "timeliness.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return tmp_path


def shown(table, measure):
    return {
        row.basis: str(half_up(row.value, places=1))
        for row in table[table["measure"] == measure].itertuples()
    }


def test_the_three_averages_of_the_neighbours_differ_and_each_is_named(tmp_path):
    table = compare(read_dfe(folder(tmp_path)), "Nottinghamshire", "E10000024", NEIGHBOURS)
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
    table = compare(read_dfe(folder(tmp_path)), "Nottinghamshire", "891", NEIGHBOURS).set_index(
        ["measure", "basis"]
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
        compare(read_dfe(folder(tmp_path)), "Nottinghamshire", "E06000018", NEIGHBOURS)


def test_a_file_that_gives_our_code_to_another_area_does_not_become_ours(tmp_path):
    swapped = PLACES.replace(
        "E10000024,891,Nottinghamshire", "E10000024,892,Nottinghamshire"
    ).replace("E10000007,830,Derbyshire", "E06000018,891,Nottingham")
    own = compare(read_dfe(folder(tmp_path, swapped)), "Nottinghamshire", "E10000024").query(
        "basis == 'area'"
    )
    assert set(own["place"]) == {"Nottinghamshire"} and own["numerator"].dropna().tolist() == [
        472,
        472,
    ]


def test_an_area_that_is_not_in_the_files_is_refused(tmp_path):
    with pytest.raises(Refused, match="name"):
        compare(read_dfe(folder(tmp_path)), "Exampleshire")


def test_neighbours_are_given_by_name(tmp_path):
    with pytest.raises(Refused, match="names, not codes"):
        compare(read_dfe(folder(tmp_path)), "Nottinghamshire", "", ["E10000017"])


def test_a_neighbour_without_a_published_value_is_left_out_and_named(tmp_path):
    hidden = PLACES.replace("Kent,2424,2354,784,783", "Kent,2424,2354,x,c")
    table = compare(read_dfe(folder(tmp_path, hidden)), "Nottinghamshire", "", NEIGHBOURS)
    row = table[
        (table["measure"] == "within_20_weeks_pct") & (table["basis"] == "mean of neighbours")
    ].iloc[0]
    assert (row["areas"], row["note"]) == (9, "without a published value: Kent")


def test_rows_of_a_breakdown_are_not_taken_for_the_total(tmp_path):
    assert read_dfe(folder(tmp_path, topic="Sex,Male")).empty


def test_no_file_gives_no_comparison(tmp_path):
    assert compare(read_dfe(tmp_path / "dfe"), "Nottinghamshire").empty
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert read_dfe(tmp_path).empty


# Nottinghamshire 2019-2024 as published: requests; plans within 20 weeks / issued (2025 release).
REQUESTS = [667, 674, 811, 1087, 1380, 1719]
ON_TIME = [(242, 291), (392, 402), (144, 327), (22, 488), (227, 702), (472, 1259)]


def test_the_published_figures_of_nottinghamshire_are_read():
    reference("published/sen2_requests_neighbours.csv")
    published = read_dfe(FOLDER / "published")
    table = compare(published, "Nottinghamshire", "E10000024", NEIGHBOURS)
    own = table[table["basis"] == "area"]
    assert own[own["measure"] == "referrals"]["value"].tolist() == REQUESTS
    timely = own[own["measure"] == "within_20_weeks_pct"]
    assert list(zip(timely["numerator"], timely["denominator"], strict=True)) == ON_TIME
    late = table[(table["period_start"] == "2024-01-01")]
    assert shown(late, "refusals_within_16_weeks_pct")["area"] == "17.9"
    assert (
        shown(late, "decisions_within_6_weeks_pct")["area"],
        shown(late, "refusals_within_16_weeks_pct")["England"],
    ) == ("98.1", "34.1")
    assert shown(late, "within_20_weeks_excl_pct")["mean of neighbours"] == "32.7"
