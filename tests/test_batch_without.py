"""One service that cannot be made or released never takes the others; what lies beside the reports is left out and named."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
import toy

from sendwaits import store
from sendwaits.errors import Refused, Unsafe
from sendwaits.workspace import open_workspace


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    toy.fork_also_beside_threads(monkeypatch)
    store.forget()
    yield
    store.forget()


class Failing(toy.ToyMaker):
    """The preparation of SLCN is refused; the check of what was written finds ``unsafe`` pathways."""

    def __init__(self, refused=(), unsafe=()):
        self.refused, self.unsafe = refused, unsafe

    def warm(self, workspace, request):
        if set(request.pathways) & set(self.refused):
            raise Refused("slcn_2024-07-31.csv: is empty. Ask for it again.")

    def audit(self, workspace, request, folder, workers):
        return {c: "no form of its tables is safe" for c in self.unsafe if c in request.pathways}


@pytest.mark.parametrize(
    ("maker", "why"),
    [
        (Failing(refused=["SLCN"]), "slcn_2024-07-31.csv: is empty. Ask for it again"),
        (Failing(unsafe=["SLCN"]), "no form of its tables is safe"),
    ],
)
def test_a_service_that_cannot_be_made_leaves_the_others(tmp_path, maker, why):
    summary = toy.run(toy.write(tmp_path), maker=maker)
    folder = tmp_path / "reports" / "2024-07-31"
    assert summary.exit_code == 3
    assert summary.lines[0].startswith("5 of 7 reports")
    assert summary.lines[2] == f"Failed: slcn_backlog, slcn_trend ({why})."
    assert sorted(p.name for p in folder.glob("*.html")) == [
        "index.html",
        "nst_backlog.html",
        "nst_trend.html",
        "ot_la_backlog.html",
        "ot_la_trend.html",
        "quality.html",
    ]
    assert "SLCN" not in (folder / "figures.csv").read_text(encoding="utf-8")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["parameters"]["pathways"] == ["NST", "OT_LA"]
    assert sorted(record["failed"]) == ["slcn_backlog", "slcn_trend"]
    assert record["left_out"] == ["OT_HEALTH", "SLCN", "SLCN_AUTISM", "EHC"]


def test_pages_about_the_area_do_not_see_a_service_that_was_left_out(tmp_path):
    root = toy.write(tmp_path, extra="None")
    seen = toy.cells(
        "import sendwaits as sw; sw.open('.').workspace.without",
        parameters='as_at = "2024-07-31"  # date',
    )
    nbformat.write(seen, root / "notebooks" / "quality.ipynb")
    toy.run(root, maker=Failing(unsafe=["SLCN"]))
    assert "SLCN" in (root / "reports" / "2024-07-31" / "quality.html").read_text("utf-8")


def test_when_no_service_is_left_the_reason_is_the_runs(tmp_path):
    with pytest.raises(Unsafe, match="no form of its tables"):
        toy.run(toy.write(tmp_path / "a"), maker=Failing(unsafe=["NST", "SLCN", "OT_LA"]))
    with pytest.raises(Refused, match="is empty"):
        toy.run(toy.write(tmp_path / "b"), maker=Failing(refused=["SLCN"]), pathways=["SLCN"])
    assert not list(tmp_path.glob("*/reports/2024-07-31"))


def test_the_next_run_tries_the_missing_service_again(tmp_path):
    root = toy.write(tmp_path)
    toy.run(root, maker=Failing(refused=["SLCN"]))
    again = toy.run(root)
    assert again.exit_code == 0 and sorted(again.made) == ["quality", "slcn_backlog", "slcn_trend"]


def test_notebooks_that_are_no_reports_are_left_out_and_named(tmp_path):
    root = toy.write(tmp_path)
    scratch = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1/0")])
    for name in ("Untitled.ipynb", "my notes.ipynb"):
        nbformat.write(scratch, root / "notebooks" / name)
    (root / "notebooks" / "broken.ipynb").write_text("{", encoding="utf-8")
    summary = toy.run(root)
    assert summary.exit_code == 0 and len(summary.made) == 7
    assert (
        "Not a report, left out: Untitled.ipynb, broken.ipynb, my notes.ipynb."
        in (summary.lines[1])
    )


def test_a_report_of_the_settings_is_made_with_the_others(tmp_path):
    root = toy.write(tmp_path)
    (root / "ours").mkdir()
    own = toy.cells("as_at", parameters='as_at = "2024-07-31"  # date\npathway = "NST"  # code')
    nbformat.write(own, root / "ours" / "for the head.ipynb")
    settings = root / "sendwaits.toml"
    table = '\n[[report]]\nname = "head"\nnotebook = "ours/for the head.ipynb"\n'
    settings.write_text(settings.read_text("utf-8") + table, encoding="utf-8")
    summary = toy.run(root, reports=["head"])
    assert sorted(summary.made) == ["nst_head", "ot_la_head", "slcn_head"]
    record = json.loads((root / "reports" / "2024-07-31" / "run.json").read_text("utf-8"))
    assert "ours/for the head.ipynb" in record["inputs"]


@pytest.mark.parametrize("notebook", ["ours/none.ipynb", "../outside.ipynb", "sendwaits.toml"])
def test_a_report_of_the_settings_without_its_notebook_is_refused(tmp_path, notebook):
    root = toy.write(tmp_path)
    settings = root / "sendwaits.toml"
    table = f'\n[[report]]\nname = "head"\nnotebook = "{notebook}"\n'
    settings.write_text(settings.read_text("utf-8") + table, encoding="utf-8")
    with pytest.raises(Refused, match=r"\[\[report\]\] 'head'"):
        toy.run(root)


def test_the_stages_of_a_run_are_told_with_their_cpu(tmp_path):
    summary = toy.run(toy.write(tmp_path))
    assert [s.name for s in summary.stages] == [
        "plan",
        "libraries",
        "read the extracts",
        "prepare each service",
        "prepare the area",
        "notebooks and pages",
        "tables and index",
        "disclosure check",
    ]
    pages = next(s for s in summary.stages if s.name == "notebooks and pages")
    assert pages.pieces == 7 and pages.cpu > 0.1 and pages.seconds > 0
    assert summary.timings[0].split() == ["stage", "pieces", "seconds", "CPU", "s"]


def test_the_root_of_the_workspace_knows_what_it_is_without(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDWAITS_WITHOUT", "NST,SLCN")
    assert open_workspace(Path(toy.write(tmp_path))).without == ("NST", "SLCN")
