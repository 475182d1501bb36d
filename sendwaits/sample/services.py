"""The true histories of the five health and therapy services, made up so that the Board's figures hold for any seed.

Each function returns one row per referral with days as whole numbers (`queue.NEVER` = not by the last day). ``scale``
1.0 is the area of the repository's sample; other scales keep the shapes and the means, not the counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.sample.queue import (
    NEVER,
    Curve,
    Service,
    arrivals,
    day,
    open_on,
    serve,
    settle_mean,
    work_days,
)

__all__ = ["HELD_FROM", "nst", "ot_health", "ot_la", "slcn", "slcn_autism"]

HELD_FROM = "2021-01-01"
"""The suppliers hold what was open on or after this day."""

MONTH_DAYS = 30.4375


def _times(curve: Curve, scale: float) -> Curve:
    return [(when, value * scale) for when, value in curve]


def _held(frame: pd.DataFrame, stops: list[str]) -> pd.DataFrame:
    """The referrals still held: open or stopped on or after `HELD_FROM`, in order of their start."""
    last = np.maximum.reduce([np.where(frame[s] < NEVER, frame[s], 0) for s in stops])
    still_open = frame["still_open"].to_numpy()
    kept = frame[still_open | (last >= day(HELD_FROM))].drop(columns="still_open")
    return kept.sort_values("referral_date", kind="stable", ignore_index=True)


def _after(rng: np.random.Generator, base: np.ndarray, low: int, high: int) -> np.ndarray:
    """Days ``low`` to ``high`` after ``base``, moved off weekends; `NEVER` stays."""
    later = base + rng.integers(low, high + 1, len(base))
    later = later + np.array([0, 0, 0, 0, 0, 2, 1])[(later + 3) % 7]
    return np.where(base < NEVER, later, NEVER)


def nst(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """Referral, first appointment, outcome, support. Mean open assessment wait 68.0 weeks at 2023-12-31, 54.0 at 2024-07-31."""
    start = arrivals(
        rng,
        _times(
            [
                ("2016-07-01", 6),
                ("2021-01-01", 7.5),
                ("2022-07-01", 9),
                ("2023-07-01", 10.5),
                ("2024-09-30", 13.6),
            ],
            scale,
        ),
        "2016-07-01",
    )
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [
                    ("2016-07-01", 20),
                    ("2019-01-01", 330),
                    ("2021-01-01", 470),
                    ("2022-07-01", 610),
                    ("2023-12-31", 800),
                    ("2024-07-31", 910),
                    ("2024-09-30", 932),
                ],
                scale,
            ),
            spread_weeks=[
                ("2016-07-01", 45),
                ("2021-01-01", 60),
                ("2022-06-01", 80),
                ("2023-06-01", 95),
                ("2023-12-01", 95),
                ("2024-01-15", 13),
            ],
            leave_per_week=0.0016,
            urgent=0.06,
            lead_days=28,
            anchors=("2023-12-31", "2024-07-31"),
        ),
    )
    start = _nst_means(start, np.minimum(seen, left))
    outcome, unready = serve(
        rng,
        np.where(seen < NEVER, seen, NEVER),
        Service(
            waiting=_times(
                [("2016-07-01", 5), ("2021-01-01", 95), ("2023-12-31", 125), ("2024-09-30", 150)],
                scale,
            ),
            spread_weeks=[("2016-07-01", 6)],
            leave_per_week=0.002,
            urgent=0.0,
            lead_days=28,
        ),
    )
    supported = rng.random(len(start)) < 0.72
    support, declined = serve(
        rng,
        np.where((outcome < NEVER) & supported, outcome, NEVER),
        Service(
            waiting=_times([("2016-07-01", 3), ("2021-01-01", 55), ("2024-09-30", 85)], scale),
            spread_weeks=[("2016-07-01", 4)],
            leave_per_week=0.004,
            urgent=0.0,
        ),
    )
    closed = np.minimum.reduce([left, unready, declined])
    discharged = _after(rng, np.where(supported, NEVER, outcome), 0, 14)
    finished = _after(rng, np.where(rng.random(len(start)) < 0.6, support, NEVER), 20, 90)
    accepted = _after(rng, start, 4, 24)
    accepted = np.where(accepted < np.minimum(seen, closed), accepted, NEVER)
    accepted = np.where((accepted == NEVER) & (seen < NEVER), start, accepted)
    frame = pd.DataFrame(
        {
            "referral_date": start,
            "accepted_date": accepted,
            "first_appointment_date": seen,
            "outcome_date": outcome,
            "support_date": support,
            "closed_date": np.minimum.reduce([closed, discharged, finished]),
            "closed_kind": np.select(
                [closed < NEVER, discharged < NEVER], ["removal", "assessed"], "finished"
            ),
        }
    )
    frame["still_open"] = (seen == NEVER) & (left == NEVER)
    return _held(frame, ["first_appointment_date", "outcome_date", "support_date", "closed_date"])


def _nst_means(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Children referred before autumn 2023 move: first those open on both days, then those seen in between."""
    winter, summer = day("2023-12-31"), day("2024-07-31")
    now, then = open_on(start, stop, summer), open_on(start, stop, winter)
    low, high = (
        start - 330,
        np.minimum.reduce([start + 330, stop - 30, np.full(len(start), winter - 90)]),
    )
    start = settle_mean(start, now, summer, 54 * 7, low, high, movable=then & (start < winter - 90))
    low, high = (
        start - 330,
        np.minimum.reduce([start + 330, stop - 30, np.full(len(start), winter - 90)]),
    )
    return settle_mean(start, then, winter, 68 * 7, low, high, movable=~now & (start < winter - 90))


def ot_health(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """Referral, assessment, treatment. Treatment list 150 on 2024-03-31, 102 on 07-31; assessment list 127 on 07-19, ten of them over 18 weeks."""
    start = arrivals(
        rng,
        _times(
            [("2019-01-01", 6.2), ("2021-01-01", 6.6), ("2023-01-01", 7.6), ("2024-09-30", 9.4)],
            scale,
        ),
        "2019-01-01",
    )
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [
                    ("2019-01-01", 8),
                    ("2019-06-01", 52),
                    ("2023-01-01", 60),
                    ("2024-03-01", 72),
                    ("2024-07-19", 127),
                    ("2024-07-31", 129),
                    ("2024-09-30", 128),
                ],
                scale,
            ),
            spread_weeks=[("2019-01-01", 2.0)],
            leave_per_week=0.004,
            urgent=0.12,
            lead_days=14,
            longest_days=[("2024-05-01", 130), ("2024-07-19", 128), ("2024-09-30", 126)],
            anchors=("2024-07-19", "2024-07-31"),
        ),
    )
    start = _ten_over_18_weeks(start, np.minimum(seen, left), scale)
    advice_only = rng.random(len(start)) < 0.22
    treated, dropped = serve(
        rng,
        np.where(advice_only, NEVER, seen),
        Service(
            waiting=_times(
                [
                    ("2019-01-01", 4),
                    ("2020-01-01", 70),
                    ("2021-01-01", 84),
                    ("2024-03-31", 150),
                    ("2024-07-31", 102),
                    ("2024-09-30", 94),
                ],
                scale,
            ),
            spread_weeks=[("2019-01-01", 7)],
            leave_per_week=0.003,
            urgent=0.05,
            lead_days=21,
            longest_days=[("2024-03-31", 400), ("2024-06-30", 350)],
            anchors=("2024-03-31", "2024-07-31"),
        ),
    )
    discharged = np.where(advice_only, seen, NEVER)
    finished = _after(rng, np.where(rng.random(len(start)) < 0.7, treated, NEVER), 40, 160)
    closed = np.minimum(left, dropped)
    frame = pd.DataFrame(
        {
            "referral_date": start,
            "assessment_date": seen,
            "treatment_date": treated,
            "closed_date": np.minimum.reduce([closed, discharged, finished]),
            "closed_kind": np.select(
                [closed < NEVER, discharged < NEVER], ["removal", "assessed"], "finished"
            ),
        }
    )
    frame["still_open"] = (seen == NEVER) & (left == NEVER)
    return _held(frame, ["assessment_date", "treatment_date", "closed_date"])


def _ten_over_18_weeks(start: np.ndarray, stop: np.ndarray, scale: float) -> np.ndarray:
    """The oldest ten open on 2024-07-19 were referred in the week of 8 March (the longest waited 133 days), all others after it."""
    census = day("2024-07-19")
    start = start.copy()
    waiting = np.flatnonzero(open_on(start, stop, census))
    waiting = waiting[np.argsort(start[waiting], kind="stable")]
    ten = max(round(10 * scale), 1)
    week = work_days(census - 134, census - 127)
    start[waiting[:ten]] = np.sort(week[np.arange(ten) % len(week)])
    rest = waiting[ten:]
    early = rest[start[rest] < census - 126]
    after = work_days(census - 127, census - 112)
    start[early] = after[np.arange(len(early)) % len(after)]
    return start


def ot_la(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """Contact to assessment by worker. OT: mean 22 months completed in 2022, 14 in April 2023, 18 in January 2024; OTA: 49 waiting at 2024-09-30."""
    start = arrivals(rng, _times([("2017-01-01", 2.1), ("2024-09-30", 2.6)], scale), "2017-01-01")
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [
                    ("2017-01-01", 5),
                    ("2019-06-01", 215),
                    ("2022-01-01", 236),
                    ("2022-12-31", 176),
                    ("2023-04-30", 128),
                    ("2023-11-15", 160),
                    ("2024-01-31", 164),
                    ("2024-09-30", 166),
                ],
                scale,
            ),
            spread_weeks=[("2017-01-01", 5)],
            leave_per_week=0.0012,
            urgent=0.0,
            lead_days=90,
        ),
    )
    for first, last, months in (
        ("2022-01-01", "2022-12-31", 22),
        ("2023-04-01", "2023-04-30", 14),
        ("2024-01-01", "2024-01-31", 18),
        ("2024-09-01", "2024-09-30", 17),
    ):
        done = (seen >= day(first)) & (seen <= day(last))
        if done.any():
            start = settle_mean(
                start,
                done,
                seen,
                months * MONTH_DAYS,
                start - 300,
                np.minimum(start + 300, seen - 60),
            )
    full = pd.DataFrame(
        {"referral_date": start, "assessment_date": seen, "closed_date": left, "worker": "OT"}
    )
    start = arrivals(rng, _times([("2019-01-01", 2.4), ("2024-09-30", 3.4)], scale), "2019-01-01")
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [("2019-01-01", 3), ("2020-01-01", 34), ("2024-03-31", 43), ("2024-09-30", 49)],
                scale,
            ),
            spread_weeks=[("2019-01-01", 3)],
            leave_per_week=0.003,
            urgent=0.05,
            anchors=("2024-09-30",),
        ),
    )
    assistant = pd.DataFrame(
        {"referral_date": start, "assessment_date": seen, "closed_date": left, "worker": "OTA"}
    )
    frame = pd.concat([full, assistant], ignore_index=True)
    frame["closed_kind"] = "removal"
    frame["still_open"] = (frame["assessment_date"] == NEVER) & (frame["closed_date"] == NEVER)
    return _held(frame, ["assessment_date", "closed_date"])


def slcn(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """Referral to first contact. The longest open wait is 54 weeks at 2024-04-30 and 39 at 2024-08-31."""
    start = arrivals(
        rng,
        _times([("2019-06-01", 10), ("2022-01-01", 11), ("2024-09-30", 13)], scale),
        "2019-06-01",
    )
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [
                    ("2019-06-01", 10),
                    ("2020-03-01", 210),
                    ("2022-01-01", 250),
                    ("2024-03-31", 330),
                    ("2024-08-31", 268),
                    ("2024-09-30", 262),
                ],
                scale,
            ),
            spread_weeks=[("2019-06-01", 9), ("2024-03-31", 12), ("2024-09-30", 8)],
            leave_per_week=0.003,
            urgent=0.06,
            lead_days=21,
            longest_days=[
                ("2021-01-01", 330),
                ("2023-06-01", 350),
                ("2024-04-30", 376),
                ("2024-08-30", 270),
                ("2024-09-30", 262),
            ],
        ),
    )
    stop = np.minimum(seen, left)
    for census, referred in (("2024-04-30", "2023-04-18"), ("2024-08-31", "2023-12-01")):
        start = _longest(start, stop, day(census), day(referred))
    frame = pd.DataFrame(
        {
            "referral_date": start,
            "first_contact_date": seen,
            "closed_date": left,
            "closed_kind": "removal",
        }
    )
    frame["still_open"] = stop == NEVER
    return _held(frame, ["first_contact_date", "closed_date"])


def _longest(start: np.ndarray, stop: np.ndarray, census: int, referred: int) -> np.ndarray:
    """The child who waits longest on the census day was referred on ``referred``; any referred before are moved after it."""
    waiting = np.flatnonzero(open_on(start, stop, census))
    first = waiting[np.argmin(start[waiting])]
    start = start.copy()
    early = waiting[start[waiting] < referred]
    after = work_days(referred, referred + 21)
    start[early] = after[np.arange(len(early)) % len(after)]
    start[first] = referred
    return start


def slcn_autism(rng: np.random.Generator, scale: float) -> pd.DataFrame:
    """Referral to first contact on the autism pathway. Mean open wait 22.0 weeks at 2024-09-30, and close to it at 2024-07-31."""
    start = arrivals(
        rng,
        _times([("2019-01-01", 3.6), ("2022-01-01", 4.4), ("2024-09-30", 5.6)], scale),
        "2019-01-01",
    )
    seen, left = serve(
        rng,
        start,
        Service(
            waiting=_times(
                [
                    ("2019-01-01", 4),
                    ("2020-03-01", 95),
                    ("2022-01-01", 122),
                    ("2024-01-01", 172),
                    ("2024-09-30", 186),
                ],
                scale,
            ),
            spread_weeks=[("2019-01-01", 7)],
            leave_per_week=0.003,
            urgent=0.04,
            lead_days=28,
        ),
    )
    stop = np.minimum(seen, left)
    autumn, summer = day("2024-09-30"), day("2024-07-31")
    now, then = open_on(start, stop, autumn), open_on(start, stop, summer)
    for among, census, movable in ((now, autumn, then), (then, summer, ~now)):
        high = np.minimum.reduce([start + 200, stop - 14, np.full(len(start), summer - 60)])
        start = settle_mean(
            start, among, census, 22 * 7, start - 200, high, movable=movable & (start < summer - 60)
        )
    frame = pd.DataFrame(
        {
            "referral_date": start,
            "first_contact_date": seen,
            "closed_date": left,
            "closed_kind": "removal",
        }
    )
    frame["still_open"] = stop == NEVER
    return _held(frame, ["first_contact_date", "closed_date"])
