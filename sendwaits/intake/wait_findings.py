"""What is met while the waits of a service are built: one finding per rule and file, no values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sendwaits.intake.extracts.table import NEVER, Finding

__all__ = ["children", "met"]

LINKED_FROM = 3
"""Referrals linked to one that is open, from which an id is no child's."""
MANY_FROM, MANY_SHARE = 5, 0.2
"""So many, and so large a share, are no slips: ids that were changed, two columns swapped, a list cut off."""
_MANY = {
    "late": "those who completed; two columns may be swapped",
    "skipped": "those who completed; a column may be missing or swapped",
    "D23": "the list; ids may have changed, or rows been cut off",
}
BORN_SHARE = 0.01
"""Share of rows under ids with two birth dates up to which single slips of typing are likely."""


def children(rows: pd.DataFrame, duplicate_of: np.ndarray) -> list[Finding]:
    """Child ids that cannot be one child's: two birth dates, or more referrals open at once than a child has."""
    found = []
    born = (
        rows.loc[rows["date_of_birth"].notna(), ["child_id", "date_of_birth"]]
        if ("date_of_birth" in rows)
        else rows.iloc[:0].assign(date_of_birth=pd.NaT)
    )
    dates = born.drop_duplicates().groupby("child_id").size()
    wrong = rows["child_id"].isin(dates[dates > 1].index).to_numpy()
    linked = np.bincount(duplicate_of[duplicate_of >= 0], minlength=len(rows))
    many = linked >= LINKED_FROM
    file = str(rows["source_file"].iloc[-1]) if len(rows) else ""
    to_do = "Ask the supplier what stands for a child whose number is not known."
    if wrong.any():
        red = dates.max() > 2 or wrong.sum() > max(2, BORN_SHARE * len(rows))
        found.append(
            Finding(
                "W-CHILD",
                "red" if red else "amber",
                file,
                int(wrong.sum()),
                "rows under a child id with several dates of birth; those that differ are not linked",
                to_do,
            )
        )
    if many.any():
        found.append(
            Finding(
                "W-CHILD",
                "red",
                file,
                int(linked[many].sum()),
                "rows under child ids with more referrals open at once than one child has; only the first of each counts",
                to_do,
            )
        )
    return found


_FINDINGS = {  # what is masked -> code of the two tables of rules, severity, what was met, what to do
    "skipped": (
        "D22",
        "warn",
        "a later stage is dated but the stage before it is not; the earlier wait ends that day",
        "Ask the service to enter the missing date.",
    ),
    "late": (
        "D13",
        "warn",
        "a stage is dated after the record was closed; the wait ends on the closing day",
        "Ask the service which of the two dates is right.",
    ),
    "undated": (
        "D13",
        "warn",
        "withdrawn without any date; the waits that it would end are left out",
        "Ask the service for the date of the withdrawal.",
    ),
    "D11": (
        "D11",
        "info",
        "a second referral while the first is open; linked to it, the earliest clock counts",
        "Nothing to do.",
    ),
    "D12": (
        "D12",
        "info",
        "referred again within 365 days of the last closure; a new clock",
        "Nothing to do.",
    ),
    "D23": (
        "D23",
        "warn",
        "open, but absent from the newest extract (not flowed)",
        "Ask the service whether these children still wait; the list is shown with and without them.",
    ),
    "unread": (
        "W-ASIDE",
        "amber",
        "records whose row in the newest extract was set aside; they count by their older row",
        "Correct the rows of quarantine.csv: until then these records are not up to date.",
    ),
}


def met(rows: pd.DataFrame, referrals: pd.DataFrame, clocks: Mapping[str, Any]) -> list[Finding]:
    """One finding per code and file: how many records, what it means, what to do."""
    any_of = lambda name: np.logical_or.reduce([getattr(c, name) for c in clocks.values()])  # noqa: E731
    open_now = np.logical_or.reduce([c.exists & (c.stop == NEVER) for c in clocks.values()])
    masks = {
        **{name: any_of(name) for name in ("skipped", "late", "undated")},
        "D11": referrals["duplicate_of"].to_numpy() >= 0,
        "D12": referrals["re_referral_days"].le(365).fillna(False).to_numpy(bool),
        "D23": open_now & ~referrals["in_newest"].to_numpy(),
        "unread": rows["_unread"].to_numpy(),
    }
    found = []
    done = np.logical_or.reduce([c.exists & c.completed for c in clocks.values()])
    passed = done | masks["late"] | masks["skipped"]
    for name, of in (("late", passed), ("skipped", passed), ("D23", open_now)):
        if masks[name].sum() >= MANY_FROM and masks[name].sum() > MANY_SHARE * of.sum():
            code, _, message, what = _FINDINGS[name]
            words = f"{message}: over a fifth of {_MANY[name]}"
            newest = str(rows["source_file"].iloc[rows["extract_date"].argmax()])
            found.append(Finding(code, "red", newest, int(masks[name].sum()), words, what))
    for name, mask in masks.items():
        code, severity, message, what = _FINDINGS[name]
        for file, n in rows["source_file"][mask].value_counts(sort=False).sort_index().items():
            found.append(Finding(code, severity, str(file), int(n), message, what))
    return found
