"""From the waits of one pathway to the tables of its forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.history import Service, read_service
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.paths import COHORTS, Levers, Model, Paths, simulate
from sendwaits.pathways import Pathway
from sendwaits.workspace import Target, Workspace

__all__ = [
    "Prepared",
    "prepare",
    "forecast",
    "backtest",
    "bridge",
    "compare",
    "recovery_plan",
    "SEED",
    "WEEKS",
]

SEED = 20240731
WEEKS = 52
_CHANCE = 0.80


@dataclass
class Prepared:
    """One pathway, fitted and run once: what the tables below share."""

    service: Service
    model: Model
    levers: Levers
    baseline: Paths
    targets: tuple[Target, ...]


def prepare(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    paths: int = 1000,
    seed: int = SEED,
) -> Prepared:
    """The pathway at as_at, its model and its baseline of 52 weeks, announced (committed) changes included.

    Raises `Refused` when nothing of the pathway has started by as_at, or a target names a measure that no forecast has.
    """
    as_at = pd.Timestamp(as_at).normalize()
    service = read_service(built, pathway, as_at)
    targets = tuple(
        _checked(t, service, pathway) for t in workspace.targets if t.pathway == pathway.code
    )
    over = (
        {126, 364}
        | {w.standard_days for w in service.waits if w.standard_days is not None}
        | {d for d in (readout.over_days_of(t.measure) for t in targets) if d is not None}
    )
    changes = tuple(
        -int((as_at - pd.Timestamp(c.date)).days // 7)
        for c in workspace.change_points
        if c.pathway == pathway.code and pd.Timestamp(c.date) < as_at
    )
    model = build_model(service, paths, seed, WEEKS, tuple(sorted(over)), changes)
    ahead, notes = scenarios.committed(workspace, service)
    for wait in model.waits:
        if notes:
            model.notes[wait.name] = "; ".join(
                filter(None, [model.notes.get(wait.name, ""), *notes])
            )
    levers = scenarios.levers_of(service, model, ahead)
    return Prepared(service, model, levers, simulate(model, WEEKS, levers), targets)


def draws(ready: Prepared, wait: str, measure: str) -> np.ndarray:
    """The measure on every path of the baseline, shape (paths, weeks + 1), NaN where it does not exist."""
    return readout.values(ready.model, ready.baseline, wait, measure)


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


def forecast(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    scenario: str | Sequence[str] | None = None,
    paths: int = 1000,
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
        levers = _scenario_levers(ready, workspace, name)
        runs.append((name, levers, simulate(ready.model, WEEKS, levers)))
    rows: list[list[object]] = []
    for name, levers, run in runs:
        rows += readout.weekly_rows(ready.service, ready.model, run, name, WEEKS)
        rows += [
            readout.new_child_row(ready.service, ready.model, run, w.name, name)
            for w in ready.model.waits
        ]
        for target in ready.targets:
            rows += _target_rows(ready, target, levers, run, name)
    return readout.frame(rows)


def _scenario_levers(ready: Prepared, workspace: Workspace, name: str) -> Levers:
    """The levers of the baseline with the named scenario on top (a committed one is in it already)."""
    ahead, _ = scenarios.committed(workspace, ready.service)
    asked = scenarios.named(workspace, ready.service, name)
    return scenarios.levers_of(
        ready.service, ready.model, [*ahead, *(s for s in asked if s not in ahead)]
    )


def _meets(values: np.ndarray, target: Target) -> float:
    """Share of the paths on which the measure exists that meet the target, NaN when under half have it."""
    there = values[~np.isnan(values)]
    if len(there) * 2 < max(len(values), 1):
        return float("nan")
    return float(
        (there <= target.at_most).mean()
        if target.at_most is not None
        else (there >= target.at_least).mean()
    )


def _target_rows(
    ready: Prepared, target: Target, levers: Levers, run: Paths, name: str
) -> list[list[object]]:
    """``p_target`` and ``capacity_needed_per_week`` of one target; a target whose date has passed says so."""
    service, model = ready.service, ready.model
    nothing = [np.nan] * 6
    wait = "" if target.measure == "within_20_weeks_pct" else target.wait
    if (np.datetime64(target.by, "D") - service.as_at).astype(int) <= 0:
        note = f"{target.note}; its date has passed: see figures"
        return [
            [service.pathway, wait, m, str(target.by), pd.NA, name, *nothing, np.nan, note]
            for m in ("p_target", "capacity_needed_per_week")
        ]
    week = readout.target_week(service, target, WEEKS)
    chance = _meets(readout.target_values(service, model, run, target, week), target)
    note = (
        target.note
        if np.isfinite(chance)
        else f"{target.note}; the measure exists on too few paths"
    )
    needed, why = _capacity_needed(ready, target, levers, week)
    cells = [needed] * 6 if np.isfinite(needed) else nothing
    return [
        [service.pathway, wait, "p_target", str(target.by), week, name, *nothing, chance, note],
        [
            service.pathway,
            wait,
            "capacity_needed_per_week",
            str(target.by),
            week,
            name,
            *cells,
            _CHANCE if np.isfinite(needed) else np.nan,
            "; ".join(filter(None, [target.note, why])),
        ],
    ]


def _capacity_needed(
    ready: Prepared, target: Target, levers: Levers, week: int, most: float = 8.0
) -> tuple[float, str]:
    """Children a week that must be seen from as_at on for an 80 % chance of the target; with a note when none is enough.

    Bisection on the multiplier of the capacity that serves the wait, on a fifth of the paths, the same luck throughout.
    """
    service, model = ready.service, _thin(ready.model, 10)
    new_child = target.measure == "new_child_wait_weeks"
    levers = _thin_levers(levers, ready.model, 10)

    def chance(factor: float) -> float:
        run = simulate(
            model,
            week,
            scenarios.scale_capacity(service, model, levers, target.wait, factor),
            new_child=new_child,
        )
        return float(
            np.nan_to_num(_meets(readout.target_values(service, model, run, target, week), target))
        )

    stations = [0, 1] if service.team else (scenarios.stations_of(service, target.wait) or [0])
    usual = _usual_capacity(ready, stations, week)
    if usual <= 0:
        return float("nan"), "no capacity in the history to scale"
    low, high = 0.0, 1.0
    while chance(high) < _CHANCE:
        low, high = high, high * 2
        if high > most:
            return float("nan"), f"not reached by {most:g} times today's capacity"
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) >= _CHANCE else (middle, high)
    return usual * high, ""


def _usual_capacity(ready: Prepared, stations: list[int], week: int) -> float:
    """Mean children a week who could be seen on the baseline up to the week: slots, or those seen when nothing limits them."""
    total = 0.0
    model = ready.model
    for k in stations if not model.team else [model.team[0]]:
        station = model.stations[k]
        slots = (station.rates[:, :week] * station.noise[:, :week]).mean(1)
        seen = ready.baseline.seen[k][:, 1 : week + 1].mean(1)
        total += float(
            np.where(station.hazard_mode, seen, slots).mean()
            if station.hazard_mode is not None
            else slots.mean()
        )
    return total


def _thin(model: Model, each: int) -> Model:
    """The model with ``each`` paths in every group."""
    per = model.paths // model.groups
    if per <= each:
        return model
    rows = (np.arange(model.groups)[:, None] * per + np.arange(each)[None, :]).ravel()
    stations = []
    for station in model.stations:
        changed = {
            k: v[rows]
            for k, v in vars(station).items()
            if isinstance(v, np.ndarray)
            and v.ndim
            and v.shape[0] == model.paths
            and k not in ("waiting", "drop", "table", "exposure")
        }
        stations.append(type(station)(**{**vars(station), **changed}))
    split = None if model.split is None else model.split[rows]
    return Model(
        stations,
        model.waits,
        len(rows),
        model.groups,
        model.weeks,
        model.team,
        split,
        model.seed,
        model.notes,
    )


def _thin_levers(levers: Levers, model: Model, each: int) -> Levers:
    per = model.paths // model.groups
    if per <= each:
        return levers
    rows = (np.arange(model.groups)[:, None] * per + np.arange(each)[None, :]).ravel()
    cut = lambda x: None if x is None else x[rows]  # noqa: E731
    return Levers(
        {k: v[rows] for k, v in levers.capacity.items()},
        cut(levers.team),
        cut(levers.demand),
        [(a, b, x[rows]) for a, b, x in levers.moved],
    )


def backtest(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    paths: int = 100,
    origins: tuple[int, ...] = (13, 26, 39, 52),
    horizons: tuple[int, ...] = (4, 13, 26, 52),
    seed: int = SEED,
) -> pd.DataFrame:
    """How this forecast would have done: one row per wait, measure and horizon, over origins before as_at.

    ``error`` and ``error_no_change``: mean absolute error of the median and of "no change"; ``hits`` of ``n`` outcomes lay in
    the 8-in-10 interval; ``better``: the smaller error ("forecast", "no change", "" when equal). Origins with under half
    a year of history behind them are left out.
    """
    as_at = pd.Timestamp(as_at).normalize()
    found: list[tuple[object, ...]] = []
    measures = ("waiting", "waiting_over_18_weeks", "waiting_over_52_weeks", "mean_weeks_open")
    for back in origins:
        origin = as_at - pd.Timedelta(weeks=back)
        service = read_service(built, pathway, origin)
        if service.weeks < 26 or not any(len(w.open_days) for w in service.waits):
            continue
        ahead = max(h for h in horizons if h <= back) if min(horizons) <= back else 0
        if not ahead:
            continue
        model = build_model(service, paths, seed, ahead)
        run = simulate(model, ahead, new_child=False)
        for wait in model.waits:
            for h in (h for h in horizons if h <= ahead):
                truth = _observed(built, wait.name, origin + pd.Timedelta(weeks=h))
                now = _observed(built, wait.name, origin)
                for measure in measures:
                    low, middle, high = (
                        np.nanquantile(
                            readout.values(model, run, wait.name, measure)[:, h], [0.1, 0.5, 0.9]
                        )
                        if model.paths
                        else (np.nan,) * 3
                    )
                    if not np.isnan([truth[measure], now[measure], middle]).any():
                        found.append(
                            (
                                wait.name,
                                measure,
                                h,
                                abs(middle - truth[measure]),
                                abs(now[measure] - truth[measure]),
                                low <= truth[measure] <= high,
                            )
                        )
    columns = ["wait", "measure", "horizon_weeks", "error", "error_no_change", "hits"]
    table = pd.DataFrame(found, columns=columns)
    out = table.groupby(["wait", "measure", "horizon_weeks"], sort=False, as_index=False).agg(
        error=("error", "mean"),
        error_no_change=("error_no_change", "mean"),
        hits=("hits", "sum"),
        n=("hits", "size"),
    )
    out["hits"], out["n"] = out["hits"].astype("int64"), out["n"].astype("int64")
    out["better"] = np.select(
        [out["error"] < out["error_no_change"], out["error"] > out["error_no_change"]],
        ["forecast", "no change"],
        "",
    )
    out.insert(0, "pathway", pathway.code)
    return out


def _observed(built: Built, wait: str, day: pd.Timestamp) -> dict[str, float]:
    waits = built.waits
    open_now = (waits["wait"] == wait) & (waits["start"] <= day) & ~(waits["stop"] <= day)
    days = (day - waits.loc[open_now, "start"]).dt.days.to_numpy()
    return {
        "waiting": float(len(days)),
        "waiting_over_18_weeks": float((days > 126).sum()),
        "waiting_over_52_weeks": float((days > 364).sum()),
        "mean_weeks_open": float(days.mean() / 7) if len(days) else float("nan"),
    }


def bridge(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    months: int = 6,
    paths: int = 1000,
    seed: int = SEED,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """From plans due to the issued-cohort percentage: one row per coming month (whole months after as_at's).

    ``due`` plans reach 20 weeks in the month and were not refused before; ``due_on_time_pct`` of them are issued in time
    (the chance a new case has); ``issued`` plans leave the month, ``issued_on_time`` of them in time, ``issued_pct`` their
    share with p10 and p90: low while a backlog is being cleared, whatever the new cases do. Raises `Refused` when the
    pathway has no statutory stages.
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
    rows = []
    for month in range(min(months, 11)):
        inside = (days.astype("datetime64[M]") == first + month).reshape(WEEKS, 7).mean(1)
        issued, on_time = (
            run.completed[plan.name][:, 1:] @ inside,
            run.within[plan.name][:, 1:] @ inside,
        )
        due_day = (
            (first + month).astype("datetime64[D]"),
            (first + month + 1).astype("datetime64[D]"),
        )
        due, due_on_time = _due(ready, plan.name, *due_day)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(issued > 0, 100 * on_time / issued, np.nan)
            due_share = np.where(due > 0, 100 * due_on_time / due, np.nan)
        low, middle, high = (
            np.nanquantile(share, [0.1, 0.5, 0.9]) if np.isfinite(share).any() else (np.nan,) * 3
        )
        rows.append(
            [
                str(first + month),
                float(due.mean()),
                float(np.nanmean(due_share)) if np.isfinite(due_share).any() else np.nan,
                float(issued.mean()),
                float(on_time.mean()),
                middle,
                low,
                high,
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


def compare(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    names: list[str] | None = None,
    paths: int = 1000,
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
        levers = ready.levers if name == "baseline" else _scenario_levers(ready, workspace, name)
        run = ready.baseline if name == "baseline" else simulate(model, WEEKS, levers)
        for wait, history in zip(model.waits, service.waits, strict=True):
            lists = [
                float(q)
                for h in (26, 52)
                for q in np.quantile(run.waiting[wait.name][:, h], [0.1, 0.5, 0.9])
            ]
            new = (
                new_child[3]
                if (new_child := readout.new_child_row(service, model, run, wait.name, name)[6:12])
                else np.nan
            )
            chances, needs = [np.nan], [np.nan]
            for target in (t for t in ready.targets if t.wait == wait.name):
                found = _target_rows(ready, target, levers, run, name)
                chances.append(found[0][12])  # type: ignore[arg-type]
                needs.append(found[1][6])  # type: ignore[arg-type]
            over = float(np.quantile(run.over[wait.name, 364][:, 52], 0.5))
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
    clear = np.median(run.over[wait, days], axis=0) < 0.5
    week = len(clear)
    while week > 1 and clear[week - 1]:
        week -= 1
    return str(ready.service.as_at + np.timedelta64(7 * week, "D")) if week < len(clear) else ""


def recovery_plan(
    built: Built,
    pathway: Pathway,
    workspace: Workspace,
    as_at: pd.Timestamp | date | str,
    scenario: str | None = None,
    paths: int = 1000,
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
            (scenario, simulate(ready.model, WEEKS, _scenario_levers(ready, workspace, scenario)))
        )
    rows = []
    for name, run in runs:
        for wait in ready.model.waits:
            entry = wait.stations[0]
            for end in (13, 26, 39, 52):
                part = slice(end - 12, end + 1)
                starts, done = (
                    float(x[:, part].sum(1).mean())
                    for x in (run.came[entry], run.completed[wait.name])
                )
                before, after = (
                    float(run.waiting[wait.name][:, h].mean()) for h in (end - 13, end)
                )
                low, middle, high = np.quantile(run.waiting[wait.name][:, end], [0.1, 0.5, 0.9])
                rows.append(
                    [
                        ready.service.pathway,
                        name,
                        wait.name,
                        str(ready.service.as_at + np.timedelta64(7 * end, "D")),
                        end,
                        starts,
                        done,
                        before + starts - done - after,
                        low,
                        middle,
                        high,
                        *(
                            float(np.quantile(run.over[wait.name, d][:, end], 0.5))
                            for d in (126, 364)
                        ),
                    ]
                )
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
