"""How this forecast would have done: made again at past days, beside three forecasts by hand.

At each origin the service is read and fitted as it was known then, run ahead in a quick form, and met with what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sendwaits.intake.waits import Built
from sendwaits.outlook.queue import readout
from sendwaits.outlook.queue.history import read_service
from sendwaits.outlook.queue.joined import alike, joined
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.reading import Model, Paths
from sendwaits.outlook.queue.simple import METHODS, Waits, observed, simple
from sendwaits.outlook.queue.weekly import Service
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


@dataclass(frozen=True)
class Origin:
    """A past day: weeks before as_at, the horizons whose outcome is known, the service as it was and its model."""

    back: int
    ahead: tuple[int, ...]
    service: Service
    model: Model


Reach = Callable[[str, str], np.ndarray]
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
    asked = []
    for back in origins:
        ahead = tuple(h for h in horizons if h <= back)
        service = read_service(built, pathway, as_at - pd.Timedelta(weeks=back))
        if not ahead or service.weeks < LEAST_WEEKS:
            continue
        if any(len(w.open_days) for w in service.waits):
            model = build_model(service, paths, seed, max(ahead), quick=True)
            asked.append(Origin(back, ahead, service, model))
    known = {wait.name: waits_of(built, wait.name) for wait in pathway.waits}
    rows = [row for origin, reach in _run(asked) for row in _rows(origin, reach, known)]
    return pd.DataFrame(rows, columns=[*_COLUMNS, *METHODS])


def _run(asked: Sequence[Origin]) -> list[tuple[Origin, Reach]]:
    """Each origin and its (wait, measure) -> values by path and week; origins of one build run as one."""
    out: dict[int, Reach] = {}
    for build in dict.fromkeys(alike(o.model) for o in asked):
        same = [o for o in asked if alike(o.model) == build]
        model = joined([o.model for o in same])
        counted = {0, *(h for o in same for h in o.ahead)}
        run = simulate(model, max(counted), new_child=False, read=counted)
        for i, origin in enumerate(same):
            out[origin.back] = _reach(model, run, i)
    return [(o, out[o.back]) for o in asked]


def _reach(model: Model, run: Paths, i: int) -> Reach:
    rows = next(w.rows for w in model.waits if w.name.startswith(f"{i}|"))
    return lambda wait, measure: readout.values(model, run, f"{i}|{wait}", measure)[rows]


def _rows(origin: Origin, reach: Reach, known: dict[str, Waits]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    number = int(origin.service.as_at.astype("int64"))
    for history in origin.service.waits:
        waits, standard = known[history.name], history.standard_days
        now = observed(waits, number, (126, 364), standard)
        hand = simple(waits, number, origin.ahead, (126, 364), standard)
        for measure in (m for m in MEASURES if m in now):
            values = reach(history.name, measure)
            for h in origin.ahead:
                truth = observed(waits, number + 7 * h, (126, 364), standard)[measure]
                there = values[:, h][np.isfinite(values[:, h])]
                if np.isnan([truth, now[measure]]).any() or len(there) * 2 < len(values):
                    continue
                low, middle, high = np.quantile(there, [0.1, 0.5, 0.9])
                by_hand = [hand[m, measure, h] for m in METHODS]
                head = (history.name, measure, h, origin.back, truth, now[measure])
                rows.append((*head, low, middle, high, *by_hand))
    return rows
