"""The canonical columns of every pathway: kind, required or not, meaning, sensitivity. `python -m sendwaits.intake.schema` prints the page."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendwaits.pathways import Pathway, Wait, built_in

__all__ = ["Column", "columns", "page", "KINDS", "SENSITIVITY"]

KINDS: Mapping[str, str] = {
    "id": "text, kept as it is but for spaces at its ends",
    "date": "a day, on or before the extract date",
    "future": "a day, up to ten years after the extract date",
    "birth": "a day before the clock start",
    "code": "one of the codes listed below, or its meaning in words",
    "flag": "1 or 0; yes and no are read too",
    "text": "a short text, kept as it is but for spaces at its ends",
}
"""What a cell of each kind may hold; blank is allowed everywhere but in required columns."""

SENSITIVITY: Mapping[str, str] = {
    "direct": "identifies a child or a record by itself: never leaves memory; a keyed pseudonym or a running number stands for it",
    "combined": "could identify a child together with other facts: in data/processed, released only as counts behind the disclosure rules",
    "special": "a fact about a child's health or need (special category data): as combined",
    "event": "a date in a child's record: as combined",
    "dropped": "read for a check or an age and kept nowhere",
}

_MEANING: Mapping[str, tuple[str, str]] = {
    "child_id": ("NHS number, UPN or the supplier's own number of the child", "direct"),
    "referral_id": (
        "the supplier's number of the referral; without it a record is child and start date",
        "direct",
    ),
    "request_id": (
        "the number of the request; without it a record is child and request date",
        "direct",
    ),
    "referral_date": ("the referral was received", "event"),
    "request_date": ("the request for an assessment was received", "event"),
    "rejected_date": ("the referral was rejected: it counts as received and never waits", "event"),
    "closed_date": ("the record was closed or the child discharged", "event"),
    "closed_reason": ("why it was closed, in the supplier's words", "special"),
    "next_appointment_date": ("the next appointment booked, as last recorded", "event"),
    "priority": ("the referral's priority", "combined"),
    "source": ("who referred", "combined"),
    "request_source": (
        "who asked: 1 young person or parent, 2 school, 3 health, 4 social care, 5 other; or free words",
        "combined",
    ),
    "need": ("the main need or reason for referral", "special"),
    "date_of_birth": ("for the age at the clock start; only the age in years is kept", "dropped"),
    "sex": ("as recorded", "combined"),
    "district": (
        "the district of residence; with [area] districts any other text is unknown",
        "combined",
    ),
    "school": ("the school or setting", "combined"),
    "accepted_date": ("the referral was accepted at triage", "event"),
    "first_appointment_date": ("the first appointment took place", "event"),
    "outcome_date": ("the outcome of the assessment was given", "event"),
    "support_date": ("support after the outcome began", "event"),
    "assessment_date": ("the assessment took place", "event"),
    "treatment_date": ("treatment began", "event"),
    "first_contact_date": ("the first contact took place", "event"),
    "review_date": ("the review is due", "event"),
    "worker": ("who holds the case", "combined"),
    "request_outcome": ("the decision whether to assess", "combined"),
    "request_outcome_date": ("the day of that decision", "event"),
    "assessment_outcome": ("the decision whether to issue a plan", "combined"),
    "assessment_outcome_date": ("the day of that decision", "event"),
    "plan_date": ("the final plan was issued", "event"),
    "week20": ("1 = an exception to the 20 weeks applies", "combined"),
    "request_mediation": ("1 = mediation after the decision not to assess", "combined"),
    "request_tribunal": ("1 = an appeal against the decision not to assess", "combined"),
    "assessment_mediation": ("1 = mediation after the decision not to issue", "combined"),
    "assessment_tribunal": ("1 = an appeal against the decision not to issue", "combined"),
}


@dataclass(frozen=True)
class Column:
    """One canonical column. ``role``: which waits it starts and ends, in words; ``sensitivity``: a key of `SENSITIVITY`."""

    name: str
    kind: str
    required: bool
    meaning: str
    sensitivity: str
    role: str = ""


def columns(pathway: Pathway) -> tuple[Column, ...]:
    """The canonical columns of a pathway, a workspace's own included, in the order of its file.

    A column of the user's own has no meaning here but its role; it is taken as ``event`` when a date, else ``combined``.
    """
    made = []
    for name, kind in pathway.columns.items():
        own = "event" if kind in ("date", "future") else "combined"
        meaning, sensitivity = _MEANING.get(
            name, (pathway.headings.get(name, "a column of the workspace's own"), own)
        )
        made.append(
            Column(
                name,
                kind,
                name in pathway.required,
                meaning,
                sensitivity,
                "; ".join(_roles(pathway, name)),
            )
        )
    return tuple(made)


def _roles(pathway: Pathway, name: str) -> Iterator[str]:
    for wait in pathway.waits:
        if name == wait.start:
            yield f"starts {wait.name}"
        if name == wait.completed:
            yield f"completes {wait.name}"
        if any(removal.date == name for removal in (*wait.removed, *wait.withdrawn)):
            yield f"removes from {wait.name}"


_HEAD = """# Data dictionary

Written by `python -m sendwaits.intake.schema` (`make docs`); a page that no longer says what the code reads fails the tests.

A file `data/raw/<CODE>_<YYYY-MM-DD>.csv` or `.xlsx` whose headings are the names below is accepted as it is, in any column order. Other headings are mapped: docs/new-supplier.md.
Dates: 2024-03-01, 01/03/2024, 1-Mar-24 or 1-Mar-2024, Excel dates; one format in each column. Columns that are not named here are ignored and named once."""


def page(pathways: Iterable[Pathway] | None = None) -> str:
    """The data dictionary in Markdown: kinds, sensitivities, then one table a pathway with its waits and codes."""
    parts = [
        _HEAD,
        "## Kinds",
        _table(("kind", "a cell holds"), list(KINDS.items())),
        "## Sensitivity",
        _table(("word", "means"), list(SENSITIVITY.items())),
    ]
    for pathway in built_in().values() if pathways is None else pathways:
        rows = [
            (f"`{c.name}`" + (" *" if c.required else ""), c.kind, c.meaning, c.role, c.sensitivity)
            for c in columns(pathway)
        ]
        parts += [
            f"## {pathway.code}: {pathway.title}",
            "* = required",
            _table(("column", "kind", "meaning", "in the waits", "sensitivity"), rows),
        ]
        parts.append(
            _table(
                ("wait", "measured", "standard"),
                [(w.name, w.label, _standard(w)) for w in pathway.waits],
            )
        )
        codes = [
            (f"`{name}`", code, words)
            for name, table in pathway.codes.items()
            for code, words in table.items()
        ]
        if codes:
            parts.append(_table(("column", "code", "meaning"), codes))
    return "\n\n".join(parts) + "\n"


def _standard(wait: Wait) -> str:
    unit, days = wait.standard
    which = "" if unit == "calendar" else f"{unit} "
    return "none" if wait.standard_days is None else f"{days} {which}days, inclusive"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode("utf-8"))
