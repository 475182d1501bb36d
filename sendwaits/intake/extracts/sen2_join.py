"""The modules of a SEN2 return -> one row per request: `join` follows the ids to person, assessment, plan and need.

A row whose parent is not there is an orphan (Q-ORPHAN).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from sendwaits.intake import identity
from sendwaits.intake.extracts.sen2_modules import MODULES, Modules, Row
from sendwaits.intake.extracts.table import Broken, Text
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

__all__ = ["join"]

_CANONICAL = {
    "requests": {
        "requeststableid": "request_id",
        "receiveddate": "request_date",
        "requestsource": "request_source",
        "requestoutcome": "request_outcome",
        "requestoutcomedate": "request_outcome_date",
        "requestmediation": "request_mediation",
        "requesttribunal": "request_tribunal",
    },
    "assessment": {
        "assessmentoutcome": "assessment_outcome",
        "assessmentoutcomedate": "assessment_outcome_date",
        "assessmentmediation": "assessment_mediation",
        "assessmenttribunal": "assessment_tribunal",
        "week20": "week20",
    },
    "namedplan": {"ceasedate": "closed_date", "ceasereason": "closed_reason"},
}


def join(
    made: Modules, file: ExtractFile, pathway: Pathway, names: dict[str, str], sheet: str = ""
) -> Text:
    """One row per request with what hangs on it; orphans set aside; every row of every module counted."""
    from sendwaits.intake.extracts.workbook import column

    broken = _link(made, names)
    below: dict[int, dict[str, list[Row]]] = {}
    for module in ("assessment", "namedplan", "plandetail", "activeplans", "senneed"):
        for row in made[module]:
            if "requests" in row.up:
                below.setdefault(id(row.up["requests"]), {}).setdefault(module, []).append(row)
    records = [_record(row, below.get(id(row), {}), pathway.columns) for row in made["requests"]]
    columns = {
        name: column([r[name] for r in records])
        for name in pathway.columns
        if any(r.get(name) for r in records) or name in pathway.required
    }
    main = names.get("requests", file.name)
    text = Text(
        main, sheet, columns, np.array([r.line for r in made["requests"]], np.int64), broken=broken
    )
    for col in columns.values():
        col.kinds = None
    for module, rows in made.items():
        if module != "requests":
            name = names.get(module, main)
            if names or rows:
                text.others[name] = text.others.get(name, 0) + len(rows)
    return text


def _link(made: Modules, names: dict[str, str]) -> list[Broken]:
    """Hangs every row on its parents by id (XML rows hang already); takes orphans out and returns them."""
    broken = []
    for module in MODULES.values():
        if not module.parents:
            continue
        ids = {
            parent: {
                row.fields.get(f"{parent}tableid", ""): row
                for row in made[parent]
                if row.fields.get(f"{parent}tableid")
            }
            for parent in module.parents
        }
        kept = []
        for row in made[module.name]:
            if not row.up:
                for parent in module.parents:
                    found = ids[parent].get(row.fields.get(f"{parent}tableid", ""))
                    if found is not None:
                        row.up = {**found.up, parent: found}
                        break
            if row.up or (module.name == "requests" and not made["person"]):
                kept.append(row)
            else:
                broken.append(
                    Broken(
                        row.line,
                        "Q-ORPHAN",
                        f"no {' or '.join(module.parents)} row with its id",
                        f"{module.parents[0]}tableid",
                        "",
                        names.get(module.name, ""),
                    )
                )
        made[module.name] = kept
    return broken


def _record(row: Row, below: dict[str, list[Row]], columns: Iterable[str]) -> dict[str, str]:
    """The canonical columns of one request. A plan is issued on the outcome date of a Y; the earliest assessment with one counts."""
    person = row.up.get("person", Row({}, 0)).fields
    record = dict.fromkeys(columns, "")
    own = row.fields
    upn = person.get("upn", "")
    record["child_id"] = (
        ("" if re.search(identity.NOBODY, upn) else upn)
        or _who(person)
        or whole_number(person.get("persontableid") or own.get("persontableid", ""))
        or ("" if "person" not in row.up else f"person {row.up['person'].line}")
    )
    record["date_of_birth"] = person.get("personbirthdate", "")
    record["sex"] = {"1": "M", "2": "F", "0": "", "9": ""}.get(
        whole_number(person.get("gendercurrent", "")), person.get("gendercurrent", "")
    ) or person.get("sex", "")
    for source, target in _CANONICAL["requests"].items():
        record[target] = own.get(source, "")
    record["request_id"] = whole_number(record["request_id"])
    assessments = sorted(
        below.get("assessment", []),
        key=lambda r: (r.fields.get("assessmentoutcome") != "Y", r.line),
    )
    if assessments:
        for source, target in _CANONICAL["assessment"].items():
            record[target] = assessments[0].fields.get(source, "")
    plans = below.get("namedplan", [])
    if plans:
        for source, target in _CANONICAL["namedplan"].items():
            record[target] = next((p.fields[source] for p in plans if p.fields.get(source)), "")
    if record["assessment_outcome"].upper() == "Y":
        record["plan_date"] = record["assessment_outcome_date"] or next(
            (p.fields["startdate"] for p in plans if p.fields.get("startdate")), ""
        )
    elif record["assessment_outcome"].upper() == "H":
        record["plan_date"] = next(
            (p.fields["startdate"] for p in plans if p.fields.get("startdate")), ""
        )
    ranked = sorted(
        below.get("senneed", []), key=lambda r: (r.fields.get("sentyperank", "9"), r.line)
    )
    record["need"] = ranked[0].fields.get("sentype", "") if ranked else ""
    places = sorted(
        below.get("plandetail", []), key=lambda r: (r.fields.get("placementrank", "9"), r.line)
    )
    record["school"] = next(
        (p.fields[f] for p in places for f in ("urn", "ukprn") if p.fields.get(f)), ""
    )
    for name in (
        "week20",
        "request_source",
        "request_mediation",
        "request_tribunal",
        "assessment_mediation",
        "assessment_tribunal",
    ):
        record[name] = whole_number(record[name])
    return record


def _who(person: dict[str, str]) -> str:
    """What tells a person without UPN from others, the same in every return (its table ids are not); it leaves memory only as a pseudonym."""
    if person.get("uniquelearnernumber"):
        return f"uln {person['uniquelearnernumber']}"
    if person.get("surname"):
        return " ".join(
            person.get(f, "") for f in ("surname", "forename", "personbirthdate")
        ).casefold()
    return ""


def whole_number(text: str) -> str:
    return re.sub(r"^(\d+)\.0+$", r"\1", text)
