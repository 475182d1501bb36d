"""One pathway fitted, run and put in its place by its own back-test: what all tables of the forecast share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.measure import clock
from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.history import read_service
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.reading import Levers, Model, Paths
from sendwaits.outlook.queue.rolling import Keep, roll
from sendwaits.outlook.queue.standing import Standing, standing
from sendwaits.outlook.queue.weekly import Service
from sendwaits.pathways import Pathway
from sendwaits.threads import one_thread
from sendwaits.workspace import Target, Workspace

__all__ = ["Prepared", "prepare", "draws", "scenario_levers", "SEED", "WEEKS", "PATHS"]

SEED = 20240731
WEEKS = 52
PATHS = 400


@dataclass
class Prepared:
    """One pathway, fitted and run once: what the tables share. ``rolled``: the forecast made again at past days.

    ``usual``: by wait, what the wait of a child referred today is multiplied by, towards that of the last quarter.
    """

    service: Service
    model: Model
    levers: Levers
    baseline: Paths
    targets: tuple[Target, ...]
    rolled: pd.DataFrame
    standing: Standing
    usual: dict[str, float]
    corrections: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)


@one_thread()
def prepare(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    paths: int = PATHS,
    seed: int = SEED,
    keep: Keep | None = None,
) -> Prepared:
    """The pathway at as_at, its model, its baseline of 52 weeks with announced (committed) changes, and its back-test.

    ``keep``: `store.cached` of the workspace under a name, where the runs of past days stay for the next month.
    Raises `Refused` when nothing of the pathway has started by as_at, or a target names a measure that no forecast has.
    """
    as_at = pd.Timestamp(as_at).normalize()
    built = clock.unpaused(built, as_at)
    service = read_service(built, pathway, as_at)
    targets = tuple(
        _checked(t, service, pathway) for t in workspace.targets if t.pathway == pathway.code
    )
    model = build_model(
        service, paths, seed, WEEKS, _lines(service, targets), _changes(workspace, pathway, as_at)
    )
    ahead, notes = scenarios.committed(workspace, service)
    for wait in model.waits:
        if notes:
            model.notes[wait.name] = "; ".join(
                filter(None, [model.notes.get(wait.name, ""), *notes])
            )
    levers = scenarios.levers_of(service, model, ahead)
    rolled = roll(built, pathway, as_at, keep)
    baseline = simulate(model, WEEKS, levers)
    usual = {w.name: readout.usual_factor(service, baseline, w.name) for w in model.waits}
    return Prepared(service, model, levers, baseline, targets, rolled, standing(rolled), usual)


def _lines(service: Service, targets: tuple[Target, ...]) -> tuple[int, ...]:
    """Days over which children are counted: 18 and 52 weeks, the standards, and the lines of the targets."""
    over = {126, 364}
    over |= {w.standard_days for w in service.waits if w.standard_days is not None}
    over |= {d for d in (readout.over_days_of(t.measure) for t in targets) if d is not None}
    return tuple(sorted(over))


def _changes(workspace: Workspace, pathway: Pathway, as_at: pd.Timestamp) -> tuple[int, ...]:
    """Dated changes of the pathway before as_at, in weeks from it (negative)."""
    return tuple(
        -int((as_at - pd.Timestamp(c.date)).days // 7)
        for c in workspace.change_points
        if c.pathway == pathway.code and pd.Timestamp(c.date) < as_at
    )


def draws(
    ready: Prepared,
    wait: str,
    measure: str,
    run: Paths | None = None,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """The measure as it is printed, on every path, shape (paths, weeks + 1), NaN where it does not exist.

    The simulation, drawn towards forecasts by hand and widened as far as the back-test asks (`standing`). ``run``: another run of
    the same paths (a scenario), moved by what the baseline was moved; ``rows``: the paths it holds. Nobody over a line who
    is not on the list.
    """
    key = (wait, measure)
    if key not in ready.corrections:
        plain = readout.values(ready.model, ready.baseline, wait, measure)
        ready.corrections[key] = ready.standing.placed(plain, wait, measure) - plain
    plain = readout.values(ready.model, run or ready.baseline, wait, measure)
    most = 100.0 if measure.endswith("_pct") else np.inf
    out = np.clip(plain + ready.corrections[key][rows, : plain.shape[1]], 0.0, most)
    if measure.startswith("waiting"):
        out = np.rint(out)  # children are whole
    if measure.startswith("waiting_over"):
        out = np.minimum(out, draws(ready, wait, "waiting", run, rows))
    return out


def _checked(target: Target, service: Service, pathway: Pathway) -> Target:
    """The target with its wait filled in. Raises `Refused` for a measure or wait that a forecast does not have."""
    where = f"sendwaits.toml: [[targets]] {target.pathway} {target.note}"
    cohort = (
        target.measure == "within_20_weeks_pct"
        and len(service.stations) == 3
        and len(service.waits) == 2
    )
    if cohort:
        target = Target(
            target.pathway,
            service.waits[1].name,
            target.measure,
            target.by,
            target.at_most,
            target.at_least,
        )
    elif not target.wait:
        if len(service.waits) > 1:
            raise Refused(
                f"{where}: name the wait, one of: {', '.join(w.name for w in service.waits)}."
            )
        target = Target(
            target.pathway,
            service.waits[0].name,
            target.measure,
            target.by,
            target.at_most,
            target.at_least,
        )
    plain = {"waiting", "mean_weeks_open", "within_standard_pct", "new_child_wait_weeks"}
    if not cohort and target.measure not in plain and readout.over_days_of(target.measure) is None:
        raise Refused(
            f"{where}: a forecast has no such measure. Choose one of: waiting, waiting_over_18_weeks, waiting_over_52_weeks, mean_weeks_open, within_standard_pct."
        )
    if target.measure == "within_standard_pct" and pathway.wait(target.wait).standard_days is None:
        raise Refused(
            f"{where}: the wait '{target.wait}' has no standard; set [pathways.{pathway.code}.standard_days]."
        )
    if (np.datetime64(target.by, "D") - service.as_at).astype(int) > 0:
        readout.target_week(service, target, WEEKS)
    return target


def scenario_levers(ready: Prepared, workspace: Workspace, name: str) -> Levers:
    """The levers of the baseline with the named scenario on top (a committed one is in it already)."""
    ahead, _ = scenarios.committed(workspace, ready.service)
    asked = scenarios.named(workspace, ready.service, name)
    return scenarios.levers_of(
        ready.service, ready.model, [*ahead, *(s for s in asked if s not in ahead)]
    )
