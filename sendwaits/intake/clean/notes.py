"""Every rule that only notes: the rows stay, the findings say what was seen. One rule, one function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sendwaits.intake.clean.codes import district, of_column, supplied_waits
from sendwaits.intake.clean.date_order import ambiguous
from sendwaits.intake.clean.dates import BLANK
from sendwaits.intake.clean.rows import Rows

__all__ = ["NOTES", "noted"]

Note = Callable[[Rows, np.ndarray], None]
NOTES: list[Note] = []
_FORMAT_NOTES = {
    "N-SERIAL": (
        "holds Excel's day numbers; they were read as dates",
        "Format the column as dates before exporting.",
    ),
    "N-YY": (
        "has years of two digits; they were read as the latest that do not lie after the extract",
        "Export years with four digits.",
    ),
    "N-TZ": ("has times with a zone; the day in London was taken", "Export dates without times."),
    "N-DATE": (
        "is not in one of the usual formats; it was read by its own",
        "Export dates as 2024-07-31.",
    ),
}


def noted(find: Note) -> Note:
    NOTES.append(find)
    return find


@noted
def date_formats(rows: Rows, alive: np.ndarray) -> None:
    for name, read in rows.dates.items():
        for code, n in read.notes:
            words, remedy = _FORMAT_NOTES[code]
            rows.note(code, "info", n, f"column '{name}' {words}", remedy)
        if name not in rows.pathway.dates and ambiguous(read, rows.column(name)):
            words = f"every date of '{name}' could be day/month or month/day; read as day/month"
            to_do = "Confirm the order with the supplier, or export as 2024-07-31."
            rows.note("W-AMBIG", "warn", rows.n, words, to_do)
        n = rows.column(name).where(read.minority_serial).sum()
        words = f"cells of '{name}' hold Excel's day numbers among dates; these rows are set aside"
        rows.note(
            "N-SERIAL", "warn", n, words, "Format the whole column as dates before exporting."
        )


@noted
def not_known_dates(rows: Rows, alive: np.ndarray) -> None:
    for name in (n for n in rows.dates if n != rows.pathway.start):
        read, column = rows.dates[name], rows.column(name)
        severity = "info" if (read.days != BLANK).any() else "amber"
        n = (column.where(read.missing) & alive).sum()
        words = f"cells of '{name}' say in words that there is no date; taken as blank"
        rows.note("Q-DATE", severity, n, words, "Leave the cell blank.")
        n = (column.where(read.sentinel) & alive).sum()
        words = f"cells of '{name}' hold a default date; taken as blank"
        rows.note("Q-DEFAULTDATE", "info", n, words, "Leave the cell blank.")


@noted
def id_forms(rows: Rows, alive: np.ndarray) -> None:
    ids, col = rows.ids, rows.column("child_id")
    words = "rows without a child's id; each counts as a child of its own and is never linked"
    to_do = "Ask for the ids: referrals of one child cannot be told apart from those of several."
    rows.note("N-NOID", "amber", (rows.no_child & alive).sum(), words, to_do)
    for code, mask, words, to_do in (
        ("N-NHS", ids.tidied, "NHS numbers with spaces, dashes or decimals were read as ten digits", "Nothing: noted."),
        ("D06", ids.test_range, "NHS numbers of the test range (999...)", "Take test records out of the source system."),
        ("D08", ids.temporary_upn, "temporary UPNs", "The child's records cannot be linked once the UPN changes."),
    ):  # fmt: skip
        rows.note(code, "info", (col.where(mask) & alive).sum(), words, to_do)


@noted
def code_forms(rows: Rows, alive: np.ndarray) -> None:
    for name in rows.of_kind("code"):
        n = (rows.column(name).where(of_column(rows, name).tidied) & alive).sum()
        words = f"codes of '{name}' were read without regard to case, spaces or words"
        rows.note("Q-CODE", "info", n, words, "Nothing: noted.")


@noted
def districts(rows: Rows, alive: np.ndarray) -> None:
    if rows.districts and "district" in rows.text.columns:
        n = (rows.column("district").where(district(rows).unknown) & alive).sum()
        words = "rows whose district is not in [area] districts are shown as unknown"
        to_do = "Correct the district, or add its name to [area] districts."
        rows.note("Q-AREA", "warn", n, words, to_do)


@noted
def formulas_and_markup(rows: Rows, alive: np.ndarray) -> None:
    own = ("child_id", rows.pathway.record_id)
    names = [*(n for n in rows.of_kind("text", "id") if n not in own), "child_id"]
    for code, pattern, words in (
        ("S-FORMULA", r"^[=+@]|^-[A-Za-z(=]", "cells begin like a formula; kept as text and written so"),
        ("S-HTML", r"<[A-Za-z/!]|\{\{|\{%|\$\{", "cells hold markup; kept as text and shown as such"),
    ):  # fmt: skip
        n = sum(int((hit & alive).sum()) for _, hit in rows.values_matching(pattern, names))
        rows.note(code, "warn", n, words, "Find out how they came into the source system.")


@noted
def oldest_ages(rows: Rows, alive: np.ndarray) -> None:
    from sendwaits.intake.clean.rules import birthday

    for name in rows.of_kind("birth"):
        born = rows.dates[name].days
        if (born != BLANK).any():
            code = rows.column(name).codes
            n = (alive & (born[code] != BLANK) & (rows.start >= birthday(born, 25)[code])).sum()
            rows.note(
                "D19", "info", n, "children aged 25 at the referral", "Check the date of birth."
            )


@noted
def supplied_waits_agree(rows: Rows, alive: np.ndarray) -> None:
    for heading, supplied in supplied_waits(rows):
        given = supplied.days[supplied.column.codes]
        end = np.full(rows.n, np.iinfo(np.int32).max, np.int64)
        for name in rows.of_kind("date"):
            if name not in (rows.pathway.start, "accepted_date"):
                end = np.where(rows.any_date(name), np.minimum(end, rows.days[name]), end)
        end = np.where(end == np.iinfo(np.int32).max, rows.extract_day, end)
        with np.errstate(invalid="ignore"):
            differ = (
                alive & ~np.isnan(given) & (np.abs(given - (end - rows.start.astype(np.int64))) > 7)
            )
        rows.note(
            "W-WAIT",
            "warn",
            differ.sum(),
            f"rows whose '{' '.join(heading.split())[:60]}' differs from the dates by more than a week; the dates count",
            "Ask the supplier how the wait is computed.",
        )


@noted
def exceptions_outlier(rows: Rows, alive: np.ndarray) -> None:
    if "week20" not in rows.text.columns or "plan_date" not in rows.days:
        return
    flagged = np.array([t == "1" for t in of_column(rows, "week20").texts], bool)[
        rows.column("week20").codes
    ]
    planned = alive & rows.any_date("plan_date")
    if planned.sum() >= 20 and flagged[planned].mean() > 0.9:
        rows.note(
            "D28",
            "info",
            int(flagged[planned].sum()),
            "nearly every plan is flagged as an exception to the 20 weeks",
            "Check how the flag is recorded: without exceptions no plan is left to count.",
        )


@noted
def bulk_closure(rows: Rows, alive: np.ndarray) -> None:
    if "closed_date" not in rows.days or alive.sum() < 100:
        return
    days = rows.days["closed_date"][alive]
    days = days[days != BLANK]
    if len(days):
        most = int(np.unique(days, return_counts=True)[1].max())
        if most > 0.1 * alive.sum() and most >= 20:
            rows.note(
                "D24",
                "warn",
                most,
                "more than a tenth of all records were closed on one day",
                "If the list was validated or cleansed then, say so beside the charts ([[change_points]]).",
            )
