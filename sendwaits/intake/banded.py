"""data/raw/bands_<CODE>_<date>.csv: how many children waited in each band of time on a day. Counts, no children.

What an area has that gets no records: a band a row (date, wait, band, waiting), or a band a column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from msgspec.structs import replace

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.intake import count_table
from sendwaits.intake.clean import dates
from sendwaits.intake.extracts import read_bytes
from sendwaits.intake.extracts.csv_text import decode, first_rows
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.odd_rows import TOTAL
from sendwaits.intake.extracts.table import Finding, Text
from sendwaits.pathways import BANDS, Pathway

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Banded", "band", "days_of", "holds_counts", "paths", "read", "snapshots"]

_NAME = re.compile(
    r"bands_(?P<code>[a-z][a-z0-9_]*?)_(?P<day>\d{4}-\d{2}-\d{2})\.csv", re.IGNORECASE
)
_LONG = Pathway(
    code="BANDS",
    waits=(),
    columns=dict.fromkeys(("date", "wait", "band", "waiting"), "text"),
    required=("band", "waiting"),
    record_id="",
    aliases={
        "date": ("Snapshot date", "Census date", "As at", "Month end", "Period end"),
        "wait": ("List", "Stage", "Waiting list"),
        "band": ("Time band", "Wait band", "Waiting time", "Band days", "Band weeks", "Weeks band", "Time waiting"),
        "waiting": ("Count", "Number", "Children waiting", "Number waiting", "Patients", "Value", "Total waiting"),
    },
)  # fmt: skip
_UNITS = {"d": 1, "day": 1, "days": 1, "w": 7, "wk": 7, "wks": 7, "week": 7, "weeks": 7}
_BAND = re.compile(
    r"(?P<up>up to|within|under|less than|<=?|≤)?\s*(?P<over>over|more than|above|>=?|≥)?\s*(?P<a>\d+)\s*(?P<plus>\+|plus|and (over|above)|or more)?"
    r"\s*(?P<u1>[a-z]+)?\s*((-|–|—|to)\s*(?P<b>\d+)\s*(?P<u2>[a-z]+)?)?\s*(?P<more>or (more|over)|and (over|above)|plus|\+)?",
    re.IGNORECASE,
)


@dataclass
class Banded:
    """One file: ``rows`` (date, wait, low, high in days with NaN = no end, waiting, source_row), ledger and counts as of an extract."""

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    findings: list[Finding]
    counts: dict[str, int]
    sha256: str


def paths(workspace: Workspace, code: str = "") -> list[tuple[Path, str, date]]:
    """The band files of data/raw (of one pathway) with service and day, oldest first. Of no known service: left out."""
    known = {c.casefold(): c for c in workspace.pathways}
    found = []
    for path in sorted(workspace.raw.iterdir()) if workspace.raw.is_dir() else []:
        named = _NAME.fullmatch(path.name)
        of = known.get(named["code"].casefold()) if named else None
        if named and of and code in ("", of):
            try:
                found.append((path, of, date.fromisoformat(named["day"])))
            except ValueError:
                continue
    return sorted(found, key=lambda f: (f[2], f[0].name))


class Band(NamedTuple):
    """A band as written: from ``first`` (``beyond``: not including it) to ``last`` (None: no end) of units of ``days`` (0: unknown)."""

    first: int
    last: int | None
    days: int
    beyond: bool


def band(text: str, unit: int = 0) -> Band | None:
    """``>1-2 weeks``, ``8 to 14 days``, ``over 52 weeks``, ``104+``, ``<18 weeks``; None when the text is no band.

    ``unit``: days of the unit that the heading gives, 0 when it gives none.
    """
    found = _BAND.fullmatch(text.strip())
    if found is None:
        return None
    words = [w.casefold() for w in (found["u1"], found["u2"]) if w]
    if any(w not in _UNITS for w in words):
        return None
    days, first = _UNITS[words[-1]] if words else unit, int(found["a"])
    sign = (found["over"] or "").casefold()
    beyond = sign in (">", "over", "more than", "above")
    if found["b"]:
        return Band(first, int(found["b"]), days, beyond)
    if found["up"]:
        return Band(0, first, days, False)
    if sign or found["plus"] or found["more"]:
        return Band(first, None, days, beyond)
    return None


def days_of(texts: Sequence[str], unit: int = 0) -> list[tuple[int, int | None]] | None:
    """The bands in days, both ends inclusive, in the order of the texts; None when they do not join up from 0 to an open end.

    Bands of weeks end with their last day: ``>1-2 weeks`` is 8 to 14 days; ``0-4, 5-8`` are whole weeks waited: 0 to 34, 35 to 62.
    Without a unit only the days of the community SitRep are known.
    """
    parts = [b for t in texts if (b := band(t, unit)) is not None]
    if not parts or len(parts) != len(texts):
        return None
    if any(b.days == 0 for b in parts):
        plain = [(b.first, b.last) for b in parts]
        return plain if sorted(plain, key=lambda p: p[0]) == list(BANDS) else None
    order = sorted(range(len(parts)), key=lambda at: parts[at].first)
    ranked = [parts[at] for at in order]
    whole = any(
        a.last is not None and b.first == a.last + 1 and b.days == 7 and not b.beyond
        for a, b in zip(ranked, ranked[1:], strict=False)
    )
    made: list[tuple[int, int | None]] = [(0, None)] * len(parts)
    expected = 0
    for at, one in zip(order, ranked, strict=True):
        later = one.beyond or (one.days == 7 and one.first > 0 and not whole)
        low = one.first * one.days + later
        if low != expected:
            return None
        high = None if one.last is None else one.last * one.days + (one.days - 1) * whole
        made[at] = (low, high)
        if high is None:
            return made if at == order[-1] else None
        expected = high + 1
    return None


def holds_counts(data: bytes, file: str) -> bool:
    """Whether the first rows are of a file of bands: the headings band and waiting and no child's, or three bands as headings."""
    if data[:2] == b"PK":
        return False
    for row in first_rows(decode(data, file)[0], _LONG):
        keys = {tidy(c) for c in row}
        named = [
            {tidy(n) for n in (name, *_LONG.aliases[name])} & keys for name in ("band", "waiting")
        ]
        if (
            all(named)
            and "childid" not in keys
            or sum(band(c, 7) is not None for c in row if not c.strip().isdigit())
            >= count_table.WIDE_FROM
        ):
            return True
    return False


def read(path: Path, pathway: Pathway, day: date) -> Banded:
    """The counts of one file. A list whose bands do not join up or one of whose counts is none is set aside as a whole.

    Raises `Refused` for a file of none of whose lists a count can be read, or that names no wait where there are several.
    """
    data = read_bytes(path)
    text, table = _table(data, path.name)
    table["waiting"] = table["waiting"].str.replace(r"(?<=\d),(?=\d{3})", "", regex=True)
    told = table.get("date", pd.Series("", table.index))
    table["date"] = [_day(t, day) for t in told]
    table["wait"] = _waits(table, pathway, path.name)
    total = pd.Series([bool(re.search(TOTAL, b)) for b in table["band"]], table.index, dtype=bool)
    why = pd.Series("", table.index, dtype=object)
    why[total] = "Q-TOTAL"
    why[table["date"].isna()] = "Q-DATE"
    why[table["wait"] == ""] = "Q-CODE"
    unit = (
        7
        if "week" in tidy(text.headings.get("band", ""))
        else 1
        if "day" in tidy(text.headings.get("band", ""))
        else 0
    )
    clean = []
    for _, group in table[why == ""].groupby(["date", "wait"], sort=False):
        bands = days_of(group["band"].tolist(), unit)
        whole = group["waiting"].str.fullmatch(r"\d+")
        if bands is None or group["band"].duplicated().any():
            why[group.index] = "Q-UNIT"
        elif not whole.all():
            why[group.index] = np.where(whole, "Q-CONFLICT", "Q-NEG")
        else:
            low, high = zip(*bands, strict=True)
            clean.append(group.assign(low=low, high=[np.nan if h is None else h for h in high]))
    columns = ["date", "wait", "low", "high", "waiting", "row"]
    rows = (
        pd.concat(clean)[columns].astype({"waiting": "int64"})
        if clean
        else pd.DataFrame(columns=columns)
    )
    aside = ((int(r), w) for r, w in zip(table["row"], why, strict=True) if w)
    quarantine = count_table.quarantine(
        path.name, text, ((r, _WHY[w][0], w, _WHY[w][1]) for r, w in aside)
    )
    counts = {
        "read": len(table) + len(text.broken),
        "clean": len(rows),
        "quarantined": len(quarantine),
        "merged": 0,
    }
    if not len(rows):
        cause = quarantine[quarantine["code"] != "Q-TOTAL"]["reason"]
        raise Refused(
            f"{path.name}: no list of it can be read ({cause.iloc[0] if len(cause) else 'there is no row'}). Write the columns date, wait, band, "
            "waiting with bands from 0 to an open end, as 0-18 weeks, >18-52 weeks, over 52 weeks, and whole numbers.",
            "Q-UNIT",
        )
    rows = rows.rename(columns={"row": "source_row"}).reset_index(drop=True)
    findings = [*text.findings, *_findings(path.name, quarantine, table[total], rows)]
    return Banded(rows, quarantine, findings, counts, store.digest_bytes(data))


_WHY = {
    "Q-TOTAL": ("band", "a total row, not a band"),
    "Q-DATE": ("date", "no date"),
    "Q-CODE": ("wait", "no wait of the pathway"),
    "Q-UNIT": (
        "band",
        "the bands of this list do not join up from 0 to an open end, or have no unit",
    ),
    "Q-NEG": ("waiting", "no whole number: the whole list is set aside"),
    "Q-CONFLICT": ("waiting", "set aside with a band of its list whose count cannot be read"),
}


def _findings(
    file: str, quarantine: pd.DataFrame, totals: pd.DataFrame, rows: pd.DataFrame
) -> list[Finding]:
    found = []
    for code, group in quarantine.groupby("code", sort=True):
        words = f"rows set aside: {group['reason'].iloc[0]} (first rows: {', '.join(map(str, group['row'].head(3)))})"
        severity = "info" if code == "Q-TOTAL" else "red"
        found.append(
            Finding(
                str(code), severity, file, len(group), words, "Correct the file and save it again."
            )
        )
    sums = rows.groupby(["date", "wait"])["waiting"].sum()
    wrong = [
        t
        for t in totals.itertuples()
        if (t.date, t.wait) in sums.index and str(sums[t.date, t.wait]) != t.waiting
    ]
    if wrong:
        words = "totals of the file are not the sums of their bands"
        found.append(
            Finding("Q-TOTAL", "red", file, len(wrong), words, "Ask the supplier which is right.")
        )
    return found


def _table(data: bytes, file: str) -> tuple[Text, pd.DataFrame]:
    """One row a count: date, wait, band, waiting as text, and the row it stands on."""
    text, columns = count_table.read(data, file, _LONG, _wide)
    table = count_table.frame(text, ("date", "wait"))
    if columns is _LONG:
        return text, table
    across = [n for n in columns.columns if n not in _LONG.columns]
    return text, table.melt(["row", "date", "wait"], across, "band", "waiting")


def _wide(data: bytes, file: str) -> Pathway:
    for row in first_rows(decode(data, file)[0], _LONG):
        across = [c for c in row if band(c, 7) is not None]
        if len(across) >= count_table.WIDE_FROM:
            columns = dict.fromkeys(("date", "wait", *across), "text")
            return replace(_LONG, columns=columns, required=tuple(across))
    raise Refused(
        f"{file}: the headings band and waiting are not both there. A file of bands has the columns date, wait, band, waiting, or a column for "
        "each band, as '0-18 weeks'.",
        "F-COLMISSING",
    )


def _day(text: str, default: date) -> date | None:
    """The day of a cell, or the file's own where it is blank; None for anything else or a later day."""
    import pyarrow as pa

    from sendwaits.intake.extracts.table import Column

    if not text:
        return default
    last = int(np.datetime64(default, "D").astype(np.int64))
    read = dates.read(Column(np.zeros(1, np.int32), pa.array([text])), last)
    days = int(read.days[0])
    return (
        None
        if days == dates.BLANK or days > last
        else date(1970, 1, 1) + pd.Timedelta(days=days).to_pytimedelta()
    )


def _waits(table: pd.DataFrame, pathway: Pathway, file: str) -> list[str]:
    """The wait of each row by name or label; blank = the pathway's only wait. Raises `Refused` when it has several and none is named."""
    known = {tidy(t): w.name for w in pathway.waits for t in (w.label, w.name)}
    if not (table["wait"] != "").any() and len(pathway.waits) > 1:
        raise Refused(
            f"{file}: {pathway.code} has several waits. Add a column wait with {', '.join(w.name for w in pathway.waits)}.",
            "F-COLMISSING",
        )
    only = pathway.waits[0].name if len(pathway.waits) == 1 else ""
    return [known.get(tidy(t), "") if t else only for t in table["wait"]]


def snapshots(workspace: Workspace, code: str, as_at: date | None = None) -> pd.DataFrame:
    """Every clean count of a pathway up to a day: date, wait, low, high, waiting; a later file replaces a day that an earlier one gave."""
    pathway = workspace.pathway(code)
    made = [
        read(path, pathway, day).rows.assign(file=path.name)
        for path, _, day in paths(workspace, code)
        if as_at is None or day <= as_at
    ]
    if not made:
        return pd.DataFrame(
            columns=["date", "wait", "low", "high", "waiting", "source_row", "file"]
        )
    rows = pd.concat(made, ignore_index=True)
    newest = rows.groupby(["date", "wait"])["file"].transform("last")
    rows = rows[rows["file"] == newest]
    return rows[[d <= (as_at or date.max) for d in rows["date"]]].reset_index(drop=True)
