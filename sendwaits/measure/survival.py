"""How long until a child is seen: open waits count, and children who leave unseen are competing removals.

Kaplan-Meier that censors the removals answers another question and overstates the share seen. Days in, whole days of
waiting; a child is at risk on the day itself, so a same-day completion is an event on day 0.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.rates import share

Days = npt.NDArray[np.int64]


def aalen_johansen(
    days: npt.ArrayLike,
    cause: npt.ArrayLike,
    entry: npt.ArrayLike | None = None,
    at: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """The share (0-1) still waiting and the share gone by each cause, one row per day on which any wait ended.

    Parameters
    ----------
    days
        Days waited until the wait ended or was last seen open.
    cause
        Why it ended, a word; empty while open.
    entry
        The first day of waiting on which it was under observation (left truncation); 0 when left out.
    at
        Days to report instead: the shares at the end of that day.

    Returns
    -------
    DataFrame
        `day, at_risk, waiting, waiting_se` (Greenwood) and one column per cause, in alphabetical order. The shares of
        a row add up to 1. `at_risk`: waits open and under observation at the start of the day.

    Raises
    ------
    Refused
        When a wait ends before it is observed.

    Source: Aalen and Johansen 1978; equals R survival's survfit for the transplant list to 1e-12.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    end = np.asarray(days, dtype=np.int64)
    why = np.asarray(cause, dtype=str)
    first = np.zeros_like(end) if entry is None else np.asarray(entry, dtype=np.int64)
    if np.any(end < first) or np.any(first < 0):
        raise Refused("survival: a wait ends before it is observed: leave it out, with a finding")
    causes = sorted(set(why) - {""})
    gone = why != ""
    if (
        gone.any()
    ):  # statsmodels: at risk when entry < day, so the day of entry itself needs one less
        fit = SurvfuncRight(end, gone, entry=first - 1)
        day, waiting, error = fit.surv_times.astype(np.int64), fit.surv_prob, fit.surv_prob_se
    else:
        day, waiting, error = (np.zeros(0, dtype) for dtype in (np.int64, float, float))
    at_risk = _at_risk(first, end, day)
    before = np.concatenate([[1.0], waiting[:-1]])[: len(day)]
    table = pd.DataFrame({"day": day, "at_risk": at_risk, "waiting": waiting, "waiting_se": error})
    for word in causes:
        ended = np.bincount(np.searchsorted(day, end[why == word]), minlength=len(day))
        table[word] = np.cumsum(before * ended / at_risk)
    if at is None:
        return table
    asked = np.asarray(at, dtype=np.int64)
    last = np.searchsorted(day, asked, "right") - 1
    nobody = {
        "day": 0,
        "at_risk": 0,
        "waiting": 1.0,
        "waiting_se": 0.0,
        **dict.fromkeys(causes, 0.0),
    }
    steps = pd.concat([pd.DataFrame([nobody]), table], ignore_index=True).iloc[last + 1]
    return steps.assign(day=asked, at_risk=_at_risk(first, end, asked)).reset_index(drop=True)


def seen_by(
    days: npt.ArrayLike,
    cause: npt.ArrayLike,
    at: npt.ArrayLike,
    entry: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """The share (per cent) seen by the end of each day ``at``, removals competing, with its 95 % interval: one row a day.

    Columns: `day, seen, low, high, waiting, removed`. ``cause``: ``completed``, ``removed`` or empty while open. The
    variance is the delta method's; of a complete cohort it is p (1 - p) / n. The interval is taken on log(-log p); of
    none or all it is Wilson's. Nobody, or a day that no child was observed to: NaN.

    Source: Marubini and Valsecchi 1995, section 10.2; Choudhury 2002 (interval).
    """
    table = aalen_johansen(days, cause, entry)
    for word in ("completed", "removed"):
        table[word] = table[word] if word in table else 0.0
    end = np.asarray(days, dtype=np.int64)
    rows = [_seen_on(table, int(day), len(end), int(end.max(initial=-1))) for day in np.asarray(at)]
    return pd.DataFrame(rows, columns=["day", "seen", "low", "high", "waiting", "removed"])


def _seen_on(table: pd.DataFrame, day: int, n: int, last: int) -> tuple[float, ...]:
    upto = table[table["day"] <= day]
    waiting = float(upto["waiting"].iloc[-1]) if len(upto) else 1.0
    if not n or (day > last and waiting > 1e-12):
        return (day, *[float("nan")] * 5)
    seen, removed = (
        float(upto[c].iloc[-1]) if len(upto) else 0.0 for c in ("completed", "removed")
    )
    if not 1e-12 < seen < 1 - 1e-12:
        at_risk = int(upto["at_risk"].iloc[0]) if len(upto) else n
        edge = share(at_risk if seen > 0.5 else 0, at_risk)
        low, high = edge.low, edge.high
    else:
        width = 1.96 * np.sqrt(_variance(upto, seen)) / abs(seen * np.log(seen))
        low, high = (100 * seen ** np.exp(sign * width) for sign in (1, -1))
    return (day, 100 * seen, float(low), float(high), 100 * waiting, 100 * removed)


def _variance(upto: pd.DataFrame, seen: float) -> float:
    n = upto["at_risk"].to_numpy(dtype=float)
    before = np.concatenate([[1.0], upto["waiting"].to_numpy()[:-1]])
    step = np.diff(upto["completed"].to_numpy(), prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gone = np.where(before > 0, n * (1 - upto["waiting"].to_numpy() / before), 0.0)
        left = np.where(n - gone > 1e-9, gone / (n * (n - gone)), 0.0)
        now = np.where(before > 0, step * n / before, 0.0)
    ahead = seen - upto["completed"].to_numpy()
    parts = ahead**2 * left + before**2 * now * (n - now) / n**3 - 2 * ahead * before * now / n**2
    return max(float(parts.sum()), 0.0)


def period_table(waits: pd.DataFrame, as_at: date | str, period_days: int = 91) -> pd.DataFrame:
    """What a child would meet who waits under the conditions of the last `period_days` days, as `aalen_johansen`.

    A period life table: each wait counts only on the days it spent inside the period, so old waits say how long ones end
    now, and what happened years ago says nothing. `waits`: `start, stop, completed`; causes `completed` and `removed`.
    """
    return aalen_johansen(*in_period(waits, as_at, period_days))


def in_period(
    waits: pd.DataFrame, as_at: date | str, period_days: int
) -> tuple[Days, npt.NDArray[np.str_], Days]:
    """Days waited, cause and first observed day of every wait open on any day of the period."""
    last = np.datetime64(pd.Timestamp(as_at), "D").astype(np.int64)
    opening = last - period_days + 1
    start = waits["start"].to_numpy().astype("datetime64[D]").astype(np.int64)
    stopped = waits["stop"].to_numpy().astype("datetime64[D]")
    stop = np.where(np.isnat(stopped), np.iinfo(np.int64).max, stopped.astype(np.int64))
    seen = (start <= last) & (stop >= opening) & (stop >= start)
    start, stop, completed = start[seen], stop[seen], waits["completed"].to_numpy(dtype=bool)[seen]
    why = np.where(stop > last, "", np.where(completed, "completed", "removed"))
    return np.minimum(stop, last) - start, why, np.maximum(opening - start, 0)


def _at_risk(first: Days, end: Days, day: Days) -> Days:
    return np.searchsorted(np.sort(first), day, "right") - np.searchsorted(
        np.sort(end), day, "left"
    )
