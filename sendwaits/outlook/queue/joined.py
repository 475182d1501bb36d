"""Several services of the same build run as one: their paths side by side, so that a week costs one step and not eight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sendwaits.outlook.queue.reading import Model, WaitModel
from sendwaits.outlook.queue.station import StationModel

__all__ = ["alike", "joined"]


def alike(model: Model) -> tuple[object, ...]:
    """Models with the same answer may be joined: stations, how they feed each other, rests, a team or none."""
    stations = tuple((s.fed_by, s.keeps_age, s.hold, s.arrivals is None) for s in model.stations)
    return (model.paths, model.groups, model.team, stations)


def joined(models: Sequence[Model]) -> Model:
    """One model whose paths are those of all, in order; its wait "3|plan" is the wait plan of the fourth."""
    first, each = models[0], models[0].paths
    weeks = max(m.weeks for m in models)
    ages = max(s.table.shape[2] for m in models for s in m.stations) + weeks
    stations = [_station([m.stations[k] for m in models], ages) for k in range(len(first.stations))]
    waits = [
        replace(
            _wide(w, ages), name=f"{i}|{w.name}", rows=slice(i * each, (i + 1) * each), by_age={}
        )
        for i, m in enumerate(models)
        for w in m.waits
    ]
    split = None if first.split is None else _stack([m.split for m in models])
    return replace(
        first,
        stations=stations,
        waits=waits,
        split=split,
        weeks=weeks,
        paths=each * len(models),
        groups=first.groups * len(models),
        notes={},
    )


def _station(parts: Sequence[StationModel], ages: int) -> StationModel:
    """Arrays by path one below the other, the shorter ones held at their last column."""
    first, each = parts[0], len(parts[0].rates)
    every = lambda get: _stack([get(s) for s in parts])  # noqa: E731
    by_age = lambda get: _stack(  # noqa: E731
        [np.pad(x, (0, 1)) * np.ones((each, 1)) for x in map(get, parts)]
    )
    free = [s for s in parts if s.hazard_mode is not None]
    some: Callable[[str], np.ndarray | None] = lambda name: (  # noqa: E731
        every(lambda s: getattr(s, name) if s.hazard_mode is not None else np.zeros((each, 1)))
        if free
        else None
    )
    none = np.zeros(each, bool)
    return replace(
        first,
        waiting=by_age(lambda s: s.waiting),
        arrivals=None if first.arrivals is None else every(lambda s: s.arrivals),
        rates=every(lambda s: s.rates),
        noise=every(lambda s: s.noise),
        table=_stack([s.table for s in parts], ages),
        drop=_stack([np.broadcast_to(s.drop, (each, len(s.drop))) for s in parts], ages),
        drop_scale=np.concatenate([s.drop_scale for s in parts]),
        purge=every(lambda s: s.purge),
        purge_age=np.concatenate([s.purge_age for s in parts]),
        enter=None if first.enter is None else np.concatenate([s.enter for s in parts]),
        hazard_mode=np.concatenate(
            [none if s.hazard_mode is None else s.hazard_mode for s in parts]
        )
        if free
        else None,
        exposure=_stack(
            [
                np.ones((each, 1)) * (0.0 if s.exposure is None else s.exposure)  # type: ignore[operator]
                for s in parts
            ],
            ages,
        )
        if free
        else None,
        hazard_rates=some("hazard_rates"),
        ceiling=some("ceiling"),
        fresh=[by_age(lambda s, k=k: s.fresh[k]) for k in range(first.hold)],
    )


def _wide(wait: WaitModel, ages: int) -> WaitModel:
    grown = lambda x: np.pad(x, (0, ages - len(x)), "edge")  # noqa: E731
    within = None if wait.within is None else grown(wait.within)
    return replace(wait, over={d: grown(x) for d, x in wait.over.items()}, within=within)


def _stack(parts: Sequence[np.ndarray | None], width: int = 0) -> np.ndarray:
    """Parts one below the other; a shorter one goes on as its last column, to ``width`` at least."""
    arrays = [np.asarray(x) for x in parts if x is not None]
    width = max(width, *(x.shape[-1] for x in arrays))
    more = [[(0, 0)] * (x.ndim - 1) + [(0, width - x.shape[-1])] for x in arrays]
    return np.concatenate([np.pad(x, m, "edge") for x, m in zip(arrays, more, strict=True)])
