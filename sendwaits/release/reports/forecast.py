"""The forecast report: the chance of each target, the list to come, scenarios side by side, and how well past forecasts did."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.release import charts, rag
from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, derived
from sendwaits.release.parts import Part, Section, Table, plain, section_part
from sendwaits.release.reports.backlog import Backlog
from sendwaits.release.reports.common import Key, Report, stop_words

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.workspace import Target

__all__ = ["Forecast", "list_section"]

_QUANTILES = ("p10", "p25", "p50", "p75", "p90")
_HEADS = (
    "Date",
    "Low (1 in 10 below)",
    "1 in 4 below",
    "Middle",
    "1 in 4 above",
    "High (1 in 10 above)",
)


def _fan_table(
    report: Report,
    wait: Wait,
    measure: str,
    steps: list[charts.FanStep],
    caption: str,
    history: list[Number],
) -> Table:
    past = [
        (words.day(end), Markup(""), Markup(""), n, Markup(""), Markup(""))
        for end, n in zip(report.ends, history, strict=True)
    ]
    ahead = [(words.day(s.when), *(getattr(s, q) for q in _QUANTILES)) for s in steps]
    return Table(
        caption,
        (_HEADS[0], *_HEADS[1:3], "Recorded, then middle forecast", *_HEADS[4:]),
        past + ahead,
    )


def _too_little(report: Report, title: str) -> Section:
    return Section(
        title,
        Markup("{}, {}.").format(report.pathway.title, report.area),
        [
            (
                "Why",
                "There is too little history, or nobody waiting, so no forecast is made. The backlog page has what is known.",
            )
        ],
    )


def list_section(report: Report, wait: Wait, short: bool = False) -> Section:
    """The list size with its forecast."""
    steps = report.outlook.fan(wait.name, "waiting")
    name = f", waiting for {stop_words(wait)}" if len(report.waits) > 1 else ""
    if not steps or not steps[-1].p50.shown:
        return _too_little(
            report, f"No forecast of the list can be {'shown' if steps else 'made'}{name}"
        )
    now, end = report.get(wait, "waiting"), steps[-1]
    history = report.series(wait, "waiting")
    if now.shown and now.value < end.p10.value:
        title, real = (
            Markup("The list is likely to grow: middle forecast {} by {}{}"),
            "Nearly all simulated futures end above today’s list.",
        )
    elif now.shown and now.value > end.p90.value:
        title, real = (
            Markup("The list is likely to shrink: middle forecast {} by {}{}"),
            "Nearly all simulated futures end below today’s list.",
        )
    else:
        title, real = (
            Markup("The list may grow or shrink: middle forecast {} by {}{}"),
            "Uncertain: today’s list lies inside the 8 in 10 band.",
        )
    title = title.format(end.p50, words.month(end.when), name)
    past = _error_words(report, wait, "waiting")
    so = (
        Markup(
            '<a href="{}_forecast.html">See the {} forecast</a>: scenarios, capacity needed and how well past forecasts did.'
        ).format(report.pathway.code.lower(), report.pathway.label)
        if short
        else Markup(
            "Plan on the band, not on the middle line. A list of {} is as likely to be beaten as not."
        ).format(end.p50)
    )
    return Section(
        title,
        Markup(
            "{} list ({}) at month end, {} to {}, and forecast to {}. Dark band: 5 in 10 simulated futures. Light band: 8 in 10."
        ).format(
            report.pathway.label,
            wait.label,
            words.month(report.ends[0]),
            words.month(report.ends[-1]),
            words.day(end.when),
        ),
        [
            (
                "What it shows",
                Markup(
                    "8 in 10 simulated futures end between {} and {} {}. {} are waiting today."
                ).format(end.p10, end.p90, "children", now),
            ),
            ("Is it real?", Markup("{}{}").format(real, past)),
            ("So what", so),
        ],
        chart=charts.fan(
            report.ends,
            history,
            steps,
            f"Fan chart. {plain(title)}. Today {now}; low {end.p10}, middle {end.p50}, high {end.p90} on "
            f"{plain(words.day(end.when))}.",
            now=report.as_at,
        ),
        table=_fan_table(
            report,
            wait,
            "waiting",
            steps,
            f"{report.pathway.label}, {wait.label}: children waiting, recorded and forecast",
            history,
        ),
        source=report.source(
            wait,
            "open waits at each date; forecast from the open waits and flows up to "
            + words.day(report.as_at),
        ),
    )


def _error_words(report: Report, wait: Wait, measure: str) -> Markup:
    past = _backtest(report, wait, measure)
    far = next((r for r in past if r.horizon == 26), past[-1] if past else None)
    if far is None:
        return Markup("")
    return Markup(
        " Past forecasts {} weeks ahead were {} out on average; “no change” was {} out."
    ).format(far.horizon, far.own, far.naive)


@dataclass(frozen=True)
class _Past:
    """How past forecasts of one measure did at one distance: mean absolute errors, and how often the 8 in 10 band held."""

    horizon: int
    own: Number
    naive: Number
    hits: int
    n: int


def _backtest(report: Report, wait: Wait, measure: str) -> list[_Past]:
    frame = report.material.backtest
    if frame is None or not len(frame) or report.get(wait, measure).status == "c":
        return []
    found = []
    for row in (
        frame[(frame["wait"] == wait.name) & (frame["measure"] == measure)]
        .sort_values("horizon_weeks", kind="stable")
        .itertuples()
    ):

        def error(method: str, value: float, row: Any = row) -> Number:
            key = "|".join(
                (
                    report.pathway.code,
                    wait.name,
                    f"backtest:{measure}",
                    f"{method} {row.horizon_weeks} weeks",
                    "",
                    report.now,
                )
            )
            return Number(key, float(value), decimals=0 if value >= 10 else 1)

        found.append(
            _Past(
                int(row.horizon_weeks),
                error("forecast", row.error),
                error("no change", row.error_no_change),
                int(row.hits),
                int(row.n),
            )
        )
    return found


class Forecast(Backlog):
    """The forecast page of one pathway."""

    name = "forecast"

    @property
    def first_target(self) -> Target | None:
        """The target that leads the page: the first of the pathway whose chance is known."""
        return next((t for t in self.targets if self.outlook.chance(t).shown), None)

    def opening(self) -> Part:
        """The chance of the first target, or the middle forecast of the list; and four key figures."""
        target, label = self.first_target, self.pathway.label
        steps = [s for s in self.outlook.fan(self.main.name, "waiting") if s.p50.shown]
        lede = Markup("{}, {}: forecast made on {} for the next 52 weeks.").format(
            self.pathway.title, self.area, words.day(self.as_at)
        )
        keys: list[Key] = []
        if target is not None:
            chance = self.outlook.chance(target)
            title = Markup("{}: {} of {} by {}").format(
                label,
                words.chance_of(chance),
                rag.target_words(target, self.pathway),
                words.day(target.by),
            )
            keys.append(
                Key(
                    f"Chance by {words.day(target.by)}",
                    words.percent_chance(chance),
                    [
                        words.one_in(chance.value / 100)[0].upper()
                        + words.one_in(chance.value / 100)[1:]
                        + ": "
                        + rag.target_words(target, self.pathway),
                        self._drift(target),
                    ],
                )
            )
        elif steps:
            title = Markup("{}: 8 in 10 futures end with {} to {} waiting in {}").format(
                label, steps[-1].p10, steps[-1].p90, words.month(steps[-1].when)
            )
        else:
            title = Markup("{}: no forecast can be made yet").format(label)
        keys.append(self._waiting_key(self.main, f"Waiting for {stop_words(self.main)}"))
        if steps:
            keys.append(
                Key(
                    f"Waiting in {words.month(steps[-1].when)}",
                    steps[-1].p50,
                    [
                        Markup("middle forecast; 8 in 10 between {} and {}").format(
                            steps[-1].p10, steps[-1].p90
                        )
                    ],
                )
            )
        new = self.outlook.new_child(self.main.name)
        if new is not None and self.outlook.number(new, "p50").shown:
            low, middle, high = (self.outlook.number(new, q) for q in ("p10", "p50", "p90"))
            keys.append(
                Key(
                    "Wait to expect",
                    Markup("{} weeks").format(middle),
                    [
                        Markup(
                            "median of children starting in the next 28 days; 8 in 10 chance of {} to {}"
                        ).format(low, high)
                    ],
                )
            )
        return self._opening(title, lede, [*keys, self._share_key(self.main)][:4])

    def _drift(self, target: Target) -> Markup:
        for drift in rag.drifts([target], self.material.promised):
            return Markup("Moved {} days; first promised for {}").format(
                drift.days, words.day(drift.first)
            )
        late = rag.overdue_days(target, self.as_at)
        if late > 0:
            return Markup("The promised date passed {} days ago").format(late)
        return Markup("The target date has not moved")

    def targets_section(self) -> Part:
        """Each target with its fan: history, forecast and the chance of meeting it."""
        found = [self._target(t) for t in self.targets]
        if not found:
            found = [
                Section(
                    "No target has been set",
                    Markup("{}, {}.").format(self.pathway.title, self.area),
                    [
                        (
                            "So what",
                            "Without a target there is no chance to state. Targets are set in sendwaits.toml, in a [[targets]] table.",
                        )
                    ],
                )
            ]
        return section_part(*found)

    def _target(self, target: Target) -> Section:
        wait = self.pathway.wait(target.wait) if target.wait else self.main
        chance, what, when = (
            self.outlook.chance(target),
            rag.target_words(target, self.pathway),
            words.day(target.by),
        )
        steps = (
            self.outlook.fan(wait.name, target.measure, extra=[target.by]) if target.wait else []
        )
        row = self.outlook.on(wait.name, target.measure, target.by) if target.wait else None
        now, aim = (
            rag.current(self, target),
            target.at_least if target.at_least is not None else target.at_most or 0.0,
        )
        sub = Markup(
            "{} ({}): {} by {}. Dark band: 5 in 10 simulated futures. Light band: 8 in 10.{}"
        ).format(
            self.pathway.label,
            wait.label,
            what,
            when,
            " The forecast counts the 91 days up to each date, the record single months."
            if target.measure == "within_standard_pct"
            else "",
        )
        so = [self._odds(target, chance)]
        need = self.outlook.capacity(target)
        if need.shown:
            so.append(
                Markup("For an 80% chance about {} completed waits a week are needed.").format(
                    need.at(0) if need.value >= 10 else need
                )
            )
        if row is None or not steps or not self.outlook.number(row, "p50").shown:
            title = Markup("The chance of {} by {} is {}").format(
                what, when, words.percent_chance(chance)
            )
            table = Table(
                f"Target of {self.pathway.label}: {what} by {when}",
                ("Target", "Newest figure", "Chance", "Completed a week for an 80% chance"),
                [(what, now, words.percent_chance(chance), need)],
            )
            return Section(
                title,
                Markup("{}: {} by {}.").format(self.pathway.title, what, when),
                [
                    (
                        "What it shows",
                        Markup("Newest figure: {}{}.").format(
                            now, Markup(" ({})").format(now.fraction) if now.fraction else ""
                        ),
                    ),
                    (
                        "Is it real?",
                        "Chances come from simulated futures of the list; the back-test below shows how well they did.",
                    ),
                    ("So what", Markup(" ").join(so)),
                ],
                table=table,
                source=self.source(wait, "as the target names"),
            )
        low, middle, high = (self.outlook.number(row, q) for q in ("p10", "p50", "p90"))
        gap = Number(
            derived(middle.key, "gap"),
            abs(middle.value - aim),
            "points" if middle.unit == "percent" else middle.unit,
            decimals=middle.decimals,
        )
        met = middle.value >= aim if target.at_least is not None else middle.value <= aim
        unit = {"percent": " points", "weeks": " weeks"}.get(middle.unit, "")
        short = "short" if target.at_least is not None else "over"
        title = Markup("The middle forecast is {} by {}, {}").format(
            middle,
            when,
            "which meets the target" if met else Markup("{}{} {}").format(gap, unit, short),
        )
        step = charts.FanStep(target.by, *(self.outlook.number(row, q) for q in _QUANTILES))
        steps = sorted(
            [
                *(s for s in steps if s.when != rag_day(row)),
                charts.FanStep(rag_day(row), *(getattr(step, q) for q in _QUANTILES)),
            ],
            key=lambda s: s.when,
        )
        reading = self.signal(
            wait, target.measure, "increase" if target.at_least is not None else "decrease", aim
        )
        history = self.series(wait, target.measure)
        alt = f"Fan chart. {plain(title)}. Chance of {plain(what)}: {plain(words.percent_chance(chance))}. 8 in 10 futures between {low} and {high}."
        return Section(
            title,
            sub,
            [
                (
                    "What it shows",
                    Markup("8 in 10 simulated futures {} on {}. {} reach the target.").format(
                        Markup("lie between {} and {}").format(low, high)
                        if str(low) != str(high)
                        else Markup("stand at {}").format(low),
                        words.day(rag_day(row)),
                        words.one_in(chance.value / 100)
                        .replace("about", "About")
                        .replace("less", "Less")
                        .replace("more", "More")
                        if chance.shown
                        else "No chance is known that they",
                    ),
                ),
                (
                    "Is it real?",
                    Markup("Recorded so far: {} ({}).").format(
                        (reading.level_word if middle.unit != "count" else reading.word).lower(),
                        reading.reason,
                    ),
                ),
                ("So what", Markup(" ").join(so)),
            ],
            chart=charts.fan(
                self.ends,
                history,
                steps,
                alt,
                unit=middle.unit,
                now=self.as_at,
                aim=charts.Aim(
                    aim,
                    target.by,
                    f"Target: {plain(what)} by {plain(when)}",
                    chance,
                    (f"of {what}", f"on {when}"),
                ),
            ),
            table=_fan_table(
                self,
                wait,
                target.measure,
                steps,
                f"{self.pathway.label}: {what}, recorded and forecast",
                history,
            ),
            source=self.source(
                wait,
                "completed waits" if target.measure.endswith("_pct") else "open waits at each date",
            ),
        )

    def _odds(self, target: Target, chance: Number) -> Markup:
        if not chance.shown:
            return Markup("No chance could be simulated for this target.")
        more = (
            "more likely missed than met"
            if chance.value < 45
            else "more likely met than missed"
            if chance.value > 55
            else "about as likely met as missed"
        )
        return Markup("With what is committed so far the target is {}: {}.").format(
            more, words.chance(chance)
        )

    def lists(self) -> Part:
        """The size of each list to come."""
        return section_part(*(list_section(self, w) for w in self.waits))

    def bridge(self) -> Part:
        """The next months' share of plans issued on time beside the share of plans due (pathways with statutory stages)."""
        frame = self.material.bridge
        if (
            frame is None
            or not len(frame)
            or not self.pathway.timeliness
            or self.get("", "within_20_weeks_pct").status == "c"
        ):
            return Part(
                "check",
                Markup(""),
                f"No bridge to the 20 weeks is computed for {self.pathway.label}.",
            )
        ends, issued, due, rows = [], [], [], []
        for row in frame.itertuples():
            year, month = (int(x) for x in str(row.month)[:7].split("-"))
            start, end = (
                date(year, month, 1),
                date(year, month, calendar.monthrange(year, month)[1]),
            )

            def number(
                measure: str,
                quantile: str,
                value: float,
                unit: str = "percent",
                start: date = start,
                end: date = end,
            ) -> Number:
                key = f"{self.pathway.code}||forecast:{measure}|{quantile}|{start}|{end}"
                return Number(
                    key,
                    float(value),
                    unit,
                    "" if value == value else "z",
                    decimals=1 if unit == "percent" else 0,
                )

            low, middle, high = (
                number("within_20_weeks_pct", q, v)
                for q, v in (
                    ("p10", row.issued_pct_p10),
                    ("p50", row.issued_pct),
                    ("p90", row.issued_pct_p90),
                )
            )
            share = number("due_within_20_weeks_pct", "mean", row.due_on_time_pct)
            ends.append(end.isoformat())
            issued.append(middle)
            due.append(share)
            rows.append(
                (
                    words.month(end),
                    number("plans_issued", "mean", row.issued, "count"),
                    middle,
                    low,
                    high,
                    number("plans_due", "mean", row.due, "count"),
                    share,
                )
            )
        newest = self.get("", "within_20_weeks_pct")
        lowest = min((n for n in issued if n.shown), key=lambda n: n.value, default=issued[0])
        title = Markup("Plans issued on time: {} in {}; middle forecast {} in {}").format(
            newest, words.month(self.now), issued[-1], words.month(ends[-1])
        )
        return section_part(
            Section(
                title,
                Markup(
                    "{}: share of plans issued within 20 weeks, and of plans that fall due, {} to {}, middle of the simulated futures."
                ).format(self.pathway.title, words.month(ends[0]), words.month(ends[-1])),
                [
                    (
                        "What it shows",
                        Markup(
                            "The lowest month is {}: {}. By {} 8 in 10 futures lie between {} and {}."
                        ).format(
                            words.month(lowest.key.split("|")[5]),
                            lowest,
                            words.month(ends[-1]),
                            rows[-1][3],
                            rows[-1][4],
                        ),
                    ),
                    (
                        "Is it real?",
                        "It is simulated, not recorded. Single months vary more than the middle line.",
                    ),
                    (
                        "So what",
                        "Plans already overdue count as late when they are issued. The share of plans due shows how newer requests fare.",
                    ),
                ],
                chart=charts.lines(
                    ends,
                    [charts.Line("Issued", issued), charts.Line("Due", due, *charts.SECOND)],
                    f"Line chart of forecasts. {plain(title)}. Due and on time in {plain(words.month(ends[-1]))}: {due[-1]}.",
                    unit="percent",
                    ticks=[words.short_month(e) for e in ends],
                ),
                table=Table(
                    "Plans issued and due by month, forecast",
                    ("Month", "Issued", "On time, middle", "Low", "High", "Due", "Due, on time"),
                    rows,
                ),
                source=self.source(
                    self.main,
                    "plans issued, and plans due, in each month; forecast of "
                    + words.day(self.as_at),
                ),
            )
        )

    def scenarios(self) -> Part:
        """Scenarios side by side: chances, the list, the wait to expect; baseline first."""
        names = ["baseline", *self.outlook.scenarios]
        rows: list[tuple[Any, ...]] = []
        for target in self.targets:
            rows.append(
                (
                    Markup("Chance of {} by {}").format(
                        rag.target_words(target, self.pathway), words.day(target.by)
                    ),
                    *(_chance_cell(self.outlook.chance(target, s)) for s in names),
                )
            )
        last = self.as_at + timedelta(days=364)
        for w in self.waits:
            cells = [self._range(self.outlook.on(w.name, "waiting", last, s)) for s in names]
            rows.append(
                (Markup("Waiting for {} on {}").format(stop_words(w), words.day(last)), *cells)
            )
            rows.append(
                (
                    Markup("Weeks to expect from {}, starting now").format(w.label),
                    *(self._range(self.outlook.new_child(w.name, s)) for s in names),
                )
            )
        if self.outlook.empty or not rows:
            return section_part(_too_little(self, "No scenario can be compared yet"))
        heads = ["Measure", Markup('Baseline <span class="aside">committed changes only</span>')]
        configured = {s.name: s for s in self.material.workspace.scenarios}
        for s in names[1:]:
            start = configured.get(s)
            heads.append(
                Markup('{} <span class="aside">from {}</span>').format(
                    s[0].upper() + s[1:], words.day(start.start) if start else "as configured"
                )
            )
        committed = [
            s
            for s in self.material.workspace.scenarios
            if s.committed and s.pathway == self.pathway.code
        ]
        includes = (
            Markup("Baseline includes {}. ").format(
                words.listed(
                    f"{s.name} from {words.day(s.start)} (delivered {s.delivered[0]:.0%} to {s.delivered[1]:.0%}, up to {s.late_weeks[1]} weeks late)"
                    for s in committed
                )
            )
            if committed
            else Markup("Baseline: no change has been committed. ")
        )
        return section_part(
            Section(
                self._scenario_title(names),
                "Same referrals, same chance events, one change at a time. Small print: 8 in 10 futures.",
                table=Table(
                    f"{self.pathway.label}: scenarios side by side",
                    heads,
                    rows,
                    words_left=True,
                    cards=True,
                ),
                note=Markup("{}Scenarios are not plans; none has been agreed.").format(includes),
            )
        )

    def _scenario_title(self, names: list[str]) -> Markup:
        target = self.first_target
        if len(names) == 1:
            return Markup("The baseline is the only scenario set")
        if target is None:
            return Markup("{} {} compared with the baseline").format(
                words.count_word(len(names) - 1, True), words.plural(len(names) - 1, "scenario")
            )
        base = self.outlook.chance(target)
        best = max(
            names[1:],
            key=lambda s: (
                self.outlook.chance(target, s).value if self.outlook.chance(target, s).shown else -1
            ),
        )
        top = self.outlook.chance(target, best)
        if not top.shown or top.value - base.value < 5:
            return Markup("No scenario adds 5 points to the chance by {}").format(
                words.day(target.by)
            )
        return Markup("With {} the chance by {} is {}, not {}").format(
            best, words.day(target.by), words.percent_chance(top), words.percent_chance(base)
        )

    def _range(self, row: Any) -> Markup:
        if row is None:
            return Markup("[z]")
        low, middle, high = (self.outlook.number(row, q) for q in ("p10", "p50", "p90"))
        if not middle.shown:
            return Markup("[z]")
        return Markup('<strong>{}</strong> <span class="aside">{} to {}</span>').format(
            middle, low, high
        )

    def backtest(self) -> Part:
        """How far out past forecasts were, beside "no change"; when "no change" wins the page says so."""
        return section_part(*(self._backtest_section(w) for w in self.waits))

    def _backtest_section(self, wait: Wait) -> Section:
        rows = _backtest(self, wait, "waiting")
        name = f", waiting for {stop_words(wait)}" if len(self.waits) > 1 else ""
        if not rows:
            return Section(
                f"Past forecasts cannot be checked yet{name}",
                Markup("{} ({}).").format(self.pathway.label, wait.label),
                [("Why", "The history is too short to forecast from a past date and compare.")],
            )
        better = [r for r in rows if r.own.value < r.naive.value]
        worse = [r for r in rows if r.own.value >= r.naive.value]
        if not worse:
            title = Markup("The forecast beats “no change” at every distance{}").format(name)
        elif not better:
            title = Markup(
                "“No change” does at least as well as the forecast at every distance{}"
            ).format(name)
        else:
            title = Markup("The forecast beats “no change” {} weeks ahead, but not {}{}").format(
                words.listed(str(r.horizon) for r in better),
                words.listed(str(r.horizon) for r in worse),
                name,
            )
        far = next((r for r in rows if r.horizon == 26), rows[-1])
        hits, n = sum(r.hits for r in rows), sum(r.n for r in rows)
        covered = Number(
            derived(far.own.key, "covered"), 100 * hits / n, "percent", "", hits, n, n, decimals=0
        )
        width = (
            "about right"
            if 70 <= covered.value <= 90
            else "too narrow"
            if covered.value < 70
            else "too wide"
        )
        starts = max(r.n for r in rows)
        return Section(
            title,
            Markup(
                "{} ({}): average error in the number waiting, in children, of forecasts made on up to {} past dates. Smaller is better."
            ).format(self.pathway.label, wait.label, starts),
            [
                (
                    "What it shows",
                    Markup(
                        "At {} weeks the average error was {} children, against {} for “no change”."
                    ).format(far.horizon, far.own, far.naive),
                ),
                (
                    "Is it real?",
                    Markup("{} past dates are few, and they overlap.").format(
                        words.count_word(starts, True)
                    ),
                ),
                (
                    "So what",
                    Markup(
                        "Use the band, not the middle line. The 8 in 10 band held {} outcomes ({}): {}."
                    ).format(covered.fraction, covered, width),
                ),
            ],
            chart=charts.dumbbells(
                [(f"{r.horizon} weeks ahead", r.own, r.naive) for r in rows],
                ("This forecast", "No change"),
                f"Dot chart. {plain(title)}. "
                + "; ".join(
                    f"{r.horizon} weeks ahead: forecast {r.own}, no change {r.naive}" for r in rows
                )
                + ".",
            ),
            table=Table(
                f"{self.pathway.label}, {wait.label}: average error of past forecasts, children",
                ("Distance", "This forecast", "No change", "Held by the 8 in 10 band"),
                [
                    (
                        f"{r.horizon} weeks ahead",
                        r.own,
                        r.naive,
                        Markup("{} of {}").format(r.hits, r.n),
                    )
                    for r in rows
                ],
            ),
            source=self.source(
                wait,
                "open waits at each date; every forecast used only what was known on its start date",
            ),
        )

    def unknowns(self) -> Part:
        """What no method can see in the extracts."""
        pairs = (
            (
                "Whether announced staff arrive.",
                "Committed changes are simulated late and in part; a post that is never filled is not.",
            ),
            (
                "New law or guidance.",
                "The forecast keeps today’s standards, duties and thresholds.",
            ),
            (
                "Which child is seen next.",
                "The share within the standard depends on that choice; the past year’s habit is carried on.",
            ),
            (
                "A sudden change in referrals.",
                "Rare steps are allowed for. A new referral form or a closed service is not foreseen.",
            ),
        )
        body = Markup('<div class="know">{}</div>').format(
            Markup("").join(Markup("<p><strong>{}</strong> {}</p>").format(a, b) for a, b in pairs)
        )
        return section_part(
            Section(
                "What we cannot know",
                "No method can see these in the extracts. Ask about them before relying on a chance.",
                body=body,
                lines=[f"{a} {b}" for a, b in pairs],
            )
        )

    def board(self) -> Part:
        """One question with a date, then the size of the gap."""
        target = self.first_target
        if target is None:
            return super().board()
        what, when = rag.target_words(target, self.pathway), words.day(target.by)
        chance = self.outlook.chance(target)
        ask = (
            f"is {what} by {when} still the promise, or will the date move?"
            if chance.value < 50
            else f"what would have to stay as it is for {what} by {when}, and who watches it?"
        )
        lines = [Markup("<strong>Question for {}:</strong> {}").format(self.question_day(), ask)]
        need = self.outlook.capacity(target)
        if need.shown:
            done = self.series(
                self.pathway.wait(target.wait) if target.wait else self.main, "completed"
            )[-3:]
            now = (
                Markup(" In the last three months {} were completed in all.").format(
                    Number(
                        derived(done[-1].key, "sum", start=self.ends[-3]),
                        sum(n.value for n in done),
                    )
                )
                if len(done) == 3 and all(n.shown for n in done)
                else ""
            )
            lines.append(
                Markup(
                    "An 80% chance takes about {} completed waits a week.{} If the date moves, this report will show the old one beside it."
                ).format(need.at(0) if need.value >= 10 else need, now)
            )
        return self._board(lines)

    def _notes(self) -> list[tuple[str, str]]:
        return [
            *super()._notes()[:3],
            (
                "Low and high",
                "are the 10th and 90th in 100 simulated futures, in order. 1 in 10 falls below the low, 1 in 10 above the high.",
            ),
            (
                "Chance",
                "is the share of simulated futures in which the target is met. It counts the children who wait today and those still to come.",
            ),
            (
                "Wait to expect",
                "is the median wait of the children whose clock starts in the 28 days after the forecast is made; those who leave another way first are left out.",
            ),
            (
                "No change",
                "carries the last number forward. It is the simplest forecast, and the one to beat.",
            ),
            ("[z]", "means that it could not be computed."),
        ]


def rag_day(row: Any) -> Any:
    return date.fromisoformat(str(row.target_date)[:10])


def _chance_cell(chance: Number) -> Markup:
    if not chance.shown:
        return Markup("[z]")
    return Markup(
        '<span class="big22">{}</span><span class="bar"><span style="width:{}%"></span></span>'
    ).format(words.percent_chance(chance), round(min(max(chance.value, 0), 100)))
