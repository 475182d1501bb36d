"""What changed in referrals and for whom: two years side by side by group, routes, overlap between services, England beside it.

Counts come from `group_counts`, `routes` and `overlap` (tidy rows, to be released); what is said about them comes from
`contributions`, which reads released rows only, so a hidden count never enters a difference or a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.measure.figure import with_days
from sendwaits.measure.measures import COLUMNS
from sendwaits.measure.rates import false_discovery

if TYPE_CHECKING:
    from sendwaits.intake.waits import Built
    from sendwaits.pathways import Pathway

__all__ = [
    "COLUMNS",
    "THEME_GROUPS",
    "COMPARISONS",
    "year_to_date",
    "calendar_years",
    "group_counts",
    "coarse",
    "overlap",
    "contributions",
    "england",
    "differs",
    "counts_differ",
    "PHASES",
]

THEME_GROUPS = ("age_band", "sex", "district", "source", "need", "school")
"""Columns that the change is split by."""
PHASES = {
    "0-4": "early years",
    "5-10": "primary",
    "11-15": "secondary",
    "16-19": "post-16",
    "20-25": "post-16",
}
"""School phase of an age band at the clock start; a label of the band, so that one change is not tested twice."""
MOST_GROUPS = 12


Period = tuple[date, date]


def year_to_date(as_at: date) -> tuple[Period, Period]:
    """The same months of the year before, and 1 January to as_at, each with its first and last day (29 February: the 28th)."""
    day = 28 if (as_at.month, as_at.day) == (2, 29) else as_at.day
    before = date(as_at.year - 1, as_at.month, day)
    return (date(as_at.year - 1, 1, 1), before), (date(as_at.year, 1, 1), as_at)


def calendar_years(as_at: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """The last two whole calendar years on as_at, older first."""
    last = as_at.year if (as_at.month, as_at.day) == (12, 31) else as_at.year - 1
    return (date(last - 1, 1, 1), date(last - 1, 12, 31)), (date(last, 1, 1), date(last, 12, 31))


def group_counts(built: Built, pathway: Pathway, as_at: date) -> pd.DataFrame:
    """Referrals, rejections and re-referrals in two pairs of equal periods: the year to date and the same months of the year
    before, then the last two whole calendar years. One row per measure, group and period, as tidy columns.

    Relation: groups of a column add up to the total of their period; the year to date is the sum of its months. A year to
    date of a group, released month after month, gives the group's months: the door judges it as the moving window it is.

    Groups: `THEME_GROUPS`; a column with more than 12 values is left out (names of
    schools), so is one that is never filled. Linked duplicates and history are no referrals; a re-referral comes within 365
    days of a closure. A pair is left out when it begins before the first clock stop on record: a survivors' sample.
    """
    rows = built.referrals[built.referrals["duplicate_of"] < 0]
    if pathway.history is not None:
        rows = rows[~rows[pathway.history.column].isin(pathway.history.values)]
    stops = built.waits["stop"].dropna()
    pairs = [
        p
        for p in dict.fromkeys((year_to_date(as_at), calendar_years(as_at)))
        if len(rows) and len(stops) and stops.min().date() <= p[0][0]
    ]
    found: list[tuple] = []
    for first, last in dict.fromkeys(period for pair in pairs for period in pair):
        inside = (
            (rows["start"] >= pd.Timestamp(first)) & (rows["start"] <= pd.Timestamp(last))
        ).to_numpy()

        def add(measure: str, group: str, n: int, first: date = first, last: date = last) -> None:
            found.append(
                (
                    pathway.code,
                    "",
                    measure,
                    group,
                    first.isoformat(),
                    last.isoformat(),
                    float(n),
                    "count",
                    None,
                    None,
                    n,
                )
            )

        add("referrals", "", int(inside.sum()))
        if "rejected_date" in rows:
            rejected = rows["rejected_date"]
            add(
                "rejected",
                "",
                int(((rejected >= pd.Timestamp(first)) & (rejected <= pd.Timestamp(last))).sum()),
            )
        again = rows["re_referral_days"].le(365).fillna(False).to_numpy(bool)
        add("re_referrals", "", int((inside & again).sum()))
        for name, values in ((c, rows[c].astype(str)) for c in THEME_GROUPS if c in rows):
            kinds = sorted(values.unique())
            if len(kinds) > MOST_GROUPS or set(kinds) <= {"unknown"}:
                continue
            counts = values[inside].value_counts()
            for kind in kinds:
                add("referrals", f"{name}={kind}", int(counts.get(kind, 0)))
    frame = pd.DataFrame(found, columns=COLUMNS)
    return frame.astype({"numerator": "Int64", "denominator": "Int64", "n": "Int64"})


def coarse(counts: pd.DataFrame, k: int) -> pd.DataFrame:
    """The counts of `group_counts` with small groups put together, so that no cell of a breakdown is under ``k`` in either year.

    In each pathway and column the groups under k (0 too) join ``other``; while ``other`` itself is under k the smallest group joins
    it. A column with fewer than two groups left is dropped. Rows without a group stay as they are.

    Example, k = 5: 40, 3, 9, 30 in one year and 50, 7, 4, 31 in the other become 40, 12 (other), 30 and 50, 11 (other), 31.
    """
    kept = [counts[counts["group"] == ""]]
    rows = counts[counts["group"] != ""]
    for (_, column), part in rows.groupby(
        ["pathway", rows["group"].str.split("=").str[0]], sort=False
    ):
        wide = part.pivot(index="group", columns="period_start", values="value").fillna(0)
        small = list(wide.index[wide.min(axis=1) < k])
        while small and wide.loc[small].sum().min() < k and len(small) < len(wide):
            small.append(wide.drop(small).min(axis=1).idxmin())
        name = {group: f"{column}=other" if group in small else group for group in wide.index}
        if len(set(name.values())) < 2:
            continue
        merged = (
            part.assign(group=part["group"].map(name))
            .groupby(COLUMNS[:6], sort=False, as_index=False, dropna=False)["value"]
            .sum()
        )
        kept.append(
            merged.assign(
                unit="count",
                numerator=pd.array([pd.NA] * len(merged), "Int64"),
                denominator=pd.array([pd.NA] * len(merged), "Int64"),
                n=merged["value"].astype("Int64"),
            )[COLUMNS]
        )
    return pd.concat(kept, ignore_index=True) if len(counts) else counts


def overlap(
    built: Mapping[str, Built], as_at: date, first: str = "", second: str = ""
) -> pd.DataFrame:
    """Children with an open wait in one service, in the other, and in both, on as_at: three tidy rows, ``children_waiting``.

    The same child is known by the same pseudonym. Group "" = the service, ``with=<second>`` = both. Empty without both services.
    ``first``, ``second``: default the first and the last service there.
    """
    if len(built) > 1:
        first, second = first or list(built)[0], second or list(built)[-1]
    if first not in built or second not in built:
        return pd.DataFrame(columns=COLUMNS)
    at = pd.Timestamp(as_at)

    def waiting(code: str) -> set:
        waits = built[code].waits
        return set(waits.loc[(waits["start"] <= at) & ~(waits["stop"] <= at), "child"])

    one, two = waiting(first), waiting(second)
    rows = [
        (
            code,
            "",
            "children_waiting",
            group,
            "",
            as_at.isoformat(),
            float(n),
            "count",
            None,
            None,
            n,
        )
        for code, group, n in (
            (first, "", len(one)),
            (second, "", len(two)),
            (first, f"with={second}", len(one & two)),
        )
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype(
        {"numerator": "Int64", "denominator": "Int64", "n": "Int64"}
    )


COMPARISONS = ("year to date", "closed years")
"""The pairs of periods, in the order in which they are told."""


def contributions(released: pd.DataFrame, rate: float = 0.05) -> pd.DataFrame:
    """How much of the change in referrals lies in each group: one row per comparison, pathway and group, from released counts.

    Returns ``comparison`` (`COMPARISONS`, year to date first), ``pathway, column, group, before, after, change, low, high, p,
    q, clear`` and the two periods as ISO days. ``change`` is after - before in referrals; ``low, high`` its 95 % interval for
    two Poisson counts (change -/+ 1.96 sqrt(before + after)). ``p``: exact binomial chance that the group's share of both
    periods together falls so unevenly if it had moved with all referrals; ``q``: Benjamini-Hochberg over all groups of the
    pathway and comparison; ``clear``: q < ``rate``. Groups with a hidden count in either period, and whole columns of one
    group, are left out.

    Example: 100 -> 150 of 400 -> 480 in all: change +50 (19 to 81).
    """
    shown = _shown(released)
    tables = []
    for pathway, table in shown.groupby("pathway", sort=False):
        for comparison, before, after in _pairs(table):
            counts = (table[table["ends"] == end].set_index("group") for end in (before, after))
            tables.append(_contributions(str(pathway), comparison, *counts))
    columns = [
        "comparison",
        "pathway",
        "column",
        "group",
        "before",
        "after",
        "change",
        "low",
        "high",
    ]
    columns += ["p", "before_start", "before_end", "after_start", "after_end", "q"]
    found = pd.concat([pd.DataFrame(columns=columns), *tables]) if tables else None
    found = pd.DataFrame(columns=columns) if found is None else found
    found["order"] = found["comparison"].map({name: at for at, name in enumerate(COMPARISONS)})
    found = found.sort_values("order", kind="stable", ignore_index=True).drop(columns="order")
    return found.assign(clear=found["q"].astype(float) < rate)


def _shown(released: pd.DataFrame) -> pd.DataFrame:
    """The counts of referrals that are printed, with their periods as ISO text."""
    rows = released[(released["measure"] == "referrals") & (released["wait"] == "")]
    if "form" in rows:
        rows = rows[rows["form"].isin(["exact", "rounded"])]
    elif "status" in rows:
        rows = rows[rows["status"] == ""]
    return with_days(rows)


def _pairs(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """The comparisons among the periods of one service: name, last day before, last day after, a year apart."""
    periods = sorted(set(zip(table["ends"], table["begins"], strict=True)))
    found = []
    for (before, first), (after, second) in combinations(periods, 2):
        apart = int(second[:4]) - int(first[:4])
        if apart == 1 and first[4:] == second[4:] and _same_day(before, after):
            whole = before.endswith("-12-31") and first.endswith("-01-01")
            found.append((COMPARISONS[whole], before, after))
    return found


def _same_day(before: str, after: str) -> bool:
    return before[4:] == after[4:] or {before[4:], after[4:]} == {"-02-28", "-02-29"}


def _contributions(
    pathway: str, comparison: str, before: pd.DataFrame, after: pd.DataFrame
) -> pd.DataFrame:
    """The groups of one service in one comparison."""
    rows = []
    whole = [int(part["value"].get("", -1)) for part in (before, after)]
    periods = [part[side].iloc[0] for part in (before, after) for side in ("begins", "ends")]
    for group in before.index if min(whole) >= 0 else ():
        if not group or group not in after.index:
            continue
        a, b = int(before.at[group, "value"]), int(after.at[group, "value"])
        if a + b == 0 or a + b == sum(whole):
            continue
        half = 1.96 * math.sqrt(a + b)
        rows.append(
            (comparison, pathway, *group.split("=", 1), a, b, b - a, b - a - half, b - a + half,
             _uneven(a, b, *whole), *periods)
        )  # fmt: skip
    names = "comparison pathway column group before after change low high p".split()
    names += "before_start before_end after_start after_end".split()
    table = pd.DataFrame(rows, columns=names)
    return table.assign(q=false_discovery(table["p"].tolist()))


def _uneven(a: int, b: int, whole_a: int, whole_b: int) -> float:
    """Two-sided exact binomial chance of b of a + b when all referrals fell whole_b of whole_a + whole_b."""
    from scipy.special import bdtr, bdtrc

    n, share = a + b, whole_b / (whole_a + whole_b)
    if not 0 < share < 1:
        return 1.0
    below = float(bdtr(b, n, share))
    above = float(bdtrc(b - 1, n, share)) if b > 0 else 1.0
    return min(1.0, 2 * min(below, above))


def england(counts: pd.DataFrame, area: str) -> pd.DataFrame:
    """EHC requests a calendar year, England beside the area, from `benchmark.published`: one row per year and place.

    Returns ``year, place, requests`` (place "England" or the area's name); empty without both. The area is found by its name (codes
    changed over the years).
    """
    table = counts[(counts["measure"] == "referrals") & counts["numerator"].notna()]
    places = table["name"].where(table["level"] != "National", "England")
    found = pd.DataFrame(
        {"year": table["year"].astype(str).str[:4], "place": places, "requests": table["numerator"]}
    )
    found = found[found["place"].isin(["England", area])].reset_index(drop=True)
    return found if {"England", area} <= set(found["place"]) else found.iloc[:0]


def differs(groups: Sequence[tuple[int, int]]) -> float | None:
    """The chance (0-1) of shares at least this unlike if all groups shared one rate: Pearson's chi-square test.

    ``groups``: (count, of how many) each. None when it cannot be judged: under two groups, or an expected count under 5.
    """
    groups = [g for g in groups if g[1] > 0]
    count, whole = sum(n for n, _ in groups), sum(t for _, t in groups)
    if len(groups) < 2 or not 0 < count < whole:
        return None
    rate = count / whole
    if any(min(t * rate, t * (1 - rate)) < 5 for _, t in groups):
        return None
    from scipy.special import chdtrc

    statistic = sum(
        (n - t * rate) ** 2 / (t * rate) + (n - t * rate) ** 2 / (t * (1 - rate)) for n, t in groups
    )
    return float(chdtrc(len(groups) - 1, statistic))


def counts_differ(a: int, b: int) -> float:
    """The two-sided chance (0-1) that two counts of equal periods differ this much at one common rate: exact binomial.

    The test behind the interval of `rates.rate_ratio`, without the second that statsmodels takes to import.
    """
    from scipy.special import bdtr

    low, n = min(a, b), a + b
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(low, n, 0.5)))
