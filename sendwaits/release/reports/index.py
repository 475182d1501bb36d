"""The index: all services at a glance, what changed, data quality, risks, notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.release import charts, rag
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number
from sendwaits.release.parts import Part, Section, Table, plain, render, section_part
from sendwaits.release.reports.backlog import Backlog
from sendwaits.release.reports.common import header_facts, standard_words, stop_words

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.reports import AreaMaterial

__all__ = ["Index"]


class Index:
    """The page of all services."""

    def __init__(
        self,
        material: AreaMaterial,
        made: Collection[str] | None = None,
        failed: Mapping[str, str] | None = None,
    ) -> None:
        self.material, self.as_at, self.made, self.failed = (
            material,
            material.as_at,
            made,
            failed or {},
        )
        self.services = [Backlog(m) for m in material.pathways.values()]
        self.lists: list[tuple[Backlog, Wait]] = [(s, w) for s in self.services for w in s.waits]
        self.area = material.workspace.area.name

    def parts(self) -> list[Part]:
        """The parts of the page in reading order."""
        return [
            self.opening(),
            self.glance(),
            self.changed(),
            self.risks(),
            self.data_quality(),
            self.notes(),
        ]

    def opening(self) -> Part:
        """How many lists are growing or falling by the control charts, and how many waits are open."""
        ways = [s.signal(w, "waiting", "decrease").direction for s, w in self.lists]
        up, down, n = ways.count("up"), ways.count("down"), len(ways)
        if up and down:
            title = f"{words.count_word(up, True)} of {words.count_word(n)} waiting lists {'is' if up == 1 else 'are'} growing; {words.count_word(down)} {'is' if down == 1 else 'are'} falling"
        elif up or down:
            k, word = (up, "growing") if up else (down, "falling")
            title = f"{words.count_word(k, True)} of {words.count_word(n)} waiting lists {'is' if k == 1 else 'are'} {word}; the rest show no clear change"
        else:
            title = f"None of the {words.count_word(n)} waiting lists shows a clear change"
        totals = [s.get(w, "waiting") for s, w in self.lists]
        lede = Markup("On {}, {} across {} {}. {}").format(
            words.day(self.as_at),
            self._total(totals),
            words.count_word(len(self.services)),
            words.plural(len(self.services), "service"),
            self._met(),
        )
        m = self.material
        facts = header_facts(m.workspace, m.as_at, m.profile, m.k, m.made_up, m.files, title, "")
        return Part(
            "opening",
            render("opening.html", title=title, lede=lede, keys=[]),
            f"{title}\n{plain(lede)}",
            facts,
        )

    def _total(self, totals: list[Number]) -> Markup:
        if not totals or not all(t.shown for t in totals):
            return Markup("waits were open")
        return Markup("{} waits were open on these lists").format(
            Number(f"ALL||sum:waiting|||{self.as_at.isoformat()}", sum(t.value for t in totals))
        )

    def _met(self) -> Markup:
        rated = [(s, w, s.rating(w)) for s, w in self.lists]
        with_target = [r for *_, r in rated if r.target is not None and r.name != "Not rated"]
        if not with_target:
            return Markup("No list has a target that can be rated.")
        green = sum(r.name == "Green" for r in with_target)
        red = sum(r.name == "Red" for r in with_target)
        return Markup("Of the {} with a target, {} {} rated Green and {} Red.").format(
            words.count_word(len(with_target)),
            words.count_word(green) if green else "none",
            "is" if green < 2 else "are",
            words.count_word(red) if red else "none",
        )

    def glance(self) -> Part:
        """One row a wait: waiting, longest, on time, trend, rating with reason, chance."""
        rows = [self._row(s, w, i) for s in self.services for i, w in enumerate(s.waits)]
        month = words.month(self.as_at)
        caption = Markup(
            "All {} services at a glance. Waiting: open on {}. Completed on time: waits completed in {}."
        ).format(words.count_word(len(self.services)), words.day(self.as_at), month)
        html = render(
            "glance.html",
            rows=rows,
            caption=caption,
            month=plain(month).split()[0],
            lists=len(rows),
        )
        text = "\n".join(
            [
                plain(caption),
                *(
                    "; ".join(
                        [
                            r["title"] + (f" ({r['wait']})" if r["wait"] else ""),
                            f"waiting {plain(r['waiting'])}",
                            plain(r["longest"]),
                            plain(r["on_time"]),
                            plain(r["word"]),
                            plain(r["rating"]) + ": " + plain(r["reason"]),
                            "chance " + plain(r["chance"]),
                        ]
                    )
                    for r in rows
                ),
            ]
        )
        return Part("section", html, text)

    def _row(self, s: Backlog, w: Wait, place: int) -> dict[str, Any]:
        reading, rating, n = s.signal(w, "waiting", "decrease"), s.rating(w), s.get(w, "waiting")
        series = s.series(w, "waiting")
        known = [x.value for x in series if x.shown]
        mean = sum(known) / len(known) if known else 0.0
        code = s.pathway.code.lower()
        has = "waiting_over_52_weeks" if rating.target is None else rating.target.measure
        return {
            "title": s.pathway.title,
            "wait": w.label if " to " in w.label or len(s.waits) > 1 else "",
            "href": self._link(f"{code}_backlog"),
            "first": place == 0,
            "more": place < len(s.waits) - 1,
            "waiting": n,
            "longest": s.longest(w),
            "on_time": self._on_time(s, w),
            "spark": charts.sparkline(series, mean, reading.direction),
            "word": s.mark(reading),
            "reason_spc": reading.reason,
            "rating_mark": charts.rating_mark(rating.name),
            "rating": rating.name,
            "reason": rating.reason,
            "links": [
                (f"{code}_{n}.html", n) for n in ("trend", "forecast") if self._link(f"{code}_{n}")
            ],
            "chance": self._chance(s, rating),
            "measure": has,
        }

    def _link(self, page: str) -> str:
        """The page's file name, empty when the set does not hold it."""
        return (
            f"{page}.html"
            if (self.made is None or page in self.made) and page not in self.failed
            else ""
        )

    def _on_time(self, s: Backlog, w: Wait) -> Markup:
        aside = Markup('<span class="aside">{}</span>')
        if w.standard_days is None:
            share = s.get(w, "within_review_pct")
            if s.pathway.review and share.shown:
                return Markup("No national standard {}").format(
                    aside.format(
                        Markup("{} ({}) within their review date").format(share.fraction, share)
                    )
                )
            return Markup("No standard")
        share = s.get(w, "within_standard_pct")
        within = aside.format(f"within {standard_words(w)}")
        if not share.shown:
            return Markup("{} {}").format(
                "Not shown [c]" if share.status == "c" else "None completed", within
            )
        return Markup('<span class="big22">{}</span> {} {}').format(share, share.fraction, within)

    def _chance(self, s: Backlog, rating: rag.Rating) -> Markup:
        if rating.target is None:
            return Markup("No target")
        what = Markup('<span class="aside">{} by {}</span>').format(
            rag.target_words(rating.target, s.pathway), words.day(rating.target.by)
        )
        if not rating.chance.shown:
            return Markup("Not known {}").format(what)
        return Markup('<span class="big22">{}</span> {} {}').format(
            words.percent_chance(rating.chance), words.one_in(rating.chance.value / 100), what
        )

    def changed(self) -> Part:
        """The newest month against the one before: the count, the change, and whether a rule of control charts fired."""
        rows: list[tuple] = []
        for s, w in self.lists:
            now, old = (
                s.get(w, "waiting"),
                s.get(w, "waiting", s.before) if s.before else Number("|||||", status="z"),
            )
            reading = s.signal(w, "waiting", "decrease")
            rows.append(
                (
                    Markup("{}: waiting for {}").format(s.pathway.label, stop_words(w))
                    if len(s.waits) > 1
                    else Markup("{}: children waiting").format(s.pathway.label),
                    old,
                    now,
                    now.minus(old).signed,
                    self._real(s, reading),
                )
            )
        for s in self.services:
            if s.pathway.timeliness and s.before:
                now, old = (
                    s.get("", "within_20_weeks_pct"),
                    s.get("", "within_20_weeks_pct", s.before),
                )
                cell: Callable[[Number], Markup] = lambda n: Markup(
                    '{} <span class="aside">{}</span>'
                ).format(n, n.fraction)  # noqa: E731
                change = now.minus(old)
                rows.append(
                    (
                        f"{s.pathway.label}: plans issued within 20 weeks",
                        cell(old),
                        cell(now),
                        Markup("{} points").format(change.signed)
                        if change.shown
                        else change.signed,
                        self._real(
                            s, s.signal("", "within_20_weeks_pct", "increase"), "increase", True
                        ),
                    )
                )
        for s in self.services:
            for drift in rag.drifts(s.targets, s.material.promised):
                later = "later" if drift.days > 0 else "earlier"
                rows.append(
                    (
                        Markup("{}: date promised for {}").format(
                            s.pathway.label, rag.target_words(drift.target, s.pathway)
                        ),
                        words.day(drift.previous),
                        words.day(drift.target.by),
                        f"{abs(drift.days)} days {later}",
                        Markup('{} {} <span class="aside">first promised for {}</span>').format(
                            words.count_word(drift.moves, True),
                            words.plural(drift.moves, "move"),
                            words.day(drift.first),
                        ),
                    )
                )
        before = self.services[0].before if self.services else ""
        was, now_name = (
            (words.month(before).split("\u00a0")[0] if before else "before"),
            words.month(self.as_at).split("\u00a0")[0],
        )
        table = Table(
            f"Change from {plain(words.day(before)) if before else 'the month before'} to {plain(words.day(self.as_at))}",
            ("Measure", was, now_name, "Change", "Is it real?"),
            rows,
            left=frozenset({4}),
            cards=True,
        )
        return section_part(
            Section(
                f"What changed since {was}",
                Markup("{} to {}, {}").format(words.day(before), words.day(self.as_at), self.area)
                if before
                else self.area,
                table=table,
            )
        )

    def _real(
        self, s: Backlog, reading: words.Signal, better: str = "decrease", level: bool = False
    ) -> Markup:
        return Markup('{} <span class="aside">{}</span>').format(
            s.mark(reading, better, level), reading.reason
        )

    def risks(self) -> Part:
        """One row per target whose chance is known; the owner is a line to write on."""
        found = sorted(
            (r for s in self.services for r in rag.risks(s)), key=lambda r: -r.likelihood.value
        )
        sub = Markup(
            "Likelihood is the forecast chance of missing the target. Impact is the number of open waits past the line on {}."
        ).format(words.day(self.as_at))
        if not found:
            return section_part(
                Section(
                    "No risk can be stated from targets",
                    sub,
                    [("Why", "No target has been set, or none has a forecast chance.")],
                )
            )
        rows = [
            (
                Markup('{} <span class="aside">{}</span>').format(r.event, r.cause),
                _likelihood(r.likelihood),
                Markup('{} <span class="aside">{}</span>').format(r.impact, r.impact_words),
                r.trigger,
                words.day(r.review),
                Markup(
                    '<span class="rule"><span class="hide">blank, to be filled in</span></span>'
                ),
            )
            for r in found
        ]
        table = Table(
            "Risk rows, most likely first",
            ("Risk", "Likelihood", "Impact", "Trigger to act", "Review", "Owner"),
            rows,
            left=frozenset({3, 4, 5}),
            cards=True,
        )
        return section_part(Section("Risks for the register", sub, table=table))

    def data_quality(self) -> Part:
        """Rows read = clean + set aside + merged over all extracts, then what to check."""
        m, lines = self.material, []
        if m.files is not None and len(m.files):
            files = m.files[m.files["pathway"].isin(m.pathways)]
            read, clean, aside, merged = (
                int(files[c].sum()) for c in ("read", "clean", "quarantined", "merged")
            )
            lines.append(
                Markup(
                    "{} {} read, {} rows: {} clean, {} set aside, {} identical rows merged."
                ).format(
                    len(files),
                    words.plural(len(files), "extract"),
                    f"{read:,}",
                    f"{clean:,}",
                    f"{aside:,}",
                    f"{merged:,}",
                )
            )
        missing = [p.label for code, p in m.workspace.pathways.items() if code not in m.pathways]
        lines.append(
            Markup("No extract for {}.").format(words.listed(missing))
            if missing
            else Markup("Every service has its extract.")
        )
        gone = [(s, w, s.get(w, "waiting_not_flowed")) for s, w in self.lists]
        worst = max((g for g in gone if g[2].shown), key=lambda g: g[2].value, default=None)
        if worst and worst[2].value > 0:
            lines.append(
                Markup(
                    "One thing to check: {} open {} waits are missing from the newest extract."
                ).format(worst[2], worst[0].pathway.label)
            )
        if self.failed:
            lines.append(
                Markup("Not made, to be repeated: {}.").format(
                    words.listed(name.replace("_", " ") for name in sorted(self.failed))
                )
            )
        links = [
            Markup('<a href="{}.html">{}</a>').format(name, text)
            for name, text in (
                ("quality", "quality of the data"),
                ("themes", "where referrals changed"),
            )
            if self._link(name)
        ]
        if links:
            lines.append(Markup("More pages: {}.").format(words.listed(links)))
        return Part(
            "quality",
            render("quality_line.html", lines=[Markup(" ").join(lines)]),
            "Data quality. " + " ".join(plain(x) for x in lines),
        )

    def notes(self) -> Part:
        """What the words on the page mean."""
        k = self.material.k
        found = [
            (
                "Waiting",
                f"means the clock has started and has not stopped by the end of {words.day(self.as_at)}. A child can be on more than one list; stages not listed here are on each service’s page.",
            )
        ]
        if self.material.profile != "analyst":
            found.append(
                (
                    f"At least {k} children have waited N weeks or more",
                    "is said in place of the longest wait, so that no one child can be recognised.",
                )
            )
            found.append(
                (
                    "[c]",
                    f"hides a count under {self.material.k}, or a count that would reveal one. It never stands for 0.",
                )
            )
        found += [
            (
                "Completed on time",
                f"counts waits completed in {words.month(self.as_at)}. Children who left the list another way are not in it.",
            ),
            (
                "Growing or falling",
                "is said only when a rule of statistical process control (SPC) fires; otherwise it is “no clear change”. Grey dashes: average of the months shown.",
            ),
            (
                "Rating",
                "looks at three things together: the gap between the newest figure and the target, what the control chart says of the target, and the forecast chance of meeting it.",
            ),
            (
                "Chance",
                "is the share of simulated futures of a list in which the target is met. Each forecast page shows how well past forecasts did.",
            ),
        ]
        text = "\n".join(["Notes", *(f"{i}. {a} {plain(b)}" for i, (a, b) in enumerate(found, 1))])
        return Part("notes", render("notes.html", notes=found), text)


def _likelihood(number: Number) -> Markup:
    text = "<1%" if number.value < 0.5 else ">99%" if number.value >= 99.5 else str(number)
    return Markup('<span data-key="{}">{}</span>').format(number.key, text)
