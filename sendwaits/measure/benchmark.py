"""The area beside England, its region and its statistical neighbours, from DfE files as downloaded into data/raw/dfe.

An area is found by its name; its code must agree. A code alone joins the wrong areas: a published appeals file has
Nottinghamshire's old code 891 for Nottingham. An average of neighbours always says which one it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sendwaits.errors import Refused

__all__ = ["PUBLISHED", "read_dfe", "compare"]

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
}
"""Measure: DfE's column of the numerator and those that add up to the denominator (none: a count)."""

_PLACE = ["time_period", "geographic_level", "region_name", "new_la_code", "old_la_code", "la_name"]
_COLUMNS = [
    "measure",
    "period_start",
    "period_end",
    "place",
    "basis",
    "value",
    "unit",
    "numerator",
    "denominator",
    "areas",
    "note",
]


def read_dfe(folder: Path) -> pd.DataFrame:
    """Published counts by place and calendar year, one row per measure, year and place; empty without a DfE file.

    Columns: `measure, year, level, region, new_code, old_code, name, numerator, denominator` (denominator missing for a
    count). A file counts when it has DfE's place columns and a measure of `PUBLISHED`; only its total rows are read, and
    ``x``, ``z``, ``c``, ``low`` and the like are missing, never 0.

    Source: DfE, Explore Education Statistics, Education, health and care plans.
    """
    tables = []
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        raw = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
        if not set(_PLACE) <= set(raw.columns):
            continue
        if "breakdown" in raw:
            raw = raw[raw["breakdown"].str.startswith(("All", "Total", "New EHC plans"))]
        if "time_identifier" in raw:
            raw = raw[raw["time_identifier"] == "Calendar year"]
        for measure, (above, below) in PUBLISHED.items():
            if not {above, *below} <= set(raw.columns):
                continue
            place = raw[_PLACE].set_axis(
                ["year", "level", "region", "new_code", "old_code", "name"], axis=1
            )
            whole = (
                sum((_counts(raw[column]) for column in below[1:]), _counts(raw[below[0]]))
                if below
                else pd.NA
            )
            tables.append(
                place.assign(
                    measure=measure,
                    numerator=_counts(raw[above]),
                    denominator=pd.array([pd.NA] * len(raw), "Int64") if not below else whole,
                )
            )
    columns = [
        "measure",
        "year",
        "level",
        "region",
        "new_code",
        "old_code",
        "name",
        "numerator",
        "denominator",
    ]
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)[columns].drop_duplicates(
        ["measure", "year", "level", "region", "name"], ignore_index=True
    )


def compare(
    published: pd.DataFrame, area: str, la_code: str = "", neighbours: Sequence[str] = ()
) -> pd.DataFrame:
    """The area, England, its region and three averages of its neighbours, one row per measure, year and comparator.

    Columns: `measure, period_start, period_end, place, basis, value, unit, numerator, denominator, areas, note`. basis:
    ``area``, ``England``, ``region``, ``mean of neighbours``, ``median of neighbours``, ``pooled neighbours`` (their
    children together). The three answer different questions (2024: 32.7, 33.4 and 32.4 % of plans in time), so a
    sentence must name the one it uses. areas: neighbours with a published value; note names those without. Percentages
    are exact, not rounded. Counts have no pooled row.

    Raises
    ------
    Refused
        When the area is not in the files, when `la_code` is neither its new nor its old code there, or when a neighbour
        is given as a code.
    """
    if any(name[1:].isdigit() for name in neighbours):
        raise Refused(
            "sendwaits.toml: [area] neighbours: give names, not codes: a code alone joins the wrong areas"
        )
    if published.empty:
        return pd.DataFrame(columns=_COLUMNS)
    authority = published["level"] == "Local authority"
    key = published["name"].str.strip().str.casefold()
    own = published[authority & (key == area.strip().casefold())]
    if own.empty:
        raise Refused(
            "data/raw/dfe: la_name: the area's name is not in the files: check [area] name"
        )
    if la_code and not ((own["new_code"] == la_code) | (own["old_code"] == la_code)).all():
        raise Refused(
            "sendwaits.toml: [area] la_code: the DfE files have another code for this name"
        )
    asked = {name.strip().casefold(): name for name in neighbours}
    beside = published[authority & key.isin(asked.keys())]
    region = published[(published["level"] == "Regional") & published["region"].isin(own["region"])]
    rows = [
        *_each(own, "area"),
        *_each(published[published["level"] == "National"].assign(name="England"), "England"),
        *_each(region.assign(name=region["region"]), "region"),
        *_averages(beside, asked),
    ]
    order = {basis: i for i, basis in enumerate(["area", "England", "region", *_AVERAGES])}
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table = table.assign(order=table["basis"].map(order)).sort_values(
        ["measure", "period_start", "order"], kind="stable"
    )
    return (
        table.drop(columns="order")
        .reset_index(drop=True)
        .astype({"numerator": "Int64", "denominator": "Int64", "areas": "Int64"})
    )


_AVERAGES = ("mean of neighbours", "median of neighbours", "pooled neighbours")


def _each(rows: pd.DataFrame, basis: str) -> list[tuple[object, ...]]:
    values = _values(rows)
    return [
        (
            row.measure,
            *_year(row.year),
            row.name,
            basis,
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
        lacking = sorted(set(asked) - set(known["name"].str.strip().str.casefold()))
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
                basis,
                number,
                unit,
                top,
                bottom,
                len(known),
                note,
            )
            for basis, (number, top, bottom) in averages.items()
        ]
    return found


def _counts(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells.where(cells.str.fullmatch(r"\d+"), None), errors="coerce").astype(
        "Int64"
    )


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


def _year(year: object) -> tuple[str, str]:
    return f"{year}-01-01", f"{year}-12-31"
