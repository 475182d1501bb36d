"""Pages: the template around the parts that an executed notebook shows, in order; and the index of all services."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.errors import Refused, SendwaitsError
from sendwaits.release.publish import Part
from sendwaits.release.wording import render

if TYPE_CHECKING:
    from sendwaits.release.contents import Contents

__all__ = ["PARAMETERS", "check_given", "from_notebook", "from_parts", "index"]

PARAMETERS = {
    "pathway": "code of the service, for example NST",
    "as_at": "date as YYYY-MM-DD",
    "profile": "analyst, board or public",
    "months": "how many of the newest months the sections show",
    "workspace": "folder with a sendwaits.toml",
}
"""What the notebooks take."""


def from_notebook(notebook: Mapping[str, Any]) -> str:
    """The page of an executed notebook: every part in its outputs, in their order, inside the page's own template.

    Pure: the same notebook gives the same bytes. Raises `SendwaitsError` when a cell was not executed or failed, or when
    the outputs hold no opening or no section.
    """
    parts: list[tuple[str, str, Mapping[str, Any]]] = []
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] != "code":
            continue
        if cell.get("execution_count") is None and "".join(cell["source"]).strip():
            raise SendwaitsError(
                f"The notebook's cell {number} has not been executed, so its page would miss a part. "
                "Run the notebook from top to bottom."
            )
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                raise SendwaitsError(
                    f"The notebook's cell {number} failed, so there is no page. Run the notebook and read that cell."
                )
            facts = output.get("metadata", {}).get("sendwaits", {})
            if "part" in facts:
                parts.append((facts["part"], "".join(output["data"]["text/html"]), facts))
    return _page(parts)


def from_parts(parts: Sequence[Part]) -> str:
    """The page of parts that were made without a notebook."""
    return _page([(p.kind, str(p.html), p.facts) for p in parts])


def _page(parts: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    openings = [facts for kind, _, facts in parts if kind == "opening"]
    if len(openings) != 1 or not any(kind == "section" for kind, *_ in parts):
        raise SendwaitsError(
            "A page needs one opening and at least one section: keep report.opening() and one report.publish(...)."
        )
    facts = {k: v for k, v in openings[0].items() if k != "part"}
    return str(render("page.html", parts=[Markup(html) for _, html, _ in parts], **facts)) + "\n"


def index(
    contents: Contents,
    made: Collection[str] | None = None,
    failed: Mapping[str, str] | None = None,
) -> str:
    """index.html: the decisions asked for, the worst fact, all services at a glance, what changed, risks, notes.

    ``made``: the pages of the set ("nst_backlog", "quality" ...), which alone are linked (None: all). ``failed``: pages that
    could not be made and why; the index names them, so that no service goes missing silently.
    """
    from sendwaits.release.area_report import open_report

    report = open_report("index", contents)
    report.made, report.failed = made, failed or {}
    return from_parts(report.parts())


def check_given(given: Mapping[str, Any], known: Mapping[str, str] = PARAMETERS) -> None:
    """Refuse a value that no parameter takes: papermill defines a misspelt name beside the default and carries on.

    ``given`` is the notebook's ``vars()``. Names that start with an underscore, In, Out, and what is not a plain value pass; so
    does a notebook whose report is open already (a cell run again by hand).
    """
    if "report" in given:
        return
    for name, value in given.items():
        plain = value is None or isinstance(value, (str, int, float, bool, list, dict))
        if plain and not name.startswith("_") and name not in (*known, "In", "Out"):
            raise Refused(
                f"No parameter '{name}'. The parameters of this notebook are: {', '.join(known)}. "
                "Define names of your own after the cell that opens the report."
            )
