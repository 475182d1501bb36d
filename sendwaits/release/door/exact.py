"""The exact figures of one pathway as the door asks for them: a number by key, its periods by grain, and its ties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sendwaits.measure.measures import MEASURES
from sendwaits.measure.relations import Relation
from sendwaits.pathways import built_in

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exact", "Ties", "Value", "day_before", "relation_of"]


class Value(NamedTuple):
    """One exact number: NaN where undefined; the parts None where there are none."""

    value: float
    numerator: int | None
    denominator: int | None
    n: int | None


@dataclass(frozen=True)
class Ties:
    """What everybody knows of a service's stages: ``feeds``: wait -> the wait whose completion starts it; ``first``: waits that
    start with a referral; ``all_start``: those that every referral starts."""

    feeds: dict[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    all_start: tuple[str, ...] = ()


def relation_of(measure: str) -> Relation | None:
    """The declared relation of a measure; None: the door keeps it in."""
    known = MEASURES.get(measure)
    return None if known is None else known.relation


def day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


class Exact:
    """Exact rows of one pathway. ``phase``: the month number modulo 3 that ends a quarter."""

    def __init__(self, figures: pd.DataFrame, as_at: date, phase: int | None = None) -> None:
        self.as_at = as_at
        self.phase = as_at.month % 3 if phase is None else phase
        self.pathway = str(figures["pathway"].iloc[0]) if len(figures) else ""
        self.rows: dict[tuple[str, str, str, str, str], Value] = {}
        self.units: dict[str, str] = {}
        keys = zip(
            *(figures[c] for c in ("wait", "measure", "group", "period_start", "period_end")),
            strict=True,
        )
        parts = zip(*(_whole(figures[c]) for c in ("numerator", "denominator", "n")), strict=True)
        for key, value, unit, part in zip(
            keys, figures["value"].astype(float), figures["unit"], parts, strict=True
        ):
            if key in self.rows:
                raise ValueError("figures: two rows for the same number")
            self.rows[key] = Value(value, *part)
            self.units[key[1]] = unit
        self.grouped: dict[tuple[str, str, str, str], dict[str, Value]] = {}
        for (wait, measure, group, start, end), value in self.rows.items():
            if group and not start:
                column = group.split("=", 1)[0]
                self.grouped.setdefault((wait, measure, column, end), {})[group] = value
        self.periods = self._by_grain()
        self.ends = self._stock_ends()

    def _by_grain(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {g: set() for g in ("month", "quarter", "year")}
        for _, _, group, start, end in self.rows:
            if start and not group:
                grain = self.grain_of(start, end)
                if grain:
                    found[grain].add((start, end))
        return {grain: sorted(periods) for grain, periods in found.items()}

    def grain_of(self, start: str, end: str) -> str:
        """``month``, ``quarter`` (of the phase) or ``year`` of a whole period; "" for any other: it is never over."""
        if start[8:] != "01" or (date.fromisoformat(end) + timedelta(days=1)).day != 1:
            return ""
        spanned = 12 * (int(end[:4]) - int(start[:4])) + int(end[5:7]) - int(start[5:7]) + 1
        if spanned == 12 and start[5:7] == "01":
            return "year"
        if spanned == 3 and int(end[5:7]) % 3 == self.phase:
            return "quarter"
        return "month" if spanned == 1 else ""

    def _stock_ends(self) -> dict[str, list[str]]:
        """Census days by grain. The day of as_at is always among the months."""
        every = sorted({end for _, _, group, start, end in self.rows if not start and not group})
        whole = [e for e in every if (date.fromisoformat(e) + timedelta(days=1)).day == 1]
        return {
            "month": every,
            "quarter": [e for e in whole if int(e[5:7]) % 3 == self.phase],
            "year": [e for e in whole if e[5:7] == "12"],
            "day": every[-1:],
        }

    def series(self) -> list[tuple[str, str, str]]:
        """(wait, measure, column of the breakdown or "") in the order of the rows, each once."""
        return list(dict.fromkeys((w, m, g.split("=", 1)[0]) for w, m, g, _, _ in self.rows))

    def is_stock(self, wait: str, measure: str) -> bool:
        known = MEASURES.get(measure)
        return known is not None and known.kind == "stock"

    def spans(self, wait: str, measure: str, grain: str) -> list[tuple[str, str]]:
        """(start, end) of every period of a series at a grain; stocks have an empty start."""
        if self.is_stock(wait, measure):
            return [("", end) for end in self.ends.get(grain, ())]
        return self.periods.get(grain, [])

    def at(self, wait: str, measure: str, start: str, end: str, group: str = "") -> Value | None:
        return self.rows.get((wait, measure, group, start, end))

    def values(self, wait: str, measure: str, grain: str) -> Iterator[tuple[str, str, Value]]:
        """(start, end, number) of the county series at a grain."""
        for start, end in self.spans(wait, measure, grain):
            value = self.at(wait, measure, start, end)
            if value is not None:
                yield start, end, value

    def counts(self, wait: str, measure: str) -> dict[str, int]:
        """Month end -> count of the county series."""
        return {end: int(v.value) for _, end, v in self.values(wait, measure, "month")}

    def by_group(self, wait: str, measure: str, column: str, end: str) -> dict[str, Value]:
        """Group -> number of a stock on a day, for the groups of a column."""
        return self.grouped.get((wait, measure, column, end), {})

    def waits(self) -> list[str]:
        return list(dict.fromkeys(w for w, m, *_ in self.rows if w))

    def ties(self) -> Ties:
        """Stages that feed each other and waits that start with a referral, as the figures and the pathway files say."""
        starts = {w: self.counts(w, "starts") for w in self.waits()}
        completed = {w: self.counts(w, "completed") for w in self.waits()}
        referrals = self.counts("", "referrals")
        known = built_in().get(self.pathway)
        declared = {
            b.name: a.name
            for a in (known.waits if known else ())
            for b in (known.waits if known else ())
            if b.start == a.completed and b.completed != a.completed
        }
        feeds = {}
        for wait, counts in starts.items():
            options = [declared[wait]] if wait in declared else [w for w in completed if w != wait]
            for other in options:
                same = len(counts) >= 3 and counts == completed.get(other) and any(counts.values())
                if wait in declared or (same and counts != referrals):
                    feeds[wait] = other
                    break
        first = [
            w
            for w, counts in starts.items()
            if w not in feeds and referrals and all(n <= referrals[e] for e, n in counts.items())
        ]
        every = [w for w in first if starts[w] == referrals]
        return Ties(feeds, tuple(first), tuple(every))


def _whole(column: pd.Series) -> list[int | None]:
    return [
        None if v is None or v != v else int(v)
        for v in column.astype(object).where(column.notna(), None)
    ]
