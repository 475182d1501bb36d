"""Notebooks are thin, executed in order on the sample, and refuse what they do not know."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import made_release as made
import pytest
from lxml import html

from sendwaits.release import pages

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("start_here", "trend", "backlog", "forecast", "quality", "themes")


def read(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_the_notebooks_are_those_of_the_design() -> None:
    assert {p.stem for p in FOLDER.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_thin_without_functions_loops_or_arithmetic(name: str) -> None:
    notebook = read(name)
    assert len(notebook["cells"]) <= 25
    for cell in code(notebook):
        assert len(source(cell).splitlines()) <= 8
        for node in ast.walk(ast.parse(source(cell))):
            assert not isinstance(
                node,
                (
                    ast.FunctionDef,
                    ast.Lambda,
                    ast.ClassDef,
                    ast.For,
                    ast.While,
                    ast.ListComp,
                    ast.BinOp,
                    ast.AugAssign,
                ),
            ), source(cell)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_is_question_parameters_imports_load_reconciliation_then_questions(
    name: str,
) -> None:
    notebook = read(name)
    first, second, *_ = notebook["cells"]
    assert (
        first["cell_type"] == "markdown"
        and source(first).startswith("# ")
        and "?" in source(first).splitlines()[0]
    )
    assert second["metadata"].get("tags") == ["parameters"]
    assert [source(c).splitlines()[0] for c in notebook["cells"][2:5]][
        0
    ] == "import sendwaits as sw"
    assert source(notebook["cells"][3]).startswith(
        "area = sw.open(workspace)"
    ) and "given=vars()" in source(notebook["cells"][3])
    assert source(notebook["cells"][4]) == "report.reconcile()"
    for cell in notebook["cells"][5:]:
        if cell["cell_type"] == "markdown":
            assert source(cell).startswith("## ") and source(cell).splitlines()[0].endswith("?")


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_has_a_meaning_and_is_one_that_reports_know(name: str) -> None:
    lines = source(read(name)["cells"][1]).splitlines()
    for line in lines:
        found = re.fullmatch(r'(\w+) = "[^"]*"  # .{15,}', line)
        assert found and found.group(1) in pages.PARAMETERS, line
    wanted = {"as_at", "profile", "workspace"} | (
        set() if name in ("quality", "themes") else {"pathway"}
    )
    assert {line.split(" = ")[0] for line in lines} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_code_cell_was_executed_in_order_and_none_failed(name: str) -> None:
    cells = code(read(name))
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    assert not [o for c in cells for o in c["outputs"] if o["output_type"] in ("error", "stream")]


@pytest.mark.parametrize("name", sorted(made.SECTIONS))
def test_a_notebook_calls_the_parts_of_its_page_and_its_outputs_make_that_page(name: str) -> None:
    notebook = read(name)
    calls = [
        m.group(1) for c in code(notebook) if (m := re.fullmatch(r"report\.(\w+)\(\)", source(c)))
    ]
    assert calls == list(made.SECTIONS[name])
    page = html.fromstring(pages.from_notebook(notebook))
    assert len(page.findall(".//h1")) == 1 and len(page.findall(".//table")) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_no_output_names_a_folder_of_this_machine_or_depends_on_it(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert str(FOLDER.parent) not in text
    assert not re.search(r"0x[0-9a-f]{6,}", text)
    assert not re.search(r'"(/home|/tmp|/root|C:\\\\)', text)
