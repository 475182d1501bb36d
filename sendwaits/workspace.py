"""The folder an area works in: `sendwaits.toml`, `data/raw`, `data/processed`, `reports`.

Reads the settings once, refuses what it does not know, and knows no other room.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from sendwaits.errors import Refused
from sendwaits.pathways import Pathway, PathwaySettings, built_in, from_table
from sendwaits.strict import Setting, decode, read_toml

__all__ = [
    "Workspace",
    "AreaInfo",
    "Target",
    "ChangePoint",
    "Scenario",
    "OwnReport",
    "SaidThen",
    "Disclosure",
    "Rag",
    "open_workspace",
    "find_root",
    "parse_date",
    "PROFILES",
    "FILE_NAME",
]

FILE_NAME = "sendwaits.toml"
STATEMENTS = "statements.toml"
PROFILES = ("analyst", "board", "public")

Chance = Annotated[float, Meta(ge=0, le=1)]
Low = Annotated[float, Meta(ge=0)]
S = TypeVar("S", bound=Setting)


class Term(Setting, frozen=True):
    """``[[area.terms]]``: the first and the last school day of a term, or of half of one."""

    start: date = msgspec.field(name="from")
    to: date


class AreaInfo(Setting, frozen=True):
    """Who the reports are about.

    ``la_codes``: the authorities of an area of several (``la_code`` is one of them). ``districts``: the only district names
    that count (others become ``unknown``). ``late_days``: a service whose newest extract is older than that at as_at
    is left out of verdicts and ratings. ``terms``: needed where a standard is in school days.
    """

    name: Annotated[str, Meta(pattern=r"\S")]
    la_code: str = ""
    districts: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    la_codes: tuple[str, ...] = ()
    late_days: Annotated[int, Meta(ge=0)] = 45
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        days = [day for term in self.terms for day in (term.start, term.to)]
        if days != sorted(set(days)):
            raise ValueError("terms must follow each other, each from before to.")


class Target(Setting, frozen=True):
    """A promise: ``measure`` of one wait ``at_most`` or ``at_least`` a number by a date. ``wait`` is empty for pathway measures."""

    pathway: str
    wait: str
    measure: str
    by: date
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("needs either at_most or at_least.")

    @property
    def note(self) -> str:
        """The target in words: ``within_standard_pct at least 40``."""
        side, number = (
            ("at most", self.at_most) if self.at_most is not None else ("at least", self.at_least)
        )
        return f"{self.measure} {side} {number:g}"


class ChangePoint(Setting, frozen=True):
    """A dated change of a service, drawn on its charts; limits start anew there. ``wait`` empty = all waits of the pathway."""

    pathway: str
    date: date
    label: str = ""
    wait: str = ""


class Scenario(Setting, frozen=True):
    """What may change from a date: capacity, demand, slots moved, the list validated, the longest wait seen first.

    Percentages are relative to the level at as_at. ``until``: the day an initiative's capacity, demand or slots end;
    ``remove_pct`` of the children who wait over ``remove_over_weeks`` are found to need no place and leave, once.
    """

    name: Annotated[str, Meta(min_length=1)]
    pathway: str
    start: date = msgspec.field(name="from")
    wait: str = ""
    capacity_change_pct: float = 0.0
    demand_change_pct: float = 0.0
    move_slots_per_week: float = 0.0
    move_from: str = ""
    move_to: str = ""
    until: date | None = None
    remove_pct: Annotated[float, Meta(ge=0, le=100)] = 0.0
    remove_over_weeks: Annotated[int, Meta(ge=0)] = 0
    longest_first: bool = False
    committed: bool = False
    delivered: tuple[Low, Low] = (0.60, 1.05)
    late_weeks: tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]] = (0, 12)

    def __post_init__(self) -> None:
        for key in ("delivered", "late_weeks"):
            low, high = getattr(self, key)
            if low > high:
                raise ValueError(f"{key} must be two numbers, low then high.")
        if self.until is not None and self.until <= self.start:
            raise ValueError("until must lie after from.")


class OwnReport(Setting, frozen=True):
    """``[[report]]``: a report of the workspace's own; ``notebook`` is a path from the workspace's folder."""

    name: str
    notebook: str
    title: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError("name must be small letters, digits and underscores, as in my_page.")


class SaidThen(Setting, frozen=True):
    """``[[statements]]``: a sentence of an earlier update and the number in it.

    ``now`` and ``base``: the day, month (YYYY-MM) or period that the number is of, and the one that it is compared with.
    ``value`` and ``change`` are kept as they were said ("17.0", "<5", 12).
    """

    text: str
    pathway: str = ""
    wait: str = ""
    measure: str = ""
    group: str = ""
    now: str = ""
    base: str = ""
    value: str | float = ""
    change: str | float = ""


class Disclosure(Setting, frozen=True):
    """Which counts are hidden: the profile of the reports and the smallest count shown in the board profile."""

    profile: str = "board"
    k: Annotated[int, Meta(ge=3, le=50)] = 5

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ValueError(f"profile must be one of: {', '.join(PROFILES)}.")


class Rag(Setting, frozen=True):
    """Rating thresholds: points (or per cent of the target) that still count as amber, and the chance that counts as green."""

    amber_within: Low = 5.0
    green_chance: Chance = 0.80
    red_chance: Chance = 0.20


@dataclass(frozen=True)
class Workspace:
    """A workspace as read: its folders and every setting, defaults filled in.

    ``only``: ``column=value``, one part of the area. ``without``: pathways that are left out because no set can be made of them.
    """

    root: Path
    area: AreaInfo
    pathways: Mapping[str, Pathway]
    targets: tuple[Target, ...] = ()
    change_points: tuple[ChangePoint, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    disclosure: Disclosure = field(default_factory=Disclosure)
    rag: Rag = field(default_factory=Rag)
    areas: tuple[Mapping[str, Any], ...] = ()
    only: str = ""
    settings_text: str = ""
    reports_of_own: tuple[OwnReport, ...] = ()
    statements: tuple[SaidThen, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def raw(self) -> Path:
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    def pathway(self, code: str) -> Pathway:
        """The pathway of that code. Raises `Refused` naming the pathways there are."""
        if code not in self.pathways:
            raise Refused(f"No pathway '{code}'. Choose one of: {', '.join(self.pathways)}.")
        return self.pathways[code]


class _File(Setting, frozen=True):
    """The tables of sendwaits.toml; each entry is decoded on its own, so that a message names it."""

    area: Any = None
    targets: list[Any] = []
    rag: dict[str, Any] = {}
    change_points: list[Any] = []
    scenarios: list[Any] = []
    disclosure: dict[str, Any] = {}
    pathways: dict[str, Any] = {}
    pathway: list[Any] = []
    report: list[Any] = []
    statements: list[Any] = []


class _Statements(Setting, frozen=True):
    statements: list[Any] = []


def find_root(path: str | Path = ".") -> Path:
    """The nearest folder at or above ``path`` that holds `sendwaits.toml`."""
    start = Path(path).resolve()
    if not start.is_dir():
        raise Refused(
            f"There is no folder '{path}'. Name a folder with a {FILE_NAME}, or make one with: sendwaits init DIR"
        )
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise Refused(
        f"No {FILE_NAME} in this folder or above it. Make a workspace with: sendwaits init DIR"
    )


def open_workspace(path: str | Path = ".") -> Workspace:
    """The workspace at or above ``path``. Raises `Refused` naming file, key and remedy."""
    root = find_root(path)
    table, text = read_toml(root / FILE_NAME)
    file = decode(_File, table, FILE_NAME, "top level")
    area, areas = _area(file.area)
    pathways = _in_terms(_pathways(file), area)
    return Workspace(
        root,
        area,
        pathways,
        _entries(Target, file.targets, "targets", pathways, {"wait": ""}),
        _entries(ChangePoint, file.change_points, "change_points", pathways),
        _entries(Scenario, [_in_pairs(s) for s in file.scenarios], "scenarios", pathways),
        decode(Disclosure, file.disclosure, FILE_NAME, "[disclosure]"),
        decode(Rag, file.rag, FILE_NAME, "[rag]"),
        areas,
        settings_text=text,
        reports_of_own=_entries(OwnReport, file.report, "report"),
        statements=_statements(root, file, pathways),
        without=tuple(filter(None, os.environ.get("SENDWAITS_WITHOUT", "").split(","))),
    )


def _area(table: Any) -> tuple[AreaInfo, tuple[Mapping[str, Any], ...]]:
    areas = tuple(table) if isinstance(table, list) else ()
    first = next(iter(areas), None) if isinstance(table, list) else table
    if not isinstance(first, Mapping) or not str(first.get("name", "")).strip():
        raise Refused(f'{FILE_NAME}: needs [area] with a name, as in: [area] name = "Exampleshire"')
    own = {k: v for k, v in first.items() if not areas or k not in ("folder", "filter")}
    return decode(AreaInfo, own, FILE_NAME, "[area]"), areas


def _pathways(file: _File) -> Mapping[str, Pathway]:
    found = dict(built_in())
    for table in file.pathway:
        own = from_table(table, FILE_NAME)
        found[own.code] = own
    for code, table in file.pathways.items():
        if code not in found:
            raise Refused(
                f"{FILE_NAME}: [pathways.{code}] names no pathway. Choose one of: {', '.join(found)}."
            )
        settings = decode(PathwaySettings, table, FILE_NAME, f"[pathways.{code}]")
        found[code] = found[code].with_settings(settings, FILE_NAME)
    return found


def _in_terms(pathways: Mapping[str, Pathway], area: AreaInfo) -> Mapping[str, Pathway]:
    """The pathways, those with a standard in school days with the terms of the area."""
    terms = tuple((t.start, t.to) for t in area.terms)
    made = dict(pathways)
    for code, pathway in pathways.items():
        if any(w.standard[0] == "school" for w in pathway.waits):
            if not terms:
                raise Refused(
                    f"{FILE_NAME}: {code} has a standard in school days. Add the terms, as in: [[area.terms]] from = 2024-09-02, to = 2024-10-18"
                )
            made[code] = msgspec.structs.replace(pathway, terms=terms)
    return made


def _entries(
    kind: type[S],
    tables: list[Any],
    key: str,
    pathways: Mapping[str, Pathway] | None = None,
    defaults: Mapping[str, Any] | None = None,
    file: str = FILE_NAME,
) -> tuple[S, ...]:
    """The entries ``[[key]]`` of a file; their pathway and waits exist."""
    found = []
    for number, table in enumerate(tables, 1):
        place = f"[[{key}]] number {number}" if len(tables) > 1 else f"[[{key}]]"
        filled = {**(defaults or {}), **table} if isinstance(table, Mapping) else table
        entry = decode(kind, filled, file, place)
        code = getattr(entry, "pathway", "")
        if pathways and (code or kind is not SaidThen) and code not in pathways:
            raise Refused(
                f"{file}: {place} names no pathway. Choose one of: {', '.join(pathways)}."
            )
        for name in ("wait", "move_from", "move_to"):
            if pathways and code and getattr(entry, name, ""):
                pathways[code].wait(getattr(entry, name))
        found.append(entry)
    return tuple(found)


def _in_pairs(table: Any) -> Any:
    """A scenario in which one number stands for a range of it alone."""
    if not isinstance(table, Mapping):
        return table
    single = {
        key: [table[key]] * 2
        for key in ("delivered", "late_weeks")
        if isinstance(table.get(key), (int, float))
    }
    return {**table, **single}


def _statements(root: Path, file: _File, pathways: Mapping[str, Pathway]) -> tuple[SaidThen, ...]:
    """The entries of sendwaits.toml, then those of statements.toml beside it; a toml date becomes ISO text."""
    tables = [(FILE_NAME, file.statements)]
    if (root / STATEMENTS).is_file():
        beside = decode(_Statements, read_toml(root / STATEMENTS)[0], STATEMENTS, "top level")
        tables.append((STATEMENTS, beside.statements))
    return tuple(
        entry
        for name, rows in tables
        for entry in _entries(SaidThen, [_iso(r) for r in rows], "statements", pathways, file=name)
    )


def _iso(table: Any) -> Any:
    if not isinstance(table, Mapping):
        return table
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in table.items()}


def parse_date(value: Any, where: str) -> date:
    """An ISO date from text or a toml date. Raises `Refused` naming ``where``."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
            raise ValueError
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refused(f"{where}: must be a date as YYYY-MM-DD, for example 2024-07-31.") from None
