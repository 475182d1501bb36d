"""The wheel alone, in an environment of its own, makes a sample and its reports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from sendwaits import sample

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "sendwaits",
    "notebooks",
)


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SENDWAITS_ONLY")
    } | {"PYTHONUTF8": "1"}
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`python -m build` of a copy of the sources: an sdist, and the wheel from that sdist. No network: nothing is isolated."""
    source = tmp_path_factory.mktemp("source")
    leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=leave) if (
            ROOT / name
        ).is_dir() else shutil.copyfile(ROOT / name, source / name)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", cwd=source)
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of a fresh environment that holds the wheel and sees our dependencies, but not this checkout."""
    home = tmp_path_factory.mktemp("alone") / "env"
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    libraries = [sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]]
    site = Path(
        _run(
            python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=home
        ).stdout.strip()
    )
    # a plain path line, so that the .pth of an editable install over there is not followed
    (site / "dependencies.pth").write_text(
        "\n".join(dict.fromkeys(libraries)) + "\n", encoding="utf-8"
    )
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        wheel,
        cwd=home,
    )
    where = _run(
        python, "-c", "import sendwaits; print(sendwaits.__file__)", cwd=home
    ).stdout.strip()
    assert Path(where).resolve().is_relative_to(site.resolve())
    return python


def test_the_wheel_carries_notebooks_templates_pathways_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    source = {f"sendwaits/notebooks/{p.name}" for p in (ROOT / "notebooks").glob("*.ipynb")}
    published = {
        f"sendwaits/sample/{name}" for name in sample.BESIDE
    }  # open data, no child's record
    source |= published
    for pattern in ("pathways/*.toml", "release/templates/**/*", "py.typed", "**/*.py"):
        found = (p for p in (ROOT / "sendwaits").glob(pattern) if p.is_file())
        source |= {p.relative_to(ROOT).as_posix() for p in found}
    assert len(source) > 100 and source <= names
    assert not [
        n
        for n in names - published
        if n.startswith(("tests/", "data/", "benchmarks/"))
        or n.endswith((".csv", ".xlsx", ".parquet"))
    ]


def test_the_wheel_alone_makes_a_sample_and_its_reports(alone: Path, tmp_path: Path) -> None:
    command = alone.parent / ("sendwaits.exe" if os.name == "nt" else "sendwaits")
    folder = tmp_path / "made up"
    _run(command, "sample", folder, "--size", "small", cwd=tmp_path)
    assert not list(folder.glob("notebooks/*.ipynb")), (
        "so the notebooks can only come from the wheel"
    )
    _run(
        command,
        "report",
        folder,
        "--as-at",
        "2024-07-31",
        "--pathway",
        "SLCN",
        "--report",
        "backlog",
        "--report",
        "trend",
        "--profile",
        "analyst",
        cwd=tmp_path,
    )
    made = {p.name for p in (folder / "reports" / "2024-07-31").iterdir()}
    assert {
        "index.html",
        "slcn_backlog.html",
        "slcn_trend.html",
        "figures.csv",
        "tables.xlsx",
        "run.json",
    } <= made


def test_the_wheel_alone_starts_a_workspace_with_its_notebooks(alone: Path, tmp_path: Path) -> None:
    _run(alone, "-m", "sendwaits.run.cli", "init", "mine", cwd=tmp_path)
    assert {p.name for p in (tmp_path / "mine" / "notebooks").iterdir()} == {
        p.name for p in (ROOT / "notebooks").glob("*.ipynb")
    }


def test_papermill_finds_our_engine_in_the_wheel(alone: Path, tmp_path: Path) -> None:
    said = _run(
        alone,
        "-c",
        "from papermill.engines import papermill_engines as e; print(e.get_engine('sendwaits').__name__)",
        cwd=tmp_path,
    )
    assert said.stdout.strip() == "SendwaitsEngine"


def test_the_version_is_said_once_and_the_public_names_exist() -> None:
    import tomllib

    import sendwaits

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == sendwaits.__version__
    assert all(hasattr(sendwaits, name) for name in sendwaits.__all__)
