"""The set of reports for each of many areas, and one page that compares them: places in a funnel, not a league table.

An area is a workspace of its own (``folder``), or the children of this one with a value in a column (``filter``).
"""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from sendwaits.errors import Refused
from sendwaits.pathways import GROUPS
from sendwaits.run import batch
from sendwaits.run.atomic import probe, recover, replaced
from sendwaits.run.making import Maker
from sendwaits.run.plan import Plan, make_plan, profile_of
from sendwaits.run.summary import Summary

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Place", "read_places", "run_areas"]


@dataclass(frozen=True)
class Place:
    """One area: its name, the folder of its set, and the workspace (with its filter) behind it."""

    name: str
    slug: str
    workspace: Workspace


# --- which areas --------------------------------------------------------------------------------------------------------


def read_places(workspace: Workspace, path: Path | None) -> list[Place]:
    """The areas of a csv (columns name and folder or filter) or, without one, of the ``[[area]]`` tables of sendwaits.toml.

    Raises `Refused` naming the row: no name, neither or both of folder and filter, an unknown column, a name twice.
    """
    if path is None:
        rows: list[Mapping[str, Any]] = list(workspace.areas)
        where, base = "sendwaits.toml: [[area]]", workspace.root
    else:
        rows, where, base = _csv_rows(path), path.name, path.resolve().parent
    places = [
        _place(workspace, row, f"{where}: row {number}", base)
        for number, row in enumerate(rows, 1 if path is None else 2)
    ]
    if not places:
        raise Refused(
            f"{where}: holds no area. Write one line an area, with name and folder or filter."
        )
    slugs = [p.slug for p in places]
    for place in places:
        if slugs.count(place.slug) > 1:
            raise Refused(
                f"{where}: '{place.name}' stands there twice. Give each area a name of its own."
            )
    return places


def _csv_rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows: list[Mapping[str, Any]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise Refused(
            f"{path.name}: cannot be read. Save it as CSV UTF-8, with the columns name and folder or filter."
        ) from None
    known = {"name", "folder", "filter"}
    headings = set(rows[0]) if rows else known
    if "name" not in headings or not headings <= known:
        raise Refused(f"{path.name}: needs the columns name and folder or filter, and no others.")
    return rows


def _place(workspace: Workspace, row: Mapping[str, Any], where: str, base: Path) -> Place:
    from sendwaits.workspace import open_workspace

    name, folder, only = (str(row.get(k) or "").strip() for k in ("name", "folder", "filter"))
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise Refused(f"{where}: needs a name.")
    if bool(folder) == bool(only):
        raise Refused(f"{where}: needs either a folder or a filter (column=value).")
    if folder:
        inside = open_workspace(base / folder)
        return Place(
            name, slug, replace(inside, areas=(), area=structs.replace(inside.area, name=name))
        )
    column, equals, value = only.partition("=")
    if column not in GROUPS or not equals or not value:
        raise Refused(
            f"{where}: the filter must be column=value, with one of the columns {', '.join(GROUPS)}."
        )
    return Place(
        name,
        slug,
        replace(workspace, areas=(), only=only, area=structs.replace(workspace.area, name=name)),
    )


# --- their sets ---------------------------------------------------------------------------------------------------------


def run_areas(
    workspace: Workspace,
    path: Path | None,
    *,
    as_at: date,
    maker: Maker,
    workers: int | None = None,
    pathways: Sequence[str] | None = None,
    reports: Sequence[str] | None = None,
    profile: str | None = None,
    dry_run: bool = False,
    debug: bool = False,
) -> Summary:
    """Every area's set in ``reports/<as_at>-areas/<area>/``, and index.html that compares them; replaced as one.

    Areas are made side by side, the reports of one area one after the other. Raises as `batch.run`.
    """
    from sendwaits.run.lock import held

    places = read_places(workspace, path)
    target = workspace.reports / f"{as_at.isoformat()}-areas"
    asked = {"as_at": as_at, "pathways": pathways, "reports": reports, "profile": profile}
    if dry_run:
        return _told(places, target, asked)
    with held(workspace.reports):
        began = time.perf_counter()
        if target.parent.is_dir():
            recover(target)
        plans = [_plan(place, target, asked) for place in places]
        summary = Summary(target)
        if all(plan and plan.unchanged for plan in plans) and _same_places(target, places):
            summary.kept = [p.name for p in places]
        else:
            probe(
                workspace.reports,
                batch.ROOM_PER_PAGE * sum(len(plan.pages) + 2 for plan in plans if plan),
            )
            _make(
                workspace,
                places,
                target,
                {**asked, "maker": maker, "debug": debug},
                workers or os.cpu_count() or 1,
                summary,
            )
        summary.seconds = time.perf_counter() - began
        summary.lines = _lines(summary, places, as_at)
        return summary


def _plan(place: Place, target: Path, asked: Mapping[str, Any]) -> Plan | None:
    """What would be made for one area; None when its input is refused: it is told again when its turn comes."""
    try:
        return make_plan(place.workspace, target / place.slug, **asked)
    except Refused:
        return None


def _make(
    workspace: Workspace,
    places: Sequence[Place],
    target: Path,
    options: Mapping[str, Any],
    workers: int,
    summary: Summary,
) -> None:
    from tqdm import tqdm

    from sendwaits.run import processes

    tqdm.monitor_interval = 0
    processes.preload(options["maker"].libraries)
    with replaced(target) as work:
        items = [(place, work / place.slug, target / place.slug, options) for place in places]
        errors = {}
        with tqdm(total=len(items), unit="area", disable=None, leave=False, desc="Areas") as bar:
            for (place, *_), outcome in processes.each_alone(_one_set, items, workers):
                bar.update()
                summary.peak_mb = max(summary.peak_mb, outcome.peak_mb)
                if outcome.failure:
                    errors[place.name] = outcome.failure
                else:
                    made, failed = outcome.value
                    (summary.made if made else summary.kept).append(place.name)
                    summary.failed |= {f"{place.name}: {name}": why for name, why in failed.items()}
        summary.failed |= errors
        if len(errors) == len(places):
            raise Refused(
                f"No area could be made. The first: {places[0].name}: {errors[places[0].name]}"
            )
        done = [p for p in places if p.name not in errors]
        shown_as = profile_of(workspace, options["profile"])
        page = _page(
            workspace,
            done,
            work,
            options["as_at"],
            (shown_as.name, shown_as.smallest),
            errors,
        )
        (work / "index.html").write_bytes(page.encode())
        (work / "areas.csv").write_bytes(_list(places).encode())


def _one_set(
    item: tuple[Place, Path, Path, Mapping[str, Any]], tell: Any
) -> tuple[list[str], dict[str, str]]:
    place, target, before, options = item
    os.environ["SENDWAITS_AREA_NAME"] = place.name
    if place.workspace.only:
        os.environ["SENDWAITS_ONLY"] = place.workspace.only
    summary = batch.make_set(
        place.workspace, target, before=before, workers=1, quiet=True, **options
    )
    return summary.made, summary.failed


def _list(places: Sequence[Place]) -> str:
    return "name,folder\n" + "".join(f'"{p.name}",{p.slug}\n' for p in places)


def _same_places(target: Path, places: Sequence[Place]) -> bool:
    try:
        names = {p.name for p in target.iterdir()}
        return (
            names == {p.slug for p in places} | {"index.html", "areas.csv"}
            and (target / "areas.csv").read_bytes() == _list(places).encode()
        )
    except OSError:
        return False


def _lines(summary: Summary, places: Sequence[Place], as_at: date) -> list[str]:
    failed = "; ".join(f"{name} ({why})" for name, why in sorted(summary.failed.items())[:5])
    return [
        f"{len(summary.made) + len(summary.kept)} of {len(places)} areas for {as_at}: {len(summary.made)} made, {len(summary.kept)} unchanged.",
        f"Each area's set is in {summary.folder.parent.name}/{summary.folder.name}/<area>/.",
        f"Failed: {failed or 'none'}.",
        f"{summary.seconds:.1f} seconds.",
        f"Open {summary.folder.parent.name}/{summary.folder.name}/index.html",
    ]


def _told(places: Sequence[Place], target: Path, asked: Mapping[str, Any]) -> Summary:
    summary = Summary(target)
    for place in places:
        plan = _plan(place, target, asked)
        if plan is None:
            summary.lines.append(f"{place.name}: its input would be refused")
            continue
        number = sum(bool(p.why) for p in plan.pages)
        reasons = sorted({p.why for p in plan.pages if p.why})
        summary.lines.append(
            f"{place.name}: {number} of {len(plan.pages)} reports would be made"
            + (f" ({reasons[0]})" if reasons else "")
        )
    return summary


def _page(
    workspace: Workspace,
    places: Sequence[Place],
    work: Path,
    as_at: date,
    shown_as: tuple[str, int],
    errors: Mapping[str, str],
) -> str:
    from sendwaits.release.compare import areas_page, compare

    tables = {}
    for place in places:
        try:
            with open(work / place.slug / "figures.csv", encoding="utf-8", newline="") as file:
                tables[place.name, place.slug] = list(csv.DictReader(file))
        except OSError:
            continue
    return areas_page(
        workspace,
        compare(tables, as_at),
        [(p.name, p.slug) for p in places],
        as_at,
        shown_as,
        errors,
    )
