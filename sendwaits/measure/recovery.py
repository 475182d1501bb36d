"""A recovery plan for one list: what joins and leaves a week, what would bring it to its target size by a date, and when.

Everything comes from flows and stocks that are given as figures. From released ones the plan tells nothing that they do
not: its relation is a sum of published rows over weeks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.figure import tiling, with_days
from sendwaits.measure.queueing import target_queue_size
from sendwaits.measure.rates import Interval, added, rate_interval, spread_of

__all__ = ["COLUMNS", "plan"]

COLUMNS = "pathway wait measure by value low high unit period_start period_end n basis".split()
UNIT = "children a week"
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
        ``waiting_over_<line_weeks>_weeks`` of the list. Completions and the list by month or quarter; what joins and leaves
        otherwise may be there by year only, then the last closed year is taken, and ``basis`` says so.
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
        interval. ``gap_per_week``: joined less both, which is the list's change. ``waiting``: today's list. ``target_list``:
        joined x target wait / factor (Little's law, `queueing.target_queue_size`). ``capacity_needed_per_week`` once per date (``by``): completions a week
        that bring today's list to the target list by then, joined - left otherwise + (waiting - target list) / weeks, never
        under 0. ``weeks_to_clear_over_<line>``: at the present pace of that list, ``by`` the day; low and high from how its
        monthly steps vary; NaN = not at this pace. ``basis`` says how, or why there is no number.

    Raises
    ------
    Refused
        When completions or the list are not known in any window.

    Example: 12 joined, 8 completed, 1 left a week; 900 wait; target 39: by 52 weeks 12 - 1 + 861 / 52 = 27.6 a week.
    """
    series = _Series(with_days(figures), pathway, wait)
    window, now = _window(series, as_at, months), series.stock("waiting", as_at)
    flows = {name: series.pace(measure, window) for name, measure in FLOWS.items()}
    rows: list[tuple[object, ...]] = [
        (f"{name}_per_week", "", *_three(flow.rate), UNIT, *flow.span, flow.n, flow.basis)
        for name, flow in flows.items()
    ]
    joined, completed, left = (_over(flow, window) for flow in flows.values())
    gap = _centred(series.change("waiting", window) / window.weeks, joined, completed, left)
    target = [
        float(target_queue_size(x, target_weeks, factor)) for x in _three(flows["joined"].rate)
    ]
    span = (window.first.isoformat(), as_at.isoformat())
    rows += [
        ("gap_per_week", "", *_three(gap), UNIT, *span, None, "the list's change"),
        ("waiting", "", now, math.nan, math.nan, "count", "", span[1], _whole(now), ""),
        ("target_list", "", *target, "count", *flows["joined"].span, None,
         f"joined x {target_weeks:g} weeks / {factor:g}"),
    ]  # fmt: skip
    net = _centred(gap.value + completed.value, joined, left)
    known = target[0] == target[0]
    basis = "joined less left otherwise, and the list brought to its target"
    basis = basis if known else "what joins the list is not published"
    for day in dates or [as_at + timedelta(weeks=w) for w in WEEKS_AHEAD]:
        needed = _needed(net, now - target[0], (day - as_at).days / 7)
        one = (day.isoformat(), *_three(needed), UNIT, *span, None, basis)
        rows.append(("capacity_needed_per_week", *one))
    rows.append(_clearing(series, window, line_weeks))
    table = pd.DataFrame([(pathway, wait, *row) for row in rows], columns=COLUMNS)
    return table.astype({"n": "Int64"})


@dataclass(frozen=True)
class _Window:
    """The days whose pace is the present one."""

    first: date
    last: date

    @property
    def weeks(self) -> float:
        return ((self.last - self.first).days + 1) / 7


@dataclass(frozen=True)
class _Pace:
    """Events a week over their own days, how much more than by chance they vary, and where they come from."""

    rate: Interval
    spread: float
    span: tuple[str, str]
    n: int | None
    basis: str


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

    def of(self, measure: str) -> pd.DataFrame:
        return self.rows.get(measure, self.figures.iloc[:0])

    def stock(self, measure: str, day: date) -> float:
        """The stock on a day; NaN when it is hidden or there is none."""
        found = self.of(measure).loc[self.of(measure)["ends"] == day.isoformat(), "value"]
        return float(found.iloc[0]) if len(found) else math.nan

    def change(self, measure: str, window: _Window) -> float:
        """The stock's change over a window; NaN when an end is not known."""
        opening = window.first - timedelta(days=1)
        return self.stock(measure, window.last) - self.stock(measure, opening)

    def flow(self, measure: str, first: str, last: str) -> pd.DataFrame:
        """The finest rows that tile the days; empty when one is missing or hidden."""
        rows = self.of(measure)
        rows = rows[rows["begins"] != ""]
        finest = _finest(rows, tiling(rows, first, last))
        return finest if finest["value"].notna().all() else finest.iloc[:0]

    def pace(self, measure: str, window: _Window) -> _Pace:
        """The weekly rate in the window, else in the last closed calendar year; NaN when neither is there."""
        ends = [(window.first.isoformat(), window.last.isoformat(), "")]
        year = window.last.year - 1
        ends.append((f"{year}-01-01", f"{year}-12-31", ": published by year only"))
        for first, last, why in ends:
            rows = self.flow(measure, first, last)
            if len(rows):
                return _pace(rows, (first, last), why)
        none = Interval(math.nan, math.nan, math.nan)
        return _Pace(none, 1.0, ends[0][:2], None, "not published")


def _whole(number: float) -> int | None:
    return None if number != number else int(number)


def _finest(of: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """The months (or the shortest periods) inside the tiles, when they cover them too: their spread is measured."""
    if tiles.empty:
        return tiles
    first, last = tiles["begins"].min(), tiles["ends"].max()
    inside = of[(of["begins"] >= first) & (of["ends"] <= last) & (of["begins"] != "")]
    shortest = inside.sort_values("ends").drop_duplicates("begins", keep="first")
    fine = tiling(shortest, first, last)
    return fine if len(fine) > len(tiles) else tiles


def _window(series: _Series, as_at: date, months: int) -> _Window:
    """The first window in which the completions and the list at both ends are known."""
    for length in dict.fromkeys((months, *(w for w in WINDOWS if w > months))):
        start = pd.Period(as_at, freq="M") - (length - 1)
        window = _Window(start.start_time.date(), as_at)
        done = series.flow("completed", window.first.isoformat(), as_at.isoformat())
        if len(done) and not math.isnan(series.change("waiting", window)):
            return window
    raise Refused(
        f"{series.pathway} {series.wait}: no recovery plan: its completions or its list are not there by month or quarter"
    )


def _pace(rows: pd.DataFrame, span: tuple[str, str], why: str) -> _Pace:
    """Events a week with an interval that knows how the periods vary."""
    lengths = [
        (date.fromisoformat(e) - date.fromisoformat(b)).days + 1
        for b, e in zip(rows["begins"], rows["ends"], strict=True)
    ]
    counts = [float(value) for value in rows["value"]]
    spread, weeks = spread_of(counts, lengths), sum(lengths) / 7
    rounded = "form" in rows and (rows["form"] == "rounded").any()
    basis = f"{weeks:.1f} weeks{why}{', counts to the nearest 5' if rounded else ''}"
    return _Pace(rate_interval(sum(counts), weeks, spread), spread, span, int(sum(counts)), basis)


def _over(flow: _Pace, window: _Window) -> Interval:
    """The rate of a flow with the interval that it has over a window."""
    if math.isnan(flow.rate.value):
        return flow.rate
    return rate_interval(flow.rate.value * window.weeks, window.weeks, flow.spread)


def _centred(value: float, joined: Interval, *leaving: Interval) -> Interval:
    """A known net rate with the interval that chance gives to what joins less what leaves."""
    chance = added((1, joined), *((-1, one) for one in leaving))
    return Interval(value, value + chance.low - chance.value, value + chance.high - chance.value)


def _needed(net: Interval, excess: float, weeks: float) -> Interval:
    if weeks <= 0:
        raise Refused("recovery: a date by which a list should be at its target lies after as_at")
    return Interval(*(float(np.maximum(part + excess / weeks, 0.0)) for part in _three(net)))


def _three(one: Interval) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _clearing(series: _Series, window: _Window, line: int) -> tuple[object, ...]:
    """When nobody would wait over the line, if its list went on changing as in the window."""
    from scipy.stats import t

    measure = f"waiting_over_{line}_weeks"
    first, as_at, rows = window.first, window.last, series.of(measure)
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
