"""The door for the themes: small groups are put together, so that no breakdown has a cell to hide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.measure import themes

__all__ = ["release_groups", "release_overlap"]


def release_groups(counts: pd.DataFrame, monthly: pd.DataFrame, profile: str, k: int) -> pd.DataFrame:
    """Released counts of `measure.themes.group_counts`: the same columns and ``status``; ``k`` is the profile's smallest count.

    A service with a suppressed month of referrals in ``monthly`` (its released figures) is left out: a year's total would give
    that month away. A count under k without a group is suppressed in both years. public: the rest to the nearest 5.
    """
    hidden = monthly[(monthly["measure"] == "referrals") & (monthly["group"] == "") & (monthly["status"] == "c")]["pathway"].unique()
    table = counts[~counts["pathway"].isin(hidden)]
    if profile != "analyst":
        table = themes.coarse(table, k)
    table = table.assign(status=np.where(table["value"].isna(), "z", "")).reset_index(drop=True)
    if profile != "analyst" and len(table):
        monthly_hidden = set(zip(*(monthly.loc[(monthly["group"] == "") & (monthly["status"] == "c"), c] for c in ("pathway", "measure")), strict=True))
        for (pathway, measure), rows in table[table["group"] == ""].groupby(["pathway", "measure"], sort=False):
            if (rows["value"].between(1, k - 1)).any() or (pathway, measure) in monthly_hidden:
                _hide(table, rows.index)
    return _rounded(table, profile)


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
