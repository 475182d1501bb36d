"""Every rule that sets rows aside: one rule, one function, one code. The first that meets a row names it.

To add a rule: write a function with ``@sets_aside(code, reason, what to do)`` at the place in the order where it belongs,
and a row in the corpus of `tests/corpus.py`. No rule may put a cell's content into a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from sendwaits.intake.clean.dates import BLANK
from sendwaits.intake.clean.rows import Hits, Rows, Rule, mask
from sendwaits.intake.extracts.odd_rows import FOOTER, TOTAL

__all__ = ["RULES", "REMEDIES", "YEARS_BACK", "FIRST_BIRTH_YEAR", "YEARS_AHEAD", "OLDEST_AGE"]

YEARS_BACK = 30
FIRST_BIRTH_YEAR = 1900
YEARS_AHEAD = 10
"""Records and events older than YEARS_BACK before the extract are of nobody whom a service of children can hold."""
OLDEST_AGE = 26
"""Whole years of age at which a record is set aside: SEN support ends with the 25th year. Source: DfE SEN2 guide, rule 102."""

AT_SUPPLIER = "Correct it in the source system and export again."
RULES: list[Rule] = []
REMEDIES = {
    "Q-FIELDS": "Put quotes around text that holds the separator, then export again.",
    "F-QUOTE": "Take line breaks and stray quotes out of the field at the supplier.",
    "Q-TOTAL": "Nothing, or export without total rows.",
    "Q-FOOTER": "Nothing, or export without footers.",
    "Q-HEADERROW": "Nothing, or do not join extracts by copying.",
    "Q-ORPHAN": "Export the modules together, or correct the ids that link them.",
    "Q-CONFLICT": "Delete the wrong row of each pair in the source system.",
}


def sets_aside(
    code: str, reason: str, what_to_do: str
) -> Callable[[Callable[[Rows], Hits]], Callable[[Rows], Hits]]:
    """Registers a function as a rule, in the order of this page."""

    def register(find: Callable[[Rows], Hits]) -> Callable[[Rows], Hits]:
        RULES.append(Rule(code, reason, what_to_do, find))
        REMEDIES.setdefault(code, what_to_do)
        return find

    return register


@sets_aside("Q-CTRL", "a control character in the field", AT_SUPPLIER)
def control_characters(rows: Rows) -> Hits:
    yield from rows.values_matching(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@sets_aside("F-QUOTE", "a line break inside the field", AT_SUPPLIER)
def line_breaks(rows: Rows) -> Hits:
    yield from rows.values_matching(r"[\n\r]")


@sets_aside("Q-HEADERROW", "the header again, not a record", REMEDIES["Q-HEADERROW"])
def header_again(rows: Rows) -> Hits:
    import pyarrow.compute as pc

    same = np.ones(rows.n, bool)
    for name in (rows.pathway.start, "child_id"):
        col = rows.column(name)
        heading = re.escape(re.sub(r"\s+", " ", rows.text.headings.get(name, name)).strip())
        same &= col.where(mask(pc.match_substring_regex(col.values, rf"(?i)^{heading}$")))
        if not same.any():
            return
    if same.any():
        yield "", same


@sets_aside("Q-TOTAL", "a total row, not a record", REMEDIES["Q-TOTAL"])
def totals(rows: Rows) -> Hits:
    undated = rows.start == BLANK
    if not undated.any():
        return
    named = np.zeros(rows.n, bool)
    for _, hit in rows.values_matching(
        TOTAL, [n for n in rows.text.columns if n not in rows.dates] + [rows.pathway.start]
    ):
        named |= hit
    numbered = undated & rows.blank("child_id") & rows.blank(rows.pathway.start)
    if numbered.any():
        number = np.zeros(rows.n, bool)
        for _, hit in rows.values_matching(r"^[\d,]+(\.\d+)?$"):
            number |= hit
        numbered &= number & (_filled(rows) <= 2)
    found = undated & named | numbered
    if found.any():
        yield "", found


@sets_aside("Q-FOOTER", "a footer, not a record", REMEDIES["Q-FOOTER"])
def footers(rows: Rows) -> Hits:
    undated = (rows.start == BLANK) & rows.blank(rows.pathway.start)
    if not undated.any():
        return
    undated &= _filled(rows) <= 2
    named = np.zeros(rows.n, bool)
    for _, hit in rows.values_matching(FOOTER + r"|^[^\d]* [^\d]*$"):
        named |= hit
    if (undated & named).any():
        yield "", undated & named


def _filled(rows: Rows) -> np.ndarray:
    filled = np.zeros(rows.n, np.int16)
    for name in rows.text.columns:
        filled += ~rows.blank(name)
    return filled


@sets_aside(
    "Q-XLERR",
    "an Excel error instead of a value",
    "Repair the formula in the workbook and save it again.",
)
def excel_errors(rows: Rows) -> Hits:
    yield from rows.values_matching(
        r"^#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)$"
    )
    for name, at in rows.text.error_cells.items():
        hit = np.isin(rows.text.rows, at)
        if hit.any():
            yield name, hit


@sets_aside("Q-NOID", "neither a child's id nor a record's", AT_SUPPLIER)
def no_id(rows: Rows) -> Hits:
    record = rows.pathway.record_id
    yield (
        "child_id",
        rows.no_child & rows.blank(record) if record in rows.text.columns else rows.no_child,
    )


@sets_aside(
    "Q-NHS",
    "not a possible NHS number (check digit, or rounded)",
    "Look the child up and correct the number; keep the column as text.",
)
def wrong_nhs_number(rows: Rows) -> Hits:
    ids = rows.ids
    wrong = (ids.bad_nhs & ~ids.repdigit) | ids.rounded
    if wrong.any():
        yield "child_id", rows.column("child_id").where(wrong)


@sets_aside("D07", "the check letter of the UPN is wrong", "Look the pupil up and correct the UPN.")
def wrong_upn(rows: Rows) -> Hits:
    if rows.ids.bad_upn.any():
        yield "child_id", rows.column("child_id").where(rows.ids.bad_upn)


@sets_aside("Q-NOREF", "no date of referral", AT_SUPPLIER)
def no_start(rows: Rows) -> Hits:
    yield rows.pathway.start, rows.blank(rows.pathway.start)


@sets_aside("Q-DEFAULTDATE", "a default date where the referral date is needed", AT_SUPPLIER)
def default_start(rows: Rows) -> Hits:
    name = rows.pathway.start
    if rows.dates[name].sentinel.any():
        yield name, rows.column(name).where(rows.dates[name].sentinel)


@sets_aside(
    "Q-DATE",
    "no date in the column's format",
    "Export every date of the column in one format (best: 2024-07-31).",
)
def not_a_date(rows: Rows) -> Hits:
    for name, read in rows.dates.items():
        wrong = read.bad | read.missing if name == rows.pathway.start else read.bad
        if wrong.any():
            yield name, rows.column(name).where(wrong)


@sets_aside("Q-DATERANGE", "a year that cannot be", AT_SUPPLIER)
def impossible_year(rows: Rows) -> Hits:
    last = rows.extract_day + int(YEARS_AHEAD * 365.25)
    for name, days in rows.days.items():
        birth = rows.pathway.columns[name] == "birth"
        back = int(YEARS_BACK * 365.25)
        first = _first_day(FIRST_BIRTH_YEAR) if birth else rows.extract_day - back
        of_value = rows.dates[name].days
        wrong = (of_value != BLANK) & ((of_value < first) | (of_value > last))
        if wrong.any():
            yield name, rows.column(name).where(wrong)


@sets_aside("Q-FUTURE", "a date after the day of the extract", AT_SUPPLIER)
def after_extract(rows: Rows) -> Hits:
    for name in rows.of_kind("date", "birth"):
        late = rows.dates[name].days > rows.extract_day
        if late.any():
            yield name, rows.column(name).where(late)


@sets_aside(
    "Q-AGE",
    "born after the referral, or 26 or older at it",
    "Check the dates of birth and of referral.",
)
def impossible_age(rows: Rows) -> Hits:
    for name in rows.of_kind("birth"):
        born, start = rows.dates[name].days, rows.start
        if not (born != BLANK).any():
            continue
        code = rows.column(name).codes
        dated = (born[code] != BLANK) & (start != BLANK)
        found = dated & ((start < born[code]) | (start >= birthday(born, OLDEST_AGE)[code]))
        if found.any():
            yield name, found


@sets_aside(
    "Q-ORDER", "a stop or outcome before its start", "Check both dates in the source system."
)
def stop_before_start(rows: Rows) -> Hits:
    for name in rows.of_kind("date"):
        if name != rows.pathway.start:
            yield name, rows.any_date(name) & (rows.start != BLANK) & (rows.days[name] < rows.start)
    spans = [(w.start, w.completed) for w in rows.pathway.waits if w.start != rows.pathway.start]
    for first, last in (*spans, *((p.start, p.to) for p in rows.pathway.pauses)):
        if first in rows.days and last in rows.days:
            both = rows.any_date(first) & rows.any_date(last)
            yield last, both & (rows.days[last] < rows.days[first])


@sets_aside(
    "Q-CODE",
    "a code that the pathway does not know",
    'Say in sendwaits.toml what the word means, as in [pathways.EHC.codes] "Withdrawn" = "W", or correct it at the supplier.',
)
def unknown_code(rows: Rows) -> Hits:
    from sendwaits.intake.clean.codes import of_column

    for name in rows.of_kind("code", "flag"):
        unknown = of_column(rows, name).unknown
        if unknown.any():
            yield name, rows.column(name).where(unknown)


@sets_aside(
    "Q-AREA",
    "shaped like a postcode, NHS number or UPN, not like a district",
    "Export the district's name, never an address or a number.",
)
def personal_district(rows: Rows) -> Hits:
    if rows.districts or "district" not in rows.text.columns:
        return
    yield from rows.values_matching(
        r"(?i)^([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{3}[ -]?\d{3}[ -]?\d{4}|[A-Z]\d{11}[A-Z\d])$",
        ["district"],
    )


@sets_aside(
    "Q-UNIT",
    "a supplied wait without a unit that can be read",
    "Give the unit in the heading, as in 'weeks waiting', and numbers in the column.",
)
def unit_unknown(rows: Rows) -> Hits:
    from sendwaits.intake.clean.codes import supplied_waits

    for heading, supplied in supplied_waits(rows):
        if supplied.no_unit.any():
            yield heading, supplied.column.where(supplied.no_unit)


@sets_aside("Q-NEG", "a supplied wait below zero", AT_SUPPLIER)
def negative_wait(rows: Rows) -> Hits:
    from sendwaits.intake.clean.codes import supplied_waits

    for heading, supplied in supplied_waits(rows):
        below = np.nan_to_num(supplied.days, nan=0.0) < 0
        if below.any():
            yield heading, supplied.column.where(below)


def _first_day(year: int) -> int:
    return int(np.datetime64(f"{year}-01-01", "D").astype(np.int64))


def birthday(born: np.ndarray, age: int) -> np.ndarray:
    """Day number of the birthday ``age`` for each birth day; 29 February falls on 1 March in other years."""
    safe = np.where(born == BLANK, 0, born).astype(np.int64)
    days = safe.astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    within = (days - month.astype("datetime64[D]")).astype(np.int64)
    then = (month.astype(np.int64) + 12 * age).astype("datetime64[M]").astype(
        "datetime64[D]"
    ).astype(np.int64) + within
    return np.where(born == BLANK, np.iinfo(np.int64).max, then)
