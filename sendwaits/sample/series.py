"""Monthly totals without records: mediation meetings, tribunals held, appeals registered and decided, melatonin spend, sleep
referrals. All made up between the few figures that were published."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["write_series"]

MONTHS = [
    f"{y}-{m:02d}" for y in range(2021, 2025) for m in range(1, 13) if f"{y}-{m:02d}" <= "2024-09"
]


def _spread(rng: np.random.Generator, total: int, months: int) -> list[int]:
    """``total`` shared over the months by chance, fewer in August."""
    share = np.ones(months)
    share[7::12] = 0.5
    return np.bincount(
        np.searchsorted(np.cumsum(share / share.sum()), rng.random(total), side="right").clip(
            0, months - 1
        ),
        minlength=months,
    ).tolist()


def write_series(folder: Path, rng: np.random.Generator) -> None:
    """Six files ``series_<measure>.csv``, 45 months each (2021-01 to 2024-09), without gaps."""
    mediation = (
        _spread(rng, 96, 12)
        + _spread(rng, 132, 12)
        + _shuffled(rng, [12, 13, 13])
        + _falling(rng, 9)
        + _shuffled(rng, [1, 1, 1, 0, 0, 0, 0, 0, 0])
    )
    held = _spread(rng, 14, 12) + _spread(rng, 17, 12) + _spread(rng, 11, 12) + [0] * 9
    appeals = (
        _spread(rng, 108, 12) + _spread(rng, 123, 12) + _spread(rng, 106, 12) + _spread(rng, 138, 9)
    )
    spend = np.interp(np.arange(len(MONTHS)), [0, 26, 36, 44], [31_000, 36_240, 22_000, 20_600])
    noise = np.round(rng.normal(0, 450, len(MONTHS)))
    noise[[26, 36]] = 0
    _write(folder, "mediation_meetings", mediation, "count", "Mediation log: meetings held")
    _write(folder, "tribunals_held", held, "count", "Tribunal log: hearings held")
    _write(folder, "appeals_registered", appeals, "count", "Appeals registered with the tribunal")
    _write(
        folder,
        "melatonin_spend",
        (np.round(spend + noise)).astype(int).tolist(),
        "GBP",
        "Prescribing cost of melatonin",
    )
    decided = (
        _spread(rng, 52, 12) + _spread(rng, 70, 12) + _spread(rng, 66, 12) + _spread(rng, 57, 9)
    )
    sleep = rng.poisson(np.linspace(14, 24, len(MONTHS))).tolist()
    _write(folder, "appeals_decided", decided, "count", "Appeals decided by an order")
    _write(folder, "sleep_referrals", sleep, "count", "Referrals for sleep support")


def _shuffled(rng: np.random.Generator, values: list[int]) -> list[int]:
    return [values[at] for at in rng.permutation(len(values)).tolist()]


def _falling(rng: np.random.Generator, months: int) -> list[int]:
    return [
        max(int(round(level)) + int(move), 0)
        for level, move in zip(np.linspace(10, 1, months), rng.integers(-1, 2, months))
    ]


def _write(folder: Path, measure: str, values: list[int], unit: str, note: str) -> None:
    lines = [
        "month,measure,value,unit,note",
        *(f"{m},{measure},{v},{unit},{note} (made up)" for m, v in zip(MONTHS, values)),
    ]
    (folder / f"series_{measure}.csv").write_bytes(("\n".join(lines) + "\n").encode("utf-8"))
