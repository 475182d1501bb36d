"""Axes from 0, and months on a real time axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from sendwaits.release.charts import words
from sendwaits.release.charts.face import width_of
from sendwaits.release.charts.panel import Panel
from sendwaits.release.charts.rows import Series

__all__ = ["ceiling", "dates", "folded_name", "tick_room", "time_axis", "upright"]


def ceiling(values: Iterable[float], steps: int = 4) -> tuple[float, float]:
    """The top of an axis from 0 and its step: four or five gridlines at plain numbers."""
    top = max((v for v in values if not math.isnan(v)), default=1) or 1
    rough = top / steps
    scale = 10 ** math.floor(math.log10(rough))
    step = next(s * scale for s in (1, 2, 2.5, 5, 10) if s * scale >= rough * 0.999)
    if step < 1 and float(top).is_integer():
        step = 1.0
    return math.ceil(top / step - 1e-9) * step, step


def upright(panel: Panel, values: Iterable[float], unit: str) -> None:
    """The vertical axis: from 0 to a plain number above every value, percentages never above 100."""
    high, step = ceiling(values)
    marks = np.arange(0, high + step / 2, step)
    panel.ax.set_ylim(0, high)
    panel.ax.set_yticks(marks, [words.tick(v, unit) for v in marks])
    panel.ax.tick_params(axis="y", length=0)


# Time -----------------------------------------------------------------------------------------------------------------


def dates(
    panel: Panel,
    lines: Sequence[Series],
    named: bool = True,
    ends: Sequence[float] | np.ndarray = (),
) -> None:
    """The time axis over the periods of the series, with about five names of periods (three when narrow)."""
    rows = pd.concat([s.rows.assign(x=s.x) for s in lines]).drop_duplicates("x").sort_values("x")
    names = [words.period(r.period_start, r.period_end) for r in rows.itertuples()]
    points = list(zip(rows["x"], names, strict=True))
    time_axis(panel, points, named, ends)


def time_axis(
    panel: Panel,
    points: Sequence[tuple[float, str]],
    named: bool = True,
    ends: Sequence[float] | np.ndarray = (),
) -> None:
    """Names under some of the points; the last always has one, and none touches another. ``ends``: the axis' own."""
    ax = panel.ax
    panel.periods = [name for _, name in points] if named else []
    ax.xaxis_date()
    first, last = (ends[0], ends[-1]) if len(ends) else (points[0][0], points[-1][0])
    pad = 0 if last > first else 15
    ax.set_xlim(first - pad, last + pad)
    ax.spines["bottom"].set_visible(True)
    if not named:
        ax.tick_params(axis="x", length=0, labelbottom=False)

    set_by_us: list[float] = []

    def arrange(narrow: bool) -> None:
        if set_by_us and list(ax.get_xticks()) != set_by_us:
            return
        folded = [(x, folded_name(name) if narrow else name) for x, name in points]
        kept = _kept(panel, folded, 2 if narrow else 4)
        ax.set_xticks([x for x, _ in kept], [name for _, name in kept] if named else None)
        set_by_us[:] = list(ax.get_xticks())

    panel.arrange.append(arrange)


def folded_name(name: str) -> str:
    """Apr to Jun 2024 with its year on a second line, for a narrow page."""
    return "\n".join(name.rsplit(words.NBSP, 1)) if " to " in name else name


def tick_room(panel: Panel, narrow: bool) -> float:
    """The pixels under the axes that the names of periods need."""
    folded = narrow and any(" to " in name for name in panel.periods)
    return 47 if folded else 30


def _kept(panel: Panel, points: Sequence[tuple[float, str]], parts: int) -> list[tuple[float, str]]:
    last = len(points) - 1
    every = max(1, math.ceil(last / parts))
    wanted = sorted({last, *(i for i in range(0, last, every) if last - i >= every / 2)})
    kept: list[tuple[float, str]] = []
    reach = math.inf
    for x, name in (points[i] for i in reversed(wanted)):
        half, at = width_of(name) / 2, panel.pixel(x, 0)[0]
        if at + half + 10 < reach or not kept:
            kept.append((x, name))
            reach = at - half
    return kept[::-1]
