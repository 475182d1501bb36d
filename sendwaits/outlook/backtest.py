"""How good a forecast was: pinball scores, coverage and errors, by horizon, against naive forecasts of the same months."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "LEVELS",
    "NORMAL",
    "BLOCKS",
    "block_of",
    "crps",
    "winkler",
    "seasonal_step",
    "score_table",
    "winner",
]

Array = NDArray[np.float64]

LEVELS = np.array([0.10, 0.25, 0.50, 0.75, 0.90])
NORMAL = np.array(
    [-1.2815515655446004, -0.6744897501960817, 0.0, 0.6744897501960817, 1.2815515655446004]
)
"""Standard normal quantiles at LEVELS."""
BLOCKS: Mapping[str, tuple[int, int]] = {"1-3": (1, 3), "4-6": (4, 6), "7-12": (7, 12)}
"""Months ahead, first and last of each block of horizons."""


def block_of(months_ahead: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position in BLOCKS of each horizon (1 = next month); beyond 12 months the last block's."""
    return np.digitize(months_ahead, [last for _, last in BLOCKS.values()][:-1], right=True)


def crps(quantiles: Array, actual: Array) -> Array:
    """Twice the mean pinball loss over p10, p25, p50, p75, p90, in the units of `actual`; quantiles in the last axis.

    Smaller is better; 2/5 of it is the absolute error of the median when all quantiles are one number.
    Source: Gneiting and Raftery, Strictly Proper Scoring Rules (2007), section 6.
    """
    miss = actual[..., None] - quantiles
    return np.asarray(2 * np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean(axis=-1))


def winkler(quantiles: Array, actual: Array) -> Array:
    """Width of the 80 % interval plus ten times what lies outside it, in the units of `actual`; smaller is better.

    Source: Winkler, A Decision-Theoretic Approach to Interval Estimation (1972).
    """
    low, high = quantiles[..., 0], quantiles[..., -1]
    return np.asarray(
        high - low + 10 * np.maximum(low - actual, 0) + 10 * np.maximum(actual - high, 0)
    )


def seasonal_step(values: Array) -> float:
    """Mean absolute change against the same month a year before: the unit of MASE and of the scaled CRPS.

    With 12 months or fewer, or when every year repeats the last, the mean monthly change; 1 when nothing ever changed.
    Source: Hyndman and Koehler, Another Look at Measures of Forecast Accuracy (2006).
    """
    for lag in (12, 1):
        step = float(np.abs(values[lag:] - values[:-lag]).mean()) if len(values) > lag else 0.0
        if step > 0:
            return step
    return 1.0


def score_table(quantiles: Mapping[str, Array], actual: Array, scale: Array) -> pd.DataFrame:
    """One row per method and horizon block (and ``all``): n, mae, mase, crps, coverage_80_pct, winkler.

    ``quantiles[method]`` is origin x month ahead x level, ``actual`` origin x month ahead with NaN where the month is not known
    yet, ``scale`` one number per origin. mase, crps and winkler are in units of `scale`; mae in the units of the series.
    """
    months = np.arange(1, actual.shape[1] + 1)
    known = np.isfinite(actual)
    unit = np.broadcast_to(scale[:, None], actual.shape)
    rows = []
    for method, q in quantiles.items():
        for label, (first, last) in {**BLOCKS, "all": (1, len(months))}.items():
            cell = known & ((months >= first) & (months <= last))
            n = int(cell.sum())
            if not n:
                continue
            y, u, part = actual[cell], unit[cell], q[cell]
            error = np.abs(y - part[:, 2])
            inside = (y >= part[:, 0]) & (y <= part[:, -1])
            rows.append(
                (
                    method,
                    label,
                    n,
                    float(error.mean()),
                    float((error / u).mean()),
                    float((crps(part, y) / u).mean()),
                    100 * float(inside.mean()),
                    float((winkler(part, y) / u).mean()),
                )
            )
    return pd.DataFrame(
        rows,
        columns=["method", "horizon", "n", "mae", "mase", "crps", "coverage_80_pct", "winkler"],
    )


def winner(table: pd.DataFrame) -> str:
    """The method with the smallest CRPS over all horizons; the one named first when two are equal; empty without a back-test."""
    whole = table.loc[table["horizon"] == "all"]
    return "" if whole.empty else str(whole.loc[whole["crps"].idxmin(), "method"])
