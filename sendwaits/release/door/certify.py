"""The certificate of a set: which counts its rows tell too closely, for one kind of reader and all they have seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sendwaits.release.door.averages import MEAN, Means
from sendwaits.release.door.cells import Cell, Count, Key, cells_of
from sendwaits.release.door.exact import Ties
from sendwaits.release.door.knowledge import Knowledge, Members
from sendwaits.release.door.rows import Printed
from sendwaits.release.door.system import Weak

__all__ = ["Reader", "certificate", "means_of"]


@dataclass(frozen=True)
class Reader:
    """Who has seen what before: ``before`` each count as an interval, ``members`` the groups of printed "all others".

    ``need``: how many whole numbers a count of 1 to ``small`` must keep for them.
    """

    need: int
    small: int
    before: Mapping[Count, tuple[float, float]] = field(default_factory=dict)
    members: Members = field(default_factory=dict)
    means: Means = field(default_factory=dict)


def means_of(rows: Mapping[Key, Printed]) -> Means:
    """The mean whole waits of a service that rows print, by wait and period."""
    return {
        (key[0], key[3], key[4]): row.value
        for key, row in rows.items()
        if key[1] == MEAN and not key[2] and row.value == row.value
    }


def certificate(
    rows: Mapping[Key, Printed],
    members: Members,
    ties: Ties,
    reader: Reader,
    smallest: int,
    more: Iterable[Cell] = (),
) -> list[Weak]:
    """The counts that ``rows`` tell a reader too closely. ``smallest``: the smallest count that the rows show.

    ``more``: counts that the set tells elsewhere, in its themes.
    """
    averages = {
        (key[0], key[1], key[4]): row.value
        for key, row in rows.items()
        if key[1].endswith("_weeks_open") and not key[2]
    }
    known = Knowledge(
        [*cells_of(rows, smallest), *more],
        reader.before,
        ties,
        averages,
        {**reader.members, **members},
        smallest,
        (means_of(rows), reader.means),
    )
    changed = known.changed if reader.before else None
    for system in (known.stocks.alone, known.system):
        weak = system.weak(reader.need, reader.small, changed)
        if weak:
            return weak
    return []
