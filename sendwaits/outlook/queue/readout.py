"""Paths -> the rows of the contract: quantiles by week, the wait of a new child, the chance of a target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.outlook.queue.reading import Model, Paths
from sendwaits.outlook.queue.weekly import Service
from sendwaits.workspace import Target

__all__ = [
    "COLUMNS",
    "QUANTILES",
    "values",
    "weekly_rows",
    "new_child_weeks",
    "usual_factor",
    "is_issued_cohort",
    "target_week",
    "summary",
    "over_days_of",
]

COLUMNS = (
    "pathway",
    "wait",
    "measure",
    "target_date",
    "horizon_weeks",
    "scenario",
    "mean",
    "p10",
    "p25",
    "p50",
    "p75",
    "p90",
    "probability",
    "note",
)
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
_NEW_CHILD_WIDTH = 1.2
"""Stretch of the draws around their median: 67 % of 336 outcomes lay in the unstretched 80 % interval (benchmarks/queues.py)."""
_UNDEFINED = {
    "mean_weeks_open": "nobody is expected to wait then: undefined",
    "within_standard_pct": "nobody is expected to be seen in the 13 weeks before: undefined",
}
_WEEKLY = (
    "waiting",
    "waiting_over_18_weeks",
    "waiting_over_52_weeks",
    "mean_weeks_open",
    "within_standard_pct",
)


def over_days_of(measure: str) -> int | None:
    """Days of the line in ``waiting_over_<N>_weeks``, None for other measures."""
    part = measure.removeprefix("waiting_over_").removesuffix("_weeks")
    return 7 * int(part) if measure.startswith("waiting_over_") and part.isdigit() else None


def values(model: Model, paths: Paths, wait: str, measure: str) -> np.ndarray:
    """One measure of one wait on every path, shape (paths, weeks + 1), NaN where it does not exist."""
    if measure == "waiting":
        return paths.waiting[wait]
    days = over_days_of(measure)
    if days is not None:
        return paths.over[wait, days]
    with np.errstate(invalid="ignore", divide="ignore"):
        if measure == "mean_weeks_open":
            return np.where(
                paths.waiting[wait] > 0, paths.age_sum[wait] / 7 / paths.waiting[wait], np.nan
            )
        if measure == "within_standard_pct":
            history = next(w for w in model.waits if w.name == wait)
            done, within = (
                _last_quarter(now[wait], past)
                for now, past in (
                    (paths.completed, history.completed),
                    (paths.within, history.within_done),
                )
            )
            return np.where(done > 0, np.clip(100 * within / done, 0, 100), np.nan)
    raise Refused(f"A forecast has no measure '{measure}'. Choose one of: {', '.join(_WEEKLY)}.")


def _last_quarter(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Rolling sum of 13 weeks, with the observed weeks before as_at in front (``past[0]`` is the last of them)."""
    whole = np.concatenate([np.broadcast_to(past[::-1], (len(now), 13)), now[:, 1:]], axis=1)
    total = np.cumsum(np.concatenate([np.zeros((len(now), 1)), whole], axis=1), axis=1)
    return total[:, 13:] - total[:, :-13]


def summary(draws: np.ndarray) -> list[float]:
    """Mean and the five quantiles over the paths in which the measure exists; all NaN when under half do."""
    there = draws[np.isfinite(draws)]
    if len(there) * 2 < max(len(draws), 1):
        return [np.nan] * 6
    return [float(there.mean()), *(float(q) for q in np.quantile(there, QUANTILES))]


def weekly_rows(
    service: Service,
    model: Model,
    read: Callable[[str, str], np.ndarray],
    scenario: str,
    weeks: int = 52,
) -> list[list[object]]:
    """Rows of weeks 1..``weeks`` for every wait and measure; ``read(wait, measure)`` gives the paths, (paths, weeks + 1)."""
    rows: list[list[object]] = []
    for wait, history in zip(model.waits, service.waits, strict=True):
        note = model.notes.get(wait.name, "")
        for measure in _WEEKLY:
            if measure == "within_standard_pct" and history.standard_days is None:
                continue
            draws = read(wait.name, measure)
            whole = np.isfinite(draws).all()
            every = np.quantile(draws, QUANTILES, axis=0).T.tolist() if whole else []
            for week in range(1, weeks + 1):
                cells = (
                    [float(draws[:, week].mean()), *every[week]]
                    if whole
                    else summary(draws[:, week])
                )
                why = note if np.isfinite(cells[0]) or note else _UNDEFINED[measure]
                rows.append(
                    [
                        service.pathway,
                        wait.name,
                        measure,
                        _date(service, week),
                        week,
                        scenario,
                        *cells,
                        np.nan,
                        why,
                    ]
                )
    return rows


def _date(service: Service, week: int) -> str:
    return str(service.as_at + np.timedelta64(7 * week, "D"))


def new_child_weeks(paths: Paths, wait: str) -> np.ndarray:
    """Median weeks waited by the children whose clock starts in the 28 days after as_at, by path.

    Children removed first are left out; of those still waiting when the run ends half is enough to know the median.
    """
    counts = paths.new_child[wait]
    seen = counts.sum(1)
    waiting = np.where(np.isfinite(seen), paths.new_left[wait], np.nan)
    with np.errstate(invalid="ignore"):
        half = (seen + 0.9 * waiting) / 2
        total = np.cumsum(np.nan_to_num(counts), axis=1)
        known = (half <= seen) & (seen > 0)
    at = (total < np.nan_to_num(half)[:, None]).sum(1).clip(0, counts.shape[1] - 1)
    rows = np.arange(len(counts))
    below = np.where(at > 0, total[rows, at - 1], 0.0)
    inside = np.nan_to_num(counts)[rows, at]
    median = at - 0.5 + np.nan_to_num((half - below) / np.maximum(inside, 1e-9))
    out = np.where(known, median, np.nan)
    if known.any():
        middle = float(np.median(out[known]))
        out = np.maximum(middle + _NEW_CHILD_WIDTH * (out - middle), 0.0)
    late = np.isfinite(seen) & ~known & (waiting > 0)
    return np.where(late, np.inf, out)


def usual_factor(service: Service, paths: Paths, wait: str) -> float:
    """(Median wait of those completed in the last 13 weeks / simulated median) ^ 1/4, at most 1.6 either way; 1 where one is unknown."""
    weeks, usual = new_child_weeks(paths, wait), _usual(service, wait)
    known = weeks[np.isfinite(weeks)]
    if not len(known) or not np.isfinite(usual):
        return 1.0
    return float(np.clip((max(usual, 1.0) / max(np.median(known), 1.0)) ** 0.25, 1 / 1.6, 1.6))


def _usual(service: Service, wait: str) -> float:
    return next(w.usual_weeks for w in service.waits if w.name == wait)


def new_child_row(
    service: Service, model: Model, paths: Paths, wait: str, scenario: str, factor: float = 1.0
) -> list[object]:
    """The single row ``new_child_wait_weeks`` of one wait; ``factor`` as `usual_factor` of the baseline."""
    draws = factor * new_child_weeks(paths, wait)
    draws = draws[~np.isnan(draws)]
    late = np.isinf(draws)
    note = model.notes.get(wait, "")
    if late.mean() > 0.0 if len(draws) else False:
        longest = 4.0 * np.ceil((model.weeks + 156) / 4)
        draws = np.where(late, longest, draws)
        note = "; ".join(
            filter(
                None,
                [note, f"on {100 * late.mean():.0f} % of paths longer than {longest:.0f} weeks"],
            )
        )
    cells = summary(draws) if len(draws) else [np.nan] * 6
    if late.mean() > 0.5 if len(late) else True:
        cells, note = (
            [np.nan] * 6,
            note or "no child is expected to start this wait in the next 28 days",
        )
    return [
        service.pathway,
        wait,
        "new_child_wait_weeks",
        str(service.as_at + np.timedelta64(28, "D")),
        4,
        scenario,
        *cells,
        np.nan,
        note,
    ]


def target_week(service: Service, target: Target, weeks: int = 52) -> int:
    """The first weekly horizon on or after the target's date. Raises `Refused` before as_at or beyond a year."""
    days = (np.datetime64(target.by, "D") - service.as_at).astype(int)
    if days <= 0:
        raise Refused(
            f"sendwaits.toml: [[targets]] {target.pathway} {target.note}: by must lie after as_at ({service.as_at})."
        )
    week = int(-(-days // 7))
    if week > weeks:
        raise Refused(
            f"sendwaits.toml: [[targets]] {target.pathway} {target.note}: by must lie within {weeks} weeks of as_at ({service.as_at})."
        )
    return week


def is_issued_cohort(service: Service, target: Target) -> bool:
    """Is the target about the plans issued in its calendar year within 20 weeks?"""
    staged = len(service.waits) == 2 and len(service.stations) == 3
    return target.measure == "within_20_weeks_pct" and staged


def issued_cohort(
    service: Service,
    paths: Paths,
    week: int,
    year: int,
    as_printed: Callable[[np.ndarray], np.ndarray] = lambda share: share,
) -> np.ndarray:
    """Per cent of the plans issued from 1 January of ``year`` to the week that were issued within 20 weeks, by path.

    ``as_printed`` moves the share of the plans still to come.
    """
    first = (np.datetime64(f"{year}-01-01") - service.as_at).astype(int)
    done, inside = (float(x) for x in _issued(service, first))
    start = max(first, 1)
    shares = np.clip((7 * np.arange(1, week + 1) - start + 1) / 7, 0, 1)
    plan = service.waits[1].name
    coming = paths.completed[plan][:, 1 : week + 1] @ shares
    within = paths.within[plan][:, 1 : week + 1] @ shares
    with np.errstate(invalid="ignore", divide="ignore"):
        share = as_printed(100 * within / coming) / 100
        within = np.where(coming > 0, share * coming, 0.0)
        return np.where(done + coming > 0, 100 * (inside + within) / (done + coming), np.nan)


def _issued(service: Service, first: int) -> tuple[int, int]:
    days = (
        service.plan_days[service.plan_days[:, 0] >= first]
        if len(service.plan_days)
        else service.plan_days
    )
    return len(days), int((days[:, 1] <= 140).sum()) if len(days) else 0


def frame(rows: list[list[object]]) -> pd.DataFrame:
    """The forecast frame of the contract."""
    out = pd.DataFrame(rows, columns=list(COLUMNS))
    out["horizon_weeks"] = out["horizon_weeks"].astype("Int64")
    for column in ("mean", "p10", "p25", "p50", "p75", "p90", "probability"):
        out[column] = out[column].astype(float)
    return out
