"""Which heading of an unknown file is probably which canonical column: for a person to confirm, never applied by itself."""

from __future__ import annotations

from pathlib import Path

from sendwaits.errors import Refused
from sendwaits.intake.extracts import csv_text, read_bytes
from sendwaits.intake.extracts.headings import SEARCHED_ROWS, find_header, likeness, map_headings
from sendwaits.pathways import Pathway

__all__ = ["propose"]

_LIKELY = 0.45
_DATE_KINDS = ("date", "future", "birth")


def propose(path: Path, pathway: Pathway) -> list[dict[str, object]]:
    """One row per canonical column that the file may hold: column, required, heading ("" = none found), sure, why, dates (share of date-like cells)."""
    rows = _first_rows(path, pathway)
    header = find_header(rows, pathway)
    if header is None:
        raise Refused(f"{path.name}: no row within the first {SEARCHED_ROWS} looks like a header.", "F-COLMISSING")
    texts = [t.strip() for t in header.texts]
    mapped = map_headings(texts, pathway)
    dated = {at: _date_like([row[at] for row in rows[header.after:] if at < len(row)]) for at in range(len(texts))}
    used = {at[0] for at in mapped.found.values()}
    made: dict[str, dict[str, object]] = {
        name: {"column": name, "required": name in pathway.required, "heading": texts[at[0]], "sure": True, "why": "the canonical name or a known alias", "dates": dated[at[0]]}
        for name, at in mapped.found.items()}
    scored = sorted(((_score(texts[at], name, kind, dated[at], pathway), name, at) for name, kind in pathway.columns.items() if name not in made
                     for at in range(len(texts)) if texts[at] and at not in used), key=lambda s: (-s[0], s[1], s[2]))
    for score, name, at in scored:
        if score >= _LIKELY and name not in made and at not in used:
            used.add(at)
            why = "alike in words" + ("; its cells are dates" if dated[at] > 0.5 else "")
            made[name] = {"column": name, "required": name in pathway.required, "heading": texts[at], "sure": False, "why": why, "dates": dated[at]}
    for name in pathway.columns:
        made.setdefault(name, {"column": name, "required": name in pathway.required, "heading": "", "sure": False, "why": "no heading like it", "dates": 0.0})
    return [made[name] for name in pathway.columns]


def _score(heading: str, name: str, kind: str, dated: float, pathway: Pathway) -> float:
    """Likeness in words, raised for date-like cells where dates belong and lowered where they do not."""
    alike = likeness(heading, name, pathway)
    if kind in _DATE_KINDS:
        return alike + 0.1 if dated > 0.5 else alike - 0.3
    return alike - 0.3 if dated > 0.5 else alike


def _first_rows(path: Path, pathway: Pathway) -> list[list[str]]:
    """The first rows of a CSV file or of the fullest visible sheet, as text."""
    data = read_bytes(path)
    if data[:2] == b"PK":
        from sendwaits.intake.extracts import workbook

        workbook.guard(data, path.name)
        visible = [s for s in workbook.sheets(data, path.name) if s.visible]
        if not visible:
            raise Refused(f"{path.name}: no visible sheet holds a cell.", "F-EMPTY")
        sheet = max(visible, key=lambda s: len(s.rows))
        return [sheet.texts(at) for at in range(min(200, len(sheet.rows)))]
    text, _ = csv_text.decode(data, path.name)
    return csv_text.first_rows(text, pathway)


def _date_like(cells: list[str]) -> float:
    """Share of the non-blank cells that have the shape of a date, 0 to 1."""
    import re

    from sendwaits.intake.clean.dates import FORMATS

    filled = [c.strip() for c in cells if c.strip()]
    shapes = [re.compile(p) for p in FORMATS.values()]
    return sum(any(s.search(c) for s in shapes) for c in filled) / len(filled) if filled else 0.0
