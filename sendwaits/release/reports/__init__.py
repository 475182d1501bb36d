"""The reports: what each page shows, made from one `Material`, a section a method.

``open_report(name, material)`` gives the report of that name. Every section of every report can be called on any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from sendwaits.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.pathways import Pathway
    from sendwaits.release.reports.area_report import AreaReport
    from sendwaits.release.reports.common import Report
    from sendwaits.workspace import Target, Workspace

__all__ = ["Material", "AreaMaterial", "PATHWAY_REPORTS", "AREA_REPORTS", "open_report", "sections"]

PATHWAY_REPORTS = ("trend", "backlog", "forecast")
"""One page per pathway."""
AREA_REPORTS = ("quality", "themes")
"""One page for the whole area."""


@dataclass(frozen=True)
class Material:
    """Everything one pathway's reports may print; all frames have passed the disclosure door.

    released
        Columns of CONTRACT section 3 and ``status`` ("" shown, "c" suppressed, "z" undefined). Group "": 24 or more months
        (flows with their period_start, stocks with ""), and, told apart by their period, the calendar years and the year to
        date of the flows. Groups "district=..." (and others): the stocks at as_at.
    forecast
        Columns of CONTRACT section 4, baseline and every scenario of the workspace. Empty: no forecast could be made.
    backtest
        One row per wait, measure and horizon, as `outlook.queue.backtest` gives it: error, error_no_change, hits of n.
    bridge
        EHC: one row per coming month, as `outlook.queue.bridge` gives it. May be empty.
    files
        The manifest's rows: file, pathway, extract_date, read, clean, quarantined, merged, refused.
    findings
        findings.csv: code, severity, file, n, message, what_to_do.
    zeros_hidden, notes
        Keys of hidden cells that may be 0, and in words what the disclosure door left out.
    promised
        Targets as earlier reports stated them: (as_at of that report, target), oldest first.
    """

    workspace: Workspace
    pathway: Pathway
    as_at: date
    profile: str
    released: pd.DataFrame
    forecast: pd.DataFrame | None = None
    backtest: pd.DataFrame | None = None
    bridge: pd.DataFrame | None = None
    files: pd.DataFrame | None = None
    findings: pd.DataFrame | None = None
    promised: tuple[tuple[date, Target], ...] = ()
    zeros_hidden: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    made_up: bool = False

    @property
    def k(self) -> int:
        """The smallest count shown."""
        return {"analyst": 1, "public": 8}.get(self.profile, self.workspace.disclosure.k)


@dataclass(frozen=True)
class AreaMaterial:
    """What the pages of the whole area may print: index, quality, themes.

    quarantine
        quarantine.csv: file, sheet, row, column, code, reason.
    history
        Earlier extracts' rows of the manifest (as ``Material.files``), for the trend of quality.
    themes
        Released tables of `sendwaits.measure.themes`, by name: "contributions", "seasonality", "routes", "overlap", "england".
    series
        data/raw/series_*.csv up to as_at: month, measure, value, unit, note.
    """

    workspace: Workspace
    as_at: date
    profile: str
    pathways: Mapping[str, Material]
    files: pd.DataFrame | None = None
    findings: pd.DataFrame | None = None
    quarantine: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    themes: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    series: pd.DataFrame | None = None
    made_up: bool = False

    @property
    def k(self) -> int:
        """The smallest count shown."""
        return {"analyst": 1, "public": 8}.get(self.profile, self.workspace.disclosure.k)


def sections(name: str) -> list[tuple[str, str]]:
    """The sections of a pathway's report that stand by themselves: (method, first line of its docstring), in the order of the page."""
    from sendwaits.release.reports import backlog, forecast, trend

    kind = {"trend": trend.Trend, "backlog": backlog.Backlog, "forecast": forecast.Forecast}[name]
    return [
        (method, (function.__doc__ or "").strip().partition("\n")[0])
        for method, function in vars(kind).items()
        if not method.startswith("_")
        and getattr(function, "__annotations__", {}).get("return") == "Part"
    ]


def open_report(name: str, material: Material | AreaMaterial) -> Report | AreaReport:
    """The report of that name. Raises `Refused` naming the reports there are."""
    if isinstance(material, Material) and name in PATHWAY_REPORTS:
        from sendwaits.release.reports import backlog, forecast, trend

        return {"trend": trend.Trend, "backlog": backlog.Backlog, "forecast": forecast.Forecast}[
            name
        ](material)
    if isinstance(material, AreaMaterial) and name in AREA_REPORTS:
        from sendwaits.release.reports import quality, themes

        return {"quality": quality.Quality, "themes": themes.Themes}[name](material)
    known = PATHWAY_REPORTS if isinstance(material, Material) else AREA_REPORTS
    raise Refused(f"No report '{name}'. Choose one of: {', '.join(known)}.")
