"""The notebooks as files: read in one sitting, executed, with pictures that an untrusted JupyterLab shows too."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DRAWN = {"start_here", "explore", "backlog", "trend", "forecast", "update"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: p.stem)
def notebook(request):
    found = json.loads(request.param.read_text(encoding="utf-8"))
    found["name"] = request.param.stem
    return found


def code(notebook) -> list[dict]:
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def test_one_cell_holds_the_parameters_and_says_what_each_means(notebook):
    (cell,) = [c for c in code(notebook) if "parameters" in c["metadata"].get("tags", [])]
    for line in "".join(cell["source"]).splitlines():
        value, _, meaning = line.partition("  # ")
        assert ast.parse(value) and len(meaning) > 10, line


def test_no_cell_defines_a_function_or_is_longer_than_eight_lines(notebook):
    for cell in code(notebook):
        source = "".join(cell["source"])
        assert len(source.splitlines()) <= 8
        assert not [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]


def test_every_cell_is_executed_in_order_and_none_failed(notebook):
    counts = [c["execution_count"] for c in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    kinds = {o["output_type"] for c in code(notebook) for o in c["outputs"]}
    assert "error" not in kinds and "stream" not in kinds


def test_charts_are_pictures_beside_the_text_so_that_they_show_untrusted(notebook):
    outputs = [o for c in code(notebook) for o in c["outputs"]]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert bool(pictures) == (notebook["name"] in DRAWN)


def test_a_report_reconciles_over_at_least_one_period_and_closes_its_page(notebook):
    if notebook["name"] in ("start_here", "explore"):
        return
    source = "\n".join("".join(c["source"]) for c in code(notebook))
    assert all(f"report.{call}(" in source for call in ("opening", "publish", "closing"))
    outputs = [o for c in code(notebook) for o in c["outputs"]]
    texts = ["".join(o.get("data", {}).get("text/plain", "")) for o in outputs]
    assert any("Reconciled over" in t and "Reconciled over 0" not in t for t in texts)
