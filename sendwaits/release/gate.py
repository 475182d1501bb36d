"""From a workspace to the door and back: which exact figures are offered, what earlier sets have told, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sendwaits.release import door
from sendwaits.release.ahead import rows_of
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
    "community",
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
    """The figures of one service that this set may print, whole series, beside what the same readers have been given.

    Raises `Refused` when the register of releases is damaged, and for one part of an area outside the analyst profile.
    """
    door.refuse_parts(workspace.only, profile)
    earlier = [] if profile.exact else door.register.read(workspace.root)
    phase = earlier[0].phase if earlier else None
    offered = door.candidates(built, pathway, as_at, phase=phase)
    longest = door.kth_longest(built, pathway, as_at, profile.smallest)
    return door.release(
        offered, profile=profile, kth_longest=longest, earlier=earlier, as_at=as_at, phase=phase
    )


def history(workspace: Workspace, as_at: date, profile: Profile) -> str:
    """One hash for what has been given to readers before: part of the key of what rests on it."""
    if profile.exact:
        return ""
    return door.register.digest(workspace.root, but=(as_at.isoformat(), profile.name))


def forecasts(
    future: Mapping[str, pd.DataFrame], released: pd.DataFrame, profile: Profile
) -> dict[str, pd.DataFrame]:
    """The forecast, back-test and bridge of the measures whose own series are published."""
    return {name: _ahead(table, released, profile) for name, table in future.items()}


def _ahead(table: pd.DataFrame, released: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    if {"pathway", "wait", "measure"} <= set(table):
        return door.forecast(table, released, profile)
    counts = [c for c in ("due", "issued", "issued_on_time") if c in table and not profile.exact]
    return table.assign(**{c: (table[c] / 5 + 0.5).floordiv(1) * 5 for c in counts})


def themes(
    workspace: Workspace,
    counts: pd.DataFrame,
    released: door.Released,
    profile: Profile,
) -> dict[str, pd.DataFrame]:
    """Referrals by group in equal periods beside the figures of the set, as released rows; see `door.themes`."""
    earlier = [] if profile.exact else door.register.read(workspace.root)
    return {"groups": door.themes(counts, profile, earlier, released)}


def rows_printed(n: int, profile: Profile) -> str:
    """A number of rows as it may be printed: exact for the analyst, else "under 5" or to the nearest 5 (rows can be children)."""
    return door.rounded_rows(n, profile)


def quality(
    files: pd.DataFrame, findings: pd.DataFrame, profile: Profile
) -> dict[str, pd.DataFrame]:
    """Row counts of each extract and of each rule as released rows: measures rows_read ... and rule:<code>."""
    of = dict(zip(files["file"], files["pathway"], strict=True))
    days = dict(zip(files["pathway"], files["extract_date"], strict=True))

    def row(code: str, measure: str, n: float) -> Number:
        return Number(
            Key(code, "", measure, "", "", str(days[code])[:10]), float(n), "count", "exact"
        )

    counts = [
        row(r.pathway, f"rows_{c}", getattr(r, c))
        for r in files.itertuples()
        for c in ("read", "clean", "quarantined", "merged")
        if getattr(r, c) == getattr(r, c)
    ]
    kept = findings[findings["file"].isin(of)]
    sums = kept.groupby([kept["file"].map(of), "code"])["n"].sum()
    rules = [row(code, f"rule:{name}", n) for (code, name), n in sums.items()]
    return {
        name: door.quality_counts(rows_of(found), profile)
        for name, found in (("rows", counts), ("rules", rules))
    }


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


def community(
    published: pd.DataFrame, pathway: Pathway, released: pd.DataFrame, area: str
) -> pd.DataFrame:
    """The time waited so far on the service's first list beside the published community SitRep, as released rows.

    Measure ``published:waiting_band_<band>`` and ``published:waiting_over_<18, 52>_weeks``, per cent of the place's children;
    group ``place=<place>``, the area's own first; each with the date it is of. No rows without a published list of the service,
    nor where the area's own bands are not all shown.
    """
    from sendwaits.measure import benchmark

    wait = pathway.waits[0].name
    own = released[(released["wait"] == wait) & released["measure"].str.startswith("waiting_band_")]
    names = published["name"].dropna().unique() if len(published) else []
    near = [n for n in names if area.casefold() in str(n).casefold()]
    table = benchmark.bands(own, published, pathway.community_service, near)
    table = table[table["level"].isin(["own", "National", "ICB"])]
    if set(table["level"]) < {"own", "National"}:
        return rows_of([])
    mine = released[
        (released["wait"] == wait) & (released["group"] == "") & released["value"].notna()
    ]
    found = []
    for (place, level, day), rows in table.groupby(["place", "level", "date"], sort=False):
        counts = {f"waiting_band_{r.band}": int(r.numerator) for r in rows.itertuples()}
        whole = sum(counts.values())
        counts |= {f"waiting_over_{w}_weeks": _past(counts, w) for w in (18, 52)}
        forms: dict[str, str] = {}
        if level == "own":  # its size and lines as the other pages print them
            today = mine[mine["period_end"] == day].set_index("measure")
            counts |= {m: int(today.at[m, "value"]) for m in counts if m in today.index}
            forms = today["form"].to_dict()
            whole = int(today["value"].get("waiting", whole))
        name = area if level == "own" else _placed(str(place), str(level))
        found += [
            Number(Key(pathway.code, wait, f"published:{m}", f"place={name}", "", _last_day(str(day))),
                   100 * n / whole, "percent", forms.get(m, "exact"), n, whole, whole)
            for m, n in counts.items()
            if whole
        ]  # fmt: skip
    return rows_of(found)


def _past(counts: Mapping[str, int], weeks: int) -> int:
    """The children of the bands that begin past so many weeks."""
    return sum(n for band, n in counts.items() if int(band.split("_")[2]) > 7 * weeks)


def _placed(place: str, level: str) -> str:
    """A published place as a sentence has it: "Nottingham and Nottinghamshire (NHS board)"."""
    said = " ".join(word.capitalize() for word in place.split()).replace(" And ", " and ")
    return said + (" (NHS board)" if level == "ICB" else "")


def _last_day(day: str) -> str:
    """The last day of a month as text; a day as it is."""
    import pandas as pd

    return day if len(day) > 7 else str(pd.Period(day, "M").end_time.date())


def _place(row: Any) -> str:
    """The place, or which average of the neighbours."""
    return str(row.place if row.kind in ("area", "England", "region") else row.kind)


def totals(
    workspace: Workspace, series: pd.DataFrame, as_at: date, profile: Profile
) -> pd.DataFrame:
    """Monthly totals as the sums of equal periods (12 months, year to date): measure total:<measure>; see `door.windows`.

    Months are printed of spending only, the last 24: of a count many are of a few children.
    """
    from sendwaits.measure import totals as measured

    if not len(series):
        return rows_of([])
    found = measured.compared(measured.figures(series), as_at)

    def number(r: Any, side: str) -> Number:
        days = (str(getattr(r, f"{side}_{e}"))[:10] for e in ("start", "end"))
        key = Key("", "", f"total:{r.measure}", "", *days)
        return Number(key, float(getattr(r, side)), r.unit, "exact")

    rows = [number(r, side) for r in found.itertuples() for side in ("base", "now")]
    rows += [
        Number(
            Key("", "", f"total:{r.measure}", "", r.period_start, r.period_end),
            r.value,
            r.unit,
            "exact",
        )
        for r in measured.figures(series).itertuples()
        if r.unit != "count" and _recent(r.period_end, as_at)
    ]
    told = [] if profile.exact else door.register.read(workspace.root)
    earlier = [r.totals for r in told if r.totals is not None]
    return door.windows(rows_of({n.key: n for n in rows}.values()), profile, earlier)


def _recent(end: str, as_at: date) -> bool:
    """Whether a month ended in the 24 months up to as_at."""
    months = (as_at.year - int(end[:4])) * 12 + as_at.month - int(end[5:7])
    return end <= as_at.isoformat() and months < 24


def _whole(value: Any) -> int | None:
    import pandas as pd

    return None if value is None or value is pd.NA or value != value else int(value)
