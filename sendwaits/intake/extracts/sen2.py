"""The SEN2 person-level return, as XML, as the Blade CSV set and as the DfE template workbook -> one row per request.

All three become the same modules (rows of text by column, with the line they stand on); `_join` follows the ids from
request to person, assessment, plan and need. A row whose parent is not there is an orphan (Q-ORPHAN).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake import identity
from sendwaits.intake.extracts.csv_text import decode, not_a_record
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.table import Broken, Text
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

DEEPEST = 64
"""Levels of elements in a return's XML; the return itself has nine."""

__all__ = ["read_xml", "read_blade", "read_template", "MODULES"]


@dataclass(frozen=True)
class Module:
    """One table of the return: its XML element, the modules it may hang on (nearest first), and headings of the template."""

    name: str
    element: str
    parents: tuple[str, ...]
    fields: tuple[str, ...]
    template: dict[str, str] = field(default_factory=dict)


MODULES: dict[str, Module] = {
    m.name: m
    for m in (
        Module(
            "person",
            "person",
            (),
            (
                "persontableid",
                "personbirthdate",
                "gendercurrent",
                "sex",
                "upn",
                "uniquelearnernumber",
                "upnunknown",
            ),
            {
                "personbirthdate": "Date of Birth",
                "gendercurrent": "Gender",
                "upn": "UPN - Unique Pupil Number",
                "upnunknown": "UPN and ULN unavailable",
                "surname": "Surname",
                "forename": "Forename",
                "ethnicity": "Ethnicity",
                "postcode": "Post Code",
            },
        ),
        Module(
            "requests",
            "requests",
            ("person",),
            (
                "requeststableid",
                "receiveddate",
                "requestsource",
                "rya",
                "requestoutcomedate",
                "requestoutcome",
                "requestmediation",
                "requesttribunal",
                "exported",
            ),
            {
                "receiveddate": "Date request was received",
                "requestsource": "Source of request for an EHC needs assessment",
                "rya": "Initial Request Whilst In RYA",
                "requestoutcomedate": "Request Outcome Date",
                "requestoutcome": "Request Outcome",
                "requestmediation": "Request Mediation",
                "requesttribunal": "Request Tribunal",
                "exported": "Exported",
            },
        ),
        Module(
            "assessment",
            "assessment",
            ("requests",),
            (
                "assessmenttableid",
                "assessmentoutcome",
                "assessmentoutcomedate",
                "assessmentmediation",
                "assessmenttribunal",
                "othermediation",
                "othertribunal",
                "week20",
            ),
            {
                "assessmentoutcome": "Assessment Outcome - Decision to issue EHC plan",
                "assessmentoutcomedate": "Assessment Outcome Date",
                "assessmentmediation": "Assessment Mediation",
                "assessmenttribunal": "Assessment Tribunal",
                "othermediation": "Other Mediation",
                "othertribunal": "Other Tribunal",
                "week20": "Twenty week time limit exceptions apply",
            },
        ),
        Module(
            "namedplan",
            "namedplan",
            ("assessment", "requests"),
            (
                "namedplantableid",
                "startdate",
                "planres",
                "planwbp",
                "pb",
                "oa",
                "dp",
                "ceasedate",
                "ceasereason",
            ),
            {
                "startdate": "EHC Plan Start Date",
                "planres": "Residential Settings",
                "planwbp": "Work Based Learning Activity",
                "pb": "Personal Budget taken up",
                "oa": "Personal Budget - Organised Arrangements",
                "dp": "Personal Budget - Direct Payments",
                "ceasedate": "Date EHC plan ceased",
                "ceasereason": "Reason EHC plan ceased",
            },
        ),
        Module(
            "plandetail",
            "plandetail",
            ("namedplan", "requests"),
            ("plandetailtableid", "urn", "ukprn", "sensetting", "sensettingother", "placementrank"),
            {
                "urn": "URN - Unique Reference Number",
                "ukprn": "UKPRN - UK Provider Reference Number",
                "sensetting": "SEN Setting – Establishment type",
                "sensettingother": "SEN Setting - Other",
                "placementrank": "Placement Rank",
            },
        ),
        Module(
            "activeplans",
            "activeplans",
            ("requests",),
            ("activeplanstableid", "transferla", "reviewmeeting", "reviewoutcome", "lastreview"),
            {
                "transferla": "EHC Plan transferred in from another LA during calendar year",
                "reviewmeeting": "EHC Plan Review Decisions Date",
                "reviewoutcome": "Annual Review Decision",
                "lastreview": "Annual Review Meeting Date",
            },
        ),
        Module(
            "placementdetail",
            "placementdetail",
            ("activeplans", "requests"),
            ("placementdetailtableid", "urn", "entrydate", "leavingdate", "placementrank"),
            {
                "urn": "URN - Unique Reference Number",
                "entrydate": "Placement Start Date",
                "leavingdate": "Placement Leaving Date",
                "placementrank": "Placement Rank",
            },
        ),
        Module(
            "senneed",
            "senneed",
            ("activeplans", "requests"),
            ("senneedtableid", "sentype", "sentyperank"),
            {"sentype": "SEN Type of Need", "sentyperank": "SEN Type of Need rank"},
        ),
    )
}
"""The tables of the return that have persons. Source: reference/domain/sen2_columns.csv; the return's own header table is no module of rows."""

_ALSO = {
    "plandetails": "plandetail",
    "named_plan": "namedplan",
    "persons": "person",
    "request": "requests",
    "assessments": "assessment",
    "namedplans": "namedplan",
    "activeplan": "activeplans",
    "senneeds": "senneed",
    "placementdetails": "placementdetail",
}
_SPELT = {
    "rquestsource": "requestsource",
    "requestrecordsid": "requeststableid",
    "requestsrecordid": "requeststableid",
    "personid": "persontableid",
    "planwpb": "planwbp",
}


@dataclass
class Row:
    """One row of a module: its fields by tidy name, the line a person sees, and the rows it hangs on by module."""

    fields: dict[str, str]
    line: int
    up: dict[str, Row] = field(default_factory=dict)


Modules = dict[str, list[Row]]


def _key(name: str) -> str:
    """The module a file or table name means, or ""."""
    plain = tidy(name)
    plain = _ALSO.get(plain, plain)
    return plain if plain in MODULES else ""


# -- XML


def read_xml(data: bytes, file: ExtractFile, pathway: Pathway) -> Text:
    """The return as XML. Any document type or entity is refused: nothing is expanded, nothing fetched. Rows are lines of the file."""
    made: Modules = {name: [] for name in MODULES}
    stack: list[tuple[str, Row | None]] = []
    content: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def forbid(*_: Any) -> None:
        raise Refused(
            f"{file.name}: the XML defines a document type or entities, which an extract never needs. Export the return again.",
            "F-KIND",
        )

    def start(name: str, _: Any) -> None:
        local = tidy(name.rsplit(":", 1)[-1])
        content.clear()
        if len(stack) >= DEEPEST:
            raise Refused(
                f"{file.name}: the XML is nested over {DEEPEST} levels deep, which no return is. Export the return again.",
                "F-KIND",
            )
        if local in MODULES and local != "persons":
            row = Row({}, parser.CurrentLineNumber)
            for above, held in reversed(stack):
                if held is not None:
                    row.up = {**held.up, above: held}
                    break
            made[local].append(row)
            stack.append((local, row))
        else:
            stack.append((local, None))

    def end(_: str) -> None:
        local, row = stack.pop()
        if row is None and stack:
            holder = next((held for _, held in reversed(stack) if held is not None), None)
            text = "".join(content).strip()
            if holder is not None and text and local not in MODULES:
                holder.fields.setdefault(_SPELT.get(local, local), text)
        content.clear()

    parser.StartDoctypeDeclHandler = forbid
    parser.EntityDeclHandler = forbid
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        start,
        end,
        content.append,
    )
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refused(
            f"{file.name}: the XML breaks off or is damaged at line {error.lineno}. Export the return again.",
            "F-TRUNC",
        ) from None
    if not made["requests"] and not made["person"]:
        raise Refused(
            f"{file.name}: the XML holds no SEN2 persons. Export the person-level return.",
            "F-SERVICE",
        )
    return _join(made, file, pathway, {})


# -- Blade


def read_blade(file: ExtractFile, pathway: Pathway) -> Text:
    """The Blade CSV set: one file a module, linked by ids. The requests are required; names of files give the module."""
    from sendwaits.intake.extracts import kinds, read_bytes

    made: Modules = {name: [] for name in MODULES}
    names: dict[str, str] = {}
    broken: list[Broken] = []
    others: dict[str, int] = {}
    for module, path in file.modules:
        key = _key(module)
        if not key:
            others[path.name] = 0
            continue
        names[key] = path.name
        data = read_bytes(path)
        kinds.refuse_other_kind(data, type(file)(path, file.pathway, file.extract_date, "csv"))
        made[key] = list(_csv_rows(data, path.name, broken))
    if "requests" not in names:
        raise Refused(
            f"{file.name}: the Blade set of {file.extract_date.isoformat()} has no requests file. Put Blade-Export_{file.extract_date:%d-%m-%Y}_requests.csv beside it.",
            "F-COLMISSING",
        )
    text = _join(made, file, pathway, names)
    text.broken += broken
    text.others = {**others, **text.others}
    return text


def _csv_rows(data: bytes, name: str, broken: list[Broken]) -> Iterator[Row]:
    import csv
    import io

    text, _ = decode(data, name)
    lines = text.decode("utf-8")
    reader = csv.reader(
        io.StringIO(lines, newline=""), delimiter=max(",;\t", key=lines.split("\n", 1)[0].count)
    )
    head = [_SPELT.get(tidy(h), tidy(h)) for h in next(reader, [])]
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(c.strip() for c in cells):
            continue
        if len(cells) != len(head):
            known = not_a_record(cells, head) or (
                "Q-FIELDS",
                f"{len(cells)} fields where the header has {len(head)}",
            )
            broken.append(Broken(line, *known, file=name))
            continue
        yield Row({h: c.strip() for h, c in zip(head, cells, strict=True)}, line)


# -- template


def read_template(data: bytes, file: ExtractFile, pathway: Pathway) -> Text:
    """The DfE template workbook: nine tables below each other on one sheet, each under its own header row."""
    from sendwaits.intake.extracts import workbook, workbook_xml

    archive = workbook.guard(data, file.name)
    data, _ = workbook_xml.without_strays(archive, data, file.name)
    made: Modules = {name: [] for name in MODULES}
    title = ""
    for sheet in workbook.sheets(data, file.name):
        if not sheet.visible:
            continue
        module, head = "", list[str]()
        title = (
            sheet.name
            if any(
                _template_header([" ".join(c.split()) for c in sheet.texts(at)])
                for at in range(min(40, len(sheet.rows)))
            )
            else title
        )
        for at in range(len(sheet.rows)):
            cells = [" ".join(c.split()) for c in sheet.texts(at)]
            filled = [c for c in cells if c]
            found = _template_header(cells) if len(filled) >= 2 else None
            if found is not None:
                module, head = found
            elif module and len(filled) >= 2:
                made[module].append(
                    Row({h: c for h, c in zip(head, cells, strict=False) if h}, sheet.first + at)
                )
    if not any(made.values()):
        raise Refused(
            f"{file.name}: no table of the SEN2 template is on a visible sheet. Use the DfE template, or export CSV or XML.",
            "F-COLMISSING",
        )
    return _join(made, file, pathway, {}, title)


def _template_header(cells: Sequence[str]) -> tuple[str, list[str]] | None:
    """The module whose headings this row holds, and its columns by field name; None for a row of data."""
    keys = [_template_key(c) for c in cells]
    best, best_hits = "", 0
    for module in MODULES.values():
        own = {tidy(label) for label in module.template.values()} | set(module.fields)
        hits = sum(k in own for k in keys)
        if hits > best_hits:
            best, best_hits = module.name, hits
    if best_hits < 2 and not (best == "senneed" and best_hits >= 1):
        return None
    labels = {tidy(label): name for name, label in MODULES[best].template.items()}
    return best, [labels.get(k, _SPELT.get(k, k)) for k in keys]


def _template_key(heading: str) -> str:
    """A template heading without what stands in brackets or after a dash that explains it."""
    plain = re.sub(r"\(.*?\)", "", heading)
    k = tidy(plain)
    for known in ("exported", "upnandulnunavailable"):
        if k.startswith(known):
            return known
    if k.startswith("uln"):
        return "uniquelearnernumber"
    return _SPELT.get(k, k)


# -- joining

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


def _join(
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
    records = [_record(row, below.get(id(row), {})) for row in made["requests"]]
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


def _record(row: Row, below: dict[str, list[Row]]) -> dict[str, str]:
    """The canonical columns of one request. A plan is issued on the outcome date of a Y; the earliest assessment with one counts."""
    person = row.up.get("person", Row({}, 0)).fields
    record = dict.fromkeys(
        (
            "child_id",
            "request_id",
            "request_date",
            "request_source",
            "request_outcome",
            "request_outcome_date",
            "assessment_outcome",
            "assessment_outcome_date",
            "plan_date",
            "week20",
            "closed_date",
            "closed_reason",
            "request_mediation",
            "request_tribunal",
            "assessment_mediation",
            "assessment_tribunal",
            "need",
            "date_of_birth",
            "sex",
            "district",
            "school",
        ),
        "",
    )
    own = row.fields
    upn = person.get("upn", "")
    record["child_id"] = (
        ("" if re.search(identity.NOBODY, upn) else upn)
        or _who(person)
        or _whole(person.get("persontableid") or own.get("persontableid", ""))
        or ("" if "person" not in row.up else f"person {row.up['person'].line}")
    )
    record["date_of_birth"] = person.get("personbirthdate", "")
    record["sex"] = {"1": "M", "2": "F", "0": "", "9": ""}.get(
        _whole(person.get("gendercurrent", "")), person.get("gendercurrent", "")
    ) or person.get("sex", "")
    for source, target in _CANONICAL["requests"].items():
        record[target] = own.get(source, "")
    record["request_id"] = _whole(record["request_id"])
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
        record[name] = _whole(record[name])
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


def _whole(text: str) -> str:
    return re.sub(r"^(\d+)\.0+$", r"\1", text)
