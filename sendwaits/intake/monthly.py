"""data/raw/series_*.csv: monthly totals without records, and why a row is set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.extracts import read_bytes
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.table import Finding

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Monthly", "read", "paths", "series", "COLUMNS"]

COLUMNS = ("month", "measure", "value", "unit", "note")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


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
    return sorted(
        (
            p
            for p in workspace.raw.iterdir()
            if re.fullmatch(r"series_.*\.csv", p.name, re.IGNORECASE)
        ),
        key=lambda p: p.name,
    )


def read(path: Path) -> Monthly:
    """One series file. A month that is not YYYY-MM is Q-MONTH, a value that is no number Q-UNIT, two values for one month Q-CONFLICT.

    ``1,234`` and ``36%`` are read and noted (N-NUM); a blank value and ``[c]`` are a month without a number. Raises `Refused`.
    """
    import csv
    import hashlib
    import io

    from sendwaits.intake.extracts.csv_text import decode

    data = read_bytes(path)
    if not data.strip():
        raise Refused(f"{path.name}: the file is empty. Export it again.", "F-EMPTY")
    text, _ = decode(data, path.name)
    lines = text.decode("utf-8")
    first = lines.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=max(",;\t", key=first.count))
    head = [tidy(h) for h in next(reader, [])]
    missing = [name for name in COLUMNS[:3] if name not in head]
    if missing:
        raise Refused(
            f"{path.name}: heading '{missing[0]}' is missing. A series file has the headings {', '.join(COLUMNS)}.",
            "F-COLMISSING",
        )
    clean: list[tuple[str, str, float, str, str, int]] = []
    aside: list[tuple[int, str, str, str]] = []
    numbers = merged = n = 0
    seen: dict[tuple[str, str], tuple[int, tuple[object, ...]]] = {}
    wrong: set[tuple[str, str]] = set()
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(c.strip() for c in cells):
            continue
        n += 1
        if len(cells) != len(head):
            aside.append(
                (line, "", "Q-FIELDS", f"{len(cells)} fields where the header has {len(head)}")
            )
            continue
        row = {name: cells[head.index(name)].strip() if name in head else "" for name in COLUMNS}
        if not _MONTH.fullmatch(row["month"]):
            aside.append((line, "month", "Q-MONTH", "not a month as YYYY-MM"))
        elif not row["measure"]:
            aside.append((line, "measure", "Q-CODE", "no measure"))
        elif (value := _number(row["value"])) is None:
            aside.append((line, "value", "Q-UNIT", "not a number"))
        else:
            numbers += bool(re.search(r"[,%£]", row["value"]))
            key, content = (row["measure"], row["month"]), (repr(value), row["unit"], row["note"])
            if key in seen and seen[key][1] == content:
                merged += 1
                continue
            if key in seen:
                wrong.add(key)
            seen.setdefault(key, (line, content))
            clean.append((row["month"], row["measure"], value, row["unit"], row["note"], line))
    aside += [
        (row[5], "value", "Q-CONFLICT", "two numbers for one month")
        for row in clean
        if (row[1], row[0]) in wrong
    ]
    rows = [row for row in clean if (row[1], row[0]) not in wrong]
    made = pd.DataFrame(rows, columns=["month", "measure", "value", "unit", "note", "source_row"])
    made.insert(5, "source_file", path.name)
    quarantine = pd.DataFrame(
        [(path.name, "", *a) for a in sorted(aside)],
        columns=["file", "sheet", "row", "column", "code", "reason"],
    )
    found = [
        Finding(
            code,
            "warn",
            path.name,
            sum(a[2] == code for a in aside),
            f"rows set aside: {reason}",
            "Correct the row and save the file again.",
        )
        for code, reason in {a[2]: a[3] for a in aside}.items()
    ]
    if numbers:
        found.append(
            Finding(
                "N-NUM",
                "info",
                path.name,
                numbers,
                "numbers written with thousands commas, per cent or pound signs were read",
                "Nothing: noted.",
            )
        )
    return Monthly(
        made,
        quarantine,
        found,
        {"read": n, "clean": len(rows), "quarantined": len(aside), "merged": merged},
        hashlib.sha256(data).hexdigest(),
    )


def _number(text: str) -> float | None:
    """The number a person wrote; NaN for a blank or a suppressed one; None for anything else."""
    if text in ("", "[c]", "c", "x", "z", ":", "[x]", "[z]"):
        return float("nan")
    plain = re.sub(r"^£\s*|\s*%$", "", text)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    return float(plain) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", plain) else None


def series(workspace: Workspace, as_at: date | None = None) -> pd.DataFrame:
    """Every clean monthly total, one row per measure and month; months after ``as_at``, and its own unless it ends it, left out."""
    frames = [read(path).rows for path in paths(workspace)]
    made = (
        pd.concat(frames, ignore_index=True)
        if frames
        else pd.DataFrame(
            columns=["month", "measure", "value", "unit", "note", "source_file", "source_row"]
        )
    )
    if as_at is not None and len(made):
        ends = pd.to_datetime(made["month"], format="%Y-%m") + pd.offsets.MonthEnd(0)
        made = made[(ends <= pd.Timestamp(as_at)).to_numpy()]
    return made.reset_index(drop=True)
