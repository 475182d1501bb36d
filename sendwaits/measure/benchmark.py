"""The area beside England, its region and its statistical neighbours, from published counts.

An area is found by its name; its code must agree. A code alone joins the wrong areas: a published appeals file has
Nottinghamshire's old code 891 for Nottingham. An average of neighbours always says which one it is. Everything here is
published already: no child's record is in it. Requests per 10,000 children are left out: no file has the population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.places import nearest, place_key

__all__ = ["PUBLISHED", "KINDS", "published", "compare", "bands"]

PUBLISHED: dict[str, tuple[str, tuple[str, ...]]] = {
    "referrals": ("requests_received_in_year", ()),
    "plans_issued": ("plans_issued_den", ()),
    "within_20_weeks_pct": ("plans_issued_within_20_weeks", ("plans_issued_den",)),
    "within_20_weeks_excl_pct": ("plans_issued_20_weeks_ex", ("plans_issued_den_ex",)),
    "decisions_within_6_weeks_pct": (
        "request_outcome_six_weeks",
        ("request_outcome_six_weeks", "request_outcome_over_6_weeks"),
    ),
    "refusals_within_16_weeks_pct": (
        "outcome_decision_within_time",
        ("outcome_decision_within_time", "outcome_decision_over_time"),
    ),
    "requests_refused_pct": (
        "requests_decided_not_to_assess",
        ("requests_decided_to_assess", "requests_decided_not_to_assess"),
    ),
    "request_mediations_pct": ("mediation_related_request", ("requests_decided_not_to_assess",)),
    "request_tribunals_pct": ("tribunal_related_request", ("requests_decided_not_to_assess",)),
    "assessment_tribunals_pct": ("number_assess_tribunal", ("assess_not_issued",)),
}
"""Measure: DfE's column of the numerator and those that add up to the denominator (none: a count).

Mediations and tribunals are cases of the year about a request (or an assessment) per 100 refusals of the year.
"""

KINDS = (
    "area",
    "England",
    "region",
    "mean of neighbours",
    "median of neighbours",
    "pooled neighbours",
)
"""What a value is: a place's own, or which average of the neighbours."""

_PLACE = {
    "time_period": "year",
    "geographic_level": "level",
    "region_name": "region",
    "new_la_code": "new_code",
    "old_la_code": "old_code",
    "la_name": "name",
}
_COUNTS = ["measure", *_PLACE.values(), "numerator", "denominator"]
_COLUMNS = (
    "measure year period_start period_end place kind value unit numerator denominator".split()
)
_COLUMNS += ["areas", "note"]


def published(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Published counts by place and calendar year, one row per measure, year and place; empty without a DfE file.

    ``tables``: as `intake.dfe` reads them, numbers with NaN for a marker. Columns: `measure, year, level, region, new_code,
    old_code, name, numerator, denominator` (denominator missing for a count). Only total rows of calendar years are read.

    Source: DfE, Explore Education Statistics, Education, health and care plans.
    """
    found = []
    for raw in tables.values():
        if not set(_PLACE) <= set(raw.columns):
            continue
        if "breakdown" in raw:
            raw = raw[raw["breakdown"].str.startswith(("All", "Total", "New EHC plans"))]
        if "time_identifier" in raw:
            raw = raw[raw["time_identifier"] == "Calendar year"]
        for measure, (above, below) in PUBLISHED.items():
            if {above, *below} <= set(raw.columns):
                whole = sum((_counts(raw[c]) for c in below), _counts(raw[above]) * 0)
                found.append(
                    raw[list(_PLACE)]
                    .set_axis(list(_PLACE.values()), axis=1)
                    .assign(
                        measure=measure,
                        numerator=_counts(raw[above]),
                        denominator=whole if below else pd.array([pd.NA] * len(raw), "Int64"),
                    )
                )
    if not found:
        return pd.DataFrame(columns=_COUNTS)
    made = pd.concat(found, ignore_index=True)[_COUNTS]
    place = made[["measure", "year", "level", "region"]].assign(name=made["name"].map(place_key))
    return made[~place.duplicated()].reset_index(drop=True)


def compare(
    published: pd.DataFrame,
    area: str,
    la_code: str = "",
    neighbours: Sequence[str] = (),
    la_codes: Sequence[str] = (),
) -> pd.DataFrame:
    """The area, England, its region and three averages of its neighbours, one row per measure, year and comparator.

    Columns: `measure, year, period_start, period_end, place, kind, value, unit, numerator, denominator, areas, note`. kind:
    ``area``, ``England``, ``region``, ``mean of neighbours``, ``median of neighbours``, ``pooled neighbours`` (their
    children together). The three answer different questions (2024: 32.7, 33.4 and 32.4 % of plans in time), so a
    sentence must name the one it uses. areas: neighbours with a published value; note names those without. Percentages
    are exact, not rounded. Counts have no pooled row. ``la_codes``: the authorities that are the area together; a year in which
    one of them has no published value is left out.

    Raises
    ------
    Refused
        When the area is not in the files (the nearest names are told), when `la_code` is another authority's there, or when
        a neighbour is given as a code. A code that changed since decides nothing.
    """
    if any(name[1:].isdigit() for name in neighbours):
        raise Refused(
            "sendwaits.toml: [area] neighbours: give names, not codes: a code alone joins the wrong areas"
        )
    if published.empty:
        return pd.DataFrame(columns=_COLUMNS)
    authority = published["level"] == "Local authority"
    key = published["name"].map(place_key)
    if la_codes:
        own = _together(published[authority], area, la_codes)
    else:
        own = published[authority & (key == place_key(area))]
    if own.empty:
        near = nearest(area, published.loc[authority, "name"].unique())
        raise Refused(
            "data/raw/dfe: la_name: the area's name is not in the files: check [area] name."
            + (f" Nearest there: {', '.join(near)}." if near else "")
        )
    known = (
        bool(la_codes)
        or not la_code
        or ((own["new_code"] == la_code) | (own["old_code"] == la_code)).any()
    )
    if not known:
        _refuse_other_code(published[authority & (key != place_key(area))], la_code)
    asked = {place_key(name): name for name in neighbours}
    beside = published[authority & key.isin(asked.keys())]
    region = published[(published["level"] == "Regional") & published["region"].isin(own["region"])]
    rows = [
        *_each(own, "area"),
        *_each(published[published["level"] == "National"].assign(name="England"), "England"),
        *_each(region.assign(name=region["region"]), "region"),
        *_averages(beside, asked),
    ]
    order = {kind: at for at, kind in enumerate(KINDS)}
    table = pd.DataFrame(rows, columns=_COLUMNS)
    if not known:
        table.loc[table["kind"] == "area", "note"] = "matched by name: the files have another code"
    table = table.assign(order=table["kind"].map(order)).sort_values(
        ["measure", "period_start", "order"], kind="stable"
    )
    return (
        table.drop(columns="order")
        .reset_index(drop=True)
        .astype({"numerator": "Int64", "denominator": "Int64", "areas": "Int64"})
    )


def _together(rows: pd.DataFrame, area: str, codes: Sequence[str]) -> pd.DataFrame:
    """The rows of an area of several authorities: their numerators and denominators added up, by measure and year."""
    named = {c: sorted(rows.loc[rows["new_code"] == c, "name"].unique()) for c in codes}
    wrong = {c: names for c, names in named.items() if len({*map(place_key, names)}) != 1}
    if wrong:
        code, names = next(iter(wrong.items()))
        said = f"names {' and '.join(names)} there" if names else "is not in the files"
        raise Refused(
            f"sendwaits.toml: [area] la_codes: {code} {said}: give the code of nine characters, as E10000024."
        )
    keys = {place_key(names[0]) for names in named.values()}
    mine = rows[rows["name"].map(place_key).isin(keys)]
    made = []
    for (measure, year), group in mine.groupby(["measure", "year"], sort=True):
        parts = ["numerator", "denominator"] if _unit(measure) == "percent" else ["numerator"]
        if len(group) == len(keys) and group[parts].notna().all(axis=None):
            sums = {part: group[part].sum() for part in parts}
            made.append({**group.iloc[0], "measure": measure, "year": year, "name": area, **sums})
    return pd.DataFrame(made, columns=rows.columns).astype(
        dict.fromkeys(["numerator", "denominator"], "Int64")
    )


def _refuse_other_code(others: pd.DataFrame, la_code: str) -> None:
    """Refuses a code that is another authority's; one that changed, or that the files do not have, decides nothing."""
    theirs = others[(others["new_code"] == la_code) | (others["old_code"] == la_code)]
    if la_code and len(theirs):
        raise Refused(
            "sendwaits.toml: [area] la_code: the DfE files have this code for "
            f"{theirs['name'].iloc[0]}: correct la_code, or leave it out"
        )


def _each(rows: pd.DataFrame, kind: str) -> list[tuple[object, ...]]:
    values = _values(rows)
    return [
        (
            row.measure,
            *_year(row.year),
            row.name,
            kind,
            value,
            _unit(row.measure),
            row.numerator if _unit(row.measure) == "percent" else pd.NA,
            row.denominator,
            pd.NA,
            "",
        )
        for row, value in zip(
            rows[["measure", "year", "name", "numerator", "denominator"]].itertuples(index=False),
            values,
            strict=True,
        )
    ]


def _averages(rows: pd.DataFrame, asked: dict[str, str]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for (measure, year), group in rows.groupby(["measure", "year"], sort=True):
        unit, value = _unit(measure), _values(group)
        known = group[value.notna()]
        lacking = sorted(set(asked) - set(known["name"].map(place_key)))
        note = (
            "without a published value: " + ", ".join(asked[name] for name in lacking)
            if lacking
            else ""
        )
        above, below = known["numerator"].sum(), known["denominator"].sum()
        averages = {
            "mean of neighbours": (value.mean(), pd.NA, pd.NA),
            "median of neighbours": (value.median(), pd.NA, pd.NA),
        }
        if unit == "percent":
            averages["pooled neighbours"] = (
                100 * above / below if below else float("nan"),
                above,
                below,
            )
        found += [
            (
                measure,
                *_year(year),
                f"{len(known)} statistical neighbours",
                kind,
                number,
                unit,
                top,
                bottom,
                len(known),
                note,
            )
            for kind, (number, top, bottom) in averages.items()
        ]
    return found


def _counts(cells: pd.Series) -> pd.Series:
    """Whole numbers, missing where a marker stood (a column of markers alone is text)."""
    return pd.to_numeric(cells, errors="coerce").astype("Int64")


def _values(rows: pd.DataFrame) -> pd.Series:
    share = (
        100
        * rows["numerator"].astype("Float64")
        / rows["denominator"].astype("Float64").replace(0, pd.NA)
    )
    count = rows["measure"].map(_unit) == "count"
    return share.where(~count, rows["numerator"].astype("Float64")).astype("float64")


def _unit(measure: object) -> str:
    return "percent" if str(measure).endswith("_pct") else "count"


def _year(year: object) -> tuple[str, str, str]:
    return str(year), f"{year}-01-01", f"{year}-12-31"


BAND_WEEKS = {
    "0-1": "0_7",
    "1-2": "8_14",
    "2-4": "15_28",
    "4-12": "29_84",
    "12-18": "85_126",
    "18-52": "127_364",
    "52-104": "365_728",
    "104+": "729_plus",
}
"""The week bands of the published SitRep: the days of our ``waiting_band_`` measures."""


def bands(
    own: pd.DataFrame, community: pd.DataFrame, service: str, places: Sequence[str] = ()
) -> pd.DataFrame:
    """The share of children in each SitRep band, ours beside the published ones of one service: one row per place and band.

    Parameters
    ----------
    own
        Figures of one wait, exact or released: the newest ``waiting_band_`` row of each band without a group is taken.
    community
        Published counts as `intake.community` reads them: `month, level, code, name, service, band_weeks, waiting`.
    service, places
        The published name of the service; names of places (all when empty). England is always there.

    Returns
    -------
    DataFrame
        `place, level` (``own``, National, ICB, Provider), `date` (ISO; months differ: say both), `band` (days), `value` (per
        cent of the place's children), `numerator, denominator`. A hidden band of ours leaves the whole of ours out: its rest
        would tell it. Relation of ours: ``share_of`` the bands' sum.

    Source: NHS England, Community Health Services Waiting Lists (SitRep).
    """
    rows = community[community["service"] == service]
    wanted = rows["name"].isin([*places]) | (rows["level"] == "National") | (not places)
    theirs = rows[wanted].assign(band=lambda t: t["band_weeks"].map(BAND_WEEKS), place=rows["name"])
    theirs = theirs.rename(columns={"waiting": "numerator", "month": "date"})
    ours = own[own["measure"].str.startswith("waiting_band_") & (own["group"] == "")]
    ours = ours[ours["period_end"] == ours["period_end"].max()]
    if ours["value"].isna().any():
        ours = ours.iloc[:0]
    ours = ours.assign(
        place="own",
        level="own",
        band=ours["measure"].str.removeprefix("waiting_band_"),
        date=pd.to_datetime(ours["period_end"]).dt.strftime("%Y-%m-%d"),
        numerator=ours["value"],
    )
    columns = ["place", "level", "date", "band", "numerator"]
    table = pd.concat([ours[columns], theirs[columns]], ignore_index=True)
    table = table.astype({"numerator": "Int64"})
    whole = table.groupby(["place", "level", "date"])["numerator"].transform("sum")
    share = 100 * table["numerator"].astype(float) / whole.astype(float).where(whole > 0)
    order = table["band"].map({band: at for at, band in enumerate(BAND_WEEKS.values())})
    table = table.assign(denominator=whole, value=share.astype("float64"), order=order)
    table = table.sort_values(["place", "order"], key=_own_first, kind="stable", ignore_index=True)
    return table[["place", "level", "date", "band", "value", "numerator", "denominator"]]


def _own_first(column: pd.Series) -> pd.Series:
    return column.replace({"own": "", "England": " "}) if column.name == "place" else column
