"""Text rows -> typed rows, and the ledger: read = clean + quarantined + merged, for every file, or it stops.

One rule = one function (`clean.rules`) = one code = one row in the findings. No value from the data in any message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sendwaits.errors import Refused, SendwaitsError
from sendwaits.intake import extracts
from sendwaits.intake.clean.codes import district, of_column
from sendwaits.intake.clean.dates import BLANK
from sendwaits.intake.clean.rows import DATE_KINDS, Rows
from sendwaits.intake.clean.rules import REMEDIES, RULES
from sendwaits.intake.extracts.table import Finding, Text
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile
    from sendwaits.workspace import Workspace

__all__ = ["Cleaned", "load", "QUARANTINE_COLUMNS", "FINDING_COLUMNS", "LARGEST_SHARE"]

QUARANTINE_COLUMNS = ("file", "sheet", "row", "column", "code", "reason")
FINDING_COLUMNS = ("code", "severity", "file", "n", "message", "what_to_do")
LARGEST_SHARE = 0.05
"""Share of rows dated after the extract, or born after the referral, above which the file is refused. Source: CONTRACT section 6."""


@dataclass
class Cleaned:
    """One extract after cleaning.

    ``rows``: one typed row per clean record row, in file order. ``quarantine``: one row per row set aside. ``findings``: one
    row per rule met. ``counts`` by file name: read, clean, quarantined, merged (identical rows), sha256.
    """

    file: ExtractFile
    rows: pd.DataFrame
    quarantine: pd.DataFrame
    findings: list[Finding]
    counts: dict[str, dict[str, int]]
    ledger: Rows

    @property
    def read(self) -> int:
        return sum(c["read"] for c in self.counts.values())


class RefusedFile(Refused):
    """A refused file that was read far enough to say which rows are wrong."""

    def __init__(self, message: str, code: str, cleaned: Cleaned) -> None:
        super().__init__(message, code)
        self.cleaned = cleaned


def load(
    file: ExtractFile,
    pathway: Pathway,
    workspace: Workspace,
    *,
    allow_empty: bool = False,
    today: date | None = None,
) -> Cleaned:
    """The typed rows of one extract and the ledger of every row that is not among them.

    Raises `Refused` with the rule's code when the file as a whole is refused. Asserts read = clean + quarantined + merged.
    """
    if file.extract_date > (today or date.today()):
        raise Refused(
            f"{file.name}: the day in its name lies in the future. Name the file by the day of the extract.",
            "F-ASOF",
        )
    text = extracts.read(
        file, pathway, tuple(p for p in workspace.pathways.values() if p.code != pathway.code)
    )
    if not text.read and not allow_empty:
        raise Refused(
            f"{file.name}: there is a header but no row. If the list is really empty, run with --allow-empty.",
            "F-NOROWS",
        )
    rows = Rows(text, pathway, workspace.area.districts, file.extract_date)
    _refuse(rows)
    why, column = _apply(rows)
    _notes(rows, why < 0)
    merged, conflict, superseded = _same_record(rows, why < 0)
    cleaned = _settle(file, rows, why, column, merged, conflict, superseded)
    if not len(cleaned.rows) and cleaned.quarantine.shape[0] and not allow_empty:
        code = str(cleaned.quarantine["code"].mode().iloc[0])
        raise RefusedFile(
            f"{file.name}: not one row is clean; most are set aside by {code}. See quarantine.csv for the rows, and: {REMEDIES.get(code, 'correct them.')}",
            code,
            cleaned,
        )
    return cleaned


def _refuse(rows: Rows) -> None:
    """Refuses the file when a column or too many rows say that the whole of it is wrong."""
    file, total = rows.text.file, max(rows.text.read, 1)
    for name, read in rows.dates.items():
        if read.us:
            raise Refused(
                f"{file}: '{name}' holds dates as month/day/year. Export them as day/month/year, or better as 2024-07-31.",
                "F-USDATE",
            )
    for name in rows.text.error_cells:
        if name.startswith("formula:") and name.removeprefix("formula:") in rows.pathway.required:
            raise Refused(
                f"{file}: '{name.removeprefix('formula:')}' holds formulas that were never calculated. Open the workbook in Excel, save it, and copy it again.",
                "F-FORMULA",
            )
    for name in rows.of_kind("birth"):
        swapped = rows.any_date(name) & (rows.start != BLANK) & (rows.days[name] > rows.start)
        if swapped.sum() > LARGEST_SHARE * total:
            raise Refused(
                f"{file}: in {int(swapped.sum())} of {total} rows '{name}' is later than '{rows.pathway.start}'. Two columns may be swapped: check the headings.",
                "F-SWAPPED",
            )
    late = np.zeros(rows.n, bool)
    last = rows.extract_day + 3653
    for name in rows.of_kind("date"):
        late |= (rows.days[name] > rows.extract_day) & (rows.days[name] <= last)
    if late.sum() > LARGEST_SHARE * total:
        first = ", ".join(str(r) for r in rows.text.rows[late][:3])
        raise Refused(
            f"{file}: {int(late.sum())} of {total} rows are dated after the day of the extract (first rows: {first}). Check the day in the file's name.",
            "F-ASOF",
        )


def _apply(rows: Rows) -> tuple[np.ndarray, list[str]]:
    """For each row the number of the first rule that sets it aside (-1 none), and the column that rule named."""
    why = np.full(rows.n, -1, np.int16)
    column = np.full(rows.n, 0, np.int16)
    names = [""]
    for number, rule in enumerate(RULES):
        for name, hit in rule.find(rows):
            new = hit & (why < 0)
            if new.any():
                why[new] = number
                if name not in names:
                    names.append(name)
                column[new] = names.index(name)
    return why, [names[c] for c in column[why >= 0]]


def _notes(rows: Rows, alive: np.ndarray) -> None:
    from sendwaits.intake.clean import notes

    for note in notes.NOTES:
        note(rows, alive)


def _record_keys(rows: Rows, at: np.ndarray) -> np.ndarray:
    """For the rows ``at``: a number per record: its id, else child and start."""
    child = rows.column("child_id").codes[at].astype(np.int64)
    own = (child << 32) + (rows.start[at].astype(np.int64) & 0xFFFFFFFF)
    if rows.pathway.record_id not in rows.text.columns:
        return own
    col = rows.column(rows.pathway.record_id)
    blank = rows.blank(rows.pathway.record_id)[at]
    return np.where(blank, own, -1 - _first_code(col)[col.codes[at]])


def _first_code(column: extracts.Column) -> np.ndarray:
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
    return pd.DataFrame(
        {name: days[name] if made[name] is None else texts[name] for name in made},
        index=pd.RangeIndex(n),
    )


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


def _settle(
    file: ExtractFile,
    rows: Rows,
    why: np.ndarray,
    column: list[str],
    merged: np.ndarray,
    conflict: np.ndarray,
    superseded: np.ndarray,
) -> Cleaned:
    """The typed frame, the quarantine, the findings and the counts, with the law asserted."""
    import pyarrow as pa

    text = rows.text
    keep = (why < 0) & ~merged & ~conflict & ~superseded
    at = np.flatnonzero(keep)
    frame = _typed(rows, None if len(at) == rows.n else at)
    same = pa.table(
        {
            name: pa.repeat(pa.scalar(said, pa.large_string()), len(at))
            for name, said in (("source_file", text.file), ("sheet", text.sheet))
        }
    ).to_pandas()
    frame["source_file"], frame["sheet"] = same["source_file"], same["sheet"]
    frame["source_row"] = text.rows[at]
    frame["extract_date"] = np.full(len(at), np.datetime64(file.extract_date, "s"))
    quarantine = _quarantine(rows, why, column, conflict, superseded)
    counts = text.counts(len(at), int(merged.sum()), quarantine)
    for name, c in counts.items():
        if c["read"] != c["clean"] + c["quarantined"] + c["merged"]:
            raise SendwaitsError(
                f"{name}: rows read are not clean + quarantined + merged. This is a fault of the program; please report it."
            )
    if merged.any():
        rows.note(
            "M-DUP",
            "info",
            merged.sum(),
            "identical rows were counted once",
            "Nothing, or export without repeats.",
        )
    findings = [
        *text.findings,
        *_extract_findings(text, rows.pathway),
        *_rule_findings(quarantine),
        *rows.notes,
    ]
    return Cleaned(file, frame, quarantine, findings, counts, rows)


def _quarantine(
    rows: Rows, why: np.ndarray, column: list[str], conflict: np.ndarray, superseded: np.ndarray
) -> pd.DataFrame:
    text = rows.text
    parts = []
    if text.broken:
        parts.append(
            pd.DataFrame(
                [
                    (b.file or text.file, b.sheet or text.sheet, b.row, b.column, b.code, b.reason)
                    for b in text.broken
                ],
                columns=list(QUARANTINE_COLUMNS),
            )
        )
    hit = np.flatnonzero(why >= 0)
    if len(hit):
        codes, reasons = (
            np.array([r.code for r in RULES], object),
            np.array([r.reason for r in RULES], object),
        )
        parts.append(
            pd.DataFrame(
                {
                    "file": text.file,
                    "sheet": text.sheet,
                    "row": text.rows[hit],
                    "column": column,
                    "code": codes[why[hit]],
                    "reason": reasons[why[hit]],
                }
            )
        )
    for found, reason in (
        (conflict, "several rows of one record that contradict each other"),
        (superseded, "a later row of the same record, with the same dates, stands"),
    ):
        if found.any():
            parts.append(
                pd.DataFrame(
                    {
                        "file": text.file,
                        "sheet": text.sheet,
                        "row": text.rows[found],
                        "column": rows.pathway.record_id,
                        "code": "Q-CONFLICT",
                        "reason": reason,
                    }
                )
            )
    if not parts:
        return pd.DataFrame(
            {c: pd.Series([], dtype="int64" if c == "row" else "str") for c in QUARANTINE_COLUMNS}
        )
    return pd.concat(parts, ignore_index=True).sort_values(
        ["file", "sheet", "row"], kind="stable", ignore_index=True
    )


def _extract_findings(text: Text, pathway: Pathway) -> list[Finding]:
    found = []
    for at, wait in enumerate(pathway.waits):
        if wait.completed not in text.columns and (
            at == 0 or text.extra
        ):  # a later stage may not be in the extract at all
            found.append(
                Finding(
                    "N-HEADER",
                    "warn",
                    text.file,
                    1,
                    f"no column '{wait.completed}': nobody completes the wait '{wait.name}', it only grows",
                    f"Map its heading in sendwaits.toml under [pathways.{pathway.code}.headings] (a proposal: sendwaits map FILE --pathway {pathway.code}), or ask for the column.",
                )
            )
    if text.blank:
        found.append(
            Finding(
                "N-BLANK",
                "info",
                text.file,
                text.blank,
                f"{text.blank} blank rows were left out; they are not rows read",
                "Nothing: noted.",
            )
        )
    if text.extra:
        names = ", ".join(f"'{' '.join(name.split())[:60]}'" for name in text.extra)
        found.append(
            Finding(
                "N-EXTRACOL",
                "info",
                text.file,
                len(text.extra),
                f"columns that are not read: {names}",
                "Leave them out of the export if they hold names or notes.",
            )
        )
    return found


def _rule_findings(quarantine: pd.DataFrame) -> list[Finding]:
    """One finding per rule that set rows aside, with the first rows to look at."""
    found = []
    for (file, code), group in quarantine.groupby(["file", "code"], sort=True):
        first = ", ".join(str(r) for r in group["row"].head(3))
        found.append(
            Finding(
                str(code),
                "warn",
                str(file),
                len(group),
                f"rows set aside: {group['reason'].iloc[0]} (first rows: {first})",
                REMEDIES.get(str(code), "Correct it in the source system and export again."),
            )
        )
    return found
