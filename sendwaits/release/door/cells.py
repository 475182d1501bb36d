"""What a reader holds: every printed number as an interval of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sendwaits.measure.measures import MEASURES
from sendwaits.release.door.exact import relation_of
from sendwaits.release.door.ladder import interval
from sendwaits.release.door.rows import Printed
from sendwaits.release.key import text

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.release.door.released import Released

__all__ = ["Cell", "Count", "Key", "Source", "cells_of", "joined", "table_cells", "table_rows"]

Key = tuple[str, str, str, str, str]
"""wait, measure, group, period_start, period_end."""


Source = tuple[str, str, str]
"""wait, measure, and "" (the series itself), "year" (its calendar years) or the column of a breakdown."""


class Count(NamedTuple):
    """A count that somebody printed: of a key, "" or one part of a share ("numerator", "denominator")."""

    key: Key
    part: str


class Cell(NamedTuple):
    """A count known to lie from ``lo`` to ``hi``; ``source``: the printed series that tells it, None of an earlier release."""

    count: Count  # type: ignore[assignment]
    lo: float
    hi: float
    source: Source | None = None


def cells_of(rows: Mapping[Key, Printed], smallest: int, now: bool = True) -> Iterator[Cell]:
    """The counts that printed rows tell: themselves, the parts of a share, how many an average is over."""
    forms = _forms(rows)
    for key, row in rows.items():
        measure, relation = MEASURES.get(key[1]), relation_of(key[1])
        if measure is None or relation is None:
            continue
        source = _source(key) if now else None
        if measure.unit == "count":
            if row.form != "z":
                yield Cell(Count(key, ""), *interval(row.value, row.form, smallest), source)
            continue
        base = (key[0] if relation.wait is None else relation.wait, relation.of, *key[2:])
        told = base in rows and not relation.some
        if measure.unit == "percent":
            yield from _share(key, row, forms.get(_kind(key), "exact"), smallest, source, told)
        elif not told and (row.n is not None or row.form == "c"):
            yield Cell(Count(base, ""), *interval(row.n or 0, row.form, smallest), source)


def _kind(key: Key) -> tuple[str, str, str, int]:
    """The series of a key and how many months its period has: what has one form."""
    wait, measure, group, start, end = key
    months = 12 * (int(end[:4]) - int(start[:4])) + int(end[5:7]) - int(start[5:7]) if start else -1
    return wait, measure, group.split("=", 1)[0], months


def _source(key: Key) -> Source:
    *series, column, months = _kind(key)
    return (*series, column or ("year" if months > 2 else ""))  # type: ignore[return-value]


def _forms(rows: Mapping[Key, Printed]) -> dict[tuple[str, str, str, int], str]:
    return {_kind(key): row.form for key, row in rows.items() if row.form in ("exact", "rounded")}


def _share(
    key: Key, row: Printed, form: str, smallest: int, source: Source | None, told: bool
) -> Iterator[Cell]:
    """The parts of a share; its denominator only where no count of its own tells it (``told``)."""
    if row.denominator is None:
        if not told:
            yield Cell(Count(key, "denominator"), *interval(0, "c", smallest), source)
        return
    den = interval(row.denominator, form, smallest)
    if not told:
        yield Cell(Count(key, "denominator"), *den, source)
    if row.form == "c":
        yield Cell(Count(key, "numerator"), 1.0, den[1] - 1, source)
    elif row.form != "z":
        yield Cell(Count(key, "numerator"), *interval(row.numerator or 0, form, smallest), source)


def table_cells(released: Released, pathway: str) -> Iterator[Cell]:
    """The cells of an earlier release, of one pathway."""
    return cells_of(table_rows(released, pathway), released.profile.smallest, now=False)


def table_rows(released: Released, pathway: str) -> dict[Key, Printed]:
    """The rows of a released table, of one pathway, by their key."""
    place = (id(released.table), pathway)
    if place not in released.read:
        released.read[place] = _rows(released.table[released.table["pathway"] == pathway])
    return released.read[place]


def _rows(table: pd.DataFrame) -> dict[Key, Printed]:
    starts = table["period_start"].dt.strftime("%Y-%m-%d").where(table["period_start"].notna(), "")
    ends = table["period_end"].dt.strftime("%Y-%m-%d")
    keys = zip(table["wait"], table["measure"], table["group"], starts, ends, strict=True)
    parts = [
        [None if v != v or v is None else int(v) for v in table[c].astype("float64")]
        for c in ("numerator", "denominator", "n")
    ]
    values = zip(table["value"].astype(float), *parts, table["form"], strict=True)
    return {k: Printed(*v) for k, v in zip(keys, values, strict=True)}


def theme_cells(released: Released, pathway: str, source: bool = False) -> Iterator[Cell]:
    """All referrals of a period as the themes of a set tell them: by themselves, and as the sum of each column's groups.

    ``source``: the set is the one being made; a cell's source is then ("themes", first day, last day).
    """
    if released.themes is None or not len(released.themes):
        return
    table = released.themes[released.themes["pathway"] == pathway]
    sums: dict[tuple[str, str, str], tuple[float, float]] = {}
    for row in table.itertuples():
        period = (text(row.period_start), text(row.period_end))
        least = released.profile.smallest if row.group else 1
        lo, hi = interval(row.value, row.form, least)
        key = (row.group.split("=", 1)[0], *period)
        before = sums.get(key, (0.0, 0.0))
        sums[key] = (before[0] + lo, before[1] + hi)
    for (_, start, end), (lo, hi) in sums.items():
        told: Source | None = ("themes", start, end) if source else None
        yield Cell(Count(("", "referrals", "", start, end), ""), lo, hi, told)


def joined(cells: Iterable[Cell]) -> dict[Count, tuple[float, float]]:
    """One interval for each count: where two cells agree their overlap, where they do not the later one."""
    found: dict[Count, tuple[float, float]] = {}
    for cell in cells:
        lo, hi = found.get(cell.count, (cell.lo, cell.hi))
        agree = lo <= cell.hi and cell.lo <= hi
        found[cell.count] = (max(lo, cell.lo), min(hi, cell.hi)) if agree else (cell.lo, cell.hi)
    return found
