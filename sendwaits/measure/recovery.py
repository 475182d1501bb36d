"""A recovery plan for one list: what joins and leaves a week, what would bring it to its target size by a date, and when.

Everything comes from flows and stocks that are given as figures. From released ones the plan tells nothing that they do
not: its relation is a sum of published rows over weeks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.figure import tiling, with_days
from sendwaits.measure.queueing import target_queue_size
from sendwaits.measure.rates import Interval, added, rate_interval, spread_of

__all__ = ["COLUMNS", "plan"]

COLUMNS = "pathway wait measure by value low high unit period_start period_end n basis".split()
FLOWS = {"joined": "starts", "completed": "completed", "left_otherwise": "removed_other"}
WEEKS_AHEAD = (26, 52, 104)
WINDOWS = (6, 12, 24)
"""Months of the present pace: the first that every flow covers, from the one that is asked for."""


def plan(
    figures: pd.DataFrame,
    pathway: str,
    wait: str,
    as_at: date,
    *,
    target_weeks: float,
    dates: Sequence[date] = (),
    factor: float = 4,
    months: int = 6,
    line_weeks: int = 52,
) -> pd.DataFrame:
    """The recovery plan of one list, one row per number: `pathway, wait, measure, by, value, low, high, unit` and its period.

    Parameters
    ----------
    figures
        Exact or released figures with the flows ``starts, completed, removed_other`` and the stocks ``waiting`` and
        ``waiting_over_<line_weeks>_weeks`` of the list, by month or quarter.
    target_weeks
        The wait within which nearly all should be seen: the list's standard.
    factor
        The mean wait is a 4th of the target where children wait their turn; 1 where the work itself takes the time.
    dates
        When the list should be at its target size; default 26, 52 and 104 weeks after ``as_at``.
    months
        How much of the past is the present pace; longer where a flow is published more coarsely.

    Returns
    -------
    DataFrame
        ``joined_per_week, completed_per_week, left_otherwise_per_week``: children a week, with the over-dispersed exact
        interval. ``gap_per_week``: joined less both. ``waiting``: today's list. ``target_list``: joined x target wait / factor
        (Little's law, `queueing.target_queue_size`). ``capacity_needed_per_week`` once per date (``by``): completions a week
        that bring today's list to the target list by then, joined - left otherwise + (waiting - target list) / weeks, never
        under 0. ``weeks_to_clear_over_<line>``: at the present pace of that list, ``by`` the day; low and high from how its
        monthly steps vary; NaN = not at this pace. ``basis`` says how, or why there is no number.

    Raises
    ------
    Refused
        When a flow has no row for each day of any window, or a hidden one in all.

    Example: 12 joined, 8 completed, 1 left a week; 900 wait; target 39: by 52 weeks 12 - 1 + 861 / 52 = 27.6 a week.
    """
    series = _Series(with_days(figures), pathway, wait)
    first, weeks, rates = _present_pace(series, as_at, months)
    joined, completed, left = (rates[name] for name in FLOWS)
    waiting = series.stock("waiting", as_at)
    target = [
        float(target_queue_size(x, target_weeks, factor))
        for x in (joined.value, joined.low, joined.high)
    ]
    span = (first.isoformat(), as_at.isoformat())
    rows: list[tuple[object, ...]] = [
        (
            f"{name}_per_week",
            "",
            *_three(rate),
            "children a week",
            *span,
            series.count(name),
            f"{weeks:.1f} weeks",
        )
        for name, rate in rates.items()
    ]
    gap = added((1, joined), (-1, completed), (-1, left))
    rows += [
        ("gap_per_week", "", *_three(gap), "children a week", *span, None, "joined less both"),
        ("waiting", "", waiting, math.nan, math.nan, "count", "", span[1], waiting, ""),
        ("target_list", "", *target, "count", *span, None, f"joined x {target_weeks:g} weeks / {factor:g}"),
    ]  # fmt: skip
    for day in dates or [as_at + timedelta(weeks=w) for w in WEEKS_AHEAD]:
        needed = _needed(joined, left, waiting, target[0], (day - as_at).days / 7)
        basis = "joined less left otherwise, and the list brought to its target"
        rows.append(
            ("capacity_needed_per_week", day.isoformat(), *_three(needed), "children a week", *span, None, basis)
        )  # fmt: skip
    rows.append(_clearing(series, as_at, first, line_weeks))
    table = pd.DataFrame([(pathway, wait, *row) for row in rows], columns=COLUMNS)
    return table.astype({"n": "Int64"})


@dataclass
class _Series:
    """The rows of one list by measure."""

    figures: pd.DataFrame
    pathway: str
    wait: str

    def __post_init__(self) -> None:
        of = self.figures
        mine = (of["pathway"] == self.pathway) & (of["wait"] == self.wait) & (of["group"] == "")
        self.rows = {str(name): part for name, part in of[mine].groupby("measure")}
        self.counts: dict[str, int] = {}

    def stock(self, measure: str, day: date) -> float:
        """The stock on a day; NaN when it is hidden or there is none."""
        rows = self.rows.get(measure, self.figures.iloc[:0])
        found = rows.loc[rows["ends"] == day.isoformat(), "value"]
        return float(found.iloc[0]) if len(found) else math.nan

    def flow(self, measure: str, first: date, last: date) -> pd.DataFrame:
        """The rows that tile the days; empty when one is missing or hidden."""
        rows = self.rows.get(measure, self.figures.iloc[:0])
        rows = tiling(rows[rows["begins"] != ""], first.isoformat(), last.isoformat())
        finest = _finest(self.rows.get(measure, rows), rows)
        return finest if finest["value"].notna().all() else finest.iloc[:0]

    def count(self, name: str) -> int:
        return self.counts[name]


def _finest(of: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """The months (or the shortest periods) inside the tiles, when they cover them too: their spread is measured."""
    if tiles.empty:
        return tiles
    first, last = tiles["begins"].min(), tiles["ends"].max()
    inside = of[(of["begins"] >= first) & (of["ends"] <= last) & (of["begins"] != "")]
    shortest = inside.sort_values("ends").drop_duplicates("begins", keep="first")
    fine = tiling(shortest, first, last)
    return fine if len(fine) > len(tiles) else tiles


def _present_pace(
    series: _Series, as_at: date, months: int
) -> tuple[date, float, dict[str, Interval]]:
    """The first window that every flow covers: its first day, its weeks and the weekly rates."""
    for length in dict.fromkeys((months, *(w for w in WINDOWS if w > months))):
        start = pd.Period(as_at, freq="M") - (length - 1)
        first = start.start_time.date()
        flows = {name: series.flow(measure, first, as_at) for name, measure in FLOWS.items()}
        if all(len(rows) for rows in flows.values()):
            weeks = ((as_at - first).days + 1) / 7
            return (
                first,
                weeks,
                {name: _rate(series, name, rows) for name, rows in flows.items()},
            )
    raise Refused(
        f"{series.pathway} {series.wait}: no recovery plan: what joins and leaves the list is not there by month or quarter"
    )


def _rate(series: _Series, name: str, rows: pd.DataFrame) -> Interval:
    """Events a week with an interval that knows how the periods vary."""
    lengths = [
        (date.fromisoformat(e) - date.fromisoformat(b)).days + 1
        for b, e in zip(rows["begins"], rows["ends"], strict=True)
    ]
    counts = [float(value) for value in rows["value"]]
    series.counts[name] = int(sum(counts))
    return rate_interval(sum(counts), sum(lengths) / 7, spread_of(counts, lengths))


def _needed(
    joined: Interval, left: Interval, waiting: float, target: float, weeks: float
) -> Interval:
    if weeks <= 0:
        raise Refused("recovery: a date by which a list should be at its target lies after as_at")
    pace = added((1, joined), (-1, left))
    extra = (waiting - target) / weeks
    return Interval(*(max(0.0, part + extra) for part in _three(pace)))


def _three(one: Interval) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _clearing(series: _Series, as_at: date, first: date, line: int) -> tuple[object, ...]:
    """When nobody would wait over the line, if its list went on changing as in the window."""
    from scipy.stats import t

    measure = f"waiting_over_{line}_weeks"
    rows = series.rows.get(measure, series.figures.iloc[:0])
    opening = (first - timedelta(days=1)).isoformat()
    rows = rows[(rows["ends"] >= opening) & (rows["ends"] <= as_at.isoformat())].sort_values("ends")
    now = series.stock(measure, as_at)
    head = (f"weeks_to_clear_over_{line}",)
    tail = ("weeks", first.isoformat(), as_at.isoformat())
    nothing = (math.nan, math.nan, math.nan, *tail, None)
    if now == 0:
        return (*head, as_at.isoformat(), 0.0, 0.0, 0.0, *tail, 0, "nobody waits so long today")
    if rows["value"].isna().any() or len(rows) < 3 or now != now:
        return (*head, "", *nothing, "not published at this grain")
    days = pd.to_datetime(rows["ends"]).diff().dt.days.iloc[1:] / 7
    steps = rows["value"].astype(float).diff().iloc[1:] / days
    pace = float((now - rows["value"].iloc[0]) / days.sum())
    error = float(steps.std(ddof=1)) / math.sqrt(len(steps)) * float(t.ppf(0.975, len(steps) - 1))
    if pace >= 0:
        return (*head, "", *nothing, "this list does not shrink at the present pace")
    fast, slow = pace - error, pace + error
    low, high = now / -fast, now / -slow if slow < 0 else math.inf
    by = as_at + timedelta(days=math.ceil(7 * now / -pace))
    return (
        *head,
        by.isoformat(),
        now / -pace,
        low,
        high,
        *tail,
        int(now),
        f"{-pace:.1f} fewer a week",
    )
