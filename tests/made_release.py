"""A made-up released table, forecast and back-test for one pathway: what the pages are tested with. Every number is invented."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from sendwaits.pathways import BANDS, built_in
from sendwaits.release.reports import AreaMaterial, Material
from sendwaits.release.reports.common import month_ends
from sendwaits.workspace import AreaInfo, ChangePoint, Scenario, Target, Workspace

AS_AT = date(2024, 7, 31)
DISTRICTS = (
    "Ashfield",
    "Bassetlaw",
    "Broxtowe",
    "Gedling",
    "Mansfield",
    "Newark and Sherwood",
    "Rushcliffe",
)
COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
    "status",
]
TARGETS = (
    Target("NST", "assessment", "waiting_over_52_weeks", date(2025, 3, 31), at_most=0),
    Target("OT_HEALTH", "assessment", "within_standard_pct", date(2025, 3, 31), at_least=92),
    Target("EHC", "plan", "within_standard_pct", date(2024, 12, 31), at_least=40),
    Target("SLCN", "contact", "within_standard_pct", date(2025, 3, 31), at_least=80),
)


def workspace(
    root: str = ".", targets: tuple[Target, ...] = TARGETS, name: str = "Nottinghamshire"
) -> Workspace:
    return Workspace(
        Path(root),
        AreaInfo(name, districts=DISTRICTS),
        built_in(),
        targets,
        (
            ChangePoint("NST", date(2023, 9, 1), "new referral form"),
            ChangePoint("OT_HEALTH", date(2024, 3, 1), "effort moved to treatment", "treatment"),
        ),
        (
            Scenario("nine more psychologists", "EHC", date(2025, 1, 6), capacity_change_pct=30),
            Scenario(
                "three trainees", "EHC", date(2024, 9, 2), capacity_change_pct=8, committed=True
            ),
        ),
    )


def _rows_of_wait(
    code: str, wait, size: int, drift: float, rng: np.random.Generator, over_weeks
) -> list[tuple]:
    ends, rows, waiting = month_ends(AS_AT, 25), [], size
    for i, end in enumerate(ends):
        start = date.fromisoformat(end).replace(day=1).isoformat()
        joined = int(rng.normal(size / 9 + (6 if i > 14 else 0) * (drift > 0), size / 90))
        out = max(0, joined - int(round(drift * (i > 10))) + int(rng.normal(0, size / 120)))
        if i:
            waiting += joined - out
        seen = int(out * 0.88)
        on_time = min(seen, int(seen * (0.4 + 0.1 * math.sin(i))))

        def row(measure, value, unit="count", s="", num=None, den=None, n=None):
            rows.append(
                (
                    code,
                    wait.name,
                    measure,
                    "",
                    s,
                    end,
                    value,
                    unit,
                    num,
                    den,
                    value if n is None else n,
                    "",
                )
            )

        row("waiting", waiting)
        shares = np.array([0.03, 0.025, 0.057, 0.221, 0.158, 0.478, 0.031, 0.0])
        bands = np.floor(shares * waiting).astype(int)
        bands[5] += waiting - bands.sum()
        for (a, b), n in zip(BANDS, bands, strict=True):
            row(f"waiting_band_{a}_{'plus' if b is None else b}", int(n))
        for weeks in over_weeks:
            row(
                f"waiting_over_{weeks}_weeks",
                int({18: bands[5:].sum(), 52: bands[6:].sum(), 20: bands[5:].sum() - 3}[weeks]),
            )
        row("waiting_booked", int(waiting * 0.3))
        row("waiting_not_flowed", 14 if i == 24 else 0)
        row("longest_weeks_open", 61, "weeks", n=waiting)
        for name, v in (("mean", 24.36), ("median", 18.3), ("p92", 50.1)):
            row(f"{name}_weeks_open", v, "weeks", n=waiting)
        row("clearance_weeks", waiting / max(seen, 1) * 4.3, "weeks", n=seen)
        row("starts", joined, s=start)
        row("completed", seen, s=start)
        row("removed_other", out - seen, s=start)
        row("mean_weeks_completed", 26.1, "weeks", start, n=seen)
        row("median_weeks_completed", 24.9, "weeks", start, n=seen)
        if wait.standard_days:
            row(
                "within_standard_pct",
                100 * on_time / seen if seen else math.nan,
                "percent",
                start,
                on_time,
                seen,
                seen,
            )
    return rows


def _district_rows(code: str, wait, county: pd.DataFrame, over_weeks) -> list[tuple]:
    rows, end = [], AS_AT.isoformat()

    def total(measure):
        return int(
            county[
                (county.wait == wait.name)
                & (county.measure == measure)
                & (county.period_end == end)
            ]["value"].iloc[0]
        )

    weights = np.array([0.18, 0.149, 0.126, 0.136, 0.171, 0.141, 0.097])
    for measure in ("waiting", *(f"waiting_over_{w}_weeks" for w in over_weeks)):
        whole = total(measure)
        parts = np.floor(weights * whole).astype(int)
        parts[0] += whole - parts.sum()
        for name, n in zip(DISTRICTS, parts, strict=True):
            hidden = 0 < n < 5
            rows.append(
                (
                    code,
                    wait.name,
                    measure,
                    f"district={name}",
                    "",
                    end,
                    math.nan if hidden else int(n),
                    "count",
                    None,
                    None,
                    None if hidden else int(n),
                    "c" if hidden else "",
                )
            )
    return rows


def released(code: str, size: int = 950, drift: float = 14, seed: int = 1) -> pd.DataFrame:
    pathway, rng = built_in()[code], np.random.default_rng(seed)
    rows = []
    for i, wait in enumerate(pathway.waits):
        rows += _rows_of_wait(
            code,
            wait,
            max(40, size // (1 + i)),
            drift if i == 0 else -drift / 3,
            rng,
            pathway.over_weeks,
        )
    frame = pd.DataFrame(rows, columns=COLUMNS)
    main = pathway.waits[0]
    for end in month_ends(AS_AT, 25):
        start = date.fromisoformat(end).replace(day=1).isoformat()
        joined = float(
            frame[
                (frame.wait == main.name) & (frame.measure == "starts") & (frame.period_end == end)
            ]["value"].iloc[0]
        )
        rows.append(
            (code, "", "referrals", "", start, end, joined + 8, "count", None, None, joined + 8, "")
        )
        if pathway.rejected:
            rows.append((code, "", "rejected", "", start, end, 8.0, "count", None, None, 8, ""))
        if pathway.timeliness:
            done = int(joined * 0.5)
            for measure, part in (
                ("within_20_weeks_pct", 0.36),
                ("within_20_weeks_excl_pct", 0.37),
                ("due_within_20_weeks_pct", 0.44),
                ("decisions_within_6_weeks_pct", 0.97),
                ("refusals_within_16_weeks_pct", 0.2),
                ("requests_refused_pct", 0.21),
            ):
                rows.append(
                    (
                        code,
                        "",
                        measure,
                        "",
                        start,
                        end,
                        100 * int(done * part) / done,
                        "percent",
                        int(done * part),
                        done,
                        done,
                        "",
                    )
                )
            rows.append(
                (code, "", "plans_issued", "", start, end, done, "count", None, None, done, "")
            )
    if pathway.timeliness:
        for a, b, num, den, req in (
            ("2022-01-01", "2022-12-31", 22, 488, 1087),
            ("2023-01-01", "2023-12-31", 227, 702, 1380),
            ("2024-01-01", "2024-07-31", 260, 720, 1010),
        ):
            rows.append(
                (
                    code,
                    "",
                    "within_20_weeks_pct",
                    "",
                    a,
                    b,
                    100 * num / den,
                    "percent",
                    num,
                    den,
                    den,
                    "",
                )
            )
            rows.append((code, "", "plans_issued", "", a, b, den, "count", None, None, den, ""))
            rows.append((code, "", "referrals", "", a, b, req, "count", None, None, req, ""))
    else:
        for a, b, req in (
            ("2022-01-01", "2022-12-31", 1210),
            ("2023-01-01", "2023-12-31", 1480),
            ("2024-01-01", "2024-07-31", 980),
        ):
            rows.append((code, "", "referrals", "", a, b, req, "count", None, None, req, ""))
    for wait in pathway.waits[:1]:
        rows += _district_rows(code, wait, frame, pathway.over_weeks)
    return pd.DataFrame(rows, columns=COLUMNS)


def forecast(code: str, table: pd.DataFrame, space: Workspace) -> pd.DataFrame:
    rows = []
    pathway = built_in()[code]
    scenarios = [
        "baseline",
        *(s.name for s in space.scenarios if s.pathway == code and not s.committed),
    ]
    for scenario in scenarios:
        bonus = 0 if scenario == "baseline" else 1
        for wait in pathway.waits:
            now = table[
                (table.wait == wait.name)
                & (table.period_end == AS_AT.isoformat())
                & (table.group == "")
            ].set_index("measure")["value"]
            for measure in (
                "waiting",
                "waiting_over_18_weeks",
                "waiting_over_52_weeks",
                "mean_weeks_open",
                "within_standard_pct",
            ):
                if measure == "within_standard_pct" and not wait.standard_days:
                    continue
                base = (
                    float(now[measure]) if measure in now and now[measure] == now[measure] else 30.0
                )
                for h in range(1, 53):
                    mid = (
                        base * (1 + (0.17 - 0.25 * bonus) * h / 52)
                        if measure != "within_standard_pct"
                        else base + 3 * h / 52 + bonus * h / 12
                    )
                    wide = 0.18 * base * math.sqrt(h / 52)
                    q = [max(0.0, mid + z * wide / 1.28) for z in (-1.28, -0.67, 0, 0.67, 1.28)]
                    if measure.endswith("_pct"):
                        q = [min(100.0, v) for v in q]
                    rows.append(
                        (
                            code,
                            wait.name,
                            measure,
                            AS_AT + timedelta(days=7 * h),
                            h,
                            scenario,
                            q[2],
                            *q,
                            math.nan,
                            "",
                        )
                    )
            rows.append(
                (
                    code,
                    wait.name,
                    "new_child_wait_weeks",
                    AS_AT + timedelta(days=28),
                    math.nan,
                    scenario,
                    27.0,
                    22.0,
                    24.0,
                    27.0 - 3 * bonus,
                    30.0,
                    34.0,
                    math.nan,
                    "",
                )
            )
        for target in space.targets:
            if target.pathway == code:
                rows.append(
                    (
                        code,
                        target.wait,
                        "p_target",
                        target.by,
                        math.nan,
                        scenario,
                        *([math.nan] * 6),
                        0.34 + 0.2 * bonus,
                        target.note,
                    )
                )
                rows.append(
                    (
                        code,
                        target.wait,
                        "capacity_needed_per_week",
                        target.by,
                        math.nan,
                        scenario,
                        31.4,
                        *([math.nan] * 5),
                        math.nan,
                        target.note,
                    )
                )
    return pd.DataFrame(
        rows,
        columns=[
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
        ],
    )


def backtest(code: str) -> pd.DataFrame:
    rows = []
    for wait in built_in()[code].waits:
        for h, own, naive in (
            (4, 14.0, 12.0),
            (13, 31.0, 38.0),
            (26, 52.0, 79.0),
            (52, 88.0, 141.0),
        ):
            rows.append(
                (
                    code,
                    wait.name,
                    "waiting",
                    h,
                    own,
                    naive,
                    9,
                    12,
                    "forecast" if own < naive else "no change",
                )
            )
    return pd.DataFrame(
        rows,
        columns=[
            "pathway",
            "wait",
            "measure",
            "horizon_weeks",
            "error",
            "error_no_change",
            "hits",
            "n",
            "better",
        ],
    )


def bridge() -> pd.DataFrame:
    rows = [
        (f"2024-{m:02d}", 95.0 + m, 44.0 + m / 2, 105.0, 36.0, 30.0 + m, 22.0 + m, 41.0 + m)
        for m in (8, 9, 10, 11, 12)
    ] + [("2025-01", 110.0, 51.0, 100.0, 45.0, 45.0, 33.0, 57.0)]
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


def files(codes=("NST",)) -> pd.DataFrame:
    return pd.DataFrame(
        [(f"{c}_2024-07-31.csv", c, "2024-07-31", 4926, 4909, 11, 6, None) for c in codes],
        columns=[
            "file",
            "pathway",
            "extract_date",
            "read",
            "clean",
            "quarantined",
            "merged",
            "refused",
        ],
    )


def findings(codes=("NST",)) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                "Q-ORDER",
                "red",
                f"{c}_2024-07-31.csv",
                7,
                "First appointment before the referral",
                "Correct the dates in the source system",
            )
            for c in codes
        ]
        + [
            (
                "F-EXTRA",
                "info",
                f"{codes[0]}_2024-07-31.csv",
                2,
                "Columns that are not used",
                "Nothing to do",
            )
        ],
        columns=["code", "severity", "file", "n", "message", "what_to_do"],
    )


def material(
    code: str = "NST", profile: str = "board", space: Workspace | None = None, **kwargs
) -> Material:
    space = space or workspace()
    table = kwargs.pop("table", None)
    table = released(code, **kwargs) if table is None else table
    return Material(
        space,
        space.pathways[code],
        AS_AT,
        profile,
        table,
        forecast(code, table, space),
        backtest(code),
        bridge() if code == "EHC" else None,
        files([code]),
        findings([code]),
        made_up=True,
    )


def area(
    profile: str = "board", space: Workspace | None = None, themes=None, series=None
) -> AreaMaterial:
    space = space or workspace()
    sizes = {
        "NST": (950, 14.0),
        "OT_HEALTH": (300, -4.0),
        "OT_LA": (214, 0.0),
        "SLCN": (903, 0.0),
        "SLCN_AUTISM": (127, 0.0),
        "EHC": (742, 0.0),
    }
    made = {
        c: material(c, profile, space, size=s, drift=d, seed=i)
        for i, (c, (s, d)) in enumerate(sizes.items())
    }
    codes = list(made)
    quarantine = pd.DataFrame(
        [
            (
                "NST_2024-07-31.csv",
                "",
                17,
                "first_appointment_date",
                "Q-ORDER",
                "before the referral",
            )
        ],
        columns=["file", "sheet", "row", "column", "code", "reason"],
    )
    return AreaMaterial(
        space,
        AS_AT,
        profile,
        made,
        files(codes),
        findings(codes),
        quarantine,
        None,
        themes or {},
        series,
        True,
    )


def theme_tables(seed: int = 3) -> dict[str, pd.DataFrame]:
    """Made-up released counts of two years by group, and an overlap."""
    rng, rows = np.random.default_rng(seed), []
    for code, whole in (("NST", 1200), ("EHC", 1000)):
        for factor, (a, b) in (
            (1.0, ("2022-08-01", "2023-07-31")),
            (1.2, ("2023-08-01", "2024-07-31")),
        ):
            total = int(whole * factor)
            rows.append((code, "", "referrals", "", a, b, total, "count", None, None, total, ""))
            rows.append(
                (code, "", "re_referrals", "", a, b, int(total * 0.06), "count", None, None, 1, "")
            )
            rows.append(
                (code, "", "rejected", "", a, b, int(total * 0.09), "count", None, None, 1, "")
            )
            for column, names in (
                ("age_band", ("0-4", "5-10", "11-15", "16-19")),
                ("sex", ("F", "M")),
                ("district", DISTRICTS),
            ):
                left = total
                for i, name in enumerate(names):
                    n = (
                        left
                        if i == len(names) - 1
                        else int(
                            total
                            / len(names)
                            * (
                                1.25
                                if factor > 1 and name == "11-15"
                                else 0.95
                                if factor > 1
                                else 1
                            )
                            + rng.integers(-3, 4)
                        )
                    )
                    left -= n
                    rows.append(
                        (
                            code,
                            "",
                            "referrals",
                            f"{column}={name}",
                            a,
                            b,
                            n,
                            "count",
                            None,
                            None,
                            n,
                            "",
                        )
                    )
    overlap = pd.DataFrame(
        [
            (
                "NST",
                "",
                "children_waiting",
                "",
                "",
                "2024-07-31",
                1186,
                "count",
                None,
                None,
                1186,
                "",
            ),
            (
                "EHC",
                "",
                "children_waiting",
                "",
                "",
                "2024-07-31",
                742,
                "count",
                None,
                None,
                742,
                "",
            ),
            (
                "NST",
                "",
                "children_waiting",
                "with=EHC",
                "",
                "2024-07-31",
                214,
                "count",
                None,
                None,
                214,
                "",
            ),
        ],
        columns=COLUMNS,
    )
    england = pd.DataFrame(
        [
            (str(y), p, n)
            for y, e, a in ((2019, 82329, 667), (2022, 114482, 1087), (2023, 138242, 1380))
            for p, n in (("England", e), ("Nottinghamshire", a))
        ],
        columns=["year", "place", "requests"],
    )
    return {"groups": pd.DataFrame(rows, columns=COLUMNS), "overlap": overlap, "england": england}


SECTIONS = {
    "backlog": (
        "reconcile",
        "opening",
        "ages",
        "answers",
        "flow",
        "districts",
        "stages",
        "outlook_section",
        "board",
        "data_quality",
        "notes",
    ),
    "trend": (
        "reconcile",
        "opening",
        "list_size",
        "demand",
        "on_time",
        "waits_section",
        "years",
        "timeliness",
        "board",
        "data_quality",
        "notes",
    ),
    "forecast": (
        "reconcile",
        "opening",
        "targets_section",
        "lists",
        "bridge",
        "scenarios",
        "backtest",
        "unknowns",
        "board",
        "data_quality",
        "notes",
    ),
    "quality": (
        "reconcile",
        "opening",
        "ledger",
        "rules",
        "by_hand",
        "over_time",
        "board",
        "notes",
    ),
    "themes": (
        "reconcile",
        "opening",
        "contributions",
        "seasons",
        "routes",
        "both_lists",
        "beside_england",
        "board",
        "notes",
    ),
}
"""The calls of each notebook, in order."""


def page(name: str, made) -> str:
    """The page of a report from a `Material` or an `AreaMaterial`."""
    from sendwaits.release import pages
    from sendwaits.release.reports import open_report

    report = open_report(name, made)
    return pages.from_parts([getattr(report, section)() for section in SECTIONS[name]])
