"""How this forecast would have done: made again at past days, beside three forecasts by hand.

At each origin the service is read and fitted as it was known then, run ahead in a quick form, and met with what happened.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.intake.waits import Built
from sendwaits.outlook.queue import readout
from sendwaits.outlook.queue.history import read_service
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.simple import METHODS, Waits, observed, simple
from sendwaits.pathways import Pathway

__all__ = ["ORIGINS", "HORIZONS", "roll", "waits_of"]

ORIGINS = (13, 26, 39, 52, 65, 78, 91, 104)
"""Weeks before as_at at which the forecast is made again."""
HORIZONS = (4, 13, 26, 52)
LEAST_WEEKS = 39
MEASURES = (
    "waiting",
    "waiting_over_18_weeks",
    "waiting_over_52_weeks",
    "mean_weeks_open",
    "within_standard_pct",
)
_COLUMNS = ("wait", "measure", "horizon_weeks", "origin", "truth", "now", "p10", "p50", "p90")


def waits_of(built: Built, wait: str) -> Waits:
    """The days of one wait."""
    part = built.waits[built.waits["wait"] == wait]
    return Waits(*(part[c].to_numpy() for c in ("start", "stop", "completed")))


def roll(
    built: Built,
    pathway: Pathway,
    as_at: pd.Timestamp,
    origins: tuple[int, ...] = ORIGINS,
    horizons: tuple[int, ...] = HORIZONS,
    paths: int = 40,
    seed: int = 1,
) -> pd.DataFrame:
    """One row per wait, measure, horizon and origin (weeks back) whose outcome is known by as_at.

    ``truth``, ``now`` (the value at the origin), ``p10 p50 p90`` of the simulation and a column for each method by hand.
    Origins with under 39 weeks of complete history behind them, or with nobody waiting, are left out.
    """
    rows: list[tuple[object, ...]] = []
    known = {wait.name: waits_of(built, wait.name) for wait in pathway.waits}
    for back in origins:
        ahead = [h for h in horizons if h <= back]
        day = as_at - pd.Timedelta(weeks=back)
        service = read_service(built, pathway, day)
        if not ahead or service.weeks < LEAST_WEEKS:
            continue
        if not any(len(w.open_days) for w in service.waits):
            continue
        model = build_model(service, paths, seed, max(ahead), quick=True)
        run = simulate(model, max(ahead), new_child=False)
        number = int(service.as_at.astype("int64"))
        for history in service.waits:
            waits, standard = known[history.name], history.standard_days
            now = observed(waits, number, (126, 364), standard)
            hand = simple(waits, number, tuple(ahead), (126, 364), standard)
            for measure in (m for m in MEASURES if m in now):
                values = readout.values(model, run, history.name, measure)
                for h in ahead:
                    truth = observed(waits, number + 7 * h, (126, 364), standard)[measure]
                    there = values[:, h][np.isfinite(values[:, h])]
                    if np.isnan([truth, now[measure]]).any() or len(there) * 2 < len(values):
                        continue
                    low, middle, high = np.quantile(there, [0.1, 0.5, 0.9])
                    by_hand = [hand[m, measure, h] for m in METHODS]
                    head = (history.name, measure, h, back, truth, now[measure])
                    rows.append((*head, low, middle, high, *by_hand))
    return pd.DataFrame(rows, columns=[*_COLUMNS, *METHODS])
