"""The monthly batch: one report = one notebook + parameters; planned by hashes, run side by side, published as one set.

Nothing heavy is imported until a report must be made: a rerun with nothing changed only reads and hashes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sendwaits
from sendwaits import store
from sendwaits.errors import CannotWrite, Refused, SendwaitsError, Unsafe
from sendwaits.run.atomic import probe, recover, replaced
from sendwaits.run.making import Maker, Request
from sendwaits.run.pages import cache_of, kept, make_page, warm
from sendwaits.run.plan import Page, Plan, make_plan, seal, text, versions
from sendwaits.run.summary import Summary, shown, told

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["ROOM_PER_PAGE", "make_set", "run"]

ROOM_PER_PAGE = 1_000_000
"""Bytes of disk a page may need while the old set is still there."""
KEPT_PAGES = 6
Each = Callable[..., Iterator[tuple[Any, Any]]]
"""As `processes.each_alone`: a function, items and a number of workers -> each item with its outcome."""


class _NotThese(Exception):
    """Pathways of which no set can be made: code -> the error that says why. The set is made again without them."""

    def __init__(self, errors: Mapping[str, SendwaitsError]) -> None:
        super().__init__()
        self.errors = errors


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

    A report that fails, and a service whose input is refused or that cannot be released, leave the others (``exit_code`` 3).
    ``each``: what runs the processes, if not this machine (`sendwaits.scale.spark.each_on_spark`). Raises `Refused` (2),
    `CannotWrite` (4), `Locked` (5) and `Unsafe` (6); then the set that stood before is untouched.
    """
    maker = maker or Maker()
    if areas is not None or any({"folder", "filter"} & set(table) for table in workspace.areas):
        from sendwaits.scale.areas import run_areas

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
        maker.admit(workspace)
        return _dry(workspace, make_plan(workspace, target, as_at, pathways, reports, profile))
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
    if target.parent.is_dir():
        recover(target)
    attempt = _Attempt(maker, target, before or target, workers, debug, quiet, each)
    errors: dict[str, SendwaitsError] = {}
    while True:
        with attempt.summary.stage("plan"):
            plan = make_plan(workspace, attempt.before, as_at, pathways, reports, profile)
        try:
            attempt.make(workspace, plan, errors)
        except _NotThese as failed:
            errors |= failed.errors
            left = [code for code in plan.request.pathways if code not in errors]
            if not left:
                raise next(iter(errors.values())) from None
            workspace = replace(workspace, without=tuple(sorted({*workspace.without, *errors})))
            pathways = [code for code in pathways if code in left] if pathways else None
            continue
        attempt.summary.seconds = time.perf_counter() - began
        attempt.summary.lines = told(plan, attempt.summary, attempt.durations)
        return attempt.summary


class _Attempt:
    """One try at a set; what it made is kept for the next try."""

    def __init__(
        self,
        maker: Maker,
        target: Path,
        before: Path,
        workers: int | None,
        debug: bool,
        quiet: bool,
        each: Each | None,
    ) -> None:
        self.maker, self.target, self.before = maker, target, before
        self.workers, self.debug, self.quiet = workers or os.cpu_count() or 1, debug, quiet
        self.each = each
        self.summary = Summary(target)
        self.durations: dict[str, float] = {}

    def make(self, workspace: Workspace, plan: Plan, errors: Mapping[str, SendwaitsError]) -> None:
        """The set of ``plan``; ``errors``: why other pathways have none. Raises `_NotThese` when more of them cannot be made."""
        summary = self.summary
        summary.made, summary.kept, summary.failed = [], [], _failures(plan, errors)
        known = self.maker.registered(workspace, plan.request)
        if plan.unchanged and not errors and known:
            if self.before != self.target:
                shutil.copytree(self.before, self.target)
            summary.kept = [p.name for p in plan.pages]
            return
        todo = [p for p in plan.pages if kept(workspace, self.before, plan, p) is None]
        probe(self.target.parent, ROOM_PER_PAGE * (len(todo) + 2))
        results = self._pages(workspace, plan, todo) if todo else {}
        for page in plan.pages:
            if page.name not in results and page.name not in summary.failed:
                results[page.name] = kept(workspace, self.before, plan, page) or {}
                summary.kept.append(page.name)
        self._publish(workspace, plan, results)

    def _pages(
        self, workspace: Workspace, plan: Plan, todo: Sequence[Page]
    ) -> dict[str, dict[str, bytes]]:
        from tqdm import tqdm

        from sendwaits.run import processes

        tqdm.monitor_interval = 0  # its thread would forbid forking
        with self.summary.stage("libraries"):
            processes.preload(self.maker.libraries)
        self.maker.admit(workspace)
        with tqdm(
            total=len(plan.request.pathways) + len(todo),
            disable=self.quiet or None,
            leave=False,
            desc=f"Reports {plan.request.as_at}",
        ) as bar:
            self._prepare(workspace, plan, bar)
            return self._notebooks(workspace, plan, todo, bar)

    def _run(self, function: Callable, items: Sequence[Any], stage: str, bar: Any) -> Iterator[Any]:
        from sendwaits.run import processes

        with self.summary.stage(stage, len(items)) as spent:
            for item, outcome in (self.each or processes.each_alone)(function, items, self.workers):
                bar.update()
                spent.cpu += outcome.cpu
                self.summary.peak_mb = max(self.summary.peak_mb, outcome.peak_mb)
                if outcome.failure and self.debug:
                    bar.write(outcome.detail, file=sys.stderr)
                yield item, outcome

    def _prepare(self, workspace: Workspace, plan: Plan, bar: Any) -> None:
        """What reports share is computed once, side by side; a bug there is left to the reports that meet it."""
        with self.summary.stage("read the extracts"):
            self._unless_a_bug(self.maker.read, workspace, plan.request)
        weight = {p.parameters.get("pathway", ""): p.weight for p in plan.pages}
        codes = sorted(plan.request.pathways, key=lambda code: -weight.get(code, 0))
        items = [(self.maker, workspace, replace(plan.request, pathways=(c,))) for c in codes]
        errors = {}
        for (_, _, request), outcome in self._run(warm, items, "prepare each service", bar):
            error = _error_of(outcome)
            if isinstance(error, CannotWrite):
                raise error
            if error is not None:
                errors[request.pathways[0]] = error
        if errors:
            raise _NotThese(errors)
        with self.summary.stage("prepare the area"):
            self._unless_a_bug(self.maker.prepare, workspace, plan.request)

    def _unless_a_bug(self, work: Callable, workspace: Workspace, request: Request) -> None:
        try:
            work(workspace, request)
        except SendwaitsError:
            raise
        except Exception:  # told by the reports that meet it
            if self.debug:
                raise

    def _notebooks(
        self, workspace: Workspace, plan: Plan, todo: Sequence[Page], bar: Any
    ) -> dict[str, dict[str, bytes]]:
        results = {}
        exact = plan.request.profile == "analyst"
        items = [
            (self.maker, page, workspace.root, exact, workspace.without)
            for page in sorted(todo, key=lambda p: -p.weight)
        ]
        for (_, page, *_), outcome in self._run(make_page, items, "notebooks and pages", bar):
            self.durations[page.name] = round(outcome.seconds, 3)
            if outcome.failure:
                self.summary.failed[page.name] = outcome.failure
                continue
            results[page.name] = outcome.value
            self.summary.made.append(page.name)
            place = cache_of(workspace, page)
            store.keep_bytes(place, store.encode(outcome.value), keep=KEPT_PAGES)
        return results

    def _publish(
        self, workspace: Workspace, plan: Plan, results: Mapping[str, Mapping[str, bytes]]
    ) -> None:
        summary, maker, request = self.summary, self.maker, plan.request
        files = {name: data for page in results.values() for name, data in page.items()}
        with summary.stage("tables and index"):
            others = maker.set_files(workspace, request, list(results), summary.failed)
        facts = json.loads(others.pop("run.json", b"{}"))
        files |= others
        with replaced(self.target) as work:
            for name, data in files.items():
                (work / name).write_bytes(data)
            outputs = {name: store.digest_bytes(files[name]) for name in sorted(files)}
            record = _record(plan, outputs, self.durations, summary.failed, facts)
            (work / "run.json").write_bytes(text(record))
            with summary.stage("disclosure check"):
                unsafe = maker.audit(workspace, request, work, self.workers)
            if unsafe:
                raise _NotThese({code: Unsafe(why) for code, why in unsafe.items()})
            maker.register(workspace, request, work)


def _error_of(outcome: Any) -> SendwaitsError | None:
    """The error of ours that a piece of work ended with; None when it is done or failed otherwise."""
    kinds = {kind.exit_code: kind for kind in (Refused, CannotWrite, Unsafe)}
    return kinds[outcome.code](outcome.failure) if outcome.code in kinds else None


def _failures(plan: Plan, errors: Mapping[str, SendwaitsError]) -> dict[str, str]:
    """The pages that are missing because no set can be made of their pathway."""
    of_pathways = [
        r for r in plan.request.reports if any(p.name.endswith(f"_{r}") for p in plan.pages)
    ]
    return {f"{c.lower()}_{r}": str(e) for c, e in errors.items() for r in of_pathways}


# --- run.json ---------------------------------------------------------------------------------------------------------


def _record(
    plan: Plan,
    outputs: Mapping[str, str],
    durations: Mapping[str, float],
    failed: Mapping[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    asked, before = plan.request, plan.old.get("durations", {})
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
        "versions": versions(),
        "inputs": dict(plan.inputs),
        "outputs": dict(outputs),
        "pages": {p.name: p.key for p in plan.pages if p.name not in failed},
        "failed": dict(sorted(failed.items())),
        "left_out": list(plan.left_out),
        "key": plan.key,
        "durations": {p.name: durations.get(p.name, before.get(p.name, 0.0)) for p in plan.pages},
        "sha256": "",
    }
    record["sha256"] = seal(record)
    return record


def _dry(workspace: Workspace, plan: Plan) -> Summary:
    """For ``--dry-run``: a line for each report."""
    target = workspace.reports / plan.request.as_at.isoformat()
    summary = Summary(target)
    for page in plan.pages:
        if not page.why:
            summary.lines.append(f"{page.name}: unchanged")
        elif kept(workspace, target, plan, page) is not None:
            summary.lines.append(f"{page.name}: made before from the same inputs, would be kept")
        else:
            summary.made.append(page.name)
            summary.lines.append(f"{page.name}: would be made ({page.why})")
    summary.lines.append(
        f"{len(summary.made)} of {len(plan.pages)} reports would be made in {shown(target)}; nothing was changed."
    )
    return summary
