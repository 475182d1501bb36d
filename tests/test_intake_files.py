"""What lies in data/raw, who a row is about, series and published files, the SEN2 return in three forms, and conservation under any damage."""

from __future__ import annotations

import csv
import os
import stat
import sys
from datetime import date

import corpus
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import reference
from test_intake_corpus import workspace

from sendwaits import intake
from sendwaits.errors import Refused
from sendwaits.intake import clean, compare, extracts, identity, monthly, quality
from sendwaits.intake.extracts import ExtractFile


@pytest.fixture(autouse=True)
def own_key(tmp_path_factory, monkeypatch):
    """A key of the test's own: the user's is never made or read."""
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_text("5e" * 32, encoding="ascii")
    path.chmod(0o600)
    monkeypatch.setenv(identity.KEY_VARIABLE, str(path))


# -- names


def test_services_days_and_kinds_are_read_from_names_and_others_are_named(tmp_path):
    space = workspace(tmp_path)
    for name in (
        "nst_2024-07-31.csv",
        "OT_LA_2024-06-30.XLSX",
        "SEN2_2024-01-18.xml",
        "Blade-Export_31-07-2024_requests.csv",
        "Blade-Export_31-07-2024_person.csv",
        "series_meetings.csv",
        "PHYSIO_2024-07-31.csv",
        "NST_2024-02-30.csv",
        "notes.txt",
    ):
        (space.raw / name).write_text("x", encoding="utf-8")
    found = extracts.find(space)
    assert [(f.pathway, f.extract_date.isoformat(), f.kind) for f in found.files] == [
        ("NST", "2024-07-31", "csv"),
        ("OT_LA", "2024-06-30", "xlsx"),
        ("EHC", "2024-01-18", "sen2_xml"),
        ("EHC", "2024-07-31", "blade"),
    ]
    assert [name for name, _ in found.files[3].modules] == ["person", "requests"]
    assert sorted(found.unknown) == ["NST_2024-02-30.csv", "PHYSIO_2024-07-31.csv", "notes.txt"]


def test_one_service_and_day_twice_is_refused_naming_both(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows())
    corpus.book(space.raw, corpus.Book())
    checked = intake.check(space)
    assert {f["refused"] for f in checked.manifest["files"].values()} == {"F-SAMEFILE"}
    with pytest.raises(Refused, match="NST_2024-07-31.csv and NST_2024-07-31.xlsx"):
        extracts.find(space).of("NST")


def test_names_of_files_never_lead_out_of_the_workspace(tmp_path):
    space = workspace(tmp_path)
    (space.raw / ".." / "NST_2024-07-31.csv").write_text("x", encoding="utf-8")
    (space.raw / "a%2F..%2FNST_2024-07-31.csv").write_text("x", encoding="utf-8")
    found = extracts.find(space)
    assert found.files == [] and found.unknown == ["a%2F..%2FNST_2024-07-31.csv"]


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whose permissions count"
)
def test_an_unreadable_file_is_refused_for_an_ordinary_user(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows())
    (space.raw / corpus.NAME).chmod(0)
    assert intake.check(space).manifest["files"][corpus.NAME]["refused"] == "E-IO"


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path):
    space = workspace(tmp_path)
    (space.raw / corpus.NAME).mkdir()
    checked = intake.check(space)
    assert checked.manifest["files"][corpus.NAME]["refused"] == "E-IO"
    assert corpus.NAME in checked.refusals[0]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "NST_2024-07-31.csv"
    path.write_bytes(b"abc")
    whole = type(path).read_bytes

    def slow(self):
        data = whole(self)
        with open(self, "ab") as file:
            file.write(b"more")
        return data

    monkeypatch.setattr(type(path), "read_bytes", slow)
    with pytest.raises(Refused) as error:
        extracts.read_bytes(path)
    assert error.value.code == "F-CHANGED"


def test_an_empty_list_is_accepted_only_when_asked(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, [])
    assert intake.check(space).manifest["files"][corpus.NAME]["refused"] == "F-NOROWS"
    checked = intake.check(space, allow_empty=True)
    assert checked.manifest["files"][corpus.NAME]["refused"] is None
    assert len(checked.extracts["NST"][0].rows) == 0


def test_a_shorter_list_is_accepted_only_when_asked(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows(), name="NST_2024-06-30.csv")
    corpus.put(space.raw, corpus.clean_rows(30))
    checked = intake.check(space)
    assert (
        checked.manifest["files"][corpus.NAME]["refused"] is None
    )  # exactly half gone: red, not refused
    assert checked.findings.set_index("code").loc["W-VOLUME", "severity"] == "red"
    corpus.put(space.raw, corpus.clean_rows(29))
    files = extracts.find(space).of("NST")
    with pytest.raises(Refused, match="--accept-volume"):
        intake.accepted(space, "NST", files)
    assert len(intake.accepted(space, "NST", files, accept_volume=True)) == 2


# -- who


@pytest.mark.parametrize("kind", ["nhs", "upn"])
def test_published_numbers_pass_and_fail_as_listed(kind):
    check = {"nhs": identity.nhs_number, "upn": identity.upn}[kind]
    with open(reference("domain/id_vectors.csv"), encoding="utf-8", newline="") as file:
        rows = [
            r for r in csv.DictReader(file) if r["kind"] == kind and r["value"] != "E000200005001"
        ]  # that one needs the list of authorities
    assert len(rows) >= 8
    assert [(r["value"], check(r["value"])) for r in rows] == [
        (r["value"], r["valid"] == "1") for r in rows
    ]


def test_the_kind_of_an_id_and_its_form(tmp_path):
    import pyarrow as pa

    got = identity.ids(
        pa.array(
            ["943 476-5919", "B801200005001", "00123", "c1", "C1", "9434765919", "", "2222222222"]
        )
    )
    assert got.known.to_pylist() == [
        "nhs:9434765919",
        "upn:B801200005001",
        "local:00123",
        "local:c1",
        "local:C1",
        "nhs:9434765919",
        "",
        "nhs:2222222222",
    ]
    assert got.repdigit.tolist() == [False] * 7 + [True]


def test_pseudonyms_need_the_key_and_are_the_same_in_every_month(tmp_path, monkeypatch):
    path = tmp_path / "key"
    path.write_text("ab" * 32, encoding="ascii")
    path.chmod(0o600)
    monkeypatch.setenv(identity.KEY_VARIABLE, str(path))
    ids = pd.Series(["nhs:1", "", "nhs:2", "nhs:1"], dtype="str")
    one, again = (
        identity.pseudonyms(ids, identity.key()),
        identity.pseudonyms(ids[::-1], identity.key()),
    )
    assert one[0] == one[3] != one[2] and one[1] == "" and len(one[0]) == 32
    assert one.tolist() == again[::-1].tolist()
    assert identity.pseudonyms(ids, b"x" * 32)[0] != one[0]


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_key_of_another_form_is_refused(content, tmp_path, monkeypatch):
    path = tmp_path / "key"
    path.write_text(content, encoding="ascii")
    path.chmod(0o600)
    monkeypatch.setenv(identity.KEY_VARIABLE, str(path))
    with pytest.raises(Refused, match="64 hexadecimal"):
        identity.key()


def test_a_key_inside_the_workspace_is_refused(tmp_path, monkeypatch):
    space = workspace(tmp_path)
    (space.root / "key").write_text("ab" * 32, encoding="ascii")
    monkeypatch.setenv(identity.KEY_VARIABLE, str(space.root / "key"))
    with pytest.raises(Refused, match="inside the workspace"):
        identity.key(space)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are of other systems")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_read_or_write_is_refused_with_the_remedy(
    mode, tmp_path, monkeypatch
):
    path = tmp_path / "key"
    path.write_text("ab" * 32, encoding="ascii")
    path.chmod(mode)
    monkeypatch.setenv(identity.KEY_VARIABLE, str(path))
    with pytest.raises(Refused, match=f"chmod 600 {path}"):
        identity.key()
    path.chmod(0o600)
    assert identity.key() == bytes.fromhex("ab" * 32)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are of other systems")
def test_the_key_is_made_on_first_use_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.delenv(identity.KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    first = identity.key()
    assert stat.S_IMODE((tmp_path / "sendwaits" / "key").stat().st_mode) == 0o600
    identity._read_key.cache_clear()
    assert identity.key() == first and len(first) == 32


# -- workbooks, SEN2


def test_a_workbook_and_its_csv_give_the_same_rows(tmp_path):
    frames = []
    for name, make in (
        ("a", lambda raw: corpus.put(raw, corpus.clean_rows())),
        ("b", lambda raw: corpus.book(raw, corpus.Book())),
    ):
        space = workspace(tmp_path / name)
        make(space.raw)
        frames.append(
            intake.check(space).extracts["NST"][0].rows.drop(columns=["source_file", "sheet"])
        )
    pd.testing.assert_frame_equal(*frames)


XML = """<?xml version="1.0" encoding="UTF-8"?>
<Message>{doctype}
<Persons>
<Person><PersonBirthDate>2015-01-01</PersonBirthDate><Sex>F</Sex><UPN>B801200005001</UPN>
<Requests><ReceivedDate>2023-01-10</ReceivedDate><RequestOutcomeDate>2023-02-01</RequestOutcomeDate><RequestOutcome>Y</RequestOutcome>
<Assessment><AssessmentOutcome>Y</AssessmentOutcome><AssessmentOutcomeDate>2023-05-30</AssessmentOutcomeDate><Week20>0</Week20>
<NamedPlan><StartDate>2023-05-30</StartDate><PlanDetail><URN>1</URN></PlanDetail><PlanDetail><URN>2</URN></PlanDetail></NamedPlan></Assessment></Requests>
<Requests><ReceivedDate>2023-12-01</ReceivedDate><RequestOutcome>A</RequestOutcome></Requests></Person>
</Persons></Message>"""


def test_sen2_xml_keeps_every_row_of_every_module(tmp_path):
    space = workspace(tmp_path)
    (space.raw / "SEN2_2024-01-18.xml").write_text(XML.format(doctype=""), encoding="utf-8")
    checked = intake.check(space)
    assert (
        checked.manifest["files"]["SEN2_2024-01-18.xml"]["read"] == 7
    )  # 1 person, 2 requests, 1 assessment, 1 plan, 2 plan details
    rows = checked.extracts["EHC"][0].rows
    assert rows["source_row"].tolist() == [5, 8]
    assert rows["plan_date"].dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2023-05-30", ""]
    assert rows["child_id"].tolist() == ["upn:B801200005001"] * 2


def test_xml_with_entities_or_cut_off_is_refused(tmp_path):
    space = workspace(tmp_path)
    path = space.raw / "SEN2_2024-01-18.xml"
    whole = XML.format(doctype="")
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "b">]>' + whole.split("?>", 1)[1],
        encoding="utf-8",
    )
    assert intake.check(space).manifest["files"][path.name]["refused"] == "F-KIND"
    path.write_text(whole[:-40], encoding="utf-8")
    assert intake.check(space).manifest["files"][path.name]["refused"] == "F-TRUNC"


def test_the_blade_set_is_one_extract_and_needs_its_requests(tmp_path):
    space = workspace(tmp_path)
    start = "Blade-Export_31-07-2024_"
    (space.raw / f"{start}person.csv").write_text(
        "persontableid,upn,sex\n1,B801200005001,M\n", encoding="utf-8"
    )
    assert intake.check(space).manifest["files"][f"{start}person.csv"]["refused"] == "F-COLMISSING"
    (space.raw / f"{start}requests.csv").write_text(
        "requeststableid,persontableid,receiveddate,requestoutcome\n11,1,2023-Sep-28 00:00:00,A\n",
        encoding="utf-8",
    )
    checked = intake.check(space)
    assert {n: (f["read"], f["refused"]) for n, f in checked.manifest["files"].items()} == {
        f"{start}person.csv": (1, None),
        f"{start}requests.csv": (1, None),
    }
    assert checked.extracts["EHC"][0].rows[["child_id", "request_id"]].to_numpy().tolist() == [
        ["upn:B801200005001", "11"]
    ]


def test_the_template_workbook_is_read_table_by_table(tmp_path):
    import xlsxwriter

    space = workspace(tmp_path)
    table = [
        ["1. Person"],
        [
            "Person ID\n (This must be a unique ID for each Person record)",
            "Surname",
            "Date of Birth\n (ccyy-mm-dd)",
            "Gender",
            "UPN - Unique Pupil Number",
        ],
        [1, "a", "2015-01-01", 1, ""],
        [],
        ["2. Requests"],
        [
            "Requests record ID\n (This must be a unique ID for each Requests record)",
            "Person ID\n (This must match the relevant ID in the Person record table)",
            "Date request was received",
            "Source of request for an EHC needs assessment",
            "Request Outcome",
        ],
        [123, 1, "2024-01-02", 2, "A"],
        [124, 9, "2024-01-02", 2, "A"],
    ]
    with xlsxwriter.Workbook(str(space.raw / "SEN2_2024-07-31.xlsx")) as book:
        sheet = book.add_worksheet("Data Entry Template")
        for at, row in enumerate(table):
            sheet.write_row(at, 0, row)
    checked = intake.check(space)
    assert checked.manifest["files"]["SEN2_2024-07-31.xlsx"]["read"] == 3
    assert checked.quarantine[["sheet", "row", "code"]].to_numpy().tolist() == [
        ["Data Entry Template", 8, "Q-ORPHAN"]
    ]
    assert checked.extracts["EHC"][0].rows[
        ["request_id", "sex", "source_row"]
    ].to_numpy().tolist() == [["123", "M", 7]]


# -- several extracts, series, published files


def test_late_restated_and_vanished_records_are_told_apart(tmp_path):
    space = workspace(tmp_path)
    rows = corpus.clean_rows()
    corpus.put(space.raw, rows[:58], name="NST_2024-06-30.csv")
    rows[7][2] = "24/02/2023"  # a changed start (it was 23/02/2023)
    corpus.put(space.raw, [*rows[:1], *rows[2:]])  # record 2 vanished; 59 and 60 began before July
    ones = intake.accepted(space, "NST", extracts.find(space).of("NST"))
    pathway = space.pathway("NST")
    found = [(f.code, f.severity, f.n) for f in compare.findings(ones, pathway)]
    assert found == [
        ("M-OVERLAP", "info", 57),  # every older row but that of the vanished record
        ("D23", "warn", 1),
        ("D25", "warn", 1),
        ("D25", "info", 2),
    ]


def test_monthly_series_keep_the_law_and_read_numbers_as_people_write_them(tmp_path):
    path = tmp_path / "series_x.csv"
    path.write_text(
        'month,measure,value,unit,note\n2024-01,m,"1,234",GBP,\n2024-02,m,36%,,\n2024-13,m,1,,\n2024-03,m,about 5,,\n2024-02,m,36%,,\n2024-04,m,1,,\n2024-04,m,2,,\n2024-05,m,,,\n',
        encoding="utf-8",
    )
    read = monthly.read(path)
    assert read.counts == {"read": 8, "clean": 3, "quarantined": 4, "merged": 1}
    assert read.quarantine[["row", "code"]].to_numpy().tolist() == [
        [4, "Q-MONTH"],
        [5, "Q-UNIT"],
        [7, "Q-CONFLICT"],
        [8, "Q-CONFLICT"],
    ]
    assert read.rows["value"].fillna(-1).tolist() == [1234, 36, -1]
    assert "N-NUM" in {f.code for f in read.findings}


def test_dfe_files_are_read_with_their_markers_and_renamed_columns(tmp_path):
    space = workspace(tmp_path)
    folder = space.raw / "dfe"
    folder.mkdir()
    (folder / "t.csv").write_text(
        'time_period,geographic_level,old_la_code,la_name,breakdown,PC_plans,rquestsource\n2024,Local authority,891,A,All EHC plans issued,x,1\n2024,Local authority,891,B,All EHC plans,"1,024",2\n',
        encoding="utf-8-sig",
    )
    table = intake.dfe(space)["t.csv"]
    assert table["pc_plans"].fillna(-1).tolist() == [-1, 1024] and "requestsource" in table
    assert table["breakdown"].tolist() == ["All EHC plans"] * 2
    assert table["old_la_code"].tolist() == ["891"] * 2 and table["la_name"].tolist() == [
        "A",
        "B",
    ]  # one old code, two areas: names tell them apart


def test_real_dfe_files_are_read_whole(tmp_path):
    import shutil

    source = reference("published/sen2_requests_east_midlands.csv")
    space = workspace(tmp_path)
    (space.raw / "dfe").mkdir()
    shutil.copy(source, space.raw / "dfe")
    table = intake.dfe(space)[source.name]
    notts = table[
        (table["la_name"] == "Nottinghamshire")
        & (table["breakdown"] == "All requests for EHC needs assessments")
    ]
    assert notts.set_index("time_period")["requests_received_in_year"].astype(int).to_dict() == {
        "2019": 667,
        "2020": 674,
        "2021": 811,
        "2022": 1087,
        "2023": 1380,
        "2024": 1719,
    }


def test_probable_year_typos_and_overlaps_are_listed_by_file_and_row(tmp_path):
    space = workspace(tmp_path)
    rows = corpus.clean_rows()
    rows[31][2] = rows[31][2][:-4] + "2022"  # 09/08/2023 -> 2022
    rows.append(
        [rows[2][0], "R9999", "01/07/2024", *[""] * 6]
    )  # record 3 of the same child is still open
    corpus.put(space.raw, rows)
    listed = quality.to_look_at(intake.check(space).extracts, space.pathways)
    assert listed[["row", "code"]].to_numpy().tolist() == [[33, "D17"], [62, "D11"]]


def test_the_trend_of_quality_is_by_pathway_and_month(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows(), name="NST_2024-06-30.csv")
    corpus.put(space.raw, corpus.changed("referral_date", ""))
    table = quality.trend(intake.check(space))
    assert table[["pathway", "month", "read", "quarantined"]].to_numpy().tolist() == [
        ["NST", "2024-06", 60, 0],
        ["NST", "2024-07", 60, 1],
    ]
    assert table["quarantined_pct"].round(4).tolist() == [0, 1.6667]


def test_headings_are_proposed_with_what_is_sure_and_what_is_not(tmp_path):
    space = workspace(tmp_path)
    corpus.put(
        space.raw,
        corpus.clean_rows(),
        head=["NHS Number", "referral_id", "Date Ref Recvd", *corpus.HEAD[3:]],
    )
    got = {
        p["column"]: (p["heading"], p["sure"])
        for p in extracts.propose_headings(space.raw / corpus.NAME, space.pathway("NST"))
    }
    assert (
        got["child_id"] == ("NHS Number", True)
        and got["referral_date"] == ("Date Ref Recvd", False)
        and got["support_date"] == ("", False)
    )


def test_the_workspaces_own_headings_come_first(tmp_path):
    space = workspace(tmp_path, '[pathways.NST.headings]\nreferral_date = "Date Ref Recvd"\n')
    corpus.put(
        space.raw, corpus.clean_rows(), head=[*corpus.HEAD[:2], "date  ref RECVD", *corpus.HEAD[3:]]
    )
    assert intake.check(space).manifest["files"][corpus.NAME]["clean"] == 60


def test_other_districts_are_unknown_when_the_area_names_its_own(tmp_path):
    space = workspace(tmp_path, 'districts = ["North"]\n')
    rows = corpus.changed("district", "Elsewhere")
    rows[20][7] = " NORTH"
    corpus.put(space.raw, rows)
    one = intake.check(space).extracts["NST"][0]
    assert one.rows["district"].value_counts().to_dict() == {"North": 59, "unknown": 1}


# -- conservation

_CELL = st.sampled_from(
    [
        "",
        "x",
        "Total",
        '"',
        '""',
        "\n",
        "\x00",
        ",",
        "01/13/2024",
        "2024-01-01",
        "9434765918",
        "n/k",
        "#REF!",
        "31/12/9999",
        "=1",
        "\r",
        "é",
        "\u200b",
    ]
)
_DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["cell", "drop", "double", "swap", "line", "cut", "byte"]),
        st.integers(0, 25),
        st.integers(0, 8),
        _CELL,
    ),
    max_size=6,
)


def damaged(damage) -> bytes:
    rows = corpus.clean_rows(25)
    lines: list[str] = []
    for what, at, column, cell in damage:
        at = at % len(rows)
        if what == "cell":
            rows[at][column % len(rows[at])] = cell
        elif what == "drop":
            rows[at] = rows[at][:column] or ["x"]
        elif what == "double":
            rows.insert(at, list(rows[(at * 7) % len(rows)]))
        elif what == "swap":
            rows[at] = rows[at][::-1]
        elif what == "line":
            lines.append(cell)
    data = (corpus.text(rows) + "\n".join(lines)).encode("utf-8")
    for what, at, column, cell in damage:
        if what == "cut":
            data = data[: len(data) - at * 7]
        elif what == "byte":
            data = data[: at * 40] + cell.encode("utf-8") + data[at * 40 :]
    return data


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damage=_DAMAGE)
def test_read_is_clean_and_quarantined_and_merged_whatever_happens_to_a_file(
    damage, tmp_path_factory
):
    space = workspace(tmp_path_factory.mktemp("damaged"))
    path = space.raw / corpus.NAME
    path.write_bytes(damaged(damage))
    try:
        one = clean.load(ExtractFile(path, "NST", date(2024, 7, 31)), space.pathway("NST"), space)
    except Refused as error:
        assert error.code and corpus.NAME in str(error)
        return
    counts = one.counts[corpus.NAME]
    assert counts["read"] == len(one.rows) + len(one.quarantine) + counts["merged"]
    rows = one.rows["source_row"].tolist() + one.quarantine["row"].tolist()
    assert len(set(rows)) == len(rows)
    if not any(
        what in ("line", "byte", "cut", "double") or set(cell) & set('"\n\r,\x00')
        for what, _, _, cell in damage
    ):
        assert counts["read"] == 25
    physical = path.read_bytes().decode("utf-8").split("\n")
    for row, child in zip(one.rows["source_row"], one.rows["child_id"], strict=True):
        assert (
            child.rsplit(":", 1)[1] in physical[row - 1].replace(" ", "").replace("\x00", "")
            or '"' in physical[row - 1]
        )


def test_a_file_without_a_header_is_refused_without_naming_its_cells(tmp_path):
    space = workspace(tmp_path)
    (space.raw / corpus.NAME).write_text(
        "".join(f"Zebediah,Referralson,{i}\n" for i in range(30)), encoding="utf-8"
    )
    checked = intake.check(space)
    assert checked.manifest["files"][corpus.NAME]["refused"] in ("F-COLMISSING", "F-COLRENAMED")
    assert "Zebediah" not in checked.refusals[0] and "'child_id'" in checked.refusals[0]


def test_a_total_that_is_not_the_number_of_rows_is_said(tmp_path):
    space = workspace(tmp_path)
    for number, said in (("60", 0), ("127", 1)):
        corpus.put(space.raw, [*corpus.clean_rows(), ["Total", number]])
        messages = intake.check(space).findings["message"]
        assert (
            messages.str.contains("is not the number of rows above it (60)", regex=False).sum()
            == said
        )


def commands(root, *arguments):
    """Exit code and printed lines of a command."""
    from click.testing import CliRunner

    from sendwaits.run.cli import cli

    result = CliRunner().invoke(cli, [arguments[0], str(root), *arguments[1:]])
    return result.exit_code if not isinstance(result.exception, Refused) else 2, result.output


def test_what_check_accepted_figures_take_without_being_asked_again(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows(), name="NST_2024-06-30.csv")
    corpus.put(space.raw, corpus.clean_rows(20))
    assert commands(tmp_path, "check")[0] == 2
    assert commands(tmp_path, "figures", "--as-at", "2024-07-31")[0] == 2
    assert (
        commands(tmp_path, "figures", "--as-at", "2024-06-30")[0] == 0
    )  # the shorter list is not read for that day
    assert commands(tmp_path, "check", "--accept-volume")[0] == 0
    assert commands(tmp_path, "figures", "--as-at", "2024-07-31")[0] == 0


def test_an_empty_list_that_check_accepted_has_nobody_waiting(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, [])
    assert commands(tmp_path, "figures", "--as-at", "2024-07-31")[0] == 2
    assert commands(tmp_path, "check", "--allow-empty")[0] == 0
    code, printed = commands(tmp_path, "figures", "--as-at", "2024-07-31", "--months", "1")
    assert code == 0 and "NST,assessment,waiting,,,2024-07-31,0" in printed


def test_the_files_that_check_leaves_hold_no_identity_and_name_every_file(tmp_path):
    import json

    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.changed("child_id", "9434765919"))
    (space.raw / "SLCN_2024-07-31.csv").write_bytes(b"")
    assert commands(tmp_path, "check")[0] == 2
    manifest = json.loads((space.processed / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert {n: f["refused"] for n, f in manifest.items()} == {
        corpus.NAME: None,
        "SLCN_2024-07-31.csv": "F-EMPTY",
    }
    waits = pd.read_parquet(space.processed / "waits.parquet")
    assert {"child_id", "referral_id", "date_of_birth"}.isdisjoint(waits.columns)
    assert (
        not waits.astype("str")
        .apply(lambda c: c.str.contains("9434765919|C0001|R0001", regex=True))
        .any()
        .any()
    )


# -- edges of the contract


def settled(tmp_path, rows, **how):
    """The counts, the quarantine as (row, code), and the extract of one file."""
    space = workspace(tmp_path)
    corpus.put(space.raw, rows, **how)
    checked = intake.check(space)
    counts = checked.manifest["files"][corpus.NAME]
    return (
        counts,
        [tuple(x) for x in checked.quarantine[["row", "code"]].to_numpy().tolist()],
        (checked.extracts.get("NST") or [None])[0],
    )


@pytest.mark.parametrize(("late", "refused"), [(3, None), (4, "F-ASOF")])
def test_exactly_one_in_twenty_dated_after_the_extract_is_set_aside_and_more_is_refused(
    late, refused, tmp_path
):
    rows = corpus.clean_rows()
    for i in range(late):
        rows[i][2] = "01/08/2024"
        rows[i][3] = rows[i][5] = ""
    counts, aside, _ = settled(tmp_path, rows)
    assert counts["refused"] == refused
    assert refused or aside == [(2, "Q-FUTURE"), (3, "Q-FUTURE"), (4, "Q-FUTURE")]


def test_line_breaks_are_allowed_in_columns_that_are_not_read_and_lines_stay_right(tmp_path):
    rows = [
        [*r, f'"two\nlines, {i}"' if i in (3, 4) else f'"5"" {i}"']
        for i, r in enumerate(corpus.clean_rows())
    ]
    rows[20][2] = "31/02/2024"
    counts, aside, one = settled(tmp_path, rows, head=[*corpus.HEAD, "Notes"])
    assert counts["read"] == 60 and aside == [
        (24, "Q-DATE")
    ]  # line 22 + the two line breaks before it
    assert one.rows["source_row"].tolist()[:7] == [2, 3, 4, 5, 7, 9, 10]


def test_a_line_break_inside_a_column_that_is_read_sets_its_row_aside(tmp_path):
    counts, aside, _ = settled(tmp_path, corpus.changed("need", '"AS\nD"'))
    assert counts["read"] == 60 and aside == [(11, "F-QUOTE")]


def test_quotes_inside_a_field_do_not_confuse_the_lines(tmp_path):
    rows = corpus.changed("need", 'a 5" tube')
    rows[30][8] = 'so-called "free'
    rows[40][2] = ""
    counts, aside, _ = settled(tmp_path, rows)
    assert counts["read"] == 60 and aside == [(42, "Q-NOREF")]


@pytest.mark.parametrize(
    "form",
    [
        "%d-%b-%y",
        "%d-%b-%Y",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%b-%d 00:00:00",
        "%d/%m/%y",
        "%d %B %Y",
        "%d.%m.%Y",
    ],
)
def test_a_whole_column_of_any_explicit_format_gives_the_same_days(form, tmp_path):
    import datetime as dt

    rows = corpus.whole(
        "referral_date", lambda t: dt.date.fromisoformat(corpus.iso(t)).strftime(form)
    )
    _, aside, one = settled(tmp_path, rows)
    assert aside == []
    assert one.rows["referral_date"].dt.strftime("%d/%m/%Y").tolist() == [
        r[2] for r in corpus.clean_rows()
    ]


def test_summer_midnight_in_universal_time_is_the_next_day_in_london(tmp_path):
    rows = corpus.whole("referral_date", lambda t: f"{corpus.iso(t)}T23:30:00Z")
    _, _, one = settled(tmp_path, rows)
    assert one.rows["referral_date"].dt.strftime("%m-%d").tolist()[:2] == [
        "01-05",
        "01-12",
    ]  # winter: the same day
    assert one.rows["referral_date"].dt.strftime("%m-%d").tolist()[25] == "06-30"  # 29 June 23:30Z


def test_excel_serials_are_the_days_that_excel_shows(tmp_path):
    import numpy as np
    import pyarrow as pa

    from sendwaits.intake.clean import dates
    from sendwaits.intake.extracts.table import Column

    read = dates.read(Column(np.array([0], np.int32), pa.array(["45292"])), 30000)
    assert np.datetime64(int(read.days[0]), "D") == np.datetime64("2024-01-01")


def test_a_stage_after_closing_stays_and_a_stage_before_its_start_is_set_aside(tmp_path):
    rows = corpus.clean_rows()
    rows[0][3] = corpus.uk(
        date(2023, 1, 20)
    )  # closed before the first appointment of 14/02/2023: a rule of waits
    rows[3][5] = corpus.uk(date(2023, 1, 20))  # seen before the referral of 26/01/2023
    counts, aside, _ = settled(tmp_path, rows)
    assert aside == [(5, "Q-ORDER")] and counts["clean"] == 59


def test_rows_of_one_record_that_differ_in_words_only_leave_the_later(tmp_path):
    rows = corpus.clean_rows()
    counts, aside, one = settled(tmp_path, [*rows, [*rows[3][:-1], "ADHD"]])
    assert aside == [(5, "Q-CONFLICT")] and counts["clean"] == 60
    assert one.rows["need"].iloc[-1] == "ADHD"


def test_a_file_is_read_the_same_whatever_separates_and_encodes_it(tmp_path):
    frames = []
    for at, how in enumerate(
        (
            {},
            {"sep": ";"},
            {"sep": "\t", "end": "\r\n"},
            {"encoding": "utf-16"},
            {"end": "\r"},
            {"encoding": "utf-8-sig", "sep": "|"},
            {"encoding": "utf-16-le"},
        )
    ):
        _, _, one = settled(tmp_path / str(at), corpus.clean_rows(), **how)
        frames.append(one.rows)
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other)


def test_a_check_of_eleven_is_nought_and_of_ten_never_passes():
    assert identity.nhs_number("0000000000")  # 11 - 0 mod 11 = 11, written 0
    assert not identity.nhs_number("9434765918") and not identity.nhs_number("943476591")
    assert not any(
        identity.nhs_number(f"000000006{last}") for last in range(10)
    )  # 11 - 6x2 mod 11 = 10


def test_of_two_aliases_the_first_listed_counts(tmp_path):
    _, aside, one = settled(
        tmp_path,
        [[*r, "B801200005001"] for r in corpus.clean_rows()],
        head=["NHS Number", *corpus.HEAD[1:], "UPN"],
    )
    assert aside == [] and one.rows["child_id"].iloc[0] == "local:C0000"


def test_a_services_own_words_are_not_taken_for_another_service(tmp_path):
    counts, _, _ = settled(
        tmp_path,
        [[r[0], r[2], "x"] for r in corpus.clean_rows()],
        head=["Child ID", "Received Date", "Decision Date"],
    )
    assert counts["refused"] is None
