"""The one object an analyst holds: every call is one line into the rooms below.

>>> import sendwaits as sw
>>> area = sw.open(".")
>>> area.figures(as_at="2024-07-31")          # the tidy table of every measure
>>> area.waiting("NST")                       # how many wait, and how long, by month
>>> area.chart("NST", "flow", as_at="2024-07-31")
>>> area.rows_behind("NST", "assessment", "waiting", "2024-07-31")
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from msgspec import structs

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.intake import load as loading
from sendwaits.measure import behind, dictionary, measures
from sendwaits.release.show import show
from sendwaits.workspace import SaidThen, Workspace, open_workspace, parse_date

if TYPE_CHECKING:
    from sendwaits.intake.waits import Built

__all__ = ["Area", "open"]

Day = str | date
Codes = str | Sequence[str] | None


def open(path: str | Path = ".") -> Area:
    """The area whose `sendwaits.toml` is at or above ``path``.

    Raises `sendwaits.errors.Refused` when there is none, or when it holds a key that is not known.
    """
    workspace = open_workspace(path)
    only = os.environ.get("SENDWAITS_ONLY", "")
    if only:
        name = os.environ.get("SENDWAITS_AREA_NAME", only.partition("=")[2])
        workspace = replace(workspace, only=only, area=structs.replace(workspace.area, name=name))
    _refuse_unknown_measures(workspace)
    return Area(workspace)


def _refuse_unknown_measures(workspace: Workspace) -> None:
    """Raises `Refused` for a target of a measure that its pathway does not have."""
    for target in workspace.targets:
        pathway = workspace.pathway(target.pathway)
        known = sorted({name for _, name in measures.measure_names(pathway)})
        if target.measure not in known and not re.fullmatch(
            r"waiting_over_\d+_weeks", target.measure
        ):
            near = difflib.get_close_matches(target.measure, known, 3, 0)
            raise Refused(
                f"sendwaits.toml: [[targets]] of {pathway.code}: there is no measure "
                f"'{target.measure}'. Nearest: {', '.join(near)}. All of them: docs/measures.md."
            )


class Area:
    """A workspace opened for questions. ``said``: what the last call left out, in words.

    ``as_at`` is always the census day (text "2024-07-31" or a date); left out, it is the date of the newest extract.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.said: list[str] = []
        self._built: dict[tuple, Built] = {}

    def __repr__(self) -> str:
        return f"Area '{self.workspace.area.name}': {', '.join(self.workspace.pathways)}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(f"An area has no '{name}'. It has: {', '.join(self.__dir__())}.")

    def __dir__(self) -> list[str]:
        return sorted(name for name in (*vars(type(self)), *vars(self)) if not name.startswith("_"))

    # --- which day, which pathways -----------------------------------------------------------------------------------

    def day(self, as_at: Day | None) -> date:
        """The census day as a date; None = the date of the newest extract."""
        if as_at is not None:
            return parse_date(as_at, "as_at")
        return max(
            f.extract_date
            for files in loading.present(self.workspace, None).files.values()
            for f in files
        )

    def pathways(self, as_at: Day | None = None) -> pd.DataFrame:
        """One row per pathway that has an extract on or before as_at: code, title, newest extract, waits."""
        found = loading.present(self.workspace, self.day(as_at))
        self.said = found.said
        of = self.workspace.pathway
        rows = [
            {
                "pathway": code,
                "title": of(code).title,
                "newest_extract": files[-1].extract_date.isoformat(),
                "waits": ", ".join(w.name for w in of(code).waits),
            }
            for code, files in found.files.items()
        ]
        return show(pd.DataFrame(rows), f"Services of {self.workspace.area.name}")

    def built(self, pathway: str, as_at: Day | None = None) -> Built:
        """Waits and referrals of one pathway from its extracts on or before as_at, pseudonymised."""
        day = self.day(as_at)
        return self._load(pathway, loading.present(self.workspace, day, [pathway]))

    def _load(self, code: str, found: loading.Present) -> Built:
        key = (code, tuple((f.name, f.sha256) for f in found.files[code]))
        if key not in self._built:
            self._built[key] = loading.load(self.workspace, code, found.files[code])
        found_red = self._built[key].findings
        for row in found_red[found_red["severity"] == "red"].itertuples():
            self.said.append(f"Red: {row.code} {row.file}: {row.n:,} {row.message}.")
        return self._built[key]

    # --- numbers -----------------------------------------------------------------------------------------------------

    def figures(
        self,
        as_at: Day | None = None,
        pathway: Codes = None,
        *,
        group: str = "",
        period: str = "month",
        months: int = 24,
    ) -> pd.DataFrame:
        """Every measure as a tidy table: one row per number, exact, with its fraction and n.

        ``pathway``: a code or several, default all. ``group``: district, sex, age_band, source, need, school, priority or
        worker. ``period``: month, quarter, year or ytd; stocks are taken on each period's last day.

        >>> area.figures(as_at="2024-07-31", pathway="NST").query("measure == 'waiting'")
        """
        table = self._figures(as_at, pathway, group=group, period=period, months=months)
        return show(_dated(table), f"Measures by {period} up to {self.day(as_at).isoformat()}")

    def _figures(
        self,
        as_at: Day | None = None,
        pathway: Codes = None,
        *,
        group: str = "",
        period: str = "month",
        months: int = 24,
    ) -> pd.DataFrame:
        """The same with its periods as ISO text, as the commands print it."""
        day = self.day(as_at)
        found = loading.present(self.workspace, day, _codes(pathway), counts=True)
        self.said = found.said
        tables = [self._banded(code, day, period, months) for code in found.banded]
        for code in sorted(found.files):
            built, of = self._load(code, found), self.workspace.pathway(code)
            earliest = built.referrals["start"].min() if len(built.referrals) else pd.NaT
            times = measures.periods(
                day, period, months, None if pd.isna(earliest) else earliest.date()
            )
            tables.append(measures.figures(built, of, times, group))
        tables.sort(key=lambda t: str(t["pathway"].iloc[0]) if len(t) else "")
        return pd.concat(tables, ignore_index=True)

    def _banded(self, code: str, day: date, period: str, months: int) -> pd.DataFrame:
        """The list of a pathway that is known by bands of time alone."""
        from sendwaits.intake.banded import snapshots
        from sendwaits.measure import banded

        rows = snapshots(self.workspace, code, day)
        times = measures.periods(day, period, months, min(rows["date"], default=None))
        return banded.figures(rows, self.workspace.pathway(code), times)

    def waiting(
        self, pathway: str, wait: str | None = None, as_at: Day | None = None, months: int = 24
    ) -> pd.DataFrame:
        """How many wait and how long, month by month: one row per month end, a column per measure.

        >>> area.waiting("NST")
        """
        of = self.workspace.pathway(pathway)
        name = of.wait(wait).name if wait else of.waits[0].name
        table = self.figures(as_at, pathway, months=months)
        columns = [
            "waiting",
            *(f"waiting_over_{w}_weeks" for w in of.over_weeks),
            "mean_weeks_open",
            "median_weeks_open",
            "p92_weeks_open",
            "longest_weeks_open",
            "starts",
            "completed",
            "removed_other",
        ]
        wide = table[table["wait"] == name].pivot(
            index="period_end", columns="measure", values="value"
        )[columns]
        counts = [c for c in columns if not c.endswith("_open")]
        wide[counts] = wide[counts].astype("Int64")
        return show(
            wide.rename_axis(columns=None), f"{of.label}, {of.wait(name).label}: the list by month"
        )

    def rows_behind(
        self,
        pathway: str,
        wait: str,
        measure: str,
        period_end: Day,
        period_start: Day | None = None,
        group: str = "",
        as_at: Day | None = None,
    ) -> pd.DataFrame:
        """File and row of every record that a printed number counts, with its clock start and stop.

        As many rows as the number's n. ``as_at``: that of the set or table which holds the number (left out: the newest
        extract, as everywhere). ``period_start``: of a flow, left out: the first of the month.

        >>> area.rows_behind("NST", "assessment", "waiting_over_52_weeks", "2024-07-31")
        """
        last = parse_date(period_end, "period_end")
        stock = period_start is None or period_start is pd.NaT or period_start == ""
        first = None if stock else parse_date(period_start, "period_start")
        rows = behind.rows_behind(
            self.built(pathway, as_at),
            self.workspace.pathway(pathway),
            wait,
            measure,
            first,
            last,
            group,
        )
        return show(
            rows,
            f"Records behind {measure} of {pathway} {wait}".rstrip()
            + f", {last.isoformat()} (as at {self.day(as_at)})",
        )

    def measures(self) -> pd.DataFrame:
        """What each measure means: one row per measure with its unit, kind, definition and function.

        >>> area.measures().query("unit == 'percent'")
        """
        return show(dictionary.table(), "What each measure means")

    # --- statistics --------------------------------------------------------------------------------------------------

    def series(
        self,
        pathway: str,
        measure: str = "waiting",
        wait: str | None = None,
        as_at: Day | None = None,
        *,
        months: int = 24,
        group: str = "",
    ) -> pd.DataFrame:
        """One measure month by month: the rows of `figures`, oldest first. ``wait``: default the first; ``group``: "district=North".

        >>> area.series("EHC", "plans_issued")
        """
        of = self.workspace.pathway(pathway)
        known = dict.fromkeys(name for _, name in measures.measure_names(of))
        if measure not in known:
            raise Refused(
                f"{pathway} has no measure '{measure}'. Choose one of: {', '.join(known)}."
            )
        name = (
            ""
            if measures.MEASURES[measure].kind == "pathway"
            else of.wait(wait).name
            if wait
            else of.waits[0].name
        )
        table = self.figures(as_at, pathway, group=group.partition("=")[0], months=months)
        found = table[
            (table["wait"] == name) & (table["measure"] == measure) & (table["group"] == group)
        ]
        if found.empty:
            raise Refused(
                f"{pathway} {name}: has no {measure} for '{group}'. See: area.figures(pathway='{pathway}', group='{group.partition('=')[0]}')."
            )
        return show(found.reset_index(drop=True), f"{of.label}: {measure} by month")

    def spc(
        self,
        pathway: str,
        measure: str = "waiting",
        wait: str | None = None,
        as_at: Day | None = None,
        *,
        months: int = 24,
        group: str = "",
        **options: Any,
    ) -> pd.DataFrame:
        """Control limits and special causes of a measure, one row per month; limits start anew at the change points of sendwaits.toml.

        ``options``: those of `sendwaits.measure.spc.spc` (improvement, target, fix_after ...).

        >>> area.spc("NST", "waiting", improvement="decrease")
        """
        from sendwaits.measure import spc

        table = self.series(pathway, measure, wait, as_at, months=months, group=group)
        points = pd.DataFrame(
            {"date": pd.to_datetime(table["period_end"]), "value": table["value"]}
        )
        own = [
            c.date
            for c in self.workspace.change_points
            if c.pathway == pathway and c.wait in ("", table["wait"].iloc[0])
        ]
        starts = [
            pd.Timestamp(day)
            for day in own
            if points["date"].iloc[0] < pd.Timestamp(day) <= points["date"].iloc[-1]
        ]
        return show(
            spc.spc(points, **{"rebase": starts, **options}),
            f"{pathway}: control limits of {measure}",
        )

    def survival(
        self, pathway: str, wait: str | None = None, as_at: Day | None = None, period_days: int = 91
    ) -> pd.DataFrame:
        """The share still waiting, seen and removed by day of waiting, if things stay as in the last 91 days: one row per day.

        >>> area.survival("SLCN")
        """
        from sendwaits.measure import survival

        rows, name = self._waits(pathway, wait, as_at)
        return show(
            survival.period_table(rows, self.day(as_at), period_days),
            f"{pathway} {name}: what a child would meet, by day waited",
        )

    def wait_to_expect(self, pathway: str, as_at: Day | None = None) -> pd.DataFrame:
        """How long children referred now will wait: per cent seen within 20, 40, 52 and 78 weeks, and the median, with ranges.

        The same simulation and the same numbers as on the forecast page; columns as `forecast`.

        >>> area.wait_to_expect("SLCN")
        """
        from sendwaits.outlook import queue

        table = queue.referred_today(self._simulated(pathway, as_at))
        return show(table, f"{pathway}: the wait to expect")

    def flows_ahead(self, pathway: str, as_at: Day | None = None) -> pd.DataFrame:
        """Children who will join, complete and leave each wait by month, and the list at its end, with ranges; as `forecast`.

        >>> area.flows_ahead("SLCN")
        """
        from sendwaits.outlook import queue

        table = queue.flows(self._simulated(pathway, as_at))
        return show(table, f"{pathway}: the months ahead")

    def capacity_needed(self, pathway: str, as_at: Day | None = None) -> pd.DataFrame:
        """Children a week that an 80 % chance of each target needs, beside the present pace, both with ranges.

        >>> area.capacity_needed("SLCN")
        """
        from sendwaits.outlook import queue

        table = queue.capacity(self._simulated(pathway, as_at))
        return show(table, f"{pathway}: what each target needs")

    def _simulated(self, pathway: str, as_at: Day | None) -> Any:
        from sendwaits.outlook import queue

        day, of = self.day(as_at), self.workspace.pathway(pathway)
        keep = partial(store.cached, self.workspace, f"past-{of.code}")
        return queue.prepare(self.built(pathway, day), of, self.workspace, day, keep=keep)

    def queue(
        self,
        pathway: str,
        wait: str | None = None,
        as_at: Day | None = None,
        *,
        target_wait_weeks: float | None = None,
        weeks: int = 52,
    ) -> pd.DataFrame:
        """Demand, capacity, load, target list and relief capacity of a wait over the last ``weeks`` weeks: one row.

        ``target_wait_weeks``: default the wait's standard, else 18.

        >>> area.queue("OT_HEALTH", "assessment", target_wait_weeks=18)
        """
        from sendwaits.measure import queueing

        rows, name = self._waits(pathway, wait, as_at)
        standard = self.workspace.pathway(pathway).wait(name).standard_days
        target = target_wait_weeks or (standard / 7 if standard else 18)
        last = pd.Timestamp(self.day(as_at))
        table = queueing.queue_statistics(
            rows["start"], rows["stop"], target, last - pd.Timedelta(days=7 * weeks - 1), last
        )
        return show(table, f"{pathway} {name}: the list against a target of {target:g} weeks")

    def _waits(self, pathway: str, wait: str | None, as_at: Day | None) -> tuple[pd.DataFrame, str]:
        of = self.workspace.pathway(pathway)
        name = of.wait(wait).name if wait else of.waits[0].name
        rows = self.built(pathway, as_at).waits
        return rows[rows["wait"] == name], name

    def change(
        self,
        pathway: str,
        measure: str,
        now: str,
        base: str,
        wait: str | None = None,
        as_at: Day | None = None,
    ) -> pd.DataFrame:
        """The change of a count between two years ("2023", "2022") or months ("2024-07", "2023-07"), with its interval: one row.

        Raises `Refused` for periods of unequal length, a base of 0, and measures that are no count of events.

        >>> area.change("EHC", "referrals", now="2023", base="2022")
        """
        from sendwaits.measure import rates

        of, day = self.workspace.pathway(pathway), self.day(as_at)
        if len(now) != len(base):
            raise Refused(
                "change: a year and a month are unequal in length: name two years or two months"
            )
        table = self._figures(
            day,
            pathway,
            period="year" if len(now) == 4 else "month",
            months=_months_since(base, day),
        )
        if (
            measure not in set(table["measure"])
            or measures.MEASURES[measure].unit != "count"
            or measures.MEASURES[measure].kind == "stock"
        ):
            counts = [
                n
                for _, n in measures.measure_names(of)
                if measures.MEASURES[n].unit == "count" and measures.MEASURES[n].kind != "stock"
            ]
            raise Refused(
                f"A change is of a count of events. Choose one of: {', '.join(dict.fromkeys(counts))}."
            )
        name = (
            ""
            if measures.MEASURES[measure].kind == "pathway"
            else of.wait(wait).name
            if wait
            else of.waits[0].name
        )
        rows = table[(table["wait"] == name) & (table["measure"] == measure)]
        (count, period), (before, earlier) = (_of_period(rows, text) for text in (now, base))
        found = rates.change(count, before, period, earlier)
        row = {
            "pathway": pathway,
            "wait": name,
            "measure": measure,
            "base_period": base,
            "base": found.base,
            "period": now,
            "now": found.now,
            "difference": found.difference,
            "percent": found.percent.value,
            "percent_low": found.percent.low,
            "percent_high": found.percent.high,
            "p_value": found.p_value,
        }
        return show(pd.DataFrame([row]), f"{of.label}: change of {measure}")

    def benchmark(self) -> pd.DataFrame:
        """The area beside England, its region and its neighbours from DfE files in data/raw/dfe: one row per measure, year and place.

        >>> area.benchmark().query("measure == 'within_20_weeks_pct'")
        """
        from sendwaits import intake
        from sendwaits.measure import benchmark

        own = self.workspace.area
        table = benchmark.compare(
            benchmark.published(intake.dfe(self.workspace)),
            own.name,
            own.la_code,
            own.neighbours,
            own.la_codes,
        )
        return show(table, f"{own.name} beside England, its region and its neighbours")

    def claims(
        self, statements: Sequence[SaidThen] | None = None, as_at: Day | None = None
    ) -> pd.DataFrame:
        """What statements about waits are worth: recomputed, or what they leave out; one row per statement.

        ``statements``: default those of sendwaits.toml and statements.toml.

        >>> area.claims().query("verdict == 'does not agree'")
        """
        from sendwaits import intake
        from sendwaits.intake import extracts
        from sendwaits.measure import claims, totals
        from sendwaits.measure import statements as reading

        day, found = self.day(as_at), extracts.find(self.workspace)
        statements = self.workspace.statements if statements is None else statements
        tables = [
            self._figures(**call)
            for call in reading.wanted(statements, day)
            if found.of(call["pathway"], call["as_at"])
        ]
        tables.append(totals.figures(intake.series(self.workspace, day)))
        known = pd.concat(tables, ignore_index=True).drop_duplicates(measures.COLUMNS[:6])
        return show(claims.check(statements, known), f"Statements recomputed on {day.isoformat()}")

    # --- forecasts ---------------------------------------------------------------------------------------------------

    def forecast(
        self, pathway: Codes = None, as_at: Day | None = None, scenario: Codes = None
    ) -> pd.DataFrame:
        """The next 52 weeks of every wait of a pathway from simulated futures; scenarios of sendwaits.toml on request.

        >>> area.forecast("EHC", as_at="2024-07-31")
        """
        from sendwaits.outlook import queue

        day = self.day(as_at)
        wanted = [scenario] if isinstance(scenario, str) else list(scenario or ())
        found = loading.present(
            self.workspace, day, [pathway] if isinstance(pathway, str) else pathway
        )
        self.said = found.said
        tables = [
            queue.forecast(
                self._load(code, found),
                self.workspace.pathway(code),
                self.workspace,
                day,
                scenario=wanted,
            )
            for code in sorted(found.files)
        ]
        return show(pd.concat(tables, ignore_index=True), f"The 52 weeks after {day.isoformat()}")

    def forecast_series(
        self, measure: str = "ALL", as_at: Day | None = None, months: int = 12
    ) -> pd.DataFrame:
        """The next months of the monthly series of data/raw/series_*.csv, one row per month.

        >>> area.forecast_series("melatonin_spend", as_at="2024-07-31")
        """
        from sendwaits.outlook import series

        table, troubles = series.each(self.workspace, self.day(as_at), measure, months)
        self.said = list(troubles.values())
        if not len(table):
            raise Refused("\n".join(self.said))
        return show(table, "The coming months of the monthly series")

    # --- quality and reports -------------------------------------------------------------------------

    def check(self, *, allow_empty: bool = False, accept_volume: bool = False) -> Any:
        """Clean the newest extracts: what is accepted, quarantined, merged, and why.

        >>> print(area.check().summary)
        """
        from sendwaits.intake import checking

        return checking.check(self.workspace, allow_empty=allow_empty, accept_volume=accept_volume)

    def report(
        self,
        name: str,
        pathway: str | None = None,
        *,
        as_at: Day | None = None,
        profile: str | None = None,
        months: int = 24,
        given: Mapping[str, Any] | None = None,
    ) -> Any:
        """A report: released frames by section, and `publish`, which puts a section on its page.

        ``name``: trend, backlog or forecast of a ``pathway``; quality, themes or update of the area. ``months``: how many of the
        newest months its sections show. ``given``: a notebook's ``vars()``, so that a misspelt parameter is refused.

        >>> report = area.report("backlog", "NST")
        >>> flow = report.flow()
        """
        from sendwaits.release import area_report, pages, report

        if given is not None:
            pages.check_given(given)
        if not isinstance(months, int) or not 3 <= months <= 24:
            raise Refused("months must be a whole number from 3 to 24: a set holds 24 months.")
        if name in area_report.REPORTS:
            return area_report.open_report(name, self.contents(as_at, None, profile))
        if name not in report.REPORTS:
            known = ", ".join((*report.REPORTS, *area_report.REPORTS))
            raise Refused(f"No report '{name}'. Choose one of: {known}.")
        if pathway is None:
            codes = ", ".join(self.workspace.pathways)
            raise Refused(f"The report {name} is about one service. Name its pathway: {codes}.")
        found = self.contents(as_at, pathway, profile, whole=False)
        return report.Report(name, found.services[pathway], months)

    def contents(
        self,
        as_at: Day | None = None,
        pathways: Codes = None,
        profile: str | None = None,
        whole: bool = True,
    ) -> Any:
        """Everything that a set of one day may print, released: `release.contents.Contents`, computed once and kept."""
        from sendwaits.release import contents
        from sendwaits.release.profile import Profile

        day, rule = self.day(as_at), self.workspace.disclosure
        found = loading.present(self.workspace, day, _codes(pathways))
        self.said = found.said
        contents.ledgers(self.workspace, day)  # cleans every extract, and keeps the waits of each
        built = {code: self._load(code, found) for code in found.files}
        chosen = Profile(profile or rule.profile, rule.k)
        return contents.gather(self.workspace, day, built, found.files, chosen, whole)

    def explore(self, as_at: Day | None = None, profile: str | None = None) -> Any:
        """The set's interactive page inside the notebook: released figures; exact ones only with ``profile="analyst"``, as it says.

        >>> area.explore(as_at="2024-07-31")
        """
        from IPython.display import HTML

        from sendwaits.release import edition
        from sendwaits.release.explore import framed

        return HTML(framed(edition.explore_page(self.contents(as_at, profile=profile))))


def _codes(pathways: Codes) -> Sequence[str] | None:
    return [pathways] if isinstance(pathways, str) else pathways


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its periods as dates (no date: NaT)."""
    return table.assign(
        **{
            c: pd.to_datetime(table[c].where(table[c] != ""), format="ISO8601").astype(
                "datetime64[us]"
            )
            for c in ("period_start", "period_end")
        }
    )


def _months_since(month: str, day: date) -> int:
    """Calendar months from "2023-07" (or the January of "2023") to the month of a day, both counted; 24 at least."""
    year, _, number = f"{month}-01"[:7].partition("-")
    return (
        max(24, 12 * (day.year - int(year)) + day.month - int(number) + 1)
        if year.isdigit() and number.isdigit()
        else 24
    )


def _of_period(rows: pd.DataFrame, text: str) -> tuple[int, tuple[date, date]]:
    """The count of a year or month named "2023" or "2024-07", and its first and last day."""
    found = rows[rows["period_start"] == f"{text}-01-01"[:10]]
    if found.empty:
        known = sorted({start[: len(text)] for start in rows["period_start"]})
        raise Refused(
            f"No period '{text}'. Name a year (2023) or a month (2024-07) from {known[0]} to {known[-1]}."
            if known
            else f"No period '{text}'."
        )
    row = found.iloc[0]
    return int(row["value"]), (
        date.fromisoformat(row["period_start"]),
        date.fromisoformat(row["period_end"]),
    )
