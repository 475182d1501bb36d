"""Released frames and verdicts by hand, for the tests of what leaves the door: pages, workbook, comparison."""

from __future__ import annotations

import math

import pandas as pd

from sendwaits.release.key import COLUMNS
from sendwaits.release.verdicts import COLUMNS as VERDICT_COLUMNS

END = "2024-07-31"


def released(rows: list[tuple]) -> pd.DataFrame:
    """A released frame of tuples in the order of COLUMNS; dates as texts, "" for no start, None for no number."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name].replace("", None)).astype("datetime64[us]")
    frame["value"] = frame["value"].astype(float)
    for name in ("numerator", "denominator", "n"):
        frame[name] = pd.array(list(frame[name]), dtype="Int64")
    return frame


def stock(
    pathway: str,
    wait: str,
    values: list[float | None],
    *,
    measure: str = "waiting",
    end: str = END,
    freq: str = "ME",
    group: str = "",
    form: str = "exact",
) -> list[tuple]:
    """A list at successive period ends, the newest at ``end``; None = a count that is not shown."""
    ends = pd.date_range(end=end, periods=len(values), freq=freq)
    return [
        (
            pathway,
            wait,
            measure,
            group,
            "",
            f"{e:%Y-%m-%d}",
            math.nan if v is None else v,
            "count",
            None,
            None,
            v,
            "c" if v is None else form,
        )
        for e, v in zip(ends, values)
    ]


def flow(
    pathway: str,
    wait: str,
    measure: str,
    values: list[float],
    *,
    end: str = END,
    months: int = 1,
    form: str = "exact",
) -> list[tuple]:
    """A flow in successive periods of so many months."""
    last = pd.Period(end, "M")
    spans = [
        ((last - months * i - months + 1).start_time, (last - months * i).end_time)
        for i in reversed(range(len(values)))
    ]
    return [
        (
            pathway,
            wait,
            measure,
            "",
            f"{s:%Y-%m-%d}",
            f"{e:%Y-%m-%d}",
            v,
            "count",
            None,
            None,
            v,
            form,
        )
        for (s, e), v in zip(spans, values)
    ]


def share(
    pathway: str,
    wait: str,
    measure: str,
    parts: list[tuple[int, int] | None],
    *,
    end: str = END,
    months: int = 3,
) -> list[tuple]:
    """A percentage of (numerator, denominator) in successive periods; None = nothing to count."""
    blank = flow(pathway, wait, measure, [0.0] * len(parts), end=end, months=months)
    rows = []
    for row, part in zip(blank, parts):
        top, bottom = part or (None, 0)
        value = 100 * top / bottom if top is not None and bottom else math.nan
        rows.append(
            (
                *row[:6],
                value,
                "percent",
                top,
                bottom if part else None,
                bottom,
                "exact" if part else "z",
            )
        )
    return rows


def verdicts(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=VERDICT_COLUMNS)
