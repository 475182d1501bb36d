"""The one place that says what may be said: a released frame in, one verdict for each of its series out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from sendwaits.release.verdicts import basis, levels, steps, walks
from sendwaits.release.verdicts.found import Found, nothing
from sendwaits.release.verdicts.spread import floor_of, variance
from sendwaits.release.verdicts.verdict import COLUMNS, Series, Verdict, Verdicts
from sendwaits.release.verdicts.windows import Block, blocks

__all__ = ["judge", "verdicts"]

FEWEST_MONTHS = 12
"""Fewer months than this are too few to say anything, unless a dated change can be tested."""
FLOWS = ("starts", "completed", "removed_other")


def judge(
    frame: pd.DataFrame,
    *,
    change_points: Sequence[steps.ChangePoint] = (),
    as_at: date | None = None,
    plan: pd.DataFrame | None = None,
    smallest: int = 5,
) -> pd.DataFrame:
    """One row per series, `COLUMNS`: what may be said of it at its newest period, since when, and on what basis.

    Parameters
    ----------
    frame
        Released rows (release.key.COLUMNS, periods as datetimes); judged are the newest 24 months of each series.
    change_points
        Dated changes; each is tested as a step on the series it concerns.
    as_at
        Later periods are left out.
    plan
        The door's publication plan: its series that are absent from the frame are ``not_published``.
    smallest
        The smallest count that the profile shows: a hidden count stands for the middle of 1 to ``smallest`` - 1.
    """
    return verdicts(
        frame, change_points=change_points, as_at=as_at, plan=plan, smallest=smallest
    ).frame


def verdicts(
    frame: pd.DataFrame,
    *,
    change_points: Sequence[steps.ChangePoint] = (),
    as_at: date | None = None,
    plan: pd.DataFrame | None = None,
    smallest: int = 5,
) -> Verdicts:
    """The same as a lookup that also knows the levels compared, the chance and the dated change."""
    rows = frame if as_at is None else frame[frame["period_end"] <= pd.Timestamp(as_at)]
    found: dict[Series, Verdict] = {}
    table: list[tuple[Any, ...]] = []
    parts = blocks(rows, smallest)
    flows = _flows(parts)
    for block in parts:
        for verdict, end in _of_block(block, change_points, flows):
            found[verdict[:4]] = verdict
            table.append((*verdict[:4], block.grain, end, *verdict[4:7]))
    for name, grain, reason in _absent(plan, found):
        found[name] = Verdict(*name, basis=reason)
        table.append((*name, grain, "", "not_published", "", reason))
    out = pd.DataFrame(table, columns=COLUMNS).sort_values(COLUMNS[:4], ignore_index=True)
    return Verdicts(out, found)


def _absent(
    plan: pd.DataFrame | None, found: dict[Series, Verdict]
) -> Iterator[tuple[Series, str, str]]:
    """The plan's series that nothing was published of; a breakdown is named by its column."""
    if plan is None:
        return
    there = {(*key[:3], key[3].partition("=")[0]) for key in found}
    for row in plan.itertuples(index=False):
        key = (str(row.pathway), str(row.wait), str(row.measure), str(row.group or ""))
        if key not in there:
            yield key, str(row.grain), str(row.reason)


def _flows(parts: list[Block]) -> dict[tuple[str, str, str], float]:
    """The variance of a month's joins and leavers of each list, where the release says them: chance has these to work with."""
    total: dict[tuple[str, str, str], list[float]] = {}
    for block in parts:
        if block.stock or block.value.shape[1] < FEWEST_MONTHS * block.year // 12:
            continue
        floor = floor_of(block.part, block.weight, "count")
        spread = variance(block.part, block.weight, floor, block.year, block.year) * block.year / 12
        for name, each in zip(block.names, spread, strict=True):
            if name[2] in FLOWS:
                total.setdefault((name[0], name[1], name[3]), []).append(float(each))
    return {key: sum(each) for key, each in total.items() if len(each) >= 2}


def _of_block(
    block: Block,
    points: Sequence[steps.ChangePoint],
    flows: dict[tuple[str, str, str], float],
) -> Iterator[tuple[Verdict, str]]:
    found, calendar = nothing(len(block.names)), block.grain in ("month", "quarter")
    enough = calendar & (block.known * 12 // block.year >= FEWEST_MONTHS)
    if enough.any():
        found = _find(block, flows)
        found.take(~enough, sign=0, unusual=0)
    if calendar:
        steps.test(found, block, points)
    words = _words(found, enough)
    for at, name in enumerate(block.names):
        told = basis.tell(block, at, found, str(words[at]), points)
        yield Verdict(*name, str(words[at]), **told), str(block.ends[at, -1])


def _find(block: Block, flows: dict[tuple[str, str, str], float]) -> Found:
    if not block.stock:
        found = nothing(len(block.names))
        units = np.array(block.units)
        for unit in sorted(set(block.units)):
            here = np.flatnonzero(units == unit)
            part = levels.judge(block.part[here], block.weight[here], block.year, unit)
            for field in vars(found):
                getattr(found, field)[here] = getattr(part, field)
        return found
    chance = np.array(
        [
            flows.get((n[0], n[1], n[3]), np.nan) if n[2] == "waiting" else np.nan
            for n in block.names
        ]
    ) * (12 / block.year)
    known = np.array(block.units) == "count"
    return walks.judge(block.value, block.year, chance, known)


def _words(found: Found, enough: np.ndarray) -> np.ndarray:
    moving = np.where(found.sign > 0, "rising", "falling")
    settled = np.where(found.sign > 0, "higher", "lower")
    still = np.where(enough, np.where(found.unusual != 0, "unusual", "steady"), "too_few")
    return np.where(found.sign == 0, still, np.where(found.moving, moving, settled))
