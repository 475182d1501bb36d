"""Remakes the table WIDTHS of sendwaits/outlook/series.py: python benchmarks/series_widths.py (about two minutes).

For every block of horizons and every level, the factor on the normal width at which the wanted share of outcomes fell below the
quantile, over the tasks that are not held out, every kind of series weighing the same; the pandemic years are left out. Split
conformal prediction in one number a cell. Only these factors enter the project, no series. MARGIN widens all of them: a source
that was not in the pool is harder than one that was (printed: each kind covered with the factors made from the others).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from series_tasks import Task, tasks

import sendwaits.outlook.series as rooms
from sendwaits.outlook.backtest import BLOCKS, LEVELS, NORMAL, block_of
from sendwaits.outlook.filters import bank

MARGIN = 1.03
Member = tuple[list[rooms._Past], np.ndarray]


def members(task: Task) -> Member:
    """The roots' forecasts from the last origin and the series' own stretch (pooled table left at 1)."""
    values = task.history[-rooms.MEMORY_MONTHS :]
    first = task.first_month.ordinal + len(task.history) - len(values)
    origins = np.arange(rooms.FIRST_ORIGIN, len(values) + 1)
    roots = [rooms._member(values, first, origins, 12, power, bank()) for power in (0.5, 0.25)]
    own = rooms._stretch(roots[0], origins)[-1:]
    return [replace(r, mean=r.mean[-1:], sd=r.sd[-1:]) for r in roots], own


def quantiles(made: list[Member], widths: np.ndarray) -> np.ndarray:
    stretch = widths[block_of(np.arange(1, 13))]
    return np.array(
        [np.mean([r.quantiles(own * stretch)[0] for r in roots], axis=0) for roots, own in made]
    )


def pooled(made: list[Member], future: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The factors by bisection, one per block and level."""
    weight = np.array([1 / (kinds == k).sum() for k in kinds]) / len(set(kinds))
    block = block_of(np.arange(1, 13))
    low, high = np.full((len(BLOCKS), len(LEVELS)), 0.3), np.full((len(BLOCKS), len(LEVELS)), 3.0)
    for _ in range(14):
        middle = (low + high) / 2
        below = future[:, :, None] < quantiles(made, middle)
        share = np.array(
            [
                (below[:, block == b].mean(axis=1) * weight[:, None]).sum(axis=0)
                for b in range(len(BLOCKS))
            ]
        )
        wider = np.where(NORMAL < 0, share > LEVELS, share < LEVELS)
        low, high = np.where(wider, middle, low), np.where(wider, high, middle)
    out = (low + high) / 2
    out[:, NORMAL == 0] = 1.0
    return out


def main() -> None:
    rooms.WIDTHS = np.ones_like(rooms.WIDTHS)
    chosen = [t for t in tasks() if not t.held_out and t.kind != "through the pandemic"]
    made, future = [members(t) for t in chosen], np.array([t.future for t in chosen])
    kinds = np.array([t.kind if t.measure != "list" else f"lists {t.kind}" for t in chosen])
    print("coverage of each kind with the factors of the others:")
    for kind in sorted(set(kinds)):
        inside, outside = np.flatnonzero(kinds == kind), np.flatnonzero(kinds != kind)
        q = quantiles(
            [made[i] for i in inside],
            pooled([made[i] for i in outside], future[outside], kinds[outside]),
        )
        y = future[inside]
        print(
            f"  {kind:28s} {100 * ((y >= q[..., 0]) & (y <= q[..., -1])).mean():5.1f} %  of {len(inside)}"
        )
    print("WIDTHS = np.array([")
    for row in pooled(made, future, kinds) * np.where(NORMAL == 0, 1.0, MARGIN):
        print("    [" + ", ".join(f"{x:.2f}" for x in row) + "],")
    print("])")


if __name__ == "__main__":
    main()
