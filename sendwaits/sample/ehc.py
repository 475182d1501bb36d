"""The true history of education, health and care requests, made up so that the yearly figures hold for any seed.

Requests, plans and plans on time are quotas of each calendar year; in 2024 plans are issued at the pace that brings the
cases open over 20 weeks down by almost a third from January to July, 36 % of them on time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sendwaits.sample.queue import (
    LAST_DAY,
    NEVER,
    arrivals,
    day,
    season,
    settle_mean,
    steps,
    work_days,
)
from sendwaits.sample.services import HELD_FROM

__all__ = ["ehc"]

REQUESTS = {2019: 667, 2020: 674, 2021: 811, 2022: 1087, 2023: 1380, 2024: 1282}
PLANS = {2019: (242, 291), 2020: (392, 402), 2021: (144, 327), 2022: (22, 488), 2023: (227, 702)}
"""(on time, all) of each year. Source: DfE, Education, health and care plans, Nottinghamshire."""
ON_TIME_2024 = 0.36
REFUSED = {2019: 0.22, 2020: 0.25, 2021: 0.26, 2022: 0.25, 2023: 0.20, 2024: 0.19}
WITHIN_6_WEEKS = {2019: 0.95, 2020: 0.93, 2021: 0.88, 2022: 0.80, 2023: 0.93, 2024: 0.98}
WINTER, SUMMER = day("2024-01-31"), day("2024-07-31")
OVER_20_WEEKS_LEFT = 0.685


@dataclass
class _Cases:
    """One entry per request; days as whole numbers, `NEVER` = not yet."""

    start: np.ndarray
    outcome: np.ndarray  # Y N W
    decided: np.ndarray
    notice: np.ndarray  # decided not to issue a plan, notified
    withdrawn: np.ndarray
    plan: np.ndarray
    appealed_plan: np.ndarray  # the plan after an overturned refusal

    @property
    def stop(self) -> np.ndarray:
        """The day the plan wait ends."""
        refused = np.where(self.outcome == "N", self.decided, NEVER)
        return np.minimum.reduce([self.plan, self.notice, self.withdrawn, refused])


def ehc(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """One row per request with the days and codes of every stage. Mean open plan wait 17.0 weeks at 2024-07-31."""
    cases = _requests(rng, scale)
    _issue_plans(rng, cases, scale)
    _settle(cases)
    return _held(rng, cases)


def _requests(rng: np.random.Generator, scale: float) -> _Cases:
    starts = []
    for year, total in REQUESTS.items():
        last = min(day(f"{year}-12-31"), LAST_DAY)
        growth = [(f"{year}-01-01", 1.0), (f"{year}-12-31", 1.18 if year > 2020 else 1.0)]
        starts.append(arrivals(rng, growth, f"{year}-01-01", last, total=round(total * scale)))
    start = np.concatenate(starts)
    years = start.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    share = lambda table: np.array([table[y] for y in years])  # noqa: E731
    roll, count = rng.random(len(start)), len(start)
    outcome = np.where(roll < share(REFUSED), "N", np.where(roll > 0.988, "W", "Y"))
    quick = rng.random(count) < share(WITHIN_6_WEEKS)
    decided = _weekday(
        start + np.where(quick, rng.integers(27, 41, count), rng.integers(45, 80, count))
    )
    no_plan = (outcome == "Y") & (rng.random(count) < 0.15)
    notice = np.where(
        no_plan,
        _weekday(
            start
            + np.where(
                rng.random(count) < 0.25,
                rng.integers(92, 111, count),
                rng.integers(114, 200, count),
            )
        ),
        NEVER,
    )
    gone = (outcome == "W") | ((outcome == "Y") & ~no_plan & (rng.random(count) < 0.012))
    withdrawn = np.where(
        gone,
        _weekday(
            start
            + np.where(outcome == "W", rng.integers(8, 40, count), rng.integers(82, 130, count))
        ),
        NEVER,
    )
    overturned = (outcome == "N") & (rng.random(count) < 0.035)
    appealed = np.where(overturned, _weekday(decided + rng.integers(150, 260, count)), NEVER)
    return _Cases(
        start,
        outcome,
        np.where(outcome == "W", NEVER, decided),
        notice,
        withdrawn,
        np.full(count, NEVER),
        appealed,
    )


def _weekday(days: np.ndarray) -> np.ndarray:
    return days + np.array([0, 0, 0, 0, 0, -1, 1])[(days + 3) % 7]


def _issue_plans(rng: np.random.Generator, cases: _Cases, scale: float) -> None:
    """Week by week: so many plans on time, so many late ones (roughly by turn), and the yearly quotas to the last plan."""
    turn = rng.standard_normal(len(cases.start)) * 35
    ends = steps(
        int(cases.start.min()), [*(day(f"{y}-12-31") for y in range(2019, 2024)), WINTER, SUMMER]
    )
    issued = {y: [0, 0] for y in REQUESTS}
    before, over_in_winter = int(ends[0]) - 7, 0
    for end in ends.tolist():
        year = int(str(np.datetime64(end, "D"))[:4])
        days = work_days(before, end)
        appealed = int(
            np.count_nonzero((cases.appealed_plan > before) & (cases.appealed_plan <= end))
        )
        issued[year][1] += appealed
        if len(days):
            open_now = np.flatnonzero(
                (cases.start <= before)
                & (cases.stop > before)
                & (cases.decided <= before)
                & (cases.notice == NEVER)
                & (cases.withdrawn == NEVER)
            )
            age = end - cases.start[open_now]
            on_time, late = (
                open_now[(age >= 96) & (days[0] - cases.start[open_now] <= 140)],
                open_now[before - cases.start[open_now] > 140],
            )
            late = _not_issued(rng, cases, late, days, before)
            if year in PLANS:
                now, later = _quota(issued[year], PLANS[year], scale, days, ends, end, year)
            else:
                later = _pace_2024(cases, before, end, over_in_winter) - appealed
                later = min(max(later, 0), len(late))
                all_late = issued[year][1] - issued[year][0] + later
                now = round(all_late * ON_TIME_2024 / (1 - ON_TIME_2024)) - issued[year][0]
            now, later = min(max(now, 0), len(on_time)), min(max(later, 0), len(late))
            soonest = on_time[
                np.argsort(cases.start[on_time] + turn[on_time] * 0.3, kind="stable")[:now]
            ]
            latest_day = np.minimum(end, cases.start[soonest] + 140)
            cases.plan[soonest] = [
                days[days <= last][rng.integers(0, np.count_nonzero(days <= last))]
                for last in latest_day
            ]
            by_turn = late[np.argsort(cases.start[late] + turn[late], kind="stable")[:later]]
            cases.plan[by_turn] = days[rng.integers(0, len(days), len(by_turn))]
            issued[year][0] += now
            issued[year][1] += now + later
        if end == WINTER:
            over_in_winter = _over_20_weeks(cases, WINTER)
        before = end


def _not_issued(
    rng: np.random.Generator, cases: _Cases, late: np.ndarray, days: np.ndarray, before: int
) -> np.ndarray:
    """The late cases that stay: where the backlog runs ahead of its plan, some are told that no plan will be issued."""
    if before >= WINTER:
        return late
    plan = np.interp(
        before,
        [day("2021-06-30"), day("2021-12-31"), day("2022-12-31"), WINTER],
        [110, 172, 305, 440],
    )
    surplus = min(max(round(0.25 * (len(late) - plan)), 0), 4)
    order = rng.permutation(len(late))
    cases.notice[late[order[:surplus]]] = days[rng.integers(0, len(days), surplus)]
    return np.sort(late[order[surplus:]])


def _quota(
    issued: list[int],
    year_total: tuple[int, int],
    scale: float,
    days: np.ndarray,
    ends: np.ndarray,
    end: int,
    year: int,
) -> tuple[int, int]:
    """How many plans on time and late in this step, so that the year's totals are met in its last step."""
    on_time, total = round(year_total[0] * scale), round(year_total[1] * scale)
    rest = np.arange(int(days[0]), day(f"{year}-12-31") + 1)
    rest = rest[(rest + 3) % 7 < 5]
    weight = season(rest, 0.75)
    share = weight[rest <= end].sum() / weight.sum()
    late_left = (total - on_time) - (issued[1] - issued[0])
    return round((on_time - issued[0]) * share + 1e-9), round(late_left * share + 1e-9)


def _over_20_weeks(cases: _Cases, when: int) -> int:
    return int(np.count_nonzero((cases.start < when - 140) & (cases.stop > when)))


def _pace_2024(cases: _Cases, before: int, end: int, over_in_winter: int) -> int:
    """Late plans of a step that bring the cases open over 20 weeks to their planned number, exactly on 2024-07-31."""
    if end <= WINTER:
        return round(13 * (end - before) / 7)
    goal = over_in_winter * np.interp(
        end, [WINTER, SUMMER, LAST_DAY], [1, OVER_20_WEEKS_LEFT, 0.64]
    )
    return round(_over_20_weeks(cases, end) - goal)


def _settle(cases: _Cases) -> None:
    """Requests open on 31 July 2024 move by days, within their year and on their side of the 20 weeks, to a mean of 17.0 weeks."""
    start, plan = cases.start, cases.plan
    among = (start <= SUMMER) & (cases.stop > SUMMER)
    year_start = (
        start.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(int)
    )
    fresh, recent = start >= SUMMER - 140, start >= WINTER - 140
    low = np.maximum.reduce(
        [
            year_start,
            np.where(fresh, np.maximum(SUMMER - 140, start - 6), 0),
            np.where(recent, WINTER - 140, start - 150),
        ]
    )
    late = (plan < NEVER) & (plan - start > 140)
    low = np.maximum(low, np.where((plan < NEVER) & ~late, plan - 140, 0))
    first_event = np.minimum.reduce(
        [np.where(cases.outcome == "W", cases.withdrawn, cases.decided), cases.stop]
    )
    high = np.minimum.reduce(
        [
            np.where(fresh, np.minimum(SUMMER, start + 6), SUMMER - 141),
            np.where(recent, NEVER, WINTER - 141),
            year_start + 364,
            first_event - 14,
        ]
    )
    high = np.minimum(high, np.where(late, plan - 141, NEVER))
    movable = among & (low < start) & (start < high)
    cases.start = settle_mean(start, among, SUMMER, 17 * 7, low, high, movable=movable)


def _held(rng: np.random.Generator, cases: _Cases) -> pd.DataFrame:
    issued = np.minimum(cases.plan, cases.appealed_plan)
    frame = pd.DataFrame(
        {
            "request_date": cases.start,
            "request_outcome": cases.outcome,
            "request_outcome_date": cases.decided,
            "assessment_outcome": np.select(
                [
                    cases.plan < NEVER,
                    cases.notice < NEVER,
                    (cases.outcome == "Y") & (cases.withdrawn < NEVER),
                    cases.appealed_plan < NEVER,
                ],
                ["Y", "N", "W", "Y"],
                "",
            ),
            "assessment_outcome_date": np.minimum(issued, cases.notice),
            "plan_date": issued,
            "closed_date": cases.withdrawn,
            "overturned": cases.appealed_plan < NEVER,
        }
    )
    frame["closed_kind"] = "withdrawn"
    late = np.flatnonzero(
        (frame["plan_date"] - frame["request_date"] > 140)
        & ~frame["overturned"]
        & (frame["plan_date"] < NEVER)
    )
    frame["week20"] = "0"
    for year, exceptions in ((2022, 3), (2024, 9)):
        of_year = late[
            (issued[late] >= day(f"{year}-01-01")) & (issued[late] < day(f"{year + 1}-01-01"))
        ]
        frame.loc[rng.permutation(of_year)[:exceptions], "week20"] = "1"
    refused = (frame["request_outcome"] == "N").to_numpy()
    roll = rng.random((4, len(frame)))
    frame["request_mediation"] = np.where(refused & (roll[0] < 0.13), "1", "0")
    frame["request_tribunal"] = np.where(
        frame["overturned"] | (refused & (roll[1] < 0.03)), "1", "0"
    )
    unissued = (frame["assessment_outcome"] == "N").to_numpy()
    frame["assessment_mediation"] = np.where(unissued & (roll[2] < 0.12), "1", "0")
    frame["assessment_tribunal"] = np.where(unissued & (roll[3] < 0.08), "1", "0")
    last = np.maximum.reduce([np.where(d < NEVER, d, 0) for d in (cases.stop, issued)])
    held = (cases.stop == NEVER) | (last >= day(HELD_FROM))
    return frame[held].sort_values("request_date", kind="stable", ignore_index=True)
