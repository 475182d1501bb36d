"""The tables of the SEN2 person-level return: their names, fields and headings, and one row of one of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sendwaits.intake.extracts.headings import tidy

__all__ = ["Module", "Modules", "Row", "MODULES", "SPELT", "module_of"]


@dataclass(frozen=True)
class Module:
    """One table of the return: its name (that of its XML element), the modules it may hang on, fields, headings of the template."""

    name: str
    parents: tuple[str, ...]
    fields: tuple[str, ...]
    template: dict[str, str] = field(default_factory=dict)


_TABLES: dict[str, tuple[str, str, dict[str, str]]] = {
    # the modules it may hang on, nearest first; its fields; headings of the template
    "person": (
        "",
        "persontableid personbirthdate gendercurrent sex upn uniquelearnernumber upnunknown",
        {"personbirthdate": "Date of Birth", "gendercurrent": "Gender", "upn": "UPN - Unique Pupil Number",
         "upnunknown": "UPN and ULN unavailable", "surname": "Surname", "forename": "Forename", "ethnicity": "Ethnicity",
         "postcode": "Post Code"},
    ),
    "requests": (
        "person",
        "requeststableid receiveddate requestsource rya requestoutcomedate requestoutcome requestmediation "
        "requesttribunal exported",
        {"receiveddate": "Date request was received", "requestsource": "Source of request for an EHC needs assessment",
         "rya": "Initial Request Whilst In RYA", "requestoutcomedate": "Request Outcome Date",
         "requestoutcome": "Request Outcome", "requestmediation": "Request Mediation", "requesttribunal": "Request Tribunal",
         "exported": "Exported"},
    ),
    "assessment": (
        "requests",
        "assessmenttableid assessmentoutcome assessmentoutcomedate assessmentmediation assessmenttribunal "
        "othermediation othertribunal week20",
        {"assessmentoutcome": "Assessment Outcome - Decision to issue EHC plan",
         "assessmentoutcomedate": "Assessment Outcome Date", "assessmentmediation": "Assessment Mediation",
         "assessmenttribunal": "Assessment Tribunal", "othermediation": "Other Mediation", "othertribunal": "Other Tribunal",
         "week20": "Twenty week time limit exceptions apply"},
    ),
    "namedplan": (
        "assessment requests",
        "namedplantableid startdate planres planwbp pb oa dp ceasedate ceasereason",
        {"startdate": "EHC Plan Start Date", "planres": "Residential Settings", "planwbp": "Work Based Learning Activity",
         "pb": "Personal Budget taken up", "oa": "Personal Budget - Organised Arrangements",
         "dp": "Personal Budget - Direct Payments", "ceasedate": "Date EHC plan ceased",
         "ceasereason": "Reason EHC plan ceased"},
    ),
    "plandetail": (
        "namedplan requests",
        "plandetailtableid urn ukprn sensetting sensettingother placementrank",
        {"urn": "URN - Unique Reference Number", "ukprn": "UKPRN - UK Provider Reference Number",
         "sensetting": "SEN Setting – Establishment type", "sensettingother": "SEN Setting - Other",
         "placementrank": "Placement Rank"},
    ),
    "activeplans": (
        "requests",
        "activeplanstableid transferla reviewmeeting reviewoutcome lastreview",
        {"transferla": "EHC Plan transferred in from another LA during calendar year",
         "reviewmeeting": "EHC Plan Review Decisions Date", "reviewoutcome": "Annual Review Decision",
         "lastreview": "Annual Review Meeting Date"},
    ),
    "placementdetail": (
        "activeplans requests",
        "placementdetailtableid urn entrydate leavingdate placementrank",
        {"urn": "URN - Unique Reference Number", "entrydate": "Placement Start Date", "leavingdate": "Placement Leaving Date",
         "placementrank": "Placement Rank"},
    ),
    "senneed": (
        "activeplans requests",
        "senneedtableid sentype sentyperank",
        {"sentype": "SEN Type of Need", "sentyperank": "SEN Type of Need rank"},
    ),
}  # fmt: skip
MODULES = {
    name: Module(name, tuple(parents.split()), tuple(fields.split()), template)
    for name, (parents, fields, template) in _TABLES.items()
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
SPELT = {
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


def module_of(name: str) -> str:
    """The module a file or table name means, or ""."""
    plain = tidy(name)
    plain = _ALSO.get(plain, plain)
    return plain if plain in MODULES else ""
