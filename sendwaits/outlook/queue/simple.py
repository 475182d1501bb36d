"""Three forecasts anybody can make by hand: no change, the stock-flow sheet, clearance time. What the simulation must beat."""

from __future__ import annotations

import numpy as np

__all__ = ["METHODS", "Waits", "observed", "simple"]

METHODS = ("no change", "stock-flow sheet", "clearance time")
PACE_WEEKS = 26
_FAR = np.iinfo(np.int64).max // 2


class Waits:
    """One wait as whole days: ``start``, ``stop`` (far ahead while open) and ``done`` (completed, not removed)."""

    def __init__(self, start: np.ndarray, stop: np.ndarray, done: np.ndarray) -> None:
        day = lambda x: np.where(  # noqa: E731
            np.isnat(x.astype("datetime64[D]")), _FAR, x.astype("datetime64[D]").astype("int64")
        )
        self.start, self.stop, self.done = day(start), day(stop), done.astype(bool)


def observed(
    waits: Waits, day: int, over_days: tuple[int, ...], standard: int | None
) -> dict[str, float]:
    """The measures of the forecast as they were at the end of ``day``: counts, weeks, per cent; NaN where undefined."""
    here = (waits.start <= day) & (waits.stop > day)
    age = day - waits.start[here]
    out = {"waiting": float(len(age))}
    out |= {f"waiting_over_{d // 7}_weeks": float((age > d).sum()) for d in over_days}
    out["mean_weeks_open"] = float(age.mean() / 7) if len(age) else np.nan
    if standard is not None:
        late = waits.done & (waits.stop <= day) & (waits.stop > day - 91)
        took = (waits.stop - waits.start)[late]
        out["within_standard_pct"] = float(100 * (took <= standard).mean()) if len(took) else np.nan
    return out


def simple(
    waits: Waits,
    day: int,
    horizons: tuple[int, ...],
    over_days: tuple[int, ...] = (126, 364),
    standard: int | None = None,
) -> dict[tuple[str, str, int], float]:
    """(method, measure, weeks ahead) -> point forecast made at the end of ``day``; ``new_child_wait_weeks`` at 0 weeks.

    No change: today's value. Stock-flow sheet: today's value and, for each week ahead, the mean weekly change of the last
    26 (for the list: in less out). Clearance time: as many as came and went a week in the last 26, first come first seen:
    all who wait came in the last list / in weeks, and a child referred today waits list / out weeks. The share within the
    standard has no sheet: all three carry it forward.
    """
    now, before = (observed(waits, d, over_days, standard) for d in (day, day - 7 * PACE_WEEKS))
    since = day - 7 * PACE_WEEKS
    into = ((waits.start > since) & (waits.start <= day)).sum() / PACE_WEEKS
    out = ((waits.stop > since) & (waits.stop <= day)).sum() / PACE_WEEKS
    found: dict[tuple[str, str, int], float] = {}
    for h in horizons:
        size = max(now["waiting"] + h * (into - out), 0.0)
        for measure, value in now.items():
            rate = 0.0 if measure == "within_standard_pct" else (value - before[measure])
            slope = 0.0 if np.isnan(rate) else rate / PACE_WEEKS
            cleared = value
            if measure == "waiting":
                slope, cleared = into - out, size
            elif measure == "mean_weeks_open":
                cleared = size / (2 * into) if into else value
            elif measure.startswith("waiting_over_"):
                cleared = max(size - into * int(measure.split("_")[2]), 0.0)
            sheet = max(value + h * slope, 0.0)
            for method, guess in zip(METHODS, (value, sheet, cleared), strict=True):
                found[method, measure, h] = guess
    last = waits.stop[waits.done & (waits.stop <= day) & (waits.stop > day - 91)]
    took = (waits.stop - waits.start)[waits.done & (waits.stop <= day) & (waits.stop > day - 91)]
    wait = float(np.median(took) / 7) if len(last) else np.nan
    clear = now["waiting"] / out if out else np.nan
    for method, guess in zip(METHODS, (wait, clear, clear), strict=True):
        found[method, "new_child_wait_weeks", 0] = guess
    return found
