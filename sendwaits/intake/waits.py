"""Typed rows -> one row per wait and one row per referral: when each clock started, stopped, and why.

The rules of counting live here and nowhere else: the newest row of a record, linked duplicates, completion before
removal on the same day, stages that never happened. Everything a pathway does differently is in its table
(`sendwaits.pathways`), never an ``if`` on its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import pandas as pd

from sendwaits.intake import records
from sendwaits.intake.extracts.table import NEVER, Finding
from sendwaits.intake.wait_findings import children, met
from sendwaits.pathways import AGE_BANDS, GROUPS, Pathway, Removal, Wait, When

__all__ = ["Built", "build", "day_numbers", "NEVER"]

Pseudonyms = Callable[[pd.Series], pd.Series]


@dataclass(frozen=True)
class Built:
    """Everything counted about one pathway at one as_at.

    ``waits``: one row per wait. ``referrals``: one row per record, linked duplicates included (``duplicate_of`` >= 0; they
    have no wait and count in no measure). ``findings``: what was met while building, with file and count, no values.
    """

    pathway: str
    waits: pd.DataFrame
    referrals: pd.DataFrame
    findings: pd.DataFrame
    newest: pd.Timestamp


def day_numbers(dates: pd.Series) -> np.ndarray:
    """Days since 1970-01-01 as int64, `NEVER` where the date is blank."""
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype("int64"))


def build(
    extracts: Sequence[pd.DataFrame],
    pathway: Pathway,
    pseudonyms: Pseudonyms,
    newest: pd.Timestamp | None = None,
    aside: pd.DataFrame | None = None,
) -> Built:
    """Waits and referrals of one pathway from the typed rows of its extracts, oldest first.

    ``extracts`` holds the clean rows of every extract on or before as_at, ``newest`` the date of the newest of them (default:
    of the newest row; an accepted empty extract has none), ``aside`` the rows of the newest that were set aside: their records
    are not absent. The newest row of a record counts; a record absent from the newest extract keeps its last row
    (``in_newest`` False). Source: CONTRACT section 3, rules 1-7.
    """
    if newest is None:
        newest = max(
            (frame["extract_date"].iloc[0] for frame in extracts if len(frame)), default=pd.NaT
        )
    rows, replaced = _newest_rows(extracts, pathway, newest, aside)
    clocks = _clocks(rows, pathway)
    duplicate_of, re_referral = _link(rows, pathway, clocks)
    referrals = _referrals(rows, pathway, newest, pseudonyms)
    referrals["duplicate_of"] = duplicate_of
    referrals["re_referral_days"] = pd.array(
        np.where(re_referral == NEVER, 0, re_referral), dtype="Int32"
    )
    referrals.loc[re_referral == NEVER, "re_referral_days"] = pd.NA
    for clock in clocks.values():
        clock.exists &= duplicate_of < 0
    found = [*replaced, *children(rows, duplicate_of), *met(rows, referrals, clocks)]
    return Built(
        pathway.code,
        _waits(referrals, pathway, clocks),
        referrals,
        pd.DataFrame([astuple(f) for f in found], columns=[f.name for f in fields(Finding)]),
        newest,
    )


def _newest_rows(
    extracts: Sequence[pd.DataFrame],
    pathway: Pathway,
    newest: pd.Timestamp,
    aside: pd.DataFrame | None,
) -> tuple[pd.DataFrame, list[Finding]]:
    """One row per record, the one of the newest extract, in order of clock start, record id and child; findings about ids."""
    unread = aside if aside is not None and len(aside) else None
    found = records.match(extracts, pathway, unread)
    rows = pd.concat(extracts, ignore_index=True) if len(extracts) > 1 else extracts[0]
    ids = rows[pathway.record_id] if pathway.record_id in rows else pd.Series("", rows.index)
    rows = rows.assign(_record=ids, _unread=False)
    if len(extracts) > 1:
        key = pd.concat(found.keys[: len(extracts)], ignore_index=True)
        order = rows["extract_date"].argsort(kind="stable").to_numpy()
        last = ~key.iloc[order].duplicated(keep="last").to_numpy()
        if unread is not None:
            older = (rows["extract_date"] != newest).to_numpy()
            rows["_unread"] = older & key.isin(found.keys[-1]).to_numpy()
        rows = rows.iloc[order[last]]
    made = rows.sort_values(
        [pathway.start, "_record", "child_id"], kind="stable", ignore_index=True
    )
    return made, found.findings


@dataclass
class _Clock:
    start: np.ndarray
    stop: np.ndarray
    completed: np.ndarray
    exists: np.ndarray
    skipped: np.ndarray  # a later stage is dated, this one is not
    late: np.ndarray  # the completion is dated after the record was closed
    undated: np.ndarray  # withdrawn without any date


def _holds(rows: pd.DataFrame, when: When | None) -> np.ndarray:
    if when is None:
        return np.ones(len(rows), bool)
    return rows[when.column].isin(when.values).to_numpy()


def _dated(rows: pd.DataFrame, column: str, when: When | None = None) -> np.ndarray:
    return np.where(_holds(rows, when), day_numbers(rows[column]), NEVER)


def _earliest(rows: pd.DataFrame, removals: Sequence[Removal]) -> np.ndarray:
    return np.minimum.reduce(
        [np.full(len(rows), NEVER), *(_dated(rows, r.date, r.when) for r in removals)]
    )


def _clocks(rows: pd.DataFrame, pathway: Pathway) -> dict[str, _Clock]:
    """Start, stop and reason of every wait of every row, in the order of the pathway's waits."""
    done = {wait.name: _dated(rows, wait.completed, wait.completed_when) for wait in pathway.waits}
    rejected = (
        np.zeros(len(rows), bool)
        if pathway.rejected is None
        else rows[pathway.rejected].notna().to_numpy()
    )
    clocks: dict[str, _Clock] = {}
    never = np.zeros(len(rows), bool)
    late: dict[
        str, np.ndarray
    ] = {}  # by completion column: dated after the record was closed, so no stage starts there
    for at, wait in enumerate(pathway.waits):
        later = [done[w.name] for w in pathway.waits[at + 1 :]]
        clock = clocks[wait.name] = _clock(rows, wait, done[wait.name], later, rejected)
        clock.exists &= ~late.get(wait.start, never)
        late[wait.completed] = late.get(wait.start, never) | clock.late
    return clocks


def _clock(
    rows: pd.DataFrame,
    wait: Wait,
    completed: np.ndarray,
    later: list[np.ndarray],
    rejected: np.ndarray,
) -> _Clock:
    start = day_numbers(rows[wait.start])
    closed = _earliest(rows, wait.removed)
    removed, withdrawn = closed, np.zeros(len(rows), bool)
    for removal in wait.withdrawn:
        withdrawn |= _holds(rows, removal.when)
        removed = np.minimum(removed, _dated(rows, removal.date, removal.when))
    undated = withdrawn & (removed == NEVER) & (completed == NEVER)
    next_stage = np.minimum.reduce([np.full(len(rows), NEVER), *later])
    skipped = (completed == NEVER) & (next_stage < NEVER) & (next_stage >= start)
    removed = np.where(skipped, np.minimum(removed, next_stage), removed)
    absent = (
        np.logical_and.reduce([_holds(rows, w) for w in wait.absent])
        if wait.absent
        else np.zeros(len(rows), bool)
    )
    stop = np.minimum(completed, removed)
    exists = (start < NEVER) & (start <= closed) & (stop >= start) & ~rejected & ~absent & ~undated
    shut = _earliest(rows, [r for r in wait.removed if r.when is None])
    late = (completed < NEVER) & (completed > shut) & (start <= shut)
    return _Clock(
        start,
        stop,
        (completed <= removed) & (completed < NEVER),
        exists,
        skipped & exists & (stop == next_stage),
        late & exists,
        undated & ~rejected & ~absent,
    )


def _link(
    rows: pd.DataFrame, pathway: Pathway, clocks: dict[str, _Clock]
) -> tuple[np.ndarray, np.ndarray]:
    """For each row: the row it duplicates (-1 = none), and days since the child's last closed referral (`NEVER` = first).

    A referral made while some wait of an earlier kept referral of the same child is open is its duplicate; on the day
    that wait stops it is a new referral. Rejected rows never link, nor do rows whose known birth dates differ.
    """
    count = len(rows)
    duplicate_of, since = np.full(count, -1), np.full(count, NEVER)
    child = pd.factorize(rows["child_id"])[0]
    linkable = (
        np.ones(count, bool)
        if pathway.rejected is None
        else rows[pathway.rejected].isna().to_numpy()
    )
    several = np.bincount(child[linkable], minlength=child.max(initial=-1) + 1) > 1
    candidates = np.flatnonzero(linkable & several[child]) if count else np.array([], int)
    date = day_numbers(rows[pathway.start])
    none = np.full(count, NEVER)
    born = day_numbers(rows["date_of_birth"]) if "date_of_birth" in rows else none
    kept: dict[int, list[int]] = {}
    for row in candidates:  # rows are in order of date, then id
        everybody = kept.setdefault(child[row], [])
        earlier = [e for e in everybody if NEVER in (born[e], born[row]) or born[e] == born[row]]
        day = date[row]
        for first in earlier:
            if any(
                c.exists[first] and c.start[first] <= day < c.stop[first] for c in clocks.values()
            ):
                duplicate_of[row] = first
                break
        else:
            ends = [
                c.stop[e]
                for e in earlier
                for c in clocks.values()
                if c.exists[e] and c.stop[e] <= day
            ]
            if ends:
                since[row] = day - max(ends)
            everybody.append(row)
    return duplicate_of, since


def _text(rows: pd.DataFrame, column: str) -> pd.Categorical:
    """A group column as categories, blank = ``unknown``."""
    if column not in rows:
        return pd.Categorical.from_codes(np.zeros(len(rows), "int8"), ["unknown"])
    return pd.Categorical(rows[column].where(rows[column] != "", "unknown"))


def _age(rows: pd.DataFrame, pathway: Pathway) -> np.ndarray:
    """Whole years of age at the record's clock start, -1 where unknown."""
    if "date_of_birth" not in rows:
        return np.full(len(rows), -1)
    born, start = rows["date_of_birth"], rows[pathway.start]
    before_birthday = (start.dt.month * 100 + start.dt.day) < (born.dt.month * 100 + born.dt.day)
    return (
        (start.dt.year - born.dt.year - before_birthday.astype(int))
        .fillna(-1)
        .astype(int)
        .to_numpy()
    )


def _referrals(
    rows: pd.DataFrame, pathway: Pathway, newest: pd.Timestamp, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    age = _age(rows, pathway)
    band = np.full(len(rows), "unknown", dtype=object)
    for low, high in AGE_BANDS:
        band[(age >= low) & (age <= high)] = f"{low}-{high}"
    columns: dict[str, object] = {
        "pathway": pd.Categorical.from_codes(np.zeros(len(rows), "int8"), [pathway.code]),
        "record": np.arange(len(rows)),
        "child": pseudonyms(rows["child_id"]).to_numpy(),
        "start": rows[pathway.start],
        "age": pd.array(age, dtype="Int16"),
        "in_newest": (rows["extract_date"] == newest).to_numpy() | rows["_unread"].to_numpy(),
    }
    for name in GROUPS:
        source = pathway.source_column if name == "source" else name
        columns[name] = pd.Categorical(band) if name == "age_band" else _text(rows, source)
    skip = {"child_id", pathway.record_id, pathway.start, "date_of_birth", *GROUPS}
    for name, kind in pathway.columns.items():
        if name in rows and name not in skip and kind in ("date", "future", "code", "flag"):
            columns[name] = rows[name]
    columns["closed_reason"] = rows["closed_reason"] if "closed_reason" in rows else ""
    for name in ("source_file", "source_row", "extract_date"):
        columns[name] = rows[name]
    referrals = pd.DataFrame(columns)
    referrals.loc[referrals["age"] < 0, "age"] = pd.NA
    return referrals


def _waits(referrals: pd.DataFrame, pathway: Pathway, clocks: dict[str, _Clock]) -> pd.DataFrame:
    parts = []
    carried = [
        "pathway",
        "record",
        "child",
        "in_newest",
        *GROUPS,
        "source_file",
        "source_row",
        "extract_date",
    ]
    carried += [c for c in ("next_appointment_date", "review_date") if c in referrals]
    held = {
        f"pause_{at}_{end}": referrals[name]
        for at, pause in enumerate(pathway.pauses)
        for end, name in (("from", pause.start), ("to", pause.to))
        if {pause.start, pause.to} <= set(referrals)
    }
    referrals = referrals.assign(**held)
    carried += held
    names = [w.name for w in pathway.waits]
    for at, wait in enumerate(pathway.waits):
        clock = clocks[wait.name]
        keep = np.flatnonzero(clock.exists)
        part = referrals[carried].take(keep)
        stop = clock.stop[keep]
        part.insert(1, "wait", pd.Categorical.from_codes(np.full(len(keep), at, "int8"), names))
        part.insert(4, "start", clock.start[keep].astype("datetime64[D]").astype("datetime64[s]"))
        part.insert(5, "stop", _as_dates(stop))
        part.insert(6, "completed", clock.completed[keep])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _as_dates(days: np.ndarray) -> np.ndarray:
    dates = days.astype("datetime64[D]").astype("datetime64[s]")
    dates[days == NEVER] = np.datetime64("NaT")
    return dates
