"""Our notebooks in a real JupyterLab in headless Chromium, as an analyst would run and change them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSER = next(
    (p for p in map(shutil.which, ("chromium", "google-chrome", "chromium-browser")) if p), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None, reason="no Chromium on this machine: JupyterLab was not opened"
    ),
]
SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
"""No news, and every cell stands in the page, seen or not."""


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(home: Path, workspace: Path) -> Iterator[str]:
    """The address of a JupyterLab on loopback over the workspace, with settings of its own; this python, by module name."""
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    port = _free_port()
    places = {"CONFIG": "config", "DATA": "data"}
    environment = os.environ | {f"JUPYTER_{k}_DIR": str(home / v) for k, v in places.items()}
    environment |= {
        f"JUPYTERLAB_{k.upper()}_DIR": str(home / k) for k in ("settings", "workspaces")
    }
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        cwd=workspace,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(480):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).read()
                break
            except OSError:
                assert server.poll() is None, "JupyterLab does not start"
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


class Notebook:
    """A notebook open in the browser: its cells are changed by typing, run from the menu, and read back from the file."""

    def __init__(self, page: Any, address: str, path: Path) -> None:
        self.page, self.path = page, path
        # a slow machine asks for the kernel when cells are run before it is there: take the one it proposes
        page.add_locator_handler(
            page.locator(".jp-Dialog button.jp-mod-accept"), lambda button: button.click()
        )
        page.goto(f"{address}/lab/tree/notebooks/{path.name}?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
        page.wait_for_selector('.jp-StatusBar-TextItem:has-text("| Idle")')

    def code(self) -> list[dict[str, Any]]:
        """The code cells as saved."""
        saved = json.loads(self.path.read_text(encoding="utf-8"))
        return [c for c in saved["cells"] if c["cell_type"] == "code"]

    def number(self, words: str) -> int:
        """Which code cell holds these words."""
        (found,) = [i for i, c in enumerate(self.code()) if words in "".join(c["source"])]
        return found

    def menu(self, name: str, entry: str) -> None:
        self.page.click(f'.lm-MenuBar-itemLabel:text-is("{name}")')
        self.page.click(f'.lm-Menu-itemLabel:text-is("{entry}")')

    def write(self, number: int, source: str) -> None:
        """Types the source over a code cell."""
        cell = self.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.save()

    def add_below(self, number: int, source: str) -> None:
        """A new code cell below one, by the key b as an analyst would."""
        self.page.locator(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt").nth(number).click()
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(source)
        self.save()

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(700)

    def run_all(self, seconds: int = 240) -> list[dict[str, Any]]:
        """Runs all cells from the menu; the code cells as saved once each has its number."""
        self.menu("Edit", "Clear Outputs of All Cells")
        self.save()
        self.menu("Run", "Run All Cells")
        self.page.click(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt")
        deadline = time.time() + seconds
        while time.time() < deadline:
            self.save()
            code = self.code()
            outputs = [o for c in code for o in c["outputs"]]
            failed = [o["evalue"] for o in outputs if o["output_type"] == "error"]
            assert not failed, failed
            counts = [c["execution_count"] or 0 for c in code]
            if counts == list(range(1, len(counts) + 1)):
                return code
            self.page.wait_for_timeout(1000)
        raise AssertionError(f"after {seconds} s cells have run as {counts}")


@pytest.fixture
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = play.chromium.launch(executable_path=BROWSER, args=flags)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(90_000)
        yield page
        browser.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """JupyterLab over a small made-up workspace with our notebooks: its address and the folder."""
    from sendwaits import sample

    sample.write(tmp_path / "ws", size="small")
    shutil.copytree(ROOT / "notebooks", tmp_path / "ws" / "notebooks")
    for address in serve(tmp_path, tmp_path / "ws"):
        yield address, tmp_path / "ws"


@pytest.fixture
def one_service(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The same over the sample's first service alone."""
    (tmp_path / "ws" / "data" / "raw").mkdir(parents=True)
    for name in ("data/raw/nst_2024-07-31.csv", "sendwaits.toml"):
        shutil.copy(ROOT / name, tmp_path / "ws" / name)
    shutil.copytree(ROOT / "notebooks", tmp_path / "ws" / "notebooks")
    for address in serve(tmp_path, tmp_path / "ws"):
        yield address, tmp_path / "ws"


def test_start_here_runs_from_top_to_bottom_in_jupyterlab(small: Any, page: Any) -> None:
    address, workspace = small
    code = Notebook(page, address, workspace / "notebooks" / "start_here.ipynb").run_all()
    shown = [o.get("data", {}) for c in code for o in c["outputs"]]
    assert any("image/png" in d or "<svg" in "".join(d.get("text/html", "")) for d in shown), (
        "a chart is shown"
    )
    assert any("<table" in "".join(d.get("text/html", "")) for d in shown), "a table is shown"


MONTHS = """pathway = "NST"  # code of the service
as_at = "2024-07-31"  # the day to report on, YYYY-MM-DD
profile = "board"  # what may be shown
months = 12  # how many of the newest months the sections show, 3 to 24
workspace = "."  # folder with a sendwaits.toml, here or above"""
TITLE_AND_COLOUR = """for wait, rows in ages.groupby("wait", sort=False):
    ax = sw.charts.bands(rows)
    ax.set_title("Who waits, by length of wait")
    for bar in ax.patches:
        bar.set_color("#801650")
    report.publish("ages", rows, ax)"""
BOXPLOT = """import seaborn as sns
boxes = districts[districts["group"] != ""]
ax = sns.boxplot(boxes, x="value", y="group", color="#9cb8d8")
ax.set(title="Three counts of each district", xlabel="children", ylabel="")
report.publish("Boxes by district", boxes, ax, "Waiting, over 18 and over 52 weeks in each district.")"""


@pytest.mark.long
def test_backlog_is_changed_in_jupyterlab_one_cell_each_and_the_batch_prints_it(
    one_service: Any, page: Any
) -> None:
    address, workspace = one_service
    notebook = Notebook(page, address, workspace / "notebooks" / "backlog.ipynb")
    notebook.write(notebook.number('profile = "board"'), MONTHS)
    notebook.write(notebook.number("sw.charts.bands"), TITLE_AND_COLOUR)
    notebook.add_below(notebook.number('publish("districts"'), BOXPLOT)
    code = notebook.run_all()
    flow = code[notebook.number("flow = report.flow()")]
    assert any("<table" in "".join(o["data"].get("text/html", "")) for o in flow["outputs"])
    drawn = code[notebook.number("sns.boxplot")]["outputs"]
    assert any("image/png" in o.get("data", {}) for o in drawn), "the boxes are seen"

    command = "-m", "sendwaits.run.cli", "report", str(workspace), "--as-at", "2024-07-31"
    done = subprocess.run(
        [sys.executable, *command, "--report", "backlog"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = (workspace / "reports" / "2024-07-31" / "nst_backlog.html").read_text(encoding="utf-8")
    heads = [h.split("</h2>")[0] for h in made.split("<h2>")[1:]]
    assert heads.index("Boxes by district") == 1 + next(
        i for i, h in enumerate(heads) if "Over 18 weeks" in h
    )
    assert "Who waits, by length of wait" in made and "#801650" in made
    assert "Waiting, over 18 and over 52 weeks in each district." in made
    assert "|2024-07-31" in made and "Aug 2022" not in made, "12 months are drawn, not 24"


@pytest.mark.long
def test_explore_opens_inside_jupyterlab_with_released_numbers_and_says_when_they_are_exact(
    one_service: Any, page: Any
) -> None:
    address, workspace = one_service
    notebook = Notebook(page, address, workspace / "notebooks" / "start_here.ipynb")
    opened = 'import sendwaits as sw\narea = sw.open(".")\narea.explore("2024-07-31"{})'
    notebook.write(notebook.number("import seaborn"), opened.format(""))
    notebook.write(notebook.number("area.waiting"), opened.format(', profile="analyst"'))
    for number, profile in (
        (notebook.number('area.explore("2024-07-31")'), "Board profile"),
        (notebook.number('profile="analyst"'), "Analyst profile: exact"),
    ):
        page.locator(".jp-NotebookPanel .jp-CodeCell").nth(number).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        cell = page.locator(".jp-NotebookPanel .jp-CodeCell").nth(number)
        inside = cell.frame_locator("iframe")
        inside.locator("#title").wait_for(timeout=240_000)
        assert (
            inside.locator("#title").inner_text().startswith("NST, referral to first appointment")
        )
        assert profile in inside.locator("body").inner_text()
        assert inside.locator("#chart svg").count() and inside.locator("#table td").count() > 10


@pytest.mark.long
@pytest.mark.parametrize("name", ["start_here", "backlog"])
def test_stored_outputs_show_tables_and_pictures_trusted_or_not_wide_and_narrow(
    one_service: Any, page: Any, name: str, tmp_path: Path
) -> None:
    address, workspace = one_service
    Notebook(page, address, workspace / "notebooks" / f"{name}.ipynb")
    panel = page.locator(".jp-NotebookPanel")
    wide = "e => e.naturalWidth > 100 && e.getBoundingClientRect().width > 100"
    for trusted in (False, True):
        if trusted:
            page.click('.lm-MenuBar-itemLabel:text-is("File")')
            page.keyboard.press("Escape")
            page.keyboard.press("Control+Shift+c")
            page.locator(".lm-CommandPalette-input").fill("trust notebook")
            page.keyboard.press("Enter")
            page.wait_for_timeout(2000)
        for width in (1400, 700):
            page.set_viewport_size({"width": width, "height": 1000})
            page.wait_for_timeout(500)
            drawn = panel.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg")
            assert drawn.count() >= 1, (trusted, width)
            images = panel.locator(".jp-OutputArea-output img")
            assert all(images.nth(i).evaluate(wide) for i in range(images.count()))
            assert panel.locator(".jp-OutputArea-output table").count() >= 2
            page.screenshot(path=tmp_path / f"{name}_{'trusted' if trusted else 'not'}_{width}.png")
