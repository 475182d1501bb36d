"""The recipes of docs/ for the package's own code, carried out in a copy of it: only the files that they name are touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from test_docs import BLOCK

ROOT = Path(__file__).resolve().parents[1]


def carried_out(page: str, folder: Path) -> None:
    """A copy of the package in which the page's files are written."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sendwaits", folder / "sendwaits", ignore=ignore)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for how, name, _, body in BLOCK.findall((ROOT / "docs" / page).read_text("utf-8")):
        path = folder / name
        if not how:
            continue
        assert (how == "append") == path.exists(), f"{page}: {name}"
        before = path.read_text(encoding="utf-8") if how == "append" else ""
        path.write_text(before + body, encoding="utf-8", newline="\n")


def run(folder: Path, code: str, **given: str) -> str:
    """What a Python of the copied package prints."""
    surroundings = {**os.environ, "PYTHONPATH": str(folder), **given}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def workspace(folder: Path, rows: str) -> None:
    (folder / "ws" / "data" / "raw").mkdir(parents=True)
    (folder / "ws" / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n')
    (folder / "ws" / "data" / "raw" / "SLCN_2024-07-31.csv").write_text(
        "child_id,referral_id,referral_date,first_contact_date\n" + rows
    )


def test_a_new_measure_is_counted_explained_traced_and_known_to_the_door(tmp_path: Path) -> None:
    carried_out("new-measure.md", tmp_path)
    # A waited 365 days, B 364: more than 364 days is one child.
    workspace(tmp_path, "A,1,2023-07-03,2024-07-02\nB,2,2023-07-04,2024-07-02\n")
    told = run(
        tmp_path,
        """
import sendwaits as sw
from sendwaits.release import words
from sendwaits.release.door.exact import relation_of
area, name = sw.open("ws"), "completed_after_52_weeks"
print(area.series("SLCN", name)["value"].iloc[-1])
print(len(area.rows_behind("SLCN", "contact", name, "2024-07-31", "2024-07-01")))
print(area.measures().query("measure == @name")["meaning"].item())
print(words.measure(name).head, "/", relation_of(name).of)
""",
    )
    assert told.splitlines() == [
        "1.0",
        "1",
        "Waits completed in the period after more than 52 weeks (more than 364 days).",
        "Completed after 52 weeks / completed",
    ]


def test_a_new_rule_sets_its_rows_aside_with_its_words(tmp_path: Path) -> None:
    carried_out("new-rule.md", tmp_path)
    workspace(tmp_path, "A,1,2024-07-01,\nB,2,2024-07-07,\nC,3,2024-07-08,\n")  # 7 July: a Sunday
    told = run(
        tmp_path,
        """
import sendwaits as sw
result = sw.open("ws").check()
print(result.quarantine[["row", "column", "code", "reason"]].values.tolist())
""",
    )
    assert told.strip() == "[[3, 'referral_date', 'Q-SUNDAY', 'referred on a Sunday']]"


def test_a_new_section_has_its_frame_its_words_and_its_place_in_the_report(tmp_path: Path) -> None:
    carried_out("new-section.md", tmp_path)
    told = run(
        tmp_path,
        """
from made_frames import stock
from made_report import report
from sendwaits.release import publish
one = report(rows=stock("SLCN", "contact", [8.0, 11.0], measure="waiting_booked"))
assert "booked" in one.sections() and "booked" in dir(one)
print(publish.section(one, "booked", one.booked()).text)
""",
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT / "tests")]),
    )
    assert "11 children on the list have an appointment" in told


def test_the_look_is_one_file(tmp_path: Path) -> None:
    carried_out("new-section.md", tmp_path)
    style = tmp_path / "sendwaits" / "release" / "style.mplstyle"
    text = style.read_text(encoding="utf-8").replace("'12436D'", "'0a5c36'")
    style.write_text(text.replace("axes.titlesize: 16", "axes.titlesize: 21"), encoding="utf-8")
    svg = run(
        tmp_path,
        """
from made_frames import released, stock
from sendwaits.release import charts
print(charts.svg(charts.line(released(stock("SLCN", "contact", [8.0, 11.0, 12.0]))), "wide"))
""",
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT / "tests")]),
    )
    assert "#0a5c36" in svg.lower() and "#12436d" not in svg.lower()


@pytest.mark.long
def test_the_example_of_a_section_and_a_report_of_ones_own_are_carried_out(tmp_path: Path) -> None:
    from sendwaits import sample

    sample.write(tmp_path / "ws", size="small")
    blocks = BLOCK.findall((ROOT / "docs" / "new-section.md").read_text("utf-8"))
    example = next(b for how, _, kind, b in blocks if kind == "python" and not how)
    surroundings = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path / "ws",
        env=surroundings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "The list as I see it" in done.stdout, done.stderr

    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})  # as JupyterLab saves it
    text = (ROOT / "docs" / "new-report.md").read_text("utf-8")
    for _, _, kind, body in BLOCK.findall(text):
        if kind == "python":
            notebook.cells.append(nbformat.v4.new_code_cell(body.strip()))
        elif kind == "toml":
            with open(tmp_path / "ws" / "sendwaits.toml", "a", encoding="utf-8") as settings:
                settings.write("\n" + body)
    notebook.cells[0].metadata["tags"] = ["parameters"]
    (tmp_path / "ws" / "notebooks").mkdir(exist_ok=True)
    nbformat.write(notebook, tmp_path / "ws" / "notebooks" / "ours.ipynb")
    (line,) = re.findall(r"^sendwaits (.*)$", text, re.MULTILINE)
    verify = ["verify", "reports/2024-07-31"]
    for words in (line.split(), verify):
        command = [sys.executable, "-m", "sendwaits.run.cli", *words]
        done = subprocess.run(command, cwd=tmp_path / "ws", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    made = (tmp_path / "ws" / "reports" / "2024-07-31" / "slcn_ours.html").read_text("utf-8")
    assert "Our own chart" in made and "<svg" in made
