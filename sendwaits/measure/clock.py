"""Days as a clock counts them: calendar, working or school days, without the days of a pause.

Day numbers are whole days since 1970-01-01. "Within N working days" ends with the N-th working day after the start.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built, day_numbers
from sendwaits.pathways import Pathway, Wait

__all__ = ["bank_holidays", "counted", "easter", "paused", "pauses", "unpaused", "within"]

Pauses = tuple[np.ndarray, np.ndarray]
FIRST, LAST = 1980, 2100
_MOVED = {  # England: days that royal proclamation moved, and those that it added
    (1995, "may"): "1995-05-08",
    (2020, "may"): "2020-05-08",
    (2002, "spring"): "2002-06-04",
    (2012, "spring"): "2012-06-04",
    (2022, "spring"): "2022-06-02",
}
_ADDED = "1981-07-29 1999-12-31 2002-06-03 2011-04-29 2012-06-05 2022-06-03 2022-09-19 2023-05-08".split()


def easter(year: int) -> list[np.datetime64]:
    """Good Friday and Easter Monday. Source: the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    century, of_century = divmod(year, 100)
    epact = (
        19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    sunday = np.datetime64(f"{year:04d}-{month:02d}-{day + 1:02d}")
    return [sunday - 2, sunday + 1]


def bank_holidays(year: int) -> list[np.datetime64]:
    """The bank holidays of England in a year, in order. Source: Banking and Financial Dealings Act 1971 and proclamations."""
    monday = lambda day, roll: np.busday_offset(day, 0, roll=roll, weekmask="Mon")  # noqa: E731
    new_year = np.busday_offset(f"{year}-01-01", 0, roll="forward")
    christmas = np.busday_offset(f"{year}-12-25", 0, roll="forward")
    found = {
        "may": monday(f"{year}-05-01", "forward"),
        "spring": monday(f"{year}-05-31", "backward"),
        "summer": monday(f"{year}-08-31", "backward"),
    }
    moved = [np.datetime64(_MOVED.get((year, n), str(d))) for n, d in found.items()]
    boxing = np.busday_offset(f"{year}-12-26", 0, roll="forward")
    boxing = np.busday_offset(christmas, 1) if boxing <= christmas else boxing
    added = [np.datetime64(d) for d in _ADDED if d.startswith(str(year))]
    return sorted([new_year, *easter(year), *moved, christmas, boxing, *added])


@cache
def _upto(terms: tuple[tuple[date, date], ...], unit: str) -> np.ndarray:
    """For each day from FIRST on: how many days of the unit lie up to and including it."""
    days = np.arange(f"{FIRST}-01-01", f"{LAST}-01-01", dtype="datetime64[D]")
    holidays = [d for year in range(FIRST, LAST) for d in bank_holidays(year)]
    counts = np.is_busday(days, holidays=holidays)
    if unit == "school":
        counts &= np.logical_or.reduce(
            [(days >= np.datetime64(a)) & (days <= np.datetime64(b)) for a, b in terms]
        )
    return np.cumsum(counts)


def counted(start: np.ndarray, stop: np.ndarray, pathway: Pathway, unit: str) -> np.ndarray:
    """Days of the unit (``calendar``, ``working``, ``school``) after ``start`` up to and including ``stop``; never below 0."""
    if unit == "calendar":
        return np.maximum(stop - start, 0)
    table = _upto(pathway.terms, unit)
    first = int(np.datetime64(f"{FIRST}-01-01", "D").astype(np.int64))
    at = [np.clip(day - first, 0, len(table) - 1) for day in (start, stop)]
    return np.maximum(table[at[1]] - table[at[0]], 0)


def pauses(rows: pd.DataFrame) -> list[Pauses]:
    """First and last day of each pause of each wait, as `intake.waits` carries them; `NEVER` where there is none."""
    names = [
        c.removesuffix("_from")
        for c in rows.columns
        if str(c).startswith("pause_") and str(c).endswith("_from")
    ]
    return [(day_numbers(rows[f"{n}_from"]), day_numbers(rows[f"{n}_to"])) for n in names]


def paused(
    held: list[Pauses],
    start: np.ndarray,
    until: np.ndarray,
    pathway: Pathway | None = None,
    unit: str = "calendar",
) -> np.ndarray:
    """Days of the unit between ``start`` and ``until`` that a pause took, counted once where pauses overlap; no end: it lasts."""
    total = np.zeros(len(start), np.int64)
    if not held:
        return total
    order = np.argsort([a for a, _ in held], axis=0, kind="stable")
    begins, ends = (
        np.take_along_axis(np.array(part), order, 0) for part in zip(*held, strict=True)
    )
    reach = start
    for begin, end in zip(begins, ends, strict=True):
        first, last = np.maximum(begin, reach), np.minimum(end, until)
        taken = np.maximum(last - first, 0)
        if pathway is not None and unit != "calendar":
            taken = np.where(taken > 0, counted(first, last, pathway, unit), 0)
        total += taken
        reach = np.maximum(reach, np.minimum(end, until))
    return total


def within(rows: pd.DataFrame, pathway: Pathway, wait: Wait, done: np.ndarray) -> np.ndarray:
    """Which waits ended within their standard, its last day included: of the wait, or of the row's priority.

    Raises `Refused` when the standard is in school days and `[[area.terms]]` does not reach over the waits of ``done``.
    """
    start, stop = day_numbers(rows["start"]), day_numbers(rows["stop"])
    unit, days = wait.standard
    end = np.where(done, stop, start)
    if unit == "school" and done.any():
        first, last = (
            pd.Timestamp(int(d), unit="D").date() for d in (start[done].min(), end.max())
        )
        if first < pathway.terms[0][0] or last > pathway.terms[-1][1]:
            raise Refused(
                f"sendwaits.toml: [[area.terms]] must reach from {first} to {last}, over every wait of {pathway.code} that was completed. "
                "Add the terms from the authority's page."
            )
    used = counted(start, end, pathway, unit)
    used = used - paused(pauses(rows), start, end, pathway, unit)
    limit = np.full(len(rows), days)
    if wait.standard_by_priority and "priority" in rows:
        own = {k.casefold(): v for k, v in wait.standard_by_priority.items()}
        limit = np.array([own.get(str(p).casefold(), days) for p in rows["priority"]], np.int64)
    return done & (used <= limit)


def unpaused(built: Built, as_at: pd.Timestamp) -> Built:
    """The same waits with each start moved by the days its pauses took up to as_at: for simulations, which know no pauses."""
    held = pauses(built.waits)
    if not held:
        return built
    start, stop = day_numbers(built.waits["start"]), day_numbers(built.waits["stop"])
    until = np.minimum(stop, int(as_at.to_datetime64().astype("datetime64[D]").astype(np.int64)))
    moved = (start + paused(held, start, until)).astype("datetime64[D]").astype("datetime64[s]")
    return replace(
        built, waits=built.waits.assign(start=np.where(until > start, moved, built.waits["start"]))
    )
