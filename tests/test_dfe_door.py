"""Files of Explore Education Statistics as downloaded: one door reads them, or names what lies unread; names decide."""

from __future__ import annotations

import io
import zipfile

import pytest
from extract_made import outcome, put, rows, text

from sendwaits import intake
from sendwaits.errors import Refused
from sendwaits.intake import published
from sendwaits.intake.places import nearest, place_key
from sendwaits.measure import benchmark
from sendwaits.workspace import open_workspace

HEAD = "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,new_la_code,old_la_code,la_name,"
HEAD += "breakdown_topic,breakdown,requests_received_in_year"


def row(name, code="E06000018", old="892", n=100, year=2024):
    return f'{year},Calendar year,Local authority,E92000001,England,E12000004,East Midlands,{code},{old},"{name}",All,All requests,{n}'


TABLE = "\n".join([HEAD, row("Bristol, City of", "E06000023", "801"), row("St. Helens", "E08000013", "342", 70)])  # fmt: skip


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", 8) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return made.getvalue()


def space(tmp_path, files):
    put(tmp_path, text(rows(9)))
    for name, data in files.items():
        path = tmp_path / "data" / "raw" / "dfe" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return open_workspace(tmp_path)


RELEASE = {
    "data/requests.csv": TABLE,
    "data/requests.meta.csv": "col_name,col_type\n",
    "supporting-files/notes.csv": "free,text\n1,2\n",
    "data-guidance/data-guidance.txt": "Guidance",
}


@pytest.mark.parametrize(
    "files",
    [
        {"requests.csv": TABLE},
        {"release.zip": zipped(**RELEASE)},
        {f"release/{name}": content for name, content in RELEASE.items()},
        {"requests.csv": TABLE.encode("utf-8-sig")},
        {"requests.csv": TABLE.encode("utf-16")},
        {"requests.csv": TABLE.replace("East Midlands", "East Midlands \u2013 all").encode("cp1252")},
        {"REQUESTS.CSV": TABLE.replace(HEAD, HEAD.upper())},
        {"requests.csv": TABLE.replace('"Bristol, City of"', "Bristol").replace('"', "").replace(",", ";")},
        {"requests.csv": TABLE.replace("\n", "\r\n")},
    ],
)  # fmt: skip
def test_a_download_is_read_whichever_way_it_lies_there(files, tmp_path):
    made = space(tmp_path, files)
    tables = intake.dfe(made)
    assert len(tables) == 1 and published.unread(made) == {}
    figures = benchmark.compare(benchmark.published(tables), "Bristol", "E06000023", ["St Helens"])
    own = figures[(figures["kind"] == "area")]
    assert own["value"].tolist() == [100]
    assert figures.loc[figures["kind"] == "mean of neighbours", "value"].tolist() == [70]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.csv", "a,b\n1,2\n", "heading 'time_period' is missing"),
        ("empty.csv", "", "no table"),
        ("cut.zip", b"PK\x03\x04cut", "the zip is damaged"),
        ("table.ods", b"PK\x03\x04", "neither CSV nor the zip"),
        ("two/bad.csv", b"\x81\x8d\x8f\x90" * 9, "neither UTF-8 nor cp1252"),
    ],
)
def test_what_lies_unread_is_named_on_screen_and_stops_nothing(name, data, words, tmp_path):
    made = space(tmp_path, {"requests.csv": TABLE, name: data})
    assert list(intake.dfe(made)) == ["requests.csv"]
    found = outcome(tmp_path)
    line = next(t for t in found.screen.splitlines() if f"dfe/{name}" in t)
    assert "not read, nothing is compared with it" in line and words in line
    assert found.refused == "" and len(found.figures)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Bristol", "Bristol, City of"),
        ("St Helens", "St. Helens"),
        ("Bath & North East Somerset", "Bath and North East Somerset"),
        ("Kingston upon Hull", "Kingston upon Hull, City of"),
        ("Herefordshire", "Herefordshire, County of"),
        ("Durham", "County Durham"),
        ("NOTTINGHAMSHIRE County Council", "Nottinghamshire"),
        ("King's Lynn", "Kings Lynn"),
    ],
)
def test_one_authority_has_one_key(ours, theirs):
    assert place_key(ours) == place_key(theirs)


def test_neighbouring_names_have_different_keys():
    names = "Nottingham|Nottinghamshire|City of London|Derby|Derbyshire|North Yorkshire|York|Leicester|Leicestershire|Westminster"
    assert len({place_key(n) for n in names.split("|")}) == 10


@pytest.mark.parametrize("code", ["E06000060", "E06000065", "E06000066", "E08000038"])
def test_a_code_that_changed_decides_nothing_and_two_codes_are_one_place(code, tmp_path):
    old, new = row("Somerset", "E10000027", "933", 90, 2022), row("Somerset", code, "933", 95)
    made = space(tmp_path, {"t.csv": "\n".join([HEAD, old, new, row("Devon", "E10000008", "878")])})
    table = benchmark.published(intake.dfe(made))
    for la_code in (code, "E10000027", "E06999999", ""):
        own = benchmark.compare(table, "Somerset", la_code).query("kind == 'area'")
        assert sorted(own["value"]) == [90, 95]
        assert set(own["note"]) == {
            "matched by name: the files have another code" if la_code == "E06999999" else ""
        }
    with pytest.raises(Refused, match="this code for Devon"):
        benchmark.compare(table, "Somerset", "E10000008")


def test_a_name_that_is_not_there_is_answered_with_the_nearest(tmp_path):
    table = benchmark.published(intake.dfe(space(tmp_path, {"t.csv": TABLE})))
    with pytest.raises(Refused, match="Nearest there: St. Helens"):
        benchmark.compare(table, "St Helen")
    assert nearest("Bristle", ["Bristol, City of", "Devon"]) == ["Bristol, City of"]
