"""The themes report: where the change in referrals lies, school terms, routes in and back, and children on two lists."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from sendwaits.errors import SendwaitsError
from sendwaits.measure import themes as measuring
from sendwaits.release import charts
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, Released, derived
from sendwaits.release.parts import Part, Section, Table, plain, section_part
from sendwaits.release.reports.area_report import AreaReport
from sendwaits.release.reports.common import Key, month_ends

__all__ = ["Themes"]

_COLUMNS = {
    "age_band": "age at referral",
    "sex": "sex",
    "district": "district",
    "source": "source of referral",
    "need": "need",
    "school": "school",
}
_MOST = 12


class Themes(AreaReport):
    """The themes page: the services whose referrals can be compared over two years, NST and EHC first."""

    name = "themes"

    def __init__(self, material: Any) -> None:
        super().__init__(material)
        groups = material.themes.get("groups")
        self.groups: pd.DataFrame = (
            groups if groups is not None else pd.DataFrame(columns=[*measuring.COLUMNS, "status"])
        )
        self.table = Released(self.groups)
        self.change = measuring.contributions(self.groups)
        known = list(dict.fromkeys(self.groups["pathway"]))
        self.codes = sorted(known, key=lambda c: ({"NST": 0, "EHC": 1}.get(c, 2), known.index(c)))
        self.periods = {
            code: sorted(
                {(s, e) for s, e in zip(rows["period_start"], rows["period_end"], strict=True)}
            )
            for code, rows in self.groups.groupby("pathway", sort=False)
        }

    def _of(self, code: str) -> Released:
        return Released(self.groups[self.groups["pathway"] == code])

    def _pair(self, code: str, measure: str, group: str = "") -> tuple[Number, Number]:
        table = self._of(code)
        a, b = (
            table.number("", measure, end, start=start, group=group)
            for start, end in self.periods[code]
        )
        return a, b

    def _names(self, code: str) -> tuple[str, str]:
        """What the two periods are called: 2022 and 2023, or the same months of the year before and the year to date."""
        periods = self.periods[code]
        if all(s.endswith("-01-01") and e.endswith("-12-31") for s, e in periods):
            return periods[0][0][:4], periods[1][0][:4]
        return "same months before", "year to date"

    def _against(self, code: str) -> str:
        older, newer = self._names(code)
        return (
            f"calendar year {newer} against {older}"
            if newer.isdigit()
            else f"1 January to {words.day(self.as_at)} against the same months of the year before"
        )

    def reconcile(self) -> Part:
        """Stops when the groups of a column do not add up to all referrals of a year; else says what was checked."""
        checked = 0
        shown = self.groups[(self.groups["measure"] == "referrals") & self.groups["group"].ne("")]
        for (code, start, column), rows in shown.groupby(
            ["pathway", "period_start", shown["group"].str.split("=").str[0]], sort=False
        ):
            whole = self.groups[
                (self.groups["pathway"] == code)
                & (self.groups["period_start"] == start)
                & (self.groups["measure"] == "referrals")
                & (self.groups["group"] == "")
            ]
            if (
                rows["status"].eq("").all()
                and len(whole)
                and whole["status"].iloc[0] == ""
                and self.material.profile != "public"
            ):
                if rows["value"].sum() != whole["value"].iloc[0]:
                    raise SendwaitsError(
                        f"{code}: referrals by {column} do not add up to all referrals. Run: sendwaits check"
                    )
                checked += 1
        text = f"Reconciled: in {checked} breakdowns the groups add up to all referrals."
        return Part("check", Markup("<p>{}</p>").format(text), text)

    def opening(self) -> Part:
        """In how many groups the change in referrals differs clearly from the whole."""
        keys, said = [], []
        for code in self.codes[:4]:
            a, b = self._pair(code, "referrals")
            label = self.material.workspace.pathways[code].label
            change = b.minus(a)
            if not change.shown:
                continue
            clear = measuring.counts_differ(int(a.value), int(b.value)) < 0.05
            newer = self._names(code)[1]
            keys.append(
                Key(
                    f"{label} referrals, {newer}",
                    b,
                    [
                        Markup("{} in {} ({})").format(
                            a,
                            self._names(code)[0]
                            if self._names(code)[0].isdigit()
                            else "the same months of the year before",
                            change.signed,
                        ),
                        "More than chance alone" if clear else "No clear change",
                    ],
                )
            )
            if clear:
                said.append(
                    Markup("{} referrals {} by {}").format(
                        label, "rose" if change.value > 0 else "fell", change.size
                    )
                )
        n = int(self.change["clear"].sum()) if len(self.change) else 0
        if not keys:
            title: Markup | str = "Referrals cannot be compared over two years yet"
        elif said:
            title = Markup("{}").format(Markup("; ").join(said[:2]))
        else:
            title = "No clear change in referrals over two years"
        lede = (
            Markup(
                "{}: {}. {} of {} groups moved clearly unlike the rest of their service."
            ).format(
                self.area,
                words.listed(dict.fromkeys(self._against(c) for c in self.codes)),
                words.count_word(n, True) if n else "None",
                words.count_word(len(self.change)),
            )
            if keys
            else Markup("{}: at least 24 complete months of history are needed.").format(self.area)
        )
        return self._opening(title, lede, keys)

    def contributions(self) -> Part:
        """Where the change in referrals lies, service by service, with intervals and false-discovery control."""
        found = [self._contribution(code) for code in self.codes[:2]]
        return section_part(*(found or [self._nothing("Where the change lies cannot be shown")]))

    def _nothing(self, title: str) -> Section:
        return Section(
            title,
            f"{self.area}.",
            [
                (
                    "Why",
                    "The history is shorter than two complete years, or the counts are too small to be shown by group.",
                )
            ],
        )

    def _contribution(self, code: str) -> Section:
        label = self.material.workspace.pathways[code].label
        rows = self.change[self.change["pathway"] == code]
        if not len(rows):
            return self._nothing(f"{label}: no group can be shown")
        lines = [(r, *self._numbers(r)) for r in rows.itertuples()]
        clear = [x for x in lines if x[0].clear]
        picked = sorted(lines, key=lambda x: (-x[0].clear, -abs(x[0].change)))[:_MOST]
        picked = sorted(picked, key=lambda x: -x[0].change)
        if clear:
            top = max(clear, key=lambda x: abs(x[0].change))
            name = self._name(top[0])
            title = Markup("{}, {}: {} by {} referrals, clearly unlike the rest").format(
                label,
                name[0].lower() + name[1:],
                "up" if top[0].change > 0 else "down",
                top[3].size,
            )
        else:
            title = Markup("{}: no group moved clearly unlike the rest").format(label)
        a, b = self._pair(code, "referrals")
        return Section(
            title,
            Markup(
                "{} referrals, {}, {}: change by group with its 95% interval. Diamond = clearly unlike the service as a whole (false-discovery rate 5%)."
            ).format(label, self.area, self._against(code)),
            [
                (
                    "What it shows",
                    Markup("All {} referrals: {} then {} ({}).").format(
                        label, a, b, b.minus(a).signed
                    ),
                ),
                (
                    "Is it real?",
                    Markup(
                        "{} of the {} groups {} more than chance would give, allowing for how many were looked at."
                    ).format(
                        words.count_word(len(clear), True) if clear else "None",
                        len(lines),
                        "differ" if len(clear) > 1 else "differs",
                    ),
                ),
                (
                    "So what",
                    "The group that changed most is where to ask first. It is not shown why it changed.",
                ),
            ],
            chart=charts.intervals(
                [
                    (self._name(r), change, low, high, bool(r.clear))
                    for r, _, _, change, low, high in picked
                ],
                f"Interval chart. {plain(title)}. "
                + "; ".join(
                    f"{self._name(r)} {change.signed.striptags()}"
                    for r, _, _, change, _, _ in picked
                )
                + ".",
            ),
            table=Table(
                f"{label}: referrals by group, two years",
                (
                    "Group",
                    *(name.capitalize() for name in self._names(code)),
                    "Change",
                    "95% low",
                    "95% high",
                    "Clear?",
                ),
                [
                    (
                        self._name(r),
                        before,
                        after,
                        change.signed,
                        low.signed,
                        high.signed,
                        "yes" if r.clear else "no",
                    )
                    for r, before, after, change, low, high in lines
                ],
                left=frozenset({6}),
            ),
            note=f"Groups under {self.material.k} in either period stand together as “all others”."
            if rows["group"].eq("other").any()
            else "",
            source=f"Source: {label} extracts. Clock: none (a count of referrals received). Population: referrals but duplicates.",
        )

    def _numbers(self, r: Any) -> tuple[Number, Number, Number, Number, Number]:
        group = f"{r.column}={r.group}"
        a, b = self._pair(r.pathway, "referrals", group)
        change = b.minus(a)
        low, high = (
            Number(
                derived(
                    change.key.replace("change:", ""), f"change_{n}", start=change.key.split("|")[4]
                ),
                float(v),
                decimals=0,
            )
            for n, v in (("low", r.low), ("high", r.high))
        )
        return a, b, change, low, high

    def _name(self, r: Any) -> str:
        name = {"unknown": "not known", "other": "all others"}.get(str(r.group), str(r.group))
        codes = self.material.workspace.pathways[r.pathway]
        if r.column == "source":
            name = codes.codes.get(codes.source_column, {}).get(name, name)
        if r.column == "age_band":
            phase = measuring.PHASES.get(name)
            name = name.replace("-", " to ") + (f" ({phase})" if phase else "")
        what = _COLUMNS.get(r.column, r.column)
        return f"{what[0].upper()}{what[1:]}: {name}"

    def seasons(self) -> Part:
        """Referrals by calendar month: the year to as_at beside the year before."""
        found = [self._season(code) for code in self.codes[:2] if code in self.material.pathways]
        return section_part(
            *(
                [s for s in found if s is not None]
                or [self._nothing("Months cannot be compared yet")]
            )
        )

    def _season(self, code: str) -> Section | None:
        m = self.material.pathways[code]
        table, ends = Released(m.released), month_ends(self.as_at)
        series = table.series("", "referrals", ends)
        if len(series) < 24 or sum(n.shown for n in series) < 20:
            return None
        older, newer = series[:12], series[12:]
        names = [words.short_month(e).split("\u00a0")[0] for e in ends[12:]]
        means = [
            (name, [n for n in pair if n.shown])
            for name, pair in zip(names, zip(older, newer, strict=True), strict=True)
        ]
        low = min(
            (x for x in means if len(x[1]) == 2),
            key=lambda x: sum(n.value for n in x[1]),
            default=None,
        )
        both = [n for n, pair in means if len(pair) == 2 and low and n == low[0]]
        label = m.pathway.label
        title = (
            Markup("{} referrals were lowest in {} over both years").format(label, _full(both[0]))
            if both
            else Markup("{} referrals by month").format(label)
        )
        repeat = low is not None and all(
            n.value == min(x.value for x in year if x.shown)
            for n, year in zip(low[1], (older, newer), strict=True)
        )
        return Section(
            title,
            Markup(
                "{} referrals received, {}, by calendar month: 12 months to {} beside the 12 months before."
            ).format(label, self.area, words.day(self.as_at)),
            [
                (
                    "What it shows",
                    Markup("In {}: {} and {} referrals.").format(_full(low[0]), *low[1])
                    if low
                    else "Too few months can be shown.",
                ),
                (
                    "Is it real?",
                    "The same month was lowest in both years."
                    if repeat
                    else "The lowest month was not the same in both years; two years are too few to call it a season.",
                ),
                (
                    "So what",
                    "Compare a month with the same month a year before, not with the month before.",
                ),
            ],
            chart=charts.lines(
                ends[12:],
                [charts.Line("To date", newer), charts.Line("Before", older, *charts.SECOND)],
                f"Line chart. {plain(title)}. {plain(words.month(self.as_at))}: {newer[-1]} referrals, {older[-1]} a year before.",
                ticks=names,
            ),
            table=Table(
                f"{label} referrals by calendar month, two years",
                ("Month", "12 months before", "12 months to date"),
                [(_full(n), a, b) for n, a, b in zip(names, older, newer, strict=True)],
            ),
            source=f"Source: {label} extracts. Clock: none (a count of referrals received). Population: referrals but duplicates.",
        )

    def routes(self) -> Part:
        """Rejected referrals and children referred again within a year, service by service."""
        rows, top = [], None
        for code in self.codes:
            label = self.material.workspace.pathways[code].label
            a, b = self._pair(code, "referrals")
            ra, rb = self._pair(code, "rejected")
            ga, gb = self._pair(code, "re_referrals")
            rows.append(
                (
                    f"{label}, {self._against(code)}",
                    b,
                    _with(rb, b),
                    _with(ra, a),
                    _with(gb, b),
                    _with(ga, a),
                )
            )
            share = gb.share_of(b)
            if share.shown and (top is None or share.value > top[1].value):
                top = (label, share)
        if not rows:
            return section_part(self._nothing("Rejections and re-referrals cannot be shown yet"))
        title = (
            Markup("Children referred again within a year: most in {}, {}").format(top[0], top[1])
            if top
            else Markup("Rejections and re-referrals")
        )
        said = (
            Markup("{} of {} referrals followed a closure within 365 days.").format(
                top[1].fraction, top[0]
            )
            if top
            else Markup("Counts are too small to show.")
        )
        return section_part(
            Section(
                title,
                f"{self.area}. Shares are of the referrals of the same period, which each row names.",
                [
                    ("What it shows", said),
                    (
                        "So what",
                        "A re-referral is a new clock. It may be a new need or an unmet one; the extract does not say which.",
                    ),
                ],
                table=Table(
                    "Rejected referrals and re-referrals within 365 days",
                    (
                        "Service",
                        "Referrals",
                        "Rejected",
                        "Year before",
                        "Referred again",
                        "Year before",
                    ),
                    rows,
                ),
                source="Source: extracts of each service. Clock: none. Population: referrals but duplicates; rejected by date of rejection.",
            )
        )

    def both_lists(self) -> Part:
        """Children who wait for NST and for a plan on the same day."""
        frame = self.material.themes.get("overlap")
        if frame is None or not len(frame):
            return section_part(
                Section(
                    "Children on both lists cannot be counted",
                    f"{self.area}, {words.day(self.as_at)}.",
                    [("Why", "Both the NST and the EHC extract are needed.")],
                )
            )
        end = self.as_at.isoformat()
        nst, ehc = (
            Released(frame[frame["pathway"] == c]).number("", "children_waiting", end)
            for c in ("NST", "EHC")
        )
        both = Released(frame[frame["pathway"] == "NST"]).number(
            "", "children_waiting", end, group="with=EHC"
        )
        share = both.share_of(nst)
        title = Markup(
            "{} of {} children waiting for NST also wait for an EHC decision or plan"
        ).format(both, nst)
        return section_part(
            Section(
                title,
                Markup(
                    "Children with an open wait, {}, {}. The same child is recognised by the same NHS number or UPN."
                ).format(self.area, words.day(self.as_at)),
                [
                    (
                        "What it shows",
                        Markup("{} are on both lists ({} of those waiting for NST).").format(
                            both, share
                        ),
                    ),
                    (
                        "Is it real?",
                        "A child known by NHS number to one service and by UPN to the other is not matched, so this is the least it can be.",
                    ),
                    (
                        "So what",
                        "One family may be waiting for two answers. Ask whether the two services see the same list.",
                    ),
                ],
                table=Table(
                    f"Children with an open wait on {words.day(self.as_at)}",
                    ("List", "Children"),
                    [("NST", nst), ("EHC", ehc), ("Both", both)],
                ),
                source="Source: NST and EHC extracts. Clock: as each service. Population: children with at least one open wait.",
            )
        )

    def beside_england(self) -> Part:
        """EHC requests beside England, from the DfE files in data/raw/dfe."""
        frame = self.material.themes.get("england")
        if frame is None or not len(frame):
            return section_part(
                Section(
                    "No national figures to set beside these",
                    f"{self.area}.",
                    [
                        (
                            "So what",
                            "Put the DfE file of EHC requests, as downloaded, into data/raw/dfe to see England beside the area.",
                        )
                    ],
                )
            )
        years = sorted(set(frame["year"]))
        place = {
            (r.year, r.place): Number(
                f"DfE|{r.place.replace('|', '/')}|requests||{r.year}-01-01|{r.year}-12-31",
                float(r.requests),
            )
            for r in frame.itertuples()
        }
        years = [y for y in years if (y, "England") in place and (y, self.area) in place]
        if not years:
            return section_part(self._nothing("England cannot be set beside the area"))
        base = years[0]
        growth = {
            (y, p): Number(
                derived(place[(y, p)].key, "growth", start=f"{base}-01-01"),
                100 * (place[(y, p)].value / place[(base, p)].value - 1),
                "percent",
            )
            for y in years
            for p in ("England", self.area)
            if place[(base, p)].value
        }
        here, there = growth[(years[-1], self.area)], growth[(years[-1], "England")]
        title = Markup("EHC requests since {}: {} here, {} in England").format(
            base, here.signed, there.signed
        )
        return section_part(
            Section(
                title,
                Markup(
                    "Requests for EHC needs assessments by calendar year, {} and England, DfE statistics."
                ).format(self.area),
                [
                    (
                        "What it shows",
                        Markup("From {} to {}: {} to {} here, {} to {} in England.").format(
                            base,
                            years[-1],
                            place[(base, self.area)],
                            place[(years[-1], self.area)],
                            place[(base, "England")],
                            place[(years[-1], "England")],
                        ),
                    ),
                    (
                        "Is it real?",
                        "Published counts. DfE counts requests of calendar years; local counts may differ by late records.",
                    ),
                    (
                        "So what",
                        "Growth that England shares calls for another answer than growth that is only here.",
                    ),
                ],
                table=Table(
                    "EHC requests by calendar year",
                    (
                        "Year",
                        self.area,
                        Markup("Since {}").format(base),
                        "England",
                        Markup("Since {}").format(base),
                    ),
                    [
                        (
                            y,
                            place[(y, self.area)],
                            growth[(y, self.area)].signed,
                            place[(y, "England")],
                            growth[(y, "England")].signed,
                        )
                        for y in years
                    ],
                ),
                source="Source: DfE, Education, health and care plans, as downloaded into data/raw/dfe.",
            )
        )

    def board(self) -> Part:
        """One question with a date."""
        clear = self.change[self.change["clear"]] if len(self.change) else self.change
        if len(clear):
            r = clear.iloc[int(clear["change"].abs().to_numpy().argmax())]
            return self._board(
                [
                    Markup(
                        "<strong>Question:</strong> what do referrers in the group “{}” of {} say has changed, and who will ask them before the next meeting?"
                    ).format(self._name(r), self.material.workspace.pathways[r["pathway"]].label)
                ]
            )
        return self._board(
            [
                Markup(
                    "<strong>Question:</strong> with no group moving clearly unlike the rest, is the change in referrals the same everywhere, and who checks it with the referrers?"
                )
            ]
        )

    def notes(self) -> Part:
        """What the words on the page mean."""
        return self._notes(
            [
                (
                    "95% interval",
                    "of a change is that of two counts that vary by chance alone (Poisson).",
                ),
                (
                    "Clear",
                    "means that so uneven a move would be rare if the group had moved with its service, allowing for the number of groups looked at (Benjamini-Hochberg, 5%).",
                ),
                (
                    "School phase",
                    "is read from the age at referral: early years 0 to 4, primary 5 to 10, secondary 11 to 15, post-16 from 16.",
                ),
                (
                    "Referred again",
                    "means a new referral to the same service within 365 days of a closure.",
                ),
                (
                    "[c]",
                    f"hides a count under {self.material.k}, or one that would reveal such a count. A change is never computed from a hidden count.",
                ),
                (
                    "Timing",
                    "is not proof of a cause: nothing on this page says why referrals changed.",
                ),
            ]
        )


_FULL = {
    m[:3]: m
    for m in (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
}


def _full(short: str) -> str:
    return _FULL.get(short, short)


def _with(n: Number, whole: Number) -> Markup:
    share = n.share_of(whole)
    return (
        Markup('{} <span class="aside">{}</span>').format(n, share)
        if share.shown
        else Markup("{}").format(n)
    )
