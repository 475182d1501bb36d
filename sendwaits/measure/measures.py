"""Every number a report may print, as the tidy table of the contract, and the rows behind each.

A measure (one named function each, in `lists`, `flows` and `referrals`) answers for a `View` with a `Cell`: arrays over
[period, group], group 0 = the whole service. `figures` lays the cells out; `behind.rows_behind` leads from any of them to
file and line. Percentages are exact fractions times 100, never rounded here. Sources: CONTRACT section 3; docs/METHODS.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built, day_numbers
from sendwaits.measure import clock, flows, lists, referrals  # noqa: F401  (they declare the measures)
from sendwaits.measure.periods import Periods, periods
from sendwaits.measure.registry import MEASURES, Measure, measure_names
from sendwaits.measure.views import View, views
from sendwaits.pathways import GROUPS, Pathway

__all__ = [
    "COLUMNS",
    "MEASURES",
    "Measure",
    "Periods",
    "figures",
    "kth_longest_days",
    "measure_names",
    "periods",
]

COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
]


def figures(built: Built, pathway: Pathway, times: Periods, group: str = "") -> pd.DataFrame:
    """The tidy table: one row per wait, measure, group and period, `COLUMNS`, sorted by them.

    ``value`` is exact, NaN where undefined (then n = 0). ``group``: one of `GROUPS` adds ``column=value`` rows to the totals.
    """
    if group and group not in GROUPS:
        raise Refused(f"No group '{group}'. Choose one of: {', '.join(GROUPS)}.")
    seen, names = views(built, pathway, times, group)
    labels = ["", *(f"{group}={name}" for name in names)]
    parts: dict[str, list] = {c: [] for c in COLUMNS}
    size = len(labels) * len(times.last)
    for wait, name in sorted(measure_names(pathway)):
        _append(parts, wait, MEASURES[name], seen[wait], labels, times)
    rows = len(parts["measure"])
    flat = {
        c: np.concatenate(parts[c]) if rows else np.array([])
        for c in ("value", "numerator", "denominator", "n", "group", "period_start", "period_end")
    }
    table = pd.DataFrame(
        {
            "pathway": np.repeat(pathway.code, rows * size),
            "wait": np.repeat(parts["wait"], size),
            "measure": np.repeat(parts["measure"], size),
            "group": flat["group"],
            "period_start": flat["period_start"],
            "period_end": flat["period_end"],
            "value": flat["value"],
            "unit": np.repeat(parts["unit"], size),
            **{
                c: pd.arrays.IntegerArray(flat[c].astype("int64"), flat[c] < 0)
                for c in ("numerator", "denominator", "n")
            },
        }
    )
    return table[COLUMNS]


def _append(
    parts: dict[str, list],
    wait: str,
    measure: Measure,
    view: View,
    labels: list[str],
    times: Periods,
) -> None:
    cell = measure.cell(view)
    shown = slice(0, len(labels))
    order = sorted(range(len(labels)), key=lambda at: labels[at])

    def flat(values: np.ndarray | None, missing: float = -1) -> np.ndarray:
        if values is None:
            return np.full(len(labels) * len(times.last), missing)
        return values[:, shown][:, order].T.ravel()

    ends = [d.isoformat() for d in times.last]
    begins = [""] * len(ends) if measure.kind == "stock" else [d.isoformat() for d in times.first]
    for column, value in (("wait", wait), ("measure", measure.name), ("unit", measure.unit)):
        parts[column].append(value)
    parts["group"].append(np.repeat([labels[at] for at in order], len(ends)))
    parts["period_start"].append(np.tile(begins, len(labels)))
    parts["period_end"].append(np.tile(ends, len(labels)))
    parts["value"].append(flat(cell.value))
    parts["n"].append(flat(cell.n))
    parts["numerator"].append(flat(cell.numerator))
    parts["denominator"].append(flat(cell.denominator))


def kth_longest_days(
    built: Built, wait: str, census_days: Periods, k: int, group: str = ""
) -> pd.DataFrame:
    """Days waited by the k-th longest open wait on each census day, NaN under k: ``group, period_end, days``."""
    rows = built.waits[built.waits["wait"] == wait]
    start, stop = day_numbers(rows["start"]), day_numbers(rows["stop"])
    held = clock.pauses(rows)
    masks = {"": np.ones(len(rows), bool)}
    if group:
        masks |= {
            f"{group}={name}": (rows[group] == name).to_numpy()
            for name in rows[group].cat.categories
        }
    found = []
    for label, mask in masks.items():
        for day, last in zip(census_days.days[1], census_days.last, strict=True):
            there = mask & (start <= day) & (stop > day)
            out = [(a[there], b[there]) for a, b in held]
            taken = clock.paused(out, start[there], np.full(there.sum(), day))
            waited = np.sort(day - start[there] - taken)
            found.append(
                (label, last.isoformat(), float(waited[-k]) if len(waited) >= k else np.nan)
            )
    return pd.DataFrame(found, columns=["group", "period_end", "days"])
