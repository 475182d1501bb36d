"""One answer to "how long will a child referred today wait?": the shares seen by 20, 40, 52 and 78 weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.outlook.queue import readout
from sendwaits.outlook.queue.prepare import Prepared
from sendwaits.outlook.queue.reading import Paths
from sendwaits.threads import one_thread

__all__ = ["referred_today", "SEEN_BY_WEEKS"]

SEEN_BY_WEEKS = (20, 40, 52, 78)
_HUMP, _VALLEY = 0.12, 0.5


@one_thread()
def referred_today(
    ready: Prepared, run: Paths | None = None, scenario: str = "baseline"
) -> pd.DataFrame:
    """Per cent of the children whose clock starts in the 28 days after as_at who are seen within N weeks, a row per wait and N.

    Columns as `forecast`; measures ``seen_within_<N>_weeks_pct`` (20, 40, 52, 78), then ``new_child_wait_weeks``, the median wait.
    p10-p90 is the uncertainty of the share. Children removed first are left out. The median is empty, with a note, when
    the waits have two humps (some are seen early, some late, next to none between): then nobody waits about the median.
    """
    rows: list[list[object]] = []
    run = run or ready.baseline
    for wait in ready.model.waits:
        note = ready.model.notes.get(wait.name, "")
        for weeks in SEEN_BY_WEEKS:
            share = _seen_within(run, wait.name, weeks, ready.usual[wait.name])
            cells = readout.summary(share) if len(share) else [np.nan] * 6
            last = str(ready.service.as_at + np.timedelta64(28 + 7 * weeks, "D"))
            head = [ready.service.pathway, wait.name, f"seen_within_{weeks}_weeks_pct", last]
            rows.append([*head, 4 + weeks, scenario, *cells, np.nan, note])
        median = readout.new_child_row(
            ready.service, ready.model, run, wait.name, scenario, ready.usual[wait.name]
        )
        if two_humps(np.nansum(run.new_child[wait.name], axis=0)):
            median[6:12] = [np.nan] * 6
            median[13] = "two groups, one seen early and one late: no child waits about the median"
        rows.append(median)
    return readout.frame(rows)


def _seen_within(run: Paths, wait: str, weeks: int, factor: float) -> np.ndarray:
    """The share by path, on the paths that were followed long enough; every wait times ``factor``, as the median is."""
    counts, left = run.new_child[wait], run.new_left[wait]
    seen = np.nansum(counts, axis=1)
    known = np.isfinite(counts).all(1) & ((run.followed >= weeks + 4) | (left <= 0))
    total = (seen + left)[known]
    at = weeks / factor
    by_age = np.cumsum(np.nan_to_num(counts[known]), axis=1)
    low = min(int(at + 0.5), by_age.shape[1] - 1)
    part = by_age[:, low] - (low + 0.5 - at) * counts[known, low]
    return np.asarray(100 * part[total > 0] / total[total > 0])


def two_humps(counts: np.ndarray) -> bool:
    """Do the waits part in two: a valley under half of the lower of two peaks, with an eighth of the children on each side?"""
    smooth = np.convolve(counts, np.ones(5) / 5, "same")
    total = counts.sum()
    if total <= 0:
        return False
    before = np.cumsum(counts) / total
    left = np.maximum.accumulate(smooth)
    right = np.maximum.accumulate(smooth[::-1])[::-1]
    inside = (before >= _HUMP) & (before <= 1 - _HUMP)
    return bool((inside & (smooth < _VALLEY * np.minimum(left, right))).any())
