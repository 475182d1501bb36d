"""The services as data: clocks, stages, standards, headings and codes of each pathway.

A built-in pathway is one table in ``pathways/<code>.toml``; a user's own is a ``[[pathway]]`` table in
``sendwaits.toml`` with the same keys. Nothing else in the package knows a pathway by name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Any

from msgspec import Meta, field
from msgspec.structs import replace

from sendwaits.errors import Refused
from sendwaits.strict import Setting, decode

__all__ = [
    "Pathway",
    "Wait",
    "When",
    "Removal",
    "PathwaySettings",
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


Days = Annotated[int, Meta(ge=0)]


class When(Setting, frozen=True):
    """A condition on one row: ``column`` holds one of ``values``."""

    column: str
    values: tuple[str, ...]


class Removal(Setting, frozen=True):
    """A date that ends a wait without completing it; with ``column`` and ``values``, only on rows that meet them."""

    date: str
    column: str = ""
    values: tuple[str, ...] = ()

    @property
    def when(self) -> When | None:
        return When(self.column, self.values) if self.column else None


class Wait(Setting, frozen=True):
    """One clock: from a start column to a completion or a removal, whichever is earlier.

    ``withdrawn``: rows that meet a condition left the list on the earlier of the removals and the date named with it;
    undated ones have no wait. ``absent``: rows that meet all of its conditions never had this wait.
    The standard, its last day included, in one unit: ``standard_days`` (calendar), ``standard_working_days`` (Monday to
    Friday without the bank holidays of England) or ``standard_school_days`` (those within ``[[area.terms]]``); ``standard_by_priority``:
    the priority as the extract has it = another number of the same days.
    """

    name: str
    start: str
    completed: str
    label: str = ""
    completed_when: When | None = None
    removed: tuple[Removal, ...] = (Removal("closed_date"),)
    withdrawn: tuple[Removal, ...] = ()
    absent: tuple[When, ...] = ()
    standard_days: Days | None = None
    standard_working_days: Days | None = None
    standard_school_days: Days | None = None
    standard_by_priority: Mapping[str, Days] = {}

    @property
    def standard(self) -> tuple[str, int]:
        """Unit (calendar, working or school) and number of the days of the standard."""
        if self.standard_working_days is not None:
            return "working", self.standard_working_days
        if self.standard_school_days is not None:
            return "school", self.standard_school_days
        return "calendar", self.standard_days or 0

    def settled(self, place: str) -> Wait:
        """With ``standard_days`` filled from the other units (7 days a week, 365 a year of 190 school days), as forecasts take it."""
        unit, days = self.standard
        other = None if unit != "calendar" and self.filled else self.standard_days
        given = [other, self.standard_working_days, self.standard_school_days]
        if sum(days is not None for days in given) > 1:
            raise Refused(
                f"{place}: the wait '{self.name}' has a standard in two units. Give standard_days, standard_working_days or "
                "standard_school_days."
            )
        if self.standard_by_priority and all(d is None for d in given):
            raise Refused(
                f"{place}: the wait '{self.name}' has standard_by_priority and no standard for the other priorities. Add standard_days."
            )
        return replace(self, standard_days=self._calendar()) if unit != "calendar" else self

    def _calendar(self) -> int:
        unit, days = self.standard
        over, under = {"working": (7, 5), "school": (365, 190)}.get(unit, (1, 1))
        return -(-days * over // under)

    @property
    def filled(self) -> bool:
        """Whether ``standard_days`` was worked out from another unit."""
        return self.standard_days == self._calendar()


class Pause(Setting, frozen=True):
    """A time that counts in no wait: from the day of one column to that of another (blank: it lasts)."""

    start: str = field(name="from")
    to: str


class Pathway(Setting, frozen=True, kw_only=True):
    """One service: what its extract holds and which waits are counted from it.

    ``columns`` maps each canonical column to its kind: ``id``, ``date`` (a past event), ``future`` (a date that may lie
    after the extract), ``birth``, ``code`` (one of ``codes[column]``), ``flag`` (0/1) or ``text``. ``one_team``: all of its
    waits share one team's capacity. ``timeliness``: the statutory measures of requests and plans apply. ``split``: the column
    by which the service works its list (worker); mean waits are shown by it. ``dates``: the
    format (as strptime's) in which this area's extract writes a date column; ``words``: the code that a word of the
    extract stands for. ``community_service``: its name in the published community SitRep.
    ``leaves_at``: birthdays on which a child is too old for the service (or for a part of it). ``terms``: first and last school
    day of each term, from ``[[area.terms]]``.
    """

    code: str
    waits: tuple[Wait, ...] = field(name="wait")
    title: str = ""
    label: str = ""
    columns: Mapping[str, str] = {}
    required: tuple[str, ...] = ()
    record_id: str = "referral_id"
    start: str = ""
    rejected: str | None = None
    history: When | None = None
    source_column: str = "source"
    over_weeks: tuple[int, ...] = ()
    booked: str | None = "next_appointment_date"
    review: str | None = None
    timeliness: bool = False
    one_team: bool = False
    split: str = ""
    aliases: Mapping[str, tuple[str, ...]] = {}
    codes: Mapping[str, Mapping[str, str]] = {}
    complete_from: date | None = None
    headings: Mapping[str, str] = {}
    dates: Mapping[str, str] = {}
    words: Mapping[str, str] = {}
    community_service: str = ""
    leaves_at: tuple[int, ...] = ()
    pauses: tuple[Pause, ...] = field(default=(), name="pause")
    terms: tuple[tuple[date, date], ...] = ()

    def wait(self, name: str) -> Wait:
        """The wait of that name. Raises `Refused` naming the waits there are."""
        for wait in self.waits:
            if wait.name == name:
                return wait
        known = ", ".join(w.name for w in self.waits)
        raise Refused(f"Pathway {self.code} has no wait '{name}'. Choose one of: {known}.")

    @property
    def headline(self) -> tuple[Wait, ...]:
        """The waits that carry a standard (of those with one start, the longest); the first wait when none has one."""
        timed = [w for w in self.waits if w.standard_days is not None]

        def longest(wait: Wait) -> bool:
            same = [o.standard_days or 0 for o in timed if o.start == wait.start]
            return (wait.standard_days or 0) >= max(same)

        return tuple(w for w in timed if longest(w)) or self.waits[:1]

    @property
    def wait_dates(self) -> tuple[str, ...]:
        """Every date column that starts or ends a wait, the pathway's own start first."""
        ends = ((w.start, w.completed, *(r.date for r in w.removed)) for w in self.waits)
        return tuple(dict.fromkeys((self.start, *(name for of in ends for name in of))))

    def with_settings(self, settings: PathwaySettings, file: str) -> Pathway:
        """The pathway under ``[pathways.<CODE>]`` of a workspace's toml. Raises `Refused` for a column that is none."""
        place = f"{file}: [pathways.{self.code}"
        for table in ("headings", "dates"):
            for name in getattr(settings, table):
                if name not in self.columns:
                    raise Refused(
                        f"{place}.{table}] '{name}' is no column of this pathway. "
                        f"Columns: {', '.join(self.columns)}."
                    )
        for name in {*settings.dates, settings.clock_start} - {""}:
            if self.columns.get(name) not in ("date", "future", "birth"):
                raise Refused(f"{place}] '{name}' names no date column of this pathway.")
        waits = list(self.waits)
        if settings.clock_start:
            waits[0] = replace(waits[0], start=settings.clock_start)
        units = ("standard_days", "standard_working_days", "standard_school_days")
        for unit in (*units, "standard_by_priority"):
            for name, days in getattr(settings, unit).items():
                at = waits.index(next((w for w in waits if w.name == name), self.wait(name)))
                others = [u for u in units if u != unit and unit in units]
                if any(name in getattr(settings, u) for u in others):
                    raise Refused(f"{place}] '{name}' has a standard in two units. Give one.")
                waits[at] = replace(waits[at], **{**dict.fromkeys(others), unit: days})
        waits = [w.settled(f"{place}]") for w in waits]
        columns = _with_pauses(self.columns, settings.pauses, place)
        return replace(
            self,
            columns=columns,
            pauses=(*self.pauses, *settings.pauses),
            waits=tuple(waits),
            headings={**self.headings, **settings.headings},
            dates={**self.dates, **settings.dates},
            words={**self.words, **settings.codes},
            complete_from=settings.complete_from or self.complete_from,
            leaves_at=settings.leaves_at or self.leaves_at,
        )


class PathwaySettings(Setting, frozen=True, kw_only=True):
    """``[pathways.<CODE>]`` of a workspace: how this area's extracts and clocks differ.

    ``headings``: canonical name = heading of the extract. ``dates``: canonical name = format as in strptime.
    ``codes``: word of the extract = code. ``clock_start``: the date column from which the first wait is counted.
    ``complete_from``: the extract holds every closed record from this day on. ``standard_...``: wait = days, see `Wait`.
    ``pause``, ``leaves_at``: see `Pathway`.
    """

    headings: Mapping[str, str] = {}
    dates: Mapping[str, str] = {}
    codes: Mapping[str, str] = {}
    clock_start: str = ""
    complete_from: date | None = None
    standard_days: Mapping[str, Days] = {}
    standard_working_days: Mapping[str, Days] = {}
    standard_school_days: Mapping[str, Days] = {}
    standard_by_priority: Mapping[str, Mapping[str, Days]] = {}
    pauses: tuple[Pause, ...] = field(default=(), name="pause")
    leaves_at: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, form in self.dates.items():
            try:
                day = datetime(2023, 11, 25, 14, 5, 59)
                fits = datetime.strptime(day.strftime(form), form).date() == day.date()
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(
                    f"dates.{name} is no format of a whole date. Write it as in %d/%m/%Y or %d %b %Y %H:%M."
                )


def from_table(table: Mapping[str, Any], file: str) -> Pathway:
    """A pathway from its toml table; ``file`` names the file for error messages.

    Raises `Refused` for unknown or missing keys. A column named in a wait is a date.
    """
    read = decode(Pathway, _with_removals(table), file, "the pathway")
    place = f"{file}: pathway {read.code}"
    if not re.fullmatch(r"[A-Z0-9_]*[A-Z0-9][A-Z0-9_]*", read.code):
        raise Refused(
            f"{file}: the code of a pathway is capital letters, digits and underscores, as in 'SLCN_AUTISM'."
        )
    if not read.waits or len({w.name for w in read.waits}) != len(read.waits):
        raise Refused(f"{place} needs one or more waits with different names.")
    columns = {**({} if "record_id" in table else _COMMON), **read.columns}
    named = [n for w in read.waits for n in (w.start, w.completed, *(r.date for r in w.removed))]
    for name in named:
        if columns.setdefault(name, "date") not in ("date", "future"):
            raise Refused(f"{place}: '{name}' is used as a date of a wait but is no date column.")
    columns = _with_pauses(columns, read.pauses, place)
    for name in read.headings:
        columns.setdefault(name, "text")
    own = "referral_date" if "referral_date" in read.headings else read.waits[0].start
    start = read.start or own
    rejected = "rejected_date" if "rejected_date" in columns else None
    return replace(
        read,
        title=read.title or read.code,
        label=read.label or read.code,
        columns=columns,
        waits=tuple(replace(w, label=w.label or w.name).settled(place) for w in read.waits),
        required=read.required or ("child_id", start),
        start=start,
        rejected=(rejected if read.rejected is None else read.rejected) or None,
        over_weeks=tuple(sorted({*OVER_WEEKS, *read.over_weeks})),
        booked=read.booked or None,
    )


def _with_pauses(
    columns: Mapping[str, str], pauses: tuple[Pause, ...], place: str
) -> dict[str, str]:
    """The columns with those of the pauses, which are dates."""
    made = dict(columns)
    for name in (n for p in pauses for n in (p.start, p.to)):
        if made.setdefault(name, "date") not in ("date", "future"):
            raise Refused(f"{place}: '{name}' is used as a date of a pause but is no date column.")
    return made


def _with_removals(table: Any) -> Any:
    """The same table with ``removed = ["closed_date"]`` written out as ``[{ date = "closed_date" }]``."""
    if not isinstance(table, Mapping) or not isinstance(table.get("wait"), list):
        return table
    waits = []
    for wait in table["wait"]:
        if isinstance(wait, Mapping) and isinstance(wait.get("removed"), list):
            written = [{"date": r} if isinstance(r, str) else r for r in wait["removed"]]
            wait = {**wait, "removed": written}
        waits.append(wait)
    return {**table, "wait": waits}


@cache
def built_in() -> Mapping[str, Pathway]:
    """The six services of the package, by code, in the order reports show them."""
    folder = resources.files("sendwaits").joinpath("pathways")
    found = {}
    for code in ("nst", "ot_health", "ot_la", "slcn", "slcn_autism", "ehc"):
        text = folder.joinpath(f"{code}.toml").read_text(encoding="utf-8")
        pathway = from_table(tomllib.loads(text), f"pathways/{code}.toml")
        found[pathway.code] = pathway
    return found
