"""What every report shares: lookups of released and forecast numbers, openings, board panel, data-quality line, notes."""

from __future__ import annotations

import calendar
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.errors import SendwaitsError
from sendwaits.release import charts, rag
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, Released
from sendwaits.release.parts import Part, plain, render

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.pathways import Pathway, Wait
    from sendwaits.release.reports import Material
    from sendwaits.workspace import Target

__all__ = [
    "Report",
    "Key",
    "Outlook",
    "month_ends",
    "headline_waits",
    "stop_words",
    "standard_words",
    "header_facts",
    "profile_words",
    "source_files",
]


def month_ends(as_at: date, months: int = 24) -> list[str]:
    """The census days of a report: as_at and the last day of each month before it, oldest first."""
    ends, year, month = [as_at], as_at.year, as_at.month
    while len(ends) < months:
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        ends.append(date(year, month, calendar.monthrange(year, month)[1]))
    return [end.isoformat() for end in reversed(ends)]


def headline_waits(pathway: Pathway) -> tuple[Wait, ...]:
    """The waits that carry a standard (of those with one start, the longest); the first wait when none has one."""
    timed = [w for w in pathway.waits if w.standard_days is not None]
    kept = [
        w
        for w in timed
        if not any(
            o.start == w.start and (o.standard_days or 0) > (w.standard_days or 0) for o in timed
        )
    ]
    return tuple(kept) or pathway.waits[:1]


def stop_words(wait: Wait) -> str:
    """What the child waits for: "first appointment" of "referral to first appointment"."""
    return wait.label.split(" to ", 1)[1] if " to " in wait.label else "the end of the wait"


def standard_words(wait: Wait) -> str:
    """ "13 weeks"; days where the standard is not whole weeks."""
    days = wait.standard_days or 0
    return words.tied(f"{days // 7} weeks") if days % 7 == 0 else words.tied(f"{days} days")


def profile_words(profile: str, k: int) -> str:
    """What the profile means for the reader of a page."""
    return {
        "analyst": "Analyst profile: exact counts, not for release",
        "public": "Public profile: counts under 8 are shown as [c], others to the nearest 5",
    }.get(profile, f"Board profile: counts under {k} are shown as [c]")


@dataclass(frozen=True)
class Key:
    """A key figure: its name, the number large, and the lines under it. ``wordy``: the value holds words."""

    name: str
    value: Any
    lines: Sequence[Any] = ()
    wordy: bool = False


def source_files(files: pd.DataFrame | None, pathway: str = "") -> str:
    """The extract dates behind a page: "extract dated 31 July 2024"."""
    if files is None or not len(files):
        return "extracts not named"
    dates = sorted(
        {
            str(d)
            for d, p in zip(files["extract_date"], files["pathway"], strict=True)
            if d and (not pathway or p == pathway)
        }
    )
    shown = [words.day(d) for d in dates[-2:]]
    return (
        f"{words.plural(len(shown), 'extract')} dated {words.listed(shown)}"
        if shown
        else "extracts not named"
    )


def header_facts(
    workspace: Any,
    as_at: date,
    profile: str,
    k: int,
    made_up: bool,
    files: Any,
    title: Any,
    crumb: str,
) -> dict[str, Any]:
    """What the page around the parts needs: area, date, profile, title, crumb, sources."""
    from sendwaits import __version__

    return {
        "title": plain(title),
        "area": workspace.area.name,
        "as_at": plain(words.day(as_at)),
        "profile_words": profile_words(profile, k),
        "crumb": crumb,
        "made_up": made_up,
        "extracts": plain(source_files(files)),
        "version": __version__,
    }


class Outlook:
    """The forecast frame as lookups of keyed numbers (group = the quantile, with "@scenario" when not the baseline).

    ``hidden``: (wait, measure) whose newest released figure is suppressed: a forecast one week ahead would give it away, so all of
    that measure's forecast is hidden, and with the list the wait to expect.
    """

    def __init__(
        self, frame: pd.DataFrame | None, hidden: Collection[tuple[str, str]] = ()
    ) -> None:
        self._hidden = hidden
        self._rows: dict[tuple[str, str, str], list[Any]] = {}
        self.scenarios: list[str] = []
        self.empty = frame is None or not len(frame)
        if frame is None:
            return
        for row in frame.itertuples(index=False):
            scenario = str(row.scenario)
            self._rows.setdefault((str(row.wait), str(row.measure), scenario), []).append(row)
            if scenario not in ("baseline", *self.scenarios):
                self.scenarios.append(scenario)

    def rows(self, wait: str, measure: str, scenario: str = "baseline") -> list[Any]:
        return self._rows.get((wait, measure, scenario), [])

    def number(self, row: Any, quantile: str) -> Number:
        """One quantile (or "probability", "mean") of a forecast row, keyed."""
        value = getattr(row, quantile)
        value = math.nan if value is None or value != value else float(value)
        measure = str(row.measure)
        unit = (
            "percent"
            if measure.endswith("_pct") or quantile == "probability"
            else "weeks"
            if "weeks" in measure and not measure.startswith("waiting")
            else "count"
        )
        group = quantile if row.scenario == "baseline" else f"{quantile}@{row.scenario}"
        key = "|".join(
            str(p).replace("|", "/")
            for p in (
                row.pathway,
                row.wait,
                f"forecast:{measure}",
                group,
                "",
                _iso(row.target_date),
            )
        )
        if quantile == "probability":
            value *= 100
        decimals = 1 if unit == "percent" else 0
        if measure == "capacity_needed_per_week" or (
            unit == "weeks" and measure != "new_child_wait_weeks"
        ):
            decimals = 1
        if quantile != "probability" and {
            (str(row.wait), measure),
            (str(row.wait), _ORIGIN.get(measure, measure)),
        } & set(self._hidden):
            return Number(key, unit=unit, status="c")
        return Number(key, value, unit, "" if value == value else "z", decimals=decimals)

    def fan(
        self, wait: str, measure: str, scenario: str = "baseline", extra: Sequence[date] = ()
    ) -> list[charts.FanStep]:
        """Every fourth week of the forecast, and the steps on the ``extra`` dates."""
        steps = []
        for row in self.rows(wait, measure, scenario):
            when = _day(row.target_date)
            if row.horizon_weeks % 4 == 0 or when in extra:
                steps.append(
                    charts.FanStep(
                        when, *(self.number(row, q) for q in ("p10", "p25", "p50", "p75", "p90"))
                    )
                )
        return steps

    def on(self, wait: str, measure: str, when: date, scenario: str = "baseline") -> Any | None:
        """The first weekly horizon on or after a date; the last one when all are before it."""
        rows = self.rows(wait, measure, scenario)
        return next((r for r in rows if _day(r.target_date) >= when), rows[-1] if rows else None)

    def chance(self, target: Target, scenario: str = "baseline") -> Number:
        """The chance, in per cent, of meeting the target by its date; undefined when it was not simulated."""
        return self._of_target("p_target", "probability", target, scenario)

    def capacity(self, target: Target, scenario: str = "baseline") -> Number:
        """Completions a week needed for an 80 % chance of the target."""
        return self._of_target("capacity_needed_per_week", "p50", target, scenario)

    def _of_target(self, measure: str, quantile: str, target: Target, scenario: str) -> Number:
        for row in self.rows(target.wait, measure, scenario):
            if (
                str(row.note).startswith(target.note)
                and _iso(row.target_date) == target.by.isoformat()
            ):
                number = self.number(row, quantile)
                return number if number.shown or measure == "p_target" else self.number(row, "mean")
        key = "|".join(
            (
                target.pathway,
                target.wait,
                f"forecast:{measure}",
                quantile,
                "",
                target.by.isoformat(),
            )
        )
        return Number(key, unit="percent" if measure == "p_target" else "count", status="z")

    def new_child(self, wait: str, scenario: str = "baseline") -> Any | None:
        """The row of the wait that a child referred now can expect."""
        return next(iter(self.rows(wait, "new_child_wait_weeks", scenario)), None)


_ORIGIN = {"new_child_wait_weeks": "waiting", "capacity_needed_per_week": "waiting"}


def _iso(value: Any) -> str:
    return str(value)[:10]


def _day(value: Any) -> date:
    return date.fromisoformat(_iso(value))


class Report:
    """One report of one pathway; each method is a part of its page."""

    name = ""

    def __init__(self, material: Material) -> None:
        self.material, self.pathway, self.as_at = material, material.pathway, material.as_at
        self.table = Released(material.released)
        self.waits = headline_waits(material.pathway)
        self.main = max(self.waits, key=lambda w: w.standard_days or 0)
        known = set(self.table.ends(self.main.name, "waiting"))
        self.ends = [e for e in month_ends(self.as_at) if e in known] or [self.as_at.isoformat()]
        self.now, self.before = self.ends[-1], self.ends[-2] if len(self.ends) > 1 else ""
        self.area = material.workspace.area.name
        self.outlook = Outlook(
            material.forecast,
            {
                (w.name, m)
                for w in self.pathway.waits
                for m in self.table.measures(w.name)
                if self.table.number(w.name, m, self.now).status == "c"
            },
        )
        self._signals: dict[tuple[str, str], words.Signal] = {}

    # numbers ----------------------------------------------------------------------------------------------------------

    def get(self, wait: Wait | str, measure: str, end: str = "", **where: str) -> Number:
        """One released number, by default at as_at."""
        return self.table.number(
            wait if isinstance(wait, str) else wait.name, measure, end or self.now, **where
        )

    def series(self, wait: Wait | str, measure: str) -> list[Number]:
        """The monthly numbers of a measure."""
        return self.table.series(wait if isinstance(wait, str) else wait.name, measure, self.ends)

    @cached_property
    def targets(self) -> list[Target]:
        """The targets of this pathway in the order of the workspace."""
        return [t for t in self.material.workspace.targets if t.pathway == self.pathway.code]

    def changes(self, wait: Wait | str = "") -> list[tuple[date, str]]:
        """The dated changes of the service that concern a wait: when, and what was configured."""
        name = wait if isinstance(wait, str) else wait.name
        return [
            (c.date, c.label)
            for c in self.material.workspace.change_points
            if c.pathway == self.pathway.code and (not c.wait or not name or c.wait == name)
        ]

    def signal(
        self, wait: Wait | str, measure: str, better: str = "neutral", target: float | None = None
    ) -> words.Signal:
        """The control-chart reading of a monthly series."""
        name = wait if isinstance(wait, str) else wait.name
        if (name, measure) not in self._signals:
            self._signals[name, measure] = words.signal(
                self.series(name, measure),
                rebase=[d for d, _ in self.changes(name)],
                better=better,
                target=target,
                ceiling=100.0 if measure.endswith("_pct") else None,
            )
        return self._signals[name, measure]

    def rating(self, wait: Wait) -> rag.Rating:
        """The rating of a wait, with its reason."""
        return rag.rate(self, wait)

    def over_line(self, wait: Wait) -> int:
        """The week past which a wait is over the line: the pathway's own (20 for plans), else the Board's 52."""
        own = [w for w in self.pathway.over_weeks if w not in (18, 52)]
        return own[0] if own and wait is self.main else 52

    # words ------------------------------------------------------------------------------------------------------------

    def mark(self, signal: words.Signal, better: str = "decrease", level: bool = False) -> Markup:
        """The shape and the word of a trend."""
        return Markup('<span class="tie"><span class="mark">{}</span>{}</span>').format(
            charts.trend_mark(signal.direction, better), signal.level_word if level else signal.word
        )

    def people(self, number: Number) -> str:
        return "child" if number.shown and number.value == 1 else "children"

    @property
    def extracts(self) -> str:
        """ "NST extract dated 31 July 2024"."""
        return f"{self.pathway.label} {source_files(self.material.files, self.pathway.code)}"

    def source(self, wait: Wait, population: str) -> Markup:
        """Source line: extract, clock, population."""
        return Markup("Source: {}. Clock: {}. Population: {}.").format(
            self.extracts, wait.label, population
        )

    def longest(self, wait: Wait) -> Markup:
        """At least 5 children have waited 61 weeks or more: never one child's wait, except for an analyst."""
        number = self.get(wait, "longest_weeks_open")
        if not number.shown:
            return Markup("Not shown [c]" if number.status == "c" else "Nobody waiting")
        if self.material.profile == "analyst":
            return Markup("The longest wait so far is {} weeks").format(number)
        return Markup("At least {} have waited {} weeks or more").format(
            words.tied(f"{self.material.k} children"), number.at(0)
        )

    def finding(self, wait: Wait) -> Markup:
        """One clause on the size of a list and what the control chart says about it."""
        n, s = self.get(wait, "waiting"), self.signal(wait, "waiting", "decrease")
        if not n.shown:
            return Markup("the number waiting is too small to show")
        if n.value == 0:
            return Markup("nobody is waiting for {}").format(stop_words(wait))
        if s.direction == "none":
            return Markup("{} {} waiting, no clear change").format(n, self.people(n))
        verb = {"up": "grew", "down": "fell"}[s.direction]
        if s.rule == "trend":
            return Markup("the waiting list {} for the {} month, to {} {}").format(
                verb, words.ordinal(s.run - 1), n, self.people(n)
            )
        return Markup("the waiting list is {}, now {} {}").format(
            "growing" if verb == "grew" else "falling", n, self.people(n)
        )

    # parts ------------------------------------------------------------------------------------------------------------

    def reconcile(self) -> Part:
        """Stops when a released list is not the list before + joined - left, or its bands do not add up; else says what was checked."""
        checked = 0
        for wait in self.pathway.waits:
            for before, end in zip(self.ends, self.ends[1:], strict=False):
                parts = [
                    self.get(wait, "waiting", before),
                    self.get(wait, "starts", end),
                    self.get(wait, "completed", end),
                    self.get(wait, "removed_other", end),
                    self.get(wait, "waiting", end),
                ]
                if all(p.shown for p in parts) and self.material.profile != "public":
                    values = [int(p.value) for p in parts]
                    if values[0] + values[1] - values[2] - values[3] != values[4]:
                        raise SendwaitsError(
                            f"{self.pathway.code} {wait.name}: the list at {end} is not the list before + joined - left. "
                            "Run: sendwaits check, and read data/processed/findings.csv."
                        )
                    checked += 1
            self._bands_add_up(wait)
        text = f"Reconciled: in {checked} months of {self.pathway.label}, list = list before + joined - left; the bands add up to the list."
        return Part("check", Markup("<p>{}</p>").format(text), text)

    def _bands_add_up(self, wait: Wait) -> None:
        bands = [
            self.get(wait, m)
            for m in self.table.measures(wait.name)
            if m.startswith("waiting_band_")
        ]
        total = self.get(wait, "waiting")
        if (
            bands
            and total.shown
            and all(b.shown for b in bands)
            and self.material.profile != "public"
        ):
            if sum(int(b.value) for b in bands) != int(total.value):
                raise SendwaitsError(
                    f"{self.pathway.code} {wait.name}: the bands at {self.now} do not add up to the list."
                )

    def _opening(self, title: Markup, lede: Markup, keys: Sequence[Key]) -> Part:
        html = render("opening.html", title=title, lede=lede, keys=keys)
        lines = [plain(title), plain(lede), ""]
        lines += [
            f"{k.name}: {plain(k.value)}. {'. '.join(plain(line) for line in k.lines)}".rstrip(". ")
            + "."
            for k in keys
        ]
        m = self.material
        facts = header_facts(
            m.workspace,
            m.as_at,
            m.profile,
            m.k,
            m.made_up,
            m.files,
            title,
            f"{self.pathway.label} {self.name}",
        )
        return Part("opening", html, "\n".join(lines), facts)

    def _board(self, lines: Sequence[Markup]) -> Part:
        return Part(
            "board",
            render("board.html", lines=lines),
            "\n".join(["For the Board", *(plain(line) for line in lines)]),
        )

    def question_day(self) -> str:
        """The date by which the Board is asked to decide: the last day of the second month after as_at."""
        first = (self.as_at.replace(day=1) + timedelta(days=31 * 2)).replace(day=1)
        return words.day(
            date(first.year, first.month, calendar.monthrange(first.year, first.month)[1])
        )

    def data_quality(self) -> Part:
        """Rows read = clean + set aside + merged, then the one thing to check."""
        m = self.material
        lines: list[Markup] = []
        if m.files is not None and len(m.files):
            own = m.files[
                (m.files["pathway"] == self.pathway.code)
                & (m.files["extract_date"].astype(str) <= self.now)
            ]
            newest = own[own["extract_date"] == own["extract_date"].max()] if len(own) else own
            read, clean, aside, merged = (
                int(newest[c].sum()) for c in ("read", "clean", "quarantined", "merged")
            )
            lines.append(
                Markup("{} {} rows read: {} clean, {} set aside, {} identical {} merged.").format(
                    f"{read:,}",
                    self.pathway.label,
                    f"{clean:,}",
                    f"{aside:,}",
                    f"{merged:,}",
                    words.plural(merged, "row"),
                )
            )
        gone = self.get(self.main, "waiting_not_flowed")
        waiting = self.get(self.main, "waiting")
        if gone.shown and gone.value > 0 and waiting.shown:
            lines.append(
                Markup(
                    "One thing to check: {} open {} missing from the newest extract; {} of the {} waiting are in it."
                ).format(
                    gone,
                    "wait is" if gone.value == 1 else "waits are",
                    f"{int(waiting.value - gone.value):,}",
                    waiting,
                )
            )
        elif gone.status == "c":
            lines.append(
                Markup(
                    "One thing to check: some open waits ({}) are missing from the newest extract."
                ).format(gone)
            )
        else:
            lines.append(Markup("Every open wait is in the newest extract."))
        red = self._red_findings()
        if red:
            lines.append(red)
        return Part(
            "quality",
            render("quality_line.html", lines=[Markup(" ").join(lines)]),
            "Data quality. " + " ".join(plain(line) for line in lines),
        )

    def _red_findings(self) -> Markup:
        found = self.material.findings
        if found is None or not len(found):
            return Markup("")
        own = found[
            found["file"].astype(str).str.upper().str.startswith(self.pathway.code + "_2")
            & (found["severity"].isin(["red", "error"]))
        ]
        if not len(own):
            return Markup("")
        return Markup('{} {} to read in the <a href="quality.html">quality report</a>.').format(
            words.count_word(len(own), True), words.plural(len(own), "red finding")
        )

    def notes(self) -> Part:
        """What the words on the page mean."""
        found = self._notes()
        text = "\n".join(
            ["Notes", *(f"{i}. {name} {plain(body)}" for i, (name, body) in enumerate(found, 1))]
        )
        return Part("notes", render("notes.html", notes=found), text)

    def _notes(self) -> list[tuple[str, str]]:
        main, k = self.main, self.material.k
        start = main.label.split(" to ", 1)[0]
        found = [
            (
                "Waiting",
                f"means the clock has started and has not stopped by the end of {words.day(self.as_at)}. A child whose wait ends on a day is no longer waiting that day.",
            ),
            (
                "Weeks",
                "are days divided by 7, never rounded before a comparison. Over 18 weeks means more than 126 days.",
            ),
            (
                "The clock",
                f"runs from {start} to {stop_words(main)}. Advice, courses and missed appointments do not stop it.",
            ),
            (
                "Left another way",
                "means discharged unseen, declined, moved, withdrawn or transferred. These are never counted as completed.",
            ),
        ]
        if self.material.profile != "analyst":
            found.append(
                (
                    "[c]",
                    f"hides a count under {k}, or one that would reveal such a count by subtraction. It never stands for 0.",
                )
            )
            found.append(
                (
                    f"At least {self.material.k} children have waited N weeks or more",
                    "is said in place of the longest wait, so that no one child can be recognised.",
                )
            )
        found.append(("[z]", "means there was nothing to count or average."))
        found.append(
            (
                "Growing, falling, higher, lower",
                "are said only when a rule of statistical process control (SPC) fires on the monthly figures; otherwise it is “no clear change”.",
            )
        )
        return found
