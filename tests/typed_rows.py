"""Typed rows for tests that start after cleaning: what `intake.clean` hands to `intake.waits`."""

from __future__ import annotations

import pandas as pd

from sendwaits.pathways import Pathway


def typed(pathway: Pathway, rows: list[dict], extract_date: str = "2024-07-31") -> pd.DataFrame:
    """A frame with every column of the pathway from dicts of the ones that matter; dates as ISO text."""
    frame = pd.DataFrame(index=range(len(rows)))
    for name, kind in pathway.columns.items():
        values = [row.get(name, "") for row in rows]
        if kind in ("date", "future", "birth"):
            frame[name] = pd.to_datetime(
                pd.Series([v or None for v in values], dtype="object")
            ).astype("datetime64[s]")
        else:
            frame[name] = pd.Series(values, dtype="str")
    frame["source_file"] = f"{pathway.code}_{extract_date}.csv"
    frame["sheet"] = ""
    frame["source_row"] = range(2, len(rows) + 2)
    frame["extract_date"] = pd.Timestamp(extract_date).as_unit("s")
    return frame
