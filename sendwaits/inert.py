"""Text that a spreadsheet would run, made inert: one rule for every csv and workbook that we write."""

from __future__ import annotations

import pandas as pd

__all__ = ["LIVE", "inert", "inert_csv"]

LIVE = ("=", "+", "-", "@", "\t", "\r")
"""First characters with which a spreadsheet takes a text for a formula or a new cell."""


def inert(value: str) -> str:
    """Text that a spreadsheet would run, behind an apostrophe."""
    return "'" + value if value.startswith(LIVE) else value


def inert_csv(table: pd.DataFrame) -> bytes:
    """The table as UTF-8 csv with LF line ends, each text of it inert; numbers and empty cells as they are."""
    safe = table.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = [inert(v) if isinstance(v, str) else v for v in safe[name]]
    return safe.to_csv(index=False, lineterminator="\n").encode()
