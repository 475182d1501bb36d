"""Who waits longer, who is seen, who never is: waits by group with intervals, cohorts, conversion, re-referral, ageing out.

Every function returns rows of the contract with the ends of a 95 % interval, ``low`` and ``high``, exact: they are for
the analyst, and for the door, which knows each measure by `RELATIONS` and publishes none without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built, day_numbers
from sendwaits.measure import survival
from sendwaits.measure.rates import share
from sendwaits.pathways import Pathway

__all__ = [
    "COLUMNS",
    "GROUPS",
    "RELATIONS",
    "apart",
    "waits",
    "cohorts",
    "conversion",
    "re_referrals",
    "ageing_out",
]

COLUMNS = [
    "pathway", "wait", "measure", "group", "period_start", "period_end",
    "value", "low", "high", "unit", "numerator", "denominator", "n",
]  # fmt: skip
GROUPS = ("district", "sex", "age_band", "need", "source")
RELATIONS = {
    "mean_weeks_open": ("mean", "waiting"),
    "median_weeks_open": ("mean", "waiting"),
    "median_weeks_completed": ("mean", "completed"),
    "seen_within_<w>_weeks_pct": ("mean", "waits open on a day of the year"),
    "cohort_seen_<w>_weeks_pct": ("mean", "starts"),
    "cohort_received": ("whole", "referrals"),
    "cohort_rejected_pct": ("share", "cohort_received"),
    "cohort_<wait>_completed_pct": ("share", "cohort_received"),
    "cohort_<wait>_removed_pct": ("share", "cohort_received"),
    "cohort_<wait>_open_pct": ("share", "cohort_received"),
    "re_referrals_pct": ("share", "referrals"),
    "ageing_out_<w>_weeks": ("part", "waiting"),
}
"""How each measure is tied to others: ``mean`` over, ``part`` or ``share`` of, or a ``whole`` of its own.

The breakdown of a total by one column is whole: its groups add up to it. completed, removed and open of a cohort add up,
with those that never had the wait, to cohort_received.
"""
Row = tuple[object, ...]


def waits(
    built: Built,
    wait: str,
    as_at: date,
    groups: Iterable[str] = GROUPS,
    weeks: Sequence[int] = (18, 52),
) -> pd.DataFrame:
    """How long children of each group wait and how soon they are seen, weeks and per cent, with intervals.

    Measures: ``mean_weeks_open`` (t interval) and ``median_weeks_open`` (order statistics) of the waits open on ``as_at``;
    ``median_weeks_completed`` of those completed in the 364 days to it; ``seen_within_<w>_weeks_pct``: the share that would be
    seen within w weeks if things stay as in those 364 days (period table, removals competing; `survival.seen_by`). The
    total has an empty group; a group with nobody has an empty value and n = 0. n: the children behind the value.
    """
    rows = built.waits[built.waits["wait"] == wait]
    found: list[Row] = []
    for label, part in _parts(rows, groups):
        found += _of_group(part, as_at, weeks, (built.pathway, wait), label)
    return _frame(found)


def apart(rows: pd.DataFrame) -> list[float]:
    """How likely chance alone sets each group of one measure so far from all other children (0 to 1); NaN for the total.

    ``rows``: of `waits`, one measure and column with its total (N children). The n of a group leave N - n others, whose value
    is (N total - n group) / (N - n) and whose standard error is that of the total times sqrt(N / (N - n)); normal.
    """
    from scipy.stats import norm

    n, value = rows["n"].to_numpy(float), rows["value"].to_numpy(float)
    error = (rows["high"] - rows["low"]).to_numpy(float) / (2 * norm.ppf(0.975))
    at = int(np.flatnonzero(rows["group"] == "")[0])
    others = n[at] - n
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = (n[at] * value[at] - n * value) / others
        z = (value - rest) / np.hypot(error, error[at] * np.sqrt(n[at] / others))
    return [
        float(one) if o > 0 else math.nan
        for one, o in zip(2 * norm.sf(abs(z)), others, strict=True)
    ]


def _of_group(
    part: pd.DataFrame, as_at: date, weeks: Sequence[int], of: tuple[str, str], label: str
) -> list[Row]:
    day = (as_at - date(1970, 1, 1)).days
    start, stop = day_numbers(part["start"]), day_numbers(part["stop"])
    done = part["completed"].to_numpy(dtype=bool)
    open_ = np.sort(day - start[(start <= day) & (stop > day)]) / 7
    seen = np.sort((stop - start)[done & (stop <= day) & (stop > day - 364)]) / 7
    first, last = (as_at - timedelta(days=363)).isoformat(), as_at.isoformat()

    def row(name: str, begin: str, three: Sequence[float], unit: str, n: int) -> Row:
        return (*of, name, label, begin, last, *three, unit, pd.NA, pd.NA, n)

    found = [
        row("mean_weeks_open", "", _mean(open_), "weeks", len(open_)),
        row("median_weeks_open", "", _median(open_), "weeks", len(open_)),
        row("median_weeks_completed", first, _median(seen), "weeks", len(seen)),
    ]
    days, cause, entry = survival.in_period(part, as_at, 364)
    shares = survival.seen_by(days, cause, [7 * w for w in weeks], entry)
    for w, one in zip(weeks, shares.itertuples(index=False), strict=True):
        name = f"seen_within_{w}_weeks_pct"
        found.append(row(name, first, (one.seen, one.low, one.high), "percent", len(days)))
    return found


def cohorts(
    built: Built,
    pathway: Pathway,
    wait: str,
    as_at: date,
    weeks: Sequence[int] = (20, 40, 52),
    groups: Iterable[str] = (),
) -> pd.DataFrame:
    """The share (per cent) of each calendar year's starts seen by 20, 40 and 52 weeks, open waits counted as long as known.

    Measure ``cohort_seen_<w>_weeks_pct``; period: the year of the clock start, up to ``as_at``. n: the children who started.
    Aalen-Johansen: removals compete, open waits are censored on ``as_at``. NaN where no child could yet wait so long. It does
    not hide two humps behind one middle: none of 330 plans taking 22 to 34 weeks shows as two equal shares. Years that begin
    before the history is complete are left out: a survivors' sample.
    """
    complete = _complete_from(built, pathway)
    rows = built.waits[
        (built.waits["wait"] == wait) & (built.waits["start"] <= pd.Timestamp(as_at))
    ]
    found: list[Row] = []
    for label, part in _parts(rows, groups):
        for year, cohort in part.groupby(part["start"].dt.year, sort=True):
            if date(int(year), 1, 1) < complete:
                continue
            days, cause = _ended(cohort, as_at)
            last = min(date(int(year), 12, 31), as_at).isoformat()
            for one in survival.seen_by(days, cause, [7 * w for w in weeks]).itertuples(
                index=False
            ):
                name = f"cohort_seen_{int(one.day) // 7}_weeks_pct"
                found.append(
                    (built.pathway, wait, name, label, f"{year}-01-01", last, one.seen, one.low,
                     one.high, "percent", pd.NA, pd.NA, len(days))
                )  # fmt: skip
    return _frame(found)


def _ended(rows: pd.DataFrame, as_at: date) -> tuple[np.ndarray, np.ndarray]:
    """Days waited up to as_at and why the wait ended by then (empty: open)."""
    day = (as_at - date(1970, 1, 1)).days
    start, stop = day_numbers(rows["start"]), day_numbers(rows["stop"])
    why = np.where(rows["completed"].to_numpy(dtype=bool), "completed", "removed")
    return np.minimum(stop, day) - start, np.where(stop > day, "", why)


def conversion(
    built: Built, pathway: Pathway, first: date, last: date, as_at: date
) -> pd.DataFrame:
    """What became, by ``as_at``, of the referrals received from ``first`` to ``last``: the funnel of the pathway's waits.

    ``cohort_received`` (a count), ``cohort_rejected_pct``, and for each wait the share of those received that have completed it,
    left it otherwise, or are still in it (``cohort_<wait>_completed_pct`` ...), each with its Wilson interval. Referral ->
    assessment -> support for a pathway of stages. Linked duplicates and history are no referrals. What is open may still come.
    Raises `Refused` for a period that begins before the history is complete.
    """
    if first < _complete_from(built, pathway):
        raise Refused(
            f"{built.pathway}: the referrals of {first} are a survivors' sample: choose a later first day"
        )
    counted = built.referrals["duplicate_of"].to_numpy() < 0
    if pathway.history is not None:
        history = built.referrals[pathway.history.column].isin(pathway.history.values)
        counted &= ~history.to_numpy()
    inside = (built.referrals["start"] >= pd.Timestamp(first)) & (
        built.referrals["start"] <= pd.Timestamp(last)
    )
    cohort = built.referrals[counted & inside.to_numpy()]
    n, at = len(cohort), pd.Timestamp(as_at)
    span = (first.isoformat(), last.isoformat())
    received = (built.pathway, "", "cohort_received", "", *span, float(n), math.nan, math.nan)
    found: list[Row] = [(*received, "count", pd.NA, pd.NA, n)]

    def add(wait: str, name: str, count: int) -> None:
        found.append(_share_row((built.pathway, wait), name, "", span, count, n))

    if pathway.rejected is not None and pathway.rejected in cohort:
        add("", "cohort_rejected_pct", int((cohort[pathway.rejected] <= at).sum()))
    for wait in pathway.waits:
        rows = built.waits[built.waits["wait"] == wait.name]
        rows = rows[rows["record"].isin(cohort["record"]) & (rows["start"] <= at)]
        _, why = _ended(rows, as_at)
        for word, cause in (("completed", "completed"), ("removed", "removed"), ("open", "")):
            add(wait.name, f"cohort_{wait.name}_{word}_pct", int((why == cause).sum()))
    return _frame(found)


def re_referrals(built: Built, pathway: Pathway, first: date, last: date) -> pd.DataFrame:
    """The share (per cent) of the referrals of a period that came within 365 days after the child's last closure: one row.

    ``re_referrals_pct`` with its Wilson interval; linked duplicates and history are no referrals.
    """
    rows = built.referrals[built.referrals["duplicate_of"] < 0]
    if pathway.history is not None:
        rows = rows[~rows[pathway.history.column].isin(pathway.history.values)]
    rows = rows[(rows["start"] >= pd.Timestamp(first)) & (rows["start"] <= pd.Timestamp(last))]
    again = int(rows["re_referral_days"].le(365).fillna(False).sum())
    span = (first.isoformat(), last.isoformat())
    return _frame([_share_row((built.pathway, ""), "re_referrals_pct", "", span, again, len(rows))])


def ageing_out(
    built: Built, pathway: Pathway, wait: str, as_at: date, weeks: Sequence[int] = (26, 52)
) -> pd.DataFrame:
    """How many open waits reach the next birthday that ends the service (`Pathway.leaves_at`) within so many weeks.

    Birth dates are not kept, whole years of age at the clock start are: ``value`` is the number expected when birthdays are
    spread evenly over the year, ``low`` those who certainly reach it, ``high`` those who may. Children past the last birthday
    already are not counted; unknown ages neither. n: open waits with a known age. Empty for a pathway without limits.
    """
    if not weeks or min(weeks) < 1:
        raise Refused("ageing out: give whole weeks ahead, 1 or more")
    rows = built.waits[built.waits["wait"] == wait]
    at = pd.Timestamp(as_at)
    rows = rows[(rows["start"] <= at) & ~(rows["stop"] <= at)]
    records = built.referrals.set_index("record")
    age = records["age"].reindex(rows["record"]).astype("Float64").to_numpy(float, na_value=np.nan)
    since = at - records["start"].reindex(rows["record"]).reset_index(drop=True)
    youngest = age + since.dt.days.to_numpy() / 365.25  # today the child is up to a year older
    youngest = youngest[~np.isnan(youngest)]
    found: list[Row] = []
    for ahead in weeks if pathway.leaves_at else ():
        certain = possible = expected = 0.0
        for limit in pathway.leaves_at:
            chance = np.clip(youngest + 1 + 7 * ahead / 365.25 - limit, 0, 1)
            chance = chance - np.clip(youngest + 1 - limit, 0, 1)
            expected += float(chance.sum())
            certain += int((chance > 1 - 1e-9).sum())
            possible += int((chance > 1e-9).sum())
        found.append(
            (built.pathway, wait, f"ageing_out_{ahead}_weeks", "", "", as_at.isoformat(), expected,
             certain, possible, "count", pd.NA, pd.NA, len(youngest))
        )  # fmt: skip
    return _frame(found)


def _complete_from(built: Built, pathway: Pathway) -> date:
    """The day from which every referral is on record: `Pathway.complete_from`, else the earliest clock stop."""
    if pathway.complete_from is not None:
        return pathway.complete_from
    first = built.waits["stop"].min()
    return date.max if pd.isna(first) else first.date()


def _parts(rows: pd.DataFrame, groups: Iterable[str]) -> Iterable[tuple[str, pd.DataFrame]]:
    yield "", rows
    for column in groups:
        if column in rows and set(rows[column].astype(str)) - {"unknown"}:
            for value, part in rows.groupby(rows[column].astype(str), sort=True):
                yield f"{column}={value}", part


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    """The mean with its t interval; NaN of nobody, no interval of one."""
    from scipy.stats import t

    n = len(values)
    if not n:
        return math.nan, math.nan, math.nan
    mean = float(values.mean())
    if n == 1:
        return mean, math.nan, math.nan
    half = float(values.std(ddof=1)) / math.sqrt(n) * float(t.ppf(0.975, n - 1))
    return mean, mean - half, mean + half


def _median(values: np.ndarray) -> tuple[float, float, float]:
    """The median of sorted values with the order statistics that hold it 95 times in 100; none under six values."""
    from scipy.stats import binom

    n = len(values)
    if not n:
        return math.nan, math.nan, math.nan
    below = int(binom.ppf(0.025, n, 0.5)) - 1
    ends = (
        (float(values[below]), float(values[n - 1 - below])) if below >= 0 else (math.nan, math.nan)
    )
    return float(np.median(values)), *ends


def _share_row(
    of: tuple[str, str], name: str, group: str, span: tuple[str, str], count: int, n: int
) -> Row:
    one = share(count, n)
    return (*of, name, group, *span, one.value, one.low, one.high, "percent", count, n, n)


def _frame(rows: list[Row]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"numerator": "Int64", "denominator": "Int64", "n": "Int64"})
