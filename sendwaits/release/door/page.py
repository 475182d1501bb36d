"""The rows that a plan prints, and the plan as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sendwaits.release.door.cells import Key
from sendwaits.release.door.exact import Exact, Value
from sendwaits.release.door.groups import FEW, merged, split
from sendwaits.release.door.history import History
from sendwaits.release.door.knots import Plan, Series
from sendwaits.release.door.ladder import NO, form_of, grain_of
from sendwaits.release.door.released import PLAN_COLUMNS, dated
from sendwaits.release.door.rows import Printed, row_of, too_small
from sendwaits.release.key import COLUMNS
from sendwaits.release.key import Key as NumberKey
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Page"]


ONLY = "only lists and their lines are broken down"


def key_of(pathway: str, key: Key) -> NumberKey:
    """The key of a printed number."""
    return NumberKey(pathway, *key)


class Page:
    """The rows that a plan prints."""

    def __init__(
        self,
        exact: Exact,
        profile: Profile,
        plan: Plan,
        kth: Mapping[tuple[str, str], float],
        history: History,
    ) -> None:
        self.exact, self.profile, self.plan, self.kth = exact, profile, plan, kth
        self.history = history
        self.revised: list[str] = []
        self.members: dict[tuple[str, str, str, str], tuple[str, ...]] = {}
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
            if math.isnan(weeks) and (value.n or 0) >= self.profile.smallest:
                return
        self._put((wait, measure, "", start, end), value, form)

    def _put(self, key: Key, value: Value, form: str) -> None:
        """One row: the number as it was printed before, unless it has changed by nothing or by k."""
        value, revised = self.history.kept(key, value, form)
        if revised:
            self.revised.append(str(key_of(self.exact.pathway, key)))
        row = row_of(key[1], value, form, self.profile)
        self.rows[key] = row, self.exact.units[key[1]]

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
        """A breakdown: of a list and its lines on the newest census, of lists and averages of large groups over time."""
        series, relation = (wait, measure), self.plan.relations.get((wait, measure))
        step = self.plan.of_groups((wait, measure, column))
        grain, form = grain_of(step), form_of(step)
        line = relation is not None and relation.kind == "part" and relation.days is not None
        if grain not in ("", "day"):
            for _, end in self.exact.spans(wait, measure, grain):
                for group, value in self.exact.by_group(wait, measure, column, end).items():
                    self._put((wait, measure, group, "", end), value, form)
            self._note(series, column, grain, form, "")
        elif measure != "waiting" and not line:
            offered = self.exact.by_group(wait, measure, column, self.exact.ends["month"][0])
            self._note(series, column, "", "", FEW if offered else ONLY)
        else:
            reason = self._newest_groups(series, column, form)
            shown = ("", "") if reason else ("day", form)
            self._note(series, column, *shown, reason)

    def _newest_groups(self, series: Series, column: str, form: str) -> str:
        """Prints the groups of a list or a line on the newest day; why not, where they are not."""
        wait, measure = series
        end = self.exact.ends["day"][0] if self.exact.ends["day"] else ""
        county = self.exact.at(wait, measure, "", end)
        if self.plan.groups.get((*series, column)) == NO:
            return "its groups would tell single children"
        if not form or county is None or too_small(measure, county, self.profile):
            return "its total is not shown"
        counts, whole = (
            {g: int(v.value) for g, v in self.exact.by_group(wait, m, column, end).items()}
            for m in (measure, "waiting")
        )
        found = split(column, whole, None, self.profile)
        if measure != "waiting" and found.parts:
            found = split(column, whole, counts, self.profile, found.parts)
        for label, n in merged(found.parts, counts).items():
            self._put((wait, measure, label, "", end), Value(float(n), None, None, n), form)
            if len(found.parts[label]) > 1:
                key = (wait, measure, label, end)
                self.members[key] = found.parts[label]
                name = str(key_of(self.exact.pathway, (wait, measure, label, "", end)))
                self.merged[name] = found.parts[label]
        return found.reason

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
