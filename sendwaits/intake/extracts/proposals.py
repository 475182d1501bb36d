"""Which heading of an unknown file is probably which canonical column: for a person to confirm, never applied by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sendwaits.errors import Refused
from sendwaits.intake.extracts import csv_text, read_bytes
from sendwaits.intake.extracts.headings import SEARCHED_ROWS, find_header, likeness, map_headings
from sendwaits.pathways import Pathway

__all__ = ["LIKELY", "alike", "code_words", "propose", "unused"]

LIKELY = 0.45
_DATE_KINDS = ("date", "future", "birth")
_MEANS: Mapping[str, str] = {
    "referral": "referral enquiry referred ref",
    "received": "received recvd arrived recd",
    "rejected": "rejected declined refused turned sent back returned",
    "closed": "closed end ended discharged discharge disch off ceased leaving",
    "reason": "reason why",
    "next": "next upcoming future",
    "appointment": "appointment appt appts visit slot",
    "source": "source requester referrer who by",
    "need": "need difficulty difficulties sen presenting problem diagnosis",
    "district": "district borough area locality residence",
    "birth": "birth born birthday dob",
    "school": "school nursery college setting",
    "sex": "sex gender",
    "priority": "priority urgency level rag",
    "date": "date dt on day when",
    "id": "id number num no identifier reference spell episode case",
    "start": "start started commenced began begun",
    "treatment": "treatment therapy intervention",
    "plan": "plan ehcp",
    "request": "request ehcna application",
    "issued": "issued finalised final",
    "first": "first initial 1st",
    "contact": "contact seen face",
    "assessment": "assessment assessed",
    "accepted": "accepted triaged triage agreed",
    "support": "support post",
    "exception": "exception exceptions exempt",
    "outcome": "outcome outc result",
    "decision": "decision y n",
}
"""Other words that suppliers use, by the word of the canonical names."""
_WORD = {word: name for name, words in _MEANS.items() for word in words.split()}
_CHILD = re.compile(r"\d{3}[ -]?\d{3}[ -]?\d{4}|[A-Z]\d{11}[0-9A-Z]")
_SEX = {"m", "f", "male", "female", "u", "unknown", "x", "i", "boy", "girl"}


def propose(path: Path, pathway: Pathway) -> list[dict[str, object]]:
    """One row per canonical column that the file may hold: column, required, heading ("" = none found), sure, why, dates (share of date-like cells)."""
    texts, cells = _columns(path, pathway)
    mapped = map_headings(texts, pathway)
    dated = {at: _date_like(cells[at]) for at in cells}
    known = {at: share if cells[at] else None for at, share in dated.items()}
    used = {at[0] for at in mapped.found.values()}
    made: dict[str, dict[str, object]] = {
        name: {
            "column": name,
            "required": name in pathway.required,
            "heading": texts[at[0]],
            "sure": True,
            "why": "the canonical name or a known alias",
            "dates": dated[at[0]],
        }
        for name, at in mapped.found.items()
    }
    scored = sorted(
        (
            (
                _score(texts[at], name, kind, known[at], pathway)
                + _shape(cells[at], name, pathway),
                name,
                at,
            )
            for name, kind in pathway.columns.items()
            if name not in made
            for at in range(len(texts))
            if texts[at] and at not in used
        ),
        key=lambda s: (-s[0], s[1], s[2]),
    )
    for score, name, at in scored:
        if score >= LIKELY and name not in made and at not in used:
            used.add(at)
            why = "alike in words" + (
                "; its cells are dates"
                if dated[at] > 0.5
                else "; its cells look like it"
                if _shape(cells[at], name, pathway) > 0
                else ""
            )
            made[name] = {
                "column": name,
                "required": name in pathway.required,
                "heading": texts[at],
                "sure": False,
                "why": why,
                "dates": dated[at],
            }
    for name in pathway.columns:
        made.setdefault(
            name,
            {
                "column": name,
                "required": name in pathway.required,
                "heading": "",
                "sure": False,
                "why": "no heading like it",
                "dates": 0.0,
            },
        )
    return [made[name] for name in pathway.columns]


def _columns(path: Path, pathway: Pathway) -> tuple[list[str], dict[int, list[str]]]:
    """The headings of the file and the filled cells of its first rows, by the place of the column."""
    rows = _first_rows(path, pathway)
    header = find_header(rows, pathway)
    if header is None:
        raise Refused(
            f"{path.name}: no row within the first {SEARCHED_ROWS} looks like a header.",
            "F-COLMISSING",
        )
    texts = [t.strip() for t in header.texts]
    return texts, {
        at: [c for row in rows[header.after :] if at < len(row) and (c := row[at].strip())]
        for at in range(len(texts))
    }


def unused(path: Path, pathway: Pathway, proposed: Sequence[Mapping[str, object]]) -> list[str]:
    """The headings of the file that no proposal takes, in their order."""
    taken = {p["heading"] for p in proposed}
    return [text for text in _columns(path, pathway)[0] if text and text not in taken]


def code_words(
    path: Path, pathway: Pathway, proposed: Sequence[Mapping[str, object]]
) -> dict[str, str]:
    """Words in code columns that stand for a code: word -> code, from its description ("Withdrawn" -> "W").

    A word is told only when all of it stands in the description of exactly one code, so no value of a child can be.
    """
    texts, cells = _columns(path, pathway)
    found: dict[str, str] = {}
    for one in proposed:
        codes = pathway.codes.get(str(one["column"]), {})
        known = {t.casefold() for t in (*codes, *codes.values(), *pathway.words)}
        at = texts.index(str(one["heading"])) if one["heading"] in texts and codes else None
        for word in sorted(set(cells[at])) if at is not None else ():
            parts = set(word.casefold().split())
            meant = [c for c, label in codes.items() if parts <= set(label.casefold().split())]
            if word.casefold() not in known and len(meant) == 1:
                found[word] = meant[0]
    return found


def _score(heading: str, name: str, kind: str, dated: float | None, pathway: Pathway) -> float:
    """Likeness in words, raised for date-like cells where dates belong and lowered where they do not."""
    near, plain = alike(heading, name, pathway), _translated(heading).split()
    if dated is None:  # an empty column: its heading alone says whether it holds dates
        return near - 0.3 * ((kind in _DATE_KINDS) != ("date" in plain or "next" in plain))
    if kind in _DATE_KINDS:
        return near + 0.1 if dated > 0.5 else near - 0.3
    return near - 0.3 if dated > 0.5 else near


def alike(heading: str, name: str, pathway: Pathway) -> float:
    """How alike a heading and a canonical column are, 0 to 1, in suppliers' words or ours."""
    return max(likeness(text, name, pathway) for text in (heading, _translated(heading)))


def _translated(heading: str) -> str:
    """The heading in the words of the canonical names: "Turned Down On" -> "rejected date"."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", heading)
    known = [
        _WORD.get(w.casefold())
        or next(
            (
                name
                for word, name in _WORD.items()
                if len(word) >= 4 and w.casefold().startswith(word)
            ),
            w.casefold(),
        )
        for w in words
    ]
    return " ".join(dict.fromkeys(known))


def _shape(cells: Sequence[str], name: str, pathway: Pathway) -> float:
    """What the cells themselves say: children's numbers, M and F, the codes of a code column, numbers that never repeat."""
    if not cells:
        return 0.0

    def share(fits: set[str]) -> float:
        return sum(c.casefold() in fits for c in cells) / len(cells)

    child = sum(bool(_CHILD.fullmatch(c)) for c in cells) / len(cells) > 0.5
    if name == "child_id":
        return 0.5 if child else 0.0
    if name == pathway.record_id:
        return (
            -0.5
            if child
            else 0.3
            if len(set(cells)) > 0.95 * len(cells) > 5 and any(ch.isdigit() for ch in cells[0])
            else -0.3
        )
    if name == "sex":
        return 0.5 if share(_SEX) > 0.9 else -0.2
    codes = {text.casefold() for pair in pathway.codes.get(name, {}).items() for text in pair}
    if pathway.columns[name] == "code" and codes:
        return 0.3 if share(codes) > 0.9 else -0.4
    if pathway.columns[name] == "flag":
        return 0.1 if share({"0", "1", "y", "n", "yes", "no"}) > 0.9 else -0.4
    return (
        -0.3
        if child
        or pathway.columns[name] == "text"
        and len(cells) > 20
        and len(set(cells)) > 0.9 * len(cells)
        else 0.0
    )


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
    from sendwaits.intake.clean.dates import FORMATS

    filled = [c.strip() for c in cells if c.strip()]
    shapes = [re.compile(p) for p in FORMATS.values()]
    return sum(any(s.search(c) for s in shapes) for c in filled) / len(filled) if filled else 0.0
