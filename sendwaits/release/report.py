"""One report of one service: released frames by section, numbers and verdicts for its sentences, the way onto the page."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.errors import Refused, SendwaitsError
from sendwaits.release import ahead, findings, publish, ratings, show, words
from sendwaits.release.findings import notes
from sendwaits.release.key import COLUMNS, Key, grain
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.contents import Service
    from sendwaits.release.verdicts import Verdict

__all__ = ["REPORTS", "Report"]

REPORTS = ("trend", "backlog", "forecast")
"""One page per service; each has a notebook, a module in tables and findings, and a folder of templates of its name."""


def _finest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the finest grain with two periods or more: months, else quarters of one phase, else whole years."""
    ends = rows["period_end"].dt.to_period("M").astype("int64")
    spans = ends - rows["period_start"].dt.to_period("M").astype("int64")
    if rows["period_start"].isna().all():
        return rows
    quarters = spans == 2
    if quarters.any():
        quarters &= ends % 3 == (ends[quarters] % 3).mode().iloc[0]
    for fits in (spans == 0, quarters, spans == 11):
        if fits.sum() > 1:
            return rows[fits]
    return rows


class Report(publish.Published):
    """A report opened for questions. ``report.<section>()`` gives the section's released frame; `publish` puts it on the page.

    ``released``: all numbers that this set prints of the service, columns of `release.key.COLUMNS`. ``months``: how many of the
    newest months the sections show. ``wait``: the wait that leads the page.
    """

    def __init__(self, name: str, service: Service, months: int = 24) -> None:
        if name not in REPORTS:
            raise Refused(f"No report '{name}'. Choose one of: {', '.join(REPORTS)}.")
        self.name, self.service, self.months = name, service, months
        self.pathway, self.as_at, self.profile = service.pathway, service.as_at, service.profile
        self.workspace, self.verdicts = service.workspace, service.verdicts
        self.set_as_at = service.set_as_at or service.as_at
        self.waits = service.pathway.headline
        self.wait = max(self.waits, key=lambda w: w.standard_days or 0)
        self._series = {k: v for k, v in service.released.groupby(COLUMNS[:4], sort=False)}
        self._recent: dict[tuple[str, ...], pd.DataFrame] = {}
        self.ahead = ahead.Ahead(service.forecast)
        self.referred = ahead.Ahead(service.referred)

    # --- frames -----------------------------------------------------------------------------------

    @property
    def released(self) -> show.Frame:
        """Every number that this set prints of the service."""
        return show.show(self.service.released, f"{self.pathway.label}: all released figures")

    def series(self, wait: str, measure: str, group: str = "") -> pd.DataFrame:
        """The released rows of one series in its finest grain, oldest first; no rows when it is not published."""
        which = (self.pathway.code, wait, measure, group)
        if which not in self._recent:
            self._recent[which] = self._cut(self._series.get(which))
        return self._recent[which].copy()

    def _cut(self, rows: pd.DataFrame | None) -> pd.DataFrame:
        """The rows of the report's months in their finest grain, oldest first."""
        if rows is None:
            return self.service.released.iloc[:0]
        rows = _finest(rows).drop_duplicates("period_end", keep="last")
        first = pd.Timestamp(self.as_at).to_period("M") - (self.months - 1)
        recent = rows[rows["period_end"].dt.to_period("M") >= first]
        return (recent if len(recent) else rows).sort_values("period_end", kind="stable")

    def calendar_years(self, wait: str, measure: str) -> pd.DataFrame:
        """The rows of whole calendar years (and of the running year, where it is published)."""
        rows = self._series.get((self.pathway.code, wait, measure, ""))
        if rows is None:
            return self.service.released.iloc[:0]
        start, end = rows["period_start"], rows["period_end"]
        january = (start.dt.month == 1) & (start.dt.year == end.dt.year)
        whole = (end.dt.month == 12) | (end == pd.Timestamp(self.as_at))
        return rows[january & whole].sort_values("period_end")

    def frame(self, *wanted: tuple[str, str], caption: str = "") -> show.Frame:
        """The series of these (wait, measure) pairs under one another, those that are published."""
        found = [self.series(wait, measure) for wait, measure in wanted]
        found = [f for f in found if len(f)] or [self.service.released.iloc[:0]]
        return show.show(pd.concat(found, ignore_index=True), caption)

    def newest(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the newest date only."""
        return frame[frame["period_end"] == frame["period_end"].max()] if len(frame) else frame

    # --- numbers and verdicts ---------------------------------------------------------------------

    def numbers(self, wait: str, measure: str, group: str = "") -> list[Number]:
        """The series as numbers, oldest first."""
        return [Number.of(r) for r in self.series(wait, measure, group).itertuples(index=False)]

    def number(self, wait: str, measure: str, group: str = "", end: Any = None) -> Number:
        """The newest number of a series, or the one whose period ends on ``end``; undefined when it is not published."""
        found = self.numbers(wait, measure, group)
        if end is not None:
            found = [n for n in found if n.key.period_end == str(end)[:10]]
        blank = Key(self.pathway.code, wait, measure, group, "", self.as_at.isoformat())
        return found[-1] if found else Number(blank)

    def verdict(self, wait: str, measure: str, group: str = "") -> Verdict:
        """The verdict of a series."""
        return self.verdicts.of(self.pathway.code, wait, measure, group)

    @cached_property
    def publishable(self) -> pd.DataFrame:
        """All that may go on this page: the released rows, and the forecast's quantiles as such rows."""
        ahead = self.ahead.tidy(scenario=None)
        more = [
            ahead,
            self.referred.tidy(),
            self.past_errors,
            self.recovery_rows,
            self.service.equity,
            self.service.community,
        ]
        return pd.concat([self.service.released, *more], ignore_index=True)

    @cached_property
    def recovery_rows(self) -> pd.DataFrame:
        """The recovery plan of each headline list, from released figures: measure recovery:<what>, group value, low or high."""
        from sendwaits.release.findings.recovery import numbers_of

        return ahead.rows_of(n for w in self.waits for n in numbers_of(self, w).values())

    @cached_property
    def past_errors(self) -> pd.DataFrame:
        """Errors of past forecasts of the list as rows (measure backtest:waiting, group the method and distance)."""
        from sendwaits.release.findings.forecast import past_of

        found = [p[m] for w in self.waits for p in past_of(self, w.name) for m in ("own", "naive")]
        return ahead.rows_of(found)

    def forecasts(self, measure: str) -> pd.DataFrame:
        """The forecast of a measure of every headline wait as rows (measure forecast:<measure>, group the quantile)."""
        return self.ahead.tidy([(w.name, measure) for w in self.waits])

    def forecast(self, wait: str, measure: str = "waiting") -> show.Frame:
        """The forecast of one measure: columns of CONTRACT section 4, the baseline and every scenario; for `charts.fan`."""
        frame = self.ahead.frame
        mine = frame[frame["wait"].fillna("") == wait]
        wanted = {measure, "p_target"} if (mine["measure"] == measure).any() else set()
        rows = mine[mine["measure"].isin(wanted)].reset_index(drop=True)
        return show.show(rows, f"{self.pathway.label}: forecast of {measure}")

    def aim(self, wait: str, measure: str) -> tuple[float, Any, str] | None:
        """The target of a measure as `charts.fan` takes it: number, date, name; None without one."""
        for target in self.aims:
            if (target.wait, target.measure) == (wait, measure):
                return ratings.goal(target), target.by, ratings.target_words(target, self.pathway)
        return None

    def limits(self, wait: str, measure: str) -> pd.DataFrame:
        """Control limits of a released series (XmR; new ones from each dated change): columns of `measure.spc.spc`."""
        from sendwaits.measure import spc

        rows = self.series(wait, measure)
        points = pd.DataFrame({"date": rows["period_end"], "value": rows["value"]})
        starts = [pd.Timestamp(c.date) for c in self.changes(wait)]
        first, last = points["date"].iloc[0], points["date"].iloc[-1]
        return spc.spc(points, rebase=[s for s in starts if first < s <= last])

    @property
    def judged(self) -> pd.DataFrame:
        """The verdicts of the service: columns of verdicts.csv."""
        return self.service.judged

    def grain(self, wait: str, measure: str) -> str:
        """How finely a series is published: month, quarter or year; "" when it is not."""
        return grain(self.series(wait, measure))

    def line(self, wait: Wait) -> int:
        """The week past which a wait is over the line: the service's own (20 for plans), else the Board's 52."""
        own = [w for w in self.pathway.over_weeks if w not in (18, 52)]
        return own[0] if own and wait is self.wait else 52

    def changes(self, wait: str = "") -> list[Any]:
        """The dated changes of the service that concern a wait."""
        mine = [c for c in self.workspace.change_points if c.pathway == self.pathway.code]
        return [c for c in mine if not c.wait or not wait or c.wait == wait]

    @cached_property
    def aims(self) -> list[Any]:
        """The targets of this service, in the order of sendwaits.toml."""
        return [t for t in self.workspace.targets if t.pathway == self.pathway.code]

    def unpublished(self, wait: str, measure: str) -> str:
        """Why a series is not published at all; empty when it is."""
        plan = self.service.plan
        rows = plan[(plan["wait"] == wait) & (plan["measure"] == measure) & (plan["group"] == "")]
        return "" if not len(rows) or (rows["grain"] != "").any() else str(rows["reason"].iloc[0])

    def why_no_groups(self, column: str) -> str:
        """Why a breakdown is not there: not recorded, or recorded and not published (with the plan's reason)."""
        plan = self.service.plan
        rows = plan[(plan["wait"] == self.wait.name) & (plan["group"] == column)]
        if not len(rows):
            return f"No {column} is recorded in the extract."
        return f"A {column} is recorded, but the table is not published: {rows['reason'].iloc[0]}."

    def weekly(self, wait: str, measure: str) -> str:
        """The newest pace of a flow in words: "in the last 12 months 9.5 a week"; of the newest year where that is all."""
        rows = [n for n in self.numbers(wait, measure) if n.shown]
        if not rows:
            return "the present pace is not published"
        first = pd.Timestamp(self.as_at) - pd.DateOffset(months=12)
        recent = [n for n in rows if pd.Timestamp(n.key.period_start) >= first] or rows[-1:]
        start = pd.Timestamp(recent[0].key.period_start)
        days = (pd.Timestamp(recent[-1].key.period_end) - start).days + 1
        value = sum(n.value for n in recent) * 7 / days
        key = recent[-1].key.derived("weekly", start=recent[0].key.period_start)
        pace = Number(key, value, "count", "exact", decimals=1)
        return Markup("the pace {} was {} a week").format(
            words.period(key.period_start, key.period_end), pace
        )

    @property
    def late(self) -> list[str]:
        """What the reader must know first when the newest extract came late: the day up to which the service is known."""
        return findings.late_lines(self.workspace, self.set_as_at, [self.pathway.code])

    @property
    def doubts(self) -> list[str]:
        """What is red about the service's extracts: every figure of the page rests on them."""
        return findings.red_lines(self.service.findings, self.pathway.label)

    # --- the page ---------------------------------------------------------------------------------

    def source(self, population: str, wait: Wait | None = None) -> Markup:
        """The source line: extract, clock, population."""
        return findings.source(self, population, wait)

    def page_facts(self, title: str) -> dict[str, Any]:
        """What the page around the parts needs: area, date, profile, title, crumb, sources."""
        crumb = f"{self.pathway.label} {self.name}"
        return findings.page_facts(self, self.service.files, title, crumb)

    def notes(self) -> list[tuple[str, str]]:
        """What the words on the page mean."""
        return notes.of_report(self)

    def reconcile(self) -> str:
        """Stops unless every list is the list before + joined - left; says over how many periods that was checked.

        Raises `SendwaitsError` naming the first list that does not add up, and when there was nothing to check.
        """
        rows = self.service.exact
        wide = rows.pivot(index=["wait", "period_end"], columns="measure", values="value")
        wide = wide.dropna(subset=["waiting"]).sort_index()
        before = wide.groupby(level="wait")["waiting"].shift()
        gap = before + wide["starts"] - wide["completed"] - wide["removed_other"] - wide["waiting"]
        gap = gap.dropna()
        if not len(gap):
            raise SendwaitsError(f"{self.pathway.code}: there is no period to reconcile.")
        if (gap != 0).any():
            wait, end = gap[gap != 0].index[0]
            raise SendwaitsError(
                f"{self.pathway.code} {wait}: the list at {str(end)[:10]} is not the list before + joined - left. "
                "Run: sendwaits check, and read data/processed/findings.csv."
            )
        lists = words.plural(len(self.pathway.waits), "list")
        return (
            f"Reconciled over {len(gap)} month ends of {len(self.pathway.waits)} {lists}: "
            "list = list before + joined - completed - left another way."
        )
