"""The rule behind a verdict and its numbers: the text that verdicts.csv carries and the page quotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sendwaits.release.key import Key
from sendwaits.release.verdicts.found import Found
from sendwaits.release.verdicts.steps import ChangePoint
from sendwaits.release.verdicts.verdict import Level, chance
from sendwaits.release.verdicts.windows import Block

__all__ = ["tell"]


def tell(
    block: Block, at: int, found: Found, verdict: str, points: Sequence[ChangePoint]
) -> dict[str, Any]:
    """The fields of a `Verdict` beyond its name: since, basis, the two levels compared and the chance."""
    unit = block.units[at]
    common = {"unit": unit, "stock": block.stock}
    if verdict == "too_few":
        n = int(np.isfinite(block.value[at]).sum())
        return {**common, "basis": f"{n} {block.grain}s: too few to judge"}
    now, base, words = _stock(block, at, found) if block.stock else _flow(block, at, found)
    p = float(found.p[at])
    dated = points[found.dated[at]].label if found.dated[at] >= 0 else ""
    text = f"{words}; chance alone does as much {_odds(p)}"
    if dated:
        text = f"dated change tested as a step ({dated}): {text}"
    if verdict == "unusual":
        text = f"one period only: {text}"
    since = str(_day(block, at, int(found.since[at]))) if found.sign[at] else ""
    return {
        **common, "since": since, "basis": text, "p": p, "now": now, "base": base, "dated": dated,
    }  # fmt: skip


def _odds(p: float) -> str:
    words = chance(p)
    return words if words.startswith(("less", "more")) else words.replace("about", "in about")


def _day(block: Block, at: int, place: int) -> Any:
    return block.ends[at, place] if block.stock else block.starts[at, place]


def _plain(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit == "count" else f"{value:,.1f}"


def _stock(block: Block, at: int, found: Found) -> tuple[Level, Level, str]:
    """The census compared with, today's, and what chance alone would move it by (19 times in 20)."""
    last, test, unit = block.value.shape[1] - 1, int(found.test[at]), block.units[at]
    place = found.since[at] - 1 if found.dated[at] >= 0 else last - (test or block.year)
    place = int(np.clip(place, 0, last))
    then, today = block.ends[at, place], block.ends[at, last]
    levels = [
        Level(
            float(block.value[at, i]),
            Key(*block.names[at], period_start="", period_end=str(block.ends[at, i])),
        )
        for i in (last, place)
    ]
    band = 2 * float(found.sd[at]) * math.sqrt(max(last - place, 1))
    words = f"{_plain(levels[1].value, unit)} on {then}, {_plain(levels[0].value, unit)} on {today}"
    return levels[0], levels[1], f"{words} (chance alone: {_plain(band, unit)} either way)"


def _flow(block: Block, at: int, found: Found) -> tuple[Level, Level, str]:
    """The newest periods and the same months of the year before (or the periods just before)."""
    length, unit = block.value.shape[1], block.units[at]
    n = int(found.test[at]) or min(length - int(found.since[at]), block.year)
    n = min(n, length // 2) or 1
    back = block.year if length >= block.year + n else n
    levels = [_level(block, at, length - n - shift, n) for shift in (0, back)]
    size = {"month": "months", "quarter": "quarters", "year": "years"}[block.grain]
    before = "the same months of the year before" if back == block.year else f"the {n} before"
    words = (
        f"last {n} {size} {_plain(levels[0].value, unit)}, {before} {_plain(levels[1].value, unit)}"
    )
    return levels[0], levels[1], words


def _level(block: Block, at: int, first: int, n: int) -> Level:
    window = slice(first, first + n)
    part, weight = block.part[at, window].sum(), block.weight[at, window].sum()
    unit = block.units[at]
    value = part if unit == "count" else (100 if unit == "percent" else 1) * part / max(weight, 1)
    pathway, wait, measure, group = block.names[at]
    key = Key(
        pathway, wait, f"level:{measure}", group,
        str(block.starts[at, first]), str(block.ends[at, first + n - 1]),
    )  # fmt: skip
    return Level(float(value), key)
