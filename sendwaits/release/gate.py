"""From a workspace to the door and back: which exact figures are offered, what earlier sets have told, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sendwaits.release import door
from sendwaits.release.ahead import rows_of
from sendwaits.release.door import ladder
from sendwaits.release.door.released import dated
from sendwaits.release.key import Key
from sendwaits.release.number import Number

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.intake.waits import Built
    from sendwaits.pathways import Pathway
    from sendwaits.release.door import Released
    from sendwaits.release.profile import Profile
    from sendwaits.workspace import Workspace

__all__ = [
    "forecasts",
    "history",
    "nation",
    "publish",
    "quality",
    "rows_printed",
    "themes",
    "totals",
]


def publish(
    workspace: Workspace, built: Built, pathway: Pathway, as_at: date, profile: Profile
) -> Released:
    """The figures of one service that this set may print, whole series, beside what the same readers have been given."""
    offered = _whole_months(door.candidates(built, pathway, as_at), as_at)
    longest = door.kth_longest(built, pathway, as_at, profile.smallest)
    return door.release(offered, profile=profile, kth_longest=longest, as_at=as_at)


def _whole_months(offered: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """Without the flows of a month that is not over: a part of a month beside whole ones reads like a fall."""
    if (as_at + timedelta(days=1)).day == 1:
        return offered
    part = offered["period_start"].eq(as_at.replace(day=1).isoformat())
    return offered[~(part & offered["period_end"].eq(as_at.isoformat()))].reset_index(drop=True)


def history(workspace: Workspace, as_at: date, profile: Profile) -> str:
    """One hash for what the same readers have been given before: part of the key of what rests on it."""
    return ""


def forecasts(
    future: Mapping[str, pd.DataFrame], released: pd.DataFrame, profile: Profile
) -> dict[str, pd.DataFrame]:
    """The forecast, back-test and bridge of the measures whose own series are published."""
    return dict(future)


def themes(counts: pd.DataFrame, profile: Profile) -> dict[str, pd.DataFrame]:
    """Referrals by group in equal periods, as released rows; outside the analyst profile every count to the nearest 5.

    Rounding alone keeps four or more whole numbers possible for every group and for the difference of two sets.
    """
    table = dated(counts.assign(form="exact" if profile.exact else "rounded"))
    if not profile.exact:
        table["value"] = [float(rows_printed(int(v), profile)) for v in table["value"]]
        table["n"] = table["value"].astype("Int64")
    return {"groups": table}


def rows_printed(n: int, profile: Profile) -> int:
    """A number of rows as it may be printed: exact for the analyst, else to the nearest 5 (rows can be children)."""
    return n if profile.exact else ladder.rounded(n)


def quality(
    files: pd.DataFrame, findings: pd.DataFrame, profile: Profile
) -> dict[str, pd.DataFrame]:
    """Row counts of each extract and of each rule as released rows: measures rows_read ... and rule:<code>."""
    of = dict(zip(files["file"], files["pathway"], strict=True))
    days = dict(zip(files["pathway"], files["extract_date"], strict=True))
    form = "exact" if profile.exact else "rounded"

    def row(code: str, measure: str, n: float) -> Number:
        key = Key(code, "", measure, "", "", str(days[code])[:10])
        return Number(key, float(rows_printed(int(n), profile)), "count", form)

    counts = [
        row(r.pathway, f"rows_{c}", getattr(r, c))
        for r in files.itertuples()
        for c in ("read", "clean", "quarantined", "merged")
        if getattr(r, c) == getattr(r, c)
    ]
    kept = findings[findings["file"].isin(of)]
    sums = kept.groupby([kept["file"].map(of), "code"])["n"].sum()
    rules = [row(code, f"rule:{name}", n) for (code, name), n in sums.items()]
    return {"rows": rows_of(counts), "rules": rows_of(rules)}


def nation(compared: pd.DataFrame) -> pd.DataFrame:
    """Published national figures as rows: measure published:<measure>, group place=<place or average>."""
    numbers = [
        Number(
            Key(
                "", "", f"published:{r.measure}", f"place={_place(r)}", r.period_start, r.period_end
            ),
            float(r.value),
            r.unit,
            "exact" if r.value == r.value else "z",
            _whole(r.numerator),
            _whole(r.denominator),
        )
        for r in compared.itertuples()
    ]
    return rows_of(numbers)


def _place(row: Any) -> str:
    """The place, or which average of the neighbours."""
    return str(row.place if row.kind in ("area", "England", "region") else row.kind)


def totals(series: pd.DataFrame, as_at: date, profile: Profile) -> pd.DataFrame:
    """Monthly totals as the sums of equal periods (12 months, year to date): measure total:<measure>; a count as a profile shows it.

    Months themselves are not printed: many are of a few children.
    """
    from sendwaits.measure import totals as measured

    if not len(series):
        return rows_of([])
    found = measured.compared(measured.figures(series), as_at)

    def number(r: Any, side: str) -> Number:
        key = Key(
            "",
            "",
            f"total:{r.measure}",
            "",
            *(str(getattr(r, f"{side}_{e}"))[:10] for e in ("start", "end")),
        )
        value, form = float(getattr(r, side)), "exact"
        if r.unit == "count" and not profile.exact:
            if 0 < value < profile.smallest:
                value, form = float("nan"), "c"
            elif profile.rounds:
                value, form = float(ladder.rounded(int(value))), "rounded"
        return Number(key, value, r.unit, form)

    rows = [number(r, side) for r in found.itertuples() for side in ("base", "now")]
    return rows_of({n.key: n for n in rows}.values())


def _whole(value: Any) -> int | None:
    import pandas as pd

    return None if value is None or value is pd.NA or value != value else int(value)
