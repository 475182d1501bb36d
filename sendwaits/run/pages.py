"""One page of a set: kept from before when nothing it depends on has changed, else made from its notebook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits import store
from sendwaits.run.making import Maker, Request
from sendwaits.run.plan import Page, Plan

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["cache_of", "kept", "make_page", "warm"]


def _names(page: Page, request: Request) -> list[str]:
    return [f"{page.name}.html"] + ([f"{page.name}.ipynb"] if request.profile == "analyst" else [])


def cache_of(workspace: Workspace, page: Page) -> Path:
    return store.cache_path(workspace, f"page-{page.name}", page.key)


def kept(workspace: Workspace, target: Path, plan: Plan, page: Page) -> dict[str, bytes] | None:
    """The page's files as made before from the same inputs: in the set that stands, else in the cache."""
    if plan.old.get("pages", {}).get(page.name) == page.key:
        try:
            files = {n: (target / n).read_bytes() for n in _names(page, plan.request)}
            outputs = plan.old["outputs"]
            if all(store.digest_bytes(data) == outputs.get(n) for n, data in files.items()):
                return files
        except OSError:
            pass
    body = store.read_bytes(cache_of(workspace, page))
    return store.decode(body) if body is not None else None


def warm(item: tuple[Maker, Workspace, Request], tell: Any) -> None:
    maker, workspace, request = item
    maker.warm(workspace, request)


def make_page(item: tuple[Maker, Page, Path, bool, Sequence[str]], tell: Any) -> dict[str, bytes]:
    """The files of one page; runs in a process of its own."""
    from sendwaits.run import engine

    maker, page, root, keep_notebook, without = item
    os.environ["SENDWAITS_WITHOUT"] = ",".join(without)
    if not keep_notebook:  # no picture for JupyterLab is drawn beside the page's own
        os.environ["MPLBACKEND"] = "agg"
    executed = engine.execute(page.notebook, page.parameters, root, tell)
    files = {f"{page.name}.html": maker.page(executed).encode()}
    if keep_notebook:
        files[f"{page.name}.ipynb"] = _steady(executed)
    return files


def _steady(executed: Any) -> bytes:
    """The executed notebook without clock times, folders and chance identifiers."""
    import nbformat

    parameters = executed.metadata.pop("papermill", {}).get("parameters", {})
    executed.metadata["papermill"] = {"parameters": parameters}
    for number, cell in enumerate(executed.cells, 1):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number}"
    return (nbformat.writes(executed).rstrip("\n") + "\n").encode()
