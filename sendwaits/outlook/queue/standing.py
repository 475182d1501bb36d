"""How far the simulation is trusted: drawn towards forecasts by hand and widened by how it did in its own back-test.

By hand: half no change, half the stock-flow sheet. Over 176 made-up services that do not obey the model's law
(benchmarks/worlds_apart.py, the tuned families) a quarter of the way towards it lowers the error at every horizon. A service's
own back-test helps at 13 weeks; at 26 and 52, where a handful of origins overlap, hardly: it moves the weight little, and
more only where the simulation lost by half as much again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sendwaits.outlook.queue.simple import METHODS

__all__ = ["Standing", "standing", "summed"]

_TRUST = 0.74
_LOSS = np.log(1.5)
_WIDTH = {
    "waiting": 1.00,
    "waiting_over_18_weeks": 0.95,
    "waiting_over_52_weeks": 0.85,
    "mean_weeks_open": 1.08,
    "within_standard_pct": 1.10,
}
"""Stretch of the drawn spread at which the 80 % interval of the tuned families holds 80 %."""
_SMALL = {"waiting": 0.75, "mean": 0.25, "within": 0.25}
_USUAL_MISS = 0.2


@dataclass
class Standing:
    """By (wait, measure): horizons, weight of the simulation, width, and the method a page should stand on."""

    table: pd.DataFrame

    def placed(self, values: np.ndarray, wait: str, measure: str, sheet: np.ndarray) -> np.ndarray:
        """Paths (paths, weeks + 1) moved towards no change and ``sheet`` (by week) and widened around their median.

        Where the back-test says "no change" the sheet is left out.
        """
        weeks = np.arange(values.shape[1])
        weight, width, still = self._at(wait, measure, weeks)
        now = float(values[0, 0])
        hand = still * now + (1 - still) * (now + sheet[: len(weeks)]) / 2
        out = _moved(values, weight, width, hand)
        out[:, 0] = values[:, 0]
        return out

    def share(self, values: np.ndarray, wait: str, week: float, now: float) -> np.ndarray:
        """Per cent on time by path, ``week`` weeks ahead, moved towards what it is ``now`` as the share within the standard is."""
        weight, width, _ = self._at(wait, "within_standard_pct", np.array([week]))
        out = _moved(values[:, None], weight, width, np.array([now]))[:, 0]
        return np.asarray(np.clip(out, 0.0, 100.0))

    def _at(self, wait: str, measure: str, weeks: np.ndarray) -> tuple[np.ndarray, ...]:
        """Weight of the simulation, width, and how far "no change" is the method, at these weeks."""
        part = self.table[(self.table["wait"] == wait) & (self.table["measure"] == measure)]
        if not len(part):
            return tuple(np.full(len(weeks), x) for x in (_TRUST, _WIDTH.get(measure, 1.0), 0.0))
        at = part["horizon_weeks"].to_numpy(float)
        columns = (part["weight"], part["width"], part["method"] == "no change")
        return tuple(np.interp(weeks, at, x.to_numpy(float)) for x in columns)


def _moved(
    values: np.ndarray, weight: np.ndarray, width: np.ndarray, hand: np.ndarray
) -> np.ndarray:
    """Paths by week with their median drawn to ``hand`` (where there is one) and their spread stretched by ``width``."""
    there = np.isfinite(values).any(0)
    middle = np.zeros(values.shape[1])
    middle[there] = np.nanmedian(values[:, there], axis=0)
    centre = np.where(np.isfinite(hand), weight * middle + (1 - weight) * hand, middle)
    return np.asarray(centre + width * (values - middle))


def summed(rolled: pd.DataFrame) -> pd.DataFrame:
    """One row per wait, measure and horizon of a rolled back-test: mean absolute errors, misses of the 80 % interval, n."""
    keys = ["wait", "measure", "horizon_weeks"]
    part = rolled.assign(error=(rolled["p50"] - rolled["truth"]).abs())
    part["hand"] = (part["no change"] + part["stock-flow sheet"]) / 2
    for method in (*METHODS, "hand"):
        part[method] = (part[method] - part["truth"]).abs()
    part["hits"] = (rolled["truth"] >= rolled["p10"]) & (rolled["truth"] <= rolled["p90"])
    how = {
        "error": "mean",
        **{m: "mean" for m in METHODS},
        "hand": "mean",
        "hits": "sum",
        "truth": "size",
    }
    out = part.groupby(keys, sort=False, as_index=False).agg(how)
    return out.rename(columns={"truth": "n"}).astype({"hits": "int64", "n": "int64"})


def standing(rolled: pd.DataFrame) -> Standing:
    """Weight and width by wait, measure and horizon from a rolled back-test, and the method to stand on.

    ``weight`` of the simulation against no change, ``width`` of its spread, ``method``: "simulation" from two thirds of the
    weight on, "no change" under one third, else "blend".
    """
    out = summed(rolled)
    small = out["measure"].str.split("_").str[0].map(_SMALL).fillna(0.25)
    lead = np.log((out["hand"] + small) / (out["error"] + small))
    worth = out["n"] * 13 / out["horizon_weeks"].clip(lower=13)
    odds = np.log(_TRUST / (1 - _TRUST)) + lead * worth / (worth + 4)
    odds += 2 * np.minimum(0.0, lead + _LOSS) * out["n"] / (out["n"] + 4)
    out["weight"] = 1 / (1 + np.exp(-odds.clip(-4, 4)))
    missed = (out["n"] - out["hits"] + 4 * _USUAL_MISS) / (out["n"] + 4)
    usual = out["measure"].map(_WIDTH).fillna(1.0)
    out["width"] = usual * (1 + 0.7 * (missed - _USUAL_MISS))
    out["method"] = np.select(
        [out["weight"] >= 2 / 3, out["weight"] < 1 / 3], ["simulation", "no change"], "blend"
    )
    return Standing(out)
