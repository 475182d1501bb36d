"""What a measure sees: the rows of one wait (or of one pathway), counted by period and group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sendwaits.intake.waits import NEVER, Built, day_numbers
from sendwaits.measure import census, clock
from sendwaits.measure.periods import Periods
from sendwaits.pathways import BANDS, Pathway, Wait

__all__ = ["Cell", "View", "WaitView", "average", "count", "percent", "views"]


@dataclass
class Cell:
    """Values over [period, group], NaN = undefined; ``n`` as the contract has it; fraction only for percentages."""

    value: np.ndarray
    n: np.ndarray
    numerator: np.ndarray | None = None
    denominator: np.ndarray | None = None


def count(counts: np.ndarray) -> Cell:
    return Cell(counts.astype(float), counts)


def average(value: np.ndarray, n: np.ndarray) -> Cell:
    return Cell(np.where(n > 0, value, np.nan), n)


def percent(numerator: np.ndarray, denominator: np.ndarray) -> Cell:
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(denominator > 0, 100 * numerator / denominator, np.nan)
    return Cell(value, denominator, numerator, denominator)


class View:
    """The rows of one wait (or of one pathway) with the periods and groups they are counted by."""

    def __init__(
        self, rows: pd.DataFrame, pathway: Pathway, times: Periods, group: str, names: list[str]
    ) -> None:
        self.rows, self.pathway, self.times = rows, pathway, times
        if group:
            lookup = {name: at for at, name in enumerate(names)}
            column = rows[group]
            to = np.array([lookup[c] for c in column.cat.categories], dtype=np.int64)
            self.group = to[column.cat.codes.to_numpy()] if len(rows) else np.array([], np.int64)
            self.n_groups = len(names)
        else:
            self.group, self.n_groups = np.zeros(len(rows), np.int64), 1
        self.start = day_numbers(rows["start"])

    def events(
        self, day: np.ndarray, mask: np.ndarray | None = None, waited: np.ndarray | None = None
    ) -> census.Flows:
        """How many events fall in each period and group; ``mask`` keeps some rows."""
        keep = day < NEVER if mask is None else mask & (day < NEVER)
        return census.flows(
            day[keep],
            self.group[keep],
            self.n_groups,
            self.times.days,
            None if waited is None else waited[keep],
        )

    def day(self, column: str) -> np.ndarray:
        return day_numbers(self.rows[column])


class WaitView(View):
    """One wait: stocks and flows shared by its measures, each computed once."""

    def __init__(
        self,
        rows: pd.DataFrame,
        pathway: Pathway,
        times: Periods,
        group: str,
        names: list[str],
        wait: Wait,
    ) -> None:
        super().__init__(rows, pathway, times, group, names)
        self.wait = wait
        self.stop = day_numbers(rows["stop"])
        self.is_completed = rows["completed"].to_numpy()
        self.pauses = clock.pauses(rows)

    def waited(self, until: np.ndarray | int) -> np.ndarray:
        """Days from each start to ``until``, those of pauses left out."""
        if not self.pauses:
            return until - self.start
        end = np.minimum(np.broadcast_to(until, self.start.shape), self.stop)
        return until - self.start - clock.paused(self.pauses, self.start, end)

    @cached_property
    def on_time(self) -> np.ndarray:
        """Which waits were completed within their standard."""
        return clock.within(self.rows, self.pathway, self.wait, self.is_completed)

    @cached_property
    def stocks(self) -> census.Stocks:
        over = tuple(7 * w for w in self.pathway.over_weeks)
        days = self.times.days[1]
        if not self.pauses:
            return census.stocks(
                self.start, self.stop, self.group, self.n_groups, days, over, BANDS
            )
        each = [
            census.stocks(
                day - self.waited(int(day)),
                self.stop,
                self.group,
                self.n_groups,
                [day],
                over,
                BANDS,
            )
            for day in days
        ]
        return census.stacked(each)

    def still(self, mask: np.ndarray, until: np.ndarray | None = None) -> np.ndarray:
        """Open waits among the rows of ``mask`` at each census, only while the census day is before ``until`` of the row."""
        end = self.stop if until is None else np.minimum(self.stop, until)
        return census.stocks(
            self.start[mask], end[mask], self.group[mask], self.n_groups, self.times.days[1]
        ).waiting

    @cached_property
    def completions(self) -> census.Flows:
        return self.events(self.stop, self.is_completed, self.waited(self.stop))

    def recent(self, days: int) -> np.ndarray:
        """Completions in the ``days`` days up to and including each census day."""
        done = self.is_completed
        last = self.times.days[1]
        counts = [
            census.flows(
                self.stop[done],
                self.group[done],
                self.n_groups,
                (np.array([t - days + 1]), np.array([t])),
            ).count[0]
            for t in last
        ]
        return np.array(counts)


def _counted(built: Built, pathway: Pathway) -> pd.DataFrame:
    """Referrals that count (no linked duplicates); for EHC with the stop of their plan wait beside them."""
    rows = built.referrals[built.referrals["duplicate_of"] < 0].reset_index(drop=True)
    if pathway.timeliness:
        plan = built.waits[built.waits["wait"] == "plan"].set_index("record")
        rows = rows.assign(
            plan_wait=rows["record"].isin(plan.index),
            plan_stop=rows["record"].map(plan["stop"]),
            plan_completed=rows["record"].map(plan["completed"]).eq(True).to_numpy(bool),
        )
    return rows


def views(
    built: Built, pathway: Pathway, times: Periods, group: str
) -> tuple[dict[str, View], list[str]]:
    counted = _counted(built, pathway)
    names = sorted(counted[group].cat.remove_unused_categories().cat.categories) if group else []
    views: dict[str, View] = {
        "": View(counted, pathway, times, group, _all_names(counted, group, names))
    }
    for wait in pathway.waits:
        rows = built.waits[built.waits["wait"] == wait.name]
        views[wait.name] = WaitView(
            rows, pathway, times, group, _all_names(rows, group, names), wait
        )
    return views, names


def _all_names(rows: pd.DataFrame, group: str, names: list[str]) -> list[str]:
    """The groups printed, then the categories that no counted row has (needed to place every code, never printed)."""
    return names + [c for c in rows[group].cat.categories if c not in names] if group else []
