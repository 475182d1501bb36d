"""One optional column absent at a time: every page is made all the same, and none of its sentences has a hole."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

import sendwaits as sw
from sendwaits import sample
from sendwaits.intake import extracts
from sendwaits.pathways import built_in
from sendwaits.release import pages
from sendwaits.sample.settings import settings
from sendwaits.workspace import open_workspace

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[1]
AS_AT = "2024-07-31"
NOTEBOOKS = ("trend", "backlog", "forecast", "quality", "themes", "update")
HOLE = re.compile(r"\bnan\b|\bNaT\b|None of the one|\[x\]|\bin 0 \w")
"""What a number that is not there leaves in a sentence."""
OPTIONAL = [(c, n) for c, p in built_in().items() for n in p.columns if n not in p.required]


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> dict[str, dict[str, list[str]]]:
    """Pathway -> canonical column -> texts of its extract of 31 July 2024 in a small made-up area."""
    folder = tmp_path_factory.mktemp("small")
    sample.write(folder, size="small")
    workspace, found = open_workspace(folder), {}
    for file in extracts.find(workspace).files:
        if file.extract_date.isoformat() == AS_AT:
            read = extracts.read(file, workspace.pathway(file.pathway))
            columns = {n: c.values.to_pylist() for n, c in read.columns.items()}
            found[file.pathway] = {
                n: [columns[n][i] for i in c.codes] for n, c in read.columns.items()
            }
    return found


def without(folder: Path, code: str, rows: dict[str, list[str]], absent: str) -> Path:
    """A workspace of one service whose extract lacks a column."""
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / "sendwaits.toml").write_text(settings(supplier_headings=False), encoding="utf-8")
    kept = [n for n in rows if n != absent and n in built_in()[code].columns]
    path = folder / "data" / "raw" / f"{code}_{AS_AT}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(kept)
        writer.writerows(zip(*(rows[n] for n in kept), strict=True))
    return folder


def run(name: str, workspace: Path, code: str) -> str:
    """The words that the cells of a notebook of ours show."""
    shown: list[str] = []
    names = {"vars": lambda: {}}
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        exec(source, names)
        if "parameters" in cell["metadata"].get("tags", []):
            names |= {"workspace": str(workspace), "as_at": AS_AT, "pathway": code}
        shown += [str(eval(source, names))] if source.startswith("report.") else []
    plt.close("all")
    return "\n".join(shown)


def every_page(
    workspace: Path, code: str, capsys: pytest.CaptureFixture[str], names: tuple = NOTEBOOKS
) -> None:
    for name in names:
        told = run(name, workspace, code) + capsys.readouterr().out
        assert not HOLE.findall(told), (name, HOLE.findall(told))
    if names != NOTEBOOKS:
        return
    contents = sw.open(workspace).contents(AS_AT)
    index = re.sub(r"<[^>]+>", " ", pages.index(contents).partition("<main")[2])
    assert not HOLE.findall(index)


def test_a_service_without_closing_dates_has_its_pages(rows, tmp_path, capsys):
    workspace = without(tmp_path / "ws", "SLCN", rows["SLCN"], "closed_date")
    every_page(workspace, "SLCN", capsys, NOTEBOOKS[:3])


@pytest.mark.long
@pytest.mark.parametrize(("code", "absent"), OPTIONAL, ids=lambda v: str(v))
def test_every_page_is_made_without_any_one_optional_column(rows, tmp_path, capsys, code, absent):
    """Each optional column of each service of the sample, one at a time: about ten CPU seconds each."""
    every_page(without(tmp_path / "ws", code, rows[code], absent), code, capsys)
