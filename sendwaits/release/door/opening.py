"""The only way out: exact figures of one pathway in, whole series of released numbers and the plan behind them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from sendwaits.release.door.cells import table_rows
from sendwaits.release.door.certify import certificate
from sendwaits.release.door.exact import Exact
from sendwaits.release.door.history import History, audiences
from sendwaits.release.door.page import Page
from sendwaits.release.door.plan import Planner
from sendwaits.release.door.released import PLAN_COLUMNS, Released, dated
from sendwaits.release.door.revise import Reviser
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["release"]


def release(
    figures: pd.DataFrame,
    *,
    profile: Profile,
    kth_longest: Mapping[tuple[str, str], float] | None = None,
    earlier: Iterable[Released] = (),
    as_at: date,
    phase: int | None = None,
) -> Released:
    """The series of one pathway that may leave under a profile, each with one grain and one form and without a hole.

    Parameters
    ----------
    figures : exact rows of `door.candidates`: months, quarters, calendar years, and the newest census by group.
    kth_longest : (wait, month end) -> weeks waited by the k-th longest waiting child, of `door.kth_longest`.
    earlier : all earlier releases of the area, oldest first, of whatever profile and k (`door.register` keeps them).
    phase : the month number modulo 3 that ends a quarter; by default that of the earliest release, else of ``as_at``.

    Analyst: every row as it is. A measure without a declared relation is not published and the plan says so.
    It always ends: what cannot be shown to be safe takes a coarser grain, in the end it is not published.
    The set of a day that was released already comes out the same again, as long as the figures behind it are the same.
    """
    earlier = [r for r in earlier if not r.profile.exact]
    phase = earlier[0].phase if phase is None and earlier else phase
    exact = Exact(figures, as_at, phase)
    if profile.exact:
        return _analyst(figures, profile, as_at, exact)
    kth = kth_longest or {}
    for at in reversed(range(len(earlier))):
        if (earlier[at].as_at, earlier[at].profile) == (as_at, profile):
            again = _safe(exact, profile, kth, earlier[:at])
            if str(table_rows(again, exact.pathway)) == str(table_rows(earlier[at], exact.pathway)):
                return again
            break
    return _safe(exact, profile, kth, earlier)


def _safe(
    exact: Exact,
    profile: Profile,
    kth: Mapping[tuple[str, str], float],
    earlier: list[Released],
) -> Released:
    """The finest plan that the certificate lets through, beside these earlier releases."""
    ties, history = exact.ties(), History(earlier, exact, profile)
    planner = Planner(exact, profile, ties)
    reviser = Reviser(planner)
    history.lead(reviser)
    first = min((start for start, _ in exact.periods["month"]), default=exact.as_at.isoformat())
    readers = audiences(earlier, exact.pathway, first, profile)
    while True:
        page = Page(exact, profile, planner.plan, kth, history)
        weak = [
            w
            for reader in readers
            for w in certificate(page.printed(), page.members, ties, reader, profile.smallest)
        ]
        if not weak or not reviser.revise(weak):
            break
    return Released(
        page.table(),
        page.plan_table(),
        profile,
        exact.as_at,
        exact.phase,
        {exact.pathway: ties},
        page.merged,
        tuple(page.revised),
    )


def _analyst(figures: pd.DataFrame, profile: Profile, as_at: date, exact: Exact) -> Released:
    """Every row, exact."""
    import pandas as pd

    value = figures["value"].astype(float)
    table = dated(figures.assign(value=value, form=value.isna().map({True: "z", False: "exact"})))
    rows = [
        (exact.pathway, w, m, column, "month", "exact", "analyst profile")
        for w, m, column in exact.series()
    ]
    plan = pd.DataFrame(rows, columns=PLAN_COLUMNS)
    return Released(table, plan, profile, as_at, exact.phase, {exact.pathway: exact.ties()})
