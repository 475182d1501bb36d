"""How a measure is tied to others: declared where it is defined, read by the release door. No relation, no release."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Relation", "band_of", "mean_over", "moves", "part_of", "share_of", "whole"]


@dataclass(frozen=True)
class Relation:
    """What the children of a number are part of.

    ``kind``: ``whole`` (a count of its own), ``moves`` (joins or leaves the list ``of``), ``part`` (some of ``of``),
    ``band`` (one of several that are all of ``of``),
    ``share`` (numerator and denominator; the denominator is ``of``, or a count of its own), ``mean`` (an average over
    ``of``). ``wait``: of which wait, None = the measure's own. ``days``: the least and most days waited of a part of a list
    (None = no limit). ``some``: the denominator is only some of ``of``. ``removes``: (``numerator`` or ``denominator``, wait)
    whose children are among those removed from that list in the same period. ``days_back``: an average over a window of its
    own, which is no calendar period.
    """

    kind: str
    of: str = ""
    wait: str | None = None
    days: tuple[int, int | None] | None = None
    some: bool = False
    removes: tuple[str, str] | None = None
    days_back: int = 0


def whole(of: str = "", wait: str | None = None) -> Relation:
    """A count of its own; with ``of``, all of that other count and a few more."""
    return Relation("whole", of, wait)


def moves(of: str) -> Relation:
    """A flow into or out of the list ``of``."""
    return Relation("moves", of)


def part_of(of: str, days: tuple[int, int | None] | None = None) -> Relation:
    """Some of the children counted by ``of``; ``days``: those who have waited from the first to the last of them."""
    return Relation("part", of, days=days)


def band_of(of: str, days: tuple[int, int | None]) -> Relation:
    """Those of ``of`` who have waited from the first to the last of the days; the bands together are all of ``of``."""
    return Relation("band", of, days=days)


def share_of(
    of: str = "",
    wait: str | None = None,
    some: bool = False,
    removes: tuple[str, str] | None = None,
) -> Relation:
    """A percentage whose denominator is ``of`` (``some``: part of it), or a count of its own."""
    return Relation("share", of, wait, some=some, removes=removes)


def mean_over(of: str, days_back: int = 0) -> Relation:
    """An average, percentile or rate over the children counted by ``of``."""
    return Relation("mean", of, days_back=days_back)
