"""`sendwaits init` and `sendwaits map`: an area's own workspace, and a first heading map without typing."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from sendwaits.errors import CannotWrite, Refused
from sendwaits.workspace import FILE_NAME, find_root, open_workspace

__all__ = ["init", "map_headings", "notebooks_source"]

SETTINGS = """# Settings of this workspace. Only [area] name is needed; take the # away from what you want to use.
[area]
name = "Exampleshire"              # <- your area
# la_code = "E10000000"
# districts = ["North", "South"]   # the only district names that count; others are shown as unknown
# neighbours = ["OtherShire"]      # statistical neighbours, as named in the DfE files in data/raw/dfe

# [disclosure]
# profile = "board"                # analyst (exact, stays here), board (default), public
# k = 5                            # the smallest count shown in the board profile

# [pathways.NST.headings]          # canonical name = "Heading in our extract"; see: sendwaits map FILE --pathway NST
# referral_date = "Date Ref Recvd"
# [pathways.NST]
# clock_start = "accepted_date"    # the clock starts on another date of the record
# complete_from = "2022-04-01"     # the extract holds every closed referral from this day on
# [pathways.NST.standard_days]
# assessment = 91

# [[targets]]                      # a promise: the forecast gives its chance
# pathway = "EHC"
# wait = "plan"
# measure = "within_standard_pct"
# by = "2025-12-31"
# at_least = 40

# [[change_points]]                # drawn on charts; limits start anew there
# pathway = "SLCN"
# date = "2025-04-01"
# label = "New model"

# [[scenarios]]                    # what may change; sendwaits forecast --scenario "two more therapists"
# name = "two more therapists"
# pathway = "OT_HEALTH"
# from = "2026-01-05"
# capacity_change_pct = 20
# committed = false

# A service that sendwaits does not know: a [[pathway]] table, see docs/new-pathway.md
"""

_IGNORE = "# Children's data never enter version control.\n*\n!.gitignore\n"


def notebooks_source() -> Path:
    """Where the notebooks come from: the wheel's copy, or the repository's folder."""
    packed = Path(str(resources.files("sendwaits"))) / "notebooks"
    return (
        packed if packed.is_dir() else Path(str(resources.files("sendwaits"))).parent / "notebooks"
    )


def init(folder: Path) -> list[str]:
    """Makes an empty workspace in ``folder``: settings with comments, data/raw, the notebooks; returns what to say.

    Raises `Refused` when the folder is a workspace already, `CannotWrite` when it cannot be written.
    """
    if (folder / FILE_NAME).exists():
        raise Refused(
            f"{folder.name}: is a workspace already ({FILE_NAME} is there). Nothing was changed."
        )
    try:
        for name in ("data/raw", "data/processed", "reports", "notebooks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("data", "reports"):
            (folder / name / ".gitignore").write_text(_IGNORE, encoding="utf-8", newline="\n")
        for notebook in sorted(notebooks_source().glob("*.ipynb")):
            if not (folder / "notebooks" / notebook.name).exists():
                shutil.copyfile(notebook, folder / "notebooks" / notebook.name)
        (folder / FILE_NAME).write_text(SETTINGS, encoding="utf-8", newline="\n")
    except OSError:
        raise CannotWrite(
            f"{folder.name}: cannot be written. Choose another folder or check its permissions."
        ) from None
    lines = [
        f"A workspace is in {folder}.",
        f"1. Write the name of your area in {FILE_NAME}.",
        "2. Put an extract in data/raw, named like NST_2024-07-31.csv (the service and the extract date).",
        f"3. sendwaits check {_quoted(folder)}, then: sendwaits report {_quoted(folder)} --as-at 2024-07-31",
    ]
    if any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        lines.append(
            "Warning: this folder lies in a git checkout. Real extracts belong outside; data/ and reports/ are ignored here."
        )
    return lines


def _quoted(folder: Path) -> str:
    return f'"{folder}"' if " " in str(folder) else str(folder)


def map_headings(file: Path, pathway: str, *, write: bool = False) -> str:
    """The ``[pathways.<CODE>.headings]`` table proposed for an extract, unsure lines marked; written only when told."""
    from sendwaits.intake import extracts

    if not file.is_file():
        raise Refused(f"{file.name}: there is no such file.")
    try:
        root = find_root(file.resolve().parent)
    except Refused:
        root = find_root(".")
    workspace = open_workspace(root)
    of = workspace.pathway(pathway)
    lines = [f"[pathways.{of.code}.headings]"]
    for proposal in extracts.propose_headings(file, of):
        if not proposal["heading"]:
            lines.append(
                f"# {proposal['column']}: no heading looks like it"
                + (" (required)" if proposal["required"] else "")
            )
            continue
        heading = str(proposal["heading"]).replace("\\", "\\\\").replace('"', '\\"')
        line = f'{proposal["column"]} = "{heading}"'
        lines.append(
            line if proposal["sure"] else f"# {line}   # unsure: check, then take the # away"
        )
    text = "\n".join(lines) + "\n"
    if write:
        if of.headings:
            raise Refused(
                f"{FILE_NAME}: has a [pathways.{of.code}.headings] table already. Edit it there; nothing was written."
            )
        with (root / FILE_NAME).open("a", encoding="utf-8", newline="\n") as settings:
            settings.write("\n" + text)
    return text.rstrip()
