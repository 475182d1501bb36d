"""What only several extracts of one service can tell: the same file again, a list that shrank, records that vanished or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake import records
from sendwaits.intake.clean import Cleaned
from sendwaits.intake.clean.rows import DATE_KINDS
from sendwaits.intake.extracts import ExtractFile
from sendwaits.intake.extracts.table import Finding
from sendwaits.intake.wait_findings import MANY_FROM, MANY_SHARE
from sendwaits.pathways import Pathway

__all__ = [
    "same_bytes",
    "same_rows",
    "volume",
    "refuse",
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
    sizes = Counter(len(one.rows) for one in extracts)
    for one in extracts:
        if not len(one.rows) or sizes[len(one.rows)] < 2:
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
    less = f"rows fewer than in the extract before ({before.read:,}): the list may be cut off"
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
                less,
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


def findings(extracts: Sequence[Cleaned], pathway: Pathway) -> list[Finding]:
    """Everything that comparing a pathway's extracts shows, none of which refuses a file. Oldest first."""
    if len(extracts) < 2 or not len(extracts[-1].rows):
        return []
    unread = extracts[-1].aside
    matched = records.match([one.rows for one in extracts], pathway, unread)
    keys = matched.keys
    before = pd.concat([one.rows for one in extracts[:-1]], ignore_index=True)
    before.index = pd.Index(pd.concat(keys[: len(extracts) - 1], ignore_index=True), name="_key")
    before = before[~before.index.duplicated(keep="last")]
    now = extracts[-1].rows.set_axis(pd.Index(keys[len(extracts) - 1], name="_key"))
    file, day = extracts[-1].file.name, np.datetime64(extracts[-2].file.extract_date)
    older = sum(len(one.rows) for one in extracts) - len(before.index.union(now.index))
    met = {
        "M-OVERLAP": older,
        "D23": int(
            (~before.index[records.open_rows(before, pathway)].isin([*now.index, *keys[-1]])).sum()
        ),
        "restated": _restated(before, now[~now.index.duplicated(keep="last")], pathway),
        "late": int((~now.index.isin(before.index) & (now[pathway.start] <= day)).sum()),
    }
    return (
        matched.findings
        + [
            Finding(code, severity, file, met[name], message, to_do)
            for name, (code, severity, message, to_do) in _FINDINGS.items()
            if met[name]
        ]
        + _taken_back(before, now, pathway, file)
    )


def _taken_back(
    before: pd.DataFrame, now: pd.DataFrame, pathway: Pathway, file: str
) -> list[Finding]:
    """Columns of a wait in which over a fifth of the dates that were given are gone."""
    now = now[~now.index.duplicated(keep="last")]
    both, found = before.index.intersection(now.index), []
    for name in pathway.wait_dates:
        given = before.loc[both, name].notna().to_numpy()
        gone = int((given & now.loc[both, name].isna().to_numpy()).sum())
        if gone >= MANY_FROM and gone > MANY_SHARE * given.sum():
            words = f"dates of '{name}' that the extract before had are gone: over a fifth of them"
            to_do = "Ask the supplier what became of the column."
            found.append(Finding("D25", "red", file, gone, words, to_do))
    return found


_FINDINGS = {
    "M-OVERLAP": (
        "M-OVERLAP",
        "info",
        "rows of older extracts give way to the newest row of their record",
        "Nothing: full lists overlap.",
    ),
    "D23": (
        "D23",
        "warn",
        "open records are missing from the newest extract (not flowed); they keep their last row",
        "Ask the supplier what became of them.",
    ),
    "restated": (
        "D25",
        "warn",
        "records whose earlier dates were changed or taken back; past figures change with them",
        "Keep the printed reports; say that figures were restated.",
    ),
    "late": (
        "D25",
        "info",
        "records arrived late: they began before the extract before and were not in it",
        "Nothing: past lists now include them.",
    ),
}


def _restated(before: pd.DataFrame, now: pd.DataFrame, pathway: Pathway) -> int:
    """Records one of whose dates, already given, is another or gone in the newest extract."""
    both = before.index.intersection(now.index)
    changed = np.zeros(len(both), bool)
    for name in (
        n for n, kind in pathway.columns.items() if kind in DATE_KINDS and kind != "future"
    ):
        old, new = before.loc[both, name], now.loc[both, name]
        changed |= (old.notna() & (old.to_numpy() != new.to_numpy())).to_numpy()
    return int(changed.sum())
