"""Every page of docs/ that shows commands and files is carried out, block by block, in a fresh folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["new-area", "new-supplier", "new-pathway", "monthly-run"]
WRITTEN = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
BLOCK = re.compile(r"(?:<!-- (file|append): (\S+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_does_what_it_says(page, tmp_path):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    ran = 0
    for how, name, language, body in BLOCK.findall(text):
        if how:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(
                (target.read_text(encoding="utf-8") if how == "append" else "") + body,
                encoding="utf-8",
                newline="\n",
            )
        elif language == "sh":
            for line in body.strip().splitlines():
                words = line.split()
                assert words[0] == "sendwaits"
                done = subprocess.run(
                    [sys.executable, "-m", "sendwaits.run.cli", *words[1:]],
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                    encoding="utf-8",
                )
                assert done.returncode == 0, f"{line}\n{done.stderr}"
                ran += 1
    assert ran >= 3


def test_links_between_pages_lead_somewhere():
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(
            r"\b(docs/[\w./-]+\.md|[A-Z]{4,}\.md)\b", page.read_text(encoding="utf-8")
        ):
            if not (ROOT / name).exists():
                missing.append(f"{page.name}: {name}")
    assert not missing


def test_every_command_and_option_that_a_page_names_exists():
    from sendwaits.run.cli import cli

    wrong = []
    for page in WRITTEN:
        text = page.read_text(encoding="utf-8")
        for name, rest in re.findall(r"(?:`|^)sendwaits ([a-z]+)\b([^`\n|]*)", text, re.MULTILINE):
            command = cli.commands.get(name)
            known = {o for p in command.params for o in p.opts} if command else set()
            wrong += [f"{page.name}: {name}"] if command is None else []
            wrong += [
                f"{page.name}: {name} {o}" for o in re.findall(r"--[a-z-]+", rest) if o not in known
            ]
    assert not wrong


def test_every_command_is_told_in_the_readme():
    from sendwaits.run.cli import cli

    told = set(re.findall(r"`sendwaits ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert set(cli.commands) - told == set()


def test_the_glossary_defines_a_word_once():
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    terms = [t.lower() for line in text.splitlines() for t in re.findall(r"\*\*([^*]+)\*\*", line)]
    assert len(terms) > 40 and sorted(terms) == sorted(set(terms))


def test_every_function_and_file_of_ours_that_a_page_names_exists():
    missing = []
    for page in WRITTEN:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:sendwaits|tests|benchmarks)/[\w./-]+\.\w+)`", text):
            missing += [] if (ROOT / path).exists() or "<" in path else [f"{page.name}: {path}"]
    assert not missing


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A copy of the repository's sample."""
    folder = tmp_path_factory.mktemp("made_up")
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw")
    for name in ("sendwaits.toml", "statements.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.long
def test_the_python_of_the_readme_runs_as_it_stands(made_up):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=made_up, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.mark.long
def test_every_example_of_a_docstring_runs(made_up, monkeypatch):
    """Each call of an area and of the package, on the sample."""
    import doctest

    import sendwaits as sw

    monkeypatch.chdir(made_up)
    names = {"sw": sw, "area": sw.open("."), "report": None}
    texts = [sw.__doc__, *(c.__doc__ for c in vars(sw.Area).values() if callable(c) and c.__doc__)]
    ran = 0
    for text in texts:
        for example in doctest.DocTestParser().get_examples(text):
            exec(example.source, names)
            ran += 1
    assert ran >= 20
