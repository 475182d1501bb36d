"""Control charts: counts with their limits, and shares with limits that know their denominators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import axis, dated, labels, words
from sendwaits.release.charts.face import styled
from sendwaits.release.charts.labels import Target, goal_of
from sendwaits.release.charts.palette import GREY, LIMIT_EDGE, LIMITS, NAVY, ORANGE, POINT
from sendwaits.release.charts.panel import Panel, begin, fit_new
from sendwaits.release.charts.rows import Series, series
from sendwaits.release.key import Key

__all__ = ["shares", "spc"]


@styled
def spc(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    worse: str = "",
    target: Target = None,
    change_points: dated.Changes | None = None,
    old_average: bool = True,
) -> Axes:
    """One series against its limits: grey band = usual variation, line = average, diamonds = special cause; the Axes.

    ``limits``: one row a period with `date` (or `period_end`), `mean`, `lower`, `upper`, `special_cause` (text or
    truth) and optionally `relative_to_mean` (-1, 1): what `measure.spc.spc` returns. A new average begins where they
    change; the one before is carried on as dashes. ``worse``: "high" or "low": special months on that side are orange
    (and every special month is a diamond). Raises `Refused` for several series or a period without limits.
    """
    one, stretch = _read(frame, limits)
    panel = begin(ax, (310, 280), title)
    goal, goal_name = goal_of(target)
    values = [*one.y, *stretch["upper"], *([] if goal is None else [goal])]
    axis.upright(panel, [float(v) for v in values], one.unit)
    edges = _edges(one)
    axis.dates(panel, [one], ends=edges)
    dated.changes(panel, change_points)
    for a, b in _stretches(stretch):
        _band(panel, stretch, edges, a, b)
        _mean(panel, stretch, edges, a, b, old_average)
    _points(panel, one, stretch, worse)
    if goal is not None:
        text = goal_name or f"Target {words.tick(goal, one.unit)}"
        labels.target_line(panel, float(goal), text)
    _labels(panel, one, stretch, edges)
    labels.end_labels(panel)
    panel.margins = lambda narrow: labels.time_margins(panel, narrow, 14)
    fit_new(panel, ax)
    return panel.ax


def shares(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    ax: Axes | None = None,
    **options: Any,
) -> Axes:
    """A percentage with limits that follow each period's denominator (p chart) and its target; the Axes.

    ``limits`` and options as for `spc`; the band has a step for every period. Raises `Refused` for another unit.
    """
    if set(frame["unit"]) != {"percent"}:
        raise Refused("shares draws a percentage: for counts and weeks use spc.")
    return spc(frame, limits, ax, **options)


def _read(frame: pd.DataFrame, limits: pd.DataFrame) -> tuple[Series, pd.DataFrame]:
    lines = series(frame)
    if len(lines) > 1:
        raise Refused("spc draws one series: select one measure, wait and group.")
    one, given = lines[0], pd.DataFrame(limits).copy()
    given["date"] = pd.to_datetime(given["date" if "date" in given else "period_end"])
    for column, usual in (("special_cause", False), ("relative_to_mean", 0)):
        if column not in given:
            given[column] = usual
    wanted = ["mean", "lower", "upper", "special_cause", "relative_to_mean"]
    found = one.rows[["period_end"]].merge(
        given[["date", *wanted]], left_on="period_end", right_on="date", how="left"
    )
    if len(found) != len(one.rows) or found["date"].isna().any():
        raise Refused("spc: limits needs one row for each period of the frame.")
    special = found["special_cause"]
    found["special"] = [bool(s) and s == s and str(s) not in ("none", "False") for s in special]
    return one, found


def _edges(one: Series) -> np.ndarray:
    """The borders between periods on the axis, half way between neighbours."""
    half = np.diff(one.x) / 2 if len(one.x) > 1 else np.array([15.0])
    return np.concatenate(
        [[one.x[0] - half[0]], one.x[:-1] + half[: len(one.x) - 1], [one.x[-1] + half[-1]]]
    )


def _stretches(stretch: pd.DataFrame) -> list[tuple[int, int]]:
    """First and last period of each stretch with one average."""
    new = stretch["mean"].diff().abs().to_numpy() > 1e-9
    starts = [0, *np.flatnonzero(new)]
    return list(zip(starts, [*(s - 1 for s in starts[1:]), len(stretch) - 1], strict=True))


def _band(panel: Panel, stretch: pd.DataFrame, edges: np.ndarray, a: int, b: int) -> None:
    rows = stretch.iloc[a : b + 1]
    if rows[["lower", "upper"]].isna().any(axis=None):
        return
    x = np.repeat(edges[a : b + 2], 2)[1:-1]
    low, high = (np.repeat(rows[s].clip(lower=0).to_numpy(), 2) for s in ("lower", "upper"))
    panel.add(panel.ax.fill_between(x, low, high, color=LIMITS, lw=0, zorder=0.5))
    for side in (low, high):
        panel.add(panel.ax.plot(x, side, color=LIMIT_EDGE, lw=1, zorder=1.5)[0])


def _mean(
    panel: Panel, stretch: pd.DataFrame, edges: np.ndarray, a: int, b: int, carried: bool
) -> None:
    """The average: solid while it holds, then dashed to the end for comparison."""
    value, last = float(stretch["mean"].iloc[a]), b == len(stretch) - 1
    if value != value:
        return
    colour = NAVY if last else GREY
    solid = panel.ax.plot(edges[[a, b + 1]], [value, value], color=colour, lw=1.75, zorder=2)[0]
    panel.add(solid)
    if carried and not last:
        on = panel.ax.plot(edges[[b + 1, -1]], [value, value], color=GREY, lw=1.25, zorder=2)[0]
        on.set_dashes((4, 3.2))
        panel.add(on)


def _points(panel: Panel, one: Series, stretch: pd.DataFrame, worse: str) -> None:
    x, y = one.with_gaps()
    panel.add(panel.ax.plot(x, y, color="#8a9296", lw=1.25, zorder=3)[0])
    special = stretch["special"].to_numpy(bool)
    side = stretch["relative_to_mean"].to_numpy() * {"high": 1, "low": -1}.get(worse, 0)
    usual = one.shown & ~special
    labels.dots(panel, one, usual, marker="o", size=8, colour=POINT)
    for bad in (False, True):
        which = one.shown & special & ((side > 0) == bad)
        labels.dots(panel, one, which, marker="D", size=8, colour=ORANGE if bad else NAVY, front=5)
    labels.suppressed(panel, one)


def _labels(panel: Panel, one: Series, stretch: pd.DataFrame, edges: np.ndarray) -> None:
    """Upper limit, average, lower limit and the average before, at the right edge with their keys."""
    last, key = stretch.iloc[-1], Key.of(one.rows.iloc[-1])
    wanted = [
        ("Upper {}", last["upper"], "upper", GREY, False, key),
        ("Average {}", last["mean"], "mean", NAVY, True, key),
        ("Lower {}", last["lower"], "lower", GREY, False, key),
    ]
    starts = _stretches(stretch)
    if len(starts) > 1:
        a = starts[-2][0]
        before = Key.of(one.rows.iloc[a])
        wanted.append(("{} before", stretch["mean"].iloc[a], "mean", GREY, True, before))
    for text, value, which, colour, bold, of in wanted:
        if value != value:
            continue
        at, said = max(float(value), 0.0), words.number(max(float(value), 0.0), one.unit)
        note = panel.text(
            edges[-1], at, "", colour=colour, bold=bold, key=str(of.derived("spc", which))
        )
        panel.ends.append((note, text.format(said), said))
