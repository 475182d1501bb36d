"""What a screen reader says of a chart: its finding, first and last values and range, and the verdict where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.release.charts import beside, words
from sendwaits.release.charts.bars import bar_rows
from sendwaits.release.charts.fan import forecast_number, forecast_steps
from sendwaits.release.charts.rows import Labels, Series, series, tidy

__all__ = ["KINDS", "alt"]

KINDS = {
    "line": "Line chart",
    "flow": "Two line charts, one above the other",
    "bands": "Bar chart",
    "bars": "Bar chart",
    "shares": "Control chart",
    "spc": "Control chart",
    "fan": "Fan chart",
    "small": "Small line charts",
    "spark": "Small line",
    "funnel": "Funnel chart",
    "steps": "Bridge chart",
    "compare": "Bar chart",
}
"""What each kind of chart is called."""
_VERDICTS = {
    "rising": "rising",
    "falling": "falling",
    "higher": "higher{since}",
    "lower": "lower{since}",
    "steady": "no clear change",
    "unusual": "one unusual period",
    "too_few": "too few periods to say",
    "not_published": "not published",
}
MOST = 12
"""Series or rows read out one by one; more are summed up by their range."""


def alt(
    frame: pd.DataFrame,
    kind: str,
    verdicts: pd.DataFrame | None = None,
    title: str = "",
    *,
    labels: Labels = None,
) -> str:
    """The chart in words: kind, title, then for each series its first and last value and its range.

    A word of direction stands there only where ``verdicts`` (rows of verdicts.csv) gives one for that series. What is
    not shown is counted, never guessed. Raises `Refused` for a kind that is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise Refused(f"No chart '{kind}'. Choose one of: {', '.join(KINDS)}.")
    said = [f"{KINDS[kind]}{': ' + title.rstrip('.') if title else ''}."]
    if kind == "fan":
        said.append(_forecast(frame))
    elif kind == "compare":
        year = str(beside.newest(frame)["period_end"].iloc[0])[:4]
        pairs = beside.said(frame, labels if isinstance(labels, Mapping) else None)
        said.append(f"{year}: " + "; ".join(f"{place} {value}" for place, value in pairs) + ".")
    elif kind in ("bands", "bars", "funnel", "steps"):
        said.append(_rows(frame, kind, labels))
    else:
        lines = series(frame, labels)
        said += [_line(one, verdicts) for one in lines[:MOST]]
        if len(lines) > MOST:
            said.append(f"{len(lines) - MOST} more lines stand in the table.")
    return " ".join(said).replace(words.NBSP, " ")


def _line(one: Series, verdicts: pd.DataFrame | None) -> str:
    name = one.name[:1].upper() + one.name[1:]
    shown = one.rows[one.shown]
    if shown.empty:
        return f"{name}: no value is shown."
    first, last = (_at(one, shown.iloc[i]) for i in (0, -1))
    low, high = (
        words.number(float(v), one.unit) for v in (shown["value"].min(), shown["value"].max())
    )
    parts = [f"{name}: {first}" if len(shown) == 1 else f"{name}: first {first}, last {last}"]
    if len(shown) > 2:
        parts.append(f"all {len(shown)} values between {low} and {high}")
    if len(shown) < len(one.rows):
        parts.append(f"{len(one.rows) - len(shown)} of {len(one.rows)} not shown")
    if verdict := _verdict(one, verdicts):
        parts.append(verdict)
    return "; ".join(parts) + "."


def _at(one: Series, row: Any) -> str:
    said = words.number(float(row["value"]), one.unit)
    return f"{said} ({words.period(row['period_start'], row['period_end'])})"


def _verdict(one: Series, verdicts: pd.DataFrame | None) -> str:
    if verdicts is None or verdicts.empty:
        return ""
    row = one.rows.iloc[0]
    hit = pd.Series(True, index=verdicts.index)
    for column in ("pathway", "wait", "measure", "group"):
        hit &= verdicts[column].fillna("") == row[column]
    if hit.sum() != 1:
        return ""
    found = verdicts[hit].iloc[0]
    since = found.get("since")
    day = None if since is None or since != since or since == "" else pd.Timestamp(since)
    text = _VERDICTS.get(str(found["verdict"]), "")
    return text.format(since="" if day is None else f" since {words.period(None, day)}")


def _rows(frame: pd.DataFrame, kind: str, labels: Labels) -> str:
    rows = tidy(frame)
    if kind != "steps":
        rows = rows[rows["period_end"] == rows["period_end"].max()]
    names = bar_rows(rows, labels)
    day = words.period(rows["period_start"].iloc[0], rows["period_end"].iloc[0])
    if len(names) <= MOST:
        return f"{day}: " + "; ".join(f"{name} {text}" for name, text in names) + "."
    low, high = (
        words.number(float(v), str(rows["unit"].iloc[0]))
        for v in (rows["value"].min(), rows["value"].max())
    )
    hidden = int(rows["value"].isna().sum())
    more = f"; {hidden} not shown" if hidden else ""
    return f"{day}: {len(names)} values between {low} and {high}{more}."


def _forecast(frame: pd.DataFrame) -> str:
    steps = forecast_steps(frame)
    last = steps.iloc[-1]
    unit = "percent" if str(last["measure"]).endswith("_pct") else "count"
    low, middle, high = (forecast_number(float(last[q]), unit) for q in ("p10", "p50", "p90"))
    when = words.day(last["target_date"])
    return f"Forecast for {when}: middle {middle}; 8 in 10 simulated futures lie between {low} and {high}."
