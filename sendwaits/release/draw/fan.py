"""The forecast fan: history, bands of simulated futures, and a target with its chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from sendwaits.errors import Refused
from sendwaits.release.draw import axis, words
from sendwaits.release.draw.face import styled, width_of
from sendwaits.release.draw.lines import dots, fit_new, left_room
from sendwaits.release.draw.palette import BAND50, BAND80, BLUE, INK, NAVY, PLUM
from sendwaits.release.draw.panel import Panel, begin
from sendwaits.release.draw.rows import Series, series
from sendwaits.release.key import Key

__all__ = ["Aim", "fan"]

QUANTILES = ("p10", "p25", "p50", "p75", "p90")


class Aim(NamedTuple):
    """A target on a fan: its number, its date, its name, the chance of meeting it in per cent and the chance's key."""

    value: float
    by: Any
    name: str = ""
    chance: float | None = None
    key: str = ""


@styled
def fan(
    frame: pd.DataFrame,
    history: pd.DataFrame | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
    target: Aim | tuple[Any, ...] | None = None,
    scenario: str = "baseline",
    change_points: axis.Changes | None = None,
    labels: tuple[str, str, str] = ("high", "middle", "low"),
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
    aim = _aim(frame, target, scenario)
    now = _now(steps, past)
    unit = _unit(steps, past)
    values = [*steps["p90"], *(past.y if past else ()), *([aim.value] if aim else [])]
    axis.upright(panel, [float(v) for v in values], unit)
    _time(panel, steps, past, now)
    if change_points:
        axis.changes(panel, change_points)
    _future(panel, steps, past, now, every)
    _past(panel, past, steps)
    _now_line(panel, now)
    _names(panel, steps, unit, labels)
    if aim:
        _goal(panel, aim, steps, past, unit)
    axis.end_labels(panel)
    panel.margins = lambda narrow: (left_room(panel), 36, axis.room_for(panel, narrow), 30)
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


def forecast_key(row: Any, quantile: str) -> str:
    """The data-key of a quantile of a forecast row."""
    scenario = str(row.get("scenario", "baseline"))
    group = quantile if scenario == "baseline" else f"{quantile}@{scenario}"
    end = str(row["target_date"])[:10]
    return str(
        Key(str(row["pathway"]), str(row["wait"]), f"forecast:{row['measure']}", group, "", end)
    )


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


def _past(panel: Panel, past: Series | None, steps: pd.DataFrame) -> None:
    if past is None:
        return
    x, y = past.with_gaps()
    panel.add(panel.ax.plot(x, y, color=NAVY, lw=2.25, zorder=3)[0])
    final = np.arange(len(past.y)) == len(past.y) - 1
    dots(panel, past, past.shown & ~final, marker="o", size=3.2, colour=NAVY)
    dots(panel, past, past.shown & final, marker="o", size=8, colour=NAVY, front=5)
    axis.suppressed(panel, past)
    if past.shown[-1]:
        note = panel.text(
            past.x[-1],
            past.y[-1],
            past.last,
            colour=NAVY,
            bold=True,
            align="right",
            key=past.keys[-1],
            halo=True,
        )

        def arrange(narrow: bool) -> None:
            note.xyann = _beside(panel, past)

        panel.arrange.append(arrange)


def _beside(panel: Panel, past: Series) -> tuple[float, float]:
    """Above or below the last point, where the history's line is not."""
    x, y = panel.pixel(past.x[-1], past.y[-1])
    return min(
        ((-6.0, up) for up in (-20.0, 12.0, -32.0, 24.0) if y + up > panel.box()[1] + 2),
        key=lambda move: _hidden(
            (x + move[0] - width_of(past.last, bold=True), y + move[1]),
            width_of(past.last, bold=True),
            _along(panel, past.x, past.y),
        ),
    )


def _along(panel: Panel, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points of a line every few pixels."""
    known = ~np.isnan(y)
    places = np.linspace(x[known][0], x[known][-1], 200)
    heights = np.interp(places, x[known], y[known])
    return panel.ax.transData.transform(np.column_stack([places, heights])) * (
        72 / panel.ax.figure.dpi
    )


def _hidden(corner: tuple[float, float], width: float, points: np.ndarray) -> int:
    """How many of the points stand behind a word whose baseline starts at the corner."""
    across, up = points[:, 0] - corner[0], points[:, 1] - corner[1]
    return int(((across > -6) & (across < width + 6) & (up > -6) & (up < 14)).sum())


def _now_line(panel: Panel, now: float) -> None:
    across = panel.ax.get_xaxis_transform()
    line = panel.ax.plot([now, now], [0, 1], transform=across, color=INK, lw=1, ls=(0, (2, 3)))[0]
    panel.add(line)
    day = pd.Timestamp("1970-01-01") + pd.Timedelta(days=now)
    before = panel.text(now, 1, "", coords=across, align="right", move=(-6, 10))
    panel.text(now, 1, "Forecast", coords=across, bold=True, move=(6, 10))

    def arrange(narrow: bool) -> None:
        before.set_text(words.month(day) if narrow else words.day(day))

    panel.arrange.append(arrange)


def _names(panel: Panel, steps: pd.DataFrame, unit: str, labels: Sequence[str]) -> None:
    last = steps.iloc[-1]
    for name, word, colour in zip(("p90", "p50", "p10"), labels, (BLUE, NAVY, BLUE), strict=True):
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


# The target -----------------------------------------------------------------------------------------------------------


def _aim(frame: pd.DataFrame, target: Any, scenario: str) -> Aim | None:
    if target is None:
        return None
    aim = Aim(*target)
    if aim.chance is not None:
        return aim
    rows = pd.DataFrame(frame)
    rows = rows[(rows["measure"] == "p_target") & rows["probability"].notna()]
    rows = rows[pd.to_datetime(rows["target_date"]) == pd.Timestamp(aim.by)]
    if "scenario" in rows:
        rows = rows[rows["scenario"] == scenario]
    if len(rows) != 1:
        return aim
    row = rows.iloc[0].to_dict()
    return aim._replace(
        chance=100 * float(row["probability"]), key=forecast_key(row, "probability")
    )


def _goal(panel: Panel, aim: Aim, steps: pd.DataFrame, past: Series | None, unit: str) -> None:
    """A dashed line that stops on the target's date, the 8 in 10 range there, a diamond and the chance in bold."""
    ax, x, y = panel.ax, float(date2num(pd.Timestamp(aim.by))), float(aim.value)
    low, high = ax.get_xlim()
    if not low <= x <= high:
        return
    line = panel.add(ax.plot([low, x], [y, y], color=PLUM, lw=1.5, zorder=3.5)[0])
    line.set_dashes((4, 2.67))
    near = steps.iloc[int((steps["x"] - x).abs().argmin())]
    ends = [float(near["p10"]), float(near["p90"])]
    panel.add(ax.plot([x, x], ends, color=PLUM, lw=2, zorder=4, marker="_", ms=10, mew=2)[0])
    panel.add(ax.plot([x], [y], color=PLUM, marker="D", ms=10.5, mec="white", mew=1.5, zorder=5)[0])
    name = aim.name or f"Target {words.tick(y, unit)} by {words.day(pd.Timestamp(aim.by))}"
    note = panel.text(low, y, name, colour=PLUM, bold=True, halo=True)
    texts = _chance(panel, aim, x)

    def arrange(narrow: bool) -> None:
        note.set_text(name.split(" by")[0] if narrow else name)
        note.xyann = _clear(panel, note.get_text(), x, y, steps, past)
        _place_chance(panel, texts, x, min(y, *ends), max(y, *ends))

    panel.arrange.append(arrange)


def _chance(panel: Panel, aim: Aim, x: float) -> Any:
    if aim.chance is None:
        return None
    few, many = aim.chance < 0.5, aim.chance >= 99.5
    said = "<1%" if few else ">99%" if many else f"{np.floor(aim.chance + 0.5):.0f}%"
    return panel.text(
        x,
        0,
        f"{said} chance",
        colour=PLUM,
        bold=True,
        size=18,
        align="center",
        key=aim.key,
        halo=True,
    )


def _place_chance(panel: Panel, text: Any, x: float, low: float, high: float) -> None:
    """Under the range of the target's day where there is room, else above it."""
    if text is None:
        return
    _, bottom, right, top = panel.box()
    at, under = panel.pixel(x, low)
    over = panel.pixel(x, high)[1]
    up = under - 34 if under - 50 > bottom else min(over + 20, top - 20)
    half = width_of(text.get_text(), 18, True) / 2
    text.xyann = (min(0.0, right + 30 - half - at), up - bottom)


def _clear(
    panel: Panel, text: str, x: float, y: float, steps: pd.DataFrame, past: Series | None
) -> tuple[float, float]:
    """Where the target's name hides fewest points: along its line from the left, above or below it."""
    lines = [
        _along(panel, steps["x"].to_numpy(), steps[q].to_numpy()) for q in ("p10", "p50", "p90")
    ]
    if past is not None and past.shown.any():
        lines.append(_along(panel, past.x, past.y))
    points = np.concatenate(lines)
    width, (left, level) = width_of(text, bold=True), panel.pixel(panel.ax.get_xlim()[0], y)
    _, bottom, _, top = panel.box()
    room = int(max(panel.pixel(x, y)[0] - left - 20 - width, 0) // 20) + 1
    spots = [
        (4 + i * 20.0, up) for up in (7.0, -19.0) for i in range(room) if bottom < level + up < top
    ]
    return min(
        spots or [(4.0, 7.0)],
        key=lambda spot: _hidden((left + spot[0], level + spot[1]), width, points),
    )
