"""What a person should hear before she believes a table of figures: numbers that are possible and hardly ever true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.workspace import Workspace

__all__ = ["doubts"]

ENOUGH = 10
"""So many children wait before it is odd that nobody was ever seen."""
DAYS = 180
"""Over so long a time."""


def doubts(table: pd.DataFrame, workspace: Workspace) -> list[str]:
    """One line about the waits that nobody completed in the half year or more that ``table`` covers; usually none."""
    found = list(_never_completed(table[table["group"] == ""], workspace))
    return [f"Nobody completed {', '.join(found)}. See: sendwaits check"] if found else []


def _never_completed(table: pd.DataFrame, workspace: Workspace) -> Iterator[str]:
    for (code, wait), rows in table[table["wait"] != ""].groupby(["pathway", "wait"], sort=False):
        done = rows[rows["measure"] == "completed"]
        if not len(done):  # a list known by bands alone: flows are not known, and that is said
            continue
        waiting = rows.loc[rows["measure"] == "waiting", "value"].iloc[-1]
        first, last = done["period_start"].min(), done["period_end"].max()
        long = (_day(last) - _day(first)).days >= DAYS
        if long and waiting >= ENOUGH and done["value"].sum() == 0:
            column = workspace.pathway(str(code)).wait(str(wait)).completed
            yield f"the wait {wait} of {code} (is {column} in the extract?)"


def _day(text: str) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(text)
