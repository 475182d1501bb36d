"""data/raw by the names of its files alone: which service and day each is of, and how late each service is. Nothing is opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sendwaits.errors import Refused

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = [
    "Named",
    "Fresh",
    "days",
    "freshness",
    "late_words",
    "listing",
    "misnamed",
    "named",
    "remedy",
]

GRACE_DAYS = 3
"""Days after the newest extract in which a released flow may still end. Source: CONTRACT section 3, rule 1."""
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
_EXTRACT = re.compile(
    r"(?P<code>[A-Za-z][A-Za-z0-9_]*?)_(?P<day>\d{4}-\d{2}-\d{2})\.(?P<kind>csv|xlsx|xml|xls|xlsm|xlsb|ods)",
    re.IGNORECASE,
)
_BLADE = re.compile(
    r"blade-export_(?P<d>\d{2})-(?P<m>\d{2})-(?P<y>\d{4})_(?P<module>[a-z0-9_ -]+)\.csv",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(series|bands)_.*\.csv|\..*|~\$.*|readme.*|thumbs\.db|desktop\.ini", re.IGNORECASE
)


class Named(NamedTuple):
    """What a file's name says. ``code`` as written in the settings, empty for a service that they do not know.

    ``kind``: its ending, ``sen2_xml``, ``sen2_xlsx``, or ``blade`` (then ``module`` is the part of the set).
    """

    code: str
    day: date
    kind: str
    module: str = ""


class Fresh(NamedTuple):
    """How far the extracts of a pathway reach at as_at.

    ``newest``: its newest extract on or before as_at (None: there is none). ``days_late``: as_at less that day. ``known_until``:
    the last day of which a released set speaks. ``left_out``: ``late`` (over ``[area] late_days``), ``later`` (all extracts are
    after as_at), ``none`` (no extract), ``failed`` (no set can be made of it in this run), else empty.
    """

    pathway: str
    newest: date | None
    days_late: int
    known_until: date | None
    left_out: str


def listing(folder: Path) -> list[Path]:
    """What may be an extract in data/raw, by name; empty when there is no such folder. Raises `Refused` when it cannot be read."""
    try:
        paths = sorted(folder.iterdir(), key=lambda p: p.name)
    except FileNotFoundError:
        return []
    except OSError:
        raise Refused("data/raw cannot be read. Check the folder's permissions.", "E-IO") from None
    return [
        p
        for p in paths
        if not _ASIDE.fullmatch(p.name) and (not p.is_dir() or _EXTRACT.fullmatch(p.name))
    ]


def named(name: str, workspace: Workspace) -> Named | None:
    """The service, day and kind that a file's name gives; None when it follows no rule for extracts."""
    of_requests = next((c for c, p in workspace.pathways.items() if p.timeliness), "")
    blade = _BLADE.fullmatch(name)
    if blade and of_requests and (day := _day(blade["y"], blade["m"], blade["d"])):
        return Named(of_requests, day, "blade", blade["module"].casefold())
    match = _EXTRACT.fullmatch(name)
    day = _day(*match["day"].split("-")) if match else None
    if not match or day is None:
        return None
    code, kind = match["code"].casefold(), match["kind"].casefold()
    if code == "sen2" and of_requests and kind in ("xml", "xlsx"):
        return Named(of_requests, day, f"sen2_{kind}")
    known = {c.casefold(): c for c in workspace.pathways}
    return Named(known.get(code, "") if kind != "xml" else "", day, kind)


def _day(*parts: str) -> date | None:
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def remedy(name: str, workspace: Workspace) -> str:
    """What to call a file that is not named as an extract: ``EHC_2024-07-31.csv`` where its name says so much, else the rule."""
    stem, _, ending = name.rpartition(".")
    codes = sorted(workspace.pathways, key=len, reverse=True)
    code = next((c for c in codes if re.match(rf"{c}(?![A-Za-z0-9])", stem, re.IGNORECASE)), "")
    if not code:
        return "<service>_<YYYY-MM-DD>.csv"
    rest = stem[len(code) :]
    if iso := re.search(r"(\d{4})[-_. ]?(\d{2})[-_. ]?(\d{2})", rest):
        day, copied = _day(*iso.groups()), bool(rest[iso.end() :].strip(" _-"))
    else:
        ours = re.search(r"(\d{1,2})[-_. ](\d{1,2})[-_. ](\d{4})", rest)
        sure = ours and int(ours[1]) > 12  # day and month cannot be taken for each other
        day, copied = _day(*reversed(ours.groups())) if ours and sure else None, False
    if ending.casefold() in ("gz", "zip"):
        return f"{code}_{day if day else '<YYYY-MM-DD>'}.csv once unpacked"
    ending = "csv" if ending.casefold() in ("txt", "tsv", "tab") else ending
    meant = f"{code}_{day if day else '<YYYY-MM-DD>'}.{ending}"
    return f"{meant}, if it is no second copy of that file" if copied else meant


def misnamed(workspace: Workspace) -> str:
    """One line that tells each file that is not named as an extract what to be called; empty when there is none."""
    told = [
        f"{p.name} (call it {remedy(p.name, workspace)})"
        for p in listing(workspace.raw)
        if named(p.name, workspace) is None
    ]
    return f"Left out, not named as an extract: {', '.join(told)}." if told else ""


def days(workspace: Workspace) -> dict[str, list[date]]:
    """The extract dates of each pathway that has any, ascending."""
    found: dict[str, set[date]] = {}
    for path in listing(workspace.raw):
        one = named(path.name, workspace)
        if one and one.code:
            found.setdefault(one.code, set()).add(one.day)
    return {code: sorted(found[code]) for code in workspace.pathways if code in found}


def freshness(
    workspace: Workspace, as_at: date, extracts: Mapping[str, Iterable[date]] | None = None
) -> list[Fresh]:
    """How late every pathway is at ``as_at``, in the order of the settings; ``extracts``: as `days` gives them.

    Raises `Refused` for a day that can be no census day. Source: CONTRACT section 3, rules 1 and 2.
    """
    if not FIRST_DAY <= as_at <= LAST_DAY:
        raise Refused(f"{as_at} is no census day. Give a day from {FIRST_DAY} to {LAST_DAY}.")
    there = days(workspace) if extracts is None else extracts
    fresh = [
        _fresh(code, sorted(there.get(code, ())), as_at, workspace.area.late_days)
        for code in workspace.pathways
    ]
    return [f._replace(left_out="failed") if f.pathway in workspace.without else f for f in fresh]


def _fresh(code: str, extracts: list[date], as_at: date, late_days: int) -> Fresh:
    newest = max((d for d in extracts if d <= as_at), default=None)
    if newest is None:
        return Fresh(code, None, 0, None, "later" if extracts else "none")
    late = (as_at - newest).days
    known = as_at if late <= GRACE_DAYS else newest
    return Fresh(code, newest, late, known, "late" if late > late_days else "")


def late_words(found: Iterable[Fresh], as_at: date, late_days: int) -> list[str]:
    """At most three lines: services that failed or are too late are left out, others are known only up to a day."""
    found = list(found)
    out = [f"{f.pathway} ({f.newest})" for f in found if f.left_out == "late"]
    failed = [f.pathway for f in found if f.left_out == "failed"]
    behind = [f"{f.pathway} after {f.newest}" for f in found if not f.left_out and f.days_late > 0]
    said = [f"Left out, no set can be made of it: {', '.join(failed)}."] if failed else []
    if out:
        said.append(
            f"Left out, newest extract more than {late_days} days before {as_at}: {', '.join(out)}."
        )
    if behind:
        said.append(
            f"Not known, counted as if nothing had happened: {', '.join(behind)} up to {as_at}."
        )
    return said
