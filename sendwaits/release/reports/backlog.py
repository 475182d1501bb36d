"""The backlog report: who is waiting on the day, how long so far, in and out, by district, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.pathways import BANDS
from sendwaits.release import charts, rag
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, derived
from sendwaits.release.parts import Part, Section, Table, plain, render, section_part
from sendwaits.release.reports.common import Key, Report, standard_words, stop_words

if TYPE_CHECKING:
    from sendwaits.pathways import Wait

__all__ = ["Backlog", "band_label"]


def band_label(low: int, high: int | None) -> str:
    """The band in weeks: "18 to 52 weeks" of days 127 to 364."""
    if high is None:
        return f"Over {(low - 1) // 7} weeks"
    return (
        f"Up to {high // 7} {words.plural(high // 7, 'week')}"
        if low == 0
        else f"{(low - 1) // 7} to {high // 7} weeks"
    )


class Backlog(Report):
    """The backlog page of one pathway."""

    name = "backlog"

    def opening(self) -> Part:
        """The finding, one sentence on who is counted, and four key figures."""
        clauses = [self.finding(w) for w in self.waits]
        if len(self.waits) == 1:
            title = Markup("{}: {}").format(self.pathway.label, clauses[0])
        else:
            title = Markup("{}: {}").format(
                self.pathway.label,
                Markup("; ").join(
                    Markup("{} waiting for {} ({})").format(
                        self.get(w, "waiting"),
                        stop_words(w),
                        self.signal(w, "waiting").word.lower(),
                    )
                    for w in self.waits
                ),
            )
        lede = Markup("{}, {}: children waiting from {} on {}.").format(
            self.pathway.title,
            self.area,
            words.listed(w.label for w in self.waits),
            words.day(self.as_at),
        )
        keys = (
            self._keys(self.waits[0])
            if len(self.waits) == 1
            else [k for w in self.waits for k in self._short_keys(w)][:4]
        )
        return self._opening(title, lede, keys)

    def _waiting_key(self, wait: Wait, name: str) -> Key:
        n, s = self.get(wait, "waiting"), self.signal(wait, "waiting", "decrease")
        return Key(name, n, [x for x in (self._since(n, wait, "waiting"), self.mark(s)) if x])

    def _since(self, number: Number, wait: Wait | str, measure: str) -> Markup:
        if not self.before:
            return Markup("")
        return words.change_words(
            number,
            self.get(wait, measure, self.before),
            words.day(self.before).rsplit("\u00a0", 1)[0],
        )

    def _share_key(self, wait: Wait) -> Key:
        if wait.standard_days is None:
            mean = self.get(wait, "mean_weeks_open")
            return Key(
                "Mean wait so far",
                Markup("{} weeks").format(mean) if mean.shown else mean,
                [Markup("of open waits on {}").format(words.day(self.as_at))],
            )
        share = self.get(wait, "within_standard_pct")
        about = (
            Markup("{} completed in {}").format(share.fraction, words.month(self.as_at))
            if share.shown
            else Markup("hidden for {}: see [c] in the notes").format(words.month(self.as_at))
            if share.status == "c"
            else Markup("none completed in {}").format(words.month(self.as_at))
        )
        stop = stop_words(wait)
        name = (
            f"{stop[0].upper()}{stop[1:]} within {standard_words(wait)}"
            if " to " in wait.label
            else f"Completed within {standard_words(wait)}"
        )
        return Key(
            name,
            share,
            [
                about,
                self.mark(
                    self.signal(wait, "within_standard_pct", "increase"), "increase", level=True
                ),
            ],
        )

    def _keys(self, wait: Wait) -> list[Key]:
        weeks = self.over_line(wait)
        over = self.get(wait, f"waiting_over_{weeks}_weeks")
        longest = self.get(wait, "longest_weeks_open")
        digits = 1 if self.material.profile == "analyst" else 0
        keys = [
            self._waiting_key(wait, "Waiting"),
            Key(
                f"Over {weeks} weeks",
                over,
                [
                    x
                    for x in (
                        self._since(over, wait, f"waiting_over_{weeks}_weeks"),
                        self.mark(self.signal(wait, f"waiting_over_{weeks}_weeks", "decrease")),
                    )
                    if x
                ],
            ),
            Key(
                "Longest waits",
                Markup("{} weeks").format(longest.at(digits)) if longest.shown else longest,
                [self.longest(wait)],
            ),
            self._share_key(wait),
        ]
        return keys

    def _short_keys(self, wait: Wait) -> list[Key]:
        return [self._waiting_key(wait, f"Waiting for {stop_words(wait)}"), self._share_key(wait)]

    def pace(self, wait: Wait, value: float, months: int) -> Number:
        """A change a month, on average over so many months."""
        key = derived(
            self.get(wait, "waiting").key,
            "pace",
            start=self.ends[-months - 1] if months < len(self.ends) else self.ends[0],
        )
        return Number(key, value, decimals=0 if value >= 10 else 1)

    # sections ---------------------------------------------------------------------------------------------------------

    def ages(self) -> Part:
        """How long the children on each list have waited so far, by the bands of the community SitRep."""
        return section_part(*(self._ages(w) for w in self.waits))

    def _ages(self, wait: Wait) -> Section:
        total, over18 = self.get(wait, "waiting"), self.get(wait, "waiting_over_18_weeks")
        bands = [
            (band_label(a, b), self.get(wait, f"waiting_band_{a}_{'plus' if b is None else b}"), a)
            for a, b in BANDS
        ]
        largest = max((n.value for _, n, _ in bands if n.shown), default=0)
        rows = [
            charts.Bar(
                name,
                n,
                n.share_of(total),
                "over" if a > 364 else "focus" if n.shown and n.value == largest else "plain",
            )
            for name, n, a in bands
        ]
        list_name = (
            f"{self.pathway.label} waits"
            if len(self.pathway.waits) == 1
            else f"{self.pathway.label} waits for {stop_words(wait)}"
        )
        return Section(
            title=self._ages_title(wait, total, over18),
            subtitle=Markup(
                "Open {} by time waited so far, {}, {}. Number of children and share of {}."
            ).format(list_name, self.area, words.day(self.as_at), total),
            chart=charts.bars(
                rows,
                f"Bar chart. {plain(self._ages_title(wait, total, over18))}. "
                + "; ".join(f"{r.label} {r.number}" for r in rows)
                + ".",
            ),
            words=[
                ("What it shows", self._ages_shows(wait, total)),
                (
                    "Is it real?",
                    Markup(
                        "Counts are complete, not a sample. Over 18 weeks: {} ({}). Bands have unequal lengths, so compare a band "
                        "with itself over time, not with its neighbour."
                    ).format(
                        self.signal(wait, "waiting_over_18_weeks", "decrease").word.lower(),
                        self.signal(wait, "waiting_over_18_weeks", "decrease").reason,
                    ),
                ),
                ("So what", self._target_words(wait)),
            ],
            table=Table(
                f"{list_name}, open on {words.day(self.as_at)}, by time waited",
                ("Time waited", "Children", "Share of the list"),
                [(r.label, r.number, r.share if r.share is not None else "") for r in rows]
                + [("All waiting", total, total.share_of(total))],
                total=True,
            ),
            source=self.source(
                wait,
                plain(
                    Markup("{} open waits at the end of {}").format(total, words.day(self.as_at))
                ),
            ),
        )

    def _ages_title(self, wait: Wait, total: Number, over: Number) -> Markup:
        name = f", {stop_words(wait)}" if len(self.waits) > 1 else ""
        if not (total.shown and over.shown):
            return Markup("How long the children on the list have waited so far{}").format(name)
        if over.value == 0:
            return Markup("No child has waited over 18 weeks{}").format(name)
        share = over.share_of(total)
        lead = (
            "Half of the list"
            if 48 <= share.value <= 52
            else "Most of the list"
            if share.value > 52
            else Markup("{} of the list").format(share)
        )
        return Markup("{}, {} {}, has waited over {}{}").format(
            lead, over, self.people(over), words.tied("18 weeks"), name
        )

    def _ages_shows(self, wait: Wait, total: Number) -> Markup:
        sentences = []
        for weeks in self.pathway.over_weeks:
            n = self.get(wait, f"waiting_over_{weeks}_weeks")
            if n.shown and total.shown and n.value:
                sentences.append(
                    Markup("{} of {} open waits ({}) are over {}.").format(
                        n, total, n.share_of(total), words.tied(f"{weeks} weeks")
                    )
                )
            elif n.shown:
                sentences.append(Markup("None is over {}.").format(words.tied(f"{weeks} weeks")))
            else:
                sentences.append(
                    Markup("The number over {} is {}.").format(words.tied(f"{weeks} weeks"), n)
                )
        booked = self.get(wait, "waiting_booked")
        if self.pathway.booked and booked.shown and total.shown:
            sentences.append(Markup("{} of {} have a booked appointment.").format(booked, total))
        return Markup(" ").join(sentences)

    def _target_words(self, wait: Wait) -> Markup:
        rating = self.rating(wait)
        if rating.target is None:
            return Markup("No target has been set for this list, so it is not rated.")
        text = Markup("The target is {} by {}.").format(
            rag.target_words(rating.target, self.pathway), words.day(rating.target.by)
        )
        if rating.chance.shown:
            return Markup("{} The forecast gives it {}: {}.").format(
                text, words.chance_of(rating.chance), words.one_in(rating.chance.value / 100)
            )
        return text

    def answers(self) -> Part:
        """Three fair answers to "how long is the wait?", each with statistic, clock, population and date."""
        return section_part(*(self._answers(w) for w in self.waits))

    def _answers(self, wait: Wait) -> Section:
        start, stop = wait.label.split(" to ", 1)[0], stop_words(wait)
        open_, done, seen = (
            self.get(wait, "median_weeks_open"),
            self.get(wait, "median_weeks_completed"),
            self.get(wait, "completed"),
        )
        total, new = self.get(wait, "waiting"), self.outlook.new_child(wait.name)
        answers: list[dict[str, Any]] = [
            {
                "title": "Still waiting: how long so far",
                "value": _weeks(open_),
                "facts": [
                    ("Statistic", "median wait so far"),
                    ("Clock", f"from {start}"),
                    ("Population", Markup("{} open waits").format(total)),
                    ("Date", words.day(self.as_at)),
                ],
            },
            {
                "title": "Completed: how long it took",
                "value": _weeks(done),
                "facts": [
                    ("Statistic", "median whole wait"),
                    ("Clock", f"{start} to {stop}"),
                    ("Population", Markup("{} completed waits").format(seen)),
                    ("Date", words.month(self.as_at)),
                ],
            },
        ]
        if new is not None and self.outlook.number(new, "p50").shown:
            low, middle, high = (self.outlook.number(new, q) for q in ("p10", "p50", "p90"))
            answers.append(
                {
                    "title": "Starting now: how long to expect",
                    "value": _weeks(middle),
                    "facts": [
                        (
                            "Statistic",
                            Markup("median forecast; 8 in 10 chance of {} to {} weeks").format(
                                low, high
                            ),
                        ),
                        ("Clock", f"from {start}"),
                        ("Population", "children whose clock starts in the next 28 days"),
                        ("Date", f"forecast of {words.day(self.as_at)}"),
                    ],
                }
            )
        name = f" for {stop}" if len(self.waits) > 1 else ""
        warn = (
            Markup(
                "Open waits are unfinished, so they look shorter than the wait a family will have. Do not quote {} as the time to be seen."
            ).format(_weeks(open_))
            if open_.shown
            else Markup(
                "Open waits are unfinished, so they look shorter than the wait a family will have."
            )
        )
        text = [
            f"{a['title']}: {plain(a['value'])} ({'; '.join(plain(v) for _, v in a['facts'])})"
            for a in answers
        ]
        return Section(
            Markup("{} fair answers to “how long is the wait{}?”").format(
                words.count_word(len(answers), True), name
            ),
            "They measure different children. None of them replaces another.",
            body=render("answers.html", answers=answers),
            lines=text,
            note=warn,
        )

    def flow(self) -> Part:
        """Children joining and leaving each list, and the list at month end."""
        return section_part(*(self._flow(w) for w in self.waits))

    def _flow(self, wait: Wait) -> Section:
        joined, seen, other, waiting = (
            self.series(wait, m) for m in ("starts", "completed", "removed_other", "waiting")
        )
        left = [_total(a, b) for a, b in zip(seen, other, strict=True)]
        reading = self.signal(wait, "waiting", "decrease")
        name = f", waiting for {stop_words(wait)}" if len(self.waits) > 1 else ""
        steps = self._steps(wait)
        more, fewer = sum(d > 0 for d in steps), sum(d < 0 for d in steps)
        if not steps:
            title = Markup("Who joined and left the list{}").format(name)
        elif more >= fewer:
            title = Markup("More children joined than left in {} of the last {} months{}").format(
                more, len(steps), name
            )
        else:
            title = Markup("More children left than joined in {} of the last {} months{}").format(
                fewer, len(steps), name
            )
        j, s, o, w = joined[-1], seen[-1], other[-1], waiting[-1]
        month = words.month(self.as_at)
        shows = (
            Markup(
                "In {} {} joined and {} left: {} completed and {} left another way. {} were waiting on {}."
            ).format(month, j, left[-1], s, o, w, words.day(self.as_at))
            if j.shown and left[-1].shown
            else Markup("{} were waiting on {}.{}").format(
                w,
                words.day(self.as_at),
                Markup(" In {} {} waits were completed.").format(month, s) if s.shown else "",
            )
        )
        hidden = sum(not (a.shown and b.shown) for a, b in zip(joined, left, strict=True))
        if hidden:
            shows = Markup(
                "{} In {} of {} months the numbers who joined or left are hidden."
            ).format(shows, hidden, len(joined))
        alt = f"{plain(title)}. {plain(month)}: {j} in, {left[-1]} out, {w} on the list."
        both, some = hidden <= len(joined) // 2, sum(n.shown for n in seen) > 12
        above = (
            [charts.Line("In", joined), charts.Line("Out", left, *charts.SECOND)]
            if both
            else [charts.Line("Completed", seen, *charts.SECOND)]
            if some
            else []
        )
        line = charts.Line("List", waiting)
        chart = (
            charts.flow(self.ends, above, line, f"Line charts. {alt}", self.changes(wait))
            if above
            else charts.lines(self.ends, [line], f"Line chart. {alt}", changes=self.changes(wait))
        )
        return Section(
            title=title,
            subtitle=Markup(
                "Children joining and leaving the {} list ({}) each month, and the list at month end. {}, {} to {}."
            ).format(
                self.pathway.label,
                wait.label,
                self.area,
                words.month(self.ends[0]),
                words.month(self.ends[-1]),
            ),
            chart=chart,
            words=[
                ("What it shows", shows),
                (
                    "Is it real?",
                    Markup("{}: {}.{}").format(reading.word, reading.reason, _rule(reading)),
                ),
                ("So what", self._pace_words(wait, steps)),
            ],
            table=Table(
                f"{self.pathway.label}, {wait.label}: joined, left and waiting by month",
                (
                    "Month",
                    "Joined",
                    "Completed",
                    "Left another way",
                    "Left in all",
                    "Waiting at month end",
                ),
                [
                    (words.month(e), a, b, c, d, n)
                    for e, a, b, c, d, n in zip(
                        self.ends, joined, seen, other, left, waiting, strict=True
                    )
                ],
            ),
            source=self.source(
                wait, "every wait that started or ended in the month; waits open at its end"
            ),
        )

    def _steps(self, wait: Wait) -> list[float]:
        """Joined less left in each of the last 12 months: how much the list changed, where both month ends are shown."""
        waiting = self.series(wait, "waiting")[-13:]
        return [
            b.value - a.value
            for a, b in zip(waiting, waiting[1:], strict=False)
            if a.shown and b.shown
        ]

    def _pace_words(self, wait: Wait, steps: list[float]) -> Markup:
        if not steps:
            return Markup("Too few months can be shown to say whether the list grows.")
        net = sum(steps) / len(steps)
        if abs(net) < 0.05:
            return Markup("Over the last {} months as many left as joined.").format(len(steps))
        return Markup("Over the last {} months the list {} by {} a month on average.").format(
            len(steps), "grew" if net > 0 else "shrank", self.pace(wait, abs(net), len(steps))
        )

    def districts(self) -> Part:
        """Open waits over 18 and 52 weeks by home district; the whole breakdown or none of it."""
        wait = self.main
        groups = self.table.groups("district", wait.name, "waiting")
        sub = Markup("Open {} waits ({}) by home district, {}.").format(
            self.pathway.label, wait.label, words.day(self.as_at)
        )
        shown = [g for g in groups if self.get(wait, "waiting", group=g).shown]
        if not shown:
            return section_part(
                Section(
                    "Districts are not shown",
                    sub,
                    [
                        (
                            "Why",
                            Markup("{}").format(
                                "No district is recorded in the extract."
                                if not groups
                                else "With lists this small, a table by district would reveal small counts. The county totals above stay exact."
                            ),
                        )
                    ],
                    source=self.source(wait, "open waits"),
                )
            )
        measures = [
            m
            for m in (f"waiting_over_{w}_weeks" for w in self.pathway.over_weeks)
            if any(self.get(wait, m, group=g).status != "z" for g in groups)
        ]
        rows = [self._district_row(wait, g, measures) for g in groups]
        rows.append(
            (
                self.area,
                self.get(wait, "waiting"),
                *(self._with_share(self.get(wait, m), self.get(wait, "waiting")) for m in measures),
            )
        )
        heads = ("District", "Waiting", *(f"Over {m.split('_')[2]} weeks" for m in measures))
        title, said = self._district_finding(wait, groups)
        hidden = sum(
            n.status == "c"
            for g in groups
            for m in ("waiting", *measures)
            for n in [self.get(wait, m, group=g)]
        )
        notes: list[tuple[str, Markup | str]] = []
        if hidden:
            notes.append(
                (
                    "How to read [c]",
                    f"[c] hides a count under {self.material.k}, or one that would reveal such a count by subtraction. It never means 0.",
                )
            )
        notes += [
            ("What can be said", said),
            ("Not shown", "Monthly flows by district: they would reveal hidden counts."),
        ]
        return section_part(
            Section(
                title,
                sub,
                notes,
                table=Table(
                    f"Open {self.pathway.label} waits by district, {words.day(self.as_at)}. Percentages are shares of each district’s own list.",
                    heads,
                    rows,
                    total=True,
                ),
                source=self.source(wait, "open waits, by district of residence as last recorded"),
            )
        )

    def _district_row(self, wait: Wait, group: str, measures: list[str]) -> tuple:
        name = group.split("=", 1)[1]
        total = self.get(wait, "waiting", group=group)
        return (
            "Not known" if name == "unknown" else name,
            total,
            *(self._with_share(self.get(wait, m, group=group), total) for m in measures),
        )

    def _with_share(self, n: Number, total: Number) -> Markup | Number:
        share = n.share_of(total)
        return (
            Markup('{} <span class="pct">{}</span>').format(n, share)
            if share.shown and n.value
            else Markup('{} <span class="pct"></span>').format(n)
        )

    def _district_finding(self, wait: Wait, groups: list[str]) -> tuple[Markup, Markup]:
        pairs = [
            (
                g.split("=", 1)[1],
                self.get(wait, "waiting_over_18_weeks", group=g),
                self.get(wait, "waiting", group=g),
            )
            for g in groups
        ]
        pairs = [
            (name, n, t)
            for name, n, t in pairs
            if n.shown and t.shown and t.value >= 10 and name != "unknown"
        ]
        if len(pairs) < 2:
            lists = sorted(
                (
                    (self.get(wait, "waiting", group=g), g.split("=", 1)[1])
                    for g in groups
                    if self.get(wait, "waiting", group=g).shown and not g.endswith("=unknown")
                ),
                key=lambda x: -x[0].value,
            )
            largest, name = lists[0]
            return (
                Markup("The longest list is in {}: {} of {} children").format(
                    name, largest, self.get(wait, "waiting")
                ),
                Markup(
                    "The lists run from {} to {}. Districts differ in size, so this says nothing about how long a child waits there."
                ).format(lists[-1][0], largest),
            )
        shares = sorted((n.share_of(t) for _, n, t in pairs), key=lambda s: s.value)
        spread = Markup("The share over {} runs from {} ({}) to {} ({}).").format(
            words.tied("18 weeks"), shares[0], shares[0].fraction, shares[-1], shares[-1].fraction
        )
        p = _chi_square(pairs)
        if p is None or p >= 0.05:
            return (
                Markup("Over 18 weeks: no clear difference between the {} districts").format(
                    words.count_word(len(pairs))
                ),
                Markup("{} Chance alone often gives a spread this wide.").format(spread),
            )
        top = max(pairs, key=lambda q: q[1].value / q[2].value)[0]
        return (
            Markup("Over 18 weeks: districts differ, from {} to {}").format(shares[0], shares[-1]),
            Markup(
                "{} Chance alone would give a spread this wide less than 1 time in 20. {} is highest."
            ).format(spread, top),
        )

    def stages(self) -> Part:
        """Every wait of the service on one line each, so that no list is left out."""
        heads = (
            "Wait",
            "Waiting",
            "Over 18 weeks",
            "Over 52 weeks",
            "Median so far, weeks",
            "Completed in the month",
            "Median completed, weeks",
        )
        rows: list[tuple[Any, ...]] = [
            (
                w.label[0].upper() + w.label[1:],
                *(
                    self.get(w, m)
                    for m in (
                        "waiting",
                        "waiting_over_18_weeks",
                        "waiting_over_52_weeks",
                        "median_weeks_open",
                        "completed",
                        "median_weeks_completed",
                    )
                ),
            )
            for w in self.pathway.waits
        ]
        n = len(rows)
        title = Markup("{} has {} {}").format(
            self.pathway.label, words.count_word(n), words.plural(n, "list")
        )
        return section_part(
            Section(
                title,
                Markup("Every wait of the {}, {}, open on {}; completed in {}.").format(
                    self.pathway.title, self.area, words.day(self.as_at), words.month(self.as_at)
                ),
                table=Table(
                    f"{self.pathway.label}: every list on {words.day(self.as_at)}", heads, rows
                ),
                note="A child can be on more than one list. Medians are of open waits so far and of waits completed in the month: different children.",
                source=Markup("Source: {}. Clock and population: as each row names.").format(
                    self.pathway.label
                ),
            )
        )

    def outlook_section(self) -> Part:
        """The list with its forecast, in one chart; the forecast page has the rest."""
        from sendwaits.release.reports.forecast import list_section

        return section_part(*(list_section(self, w, short=True) for w in self.waits))

    def board(self) -> Part:
        """One question or decision with a date, then the size of the gap."""
        wait = self.main
        steps = self._steps(wait)
        net = sum(steps) / len(steps) if steps else 0.0
        direction = self.signal(wait, "waiting", "decrease").direction
        ask = {
            "up": "which side of the flow will change, those joining or those leaving, by how many a month, and who owns it?",
            "down": "is the present rate of leaving planned to last, and until when?",
            "none": "is the present size of this list acceptable, and if not, which side of the flow will change?",
        }[direction]
        lines = [Markup("<strong>Decide by {}:</strong> {}").format(self.question_day(), ask)]
        size = []
        if net > 0.5:
            size.append(
                Markup(
                    "Holding the list at {} takes about {} more leaving a month than in the last {} months."
                ).format(self.get(wait, "waiting"), self.pace(wait, net, len(steps)), len(steps))
            )
        elif net < -0.5:
            size.append(
                Markup("About {} more left than joined each month over the last {} months.").format(
                    self.pace(wait, -net, len(steps)), len(steps)
                )
            )
        target = self.rating(wait).target
        if target is not None:
            need = self.outlook.capacity(target)
            if need.shown:
                size.append(
                    Markup(
                        "An 80% chance of {} by {} takes about {} completed waits a week."
                    ).format(
                        rag.target_words(target, self.pathway),
                        words.day(target.by),
                        need.at(0) if need.value >= 10 else need,
                    )
                )
        if size:
            lines.append(Markup(" ").join(size))
        return self._board(lines)


def _weeks(number: Number) -> Markup:
    return Markup("{} weeks").format(number) if number.shown else Markup("{}").format(number)


def _total(a: Number, b: Number) -> Number:
    """Completed and removed together; hidden when either is."""
    key = derived(a.key, "left")
    if not (a.shown and b.shown):
        return Number(key, status=a.status or b.status or "z")
    return Number(key, a.value + b.value)


def _rule(reading: words.Signal) -> str:
    return f" ({words.RULES[reading.rule]}.)" if reading.direction != "none" else ""


def _chi_square(pairs: list[tuple[str, Number, Number]]) -> float | None:
    from sendwaits.measure.themes import differs

    return differs([(int(n.value), int(t.value)) for _, n, t in pairs])
