"""The examples of docs/scheduling.md are carried out, or at least read by the program they are for."""

from __future__ import annotations

import configparser
import csv
import os
import re
import shutil
import subprocess
import sys
import types
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = dict(
    re.findall(
        r"<!-- file: (\S+) -->\n```\w+\n(.*?)```",
        (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A small made-up workspace with the notebooks, and a folder with a `sendwaits` command in front of the path."""
    from sendwaits import sample

    root = tmp_path_factory.mktemp("made-up")
    sample.write(root, size="small")
    if not (root / "notebooks").exists():
        shutil.copytree(ROOT / "notebooks", root / "notebooks")
    commands = tmp_path_factory.mktemp("bin")
    (commands / "sendwaits").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m sendwaits.run.cli "$@"\n'
    )
    (commands / "sendwaits").chmod(0o755)
    return root, {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="a POSIX script")
def test_the_script_makes_the_reports_and_a_second_night_changes_nothing(made_up, tmp_path):
    root, surroundings = made_up
    (tmp_path / "monthly.sh").write_text(FILES["monthly.sh"])
    for night in ("first", "second"):
        done = subprocess.run(
            ["sh", str(tmp_path / "monthly.sh"), str(root), "2024-07-31"],
            capture_output=True,
            text=True,
            env=surroundings,
        )
        assert done.returncode == 0, f"{night}: {done.stderr}"
    assert "0 made" in done.stderr and (root / "reports" / "2024-07-31" / "index.html").exists()
    assert (
        subprocess.run(
            ["sh", str(tmp_path / "monthly.sh"), str(root / "nowhere")],
            capture_output=True,
            env=surroundings,
        ).returncode
        == 4
    )


def test_the_crontab_names_five_times_and_the_script():
    *settings, line = FILES["crontab"].strip().splitlines()
    assert all("=" in s for s in settings)
    assert re.fullmatch(r"[\d*,/-]+( [\d*,/-]+){4} /\S+/monthly\.sh /\S+", line)


def test_systemd_accepts_the_service_and_the_timer(tmp_path):
    for name in ("sendwaits.service", "sendwaits.timer"):
        unit = configparser.ConfigParser(strict=True)
        unit.optionxform = str
        unit.read_string(FILES[name])
        (tmp_path / name).write_text(FILES[name])
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd on this machine; the files were only read as settings")
    when = unit["Timer"]["OnCalendar"]
    done = subprocess.run(
        ["systemd-analyze", "calendar", when, "--iterations=11"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "sendwaits.timer")],
        capture_output=True,
        text=True,
    )
    assert "Unknown" not in done.stderr and "Failed to parse" not in done.stderr


@pytest.mark.skipif(os.name != "nt", reason="Windows only")
def test_the_windows_script_ends_with_the_commands_exit_code(tmp_path):
    (tmp_path / "monthly.cmd").write_text(FILES["monthly.cmd"])
    done = subprocess.run(
        ["cmd", "/c", str(tmp_path / "monthly.cmd"), str(tmp_path), "2024-07-31"],
        capture_output=True,
    )
    assert done.returncode == 2  # no sendwaits.toml there


def test_the_windows_task_starts_the_windows_script():
    assert r"C:\send\monthly.cmd C:\send %d" in FILES["task.ps1"]
    quoted = re.search(r"\$run = '(.*)'\n", FILES["task.ps1"])[1].replace("''", "'")
    inner = re.search(r"python -c \"(.*?)\"", quoted)[1]
    day = subprocess.run(
        [sys.executable, "-c", inner], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert datetime.fromisoformat(day) < datetime.now()


def test_the_airflow_tasks_call_the_command_and_a_notebook_with_its_own_parameters(monkeypatch):
    """Airflow's classes are stood in for by recorders when Airflow is not installed: its API is not ours to test."""
    made = []
    if not _has_airflow():

        class Task:
            def __init__(self, **options):
                made.append(options)

            def __rshift__(self, other):
                return other

        class Dag:
            def __init__(self, name, **options):
                self.options = options

            __enter__ = lambda self: self  # noqa: E731
            __exit__ = lambda self, *_: None  # noqa: E731

        for name, attributes in {
            "airflow": {"DAG": Dag},
            "airflow.providers.papermill.operators.papermill": {"PapermillOperator": Task},
            "airflow.providers.standard.operators.bash": {"BashOperator": Task},
        }.items():
            module = types.ModuleType(name)
            module.__dict__.update(attributes)
            monkeypatch.setitem(sys.modules, name, module)
    exec(compile(FILES["send_waits_dag.py"], "send_waits_dag.py", "exec"), {})
    if made:
        command, notebook = made
        assert (
            command["bash_command"].split(" && ")[1].startswith("sendwaits report . --as-at ")
            and command["skip_on_exit_code"] == 5
        )
        from papermill.inspection import inspect_notebook

        known = inspect_notebook(str(ROOT / "notebooks" / Path(notebook["input_nb"]).name))
        assert set(notebook["parameters"]) <= set(known)


def _has_airflow():
    import importlib.util

    return importlib.util.find_spec("airflow") is not None


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="the steps are run by a POSIX shell")
def test_the_github_steps_make_and_verify_the_reports(made_up, tmp_path):
    yaml = pytest.importorskip("yaml")
    work = yaml.safe_load(FILES[".github/workflows/reports.yml"])
    steps = [s["run"] for s in work["jobs"]["reports"]["steps"] if "run" in s]
    assert steps[0] == "python -m pip install ."
    for step in steps[1:]:
        done = subprocess.run(
            ["sh", "-e", "-c", step], cwd=tmp_path, capture_output=True, text=True, env=made_up[1]
        )
        assert done.returncode == 0, f"{step}: {done.stderr}"


def test_the_list_of_areas_is_one_that_is_read(tmp_path):
    import toy

    from sendwaits.scale.areas import read_places
    from sendwaits.workspace import open_workspace

    for name in ("home", "northshire", "southshire"):
        toy.write(tmp_path / name)
    (tmp_path / "home" / "areas.csv").write_text(FILES["areas.csv"])
    places = read_places(open_workspace(tmp_path / "home"), tmp_path / "home" / "areas.csv")
    assert [(p.name, p.workspace.only) for p in places] == [
        ("Northshire", ""),
        ("Southshire", ""),
        ("The west of ours", "district=West"),
    ]
    assert len(list(csv.reader(FILES["areas.csv"].splitlines()))) == 4


def test_the_spark_example_is_valid_code_that_names_what_there_is():
    from sendwaits.run import batch
    from sendwaits.scale import spark

    tree = compile(FILES["on_spark.py"], "on_spark.py", "exec")
    assert (
        tree
        and {"census_on_spark", "each_on_spark"} <= set(spark.__all__)
        and "each" in batch.run.__kwdefaults__
    )
