"""Tables as a notebook shows them: with a caption, headings that a screen reader announces, and counts without decimals."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from sendwaits.measure.bands import half_up

__all__ = ["Shown", "shown"]

MOST_ROWS = 60
"""Longer tables show their first and last 15 rows and say so."""
ENDS = 15


class Shown(pd.DataFrame):
    """A pandas table in every way but one: in a notebook it is an HTML table with caption and scopes. Values stay exact.

    Shown: counts whole, other numbers with one decimal (half up), missing values empty.
    """

    _metadata = ["caption"]
    caption: str

    @property
    def _constructor(self) -> Any:
        return Shown

    def _repr_html_(self) -> str:
        long = len(self) > MOST_ROWS
        rows = [*range(ENDS), *range(len(self) - ENDS, len(self))] if long else range(len(self))
        plain = isinstance(self.index, pd.RangeIndex)
        heads = ([] if plain else [" / ".join(str(n or "") for n in self.index.names)]) + [
            str(c) for c in self.columns
        ]
        lines = ["<table>", f"<caption>{escape(self._caption(long))}</caption>", "<thead><tr>"]
        lines += [f'<th scope="col">{escape(head)}</th>' for head in heads]
        lines.append("</tr></thead><tbody>")
        for at in rows:
            cells = [_text(self.iat[at, i], self._unit(at, i)) for i in range(self.shape[1])]
            first, *others = cells if plain and cells else [str(self.index[at]), *cells]
            lines.append(
                f'<tr><th scope="row">{escape(first)}</th>'
                + "".join(f"<td>{escape(cell)}</td>" for cell in others)
                + "</tr>"
            )
        return "\n".join([*lines, "</tbody></table>"])

    def _caption(self, long: bool) -> str:
        size = f"{len(self):,} {'row' if len(self) == 1 else 'rows'}" + (
            f", the first and last {ENDS} shown" if long else ""
        )
        return f"{getattr(self, 'caption', '') or 'Table'} ({size})"

    def _unit(self, at: int, column: int) -> str:
        """The unit of a cell: that of its row for a column named value, else what its heading says."""
        name = str(self.columns[column])
        if name == "value" and "unit" in self.columns:
            return str(self.iat[at, list(self.columns).index("unit")])
        return "count" if pd.api.types.is_integer_dtype(self.dtypes.iloc[column]) else ""


def shown(table: pd.DataFrame, caption: str) -> Shown:
    """The table with a caption for notebooks."""
    made = Shown(table)
    made.caption = caption
    return made


def _text(value: Any, unit: str) -> str:
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or isinstance(value, float)
        and value != value
    ):
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if unit == "count" else f"{float(half_up(value, places=1)):,.1f}"
    if isinstance(value, int) or hasattr(value, "__index__") and not isinstance(value, bool):
        return f"{int(value):,}"
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
