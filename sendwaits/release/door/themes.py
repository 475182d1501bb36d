"""Referrals by group in equal periods: to the nearest 5, small groups together, and only where windows do not tell months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sendwaits.release.door.audit import weak_of
from sendwaits.release.door.groups import OTHERS
from sendwaits.release.door.ladder import interval, rounded
from sendwaits.release.door.released import Released, dated
from sendwaits.release.door.windows import Told, sources, weak_windows
from sendwaits.release.key import COLUMNS, text
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["themes"]

MEASURE = "referrals"


def themes(
    counts: pd.DataFrame,
    profile: Profile,
    earlier: Iterable[Released] = (),
    released: Released | None = None,
) -> pd.DataFrame:
    """The released rows of `measure.themes.group_counts`: referrals in all and by group, `release.key.COLUMNS`.

    Outside the analyst profile every count is to the nearest 5; in a pair of periods the groups under k in either stand
    together as "all others", and a column with fewer than two groups is not published. A period that was printed before keeps
    its number until that has changed by k. A pair whose windows would tell the months of a group, beside all earlier sets and
    the set's own figures (``released``), is left out, and so is one that beside them tells any count of the service too
    closely. Counts of anything but referrals stay in.
    """
    if profile.exact:
        return dated(counts.assign(form="exact"))
    kept = counts[counts["measure"] == MEASURE]
    old = [r for r in earlier if not r.profile.exact]
    parts = [
        _Themes(code, rows, profile, old, released).table()
        for code, rows in kept.groupby("pathway", sort=False)
    ]
    import pandas as pd

    rows = [row for part in parts for row in part]
    return dated(pd.DataFrame(rows, columns=COLUMNS))


class _Themes:
    """The themes of one pathway. A source is (column, first day of the pair)."""

    def __init__(
        self,
        code: str,
        rows: pd.DataFrame,
        profile: Profile,
        earlier: list[Released],
        released: Released | None,
    ) -> None:
        self.code, self.profile = code, profile
        self.earlier, self.released = earlier, released
        self.counts = {
            (r.group, r.period_start, r.period_end): int(r.value) for r in rows.itertuples()
        }
        self.before = [t for r in earlier for t in _told_before(r, code)]
        self.last = {
            k: v
            for r in earlier
            if r.profile.name == profile.name
            for k, v in _printed(r, code).items()
        }
        self.now = [] if released is None else _totals(released.table, code, profile)
        self.pairs = self._pairs()
        self.left_out: set[tuple[str, str]] = set()

    def _pairs(self) -> list[list[tuple[str, str]]]:
        """Periods of equal length that are compared, two and two."""
        periods = sorted({(s, e) for _, s, e in self.counts}, key=lambda p: (p[1], p[0]))
        closed = [p for p in periods if p[0].endswith("-01-01") and p[1].endswith("-12-31")]
        moving = [p for p in periods if p not in closed]
        return [pair for pair in (moving, closed) if pair]

    def table(self) -> list[tuple]:
        while True:
            printed = self._rows()
            told = [*self.before, *self.now, *(t for _, t in printed)]
            weak = weak_windows(
                told, self.profile.possible, self.profile.smallest - 1, self._wholes(told)
            )
            again = sources(weak) & {t.source for _, t in printed}
            if again:
                self.left_out |= {max(again, key=lambda s: (s[0] != "", s[1]))}  # type: ignore[arg-type,index]
                continue
            pairs = self._told_beside([row for row, _ in printed])
            if not pairs:
                return [row for row, _ in printed]
            columns = {group.split("=", 1)[0] for group, *_ in self.counts}
            self.left_out |= {(column, pair) for column in columns for pair in pairs}

    def _told_beside(self, rows: list[tuple]) -> set[str]:
        """First days of the pairs of periods whose referrals tell a count of the service too closely, beside its figures."""
        if self.released is None or not rows:
            return set()
        import pandas as pd

        made = replace(self.released, themes=dated(pd.DataFrame(rows, columns=COLUMNS)))
        weak = weak_of(made, self.earlier, self.code)
        told = {s[1:] for w in weak for s in w.sources if s[0] == "themes"}  # type: ignore[index]
        return {pair[0][0] for pair in self.pairs if told & set(pair)}

    def _wholes(self, told: list[Told]) -> list[tuple[str, list[str]]]:
        """The groups of each column that is told of now add up to all referrals."""
        named = {n for t in told for n in t.names}
        columns: dict[str, list[str]] = {}
        for group in dict.fromkeys(g for g, _, _ in self.counts if g):
            columns.setdefault(group.split("=", 1)[0], []).append(group)
        return [("", groups) for groups in columns.values() if named & set(groups)]

    def _rows(self) -> list[tuple[tuple, Told]]:
        found = []
        for pair in self.pairs:
            columns = dict.fromkeys(g.split("=", 1)[0] for g, s, e in self.counts if (s, e) in pair)
            for column in columns:
                source = (column, pair[0][0])
                if source not in self.left_out:
                    for label, groups in self._together(column, pair).items():
                        found += [self._row(label, groups, p, source) for p in pair]
        return found

    def _together(self, column: str, pair: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        """Printed group -> the groups in it: those under k in any period of the pair stand together."""
        groups = [
            g for g in dict.fromkeys(g for g, _, _ in self.counts) if g.split("=", 1)[0] == column
        ]
        if not column:
            return {"": ("",)}

        def least(members: tuple[str, ...]) -> int:
            return min(sum(self.counts.get((g, *p), 0) for g in members) for p in pair)

        few = [g for g in groups if least((g,)) < self.profile.smallest]
        alone = [g for g in groups if g not in few]
        while few and least(tuple(few)) < self.profile.smallest and alone:
            few.append(min(alone, key=lambda g: (least((g,)), g)))
            alone.remove(few[-1])
        found: dict[str, tuple[str, ...]] = {g: (g,) for g in alone}
        if few:
            found[f"{column}={OTHERS}" if len(few) > 1 else few[0]] = tuple(few)
        return (
            found
            if len(found) > 1 and all(least(m) >= self.profile.smallest for m in found.values())
            else {}
        )

    def _row(
        self, label: str, groups: tuple[str, ...], period: tuple[str, str], source: tuple[str, str]
    ) -> tuple[tuple, Told]:
        """One printed row: a period printed before keeps its number until its change cannot be under k."""
        count = sum(self.counts.get((g, *period), 0) for g in groups)
        value = rounded(count)
        before = self.last.get((label, *period))
        if before is not None and abs(count - before) < self.profile.smallest + 2:
            value = before
        lo, hi = interval(value, "rounded", self.profile.smallest if label else 1)
        row = (
            self.code,
            "",
            MEASURE,
            label,
            *period,
            float(value),
            "count",
            None,
            None,
            value,
            "rounded",
        )
        return row, Told(groups, *period, lo, hi, source)


def _printed(released: Released, code: str) -> dict[tuple[str, str, str], int]:
    """(group, start, end) -> number of the themes of an earlier set."""
    table = released.themes
    if table is None or not len(table):
        return {}
    mine = table[(table["pathway"] == code) & (table["measure"] == MEASURE)]
    return {
        (r.group, text(r.period_start), text(r.period_end)): int(r.value) for r in mine.itertuples()
    }


def _told_before(released: Released, code: str) -> list[Told]:
    """What an earlier set told of each group; "all others" of that set is a group of its own."""
    found = []
    for (label, start, end), value in _printed(released, code).items():
        lo, hi = interval(value, "rounded", released.profile.smallest if label else 1)
        names = (
            (label,)
            if not label.endswith(f"={OTHERS}")
            else ((label, start, end, str(released.as_at)),)
        )
        found.append(Told(names, start, end, lo, hi))
    return found


def _totals(released: pd.DataFrame, code: str, profile: Profile) -> list[Told]:
    """The referrals of the whole service that the set prints itself."""
    mine = released[
        (released["pathway"] == code) & (released["measure"] == MEASURE) & (released["group"] == "")
    ]
    return [
        Told(
            ("",),
            text(r.period_start),
            text(r.period_end),
            *interval(r.value, r.form, profile.smallest),
        )
        for r in mine.itertuples()
        if r.form != "z"
    ]
