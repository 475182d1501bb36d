"""The monthly batch: one report = one notebook + parameters; planned by hashes, run side by side, published as one set.

Nothing heavy is imported until a report must be made: a rerun with nothing changed only reads and hashes.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sendwaits
from sendwaits import store
from sendwaits.errors import Refused, SendwaitsError
from sendwaits.run.atomic import probe, recover, replaced
from sendwaits.run.making import Maker, Request

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Summary", "Page", "Plan", "run", "make_plan"]

ORDER = ("forecast", "trend", "backlog", "quality", "themes")
"""The longest reports start first; notebooks of the user's own come last."""
NOT_A_REPORT = ("start_here",)
STACK = (
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "pyarrow",
    "jinja2",
    "papermill",
    "nbformat",
    "ipython",
    "ipykernel",
)
ROOM_PER_PAGE = 1_000_000
"""Bytes of disk a page may need while the old set is still there."""
KEPT_PAGES = 6
_EXTRACT = re.compile(r"(?P<code>.+)_(?P<date>\d{4}-\d{2}-\d{2})\.(csv|xlsx)", re.IGNORECASE)
_SEN2 = (
    re.compile(r"Blade-Export_(?P<d>\d{2})-(?P<m>\d{2})-(?P<y>\d{4})_\w+\.csv", re.IGNORECASE),
    re.compile(r"SEN2_(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\.(xml|xlsx)", re.IGNORECASE),
)


Each = Callable[..., Iterator[tuple[Any, Any]]]
"""As `engine.each_alone`: a function, items and a number of workers -> each item with its outcome."""


@dataclass(frozen=True)
class Page:
    """One report: its name in the set, its notebook and parameters, the hash of all that it depends on, why it is made."""

    name: str
    notebook: Path
    parameters: Mapping[str, str]
    key: str = ""
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What a run would make. ``old`` is the run.json of the set that stands, if it is whole."""

    request: Request
    pages: tuple[Page, ...]
    inputs: Mapping[str, str]
    left_out: tuple[str, ...]
    key: str
    old: Mapping[str, Any]
    unchanged: bool


@dataclass
class Summary:
    """What was made, what failed and where; ``lines`` say it to a person."""

    folder: Path
    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 done, 3 some reports failed and the others are there."""
        return 3 if self.failed else 0


def run(
    workspace: Workspace,
    *,
    as_at: date,
    pathways: Sequence[str] | None = None,
    reports: Sequence[str] | None = None,
    workers: int | None = None,
    profile: str | None = None,
    areas: Path | None = None,
    dry_run: bool = False,
    debug: bool = False,
    maker: Maker | None = None,
    each: Each | None = None,
) -> Summary:
    """The set of reports of one day is in ``reports/<as_at>/``; only what is missing or changed is made.

    A report that fails leaves the others (``exit_code`` 3). ``each``: what runs the reports' processes, if not this
    machine (`sendwaits.run.spark.each_on_spark`). Raises `Refused` (2), `CannotWrite` (4), `Locked` (5) and
    `Unsafe` (6); then the set that stood before is untouched.
    """
    maker = maker or Maker()
    if areas is not None or any({"folder", "filter"} & set(table) for table in workspace.areas):
        from sendwaits.run.areas import run_areas

        return run_areas(
            workspace,
            areas,
            as_at=as_at,
            pathways=pathways,
            reports=reports,
            workers=workers,
            profile=profile,
            dry_run=dry_run,
            debug=debug,
            maker=maker,
        )
    if os.environ.get("SENDWAITS_ONLY"):
        raise Refused(
            "SENDWAITS_ONLY is set. Make the reports of parts of an area with --areas, which sets it itself."
        )
    target = workspace.reports / as_at.isoformat()
    if dry_run:
        return _told(
            workspace, make_plan(workspace, target, as_at, pathways, reports, profile), target
        )
    from sendwaits.run.lock import held

    with held(workspace.reports):
        return make_set(
            workspace,
            target,
            as_at=as_at,
            pathways=pathways,
            reports=reports,
            workers=workers,
            profile=profile,
            debug=debug,
            maker=maker,
            each=each,
        )


def make_set(
    workspace: Workspace,
    target: Path,
    *,
    as_at: date,
    maker: Maker,
    pathways: Sequence[str] | None = None,
    reports: Sequence[str] | None = None,
    workers: int | None = None,
    profile: str | None = None,
    debug: bool = False,
    before: Path | None = None,
    quiet: bool = False,
    each: Each | None = None,
) -> Summary:
    """One set in ``target``, under a lock that the caller holds. ``before``: where the set that stands is, if not there."""
    began = time.perf_counter()
    before = before or target
    if target.parent.is_dir():
        recover(target)
    plan = make_plan(workspace, before, as_at, pathways, reports, profile)
    if plan.unchanged:
        if before != target:
            shutil.copytree(before, target)
        return _nothing_changed(plan, target, time.perf_counter() - began)
    todo = [page for page in plan.pages if _kept(workspace, before, plan, page) is None]
    probe(target.parent, ROOM_PER_PAGE * (len(todo) + 2))
    summary = Summary(target)
    workers = workers or os.cpu_count() or 1
    results, durations = _make_pages(
        workspace, plan, todo, workers, maker, summary, debug, quiet, each
    )
    for page in plan.pages:
        if page.name not in results and page.name not in summary.failed:
            results[page.name] = _kept(workspace, before, plan, page) or {}
            summary.kept.append(page.name)
    _publish(workspace, plan, target, results, durations, maker, summary, workers)
    summary.seconds = time.perf_counter() - began
    summary.lines = _lines(plan, summary, durations)
    return summary


# --- the plan: what must be made, by hashes alone ---------------------------------------------------------------------


def make_plan(
    workspace: Workspace,
    target: Path,
    as_at: date,
    pathways: Sequence[str] | None,
    reports: Sequence[str] | None,
    profile: str | None,
) -> Plan:
    """Every page with the hash of what it depends on. Reads and hashes files; imports and writes nothing."""
    notebooks = _notebooks(workspace, reports)
    codes, left_out = _pathways(workspace, as_at, pathways)
    profile, k = effective(workspace, profile)
    request = Request(as_at, tuple(codes), tuple(notebooks), profile, k)
    raw = _raw(workspace)
    inputs = {
        "sendwaits.toml": store.digest_bytes(workspace.settings_text.encode()),
        **{f"notebooks/{path.name}": store.digest_file(path) for path in notebooks.values()},
        **{f"data/raw/{name}": digest for name, digest in raw.items()},
    }
    old = _old(target)
    pages = tuple(
        _page(workspace, request, report, path, code, inputs, old)
        for report, path in notebooks.items()
        for code in (codes if "pathway" in _parameters(path) else [""])
    )
    key = store.digest_key(
        [
            _versions(),
            workspace.only,
            workspace.area.name,
            request,
            inputs,
            [(p.name, p.key) for p in pages],
            left_out,
        ]
    )
    unchanged = bool(old) and old.get("key") == key and not old["failed"] and _whole(target, old)
    return Plan(request, pages, inputs, tuple(left_out), key, old, unchanged)


def effective(workspace: Workspace, profile: str | None) -> tuple[str, int]:
    """The profile in force and the smallest count that it shows."""
    profile = profile or workspace.disclosure.profile
    return profile, {"analyst": 1, "public": 8}.get(profile, workspace.disclosure.k)


def _page(
    workspace: Workspace,
    request: Request,
    report: str,
    path: Path,
    code: str,
    inputs: Mapping[str, str],
    old: Mapping[str, Any],
) -> Page:
    parameters = {
        "as_at": request.as_at.isoformat(),
        "profile": request.profile,
        **({"pathway": code} if code else {}),
    }
    known = _parameters(path)
    for name in ("as_at",):
        if name not in known:
            raise Refused(
                f"notebooks/{path.name}: has no parameter '{name}'. Name it in the cell tagged 'parameters'."
            )
    parameters = {name: value for name, value in parameters.items() if name in known}
    mine = {
        name: digest for name, digest in inputs.items() if _concerns(workspace, name, path, code)
    }
    key = store.digest_key(
        [_versions(), workspace.only, workspace.area.name, parameters, request.k, mine]
    )
    name = f"{code.lower()}_{report}" if code else report
    return Page(name, path, parameters, key, _why(name, key, mine, old))


def _concerns(workspace: Workspace, name: str, notebook: Path, code: str) -> bool:
    """Whether a page depends on that input: not on other notebooks, nor on other pathways' extracts."""
    if name.startswith("notebooks/"):
        return name == f"notebooks/{notebook.name}"
    other = _code_of(name)
    return not code or other not in workspace.pathways or other == code


def _why(name: str, key: str, mine: Mapping[str, str], old: Mapping[str, Any]) -> str:
    if name not in old.get("pages", {}):
        return "not made before"
    if old["pages"][name] == key:
        return ""
    before = old.get("inputs", {})
    changed = [i for i in mine if before.get(i) != mine[i]] + [
        f"{i} (gone)" for i in before if i not in mine and _same_kind(i, mine)
    ]
    return (
        "changed: " + ", ".join(changed[:3])
        if changed
        else "sendwaits, a library or the profile changed"
    )


def _same_kind(name: str, mine: Mapping[str, str]) -> bool:
    return _code_of(name) in {_code_of(m) for m in mine} - {""}


def _code_of(name: str) -> str:
    extract = _EXTRACT.fullmatch(name.removeprefix("data/raw/"))
    return extract["code"].upper() if extract else ""


def _notebooks(workspace: Workspace, reports: Sequence[str] | None) -> dict[str, Path]:
    """Report name -> its notebook: the workspace's own, else the package's."""
    folder = workspace.root / "notebooks"
    if not any(folder.glob("*.ipynb")):
        from sendwaits.run.starting import notebooks_source

        folder = notebooks_source()
    found = {
        p.stem: p
        for p in sorted(folder.glob("*.ipynb"))
        if p.stem not in NOT_A_REPORT and not p.name.startswith(".")
    }
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
    return {r: found[r] for r in known if not reports or r in reports}


def _pathways(
    workspace: Workspace, as_at: date, asked: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """The pathways with an extract on or before ``as_at`` in the order of the settings, and those left out."""
    for code in asked or ():
        workspace.pathway(code)
    present: dict[str, date] = {}
    for path in workspace.raw.glob("*") if workspace.raw.is_dir() else ():
        for code, day in _extract_days(path.name):
            present[code] = min(day, present.get(code, day))
    wanted = [code for code in workspace.pathways if not asked or code in asked]
    found = [code for code in wanted if code in present and present[code] <= as_at]
    if not found:
        raise Refused(
            f"data/raw: holds no extract on or before {as_at.isoformat()} of "
            f"{', '.join(asked) if asked else 'any pathway'}. Put <pathway>_<YYYY-MM-DD>.csv there."
        )
    return found, [code for code in wanted if code not in found]


def _extract_days(name: str) -> list[tuple[str, date]]:
    found = _EXTRACT.fullmatch(name)
    try:
        if found:
            return [(found["code"].upper(), date.fromisoformat(found["date"]))]
        for pattern in _SEN2:
            if sen2 := pattern.fullmatch(name):
                return [("EHC", date(int(sen2["y"]), int(sen2["m"]), int(sen2["d"])))]
    except ValueError:
        pass
    return []


def _raw(workspace: Workspace) -> dict[str, str]:
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


def _versions() -> dict[str, str]:
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
        return (
            old
            if old["sha256"] == _seal(old)
            and isinstance(old["pages"], dict)
            and isinstance(old["failed"], dict)
            else {}
        )
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


# --- the pages --------------------------------------------------------------------------------------------------------


def _names(page: Page, request: Request) -> list[str]:
    return [f"{page.name}.html"] + ([f"{page.name}.ipynb"] if request.profile == "analyst" else [])


def _cache(workspace: Workspace, page: Page) -> Path:
    return store.cache_path(workspace, f"page-{page.name}", page.key)


def _kept(workspace: Workspace, target: Path, plan: Plan, page: Page) -> dict[str, bytes] | None:
    """The page's files as made before from the same inputs: in the set that stands, else in the cache."""
    names = _names(page, plan.request)
    if plan.old.get("pages", {}).get(page.name) == page.key:
        try:
            files = {n: (target / n).read_bytes() for n in names}
            if all(
                store.digest_bytes(data) == plan.old["outputs"].get(n) for n, data in files.items()
            ):
                return files
        except OSError:
            pass
    body = store.read_bytes(_cache(workspace, page))
    return store.decode(body) if body is not None else None


def _make_pages(
    workspace: Workspace,
    plan: Plan,
    todo: Sequence[Page],
    workers: int,
    maker: Maker,
    summary: Summary,
    debug: bool,
    quiet: bool,
    each: Each | None,
) -> tuple[dict[str, dict[str, bytes]], dict[str, float]]:
    if not todo:
        return {}, {}
    from tqdm import tqdm

    from sendwaits.run import engine

    tqdm.monitor_interval = 0  # its thread would forbid forking
    engine.preload(maker.libraries)
    results, durations = {}, {}
    items = [(maker, page, workspace.root, plan.request.profile == "analyst") for page in todo]
    shared = (
        [
            (maker, workspace, replace(plan.request, pathways=(code,)))
            for code in plan.request.pathways
        ]
        if workers > 1
        else []
    )
    with tqdm(
        total=len(shared) + len(items),
        disable=quiet or None,
        leave=False,
        desc=f"Reports {plan.request.as_at}",
    ) as bar:
        for _ in engine.each_alone(_warm, shared, workers):
            bar.update()  # what fails fails again below, where it is told
        _prepare(workspace, plan.request, maker, debug)
        for (_, page, _, _), outcome in (each or engine.each_alone)(_make_page, items, workers):
            bar.update()
            durations[page.name] = round(outcome.seconds, 3)
            summary.peak_mb = max(summary.peak_mb, outcome.peak_mb)
            if outcome.failure:
                summary.failed[page.name] = outcome.failure
                if debug:
                    tqdm.write(outcome.detail, file=sys.stderr)
            else:
                results[page.name] = outcome.value
                summary.made.append(page.name)
                store.keep_bytes(
                    _cache(workspace, page), store.encode(outcome.value), keep=KEPT_PAGES
                )
    return results, durations


def _prepare(workspace: Workspace, request: Request, maker: Maker, debug: bool) -> None:
    """What reports share is computed once. A bug there is left to the reports that meet it: the others are still made."""
    try:
        maker.prepare(workspace, request)
    except SendwaitsError:
        raise
    except Exception:
        if debug:
            raise


def _warm(item: tuple[Maker, Workspace, Request], tell: Any) -> None:
    maker, workspace, request = item
    maker.warm(workspace, request)


def _make_page(item: tuple[Maker, Page, Path, bool], tell: Any) -> dict[str, bytes]:
    """The files of one page; runs in a process of its own."""
    from sendwaits.run import engine

    maker, page, root, keep_notebook = item
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


# --- the set ----------------------------------------------------------------------------------------------------------


def _publish(
    workspace: Workspace,
    plan: Plan,
    target: Path,
    results: Mapping[str, Mapping[str, bytes]],
    durations: Mapping[str, float],
    maker: Maker,
    summary: Summary,
    workers: int,
) -> None:
    files = {name: data for page in results.values() for name, data in page.items()}
    others = maker.set_files(workspace, plan.request, list(results), summary.failed)
    facts = json.loads(others.pop("run.json", b"{}"))
    files |= others
    with replaced(target) as work:
        for name, data in files.items():
            (work / name).write_bytes(data)
        record = _record(
            plan,
            {name: store.digest_bytes(files[name]) for name in sorted(files)},
            durations,
            summary.failed,
            facts,
        )
        (work / "run.json").write_bytes(_text(record))
        maker.audit(workspace, plan.request, work, workers)
        maker.register(workspace, plan.request, work)


def _record(
    plan: Plan,
    outputs: Mapping[str, str],
    durations: Mapping[str, float],
    failed: Mapping[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    asked = plan.request
    before = plan.old.get("durations", {})
    record = {
        **facts,
        "as_at": asked.as_at.isoformat(),
        "parameters": {
            "as_at": asked.as_at.isoformat(),
            "pathways": list(asked.pathways),
            "reports": list(asked.reports),
            "profile": asked.profile,
            "k": asked.k,
        },
        "package_version": sendwaits.__version__,
        "versions": _versions(),
        "inputs": dict(plan.inputs),
        "outputs": dict(outputs),
        "pages": {p.name: p.key for p in plan.pages if p.name not in failed},
        "failed": dict(sorted(failed.items())),
        "left_out": list(plan.left_out),
        "key": plan.key,
        "durations": {p.name: durations.get(p.name, before.get(p.name, 0.0)) for p in plan.pages},
        "sha256": "",
    }
    record["sha256"] = _seal(record)
    return record


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _seal(record: Mapping[str, Any]) -> str:
    """SHA-256 of run.json with its own field empty."""
    return store.digest_bytes(_text({**record, "sha256": ""}))


# --- what a person reads ----------------------------------------------------------------------------------------------


def _lines(plan: Plan, summary: Summary, durations: Mapping[str, float]) -> list[str]:
    asked, there = plan.request, len(summary.made) + len(summary.kept)
    failed = "; ".join(f"{name} ({why})" for name, why in sorted(summary.failed.items()))
    longest = max(durations, key=lambda n: durations[n], default="")
    return [
        f"{there} of {len(plan.pages)} reports for {asked.as_at} (profile {asked.profile}, k = {asked.k}): {len(summary.made)} made, "
        f"{len(summary.kept)} unchanged.",
        _about_left_out(plan),
        f"Failed: {failed or 'none'}.",
        f"{summary.seconds:.1f} seconds"
        + (f"; the longest report was {longest}, {durations[longest]:.1f}." if longest else "."),
        f"Open {_shown(summary.folder)}/index.html",
    ]


def _about_left_out(plan: Plan) -> str:
    return (
        f"Left out, no extract on or before that day: {', '.join(plan.left_out)}."
        if plan.left_out
        else "No pathway was left out."
    )


def _shown(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _nothing_changed(plan: Plan, target: Path, seconds: float) -> Summary:
    summary = Summary(target, kept=[p.name for p in plan.pages], seconds=seconds)
    summary.lines = _lines(plan, summary, {})
    return summary


def _told(workspace: Workspace, plan: Plan, target: Path) -> Summary:
    """For ``--dry-run``: a line for each report."""
    summary = Summary(target)
    for page in plan.pages:
        if not page.why:
            summary.lines.append(f"{page.name}: unchanged")
        elif _kept(workspace, target, plan, page) is not None:
            summary.lines.append(f"{page.name}: made before from the same inputs, would be kept")
        else:
            summary.made.append(page.name)
            summary.lines.append(f"{page.name}: would be made ({page.why})")
    summary.lines.append(
        f"{len(summary.made)} of {len(plan.pages)} reports would be made in {_shown(target)}; nothing was changed."
    )
    return summary
