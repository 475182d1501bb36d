"""The start_here notebook in a real JupyterLab in headless Chromium, as an analyst would run it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSER = next((p for p in map(shutil.which, ("chromium", "google-chrome", "chromium-browser")) if p), None)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab on loopback over a small made-up workspace with our notebooks; yields its address and the folder."""
    from sendwaits import sample

    sample.write(tmp_path / "ws", size="small")
    shutil.copytree(ROOT / "notebooks", tmp_path / "ws" / "notebooks")
    port = _free_port()
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1",
               "--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
               "--LabApp.news_url=None"]
    server = subprocess.Popen(command, cwd=tmp_path / "ws", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).read()
                break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}", tmp_path / "ws"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine: JupyterLab was not opened")
def test_start_here_runs_from_top_to_bottom_in_jupyterlab(lab):
    from playwright.sync_api import sync_playwright

    address, workspace = lab
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/lab/tree/notebooks/start_here.ipynb?reset", timeout=90_000)
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=90_000)
        page.wait_for_selector('[data-status="idle"]', timeout=90_000)
        page.keyboard.press("Escape")
        page.click('.lm-MenuBar-itemLabel:text-is("Edit")')
        page.click('.lm-Menu-itemLabel:has-text("Clear Outputs of All Cells")')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
        cells = sum(c["cell_type"] == "code" for c in json.loads((workspace / "notebooks" / "start_here.ipynb").read_text(encoding="utf-8"))["cells"])
        page.click('.jp-NotebookPanel .jp-CodeCell')
        deadline = time.time() + 180
        while time.time() < deadline:
            page.keyboard.press("Control+s")
            page.wait_for_timeout(1500)
            saved = json.loads((workspace / "notebooks" / "start_here.ipynb").read_text(encoding="utf-8"))
            code = [c for c in saved["cells"] if c["cell_type"] == "code"]
            if sorted(c["execution_count"] or 0 for c in code) == list(range(1, cells + 1)):
                break
        browser.close()
    outputs = [o for c in code for o in c["outputs"]]
    assert [c["execution_count"] for c in code] == list(range(1, cells + 1))
    assert not [o for o in outputs if o["output_type"] == "error"]
    shown = [o.get("data", {}) for o in outputs]
    assert any("image/png" in d or "<svg" in "".join(d.get("text/html", "")) for d in shown), "a chart is shown"
    assert any("<table" in "".join(d.get("text/html", "")) for d in shown), "a table is shown"
