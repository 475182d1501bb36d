"""The quality report: what was read, set aside and merged; what each rule found and what to do; rows for a person to look at."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
from markupsafe import Markup

from sendwaits.errors import SendwaitsError
from sendwaits.release import charts
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number
from sendwaits.release.parts import Part, Section, Table, section_part
from sendwaits.release.reports.area_report import AreaReport
from sendwaits.release.reports.common import Key

__all__ = ["Quality"]

LEDGER = ("read", "clean", "quarantined", "merged")
SEVERITIES = ("error", "red", "warn", "info")
MOST_ROWS = 40


class Quality(AreaReport):
    """The data-quality page of the area.

    Rows of files are shown in every profile. A finding about linked records (codes that begin with D) counts children, so outside
    the analyst profile its count is hidden, and so is every other finding's count under k.
    """

    name = "quality"

    @property
    def files(self) -> pd.DataFrame:
        """The ledger: one row per extract that was read."""
        frame = self.material.files
        return (
            frame
            if frame is not None
            else pd.DataFrame(columns=["file", "pathway", "extract_date", *LEDGER, "refused"])
        )

    @property
    def findings(self) -> pd.DataFrame:
        """One row per rule and file that found something, gravest first."""
        frame = self.material.findings
        if frame is None or not len(frame):
            return pd.DataFrame(columns=["code", "severity", "file", "n", "message", "what_to_do"])
        rank = {name: i for i, name in enumerate(SEVERITIES)}
        return (
            frame.assign(_rank=frame["severity"].map(rank).fillna(9))
            .sort_values(["_rank", "code", "file"], kind="stable")
            .drop(columns="_rank")
        )

    def _sum(self, name: str) -> int:
        return int(self.files[name].fillna(0).sum())

    def _found(self, file: str, code: str, n: float) -> Number:
        """How often a rule fired; hidden where it could count children."""
        number = self._rows(file, f"of {code}", n)
        hidden = self.material.profile != "analyst" and (
            code.startswith("D") or 0 < n < self.material.k
        )
        return replace(number, value=math.nan, status="c") if hidden else number

    def _rows(self, file: str, name: str, value: float) -> Number:
        return Number(
            f"|{file.replace('|', '/')}|rows_{name}|||{self.as_at.isoformat()}", float(value)
        )

    def reconcile(self) -> Part:
        """Stops when a file's rows read are not clean + set aside + merged; else says how many files were checked."""
        for row in self.files.itertuples():
            if pd.isna(row.refused) or not row.refused:
                if int(row.read) != int(row.clean) + int(row.quarantined) + int(row.merged):
                    raise SendwaitsError(
                        f"{row.file}: rows read are not clean + set aside + merged. Run: sendwaits check"
                    )
        text = f"Reconciled: in {len(self.files)} files, rows read = clean + set aside + merged."
        return Part("check", Markup("<p>{}</p>").format(text), text)

    def opening(self) -> Part:
        """How many rows were read and how many set aside."""
        read, clean, aside, merged = (self._sum(c) for c in LEDGER)
        refused = self.files[
            self.files["refused"].notna() & (self.files["refused"].astype(str) != "")
        ]
        if len(refused):
            title = f"{words.count_word(len(refused), True)} of {words.count_word(len(self.files))} extracts {'was' if len(refused) == 1 else 'were'} refused"
        elif read and aside:
            title = f"{100 * clean / read:.1f}% of rows were clean; {aside:,} were set aside"
        else:
            title = f"All {read:,} rows were clean" if read else "No extract was read"
        lede = f"{self.area}: {len(self.files)} {words.plural(len(self.files), 'extract')} on or before {words.day(self.as_at)}. Every row read is clean, set aside or merged; none is lost."
        return self._opening(
            title,
            lede,
            [
                Key(
                    "Rows read",
                    self._rows("", "read", read),
                    [f"in {len(self.files)} {words.plural(len(self.files), 'extract')}"],
                ),
                Key("Clean", self._rows("", "clean", clean), ["counted in the reports"]),
                Key(
                    "Set aside",
                    self._rows("", "quarantined", aside),
                    ["each with its row and reason"],
                ),
                Key("Merged", self._rows("", "merged", merged), ["identical rows"]),
            ],
        )

    def ledger(self) -> Part:
        """Rows of each extract: read = clean + set aside + merged."""
        rows: list[tuple] = [
            (
                r.file,
                words.day(str(r.extract_date)[:10]),
                *(
                    self._rows(r.file, c, getattr(r, c) if getattr(r, c) == getattr(r, c) else 0)
                    for c in LEDGER
                ),
                r.refused if isinstance(r.refused, str) and r.refused else "read",
            )
            for r in self.files.itertuples()
        ]
        worst = (
            self.files.assign(
                share=self.files["quarantined"] / self.files["read"].where(self.files["read"] > 0)
            ).sort_values("share", ascending=False)
            if len(self.files)
            else self.files
        )
        title: Markup | str = "Rows of each extract"
        if len(worst) and worst["quarantined"].iloc[0] > 0:
            title = Markup("Most rows were set aside in {}: {} of {}").format(
                worst["file"].iloc[0],
                self._rows(worst["file"].iloc[0], "quarantined", worst["quarantined"].iloc[0]),
                self._rows(worst["file"].iloc[0], "read", worst["read"].iloc[0]),
            )
        return section_part(
            Section(
                title,
                f"{self.area}: rows of each extract. Read = clean + set aside + merged.",
                table=Table(
                    "Rows of each extract",
                    (
                        "Extract",
                        "State at the end of",
                        "Read",
                        "Clean",
                        "Set aside",
                        "Merged",
                        "Result",
                    ),
                    rows,
                    left=frozenset({1, 6}),
                    cards=True,
                ),
                source="Source: data/processed/manifest.json. Population: rows, not children.",
            )
        )

    def rules(self) -> Part:
        """What each rule found and what to do about it."""
        found = self.findings
        sub = (
            f"{self.area}: findings by rule and file, gravest first. n = rows or columns concerned."
        )
        if not len(found):
            return section_part(
                Section("No rule found anything", sub, [("So what", "Nothing is to be done.")])
            )
        red = found[found["severity"].isin(["red", "error"])]
        title = (
            f"{words.count_word(len(red), True)} of {words.count_word(len(found))} findings {words.plural(len(red), 'needs', 'need')} a correction at the source"
            if len(red)
            else f"{words.count_word(len(found), True)} {words.plural(len(found), 'finding')}, none grave"
        )
        by_code = (
            found.groupby("code", sort=False)["n"]
            .sum()
            .sort_values(ascending=False, kind="stable")[:10]
        )
        bars = [
            charts.Bar(str(code), self._found("", str(code), n), None, "plain")
            for code, n in by_code.items()
        ]
        most = next((b for b in bars if b.number.shown), None)
        bars = [
            charts.Bar(b.label, b.number, None, "focus" if b is most else "plain") for b in bars
        ]
        rows = [
            (
                Markup("{}").format(r.code),
                str(r.severity),
                r.file,
                self._found(r.file, str(r.code), r.n),
                r.message,
                r.what_to_do,
            )
            for r in found.itertuples()
        ]
        return section_part(
            Section(
                title,
                f"{self.area}: rows or columns found by each rule, the ten most frequent.",
                [
                    (
                        "What it shows",
                        Markup("{} was found most often: {} times.").format(most.label, most.number)
                        if most
                        else "Every count is too small to show, or counts children.",
                    ),
                    (
                        "Is it real?",
                        "Counts are complete: every row of every extract passes every rule.",
                    ),
                    (
                        "So what",
                        "Correct at the source and send again. Nothing is corrected here. [c] hides a count under the limit, or one that counts children.",
                    ),
                ],
                chart=charts.bars(
                    bars,
                    f"Bar chart. {title}. "
                    + "; ".join(f"{b.label} {b.number}" for b in bars)
                    + ".",
                ),
                table=Table(
                    "Findings by rule",
                    ("Rule", "Rows or columns"),
                    [(b.label, b.number) for b in bars],
                ),
            ),
            Section(
                "What to do about each finding",
                sub,
                table=Table(
                    "Findings by rule and file",
                    ("Rule", "Severity", "Extract", "n", "What was found", "What to do"),
                    rows,
                    left=frozenset({1, 2, 4, 5}),
                    cards=True,
                ),
                source="Source: data/processed/findings.csv. No value from the data is printed.",
            ),
        )

    def by_hand(self) -> Part:
        """Rows for a person to look at, by file and row."""
        frame = self.material.quarantine
        if frame is None or not len(frame):
            return section_part(
                Section(
                    "No row is set aside",
                    f"{self.area}: rows set aside, by extract and row.",
                    [("So what", "There is nothing to look at by hand.")],
                )
            )
        if self.material.profile == "public":
            return section_part(
                Section(
                    f"{len(frame):,} {words.plural(len(frame), 'row')} set aside",
                    f"{self.area}.",
                    [("Not shown", "The list of rows is for the analyst and the Board.")],
                )
            )
        first = frame.head(MOST_ROWS)
        rows = [
            (
                Markup("{}").format(r.file),
                f"{r.sheet} " if isinstance(r.sheet, str) and r.sheet else "",
                f"{int(r.row):,}",
                str(r.column),
                str(r.code),
                str(r.reason),
            )
            for r in first.itertuples()
        ]
        more = (
            f" The first {MOST_ROWS} of {len(frame):,} are here, all in data/processed/quarantine.csv."
            if len(frame) > MOST_ROWS
            else ""
        )
        return section_part(
            Section(
                f"{len(frame):,} {words.plural(len(frame), 'row')} to look at by hand",
                f"{self.area}: rows set aside, by extract and row as a person sees it in the file.{more}",
                table=Table(
                    "Rows set aside",
                    ("Extract", "Sheet", "Row", "Column", "Rule", "Reason"),
                    rows,
                    left=frozenset({1, 3, 4, 5}),
                    cards=True,
                ),
                source="Source: data/processed/quarantine.csv. No value from the data is printed.",
            )
        )

    def over_time(self) -> Part:
        """Share of rows set aside, extract by extract."""
        frame = self.material.history
        frame = frame if frame is not None and len(frame) else self.files
        rows = [
            (
                str(r.pathway),
                words.day(str(r.extract_date)[:10]),
                self._rows(r.file, "read", r.read),
                self._rows(r.file, "quarantined", r.quarantined),
                f"{100 * r.quarantined / r.read:.1f}%" if r.read else "[z]",
            )
            for r in frame.sort_values(["pathway", "extract_date"], kind="stable").itertuples()
            if r.read == r.read
        ]
        dates = frame["extract_date"].nunique() if len(frame) else 0
        title = (
            "One extract a service so far: no trend of quality can be shown"
            if dates < 2
            else f"Quality at {words.count_word(dates)} extract dates"
        )
        return section_part(
            Section(
                title,
                f"{self.area}: rows set aside at each extract date.",
                table=Table(
                    "Rows set aside by service and extract date",
                    ("Service", "Extract date", "Read", "Set aside", "Share set aside"),
                    rows,
                    left=frozenset({1}),
                ),
            )
        )

    def board(self) -> Part:
        """What to ask of the suppliers."""
        red = self.findings[self.findings["severity"].isin(["red", "error"])]
        worst = next(iter(red.itertuples()), None)
        if worst is None:
            return self._board(
                [
                    Markup(
                        "<strong>Nothing to decide.</strong> No finding needs a correction before these reports are used."
                    )
                ]
            )
        return self._board(
            [
                Markup(
                    "<strong>Ask the supplier of {}</strong> to correct {} {} of rule {}: {}"
                ).format(
                    worst.file,
                    self._found(worst.file, str(worst.code), worst.n),
                    words.plural(worst.n, "row"),
                    worst.code,
                    worst.what_to_do,
                )
            ]
        )

    def notes(self) -> Part:
        """What the words on the page mean."""
        return self._notes(
            [
                (
                    "Clean",
                    "rows are counted in the reports; linked duplicates and rows of older extracts are clean.",
                ),
                (
                    "Set aside",
                    "rows count in nothing. Each is named by extract and row, with the rule and never with a value.",
                ),
                (
                    "Merged",
                    "rows are identical to another row of the same extract in every column.",
                ),
                ("Row", "is the line or Excel row that a person sees; the heading is row 1."),
            ]
        )
