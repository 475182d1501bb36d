"""Released frames as few bytes: one entry per series, its periods named once; a share's value is left to its fraction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sendwaits.release.key import COLUMNS, text
from sendwaits.release.names import VERDICTS, Names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["packed"]

_SERIES = COLUMNS[:4]
_QUANTILES = ("p10", "p25", "p50", "p75", "p90")
_MONTHS = {1: "month", 2: "year", 3: "quarter"}


def packed(
    figures: pd.DataFrame,
    verdicts: pd.DataFrame,
    forecasts: pd.DataFrame,
    limits: pd.DataFrame | None,
    names: Names,
) -> dict[str, Any]:
    """The page's data: services, waits, measures in words; calendars; series; limits, verdicts and forecasts by series."""
    calendars: dict[tuple, int] = {}
    bounds = _bounds(limits)
    series = [_series(key, rows, calendars, bounds) for key, rows in _each(figures)]
    measures = sorted({s["m"] for s in series})
    codes = list(dict.fromkeys(s["p"] for s in series))
    order = [c for c in names.services if c in codes] + [c for c in codes if c not in names.services]
    waits = sorted({(s["p"], s["w"]) for s in series})
    return {
        "services": {c: [names.services.get(c, (c, c))[0], names.service(c)] for c in order},
        "waits": {f"{c}|{w}": names.wait(c, w) for c, w in waits},
        "headline": {c: names.headline.get(c, "") for c in order},
        "measures": {m: list(names.measure(m)) for m in measures},
        "calendars": [[list(p) for p in periods] for periods in calendars],
        "series": series,
        "verdicts": _verdicts(verdicts),
        "words": VERDICTS,
        "forecasts": _forecasts(forecasts),
    }


def _each(figures: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """((pathway, wait, measure, group, grain), rows by date): whole years beside a finer grain are a series of their own."""
    frame = figures.sort_values("period_end", kind="stable")
    ends = frame["period_end"].dt.year * 12 + frame["period_end"].dt.month
    starts = frame["period_start"].dt.year * 12 + frame["period_start"].dt.month
    spans = (ends - starts + 1).fillna(0).astype(int)
    frame = frame.assign(_grain=[_MONTHS.get(s, "year") if s else "stock" for s in spans], _month=ends)
    for key, rows in frame.groupby([*_SERIES, "_grain"], sort=False):
        grain = key[4] if key[4] != "stock" else _step(rows["_month"])
        yield (*key[:4], grain), rows


def _step(months: pd.Series) -> str:
    """The grain of a stock: the shortest step between two of its days; ``day`` for a single one."""
    step = months.diff()[lambda d: d > 0].min()
    if step != step:
        return "day"
    return "month" if step == 1 else "quarter" if step <= 3 else "year"


def _series(key: tuple, rows: pd.DataFrame, calendars: dict[tuple, int], bounds: dict) -> dict[str, Any]:
    periods = tuple(zip(map(text, rows["period_start"]), map(text, rows["period_end"])))
    made: dict[str, Any] = dict(zip("pwmgr", key))
    made["u"] = rows["unit"].iat[0]
    made["c"] = calendars.setdefault(periods, len(calendars))
    made["f"] = "".join(f[0] for f in rows["form"])
    top, bottom, n = (_whole(rows[c]) for c in ("numerator", "denominator", "n"))
    values = [None if v != v else int(v) if v == int(v) else v for v in rows["value"].tolist()]
    if any(v is not None for v in top):
        made |= {"a": top, "b": bottom}
        given = [100 * a / b if a is not None and b else None for a, b in zip(top, bottom)]
        values = [] if all(_same(v, g) for v, g in zip(values, given)) else values
    elif any(v is not None for v in bottom):
        made["b"] = bottom
    made |= {"v": values} if values else {}
    made |= {"n": n} if n not in (values, bottom) else {}
    found = [bounds.get((*key[:4], *p)) for p in periods] if bounds else []
    return made | ({"l": found} if any(found) else {})


def _same(one: float | None, two: float | None) -> bool:
    return one is two or (one is not None and two is not None and math.isclose(one, two, rel_tol=1e-12))


def _whole(column: pd.Series) -> list[int | None]:
    return [None if m else int(v) for v, m in zip(column, column.isna())]


def _bounds(limits: pd.DataFrame | None) -> dict[tuple, list]:
    """Key of a number -> lower, mean, upper, special cause."""
    if limits is None:
        return {}
    return {
        (r.pathway, r.wait, r.measure, r.group, text(r.period_start), text(r.period_end)): [
            _number(r.lower), _number(r.mean), _number(r.upper), int(bool(r.signal)),
        ]
        for r in limits.itertuples(index=False)
    }


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _verdicts(frame: pd.DataFrame) -> dict[str, list[str]]:
    """pathway|wait|measure|group -> verdict, since, basis, grain, period_end."""
    return {
        "|".join(str(getattr(r, c)) for c in _SERIES): [
            r.verdict, text(r.since), str(r.basis), r.grain, text(r.period_end),
        ]
        for r in frame.itertuples(index=False)
    }


def _forecasts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per wait, measure and scenario with a horizon: days and five quantiles."""
    if not len(frame):
        return []
    weekly = frame[frame["horizon_weeks"].notna() & frame["p50"].notna()]
    made = []
    for key, rows in weekly.groupby(["pathway", "wait", "measure", "scenario"], sort=False):
        if len(rows) > 1:
            days = [text(d) for d in rows["target_date"]]
            fan = [[round(v, 3) for v in rows[q].tolist()] for q in _QUANTILES]
            made.append(dict(zip("pwms", key)) | {"d": days, "q": fan})
    return made


