"""A frame of `area` with its periods as the commands print them: ISO text, empty for the start of a stock."""

from __future__ import annotations

import pandas as pd


def as_printed(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows, ``period_start`` and ``period_end`` as text."""
    found = pd.DataFrame(table).copy()
    for name in ("period_start", "period_end"):
        found[name] = found[name].dt.strftime("%Y-%m-%d").fillna("").astype("str")
    return found
