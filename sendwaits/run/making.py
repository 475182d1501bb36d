"""How a set's files are made: the few calls that the batch makes into the floors below."""

from __future__ import annotations

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
        "scipy.stats",
        "matplotlib.pyplot",
        "seaborn",
        "scipy.optimize",
        "sendwaits.area",
        "sendwaits.release.charts",
        "sendwaits.release.report",
        "sendwaits.release.area_report",
        "sendwaits.release.pages",
        *(f"sendwaits.release.findings.{n}" for n in ("trend", "backlog", "forecast")),
        *(f"sendwaits.release.tables.{n}" for n in ("trend", "backlog", "forecast")),
    )

    def admit(self, workspace: Workspace) -> None:
        """Raises `Refused` for settings that only the rooms below can judge, such as a target of an unknown measure."""
        from sendwaits.area import open as open_area

        open_area(workspace.root)

    def read(self, workspace: Workspace, request: Request) -> None:
        """Every extract is read and cleaned, once, before the services' processes are started."""
        from sendwaits.release.contents import ledgers

        ledgers(workspace, request.as_at)

    def warm(self, workspace: Workspace, request: Request) -> None:
        """What the reports of one pathway share is computed and kept; side by side with other pathways'."""
        self._area(workspace).contents(
            request.as_at, list(request.pathways), request.profile, whole=False
        )

    def prepare(self, workspace: Workspace, request: Request) -> None:
        """What all reports share is computed and kept, and data/processed holds its set. Raises `Refused` for input."""
        from sendwaits import store
        from sendwaits.errors import CannotWrite
        from sendwaits.release import wording
        from sendwaits.run.checking import leave

        area = self._area(workspace)
        area.contents(request.as_at, list(request.pathways), request.profile)
        wording.load()

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
        from sendwaits.release.edition import files_of

        found = self._area(workspace).contents(
            request.as_at, list(request.pathways), request.profile
        )
        return files_of(found, dict(failed), sorted(made))

    def audit(
        self, workspace: Workspace, request: Request, folder: Path, workers: int
    ) -> dict[str, str]:
        """Pathway -> why its numbers in ``folder`` must not be released; empty when they may.

        A page that does not say what its figures and verdicts say stops its own service; raises `Unsafe` when the page is
        about the whole area.
        """
        from sendwaits.errors import Unsafe
        from sendwaits.release import door
        from sendwaits.release.verify import compare_pages

        try:
            compare_pages(folder)
        except Unsafe as error:
            page = str(error).partition(".html: ")[0]
            of = [c for c in request.pathways if page.startswith(f"{c.lower()}_")]
            if not of:
                raise
            return {max(of, key=len): str(error)}
        made = door.register.of_folder(folder)
        told: dict[str, list[str]] = {}
        for finding in door.audit(made, door.register.before(workspace.root, folder)):
            told.setdefault(finding.key.split("|")[0], []).append(finding.key.split("|")[2])
        return {
            code: f"{len(names)} numbers would tell too much. First: {names[0]}. Nothing was released."
            for code, names in told.items()
        }

    def register(self, workspace: Workspace, request: Request, folder: Path) -> None:
        """The set in ``folder`` is about to be released: the register holds it before a reader can see it."""
        from sendwaits.release import door

        door.register.append(workspace.root, folder)

    def registered(self, workspace: Workspace, request: Request) -> bool:
        """Whether the register holds a set of this day and profile; the analyst's own sets need none."""
        found = (workspace.root / "data" / "register").glob(
            f"*_{request.as_at.isoformat()}_{request.profile}.json"
        )
        return request.profile == "analyst" or any(found)

    def _area(self, workspace: Workspace) -> Any:
        from sendwaits.area import Area

        return Area(workspace)
