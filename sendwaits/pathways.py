"""The services as data: clocks, stages, standards, headings and codes of each pathway.

A built-in pathway is one table in ``pathways/<code>.toml``; a user's own is a ``[[pathway]]`` table in
``sendwaits.toml`` with the same keys. Nothing else in the package knows a pathway by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from sendwaits.errors import Refused

__all__ = [
    "Pathway",
    "Wait",
    "When",
    "Removal",
    "built_in",
    "from_table",
    "BANDS",
    "AGE_BANDS",
    "GROUPS",
    "OVER_WEEKS",
]

BANDS: tuple[tuple[int, int | None], ...] = (
    (0, 7),
    (8, 14),
    (15, 28),
    (29, 84),
    (85, 126),
    (127, 364),
    (365, 728),
    (729, None),
)
"""Bands of the community health services SitRep, days waited, both ends inclusive (source: NHS England)."""

AGE_BANDS: tuple[tuple[int, int], ...] = ((0, 4), (5, 10), (11, 15), (16, 19), (20, 25))
"""Whole years of age at the clock start, both ends inclusive."""

GROUPS: tuple[str, ...] = (
    "district",
    "sex",
    "age_band",
    "source",
    "need",
    "school",
    "priority",
    "worker",
)
"""Columns that `figures` can break a measure down by."""

OVER_WEEKS: tuple[int, ...] = (18, 52)
"""Lines counted for every wait: more than 126 and more than 364 days; a pathway may add its own."""

_COMMON = {
    "child_id": "id",
    "referral_id": "id",
    "referral_date": "date",
    "rejected_date": "date",
    "closed_date": "date",
    "closed_reason": "text",
    "next_appointment_date": "future",
    "priority": "text",
    "source": "text",
    "need": "text",
    "date_of_birth": "birth",
    "sex": "text",
    "district": "text",
    "school": "text",
}


@dataclass(frozen=True)
class When:
    """A condition on one row: ``column`` holds one of ``values``."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Removal:
    """A date that ends a wait without completing it; with ``when``, only on rows that meet it."""

    date: str
    when: When | None = None


@dataclass(frozen=True)
class Wait:
    """One clock: from a start column to a completion or a removal, whichever is earlier.

    ``withdrawn``: rows that meet a condition left the list on the earlier of the removals and the date named with it;
    undated ones have no wait. ``absent``: rows that meet all of its conditions never had this wait.
    """

    name: str
    label: str
    start: str
    completed: str
    completed_when: When | None = None
    removed: tuple[Removal, ...] = (Removal("closed_date"),)
    withdrawn: tuple[Removal, ...] = ()
    absent: tuple[When, ...] = ()
    standard_days: int | None = None


@dataclass(frozen=True)
class Pathway:
    """One service: what its extract holds and which waits are counted from it.

    ``columns`` maps each canonical column to its kind: ``id``, ``date`` (a past event), ``future`` (a date that may lie
    after the extract), ``birth``, ``code`` (one of ``codes[column]``), ``flag`` (0/1) or ``text``. ``one_team``: all of its
    waits share one team's capacity. ``timeliness``: the statutory measures of requests and plans apply.
    """

    code: str
    title: str
    label: str
    columns: Mapping[str, str]
    waits: tuple[Wait, ...]
    required: tuple[str, ...]
    record_id: str = "referral_id"
    start: str = "referral_date"
    rejected: str | None = "rejected_date"
    history: When | None = None
    source_column: str = "source"
    over_weeks: tuple[int, ...] = OVER_WEEKS
    booked: str | None = "next_appointment_date"
    review: str | None = None
    timeliness: bool = False
    one_team: bool = False
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    complete_from: str | None = None
    headings: Mapping[str, str] = field(default_factory=dict)

    def wait(self, name: str) -> Wait:
        """The wait of that name. Raises `Refused` naming the waits there are."""
        for wait in self.waits:
            if wait.name == name:
                return wait
        known = ", ".join(w.name for w in self.waits)
        raise Refused(f"Pathway {self.code} has no wait '{name}'. Choose one of: {known}.")

    @property
    def event_dates(self) -> tuple[str, ...]:
        """Every column of kind ``date``: events that cannot lie after the extract."""
        return tuple(name for name, kind in self.columns.items() if kind == "date")

    def with_settings(self, settings: Mapping[str, Any]) -> Pathway:
        """The pathway under ``[pathways.<CODE>]`` of a workspace: own headings, clock start, standards, complete_from."""
        for name in settings.get("headings", {}):
            if name not in self.columns:
                raise Refused(
                    f"sendwaits.toml: [pathways.{self.code}.headings] '{name}' is no column of this pathway. "
                    f"Columns: {', '.join(self.columns)}."
                )
        changed = replace(
            self,
            headings={**self.headings, **settings.get("headings", {})},
            complete_from=settings.get("complete_from", self.complete_from),
        )
        waits = list(self.waits)
        clock = settings.get("clock_start")
        if clock is not None:
            if self.columns.get(clock) != "date":
                raise Refused(
                    f"sendwaits.toml: [pathways.{self.code}] clock_start names no date column of this pathway."
                )
            waits[0] = replace(waits[0], start=clock)
        for name, days in settings.get("standard_days", {}).items():
            at = waits.index(next((w for w in waits if w.name == name), changed.wait(name)))
            waits[at] = replace(
                waits[at],
                standard_days=_whole_days(days, f"[pathways.{self.code}.standard_days] {name}"),
            )
        return replace(changed, waits=tuple(waits))


def _whole_days(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused(f"sendwaits.toml: {where} must be a whole number of days.")
    return value


_KEYS = {
    "code",
    "title",
    "label",
    "columns",
    "required",
    "record_id",
    "start",
    "rejected",
    "history",
    "source_column",
    "over_weeks",
    "booked",
    "review",
    "timeliness",
    "one_team",
    "aliases",
    "codes",
    "complete_from",
    "headings",
    "wait",
}
_WAIT_KEYS = {
    "name",
    "label",
    "start",
    "completed",
    "completed_when",
    "removed",
    "withdrawn",
    "absent",
    "standard_days",
}


def from_table(table: Mapping[str, Any], where: str) -> Pathway:
    """A pathway from its toml table; ``where`` names the file for error messages.

    Raises `Refused` for unknown or missing keys. A column named in a wait is a date.
    """
    _known(table, _KEYS, where)
    for key in ("code", "wait"):
        if key not in table:
            raise Refused(f"{where}: a pathway needs '{key}'.")
    code = str(table["code"])
    if not code.replace("_", "").isalnum() or code != code.upper() or not code.isascii():
        raise Refused(
            f"{where}: the code of a pathway is capital letters, digits and underscores, as in 'SLCN_AUTISM'."
        )
    waits = tuple(_wait(w, f"{where}, pathway {code}") for w in table["wait"])
    if not waits or len({w.name for w in waits}) != len(waits):
        raise Refused(f"{where}: pathway {code} needs one or more waits with different names.")
    columns = dict(_COMMON) if "record_id" not in table else {}
    columns.update(table.get("columns", {}))
    for wait in waits:
        for name in (wait.start, wait.completed, *(r.date for r in wait.removed)):
            if columns.setdefault(name, "date") not in ("date", "future"):
                raise Refused(
                    f"{where}: pathway {code}: '{name}' is used as a date of a wait but is no date column."
                )
    for name in table.get("headings", {}):
        columns.setdefault(name, "text")
    own_referral = "referral_date" in table.get("headings", {}) and "start" not in table
    start = "referral_date" if own_referral else table.get("start", waits[0].start)
    required = tuple(table.get("required", ("child_id", start)))
    rejected = table.get("rejected", "rejected_date" if "rejected_date" in columns else None)
    return Pathway(
        code=code,
        title=table.get("title", code),
        label=table.get("label", code),
        columns=columns,
        waits=waits,
        required=required,
        record_id=table.get("record_id", "referral_id"),
        start=start,
        rejected=rejected or None,
        history=_when(table["history"]) if "history" in table else None,
        source_column=table.get("source_column", "source"),
        over_weeks=tuple(sorted({*OVER_WEEKS, *table.get("over_weeks", ())})),
        booked=table.get("booked", "next_appointment_date") or None,
        review=table.get("review"),
        timeliness=bool(table.get("timeliness", False)),
        one_team=bool(table.get("one_team", False)),
        aliases={k: tuple(v) for k, v in table.get("aliases", {}).items()},
        codes=table.get("codes", {}),
        complete_from=table.get("complete_from"),
        headings=table.get("headings", {}),
    )


def _wait(table: Mapping[str, Any], where: str) -> Wait:
    _known(table, _WAIT_KEYS, where)
    for key in ("name", "start", "completed"):
        if not isinstance(table.get(key), str):
            raise Refused(f"{where}: each [[pathway.wait]] needs '{key}'.")
    standard = table.get("standard_days")
    return Wait(
        name=table["name"],
        label=table.get("label", table["name"]),
        start=table["start"],
        completed=table["completed"],
        completed_when=_when(table["completed_when"]) if "completed_when" in table else None,
        removed=tuple(_removal(r) for r in table.get("removed", ["closed_date"])),
        withdrawn=tuple(_removal(r) for r in table.get("withdrawn", [])),
        absent=tuple(_when(w) for w in table.get("absent", [])),
        standard_days=None
        if standard is None
        else _whole_days(standard, f"{where}: standard_days"),
    )


def _when(table: Mapping[str, Any]) -> When:
    return When(table["column"], tuple(table["values"]))


def _removal(entry: str | Mapping[str, Any]) -> Removal:
    if isinstance(entry, str):
        return Removal(entry)
    return Removal(entry["date"], When(entry["column"], tuple(entry["values"])))


def _known(table: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise Refused(f"{where}: unknown key '{key}'. Known here: {', '.join(sorted(keys))}.")


@cache
def built_in() -> Mapping[str, Pathway]:
    """The six services of the package, by code, in the order reports show them."""
    found = {}
    for code in ("nst", "ot_health", "ot_la", "slcn", "slcn_autism", "ehc"):
        text = (
            resources.files("sendwaits")
            .joinpath("pathways", f"{code}.toml")
            .read_text(encoding="utf-8")
        )
        pathway = from_table(tomllib.loads(text), f"pathways/{code}.toml")
        found[pathway.code] = pathway
    return found
