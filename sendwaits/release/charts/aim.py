"""The target on a fan: its line to its date, the range there, and the chance of meeting it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.dates import date2num
from matplotlib.text import Annotation

from sendwaits.release.charts import words
from sendwaits.release.charts.face import width_of
from sendwaits.release.charts.palette import PLUM
from sendwaits.release.charts.panel import Panel
from sendwaits.release.charts.rows import Series
from sendwaits.release.key import Key

__all__ = ["Aim", "along", "forecast_key", "goal", "hidden", "read"]


class Aim(NamedTuple):
    """A target on a fan: its number, its date, its name, the chance of meeting it in per cent and the chance's key."""

    value: float
    by: Any
    name: str = ""
    chance: float | None = None
    key: str = ""


def forecast_key(row: Any, quantile: str) -> str:
    """The data-key of a quantile of a forecast row."""
    scenario = str(row.get("scenario", "baseline"))
    group = quantile if scenario == "baseline" else f"{quantile}@{scenario}"
    end = str(row["target_date"])[:10]
    return str(
        Key(str(row["pathway"]), str(row["wait"]), f"forecast:{row['measure']}", group, "", end)
    )


def read(frame: pd.DataFrame, target: Any, scenario: str) -> Aim | None:
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


def goal(
    panel: Panel,
    aim: Aim,
    steps: pd.DataFrame,
    past: Series | None,
    unit: str,
    value: Annotation | None = None,
) -> None:
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
    chance = _chance(panel, aim, x)

    def arrange(narrow: bool) -> None:
        _place_chance(panel, chance, x, min(y, *ends), max(y, *ends))
        note.set_text(name.split(" by")[0] if narrow else name)
        lines = [(steps["x"], steps[q]) for q in ("p10", "p50", "p90")]
        lines += [(past.x, past.y)] if past is not None and past.shown.any() else []
        points = [along(panel, np.asarray(a), np.asarray(b)) for a, b in lines]
        points += [_under(panel, n) for n in (value, chance) if n is not None]
        note.xyann = _clear(panel, note.get_text(), x, y, np.concatenate(points))

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


def _under(panel: Panel, note: Annotation) -> np.ndarray:
    """Points all over a word, each counted thrice: it is worse hidden than a line."""
    x, y = np.add(panel.pixel(*note.xy), note.xyann)
    size = float(note.get_fontsize())
    wide = width_of(note.get_text(), size, bold=True)
    left = x - wide * {"right": 1.0, "center": 0.5}.get(str(note.get_horizontalalignment()), 0.0)
    across = np.linspace(left, left + wide, 12)
    return np.array([(a, y + up) for a in across for up in (-2, 0.3 * size, 0.7 * size)] * 3)


def _clear(panel: Panel, text: str, x: float, y: float, points: np.ndarray) -> tuple[float, float]:
    """Where the target's name hides fewest points: along its line from the left, above or below it."""
    width, (left, level) = width_of(text, bold=True), panel.pixel(panel.ax.get_xlim()[0], y)
    _, bottom, _, top = panel.box()
    room = int(max(panel.pixel(x, y)[0] - left - 20 - width, 0) // 20) + 1
    spots = [
        (4 + i * 20.0, up) for up in (7.0, -19.0) for i in range(room) if bottom < level + up < top
    ]
    return min(
        spots or [(4.0, 7.0)],
        key=lambda spot: hidden((left + spot[0], level + spot[1]), width, points),
    )


def along(panel: Panel, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points of a line every few pixels."""
    known = ~np.isnan(y)
    places = np.linspace(x[known][0], x[known][-1], 200)
    heights = np.interp(places, x[known], y[known])
    return panel.ax.transData.transform(np.column_stack([places, heights])) * (
        72 / panel.ax.figure.dpi
    )


def hidden(corner: tuple[float, float], width: float, points: np.ndarray) -> int:
    """How many of the points stand behind a word whose baseline starts at the corner."""
    across, up = points[:, 0] - corner[0], points[:, 1] - corner[1]
    return int(((across > -6) & (across < width + 6) & (up > -6) & (up < 14)).sum())
