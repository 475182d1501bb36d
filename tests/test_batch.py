"""The set of reports of one month: what is made, what is kept, what fails, and the bytes that come out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date

import nbformat
import pytest
import toy

from sendwaits import store
from sendwaits.errors import Refused, Unsafe

PAGES = ["backlog", "trend"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    toy.fork_also_beside_threads(monkeypatch)
    store.forget()
    yield
    store.forget()


def command(root, **environment):
    """The batch in a process of its own, as a person starts it."""
    return subprocess.run(
        [sys.executable, toy.__file__, str(root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": toy.PATH, **environment},
    )


def test_the_set_has_a_page_for_every_pathway_and_report_and_the_files_beside_them(tmp_path):
    summary = toy.run(toy.write(tmp_path))
    folder = tmp_path / "reports" / "2024-07-31"
    pages = [f"{c}_{r}.html" for c in ("nst", "ot_la", "slcn") for r in PAGES]
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*pages, "quality.html", "index.html", "figures.csv", "run.json"]
    )
    assert summary.exit_code == 0 and len(summary.made) == 7 and len(summary.lines) == 5
    assert (
        summary.lines[0]
        == "7 of 7 reports for 2024-07-31 (profile board, k = 5): 7 made, 0 unchanged."
    )
    assert (
        summary.lines[1]
        == "Left out, no extract on or before that day: OT_HEALTH, SLCN_AUTISM, EHC."
    )
    assert summary.lines[4] == "Open reports/2024-07-31/index.html"
    assert {p.name for p in (tmp_path / "reports").iterdir()} == {"2024-07-31", ".sendwaits.lock"}
    text = (folder / "slcn_trend.html").read_text()
    assert "SLCN" in text and ">4<" in text.replace("\\n", "")


def test_run_json_holds_the_hash_of_every_input_and_output_and_of_itself(tmp_path):
    toy.run(toy.write(tmp_path))
    folder = tmp_path / "reports" / "2024-07-31"
    text = (folder / "run.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert record["outputs"] == {
        p.name: store.digest_file(p) for p in folder.iterdir() if p.name != "run.json"
    }
    assert {n: store.digest_file(tmp_path / n) for n in record["inputs"]} == record["inputs"]
    assert {"data/raw/nst_2024-07-31.csv", "sendwaits.toml", "notebooks/trend.ipynb"} <= set(
        record["inputs"]
    )
    assert record["sha256"] == store.digest_bytes(text.replace(record["sha256"], "").encode())
    assert record["parameters"] == {
        "as_at": "2024-07-31",
        "pathways": ["NST", "OT_LA", "SLCN"],
        "reports": ["trend", "backlog", "quality"],
        "profile": "board",
        "k": 5,
    }
    assert set(record["durations"]) == {
        f"{c}_{r}" for c in ("nst", "ot_la", "slcn") for r in PAGES
    } | {"quality"}
    assert record["zeros_hidden"] == [] and record["failed"] == {}
    assert str(tmp_path) not in text


def test_a_second_run_with_nothing_changed_makes_nothing_and_imports_nothing_heavy(tmp_path):
    toy.write(tmp_path)
    first = command(tmp_path)
    before = toy.contents(tmp_path / "reports")
    second = command(tmp_path)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    told = json.loads(second.stdout.splitlines()[-1])
    assert (
        told["heavy"] == []
        and "7 of 7 reports for 2024-07-31 (profile board, k = 5): 0 made, 7 unchanged."
        in second.stdout
    )
    assert toy.contents(tmp_path / "reports") == before


def change_extract(root):
    path = root / "data" / "raw" / "nst_2024-07-31.csv"
    path.write_text(path.read_text() + "c9,2024-02-01\n")


def change_settings(root):
    path = root / "sendwaits.toml"
    path.write_text(path.read_text() + "[disclosure]\nk = 6\n")


def change_notebook(root):
    nb = nbformat.read(root / "notebooks" / "backlog.ipynb", 4)
    nb.cells[-1].source = "as_at + '!'"
    nbformat.write(nb, root / "notebooks" / "backlog.ipynb")


def remove_page(root):
    (root / "reports" / "2024-07-31" / "nst_trend.html").unlink()


def damage_page(root):
    (root / "reports" / "2024-07-31" / "nst_trend.html").write_text("damaged")


def add_stray(root):
    (root / "reports" / "2024-07-31" / "stray.html").write_text("stray")


@pytest.mark.parametrize(
    "change, made",
    [
        (change_extract, ["nst_backlog", "nst_trend", "quality"]),
        (
            change_settings,
            [
                "nst_backlog",
                "nst_trend",
                "ot_la_backlog",
                "ot_la_trend",
                "quality",
                "slcn_backlog",
                "slcn_trend",
            ],
        ),
        (change_notebook, ["nst_backlog", "ot_la_backlog", "slcn_backlog"]),
        (remove_page, []),
        (damage_page, []),
        (add_stray, []),
    ],
)
def test_only_what_is_changed_is_made_again_and_the_set_equals_one_made_from_nothing(
    tmp_path, change, made
):
    root = toy.write(tmp_path / "a")
    toy.run(root)
    change(root)
    assert sorted(toy.run(root).made) == made
    other = toy.write(tmp_path / "b")
    for name in ("data/raw/nst_2024-07-31.csv", "sendwaits.toml", "notebooks/backlog.ipynb"):
        (other / name).write_bytes((root / name).read_bytes())
    toy.run(other)
    assert toy.contents(root / "reports") == toy.contents(other / "reports")


def test_a_page_that_was_lost_with_the_cache_is_made_again(tmp_path):
    toy.run(toy.write(tmp_path))
    remove_page(tmp_path)
    (cached,) = (tmp_path / "data" / "processed" / "cache").glob("page-nst_trend.*")
    cached.write_bytes(cached.read_bytes()[:-1] + b"?")
    assert toy.run(tmp_path).made == ["nst_trend"]


def test_what_is_asked_for_is_what_the_set_holds(tmp_path):
    toy.write(tmp_path)
    toy.run(tmp_path)
    summary = toy.run(tmp_path, pathways=["NST"], reports=["trend"])
    assert (summary.made, summary.kept) == ([], ["nst_trend"])
    assert sorted(p.name for p in (tmp_path / "reports" / "2024-07-31").iterdir()) == [
        "figures.csv",
        "index.html",
        "nst_trend.html",
        "run.json",
    ]


def test_the_analyst_profile_keeps_the_executed_notebooks_without_times_and_folders(tmp_path):
    toy.run(toy.write(tmp_path), profile="analyst", pathways=["NST"], reports=["trend"])
    folder = tmp_path / "reports" / "2024-07-31"
    nb = nbformat.read(folder / "nst_trend.ipynb", 4)
    nbformat.validate(nb)
    assert nb.metadata.papermill == {
        "parameters": {"as_at": "2024-07-31", "profile": "analyst", "pathway": "NST"}
    }
    assert all("papermill" not in c.metadata for c in nb.cells)
    assert json.loads((folder / "run.json").read_text())["parameters"]["k"] == 1


def test_one_failed_report_leaves_the_others_and_no_half_notebook_or_value(tmp_path):
    toy.write(tmp_path, extra='assert pathway != "SLCN", f"{len(table)} is the age of Jane Doe"')
    done = command(tmp_path, TOY_OPTIONS='{"profile": "analyst"}')
    folder = tmp_path / "reports" / "2024-07-31"
    assert (
        done.returncode == 3
        and "Failed: slcn_trend (cell 3: its code fails; run the notebook in JupyterLab to see why)."
        in done.stdout
    )
    assert (
        "6 of 7 reports" in done.stdout
        and "Jane" not in done.stdout + done.stderr
        and "Traceback" not in done.stderr
    )
    assert (
        not (folder / "slcn_trend.html").exists()
        and not (folder / "slcn_trend.ipynb").exists()
        and (folder / "nst_trend.html").exists()
    )
    assert not any(b"4 is the age" in p.read_bytes() for p in folder.iterdir())
    assert json.loads((folder / "run.json").read_text())["failed"] == {
        "slcn_trend": "cell 3: its code fails; run the notebook in JupyterLab to see why"
    }


def test_after_the_cause_is_removed_only_the_failed_report_is_made(tmp_path):
    toy.write(tmp_path, extra='assert pathway != "SLCN" or len(table) > 4')
    assert toy.run(tmp_path).failed == {
        "slcn_trend": "cell 3: its code fails; run the notebook in JupyterLab to see why"
    }
    assert toy.run(tmp_path).failed == {
        "slcn_trend": "cell 3: its code fails; run the notebook in JupyterLab to see why"
    }
    path = tmp_path / "data" / "raw" / "slcn_2024-07-31.csv"
    path.write_text(path.read_text() + "c9,2024-02-01\n")
    again = toy.run(tmp_path)
    assert again.exit_code == 0 and sorted(again.made) == ["quality", "slcn_backlog", "slcn_trend"]


def test_a_set_that_fails_the_audit_is_not_released(tmp_path):
    toy.write(tmp_path)
    toy.run(tmp_path)
    before = toy.contents(tmp_path / "reports" / "2024-07-31")
    nb = nbformat.read(tmp_path / "notebooks" / "backlog.ipynb", 4)
    nb.cells[-1].source = "'unsafe'"
    nbformat.write(nb, tmp_path / "notebooks" / "backlog.ipynb")
    with pytest.raises(Unsafe):
        toy.run(tmp_path)
    assert toy.contents(tmp_path / "reports" / "2024-07-31") == before
    assert {p.name for p in (tmp_path / "reports").iterdir()} == {"2024-07-31", ".sendwaits.lock"}


def test_a_dry_run_says_what_would_be_made_and_why_and_writes_nothing(tmp_path):
    toy.write(tmp_path)
    summary = toy.run(tmp_path, dry_run=True, pathways=["NST"])
    assert summary.lines == [
        "nst_trend: would be made (not made before)",
        "nst_backlog: would be made (not made before)",
        "quality: would be made (not made before)",
        "3 of 3 reports would be made in reports/2024-07-31; nothing was changed.",
    ]
    assert not (tmp_path / "reports").exists() and not (tmp_path / "data" / "processed").exists()
    toy.run(tmp_path, pathways=["NST"])
    change_extract(tmp_path)
    change_notebook(tmp_path)
    assert toy.run(tmp_path, dry_run=True, pathways=["NST"]).lines[:3] == [
        "nst_trend: would be made (changed: data/raw/nst_2024-07-31.csv)",
        "nst_backlog: would be made (changed: notebooks/backlog.ipynb, data/raw/nst_2024-07-31.csv)",
        "quality: would be made (changed: data/raw/nst_2024-07-31.csv)",
    ]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"pathways": ["NSP"]}, "No pathway 'NSP'"),
        ({"reports": ["trends"]}, "No report 'trends'. Choose one of: trend, backlog, quality."),
        ({"pathways": ["EHC"]}, "no extract on or before 2024-07-31 of EHC"),
        ({"as_at": date(2024, 7, 30)}, "no extract on or before 2024-07-30 of any pathway"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(tmp_path, options, message):
    with pytest.raises(Refused, match=message):
        toy.run(toy.write(tmp_path), **options)


def test_a_notebook_without_the_day_is_refused(tmp_path):
    toy.write(tmp_path)
    nbformat.write(toy.cells("1", parameters="day = 1"), tmp_path / "notebooks" / "trend.ipynb")
    with pytest.raises(Refused, match="trend.ipynb: has no parameter 'as_at'"):
        toy.run(tmp_path)


def test_an_extract_of_another_day_or_a_damaged_date_is_no_pathway(tmp_path):
    toy.write(tmp_path, pathways=("NST",))
    (tmp_path / "data" / "raw" / "slcn_2024-08-31.csv").write_text("child_id,referral_date\n")
    (tmp_path / "data" / "raw" / "ot_la_2024-13-45.csv").write_text("child_id,referral_date\n")
    assert toy.run(tmp_path).lines[1] == (
        "Left out, no extract on or before that day: OT_HEALTH, OT_LA, SLCN, SLCN_AUTISM, EHC. "
        "Left out, not named as an extract: ot_la_2024-13-45.csv (call it OT_LA_<YYYY-MM-DD>.csv)."
    )


def test_the_bytes_depend_on_no_zone_language_folder_or_hash_seed(tmp_path):
    made = []
    for name, surroundings in {
        "a": {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
        "b/deeper": {
            "TZ": "Pacific/Auckland",
            "PYTHONHASHSEED": "77",
            "LC_ALL": "C.UTF-8",
            "SENDWAITS_ENGINE": "pool",
        },
    }.items():
        root = toy.write(tmp_path / name)
        done = command(
            root,
            TOY_OPTIONS='{"profile": "analyst", "pathways": ["NST"], "reports": ["trend"]}',
            **surroundings,
        )
        assert done.returncode == 0, done.stderr
        made.append(toy.contents(root / "reports" / "2024-07-31"))
    assert made[0] == made[1]


def test_a_bar_is_shown_to_a_person_only(tmp_path):
    toy.write(tmp_path)
    assert command(tmp_path).stderr == ""
