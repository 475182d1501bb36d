"""The certificate of a set: which counts its rows tell too closely, for one kind of reader and all they have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwaits.release.door.cells import Count, Key, cells_of
from sendwaits.release.door.exact import Ties
from sendwaits.release.door.knowledge import Knowledge, Members
from sendwaits.release.door.rows import Printed
from sendwaits.release.door.system import Weak

__all__ = ["Reader", "certificate"]


@dataclass(frozen=True)
class Reader:
    """Who has seen what before: ``before`` each count as an interval, ``members`` the groups of printed "all others".

    ``need``: how many whole numbers a count of 1 to ``small`` must keep for them.
    """

    need: int
    small: int
    before: Mapping[Count, tuple[float, float]] = field(default_factory=dict)
    members: Members = field(default_factory=dict)


def certificate(
    rows: Mapping[Key, Printed], members: Members, ties: Ties, reader: Reader, smallest: int
) -> list[Weak]:
    """The counts that ``rows`` tell a reader too closely. ``smallest``: the smallest count that the rows show."""
    averages = {
        (key[0], key[1], key[4]): row.value
        for key, row in rows.items()
        if key[1].endswith("_weeks_open") and not key[2]
    }
    known = Knowledge(
        cells_of(rows, smallest),
        reader.before,
        ties,
        averages,
        {**reader.members, **members},
        smallest,
    )
    changed = known.changed if reader.before else None
    for system in (known.stocks.alone, known.system):
        weak = system.weak(reader.need, reader.small, changed)
        if weak:
            return weak
    return []
