"""Built waits -> everything that a set of one day may print: released figures, verdicts, forecasts, quality, themes.

Every costly piece is computed once per set of inputs and kept in the store; the notebooks of one run share it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits import intake, raw, store
from sendwaits.intake import load as loading
from sendwaits.intake.waits import Built
from sendwaits.measure import measures
from sendwaits.pathways import Pathway
from sendwaits.release import door, gate, verdicts
from sendwaits.release.profile import Profile
from sendwaits.workspace import Target, Workspace

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

__all__ = ["Contents", "Service", "gather"]

RECONCILED = ("waiting", "starts", "completed", "removed_other")


@dataclass(frozen=True)
class Service:
    """What the pages of one service may print. Every frame has passed the gate.

    ``released``: columns of `release.key.COLUMNS`. ``exact`` (never
    printed): month ends and flows of every list, to reconcile. ``plan``: how each series is published, or why not. ``door``: what the register keeps of it. ``judged``: columns of
    verdicts.csv. ``forecast``: columns of CONTRACT section 4; ``backtest``, ``bridge``, ``referred`` as `outlook.queue`
    gives them (may be empty). ``files``, ``findings``: rows of the manifest and findings.csv. ``promised``: targets as earlier sets stated them.
    ``equity``, ``community``: as `door.equity` and `gate.community` release them.
    """

    workspace: Workspace
    pathway: Pathway
    as_at: date
    profile: Profile
    released: pd.DataFrame
    plan: pd.DataFrame
    judged: pd.DataFrame
    forecast: pd.DataFrame
    backtest: pd.DataFrame
    bridge: pd.DataFrame
    referred: pd.DataFrame
    files: pd.DataFrame
    findings: pd.DataFrame
    exact: pd.DataFrame
    promised: tuple[tuple[date, Target], ...] = ()
    set_as_at: date | None = None
    door: Mapping[str, Any] = field(default_factory=dict)
    equity: pd.DataFrame = field(default_factory=pd.DataFrame)
    community: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def verdicts(self) -> verdicts.Verdicts:
        """The verdict of each series."""
        return verdicts.Verdicts(self.judged)


@dataclass(frozen=True)
class Contents:
    """What a whole set may print: the services, and the ledgers and themes of the area."""

    workspace: Workspace
    as_at: date
    profile: Profile
    services: Mapping[str, Service]
    files: pd.DataFrame
    findings: pd.DataFrame
    quarantine: pd.DataFrame
    history: pd.DataFrame
    themes: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    series: pd.DataFrame = field(default_factory=pd.DataFrame)

    def joined(self, name: str) -> pd.DataFrame:
        """One frame of all services: ``released``, ``plan``, ``judged``, ``forecast`` or ``equity``."""
        frames = [getattr(s, name) for s in self.services.values()]
        frames = [f for f in frames if len(f)] or frames[:1]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def gather(
    workspace: Workspace,
    as_at: date,
    built: Mapping[str, Built],
    files: Mapping[str, Sequence[ExtractFile]],
    profile: Profile,
    whole: bool = True,
) -> Contents:
    """What a set of these services may print on one day under one profile; ``whole``: themes and monthly series too."""
    inputs = {code: [part for f in files[code] for part in (f.name, f.sha256)] for code in built}
    found = ledgers(workspace, as_at)
    known = {f.pathway: f.known_until or as_at for f in raw.freshness(workspace, as_at)}
    services = {
        code: _service(workspace, known[code], rows, profile, inputs[code], found, as_at)
        for code, rows in built.items()
    }
    themes: dict[str, pd.DataFrame] = {}
    if whole:
        key = _key(workspace, as_at, [v for code in sorted(inputs) for v in inputs[code]])
        key += [profile.name, profile.k]
        themes = store.cached(
            workspace,
            "themes",
            [*key, gate.history(workspace, as_at, profile)],
            lambda: _themes(workspace, as_at, built, services, profile),
        )
    return Contents(
        workspace,
        as_at,
        profile,
        services,
        **found,
        themes=themes,
        series=intake.series(workspace, as_at) if whole else pd.DataFrame(),
    )


def _key(workspace: Workspace, as_at: date, more: Sequence[Any]) -> list[Any]:
    return [as_at.isoformat(), workspace.settings_text, workspace.only, *more]


def _service(
    workspace: Workspace,
    as_at: date,
    built: Built,
    profile: Profile,
    inputs: Sequence[str],
    ledgers: Mapping[str, pd.DataFrame],
    set_as_at: date,
) -> Service:
    pathway = workspace.pathway(built.pathway)
    key = _key(workspace, as_at, [repr(pathway), *inputs])
    code = pathway.code
    released = store.cached(
        workspace,
        f"released-{code}",
        [*key, profile.name, profile.k, gate.history(workspace, as_at, profile)],
        lambda: _released(workspace, as_at, built, pathway, profile),
    )
    future = store.cached(
        workspace, f"forecast-{code}", key, lambda: _future(workspace, as_at, built, pathway)
    )
    passed = gate.forecasts(future, released["table"], profile)
    rows = ledgers["files"][ledgers["files"]["pathway"] == code]
    findings = ledgers["findings"]
    return Service(
        workspace,
        pathway,
        as_at,
        profile,
        released["table"],
        released["plan"],
        released["judged"],
        passed["forecast"],
        passed["backtest"],
        passed["bridge"],
        passed["referred"],
        rows,
        findings[findings["file"].isin(rows["file"])],
        released["exact"],
        _promised(workspace, as_at, pathway),
        set_as_at,
        released["door"],
        released["equity"],
        gate.community(
            intake.community(workspace), pathway, released["table"], workspace.area.name
        ),
    )


def _released(
    workspace: Workspace, as_at: date, built: Built, pathway: Pathway, profile: Profile
) -> dict[str, Any]:
    done = gate.publish(workspace, built, pathway, as_at, profile)
    changes = [c for c in workspace.change_points if c.pathway == pathway.code]
    judged = verdicts.judge(
        done.table,
        change_points=changes,
        as_at=as_at,
        plan=done.plan,
        smallest=profile.smallest,
    )
    exact = measures.figures(built, pathway, measures.periods(as_at, "month", 24))
    exact = exact[exact["measure"].isin(RECONCILED) & (exact["wait"] != "")]
    return {
        "table": done.table,
        "plan": done.plan,
        "door": door.register.facts(done),
        "judged": judged,
        "equity": door.equity(built, pathway, pathway.headline, as_at, profile, done.phase),
        "exact": exact[["wait", "measure", "period_end", "value"]].reset_index(drop=True),
    }


def _future(
    workspace: Workspace, as_at: date, built: Built, pathway: Pathway
) -> dict[str, pd.DataFrame]:
    from sendwaits.errors import Refused
    from sendwaits.outlook import queue

    keep = partial(store.cached, workspace, f"past-{pathway.code}")
    ready = queue.prepare(built, pathway, workspace, as_at, keep=keep)
    mine = [s for s in workspace.scenarios if s.pathway == pathway.code]
    names = [s.name for s in mine if not s.committed and s.start > as_at]
    try:
        bridge = queue.bridge(built, pathway, workspace, as_at, prepared=ready)
    except Refused:
        bridge = pd.DataFrame()
    table = queue.forecast(built, pathway, workspace, as_at, scenario=names, prepared=ready)
    past = queue.backtest(built, pathway, workspace, as_at, prepared=ready)
    referred = queue.referred_today(ready)
    return {"forecast": table, "backtest": past, "bridge": bridge, "referred": referred}


def _themes(
    workspace: Workspace,
    as_at: date,
    built: Mapping[str, Built],
    services: Mapping[str, Service],
    profile: Profile,
) -> dict[str, pd.DataFrame]:
    from sendwaits.measure import themes

    counts = [themes.group_counts(b, workspace.pathway(c), as_at) for c, b in built.items()]
    return {
        **gate.themes(
            workspace,
            pd.concat(counts, ignore_index=True),
            door.register.in_the_making(
                [(s.released, s.door) for s in services.values()], profile, as_at
            ),
            profile,
        ),
        "nation": gate.nation(_nation(workspace)),
        "totals": gate.totals(workspace, intake.series(workspace, as_at), as_at, profile),
    }


def _nation(workspace: Workspace) -> pd.DataFrame:
    """The area beside England, its region and its neighbours; no rows without files for it, or without the area in them."""
    from sendwaits.errors import Refused
    from sendwaits.measure import benchmark

    own = workspace.area
    try:
        published = benchmark.published(intake.dfe(workspace))
        return benchmark.compare(published, own.name, own.la_code, own.neighbours, own.la_codes)
    except Refused:
        return pd.DataFrame()


def _promised(
    workspace: Workspace, as_at: date, pathway: Pathway
) -> tuple[tuple[date, Target], ...]:
    """Targets as earlier sets stated them in their run.json: (as_at of that set, target), oldest first."""
    found = []
    for path in sorted(workspace.reports.glob("*/run.json")):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            day = date.fromisoformat(facts["as_at"])
            stated = [
                Target(**{**t, "by": date.fromisoformat(t["by"])}) for t in facts.get("targets", [])
            ]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a set of another version states no targets
        found += [(day, t) for t in stated if t.pathway == pathway.code and day < as_at]
    return tuple(found)


def ledgers(workspace: Workspace, as_at: date) -> dict[str, pd.DataFrame]:
    """The manifest's rows, findings and quarantine of the newest extracts on or before as_at, and all extracts' rows.

    Every extract is cleaned once for this and for the waits, which are kept.
    """
    present = loading.present(workspace, as_at)
    key = _key(
        workspace,
        as_at,
        [p for files in present.files.values() for f in files for p in (f.name, f.sha256)],
    )

    def make() -> dict[str, pd.DataFrame]:
        checked = intake.check(workspace, as_at=as_at)
        history = checked.history.reset_index(drop=True)
        newest = history.sort_values("extract_date", kind="stable")
        newest = newest.drop_duplicates("pathway", keep="last").reset_index(drop=True)
        built = [
            loading.load(workspace, code, present.files[code], partial(checked.extracts.pop, code))
            for code in list(checked.extracts)
            if code in present.files
        ]
        found = pd.concat([checked.findings, *(b.findings for b in built)], ignore_index=True)
        aside = checked.quarantine
        return {
            "files": newest,
            "findings": found[found["file"].isin(newest["file"])].reset_index(drop=True),
            "quarantine": aside[aside["file"].isin(newest["file"])].reset_index(drop=True),
            "history": history,
        }

    return store.cached(workspace, "ledgers", key, make)
