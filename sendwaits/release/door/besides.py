"""What a set prints besides its series: forecasts, row counts, monthly totals, file names. Each through the door, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sendwaits.errors import Refused
from sendwaits.release.door.ladder import interval, printed, rounded
from sendwaits.release.door.windows import Told, sources, weak_windows
from sendwaits.release.key import text
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["forecast", "quality_counts", "refuse_parts", "rounded_rows", "windows"]

QUANTILES = ("mean", "p10", "p25", "p50", "p75", "p90")
_RESTS_ON = (
    ("p_target", "waiting"),
    ("capacity_needed_per_week", "completed"),
    ("new_child_wait_weeks", "waiting"),
    ("seen_within_", "waiting"),
)
"""Forecasts that are of no series of their own, and the series without which they are not printed."""
_CHILDREN = re.compile(r"^(N-|D)")
"""Codes of rules that count children or their waits: their numbers stand beside printed ones."""


def forecast(table: pd.DataFrame, released: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The forecast rows (columns of CONTRACT section 4, or any with pathway, wait, measure) that may be printed.

    A forecast is printed only of a published series whose newest number is shown, and no closer than it: of a rounded count to
    the nearest 5, other values with one decimal. A chance, a capacity or a new child's wait rests on the list or on its
    completions. Analyst: as it is.
    """
    if profile.exact or not len(table):
        return table
    newest = _newest_forms(released)
    waits = table["wait"].fillna("")
    notes = table["note"] if "note" in table else [""] * len(table)
    rows = zip(table["pathway"], waits, table["measure"], notes, strict=True)
    forms = [newest.get((p, w, _rests_on(w, m, str(note))), "") for p, w, m, note in rows]
    table = table.assign(_form=forms)
    table = table[table["_form"].isin(["exact", "rounded"])]
    counted = ~table["measure"].str.contains("weeks_open|wait_weeks|_pct")
    coarse = counted & (table["_form"] == "rounded")
    for name in [c for c in table if c in QUANTILES or str(c).startswith("error")]:
        values = table[name].astype(float)
        near = (values / 5 + 0.5).floordiv(1) * 5
        table[name] = values.round(1).where(~coarse, near)
    return table.drop(columns="_form").reset_index(drop=True)


def _rests_on(wait: str, measure: str, note: str) -> str:
    """The series that a forecast is of, or rests on; a target of a whole pathway on the measure that its note names first."""
    base = next((of for start, of in _RESTS_ON if measure.startswith(start)), measure)
    return base if wait or base == measure else (note.split() or [""])[0]


def _newest_forms(released: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """(pathway, wait, measure) -> form of the newest number of the whole service."""
    county = released[released["group"] == ""].sort_values("period_end", kind="stable")
    last = county.drop_duplicates(["pathway", "wait", "measure"], keep="last")
    return {(r.pathway, r.wait, r.measure): r.form for r in last.itertuples()}


def quality_counts(counts: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Row counts of extracts and rules (released columns, exact) as they may be printed.

    Outside the analyst profile: [c] from 1 to k - 1, else to the nearest 5. Rules that count children (codes N- and D) are
    left out: they stand beside printed lists.
    """
    if profile.exact or not len(counts):
        return counts
    rule = counts["measure"].str.removeprefix("rule:")
    of_children = counts["measure"].str.startswith("rule:") & rule.str.match(_CHILDREN)
    counts = counts[~of_children].reset_index(drop=True)
    pairs = [printed(int(v), "rounded", profile.smallest) for v in counts["value"]]
    value = [float("nan") if n is None else float(n) for n, _ in pairs]
    counts = counts.assign(value=value, form=[form for _, form in pairs])
    return counts.assign(n=counts["value"].astype("Int64"))


def windows(
    rows: pd.DataFrame, profile: Profile, earlier: Iterable[pd.DataFrame] = ()
) -> pd.DataFrame:
    """Sums of monthly totals over windows (released columns, exact) as they may be printed beside the windows of earlier sets.

    A count: [c] from 1 to k - 1, else to the nearest 5. A measure whose windows would tell a month is left out.
    """
    if profile.exact or not len(rows):
        return rows
    counts = rows["unit"] == "count"
    pairs = [
        printed(int(v), "rounded", profile.smallest) if c and v == v else (v, f)
        for v, f, c in zip(rows["value"], rows["form"], counts, strict=True)
    ]
    rows = rows.assign(
        value=[float("nan") if n is None else float(n) for n, _ in pairs],
        form=[f for _, f in pairs],
    )
    told = [t for frame in earlier for t in _told(frame, profile, now=False)]
    weak = weak_windows(
        [*told, *_told(rows, profile, now=True)], profile.possible, profile.smallest - 1
    )
    return rows[~rows["measure"].isin(sources(weak))].reset_index(drop=True)


def _told(rows: pd.DataFrame, profile: Profile, now: bool) -> list[Told]:
    return [
        Told(
            (r.measure,),
            text(r.period_start),
            text(r.period_end),
            *interval(r.value, r.form, profile.smallest),
            r.measure if now else None,
        )
        for r in rows.itertuples()
        if r.unit == "count" and r.form != "z"
    ]


def refuse_parts(only: str, profile: Profile) -> None:
    """Refuses a set of one part of an area outside the analyst profile: whole less parts gives the other parts.

    Raises `Refused` (exit 2).
    """
    if only and not profile.exact:
        raise Refused(
            f"A set of {only.split('=', 1)[0]} alone cannot be released: the whole less its parts would tell the others. "
            "Make it with --profile analyst, or give the part a workspace of its own."
        )


def rounded_rows(n: int, profile: Profile) -> str:
    """A number of rows in a sentence: exact for the analyst, "under 5", or to the nearest 5."""
    if profile.exact:
        return f"{n:,}"
    return profile.under if 0 < n < profile.smallest else f"{rounded(n):,}"
