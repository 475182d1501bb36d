"""How a set's files are made: the few calls that the batch makes into the floors below."""

from __future__ import annotations

from collections.abc import Mapping
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

    libraries: tuple[str, ...] = ("sendwaits.area", "sendwaits.release.pages", "sendwaits.release.charts", "sendwaits.release.narrative",
                                  "sendwaits.release.reports.trend", "sendwaits.release.reports.backlog",
                                  "sendwaits.release.reports.forecast")

    def warm(self, workspace: Workspace, request: Request) -> None:
        """What the reports of one pathway share is computed and kept; side by side with other pathways'."""
        self._area(workspace).prepare(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile)

    def prepare(self, workspace: Workspace, request: Request) -> None:
        """What all reports share is computed and kept, and data/processed holds its set. Raises `Refused` for input."""
        from sendwaits.errors import CannotWrite
        from sendwaits.run.checking import leave

        area = self._area(workspace)
        area.prepare(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile)
        with suppress(CannotWrite):  # the reports stand without it
            leave(area.check(), workspace)

    def page(self, notebook: Any) -> str:
        """The page of one executed notebook."""
        from sendwaits.release.pages import from_notebook

        return from_notebook(notebook)

    def set_files(self, workspace: Workspace, request: Request, failed: Mapping[str, str]) -> dict[str, bytes]:
        """The other files of the set by name: index.html, figures.csv, tables.xlsx; under run.json, more facts for it."""
        return self._area(workspace).set_files(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile,
                                               failed=dict(failed))

    def audit(self, workspace: Workspace, request: Request, folder: Path) -> None:
        """Raises `Unsafe` when a hidden number could be worked out from the set in ``folder``."""

    def register(self, workspace: Workspace, request: Request, folder: Path) -> None:
        """The set in ``folder`` is about to be released: the register holds it before a reader can see it."""

    def _area(self, workspace: Workspace) -> Any:
        from sendwaits.area import Area

        return Area(workspace)
