"""data/raw/series_*.csv: monthly totals without records, read by the reader of extracts, and why a row is set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from msgspec.structs import replace

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.intake import count_table
from sendwaits.intake.clean import LARGEST_LOST_PCT
from sendwaits.intake.extracts import read_bytes
from sendwaits.intake.extracts.csv_text import decode, first_rows
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.table import Broken, Finding, Text
from sendwaits.intake.months import month_of
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Monthly", "read", "read_all", "paths", "series", "COLUMNS"]

COLUMNS = ("month", "measure", "value", "unit", "note")
ROWS = [*COLUMNS, "source_file", "source_row"]
_LONG = Pathway(
    code="SERIES",
    waits=(),
    columns=dict.fromkeys(COLUMNS, "text"),
    required=COLUMNS[:3],
    record_id="",
    aliases={
        "month": ("Period", "Date", "Month ending", "Reporting month", "Time period"),
        "measure": ("Series", "Indicator", "Metric"),
        "value": ("Total", "Count", "Number", "Figure"),
        "unit": ("Units",),
        "note": ("Notes", "Comment"),
    },
)


@dataclass
class Monthly:
    """One series file: ``rows`` clean (month, measure, value, unit, note, source_file, source_row), the ledger, counts."""

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    findings: list[Finding]
    counts: dict[str, int]
    sha256: str


def paths(workspace: Workspace) -> list[Path]:
    """The series files of data/raw, by name."""
    if not workspace.raw.is_dir():
        return []
    named = re.compile(r"series_.*\.csv", re.IGNORECASE)
    return sorted(
        (p for p in workspace.raw.iterdir() if named.fullmatch(p.name)), key=lambda p: p.name
    )


def read(path: Path) -> Monthly:
    """One series file, long (month, measure, value) or with a month a column.

    No month: Q-MONTH; no number: Q-UNIT; two numbers of one month: Q-CONFLICT. ``1,234`` and ``36%`` are read and noted (N-NUM);
    a blank value and ``[c]`` are a month without a number. Raises `Refused` for a file half of which cannot be read.
    """
    data = read_bytes(path)
    if not data.strip():
        raise Refused(f"{path.name}: the file is empty. Export it again.", "F-EMPTY")
    text, table = _table(data, path.name)
    table["key"] = table["month"].map(month_of)
    spelt = table["measure"].map(tidy)
    table["measure"] = table.groupby(spelt)["measure"].transform("first")
    table = table.sort_values(["row", "key"], kind="stable", ignore_index=True)
    numbers = [_number(v) for v in table["value"]]
    table["number"] = pd.array(numbers, dtype=object)
    none = np.array([n is None for n in numbers], bool)
    why = np.select(
        [table["key"] == "", table["measure"] == "", none],
        ["Q-MONTH", "Q-CODE", "Q-UNIT"],
        "",
    )
    aside = pd.Series(why, table.index, dtype=object)
    good = table[aside == ""].assign(number=lambda t: t["number"].astype(float))
    same = ["key", "measure", "number", "unit", "note"]
    again = good.duplicated(same)
    conflict = good[~again].duplicated(["key", "measure"], keep=False)
    aside[conflict.index[conflict]] = "Q-CONFLICT"
    clean = good[~again & (aside[good.index] == "")]
    rows = pd.DataFrame(
        {
            "month": clean["key"],
            "measure": clean["measure"],
            "value": clean["number"],
            "unit": clean["unit"],
            "note": clean["note"],
            "source_file": path.name,
            "source_row": clean["row"],
        }
    ).reset_index(drop=True)
    quarantine = _quarantine(path.name, text, table, aside)
    counts = {
        "read": len(table) + len(text.broken),
        "clean": len(rows),
        "quarantined": len(quarantine),
        "merged": int(again.sum()),
    }
    if 100 * len(quarantine) > LARGEST_LOST_PCT * counts["read"] or not len(rows):
        cause = quarantine["reason"].mode().iloc[0] if len(quarantine) else "there is no row"
        raise Refused(
            f"{path.name}: {len(quarantine)} of {counts['read']} values cannot be read ({cause}). Write months as 2024-07 "
            "and plain numbers, one row a month, with the headings month, measure, value.",
            str(quarantine["code"].mode().iloc[0]) if len(quarantine) else "F-NOROWS",
        )
    notes = int(table["value"].str.contains(r"[,%£]").sum())
    return Monthly(
        rows,
        quarantine,
        [*text.findings, *_findings(path.name, quarantine, notes)],
        counts,
        store.digest_bytes(data),
    )


def _table(data: bytes, file: str) -> tuple[Text, pd.DataFrame]:
    """The file as text: one row per value with month, measure, value, unit, note and the row it stands on."""
    text, columns = count_table.read(data, file, _LONG, _wide)
    table = count_table.frame(text, ("unit", "note"))
    if columns is _LONG:
        return text, table
    across = [name for name in columns.columns if name not in COLUMNS]
    own, over = ("measure", "month") if "measure" in columns.columns else ("month", "measure")
    if own == "measure":
        total = table["measure"].str.fullmatch("(grand |sub-?)?totals?", case=False)
        rows = table["row"][total].tolist()
        text.broken += [Broken(r, "Q-TOTAL", "a total row, not a measure") for r in rows]
        table = table[~total]
    return text, table.melt(["row", own, "unit", "note"], across, over, "value")


def _names(*columns: str) -> set[str]:
    return {tidy(name) for c in columns for name in (c, *_LONG.aliases[c])}


def _wide(data: bytes, file: str) -> Pathway:
    """The columns of a file with a month a column, or with the column month and a measure a column. Raises `Refused` when it is none."""
    utf8, _ = decode(data, file)
    for row in first_rows(utf8, _LONG):
        months = [cell for cell in row if month_of(cell)]
        others = [cell for cell in row if cell.strip() and not month_of(cell)]
        if len(months) >= count_table.WIDE_FROM and others:
            own, across, heading = "measure", months, others[0]
        elif len(others) > 1 and tidy(others[0]) in _names("month") and not months:
            own, heading = "month", others[0]
            across = [c for c in others[1:] if tidy(c) not in _names("unit", "note")]
        else:
            continue
        if own == "month" and any(tidy(c) in _names("measure", "value") for c in across):
            continue
        columns = dict.fromkeys((own, "unit", "note", *across), "text")
        return replace(_LONG, columns=columns, required=(own, *across), headings={own: heading})
    raise Refused(
        f"{file}: the headings month, measure and value are not all there. A series file has the headings {', '.join(COLUMNS)}, "
        "or a column 'measure' and a column for each month.",
        "F-COLMISSING",
    )


_REASONS = {
    "Q-MONTH": ("month", "not a month, as 2024-07 or Jul-24"),
    "Q-CODE": ("measure", "no measure"),
    "Q-UNIT": ("value", "not a number"),
    "Q-CONFLICT": ("value", "two numbers for one month"),
}


def _quarantine(file: str, text: Text, table: pd.DataFrame, aside: pd.Series) -> pd.DataFrame:
    rows = zip(table["row"][aside != ""], aside[aside != ""], strict=True)
    lost = ((int(row), _REASONS[code][0], code, _REASONS[code][1]) for row, code in rows)
    return count_table.quarantine(file, text, lost)


def _findings(file: str, quarantine: pd.DataFrame, numbers: int) -> list[Finding]:
    found = []
    for code, group in quarantine.groupby("code", sort=True):
        words = f"values set aside: {group['reason'].iloc[0]} (first rows: {', '.join(map(str, group['row'].head(3)))})"
        to_do = "Correct the row and save the file again."
        found.append(Finding(str(code), "warn", file, len(group), words, to_do))
    if numbers:
        words = "numbers written with thousands commas, per cent or pound signs were read"
        found.append(Finding("N-NUM", "info", file, numbers, words, "Nothing: noted."))
    return found


def _number(text: str) -> float | None:
    """The number a person wrote; NaN for a blank or a suppressed one; None for anything else."""
    if text in ("", "[c]", "c", "x", "z", ":", "[x]", "[z]"):
        return float("nan")
    plain = re.sub(r"^£\s*|\s*%$", "", text)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    return float(plain) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", plain) else None


def read_all(workspace: Workspace) -> tuple[pd.DataFrame, dict[str, str]]:
    """Every clean monthly total of every series file that stands, and in words why the others do not, by file name."""
    frames, refused = [], {}
    for path in paths(workspace):
        try:
            frames.append(read(path).rows)
        except Refused as error:
            refused[path.name] = str(error)
    made = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=ROWS)
    return made, refused


def series(workspace: Workspace, as_at: date | None = None) -> pd.DataFrame:
    """Every clean monthly total, one row per measure and month; months after ``as_at``, and its own unless it ends it, left out.

    A file that is refused is left out here and named by `check` and `read_all`.
    """
    made, _ = read_all(workspace)
    if as_at is not None and len(made):
        ends = pd.to_datetime(made["month"], format="%Y-%m") + pd.offsets.MonthEnd(0)
        made = made[(ends <= pd.Timestamp(as_at)).to_numpy()]
    return made.reset_index(drop=True)
