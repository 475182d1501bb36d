"""Is a released set safe? Answered from the released rows alone, without the figures behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sendwaits.release.disclosure.cells import (
    Parts,
    cells_of,
    earlier_cells,
    limits,
    records_of,
    small_numbers,
)
from sendwaits.release.disclosure.plan import Cell, attack, months_of
from sendwaits.release.disclosure.rules import Released
from sendwaits.release.disclosure.system import weak_quantities

__all__ = ["Finding", "audit"]


@dataclass(frozen=True)
class Finding:
    """One number that can be worked out: its key, what is wrong, and the whole numbers left (``lo`` to ``hi``)."""

    key: str
    what: str
    lo: float
    hi: float


def audit(released: Released, previous: Iterable[Released] = ()) -> list[Finding]:
    """Every number of a released set that tells too much, jointly with earlier releases; empty when it is safe.

    A hidden cell must keep k - 1 possible whole numbers (public: 4), and so must a difference of printed counts that may
    be a small group. Shown numbers must themselves be large enough. The analyst profile is not for release: no findings.
    """
    if released.profile == "analyst":
        return []
    small, need = limits(released.profile, released.k)
    records = records_of(released.table)
    found = []
    for cell, unit, value, parts, status in records:
        if released.profile == "public":
            parts = _largest(parts)
        if (
            status == ""
            and value == value
            and small_numbers(cell.measure, unit, value, parts, small)
        ):
            found.append(
                Finding(key_of(cell), "shown although it is about too few children", value, value)
            )
    zeros = {Cell(*key.split("|")) for key in released.zeros_hidden}
    everything = cells_of(records, released.profile, released.k, zeros)
    earlier = earlier_cells(previous)
    periods = zip(released.table["period_start"], released.table["period_end"], strict=True)
    everything.starts = {**earlier.starts, **months_of(periods)}
    for pathway in dict.fromkeys(cell.pathway for cell, *_ in records):
        cells = everything.only(pathway)
        before = earlier.only(pathway)
        cells.earlier, cells.earlier_hidden = before.shown, set(before.hidden)
        for weak in weak_quantities(attack(cells), need, small):
            what = (
                "hidden, but can be worked out"
                if "#" in weak.quantity.measure or weak.quantity in cells
                else "not printed, but a small number can be worked out"
            )
            found.append(Finding(key_of(weak.quantity), what, weak.lo, weak.hi))
    return found


def _largest(parts: Parts) -> Parts:
    """Numerator, denominator and n before rounding to 5, at their most: a rounded set is not blamed for its rounding."""
    num, den, n = parts
    if num is not None and den is not None and den != num:
        den += 4
    return num, den, None if n is None else n + 2


def key_of(cell: Cell) -> str:
    """``pathway|wait|measure|group|period_start|period_end`` of a finding, as in ``data-key``."""
    return "|".join(cell)
