"""The house itself: one direction of imports, one source of dependencies, light imports, nothing personal in history."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ["ground", "intake", "measure", "outlook", "release", "area", "run"]
GROUND = {"errors", "strict", "pathways", "workspace", "raw", "store", "threads", "__init__", ""}
HEAVY = {
    "papermill",
    "matplotlib",
    "seaborn",
    "statsmodels",
    "scipy",
    "pyarrow",
    "nbformat",
    "nbclient",
    "jinja2",
    "IPython",
}


def _floor(module: str) -> str | None:
    first = module.removeprefix("sendwaits").lstrip(".").split(".")[0]
    if first in GROUND:
        return "ground"
    return first if first in FLOORS else None  # sample stands aside


def _imports(path: Path):
    """(module, at top level) of every import of our own in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        id(n)
        for f in ast.walk(tree)
        if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef))
        for n in ast.walk(f)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [
                f"{node.module}.{a.name}" if node.module == "sendwaits" else node.module
                for a in node.names
            ]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            continue
        for name in names:
            yield name, id(node) not in lazy


def test_imports_go_from_a_later_floor_to_an_earlier_one_only():
    wrong = []
    for path in sorted((ROOT / "sendwaits").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        here = _floor(module)
        for name, _ in _imports(path):
            there = _floor(name) if name.split(".")[0] == "sendwaits" else None
            if (
                here
                and there
                and FLOORS.index(there) > FLOORS.index(here)
                and module != "sendwaits.__init__"
            ):
                wrong.append(f"{module} imports {name}")
    assert not wrong


def test_no_room_is_called_utils_or_config():
    names = {p.stem for p in (ROOT / "sendwaits").rglob("*")}
    assert not names & {"utils", "util", "config", "constants", "base", "helpers", "common_utils"}


def test_import_sendwaits_brings_no_heavy_library():
    code = "import sys, sendwaits; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert not loaded & HEAVY


def _cpu(code: str) -> float:
    resource = pytest.importorskip(
        "resource", reason="this system does not tell the CPU time of a process that has ended"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_import_sendwaits_costs_no_more_than_pandas():
    ours = min(_cpu("import sendwaits") for _ in range(3))
    pandas = min(_cpu("import pandas") for _ in range(3))
    assert ours <= 1.1 * pandas


def _named(text: str) -> tuple[str, str]:
    name, rest = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*(.*)", text).groups()
    return name.lower(), rest.replace(" ", "")


def test_environment_yml_names_what_pyproject_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(
        _named(d) for d in [*project["dependencies"], *project["optional-dependencies"]["test"]]
    )
    wanted["python"] = project["requires-python"]
    lines = re.findall(
        r"^\s+- (?!conda-forge|make|pip:?$|-e \.)(.+)$",
        (ROOT / "environment.yml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert dict(_named(line) for line in lines) == wanted


def test_the_lock_has_hashes_and_no_address():
    text = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    packages = re.findall(r"^[a-z0-9][^\n]*==.*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(packages) > 50 and all("--hash=sha256:" in p for p in packages)


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this copy is not a git checkout")
    return done.stdout.splitlines()


def test_only_the_made_up_sample_is_tracked_under_data_and_reports():
    made_up = re.compile(
        r"data/raw/(dfe/(README\.md|ehc_(requests|assessments|timeliness_20_week)\.csv)|nhse/community_bands\.csv|series_[a-z_]+\.csv|([A-Za-z_]+)_2024-0[79]-(19|30|31)\.(csv|xlsx))|data/.gitignore|data/processed/\.gitkeep"
    )
    assert not [
        f for f in _tracked() if f.startswith(("data/", "reports/")) and not made_up.fullmatch(f)
    ]


def test_an_extract_that_is_not_the_sample_is_ignored_by_git():
    for name in (
        "data/raw/NST_2025-01-31.csv",
        "data/raw/real.xlsx",
        "data/raw/dfe/our_pupils.csv",
        "data/raw/nhse/patients.csv",
        "data/processed/waits.parquet",
        "reports/2024-07-31/index.html",
    ):
        done = subprocess.run(["git", "check-ignore", "-q", "--no-index", name], cwd=ROOT)
        if done.returncode == 128:
            pytest.skip("this copy is not a git checkout")
        assert done.returncode == 0, name
