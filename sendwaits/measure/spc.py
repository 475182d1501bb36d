"""Statistical process control of a monthly figure: XmR limits, special causes, and what the last point says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sendwaits.errors import Refused

Improvement = Literal["increase", "decrease", "neutral"]
SHORTEST_BASELINE = (
    12  # points that a fixed baseline needs; a stretch of no more is marked `short_baseline`
)
LIMIT, NEAR_LIMIT, OUTLYING_RANGE = (
    2.66,
    2 * (2.66 / 3),
    3.267,
)  # of the mean moving range (XmR chart factors)


def spc(
    data: pd.DataFrame | pd.Series | Sequence[float],
    *,
    improvement: Improvement = "decrease",
    target: float | None | Mapping[str, float] = None,
    rebase: Iterable[object] | Mapping[str, Iterable[object]] = (),
    fix_after: int | None = None,
    shift_points: int = 7,
    trend_points: int = 7,
    screen_outliers: bool = True,
) -> pd.DataFrame:
    """XmR limits and special causes in the unit of the values, one row per point, by group then date.

    Parameters
    ----------
    data
        A frame with `date` and `value` (and `group`: one chart each), a Series with dates as its index, or
        plain values. A missing value keeps its row, is marked ``missing`` and skipped by every rule.
    improvement
        Which way is better; ``neutral`` points are only ever high or low.
    target
        One number, or one per group; a group without one has no assurance.
    rebase
        Dates on which limits and runs start anew (for all groups, or a list per group).
    fix_after
        Limits from the first so many points of each stretch (12 or more); all of them when left out.
    shift_points, trend_points
        Points that make a shift or a trend: 6, 7 or 8.
    screen_outliers
        Drop moving ranges of 3.267 x their mean or more, once, before the limits are taken.

    Returns
    -------
    DataFrame
        `group, date, value, rebase_group, baseline, short_baseline, mean, lower, upper, outside_limits,
        relative_to_mean, close_to_limits, side_run, trend_run, special_cause_type, special_cause, point_type, target`.
        `side_run` and `trend_run`: points in a row, up to this one, on one side of the mean or moving one way.

    Raises
    ------
    Refused
        Two points of a group on one date, a baseline under 12, a run length other than 6, 7 or 8.

    Source: the rules of NHS England "Making data count" as NHSRplotthedots 0.2.2 applies them, all cells reproduced
    but where docs/METHODS.md says otherwise: missing values, groups without target, values that never change.
    """
    if fix_after is not None and fix_after < SHORTEST_BASELINE:
        raise Refused(f"spc: fix_after: a baseline needs at least {SHORTEST_BASELINE} points")
    if shift_points not in (6, 7, 8) or trend_points not in (6, 7, 8):
        raise Refused("spc: shift_points, trend_points: use 6, 7 or 8")
    if improvement not in ("increase", "decrease", "neutral"):
        raise Refused("spc: improvement: use increase, decrease or neutral")
    points = _points(data)
    stretches = []
    for group, rows in points.groupby("group", sort=True):
        dates = rebase.get(str(group), ()) if isinstance(rebase, Mapping) else rebase
        starts = [_like(rows["date"], date) for date in dates]
        rows = rows.assign(
            rebase_group=sum((rows["date"] >= start).astype(int) for start in starts)
            if starts
            else 0,
            target=_target(target, str(group)),
        )
        for _, stretch in rows.groupby("rebase_group", sort=True):
            stretches.append(
                _stretch(
                    stretch, improvement, fix_after, shift_points, trend_points, screen_outliers
                )
            )
    table = (
        pd.concat(stretches, ignore_index=True)
        if stretches
        else _stretch(
            points.assign(rebase_group=0, target=math.nan),
            improvement,
            None,
            shift_points,
            trend_points,
            screen_outliers,
        )
    )
    return table[_COLUMNS]


_COLUMNS = [
    "group",
    "date",
    "value",
    "rebase_group",
    "baseline",
    "short_baseline",
    "mean",
    "lower",
    "upper",
    "outside_limits",
    "relative_to_mean",
    "close_to_limits",
    "side_run",
    "trend_run",
    "special_cause_type",
    "special_cause",
    "point_type",
    "target",
]


def icons(table: pd.DataFrame, improvement: Improvement = "decrease") -> pd.DataFrame:
    """What the last point of each chart shows: one row per group, `group, date, variation, assurance`.

    variation: ``common_cause``, ``improvement_high|low``, ``concern_high|low``, ``neutral_high|low``.
    assurance: ``pass`` or ``fail`` when the target lies outside the limits, ``inconsistent`` when between or on
    them, empty without a target or when no direction is better. A group without a value has neither.
    """
    rows = []
    for group, points in table.groupby("group", sort=True):
        known = points[points["point_type"] != "missing"]
        if known.empty:
            rows.append((group, points["date"].iloc[-1], "", ""))
            continue
        last = known.iloc[-1]
        rows.append(
            (
                group,
                last["date"],
                _variation(last["point_type"], improvement),
                _assurance(last, improvement),
            )
        )
    return pd.DataFrame(rows, columns=["group", "date", "variation", "assurance"])


def _points(data: pd.DataFrame | pd.Series | Sequence[float]) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        if missing := {"date", "value"} - set(data.columns):
            raise Refused(f"spc: column {sorted(missing)[0]} is missing")
        points = pd.DataFrame(
            {
                "group": data["group"] if "group" in data else "",
                "date": data["date"],
                "value": data["value"],
            }
        )
    else:
        series = data if isinstance(data, pd.Series) else pd.Series(list(data), dtype=float)
        points = pd.DataFrame(
            {"group": "", "date": series.index, "value": series.to_numpy(dtype=float)}
        )
    if not pd.api.types.is_numeric_dtype(points["date"]):
        points["date"] = pd.to_datetime(points["date"], format="ISO8601")
    if points.duplicated(["group", "date"]).any():
        raise Refused(
            "spc: two points of one group have the same date: give one value for each date"
        )
    points["value"] = points["value"].astype(float)
    return points.sort_values(["group", "date"], kind="stable", ignore_index=True)


def _like(dates: pd.Series, date: object) -> object:
    return date if pd.api.types.is_numeric_dtype(dates) else pd.Timestamp(date)


def _target(target: float | None | Mapping[str, float], group: str) -> float:
    value = target.get(group) if isinstance(target, Mapping) else target
    return math.nan if value is None else float(value)


def _stretch(
    rows: pd.DataFrame,
    improvement: Improvement,
    fix_after: int | None,
    shift_points: int,
    trend_points: int,
    screen: bool,
) -> pd.DataFrame:
    """The points between two rebases, judged against their own limits; missing values stay out of everything."""
    known = rows["value"].notna().to_numpy()
    in_baseline = known & (np.cumsum(known) <= (fix_after or len(rows)))
    value = rows["value"].to_numpy()[known]
    mean, moving_range = _limits(rows["value"].where(in_baseline).to_numpy(), screen)
    lower, upper = mean - LIMIT * moving_range, mean + LIMIT * moving_range
    outside = (value > upper) | (value < lower)
    side = np.sign(value - mean)
    near = ~outside & (
        (value < mean - NEAR_LIMIT * moving_range) | (value > mean + NEAR_LIMIT * moving_range)
    )
    step = np.sign(np.diff(value))
    shift = (side != 0) & _in_run(side, shift_points)
    trend = _covers(step, trend_points)[: len(value)]
    kind = np.full(len(value), "Common Cause", dtype=object)
    above = side > 0
    for mark, high, low, up in (  # the first that applies wins, so the strongest is written last
        (shift, f"{shift_points} Points Above CL", f"{shift_points} Points Below CL", above),
        (_two_in_three(side, near), "2 in 3 Above CL", "2 in 3 Below CL", above),
        (
            trend,
            f"{trend_points} Point Trend (Increasing)",
            f"{trend_points} Point Trend (Decreasing)",
            _rising(step, trend),
        ),
        (outside, "Above UCL", "Below LCL", above),
    ):
        kind[mark & up], kind[mark & ~up] = high, low

    def all_rows(found: np.ndarray, missing: object) -> np.ndarray:
        column = np.full(
            len(rows), missing, dtype=object if isinstance(missing, str) else found.dtype
        )
        column[known] = found
        return column

    return rows.assign(
        baseline=in_baseline,
        short_baseline=len(value) <= SHORTEST_BASELINE,
        mean=mean,
        lower=lower,
        upper=upper,
        outside_limits=all_rows(outside, False),
        relative_to_mean=all_rows(side.astype(int), 0),
        close_to_limits=all_rows(near, False),
        side_run=all_rows(np.where(side == 0, 0, _run_so_far(side)), 0),
        trend_run=all_rows(
            np.concatenate([[1], 1 + np.where(step == 0, 0, _run_so_far(step))])[
                : len(value)
            ].astype(int),
            0,
        ),
        special_cause_type=all_rows(kind, ""),
        special_cause=all_rows(kind != "Common Cause", False),
        point_type=all_rows(
            np.array([_point_type(text, improvement) for text in kind], dtype=object), "missing"
        ),
    )


def _limits(baseline: np.ndarray, screen: bool) -> tuple[float, float]:
    """Mean and mean moving range of the baseline, no range across a missing value.

    Values that never change have the range 0 (and their own value as the mean, free of rounding); without two
    neighbouring values there is no range (NaN).
    """
    ranges = np.abs(np.diff(baseline))
    ranges, baseline = ranges[~np.isnan(ranges)], baseline[~np.isnan(baseline)]
    if not len(baseline):
        return math.nan, math.nan
    if not np.ptp(baseline):
        return float(baseline[0]), 0.0 if len(ranges) else math.nan
    if not len(ranges):
        return math.fsum(baseline) / len(baseline), math.nan
    moving_range = math.fsum(ranges) / len(ranges)
    if screen and moving_range:  # equal neighbours on both sides of a gap have the range 0
        kept = ranges[ranges < OUTLYING_RANGE * moving_range]
        moving_range = math.fsum(kept) / len(kept)
    return math.fsum(baseline) / len(baseline), moving_range


def _run_so_far(sign: np.ndarray) -> np.ndarray:
    """How many equal signs in a row end at each place, this one included."""
    place = np.arange(len(sign))
    starts = np.where(np.concatenate([[True], sign[1:] != sign[:-1]])[: len(sign)], place, 0)
    return place - np.maximum.accumulate(starts) + 1 if len(sign) else place


def _in_run(sign: np.ndarray, points: int) -> np.ndarray:
    """True inside every run of at least so many equal signs."""
    return np.asarray(_run_so_far(sign) + _run_so_far(sign[::-1])[::-1] - 1 >= points)


def _covers(step: np.ndarray, points: int) -> np.ndarray:
    """True for every point of a trend: so many points are one step fewer, all strictly one way."""
    steps = (step != 0) & _in_run(step, points - 1)
    return (
        np.concatenate([steps, [False]]) | np.concatenate([[False], steps])
        if len(step)
        else np.zeros(len(step) + 1, dtype=bool)
    )


def _rising(step: np.ndarray, trend: np.ndarray) -> np.ndarray:
    """Which way a trend goes at each point: the step ahead when the next point is in a trend too, else the step behind."""
    ahead, behind = np.concatenate([step, [0]]), np.concatenate([[0], step])
    next_in_trend = np.concatenate([trend[1:], [False]])
    return np.asarray(np.where(next_in_trend, ahead, behind) > 0)[: len(trend)]


def _two_in_three(side: np.ndarray, near: np.ndarray) -> np.ndarray:
    """True for the points near a limit in any three in a row on one side of which two or more are near it."""
    mark = np.zeros(len(side), dtype=bool)
    for first in range(len(side) - 2):
        three = slice(first, first + 3)
        if abs(side[three].sum()) == 3 and near[three].sum() >= 2:
            mark[three] |= near[three]
    return mark


def _point_type(kind: str, improvement: Improvement) -> str:
    if kind == "Common Cause":
        return "common_cause"
    high = "Above" in kind or "Increasing" in kind
    if improvement == "neutral":
        return f"special_cause_neutral_{'high' if high else 'low'}"
    return f"special_cause_{'improvement' if high == (improvement == 'increase') else 'concern'}"


def _variation(point_type: str, improvement: Improvement) -> str:
    name = point_type.removeprefix("special_cause_")
    if name in ("improvement", "concern"):
        return (
            f"{name}_{'high' if (name == 'improvement') == (improvement == 'increase') else 'low'}"
        )
    return name


def _assurance(last: pd.Series, improvement: Improvement) -> str:
    if improvement == "neutral" or math.isnan(last["target"]) or math.isnan(last["upper"]):
        return ""
    if last["lower"] <= last["target"] <= last["upper"]:
        return "inconsistent"
    return "fail" if (last["target"] > last["upper"]) == (improvement == "increase") else "pass"
