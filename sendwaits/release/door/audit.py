"""Is a released set safe? Answered from its rows alone, beside everything that the same readers have been given before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sendwaits.measure.measures import MEASURES
from sendwaits.pathways import built_in
from sendwaits.release.door.cells import Key, table_rows, theme_cells
from sendwaits.release.door.certify import certificate
from sendwaits.release.door.exact import Ties, Value, relation_of
from sendwaits.release.door.history import audiences, members_of
from sendwaits.release.door.released import Released
from sendwaits.release.door.rows import Printed, enough, too_small
from sendwaits.release.door.system import Weak
from sendwaits.release.key import Key as NumberKey
from sendwaits.release.profile import BASE, Profile

__all__ = ["Finding", "audit", "weak_of"]


@dataclass(frozen=True)
class Finding:
    """One number that tells too much: its key, what is wrong, and the whole numbers left (``lo`` to ``hi``)."""

    key: str
    what: str
    lo: float = float("nan")
    hi: float = float("nan")


def audit(released: Released, earlier: Iterable[Released] = ()) -> list[Finding]:
    """Every number of a released set that tells too much, jointly with earlier releases; empty when it is safe.

    The analyst profile is not for release: no findings. A number that earlier releases told by themselves is not blamed on this
    one.
    """
    if released.profile.exact:
        return []
    earlier = [r for r in earlier if not r.profile.exact]
    found = []
    for pathway in dict.fromkeys(released.table["pathway"]):
        rows = table_rows(released, pathway)
        found += [
            f for key, row in rows.items() for f in _alone(pathway, key, row, released.profile)
        ]
        found += _together(released, earlier, pathway)
    return found


def _alone(pathway: str, key: Key, row: Printed, profile: Profile) -> list[Finding]:
    """What is wrong with a row by itself."""
    name, measure = str(NumberKey(pathway, *key)), MEASURES.get(key[1])
    if measure is None or relation_of(key[1]) is None:
        return [Finding(name, "its relation to other measures is not declared")]
    if row.form in ("c", "z"):
        return [] if row.value != row.value else [Finding(name, "a value stands beside its mark")]
    value = Value(row.value, row.numerator, row.denominator, row.n)
    parts = [row.value if measure.unit == "count" else None, row.numerator, row.denominator]
    if (
        row.form == "exact"
        and profile.rounds
        or row.form == "rounded"
        and any(p is not None and p % BASE for p in parts)
    ):
        return [Finding(name, "not rounded to the nearest 5")]
    if row.form == "exact" and (
        too_small(key[1], value, profile) or not enough(key[1], value, profile)
    ):
        return [Finding(name, "shown although it is about too few children", row.value, row.value)]
    return []


def _together(released: Released, earlier: list[Released], pathway: str) -> list[Finding]:
    """What can be worked out from the rows of a pathway, its themes, and what was printed before."""
    return [
        Finding(
            "|".join(str(part) for part in (pathway, *weak.name)),  # type: ignore[misc]
            "can be worked out too closely",
            weak.lo,
            weak.hi,
        )
        for weak in weak_of(released, earlier, pathway)
        if weak.sources
    ]


def weak_of(released: Released, earlier: list[Released], pathway: str) -> list[Weak]:
    """The counts that a set tells any of its readers too closely."""
    rows = table_rows(released, pathway)
    first = min((k[3] for k in rows if k[3]), default=released.as_at.isoformat())
    ties = released.ties.get(pathway) or _known_ties(pathway)
    members = members_of(released, pathway)
    more = list(theme_cells(released, pathway, source=True))
    return [
        weak
        for reader in audiences(earlier, pathway, first, released.profile)
        for weak in certificate(rows, members, ties, reader, released.profile.smallest, more)
    ]


def _known_ties(pathway: str) -> Ties:
    """The stages of a built-in pathway, for a set that does not say them."""
    known = built_in().get(pathway)
    waits = known.waits if known is not None else ()
    feeds = {
        b.name: a.name
        for a in waits
        for b in waits
        if b.start == a.completed and b.completed != a.completed
    }
    first = tuple(w.name for w in waits if w.name not in feeds)
    return Ties(feeds, first, first if known is not None and known.rejected is None else ())
