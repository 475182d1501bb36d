"""Released rows as matrices: the series of one kind and grain, periods in order, for the two rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["SERIES", "Block", "blocks", "YEAR"]

SERIES = ["pathway", "wait", "measure", "group"]
YEAR = {"month": 12, "quarter": 4, "year": 1, "day": 1}
"""Periods in a year."""
MONTHS = {1: "month", 3: "quarter", 12: "year"}


@dataclass
class Block:
    """Series of one grain and length. Arrays are [series, period]; ``weight``: what a value counts for.

    ``known`` [series]: periods with a value. A census on which nobody waited has no mean: the last known one stands there.
    """

    names: list[tuple[str, str, str, str]]
    units: list[str]
    grain: str
    stock: bool
    starts: np.ndarray
    ends: np.ndarray
    value: np.ndarray
    part: np.ndarray
    weight: np.ndarray
    known: np.ndarray

    @property
    def year(self) -> int:
        return YEAR[self.grain]


def blocks(frame: pd.DataFrame, smallest: int = 5, years: int = 2) -> list[Block]:
    """The judged periods of every series: its main grain, whole periods only, the newest ``years`` years.

    A suppressed number stands for the middle of what it may be; a stock's newest day counts even inside a month.
    """
    rows = _main_grain(frame)
    if not len(rows):
        return []
    rows = rows.assign(at=_series(rows))
    rows["value"] = _hidden(rows, smallest / 2)
    newest = rows.groupby("at", sort=False).cumcount(ascending=False)
    rows = rows[newest < rows["grain"].map(YEAR) * years]
    rows = rows.assign(length=rows.groupby("at", sort=False)["at"].transform("size"))
    kinds = rows.groupby(["grain", "stock", "length"], sort=False)
    return [_block(str(k[0]), bool(k[1]), int(k[2]), part) for k, part in kinds]


def _hidden(rows: pd.DataFrame, middle: float) -> pd.Series:
    """The values; for a suppressed count the middle of 1 to k - 1, for a share with as few above or left over: on the side of the others."""
    below = rows["denominator"].astype("Float64").astype(float)
    few = 100 * middle / below.where(below > 0)
    known = rows["value"].astype(float)
    usual = known.groupby(rows["at"]).transform("median")
    share = few.where(usual.fillna(0) <= 50, 100 - few)
    hidden = (rows["unit"] == "count") * middle + share.where(rows["unit"] == "percent", 0).fillna(
        0
    )
    hidden = hidden.where(hidden > 0)
    return known.where(rows["form"] != "c", hidden)


def _series(rows: pd.DataFrame) -> np.ndarray:
    """A number for each series, in the order of the rows."""
    return rows.groupby(SERIES, sort=False, observed=True).ngroup().to_numpy()


def _main_grain(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of each series' own grain, in time order; part periods and second windows (whole years) left out."""
    start, end = frame["period_start"], frame["period_end"]
    stock = start.isna()
    rows = frame.assign(stock=stock, at=_series(frame)).sort_values(
        ["at", "period_end"], kind="stable"
    )
    start, end, stock = rows["period_start"], rows["period_end"], rows["stock"]
    month = end.dt.year * 12 + end.dt.month
    spanned = (month - (start.dt.year * 12 + start.dt.month) + 1).where(~stock, _step(rows, month))
    whole = stock | ((end + pd.Timedelta(days=1)).dt.day == 1)
    rows = rows.assign(spanned=spanned.astype(int))
    usual = rows.groupby("at", sort=False)["spanned"].transform("median")
    keep = (
        whole & (rows["spanned"] == usual)
    ) | stock  # the median of many months and a few years is a month
    grain = usual.map(lambda m: MONTHS.get(m, "year" if m > 3 else "day"))
    return rows.assign(grain=grain)[keep]


def _step(rows: pd.DataFrame, month: pd.Series) -> pd.Series:
    """Months from one census day of a series to the next, its usual step."""
    gap = month.groupby(rows["at"]).diff()
    return gap.groupby(rows["at"]).transform("median").round().fillna(0)


def _block(grain: str, stock: bool, length: int, rows: pd.DataFrame) -> Block:
    first = rows.iloc[::length]

    def matrix(column: str) -> np.ndarray:
        return rows[column].to_numpy(float, na_value=np.nan).reshape(-1, length)

    def days(column: str) -> np.ndarray:
        return rows[column].to_numpy("datetime64[D]").reshape(-1, length)

    value, count = matrix("value"), (first["unit"] == "count").to_numpy()[:, None]
    percent = (first["unit"] == "percent").to_numpy()[:, None]
    below = np.where(np.isnan(matrix("denominator")), matrix("n"), matrix("denominator"))
    weight = np.where(count, 1.0, np.where(np.isnan(below), 1.0, below))
    weight = np.where(np.isnan(value), 0.0, weight)
    made = np.where(percent, value * weight / 100, value * weight)
    part = np.where(percent & ~np.isnan(matrix("numerator")), matrix("numerator"), made)
    return Block(
        list(first[SERIES].itertuples(index=False, name=None)),
        list(first["unit"]),
        grain,
        stock,
        days("period_start"),
        days("period_end"),
        _filled(value) if stock else value,
        np.where(weight > 0, part, 0.0),
        weight,
        np.isfinite(value).sum(1),
    )


def _filled(values: np.ndarray) -> np.ndarray:
    return np.asarray(pd.DataFrame(values.T).ffill().bfill().fillna(0).T.to_numpy(float))
