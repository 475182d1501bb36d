"""How a set's files are made: the few calls that the batch makes into the floors below."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Request", "Maker"]


@dataclass(frozen=True)
class Request:
    """What is asked for: one day, some pathways and reports, and which numbers may be shown."""

    as_at: date
    pathways: tuple[str, ...]
    reports: tuple[str, ...]
    profile: str
    k: int


class Maker:
    """Computes what the reports of a set share, turns notebooks into pages, makes the set's other files, and audits it."""

    libraries: tuple[str, ...] = (
        "matplotlib.pyplot",
        "seaborn",
        "scipy.stats",
        "scipy.optimize",
        "sendwaits.area",
        "sendwaits.release.pages",
        "sendwaits.release.charts",
        "sendwaits.release.narrative",
        "sendwaits.release.reports.trend",
        "sendwaits.release.reports.backlog",
        "sendwaits.release.reports.forecast",
    )

    def warm(self, workspace: Workspace, request: Request) -> None:
        """What the reports of one pathway share is computed and kept; side by side with other pathways'."""
        self._area(workspace).prepare(
            as_at=request.as_at, pathways=list(request.pathways), profile=request.profile
        )

    def prepare(self, workspace: Workspace, request: Request) -> None:
        """What all reports share is computed and kept, and data/processed holds its set. Raises `Refused` for input."""
        from sendwaits import store
        from sendwaits.errors import CannotWrite
        from sendwaits.run.checking import leave

        area = self._area(workspace)
        area.prepare(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile)

        def left() -> bool:
            leave(area.check(), workspace)
            return True

        extracts = store.digest_files(p for p in workspace.raw.iterdir() if p.is_file())
        with suppress(CannotWrite):  # the reports stand without it
            if (workspace.processed / "manifest.json").exists():
                store.cached(workspace, "left", [workspace.settings_text, extracts], left)
            else:
                left()

    def page(self, notebook: Any) -> str:
        """The page of one executed notebook."""
        from sendwaits.release.pages import from_notebook

        return from_notebook(notebook)

    def set_files(
        self,
        workspace: Workspace,
        request: Request,
        made: Collection[str],
        failed: Mapping[str, str],
    ) -> dict[str, bytes]:
        """The other files of the set by name: index.html (it links the pages that were ``made``), figures.csv, tables.xlsx;
        under run.json, more facts for it.
        """
        return self._area(workspace).set_files(
            as_at=request.as_at,
            pathways=list(request.pathways),
            profile=request.profile,
            failed=dict(failed),
            made=sorted(made),
        )

    def audit(
        self, workspace: Workspace, request: Request, folder: Path, workers: int
    ) -> dict[str, str]:
        """Pathway -> why its numbers in ``folder`` must not be released: a hidden one could be worked out.

        Pathways share no child's wait: they are audited side by side, and what was found is kept with what was audited.
        Raises `Unsafe` when the pages say something else than figures.csv.
        """
        if request.profile == "analyst":
            return {}
        from sendwaits.release.tables import read_figures
        from sendwaits.release.verify import compare_pages
        from sendwaits.run import processes

        table = read_figures(folder / "figures.csv")
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        items = [
            (workspace, request, code, rows.reset_index(drop=True), facts.get("zeros_hidden", []))
            for code, rows in table.groupby("pathway")
        ]
        found = {}
        for (_, _, code, *_), outcome in processes.each_alone(_audit, items, workers):
            if outcome.failure:
                found[code] = f"its disclosure check could not be finished: {outcome.failure}"
            elif outcome.value:
                first = "; ".join(sorted(outcome.value)[:3])
                found[code] = f"{len(outcome.value)} numbers would tell too much. First: {first}"
        if not found:
            compare_pages(folder, table)
        return found

    def register(self, workspace: Workspace, request: Request, folder: Path) -> None:
        """The set in ``folder`` is about to be released: the register holds it before a reader can see it.

        Parts of an area have no register of their own; the analyst's sets are not released.
        """
        if request.profile != "analyst" and not workspace.only:
            from sendwaits.release.disclosure.register import record

            record(workspace.processed, folder)

    def _area(self, workspace: Workspace) -> Any:
        from sendwaits.area import Area

        return Area(workspace)


def _audit(item: tuple[Workspace, Request, str, Any, list[str]], tell: Any) -> list[str]:
    """What is wrong with one pathway's released rows: measure and reason, never the number."""
    from sendwaits import store
    from sendwaits.release.disclosure import Released, audit
    from sendwaits.release.disclosure.register import digest, releases

    workspace, request, code, rows, zeros = item
    before = "" if workspace.only else digest(workspace.processed)
    key = [code, request.profile, request.k, sorted(zeros), before, rows.to_csv(index=False)]

    def find() -> list[str]:
        previous = releases(workspace.processed) if before else []
        found = audit(
            Released(rows, zeros_hidden=zeros, profile=request.profile, k=request.k), previous
        )
        return sorted({f"{f.key.split('|')[0]} {f.key.split('|')[2]} ({f.what})" for f in found})

    return store.cached(workspace, f"audit-{code}", key, find)
