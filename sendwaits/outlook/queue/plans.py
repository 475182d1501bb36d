"""Tables beside the forecast: the 20-week bridge, scenarios side by side, a recovery plan by quarter."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.monthly import weekly_flows
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
from sendwaits.outlook.queue.reading import COHORTS, Paths
from sendwaits.outlook.queue.rolling import waits_of
from sendwaits.outlook.queue.targets import target_rows
from sendwaits.pathways import Pathway
from sendwaits.threads import one_thread
from sendwaits.workspace import Workspace

__all__ = ["bridge", "compare", "recovery_plan"]


@one_thread()
def bridge(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    months: int = 6,
    paths: int = PATHS,
    seed: int = SEED,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """From plans due to the issued-cohort percentage: one row per coming month (whole months after as_at's).

    ``due`` plans reach 20 weeks in the month and were not refused before; ``due_on_time_pct`` of them are issued in time
    (the chance a new case has); ``issued`` plans leave the month, ``issued_on_time`` of them in time, ``issued_pct`` their
    share with p10 and p90: low while a backlog is being cleared, whatever the new cases do. Both shares are moved towards
    those of the last 13 weeks as far as the back-test of the share within the standard asks. Raises `Refused` when the pathway has no
    statutory stages.
    """
    ready = prepared or prepare(built, pathway, workspace, as_at, paths, seed)
    service, run = ready.service, ready.baseline
    if len(service.stations) != 3 or len(service.waits) != 2:
        raise Refused(
            f"The 20-week bridge is for education, health and care plans; {pathway.code} has no such stages."
        )
    plan = service.waits[1]
    days = service.as_at + np.arange(1, 7 * WEEKS + 1)
    first = service.as_at.astype("datetime64[M]") + 1
    now = float(_percent(plan.within.sum(), plan.completed.sum()))
    due_now = _due_lately(built, plan.name, service.as_at, plan.standard_days or 140)
    rows = []
    for month in range(min(months, 11)):
        inside = (days.astype("datetime64[M]") == first + month).reshape(WEEKS, 7).mean(1)
        issued = run.completed[plan.name][:, 1:] @ inside
        on_time = run.within[plan.name][:, 1:] @ inside
        month_days = [(first + month + k).astype("datetime64[D]") for k in (0, 1)]
        due, due_on_time = _due(ready, plan.name, *month_days)
        ahead = float((month_days[0] - service.as_at).astype(int) + 15) / 7
        share = ready.standing.share(_percent(on_time, issued), plan.name, ahead, now)
        due_share = ready.standing.share(_percent(due_on_time, due), plan.name, ahead, due_now)
        rows.append(
            [
                str(first + month),
                float(due.mean()),
                _mean(due_share),
                float(issued.mean()),
                _mean(share) * float(issued.mean()) / 100,
                *(
                    np.nanquantile(share, [0.5, 0.1, 0.9])
                    if np.isfinite(share).any()
                    else [np.nan] * 3
                ),
            ]
        )
    return pd.DataFrame(
        rows,
        columns=[
            "month",
            "due",
            "due_on_time_pct",
            "issued",
            "issued_on_time",
            "issued_pct",
            "issued_pct_p10",
            "issued_pct_p90",
        ],
    )


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(np.asarray(whole) > 0, 100 * part / np.asarray(whole), np.nan))


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def _due_lately(built: Built, wait: str, as_at: np.datetime64, limit: int) -> float:
    """Per cent on time of the plans that were due in the last 13 weeks; those refused or closed before are left out."""
    waits, today = waits_of(built, wait), int(as_at.astype("int64"))
    due = waits.start + limit
    lately = (due <= today) & (due > today - 91) & (waits.done | (waits.stop > due))
    return float(_percent((lately & waits.done & (waits.stop <= due)).sum(), lately.sum()))


def _due(
    ready: Prepared, wait: str, first: np.datetime64, after: np.datetime64
) -> tuple[np.ndarray, np.ndarray]:
    """Plans due from ``first`` to before ``after`` and those issued on time, by path: observed ones and simulated ones."""
    service, run = ready.service, ready.baseline
    starts = service.as_at + 7 * np.arange(-COHORTS, COHORTS)[:, None] - np.arange(7)[None, :]
    limit = next(w for w in service.waits if w.name == wait).standard_days or 140
    due = starts + limit
    share = ((due >= first) & (due < after)).mean(1)
    plans = service.plan_days
    asked = service.as_at.astype("int64") + plans[:, 0] - plans[:, 1]
    on = (
        (asked + limit >= first.astype("int64"))
        & (asked + limit < after.astype("int64"))
        & (plans[:, 1] <= limit)
    )
    on_time = run.on_time[wait] @ share + float(on.sum())
    return on_time + run.late[wait] @ share, on_time


@one_thread()
def compare(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    names: list[str] | None = None,
    paths: int = PATHS,
    seed: int = SEED,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """Scenarios side by side: one row per scenario and wait, the baseline first.

    Lists after 26 and 52 weeks (p10, p50, p90), children over 52 weeks, the wait of a child referred today, the chance of
    each target of the wait (the lowest when several), the capacity an 80 % chance needs, and ``clearance_date``: the first
    week from which, on half of the paths, nobody waits longer than the standard (52 weeks without one); empty = not in a year.
    """
    ready = prepared or prepare(built, pathway, workspace, as_at, paths, seed)
    service, model = ready.service, ready.model
    rows = []
    for name in [
        "baseline",
        *(names if names is not None else scenarios.names_of(workspace, service)),
    ]:
        levers = ready.levers if name == "baseline" else scenario_levers(ready, workspace, name)
        run = ready.baseline if name == "baseline" else simulate(model, WEEKS, levers)
        for wait, history in zip(model.waits, service.waits, strict=True):
            lists = [
                float(q)
                for h in (26, 52)
                for q in np.quantile(draws(ready, wait.name, "waiting", run)[:, h], [0.1, 0.5, 0.9])
            ]
            new = (
                new_child[3]
                if (
                    new_child := readout.new_child_row(
                        service, model, run, wait.name, name, ready.usual[wait.name]
                    )[6:12]
                )
                else np.nan
            )
            chances, needs = [np.nan], [np.nan]
            for target in (t for t in ready.targets if t.wait == wait.name):
                found = target_rows(ready, target, levers, run, name)
                chances.append(found[0][12])  # type: ignore[arg-type]
                needs.append(found[1][6])  # type: ignore[arg-type]
            over = float(np.median(draws(ready, wait.name, "waiting_over_52_weeks", run)[:, 52]))
            rows.append(
                [
                    service.pathway,
                    name,
                    wait.name,
                    *lists,
                    over,
                    new,
                    np.nanmin(chances) if np.isfinite(chances).any() else np.nan,
                    np.nanmax(needs) if np.isfinite(needs).any() else np.nan,
                    _clearance(ready, run, wait.name, history.standard_days),
                ]
            )
    return pd.DataFrame(
        rows,
        columns=[
            "pathway",
            "scenario",
            "wait",
            "waiting_26_p10",
            "waiting_26_p50",
            "waiting_26_p90",
            "waiting_52_p10",
            "waiting_52_p50",
            "waiting_52_p90",
            "over_52_weeks_52_p50",
            "new_child_wait_weeks",
            "p_target",
            "capacity_needed_per_week",
            "clearance_date",
        ],
    )


def _clearance(ready: Prepared, run: Paths, wait: str, standard: int | None) -> str:
    days = standard if standard is not None and (wait, standard) in run.over else 364
    clear = np.median(draws(ready, wait, f"waiting_over_{days // 7}_weeks", run), axis=0) < 0.5
    week = len(clear)
    while week > 1 and clear[week - 1]:
        week -= 1
    return str(ready.service.as_at + np.timedelta64(7 * week, "D")) if week < len(clear) else ""


@one_thread()
def recovery_plan(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    scenario: str | None = None,
    paths: int = PATHS,
    seed: int = SEED,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """A recovery plan to print: one row per wait and quarter of the coming year, baseline and, if named, a scenario.

    In each 13 weeks: children who start (``starts``), are seen (``completed``), leave unseen (``removed``), means over paths;
    at its end the list (p10, p50, p90), children over 18 and 52 weeks (p50). waiting = before + starts - completed - removed.
    """
    ready = prepared or prepare(built, pathway, workspace, as_at, paths, seed)
    runs = [("baseline", ready.baseline)]
    if scenario is not None:
        runs.append(
            (scenario, simulate(ready.model, WEEKS, scenario_levers(ready, workspace, scenario)))
        )
    rows = []
    for name, run in runs:
        for wait in ready.model.waits:
            totals = weekly_flows(ready, run, wait.name)
            lists = [totals[3]]
            lists += [draws(ready, wait.name, f"waiting_over_{n}_weeks", run) for n in (18, 52)]
            for end in (13, 26, 39, 52):
                flows = [float((x[:, end] - x[:, end - 13]).mean()) for x in totals[:3]]
                quantiles = [float(q) for q in np.quantile(lists[0][:, end], [0.1, 0.5, 0.9])]
                over = [float(np.median(x[:, end])) for x in lists[1:]]
                day = str(ready.service.as_at + np.timedelta64(7 * end, "D"))
                head = [ready.service.pathway, name, wait.name, day, end]
                rows.append([*head, *flows, *quantiles, *over])
    return pd.DataFrame(
        rows,
        columns=[
            "pathway",
            "scenario",
            "wait",
            "quarter_end",
            "horizon_weeks",
            "starts",
            "completed",
            "removed",
            "waiting_p10",
            "waiting_p50",
            "waiting_p90",
            "over_18_weeks_p50",
            "over_52_weeks_p50",
        ],
    )
