"""A report of one made-up service, from released rows by hand: no extract, no forecast."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from made_frames import flow, released, stock

from sendwaits.pathways import built_in
from sendwaits.release import verdicts
from sendwaits.release.contents import Service
from sendwaits.release.profile import Profile
from sendwaits.release.report import Report
from sendwaits.workspace import AreaInfo, Workspace

AS_AT = date(2024, 7, 31)
LIST = [100.0 + 5 * i for i in range(24)]
"""A list that grows by 5 a month from 100 to 215."""
FORECAST = [
    "pathway", "wait", "measure", "target_date", "horizon_weeks", "scenario",
    "mean", "p10", "p25", "p50", "p75", "p90", "probability", "note",
]  # fmt: skip


def service(rows: list[tuple] | None = None, profile: str = "board", **workspace) -> Service:
    """A service whose set prints these rows; by default a growing list with its flows."""
    if rows is None:
        rows = [
            *stock("SLCN", "contact", LIST),
            *flow("SLCN", "contact", "starts", [30.0] * 24),
            *flow("SLCN", "contact", "completed", [20.0] * 24),
        ]
    table = released(rows)
    place = Workspace(Path("."), AreaInfo("Exampleshire"), built_in(), **workspace)
    empty = pd.DataFrame()
    files = pd.DataFrame(
        columns="file pathway extract_date read clean quarantined merged refused".split()
    )
    findings = pd.DataFrame(columns="code severity file n message what_to_do".split())
    plan = pd.DataFrame(columns="pathway wait measure group grain form reason".split())
    return Service(
        place,
        place.pathway("SLCN"),
        AS_AT,
        Profile(profile, 5),
        table,
        plan,
        verdicts.judge(table, as_at=AS_AT),
        pd.DataFrame(columns=FORECAST),
        empty,
        empty,
        empty,
        files,
        findings,
        pd.DataFrame(columns=["wait", "measure", "period_end", "value"]),
    )


def report(name: str = "backlog", **options) -> Report:
    """The report of `service`."""
    return Report(name, service(**options))
