"""Built waits -> weekly arrays of each station: who waits how long, who came, who was seen, who left.

A station is a place where children queue. Most waits are one station; the plan wait of EHC is three in a row (decision,
psychology advice, writing), because only the middle one has a bottleneck. Weeks are counted back from as_at: week 0 ends
on as_at, week 1 seven days before. Ages are whole weeks on the wait's clock.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.intake.waits import Built
from sendwaits.outlook.queue.lanes import lanes
from sendwaits.outlook.queue.weekly import (
    HISTORY_WEEKS,
    MAX_AGE,
    Service,
    WaitHistory,
    days_of,
    station_of,
)
from sendwaits.pathways import Pathway

__all__ = ["read_service"]


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
        for label, lane in lanes(part, service) if not team and not fed_by else [("", part)]:
            start = days_of(lane["start"])
            station = station_of(
                label or wait.name,
                start,
                start,
                days_of(lane["stop"]),
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
    start, stop, done = (
        days_of(part["start"]),
        days_of(part["stop"]),
        part["completed"].to_numpy(bool),
    )
    decided, advised = (
        days_of(part["request_outcome_date"]),
        days_of(part["assessment_outcome_date"]),
    )
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
    a = station_of(
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
    b = station_of(
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
    c = station_of(
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
        issued, asked = days_of(plans["plan_date"]), days_of(plans["start"])
        service.plan_days = np.column_stack([issued - now, issued - asked]).astype(float)


def _wait_history(
    part: pd.DataFrame, name: str, standard: int | None, day: np.datetime64
) -> WaitHistory:
    now = int(day.astype("int64"))
    start, stop, done = (
        days_of(part["start"]),
        days_of(part["stop"]),
        part["completed"].to_numpy(bool),
    )
    still = stop > now
    out = WaitHistory(name, standard, open_days=np.minimum(now - start[still], 7 * MAX_AGE + 6))
    recent = now - start < 7 * 104
    offsets = np.bincount((now - start[recent]) % 7, minlength=7) + 0.3
    out.offsets = offsets / offsets.sum()
    late = ~still & done & (now - stop < 91)
    back = (now - stop[late]) // 7
    out.completed = np.bincount(back, minlength=13).astype(float)
    if late.any():
        out.usual_weeks = float(np.median((stop - start)[late])) / 7
    if standard is not None:
        out.within = np.bincount(
            back, weights=(stop - start)[late] <= standard, minlength=13
        ).astype(float)
        year = ~still & done & (now - stop < 364)
        age = np.maximum((now - start[year]) // 7 - (now - stop[year]) // 7, 0)
        quick = (stop - start)[year] <= standard
        out.on_time = np.stack([np.bincount(age), np.bincount(age, weights=quick)]).astype(float)
    return out
