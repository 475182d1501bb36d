"""The only way out: exact figures of one pathway in, whole series of released numbers and the plan behind them out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sendwaits.release.door.cells import Count, Key, cells_of, joined, table_cells
from sendwaits.release.door.exact import Exact, Ties, Value
from sendwaits.release.door.groups import merged, split
from sendwaits.release.door.knowledge import Knowledge
from sendwaits.release.door.ladder import NO, form_of, grain_of
from sendwaits.release.door.plan import Plan, Planner, Series
from sendwaits.release.door.rows import Printed, row_of, too_small
from sendwaits.release.door.system import Weak
from sendwaits.release.key import COLUMNS
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLAN_COLUMNS", "Released", "release"]

PLAN_COLUMNS = ["pathway", "wait", "measure", "group", "grain", "form", "reason"]


@dataclass(frozen=True)
class Released:
    """What may leave of one pathway or of a whole set.

    ``table``: one row per number, `release.key.COLUMNS`, periods as datetimes. ``plan``: one row per series, published or not,
    `PLAN_COLUMNS`. ``ties``: pathway -> its stages as readers know them. ``merged``: printed group -> the groups in it.
    """

    table: pd.DataFrame
    plan: pd.DataFrame
    profile: Profile
    as_at: date
    phase: int = 0
    ties: Mapping[str, Ties] = field(default_factory=dict)
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    earlier : what the same readers have been given before, oldest first.
    phase : the month number modulo 3 that ends a quarter of this area's sets, by default that of ``as_at``.

    Analyst: every row as it is. A measure without a declared relation is not published and the plan says so.
    """
    exact = Exact(figures, as_at, phase)
    if profile.exact:
        return _analyst(figures, profile, as_at, exact)
    ties = exact.ties()
    planner = Planner(exact, profile, ties)
    before = joined(c for r in earlier for c in table_cells(r, exact.pathway))
    while True:
        page = _Page(exact, profile, planner.plan, kth_longest or {})
        weak = certificate(page.printed(), before, ties, profile)
        if not weak or not planner.revise(weak):
            break
    return Released(
        page.table(),
        page.plan_table(),
        profile,
        as_at,
        exact.phase,
        {exact.pathway: ties},
        page.merged,
    )


def certificate(
    rows: Mapping[Key, Printed],
    before: Mapping[Count, tuple[float, float]],
    ties: Ties,
    profile: Profile,
) -> list[Weak]:
    """The counts that rows about to be printed tell too closely, beside what was printed before."""
    averages = {
        (key[0], key[1], key[4]): row.value
        for key, row in rows.items()
        if key[1].endswith("_weeks_open") and not key[2]
    }
    known = Knowledge(cells_of(rows, profile.smallest), before, ties, averages, profile.smallest)
    changed = known.changed if before else None
    return known.system.weak(profile.possible, profile.smallest - 1, changed)


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


class _Page:
    """The rows that a plan prints."""

    def __init__(
        self, exact: Exact, profile: Profile, plan: Plan, kth: Mapping[tuple[str, str], float]
    ) -> None:
        self.exact, self.profile, self.plan, self.kth = exact, profile, plan, kth
        self.notes: list[tuple[str, str, str, str, str, str]] = []
        self.merged: dict[str, tuple[str, ...]] = {}
        self.rows: dict[Key, tuple[Printed, str]] = {}
        for wait, measure, column in exact.series():
            if column:
                self._groups(wait, measure, column)
            else:
                self._county((wait, measure))

    def _county(self, series: Series) -> None:
        step = self.plan.step(series)
        grain, form = grain_of(step), form_of(step)
        if series in self.plan.refused or step == NO:
            self._note(series, "", "", "", self.plan.refused.get(series) or self._why(series))
            return
        for start, end, value in self.exact.values(*series, grain):
            self._print(series, start, end, value, form)
        self._note(series, "", grain, form, self._why(series))
        if grain != "year":
            self._years(series, step)

    def _print(self, series: Series, start: str, end: str, value: Value, form: str) -> None:
        wait, measure = series
        if measure.startswith("longest_") and value.n:
            weeks = self.kth.get((wait, end), math.nan)
            value = value._replace(value=weeks)
            if math.isnan(weeks) and value.n >= self.profile.smallest:
                return
        row = row_of(measure, value, form, self.profile)
        self.rows[wait, measure, "", start, end] = row, self.exact.units[measure]

    def _years(self, series: Series, step: int) -> None:
        """Whole calendar years, and the year to date where it is a sum of what is printed already."""
        at = self.plan.years.get(series, NO)
        if at == NO:
            return
        form, found = form_of(at), []
        for start, end, value in self.exact.values(*series, "year"):
            found.append((start, end, value))
        kept = []
        for start, end, value in reversed(found):
            if self._holds_small(series, start, end, step, whole=True) or too_small(
                series[1], value, self.profile
            ):
                break
            kept.append((start, end, value))
        for start, end, value in reversed(kept):
            self._print(series, start, end, value, form)
        if kept:
            self._note(series, "", "year", form, "beside the finer grain")
        self._to_date(series, step)

    def _to_date(self, series: Series, step: int) -> None:
        start = f"{self.exact.as_at.year}-01-01"
        end = self.exact.as_at.isoformat()
        value = self.exact.at(*series, start, end)
        spans = [p for p in self.exact.spans(*series, grain_of(step)) if p[0] >= start]
        joined = spans and spans[0][0] == start and spans[-1][1] == end
        if value is None or not joined or (start, end) in spans:
            return
        if not self._holds_small(series, start, end, step, whole=False):
            self._print(series, start, end, value, form_of(step))

    def _holds_small(self, series: Series, start: str, end: str, step: int, whole: bool) -> bool:
        """Whether [c] stands among the finer periods of a year that is printed in full."""
        inside = [
            v for s, e, v in self.exact.values(*series, grain_of(step)) if s >= start and e <= end
        ]
        months = {"month": 12, "quarter": 4}[grain_of(step)]
        if whole and len(inside) < months:
            return False
        return any(too_small(series[1], v, self.profile) for v in inside)

    def _groups(self, wait: str, measure: str, column: str) -> None:
        """A breakdown of the newest census: of the list, and of its lines."""
        end = self.exact.ends["day"][0] if self.exact.ends["day"] else ""
        series = (wait, measure)
        reason, parts = "only lists and their lines are broken down", {}
        step = self.plan.step(series)
        broken = measure == "waiting" or (
            self.plan.relations.get(series) is not None
            and self.plan.relations[series].days is not None
            and self.plan.relations[series].days[1] is None
            and not measure.startswith("waiting_band")
        )
        county = self.exact.at(wait, measure, "", end)
        if (*series, column) in self.plan.whole_only:
            broken, reason = False, "its groups would tell single children"
        if broken and (step == NO or county is None or too_small(measure, county, self.profile)):
            broken, reason = False, "its total is not shown"
        counts = self._by_group(wait, measure, column, end) if broken else {}
        whole = self._by_group(wait, "waiting", column, end) if broken else {}
        if broken:
            lists = split(column, whole, None, self.profile)
            found = lists
            if measure != "waiting" and lists.parts:
                found = split(column, whole, counts, self.profile, lists.parts)
            parts, reason = found
        form = form_of(step)
        for label, n in merged(parts, counts).items():
            value = Value(float(n), None, None, n)
            self.rows[wait, measure, label, "", end] = (
                row_of(measure, value, form, self.profile),
                "count",
            )
            if len(parts[label]) > 1:
                self.merged[f"{self.exact.pathway}|{wait}|{measure}|{label}"] = parts[label]
        self._note(series, column, "day" if parts else "", form if parts else "", reason)

    def _by_group(self, wait: str, measure: str, column: str, end: str) -> dict[str, int]:
        return {
            g: int(v.value)
            for (w, m, g, start, e), v in self.exact.rows.items()
            if (w, m, start, e) == (wait, measure, "", end) and g.split("=", 1)[0] == column and g
        }

    def _why(self, series: Series) -> str:
        """The reason of the knot that set the step of a series; "" when nothing made it coarser."""
        step = self.plan.step(series)
        for knot in self.plan.about(series):
            if (
                knot.settings[knot.at][series] == step
                and knot.settings[0].get(series, step) != step
            ):
                return knot.reason
        return ""

    def _note(self, series: Series, column: str, grain: str, form: str, reason: str) -> None:
        self.notes.append((*series, column, grain, form, reason))

    def printed(self) -> dict[Key, Printed]:
        return {key: row for key, (row, _) in self.rows.items()}

    def table(self) -> pd.DataFrame:
        import pandas as pd

        keys = sorted(self.rows)
        rows = [
            (self.exact.pathway, *key, p.value, unit, p.numerator, p.denominator, p.n, p.form)
            for key in keys
            for p, unit in (self.rows[key],)
        ]
        return dated(pd.DataFrame(rows, columns=COLUMNS))

    def plan_table(self) -> pd.DataFrame:
        import pandas as pd

        rows: list[tuple[Any, ...]] = [(self.exact.pathway, *note) for note in self.notes]
        return pd.DataFrame(rows, columns=PLAN_COLUMNS)
