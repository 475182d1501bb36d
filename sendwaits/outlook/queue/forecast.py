"""The rows that `forecast` prints, and how past forecasts did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from sendwaits.intake.waits import Built
from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.prepare import (
    PATHS,
    SEED,
    WEEKS,
    Prepared,
    draws,
    prepare,
    scenario_levers,
)
from sendwaits.outlook.queue.rolling import roll
from sendwaits.outlook.queue.standing import standing, summed
from sendwaits.outlook.queue.targets import target_rows
from sendwaits.pathways import Pathway
from sendwaits.threads import one_thread
from sendwaits.workspace import Target, Workspace

__all__ = ["forecast", "backtest"]


@one_thread()
def forecast(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    scenario: str | Sequence[str] | None = None,
    paths: int = PATHS,
    seed: int = SEED,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """One row per number of the forecast, in the columns of the contract (section 4), for every wait of the pathway.

    Weeks 1..52 after as_at; single rows for the wait of a child referred today, each target and the capacity it needs.
    ``scenario`` (a name or several) adds rows and replaces none. Same inputs, same numbers. Raises `Refused` for a scenario that is unknown,
    of another pathway or starts before as_at.
    """
    ready = prepared or prepare(built, pathway, workspace, as_at, paths, seed)
    runs = [("baseline", ready.levers, ready.baseline)]
    for name in [scenario] if isinstance(scenario, str) else scenario or ():
        levers = scenario_levers(ready, workspace, name)
        runs.append((name, levers, simulate(ready.model, WEEKS, levers)))
    rows: list[list[object]] = []
    known: dict[Target, list[list[object]]] = {}
    for name, levers, run in runs:
        read = lambda wait, measure, run=run: draws(ready, wait, measure, run)  # noqa: E731
        rows += readout.weekly_rows(ready.service, ready.model, read, name, WEEKS)
        rows += [
            readout.new_child_row(
                ready.service, ready.model, run, w.name, name, ready.usual[w.name]
            )
            for w in ready.model.waits
        ]
        for target in ready.targets:
            if name != "baseline" and _later(ready, workspace, name, target):
                rows += [[*row[:5], name, *row[6:]] for row in known[target]]
                continue
            known[target] = target_rows(ready, target, levers, run, name)
            rows += known[target]
    return readout.frame(rows)


def _later(ready: Prepared, workspace: Workspace, name: str, target: Target) -> bool:
    """Does the scenario begin only when the target's date has passed? Then the baseline has its chance already."""
    changes = scenarios.named(workspace, ready.service, name)
    followed = target.measure == "new_child_wait_weeks"
    return not followed and all(s.start > target.by for s in changes)


@one_thread()
def backtest(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """How this forecast would have done: one row per wait, measure and horizon, over origins before as_at.

    ``error``: mean absolute error of the simulation's median; ``error_no_change``, ``error_stock_flow_sheet``, ``error_clearance_time``
    those of three forecasts by hand; ``hits`` of ``n`` outcomes lay in the 8-in-10 interval (``coverage_pct``); ``better``: the
    smaller of the first two errors ("forecast", "no change", "" when equal); ``method``: what a page should stand on
    ("simulation", "blend", "no change"), as the printed forecast does. Origins with under 39 weeks of history are left out.
    """
    rolled = prepared.rolled if prepared else roll(built, pathway, pd.Timestamp(as_at).normalize())
    out = summed(rolled)
    out["method"] = standing(rolled).table["method"]
    names = {
        m: "error_" + m.replace(" ", "_").replace("-", "_")
        for m in ("no change", "stock-flow sheet", "clearance time")
    }
    out = out.rename(columns=names)
    out["coverage_pct"] = 100 * out["hits"] / out["n"]
    lead = out["error"] - out["error_no_change"]
    out["better"] = np.select([lead < 0, lead > 0], ["forecast", "no change"], "")
    out.insert(0, "pathway", pathway.code)
    return out
