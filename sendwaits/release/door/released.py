"""A released set, or one pathway of it: the table, the plan behind it, and what its readers need to be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sendwaits.release.door.exact import Ties
from sendwaits.release.key import COLUMNS
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLAN_COLUMNS", "Released", "dated", "together"]

PLAN_COLUMNS = ["pathway", "wait", "measure", "group", "grain", "form", "reason"]


@dataclass(frozen=True)
class Released:
    """What may leave of one pathway or of a whole set.

    ``table``: one row per number, `release.key.COLUMNS`, periods as datetimes. ``plan``: one row per series, published or not,
    `PLAN_COLUMNS`; a series with calendar years beside its grain has a second row. ``phase``: the month number modulo 3 that
    ends a quarter. ``ties``: pathway -> its stages as readers know them. ``merged``: key of a printed group -> the groups in it.
    ``revised``: keys of closed periods that are printed otherwise than before. ``themes``, ``totals``: the released rows of
    these tables, of a set that is read back from the register.
    """

    table: pd.DataFrame
    plan: pd.DataFrame
    profile: Profile
    as_at: date
    phase: int = 0
    ties: Mapping[str, Ties] = field(default_factory=dict)
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    revised: tuple[str, ...] = ()
    themes: pd.DataFrame | None = None
    totals: pd.DataFrame | None = None
    read: dict[tuple[int, str], Any] = field(default_factory=dict, compare=False, repr=False)
    """Rows of a pathway by their key, read once from this very table."""


def together(parts: Iterable[Released]) -> Released:
    """The set of several pathways released for one day under one profile."""
    import pandas as pd

    parts = list(parts)
    first = parts[0]
    return Released(
        pd.concat([p.table for p in parts], ignore_index=True),
        pd.concat([p.plan for p in parts], ignore_index=True),
        first.profile,
        first.as_at,
        first.phase,
        {code: ties for p in parts for code, ties in p.ties.items()},
        {key: groups for p in parts for key, groups in p.merged.items()},
        tuple(key for p in parts for key in p.revised),
    )


def dated(table: pd.DataFrame) -> pd.DataFrame:
    """A released frame with its columns in order, its periods as datetimes and its counts as whole numbers."""
    import pandas as pd

    table = table.copy()
    for name in ("period_start", "period_end"):
        table[name] = pd.to_datetime(table[name].replace("", None), format="ISO8601").astype(
            "datetime64[us]"
        )
    for name in ("numerator", "denominator", "n"):
        table[name] = table[name].astype("Int64")
    return table[COLUMNS].reset_index(drop=True)
