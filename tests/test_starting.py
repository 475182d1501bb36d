"""The first hour: a workspace of one's own that cannot leak, and a supplier's headings and words mapped without typing."""

from __future__ import annotations

import json
import tomllib
from datetime import date

import pytest

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.run import starting


def test_the_notebooks_of_a_new_workspace_hold_nobodys_outputs_and_the_last_months_end(tmp_path):
    starting.init(tmp_path / "ours")
    notebooks = list((tmp_path / "ours" / "notebooks").glob("*.ipynb"))
    assert len(notebooks) >= 6
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not any(c.get("outputs") or c.get("execution_count") for c in cells), path.name
        given = next(c for c in cells if "parameters" in c["metadata"].get("tags", []))
        line = next(s for s in given["source"] if s.startswith("as_at"))
        day = date.fromisoformat(line.split('"')[1])
        assert 1 <= (date.today() - day).days <= 31 and date.today().month != day.month


def test_a_new_workspace_ignores_data_and_holds_a_test_of_that(tmp_path):
    said = starting.init(tmp_path / "ours")
    here = tmp_path / "ours"
    assert "/data/" in (here / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "def test_no_data_and_no_report_is_tracked" in (here / "test_workspace.py").read_text()
    assert "sendwaits check" in (here / "README.md").read_text(encoding="utf-8")
    assert len(said) <= 6 and sw.open(here).workspace.area.name == "Exampleshire"


def test_what_is_there_already_is_left_as_it_is(tmp_path):
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    starting.init(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    with pytest.raises(Refused, match="is a workspace already"):
        starting.init(tmp_path)


@pytest.fixture
def extract(tmp_path):
    """A list of requests under a supplier's headings, its decisions in words."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "X"\n', encoding="utf-8")
    file = tmp_path / "data" / "raw" / "EHC_2024-07-31.csv"
    rows = [
        f"P{i:05d},2024-0{1 + i % 6}-1{i % 9},{'Withdrawn' if i % 4 else 'Moved to Neverland'},,a note"
        for i in range(24)
    ]
    head = (
        "Child ID,Date of request,Decision to assess,Date of decision to assess,Caseworker's remark"
    )
    file.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return file


def test_headings_that_are_not_used_and_words_for_codes_are_proposed(extract):
    text = starting.map_headings(extract, "EHC")
    assert '# headings that are not used: "Caseworker\'s remark"' in text
    assert '[pathways.EHC.codes]\n"Withdrawn" = "W"' in text
    assert "Neverland" not in text  # a word that describes no code may be anything


def test_the_map_is_written_into_the_settings_when_told_and_holds(extract):
    starting.map_headings(extract, "EHC", write=True)
    settings = tomllib.loads((extract.parents[2] / "sendwaits.toml").read_text(encoding="utf-8"))
    assert settings["pathways"]["EHC"]["codes"] == {"Withdrawn": "W"}
    assert settings["pathways"]["EHC"]["headings"]["request_date"] == "Date of request"
    assert sw.open(extract.parent).workspace.pathway("EHC").headings["child_id"] == "Child ID"
    with pytest.raises(Refused, match="table already"):
        starting.map_headings(extract, "EHC", write=True)
