"""The key of a printed number, the columns of a released frame, and the marks for what has no value."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from sendwaits.measure import measures

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COLUMNS",
    "FORMS",
    "NOT_PUBLISHED",
    "SUPPRESSED",
    "UNDEFINED",
    "Key",
    "grain",
    "grains",
    "text",
]

COLUMNS = [*measures.COLUMNS, "form"]
"""A released frame: one row per number. Periods are datetimes in memory (NaT start: a stock), ISO text in files."""

FORMS = ("exact", "rounded", "c", "z")
"""exact; to the nearest 5; a count from 1 to k-1, not shown; nothing to count or average."""

SUPPRESSED = "[c]"
"""Printed for a count from 1 to k-1. It never has a mark in a chart."""
UNDEFINED = "[z]"
"""Printed where there is nothing to count or average."""
NOT_PUBLISHED = "[x]"
"""Printed where a series is not published at the grain that is asked for."""


class Key(NamedTuple):
    """Which number: the six columns that name a row. ``str(key)`` is the page's ``data-key``."""

    pathway: str
    wait: str
    measure: str
    group: str = ""
    period_start: str = ""
    period_end: str = ""

    def __str__(self) -> str:
        return "|".join(part.replace("|", "/") for part in self)

    @classmethod
    def of(cls, row: Any) -> Key:
        """The key of a frame's row (a mapping, a Series or a named tuple), dates as ISO text."""
        named = isinstance(row, tuple) or not hasattr(row, "__getitem__")
        parts = [getattr(row, c) if named else row[c] for c in COLUMNS[:6]]
        return cls(
            str(parts[0]),
            str(parts[1]),
            str(parts[2]),
            str(parts[3]),
            text(parts[4]),
            text(parts[5]),
        )

    def derived(self, prefix: str, group: str | None = None, start: str | None = None) -> Key:
        """The key of a number made from this one: ``prefix:`` before its measure (spc, change, forecast)."""
        return self._replace(
            measure=f"{prefix}:{self.measure}",
            group=self.group if group is None else group,
            period_start=self.period_start if start is None else start,
        )


def text(day: Any) -> str:
    """A date as ISO text; empty for no date (None, NaT, "")."""
    if day is None or day != day or day == "":
        return ""
    return day[:10] if isinstance(day, str) else date(day.year, day.month, day.day).isoformat()


def grain(frame: pd.DataFrame) -> str:
    """``month``, ``quarter`` or ``year`` of the rows of one series; ``day`` for a single stock, "" for no rows.

    Flows by the months that their longest period spans, stocks by the shortest step between two of them.
    """
    import numpy as np

    if not len(frame):
        return ""
    ends = frame["period_end"].dt.year * 12 + frame["period_end"].dt.month
    starts = frame["period_start"].dt.year * 12 + frame["period_start"].dt.month
    if starts.notna().any():
        spanned = int((ends - starts).max()) + 1
    else:
        steps = np.diff(np.unique(ends.to_numpy()))
        spanned = int(steps.min()) if len(steps) else 0
    return {0: "day", 1: "month"}.get(spanned, "quarter" if spanned <= 3 else "year")


def grains(frame: pd.DataFrame) -> pd.Series:
    """The grain of every row of a released frame; whole calendar years beside a finer window are ``year``.

    A flow by the months it spans; a stock by the shortest step between two days of its series (``day`` for a single one).
    """
    ends = frame["period_end"].dt.year * 12 + frame["period_end"].dt.month
    starts = frame["period_start"].dt.year * 12 + frame["period_start"].dt.month
    found = (ends - starts + 1).map({1: "month", 2: "year", 3: "quarter"}).fillna("year")
    stocks = frame[starts.isna()].assign(_month=ends).sort_values("_month")
    steps = stocks.groupby(COLUMNS[:4], sort=False)["_month"].diff()
    least = (
        steps.where(steps > 0)
        .groupby([stocks[c] for c in COLUMNS[:4]], sort=False)
        .transform("min")
    )
    words = least.map({1: "month", 2: "quarter", 3: "quarter"}).fillna("year")
    found[stocks.index] = words.where(least.notna(), "day")
    return found
