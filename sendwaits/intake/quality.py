"""What the quality report shows: the rules' findings, the trend by month, and rows for a person to look at. Positions, never values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sendwaits.intake import Checked
from sendwaits.intake.clean import NO_RECORD, QUARANTINE_COLUMNS, Cleaned
from sendwaits.pathways import Pathway

__all__ = ["by_rule", "standing", "trend", "to_look_at", "year_typos", "overlaps"]

_LOOK = list(QUARANTINE_COLUMNS)
_NEIGHBOURS = 11
_FITS_DAYS = 45


def by_rule(checked: Checked) -> pd.DataFrame:
    """One row per file and rule: file, code, severity, n, message, what_to_do; the gravest first."""
    order = {"error": 0, "red": 1, "amber": 2, "warn": 3, "info": 4}
    table = checked.findings[["file", "code", "severity", "n", "message", "what_to_do"]]
    rank = table["severity"].map(order)
    return (
        table.assign(_rank=rank)
        .sort_values(["_rank", "file", "code"], kind="stable", ignore_index=True)
        .drop(columns="_rank")
    )


def standing(checked: Checked) -> pd.DataFrame:
    """What every page of a service must say of its newest extract: one row per pathway that stands.

    Columns: `pathway, file, extract_date, read, set_aside, set_aside_pct, red`. set_aside: rows that are records and were set
    aside (totals, footers and repeated headers left out), as a count and in per cent of the file's records; red: the red
    findings of the newest extract and of what it says beside the older ones, as sentences, most often none.
    """
    rows = []
    for code, ones in checked.extracts.items():
        if not ones:
            continue
        newest, table = ones[-1], checked.findings
        own = table[table["file"].isin(newest.counts) & (table["severity"] == "red")]
        rows.append(
            {
                "pathway": code,
                "file": newest.file.name,
                "extract_date": newest.file.extract_date.isoformat(),
                "read": newest.read,
                "set_aside": int((~newest.quarantine["code"].isin(NO_RECORD)).sum()),
                "set_aside_pct": newest.lost_pct,
                "red": [f"{n:,} {m}" for n, m in zip(own["n"], own["message"], strict=True)],
            }
        )
    return pd.DataFrame(rows)


def trend(checked: Checked) -> pd.DataFrame:
    """One row per pathway and month of extract: read, clean, quarantined, merged, and the share set aside in per cent (NaN when none was read)."""
    table = checked.history[checked.history["refused"].isna()]
    table = table.assign(month=table["extract_date"].str[:7])
    made = (
        table.groupby(["pathway", "month"], sort=True)[["read", "clean", "quarantined", "merged"]]
        .sum()
        .reset_index()
    )
    made["quarantined_pct"] = 100 * made["quarantined"] / made["read"].where(made["read"] > 0)
    return made


def to_look_at(
    extracts: Mapping[str, Sequence[Cleaned]], pathways: Mapping[str, Pathway]
) -> pd.DataFrame:
    """Rows of the newest extracts that a person should look at, one row each: probable year typos (D17), same-child overlaps (D11)."""
    parts = [
        look(ones[-1].rows, pathways[code])
        for code, ones in extracts.items()
        if ones
        for look in (year_typos, overlaps)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_LOOK)


def year_typos(rows: pd.DataFrame, pathway: Pathway) -> pd.DataFrame:
    """Rows whose clock start lies a year off its neighbours by record number and would fit them a year earlier or later. Never corrected.

    Only where record numbers run with time: four of five neighbours in order of date. Source: dq_rules D17.
    """
    if pathway.record_id not in rows or len(rows) < 2 * _NEIGHBOURS:
        return pd.DataFrame(columns=_LOOK)
    number = pd.to_numeric(rows[pathway.record_id].str.extract(r"(\d+)\D*$")[0], errors="coerce")
    known = np.flatnonzero(number.notna().to_numpy())
    at = known[np.argsort(number.to_numpy()[known], kind="stable")]
    day = rows[pathway.start].to_numpy().astype("datetime64[D]").astype(np.int64)[at]
    if len(at) < 2 * _NEIGHBOURS or (np.diff(day) >= 0).mean() < 0.8:
        return pd.DataFrame(columns=_LOOK)
    middle = pd.Series(day).rolling(_NEIGHBOURS, center=True, min_periods=3).median().to_numpy()
    off = day - middle
    typo = np.abs(np.abs(off) - 365.25) <= _FITS_DAYS
    return _positions(
        rows.iloc[at[typo]],
        pathway.start,
        "D17",
        "the year is probably one off: the records beside it are a year away",
    )


def overlaps(rows: pd.DataFrame, pathway: Pathway) -> pd.DataFrame:
    """Rows that start while an earlier record of the same child in the file has not ended. Source: dq_rules D11."""
    day = rows[pathway.start].to_numpy().astype("datetime64[D]").astype(np.int64)
    ends = (
        [w.completed for w in pathway.waits[-1:]]
        + [r.date for w in pathway.waits for r in w.removed if r.when is None]
        + ([pathway.rejected] if pathway.rejected else [])
    )
    end = np.full(len(rows), np.iinfo(np.int64).max)
    for name in dict.fromkeys(e for e in ends if e in rows):
        dates = rows[name].to_numpy().astype("datetime64[D]")
        end = np.where(np.isnat(dates), end, np.minimum(end, dates.astype(np.int64)))
    child, _ = pd.factorize(rows["child_id"])
    order = np.lexsort((day, child))
    latest = pd.Series(end[order]).groupby(child[order]).cummax().to_numpy()
    again = np.zeros(len(rows), bool)
    if len(order) > 1:
        same = child[order][1:] == child[order][:-1]
        again[order[1:][same & (day[order][1:] < latest[:-1])]] = True
    return _positions(
        rows[again],
        "child_id",
        "D11",
        "an earlier record of the same child is still open; counted as its duplicate",
    )


def _positions(rows: pd.DataFrame, column: str, code: str, reason: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": rows["source_file"],
            "sheet": rows["sheet"],
            "row": rows["source_row"],
            "column": column,
            "code": code,
            "reason": reason,
        }
    ).sort_values(["file", "row"], kind="stable", ignore_index=True)
