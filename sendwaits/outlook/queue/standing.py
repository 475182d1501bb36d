"""How far the simulation is trusted: drawn towards no change and widened by how it did in its own back-test.

Weights and widths were chosen on 96 made-up services of eight families that do not obey the model's law (benchmarks/worlds_apart.py):
no change alone is a better partner than no change and the stock-flow sheet; the mean wait and the children over a line need it least,
the share within the standard most, everything more at a year. A service's own back-test moves the weight, and more only where the
simulation lost by half as much again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sendwaits.outlook.queue.simple import METHODS

__all__ = ["Standing", "standing", "summed"]

_NEAR, _FAR = 26, 52
_TRUST = {
    "waiting": (0.80, 0.70),
    "waiting_over": (0.90, 0.70),
    "mean_weeks_open": (0.90, 0.70),
    "within_standard_pct": (0.65, 0.45),
}
"""Weight of the simulation up to 26 weeks and at 52, before a service's own back-test speaks."""
_LOSS = np.log(1.5)
_WIDTH = {
    "waiting": 1.05,
    "waiting_over_18_weeks": 1.10,
    "waiting_over_52_weeks": 0.95,
    "mean_weeks_open": 1.20,
    "within_standard_pct": 1.10,
}
"""Stretch of the drawn spread at which 8 in 10 outcomes of the three hardest families (due dates, staff, surges) lie in the interval."""
_SMALL = {"waiting": 0.75, "mean": 0.25, "within": 0.25}
_USUAL_MISS = 0.2


@dataclass
class Standing:
    """By (wait, measure): horizons, weight of the simulation, width, and the method a page should stand on."""

    table: pd.DataFrame

    def placed(self, values: np.ndarray, wait: str, measure: str) -> np.ndarray:
        """Paths (paths, weeks + 1) moved towards today's value and widened around their median."""
        weeks = np.arange(values.shape[1])
        out = _moved(values, *self._at(wait, measure, weeks), float(values[0, 0]))
        out[:, 0] = values[:, 0]
        return out

    def share(self, values: np.ndarray, wait: str, week: float, now: float) -> np.ndarray:
        """Per cent on time by path, ``week`` weeks ahead, moved towards what it is ``now`` as the share within the standard is."""
        weight, width = self._at(wait, "within_standard_pct", np.array([week]))
        out = _moved(values[:, None], weight, width, now)[:, 0]
        return np.asarray(np.clip(out, 0.0, 100.0))

    def _at(self, wait: str, measure: str, weeks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight of the simulation and width at these weeks."""
        part = self.table[(self.table["wait"] == wait) & (self.table["measure"] == measure)]
        if not len(part):
            return _trust(measure, weeks), np.full(len(weeks), _WIDTH.get(measure, 1.0))
        at = part["horizon_weeks"].to_numpy(float)
        weight, width = (np.interp(weeks, at, part[k].to_numpy(float)) for k in ("weight", "width"))
        return weight, width


def _trust(measure: str, weeks: np.ndarray) -> np.ndarray:
    kind = "waiting_over" if measure.startswith("waiting_over") else measure
    return np.interp(weeks, (_NEAR, _FAR), _TRUST.get(kind, _TRUST["waiting"]))


def _moved(values: np.ndarray, weight: np.ndarray, width: np.ndarray, now: float) -> np.ndarray:
    """Paths by week with their median drawn to ``now`` (where there is one) and their spread stretched by ``width``.

    How far is itself uncertain: a path is drawn by none to twice of what the weight says, so where simulation and today's
    value disagree the interval holds both.
    """
    there = np.isfinite(values).any(0)
    middle = np.zeros(values.shape[1])
    middle[there] = np.nanmedian(values[:, there], axis=0)
    out = middle + width * (values - middle)
    if np.isfinite(now):
        pull = np.random.Generator(np.random.PCG64(5)).permutation(np.linspace(0, 2, len(values)))
        out += pull[:, None] * (1 - weight) * (now - middle)
    return np.asarray(out)


def summed(rolled: pd.DataFrame) -> pd.DataFrame:
    """One row per wait, measure and horizon of a rolled back-test: mean absolute errors, misses of the 80 % interval, n."""
    keys = ["wait", "measure", "horizon_weeks"]
    part = rolled.assign(error=(rolled["p50"] - rolled["truth"]).abs())
    for method in METHODS:
        part[method] = (part[method] - part["truth"]).abs()
    part["hits"] = (rolled["truth"] >= rolled["p10"]) & (rolled["truth"] <= rolled["p90"])
    how = {
        "error": "mean",
        **{m: "mean" for m in METHODS},
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
    lead = np.log((out["no change"] + small) / (out["error"] + small))
    worth = out["n"] * 13 / out["horizon_weeks"].clip(lower=13)
    trust = np.array(
        [
            _trust(m, np.array([h]))[0]
            for m, h in zip(out["measure"], out["horizon_weeks"], strict=True)
        ]
    )
    odds = np.log(trust / (1 - trust)) + lead * worth / (worth + 4)
    odds += 2 * np.minimum(0.0, lead + _LOSS) * out["n"] / (out["n"] + 4)
    out["weight"] = 1 / (1 + np.exp(-odds.clip(-4, 4)))
    missed = (out["n"] - out["hits"] + 4 * _USUAL_MISS) / (out["n"] + 4)
    usual = out["measure"].map(_WIDTH).fillna(1.0)
    out["width"] = usual * (1 + 0.7 * (missed - _USUAL_MISS))
    out["method"] = np.select(
        [out["weight"] >= 2 / 3, out["weight"] < 1 / 3], ["simulation", "no change"], "blend"
    )
    return Standing(out)
