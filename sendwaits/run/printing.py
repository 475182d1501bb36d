"""A table as csv or JSON text, exact: shortest figures that read back to the same number, counts without a point."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pandas as pd

__all__ = ["as_csv", "as_json"]


def _cells(table: pd.DataFrame) -> list[list[Any]]:
    """Columns as Python values: None = empty, int for whole-number columns and counts, float else, str."""
    count = table["unit"].eq("count").to_numpy() if "unit" in table else None
    columns = []
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            column = column.dt.strftime("%Y-%m-%d")
        missing = column.isna().to_numpy()
        values = column.astype(object).to_list()
        if pd.api.types.is_float_dtype(column) and count is not None and name == "value":
            values = [
                int(v) if c and not m else v for v, c, m in zip(values, count, missing, strict=True)
            ]
        columns.append([None if m or v == "" else v for v, m in zip(values, missing, strict=True)])
    return columns


def as_csv(table: pd.DataFrame) -> str:
    """Comma-separated text with a heading line and LF line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*_cells(table), strict=True))
    return out.getvalue()


def as_json(table: pd.DataFrame) -> str:
    """A list of objects, one per row, null for empty."""
    names = list(table.columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*_cells(table), strict=True)]
    return json.dumps(rows, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"
