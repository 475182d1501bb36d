"""Monthly totals twelve months ahead with honest intervals, and the back-test that says whether to believe them.

The forecast is the mean of the quantiles of two banks of structural filters (on the square root and on the fourth root), widened or
narrowed by what the series' own past intervals missed. Where plain naive did better in the back-test, naive is used and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendwaits.errors import Refused
from sendwaits.intake import monthly
from sendwaits.outlook.backtest import LEVELS, NORMAL, block_of, score_table, seasonal_step, winner
from sendwaits.outlook.filters import Bank, bank, predict, walk
from sendwaits.threads import one_thread
from sendwaits.workspace import Workspace

__all__ = ["forecast", "backtest", "each", "plain", "FORECAST_COLUMNS"]

Array = NDArray[np.float64]

FORECAST_COLUMNS = [
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
]
QUANTILES = ["p10", "p25", "p50", "p75", "p90"]

MEMORY_MONTHS = 120
"""Older months no longer speak: a service of ten years ago is another service."""
FIRST_ORIGIN = 12
ORIGINS = 36
"""Origins of the back-test: the last three years of months."""
FEWEST_ORIGINS = 6
"""Fewer past forecasts than this cannot overrule the ensemble."""
ADAPT_MONTHS = 10.0
"""Past forecasts (old ones discounted) after which a series' own misses weigh as much as the pooled widths."""
MISS_MEMORY = 0.95
"""What a miss weighs a month later: the calm after a shock is learnt within a year or two."""

ROAM_POWER = 0.1
"""How much wider the intervals of a series that roams (a list) than of one that does not (referrals): see `_roaming`."""

WIDTHS = np.array(
    [
        [0.87, 0.79, 1.00, 0.92, 0.99],
        [0.98, 0.80, 1.00, 0.95, 1.03],
        [0.95, 0.74, 1.00, 1.03, 1.11],
    ]
)
"""Pooled conformal factors: what the normal widths of p10, p25, p50, p75, p90 are multiplied by, a row per block of BLOCKS.

Made by benchmarks/series_widths.py from 934 origins of eight kinds of monthly series (published health series before and after
the pandemic, the monthly series that ship with R, thinned copies and made-up counts), none of the held-out third among them, and
widened by 3 % for kinds not in the pool. Factors only: no series is in the package.
"""


@dataclass(frozen=True)
class _Past:
    """One member's forecasts from every origin: mean and standard deviation of the root, one row per origin, a column per month."""

    root: Array
    mean: Array
    sd: Array
    power: float
    unit: float
    offset: float

    def quantiles(self, stretch: Array) -> Array:
        """Origin x month x level in the units of the series, each width times ``stretch`` (same shape), never below 0."""
        value = np.maximum(self.mean[..., None] + self.sd[..., None] * NORMAL * stretch, 0.0)
        return np.maximum(value ** (1 / self.power) * self.unit - self.offset, 0.0)


@dataclass(frozen=True)
class _Rolling:
    """Quantiles of every method from every origin (origin x month x level); the last origin is the forecast."""

    values: Array
    origins: NDArray[np.int64]
    quantiles: dict[str, Array]


def _member(
    values: Array,
    first_month: int,
    origins: NDArray[np.int64],
    months: int,
    power: float,
    filters: Bank,
) -> _Past:
    """Forecasts of one bank on one root of the series, as a share of its mean so that thousands and dozens are alike."""
    unit = float(values.mean()) or 1.0
    offset = 0.5 * min(1.0, unit) if power < 0.5 else 0.0
    root = ((values + offset) / unit) ** power
    mean, sd = predict(root, first_month, origins, months, filters)
    return _Past(root, mean, sd, power, unit, offset)


def _stretch(past: _Past, origins: NDArray[np.int64]) -> Array:
    """What each width is multiplied by: the pooled table times the series' own misses as known at each origin, shrunk to 1.

    A miss is |actual - mean| / sd of an earlier forecast, at most 4; its average over a normal is sqrt(2/pi). An origin ``o`` uses
    only misses of months before ``o``.
    """
    n, months = len(past.root), past.mean.shape[1]
    roam = _roaming(past.root, origins) ** ROAM_POWER
    block = block_of(np.arange(1, months + 1))
    target = origins[:, None] + np.arange(months)
    known = (target < n) & (np.arange(months) < 12)
    miss = np.minimum(np.abs(past.root[np.minimum(target, n - 1)] - past.mean) / past.sd, 4.0)
    lost = MISS_MEMORY ** np.arange(n + 1.0)
    out = np.empty((len(origins), months, len(LEVELS)))
    for b, widths in enumerate(WIDTHS):
        cell = known & (block == b)
        total, seen = (
            (np.bincount(target[cell] + 1, weights=w, minlength=n + 1) / lost).cumsum()[origins]
            * lost[origins]
            for w in (miss[cell], np.ones(int(cell.sum())))
        )
        ratio = np.where(
            seen > 0,
            np.maximum(total / np.where(seen > 0, seen, 1.0) / np.sqrt(2 / np.pi), 0.05),
            1.0,
        )
        weight = seen / max(1, int((block[:12] == b).sum()))
        own = ratio ** (weight / (weight + ADAPT_MONTHS))
        out[:, block == b] = (own * roam)[:, None, None] * widths
    return out


def _roaming(root: Array, origins: NDArray[np.int64]) -> Array:
    """Mean change over a year / over a month as known at each origin, at least 1/4: about 1 for flows, above for lists that roam."""

    def mean_step(lag: int) -> Array:
        total = np.concatenate([np.zeros(lag + 1), np.abs(root[lag:] - root[:-lag]).cumsum()])[
            : len(root) + 1
        ]
        return np.asarray(total[origins] / np.maximum(origins - lag, 1))

    month = mean_step(1)
    ratio = np.maximum(mean_step(12) / np.where(month > 0, month, 1.0), 0.25)
    return np.where((origins > 12) & (month > 0), ratio, 1.0)


def _seasonal_naive(values: Array, origins: NDArray[np.int64], months: int) -> Array:
    """Quantiles of the same month a year before, as wide as past changes over a year (over a month in the first year)."""
    root = np.sqrt(values)
    out = np.empty((len(origins), months, len(LEVELS)))
    for i, o in enumerate(origins):
        lag = 12 if o > 12 else 1
        step = root[lag:o] - root[: o - lag]
        spread = float(np.sqrt(np.mean(step**2))) if len(step) else 0.0
        years = np.sqrt(np.arange(months) // lag + 1.0)
        centre = np.resize(root[max(0, o - lag) : o], months)
        out[i] = np.maximum(centre[:, None] + spread * years[:, None] * NORMAL, 0.0) ** 2
    return out


def _rolling(values: Array, first_month: int, months: int) -> _Rolling:
    """Every forecast there was to make from the 13th month on, and the one to make now."""
    if len(values) > MEMORY_MONTHS:
        first_month += len(values) - MEMORY_MONTHS
        values = values[-MEMORY_MONTHS:]
    n, ahead = len(values), max(months, 12)
    origins = np.arange(min(FIRST_ORIGIN, n), n + 1)
    filters = bank()
    roots = [_member(values, first_month, origins, ahead, power, filters) for power in (0.5, 0.25)]
    last = _member(values, first_month, origins, ahead, 0.5, walk())
    stretch = _stretch(roots[0], origins)
    quantiles = {
        "ensemble": np.mean([r.quantiles(stretch) for r in roots], axis=0),
        "naive": last.quantiles(_stretch(last, origins)),
        "seasonal naive": _seasonal_naive(values, origins, ahead),
    }
    return _Rolling(values, origins, quantiles)


def _table(rolling: _Rolling) -> pd.DataFrame:
    """The back-test over the last ORIGINS origins before the end of the series."""
    values, n = rolling.values, len(rolling.values)
    tested = slice(max(0, len(rolling.origins) - 1 - ORIGINS), len(rolling.origins) - 1)
    origins = rolling.origins[tested]
    target = origins[:, None] + np.arange(12)
    actual = np.where(target < n, values[np.minimum(target, n - 1)], np.nan)
    scale = np.array([seasonal_step(values[:o]) for o in origins])
    return score_table({k: q[tested, :12] for k, q in rolling.quantiles.items()}, actual, scale)


@one_thread()
def backtest(series: pd.Series) -> pd.DataFrame:
    """Errors of ensemble, naive and seasonal naive over the last 36 origins: one row per method and horizon block (and ``all``).

    Each origin knows only the months before it. mase, crps and winkler are in units of the mean change over a year as known at the
    origin. Empty under 13 months. Columns: method, horizon, n, mae, mase, crps, coverage_80_pct, winkler.
    Errors: as `forecast`. Source: Tashman, Out-of-sample tests of forecasting accuracy (2000).
    """
    values, first = _checked(series)
    return _table(_rolling(values, first.ordinal, 12))


def forecast(series: pd.Series, months: int = 12, upper: float = np.inf) -> pd.DataFrame:
    """The next months of a monthly series, in its own unit: one row per month with mean, p10, p25, p50, p75, p90 and note.

    ``series`` is indexed by month (PeriodIndex or dates), every month present; ``upper`` caps what cannot be exceeded (100 for
    percentages). mean = 0.3 p10 + 0.4 p50 + 0.3 p90 (Swanson). Never below 0. Under 24 months the note says that it is rough. When
    plain naive had the smaller CRPS in the back-test, its forecast and interval are returned and the note says so.
    Errors: Refused for an empty series, a missing month, a value below 0 or not a number.
    """
    if months < 1:
        raise Refused("months: give a whole number of months ahead, 1 or more")
    values, first = _checked(series)
    rolling = _rolling(values, first.ordinal, months)
    table = _table(rolling)
    overruled = (
        len(rolling.origins) > FEWEST_ORIGINS
        and winner(table[table["method"] != "seasonal naive"]) == "naive"
    )
    used = "naive" if overruled else "ensemble"
    quantiles = np.minimum(np.sort(rolling.quantiles[used][-1, :months], axis=1), upper)
    out = pd.DataFrame(
        quantiles,
        columns=QUANTILES,
        index=pd.period_range(first + len(values), periods=months, freq="M", name="month"),
    )
    out.insert(0, "mean", out[["p10", "p50", "p90"]].to_numpy() @ np.array([0.3, 0.4, 0.3]))
    out["note"] = _note(used, table, len(values))
    return out


def _note(used: str, table: pd.DataFrame, n: int) -> str:
    """In words: which method was used, how it did in its back-test, and whether the series is short."""
    words = [f"{used} forecast"]
    whole = table[table["horizon"] == "all"].set_index("method")["crps"]
    if whole.empty:
        words.append("no back-test: fewer than 13 months")
    elif used == "naive":
        words.append("in the back-test naive (the last value) did better than the ensemble")
    else:
        less = {
            r: 100 * (1 - whole["ensemble"] / whole[r]) if whole[r] > 0 else 0.0
            for r in ("naive", "seasonal naive")
        }
        shown = [
            f"{x:.0f} % below {r}" if x >= 0.5 else f"as large as {r}" if x > -0.5 else f"above {r}"
            for r, x in less.items()
        ]
        words.append("back-test error " + ", ".join(shown))
        if min(less.values()) <= -0.5:
            words.append(f"{min(less, key=lambda r: less[r])} did better in the back-test")
    if n < 24:
        words.append(f"short series: {n} months, under 24, a rough guide")
    return "; ".join(words)


def _checked(series: pd.Series, name: str = "") -> tuple[Array, pd.Period]:
    """The values and the first month of a complete series in month order; Refused names the measure and the month, no value."""
    label = f"{name}: " if name else ""
    if not len(series):
        raise Refused(f"{label}no month to forecast from")
    month = pd.PeriodIndex(series.index, freq="M")
    values = series.to_numpy(dtype="float64")
    order = np.argsort(month.astype("int64"), kind="stable")
    month, values = month[order], values[order]
    steps = np.diff(month.astype("int64"))
    if (steps == 0).any():
        raise Refused(
            f"{label}month {month[int(np.argmax(steps == 0))]} is there twice: keep one value"
        )
    if (steps > 1).any():
        raise Refused(
            f"{label}month {month[int(np.argmax(steps > 1))] + 1} is missing: a forecast needs every month, add it"
        )
    if not np.isfinite(values).all():
        raise Refused(
            f"{label}month {month[int(np.argmin(np.isfinite(values)))]} has no number: a forecast needs every month, add it"
        )
    if (values < 0).any():
        raise Refused(
            f"{label}month {month[int(np.argmax(values < 0))]} is below 0: totals that can be negative are not forecast"
        )
    return values, month[0]


@one_thread()
def plain(
    workspace: Workspace, as_at: date, measures: str | Iterable[str] = "ALL", months: int = 12
) -> pd.DataFrame:
    """`each`, with every measure forecast. Errors: Refused as `each`, and for a gap, naming each measure and month."""
    table, troubles = each(workspace, as_at, measures, months)
    if troubles:
        raise Refused(" ".join(troubles.values()))
    return table


def each(
    workspace: Workspace, as_at: date, measures: str | Iterable[str] = "ALL", months: int = 12
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The forecast rows of the plain series, and why a measure has none: {measure: what is wrong and what to do}.

    One row per measure and month after its last known month, in the contract's columns. Months after `as_at` are ignored, and
    the month of `as_at` too unless `as_at` is its last day. ``measures``: ``ALL``, one name or several. pathway, wait,
    horizon_weeks and probability are empty, target_date is the last day of the month, scenario baseline. A gap keeps its own
    measure out, no other; so does a file that is refused. Errors: Refused for an unknown measure and a folder without series.
    """
    rows, files = monthly.read_all(workspace)
    have = list(dict.fromkeys(rows["measure"]))
    wanted = (
        have
        if isinstance(measures, str) and measures.lower() == "all"
        else [measures]
        if isinstance(measures, str)
        else list(measures)
    )
    unknown = [m for m in wanted if m not in have]
    if not have and files:
        raise Refused("\n".join(files.values()))
    if not have:
        raise Refused(
            "data/raw: no series_*.csv with a monthly total: add one with the headings month, measure, value, unit, note"
        )
    if unknown:
        raise Refused(
            f"Series '{unknown[0]}': no such measure in data/raw/series_*.csv, which has {', '.join(have[:20])}"
        )
    today = pd.Period(as_at, freq="M")
    last = today if as_at == today.end_time.date() else today - 1
    known = rows[pd.PeriodIndex(rows["month"], freq="M") <= last].drop_duplicates(
        ["measure", "month", "value"]
    )
    tables, troubles = [pd.DataFrame(columns=FORECAST_COLUMNS)], dict(files)
    for measure in wanted:
        try:
            part = known[known["measure"] == measure]
            tables.append(_printed(measure, part, months, last))
        except Refused as refused:
            troubles[measure] = str(refused)
    return pd.concat(tables[1:] or tables, ignore_index=True), troubles


def _printed(measure: str, rows: pd.DataFrame, months: int, last: pd.Period) -> pd.DataFrame:
    """One measure's forecast in the contract's columns."""
    series = pd.Series(rows["value"].to_numpy(), index=pd.PeriodIndex(rows["month"], freq="M"))
    if series.empty:
        raise Refused(f"{measure}: no month up to {last}: nothing to forecast from")
    _checked(series, measure)
    percent = rows["unit"].str.lower().isin(["percent", "%"]).all() and bool((series <= 100).all())
    out = forecast(series, months, 100.0 if percent else np.inf)
    blanks: dict[str, Any] = {
        "pathway": "",
        "wait": "",
        "measure": measure,
        "horizon_weeks": pd.array([pd.NA] * len(out), dtype="Int64"),
        "scenario": "baseline",
        "probability": np.nan,
    }
    ends = pd.PeriodIndex(out.index).end_time.strftime("%Y-%m-%d")
    if series.index.max() < last:
        out["note"] += f"; the series ends in {series.index.max()}, the forecast starts after it"
    return out.reset_index(drop=True).assign(**blanks, target_date=ends)[FORECAST_COLUMNS]
