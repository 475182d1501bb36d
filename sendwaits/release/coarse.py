"""The door for the themes: small groups are put together, so that no breakdown has a cell to hide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.measure import themes

__all__ = ["release_groups", "release_overlap"]


def release_groups(
    counts: pd.DataFrame, monthly: pd.DataFrame, profile: str, k: int
) -> pd.DataFrame:
    """Released counts of `measure.themes.group_counts`: the same columns and ``status``; ``k`` is the profile's smallest count.

    ``monthly``: the released figures, which say what a total may be printed for. A service keeps the two whole calendar years when both
    totals are released, else nothing (the analyst profile: the year to date and the same months before). A count without a group is suppressed in both periods when one is under k or its released
    twin is hidden. public: the rest to the nearest 5.
    """
    if profile == "analyst" or not len(counts):
        return _latest_pair(counts).assign(status="")
    kept = []
    for pathway, rows in counts.groupby("pathway", sort=False):
        figures = monthly[
            (monthly["pathway"] == pathway) & (monthly["wait"] == "") & (monthly["group"] == "")
        ]
        pair = _pair(rows, figures)
        if not len(pair):
            continue
        table = themes.coarse(pair, k).assign(status="").reset_index(drop=True)
        for measure, part in table[table["group"] == ""].groupby("measure", sort=False):
            twins = figures[(figures["measure"] == measure) & figures["status"].eq("c")]
            calendar = part["period_end"].str.endswith("-12-31").all()
            hidden = (
                twins["period_end"].isin(part["period_end"]).any() if calendar else len(twins) > 0
            )
            if part["value"].between(1, k - 1).any() or (hidden and measure != "referrals"):
                _hide(table, part.index)
        kept.append(table)
    return (
        _rounded(pd.concat(kept, ignore_index=True), profile)
        if kept
        else counts.iloc[:0].assign(status="")
    )


def _latest_pair(rows: pd.DataFrame) -> pd.DataFrame:
    """The year to date and the same months before; the closed years where there is no other pair."""
    open_years = rows[~rows["period_end"].str.endswith("-12-31")]
    return (open_years if len(open_years) else rows).reset_index(drop=True)


def _pair(rows: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """The two whole calendar years when both totals are released, else none.

    Never a window that moves with the month: two of them, a month apart, would give the monthly flow of every group.
    """
    referrals = figures[figures["measure"] == "referrals"]
    shown = set(
        zip(
            *(referrals.loc[referrals["status"] == "", c] for c in ("period_start", "period_end")),
            strict=True,
        )
    )
    years = sorted(
        {
            (s, e)
            for s, e in zip(rows["period_start"], rows["period_end"], strict=True)
            if s.endswith("-01-01") and e.endswith("-12-31")
        }
    )
    if len(years) == 2 and set(years) <= shown:
        return rows[
            [pair in years for pair in zip(rows["period_start"], rows["period_end"], strict=True)]
        ].reset_index(drop=True)
    return rows.iloc[:0]


def release_overlap(counts: pd.DataFrame, profile: str, k: int) -> pd.DataFrame:
    """Released counts of `measure.themes.overlap`: all three or none; each part (both, only one, only the other) is 0 or at least k."""
    table = counts.assign(status="").reset_index(drop=True)
    if profile == "analyst" or not len(table):
        return table
    first, second, both = table["value"]
    if any(0 < part < k for part in (both, first - both, second - both)):
        _hide(table, table.index)
    return _rounded(table, profile)


def _hide(table: pd.DataFrame, index: pd.Index) -> None:
    table.loc[index, "value"] = np.nan
    table.loc[index, "n"] = pd.NA
    table.loc[index, "status"] = "c"


def _rounded(table: pd.DataFrame, profile: str) -> pd.DataFrame:
    if profile != "public" or not len(table):
        return table
    value = (table["value"] / 5 + 0.5).apply(np.floor) * 5
    return table.assign(value=value, n=value.astype("Int64"))
