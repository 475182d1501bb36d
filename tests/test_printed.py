"""The whole set of the sample on paper: every page at most two A4 sheets, the index one; nothing of a chart is lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sendwaits.run import batch
from sendwaits.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[1]
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None
)
pytestmark = [pytest.mark.long, pytest.mark.browser]


@pytest.fixture(scope="module")
def a_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the committed sample, in a copy."""
    folder = tmp_path_factory.mktemp("printed")
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw")
    for name in ("sendwaits.toml", "statements.toml"):
        shutil.copy(ROOT / name, folder / name)
    batch.run(open_workspace(folder), as_at=date(2024, 7, 31))
    return folder / "reports" / "2024-07-31"


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium on this machine: nothing was printed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = play.chromium.launch(executable_path=BROWSER, args=flags)
        yield browser.new_page()
        browser.close()


def sheets(page: Any, file: Path) -> int:
    page.goto(file.as_uri())
    made = page.pdf(prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b", made))


def test_every_page_prints_on_two_sheets_and_the_index_on_one(a_set: Path, page: Any) -> None:
    found = {f.stem: sheets(page, f) for f in sorted(a_set.glob("*.html"))}
    assert len(found) == 23 and found["index"] == 1
    assert not {name: n for name, n in found.items() if n > 2}


def test_on_paper_charts_words_and_notes_are_seen_and_their_tables_are_not(
    a_set: Path, page: Any
) -> None:
    page.goto((a_set / "nst_backlog.html").as_uri())
    page.emulate_media(media="print")
    for seen in ("figure .wide svg", ".words", ".notes", ".board", "h1"):
        assert page.locator(seen).first.is_visible(), seen
    assert not page.locator("figure details").first.is_visible()
    assert not page.locator("figure .narrow").first.is_visible()
    page.emulate_media(media="screen")
