"""Reports of the whole area: the index, the quality of the data, themes, the update."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from sendwaits.errors import Refused, SendwaitsError
from sendwaits.release import compare_sets, findings, gate, publish, show
from sendwaits.release.findings import notes
from sendwaits.release.key import COLUMNS
from sendwaits.release.report import Report

if TYPE_CHECKING:
    from sendwaits.release.contents import Contents
    from sendwaits.release.verdicts import Verdict

__all__ = ["REPORTS", "AreaReport", "open_report"]

REPORTS = ("index", "quality", "themes", "update", "changes")
"""One page for the whole area; as a service's reports, but the index and the changes have no notebook."""


class AreaReport(publish.Published):
    """A report of the area. ``services``: the backlog report of each service, by code.

    ``extra``: released frames that are not figures of one service (themes, monthly series, row counts), as rows of
    `release.key.COLUMNS`; they may be published too.
    """

    pathway = None

    def __init__(self, name: str, contents: Contents) -> None:
        if name not in REPORTS:
            raise Refused(f"No report '{name}'. Choose one of: {', '.join(REPORTS)}.")
        self.name, self.contents = name, contents
        self.workspace, self.as_at, self.profile = (
            contents.workspace,
            contents.as_at,
            contents.profile,
        )
        self.made: Collection[str] | None = None
        self.failed: Mapping[str, str] = {}

    @cached_property
    def services(self) -> dict[str, Report]:
        """A report of each service, for its numbers and verdicts."""
        return {code: Report("backlog", s) for code, s in self.contents.services.items()}

    @cached_property
    def released(self) -> show.Frame:
        """Every number that this set prints."""
        frames = [s.service.released for s in self.services.values()]
        return show.show(pd.concat(frames, ignore_index=True), "All released figures")

    @cached_property
    def extra(self) -> dict[str, pd.DataFrame]:
        """Released frames besides the services' figures, by name."""
        found = {n: self._as_printed(f) for n, f in self.contents.themes.items()}
        ledgers = self.contents.files, self.contents.findings
        compared = {"changes": self.by_service()} if self.name == "changes" else {}
        return {**found, **compared, **gate.quality(*ledgers, self.profile)}

    @cached_property
    def _before(self) -> compare_sets.OneSet | None:
        return compare_sets.before(self.contents)

    @property
    def set_before(self) -> str:
        """The day of the newest earlier set of this profile in reports/; empty for the first one."""
        return self._before.facts["parameters"]["as_at"] if self._before else ""

    @cached_property
    def compared(self) -> compare_sets.Comparison:
        """What changed since the set before; beside itself when there is none."""
        made = compare_sets.of_contents(self.contents)
        return compare_sets.compared(self._before or made, made)

    def _as_printed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the rows that the services print already as they print them: one number, one form, in a whole set."""
        keys = COLUMNS[:6]
        known = self.released[keys].assign(there=True)
        there = frame.merge(known, on=keys, how="left")["there"].notna().to_numpy()
        theirs = self.released.merge(frame.loc[there, keys], on=keys)
        return pd.concat([theirs, frame[~there]], ignore_index=True)[COLUMNS]

    def reconcile(self) -> str:
        """Stops when a file's rows read are not clean + set aside + merged; says how many files were checked."""
        files = self.contents.files
        files = files[files["refused"].fillna("").astype(str) == ""]
        wrong = files[files["read"] != files["clean"] + files["quarantined"] + files["merged"]]
        if len(wrong) or not len(files):
            raise SendwaitsError(
                "Rows read are not clean + set aside + merged. Run: sendwaits check"
            )
        return f"Reconciled over {len(files)} extracts: rows read = clean + set aside + merged."

    @cached_property
    def publishable(self) -> pd.DataFrame:
        """All that may go on this page."""
        ahead = [s.ahead.tidy() for s in self.services.values()]
        more = [s.service.equity for s in self.services.values()]
        return pd.concat([self.released, *ahead, *self.extra.values(), *more], ignore_index=True)

    def verdict(self, wait: str, measure: str, group: str = "", pathway: str = "") -> Verdict:
        """The verdict of a series of a service; of the area's own series none is given here."""
        from sendwaits.release.verdicts import Verdict

        service = self.services.get(pathway)
        return (
            service.verdict(wait, measure, group)
            if service
            else Verdict(pathway, wait, measure, group)
        )

    @property
    def late(self) -> list[str]:
        """The services whose newest extract came late, and up to which day each is known."""
        return findings.late_lines(self.workspace, self.as_at, list(self.services))

    @property
    def doubts(self) -> list[str]:
        """What is red about the extracts of the services."""
        return [line for service in self.services.values() for line in service.doubts]

    @property
    def judged(self) -> pd.DataFrame:
        """The verdicts of the whole set: columns of verdicts.csv."""
        return self.contents.joined("judged")

    def link(self, page: str) -> str:
        """The page's file name, empty when the set does not hold it."""
        there = self.made is None or page in self.made
        return f"{page}.html" if there and page not in self.failed else ""

    def source(self, population: str, wait: Any = None) -> Markup:
        """The source line: extracts and population."""
        dates = findings.extract_dates(self.contents.files)
        return Markup("Source: {}. Population: {}.").format(dates, population)

    def page_facts(self, title: str) -> dict[str, Any]:
        """What the page around the parts needs."""
        crumb = {
            "index": "",
            "quality": "Quality of the data",
            "themes": "Themes",
            "update": "Update",
            "changes": "What changed",
        }
        return findings.page_facts(self, self.contents.files, title, crumb[self.name])

    def notes(self) -> list[tuple[str, str]]:
        """What the words on the page mean."""
        return notes.of_area(self)

    def parts(self) -> list[publish.Part]:
        """The parts of a page that has no notebook (the index), in reading order."""
        sections = [publish.section(self, name, getattr(self, name)()) for name in self.sections()]
        return [self.opening(), *sections, self.closing()]


def open_report(name: str, contents: Contents) -> AreaReport:
    """The report of that name."""
    return AreaReport(name, contents)
