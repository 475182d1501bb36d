"""Groups of children who plainly do not queue together, found in a column of the extract."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.outlook.queue.weekly import Service, days_of, station_of

__all__ = ["lanes"]

_LANE_COLUMNS = ("priority", "need", "age_band", "source", "district", "worker")


def lanes(part: pd.DataFrame, service: Service) -> list[tuple[str, pd.DataFrame]]:
    """Groups of children (largest two or three values of one column) who plainly do not queue together, or all as one.

    Compared week by week among children of the same weeks waited: who is seen would not depend on the group if there were
    one list. The column with the clearest difference is taken, and only far beyond chance.
    """
    best, found = 0.0, [("", part)]
    start, stop, done = (
        days_of(part["start"]),
        days_of(part["stop"]),
        part["completed"].to_numpy(bool),
    )
    recent = stop > int(service.as_at.astype("int64")) - 7 * max(service.weeks, 1)
    if service.weeks < 52 or done.sum() < 100:
        return found
    for column in _LANE_COLUMNS:
        if column not in part:
            continue
        codes, counts = _counted(part[column], recent)
        order = np.argsort(-counts, kind="stable")
        big = [k for k in order[:3] if counts[k] >= max(0.12 * counts.sum(), 30)]
        if len(big) < 2 and not (
            (counts > 0).sum() > 1
            and len(big) == 1
            and counts.sum() - counts.max() >= max(0.12 * counts.sum(), 30)
        ):
            continue
        lane = np.full(len(part), len(big) - 1 if len(big) > 1 else 1)
        for k, code in enumerate(big):
            lane[codes == code] = k
        score = _lane_score(start, stop, done, lane, service)
        if score > max(best, 8.0):
            best, found = (
                score,
                [(f"lane {k + 1}", part[lane == k]) for k in range(int(lane.max()) + 1)],
            )
    return found


def _counted(column: pd.Series, recent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each child's group as a number, in the order of the groups' names, and how many of the ``recent`` are in each."""
    groups = column.astype("str").astype("category").cat
    codes = groups.codes.to_numpy()
    return codes, np.bincount(codes[recent & (codes >= 0)], minlength=len(groups.categories))


def _lane_score(
    start: np.ndarray, stop: np.ndarray, done: np.ndarray, lane: np.ndarray, service: Service
) -> float:
    """Standard deviations by which lanes differ in who is seen, over blocks of 26 weeks and three parts of the ages."""
    weeks = service.weeks
    stations = [
        station_of(
            "",
            start[lane == k],
            start[lane == k],
            stop[lane == k],
            done[lane == k],
            service.as_at,
            weeks,
            waits=(),
            completes=(),
        )
        for k in range(int(lane.max()) + 1)
    ]
    ages = max(s.risk.shape[1] for s in stations)
    wide = lambda x: np.pad(x, ((0, 0), (0, ages - x.shape[1])))  # noqa: E731
    week, age = np.nonzero(np.sum([wide(s.seen) for s in stations], axis=0))
    if not len(week):
        return 0.0
    at = lambda x: wide(x)[week, age]  # noqa: E731
    risk, seen = np.stack([at(s.risk) for s in stations]), np.stack([at(s.seen) for s in stations])
    everyone, all_seen = risk.sum(0), seen.sum(0)
    share = risk / np.maximum(everyone, 1)
    variance = all_seen * share * (1 - share) * (everyone - all_seen) / np.maximum(everyone - 1, 1)
    by_age = np.cumsum(np.bincount(age, all_seen)) / all_seen.sum()
    part = np.searchsorted(np.searchsorted(by_age, (1 / 3, 2 / 3)) + 1, age, side="right")
    sizes = [len(x) for x in np.array_split(np.arange(weeks), max(weeks // 26, 1))]
    cell = np.repeat(np.arange(len(sizes)), sizes)[week] * 3 + part
    v, gap = (
        np.stack([np.bincount(cell, x, 3 * len(sizes)) for x in by_lane])
        for by_lane in (variance, seen - all_seen * share)
    )
    good = v > 3
    total = (np.where(good, gap**2 / np.maximum(v, 1), 0).sum(0) * (1 - 1 / len(v))).sum()
    df = np.maximum(good.sum(0) - 1, 0).sum()
    return float((total - df) / np.sqrt(2 * df)) if df else 0.0
