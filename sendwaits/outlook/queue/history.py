"""Built waits -> weekly arrays of each station: who waits how long, who came, who was seen, who left.

A station is a place where children queue. Most waits are one station; the plan wait of EHC is three in a row (decision,
psychology advice, writing), because only the middle one has a bottleneck. Weeks are counted back from as_at: week 0 ends
on as_at, week 1 seven days before. Ages are whole weeks on the wait's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sendwaits.intake.waits import Built
from sendwaits.pathways import Pathway

__all__ = ["Station", "WaitHistory", "Service", "read_service", "HISTORY_WEEKS", "MAX_AGE"]

HISTORY_WEEKS = 156
MAX_AGE = 520
_OPEN = -(10**6)


@dataclass
class Station:
    """One queue: arrays by week back from as_at (row 0 = the week that ended on as_at) and age in weeks.

    ``feeds``: (station, share) that children enter when seen here; ``keeps_age``: the clock runs on into that station.
    ``outside``: children also arrive from outside (referrals); ``waits``: the waits that count the children here.
    """

    name: str
    waits: tuple[str, ...]
    completes: tuple[str, ...]
    waiting: np.ndarray
    risk: np.ndarray
    seen: np.ndarray
    left: np.ndarray
    starts: np.ndarray
    outside: bool = True
    fed_by: tuple[int, ...] = ()
    keeps_age: bool = False
    passed: tuple[float, float] = (
        0.0,
        0.0,
    )  # children that entered from the station before, of those it saw
    hold: int = 0  # whole weeks a child rests here before it may be seen
    fresh: list[np.ndarray] = field(
        default_factory=list
    )  # resting now, by weeks since entry and age
    resting: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))


@dataclass
class WaitHistory:
    """What the read-out needs to know about one wait: standard, weekday fractions, completions of the last quarter."""

    name: str
    standard_days: int | None
    stations: list[int] = field(default_factory=list)
    open_days: np.ndarray = field(default_factory=lambda: np.zeros(0))
    offsets: np.ndarray = field(default_factory=lambda: np.full(7, 1 / 7))
    completed: np.ndarray = field(default_factory=lambda: np.zeros(13))
    within: np.ndarray = field(default_factory=lambda: np.zeros(13))
    on_time: np.ndarray = field(default_factory=lambda: np.zeros((2, 0)))
    """Completions of the last year and those within the standard, by whole weeks waited on the stations' clock."""


@dataclass
class Service:
    """One pathway as the simulator sees it, with the weeks of complete history and what had to be assumed."""

    pathway: str
    as_at: np.datetime64
    weeks: int
    known: np.ndarray
    stations: list[Station]
    waits: list[WaitHistory]
    team: tuple[int, int] | None = None
    plans: tuple[float, float] = (0.0, 0.0)
    plan_days: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    notes: dict[str, str] = field(default_factory=dict)


def _days(series: pd.Series) -> np.ndarray:
    days = series.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.iinfo(np.int64).max, days.astype("int64"))


def read_service(
    built: Built, pathway: Pathway, as_at: pd.Timestamp | np.datetime64 | str
) -> Service:
    """The weekly history of one pathway at as_at: nothing dated later is used, whatever the extract holds."""
    day = pd.Timestamp(as_at).to_datetime64().astype("datetime64[D]")
    waits = built.waits[built.waits["start"] <= pd.Timestamp(day)]
    weeks = _complete_weeks(built, waits, pathway, day)
    known = np.ones(weeks, bool)
    if pd.notna(built.newest):
        behind = (pd.Timestamp(day) - pd.Timestamp(built.newest)).days
        known[: max(0, min(weeks, -(-behind // 7)))] = (
            False  # weeks after the newest extract were not observed
        )
    service = Service(pathway.code, day, weeks, known, [], [])
    staged = pathway.timeliness and {"request_outcome_date", "assessment_outcome_date"} <= set(
        built.referrals.columns
    )
    for wait in pathway.waits:
        part = waits[waits["wait"] == wait.name]
        service.waits.append(_wait_history(part, wait.name, wait.standard_days, day))
    if staged and len(pathway.waits) == 2:
        _staged_stations(service, built, waits, pathway)
    else:
        _chained_stations(service, waits, pathway)
    for history in service.waits:
        history.stations = [i for i, s in enumerate(service.stations) if history.name in s.waits]
    return service


def _complete_weeks(built: Built, waits: pd.DataFrame, pathway: Pathway, day: np.datetime64) -> int:
    """Whole weeks since the earliest record was closed in the extract, or since ``complete_from``."""
    if pathway.complete_from:
        first = np.datetime64(pathway.complete_from, "D")
    else:
        last = (
            waits.assign(stop=waits["stop"].fillna(pd.Timestamp.max.floor("s")))
            .groupby("record", observed=True)["stop"]
            .max()
        )
        last = last[last <= pd.Timestamp(day)]
        if last.empty:
            return 0
        first = last.min().to_datetime64().astype("datetime64[D]")
    return int(np.clip((day - first).astype(int) // 7, 0, HISTORY_WEEKS))


def _station(
    name: str,
    start: np.ndarray,
    clock: np.ndarray,
    stop: np.ndarray,
    seen: np.ndarray,
    day: np.datetime64,
    weeks: int,
    **how: object,
) -> Station:
    """Weekly arrays of a queue entered on ``start``, whose ages run from ``clock``; ``stop`` max int = still there."""
    now = int(day.astype("int64"))
    keep = (start <= now) & (clock <= now)
    start, clock, stop, seen = start[keep], clock[keep], stop[keep], seen[keep]
    still = stop > now
    came, born = (now - start) // 7, np.minimum((now - clock) // 7, MAX_AGE)
    gone = np.where(still, -1, (now - np.where(still, now, stop)) // 7)
    ages = int(born.max(initial=0)) + 1
    risk, taken, left = (np.zeros((max(weeks, 1), ages)) for _ in range(3))
    for k in range(weeks):
        there = (came >= k) & (gone <= k)
        risk[k] = np.bincount(np.maximum(born[there] - k, 0), minlength=ages)[:ages]
    within = ~still & (gone < weeks) & (gone >= 0)
    at = (gone[within], np.maximum(born[within] - gone[within], 0))
    np.add.at(taken, at, seen[within])
    np.add.at(left, at, ~seen[within])
    starts = np.bincount(came[came < weeks], minlength=max(weeks, 1)).astype(float)
    hold = _rest(came, gone, seen & within) if how.get("keeps_age") and how.get("fed_by") else 0
    resting = np.zeros_like(risk)
    for k in range(weeks):
        new = (came >= k) & (came < k + hold) & (gone <= k)
        resting[k] = np.bincount(np.maximum(born[new] - k, 0), minlength=ages)[:ages]
    waiting = np.bincount(born[still & (came >= hold)], minlength=1).astype(float)
    fresh = [
        np.bincount(np.maximum(born[still & (came == k)] - k, 0), minlength=1).astype(float)
        for k in range(hold)
    ]
    arrays = {"waiting": waiting, "risk": risk, "seen": taken, "left": left, "starts": starts}
    return Station(name, hold=hold, fresh=fresh, resting=resting, **arrays, **how)  # type: ignore[arg-type]


def _rest(came: np.ndarray, gone: np.ndarray, seen: np.ndarray) -> int:
    """Whole weeks, at most 4, before which next to nobody (3 %) is seen after entering."""
    if seen.sum() < 30:
        return 0
    spent = (came - gone)[seen]
    return int(next((k for k in range(4) if (spent <= k).mean() > 0.03), 4))


def _chained_stations(service: Service, waits: pd.DataFrame, pathway: Pathway) -> None:
    """One station a wait, several where a group of children has a list of its own (a lane)."""
    ends: dict[str, list[int]] = {}
    team = (
        pathway.one_team
        and len(pathway.waits) == 2
        and pathway.waits[1].start == pathway.waits[0].completed
    )
    for wait in pathway.waits:
        part = waits[waits["wait"] == wait.name]
        fed_by = tuple(ends.get(wait.start, ()))
        ends[wait.completed] = []
        for label, lane in _lanes(part, service) if not team and not fed_by else [("", part)]:
            start = _days(lane["start"])
            station = _station(
                label or wait.name,
                start,
                start,
                _days(lane["stop"]),
                lane["completed"].to_numpy(bool),
                service.as_at,
                service.weeks,
                waits=(wait.name,),
                completes=(wait.name,),
                outside=not fed_by,
                fed_by=fed_by,
            )
            if fed_by:
                station.passed = (
                    float(station.starts.sum()),
                    float(sum(service.stations[k].seen.sum() for k in fed_by)),
                )
            ends[wait.completed].append(len(service.stations))
            service.stations.append(station)
    if team:
        service.team = (0, 1)


_LANE_COLUMNS = ("priority", "need", "age_band", "source", "district", "worker")


def _lanes(part: pd.DataFrame, service: Service) -> list[tuple[str, pd.DataFrame]]:
    """Groups of children (largest two or three values of one column) who plainly do not queue together, or all as one.

    Compared week by week among children of the same weeks waited: who is seen would not depend on the group if there were
    one list. The column with the clearest difference is taken, and only far beyond chance.
    """
    best, found = 0.0, [("", part)]
    start, stop, done = _days(part["start"]), _days(part["stop"]), part["completed"].to_numpy(bool)
    recent = stop > int(service.as_at.astype("int64")) - 7 * max(service.weeks, 1)
    if service.weeks < 52 or done.sum() < 100:
        return found
    for column in _LANE_COLUMNS:
        if column not in part:
            continue
        values = part[column].astype(str).to_numpy()
        names, counts = np.unique(values[recent], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        big = [str(names[k]) for k in order[:3] if counts[k] >= max(0.12 * counts.sum(), 30)]
        if len(big) < 2 and not (
            len(names) > 1
            and len(big) == 1
            and counts.sum() - counts.max() >= max(0.12 * counts.sum(), 30)
        ):
            continue
        lane = np.full(len(part), len(big) - 1 if len(big) > 1 else 1)
        for k, name in enumerate(big):
            lane[values == name] = k
        score = _lane_score(start, stop, done, lane, service)
        if score > max(best, 8.0):
            best, found = (
                score,
                [(f"lane {k + 1}", part[lane == k]) for k in range(int(lane.max()) + 1)],
            )
    return found


def _lane_score(
    start: np.ndarray, stop: np.ndarray, done: np.ndarray, lane: np.ndarray, service: Service
) -> float:
    """Standard deviations by which lanes differ in who is seen, over blocks of 26 weeks and three parts of the ages."""
    weeks = service.weeks
    stations = [
        _station(
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
    risk, seen = (np.stack([wide(getattr(s, name)) for s in stations]) for name in ("risk", "seen"))
    everyone, all_seen = risk.sum(0), seen.sum(0)
    if not all_seen.any():
        return 0.0
    share = risk / np.maximum(everyone, 1)
    expected = all_seen * share
    variance = all_seen * share * (1 - share) * (everyone - all_seen) / np.maximum(everyone - 1, 1)
    edges = np.searchsorted(np.cumsum(all_seen.sum(0)) / all_seen.sum(), (1 / 3, 2 / 3)) + 1
    total, df = 0.0, 0
    for block in np.array_split(np.arange(weeks), max(weeks // 26, 1)):
        for ages_part in np.split(np.arange(ages), np.unique(edges)):
            v = variance[:, block][:, :, ages_part].sum((1, 2))
            gap = (seen - expected)[:, block][:, :, ages_part].sum((1, 2))
            good = v > 3
            total, df = (
                total + float((gap[good] ** 2 / v[good]).sum()) * (1 - 1 / len(v)),
                df + max(int(good.sum()) - 1, 0),
            )
    return (total - df) / np.sqrt(2 * df) if df else 0.0


def _staged_stations(service: Service, built: Built, waits: pd.DataFrame, pathway: Pathway) -> None:
    """EHC: decision -> advice -> writing, all on the clock of the request; decision to assess ends the first."""
    first, plan = pathway.waits
    now = int(service.as_at.astype("int64"))
    never = np.iinfo(np.int64).max
    columns = [
        "record",
        "request_outcome",
        "request_outcome_date",
        "assessment_outcome",
        "assessment_outcome_date",
    ]
    part = waits[waits["wait"] == plan.name].merge(
        built.referrals[columns], on="record", how="left"
    )
    start, stop, done = _days(part["start"]), _days(part["stop"]), part["completed"].to_numpy(bool)
    decided, advised = _days(part["request_outcome_date"]), _days(part["assessment_outcome_date"])
    yes, no = part["request_outcome"].eq("Y").to_numpy(), part["request_outcome"].eq("N").to_numpy()
    issue = part["assessment_outcome"].eq("Y").to_numpy()
    history = part["request_outcome"].eq("H").to_numpy()
    decided = np.where(history & (decided > now), start, decided)
    yes = yes | history
    decided = np.where((yes | no) & (decided <= now), decided, never)
    advised = np.where(issue & (advised <= now), advised, never)
    advised = np.where((advised == never) & done & (stop <= now), stop, advised)
    decided = np.minimum(decided, np.where(yes | done, advised, never))
    stop = np.where(stop > now, never, stop)
    stop_a, seen_a = np.minimum(decided, stop), (decided <= stop) & (decided < never)
    in_b = yes & (decided < never) & ((stop > decided) | (done & (stop >= decided)))
    stop_b = np.minimum(advised, stop)
    refused = part["assessment_outcome"].eq("N").to_numpy() & ~done & (stop < never)
    seen_b = ((advised <= stop) & (advised < never)) | refused
    in_c = in_b & (advised < never) & ((stop > advised) | (done & (stop >= advised)))
    weeks, day = service.weeks, service.as_at
    a = _station(
        "decision",
        start,
        start,
        stop_a,
        seen_a,
        day,
        weeks,
        waits=(first.name, plan.name),
        completes=(first.name,),
    )
    b = _station(
        "advice",
        decided[in_b],
        start[in_b],
        stop_b[in_b],
        seen_b[in_b],
        day,
        weeks,
        waits=(plan.name,),
        completes=(),
        outside=False,
        fed_by=(0,),
        keeps_age=True,
    )
    c = _station(
        "writing",
        advised[in_c],
        start[in_c],
        stop[in_c],
        done[in_c],
        day,
        weeks,
        waits=(plan.name,),
        completes=(plan.name,),
        outside=False,
        fed_by=(1,),
        keeps_age=True,
    )
    recent = now - 7 * min(weeks, 78)
    sure = lambda seen, at, went: (
        float((went & seen & (at > recent)).sum()),
        float((seen & (at > recent)).sum()),
    )  # noqa: E731
    inb, inc = in_b, in_c
    b.passed, c.passed = sure(seen_a, stop_a, inb), sure(seen_b & inb, stop_b, inc)
    service.stations += [a, b, c]
    referrals = built.referrals
    if "plan_date" in referrals:
        plans = referrals[
            referrals["plan_date"].notna()
            & (referrals["plan_date"] <= pd.Timestamp(service.as_at))
            & (referrals["duplicate_of"] < 0)
        ]
        issued, asked = _days(plans["plan_date"]), _days(plans["start"])
        service.plan_days = np.column_stack([issued - now, issued - asked]).astype(float)


def _wait_history(
    part: pd.DataFrame, name: str, standard: int | None, day: np.datetime64
) -> WaitHistory:
    now = int(day.astype("int64"))
    start, stop, done = _days(part["start"]), _days(part["stop"]), part["completed"].to_numpy(bool)
    still = stop > now
    out = WaitHistory(name, standard, open_days=np.minimum(now - start[still], 7 * MAX_AGE + 6))
    recent = now - start < 7 * 104
    offsets = np.bincount((now - start[recent]) % 7, minlength=7) + 0.3
    out.offsets = offsets / offsets.sum()
    late = ~still & done & (now - stop < 91)
    back = (now - stop[late]) // 7
    out.completed = np.bincount(back, minlength=13).astype(float)
    if standard is not None:
        out.within = np.bincount(
            back, weights=(stop - start)[late] <= standard, minlength=13
        ).astype(float)
        year = ~still & done & (now - stop < 364)
        age = np.maximum((now - start[year]) // 7 - (now - stop[year]) // 7, 0)
        quick = (stop - start)[year] <= standard
        out.on_time = np.stack([np.bincount(age), np.bincount(age, weights=quick)]).astype(float)
    return out
