"""Monthly totals as they come: any way to write a month, long or wide; a bad file stops nothing but itself."""

from __future__ import annotations

import shutil

import pytest
from extract_made import put, rows, text
from reference import reference

import sendwaits as sw
from sendwaits import intake
from sendwaits.errors import Refused
from sendwaits.intake import monthly
from sendwaits.intake.months import month_of
from sendwaits.run import cli
from sendwaits.workspace import open_workspace


def space(tmp_path, **files):
    """A workspace with series files, by name, as text or bytes."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "E"\n', encoding="utf-8")
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (tmp_path / "data" / "raw" / f"series_{name}.csv").write_bytes(data)
    return open_workspace(tmp_path)


def field(case, tmp_path):
    shutil.copytree(
        reference(f"field/{case}"), tmp_path, copy_function=shutil.copyfile, dirs_exist_ok=True
    )
    tmp_path.chmod(0o755)
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return open_workspace(tmp_path)


def test_months_that_a_spreadsheet_rewrote_are_months(tmp_path):
    read = intake.series(field("s1_excel_resaved_Mmm-yy", tmp_path))
    assert read["month"].iloc[0] == "2021-08" and read["value"].iloc[1] == 2013
    assert read["month"].is_monotonic_increasing and read["month"].is_unique


def test_a_sep_line_before_a_series_is_skipped(tmp_path):
    read = intake.series(field("s3_sep_first_line", tmp_path))
    assert read["month"].iloc[0] == "2021-08" and read["value"].iloc[0] == 100


def test_a_gap_stops_its_own_measure_only_and_ends_with_code_3(tmp_path, capsys):
    root = field("s4_gap_one_of_two", tmp_path).root
    words = ["forecast", str(root), "--as-at", "2025-12-31", "--series", "all", "--months", "2"]
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 3
    out, err = capsys.readouterr()
    measures = {line.split(",")[2] for line in out.splitlines()[1:]}
    assert measures == {"good"} and "is missing" in err
    assert len(err.strip().splitlines()) <= 6


@pytest.mark.parametrize(
    "text_",
    ["2025-04", "202504", "2025/04", "2025.04", "2025M04", "04/2025", "4/2025", "Apr-25", "Apr 25", "April 2025", "APR-2025", "2025 April",
     "2025-04-01", "2025-04-30", "2025-04-01 00:00:00", "01/04/2025", "30/04/2025", "1 April 2025", "01-Apr-25", "Apr'25", "45748"],
)  # fmt: skip
def test_april_2025_is_known_however_it_is_written(text_):
    assert month_of(text_) == "2025-04"


@pytest.mark.parametrize("text_", ["25-Apr", "04/01/2025", "2025-13", "2025", "15/04/2025", "Q1 2025", "April", "Apr-2", "13/2025"])  # fmt: skip
def test_what_may_be_another_month_or_none_is_no_month(text_):
    assert month_of(text_) == ""


LONG = "month,measure,value\n2024-01,m,10\n2024-02,m,11\n2024-03,m,12\n"


@pytest.mark.parametrize(
    "content",
    [
        LONG,
        LONG.replace(",", ";"),
        "sep=,\n" + LONG,
        "Monthly totals\nSource: our team\n\n" + LONG,
        LONG.encode("utf-16"),
        LONG.replace("month,measure,value", "Period,Indicator,Total"),
        LONG.replace("\n", "\r\n") + "Total,,33\r\n",
        LONG.replace("m,10", 'm,"10"').upper().replace(",M,", ",m,"),
        "measure,Jan-24,Feb-24,Mar-24\nm,10,11,12\n",
        "Team,2024-01,2024-02,2024-03,Notes\nm,10,11,12,\n",
        "measure,Jan-24,Feb-24,Mar-24\nm,10,11,12\nTotal,10,11,12\n",
        "Month,m\n2024-01,10\nFeb-24,11\n2024-03-31,12\n",
        "month,m,note\n2024-01,10,\n2024-02,11,\n2024-03,12,\n",
        LONG.replace("2024-02,m", "2024-02,M ").replace("2024-03,m", "2024-03, m"),
        "Title line\n\nmeasure;unit;January 2024;February 2024;March 2024\nm;;10;11;12\n",
    ],
)
def test_one_series_in_many_layouts_is_one_series(content, tmp_path):
    made = intake.series(space(tmp_path, x=content))
    assert made[["month", "measure", "value"]].to_numpy().tolist() == [
        ["2024-01", "m", 10], ["2024-02", "m", 11], ["2024-03", "m", 12]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("month,measure,value\n04/01/2025,m,1\n04/02/2025,m,2\n04/03/2025,m,3\n", "Q-MONTH"),
        ("month,measure,value\n25-Apr,m,1\n25-May,m,2\n", "Q-MONTH"),
        ("month,measure,value\n2024-01,m,ten\n2024-02,m,eleven\n", "Q-UNIT"),
        ("month,measure,value\n", "F-NOROWS"),
        ("month,measure\n2024-01,m\n", "F-COLMISSING"),
        ("", "F-EMPTY"),
        (b"PK\x03\x04rest of a workbook", "F-COLMISSING"),
        ("month,measure,value\n2024-01,m,1,234\n2024-02,m,1,235\n", "Q-FIELDS"),
    ],
)
def test_a_series_file_without_half_its_rows_is_refused_and_the_others_stand(
    content, code, tmp_path
):
    made = space(tmp_path, a=LONG, b=content)
    with pytest.raises(Refused) as refused:
        monthly.read(made.raw / "series_b.csv")
    assert refused.value.code == code and str(refused.value).startswith("series_b.csv: ")
    assert len(intake.series(made)) == 3
    assert intake.check(made).manifest["files"]["series_b.csv"]["refused"] == code


def test_a_refused_series_file_stops_no_pathway(tmp_path):
    put(tmp_path, text(rows(9)))
    (tmp_path / "data" / "raw" / "series_bad.csv").write_text("nonsense\n", encoding="utf-8")
    area = sw.open(tmp_path)
    assert len(area.figures(as_at="2024-07-31"))
    assert len(intake.series(area.workspace)) == 0
