"""The forecast of a service as keyed numbers and as rows of a released frame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from sendwaits.release.key import COLUMNS, Key, text
from sendwaits.release.number import Number
from sendwaits.release.profile import Profile

__all__ = ["QUANTILES", "Ahead", "as_printed", "rows_of"]

QUANTILES = ("p10", "p25", "p50", "p75", "p90")
BASELINE = "baseline"


def unit_of(measure: str) -> str:
    """The unit of a forecast measure."""
    if measure.endswith("_pct") or measure == "p_target":
        return "percent"
    return "weeks" if "weeks" in measure and not measure.startswith("waiting") else "count"


def decimals_of(measure: str) -> int:
    """The decimals with which a page prints a quantile of the measure: one of shares, mean waits and capacity, else none."""
    fine = measure in ("mean_weeks_open", "capacity_needed_per_week")
    return int(fine or unit_of(measure) == "percent")


def as_printed(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The forecast (columns of CONTRACT section 4) with the decimals of a page, for files beside it; the analyst's is exact.

    Halves go up; a probability keeps two decimals, which are whole per cent.
    """
    if profile.exact or not len(frame):
        return frame
    scale = 10.0 ** frame["measure"].map(decimals_of)
    rounded = {c: _half_up(frame[c].astype(float), scale) for c in (*QUANTILES, "mean")}
    chance = frame["probability"].astype(float)
    return frame.assign(**rounded, probability=_half_up(chance, 100.0))


def _half_up(values: pd.Series, scale: Any) -> pd.Series:
    return (values * scale + 0.5).floordiv(1) / scale


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class Ahead:
    """Lookups in a forecast (columns of CONTRACT section 4). A key's group is the quantile, with "@scenario" when not the baseline."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.rows: dict[tuple[str, str, str], list[Any]] = {}
        for row in frame.itertuples(index=False):
            self.rows.setdefault((_text(row.wait), row.measure, row.scenario), []).append(row)
        self.scenarios = [s for s in dict.fromkeys(s for *_, s in self.rows) if s != BASELINE]

    def number(self, row: Any, quantile: str) -> Number:
        """One quantile (or "probability", "mean") of a forecast row; a probability as a percentage."""
        value = getattr(row, quantile)
        value = math.nan if value is None or value != value else float(value)
        measure, group = str(row.measure), quantile
        if row.scenario != BASELINE:
            group += f"@{row.scenario}"
        key = Key(
            row.pathway, _text(row.wait), f"forecast:{measure}", group, "", text(row.target_date)
        )
        if quantile == "probability":
            return Number(
                key, 100 * value, "percent", "z" if math.isnan(value) else "exact", decimals=0
            )
        form, places = "z" if math.isnan(value) else "exact", decimals_of(measure)
        return Number(key, value, unit_of(measure), form, decimals=places)

    def series(self, wait: str, measure: str, scenario: str = BASELINE) -> list[Any]:
        """The rows of one forecast, nearest first."""
        return self.rows.get((wait, measure, scenario), [])

    def on(self, wait: str, measure: str, when: date, scenario: str = BASELINE) -> Any | None:
        """The first weekly row on or after a date; the last one when all are before it."""
        rows = self.series(wait, measure, scenario)
        return next(
            (r for r in rows if text(r.target_date) >= when.isoformat()), rows[-1] if rows else None
        )

    def range(self, row: Any) -> tuple[Number, Number, Number]:
        """Low, middle and high (p10, p50, p90) of a row."""
        low, middle, high = (self.number(row, q) for q in ("p10", "p50", "p90"))
        return low, middle, high

    def chance(self, target: Any, scenario: str = BASELINE) -> Number:
        """The chance, in per cent, of meeting the target by its date; undefined when it was not simulated."""
        return self._of_target("p_target", "probability", target, scenario)

    def capacity(self, target: Any, scenario: str = BASELINE) -> Number:
        """Completions a week needed for an 80 % chance of the target."""
        found = self._of_target("capacity_needed_per_week", "p50", target, scenario)
        return (
            found
            if found.shown
            else self._of_target("capacity_needed_per_week", "mean", target, scenario)
        )

    def _of_target(self, measure: str, quantile: str, target: Any, scenario: str) -> Number:
        for row in self.series(target.wait, measure, scenario):
            same = text(row.target_date) == target.by.isoformat()
            if same and str(row.note).startswith(target.note):
                return self.number(row, quantile)
        key = Key(
            target.pathway, target.wait, f"forecast:{measure}", quantile, "", target.by.isoformat()
        )
        return Number(key, unit="percent" if measure == "p_target" else "count")

    def tidy(
        self, wanted: Iterable[tuple[str, str]] | None = None, scenario: str | None = BASELINE
    ) -> pd.DataFrame:
        """The quantiles as rows of a released frame: measure ``forecast:<measure>``, group the quantile (with "@scenario").

        ``wanted``: pairs of wait and measure; default all. ``scenario``: None for all of them.
        """
        frame = self.frame
        if scenario is not None and len(frame):
            frame = frame[frame["scenario"] == scenario]
        if wanted is not None and len(frame):
            pairs = set(wanted)
            here = zip(frame["wait"].fillna(""), frame["measure"], strict=True)
            frame = frame[[p in pairs for p in here]]
        numbers = [
            self.number(row, q)
            for row in frame.itertuples(index=False)
            for q in (*QUANTILES, "probability")
        ]
        return rows_of(n for n in numbers if n.shown)


def rows_of(numbers: Iterable[Number]) -> pd.DataFrame:
    """Numbers as rows of a released frame."""
    rows = [
        (
            *n.key[:4],
            pd.Timestamp(n.key.period_start) if n.key.period_start else pd.NaT,
            pd.Timestamp(n.key.period_end),
            n.value,
            n.unit,
            *(pd.NA if v is None else v for v in (n.numerator, n.denominator, n.n)),
            n.form,
        )
        for n in numbers
    ]
    whole = dict.fromkeys(("numerator", "denominator", "n"), "Int64")
    dates = dict.fromkeys(("period_start", "period_end"), "datetime64[us]")
    return pd.DataFrame(rows, columns=COLUMNS).astype({**whole, **dates, "value": float})
