"""Many shares at once against the size of what they are shares of, so that chance is not ranked as merit."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sendwaits.errors import Refused
from sendwaits.release.charts import axis, words
from sendwaits.release.charts import labels as labels_
from sendwaits.release.charts.bars import row_name
from sendwaits.release.charts.face import styled, width_of
from sendwaits.release.charts.palette import GREY, NAVY, ORANGE, POINT
from sendwaits.release.charts.panel import Panel, begin, fit_new
from sendwaits.release.charts.rows import Labels, keys, tidy
from sendwaits.release.key import Key

__all__ = ["funnel", "funnel_limits"]

NEAR, FAR = 0.95, 0.998
"""Limits that 1 in 20 and 1 in 500 cross by chance (source: Spiegelhalter 2005)."""


def funnel_limits(sizes: np.ndarray, share: float, coverage: float) -> np.ndarray:
    """The shares (0 to 1) between which ``coverage`` of groups of each size fall by chance; rows low and high.

    Exact binomial, interpolated between whole children (source: Spiegelhalter 2005, Funnel plots for comparing
    institutional performance, appendix A.1): for the smallest r with P(R <= r) >= p, (r - (P(R <= r) - p) / P(R = r)) / n.
    """
    from scipy.stats import binom

    ends = []
    for p in ((1 - coverage) / 2, (1 + coverage) / 2):
        r = binom.ppf(p, sizes, share)
        mass = binom.pmf(r, sizes, share)
        part = np.divide(
            binom.cdf(r, sizes, share) - p, mass, out=np.zeros(len(sizes)), where=mass > 0
        )
        ends.append((r - part) / sizes)
    return np.clip(ends, 0, 1)


@styled
def funnel(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    labels: Labels = None,
    highlight: str | Collection[str] = (),
    worse: str = "",
    sizes: str = "waiting",
) -> Axes:
    """Each share of the newest period against its denominator, within limits around the pooled share; the Axes.

    ``frame``: percentages with numerator and denominator, one row a group (district, area). Dashed: 95 %, dotted: 99.8 %
    of groups if all had one share. A group beyond the dotted lines is a named triangle, orange on the ``worse`` side
    ("high" or "low"); those in ``highlight`` are named too. ``sizes``: what the denominators count. Raises `Refused` for
    fewer than two shares.
    """
    rows = tidy(frame)
    rows = rows[rows["period_end"] == rows["period_end"].max()]
    rows = rows[rows["value"].notna() & rows["denominator"].notna()].reset_index(drop=True)
    if len(rows) < 2 or set(rows["unit"]) != {"percent"}:
        raise Refused("funnel draws two or more percentages with their denominators.")
    panel = begin(ax, (320, 300), title)
    n = rows["denominator"].to_numpy(float)
    pooled = float(rows["numerator"].sum() / rows["denominator"].sum())
    most = axis.ceiling([float(n.max()) * 1.02])[0]
    curve = np.unique(np.maximum(1, np.linspace(1, most, 60).round()))
    far = 100 * funnel_limits(curve, pooled, FAR)
    start = min(float(n.min()) * 0.6, most / 12)
    tops = [*rows["value"], *far[1][curve >= start]]
    axis.upright(panel, [min(float(v), 100.0) for v in tops], "percent")
    _curves(panel, curve, pooled)
    whole = Key.of(rows.iloc[0]).derived("pooled", "")
    said = f"All {words.number(100 * pooled, 'percent')}"
    panel.text(most, 100 * pooled, said, colour=GREY, move=(6, -5), key=str(whole))
    _across(panel, most, sizes)
    named = {highlight} if isinstance(highlight, str) else set(highlight)
    _marks(panel, rows, pooled, worse, named, labels)
    panel.margins = lambda narrow: (labels_.left_room(panel), 14, 12 + width_of(said), 50)
    fit_new(panel, ax)
    return panel.ax


def _curves(panel: Panel, curve: np.ndarray, pooled: float) -> None:
    top = panel.ax.get_ylim()[1]
    for coverage, dash in ((NEAR, (4, 2.67)), (FAR, (1.33, 2))):
        for side in 100 * funnel_limits(curve, pooled, coverage):
            line = panel.ax.plot(curve, np.where(side <= top, side, np.nan), color=GREY, lw=1.5)[0]
            line.set_dashes(dash)
            panel.add(line)
    panel.add(panel.ax.plot([0, curve[-1]], [100 * pooled] * 2, color=GREY, lw=1)[0])


def _across(panel: Panel, most: float, sizes: str) -> None:
    ax, step = panel.ax, axis.ceiling([most])[1]
    ticks = np.arange(0, most + step / 2, step)
    ax.set_xlim(0, most)
    ax.set_xticks(ticks, [words.tick(v, "count") for v in ticks])
    panel.text(
        1, 0, f"Number {sizes}", coords="axes fraction", colour=GREY, align="right", move=(0, -44)
    )


def _marks(
    panel: Panel, rows: pd.DataFrame, pooled: float, worse: str, named: set[str], labels: Labels
) -> None:
    n, share = rows["denominator"].to_numpy(float), rows["value"].to_numpy(float)
    low, high = 100 * funnel_limits(n, pooled, FAR)
    side = np.where(share > high, 1, np.where(share < low, -1, 0))
    bad = {"high": 1, "low": -1}.get(worse)
    names = [row_name(rows, row, i, labels) for i, row in enumerate(rows.to_dict("records"))]
    picked = [bool(named & {a, b}) for a, b in zip(names, rows["group"], strict=True)]
    for i, key in enumerate(keys(rows)):
        colour = ORANGE if side[i] == bad else NAVY if side[i] or picked[i] else POINT
        marker = {0: "o", 1: "^", -1: "v"}[int(side[i])]
        dot = panel.ax.plot(
            n[i], share[i], ls="none", marker=marker, ms=9, color=colour, mec="white", zorder=5
        )
        panel.add(dot[0], [key])
        if side[i] or picked[i]:
            _name(panel, n[i], share[i], names[i], picked[i])
    panel.values += [(float(a), float(b)) for a, b in zip(n, share, strict=True)]


def _name(panel: Panel, x: float, y: float, name: str, bold: bool) -> None:
    note = panel.text(x, y, name, halo=True, bold=bold)

    def arrange(narrow: bool) -> None:
        at = panel.pixel(x, y)[0]
        left = at + 10 + width_of(name, bold=True) > panel.ax.figure.get_figwidth() * 72  # type: ignore[union-attr]
        note.set(ha="right" if left else "left")
        note.xyann = (-9 if left else 9, -5)

    panel.arrange.append(arrange)
