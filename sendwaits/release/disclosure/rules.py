"""What is hidden in one release, and why: small counts, what rests on them, and what would give them away.

`release` is the only door through which tables leave. It hides what is small, then what is derived from it, then as
little more as the attack of `plan.attack` demands, and leaves out a breakdown that cannot be protected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Unsafe
from sendwaits.measure.bands import half_up
from sendwaits.release.disclosure.cells import (
    Parts,
    cells_of,
    earlier_cells,
    interval,
    limits,
    small_numbers,
    whole,
)
from sendwaits.release.disclosure.plan import (
    BREAKDOWN_MEASURES,
    FLOWS,
    Cell,
    Cells,
    attack,
    band_edges,
    base_count,
    chains,
    clearance_months,
    months_of,
    over_days,
    ratio_parts,
)
from sendwaits.release.disclosure.system import (
    Memory,
    Row,
    System,
    Weak,
    intervals,
    weak_quantities,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Released", "release", "COLUMNS"]

COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
    "status",
]
MOST_HIDDEN = Fraction(1, 5)
"""A breakdown with a larger share of hidden cells is made coarser, in the end not shown."""

SPARSE = ("removed_other", "rejected", "starts")
SPARSE_FROM = Fraction(1, 2)
"""A monthly series of these with a larger share of hidden months is not printed by month; its years are."""

KthLongest = Callable[[str, str, str], float | None]


@dataclass(frozen=True)
class Released:
    """A table that may leave: one row per printed number, ``status`` "" shown, "c" hidden, "z" undefined.

    ``notes`` says in sentences what was left out; ``zeros_hidden`` lists keys that may hide a 0; ``breakdowns_shown`` has
    one ``pathway|wait|column`` per breakdown printed.
    """

    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    zeros_hidden: list[str] = field(default_factory=list)
    breakdowns_shown: list[str] = field(default_factory=list)
    profile: str = "board"
    k: int = 5


def release(
    figures: pd.DataFrame,
    *,
    profile: str = "board",
    k: int = 5,
    kth_longest: KthLongest | None = None,
    previous: Iterable[Released] = (),
) -> Released:
    """The part of a table of figures that may leave under a profile: ``analyst`` exact, ``board`` from k, ``public`` rounded.

    Parameters
    ----------
    figures : the tidy table of one monthly set (one row per number); the newest ``period_end`` is the census of breakdowns.
    kth_longest : (pathway, wait, period_end) -> weeks waited by the k-th longest waiting child, None when there is none.
        Without it no longest wait is shown outside the analyst profile.
    previous : earlier releases of the same area; what they show cannot be hidden again, and is taken into account.

    Raises
    ------
    Unsafe : a pathway could not be made safe in any form (exit 6; nothing is released).
    """
    if profile == "analyst":
        table = figures.copy()
        table["status"] = ["z" if math.isnan(v) else "" for v in table["value"].astype(float)]
        return Released(
            table.reset_index(drop=True), profile=profile, k=k, breakdowns_shown=_breakdowns(table)
        )
    chosen = _planned(figures)
    earlier = earlier_cells(previous)
    parts, notes = [], []
    for pathway in dict.fromkeys(chosen["pathway"]):
        rows = chosen[chosen["pathway"] == pathway].reset_index(drop=True)
        part = _Part(rows, profile, k, kth_longest, Cells())
        table = part.released()
        if not part.stands_with(earlier.only(pathway)):
            part = _Part(rows, profile, k, kth_longest, earlier.only(pathway))
            table = part.released()
        parts.append(table)
        notes.extend(part.notes)
    import pandas as pd

    table = pd.concat(parts, ignore_index=True) if parts else chosen.assign(status="")
    return Released(table, notes, [], _breakdowns(table), profile, k)


def _planned(figures: pd.DataFrame) -> pd.DataFrame:
    """County rows of all months, and of each group only the newest census of the stocks that are broken down."""
    newest = figures["period_end"].max()
    county = figures["group"] == ""
    stock = (
        (figures["period_end"] == newest)
        & (figures["period_start"] == "")
        & figures["measure"].isin(BREAKDOWN_MEASURES)
    )
    yearly = (
        (figures["wait"] == "")
        & (figures["unit"] == "count")
        & (figures["period_start"].str[:7] != figures["period_end"].str[:7])
        & (figures["period_start"] != "")
    )
    return figures[county | stock | yearly].reset_index(drop=True)


def _breakdowns(table: pd.DataFrame) -> list[str]:
    grouped = table[table["group"] != ""]
    return sorted(
        {
            f"{p}|{w}|{g.split('=', 1)[0]}"
            for p, w, g in zip(grouped["pathway"], grouped["wait"], grouped["group"], strict=True)
        }
    )


_WEIGHTS = {
    "removed_other": 1,
    "rejected": 3,
    "waiting_booked": 2,
    "waiting_not_flowed": 2,
    "starts": 5,
    "completed": 8,
    "referrals": 18,
    "plans_issued": 30,
    "waiting_over_18_weeks": 20,
    "waiting_over_20_weeks": 22,
    "waiting_over_52_weeks": 25,
    "within_20_weeks_excl_pct": 2,
    "clearance_weeks": 3,
}
"""What it costs the reader to lose a number; the cheapest is hidden first."""


class _Part:
    """One pathway on its way out: which rows are printed, which are hidden."""

    def __init__(
        self,
        rows: pd.DataFrame,
        profile: str,
        k: int,
        kth_longest: KthLongest | None,
        earlier: Cells,
    ) -> None:
        self.rows, self.profile, self.k, self.earlier = rows, profile, k, earlier
        self.small, self.need = limits(profile, k)
        self.kth = kth_longest
        self.cell = [
            Cell(*c)
            for c in zip(
                rows["pathway"],
                rows["wait"],
                rows["measure"],
                rows["group"],
                rows["period_start"],
                rows["period_end"],
                strict=True,
            )
        ]
        self.value = [float(v) for v in rows["value"]]
        self.parts = list(
            zip(whole(rows["numerator"]), whole(rows["denominator"]), whole(rows["n"]), strict=True)
        )
        self.unit = list(rows["unit"])
        self.place = {cell: i for i, cell in enumerate(self.cell)}
        if len(self.place) != len(self.cell):
            raise ValueError("figures: two rows for the same number")
        self.starts = months_of(zip(rows["period_start"], rows["period_end"], strict=True))
        self.no_bands: set[str] = set()
        self.flow_level: dict[str, int] = {}
        self.no_months: set[tuple[str, str]] = set()  # (wait, measure) not printed by month
        self.no_group: set[tuple[str, str, str]] = set()
        self.forced = False
        self.kept: set[Cell] = set()  # county numbers hidden on the way to a coarser breakdown
        self.notes: list[str] = []
        self._longest()
        exact = Cells(
            shown={
                c: (v, v)
                for c, v, u in zip(self.cell, self.value, self.unit, strict=True)
                if u == "count" and not math.isnan(v)
            }
        )
        self.chained = chains(exact)
        starts = [
            (c, self.value[i])
            for c, i in self.place.items()
            if c.measure == "starts" and not c.group
        ]
        apart = {
            c.wait
            for c, v in starts
            if v != exact.shown.get(c._replace(wait="", measure="referrals"), (v, v))[0]
        }
        self.as_referred = {c.wait for c, _ in starts} - apart  # every referral starts this wait
        self.memory = Memory(self._truth())

    def released(self) -> pd.DataFrame:
        """The rows that are printed, hidden ones empty, with their status."""
        for _ in range(60):
            self.dropped = {i for i in range(len(self.cell)) if self._is_dropped(self.cell[i])}
            self.hidden = {
                i for i in range(len(self.cell)) if i not in self.dropped and self._is_primary(i)
            }
            self.hidden |= {self.place[c] for c in self.kept if self.place[c] not in self.dropped}
            self._follow()
            if (
                self._sparse_months(("removed_other", "rejected"))
                or self._too_revealing_groups()
                or self._too_many_hidden()
            ):
                continue
            if self._protect() and not self._too_many_hidden() and not self._sparse_months(SPARSE):
                self._restore()
                return self._printed()
        raise Unsafe(
            f"{self.cell[0].pathway}: no safe form of this service's tables was found. Nothing was released."
        )

    def stands_with(self, earlier: Cells) -> bool:
        """Whether the form found without earlier releases is safe beside them too; then a re-issue is the same."""
        if not earlier.shown and not earlier.hidden:
            return True
        self.earlier = earlier
        return not weak_quantities(
            attack(self._cells(), self.chained), self.need, self.small, self.memory
        )

    def _truth(self) -> dict[Cell, float]:
        """The exact counts, and the counts behind percentages and clearance times."""
        truth = {
            c: v
            for c, v, u in zip(self.cell, self.value, self.unit, strict=True)
            if u == "count" and not math.isnan(v)
        }
        for cell, (num, den, n) in zip(self.cell, self.parts, strict=True):
            behind = (
                *zip(ratio_parts(cell), (num, den), strict=True),
                (cell._replace(measure=cell.measure + "#n"), n),
            )
            truth.update({c: float(v) for c, v in behind if v is not None})
        return truth

    # --- what is small, and what rests on it

    def _longest(self) -> None:
        for i, cell in enumerate(self.cell):
            if cell.measure == "longest_weeks_open" and not math.isnan(self.value[i]):
                weeks = (
                    self.kth(cell.pathway, cell.wait, cell.end)
                    if self.kth is not None and not cell.group
                    else None
                )
                self.value[i] = (
                    math.inf
                    if weeks is None or math.isnan(weeks)
                    else float(math.floor(weeks + 1e-9))
                )

    def _is_primary(self, i: int) -> bool:
        """Whether the number itself is about too few children to be shown."""
        value, (num, den, n), cell = self.value[i], self.parts[i], self.cell[i]
        if math.isnan(value):
            return False
        if math.isinf(value):
            return True
        return small_numbers(cell.measure, self.unit[i], value, (num, den, n), self.small)

    def _follow(self) -> None:
        """Hide what is derived from hidden numbers: averages, rates and percentages with their base, longest waits."""
        hidden_cells = {self.cell[i] for i in self.hidden}
        gone = {self.cell[i] for i in self.dropped}
        hidden_months = {
            (c.wait, c.end)
            for c in hidden_cells
            if c.measure == "completed" and self.starts.get(c.end) == c.start
        }
        for i, cell in enumerate(self.cell):
            if i in self.hidden or i in self.dropped or math.isnan(self.value[i]):
                continue
            base = base_count(cell.wait, cell.measure)
            if base is not None:
                counted = cell._replace(wait=base[0], measure=base[1])
                if counted in hidden_cells or (counted in gone and self.unit[i] != "count"):
                    self.hidden.add(i)
                    continue
            if cell.measure == "clearance_weeks" and hidden_months:
                touching = clearance_months(cell.end, self.starts)[1]
                if any((cell.wait, e) in hidden_months for e in touching):
                    self.hidden.add(i)
            elif cell.measure == "longest_weeks_open":
                lines = [
                    (over_days(c.measure), c)
                    for c in hidden_cells
                    if c.wait == cell.wait and c.end == cell.end and c.group == cell.group
                ]
                if any(days is not None and days <= 7 * self.value[i] for days, _ in lines):
                    self.hidden.add(i)

    # --- breakdowns: all groups or none, and not too many holes

    def _is_dropped(self, cell: Cell) -> bool:
        if cell.group:
            return (cell.wait, cell.group.split("=", 1)[0], cell.measure) in self.no_group
        if cell.wait in self.no_bands and band_edges(cell.measure) is not None:
            return True
        by_month = self.starts.get(cell.end) == cell.start
        return (by_month and (cell.wait, cell.measure) in self.no_months) or cell.measure in FLOWS[
            : self.flow_level.get(cell.wait, 0)
        ]

    def _sparse_months(self, measures: tuple[str, ...]) -> bool:
        """Leave out a monthly series of which little would be seen: hiding most of it would cost others their months."""
        months: dict[tuple[str, str], list[bool]] = {}
        for i, cell in enumerate(self.cell):
            if (
                cell.measure in measures
                and not cell.group
                and self.starts.get(cell.end) == cell.start
                and i not in self.dropped
            ):
                months.setdefault((cell.wait, cell.measure), []).append(i in self.hidden)
        sparse = {
            key
            for key, hidden in months.items()
            if len(hidden) > 2 and sum(hidden) > SPARSE_FROM * len(hidden)
        }
        for wait, measure in sorted(sparse):
            about = f"{self.cell[0].pathway} {wait}".strip()
            self.notes.append(
                f"{about}: {measure} is not shown by month, most of its months would be hidden."
            )
        self.no_months |= sparse
        if sparse:
            self.kept.clear()
        return bool(sparse)

    def _tables(self) -> dict[tuple[str, str], list[int]]:
        tables: dict[tuple[str, str], list[int]] = {}
        for i, cell in enumerate(self.cell):
            if cell.group and i not in self.dropped:
                tables.setdefault((cell.wait, cell.group.split("=", 1)[0]), []).append(i)
        return tables

    def _leave_out(self, wait: str, column: str, measure: str) -> None:
        left_out = BREAKDOWN_MEASURES if measure == "waiting" else (measure,)
        self.no_group |= {(wait, column, m) for m in left_out}

    def _too_revealing_groups(self) -> bool:
        """Leave out a threshold that a whole group lies beyond while others do not: it would tell each child's wait."""
        found = False
        for (wait, column), places in self._tables().items():
            for i in places:
                cell = self.cell[i]
                whole = self.place.get(cell._replace(measure="waiting"))
                if cell.measure == "waiting" or whole is None or not self.value[i]:
                    continue
                if self.value[i] == self.value[whole] and not self._county_too(cell):
                    if (wait, column, cell.measure) not in self.no_group:
                        self._leave_out(wait, column, cell.measure)
                        self.notes.append(
                            f"{cell.pathway} {wait} by {column}: {cell.measure} is not shown, a whole group "
                            "lies beyond the line."
                        )
                    found = True
        return found

    def _county_too(self, cell: Cell) -> bool:
        line, whole = (
            self.place.get(cell._replace(group="", measure=m)) for m in (cell.measure, "waiting")
        )
        return line is not None and whole is not None and self.value[line] == self.value[whole]

    def _too_many_hidden(self) -> bool:
        """Make a breakdown coarser while more than a fifth of its cells are hidden."""
        found = False
        for (wait, column), places in self._tables().items():
            holes = [i for i in places if i in self.hidden]
            if Fraction(len(holes), len(places)) <= MOST_HIDDEN:
                continue
            counts = {
                m: sum(self.cell[i].measure == m for i in holes)
                for m in {self.cell[i].measure for i in holes}
            }
            worst = max(counts, key=lambda m: (counts[m], m))
            self._leave_out(wait, column, worst)
            self.notes.append(
                f"{self.cell[0].pathway} {wait} by {column}: {worst} is not shown, more than a fifth of the "
                "cells would be hidden."
            )
            found = True
        return found

    # --- what would give a hidden number away

    def _protect(self) -> bool:
        """Hide more until nothing hidden can be worked out; False when a coarser form must be tried."""
        self.kept_groups: set[Cell] = set()
        for _ in range(400):
            cells = self._cells()
            system = attack(cells, self.chained)
            weak = weak_quantities(system, self.need, self.small, self.memory)
            if not weak:
                return True
            chosen: set[Cell] = set()
            stuck: list[Weak] = []
            handled: set[Any] = set()
            touching, spans = _rows_by_quantity(system), intervals(system)
            self._unknown = {q for q, (lo, hi) in system.bounds.items() if lo != hi}
            for item in weak:
                if any(
                    len(row.terms) <= 9 and not handled.isdisjoint(row.terms)
                    for row in touching.get(item.quantity, ())
                ):
                    handled.add(item.quantity)
                    continue
                choice = self._cheapest(item, touching, spans)
                if choice is None:
                    stuck.append(item)
                else:
                    chosen.add(choice)
                    handled |= {choice, item.quantity}
            if not chosen:
                if not stuck[0].quantity.group:
                    self.kept.clear()
                self._coarsen(stuck[0], touching)
                return False
            self.hidden |= {self.place[c] for c in chosen}
            self.kept |= {c for c in chosen if not c.group}
            self.kept_groups |= {c for c in chosen if c.group}
            self._follow()
        raise Unsafe(f"{self.cell[0].pathway}: hiding more did not end. Nothing was released.")

    def _restore(self) -> None:
        """Show again what was hidden twice over: of a month's referrals and completions mostly one is enough."""
        series: dict[tuple[str, str, bool], set[Cell]] = {}
        for cell in self.kept:
            i = self.place[cell]
            if (
                cell.measure in ("completed", "referrals")
                and i not in self.dropped
                and not self._is_primary(i)
            ):
                series.setdefault(
                    (cell.measure, cell.wait, self.starts.get(cell.end) == cell.start), set()
                ).add(cell)
        for name in sorted(series, key=lambda s: (s[0] != "completed", s)):
            wanted = series[name]
            for _ in range(6):
                before = set(self.hidden)
                self._hide_again(wanted)
                weak = (
                    weak_quantities(
                        attack(self._cells(), self.chained), self.need, self.small, self.memory
                    )
                    if wanted
                    else []
                )
                if not weak:
                    self.kept -= wanted
                    break
                self.hidden = before
                ends = {w.quantity.end for w in weak}
                wanted = (
                    {c for c in wanted if c.end not in ends}
                    if any(c.end in ends for c in wanted)
                    else set()
                )

    def _hide_again(self, but: set[Cell]) -> None:
        """What is small, what was hidden for its sake except some numbers, and what rests on either."""
        self.hidden = {
            i for i in range(len(self.cell)) if i not in self.dropped and self._is_primary(i)
        }
        self.hidden |= {
            self.place[c]
            for c in (self.kept | self.kept_groups) - but
            if self.place[c] not in self.dropped
        }
        self._follow()

    def _cells(self) -> Cells:
        shown = [
            i
            for i in range(len(self.cell))
            if i not in self.dropped and not math.isnan(self.value[i])
        ]
        records: list[tuple[Cell, str, float, Parts, str]] = []
        for i in shown:
            if i in self.hidden:
                records.append((self.cell[i], self.unit[i], math.nan, (None, None, None), "c"))
            else:
                records.append(
                    (
                        self.cell[i],
                        self.unit[i],
                        *rounded(
                            self.cell[i].measure,
                            self.unit[i],
                            self.value[i],
                            self.parts[i],
                            self.profile,
                        ),
                        "",
                    )
                )
        cells = cells_of(records, self.profile, self.k)
        cells.starts = {**self.earlier.starts, **self.starts}
        cells.earlier, cells.earlier_hidden = self.earlier.shown, set(self.earlier.hidden)
        return cells

    def _cheapest(
        self, weak: Weak, touching: dict[Any, list[Any]], spans: dict[Any, tuple[float, float]]
    ) -> Cell | None:
        """The printed number whose loss costs least among those that pin a weak one, directly or through other unknowns."""
        for pinning_only, equal_only, longest in (
            (True, False, 9),
            (True, False, 99),
            (False, True, 9),
            (False, False, 99),
        ):
            options: dict[Cell, int] = {}
            seen, frontier = {weak.quantity}, [weak.quantity]
            for _ in range(6 if pinning_only else 3):
                following = []
                for unknown in frontier:
                    target = weak if unknown == weak.quantity else Weak(unknown, *spans[unknown])
                    for row in touching.get(unknown, ()):
                        if (
                            len(row.terms) > longest
                            or (equal_only and row.lo != row.hi)
                            or (pinning_only and not _pins(row, target, spans))
                        ):
                            continue
                        for cell in [*row.terms, *([row.source] if row.source is not None else [])]:
                            printed = self._printed_cell(cell)
                            if printed is not None:
                                shared = row.lo == row.hi and len(row.terms) <= 9
                                options[printed] = options.get(printed, 0) + shared
                            elif cell not in seen and cell in self._unknown:
                                seen.add(cell)
                                following.append(cell)
                frontier = following
                if options and not pinning_only:
                    break
            if weak.quantity.start:  # a flow is not saved by hiding part of a list
                options = {c: n for c, n in options.items() if c.start} or options
            if options:
                return min(options, key=lambda c: (self._cost(c) / max(1, options[c]) ** 2, c))
        return None

    def _printed_cell(self, cell: Any) -> Cell | None:
        """The shown row that a quantity stands for, if hiding it would hide anything."""
        row = cell._replace(measure=cell.measure.split("#")[0])
        i = self.place.get(row)
        if i is None or i in self.hidden or i in self.dropped or math.isnan(self.value[i]):
            return None
        if self.unit[i] == "count":
            if self.value[i] == 0 or (
                cell.measure == "waiting" and not cell.group and not self.forced
            ):
                return None
            known = self.earlier.shown.get(row)
            now = interval(self.value[i], self.profile, self.small)
            if known is not None and known[0] <= now[1] and known[1] >= now[0]:
                return None  # printed before: hiding it now would hide nothing
        return row

    def _cost(self, cell: Cell) -> float:
        value = self.value[self.place[cell]]
        if cell.group:
            return 1 + value / 1e4
        if band_edges(cell.measure) is not None:
            return 1 + value / 1e4
        feeder = {w: first for (_, first), w in self.chained.items()}
        cost = float(_WEIGHTS.get(cell.measure, 12 if cell.measure.startswith("mean_") else 4))
        if cell.measure == "waiting":
            cost = 1000.0
        if cell.measure == "completed" and cell.wait not in feeder:
            cost = 20.0  # the service's own timeliness rests on it
        if cell.measure == "starts" and cell.wait in feeder:
            cost += 8.0 if feeder[cell.wait] in feeder else 20.0
        if cell.measure == "starts" and cell.wait in self.as_referred and cell.wait not in feeder:
            cost += 18.0  # referrals would have to go with it
        if cell.start and self.starts.get(cell.end) != cell.start:
            cost *= 8  # a year's total
        if cell in self.earlier.hidden:
            cost /= 10
        return cost + min(value, 1e5) / 1e7

    def _coarsen(self, weak: Weak, touching: dict[Any, list[Any]]) -> None:
        """Leave out what cannot be protected: a threshold by group, the bands of a list, its flows."""
        cell: Cell = weak.quantity
        if cell.group:
            wait, column = cell.wait, cell.group.split("=", 1)[0]
            shown = [m for m in BREAKDOWN_MEASURES if (wait, column, m) not in self.no_group]
            if shown:
                self._leave_out(wait, column, shown[-1])
                self.notes.append(
                    f"{cell.pathway} {wait} by {column}: {shown[-1]} is not shown, it could not be protected."
                )
                return
        near = {cell, *(c for row in touching.get(cell, ()) for c in row.terms)}
        flows = [
            c for c in near if c.measure in FLOWS and self.flow_level.get(c.wait, 0) < len(FLOWS)
        ]
        stocks = [
            c
            for c in near
            if c.measure.startswith("waiting")
            and c.wait not in self.no_bands
            and any(band_edges(d.measure) and d.wait == c.wait for d in self.cell)
        ]
        if stocks and (cell.measure.startswith("waiting") or not flows):
            wait = min(c.wait for c in stocks)
            self.no_bands.add(wait)
            self.notes.append(
                f"{cell.pathway} {wait}: the bands of the list are not shown, they could not be protected."
            )
        elif flows:
            wait = (
                cell.wait if any(c.wait == cell.wait for c in flows) else min(c.wait for c in flows)
            )
            level = self.flow_level[wait] = self.flow_level.get(wait, 0) + 1
            self.notes.append(
                f"{cell.pathway} {wait}: {FLOWS[level - 1]} is not shown by month, it could not be protected."
            )
        elif not self.forced:
            self.forced = True
        else:
            raise Unsafe(
                f"{cell.pathway}: a hidden number could not be protected. Nothing was released."
            )

    # --- the printed table

    def _printed(self) -> pd.DataFrame:
        import pandas as pd

        out = []
        for i, cell in enumerate(self.cell):
            if i in self.dropped:
                continue
            head = tuple(cell)
            if i in self.hidden:
                out.append((*head, math.nan, self.unit[i], None, None, None, "c"))
            elif math.isnan(self.value[i]):
                out.append((*head, math.nan, self.unit[i], *self.parts[i], "z"))
            else:
                value, parts = rounded(
                    cell.measure, self.unit[i], self.value[i], self.parts[i], self.profile
                )
                out.append((*head, value, self.unit[i], *parts, ""))
        table = pd.DataFrame(out, columns=COLUMNS)
        table["value"] = table["value"].astype(float)
        for name in ("numerator", "denominator", "n"):
            table[name] = table[name].astype("Int64")
        return table


def rounded(
    measure: str,
    unit: str,
    value: float,
    parts: tuple[int | None, int | None, int | None],
    profile: str,
) -> tuple[float, tuple[int | None, int | None, int | None]]:
    """Value, numerator, denominator and n as they are printed: exact but for the public, who see counts to the nearest 5."""
    if profile != "public":
        return value, parts
    num, den, n = (None if p is None else 5 * math.floor((p + 2) / 5) for p in parts)
    if unit == "count":
        return float(5 * math.floor((value + 2) / 5)), (num, den, n)
    if unit == "percent" and num is not None and den:
        return float(Fraction(100 * num, den)), (num, den, n)
    return float(half_up(value, places=1)), (num, den, n)


def _pins(row: Row, weak: Weak, spans: dict[Any, tuple[float, float]]) -> bool:
    """Whether a row by itself keeps the weak quantity from growing beyond, or shrinking below, what is left of it."""
    least = most = 0.0
    for quantity, factor in row.terms.items():
        if quantity != weak.quantity:
            lo, hi = spans[quantity]
            least += factor * (lo if factor > 0 else hi)
            most += factor * (hi if factor > 0 else lo)
    factor = row.terms[weak.quantity]
    ends = sorted(((row.lo - most) / factor, (row.hi - least) / factor))
    return ends[1] <= weak.hi or (ends[0] >= weak.lo > 1)


def _rows_by_quantity(system: System) -> dict[Any, list[Any]]:
    touching: dict[Any, list[Any]] = {}
    for row in system.rows:
        for quantity in row.terms:
            touching.setdefault(quantity, []).append(row)
    return touching
