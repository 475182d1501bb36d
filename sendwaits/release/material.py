"""Built waits -> everything that the reports of one day may print: figures through the disclosure door, forecasts, quality.

Every costly piece is computed once per set of inputs and kept in the store; notebooks of one run share them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from msgspec.structs import asdict

from sendwaits import intake, store
from sendwaits.errors import Refused, Unsafe
from sendwaits.intake import load as loading
from sendwaits.intake.waits import Built
from sendwaits.measure import benchmark, measures, themes
from sendwaits.pathways import Pathway
from sendwaits.release import disclosure
from sendwaits.release.coarse import release_groups, release_overlap
from sendwaits.release.disclosure import register
from sendwaits.release.reports import AreaMaterial, Material
from sendwaits.release.reports.common import headline_waits
from sendwaits.workspace import Target, Workspace

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

__all__ = ["gather", "figures_of_set", "set_files", "smallest"]

MONTHS = 24


def gather(
    workspace: Workspace,
    as_at: date,
    built: Mapping[str, Built],
    files: Mapping[str, Sequence[ExtractFile]],
    profile: str,
    whole: bool = True,
) -> AreaMaterial:
    """What the reports of these pathways print on one day under one profile; ``whole``: the pages of the area (themes) too."""
    inputs = {code: [part for f in files[code] for part in (f.name, f.sha256)] for code in built}
    quality = _Quality(workspace, as_at)
    made = {
        code: _pathway(workspace, as_at, built[code], profile, inputs[code], quality)
        for code in built
    }
    shown: dict[str, pd.DataFrame] = {}
    if whole:
        key = [
            as_at.isoformat(),
            profile,
            workspace.settings_text,
            workspace.only,
            *(p for code in sorted(inputs) for p in inputs[code]),
        ]
        shown = store.cached(
            workspace,
            "themes",
            key,
            lambda: _themes(workspace, as_at, built, [m.released for m in made.values()], profile),
        )
    return AreaMaterial(
        workspace,
        as_at,
        profile,
        made,
        files=quality.files,
        findings=quality.findings,
        quarantine=quality.quarantine,
        history=quality.history,
        themes=shown,
        series=intake.series(workspace, as_at),
        made_up=_made_up(workspace),
    )


def _pathway(
    workspace: Workspace,
    as_at: date,
    built: Built,
    profile: str,
    inputs: list[str],
    quality: _Quality,
) -> Material:
    pathway = workspace.pathway(built.pathway)
    key = [
        as_at.isoformat(),
        profile,
        workspace.settings_text,
        workspace.only,
        repr(pathway),
        *inputs,
    ]
    before = (
        ""
        if workspace.only or profile == "analyst"
        else register.digest_before(workspace.processed, as_at, profile)
    )
    released = store.cached(
        workspace,
        f"released-{pathway.code}",
        [*key, before],
        lambda: _released(workspace, as_at, built, pathway, profile),
    )
    future = store.cached(
        workspace,
        f"forecast-{pathway.code}",
        [key[0], *key[2:]],
        lambda: _future(workspace, as_at, built, pathway),
    )
    rows = quality.files[quality.files["pathway"] == pathway.code]
    return Material(
        workspace,
        pathway,
        as_at,
        profile,
        released["table"],
        forecast=future["forecast"],
        backtest=future["backtest"],
        bridge=future["bridge"],
        files=rows,
        findings=quality.findings[quality.findings["file"].isin(rows["file"])],
        promised=_promised(workspace, as_at, pathway),
        zeros_hidden=tuple(released["zeros_hidden"]),
        notes=tuple(released["notes"]),
        made_up=_made_up(workspace),
    )


def figures_of_set(built: Built, pathway: Pathway, as_at: date) -> pd.DataFrame:
    """The exact figures that a set may print, before the door.

    Whole service: 24 months of the flows and of the lists that carry a standard, calendar years and the year to date of the flows; every stock at
    as_at; districts: stocks at as_at. What is not printed need not be protected, so a list that no page draws month by month is not printed
    month by month: with it, a few withdrawals a month would hide the completions of the list before it.
    """
    earliest = built.referrals["start"].min() if len(built.referrals) else pd.NaT
    month = measures.figures(built, pathway, measures.periods(as_at, "month", MONTHS))
    longer = [
        measures.periods(
            as_at,
            "year",
            1,
            None if pd.isna(earliest) else max(earliest.date(), date(as_at.year - 3, 1, 1)),
        )
    ]
    flows = [measures.figures(built, pathway, times) for times in longer]
    flows = [t[(t["period_start"] != "") & (t["period_start"] != t["period_end"])] for t in flows]
    today = measures.figures(built, pathway, measures.periods(as_at, "month", 1), "district")
    district = today[(today["group"] != "") & (today["period_start"] == "")]
    table = pd.concat(
        [month[_printed(month, pathway, as_at.isoformat())], *flows, district], ignore_index=True
    )
    return table.drop_duplicates(
        subset=["wait", "measure", "group", "period_start", "period_end"], ignore_index=True
    )


AS_AT_ONLY = ("waiting_band_", "waiting_booked", "waiting_not_flowed", "clearance_weeks")
YEARLY_ONLY = ("refusals_within_16_weeks_pct", "requests_refused_pct", "within_20_weeks_excl_pct")


def _printed(month: pd.DataFrame, pathway: Pathway, newest: str) -> pd.Series:
    """Which monthly rows a set prints: see `figures_of_set`."""
    drawn = [w.name for w in headline_waits(pathway)]
    stock = month["period_start"] == ""
    now = month["period_end"] == newest
    drawn_stock = month["wait"].isin(drawn) & ~month["measure"].str.startswith(AS_AT_ONLY)
    return ~month["measure"].isin(YEARLY_ONLY) & (~stock | now | drawn_stock)


def _released(
    workspace: Workspace, as_at: date, built: Built, pathway: Pathway, profile: str
) -> dict[str, Any]:
    """The fullest form of the set that its own audit, earlier releases included, finds safe. Raises `Unsafe` when there is none."""
    table = figures_of_set(built, pathway, as_at)
    longest = _longest(built, pathway, as_at, smallest(workspace, profile))
    previous = (
        [] if workspace.only or profile == "analyst" else register.releases(workspace.processed)
    )
    for form in FORMS:
        try:
            done = disclosure.release(
                form(table).reset_index(drop=True),
                profile=profile,
                k=workspace.disclosure.k,
                kth_longest=longest,
                previous=previous,
            )
        except Unsafe:
            continue
        if not disclosure.audit(done, previous):
            notes = (
                list(done.notes)
                if form is FORMS[0]
                else [
                    *done.notes,
                    f"{pathway.code}: the numbers are so small that only the list and little else can be shown.",
                ]
            )
            return {"table": done.table, "zeros_hidden": list(done.zeros_hidden), "notes": notes}
    raise Unsafe(
        f"{pathway.code}: no form of its tables is safe beside what has been released before. Nothing was released."
    )


_SMALL_FLOWS = ("starts", "removed_other", "rejected")
_FLOWS = (
    *_SMALL_FLOWS,
    "completed",
    "referrals",
    "mean_weeks_completed",
    "median_weeks_completed",
    "within_standard_pct",
    "clearance_weeks",
)
FORMS: tuple[Callable[[pd.DataFrame], pd.DataFrame], ...] = (
    lambda table: table,
    lambda table: table[(table["group"] == "") & ~table["measure"].isin(_SMALL_FLOWS)],
    lambda table: table[(table["group"] == "") & ~table["measure"].isin(_FLOWS)],
    lambda table: table[(table["group"] == "") & (table["measure"] == "waiting")],
)
"""Ever less of a service's tables: everything; no small flows and no breakdown; no flows at all; the size of the list only."""


def _longest(
    built: Built, pathway: Pathway, as_at: date, k: int
) -> Callable[[str, str, str], float | None]:
    """(pathway, wait, period end) -> weeks waited by the k-th longest waiting child, None under k."""
    months = measures.periods(as_at, "month", MONTHS)
    weeks = {
        (wait.name, row.period_end): row.days / 7
        for wait in pathway.waits
        for row in measures.kth_longest_days(built, wait.name, months, k).itertuples()
        if row.days == row.days
    }
    return lambda code, wait, end: weeks.get((wait, end))


def _future(
    workspace: Workspace, as_at: date, built: Built, pathway: Pathway
) -> dict[str, pd.DataFrame]:
    from sendwaits.outlook import queue

    ready = queue.prepare(built, pathway, workspace, as_at)
    names = [
        s.name
        for s in workspace.scenarios
        if s.pathway == pathway.code and not s.committed and s.start > as_at
    ]
    try:
        bridge = queue.bridge(built, pathway, workspace, as_at, prepared=ready)
    except Refused:
        bridge = pd.DataFrame()
    return {
        "forecast": queue.forecast(
            built, pathway, workspace, as_at, scenario=names, prepared=ready
        ),
        "backtest": queue.backtest(built, pathway, workspace, as_at),
        "bridge": bridge,
    }


def _themes(
    workspace: Workspace,
    as_at: date,
    built: Mapping[str, Built],
    released: Sequence[pd.DataFrame],
    profile: str,
) -> dict[str, pd.DataFrame]:
    k = smallest(workspace, profile)
    counts = pd.concat(
        [themes.group_counts(b, workspace.pathway(code), as_at) for code, b in built.items()],
        ignore_index=True,
    )
    return {
        "groups": release_groups(counts, pd.concat(released, ignore_index=True), profile, k),
        "overlap": release_overlap(themes.overlap(dict(built), as_at), profile, k),
        "england": themes.england(benchmark.published(intake.dfe(workspace)), workspace.area.name),
    }


def smallest(workspace: Workspace, profile: str) -> int:
    """The smallest count shown under a profile."""
    return {"analyst": 1, "public": 8}.get(profile, workspace.disclosure.k)


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


def _made_up(workspace: Workspace) -> bool:
    """True when the extracts are this package's own made-up children (the sample says so in its settings)."""
    return "made-up" in workspace.settings_text.partition("\n")[0].lower()


class _Quality:
    """The manifest's rows, findings and quarantine of the extracts on or before as_at, once for all reports."""

    def __init__(self, workspace: Workspace, as_at: date) -> None:
        present = loading.present(workspace, as_at)
        key = [
            as_at.isoformat(),
            workspace.settings_text,
            *(p for fs in present.files.values() for f in fs for p in (f.name, f.sha256)),
        ]
        kept = store.cached(workspace, "quality", key, lambda: _checked(workspace, as_at, present))
        self.files, self.findings, self.quarantine, self.history = (
            kept[n] for n in ("files", "findings", "quarantine", "history")
        )


def _checked(
    workspace: Workspace, as_at: date, present: loading.Present
) -> dict[str, pd.DataFrame]:
    checked = intake.check(workspace, as_at=as_at)
    history = checked.history
    newest = history.sort_values("extract_date", kind="stable").drop_duplicates(
        "pathway", keep="last"
    )
    built = [
        loading.load(workspace, code, present.files[code])
        for code in checked.extracts
        if code in present.files
    ]
    findings = pd.concat([checked.findings, *(b.findings for b in built)], ignore_index=True)
    return {
        "files": newest.reset_index(drop=True),
        "findings": findings[findings["file"].isin(newest["file"])].reset_index(drop=True),
        "quarantine": checked.quarantine[
            checked.quarantine["file"].isin(newest["file"])
        ].reset_index(drop=True),
        "history": history.reset_index(drop=True),
    }


def set_files(
    material: AreaMaterial, failed: Mapping[str, str], made: Collection[str] | None = None
) -> dict[str, bytes]:
    """The files of a set beside its report pages: index.html, figures.csv, tables.xlsx; and the facts that run.json adds."""
    from sendwaits.release import pages, tables

    released = pd.concat([m.released for m in material.pathways.values()], ignore_index=True)
    zeros = [key for m in material.pathways.values() for key in m.zeros_hidden]
    facts = {
        "zeros_hidden": zeros,
        "targets": [{**asdict(t), "by": t.by.isoformat()} for t in material.workspace.targets],
    }
    notes = [note for m in material.pathways.values() for note in m.notes]
    book = tables.tables_xlsx(
        released,
        area=material.workspace.area.name,
        as_at=material.as_at,
        profile=material.profile,
        k=material.k,
        notes=notes,
    )
    return {
        "index.html": pages.index(material, made=made, failed=failed).encode("utf-8"),
        "figures.csv": tables.figures_csv(released),
        "tables.xlsx": book,
        "run.json": json.dumps(facts).encode("utf-8"),
    }
