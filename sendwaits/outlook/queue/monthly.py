"""Children who join, complete and leave, by month ahead, in agreement with the list as it is printed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.outlook.queue import readout
from sendwaits.outlook.queue.prepare import WEEKS, Prepared, draws
from sendwaits.outlook.queue.reading import Paths
from sendwaits.threads import one_thread

__all__ = ["flows", "weekly_flows"]


@one_thread()
def flows(ready: Prepared, run: Paths | None = None, scenario: str = "baseline") -> pd.DataFrame:
    """Children who join each wait, complete it and leave it otherwise, by whole calendar month after as_at; a row per number.

    Columns as `forecast` (``horizon_weeks`` empty, ``target_date`` the last day of the month), measures ``joined``, ``completed``,
    ``left`` and ``waiting`` at the month's end. On the means waiting = waiting before + joined - completed - left, with the list
    as it is printed: what the list was moved by is shared by joined and completed. Months whose last day lies in the 52 weeks.
    """
    rows: list[list[object]] = []
    run = run or ready.baseline
    first = ready.service.as_at.astype("datetime64[M]") + 1
    for wait in ready.model.waits:
        came, done, left, size = weekly_flows(ready, run, wait.name)
        for month in range(11):
            ends = [(first + month + k).astype("datetime64[D]") - 1 for k in (0, 1)]
            a, b = ((end - ready.service.as_at).astype(int) / 7 for end in ends)
            if b > WEEKS:
                break
            parts = {
                "joined": _until(came, b) - _until(came, a),
                "completed": _until(done, b) - _until(done, a),
                "left": _until(left, b) - _until(left, a),
                "waiting": _until(size, b),
            }
            for measure, values in parts.items():
                head = [ready.service.pathway, wait.name, measure, str(ends[1]), pd.NA, scenario]
                cells = readout.summary(np.maximum(values, 0.0))
                rows.append([*head, *cells, np.nan, ready.model.notes.get(wait.name, "")])
    return readout.frame(rows)


def weekly_flows(ready: Prepared, run: Paths, wait: str) -> tuple[np.ndarray, ...]:
    """Cumulated joined, completed and left of one wait and its list, by path and week; the four agree."""
    history = next(w for w in ready.service.waits if w.name == wait)
    entries = [
        k
        for k in history.stations
        if not set(ready.service.stations[k].fed_by) & set(history.stations)
    ]
    size, plain = draws(ready, wait, "waiting", run), run.waiting[wait]
    shift = (size - plain) - (size - plain)[:, :1]
    came = np.cumsum(sum(run.came[k] for k in entries), axis=1)
    done = np.cumsum(run.completed[wait], axis=1)
    left = came - done - (plain - plain[:, :1])
    return came + shift / 2, done - shift / 2, left, size


def _until(total: np.ndarray, week: float) -> np.ndarray:
    """A path's running total at a moment between two weeks."""
    low = int(week)
    high = min(low + 1, total.shape[1] - 1)
    return np.asarray(total[:, low] + (week - low) * (total[:, high] - total[:, low]))
