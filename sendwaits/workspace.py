"""The folder an area works in: `sendwaits.toml`, `data/raw`, `data/processed`, `reports`.

Reads the settings once, refuses what it does not know, and knows no other room.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sendwaits.errors import Refused
from sendwaits.pathways import Pathway, built_in, from_table

__all__ = [
    "Workspace",
    "AreaInfo",
    "Target",
    "ChangePoint",
    "Scenario",
    "Disclosure",
    "Rag",
    "open_workspace",
    "find_root",
    "parse_date",
    "PROFILES",
    "FILE_NAME",
]

FILE_NAME = "sendwaits.toml"
PROFILES = ("analyst", "board", "public")


@dataclass(frozen=True)
class AreaInfo:
    """Who the reports are about. ``districts``: the only district names that count (others become ``unknown``)."""

    name: str
    la_code: str = ""
    districts: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A promise: ``measure`` of one wait ``at_most`` or ``at_least`` a number by a date. ``wait`` is empty for pathway measures."""

    pathway: str
    wait: str
    measure: str
    by: date
    at_most: float | None = None
    at_least: float | None = None

    @property
    def note(self) -> str:
        """The target in words: ``within_standard_pct at least 40``."""
        side, number = (
            ("at most", self.at_most) if self.at_most is not None else ("at least", self.at_least)
        )
        return f"{self.measure} {side} {number:g}"


@dataclass(frozen=True)
class ChangePoint:
    """A dated change of a service, drawn on its charts; limits start anew there. ``wait`` empty = all waits of the pathway."""

    pathway: str
    date: date
    label: str
    wait: str = ""


@dataclass(frozen=True)
class Scenario:
    """What may change: capacity, demand or slots moved, from a date. Percentages are relative to the level at as_at."""

    name: str
    pathway: str
    start: date
    wait: str = ""
    capacity_change_pct: float = 0.0
    demand_change_pct: float = 0.0
    move_slots_per_week: float = 0.0
    move_from: str = ""
    move_to: str = ""
    committed: bool = False
    delivered: tuple[float, float] = (0.60, 1.05)
    late_weeks: tuple[int, int] = (0, 12)


@dataclass(frozen=True)
class Disclosure:
    """Which counts are hidden: the profile of the reports and the smallest count shown in the board profile."""

    profile: str = "board"
    k: int = 5


@dataclass(frozen=True)
class Rag:
    """Rating thresholds: points (or per cent of the target) that still count as amber, and the chance that counts as green."""

    amber_within: float = 5.0
    green_chance: float = 0.80
    red_chance: float = 0.20


@dataclass(frozen=True)
class Workspace:
    """A workspace as read: its folders and every setting, defaults filled in. ``only``: ``column=value``, one part of the area."""

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
    try:
        text = (root / FILE_NAME).read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        where = re.search(r"line \d+", str(error))
        raise Refused(
            f"{FILE_NAME}: not a valid TOML file{', ' + where.group() if where else ''}. Save it as UTF-8 text and "
            "check quotes and brackets there."
        ) from None
    except OSError:
        raise Refused(
            f"{FILE_NAME}: cannot be read. Close it in other programs and check its permissions."
        ) from None
    return _workspace(root, table, text)


_TOP = {"area", "targets", "rag", "change_points", "scenarios", "disclosure", "pathways", "pathway"}


def _workspace(root: Path, table: Mapping[str, Any], text: str) -> Workspace:
    _check(table, {**dict.fromkeys(_TOP)}, "top level")
    area, areas = table.get("area"), ()
    if isinstance(area, list):
        areas = tuple(area)
        area = area[0] if area else None
    if not isinstance(area, Mapping) or not str(area.get("name", "")).strip():
        raise Refused(
            f'{FILE_NAME}: needs [area] with a name, as in: [area]\\nname = "Exampleshire"'.replace(
                "\\n", " "
            )
        )
    pathways = dict(built_in())
    for own in _tables(table, "pathway"):
        pathway = from_table(own, FILE_NAME)
        pathways[pathway.code] = pathway
    for code, settings in table.get("pathways", {}).items():
        if code not in pathways:
            raise Refused(
                f"{FILE_NAME}: [pathways.{code}] names no pathway. Choose one of: {', '.join(pathways)}."
            )
        _check(
            settings,
            {"headings", "complete_from", "clock_start", "standard_days"},
            f"[pathways.{code}]",
        )
        if "complete_from" in settings:
            settings = {
                **settings,
                "complete_from": parse_date(
                    settings["complete_from"], f"[pathways.{code}] complete_from"
                ).isoformat(),
            }
        pathways[code] = pathways[code].with_settings(settings)
    targets = tuple(_target(t, pathways) for t in _tables(table, "targets"))
    changes = tuple(_change(c, pathways) for c in _tables(table, "change_points"))
    scenarios = tuple(_scenario(s, pathways) for s in _tables(table, "scenarios"))
    return Workspace(
        root,
        _area({k: v for k, v in area.items() if not areas or k not in ("folder", "filter")}),
        pathways,
        targets,
        changes,
        scenarios,
        _disclosure(table.get("disclosure", {})),
        _rag(table.get("rag", {})),
        areas,
        settings_text=text,
    )


def _tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key, [])
    if not isinstance(found, list):
        raise Refused(f"{FILE_NAME}: write [[{key}]] with double brackets, one table an entry.")
    return found


def _check(table: Any, known: Any, where: str) -> None:
    if not isinstance(table, Mapping):
        raise Refused(f"{FILE_NAME}: {where} must be a table.")
    for key in table:
        if key not in known:
            raise Refused(
                f"{FILE_NAME}: unknown key '{key}' in {where}. Known there: {', '.join(sorted(known))}."
            )


def _area(table: Mapping[str, Any]) -> AreaInfo:
    _check(table, {"name", "la_code", "districts", "neighbours"}, "[area]")
    lists = {}
    for key in ("districts", "neighbours"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Refused(
                f'{FILE_NAME}: [area] {key} must be a list of names, as in: {key} = ["North", "South"]'
            )
        lists[key] = tuple(value)
    return AreaInfo(str(table["name"]).strip(), str(table.get("la_code", "")), **lists)


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


def _number(
    table: Mapping[str, Any], key: str, where: str, default: float | None = None
) -> float | None:
    value = table.get(key, default)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise Refused(f"{FILE_NAME}: {where} {key} must be a number.")
    return None if value is None else float(value)


def _of_pathway(
    table: Mapping[str, Any], pathways: Mapping[str, Pathway], where: str
) -> tuple[str, str]:
    code, wait = str(table.get("pathway", "")), str(table.get("wait", ""))
    if code not in pathways:
        raise Refused(
            f"{FILE_NAME}: {where} names no pathway. Choose one of: {', '.join(pathways)}."
        )
    if wait:
        pathways[code].wait(wait)
    return code, wait


def _target(table: Mapping[str, Any], pathways: Mapping[str, Pathway]) -> Target:
    where = "[[targets]]"
    _check(table, {"pathway", "wait", "measure", "by", "at_most", "at_least"}, where)
    code, wait = _of_pathway(table, pathways, where)
    if ("at_most" in table) == ("at_least" in table):
        raise Refused(f"{FILE_NAME}: {where} needs either at_most or at_least.")
    if not isinstance(table.get("measure"), str) or "by" not in table:
        raise Refused(f"{FILE_NAME}: {where} needs measure and by.")
    return Target(
        code,
        wait,
        table["measure"],
        parse_date(table["by"], f"{FILE_NAME}: {where} by"),
        _number(table, "at_most", where),
        _number(table, "at_least", where),
    )


def _change(table: Mapping[str, Any], pathways: Mapping[str, Pathway]) -> ChangePoint:
    where = "[[change_points]]"
    _check(table, {"pathway", "wait", "date", "label"}, where)
    code, wait = _of_pathway(table, pathways, where)
    if "date" not in table:
        raise Refused(f"{FILE_NAME}: {where} needs a date.")
    return ChangePoint(
        code,
        parse_date(table["date"], f"{FILE_NAME}: {where} date"),
        str(table.get("label", "")),
        wait,
    )


def _scenario(table: Mapping[str, Any], pathways: Mapping[str, Pathway]) -> Scenario:
    where = f"[[scenarios]] '{table.get('name', '')}'"
    _check(
        table,
        {
            "name",
            "pathway",
            "wait",
            "from",
            "capacity_change_pct",
            "demand_change_pct",
            "move_slots_per_week",
            "move_from",
            "move_to",
            "committed",
            "delivered",
            "late_weeks",
        },
        where,
    )
    if not table.get("name") or "from" not in table:
        raise Refused(f"{FILE_NAME}: {where} needs name and from.")
    code, wait = _of_pathway(table, pathways, where)
    for key in ("move_from", "move_to"):
        if table.get(key):
            pathways[code].wait(table[key])
    numbers = {
        key: _number(table, key, where, 0.0)
        for key in ("capacity_change_pct", "demand_change_pct", "move_slots_per_week")
    }
    return Scenario(
        str(table["name"]),
        code,
        parse_date(table["from"], f"{FILE_NAME}: {where} from"),
        wait,
        **numbers,  # type: ignore[arg-type]
        move_from=table.get("move_from", ""),
        move_to=table.get("move_to", ""),
        committed=bool(table.get("committed", False)),
        delivered=_range(table, "delivered", (0.60, 1.05), where),
        late_weeks=_range(table, "late_weeks", (0, 12), where),
    )


def _range(table: Mapping[str, Any], key: str, default: tuple, where: str) -> tuple:
    value = table.get(key, default)
    if isinstance(value, (int, float)):
        value = (value, value)
    if len(value) != 2 or value[0] > value[1] or value[0] < 0:
        raise Refused(f"{FILE_NAME}: {where} {key} must be two numbers, low then high.")
    return tuple(value)


def _disclosure(table: Mapping[str, Any]) -> Disclosure:
    _check(table, {"profile", "k"}, "[disclosure]")
    profile, k = table.get("profile", "board"), table.get("k", 5)
    if profile not in PROFILES:
        raise Refused(f"{FILE_NAME}: [disclosure] profile must be one of: {', '.join(PROFILES)}.")
    if not isinstance(k, int) or isinstance(k, bool) or not 3 <= k <= 50:
        raise Refused(f"{FILE_NAME}: [disclosure] k must be a whole number from 3 to 50.")
    return Disclosure(profile, k)


def _rag(table: Mapping[str, Any]) -> Rag:
    where = "[rag]"
    _check(table, {"amber_within", "green_chance", "red_chance"}, where)
    known = {key: _number(table, key, where) for key in table}
    return Rag(**known)  # type: ignore[arg-type]
