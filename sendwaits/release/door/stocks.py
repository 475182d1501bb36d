"""The lists: by days waited, by other parts, by group, and what their averages say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sendwaits.pathways import BANDS
from sendwaits.release.door.exact import relation_of
from sendwaits.release.door.system import NOW, Name, Row, System

__all__ = ["Stocks"]

_INF = math.inf
Terms = dict[Name, float]


class Stocks:
    """Adds to a system the counts of each census day. ``averages``: (wait, measure, day) -> weeks printed.

    ``members``: (wait, measure, printed group, day) -> the groups in it, for those that are several together.
    """

    def __init__(
        self,
        system: System,
        averages: Mapping[tuple[str, str, str], float],
        members: Mapping[tuple[str, str, str, str], tuple[str, ...]],
        smallest: int,
    ) -> None:
        self.system, self.averages, self.smallest = system, averages, smallest
        self.alone = System()
        """The lists whose averages are printed, each day by itself: small questions about whole numbers."""
        self.members = members
        self.told: dict[tuple[str, str], dict[tuple[str, str, str], None]] = {}

    def count(self, wait: str, measure: str, group: str, day: str, part: str = "") -> Terms:
        """The unknown of a printed stock, remembered for `build`. A share of the list has the list as its denominator."""
        relation = relation_of(measure)
        if part == "denominator" and relation is not None and relation.of:
            measure, part = relation.of, ""
        self.told.setdefault((wait, day), {})[measure, group, part] = None
        groups = self.members.get((wait, measure, group, day), (group,))
        return {self.name(wait, measure, g, day, part): 1.0 for g in groups}

    @staticmethod
    def name(wait: str, measure: str, group: str, day: str, part: str = "") -> Name:
        named = f"{measure}#{part}" if part else measure
        return (wait, named, group, day) if group else (wait, named, day)

    def days(self, wait: str) -> list[str]:
        """The days on which the size of a list is told, oldest first."""
        return sorted(
            d for (w, d), told in self.told.items() if w == wait and ("waiting", "", "") in told
        )

    def followed(self, wait: str) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Column -> the days on which its groups' lists are told, oldest first, each with the groups; only runs of the same groups."""
        found: dict[str, dict[str, dict[str, None]]] = {}
        for (w, day), told in self.told.items():
            for measure, label, _ in told if w == wait else ():
                if measure == "waiting" and label:
                    groups = self.members.get((wait, measure, label, day), (label,))
                    column = found.setdefault(label.split("=", 1)[0], {})
                    column.setdefault(day, {}).update(dict.fromkeys(groups))
        return {
            column: [(day, tuple(sorted(days[day]))) for day in sorted(days)]
            for column, days in found.items()
            if len(set(map(frozenset, days.values()))) == 1
        }

    def waited(self, wait: str, day: str, most: int) -> list[Name]:
        """The pieces of a list that have waited no longer than ``most`` days, all of them told apart from the rest."""
        if not any(relation_of(m).days for m, g, _ in self.told.get((wait, day), {}) if not g):  # type: ignore[union-attr]
            return []
        return [
            (wait, "waited", lo, day)
            for lo, hi in self._pieces(wait, day)
            if hi is not None and hi <= most
        ]

    def _pieces(self, wait: str, day: str) -> list[tuple[int, int | None]]:
        """Days waited, cut at every band and line that a reader may ask for."""
        edges = {lo for lo, _ in BANDS}
        for measure, group, _ in self.told[wait, day]:
            days = relation_of(measure).days  # type: ignore[union-attr]
            if days is not None and not group:
                edges |= {days[0]} | ({days[1] + 1} if days[1] is not None else set())
        cuts = sorted(edges)
        return [(a, b - 1) for a, b in zip(cuts, cuts[1:], strict=False)] + [(cuts[-1], None)]

    def build(self) -> None:
        printed: dict[tuple[Any, Any], list[Row]] = {}
        for row in self.system.rows:
            about = {(n[0], n[-1]) for n in row.terms if len(n) == 3}  # type: ignore[arg-type, index]
            if len(about) == 1:
                printed.setdefault(about.pop(), []).append(row)
        for (wait, day), told in self.told.items():
            county = [(m, part) for m, group, part in told if not group]
            if any(m == "waiting" for m, _ in county):
                self._by_days(
                    wait, day, [m for m, part in county if not part], printed.get((wait, day), [])
                )
                self._parts(wait, day, county)
            self._groups(wait, day, [(m, g) for m, g, _ in told if g])

    def _by_days(self, wait: str, day: str, measures: list[str], printed: list[Row]) -> None:
        """The list is the sum of its pieces by days waited; bands and lines are sums of some of them."""
        rows, targets = len(self.system.rows), len(self.system.targets)
        pieces = self._pieces(wait, day)
        names = {piece: (wait, "waited", piece[0], day) for piece in pieces}
        whole = self.name(wait, "waiting", "", day)
        self.system.add({whole: -1.0, **dict.fromkeys(names.values(), 1.0)}, 0, 0)
        for measure in measures:
            days = relation_of(measure).days  # type: ignore[union-attr]
            if days is None:
                continue
            inside = [
                names[lo, hi]
                for lo, hi in pieces
                if lo >= days[0] and (days[1] is None or (hi is not None and hi <= days[1]))
            ]
            self.system.add(
                {self.name(wait, measure, "", day): -1.0, **dict.fromkeys(inside, 1.0)}, 0, 0
            )
        self._watch(wait, day, names, measures)
        own = [*printed, *self.system.rows[rows:]]
        if self._averages(wait, day, names, printed):
            self.alone.rows += own
            self.alone.targets |= dict(list(self.system.targets.items())[targets:])

    def _watch(
        self, wait: str, day: str, names: Mapping[tuple[int, int | None], Name], measures: list[str]
    ) -> None:
        """Bands, lines, and what lies between two lines or a line and the list."""
        whole = self.name(wait, "waiting", "", day)
        self.system.protect((wait, "waiting", day), {whole: 1.0})
        for lo, hi in BANDS:
            inside = [
                n
                for (a, b), n in names.items()
                if a >= lo and (hi is None or (b is not None and b <= hi))
            ]
            self.system.protect((wait, f"waited {lo} to {hi}", day), dict.fromkeys(inside, 1.0))
        lines = sorted(
            relation_of(m).days[0]  # type: ignore[union-attr, index]
            for m in measures
            if relation_of(m).days and relation_of(m).days[1] is None  # type: ignore[union-attr, index]
        )
        for first, last in zip([0, *lines], [*lines, None], strict=True):
            inside = [n for (a, _), n in names.items() if a >= first and (last is None or a < last)]
            self.system.protect(
                (wait, f"waited {first} until {last}", day), dict.fromkeys(inside, 1.0)
            )
            over = [n for (a, _), n in names.items() if a >= first]
            self.system.protect((wait, f"waited {first} or more", day), dict.fromkeys(over, 1.0))
            under = [n for (a, _), n in names.items() if last is not None and a < last]
            if under:
                self.system.protect((wait, f"waited under {last}", day), dict.fromkeys(under, 1.0))

    def _parts(self, wait: str, day: str, county: list[tuple[str, str]]) -> None:
        """Other parts of a list and the numerators of its shares: within it, and so is what they leave."""
        whole = self.name(wait, "waiting", "", day)
        for measure, part in county:
            relation = relation_of(measure)
            assert relation is not None
            if measure == "waiting" or (relation.days is not None and not part):
                continue
            name = self.name(wait, measure, "", day, part)
            self.system.add({whole: 1.0, name: -1.0}, 0)
            self.system.protect((wait, measure, part, day), {name: 1.0})
            self.system.protect((wait, measure, part, "rest", day), {whole: 1.0, name: -1.0})

    def _groups(self, wait: str, day: str, grouped: list[tuple[str, str]]) -> None:
        """The groups of a column add up to the whole service; a line of a group lies within its list."""
        columns: dict[tuple[str, str], dict[str, None]] = {}
        for measure, label in grouped:
            for group in self.members.get((wait, measure, label, day), (label,)):
                columns.setdefault((measure, label.split("=", 1)[0]), {})[group] = None
        for (measure, column), groups in columns.items():
            names = {g: self.name(wait, measure, g, day) for g in groups}
            if (measure, "", "") in self.told[wait, day]:
                whole = self.name(wait, measure, "", day)
                self.system.add({whole: -1.0, **dict.fromkeys(names.values(), 1.0)}, 0, 0)
            lists = columns.get(("waiting", column), {}) if measure != "waiting" else {}
            for group, name in names.items():
                self.system.protect((wait, measure, group, day), {name: 1.0})
                if group in lists:
                    listed = self.name(wait, "waiting", group, day)
                    self.system.add({listed: 1.0, name: -1.0}, 0)
            for label in [g for m, g in grouped if m == measure and g.split("=", 1)[0] == column]:
                inside = self.members.get((wait, measure, label, day), (label,))
                terms = {self.name(wait, measure, g, day): 1.0 for g in inside}
                self.system.protect((wait, measure, label, "told", day), terms)
                if all(g in lists for g in inside):
                    rest = {n: -1.0 for n in terms}
                    rest |= {self.name(wait, "waiting", g, day): 1.0 for g in inside}
                    self.system.protect((wait, measure, label, "rest", day), rest)

    def _averages(
        self,
        wait: str,
        day: str,
        names: Mapping[tuple[int, int | None], Name],
        printed: list[Row],
    ) -> bool:
        """What a printed mean, median, percentile or k-th longest wait says of a list whose size is told; False when nothing."""
        whole = self.name(wait, "waiting", "", day)
        sizes = [r for r in printed if list(r.terms) == [whole] and r.strength == NOW]
        said = {m: w for m in _AVERAGES if (w := self.averages.get((wait, m, day))) == w and w}
        if not sizes or not said or sizes[0].lo != sizes[0].hi or sizes[0].lo > 60:
            return False
        for measure, weeks in said.items():
            self._average(measure, weeks, int(sizes[0].lo), names, (wait, measure, ""))
        return True

    def _average(
        self,
        measure: str,
        weeks: float,
        n: int,
        names: Mapping[tuple[int, int | None], Name],
        source: tuple[str, str, str],
    ) -> None:
        half = 0.05 + 1e-9
        least, most = (weeks - half) * 7, (weeks + half) * 7
        add = self.alone.add
        if measure.startswith("mean_"):
            add({name: lo for (lo, _), name in names.items() if lo}, -_INF, most * n, source, NOW)
            if all(hi is not None or False for _, hi in list(names)[:-1]):
                top = {
                    name: float(hi if hi is not None else 20000) for (_, hi), name in names.items()
                }
                add(top, least * n, _INF, source, NOW)
        elif measure.startswith("longest_"):
            add(
                {name: 1.0 for (_, hi), name in names.items() if hi is None or hi >= 7 * weeks},
                self.smallest,
                _INF,
                source,
                NOW,
            )
            over = {name: 1.0 for (lo, _), name in names.items() if lo >= 7 * weeks + 7}
            if over:
                add(over, -_INF, self.smallest - 1, source, NOW)
        else:
            percentile = re.match(r"p(\d+)_", measure)
            rank = math.ceil(int(percentile[1]) * n / 100) if percentile else None
            below, above = (n // 2, n // 2) if rank is None else (rank - 1, n - rank)
            under = {name: 1.0 for (_, hi), name in names.items() if hi is not None and hi < least}
            over = {name: 1.0 for (lo, _), name in names.items() if lo > most}
            for side, limit in ((under, below), (over, above)):
                if side:
                    add(side, -_INF, limit, source, NOW)


_AVERAGES = ("mean_weeks_open", "median_weeks_open", "p92_weeks_open", "longest_weeks_open")
