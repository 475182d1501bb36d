"""The rule behind a verdict and its numbers: the text that verdicts.csv carries and the page quotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sendwaits.release.key import Key
from sendwaits.release.verdicts.found import Found
from sendwaits.release.verdicts.steps import ChangePoint
from sendwaits.release.verdicts.verdict import UNUSUALLY, Level, chance
from sendwaits.release.verdicts.windows import Block

__all__ = ["tell"]


def tell(
    block: Block, at: int, found: Found, verdict: str, points: Sequence[ChangePoint]
) -> dict[str, Any]:
    """The fields of a `Verdict` beyond its name: since, basis, the two levels compared and the chance."""
    unit = block.units[at]
    common = {"unit": unit, "stock": block.stock, "period_end": str(block.ends[at, -1])}
    if verdict == "too_few":
        n = int(block.known[at])
        what = f"{n} {_periods(block, n)}" if block.grain != "day" else "one census"
        return {**common, "basis": f"{what}: too few to judge"}
    now, base, words = _stock(block, at, found) if block.stock else _flow(block, at, found)
    p = float(found.p[at])
    dated = points[found.dated[at]].label if found.dated[at] >= 0 else ""
    text = f"{words}; chance alone does as much {_odds(p)}"
    text = UNUSUALLY.get(int(found.unusual[at]), "") + text
    if dated:
        text = f"dated change tested as a step ({dated}): {text}"
    since = str(_day(block, at, int(found.since[at]))) if found.sign[at] else ""
    return {
        **common, "since": since, "basis": text, "p": p, "now": now, "base": base, "dated": dated,
    }  # fmt: skip


def _periods(block: Block, n: int) -> str:
    return block.grain if n == 1 else f"{block.grain}s"


def _odds(p: float) -> str:
    words = chance(p)
    return words if words.startswith(("less", "more")) else words.replace("about", "in about")


def _day(block: Block, at: int, place: int) -> Any:
    return block.ends[at, place] if block.stock else block.starts[at, place]


def _plain(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit == "count" else f"{value:,.1f}"


def _stock(block: Block, at: int, found: Found) -> tuple[Level, Level, str]:
    """The census compared with, today's, and what chance alone would move it by (19 times in 20)."""
    last, test = block.value.shape[1] - 1, int(found.test[at])
    place = int(found.since[at]) - 1 if found.dated[at] >= 0 else last - (test or block.year)
    place = int(np.clip(place, 0, last))
    now, base = _census(block, at, last), _census(block, at, place)
    if test <= block.year:
        words = f"{_told(block, at, place)}, {_told(block, at, last)}"
        return now, base, f"{words} ({_band(block, at, found, last - place)})"
    middle = last - block.year
    words = f"{_told(block, at, place)}, {_told(block, at, middle)}"
    words = f"{words} ({_band(block, at, found, middle - place)}), {_told(block, at, last)}"
    return now, base, words


def _census(block: Block, at: int, place: int) -> Level:
    pathway, wait, measure, group = block.names[at]
    key = Key(pathway, wait, measure, group, "", str(block.ends[at, place]))
    return Level(float(block.value[at, place]), key)


def _told(block: Block, at: int, place: int) -> str:
    return f"{_plain(float(block.value[at, place]), block.units[at])} on {block.ends[at, place]}"


def _band(block: Block, at: int, found: Found, steps: int) -> str:
    band = 2 * float(found.sd[at]) * math.sqrt(max(steps, 1))
    return f"chance alone: {_plain(band, block.units[at])} either way"


def _flow(block: Block, at: int, found: Found) -> tuple[Level, Level, str]:
    """The newest periods and the same months of the year before (or the periods just before)."""
    length, unit = block.value.shape[1], block.units[at]
    n = int(found.test[at]) or min(length - int(found.since[at]), block.year)
    n = min(n, length // 2) or 1
    back = block.year if length >= block.year + n else n
    levels = [_level(block, at, length - n - shift, n) for shift in (0, back)]
    size = _periods(block, n)
    before = f"the same {size} of the year before" if back == block.year else f"the {n} before"
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
