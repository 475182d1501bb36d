"""Measures of a list that is known by bands of time alone: its length, lines where a band ends, percentiles inside a band."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from sendwaits.measure.bands import percentile_from_bands
from sendwaits.measure.measures import COLUMNS
from sendwaits.measure.periods import Periods
from sendwaits.pathways import BANDS, Pathway
from sendwaits.raw import GRACE_DAYS

__all__ = ["figures"]

_PERCENTS = {"median_weeks_open_interpolated": 50, "p92_weeks_open_interpolated": 92}


def figures(rows: pd.DataFrame, pathway: Pathway, times: Periods) -> pd.DataFrame:
    """Stocks of each period's last day, one row per wait, measure and period, as `measures.figures`; flows are not known.

    ``rows``: as `intake.banded.snapshots`. A period takes the snapshot of its last day or of the three days before; without one
    its rows are there and empty. waiting_over_N_weeks and the SitRep's bands stand only where the file's bands end there.
    ``..._interpolated``: linear inside the band (`bands.percentile_from_bands`), empty when it falls into the open band.
    """
    made = []
    for wait in pathway.waits:
        mine = rows[rows["wait"] == wait.name]
        for last in times.last if len(mine) else ():
            near = [
                d for d in set(mine["date"]) if timedelta(0) <= last - d <= timedelta(GRACE_DAYS)
            ]
            held = mine[mine["date"] == max(near)].sort_values("low") if near else mine.iloc[:0]
            for measure, (value, unit) in _of(held, pathway).items():
                n = (
                    int(held["waiting"].sum())
                    if unit == "weeks"
                    else int(value)
                    if value == value
                    else 0
                )
                row = (pathway.code, wait.name, measure, "", "", last.isoformat(), value, unit)
                made.append((*row, pd.NA, pd.NA, n if value == value else 0))
    table = pd.DataFrame(made, columns=COLUMNS)
    kept = table.groupby(["wait", "measure"])["value"].transform(lambda v: v.notna().any())
    table = table[kept.astype(bool)] if len(table) else table
    kinds = dict.fromkeys(("numerator", "denominator", "n"), "Int64")
    return table.sort_values(COLUMNS[:6], kind="stable", ignore_index=True).astype(kinds)


def _of(held: pd.DataFrame, pathway: Pathway) -> dict[str, tuple[float, str]]:
    """Value and unit of every measure of one list on one day; NaN where the bands do not tell."""
    lows, counts = held["low"].to_numpy(int), held["waiting"].to_numpy(int)

    def between(low: int, high: int | None) -> float:
        ends = set(lows)
        if low not in ends or (high is not None and high + 1 not in ends):
            return np.nan
        return float(counts[(lows >= low) & (lows <= (10**9 if high is None else high))].sum())

    found = {"waiting": (float(counts.sum()) if len(held) else np.nan, "count")}
    for line in pathway.over_weeks:
        found[f"waiting_over_{line}_weeks"] = between(7 * line + 1, None), "count"
    for low, high in BANDS:
        found[f"waiting_band_{low}_{'plus' if high is None else high}"] = (
            between(low, high),
            "count",
        )
    for name, percent in _PERCENTS.items():
        edges = [max(int(low) - 1, 0) / 7 for low in lows]
        weeks = percentile_from_bands(counts, percent, edges) if len(held) else np.nan
        found[name] = (weeks if np.isfinite(weeks) else np.nan, "weeks")
    return found
