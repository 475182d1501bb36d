"""Targets: how likely each is, what capacity an 80 % chance needs, and what the service does at its present pace."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd

from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.prepare import WEEKS, Prepared, draws
from sendwaits.outlook.queue.reading import Levers, Model, Paths
from sendwaits.threads import one_thread
from sendwaits.workspace import Target

__all__ = ["capacity", "moved", "target_rows", "target_values"]

CHANCE = 0.80
MOST = 8.0
_EACH, _STEPS = 8, 10
_SLOPE = 6.0
"""Standard scores of the chance per unit of log capacity, where nothing nearer is known."""


def target_values(
    ready: Prepared,
    target: Target,
    week: int,
    run: Paths | None = None,
    model: Model | None = None,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """The measure of a target on every path at its week, as it is printed."""
    service, paths = ready.service, run or ready.baseline
    if target.measure == "new_child_wait_weeks":
        weeks = ready.usual[target.wait] * readout.new_child_weeks(paths, target.wait)
        followed = weeks[~np.isnan(weeks)]  # long waits are followed on a part of the paths only
        return (
            np.where(np.isnan(weeks), np.resize(followed, len(weeks)), weeks)
            if len(followed)
            else weeks
        )
    if readout.is_issued_cohort(service, target):
        return readout.issued_cohort(service, paths, week, target.by.year, moved(ready, week, rows))
    return draws(ready, target.wait, target.measure, run, rows)[:, week]


def moved(
    ready: Prepared, week: int, rows: np.ndarray | slice = slice(None)
) -> Callable[[np.ndarray], np.ndarray]:
    """Shares on time of the plans to come, by path, moved as far as the baseline's is (`standing`)."""
    plan = ready.service.waits[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        done, within = (
            x[plan.name][:, 1 : week + 1].sum(1)
            for x in (ready.baseline.completed, ready.baseline.within)
        )
        plain = np.where(done > 0, 100 * within / done, np.nan)
    now = 100 * plan.within.sum() / plan.completed.sum() if plan.completed.sum() else np.nan
    shift = (ready.standing.share(plain, plan.name, week / 2, now) - plain)[rows]
    return lambda share: np.clip(share + np.nan_to_num(shift), 0.0, 100.0)


def _meets(values: np.ndarray, target: Target) -> np.ndarray:
    """1 and 0 by path: is the target met? NaN where the measure does not exist."""
    met = values <= target.at_most if target.at_most is not None else values >= target.at_least
    return np.where(np.isnan(values), np.nan, met)


def _chance(met: np.ndarray) -> float:
    """Share of the paths that meet the target, NaN when under half have the measure."""
    return float(np.nanmean(met)) if 2 * np.isfinite(met).sum() >= max(len(met), 1) else np.nan


def _passed(ready: Prepared, target: Target) -> bool:
    return bool((np.datetime64(target.by, "D") - ready.service.as_at).astype(int) <= 0)


def target_rows(
    ready: Prepared, target: Target, levers: Levers, run: Paths, name: str
) -> list[list[object]]:
    """``p_target`` and ``capacity_needed_per_week`` of one target; a target whose date has passed says so."""
    wait = "" if target.measure == "within_20_weeks_pct" else target.wait
    head, nothing = [ready.service.pathway, wait], [np.nan] * 6
    if _passed(ready, target):
        note = f"{target.note}; its date has passed: see figures"
        return [
            [*head, m, str(target.by), pd.NA, name, *nothing, np.nan, note]
            for m in ("p_target", "capacity_needed_per_week")
        ]
    week = readout.target_week(ready.service, target, WEEKS)
    chance = _chance(_meets(target_values(ready, target, week, run), target))
    missing = "" if np.isfinite(chance) else "the measure exists on too few paths"
    needed, why = _needed(ready, target, levers, week)
    sure = CHANCE if np.isfinite(needed[0]) else np.nan
    dated = [str(target.by), week, name]
    notes = ["; ".join(filter(None, [target.note, x])) for x in (missing, why)]
    return [
        [*head, "p_target", *dated, *nothing, chance, notes[0]],
        [*head, "capacity_needed_per_week", *dated, *needed, sure, notes[1]],
    ]


@one_thread()
def capacity(ready: Prepared) -> pd.DataFrame:
    """Capacity in children a week, one row per target ahead: what an 80 % chance needs, and the present pace.

    ``wait, note, by, needed, needed_p10, needed_p90`` (from as_at on to the date; the interval is what the parameters
    leave open), ``present, present_p10, present_p90`` (the baseline's mean over the same weeks), ``why`` there is no number.
    """
    rows = []
    for target in (t for t in ready.targets if not _passed(ready, t)):
        week = readout.target_week(ready.service, target, WEEKS)
        needed, why = _needed(ready, target, ready.levers, week)
        pace = _pace(ready, _stations(ready, target.wait), week)
        low, high = np.quantile(pace, [0.1, 0.9])
        number = [needed[0], needed[1], needed[5], float(pace.mean()), float(low), float(high)]
        rows.append([ready.service.pathway, target.wait, target.note, str(target.by), *number, why])
    columns = ["pathway", "wait", "note", "by", "needed", "needed_p10", "needed_p90"]
    return pd.DataFrame(rows, columns=[*columns, "present", "present_p10", "present_p90", "why"])


def _needed(ready: Prepared, target: Target, levers: Levers, week: int) -> tuple[list[float], str]:
    """Mean, p10, p25, p50, p75, p90 of the children a week that must be seen from as_at on for an 80 % chance; or why none.

    The multiplier of the capacity that serves the wait is looked for (`_least`) on a part of the paths and the same luck throughout. Mean and p50 are the answer; the others are its spread when the groups of paths
    (each one draw of the discipline) are drawn anew.
    """
    model, rows = _thin(ready.model, _EACH)
    thin = levers.part(rows)
    tried: dict[float, np.ndarray] = {}

    def chance(factor: float) -> float:
        changed = scenarios.scale_capacity(ready.service, model, thin, target.wait, factor)
        new_child = target.measure == "new_child_wait_weeks"
        run = simulate(model, week, changed, new_child=new_child, read={week})
        tried[factor] = _meets(target_values(ready, target, week, run, model, rows), target)
        return float(np.nan_to_num(_chance(tried[factor])))

    usual = float(_pace(ready, _stations(ready, target.wait), week).mean())
    if usual <= 0:
        return [np.nan] * 6, "no capacity in the history to scale"
    high = _least(chance)
    if high is None:
        return [np.nan] * 6, f"not reached by {MOST:g} times today's capacity"
    spread = usual * _spread(tried, model.groups, high)
    answer = usual * high
    around = [min(spread[0], answer), min(spread[1], answer), answer]
    return [answer, *around, max(spread[2], answer), max(spread[3], answer)], ""


def _least(chance: Callable[[float], float]) -> float | None:
    """The least multiplier, to 3 %, whose chance is 80 %, None beyond 8: chances lie on a normal curve over its logarithm."""
    score = lambda p: NormalDist().inv_cdf(min(max(p, 0.01), 0.99)) - NormalDist().inv_cdf(CHANCE)  # noqa: E731
    low, high, under, over, factor = 0.0, np.inf, -3.0, 3.0, 1.0
    for _ in range(_STEPS):
        found = chance(factor)
        if found >= CHANCE:
            high, over, aside = factor, score(found), 0.988
        else:
            low, under, aside = factor, score(found), 1.012
        if high - low < 0.03 * high or low >= MOST:
            break
        if not np.isfinite(high):
            factor = min(low * float(np.clip(np.exp((0.1 - under) / _SLOPE), 1.1, 2.0)), MOST)
        elif low == 0.0:
            factor = high / (2.0 if found > 0.95 else 1.4)
        else:
            share = np.clip(-under / max(over - under, 1e-9), 0.02, 0.98)
            middle = (low + share * (high - low)) * aside
            factor = float(np.clip(middle, low + 0.12 * (high - low), high - 0.12 * (high - low)))
    if not np.isfinite(high):
        return None
    chance(1.05 * high)  # what lies above, for the spread
    return high


def _spread(tried: dict[float, np.ndarray], groups: int, answer: float) -> np.ndarray:
    """Factors p10, p25, p75, p90 at which the chance is 80 % when the groups of paths are drawn anew 200 times."""
    factors = np.array(sorted(tried))
    met = np.stack([np.nan_to_num(tried[f]) for f in factors])
    by_group = met.reshape(len(factors), groups, -1).mean(2)
    rng = np.random.Generator(np.random.PCG64(7))
    chances = by_group[:, rng.integers(0, groups, (200, groups))].mean(2)
    rising = np.maximum.accumulate(np.vstack([np.zeros(200), chances]), axis=0)
    steps = np.concatenate([[0.0], factors])
    found = [
        np.interp(CHANCE, rising[:, k] + 1e-9 * np.arange(len(steps)), steps) for k in range(200)
    ]
    return np.quantile(np.append(found, answer), [0.1, 0.25, 0.75, 0.9])


def _stations(ready: Prepared, wait: str) -> list[int]:
    if ready.service.team:
        return [ready.model.team[0]] if ready.model.team else [0, 1]
    return scenarios.stations_of(ready.service, wait) or [0]


def _pace(ready: Prepared, stations: list[int], week: int) -> np.ndarray:
    """Children a week who could be seen on the baseline up to the week, by path: slots, or those seen when nothing limits."""
    total = np.zeros(ready.model.paths)
    for k in stations:
        station = ready.model.stations[k]
        slots = (station.rates[:, :week] * station.noise[:, :week]).mean(1)
        seen = ready.baseline.seen[k][:, 1 : week + 1].mean(1)
        total += (
            slots if station.hazard_mode is None else np.where(station.hazard_mode, seen, slots)
        )
    return total


def _thin(model: Model, each: int) -> tuple[Model, np.ndarray]:
    """The model with ``each`` paths in every group, and which paths those are."""
    per = model.paths // model.groups
    rows = (np.arange(model.groups)[:, None] * per + np.arange(min(each, per))[None, :]).ravel()
    fixed = ("waiting", "drop", "table", "exposure")
    stations = []
    for station in model.stations:
        changed = {
            k: v[rows]
            for k, v in vars(station).items()
            if isinstance(v, np.ndarray) and v.ndim and len(v) == model.paths and k not in fixed
        }
        stations.append(type(station)(**{**vars(station), **changed}))
    split = None if model.split is None else model.split[rows]
    kept = {**vars(model), "stations": stations, "paths": len(rows), "split": split}
    return Model(**kept), rows
