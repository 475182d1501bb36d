"""A notebook run by our engine is the notebook papermill's own kernel gives, alone in its process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import toy

from sendwaits.errors import Refused
from sendwaits.run import engine, processes

V4 = nbformat.v4


@pytest.fixture(autouse=True)
def _fork(monkeypatch):
    toy.fork_also_beside_threads(monkeypatch)


PAPERMILL = "from papermill.cli import papermill; papermill()"


def notebook(path: Path, *cells, parameters='area = "x"  # a name\nn = 1  # a number'):
    """A notebook with a parameters cell and then the given code cells; a tuple is (code, tag)."""
    nb = V4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        }
    )
    nb.cells = [
        V4.new_markdown_cell("# How long do children wait?"),
        V4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
    ]
    for cell in cells:
        code, *tags = cell if isinstance(cell, tuple) else (cell,)
        nb.cells.append(V4.new_code_cell(code, metadata={"tags": tags}))
    nbformat.write(nb, path)
    return path


def run_alone(item, tell):
    path, parameters = item
    return engine.execute(path, parameters, Path(path).parent, tell)


def run(path, **parameters):
    processes.preload()
    ((_, outcome),) = processes.each_alone(run_alone, [(path, parameters)])
    return outcome


def outputs(nb):
    """What a reader sees; text split into pieces by a kernel's timing is one text."""
    seen = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            pieces = []
            for out in cell.outputs:
                text = re.sub(r"ipykernel_\d+", "ipykernel", "".join(out.get("text", "")))
                if (
                    pieces
                    and out.output_type == "stream"
                    and pieces[-1][:2] == ["stream", out.name]
                ):
                    pieces[-1][2] += text
                elif out.output_type == "stream":
                    pieces.append(["stream", out.name, text])
                else:
                    pieces.append([json.dumps(out, sort_keys=True)])
            seen.append(
                (
                    cell.source,
                    cell.execution_count,
                    pieces,
                    sorted(set(cell.metadata) - {"execution"}),
                )
            )
        else:
            seen.append((cell.source,))
    return seen


def states(nb):
    return [c.metadata["papermill"]["status"] for c in nb.cells if "papermill" in c.metadata]


EVERYTHING = [
    "import os, sys, warnings\nimport pandas as pd",
    'print(area, type(area).__name__)\nprint("careful", file=sys.stderr)\nprint("more")\nn',
    'pd.DataFrame({"weeks": [n, 2.5], "district": ["North", None]})',
    'pd.Series([1.5], name="weeks")',
    'from IPython.display import display, HTML, Markdown, clear_output\nshown = display("first", display_id="a")\ndisplay(HTML("<b>1</b>"), Markdown("*2*"))',
    'shown.update("second")',
    'import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.plot([1, 2, n])\naxes.set_title("Waiting")',
    '%matplotlib inline\nplt.plot([1])\nplt.show()\nprint("end")',
    'os.system("echo from a program")\n!echo piped',
    'await __import__("asyncio").sleep(0)\n_',
    "   ",
    'print("gone")\nclear_output()\nprint("stays")',
    'warnings.warn("careful")',
    'pd.options.display.max_rows, os.getcwd(), os.environ["MPLBACKEND"], sorted(k for k in globals() if k[0] != "_"), __name__',
    '%config InlineBackend.figure_formats = ["svg"]\nn;',
    "In[1], len(Out) > 3",
]
FAILING = ["print('before')", "1 / 0", "print('never')"]


@pytest.mark.skipif(os.name == "nt", reason="the cells call a POSIX shell")
@pytest.mark.parametrize("cells", [EVERYTHING, FAILING], ids=["everything", "failing"])
def test_outputs_equal_those_of_the_papermill_command(tmp_path, cells):
    path = notebook(tmp_path / "in.ipynb", *cells)
    theirs, ours = tmp_path / "theirs.ipynb", tmp_path / "ours.ipynb"
    surroundings = {
        k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"
    }  # a kernel that sees it drops programs' output
    for out, options in ((theirs, []), (ours, ["--engine", "sendwaits"])):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PAPERMILL,
                str(path),
                str(out),
                "-r",
                "area",
                "007",
                "-p",
                "n",
                "3",
                "--cwd",
                str(tmp_path),
                *options,
            ],
            capture_output=True,
            text=True,
            env=surroundings,
        )
        assert done.returncode == (1 if cells is FAILING else 0), done.stderr
    theirs, ours = nbformat.read(theirs, 4), nbformat.read(ours, 4)
    assert outputs(ours) == outputs(theirs)
    assert (
        ours.metadata["language_info"] == theirs.metadata["language_info"]
        and ours.metadata.keys() == theirs.metadata.keys()
    )
    assert states(ours) == states(theirs)


def test_the_number_007_stays_the_text_007(tmp_path):
    nb = run(notebook(tmp_path / "in.ipynb", "area"), area="007").value
    assert nb.cells[-1].outputs[0].data["text/plain"] == "'007'"
    assert nb.cells[2].metadata.tags == ["injected-parameters"]


def test_a_parameter_that_the_notebook_does_not_have_is_an_error(tmp_path):
    outcome = run(notebook(tmp_path / "in.ipynb", "area"), aera="x")
    assert (
        outcome.failure
        == "in.ipynb: has no parameter 'aera'. Name it in the cell tagged 'parameters'."
    )


def test_a_failing_cell_is_named_by_its_number_without_its_text(tmp_path):
    outcome = run(notebook(tmp_path / "in.ipynb", "raise ValueError('Jane Doe, born 2015')"))
    assert (
        outcome.failure == "cell 3: its code fails; run the notebook in JupyterLab to see why"
        and "Jane Doe" in outcome.detail
        and outcome.value is None
    )


def test_our_own_errors_are_told_in_full(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        "from sendwaits.errors import Refused\nraise Refused('NST: send the extract again')",
    )
    assert run(path).failure == "cell 3: NST: send the extract again"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_killed_notebook_is_a_failure_that_names_the_cell(tmp_path):
    outcome = run(
        notebook(
            tmp_path / "in.ipynb",
            "n",
            f"import os; os.kill(os.getpid(), {int(signal.SIGTERM.SIGKILL)})",
        )
    )
    assert (
        outcome.failure
        == "its process was killed in cell 4 (too little memory is the usual reason)"
        and outcome.value is None
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_papermill_does_not_record_a_killed_notebook_as_completed(tmp_path):
    path = notebook(tmp_path / "in.ipynb", "n", "import os; os.kill(os.getpid(), 9)", "n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PAPERMILL,
            str(path),
            str(tmp_path / "out.ipynb"),
            "--engine",
            "sendwaits",
        ],
        capture_output=True,
        text=True,
    )
    nb = nbformat.read(tmp_path / "out.ipynb", 4)
    assert done.returncode != 0 and "cell 4" in done.stderr
    assert [c.metadata.papermill.status for c in nb.cells] == [
        "completed",
        "completed",
        "completed",
        "failed",
        "pending",
    ]
    assert nb.metadata.papermill.exception is True
    assert nb.cells[2].outputs[0].data["text/plain"] == "1"


LEAKS = """
import builtins, os, sys, locale, warnings
import numpy as np, pandas as pd
seen = [k for k in ("mark",) if k in globals()] + [os.environ.get("MARK"), os.getcwd() == folder, pd.options.display.max_rows,
        hasattr(builtins, "mark"), hasattr(pd, "mark"), "mark" in sys.modules, sys.path[0] == "mark", np.geterr()["divide"], os.umask(0o22)]
seen
""".strip()
DIRT = """
mark = builtins.mark = pd.mark = True
os.environ["MARK"] = "1"; os.chdir("/"); pd.options.display.max_rows = 7; sys.modules["mark"] = os; sys.path.insert(0, "mark")
np.seterr(divide="ignore"); os.umask(0o77)
""".strip()


@pytest.mark.parametrize("way", ["fork", "pool"])
def test_no_notebook_sees_what_another_left(tmp_path, way, monkeypatch):
    if way == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    monkeypatch.setenv("SENDWAITS_ENGINE", way)
    path = notebook(tmp_path / "in.ipynb", LEAKS, DIRT, parameters='folder = ""  # where it runs')
    before = os.getcwd(), dict(os.environ), os.umask(0o22)
    os.umask(before[2])
    processes.preload(["numpy"])
    results = [
        o
        for _, o in processes.each_alone(
            run_alone, [(path, {"folder": str(tmp_path)})] * 2, workers=1
        )
    ]
    assert [r.failure for r in results] == ["", ""]
    clean = "[None, True, 60, False, False, False, False, 'warn', 18]"
    assert [r.value.cells[3].outputs[0].data["text/plain"] for r in results] == [clean, clean]
    assert (os.getcwd(), dict(os.environ)) == before[:2]


def test_unseeded_random_numbers_differ_between_notebooks(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb", "import random, numpy\nrandom.random(), float(numpy.random.random())"
    )
    processes.preload(["numpy"])
    drawn = {
        o.value.cells[-1].outputs[0].data["text/plain"]
        for _, o in processes.each_alone(run_alone, [(path, {})] * 3, workers=2)
    }
    assert len(drawn) == 3


def test_papermills_own_way_gives_the_same_notebook(tmp_path, monkeypatch):
    path = notebook(tmp_path / "in.ipynb", "print(area)\nn", "n + 1")
    here = run(path, area="007", n=2).value
    monkeypatch.setenv("SENDWAITS_ENGINE", "papermill")
    assert outputs(run(path, area="007", n=2).value) == outputs(here)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_one_killed_process_leaves_the_others_running():
    outcomes = dict(processes.each_alone(double_or_die, [1, 2, 3, 4], workers=2))
    assert {k: (o.value, o.failure[:22]) for k, o in outcomes.items()} == {
        1: (2, ""),
        2: (4, ""),
        3: (None, "its process was killed"),
        4: (8, ""),
    }


def double_or_die(item, tell):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item * 2


def test_an_unknown_way_is_refused(monkeypatch):
    monkeypatch.setenv("SENDWAITS_ENGINE", "threads")
    with pytest.raises(Refused, match="fork"):
        processes.kind()
