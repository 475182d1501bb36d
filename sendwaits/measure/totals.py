"""Monthly totals without records (mediation, hearings, appeals, spending) as figures, and like months compared with like."""

from __future__ import annotations

from datetime import date

import pandas as pd

from sendwaits.measure.rates import rate_ratio

__all__ = ["figures", "compared", "side_by_side", "series"]

KEY = ["pathway", "wait", "measure", "group", "period_start", "period_end"]
COLUMNS = [*KEY, "value", "unit", "numerator", "denominator", "n"]


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Monthly totals (`month, measure, value, unit`) as rows of the contract, exact: pathway and wait empty, flows of a month.

    n = the total of a count, else empty. Relation: every month stands alone; a year is the sum of its months.
    """
    months = pd.PeriodIndex(rows["month"], freq="M")
    counts = rows["value"].where(rows["unit"].eq("count").to_numpy()).round().astype("Int64")
    table = pd.DataFrame(
        {
            "pathway": "",
            "wait": "",
            "measure": rows["measure"].to_numpy(),
            "group": "",
            "period_start": months.start_time.strftime("%Y-%m-%d"),
            "period_end": months.end_time.strftime("%Y-%m-%d"),
            "value": rows["value"].to_numpy(dtype=float),
            "unit": rows["unit"].to_numpy(),
        }
    )
    blank = pd.array([pd.NA] * len(table), "Int64")
    table = table.assign(numerator=blank, denominator=blank, n=counts.array)
    return table[COLUMNS].sort_values(["measure", "period_start"], ignore_index=True)


def series(frame: pd.DataFrame, measure: str) -> pd.Series:
    """The months of one measure as `outlook.series.forecast` and `outlook.series.backtest` take them: a Series by month."""
    rows = frame[frame["measure"] == measure]
    index = pd.PeriodIndex(pd.to_datetime(rows["period_end"]), freq="M", name="month")
    return pd.Series(rows["value"].to_numpy(dtype=float), index=index, name=measure).sort_index()


def compared(frame: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """Equal periods of every monthly total: the last 12 months and the 12 before, the year to date and the same months before.

    One row per measure and comparison: `measure, comparison` (``12 months``, ``year to date``), `unit, base_start, base_end,
    base, now_start, now_end, now, months, change, percent, low, high`. ``now`` ends with the last whole month on ``as_at``
    that is known. ``low, high``: the exact interval of the change of a count, per cent; spending has none, nor has a change
    from 0. A comparison with a missing or hidden month in it is left out, never shortened. Relation: sums of published months.
    """
    found = []
    for measure, rows in frame.groupby("measure", sort=True):
        months, unit = series(rows, str(measure)), str(rows["unit"].iloc[0])
        last = pd.Period(as_at, freq="M") if _ends(as_at) else pd.Period(as_at, freq="M") - 1
        months = months[months.index <= last].dropna()
        if months.empty:
            continue
        end = months.index[-1]
        for name, length in (("12 months", 12), ("year to date", end.month)):
            now = pd.period_range(end=end, periods=length, freq="M")
            base = now - 12
            if now.isin(months.index).all() and base.isin(months.index).all():
                found.append((measure, name, unit, *_pair(months, base, now, unit)))
    names = "measure comparison unit base_start base_end base now_start now_end now months change"
    return pd.DataFrame(found, columns=[*names.split(), "percent", "low", "high"])


def side_by_side(frame: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Two monthly totals, or a total and a pathway's flow, month by month: `month, <one>, <other>`; months that both have."""
    both = pd.concat({name: series(frame, name) for name in (one, other)}, axis=1, join="inner")
    return both.rename_axis("month").reset_index()


def _pair(
    months: pd.Series, base: pd.PeriodIndex, now: pd.PeriodIndex, unit: str
) -> tuple[object, ...]:
    before, after = float(months[base].sum()), float(months[now].sum())
    ends = [str(day.date()) for p in (base, now) for day in (p[0].start_time, p[-1].end_time)]
    percent = 100 * (after - before) / before if before else float("nan")
    low = high = float("nan")
    if unit == "count" and before:
        ratio = rate_ratio(int(after), int(before))
        low, high = 100 * (ratio.low - 1), 100 * (ratio.high - 1)
    change = after - before
    return (*ends[:2], before, *ends[2:], after, len(now), change, percent, low, high)


def _ends(day: date) -> bool:
    return bool(pd.Timestamp(day).is_month_end)
