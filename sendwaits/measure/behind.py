"""From a printed number back to the file and line of every record that it counts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.measure.measures import MEASURES, measure_names
from sendwaits.measure.periods import Periods, day_number, period_around
from sendwaits.measure.views import WaitView, views
from sendwaits.pathways import GROUPS, Pathway

__all__ = ["rows_behind"]


def rows_behind(
    built: Built,
    pathway: Pathway,
    wait: str,
    measure: str,
    first: date | None,
    last: date,
    group: str = "",
) -> pd.DataFrame:
    """The rows that a printed number counts: file and row, clock start and stop; one row per wait (or referral).

    ``first``: first day of a flow's period, None = the month of ``last`` (a stock has none). ``group`` as printed: empty or
    ``column=value``. Of a percentage: its denominator; of an average: those averaged; of clearance_weeks: the completions.
    Raises `Refused` naming what there is.
    """
    pairs = measure_names(pathway)
    if (wait, measure) not in pairs:
        known = sorted({m for w, m in pairs if w == wait})
        raise Refused(
            f"{pathway.code} has no measure '{measure}'"
            + (f" for the wait '{wait}'. " if wait else ". ")
            + (
                f"Choose one of: {', '.join(known)}."
                if known
                else f"Waits: {', '.join(w.name for w in pathway.waits)}."
            )
        )
    first = first or period_around(last)
    seen, _ = views(built, pathway, Periods((first,), (last,)), "")
    view = seen[wait]
    mask = MEASURES[measure].behind(view, day_number(first), day_number(last))
    if group:
        column, _, value = group.partition("=")
        if column not in GROUPS:
            raise Refused(f"No group '{column}'. Choose one of: {', '.join(GROUPS)}.")
        mask &= (view.rows[column] == value).to_numpy()
    columns = [
        "source_file",
        "source_row",
        "start",
        *(c for c in ("stop", "completed") if c in view.rows),
    ]
    shown = view.rows.loc[mask, columns]
    if isinstance(view, WaitView):
        end = np.minimum(view.stop, day_number(last))
        shown = shown.assign(days=(view.waited(end)[mask]))
    return shown.sort_values(["source_file", "source_row"], ignore_index=True)
