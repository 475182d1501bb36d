"""How this forecast would have done: made again at past days, beside three forecasts by hand.

At each origin, a day of the calendar every 13 weeks, the service is read and fitted as it was known then, run ahead in a quick form, and met with what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from sendwaits import store
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

__all__ = ["HORIZONS", "Keep", "roll", "waits_of"]

EVERY, ORIGINS = 91, 8
"""Days between past days, the same ones in every month's forecast, and how many of them are looked at, the newest first."""
HORIZONS = (4, 13, 26, 52)
LEAST_WEEKS = 39
Keep = Callable[[list[str], Callable[[], pd.DataFrame]], pd.DataFrame]
"""What `store.cached` is for one workspace and name: key parts and how to make the value."""
MEASURES = (
    "waiting",
    "waiting_over_18_weeks",
    "waiting_over_52_weeks",
    "mean_weeks_open",
    "within_standard_pct",
)


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
    keep: Keep | None = None,
    paths: int = 40,
    seed: int = 1,
) -> pd.DataFrame:
    """One row per wait, measure, horizon and origin (weeks back) whose outcome is known by as_at.

    ``truth``, ``now`` (the value at the origin), ``p10 p50 p90`` of the simulation and a column for each method by hand.
    Origins with under 39 weeks of complete history behind them, or with nobody waiting, are left out. ``keep``: where the runs
    are kept; they are made again when an extract tells another past of any origin.
    """
    services = []
    for day in _days(as_at):
        service = read_service(built, pathway, day)
        if service.weeks >= LEAST_WEEKS and any(len(w.open_days) for w in service.waits):
            services.append(service)
    make = lambda: _simulated(services, paths, seed)  # noqa: E731
    past = keep([repr(pathway), str([paths, seed]), _digest(services)], make) if keep else make()
    known = {wait.name: waits_of(built, wait.name) for wait in pathway.waits}
    parts = [_met(past, service, known, as_at) for service in services]
    return pd.DataFrame([r for part in parts for r in part], columns=[*_COLUMNS, *METHODS])


def _days(as_at: pd.Timestamp) -> list[pd.Timestamp]:
    """The newest eight quarter days of the calendar that lie the nearest horizon before as_at, newest first."""
    first = (as_at.to_datetime64().astype("datetime64[D]").astype(int) - 7 * HORIZONS[0]) // EVERY
    return [pd.Timestamp(int(first - k) * EVERY, unit="D") for k in range(ORIGINS)]


def _digest(services: Sequence[Service]) -> str:
    """What the runs depend on."""
    told = [
        [str(s.as_at), s.weeks, s.known, s.team and list(s.team)]
        + [_plain(x) for x in (*s.stations, *s.waits)]
        for s in services
    ]
    return store.digest_bytes(store.encode(told))


def _plain(part: object) -> dict[str, object]:
    return {k: float(v) if isinstance(v, np.floating) else v for k, v in vars(part).items()}


def _simulated(services: Sequence[Service], paths: int, seed: int) -> pd.DataFrame:
    """p10, p50, p90 by origin, wait, measure and horizon (none where under half of the paths have one); services of one build run as one."""
    models = [build_model(s, paths, seed, HORIZONS[-1], quick=True) for s in services]
    rows: list[tuple[object, ...]] = []
    for build in dict.fromkeys(alike(m) for m in models):
        same = [k for k, m in enumerate(models) if alike(m) == build]
        model = joined([models[k] for k in same])
        run = simulate(model, HORIZONS[-1], new_child=False, read={0, *HORIZONS})
        for i, k in enumerate(same):
            reach = _reach(model, run, i)
            for wait in services[k].waits:
                for measure in MEASURES[: 4 + (wait.standard_days is not None)]:
                    cells = [readout.summary(reach(wait.name, measure)[:, h]) for h in HORIZONS]
                    for h, (_, low, _, middle, _, high) in zip(HORIZONS, cells, strict=True):
                        rows.append(
                            (str(services[k].as_at), wait.name, measure, h, low, middle, high)
                        )
    return pd.DataFrame(
        rows, columns=["day", "wait", "measure", "horizon_weeks", "p10", "p50", "p90"]
    )


def _reach(model: Model, run: Paths, i: int) -> Reach:
    rows = next(w.rows for w in model.waits if w.name.startswith(f"{i}|"))
    return lambda wait, measure: readout.values(model, run, f"{i}|{wait}", measure)[rows]


def _met(
    past: pd.DataFrame, service: Service, known: dict[str, Waits], as_at: pd.Timestamp
) -> list[tuple[object, ...]]:
    """The rows of one origin: what was forecast, what anybody would have said, and what came."""
    day = int(service.as_at.astype("int64"))
    left = int(as_at.to_datetime64().astype("datetime64[D]").astype(int)) - day
    ahead = tuple(h for h in HORIZONS if 7 * h <= left)
    mine = past[(past["day"] == str(service.as_at)) & past["horizon_weeks"].isin(ahead)]
    said = {row[:3]: row[3:] for row in mine.drop(columns="day").itertuples(index=False, name=None)}
    rows: list[tuple[object, ...]] = []
    for history in service.waits:
        waits, standard = known[history.name], history.standard_days
        now, *later = (observed(waits, day + 7 * h, (126, 364), standard) for h in (0, *ahead))
        hand = simple(waits, day, ahead, (126, 364), standard)
        for measure in (m for m in MEASURES if m in now):
            for h, then in zip(ahead, later, strict=True):
                numbers = said[history.name, measure, h]
                if np.isnan([then[measure], now[measure], *numbers]).any():
                    continue
                head = (history.name, measure, h, left // 7, then[measure], now[measure])
                rows.append((*head, *numbers, *(hand[m, measure, h] for m in METHODS)))
    return rows
