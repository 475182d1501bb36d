"""Dated changes: a dotted line at each, its month and label above, in as many rows as keep the labels apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from sendwaits.release.charts import words
from sendwaits.release.charts.face import width_of
from sendwaits.release.charts.palette import INK
from sendwaits.release.charts.panel import Panel

__all__ = ["Changes", "changes", "room"]

Changes = Iterable[Any] | Mapping[Any, str]
"""(date, label) pairs, a mapping of dates to labels, or objects with ``date`` and ``label``."""
ROW = {False: 18, True: 34}
"""Pixels of a row of labels; on a narrow page a label has two lines."""


class Change(NamedTuple):
    """A change on the axis with its artists."""

    day: float
    label: str
    line: Line2D
    text: Annotation


def changes(panel: Panel, given: Changes | None, named: bool = True) -> None:
    """A dotted line at each dated change within the axis and, if ``named``, its month and label above it."""
    low, high = panel.ax.get_xlim()
    across = panel.ax.get_xaxis_transform()
    for day, label in _read(given):
        if not low < day < high:
            continue
        line = panel.ax.plot([day, day], [0, 1], transform=across, color=INK, lw=1, ls=(0, (2, 3)))
        panel.add(line[0])
        if named:
            text = panel.text(day, 1, "", coords=across, bold=True, halo=True)
            panel.changes.append(Change(day, label, line[0], text))

    def arrange(narrow: bool) -> None:
        left, bottom, right, top = panel.box()
        for change, (shown, side, row) in zip(
            panel.changes, _plan(panel, left, right, narrow), strict=True
        ):
            change.text.set_text(shown)
            change.text.set(ha=side, va="bottom")
            up = 4 + row * ROW[narrow]
            change.text.xyann = (-6 if side == "right" else 6, up)
            change.line.set_ydata([0, 1 + (up if row else 0) / ((top - bottom) or 1)])

    panel.arrange.append(arrange)


def room(panel: Panel, left: float, right: float, narrow: bool) -> float:
    """The pixels above axes between ``left`` and ``right`` that the names of changes need."""
    rows = [row for _, _, row in _plan(panel, left, right, narrow)]
    return ROW[narrow] * (max(rows) + 1) if rows else 0


def _read(given: Changes | None) -> list[tuple[float, str]]:
    """(day on the axis, label with its month) of each change, in order of time."""
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    found = []
    for item in pairs:
        when, label = item if isinstance(item, tuple | list) else (item.date, item.label)
        day = pd.Timestamp(when)
        month = words.month(day)
        found.append((float(mdates.date2num(day)), f"{month}: {label}" if label else month))
    return sorted(found)


def _plan(panel: Panel, left: float, right: float, narrow: bool) -> list[tuple[str, str, int]]:
    """(words, side of the line that they are aligned to, row from below) of each change."""
    low, high = panel.ax.get_xlim()
    edge = panel.ax.figure.get_figwidth() * 72  # type: ignore[union-attr]
    taken: list[tuple[int, float, float]] = []
    found = []
    for change in panel.changes:
        x = left + (change.day - low) / (high - low) * (right - left)
        shown = change.label.replace(": ", ":\n", 1) if narrow else change.label
        wide = width_of(shown, bold=True) + 8
        spots = [(row, a, b) for row in range(9) for a, b in ((x, x + wide), (x - wide, x))]
        inside = [s for s in spots if s[1] >= 0 and s[2] <= edge + 2] or spots
        free = [s for s in inside if all(s[0] != r or s[1] >= b or s[2] <= a for r, a, b in taken)]
        best = (free or inside)[0]
        taken.append((best[0], best[1] - 8, best[2] + 8))
        found.append((shown, "left" if best[1] == x else "right", best[0]))
    return found
