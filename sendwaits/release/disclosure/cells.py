"""A released table as the numbers an attacker holds: intervals for what is shown, unknowns for what is hidden."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sendwaits.release.disclosure.plan import Average, Cell, Cells, months_of, ratio_parts

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.release.disclosure.rules import Released

__all__ = [
    "limits",
    "small_numbers",
    "interval",
    "cells_of",
    "records_of",
    "earlier_cells",
    "whole",
]

Parts = tuple[int | None, int | None, int | None]


def limits(profile: str, k: int) -> tuple[int, int]:
    """The largest count that is never shown, and how many whole numbers a hidden cell must keep: (k-1, k-1), public (7, 4)."""
    return (max(7, k - 1), 4) if profile == "public" else (k - 1, k - 1)


def small_numbers(measure: str, unit: str, value: float, parts: Parts, small: int) -> bool:
    """Whether a number rests on too few children: a count of 1 to ``small``, a share with such a part, an average of few.

    With k = small + 1: a mean needs n >= k, a median n >= 2k, a p-th percentile n (1 - p) >= k. Zeros are shown.
    """
    num, den, n = parts
    if unit == "count":
        return 1 <= value <= small
    if unit == "percent":
        if num is None or den is None:
            return True
        return 1 <= num <= small or 1 <= den - num <= small
    n = n or 0
    if measure.startswith("median_"):
        return n < 2 * (small + 1)
    percentile = re.match(r"p(\d+)_", measure)
    if percentile:
        return n * (100 - int(percentile[1])) < 100 * (small + 1)
    return n <= small


def interval(value: float, profile: str, small: int) -> tuple[float, float]:
    """The exact counts that are printed as ``value``: itself, for the public up to 2 less and 2 more."""
    if profile != "public" or value == 0:
        return value, value
    printed = 5 * math.floor((value + 2) / 5)
    return float(max(printed - 2, small + 1)), float(printed + 2)


def cells_of(
    records: Iterable[tuple[Cell, str, float, Parts, str]],
    profile: str,
    k: int,
    zeros_hidden: Iterable[Cell] = (),
) -> Cells:
    """The attacker's view of printed rows (cell, unit, value, (numerator, denominator, n), status)."""
    small, _ = limits(profile, k)
    maybe_zero = set(zeros_hidden)
    out = Cells()
    for cell, unit, value, (num, den, n), status in records:
        if unit == "count":
            if status == "c":
                out.hidden[cell] = 0 if cell in maybe_zero else 1
            elif not math.isnan(value):
                out.shown[cell] = interval(value, profile, small)
        elif unit == "percent":
            top, bottom = ratio_parts(cell)
            if status == "c":
                out.hidden[top] = 0
            elif num is not None and den is not None:
                out.shown[top], out.shown[bottom] = (
                    interval(num, profile, small),
                    interval(den, profile, small),
                )
        elif status == "" and not math.isnan(value):
            if cell.measure == "clearance_weeks":
                if n is not None:
                    out.shown[cell._replace(measure="clearance_weeks#n")] = interval(
                        n, profile, small
                    )
            elif cell.measure.endswith("_weeks_open") and not cell.group:
                out.averages[cell] = _average(cell.measure, value, k)
    return out


def _average(measure: str, weeks: float, k: int) -> Average:
    kind = measure.split("_", 1)[0]
    if kind in ("mean", "median"):
        return Average(kind, weeks, 0)
    if kind == "longest":
        return Average(kind, weeks, k)
    return Average(f"{kind.removeprefix('p')}/100", weeks, 0)


def records_of(table: pd.DataFrame) -> list[tuple[Cell, str, float, Parts, str]]:
    """The rows of a released table for `cells_of`."""
    cells = zip(
        table["pathway"],
        table["wait"],
        table["measure"],
        table["group"],
        table["period_start"],
        table["period_end"],
        strict=True,
    )
    parts: Any = zip(
        whole(table["numerator"]), whole(table["denominator"]), whole(table["n"]), strict=True
    )
    return [
        (Cell(*c), u, float(v), p, s)
        for c, u, v, p, s in zip(
            cells, table["unit"], table["value"].astype(float), parts, table["status"], strict=True
        )
    ]


def whole(column: pd.Series) -> list[int | None]:
    """A column of whole numbers as Python integers, None where there is none."""
    return [
        None if v is None or v != v else int(v)
        for v in column.astype(object).where(column.notna(), None)
    ]


def earlier_cells(previous: Iterable[Released]) -> Cells:
    """What earlier releases show or hide, the newest of them last: where two differ the later one stands."""
    out = Cells()
    for released in previous:
        if released.profile == "analyst":
            continue
        cells = cells_of(records_of(released.table), released.profile, released.k)
        for cell in cells.hidden:
            out.hidden[cell] = 1
        for cell, span in cells.shown.items():
            before = out.shown.get(cell)
            if before is not None and before[0] <= span[1] and span[0] <= before[1]:
                span = (max(before[0], span[0]), min(before[1], span[1]))
            out.shown[cell] = span
        out.starts.update(
            months_of(
                zip(released.table["period_start"], released.table["period_end"], strict=True)
            )
        )
    for cell in out.shown:
        out.hidden.pop(cell, None)
    return out
