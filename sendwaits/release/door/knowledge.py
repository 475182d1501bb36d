"""Everything a reader can combine, as a system: lists and what moves them, stages, shares, bands, groups, months and years.

Time is cut at every first day that any printed period has, so that periods of all grains and releases are sums of the same
pieces. Each piece has its own unknown flows; each census day its own unknown numbers by days waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache

from sendwaits.measure.measures import MEASURES
from sendwaits.measure.relations import Relation
from sendwaits.release.door.averages import Means, add_means
from sendwaits.release.door.cells import Cell, Count
from sendwaits.release.door.exact import Ties, relation_of
from sendwaits.release.door.stocks import Stocks
from sendwaits.release.door.system import BEFORE, NOW, Name, System

__all__ = ["Knowledge", "Members"]

Terms = dict[Name, float]
Members = Mapping[tuple[str, str, str, str], tuple[str, ...]]
"""(wait, measure, printed group, day) -> the groups that stand together in it."""


@cache
def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


class Knowledge:
    """The system of one pathway. ``changed``: the unknowns that the newest release says something new of."""

    def __init__(
        self,
        now: Iterable[Cell],
        before: Mapping[Count, tuple[float, float]],
        ties: Ties,
        averages: Mapping[tuple[str, str, str], float] | None = None,
        members: Members | None = None,
        smallest: int = 5,
        means: tuple[Means, Means] = ({}, {}),
    ) -> None:
        self.system, self.ties = System(), ties
        self.changed: set[Name] = set()
        self.cells = [c for c in now if relation_of(c.count.key[1]) is not None]
        self.now = {c.count: (c.lo, c.hi) for c in self.cells}
        self.before = [
            Cell(count, lo, hi) for count, (lo, hi) in before.items() if relation_of(count.key[1])
        ]
        self.earlier = before
        self.flows = [
            c for c in (*self.cells, *self.before) if c.count.key[3] and not c.count.key[2]
        ]
        self.cuts = sorted(
            {_day(c.count.key[3]) for c in self.flows}
            | {_day(c.count.key[4]) + 1 for c in (*self.cells, *self.before)}
        )
        self.number = {day: i for i, day in enumerate(self.cuts)}
        self.known = {(c.count.key[0], c.count.key[1]) for c in self.flows}
        self.waits = list(
            dict.fromkeys(c.count.key[0] for c in (*self.cells, *self.before) if c.count.key[0])
        )
        self.stocks = Stocks(self.system, averages or {}, members or {}, smallest)
        for cell in (*self.before, *self.cells):
            self._cell(cell)
        self.stocks.build()
        for wait in self.waits:
            self._balance(wait)
            self._groups_move(wait)
        self._shares()
        self._whole_of()
        self._rejected()
        add_means(self, *means)
        self._watch()

    # --- printed numbers

    def pieces(self, start: str, end: str) -> range:
        return range(self.number[_day(start)], self.number[_day(end) + 1])

    def _cell(self, cell: Cell) -> None:
        """A printed count as a row: NOW, or BEFORE unless the same count is printed again and differs."""
        wait, measure, group, start, end = cell.count.key
        strength = NOW if cell.source is not None else BEFORE
        if strength == BEFORE and cell.count in self.now:
            again = self.now[cell.count]
            if again[0] > cell.hi or cell.lo > again[1]:
                return
        terms = (
            self.sum_of(wait, measure, cell.count.part, start, end)
            if start
            else self.stocks.count(wait, measure, group, end, cell.count.part)
        )
        old = self.earlier.get(cell.count)
        if cell.source is not None and (old is None or cell.lo > old[0] or cell.hi < old[1]):
            self.changed |= set(terms)
        self.system.add(terms, cell.lo, cell.hi, cell.source, strength)

    def sum_of(self, wait: str, measure: str, part: str, start: str, end: str) -> Terms:
        """A flow over a period as the sum of its pieces."""
        found: Terms = {}
        for piece in self.pieces(start, end):
            for name, factor in self.flow(wait, measure, part, piece).items():
                found[name] = found.get(name, 0.0) + factor
        return found

    def flow(self, wait: str, measure: str, part: str, piece: int) -> Terms:
        """One piece of a flow; a share's denominator is the count that it is a share of, joiners are what feeds them."""
        relation = relation_of(measure)
        assert relation is not None
        if part == "denominator" and relation.of and not relation.some:
            return self.flow(
                wait if relation.wait is None else relation.wait, relation.of, "", piece
            )
        if measure == "starts":
            return self.joining(wait, piece)
        return {(wait, f"{measure}#{part}" if part else measure, piece): 1.0}

    def joining(self, wait: str, piece: int) -> Terms:
        """Those who join a list: completions of the stage before, referrals less those who never wait, or unknown."""
        if wait in self.ties.feeds:
            return {(self.ties.feeds[wait], "completed", piece): 1.0}
        if wait in self.ties.all_start:
            return {("", "referrals", piece): 1.0}
        if wait in self.ties.first:
            return {("", "referrals", piece): 1.0, (wait, "never waited", piece): -1.0}
        return {(wait, "starts", piece): 1.0}

    # --- what holds between them

    def _balance(self, wait: str) -> None:
        """waiting = waiting before + starts - completed - removed_other, between any two known census days."""
        days = self.stocks.days(wait)
        for first, last in zip(days, days[1:], strict=False):
            terms: Terms = {(wait, "waiting", last): -1.0, (wait, "waiting", first): 1.0}
            for piece in range(self.number[_day(first) + 1], self.number[_day(last) + 1]):
                for name, factor in self.joining(wait, piece).items():
                    terms[name] = terms.get(name, 0.0) + factor
                terms[wait, "completed", piece] = -1.0
                terms[wait, "removed_other", piece] = -1.0
            self.system.add(terms, 0, 0)
        for piece in range(len(self.cuts) - 1):
            joins = self.joining(wait, piece)
            if len(joins) == 2:
                self.system.add(joins, 0)
        for day in days:
            self._ages(wait, day)

    def _groups_move(self, wait: str) -> None:
        """Each group's list moves by its own joiners, completions and removals; over all groups they are those of the service.

        Steps that earlier releases told already were asked about then.
        """
        old = {(c.key[0], c.key[4]) for c in self.earlier if c.key[1] == "waiting" and c.key[2]}
        for column, days in self.stocks.followed(wait).items():
            for (first, _), (last, groups) in zip(days, days[1:], strict=False):
                if (wait, last) in old:
                    continue
                pieces = range(self.number[_day(first) + 1], self.number[_day(last) + 1])
                whole: dict[str, Terms] = {"starts": {}, "completed": {}, "removed_other": {}}
                for piece in pieces:
                    for name, factor in self.joining(wait, piece).items():
                        whole["starts"][name] = factor
                    for what in ("completed", "removed_other"):
                        whole[what][wait, what, piece] = 1.0
                for what, terms in whole.items():
                    parts = dict.fromkeys(((wait, what, g, first, last) for g in groups), -1.0)
                    self.system.add(terms | parts, 0, 0)
                for group in groups:
                    flows = [(wait, what, group, first, last) for what in whole]
                    names = [self.stocks.name(wait, "waiting", group, d) for d in (first, last)]
                    signs = zip([*names, *flows], (1.0, -1.0, 1.0, -1.0, -1.0), strict=True)
                    self.system.add(dict(signs), 0, 0)
                    for flow in flows:
                        self.system.protect(flow, {flow: 1.0})

    def _ages(self, wait: str, day: str) -> None:
        """Who has waited no longer than since a first day has joined since; who has waited longer was on the list before it."""
        at = _day(day)
        for cut in [c for c in self.cuts if at - 400 <= c <= at and self.cuts[0] <= c]:
            young = self.stocks.waited(wait, day, most=at - cut)
            if not young:
                continue
            terms: Terms = {name: -1.0 for name in young}
            for piece in range(self.number[cut], self.number[at + 1]):
                for name, factor in self.joining(wait, piece).items():
                    terms[name] = terms.get(name, 0.0) + factor
            self.system.add(terms, 0, strength=BEFORE)

    def _shares(self) -> None:
        """Numerators lie within their denominators, piece by piece; so do shares of only some of a count."""
        for wait, measure in sorted(self.known):
            relation = relation_of(measure)
            if relation is None or relation.kind != "share":
                continue
            for piece in range(len(self.cuts) - 1):
                top = self.flow(wait, measure, "numerator", piece)
                bottom = self.flow(wait, measure, "denominator", piece)
                self.system.add(_less(bottom, top), 0)
                if relation.some:
                    self._some(wait, measure, relation, piece)

    def _some(self, wait: str, measure: str, relation: Relation, piece: int) -> None:
        """Some of a count, and their numerator within the numerators of a share of all of it."""
        base = wait if relation.wait is None else relation.wait
        whole, part = (
            self.flow(base, relation.of, "", piece),
            self.flow(wait, measure, "denominator", piece),
        )
        self.system.add(_less(whole, part), 0)
        for other_wait, other in self.known:
            twin = relation_of(other)
            if (
                twin is None
                or twin.kind != "share"
                or twin.some
                or twin.of != relation.of
                or other_wait != wait
            ):
                continue
            within = _less(
                self.flow(wait, other, "numerator", piece),
                self.flow(wait, measure, "numerator", piece),
            )
            self.system.add(within, 0, strength=BEFORE)
            self.system.add(_less(_less(whole, part), within), 0, strength=BEFORE)

    def _whole_of(self) -> None:
        """A count that covers another; removals that shares count."""
        for wait, measure in sorted(self.known):
            relation = relation_of(measure)
            if relation is not None and relation.kind == "whole" and relation.of:
                for piece in range(len(self.cuts) - 1):
                    covered = self.flow(relation.wait or wait, relation.of, "", piece)
                    self.system.add(
                        _less(self.flow(wait, measure, "", piece), covered), 0, strength=BEFORE
                    )
        for wait, removes in self._removals().items():
            for piece in range(len(self.cuts) - 1):
                terms: Terms = {(wait, "removed_other", piece): 1.0}
                for name in removes:
                    terms |= {n: -1.0 for n in self.flow(*name, piece)}
                self.system.add(terms, 0, strength=BEFORE)

    def _rejected(self) -> None:
        """Those who never wait are, over a longer period, the rejected ones."""
        waits = [w for w in self.ties.first if w not in self.ties.all_start]
        for cell in self.cells:
            if cell.count.key[1] != "rejected" or len(waits) != 1 or not cell.count.key[3]:
                continue
            if (waits[0], "removed_other") not in self.known:
                pieces = self.pieces(*cell.count.key[3:])
                terms: Terms = {("", "rejected", p): -1.0 for p in pieces}
                terms |= {(waits[0], "never waited", p): 1.0 for p in pieces}
                self.system.add(terms, 0, 0, strength=BEFORE)

    def _removals(self) -> dict[str, list[tuple[str, str, str]]]:
        found: dict[str, list[tuple[str, str, str]]] = {}
        for wait, measure in sorted(self.known):
            relation = relation_of(measure)
            if relation is not None and relation.removes is not None:
                part, of = relation.removes
                if of in self.waits:
                    found.setdefault(of, []).append((wait, measure, part))
        return found

    # --- what must not be told

    def _watch(self) -> None:
        """Every flow, remainder and part of a share: piece by piece, and over every period that anything is printed for."""
        spans = {
            (i, i + 1) for i in range(len(self.cuts) - 1) if self.cuts[i + 1] - self.cuts[i] <= 366
        }
        for cell in self.flows:
            pieces = self.pieces(cell.count.key[3], cell.count.key[4])
            spans.add((pieces.start, pieces.stop))
        counted = self._counted()
        for first, last in sorted(spans):
            for label, terms_of in counted.items():
                terms: Terms = {}
                for piece in range(first, last):
                    for name, factor in terms_of(piece).items():
                        terms[name] = terms.get(name, 0.0) + factor
                self.system.protect((*label, self.cuts[first], self.cuts[last] - 1), terms)

    def _counted(self) -> dict:
        """(wait, what) -> its terms in a piece, for every count that somebody could look for."""
        found: dict = {}
        for wait in self.waits:
            if not self.stocks.days(wait) and (wait, "completed") not in self.known:
                continue
            for what in ("completed", "removed_other"):
                found[wait, what] = lambda p, w=wait, m=what: {(w, m, p): 1.0}
            found[wait, "starts"] = lambda p, w=wait: self.joining(w, p)
            if wait in self.ties.first and wait not in self.ties.all_start:
                found[wait, "never waited"] = lambda p, w=wait: {(w, "never waited", p): 1.0}
        for wait, measure in sorted(self.known):
            relation = relation_of(measure)
            if relation is None or (wait, measure) in found:
                continue
            if relation.kind == "share":
                top = lambda p, w=wait, m=measure: self.flow(w, m, "numerator", p)  # noqa: E731
                bottom = lambda p, w=wait, m=measure: self.flow(w, m, "denominator", p)  # noqa: E731
                found[wait, measure, "numerator"] = top
                found[wait, measure, "rest"] = lambda p, a=bottom, b=top: _less(a(p), b(p))
                if not relation.of or relation.some:
                    found[wait, measure, "denominator"] = bottom
                if relation.some:
                    base = lambda p, w=wait, m=relation.of: self.flow(w, m, "", p)  # noqa: E731
                    found[wait, measure, "others"] = lambda p, a=base, b=bottom: _less(a(p), b(p))
            elif MEASURES[measure].unit == "count":
                found[wait, measure] = lambda p, w=wait, m=measure: self.flow(w, m, "", p)
            if relation.kind == "whole" and relation.of:
                covered = (relation.wait or wait, relation.of)
                found[wait, measure, "more"] = lambda p, w=wait, m=measure, c=covered: _less(
                    self.flow(w, m, "", p), self.flow(c[0], c[1], "", p)
                )
        for wait, removes in self._removals().items():
            found[wait, "removed otherwise"] = lambda p, w=wait, r=removes: _less(
                {(w, "removed_other", p): 1.0},
                *(self.flow(*name, p) for name in r),  # type: ignore[call-arg]
            )
        return found


def _less(terms: Terms, *others: Terms) -> Terms:
    found = dict(terms)
    for other in others:
        for name, factor in other.items():
            found[name] = found.get(name, 0.0) - factor
    return {n: f for n, f in found.items() if f}
