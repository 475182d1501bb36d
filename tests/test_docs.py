"""Every page of docs/ that shows commands and files is carried out, block by block, in a fresh folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["new-area", "new-supplier", "new-pathway", "monthly-run"]
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
