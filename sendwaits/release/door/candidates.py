"""What a set may print before the door: exact figures of one pathway at every grain, and the newest census by group."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sendwaits.measure import measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sendwaits.intake.waits import Built
    from sendwaits.pathways import Pathway

__all__ = ["candidates", "kth_longest", "quarters"]

MONTHS = 24
YEARS_BACK = 3
OVER_TIME = ("waiting", "mean_weeks_open")
"""What is offered of the groups that a service works in, month by month."""


def candidates(
    built: Built,
    pathway: Pathway,
    as_at: date,
    months: int = MONTHS,
    phase: int | None = None,
    groups: Sequence[str] = ("district",),
) -> pd.DataFrame:
    """Exact rows for `door.release`: months, quarters, calendar years and the year to date, and the newest census by group.

    One row per number, the columns of `measures.figures`. ``phase``: see `quarters`. Years begin three before that of
    ``as_at``, and never before the history is complete: a year of survivors is no count of demand. A pathway that works in
    groups (``split``) offers their lists and mean waits so far at every month's end.
    """
    import pandas as pd

    by_month = measures.periods(as_at, "month", months)
    tables = [measures.figures(built, pathway, by_month)]
    for times in (
        quarters(as_at, months, phase),
        measures.periods(as_at, "year", 1, _first_year(built, as_at)),
    ):
        if times.last:
            table = measures.figures(built, pathway, times)
            tables.append(table[table["period_start"] != ""])
    today = measures.Periods(by_month.first[-1:], by_month.last[-1:])
    for column in groups:
        table = measures.figures(built, pathway, today, column)
        tables.append(table[(table["group"] != "") & (table["period_start"] == "")])
    if pathway.split:
        table = measures.figures(built, pathway, by_month, pathway.split)
        tables.append(table[(table["group"] != "") & table["measure"].isin(OVER_TIME)])
    return pd.concat(tables, ignore_index=True).drop_duplicates(
        ["wait", "measure", "group", "period_start", "period_end"], ignore_index=True
    )


def quarters(as_at: date, months: int = MONTHS, phase: int | None = None) -> measures.Periods:
    """The whole quarters among the last ``months`` months.

    ``phase``: the month number modulo 3 that ends a quarter (0: March, June ...); by default the month of ``as_at``.
    The sets of an area keep the phase of its first one, so that no two of them print overlapping quarters.
    """
    phase = as_at.month % 3 if phase is None else phase
    by_month = measures.periods(as_at, "month", months)
    pairs = list(zip(by_month.first, by_month.last, strict=True))
    found = [
        (pairs[at - 2][0], last)
        for at, (_, last) in enumerate(pairs)
        if at >= 2 and last.month % 3 == phase and _ends_month(last)
    ]
    return measures.Periods(tuple(f for f, _ in found), tuple(t for _, t in found))


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _first_year(built: Built, as_at: date) -> date:
    """1 January of the first year to print: three back, or the first whole year since a clock is known to have stopped."""
    stops = built.waits["stop"].dropna() if len(built.waits) else built.waits["stop"]
    earliest = date(as_at.year - YEARS_BACK, 1, 1)
    if not len(stops):
        return date(as_at.year, 1, 1)
    first = stops.min().date()
    known = first if (first.month, first.day) == (1, 1) else date(first.year + 1, 1, 1)
    return min(max(known, earliest), date(as_at.year, 1, 1))


def kth_longest(
    built: Built, pathway: Pathway, as_at: date, k: int, months: int = MONTHS
) -> dict[tuple[str, str], float]:
    """(wait, month end) -> weeks waited by the k-th longest open wait; no entry where fewer than k wait."""
    times = measures.periods(as_at, "month", months)
    return {
        (wait.name, row.period_end): row.days / 7
        for wait in pathway.waits
        for row in measures.kth_longest_days(built, wait.name, times, k).itertuples()
        if row.days == row.days
    }
