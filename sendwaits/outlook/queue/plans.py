"""The 20-week bridge: from plans due in a month to the share of the plans issued in it that are on time."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.outlook.queue.prepare import (
    PATHS,
    SEED,
    WEEKS,
    Prepared,
    prepare,
)
from sendwaits.outlook.queue.reading import COHORTS
from sendwaits.outlook.queue.rolling import waits_of
from sendwaits.pathways import Pathway
from sendwaits.threads import one_thread
from sendwaits.workspace import Workspace

__all__ = ["bridge"]


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
