"""The one object an analyst holds: every call is one line into the rooms below.

>>> import sendwaits as sw
>>> area = sw.open(".")
>>> area.figures(as_at="2024-07-31")          # the tidy table of every measure
>>> area.waiting("NST")                       # how many wait, and how long, by month
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake import load as loading
from sendwaits.measure import measures
from sendwaits.workspace import Workspace, open_workspace, parse_date

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
        workspace = replace(workspace, only=only, area=replace(workspace.area, name=name))
    return Area(workspace)


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

    # --- which day, which pathways -----------------------------------------------------------------------------------

    def day(self, as_at: Day | None) -> date:
        """The census day as a date; None = the date of the newest extract."""
        if as_at is not None:
            return parse_date(as_at, "as_at")
        return max(f.extract_date for files in loading.present(self.workspace, None).files.values() for f in files)

    def pathways(self, as_at: Day | None = None) -> pd.DataFrame:
        """One row per pathway that has an extract on or before as_at: code, title, newest extract, waits."""
        found = loading.present(self.workspace, self.day(as_at))
        self.said = found.said
        of = self.workspace.pathway
        return pd.DataFrame([{"pathway": code, "title": of(code).title, "newest_extract": files[-1].extract_date.isoformat(),
                              "waits": ", ".join(w.name for w in of(code).waits)} for code, files in found.files.items()])

    def built(self, pathway: str, as_at: Day | None = None) -> Built:
        """Waits and referrals of one pathway from its extracts on or before as_at, pseudonymised."""
        day = self.day(as_at)
        return self._load(pathway, loading.present(self.workspace, day, [pathway]))

    def _load(self, code: str, found: loading.Present) -> Built:
        key = (code, tuple((f.name, f.sha256) for f in found.files[code]))
        if key not in self._built:
            self._built[key] = loading.load(self.workspace, code, found.files[code])
        return self._built[key]

    # --- numbers -----------------------------------------------------------------------------------------------------

    def figures(self, as_at: Day | None = None, pathway: Codes = None, *, group: str = "", period: str = "month", months: int = 24) -> pd.DataFrame:
        """Every measure as a tidy table: one row per number, exact, with its fraction and n.

        ``pathway``: a code or several, default all. ``group``: district, sex, age_band, source, need, school, priority or
        worker. ``period``: month, year or ytd; stocks are taken on each period's last day.

        >>> area.figures(as_at="2024-07-31", pathway="NST").query("measure == 'waiting'")
        """
        day = self.day(as_at)
        found = loading.present(self.workspace, day, [pathway] if isinstance(pathway, str) else pathway)
        self.said = found.said
        tables = []
        for code in sorted(found.files):
            built, of = self._load(code, found), self.workspace.pathway(code)
            earliest = built.referrals["start"].min() if len(built.referrals) else pd.NaT
            times = measures.periods(day, period, months, None if pd.isna(earliest) else earliest.date())
            tables.append(measures.figures(built, of, times, group))
        return pd.concat(tables, ignore_index=True)

    def waiting(self, pathway: str, wait: str | None = None, as_at: Day | None = None, months: int = 24) -> pd.DataFrame:
        """How many wait and how long, month by month: one row per month end, a column per measure.

        >>> area.waiting("NST")
        """
        of = self.workspace.pathway(pathway)
        name = of.wait(wait).name if wait else of.waits[0].name
        table = self.figures(as_at, pathway, months=months)
        shown = ["waiting", *(f"waiting_over_{w}_weeks" for w in of.over_weeks), "mean_weeks_open", "median_weeks_open", "p92_weeks_open",
                 "longest_weeks_open", "starts", "completed", "removed_other"]
        wide = table[table["wait"] == name].pivot(index="period_end", columns="measure", values="value")[shown]
        counts = [c for c in shown if not c.endswith("_open")]
        wide[counts] = wide[counts].astype("Int64")
        return wide.rename_axis(columns=None)

    def rows_behind(self, pathway: str, wait: str, measure: str, period_end: Day, period_start: Day | None = None, group: str = "",
                    as_at: Day | None = None) -> pd.DataFrame:
        """File and row of every record that a printed number counts, with its clock start and stop.

        >>> area.rows_behind("NST", "assessment", "waiting_over_52_weeks", "2024-07-31")
        """
        last = parse_date(period_end, "period_end")
        first = None if not period_start else parse_date(period_start, "period_start")
        return measures.rows_behind(self.built(pathway, as_at or last), self.workspace.pathway(pathway), wait, measure, first, last, group)

    def measures(self) -> pd.DataFrame:
        """What each measure means: one row per measure with its unit and definition."""
        return pd.DataFrame([(m.name, m.unit, m.meaning) for m in measures.MEASURES.values()], columns=["measure", "unit", "meaning"])

    # --- forecasts ---------------------------------------------------------------------------------------------------

    def forecast(self, pathway: Codes = None, as_at: Day | None = None, scenario: Codes = None) -> pd.DataFrame:
        """The next 52 weeks of every wait of a pathway from simulated futures; scenarios of sendwaits.toml on request.

        >>> area.forecast("EHC", as_at="2024-07-31")
        """
        from sendwaits.outlook import queue

        day = self.day(as_at)
        wanted = [scenario] if isinstance(scenario, str) else list(scenario or ())
        found = loading.present(self.workspace, day, [pathway] if isinstance(pathway, str) else pathway)
        self.said = found.said
        tables = [queue.forecast(self._load(code, found), self.workspace.pathway(code), self.workspace, day, scenario=wanted)
                  for code in sorted(found.files)]
        return pd.concat(tables, ignore_index=True)

    def forecast_series(self, measure: str = "ALL", as_at: Day | None = None, months: int = 12) -> pd.DataFrame:
        """The next months of the monthly series of data/raw/series_*.csv, one row per month.

        >>> area.forecast_series("melatonin spend", as_at="2024-07-31")
        """
        from sendwaits.outlook import series

        return series.plain(self.workspace, self.day(as_at), measure, months)

    # --- quality and reports -----------------------------------------------------------------------------------------

    def check(self, *, allow_empty: bool = False, accept_volume: bool = False) -> Any:
        """Clean the newest extracts: what is accepted, quarantined, merged, and why.

        >>> print(area.check().summary)
        """
        from sendwaits.intake import checking

        return checking.check(self.workspace, allow_empty=allow_empty, accept_volume=accept_volume)

    def prepare(self, as_at: Day | None = None, pathways: Codes = None, profile: str | None = None, whole: bool = True) -> Any:
        """Everything the reports of one day print, released: computed once and kept for the notebooks."""
        from sendwaits.release import material

        day = self.day(as_at)
        found = loading.present(self.workspace, day, [pathways] if isinstance(pathways, str) else pathways)
        self.said = found.said
        built = {code: self._load(code, found) for code in found.files}
        return material.gather(self.workspace, day, built, found.files, self._profile(profile), whole)

    def warm(self, pathway: str, as_at: Day | None = None, profile: str | None = None) -> None:
        """Computes and keeps what one pathway's reports print; the batch does this side by side for all of them."""
        self.prepare(as_at, pathway, profile, whole=False)

    def set_files(self, as_at: Day | None = None, pathways: Codes = None, profile: str | None = None,
                  failed: Mapping[str, str] | None = None, made: Sequence[str] | None = None) -> dict[str, bytes]:
        """The files of a set beside its report pages, by name: index.html, figures.csv, tables.xlsx."""
        from sendwaits.release import material

        return material.set_files(self.prepare(as_at, pathways, profile), failed or {}, made)

    def report(self, name: str, pathway: str | None = None, *, as_at: Day | None = None, profile: str | None = None,
               given: Mapping[str, Any] | None = None) -> Any:
        """A report whose sections are calls: trend, backlog and forecast of a pathway; quality and themes of the area.

        >>> area.report("backlog", "NST", as_at="2024-07-31").ages()
        """
        from sendwaits.release import pages, reports

        if given is not None:
            pages.check_given(given)
        if pathway is None or name not in reports.PATHWAY_REPORTS:
            return reports.open_report(name, self.prepare(as_at, None, profile))
        return reports.open_report(name, self.prepare(as_at, pathway, profile, whole=False).pathways[pathway])

    def _profile(self, profile: str | None) -> str:
        from sendwaits.workspace import PROFILES

        chosen = profile or self.workspace.disclosure.profile
        if chosen not in PROFILES:
            raise Refused(f"No profile '{chosen}'. Choose one of: {', '.join(PROFILES)}.")
        return chosen
