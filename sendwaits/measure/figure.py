"""One figure looked up in a table of figures, exact or released: its value, or the range in which it lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.bands import half_up

__all__ = [
    "AVERAGES",
    "DAYS_IN_A_MONTH",
    "Figures",
    "Found",
    "by_measure",
    "in_words",
    "look_up",
    "tiling",
    "with_days",
]

DAYS_IN_A_MONTH = 30.4375
AVERAGES = (
    "mean_weeks_open",
    "median_weeks_open",
    "p92_weeks_open",
    "longest_weeks_open",
    "mean_weeks_completed",
    "median_weeks_completed",
)
"""What "an average wait" may be, open waits first."""
_PER_WEEK = {"months": 7 / DAYS_IN_A_MONTH, "days": 7.0, "years": 7 / (12 * DAYS_IN_A_MONTH)}
_NO_ROW = "records of that measure and date"
_HIDDEN = "a number that is not suppressed"
_NEAREST = "the released figure is rounded to the nearest 5"


@dataclass(frozen=True)
class Found:
    """A figure of one period: ``value`` (NaN = hidden) lies from ``low`` to ``high``; both equal it when it is exact.

    ``rounded``: the range is only that of a rounding, ``note`` says which where a reader should know. ``hidden``: why not.
    """

    value: float
    low: float
    high: float
    unit: str
    period: tuple[date, date]
    flow: bool
    keys: tuple[str, ...]
    rounded: bool = False
    note: str = ""
    hidden: str = ""

    @property
    def ranged(self) -> bool:
        return self.low != self.high

    @property
    def words(self) -> str:
        """The figure with its unit and date: "54.1 weeks (31 July 2024)"."""
        if self.value != self.value:
            number = f"under {self.high + 1:.0f}"
        else:
            number = f"{half_up(self.value, places=0 if self.unit in ('count', 'GBP') else 1):,}"
        unit = {"count": "", "percent": " %"}.get(self.unit, f" {self.unit}")
        first, last = self.period
        return f"{number}{unit} ({in_words((first if self.flow else last, last))})"


def in_words(period: tuple[date, date]) -> str:
    """A period in words: "31 July 2024", "2023", "July 2024", "January to September 2024"."""
    first, last = period
    if first == last:
        return f"{last.day} {last:%B %Y}"
    if first.day > 1 or (last + timedelta(days=1)).day > 1:
        return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
    if first.year < last.year:
        return f"{first:%B %Y} to {last:%B %Y}"
    if (first.month, last.month) == (1, 12):
        return f"{last.year}"
    return f"{last:%B %Y}" if first.month == last.month else f"{first:%B} to {last:%B %Y}"


Figures = Mapping[tuple[str, str, str], pd.DataFrame]


def by_measure(figures: pd.DataFrame) -> Figures:
    """The rows of a table of figures by pathway, measure and group."""
    return dict(iter(figures.groupby(["pathway", "measure", "group"], sort=False)))


def look_up(
    figures: Figures, which: Any, measure: str, period: tuple[date, date], unit: str, k: int
) -> Found:
    """The figure of a statement's pathway, wait and group in a period, in weeks or in ``unit`` when that is a time.

    A stock is the one of the period's last day. Flows of several rows that tile the period add up (counts, spending and
    shares; exact rows only). Raises `Refused` with what is missing.
    """
    rows = _rows(figures, which, measure)
    stock = bool(len(rows)) and not rows["begins"].any()
    first, last = (day.isoformat() for day in period)
    every = rows
    if stock:
        rows = rows[rows["ends"] == last]
    else:
        if first == last:  # a single day: the period that ends on it, when there is one only
            rows = rows[rows["ends"] == last]
            first = str(rows["begins"].iloc[0]) if len(rows) == 1 else first
        rows = tiling(rows, first, last)
    if rows.empty:
        raise Refused(_known_instead(every, first, last))
    form = set(rows["form"]) if "form" in rows else set()
    unit_of = str(rows["unit"].iloc[0])
    facts: dict[str, Any] = {"unit": unit_of, "period": period, "flow": not stock}
    facts["keys"] = tuple(_keys(rows))
    if len(rows) == 1 and "c" in form and unit_of == "count":
        return Found(math.nan, 1, k - 1, **facts, hidden=_HIDDEN)
    value = _together(rows, unit_of, form)
    if value != value:
        raise Refused("anybody to count or average" if "z" in form else _NO_ROW)
    if measure == "longest_weeks_open" and k > 1:
        hidden = f"one child's wait (at least {k} children waited {value:g} weeks or more)"
        return Found(value, value, math.inf, **facts, hidden=hidden)
    low, high = _range(rows.iloc[0], value, unit_of, form) if len(rows) == 1 else (value, value)
    if unit_of == "weeks" and unit in _PER_WEEK:
        value, low, high = (_PER_WEEK[unit] * weeks for weeks in (value, low, high))
        facts["unit"] = unit
    note = _NEAREST if "rounded" in form and unit_of != "weeks" and low != high else ""
    return Found(value, low, high, **facts, rounded=low != high, note=note)


def _known_instead(rows: pd.DataFrame, first: str, last: str) -> str:
    """What is missing, and which period is known instead: the one around it, else the nearest to its end."""
    around = rows[(rows["begins"] <= first) & (rows["ends"] >= last) & (rows["begins"] != "")]
    away = (pd.to_datetime(rows["ends"]) - pd.Timestamp(last)).abs()
    row = around.iloc[0] if len(around) else rows.loc[away.idxmin()]
    days = [date.fromisoformat(d) for d in (row["begins"] or row["ends"], row["ends"])]
    which = "known around it is" if len(around) else "the nearest known is"
    return f"a figure of that date ({which} {in_words((days[0], days[1]))})"


def _range(row: pd.Series, value: float, unit: str, form: set[str]) -> tuple[float, float]:
    """Between which exact values a released one lies: counts to the nearest 5, shares of such counts, one decimal."""
    if "rounded" in form and unit == "count":
        return (value - 2, value + 2) if value else (0.0, 0.0)
    if "rounded" in form and unit == "percent" and pd.notna(row["denominator"]):
        top, below = float(row["numerator"]), float(row["denominator"])
        low = 100 * max(top - 2, 0) / (below + 2)
        return low, min(100.0, 100 * (top + 2) / max(below - 2, 1)) if top else low
    if form and unit in ("weeks", "percent") and value == round(value, 1):
        return value - 0.05, value + 0.05
    return value, value


def _rows(figures: Figures, which: Any, measure: str) -> pd.DataFrame:
    """The rows of the measure, with ``begins`` (empty for a stock) and ``ends`` as ISO text."""
    rows = figures.get((which.pathway, measure, which.group))
    if (
        rows is None
    ):  # a released set has sums of monthly totals, and means of groups in whole weeks
        kind = "group" if which.pathway else "total"
        rows = figures.get((which.pathway, f"{kind}:{measure}", which.group))
    if rows is None and which.group and (which.pathway, measure, "") in figures:
        raise Refused(
            f"this measure of one {which.group.partition('=')[0]} (known of all children only)"
        )
    if rows is None:
        raise Refused(_NO_ROW)
    if which.wait:
        rows = rows[rows["wait"].isin([which.wait, ""])]
    if rows.empty:
        raise Refused(_NO_ROW)
    if rows["wait"].nunique() > 1:
        raise Refused("the wait that is meant")
    return with_days(rows)


def with_days(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their periods as ISO text, ``begins`` (empty for a stock) and ``ends``, exact or released."""
    return rows.assign(begins=_text(rows["period_start"]), ends=_text(rows["period_end"]))


def _text(days: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(days):
        days = days.dt.strftime("%Y-%m-%d")
    return days.fillna("").astype(str)


def tiling(rows: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """The fewest rows that follow one another from the first to the last day; none when a day is not covered.

    ``rows``: of one series, as `with_days` gives them.
    """
    inside = rows[(rows["begins"] >= first) & (rows["ends"] <= last)]
    longest = inside.sort_values("ends").drop_duplicates("begins", keep="last").set_index("begins")
    chosen, at = [], first
    while at <= last and at in longest.index:
        chosen.append(at)
        end = date.fromisoformat(str(longest.at[at, "ends"]))
        at = (end + timedelta(days=1)).isoformat()
    whole = bool(chosen) and at > last
    return longest.loc[chosen].reset_index() if whole else rows.iloc[:0]


def _together(rows: pd.DataFrame, unit: str, form: set[str]) -> float:
    """Counts and spending added; a share from the sums above and below. Raises `Refused` for averages and hidden rows."""
    if "c" in form or (len(rows) > 1 and "rounded" in form):
        raise Refused(_HIDDEN)
    if len(rows) == 1:
        return float(rows["value"].iloc[0])
    if unit == "percent":
        below = float(rows["denominator"].sum())
        return 100 * float(rows["numerator"].sum()) / below if below else float("nan")
    if unit == "weeks":
        raise Refused(_NO_ROW)
    return float(rows["value"].sum(skipna=False))


def _keys(rows: pd.DataFrame) -> list[str]:
    """The key of each row, as on a page: pathway|wait|measure|group|first day|last day."""
    parts = rows[["pathway", "wait", "measure", "group", "begins", "ends"]].astype(str)
    return ["|".join(part.replace("|", "/") for part in row) for row in parts.to_numpy()]
