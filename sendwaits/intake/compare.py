"""What only several extracts of one service can tell: the same file again, a list that shrank, records that vanished or changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.clean import Cleaned
from sendwaits.intake.clean.rows import DATE_KINDS
from sendwaits.intake.extracts import ExtractFile
from sendwaits.intake.extracts.table import Finding
from sendwaits.pathways import Pathway

__all__ = [
    "same_bytes",
    "same_rows",
    "volume",
    "refuse",
    "overlap",
    "not_flowed",
    "restated",
    "late_arrivals",
    "findings",
    "RED_FALL_PCT",
    "LARGEST_FALL_PCT",
    "RISE_PCT",
]

RED_FALL_PCT = 40
LARGEST_FALL_PCT = 50
"""Rows lost against the extract before, in per cent: red from the first, refused above the second. Source: CONTRACT section 6."""
RISE_PCT = 40
_OWN = ("source_file", "sheet", "source_row", "extract_date")


def same_bytes(files: Sequence[ExtractFile]) -> None:
    """Refuses an extract that is byte for byte an earlier one under another date (F-SAMEFILE), naming both. Oldest first."""
    seen: dict[str, str] = {}
    for file in files:
        if file.sha256 in seen:
            raise Refused(
                f"{file.name}: the same bytes as {seen[file.sha256]}. The wrong file was sent again: ask for the extract of {file.extract_date.isoformat()}.",
                "F-SAMEFILE",
            )
        seen[file.sha256] = file.name


def same_rows(extracts: Sequence[Cleaned]) -> None:
    """Refuses an extract all of whose rows equal an earlier one's (F-STALE): re-saved, not re-exported. Oldest first."""
    seen: dict[tuple[int, int], Cleaned] = {}
    for one in extracts:
        if not len(one.rows):
            continue
        rows = pd.util.hash_pandas_object(one.rows.drop(columns=list(_OWN)), index=False).to_numpy()
        key = (len(rows), int(np.sort(rows).sum(dtype=np.uint64)))
        if key in seen:
            raise Refused(
                f"{one.file.name}: every row equals {seen[key].file.name}. It is the older list under a new date: ask for the extract of {one.file.extract_date.isoformat()}.",
                "F-STALE",
            )
        seen[key] = one


def volume(extracts: Sequence[Cleaned], accept: bool) -> list[Finding]:
    """The newest extract's number of rows beside the one before: red when 40-50 % fewer, refused when fewer still unless accepted.

    Percentages from the exact counts of rows read. Source: CONTRACT section 6.
    """
    if len(extracts) < 2:
        return []
    now, before = extracts[-1], extracts[-2]
    if not before.read:
        return []
    fall = 100 * (before.read - now.read)
    file = now.file.name
    text = f"{now.read} rows where {before.file.name} had {before.read}"
    if fall > LARGEST_FALL_PCT * before.read and not accept:
        raise Refused(
            f"{file}: {text}: over half of the list is gone. Ask for the full list; if it is right, run check with --accept-volume.",
            "W-VOLUME",
        )
    if fall >= RED_FALL_PCT * before.read:
        return [
            Finding(
                "W-VOLUME",
                "red",
                file,
                before.read - now.read,
                text,
                "Ask the supplier whether the list is complete.",
            )
        ]
    if -fall > RISE_PCT * before.read:
        return [
            Finding(
                "W-VOLUME",
                "warn",
                file,
                now.read - before.read,
                text,
                "Ask the supplier what was added.",
            )
        ]
    return []


def refuse(extracts: Sequence[Cleaned], *, accept_volume: bool = False) -> list[Finding]:
    """Every comparison that can refuse an extract, in order; returns what they found otherwise. Oldest first."""
    same_bytes([one.file for one in extracts])
    same_rows(extracts)
    return volume(extracts, accept_volume)


def _keys(rows: pd.DataFrame, pathway: Pathway) -> pd.Series:
    """The record each row is of: its id, else child and start."""
    own = rows["child_id"] + "\x00" + rows[pathway.start].dt.strftime("%Y-%m-%d").fillna("")
    if pathway.record_id not in rows:
        return own
    return rows[pathway.record_id].where(rows[pathway.record_id] != "", "\x00" + own)


def _newest_before(extracts: Sequence[Cleaned], pathway: Pathway) -> pd.DataFrame:
    """The last row of each record before the newest extract, by record key."""
    rows = pd.concat([one.rows for one in extracts[:-1]], ignore_index=True)
    return rows.set_index(_keys(rows, pathway).rename("_key")).loc[
        lambda t: ~t.index.duplicated(keep="last")
    ]


def overlap(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """How many older rows the newest row of their record stands for (M-OVERLAP)."""
    keys = pd.concat([_keys(one.rows, pathway) for one in extracts], ignore_index=True)
    n = int(keys.duplicated(keep="last").sum())
    return (
        [
            Finding(
                "M-OVERLAP",
                "info",
                extracts[-1].file.name,
                n,
                "rows of older extracts give way to the newest row of their record",
                "Nothing: full lists overlap.",
            )
        ]
        if n
        else []
    )


def not_flowed(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """Records of older extracts, without an end date, that the newest one no longer holds (D23)."""
    before, now = _newest_before(extracts, pathway), extracts[-1]
    ends = (
        [w.completed for w in pathway.waits[-1:]]
        + [r.date for w in pathway.waits for r in w.removed]
        + ([pathway.rejected] if pathway.rejected else [])
    )
    still = before[before[[e for e in dict.fromkeys(ends) if e in before]].isna().all(axis=1)]
    n = int((~still.index.isin(_keys(now.rows, pathway))).sum())
    return (
        [
            Finding(
                "D23",
                "warn",
                now.file.name,
                n,
                "open records are missing from the newest extract (not flowed); they keep their last row",
                "Ask the supplier what became of them.",
            )
        ]
        if n
        else []
    )


def restated(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """Records one of whose dates, already given, is another or gone in the newest extract (D25)."""
    before, now = _newest_before(extracts, pathway), extracts[-1].rows
    now = now.set_index(_keys(now, pathway).rename("_key"))
    now = now[~now.index.duplicated(keep="last")]
    both = before.index.intersection(now.index)
    changed = np.zeros(len(both), bool)
    for name in (
        n for n, kind in pathway.columns.items() if kind in DATE_KINDS and kind != "future"
    ):
        old, new = before.loc[both, name], now.loc[both, name]
        changed |= (old.notna() & (old.to_numpy() != new.to_numpy())).to_numpy()
    n = int(changed.sum())
    return (
        [
            Finding(
                "D25",
                "warn",
                extracts[-1].file.name,
                n,
                "records whose earlier dates were changed or taken back; past figures change with them",
                "Keep the printed reports; say that figures were restated.",
            )
        ]
        if n
        else []
    )


def late_arrivals(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """Records new in the newest extract that began before the extract before it (D25): past lists were short of them."""
    before, now = _newest_before(extracts, pathway), extracts[-1].rows
    new = ~_keys(now, pathway).isin(before.index)
    late = new & (now[pathway.start] <= np.datetime64(extracts[-2].file.extract_date))
    n = int(late.sum())
    return (
        [
            Finding(
                "D25",
                "info",
                extracts[-1].file.name,
                n,
                "records arrived late: they began before the extract before and were not in it",
                "Nothing: past lists now include them.",
            )
        ]
        if n
        else []
    )


def findings(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """Everything that comparing a pathway's extracts shows, none of which refuses a file. Oldest first."""
    if len(extracts) < 2 or not len(extracts[-1].rows):
        return []
    return [
        found
        for look in (overlap, not_flowed, restated, late_arrivals)
        for found in look(extracts, pathway)
    ]
