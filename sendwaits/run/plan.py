"""What a run would make, by hashes alone: every page with all that it depends on. Reads and hashes files, imports nothing heavy."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sendwaits
from sendwaits import raw, store
from sendwaits.errors import Refused
from sendwaits.release.profile import Profile
from sendwaits.run.making import Request

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Page", "Plan", "make_plan", "profile_of", "seal", "text", "versions"]

ORDER = ("forecast", "trend", "backlog", "quality", "themes")
"""The longest reports start first; notebooks of the user's own come last."""
NOT_A_REPORT = ("start_here", "explore")
STACK = (
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "pyarrow",
    "jinja2",
    "matplotlib",
    "seaborn",
    "papermill",
    "nbformat",
    "ipython",
    "ipykernel",
)


@dataclass(frozen=True)
class Page:
    """One report: its name in the set, its notebook and parameters, the hash of all that it depends on, why it is made.

    ``weight``: bytes of the extracts that it reads; the heaviest start first.
    """

    name: str
    notebook: Path
    parameters: Mapping[str, str]
    key: str = ""
    why: str = ""
    weight: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run would make. ``old`` is the run.json of the set that stands, if it is whole; ``said``: what is left out."""

    request: Request
    pages: tuple[Page, ...]
    inputs: Mapping[str, str]
    left_out: tuple[str, ...]
    said: tuple[str, ...]
    key: str
    old: Mapping[str, Any]
    unchanged: bool


def make_plan(
    workspace: Workspace,
    target: Path,
    as_at: date,
    pathways: Sequence[str] | None,
    reports: Sequence[str] | None,
    profile: str | None,
) -> Plan:
    """Every page with the hash of what it depends on; ``target``: where the set that stands is."""
    notebooks, ignored = _notebooks(workspace, reports)
    codes, left_out, said = _pathways(workspace, as_at, pathways)
    shown_as = profile_of(workspace, profile)
    request = Request(as_at, tuple(codes), tuple(notebooks), shown_as.name, shown_as.smallest)
    inputs = {
        **_settings(workspace),
        **{_told(workspace, path): store.digest_file(path) for path in notebooks.values()},
        **{
            f"data/raw/{name}": digest
            for name, digest in shown_as.names(_extracts(workspace)).items()
        },
    }
    old = _old(target)
    pages = tuple(
        _page(workspace, request, report, path, code, inputs, old)
        for report, path in notebooks.items()
        for code in (codes if "pathway" in _parameters(path) else [""])
    )
    keys = [(p.name, p.key) for p in pages]
    key = store.digest_key([versions(), *_part(workspace), request, inputs, keys, left_out])
    unchanged = bool(old) and old.get("key") == key and not old["failed"] and _whole(target, old)
    if ignored:
        said.append(f"Not a report, left out: {', '.join(ignored)}.")
    return Plan(request, pages, inputs, tuple(left_out), tuple(said), key, old, unchanged)


def profile_of(workspace: Workspace, name: str | None) -> Profile:
    """The profile in force, with the area's k."""
    return Profile(name or workspace.disclosure.profile, workspace.disclosure.k)


def _part(workspace: Workspace) -> list[Any]:
    return [workspace.only, workspace.area.name, sorted(workspace.without)]


def _settings(workspace: Workspace) -> dict[str, str]:
    beside = workspace.root / "statements.toml"
    digests = {"sendwaits.toml": store.digest_bytes(workspace.settings_text.encode())}
    return digests | ({beside.name: store.digest_file(beside)} if beside.is_file() else {})


def _page(
    workspace: Workspace,
    request: Request,
    report: str,
    path: Path,
    code: str,
    inputs: Mapping[str, str],
    old: Mapping[str, Any],
) -> Page:
    known = _parameters(path)
    parameters = {
        "as_at": request.as_at.isoformat(),
        "profile": request.profile,
        **({"pathway": code} if code else {}),
    }
    parameters = {name: value for name, value in parameters.items() if name in known}
    told = _told(workspace, path)
    mine = {n: d for n, d in inputs.items() if _concerns(workspace, n, told, code)}
    part = _part(workspace)[: 2 if code else 3]  # a pathway's page does not change with others
    key = store.digest_key([versions(), *part, parameters, request.k, mine])
    name = f"{code.lower()}_{report}" if code else report
    weight = sum(_size(workspace.root / n) for n in mine if n.startswith("data/raw/"))
    return Page(name, path, parameters, key, _why(workspace, name, key, mine, old), weight)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _concerns(workspace: Workspace, name: str, notebook: str, code: str) -> bool:
    """Whether a page depends on that input: not on other notebooks, nor on other pathways' extracts."""
    if name.endswith(".ipynb"):
        return name == notebook
    other = _code_of(workspace, name)
    return not code or not other or other == code


def _why(
    workspace: Workspace, name: str, key: str, mine: Mapping[str, str], old: Mapping[str, Any]
) -> str:
    if name not in old.get("pages", {}):
        return "not made before"
    if old["pages"][name] == key:
        return ""
    before = old.get("inputs", {})
    codes = {_code_of(workspace, m) for m in mine} - {""}
    gone = [i for i in before if i not in mine and _code_of(workspace, i) in codes]
    changed = [i for i in mine if before.get(i) != mine[i]] + [f"{i} (gone)" for i in gone]
    if changed:
        return "changed: " + ", ".join(changed[:3])
    return "sendwaits, a library or the profile changed"


def _code_of(workspace: Workspace, name: str) -> str:
    one = raw.named(name.removeprefix("data/raw/"), workspace)
    return one.code if one else ""


# --- notebooks ----------------------------------------------------------------------------------------------------------


def _notebooks(
    workspace: Workspace, reports: Sequence[str] | None
) -> tuple[dict[str, Path], list[str]]:
    """Report name -> its notebook, and the names of those that are none.

    The workspace's own folder, else the package's; then the ``[[report]]`` tables of sendwaits.toml.
    """
    folder = workspace.root / "notebooks"
    if not any(folder.glob("*.ipynb")):
        from sendwaits.run.starting import notebooks_source

        folder = notebooks_source()
    found: dict[str, Path] = {}
    ignored = []
    for path in sorted(folder.glob("*.ipynb")):
        if path.stem in NOT_A_REPORT or path.name.startswith("."):
            continue
        if path.stem in ORDER or _is_report(path):
            found[path.stem] = path
        else:
            ignored.append(path.name)
    for own in workspace.reports_of_own:
        found[own.name] = _own_notebook(workspace, own.name, own.notebook)
    known = [r for r in ORDER if r in found] + [r for r in found if r not in ORDER]
    for report in reports or ():
        if report not in found:
            raise Refused(
                f"No report '{report}'. Choose one of: {', '.join(known) or 'none: there is no notebook'}."
            )
    if not known:
        raise Refused(
            "notebooks/: holds no report. Copy the notebooks there with: sendwaits init DIR"
        )
    chosen = {r: found[r] for r in known if not reports or r in reports}
    for path in chosen.values():
        if "as_at" not in _parameters(path):
            raise Refused(
                f"{_told(workspace, path)}: has no parameter 'as_at'. Name it in the cell tagged 'parameters'."
            )
    return chosen, ignored


def _is_report(path: Path) -> bool:
    """A notebook with the parameter ``as_at`` and a name that can be a page's."""
    try:
        return bool(re.fullmatch(r"[A-Za-z0-9_-]+", path.stem)) and "as_at" in _parameters(path)
    except Refused:
        return False


def _own_notebook(workspace: Workspace, name: str, notebook: str) -> Path:
    path = (workspace.root / notebook).resolve()
    where = f"sendwaits.toml: [[report]] '{name}'"
    if not path.is_relative_to(workspace.root):
        raise Refused(f"{where}: the notebook must lie inside the workspace.")
    if not path.is_file() or path.suffix != ".ipynb":
        raise Refused(f"{where}: there is no notebook {notebook}.")
    return path


def _told(workspace: Workspace, notebook: Path) -> str:
    """The notebook's path from the workspace's folder; of the package's own, as if it lay there."""
    if notebook.is_relative_to(workspace.root):
        return notebook.relative_to(workspace.root).as_posix()
    return f"notebooks/{notebook.name}"


def _parameters(path: Path) -> set[str]:
    """The names in the cell tagged ``parameters``."""
    try:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if "parameters" in cell["metadata"].get("tags", []):
                tree = ast.parse("".join(cell["source"]))
                return {
                    t.id
                    for s in tree.body
                    for t in getattr(s, "targets", [getattr(s, "target", None)])
                    if isinstance(t, ast.Name)
                }
    except (OSError, ValueError, KeyError, SyntaxError, TypeError):
        raise Refused(
            f"notebooks/{path.name}: cannot be read as a notebook. Open it in JupyterLab and save it again."
        ) from None
    return set()


# --- extracts -----------------------------------------------------------------------------------------------------------


def _pathways(
    workspace: Workspace, as_at: date, asked: Sequence[str] | None
) -> tuple[list[str], list[str], list[str]]:
    """The pathways with an extract that is recent enough, those left out, and what to say about them."""
    for code in asked or ():
        workspace.pathway(code)
    fresh = [f for f in raw.freshness(workspace, as_at) if not asked or f.pathway in asked]
    found = [f.pathway for f in fresh if not f.left_out]
    missing = [f.pathway for f in fresh if f.left_out in ("later", "none")]
    said = raw.late_words(fresh, as_at, workspace.area.late_days)
    if not found:
        names = ", ".join(asked) if asked else "any pathway"
        recent = " that is recent enough" if said else ""
        raise Refused(
            "\n".join(
                [
                    f"data/raw: holds no extract on or before {as_at} of {names}{recent}. Put <pathway>_<YYYY-MM-DD>.csv there.",
                    *said,
                ]
            )
        )
    if missing:
        said.insert(0, f"Left out, no extract on or before that day: {', '.join(missing)}.")
    if misnamed := raw.misnamed(workspace):
        said.append(misnamed)
    return found, [f.pathway for f in fresh if f.left_out], said


def _extracts(workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every file under data/raw by its path there; hidden files are no input."""
    if not workspace.raw.is_dir():
        return {}
    files = {
        p.relative_to(workspace.raw).as_posix(): p for p in workspace.raw.rglob("*") if p.is_file()
    }
    try:
        return {
            name: store.digest_file(files[name])
            for name in sorted(files)
            if not re.search(r"(^|/)[.~]", name)
        }
    except OSError:
        raise Refused(
            "data/raw: a file cannot be read. Close it in other programs and check its permissions."
        ) from None


# --- what stands --------------------------------------------------------------------------------------------------------


@cache
def versions() -> dict[str, str]:
    """The versions that numbers and bytes can depend on."""
    found = {
        "sendwaits": sendwaits.__version__,
        "code": store.digest_package(),
        "python": ".".join(map(str, sys.version_info[:3])),
    }
    for name in STACK:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _old(target: Path) -> Mapping[str, Any]:
    """The run.json of the set that stands; empty when there is none or it is not what a run wrote."""
    try:
        old = json.loads((target / "run.json").read_bytes())
        sealed = old["sha256"] == seal(old)
        return old if sealed and {type(old["pages"]), type(old["failed"])} == {dict} else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _whole(target: Path, old: Mapping[str, Any]) -> bool:
    """Whether every file of the set is there, unchanged, and no other."""
    try:
        there = {p.name for p in target.iterdir()} - {"run.json"}
        return there == set(old["outputs"]) and all(
            store.digest_file(target / n) == d for n, d in old["outputs"].items()
        )
    except OSError:
        return False


def text(record: Mapping[str, Any]) -> bytes:
    """run.json as it is written."""
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def seal(record: Mapping[str, Any]) -> str:
    """SHA-256 of run.json with its own field empty."""
    return store.digest_bytes(text({**record, "sha256": ""}))
