"""`sendwaits init` and `sendwaits map`: an area's own workspace, and a first heading map without typing."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from sendwaits.errors import CannotWrite, Refused
from sendwaits.store import write_atomic
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
# [pathways.NST.dates]             # the format of a date column, as in Python's strptime
# referral_date = "%d %b %Y %H:%M"
# [pathways.EHC.codes]             # words of the extract = codes
# "Withdrawn by parent" = "W"

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
_IGNORE_HERE = "/data/\n/reports/\n.ipynb_checkpoints/\n.venv/\n"
_README = """# Waiting lists of our services

Made by `sendwaits init`. What to do each month:

1. Put each service's extract into `data/raw`, named `NST_2025-01-31.csv`: the service and the day that the list is of.
2. `sendwaits check` says what of it is read, what is set aside and why. A new supplier: `sendwaits map FILE --pathway NST --write`.
3. `sendwaits report --as-at 2025-01-31` makes the pages in `reports/2025-01-31`; `sendwaits verify reports/2025-01-31` before they are sent.

`sendwaits.toml` holds the area, targets, dated changes and scenarios. The notebooks are the reports: open them in JupyterLab.
Children's data never leave this folder: `data/`, `reports/` and the notebooks' outputs stay out of version control
(`python -m pytest test_workspace.py` holds that).
"""
_TEST = '''"""This workspace keeps children's data out of version control."""

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def test_no_data_and_no_report_is_tracked():
    done = subprocess.run(["git", "ls-files", "data", "reports"], cwd=HERE, capture_output=True, text=True)
    assert [n for n in done.stdout.splitlines() if not n.endswith(".gitignore")] == []


def test_no_tracked_notebook_holds_outputs():
    done = subprocess.run(["git", "ls-files", "*.ipynb"], cwd=HERE, capture_output=True, text=True)
    for name in done.stdout.splitlines():
        cells = json.loads((HERE / name).read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") for cell in cells), f"{name}: Edit > Clear Outputs of All Cells"
'''


def notebooks_source() -> Path:
    """Where the notebooks come from: the wheel's copy, or the repository's folder."""
    packed = Path(str(resources.files("sendwaits"))) / "notebooks"
    return (
        packed if packed.is_dir() else Path(str(resources.files("sendwaits"))).parent / "notebooks"
    )


def init(folder: Path) -> list[str]:
    """Makes an empty workspace in ``folder``: settings with comments, data/raw, the notebooks without
    outputs for the last month's end, ignore rules, a README and a test; returns what to say.

    Raises `Refused` when the folder is a workspace already, `CannotWrite` when it cannot be written.
    """
    if (folder / FILE_NAME).exists():
        raise Refused(
            f"{folder.name}: is a workspace already ({FILE_NAME} is there). Nothing was changed."
        )
    as_at = date.today().replace(day=1) - timedelta(days=1)
    try:
        for name in ("data/raw", "data/processed", "reports", "notebooks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("data", "reports"):
            (folder / name / ".gitignore").write_text(_IGNORE, encoding="utf-8", newline="\n")
        for notebook in sorted(notebooks_source().glob("*.ipynb")):
            _new(folder / "notebooks" / notebook.name, _without_outputs(notebook, as_at))
        for name, text in ((".gitignore", _IGNORE_HERE), ("README.md", _README)):
            _new(folder / name, text)
        _new(folder / "test_workspace.py", _TEST)
        (folder / FILE_NAME).write_text(SETTINGS, encoding="utf-8", newline="\n")
    except OSError:
        raise CannotWrite(
            f"{folder.name}: cannot be written. Choose another folder or check its permissions."
        ) from None
    lines = [
        f"A workspace is in {folder}.",
        f"1. Write the name of your area in {FILE_NAME}.",
        f"2. Put an extract in data/raw, named like NST_{as_at}.csv (the service and the extract date).",
        f"3. sendwaits check {_quoted(folder)}, then: sendwaits report {_quoted(folder)} --as-at {as_at}",
    ]
    if any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        lines.append(
            "Warning: this folder lies in a git checkout. Real extracts belong outside; data/ and reports/ are ignored here."
        )
    return lines


def _new(path: Path, text: str) -> None:
    """Writes a file that is not there yet."""
    if not path.exists():
        path.write_text(text, encoding="utf-8", newline="\n")


def _without_outputs(notebook: Path, as_at: date) -> str:
    """The notebook as nobody has run it yet, for the census day ``as_at``."""
    nb: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        if "parameters" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            source = re.sub(r'(?m)^(as_at *= *)"[^"]*"', rf'\1"{as_at}"', source)
            cell["source"] = source.splitlines(keepends=True)
    nb["metadata"].pop("papermill", None)
    return json.dumps(nb, indent=1, ensure_ascii=False) + "\n"


def _quoted(folder: Path) -> str:
    return f'"{folder}"' if " " in str(folder) else str(folder)


def map_headings(file: Path, pathway: str, *, write: bool = False) -> str:
    """The ``[pathways.<CODE>.headings]`` table proposed for an extract, unsure lines marked; written only when told."""
    from sendwaits.intake import banded
    from sendwaits.intake.extracts import proposals, read_bytes

    if not file.is_file():
        raise Refused(f"{file.name}: there is no such file.")
    try:
        root = find_root(file.resolve().parent)
    except Refused:
        root = find_root(".")
    workspace = open_workspace(root)
    of = workspace.pathway(pathway)
    if banded.holds_counts(read_bytes(file), file.name):
        return (
            f"# {file.name} holds counts by time band, not children: there are no headings to map. Name it bands_{of.code}_<YYYY-MM-DD>.csv\n"
            "# in data/raw: figures then prints its list (docs/new-supplier.md)."
        )
    lines = [f"[pathways.{of.code}.headings]"]
    proposed = proposals.propose(file, of)
    for proposal in proposed:
        if not proposal["heading"]:
            lines.append(
                f"# {proposal['column']}: no heading looks like it"
                + (" (required)" if proposal["required"] else "")
            )
            continue
        line = f"{proposal['column']} = {_text(proposal['heading'])}"
        lines.append(
            line if proposal["sure"] else f"# {line}   # unsure: check, then take the # away"
        )
    if left := proposals.unused(file, of, proposed):
        lines.append(f"# headings that are not used: {', '.join(map(_text, left))}")
    if words := proposals.code_words(file, of, proposed):
        lines.append(f"[pathways.{of.code}.codes]")
        lines += [f"{_text(word)} = {_text(code)}" for word, code in words.items()]
    text = "\n".join(lines) + "\n"
    if write:
        if of.headings:
            raise Refused(
                f"{FILE_NAME}: has a [pathways.{of.code}.headings] table already. Edit it there; nothing was written."
            )
        before = (root / FILE_NAME).read_text(encoding="utf-8-sig")
        try:
            tomllib.loads(f"{before}\n{text}")
        except tomllib.TOMLDecodeError:
            raise Refused(
                f"{FILE_NAME}: has tables of {of.code} already. Copy the lines there by hand; nothing was written."
            ) from None
        write_atomic(root / FILE_NAME, f"{before.rstrip()}\n\n{text}".encode())
    return text.rstrip()


def _text(value: object) -> str:
    """A TOML string: JSON's escapes are TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
