"""How a set's files are made: the few calls that the batch makes into the floors below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def prepare(self, workspace: Workspace, request: Request) -> None:
        """Cleaning, census, release and forecasts are computed once and kept. Raises `Refused` for input."""
        from sendwaits.area import Area

        Area(workspace).prepare(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile)

    def page(self, notebook: Any) -> str:
        """The page of one executed notebook."""
        from sendwaits.release.pages import from_notebook

        return from_notebook(notebook)

    def set_files(self, workspace: Workspace, request: Request, failed: Mapping[str, str]) -> dict[str, bytes]:
        """The other files of the set by name: index.html, figures.csv, tables.xlsx."""
        from sendwaits.area import Area

        return Area(workspace).set_files(as_at=request.as_at, pathways=list(request.pathways), profile=request.profile,
                                         failed=dict(failed))

    def audit(self, workspace: Workspace, request: Request, folder: Path, names: Sequence[str]) -> None:
        """Raises `Unsafe` when a hidden number could be worked out from the set in ``folder``."""

    def published(self, workspace: Workspace, request: Request, folder: Path) -> None:
        """The set in ``folder`` has been released: it is entered in the register."""
