"""A released frame as series: dates on the axis, values, and the key of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.release.charts import words
from sendwaits.release.key import COLUMNS, Key

__all__ = ["Labels", "Series", "keys", "series", "tidy"]

Labels = Mapping[str, str] | Sequence[str] | None
SERIES = ["pathway", "wait", "measure", "group"]


@dataclass
class Series:
    """One line: its rows in order of time, their places on the axis, values (NaN: no mark) and keys."""

    name: str
    rows: pd.DataFrame
    x: np.ndarray
    y: np.ndarray
    keys: list[str]
    unit: str

    @property
    def shown(self) -> np.ndarray:
        """True where there is a mark."""
        return ~np.isnan(self.y)

    @property
    def last(self) -> str:
        """The last value as it is printed."""
        row = self.rows.iloc[-1]
        return words.number(float(row["value"]), self.unit, row["form"])

    def with_gaps(self) -> tuple[np.ndarray, np.ndarray]:
        """Places and values with a break (NaN) wherever a period is missing, so that no gap is bridged."""
        months = _month_numbers(self.rows["period_end"])
        steps = np.diff(months)
        usual = np.median(steps) if len(steps) else 0
        after = np.flatnonzero(steps > 1.5 * max(usual, 1)) + 1
        return np.insert(self.x, after, self.x[after]), np.insert(self.y, after, np.nan)


def _month_numbers(days: pd.Series) -> np.ndarray:
    return (days.dt.year * 12 + days.dt.month).to_numpy()


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with real dates, float values and a form; no row changed.

    Raises `Refused` when one of the columns of a released frame is missing (``form`` may be: then all is exact).
    """
    missing = [c for c in COLUMNS[:8] if c not in frame.columns]
    if missing:
        raise Refused(
            f"The chart's frame has no column '{missing[0]}': take it from report or area, with all its columns."
        )
    rows = pd.DataFrame(frame).reset_index(drop=True)
    for column in ("period_start", "period_end"):
        if not pd.api.types.is_datetime64_any_dtype(rows[column]):
            texts = rows[column].astype(object).replace("", None)
            rows[column] = pd.to_datetime(texts, format="ISO8601")
    rows["value"] = rows["value"].astype(float)
    if "form" not in rows:
        rows["form"] = np.where(rows["value"].isna(), "z", "exact")
    rows.loc[rows["form"].isin(["c", "z"]), "value"] = np.nan
    return rows


def keys(rows: pd.DataFrame) -> list[str]:
    """The data-key of each row."""
    return [str(Key.of(row)) for row in rows[COLUMNS[:6]].to_dict("records")]


def places(rows: pd.DataFrame) -> np.ndarray:
    """Days on the axis: a flow in the middle of its period, a stock at the period's end."""
    from matplotlib.dates import date2num

    ends = date2num(rows["period_end"].to_numpy())
    flow = rows["period_start"].notna().to_numpy()
    starts = date2num(rows["period_start"].where(flow, rows["period_end"]).to_numpy())
    return np.where(flow, (starts + ends + 1) / 2, ends)


def series(frame: pd.DataFrame, labels: Labels = None) -> list[Series]:
    """The series of a frame in their order there, each named by ``labels`` or by what tells it from the others.

    Raises `Refused` for an empty frame and for two values of one series on one date.
    """
    rows = tidy(frame)
    if rows.empty:
        raise Refused("There is nothing to draw: the frame has no rows.")
    groups = list(rows.groupby(SERIES, sort=False, dropna=False))
    differ = [c for c in SERIES if rows[c].nunique(dropna=False) > 1] or ["measure"]
    return [
        _one(part, _name(dict(zip(SERIES, which)), i, differ, labels))
        for i, (which, part) in enumerate(groups)
    ]


def _name(which: dict[str, Any], at: int, differ: list[str], labels: Labels) -> str:
    if isinstance(labels, Mapping):
        for part in (which["group"], which["measure"], which["wait"], which["pathway"]):
            if part in labels:
                return labels[part]
    elif labels is not None and at < len(labels):
        return labels[at]
    return ", ".join(words.plain(which[c]) for c in differ if which[c]) or "all"


def _one(part: pd.DataFrame, name: str) -> Series:
    part = part.sort_values("period_end", kind="stable", ignore_index=True)
    twice = part["period_end"].duplicated()
    if twice.any():
        row = part[twice].iloc[0]
        raise Refused(
            f"{row['measure']} has two values that end on {row['period_end']:%d/%m/%Y}: "
            "choose the months, quarters or calendar years of the frame before drawing it."
        )
    unit = str(part["unit"].iloc[0])
    return Series(name, part, places(part), part["value"].to_numpy(float), keys(part), unit)
