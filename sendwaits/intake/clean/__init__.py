"""Text rows -> typed rows, and the ledger: read = clean + quarantined + merged, for every file, or it stops.

One rule = one function (`clean.rules`) = one code = one row in the findings. No value from the data in any message.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake import extracts
from sendwaits.intake.clean.date_order import refuse_order, refuse_unread
from sendwaits.intake.clean.dates import BLANK
from sendwaits.intake.clean.ledger import (
    FINDING_COLUMNS,
    NO_RECORD,
    QUARANTINE_COLUMNS,
    Cleaned,
    settle,
)
from sendwaits.intake.clean.rows import Rows
from sendwaits.intake.clean.rules import REMEDIES, RULES
from sendwaits.intake.clean.whole import swapped_days
from sendwaits.intake.extracts.table import Finding
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile
    from sendwaits.workspace import Workspace

__all__ = ["Cleaned", "load", "QUARANTINE_COLUMNS", "FINDING_COLUMNS", "LARGEST_SHARE"]

LARGEST_SHARE = 0.05
"""Share of rows dated after the extract, or born after the referral, above which the file is refused. Source: CONTRACT section 6."""
RED_LOST_PCT, LARGEST_LOST_PCT = 20, 50
"""Rows set aside, in per cent of a file's records: red above the first, refused above the second. Source: CONTRACT section 6."""


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
    cleaned = settle(file, rows, why, column)
    _refuse_lost(cleaned, rows.text.read, allow_empty)
    _refuse_nobody(cleaned, rows, why)
    return cleaned


def _refuse_nobody(cleaned: Cleaned, rows: Rows, why: np.ndarray) -> None:
    """Refuses a file most of whose records name no child; a red finding when it is over a fifth."""
    name, column = cleaned.file.name, rows.text.headings.get("child_id", "child_id")
    nobody, alive = int((rows.no_child & (why < 0)).sum()), int((why < 0).sum())
    words = f"of {alive:,} rows have no child's id in '{' '.join(column.split())[:60]}'"
    if 100 * nobody > LARGEST_LOST_PCT * alive:
        raise RefusedFile(
            f"{name}: {nobody:,} {words}: referrals of one child cannot be told from those of several. Map the right heading, or "
            "ask the supplier for the ids.",
            "Q-NOID",
            cleaned,
        )
    if 100 * nobody > RED_LOST_PCT * alive:
        words = (
            "rows, over a fifth of the list, have no child's id; each counts as a child of its own"
        )
        to_do = "Ask the supplier for the ids."
        cleaned.findings.append(Finding("W-CHILD", "red", name, nobody, words, to_do))


def _refuse_lost(cleaned: Cleaned, read: int, allow_empty: bool) -> None:
    """Refuses a file most of whose records were set aside; a red finding when it is over a fifth."""
    lost = cleaned.quarantine[~cleaned.quarantine["code"].isin(NO_RECORD)]
    nothing = not len(cleaned.rows) and len(cleaned.quarantine) and not allow_empty
    if cleaned.lost_pct <= RED_LOST_PCT and not nothing:
        return
    causes = (lost if len(lost) else cleaned.quarantine)["code"].value_counts()
    code, name = str(causes.index[0]), cleaned.file.name
    words = f"of {read:,} rows are set aside, most of them by {code}"
    if nothing or cleaned.lost_pct > LARGEST_LOST_PCT:
        raise RefusedFile(
            f"{name}: {len(lost):,} {words}: more than half of the list cannot be read. See quarantine.csv for the rows, and: "
            f"{REMEDIES.get(code, 'correct them.')}",
            code,
            cleaned,
        )
    words = f"rows are set aside, over a fifth of the list, most of them by {code}: every figure is short of them"
    to_do = REMEDIES.get(code, "Correct them.")
    cleaned.findings.append(Finding("W-ASIDE", "red", name, len(lost), words, to_do))


def _refuse(rows: Rows) -> None:
    """Refuses the file when a column or too many rows say that the whole of it is wrong."""
    file, total = rows.text.file, max(rows.text.read, 1)
    needed = {rows.pathway.rejected, *rows.pathway.wait_dates}
    for name, read in rows.dates.items():
        if name not in rows.pathway.dates:
            refuse_order(name, read, rows.column(name), file, rows.pathway.code)
        if name in needed:
            refuse_unread(name, read, rows.column(name), file, rows.pathway.code)
    for mark in rows.text.error_cells:
        name = mark.removeprefix("formula:")
        if name != mark and name in {*needed, *rows.pathway.required}:
            raise Refused(
                f"{file}: '{name}' holds formulas that were never calculated. Open the workbook in Excel, save it, and copy it again.",
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
        for name, _ in swapped_days(rows):
            raise Refused(
                f"{file}: in '{name}' day and month seem to have been swapped: {int(late.sum())} of {total} rows are dated after the day of "
                "the extract, and would not be the other way round. Export the column anew, as 2024-07-31.",
                "F-USDATE",
            )
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
