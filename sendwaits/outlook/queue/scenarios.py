"""Announced and imagined changes -> multipliers by path and week: capacity with delivery risk, demand, slots moved.

A change of x per cent from week u counts (1 + x f) from week u + d on, with a delivered share f and a delay d drawn per
path; the percentage is of the level at as_at. Every scenario meets the same luck as the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from sendwaits.errors import Refused
from sendwaits.outlook.queue.reading import Levers, Model
from sendwaits.outlook.queue.weekly import Service
from sendwaits.workspace import Scenario, Workspace

__all__ = ["committed", "named", "names_of", "levers_of", "scale_capacity", "stations_of"]


def committed(workspace: Workspace, service: Service) -> tuple[list[Scenario], list[str]]:
    """The changes of the baseline, and a note for each that began before as_at (the flows hold it already)."""
    ours = [s for s in workspace.scenarios if s.pathway == service.pathway and s.committed]
    ahead = [s for s in ours if np.datetime64(s.start, "D") >= service.as_at]
    return ahead, [
        f"'{s.name}' began before as_at: taken as part of the flows" for s in ours if s not in ahead
    ]


def names_of(workspace: Workspace, service: Service) -> list[str]:
    """Names of the scenarios of this pathway that start on or after as_at, in the order of the file."""
    ours = [
        s.name
        for s in workspace.scenarios
        if s.pathway == service.pathway and np.datetime64(s.start, "D") >= service.as_at
    ]
    return list(dict.fromkeys(ours))


def named(workspace: Workspace, service: Service, name: str) -> list[Scenario]:
    """All entries of that name for this pathway. Raises `Refused` for an unknown name, another pathway or a past start."""
    found = [s for s in workspace.scenarios if s.name == name]
    if not found:
        known = ", ".join(f"'{s.name}'" for s in workspace.scenarios) or "none"
        raise Refused(f"sendwaits.toml: no [[scenarios]] named '{name}'. There: {known}.")
    ours = [s for s in found if s.pathway == service.pathway]
    if not ours:
        raise Refused(
            f"sendwaits.toml: [[scenarios]] '{name}' belongs to pathway {found[0].pathway}, not {service.pathway}. Ask with --pathway {found[0].pathway}."
        )
    for scenario in ours:
        if np.datetime64(scenario.start, "D") < service.as_at:
            raise Refused(
                f"sendwaits.toml: [[scenarios]] '{name}' starts on {scenario.start}, before as_at ({service.as_at}). Give a later 'from', or an earlier --as-at."
            )
    return ours


def stations_of(service: Service, wait: str) -> list[int] | None:
    """Stations whose capacity a change acts on; None = the whole team of two lists.

    EHC: the advice station unless the decision wait is named. One team, two lists: the team unless a wait is named.
    """
    if len(service.waits) == 2 and len(service.stations) == 3:
        return [0] if wait == service.waits[0].name else [1]
    if not wait:
        return None if service.team else list(range(len(service.stations)))
    return [k for k, s in enumerate(service.stations) if wait in s.completes]


def _served(service: Service, model: Model, wait: str) -> list[int] | None:
    """As `stations_of`; a team whose lists turned out not to compete is its stations."""
    stations = stations_of(service, wait)
    return (
        list(range(len(service.stations))) if stations is None and model.team is None else stations
    )


def levers_of(
    service: Service, model: Model, changes: Iterable[Scenario], weeks: int = 52
) -> Levers:
    """The levers of these changes together; each change's delivery is drawn from its own place in the seed."""
    levers = Levers()
    for scenario in changes:
        rng = np.random.Generator(
            np.random.PCG64(
                np.random.SeedSequence(
                    [model.seed, 31, *scenario.name.encode("utf-8"), scenario.start.toordinal()]
                )
            )
        )
        share = rng.uniform(*scenario.delivered, model.paths)
        late = rng.integers(scenario.late_weeks[0], scenario.late_weeks[1] + 1, model.paths)
        first = int((np.datetime64(scenario.start, "D") - service.as_at).astype(int) // 7)
        ahead = np.arange(weeks + 104)[None, :]
        ends = np.inf
        if scenario.until is not None:
            ends = float((np.datetime64(scenario.until, "D") - service.as_at).astype(int) // 7)
        after = (ahead >= first + late[:, None]) & (ahead < ends)
        if scenario.capacity_change_pct:
            factor = np.maximum(
                1 + after * (scenario.capacity_change_pct / 100 * share)[:, None], 0.0
            )
            _multiply(levers, _served(service, model, scenario.wait), factor)
        if scenario.demand_change_pct:
            grown = np.maximum(
                1
                + ((ahead >= first) & (ahead < ends))
                * np.full((model.paths, 1), scenario.demand_change_pct / 100),
                0.0,
            )
            levers.demand = grown if levers.demand is None else levers.demand * grown
        if scenario.move_slots_per_week:
            source, target = (
                _end(service, w, scenario.name) for w in (scenario.move_from, scenario.move_to)
            )
            levers.moved.append(
                (source, target, after * (scenario.move_slots_per_week * share)[:, None])
            )
        _rules(service, model, scenario, levers, first + late + 1, share)
    return levers


def _rules(
    service: Service,
    model: Model,
    scenario: Scenario,
    levers: Levers,
    when: np.ndarray,
    share: np.ndarray,
) -> None:
    """A validation of the list and the longest wait first, each as late and as far as the scenario is delivered."""
    ours = [k for k, s in enumerate(service.stations) if scenario.wait in (*s.waits, "")]
    for k in ours:
        if scenario.remove_pct:
            part = np.minimum(scenario.remove_pct / 100 * share, 1.0)
            levers.removed.append((k, when, scenario.remove_over_weeks, part))
        if scenario.longest_first:
            levers.longest_first[k] = when


def _end(service: Service, wait: str, name: str) -> int:
    for k, station in enumerate(service.stations):
        if wait in station.completes:
            return k
    raise Refused(
        f"sendwaits.toml: [[scenarios]] '{name}': move_slots_per_week needs move_from and move_to, two waits of {service.pathway}."
    )


def _multiply(levers: Levers, stations: Sequence[int] | None, factor: np.ndarray) -> None:
    if stations is None:
        levers.team = factor if levers.team is None else levers.team * factor
        return
    for k in stations:
        levers.capacity[k] = factor if k not in levers.capacity else levers.capacity[k] * factor


def scale_capacity(
    service: Service, model: Model, levers: Levers, wait: str, factor: float
) -> Levers:
    """These levers with the capacity that serves ``wait`` times ``factor`` from as_at on."""
    out = replace(levers, capacity=dict(levers.capacity))
    stations = _served(service, model, "" if service.team else wait)
    _multiply(out, stations, np.full((model.paths, 1), factor))
    return out
