"""A dated change of sendwaits.toml, tested as a step: what comes after it against what came before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np

from sendwaits.release.verdicts import levels, walks
from sendwaits.release.verdicts.found import Found, two_sided
from sendwaits.release.verdicts.spread import floor_of, variance
from sendwaits.release.verdicts.windows import Block

__all__ = ["DATED_LIMIT", "ChangePoint", "test"]

DATED_LIMIT = 0.01
"""One test of one date that was known before: it speaks when chance alone does as much less often than this."""

STEP_LIMIT = 0.05
"""The net flow of a list must differ from before the date at least so clearly, so that the date has to do with it."""


class ChangePoint(Protocol):
    """A dated change (workspace.ChangePoint): an empty wait means every wait of the pathway."""

    @property
    def pathway(self) -> str: ...
    @property
    def wait(self) -> str: ...
    @property
    def date(self) -> date: ...
    @property
    def label(self) -> str: ...


def test(found: Found, block: Block, points: Sequence[ChangePoint]) -> None:
    """Series with a dated change and 3 months on either side: a step that speaks takes the place of a weaker finding."""
    for at, (name, unit) in enumerate(zip(block.names, block.units, strict=True)):
        for number, point in enumerate(points):
            if point.pathway == name[0] and point.wait in ("", name[1]):
                first = _first(block, at, point.date)
                if _sides(block, first):
                    _take(found, block, at, unit, number, first)


def _first(block: Block, at: int, day: Any) -> int:
    """The first period that lies wholly after the change; of a stock the first census on or after it."""
    days = block.ends[at] if block.stock else block.starts[at]
    return int(np.searchsorted(days, np.datetime64(day)))


def _sides(block: Block, first: int) -> bool:
    asked = max(block.year // 4, 1)
    return asked <= first and block.value.shape[1] - first >= asked


def _take(found: Found, block: Block, at: int, unit: str, number: int, first: int) -> None:
    row = slice(at, at + 1)
    if block.stock:
        sign, z, p, moving = _walk(block.value[row], first, block.year)
    else:
        sign, z, p, moving = _level(block, row, first, unit)
    if not sign or p >= DATED_LIMIT or (found.sign[at] == -sign and p >= found.p[at]):
        return
    found.take(
        np.arange(len(found.sign)) == at,
        sign=sign, z=z, p=p, since=first, test=0, dated=number, moving=moving or found.moving[at],
    )  # fmt: skip


def _walk(values: np.ndarray, first: int, year: int) -> tuple[int, float, float, bool]:
    """Net flow after the date against none (p) and, less strictly, against that of before: both must speak."""
    steps = np.diff(values, axis=1)
    before, after = steps[:, : first - 1], steps[:, first - 1 :]
    if before.shape[1] < 2 or after.shape[1] < 1:
        return 0, 0.0, 1.0, False
    rest = [part - part.mean(1, keepdims=True) for part in (before, after)]
    df = max(steps.shape[1] - 2, 1)
    sd = max(float(np.sqrt(sum((r * r).sum() for r in rest) / df)), 1e-9)
    n, change = after.shape[1], float(after.sum())
    z = change / (sd * n**0.5)
    unlike = (after.mean() - before.mean()) / (sd * (1 / n + 1 / before.shape[1]) ** 0.5)
    p, step = two_sided(np.array([z, unlike]), df)
    enough = abs(change) >= max(walks.SMALLEST, walks.SMALLEST_SHARE * float(values[0, first - 1]))
    speaks = enough and step < STEP_LIMIT and np.sign(unlike) == np.sign(z)
    recent = float(steps[0, -max(year // 4, 1) :].sum())
    return int(np.sign(change)) * speaks, z, float(p), np.sign(recent) == np.sign(change)


def _level(block: Block, row: slice, first: int, unit: str) -> tuple[int, float, float, bool]:
    """The periods after the date (12 months at most) against the same months of the year before, else those before."""
    part, weight, year = block.part[row], block.weight[row], block.year
    length = part.shape[1]
    n = min(length - first, year)
    if length - first <= year and first >= year:
        back = year
    else:
        back, n = length - first, min(n, first)
    spread = variance(part, weight, floor_of(part, weight, unit), year, n)
    difference, z = levels.compare(part, weight, spread, n, back, unit)
    p = float(two_sided(z, levels.freedom(unit, year))[0])
    return int(np.sign(difference[0])), float(z[0]), p, False
