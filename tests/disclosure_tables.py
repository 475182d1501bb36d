"""Made-up waits and their tidy figures for the disclosure tests: small, consistent, and independent of `measure`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

BANDS = [(0, 7), (8, 14), (15, 28), (29, 84), (85, 126), (127, 364), (365, 728), (729, 10**6)]
STANDARDS = {
    ("NST", "assessment"): 91,
    ("OT_HEALTH", "assessment"): 126,
    ("OT_HEALTH", "treatment"): 126,
    ("SLCN", "contact"): 126,
    ("SLCN_AUTISM", "contact"): 126,
    ("EHC", "decision"): 42,
    ("EHC", "plan"): 140,
}
STAGES = {
    "NST": ["assessment", "outcome", "support"],
    "OT_HEALTH": ["assessment", "treatment"],
    "OT_LA": ["assessment"],
    "SLCN": ["contact"],
    "SLCN_AUTISM": ["contact"],
}
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
]


@dataclass
class Waits:
    """Waits of one list as days since an epoch: start, stop (inf = open), completed, district."""

    start: np.ndarray
    stop: np.ndarray
    completed: np.ndarray
    district: np.ndarray


def month_ends(as_at: date, months: int) -> list[tuple[date, date]]:
    """First and last day of ``months`` months up to the one of ``as_at``."""
    out, last = [], as_at
    for _ in range(months):
        first = last.replace(day=1)
        out.append((first, last))
        last = first - timedelta(days=1)
    return out[::-1]


def made_waits(
    rng: np.random.Generator,
    as_at: date,
    size: int,
    districts: int = 7,
    mean_days: float = 250.0,
    removed: float = 0.1,
    days: int = 2200,
) -> Waits:
    """Waits in a steady state of about ``size`` open ones."""
    starts = max(1, int(size * days / mean_days))
    start = as_at.toordinal() - rng.integers(0, days, starts)
    length = rng.exponential(mean_days, starts).astype(int)
    stop = np.where(start + length <= as_at.toordinal(), start + length, math.inf)
    share = rng.dirichlet(np.full(districts, 8.0))
    return Waits(
        start.astype(float),
        stop,
        rng.random(starts) > removed,
        rng.choice(districts, starts, p=share),
    )


def next_stage(
    rng: np.random.Generator, waits: Waits, as_at: date, mean_days: float, removed: float = 0.1
) -> Waits:
    """The wait that starts when a completed one stops."""
    on = waits.completed & np.isfinite(waits.stop)
    start = waits.stop[on]
    length = rng.exponential(mean_days, len(start)).astype(int)
    stop = np.where(start + length <= as_at.toordinal(), start + length, math.inf)
    return Waits(start, stop, rng.random(len(start)) > removed, waits.district[on])


def figures_of(
    pathway: str, wait: str, waits: Waits, as_at: date, months: int, names: list[str]
) -> list[tuple]:
    """Tidy rows of one wait: all stocks and flows by month, and districts at every month end."""
    rows: list[tuple] = []
    for first, last in month_ends(as_at, months):
        at, begin, end = last.toordinal(), first.toordinal(), last.isoformat()
        is_open = (waits.start <= at) & (waits.stop > at)
        days = np.sort(at - waits.start[is_open])

        def stock(
            measure: str,
            value: float,
            group: str = "",
            unit: str = "count",
            num=None,
            den=None,
            n=None,
        ) -> None:
            rows.append(
                (
                    pathway,
                    wait,
                    measure,
                    group,
                    "",
                    end,
                    value,
                    unit,
                    num,
                    den,  # noqa: B023
                    int(value) if unit == "count" else n,
                )
            )

        stock("waiting", len(days))
        lines = [18, 20, 52] if pathway == "EHC" else [18, 52]
        for weeks in lines:
            stock(f"waiting_over_{weeks}_weeks", int((days > 7 * weeks).sum()))
        for lo, hi in BANDS:
            stock(
                f"waiting_band_{lo}_{'plus' if hi == 10**6 else hi}",
                int(((days >= lo) & (days <= hi)).sum()),
            )
        if pathway != "EHC":
            stock("waiting_booked", int(len(days) * 0.3))
        stock("waiting_not_flowed", int(len(days) * 0.02))
        n = len(days)
        for name, value in [
            ("mean", days.mean() if n else math.nan),
            ("median", np.median(days) if n else math.nan),
            ("p92", days[-(-92 * n // 100) - 1] if n else math.nan),
            ("longest", days[-1] if n else math.nan),
        ]:
            stock(f"{name}_weeks_open", value / 7, unit="weeks", n=n)
        recent = int((waits.completed & (waits.stop >= at - 90) & (waits.stop <= at)).sum())
        stock("clearance_weeks", n * 13 / recent if recent else math.nan, unit="weeks", n=recent)
        for d, name in enumerate(names):
            mine = at - waits.start[is_open & (waits.district == d)]
            for measure, count in [
                ("waiting", len(mine)),
                *((f"waiting_over_{w}_weeks", int((mine > 7 * w).sum())) for w in lines),
            ]:
                stock(measure, count, group=f"district={name}")

        def flow(
            measure: str, value: float, unit: str = "count", num=None, den=None, n=None
        ) -> None:
            rows.append(
                (
                    pathway,
                    wait,
                    measure,
                    "",
                    first.isoformat(),
                    end,
                    value,
                    unit,
                    num,
                    den,  # noqa: B023
                    int(value) if unit == "count" else n,
                )
            )

        stopped = (waits.stop >= begin) & (waits.stop <= at)
        done = waits.stop[stopped & waits.completed] - waits.start[stopped & waits.completed]
        flow("starts", int(((waits.start >= begin) & (waits.start <= at)).sum()))
        flow("completed", len(done))
        flow("removed_other", int((stopped & ~waits.completed).sum()))
        flow(
            "mean_weeks_completed", done.mean() / 7 if len(done) else math.nan, "weeks", n=len(done)
        )
        flow(
            "median_weeks_completed",
            np.median(done) / 7 if len(done) else math.nan,
            "weeks",
            n=len(done),
        )
        standard = STANDARDS.get((pathway, wait))
        if standard is not None:
            within = int((done <= standard).sum())
            flow(
                "within_standard_pct",
                100 * within / len(done) if len(done) else math.nan,
                "percent",
                within,
                len(done),
                len(done),
            )
    return rows


def frame(rows: list[tuple]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("numerator", "denominator", "n"):
        table[name] = table[name].astype("Int64")
    table["value"] = table["value"].astype(float)
    return table.sort_values(
        ["pathway", "wait", "measure", "group", "period_start", "period_end"],
        kind="stable",
        ignore_index=True,
    )


def made_figures(
    seed: int,
    size: int,
    months: int = 6,
    as_at: date = date(2024, 7, 31),
    pathways: tuple[str, ...] = ("NST",),
    districts: int = 7,
    removed: float = 0.1,
):
    """Figures of made-up services, and the k-th longest wait of each list: (table, kth(k) -> callable)."""
    rng = np.random.default_rng(seed)
    names = [f"District {chr(65 + d)}" for d in range(districts)]
    rows: list[tuple] = []
    lists: dict[tuple[str, str], Waits] = {}
    for pathway in pathways:
        mean = float(rng.choice([90.0, 200.0, 400.0]))
        first = made_waits(rng, as_at, size, districts, mean, removed)
        stages = STAGES.get(pathway, ["decision", "plan"])
        for s, stage in enumerate(stages):
            if s == 0:
                waits = first
            elif pathway == "EHC":
                extra = np.where(
                    np.isfinite(first.stop) & first.completed,
                    first.stop + rng.integers(20, 300, len(first.stop)),
                    first.stop,
                )
                waits = Waits(
                    first.start,
                    np.where(extra <= as_at.toordinal(), extra, math.inf),
                    first.completed,
                    first.district,
                )
            else:
                waits = next_stage(rng, waits, as_at, mean * 0.7, removed)
            lists[pathway, stage] = waits
            rows += figures_of(pathway, stage, waits, as_at, months, names)
        rejected = rng.binomial(1, 0.08, len(first.start)) == 1
        for begin, last in month_ends(as_at, months):
            inside = (first.start >= begin.toordinal()) & (first.start <= last.toordinal())
            extra = 0 if pathway == "EHC" else int((inside & rejected).sum())
            for measure, value in [("referrals", int(inside.sum()) + extra)] + (
                [] if pathway == "EHC" else [("rejected", extra)]
            ):
                rows.append(
                    (
                        pathway,
                        "",
                        measure,
                        "",
                        begin.isoformat(),
                        last.isoformat(),
                        value,
                        "count",
                        None,
                        None,
                        value,
                    )
                )

    def kth(k: int):
        def longest(pathway: str, wait: str, end: str) -> float | None:
            at, waits = date.fromisoformat(end).toordinal(), lists[pathway, wait]
            days = np.sort(at - waits.start[(waits.start <= at) & (waits.stop > at)])
            return float(days[-k]) / 7 if len(days) >= k else None

        return longest

    return frame(rows), kth
