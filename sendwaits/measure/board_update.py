"""The 49 figures of the Nottinghamshire SEND Partnership Improvement Board's October 2024 partner update, as statements.

Which measure each row can mean, and what its sentence leaves out. Month-end days stand where only a month is printed.
Source: October 2024 partner update (public); ids as in the reference table of its figures.
"""

from __future__ import annotations

from calendar import monthrange

from sendwaits.measure.claims import Said, Statement

__all__ = ["OCTOBER_2024"]

_AVERAGES = (
    "mean_weeks_open",
    "median_weeks_open",
    "p92_weeks_open",
    "longest_weeks_open",
    "mean_weeks_completed",
    "median_weeks_completed",
)
_MEANS = ("mean_weeks_open", "mean_weeks_completed")
_WITHIN = ("within_20_weeks_pct", "within_20_weeks_excl_pct")
_UNSAID = ("definition", "population")


def _context(id_: str, about: str, note: str = "no measure of a wait or a flow") -> Statement:
    return Statement(id_, about, missing=("records",), note=note)


def _month(number: str, month: str) -> Said:
    year, at = map(int, month.split("-"))
    return Said(number, f"{month}-01", f"{month}-{monthrange(year, at)[1]}")


def _year(number: str, year: int) -> Said:
    return Said(number, f"{year}-01-01", f"{year}-12-31")


_FIRST_QUARTER = Said("38", "2023-01-01", "2023-03-31")
_SO_FAR = "2024-01-01"  # "during 2024", no end printed: October 2024 at the latest, September's end taken for the length

OCTOBER_2024: tuple[Statement, ...] = (
    _context("S01", "Month of the document"),
    _context("S02", "Weeks between meetings of the Board"),
    _context("S03", "First month with a briefing"),
    _context("S04", "Day of the last meeting"),
    Statement(
        "S05",
        "Requests for assessment, 2022 to 2023",
        ("referrals",),
        "EHC",
        now=_year("", 2023),
        base=_year("", 2022),
        change="27",
    ),
    Statement(
        "S06",
        "Plans within 20 weeks, 2022",
        _WITHIN,
        "EHC",
        unit="percent",
        now=_year("4.5", 2022),
        note="with or without exceptions is not said",
    ),
    Statement(
        "S07",
        "Plans within 20 weeks, 2023 after 2022",
        _WITHIN,
        "EHC",
        unit="percent",
        now=_year("32.3", 2023),
        base=_year("4.5", 2022),
        note="with or without exceptions is not said",
    ),
    Statement(
        "S08",
        "Mediation meetings, first quarter of 2023",
        ("mediation_meetings",),
        now=_FIRST_QUARTER,
    ),
    Statement(
        "S09",
        "Mediation meetings, 2024 to date",
        ("mediation_meetings",),
        now=Said("<5", _SO_FAR),
        note="the end of the period is not said",
    ),
    Statement(
        "S10",
        "Change of mediation meetings",
        ("mediation_meetings",),
        now=Said("<5", _SO_FAR, "2024-09-30"),
        base=_FIRST_QUARTER,
        change="-97",
        note="three months against the year to date",
    ),
    Statement(
        "S11",
        "Tribunals, 2024 to date",
        ("tribunals_held",),
        now=Said("0", _SO_FAR),
        missing=("definition",),
        note="held is not registered: appeals registered are another measure and are not put in its place",
    ),
    Statement(
        "S12",
        "Change of tribunals",
        ("tribunals_held",),
        now=Said("0", _SO_FAR),
        change="-100",
        missing=("definition",),
        note="held is not registered; no number is given to fall from",
    ),
    _context(
        "S13",
        "Educational psychologists to be appointed",
        "capacity: a scenario of sendwaits.toml, not a measure",
    ),
    _context(
        "S14",
        "Trainee psychologists to be appointed",
        "capacity: a scenario of sendwaits.toml, not a measure",
    ),
    Statement(
        "S15",
        "Wait for community paediatrics, December 2023",
        _AVERAGES,
        "NST",
        "assessment",
        unit="weeks",
        now=_month("68", "2023-12"),
        missing=_UNSAID,
    ),
    Statement(
        "S16",
        "Wait for community paediatrics, July 2024",
        _AVERAGES,
        "NST",
        "assessment",
        unit="weeks",
        now=_month("54", "2024-07"),
        base=_month("68", "2023-12"),
        missing=_UNSAID,
    ),
    _context("S17", "Districts engaged"),
    _context("S18", "Ages of the journey map"),
    Statement(
        "S19",
        "Wait for the NST, December 2023 to July 2024",
        _AVERAGES,
        "NST",
        "assessment",
        unit="weeks",
        now=_month("54", "2024-07"),
        base=_month("68", "2023-12"),
        missing=_UNSAID,
        note="the numbers of S15 and S16 under another name",
    ),
    _context("S20", "Launch of the sleep pathway"),
    _context(
        "S21",
        "Start of the needs-led SLCN model",
        "a change point of sendwaits.toml, not a measure",
    ),
    Statement(
        "S22",
        "Average wait for occupational therapy of the local authority",
        _MEANS,
        "OT_LA",
        "assessment",
        "worker=OT",
        unit="months",
        now=Said("17"),
        within=0.5,
        missing=_UNSAID,
    ),
    _context("S23", "Recommendations of the reviews"),
    _context(
        "S24", "Additional coordinators", "capacity: a scenario of sendwaits.toml, not a measure"
    ),
    _context(
        "S25",
        "Additional senior practitioners",
        "capacity: a scenario of sendwaits.toml, not a measure",
    ),
    Statement(
        "S26",
        "Wait for support before and after diagnosis since December 2023",
        _AVERAGES,
        "NST",
        "assessment",
        unit="weeks",
        base=_month("", "2023-12"),
        change="-14",
        change_in="difference",
        missing=_UNSAID,
        note="a third name for the numbers of S15 and S16",
    ),
    Statement(
        "S27",
        "Plans within 20 weeks, year to date",
        _WITHIN,
        "EHC",
        unit="percent",
        now=Said("36", _SO_FAR),
        note="calendar, financial or school year, and its last month, are not said",
    ),
    _context(
        "S28", "Target for plans within 20 weeks", "a target of sendwaits.toml, not a measure"
    ),
    Statement(
        "S29",
        "Average wait of open assessments",
        ("mean_weeks_open",),
        "EHC",
        "plan",
        unit="weeks",
        now=_month("17.0", "2024-07"),
        note="open cases: not to be compared with the wait of issued plans",
    ),
    Statement(
        "S30",
        "Open assessments over 20 weeks since January 2024",
        ("waiting_over_20_weeks",),
        "EHC",
        "plan",
        now=_month("", "2024-07"),
        base=_month("", "2024-01"),
        change="-33",
        within=3,
        note="neither count is printed; almost a third is read as 30 to 36 %",
    ),
    _context("S31", "Change of priorities", "a change point of sendwaits.toml, not a measure"),
    Statement(
        "S32",
        "Awaiting treatment after assessment, March to July 2024",
        ("waiting",),
        "OT_HEALTH",
        "treatment",
        now=_month("102", "2024-07"),
        base=_month("150", "2024-03"),
    ),
    Statement(
        "S33",
        "Awaiting treatment over 52 weeks",
        ("waiting_over_52_weeks",),
        "OT_HEALTH",
        "treatment",
        now=_month("0", "2024-07"),
    ),
    Statement(
        "S34",
        "Awaiting assessment",
        ("waiting",),
        "OT_HEALTH",
        "assessment",
        now=Said("127", "2024-07-01", "2024-07-19"),
    ),
    Statement(
        "S35",
        "Longest wait for an assessment",
        ("longest_weeks_open",),
        "OT_HEALTH",
        "assessment",
        unit="weeks",
        now=Said("19", "2024-07-01", "2024-07-19"),
    ),
    Statement(
        "S36",
        "Children at the longest wait",
        note="a count at one wait is no measure; see waiting_over_18_weeks and waiting_booked",
    ),
    Statement(
        "S37",
        "Average wait for a full assessment, 2022",
        _MEANS,
        "OT_LA",
        "assessment",
        "worker=OT",
        unit="months",
        now=_year("22", 2022),
        missing=_UNSAID,
    ),
    Statement(
        "S38",
        "Average wait for a full assessment, April 2023",
        _MEANS,
        "OT_LA",
        "assessment",
        "worker=OT",
        unit="months",
        now=_month("14", "2023-04"),
        base=_year("22", 2022),
        missing=_UNSAID,
    ),
    Statement(
        "S39",
        "Average wait for a full assessment, January 2024",
        _MEANS,
        "OT_LA",
        "assessment",
        "worker=OT",
        unit="months",
        now=_month("18", "2024-01"),
        base=_month("14", "2023-04"),
        missing=_UNSAID,
    ),
    Statement(
        "S40",
        "Waiting for an assistant",
        ("waiting",),
        "OT_LA",
        "assessment",
        "worker=OTA",
        now=_month("49", "2024-09"),
    ),
    Statement(
        "S41",
        "Of those, within their review date",
        ("within_review_pct",),
        "OT_LA",
        "assessment",
        "worker=OTA",
        unit="percent",
        now=_month("100", "2024-09"),
    ),
    Statement(
        "S42",
        "Longest wait, August 2024 after April",
        ("longest_weeks_open",),
        "SLCN",
        "contact",
        unit="weeks",
        now=_month("39", "2024-08"),
        base=_month("54", "2024-04"),
        note="the year is not printed",
    ),
    Statement(
        "S43",
        "Longest wait, April 2024",
        ("longest_weeks_open",),
        "SLCN",
        "contact",
        unit="weeks",
        now=_month("54", "2024-04"),
        note="the year is not printed",
    ),
    Statement(
        "S44",
        "Average wait for the autism pathway",
        _MEANS,
        "SLCN_AUTISM",
        "contact",
        unit="weeks",
        now=Said("22"),
        missing=_UNSAID,
    ),
    Statement(
        "S45",
        "Waits shorter than national and neighbours",
        missing=("base", "period", "population"),
        note="no number; waits are published by provider, not by local authority",
    ),
    Statement(
        "S46",
        "Melatonin spend, March 2023",
        ("melatonin_spend",),
        now=_month("36000", "2023-03"),
        within=1000,
        note="read as the month's spend",
    ),
    Statement(
        "S47",
        "Melatonin spend, January 2024",
        ("melatonin_spend",),
        now=_month("22000", "2024-01"),
        within=1000,
        note="read as the month's spend",
    ),
    _context("S48", "Start of the sleep pathway"),
    _context("S49", "Case studies"),
)
"""One statement per row, in the table's order; rows that state no measure say what they are instead."""
