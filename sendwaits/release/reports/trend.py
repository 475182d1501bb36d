"""The trend report: control charts of the list, of referrals, of the share on time and of the wait; years side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from sendwaits.release import charts, rag
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number
from sendwaits.release.parts import Part, Section, Table, plain, section_part
from sendwaits.release.reports.backlog import Backlog
from sendwaits.release.reports.common import Key, standard_words, stop_words

if TYPE_CHECKING:
    from sendwaits.pathways import Wait

__all__ = ["Trend"]

PATHWAY_MEASURES = {
    "within_20_weeks_pct": "Plans issued within 20 weeks",
    "within_20_weeks_excl_pct": "The same, without exceptions",
    "due_within_20_weeks_pct": "Plans due, issued on time",
    "decisions_within_6_weeks_pct": "Decisions within 6 weeks",
    "refusals_within_16_weeks_pct": "No-plan decisions within 16 weeks",
    "requests_refused_pct": "Requests refused",
}
"""Timeliness measures of a pathway that has them, in the order of a page."""


class Trend(Backlog):
    """The trend page of one pathway."""

    name = "trend"

    def opening(self) -> Part:
        """What moved and what did not over the last 24 months."""
        wait = self.main
        listing, demand = self.signal(wait, "waiting", "decrease"), self.signal("", "referrals")
        said = [
            Markup("the list is {}").format(listing.word.lower())
            if listing.direction != "none"
            else Markup("the list shows no clear change")
        ]
        said.append(
            Markup("referrals are {}").format(demand.level_word.lower())
            if demand.direction != "none"
            else Markup("referrals show no clear change")
        )
        joint = {"none": "and", "up": "and", "down": "and"}[demand.direction]
        if listing.direction == demand.direction == "none":
            title = Markup("{}: no clear change in the list or in referrals").format(
                self.pathway.label
            )
        else:
            title = Markup("{}: {} {} {}").format(
                self.pathway.label,
                said[0],
                "but" if "none" in (listing.direction, demand.direction) else joint,
                said[1],
            )
        lede = Markup("{}, {}: {} months to {}.").format(
            self.pathway.title, self.area, len(self.ends), words.day(self.as_at)
        )
        referrals = self.get("", "referrals")
        keys = [
            self._waiting_key(
                wait, f"Waiting for {stop_words(wait)}" if len(self.waits) > 1 else "Waiting"
            ),
            Key(
                f"Referrals in {words.month(self.as_at)}",
                referrals,
                [
                    x
                    for x in (
                        self._since_month(referrals, "referrals"),
                        self.mark(demand, "neutral", level=True),
                    )
                    if x
                ],
            ),
            self._wait_key(wait),
            self._share_key(wait),
        ]
        return self._opening(title, lede, keys[:4] if wait.standard_days else keys[:3])

    def _since_month(self, number: Number, measure: str) -> Markup:
        return (
            words.change_words(
                number,
                self.get("", measure, self.before),
                words.month(self.before).split("\u00a0")[0],
            )
            if self.before
            else Markup("")
        )

    def _wait_key(self, wait: Wait) -> Key:
        mean, done = self.get(wait, "mean_weeks_completed"), self.get(wait, "completed")
        return Key(
            "Mean completed wait",
            Markup("{} weeks").format(mean) if mean.shown else mean,
            [
                Markup("{} waits ({}) completed in {}").format(
                    done, wait.label, words.month(self.as_at)
                ),
                self.mark(
                    self.signal(wait, "mean_weeks_completed", "decrease"), "decrease", level=True
                ),
            ],
        )

    # sections ---------------------------------------------------------------------------------------------------------

    def _control(
        self,
        wait: Wait | str,
        measure: str,
        *,
        title: Markup,
        what: str,
        better: str,
        unit: str,
        source: Markup,
        so: str | Markup,
        level: bool = True,
        target: tuple[float, str] | None = None,
    ) -> Section:
        reading = self.signal(wait, measure, better, target[0] if target else None)
        known = sum(p.number.shown for p in reading.points)
        if known < 12:
            newest = self.get(wait, measure)
            return Section(
                Markup("{}: too few months can be shown to judge").format(what),
                Markup("{}, {} to {}.").format(
                    self.area, words.month(self.ends[0]), words.month(self.ends[-1])
                ),
                [
                    (
                        "What it shows",
                        Markup("{}: {}. {} of {} months can be shown.").format(
                            words.month(self.now), newest, known, len(self.ends)
                        ),
                    ),
                    (
                        "So what",
                        "The others are small, or would give away a small number. The yearly figures below may be shown.",
                    ),
                ],
                table=Table(
                    f"{what}, months that can be shown",
                    ("Month", "Value"),
                    [
                        (words.month(e), p.number)
                        for e, p in zip(self.ends, reading.points, strict=False)
                        if p.number.shown
                    ]
                    or [(words.month(self.now), newest)],
                ),
                source=source,
            )
        changes = self.changes(wait)
        stretch = reading.points[reading.segments[-1][0]]
        since = words.month(self.ends[reading.segments[-1][0]])
        suffix = {"percent": "", "weeks": " weeks"}.get(unit, "")
        shows = Markup("From {} to {} the average is {}{}.").format(
            since, words.month(self.now), stretch.mean, suffix
        )
        if len(reading.segments) > 1:
            before = reading.points[reading.segments[-2][0]]
            shows = Markup(
                "{} Before that it was {}{}. Limits start anew at the change of {}."
            ).format(
                shows,
                before.mean,
                suffix,
                words.listed(
                    words.month(d) for d, _ in changes if self.ends[0] < d.isoformat() <= self.now
                ),
            )
        special = [p for p in reading.points if p.special]
        word = reading.level_word if level else reading.word
        real = Markup("{}: {}.{}").format(
            word,
            reading.reason,
            f" ({words.RULES[reading.rule]}.)" if reading.rule != "none" else "",
        )
        if special and reading.direction == "none":
            real = Markup("{} {} of the {} months {} marked as special.").format(
                real, len(special), len(reading.points), "is" if len(special) == 1 else "are"
            )
        alt = f"Control chart. {plain(title)}. Newest {reading.points[-1].number}, average {stretch.mean}, usual range {stretch.lower} to {stretch.upper}."
        return Section(
            title,
            Markup(
                "{}, {}, {} to {}. Control chart (XmR): grey band = usual variation, line = average, diamond = special cause."
            ).format(what, self.area, words.month(self.ends[0]), words.month(self.ends[-1])),
            [("What it shows", shows), ("Is it real?", real), ("So what", so)],
            chart=charts.control(
                self.ends, reading, alt, unit=unit, better=better, changes=changes, target=target
            ),
            table=Table(
                f"{self.pathway.label}: {what[0].lower()}{what[1:]}, by month, with control limits",
                ("Month", "Value", "Average", "Lower limit", "Upper limit", "Special cause"),
                [
                    (words.month(e), p.number, p.mean, p.lower, p.upper, p.special or "none")
                    for e, p in zip(self.ends, reading.points, strict=True)
                ],
                left=frozenset({5}),
            ),
            source=source,
        )

    def list_size(self) -> Part:
        """The size of each list, as a control chart."""
        return section_part(*(self._list_size(w) for w in self.waits))

    def _list_size(self, wait: Wait) -> Section:
        reading, n = self.signal(wait, "waiting", "decrease"), self.get(wait, "waiting")
        name = f" for {stop_words(wait)}" if len(self.waits) > 1 else ""
        verb = {
            "up": "is growing and stands at",
            "down": "is falling and stands at",
            "none": "shows no clear change at",
        }[reading.direction]
        return self._control(
            wait,
            "waiting",
            title=Markup("The list{} {} {}").format(name, verb, n),
            what=f"{self.pathway.label} children waiting ({wait.label}) at month end",
            better="decrease",
            unit="count",
            level=False,
            source=self.source(wait, "open waits at each month end"),
            so="A month-end list moves slowly: neighbouring months are alike, so a run of points says less here than on the flows below.",
        )

    def demand(self) -> Part:
        """Referrals received each month, as a control chart."""
        reading, n = self.signal("", "referrals"), self.get("", "referrals")
        rejected = self.get("", "rejected")
        mean = reading.points[-1].mean if reading.points else n
        before = reading.points[reading.segments[-2][0]].mean if len(reading.segments) > 1 else None
        since = words.month(self.ends[reading.segments[-1][0]]) if reading.points else ""
        if before is not None:
            way = (
                "up"
                if mean.value > before.value
                else "down"
                if mean.value < before.value
                else "as before,"
            )
            title = Markup("Referrals average {} a month since {}, {} from {}").format(
                mean.at(0), since, way, before.at(0)
            )
        elif reading.direction == "none":
            title = Markup("Referrals average {} a month, no clear change").format(mean.at(0))
        else:
            title = Markup("Referrals are {}: {} in {}").format(
                reading.level_word.lower(), n, words.month(self.now)
            )
        changes = [
            label
            for d, label in self.changes()
            if label and self.ends[0] < d.isoformat() <= self.now
        ]
        so = (
            Markup(
                "{} in the same month. That is timing, not proof of a cause. The themes report compares districts and sources."
            ).format(words.listed(f"{c[0].upper()}{c[1:]}" for c in changes))
            if changes
            else Markup("The themes report compares districts, ages and sources.")
        )
        extra = (
            Markup("; rejected ones are counted ({} rejections in {})").format(
                rejected, words.month(self.now)
            )
            if self.table.has("", "rejected")
            else Markup("")
        )
        return section_part(
            self._control(
                "",
                "referrals",
                title=title,
                what=f"{self.pathway.label} referrals received each month",
                better="neutral",
                unit="count",
                source=Markup(
                    "Source: {}. Clock: none (a count of referrals received). Population: all {} referrals but duplicates{}."
                ).format(self.extracts, self.pathway.label, extra),
                so=so,
            )
        )

    def on_time(self) -> Part:
        """The share completed within the standard, as a control chart with the target."""
        found = [self._on_time(w) for w in self.waits if w.standard_days is not None]
        if not found:
            found = [self._review()]
        return section_part(*found)

    def _on_time(self, wait: Wait) -> Section:
        share, reading = (
            self.get(wait, "within_standard_pct"),
            self.signal(wait, "within_standard_pct", "increase"),
        )
        name = f", {stop_words(wait)}" if len(self.waits) > 1 else ""
        target = next(
            (
                t
                for t in self.targets
                if t.wait == wait.name
                and t.measure == "within_standard_pct"
                and t.at_least is not None
            ),
            None,
        )
        aim = (
            (target.at_least, f"Target {target.at_least:g}% by {plain(words.day(target.by))}")
            if target and target.at_least is not None
            else None
        )
        verdict = {
            "up": "higher than before",
            "down": "lower than before",
            "none": "no clear change",
        }[reading.direction]
        title = (
            Markup("{} completed within {}{}: {}").format(
                share, standard_words(wait), name, verdict
            )
            if share.shown
            else Markup("Completed within {}{}: {}").format(standard_words(wait), name, verdict)
        )
        so = self._target_words(wait)
        return self._control(
            wait,
            "within_standard_pct",
            title=title,
            what=f"{self.pathway.label} share completed within {plain(standard_words(wait))} ({wait.label})",
            better="increase",
            unit="percent",
            source=self.source(wait, "waits completed in the month"),
            target=aim,
            so=so,
        )

    def _review(self) -> Section:
        share = self.get(self.main, "within_review_pct")
        if not self.table.has(self.main.name, "within_review_pct"):
            return Section(
                "This service has no waiting-time standard",
                Markup("{}, {}.").format(self.pathway.title, self.area),
                [
                    (
                        "So what",
                        "Without a standard no share on time is stated. The list and the mean wait above say what is known.",
                    )
                ],
            )
        title = Markup("{} of those waiting are within their review date").format(share)
        return self._control(
            self.main,
            "within_review_pct",
            title=title,
            what=f"{self.pathway.label} share of open waits within review date ({self.main.label})",
            better="increase",
            unit="percent",
            source=self.source(self.main, "open waits at each month end"),
            so=Markup(
                "{} are within their review date. A missing review date counts as not within."
            ).format(share.fraction or "Too few to say how many"),
        )

    def waits_section(self) -> Part:
        """The mean of completed waits, as a control chart: completed and open waits are never on one axis."""
        return section_part(*(self._wait(w) for w in self.waits))

    def _wait(self, wait: Wait) -> Section:
        mean, reading = (
            self.get(wait, "mean_weeks_completed"),
            self.signal(wait, "mean_weeks_completed", "decrease"),
        )
        open_ = self.get(wait, "mean_weeks_open")
        name = f" for {stop_words(wait)}" if len(self.waits) > 1 else ""
        verdict = {
            "up": "higher than before",
            "down": "lower than before",
            "none": "no clear change",
        }[reading.direction]
        title = (
            Markup("Completed waits{} averaged {} weeks: {}").format(name, mean, verdict)
            if mean.shown
            else Markup("The mean completed wait{}: {}").format(name, verdict)
        )
        so = (
            Markup(
                "Those still waiting on {} have waited {} weeks on average so far. That is another population: do not compare it with {}."
            ).format(words.day(self.as_at), open_, mean)
            if open_.shown and mean.shown
            else Markup("Clearing the longest waits first raises this mean for a while.")
        )
        return self._control(
            wait,
            "mean_weeks_completed",
            title=title,
            what=f"{self.pathway.label} mean completed wait ({wait.label}), weeks",
            better="decrease",
            unit="weeks",
            source=self.source(wait, "waits completed in the month; statistic: mean"),
            so=so,
        )

    def years(self) -> Part:
        """Calendar years side by side, the running year to as_at; unequal periods are not compared."""
        wanted = (
            ["referrals", "plans_issued", *PATHWAY_MEASURES]
            if self.pathway.timeliness
            else ["referrals", "rejected"]
        )
        names = {
            "referrals": "Referrals",
            "rejected": "Rejected",
            "plans_issued": "Plans issued",
            **PATHWAY_MEASURES,
        }
        periods = sorted(
            {
                p
                for m in wanted
                for p in self.table.periods("", m)
                if p[0].endswith("-01-01")
                and (p[1].endswith("-12-31") or p[1] == self.now)
                and p[1] <= self.now
                and p[0][:4] == p[1][:4]
            }
        )
        periods = [
            p
            for p in periods
            if not (p[1][5:7] == "01" and p[0][:7] == p[1][:7] and p[1] != self.now)
        ]
        rows = [
            (names[m], *(self._year_cell(self.get("", m, p[1], start=p[0])) for p in periods))
            for m in wanted
            if self.table.has("", m)
        ]
        full = [p for p in periods if p[1].endswith("-12-31")]
        if not periods or not rows:
            return section_part(
                Section(
                    "Calendar years cannot be shown yet",
                    Markup("{}, {}.").format(self.pathway.title, self.area),
                    [("Why", "The history is shorter than a year.")],
                )
            )
        title = Markup("Calendar years side by side")
        said: Markup | str = "Only one full year is known, so no change is stated."
        if len(full) >= 2:
            a, b = (self.get("", "referrals", p[1], start=p[0]) for p in full[-2:])
            change = b.minus(a)
            if change.shown and a.value > 0:
                pct = Number(
                    change.key.replace("change:", "growth:"),
                    100 * (b.value - a.value) / a.value,
                    "percent",
                    decimals=1,
                )
                clear = _rate_differs(a.value, b.value)
                title = Markup("Referrals went from {} in {} to {} in {}").format(
                    a, full[-2][0][:4], b, full[-1][0][:4]
                )
                said = Markup("Referrals changed by {} ({}). {}").format(
                    change.signed,
                    pct.signed,
                    "A change this large is unlikely to be chance alone."
                    if clear
                    else "Chance alone often gives a change this large: no clear change.",
                )
        heads = (
            "Measure",
            *(
                p[0][:4]
                if p[1].endswith("-12-31")
                else Markup("{} to {}").format(p[0][:4], words.day(p[1]))
                for p in periods
            ),
        )
        return section_part(
            Section(
                title,
                Markup(
                    "{}, {}, calendar years; the last column is not a full year and is not compared."
                ).format(self.pathway.title, self.area),
                [
                    ("Is it real?", said),
                    (
                        "So what",
                        "A year to date cannot be set against a whole year. Compare it with the same months when they are complete.",
                    ),
                ],
                table=Table(f"{self.pathway.label} by calendar year", heads, rows),
                source=f"Source: {self.extracts}. Population: as each row names.",
            )
        )

    @staticmethod
    def _year_cell(number: Number) -> Markup:
        return (
            Markup('{} <span class="aside">{}</span>').format(number, number.fraction)
            if number.fraction
            else Markup("{}").format(number)
        )

    def timeliness(self) -> Part:
        """Plans issued on time beside plans due on time (pathways with statutory timeliness; others say so on the check line)."""
        if not self.pathway.timeliness:
            return Part(
                "check", Markup(""), f"{self.pathway.label} has no statutory timeliness measures."
            )
        issued, due = (
            self.series("", "within_20_weeks_pct"),
            self.series("", "due_within_20_weeks_pct"),
        )
        a, b = issued[-1], due[-1]
        title = Markup("{} of plans issued and {} of plans due were on time in {}").format(
            a, b, words.month(self.now)
        )
        rows = [
            (words.month(e), x, x.fraction, y, y.fraction)
            for e, x, y in zip(self.ends, issued, due, strict=True)
        ]
        s1, s2 = (
            self.signal("", "within_20_weeks_pct", "increase"),
            self.signal("", "due_within_20_weeks_pct", "increase"),
        )
        return section_part(
            Section(
                title,
                Markup(
                    "EHC share within 20 weeks, {}, {} to {}. Issued = plans issued in the month. Due = requests whose 20 weeks ended in the month."
                ).format(self.area, words.month(self.ends[0]), words.month(self.ends[-1])),
                [
                    (
                        "What it shows",
                        Markup("Issued: {} ({}). Due: {} ({}).").format(
                            a,
                            a.fraction or "no fraction shown",
                            b,
                            b.fraction or "no fraction shown",
                        ),
                    ),
                    (
                        "Is it real?",
                        Markup("Issued: {} ({}). Due: {} ({}).").format(
                            s1.level_word.lower(), s1.reason, s2.level_word.lower(), s2.reason
                        ),
                    ),
                    (
                        "So what",
                        "Issuing overdue plans lowers the first share while newer requests may fare better. The second moves first.",
                    ),
                ],
                chart=charts.lines(
                    self.ends,
                    [charts.Line("Issued", issued), charts.Line("Due", due, *charts.SECOND)],
                    f"Line chart. {plain(title)}.",
                    unit="percent",
                    changes=self.changes(self.main),
                ),
                table=Table(
                    "Plans issued and plans due within 20 weeks, by month",
                    ("Month", "Issued on time", "Of plans issued", "Due, on time", "Of plans due"),
                    rows,
                ),
                source=self.source(
                    self.main,
                    "plans issued in the month; plans due in the month; exceptions included",
                ),
            )
        )

    def board(self) -> Part:
        """One question with a date."""
        reading = self.signal("", "referrals")
        target = self.rating(self.main).target
        ask = {
            "up": "do plans for this service reckon with the higher level of referrals?",
            "down": "is the lower level of referrals expected to last?",
            "none": "with no clear change in referrals, what else should move this list?",
        }[reading.direction]
        lines = [Markup("<strong>Question for {}:</strong> {}").format(self.question_day(), ask)]
        if target is not None:
            rating = self.rating(self.main)
            lines.append(Markup("Rated {}: {}.").format(rating.name, Markup(rating.reason)))
            late = rag.overdue_days(target, self.as_at)
            if late > 0:
                lines.append(Markup("The promised date passed {} days ago.").format(late))
        return self._board(lines)


def _rate_differs(a: float, b: float) -> bool:
    from sendwaits.measure.themes import counts_differ

    return counts_differ(int(a), int(b)) < 0.05
