"""Released frames as few bytes: one entry per series, its periods named once; a share's value is left to its fraction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sendwaits.release.key import COLUMNS, grains, text
from sendwaits.release.names import Names
from sendwaits.release.verdicts.verdict import Verdict
from sendwaits.release.verdicts.words import phrase

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["packed"]

_SERIES = COLUMNS[:4]
_QUANTILES = ("p10", "p25", "p50", "p75", "p90")


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
    codes = list(dict.fromkeys(s["p"] for s in series))
    known = [c for c in names.services if c in codes]
    order = known + [c for c in codes if c not in known]
    waits = sorted({(s["p"], s["w"]) for s in series})
    measures = sorted({s["m"] for s in series})
    return {
        "services": {c: [names.services.get(c, (c, c))[0], names.service(c)] for c in order},
        "waits": {f"{c}|{w}": names.wait(c, w) for c, w in waits},
        "headline": {c: names.headline.get(c, "") for c in order},
        "measures": {m: list(names.measure(m)) for m in measures},
        "calendars": [[list(p) for p in periods] for periods in calendars],
        "series": series,
        "verdicts": _verdicts(verdicts),
        "forecasts": _forecasts(forecasts),
    }


def _each(figures: pd.DataFrame) -> Iterator[tuple[tuple, dict[str, list]]]:
    """((pathway, wait, measure, group, grain), columns by date): whole years beside a finer grain are a series of their own."""
    frame = figures.sort_values([*_SERIES, "period_end"], kind="stable", ignore_index=True)
    columns = {c: frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in COLUMNS}
    for name in ("period_start", "period_end"):
        columns[name] = frame[name].dt.strftime("%Y-%m-%d").fillna("").tolist()
    places: dict[tuple, list[int]] = {}
    for i, key in enumerate(zip(*(columns[c] for c in _SERIES), grains(frame))):
        places.setdefault(key, []).append(i)
    for key, at in places.items():
        yield key, {c: [values[i] for i in at] for c, values in columns.items()}


def _series(
    key: tuple, rows: dict[str, list], calendars: dict[tuple, int], bounds: dict
) -> dict[str, Any]:
    periods = tuple(zip(rows["period_start"], rows["period_end"]))
    made: dict[str, Any] = dict(zip("pwmgr", key))
    made |= {"u": rows["unit"][0], "c": calendars.setdefault(periods, len(calendars))}
    made["f"] = "".join(form[0] for form in rows["form"])
    top, bottom, n = (_whole(rows[c]) for c in ("numerator", "denominator", "n"))
    values = [None if v is None else int(v) if v == int(v) else v for v in rows["value"]]
    if any(v is not None for v in top):
        made |= {"a": top, "b": bottom}
        given = [100 * a / b if a is not None and b else None for a, b in zip(top, bottom)]
        values = [] if all(map(_same, values, given)) else values
    elif any(v is not None for v in bottom):
        made["b"] = bottom
    made |= {"v": values} if values else {}
    made |= {"n": n} if n not in (values, bottom) else {}
    found = (
        [bounds.get((*key[:4], end)) for _, end in periods] if bounds and key[4] != "year" else []
    )
    return made | ({"l": found} if any(found) else {})


def _same(one: float | None, two: float | None) -> bool:
    if one is None or two is None:
        return one is two
    return math.isclose(one, two, rel_tol=1e-12)


def _whole(column: list) -> list[int | None]:
    return [None if v is None else int(v) for v in column]


def _bounds(limits: pd.DataFrame | None) -> dict[tuple, list]:
    """Series and day -> lower, mean, upper, special cause."""
    if limits is None:
        return {}
    return {
        (r.pathway, r.wait, r.measure, r.group, text(r.period_end)): [
            *(None if v is None or v != v else float(v) for v in (r.lower, r.mean, r.upper)),
            int(bool(r.special_cause)),
        ]
        for r in limits.itertuples(index=False)
    }


def _verdicts(frame: pd.DataFrame) -> dict[str, list[str]]:
    """pathway|wait|measure|group -> mark, phrase, since, basis, grain."""
    made = {}
    for r in frame.itertuples(index=False):
        one = Verdict(r.pathway, r.wait, r.measure, r.group, r.verdict, text(r.since), str(r.basis))
        made["|".join(one[:4])] = [one.mark, phrase(one), one.since, one.basis, r.grain]
    return made


def _forecasts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per wait, measure and scenario with a horizon: days and five quantiles."""
    if not len(frame):
        return []
    weekly = frame[frame["horizon_weeks"].notna() & frame["p50"].notna()]
    made = []
    for key, rows in weekly.groupby(["pathway", "wait", "measure", "scenario"], sort=False):
        if len(rows) > 1:
            days = [text(d) for d in rows["target_date"]]
            fan = [[_short(v) for v in rows[q].tolist()] for q in _QUANTILES]
            made.append(dict(zip("pwms", key)) | {"d": days, "q": fan})
    return made


def _short(value: float) -> float:
    """Whole numbers without their .0."""
    return int(value) if value == int(value) else round(value, 3)
