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
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSER = next(
    (p for p in map(shutil.which, ("chromium", "google-chrome", "chromium-browser")) if p), None
)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _code(workspace: Path) -> list[dict[str, Any]]:
    """The code cells of the notebook as saved."""
    saved = json.loads((workspace / "notebooks" / "start_here.ipynb").read_text(encoding="utf-8"))
    return [c for c in saved["cells"] if c["cell_type"] == "code"]


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab on loopback over a small made-up workspace with our notebooks; yields its address and the folder."""
    from sendwaits import sample

    sample.write(tmp_path / "ws", size="small")
    shutil.copytree(ROOT / "notebooks", tmp_path / "ws" / "notebooks")
    quiet = (
        tmp_path
        / "settings"
        / "@jupyterlab"
        / "apputils-extension"
        / "notification.jupyterlab-settings"
    )
    quiet.parent.mkdir(parents=True)
    quiet.write_text('{"checkForUpdates": false, "fetchNews": "false"}', encoding="utf-8")
    port = _free_port()
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ]
    server = subprocess.Popen(
        command,
        cwd=tmp_path / "ws",
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
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
@pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine: JupyterLab was not opened"
)
def test_start_here_runs_from_top_to_bottom_in_jupyterlab(lab):
    from playwright.sync_api import sync_playwright

    address, workspace = lab
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(90_000)
        # a slow machine asks for the kernel when cells are run before it is there: take the one it proposes
        page.add_locator_handler(
            page.locator(".jp-Dialog button.jp-mod-accept"), lambda button: button.click()
        )
        page.goto(f"{address}/lab/tree/notebooks/start_here.ipynb?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
        page.wait_for_selector('.jp-StatusBar-TextItem:has-text("| Idle")')
        page.click('.lm-MenuBar-itemLabel:text-is("Edit")')
        page.click('.lm-Menu-itemLabel:has-text("Clear Outputs of All Cells")')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
        page.click(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt")
        cells = len(_code(workspace))
        deadline = time.time() + 180
        while time.time() < deadline and sorted(
            c["execution_count"] or 0 for c in _code(workspace)
        ) != list(range(1, cells + 1)):
            page.wait_for_timeout(1000)
            page.keyboard.press("Control+s")
            page.wait_for_timeout(500)
        browser.close()
    code = _code(workspace)
    outputs = [o for c in code for o in c["outputs"]]
    assert [c["execution_count"] for c in code] == list(range(1, cells + 1))
    assert not [o for o in outputs if o["output_type"] == "error"]
    shown = [o.get("data", {}) for o in outputs]
    assert any("image/png" in d or "<svg" in "".join(d.get("text/html", "")) for d in shown), (
        "a chart is shown"
    )
    assert any("<table" in "".join(d.get("text/html", "")) for d in shown), "a table is shown"
