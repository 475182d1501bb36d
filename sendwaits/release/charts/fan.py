"""The forecast fan: history, bands of simulated futures, and a target with its chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.text import Annotation

from sendwaits.errors import Refused
from sendwaits.release.charts import aim as target_
from sendwaits.release.charts import axis, dated, labels, words
from sendwaits.release.charts.aim import Aim, along, forecast_key, hidden
from sendwaits.release.charts.face import styled, width_of
from sendwaits.release.charts.palette import BAND50, BAND80, BLUE, INK, NAVY
from sendwaits.release.charts.panel import Panel, begin, fit_new
from sendwaits.release.charts.rows import Series, series

__all__ = ["fan", "forecast_number", "forecast_steps"]

QUANTILES = ("p10", "p25", "p50", "p75", "p90")


@styled
def fan(
    frame: pd.DataFrame,
    history: pd.DataFrame | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
    target: Aim | tuple[Any, ...] | None = None,
    scenario: str = "baseline",
    change_points: dated.Changes | None = None,
    names: tuple[str, str, str] = ("high", "middle", "low"),
    every: int = 4,
) -> Axes:
    """What is likely to come: released history, then the light band of 8 in 10 futures, the dark of 5 in 10; the Axes.

    ``frame``: forecast rows of one measure (`target_date, horizon_weeks, scenario, p10 ... p90`); every fourth week has
    keyed marks. ``target``: (value, date, name) or `Aim`; its chance is read from a `p_target` row of the frame on that
    date. The dotted line is the day of the forecast. Raises `Refused` for several measures or none.
    """
    steps = forecast_steps(frame, scenario)
    past = series(history)[0] if history is not None and len(history) else None
    panel = begin(ax, (350, 310), title)
    aim = target_.read(frame, target, scenario)
    now = _now(steps, past)
    unit = _unit(steps, past)
    values = [*steps["p90"], *(past.y if past else ()), *([aim.value] if aim else [])]
    axis.upright(panel, [float(v) for v in values], unit)
    _time(panel, steps, past, now)
    dated.changes(panel, change_points)
    _future(panel, steps, past, now, every)
    value = _past(panel, past)
    _now_line(panel, now)
    _names(panel, steps, unit, names)
    if aim:
        target_.goal(panel, aim, steps, past, unit, value)
    labels.end_labels(panel)
    panel.margins = lambda narrow: labels.time_margins(panel, narrow, 36)
    fit_new(panel, ax)
    return panel.ax


def forecast_steps(frame: pd.DataFrame, scenario: str = "baseline") -> pd.DataFrame:
    """The forecast rows of one measure in order of time; raises `Refused` for several measures or none."""
    rows = pd.DataFrame(frame)
    rows = rows[rows["p50"].notna() & (rows["measure"] != "p_target")]
    if "scenario" in rows:
        rows = rows[rows["scenario"] == scenario]
    if rows.empty or len(rows[["pathway", "wait", "measure"]].drop_duplicates()) > 1:
        raise Refused(
            "fan draws the forecast of one measure: select one pathway, wait and measure."
        )
    rows = rows.astype(dict.fromkeys(QUANTILES, float))
    rows = rows.assign(target_date=pd.to_datetime(rows["target_date"])).sort_values("target_date")
    return rows.assign(x=date2num(rows["target_date"].to_numpy())).reset_index(drop=True)


def _unit(steps: pd.DataFrame, past: Series | None) -> str:
    if past is not None:
        return past.unit
    return "percent" if steps["measure"].iloc[0].endswith("_pct") else "count"


def _now(steps: pd.DataFrame, past: Series | None) -> float:
    """The day of the forecast: so many weeks before its first date, else the last day of the history."""
    weeks = steps["horizon_weeks"] if "horizon_weeks" in steps else pd.Series([np.nan])
    if pd.notna(weeks.iloc[0]):
        return float(steps["x"].iloc[0] - 7 * weeks.iloc[0])
    return float(date2num(past.rows["period_end"].iloc[-1])) if past else float(steps["x"].iloc[0])


def _time(panel: Panel, steps: pd.DataFrame, past: Series | None, now: float) -> None:
    ends = list(past.rows["period_end"]) if past else []
    half = [ends[len(ends) // 2 - 1]] if len(ends) > 12 else []
    days = sorted(
        {
            *ends[:1],
            *half,
            pd.Timestamp("1970-01-01") + pd.Timedelta(days=now),
            steps["target_date"].iloc[-1],
        }
    )
    points = [(float(date2num(d)), words.month(d)) for d in days]
    first = float(past.x[0]) if past is not None else points[0][0]
    axis.time_axis(panel, points, ends=(min(first, points[0][0]), points[-1][0]))


def _future(panel: Panel, steps: pd.DataFrame, past: Series | None, now: float, every: int) -> None:
    """Bands, edges and the dashed middle; a list's fan starts at its last value."""
    joined = past is not None and past.rows["period_start"].isna().all() and past.shown[-1]
    start = float(past.y[-1]) if past is not None and joined else np.nan

    def side(name: str) -> np.ndarray:
        return np.concatenate([[start], steps[name]]) if joined else steps[name].to_numpy()

    x = np.concatenate([[now], steps["x"]]) if joined else steps["x"].to_numpy()
    ax = panel.ax
    panel.add(ax.fill_between(x, side("p10"), side("p90"), color=BAND80, lw=0, zorder=1))
    panel.add(ax.fill_between(x, side("p25"), side("p75"), color=BAND50, lw=0, zorder=1.1))
    for name in ("p90", "p10"):
        panel.add(ax.plot(x, side(name), color=BLUE, lw=1, zorder=2)[0])
    middle = panel.add(ax.plot(x, side("p50"), color=NAVY, lw=2.25, zorder=3)[0])
    middle.set_dashes((3.1, 2.2))
    weeks = np.arange(1, len(steps) + 1)
    shown = steps[(weeks % every == 0) | (weeks == len(steps))]
    for name in QUANTILES:
        colour, size = (NAVY, 2.8) if name == "p50" else (BLUE, 2.2)
        marks = ax.plot(
            shown["x"], shown[name], ls="none", marker="o", ms=size, color=colour, mew=0, zorder=3
        )[0]
        panel.add(marks, [forecast_key(r, name) for r in shown.to_dict("records")])
        panel.values += list(zip(shown["target_date"], shown[name].astype(float), strict=True))


def _past(panel: Panel, past: Series | None) -> Annotation | None:
    """The history's line and dots; its last value as printed."""
    if past is None:
        return None
    x, y = past.with_gaps()
    panel.add(panel.ax.plot(x, y, color=NAVY, lw=2.25, zorder=3)[0])
    final = np.arange(len(past.y)) == len(past.y) - 1
    labels.dots(panel, past, past.shown & ~final, marker="o", size=3.2, colour=NAVY)
    labels.dots(panel, past, past.shown & final, marker="o", size=8, colour=NAVY, front=5)
    labels.suppressed(panel, past)
    if not past.shown[-1]:
        return None
    x, y, key = past.x[-1], past.y[-1], past.keys[-1]
    note = panel.text(x, y, past.last, colour=NAVY, bold=True, align="right", key=key, halo=True)

    def arrange(narrow: bool) -> None:
        note.xyann = _beside(panel, past)

    panel.arrange.append(arrange)
    return note


def _beside(panel: Panel, past: Series) -> tuple[float, float]:
    """Above or below the last point, where the history's line is not."""
    x, y = panel.pixel(past.x[-1], past.y[-1])
    return min(
        ((-6.0, up) for up in (-20.0, 12.0, -32.0, 24.0) if y + up > panel.box()[1] + 2),
        key=lambda move: hidden(
            (x + move[0] - width_of(past.last, bold=True), y + move[1]),
            width_of(past.last, bold=True),
            along(panel, past.x, past.y),
        ),
    )


def _now_line(panel: Panel, now: float) -> None:
    across = panel.ax.get_xaxis_transform()
    line = panel.ax.plot([now, now], [0, 1], transform=across, color=INK, lw=1, ls=(0, (2, 3)))[0]
    panel.add(line)
    day = pd.Timestamp("1970-01-01") + pd.Timedelta(days=now)
    before = panel.text(now, 1, "", coords=across, align="right")
    after = panel.text(now, 1, "Forecast", coords=across, bold=True)

    def arrange(narrow: bool) -> None:
        left, _, right, _ = panel.box()
        up = 10 + dated.room(panel, left, right, narrow)
        before.set_text(words.month(day) if narrow else words.day(day))
        before.xyann, after.xyann = (-6, up), (6, up)

    panel.arrange.append(arrange)


def _names(panel: Panel, steps: pd.DataFrame, unit: str, names: Sequence[str]) -> None:
    last = steps.iloc[-1]
    for name, word, colour in zip(("p90", "p50", "p10"), names, (BLUE, NAVY, BLUE), strict=True):
        said = forecast_number(float(last[name]), unit)
        note = panel.text(
            last["x"],
            float(last[name]),
            "",
            colour=colour,
            bold=name == "p50",
            key=forecast_key(last, name),
        )
        panel.ends.append((note, f"{said} {word}", said))


def forecast_number(value: float, unit: str) -> str:
    """A simulated count without decimals; percentages and weeks with one."""
    return words.number(float(np.floor(value + 0.5)) if unit == "count" else value, unit)
