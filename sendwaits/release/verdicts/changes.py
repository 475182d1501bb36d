"""Like-for-like comparisons with intervals: a year with the year before, shares, and groups beside each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.rates import Interval, false_discovery, share, share_difference
from sendwaits.release.key import Key, text
from sendwaits.release.verdicts.verdict import Level, chance

__all__ = ["Change", "groups", "last_year", "ratio", "year_to_date"]


class Change(NamedTuple):
    """Two equal stretches of one series: their levels, the change (counts: per cent; shares: points), its chance."""

    now: Level
    base: Level
    months: int
    change: Interval
    p: float

    @property
    def chance(self) -> str:
        """How often chance alone does as much, in words."""
        return chance(self.p)


def ratio(now: float, base: float, dispersion: float = 1.0, confidence: float = 0.95) -> Interval:
    """now / base with its exact interval (given their sum the first is binomial); base 0: infinite.

    ``dispersion``: variance over mean of the series; above 1 the counts weigh that much less. Source: Clopper and
    Pearson 1934, R ``poisson.test``; quasi-Poisson scaling as McCullagh and Nelder 1989, 6.2.3.
    """
    from scipy.special import betaincinv

    if now < 0 or base < 0 or not dispersion >= 1:
        raise Refused("ratio: counts are 0 or more, the dispersion 1 or more")
    if not now + base:
        return Interval(math.nan, 0.0, math.inf)
    x, y, tail = now / dispersion, base / dispersion, (1 - confidence) / 2
    low = float(betaincinv(x, y + 1, tail)) if x else 0.0
    high = float(betaincinv(x + 1, y, 1 - tail)) if y else 1.0
    odds = [p / (1 - p) if p < 1 else math.inf for p in (low, high)]
    return Interval(now / base if base else math.inf, *odds)


def last_year(rows: pd.DataFrame, months: int = 12) -> Change | None:
    """The last ``months`` months of a released flow or share against the same months of the year before.

    ``rows``: one series in periods of one grain. None where either stretch is not wholly there.
    """
    rows = rows.sort_values("period_end")
    if not len(rows):
        return None
    end = rows["period_end"].iloc[-1]
    start = (end + pd.Timedelta(days=1)) - pd.DateOffset(months=months)
    return _change(rows, start, end, months)


def year_to_date(rows: pd.DataFrame) -> Change | None:
    """January to the newest month against the same months of the year before."""
    rows = rows.sort_values("period_end")
    if not len(rows):
        return None
    end = rows["period_end"].iloc[-1]
    return _change(rows, end.replace(month=1, day=1), end, end.month)


def _change(
    rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp, months: int
) -> Change | None:
    year = pd.DateOffset(years=1)
    before_end = (end + pd.Timedelta(days=1)) - year - pd.Timedelta(days=1)
    stretches = [_stretch(rows, start, end), _stretch(rows, start - year, before_end)]
    if any(s is None for s in stretches):
        return None
    (now, n_now), (base, n_base) = (s for s in stretches if s is not None)
    if rows["unit"].iloc[0] == "percent":
        a, b = round(now.value * n_now / 100), round(base.value * n_base / 100)
        change = share_difference(a, n_now, b, n_base)
        se = _share_se(a, n_now, b, n_base)
        z = change.value / 100 / se if se else 0.0
    else:
        found = ratio(now.value, base.value, _dispersion(rows))
        change = Interval(*(100 * (v - 1) for v in (found.value, found.low, found.high)))
        total = (now.value + base.value) * _dispersion(rows)
        z = max(abs(now.value - base.value) - 1, 0) / math.sqrt(total) if total else 0.0
    return Change(now, base, months, change, math.erfc(abs(z) / math.sqrt(2)))


def _share_se(a: int, n: int, b: int, m: int) -> float:
    pooled = (a + b) / max(n + m, 1)
    return math.sqrt(pooled * (1 - pooled) * (1 / max(n, 1) + 1 / max(m, 1)))


def _dispersion(rows: pd.DataFrame) -> float:
    from sendwaits.release.verdicts.spread import floor_of, variance
    from sendwaits.release.verdicts.windows import blocks

    block = next(iter(blocks(rows)), None)
    if block is None:
        return 1.0
    floor = floor_of(block.part, block.weight, "count")
    return float((variance(block.part, block.weight, floor, block.year, block.year) / floor)[0])


def _stretch(
    rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[Level, int] | None:
    part = rows[(rows["period_start"] >= start) & (rows["period_end"] <= end)]
    whole = (
        len(part) and part["period_start"].iloc[0] == start and part["period_end"].iloc[-1] == end
    )
    if not whole or part["form"].isin(["c"]).any():
        return None
    first = part.iloc[0]
    key = Key(
        first["pathway"], first["wait"], f"level:{first['measure']}", first["group"],
        text(start), text(end),
    )  # fmt: skip
    if first["unit"] == "percent":
        n = int(part["denominator"].sum())
        return (Level(100 * part["numerator"].sum() / n, key), n) if n else None
    return Level(float(part["value"].sum()), key), 0


def groups(counts: pd.DataFrame, rate: float = 0.05) -> pd.DataFrame:
    """Each group's share beside that of all others, per cent: ``group, share, low, high, rest, p, q, verdict``.

    ``counts``: ``group, numerator, denominator``. Intervals are Wilson's, p Fisher's exact against all the others, q the
    false-discovery rate over the groups; ``verdict``: higher or lower where q is at most ``rate``, else "".
    """
    from scipy.stats import fisher_exact

    a, n = counts["numerator"].to_numpy(int), counts["denominator"].to_numpy(int)
    ends = [share(int(x), int(m)) for x, m in zip(a, n, strict=True)]
    others, rest = n.sum() - n, a.sum() - a
    p = [
        float(fisher_exact([[x, m - x], [r, o - r]])[1]) if m and o else math.nan
        for x, m, r, o in zip(a, n, rest, others, strict=True)
    ]
    q = np.array(false_discovery(p))
    values = np.array([e.value for e in ends])
    with np.errstate(invalid="ignore", divide="ignore"):
        beside = 100 * rest / others
    clear = np.where(q <= rate, np.where(values > beside, "higher", "lower"), "")
    return pd.DataFrame(
        {
            "group": counts["group"].to_numpy(), "share": values,
            "low": [e.low for e in ends], "high": [e.high for e in ends],
            "rest": beside, "p": p, "q": q, "verdict": clear,
        }
    )  # fmt: skip
