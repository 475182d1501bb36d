"""The ledger of one extract: which rows are clean, merged or set aside, and why; read = clean + quarantined + merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sendwaits.errors import SendwaitsError
from sendwaits.intake.clean.codes import district, of_column
from sendwaits.intake.clean.dates import BLANK
from sendwaits.intake.clean.rows import DATE_KINDS, Rows
from sendwaits.intake.clean.rules import REMEDIES, RULES
from sendwaits.intake.extracts.table import Column, Finding, Text

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

__all__ = ["Cleaned", "settle", "QUARANTINE_COLUMNS", "FINDING_COLUMNS", "NO_RECORD"]

QUARANTINE_COLUMNS = ("file", "sheet", "row", "column", "code", "reason")
FINDING_COLUMNS = ("code", "severity", "file", "n", "message", "what_to_do")
NO_RECORD = ("Q-TOTAL", "Q-FOOTER", "Q-HEADERROW")
"""Rows set aside because they never were records: they are no loss."""


@dataclass
class Cleaned:
    """One extract after cleaning.

    ``rows``: one typed row per clean record row, in file order. ``aside``: the typed rows that were set aside, in memory
    only. ``quarantine``: one line per row set aside. ``findings``: one per rule met. ``counts`` by file name: read, clean,
    quarantined, merged (identical rows). ``lost_pct``: rows set aside, those that are no records left out.
    """

    file: ExtractFile
    rows: pd.DataFrame
    aside: pd.DataFrame
    quarantine: pd.DataFrame
    findings: list[Finding]
    counts: dict[str, dict[str, int]]
    lost_pct: float

    @property
    def read(self) -> int:
        return sum(c["read"] for c in self.counts.values())


def settle(file: ExtractFile, rows: Rows, why: np.ndarray, column: list[str]) -> Cleaned:
    """The typed frame, the quarantine, the findings and the counts, with the law asserted.

    ``why``: for each row the number of the rule that sets it aside (-1 none); ``column``: what those rules named.
    """
    text = rows.text
    merged, conflict, superseded = _same_record(rows, why < 0)
    keep = (why < 0) & ~merged & ~conflict & ~superseded
    quarantine = _quarantine(rows, why, column, conflict, superseded)
    counts = text.counts(int(keep.sum()), int(merged.sum()), quarantine)
    for name, c in counts.items():
        if c["read"] != c["clean"] + c["quarantined"] + c["merged"]:
            raise SendwaitsError(
                f"{name}: rows read are not clean + quarantined + merged. This is a fault of the program; please report it."
            )
    to_do = "Nothing, or export without repeats."
    rows.note("M-DUP", "info", merged.sum(), "identical rows were counted once", to_do)
    findings = [
        *text.findings,
        *_extract_findings(text),
        *_rule_findings(quarantine),
        *rows.notes,
    ]
    lost = ~quarantine["code"].isin(NO_RECORD)
    real = text.read - int((~lost).sum())
    return Cleaned(
        file,
        _placed(rows, keep, file),
        _placed(rows, ~keep & ~merged & ~superseded, file),
        quarantine,
        findings,
        counts,
        100 * float(lost.sum()) / real if real else 0.0,
    )


def _placed(rows: Rows, keep: np.ndarray, file: ExtractFile) -> pd.DataFrame:
    """The typed rows of a mask, with the file, sheet, row and extract date that they are of."""
    import pyarrow as pa

    at = np.flatnonzero(keep)
    frame = _typed(rows, None if len(at) == rows.n else at)
    same = pa.table(
        {
            name: pa.repeat(pa.scalar(said, pa.large_string()), len(at))
            for name, said in (("source_file", rows.text.file), ("sheet", rows.text.sheet))
        }
    ).to_pandas()
    frame["source_file"], frame["sheet"] = same["source_file"], same["sheet"]
    frame["source_row"] = rows.text.rows[at]
    frame["extract_date"] = np.full(len(at), np.datetime64(file.extract_date, "s"))
    return frame


def _record_keys(rows: Rows, at: np.ndarray) -> np.ndarray:
    """For the rows ``at``: a number per record: its id, else child and start."""
    child = rows.column("child_id").codes[at].astype(np.int64)
    own = (child << 32) + (rows.start[at].astype(np.int64) & 0xFFFFFFFF)
    if rows.pathway.record_id not in rows.text.columns:
        return own
    col = rows.column(rows.pathway.record_id)
    blank = rows.blank(rows.pathway.record_id)[at]
    return np.where(blank, own, -1 - _first_code(col)[col.codes[at]])


def _first_code(column: Column) -> np.ndarray:
    """One code per distinct text: trimming can make two values of a column the same."""
    codes, _ = pd.factorize(column.values.to_numpy(zero_copy_only=False))
    return codes.astype(np.int64)


def _same_record(rows: Rows, alive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks: identical later rows (merged), rows of one record that contradict each other, and rows that a later equal-dated row replaces."""
    merged, conflict, superseded = (np.zeros(rows.n, bool) for _ in range(3))
    at = np.flatnonzero(alive)
    keys = _record_keys(rows, at)
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    if not same.any():
        return merged, conflict, superseded
    twice = np.zeros(len(order), bool)
    twice[1:] |= same
    twice[:-1] |= same
    at = at[np.sort(order[twice])]
    keys = _record_keys(rows, at)
    frame = _typed(rows, at)
    dated = [
        n for n in frame if n == "child_id" or rows.pathway.columns[n] in (*DATE_KINDS, "code")
    ]
    frame["_key"] = keys
    again = frame.duplicated(keep="first").to_numpy()
    merged[at[again]] = True
    left = ~again
    several = frame[left].duplicated("_key", keep=False).to_numpy()
    kept = at[left][several]
    if len(kept):
        group = frame[left][several]
        different = group.drop_duplicates([*dated, "_key"]).groupby("_key").size()
        wrong = group["_key"].isin(different[different > 1].index).to_numpy()
        conflict[kept[wrong]] = True
        superseded[kept[~wrong & group.duplicated("_key", keep="last").to_numpy()]] = True
    return merged, conflict, superseded


def _typed(rows: Rows, at: np.ndarray | None = None) -> pd.DataFrame:
    """The typed canonical columns of the rows ``at`` (all that the pathway has; blanks where the file has no such column)."""
    import pyarrow as pa

    n = rows.n if at is None else len(at)
    made: dict[str, Any] = {}
    days: dict[str, np.ndarray] = {}
    for name, kind in rows.pathway.columns.items():
        if kind in DATE_KINDS:
            value = rows.days.get(name)
            number = (
                np.full(n, BLANK, np.int64)
                if value is None
                else (value if at is None else value[at]).astype(np.int64)
            )
            days[name] = np.where(
                number == BLANK, np.datetime64("NaT", "D"), number.astype("datetime64[D]")
            ).astype("datetime64[s]")
            made[name] = None
        elif name not in rows.text.columns:
            made[name] = pa.repeat(pa.scalar("", pa.large_string()), n)
        else:
            codes = rows.column(name).codes if at is None else rows.column(name).codes[at]
            made[name] = _values(rows, name).take(pa.array(codes))
    texts = (
        pa.table({k: v for k, v in made.items() if v is not None}).to_pandas()
        if any(v is not None for v in made.values())
        else pd.DataFrame(index=range(n))
    )
    frame = pd.DataFrame(
        {name: days[name] if made[name] is None else texts[name] for name in made},
        index=pd.RangeIndex(n),
    )
    record = rows.pathway.record_id
    if rows.no_child.any() and record in frame:
        alone = (rows.no_child if at is None else rows.no_child[at]) & (frame[record] != "")
        own = f"record:{rows.pathway.code}:" + frame.loc[alone, record]
        frame.loc[alone, "child_id"] = own
    return frame


def _values(rows: Rows, name: str) -> Any:
    """The canonical text of each distinct value of a column."""
    import pyarrow as pa

    kind = rows.pathway.columns[name]
    if name == "child_id":
        return rows.ids.known.cast(pa.large_string())
    if kind in ("code", "flag"):
        return pa.array(of_column(rows, name).texts, pa.large_string())
    if name == "district" and rows.districts:
        return pa.array(district(rows).texts, pa.large_string())
    return rows.column(name).values.cast(pa.large_string())


def _quarantine(
    rows: Rows, why: np.ndarray, column: list[str], conflict: np.ndarray, superseded: np.ndarray
) -> pd.DataFrame:
    text = rows.text
    lost = [
        (b.file or text.file, b.sheet or text.sheet, b.row, b.column, b.code, b.reason)
        for b in text.broken
    ]
    parts = [pd.DataFrame(lost, columns=list(QUARANTINE_COLUMNS))] if lost else []

    def part(at: np.ndarray, column: Any, code: Any, reason: Any) -> None:
        if len(at):
            where = {"file": text.file, "sheet": text.sheet, "row": text.rows[at]}
            parts.append(pd.DataFrame({**where, "column": column, "code": code, "reason": reason}))

    hit = np.flatnonzero(why >= 0)
    codes, reasons = (np.array([getattr(r, n) for r in RULES], object) for n in ("code", "reason"))
    part(hit, column, codes[why[hit]], reasons[why[hit]])
    for found, reason in (
        (conflict, "several rows of one record that contradict each other"),
        (superseded, "a later row of the same record, with the same dates, stands"),
    ):
        part(np.flatnonzero(found), rows.pathway.record_id, "Q-CONFLICT", reason)
    if not parts:
        return pd.DataFrame(
            {c: pd.Series([], dtype="int64" if c == "row" else "str") for c in QUARANTINE_COLUMNS}
        )
    return pd.concat(parts, ignore_index=True).sort_values(
        ["file", "sheet", "row"], kind="stable", ignore_index=True
    )


def _extract_findings(text: Text) -> list[Finding]:
    found = []
    if text.blank:
        words = f"{text.blank} blank rows were left out; they are not rows read"
        found.append(Finding("N-BLANK", "info", text.file, text.blank, words, "Nothing: noted."))
    if text.extra:
        names = ", ".join(f"'{' '.join(name.split())[:60]}'" for name in text.extra)
        words = f"columns that are not read: {names}"
        to_do = "Leave them out of the export if they hold names or notes."
        found.append(Finding("N-EXTRACOL", "info", text.file, len(text.extra), words, to_do))
    return found


def _rule_findings(quarantine: pd.DataFrame) -> list[Finding]:
    """One finding per rule that set rows aside, with the first rows to look at."""
    found = []
    for (file, code), group in quarantine.groupby(["file", "code"], sort=True):
        first = ", ".join(str(r) for r in group["row"].head(3))
        named = ", ".join(dict.fromkeys(f"'{c}'" for c in group["column"].astype(str) if c))
        about = f" for {named}" if named else ""
        words = f"rows set aside{about}: {group['reason'].iloc[0]} (first rows: {first})"
        to_do = REMEDIES.get(str(code), "Correct it in the source system and export again.")
        found.append(Finding(str(code), "warn", str(file), len(group), words, to_do))
    return found
