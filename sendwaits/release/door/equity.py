"""Who waits longer, who is seen, who never is: what of `measure.equity` may be printed, and how coarsely.

No count of children stands beside a group: its mean and its share are in whole weeks and per cent, of four times k children
or more. Counts of a year's children are to the nearest 5, and no two of one year, nor what is left over, lie under twice k
apart. So neither a small count nor the difference of two printed numbers tells of fewer than k children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Refused
from sendwaits.measure import equity as measured
from sendwaits.measure import measures
from sendwaits.measure.bands import half_up
from sendwaits.measure.rates import false_discovery, share
from sendwaits.release.door.candidates import quarters
from sendwaits.release.door.groups import OTHERS
from sendwaits.release.door.ladder import rounded
from sendwaits.release.door.released import dated
from sendwaits.release.key import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.intake.waits import Built
    from sendwaits.pathways import Pathway, Wait
    from sendwaits.release.profile import Profile

__all__ = ["equity"]

SIDES = ["low", "high", "q"]
"""Besides the columns of a released frame: the ends of the 95 % interval, and the false-discovery rate beside all children."""
KEPT = ("mean_weeks_open", "seen_within_{}_weeks_pct")
WEEKS = (20, 40, 52)
LEAST, APART = 4, 2
"""Children behind a group's number, and between two counts of one year: times k."""


def equity(
    built: Built,
    pathway: Pathway,
    waits: Sequence[Wait],
    as_at: date,
    profile: Profile,
    phase: int | None = None,
) -> pd.DataFrame:
    """The released rows of `measure.equity` for these waits: `release.key.COLUMNS` and `SIDES`; measures ``group:<measure>``.

    Waits by district, sex, age, need and source (a group without enough children joins "all others"; children whose group is
    not known stand in none); the share of each year's children seen by 20, 40 and 52 weeks; what became of the referrals of
    the newest year that ended 52 weeks ago or more; re-referrals of the newest whole year; children who may grow too old.
    Of a service that works its list in groups (`Pathway.split`) the mean completed wait of each, by quarter (``phase``: see
    `quarters`) and closed year. Analyst: exact.
    """
    import pandas as pd

    frames = [_journey(built, pathway, as_at, profile)]
    if pathway.split:
        frames += [_worked(built, pathway, w.name, as_at, profile, phase) for w in waits]
    for wait in waits:
        frames += [
            _groups(built, wait, as_at, profile),
            _cohorts(built, pathway, wait.name, as_at, profile),
            _too_old(built, pathway, wait.name, as_at, profile),
        ]
    frames = [f for f in frames if len(f)]
    if not frames:
        return pd.DataFrame()
    rows = pd.concat(frames, ignore_index=True)
    rows["measure"] = "group:" + rows["measure"]
    sides = rows[SIDES].astype(float)
    return dated(rows[COLUMNS]).assign(**{c: sides[c] for c in SIDES})


def _groups(built: Built, wait: Wait, as_at: date, profile: Profile) -> pd.DataFrame:
    """Mean wait so far and share seen within the standard (52 weeks without one), of everybody and by group."""
    import pandas as pd

    weeks = [(wait.standard_days or 364) // 7]
    found = [measured.waits(built, wait.name, as_at, [], weeks).assign(p=float("nan"))]
    for column in measured.GROUPS:
        pooled = built if profile.exact else _pooled(built, wait.name, column, as_at, profile)
        rows = measured.waits(pooled, wait.name, as_at, [column], weeks)
        for _, mine in rows.groupby("measure", sort=False):
            if profile.exact or _enough(mine, profile):
                found.append(mine.assign(p=measured.apart(mine))[mine["group"] != ""])
    rows = pd.concat(found, ignore_index=True)
    rows = rows[rows["measure"].isin([KEPT[0], KEPT[1].format(*weeks)]) & (rows["n"] > 0)]
    for measure, total in rows[rows["group"] == ""].groupby("measure"):
        if not profile.exact and not _enough(total, profile, 1):
            rows = rows[rows["measure"] != measure]
    q = rows.groupby("measure")["p"].transform(lambda p: false_discovery(p.tolist()))
    rows = rows.assign(q=q, form="exact")
    return rows if profile.exact else _coarse(rows)


def _worked(
    built: Built, pathway: Pathway, wait: str, as_at: date, profile: Profile, phase: int | None
) -> pd.DataFrame:
    """The mean completed wait of each group that the service works in: quarters and closed years, if each has 2k in all of them."""
    import pandas as pd

    years = measures.periods(as_at, "year", 1, date(as_at.year - 3, 1, 1))
    found = []
    for times in (quarters(as_at, phase=phase), years):
        rows = measures.figures(built, pathway, times, pathway.split)
        rows = rows[(rows["wait"] == wait) & (rows["measure"] == "mean_weeks_completed")]
        rows = rows[(rows["group"] != "") & ~rows["group"].str.endswith("=unknown")]
        rows = rows[
            profile.exact | rows["period_end"].str.endswith("-12-31") | (times is not years)
        ]
        rows = rows.assign(**dict.fromkeys(SIDES, float("nan")), form="exact")
        enough = rows["group"].nunique() > 1 and (rows["n"] >= APART * profile.smallest).all()
        if profile.exact or enough:
            found.append(rows[rows["n"] > 0] if profile.exact else _coarse(rows))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _coarse(rows: pd.DataFrame) -> pd.DataFrame:
    """Whole weeks and per cent, and nothing of how many."""
    import pandas as pd

    whole = {
        c: [float(half_up(v)) if v == v else v for v in rows[c]] for c in ("value", "low", "high")
    }
    return rows.assign(**whole, n=pd.NA, form="rounded")


def _enough(rows: pd.DataFrame, profile: Profile, least_rows: int = 3) -> bool:
    """Whether the total and each group, two or more, stand for children enough, and no share for all of them or for none."""
    least = LEAST * profile.smallest
    part = rows["value"].clip(upper=100 - rows["value"])
    sides = part * rows["n"].astype(float) / 100 >= profile.smallest
    shares = rows["unit"] == "percent"
    return len(rows) >= least_rows and bool((rows["n"] >= least).all() and (sides | ~shares).all())


def _pooled(built: Built, wait: str, column: str, as_at: date, profile: Profile) -> Built:
    """The waits with small groups of the column together, and without children whose group is not known."""
    import pandas as pd

    rows = built.waits[built.waits["wait"] == wait]
    if column not in rows:
        return built
    named = rows[column].astype(str)
    at = pd.Timestamp(as_at)
    is_open = (rows["start"] <= at) & ~(rows["stop"] <= at)
    counts = named[is_open & (named != "unknown")].value_counts()
    counts = counts.reindex(sorted(set(named) - {"unknown"}), fill_value=0).sort_values()
    small: list[str] = []
    least, total = LEAST * profile.smallest, 0
    for name, n in counts.items():
        if n >= least and (not small or total >= least):
            break
        small, total = [*small, name], total + int(n)
    if len(small) > 1:
        named = named.where(~named.isin(small), OTHERS)
    known = rows.assign(**{column: named})[named != "unknown"]
    return replace(built, waits=known)


def _cohorts(
    built: Built, pathway: Pathway, wait: str, as_at: date, profile: Profile
) -> pd.DataFrame:
    rows = measured.cohorts(built, pathway, wait, as_at, WEEKS).dropna(subset=["value"])
    rows = rows[rows["period_end"].str.endswith("-12-31")].assign(q=float("nan"), form="exact")
    if profile.exact or not len(rows):
        return rows
    counts = (rows["value"] * rows["n"].astype(float) / 100).map(half_up).astype(int)
    rows = rows.assign(numerator=counts, denominator=rows["n"])
    kept: list[str] = []
    for measure in dict.fromkeys(rows["measure"]):  # a week more as long as no two lie too close
        years = rows[rows["measure"].isin([*kept, measure])].groupby("period_end")
        if all(_apart(list(p["numerator"]), int(p["n"].iloc[0]), profile) for _, p in years):
            kept.append(measure)
    rows = rows[rows["measure"].isin(kept)]
    few = rows["n"] < LEAST * profile.smallest
    return _to_five(rows[~rows["period_end"].isin(rows.loc[few, "period_end"])])


def _apart(counts: Sequence[int], whole: int, profile: Profile) -> bool:
    """Whether the counts, what lies between them and what is left of the whole are each 0 or twice k or more."""
    ends = sorted({0, *counts, whole})
    return all(b - a >= APART * profile.smallest for a, b in zip(ends, ends[1:], strict=False))


def _to_five(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts to the nearest 5; shares and their Wilson intervals from those counts."""
    import pandas as pd

    made = []
    for row in rows.to_dict("records"):
        top, bottom = (rounded(int(row[c])) for c in ("numerator", "denominator"))
        of = share(min(top, bottom), bottom)
        made.append({**row, "value": of.value, "low": of.low, "high": of.high, "form": "rounded",
                     "numerator": min(top, bottom), "denominator": bottom, "n": bottom})  # fmt: skip
    return pd.DataFrame(made, columns=rows.columns)


def _journey(built: Built, pathway: Pathway, as_at: date, profile: Profile) -> pd.DataFrame:
    """What became of a year's referrals, and how many of the newest whole year's came again within a year of closing."""
    import pandas as pd

    last = as_at.year - (as_at < date(as_at.year, 12, 31))
    settled = last - ((as_at - date(last, 12, 31)).days < 364)
    found: list[pd.DataFrame] = []
    try:
        of = measured.conversion(built, pathway, date(settled, 1, 1), date(settled, 12, 31), as_at)
    except Refused:
        return pd.DataFrame()
    wanted = of["measure"].str.contains("_rejected_|_completed_")
    found.append(_kept(of[wanted], profile))
    again = measured.re_referrals(built, pathway, date(last, 1, 1), date(last, 12, 31))
    found.append(_kept(again, profile) if not _small(again, profile) else _hidden(again))
    return pd.concat([f for f in found if len(f)] or [pd.DataFrame()], ignore_index=True)


def _kept(rows: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The shares of one year's referrals; all of them or, where two lie too close, none."""
    rows = rows.assign(q=float("nan"), form="exact")
    if profile.exact:
        return rows[rows["n"] > 0]
    whole = int(rows["n"].iloc[0]) if len(rows) else 0
    safe = whole >= LEAST * profile.smallest
    return _to_five(rows) if safe and _apart(list(rows["numerator"]), whole, profile) else rows[:0]


def _small(rows: pd.DataFrame, profile: Profile) -> bool:
    top, of = int(rows["numerator"].iloc[0]), int(rows["n"].iloc[0])
    return not profile.exact and 0 < top < profile.smallest and of >= LEAST * profile.smallest


def _hidden(rows: pd.DataFrame) -> pd.DataFrame:
    """The one share of a count under k: that it is so, of how many to the nearest 5."""
    import pandas as pd

    of = rounded(int(rows["n"].iloc[0]))
    hidden: dict[str, Any] = {"value": float("nan"), "numerator": pd.NA, "denominator": of, "n": of}
    sides = dict.fromkeys(SIDES, float("nan"))
    return rows.assign(**hidden, **sides, form="c")


def _too_old(
    built: Built, pathway: Pathway, wait: str, as_at: date, profile: Profile
) -> pd.DataFrame:
    """How many may grow too old while they wait: to the nearest 5; "fewer than k" as group ``under`` with the value k."""
    rows = measured.ageing_out(built, pathway, wait, as_at, [52]).assign(q=float("nan"))
    rows = rows.assign(form="exact")
    if profile.exact or not len(rows):
        return rows
    if float(rows["high"].iloc[0]) == 0:
        return rows.assign(n=0)
    few = float(rows["high"].iloc[0]) < LEAST * profile.smallest
    if few or float(rows["value"].iloc[0]) < profile.smallest:
        bound = profile.smallest * (
            LEAST if float(rows["value"].iloc[0]) >= profile.smallest else 1
        )
        none = dict.fromkeys(SIDES, float("nan"))
        return rows.assign(group="under", value=float(bound), n=0, **none)
    ends = {c: [float(rounded(round(v))) for v in rows[c]] for c in ("value", "low", "high")}
    return rows.assign(**ends, n=0, form="rounded")
