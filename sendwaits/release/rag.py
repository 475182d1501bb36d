"""Ratings with their reasons, rows for the risk register, and promised dates that moved."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from sendwaits.release import narrative as words
from sendwaits.release.cells import Number, derived

if TYPE_CHECKING:
    from sendwaits.pathways import Pathway, Wait
    from sendwaits.release.reports.common import Report
    from sendwaits.workspace import Rag, Target

__all__ = ["Rating", "rate", "rating_of", "target_words", "Risk", "risks", "Drift", "drifts"]


@dataclass(frozen=True)
class Rating:
    """Red, Amber, Green or Not rated, why, and the chance of meeting the target (undefined without one)."""

    name: str
    reason: Markup
    target: Target | None
    chance: Number


def rating_of(gap: float | None, assurance: str, chance: float | None, rule: Rag) -> str:
    """The rating of a target from three readings together.

    ``gap``: how far the newest figure is on the wrong side (0 or less = met; None = not known); ``assurance``: what the
    control chart says of the target (pass, fail, inconsistent or ""); ``chance``: forecast probability of meeting it (0-1).

    Green: met today, the chart does not say "fail", and the chance (when there is one) is at least ``green_chance``.
    Red: the chance is under ``red_chance``, or missed today by more than ``amber_within`` and neither the chart says "pass" nor is
    the chance even. Amber: anything between. Not rated: the newest figure is not known.
    """
    if gap is None:
        return "Not rated"
    met = gap <= 0
    if met and assurance != "fail" and (chance is None or chance >= rule.green_chance):
        return "Green"
    if chance is not None and chance < rule.red_chance:
        return "Red"
    if (
        not met
        and gap > rule.amber_within
        and assurance != "pass"
        and (chance is None or chance < 0.5)
    ):
        return "Red"
    return "Amber"


def _better(target: Target) -> str:
    return "increase" if target.at_least is not None else "decrease"


def current(report: Report, target: Target) -> Number:
    """The newest released figure of a target's measure; of a calendar-year cohort the year to date."""
    if not target.wait:
        year = report.get("", target.measure, start=f"{report.now[:4]}-01-01")
        if year.shown:
            return year
    return report.get(target.wait, target.measure)


def rate(report: Report, wait: Wait, target: Target | None = None) -> Rating:
    """The rating of a wait by its first target (the pathway's own, for its main wait)."""
    none = Number(
        "|".join((report.pathway.code, wait.name, "forecast:p_target", "probability", "", "")),
        unit="percent",
        status="z",
    )
    if target is None:
        target = next(
            (
                t
                for t in report.targets
                if t.wait == wait.name or (not t.wait and wait is report.main)
            ),
            None,
        )
    if target is None:
        return Rating("Not rated", Markup("No target has been set"), None, none)
    now, chance = current(report, target), report.outlook.chance(target)
    aim = target.at_least if target.at_least is not None else target.at_most or 0.0
    reading = report.signal(target.wait, target.measure, _better(target), aim)
    trend = report.signal(wait, "waiting", "decrease")
    if not now.shown:
        why = "today's figure is hidden" if now.status == "c" else "there is no figure yet"
        return Rating(
            "Not rated",
            Markup("{}, so the target of {} cannot be judged").format(
                why[0].upper() + why[1:], target_words(target, report.pathway)
            ),
            target,
            chance,
        )
    gap = aim - now.value if target.at_least is not None else now.value - aim
    share = (
        gap if now.unit == "percent" else (100 * gap / aim if aim else (100.0 if gap > 0 else 0.0))
    )
    name = rating_of(
        share if gap > 0 else gap,
        reading.assurance,
        chance.value / 100 if chance.shown else None,
        report.material.workspace.rag,
    )
    return Rating(name, _reason(now, gap, target, trend, report.pathway), target, chance)


def _reason(
    now: Number, gap: float, target: Target, trend: words.Signal, pathway: Pathway
) -> Markup:
    key = derived(now.key, "gap")
    listing = {"up": "list growing", "down": "list falling", "none": "no clear change"}[
        trend.direction
    ]
    aim = target.at_least if target.at_least is not None else target.at_most or 0.0
    when = words.day(target.by)
    if gap <= 0:
        side = Markup("Meets its target of {}").format(_amount(aim, now.unit))
    elif now.unit == "percent":
        side = Markup("{} points below the target of {}").format(
            Number(key, gap, "points", decimals=1), _amount(aim, now.unit)
        )
    elif now.unit == "weeks":
        side = Markup("{} weeks above the target of {}").format(
            Number(key, gap, "weeks", decimals=1), _amount(aim, now.unit)
        )
    else:
        side = Markup("{} children {} against a target of {}").format(
            now, _short(target.measure), _amount(aim, now.unit)
        )
    return Markup("{} for {}; {}").format(side, when, listing)


def _amount(value: float, unit: str) -> str:
    text = f"{value:,g}"
    return (
        f"{text}%"
        if unit == "percent"
        else words.tied(f"{text} weeks")
        if unit == "weeks"
        else text
    )


def _short(measure: str) -> str:
    if measure.startswith("waiting_over_"):
        return words.tied(f"over {measure.split('_')[2]} weeks")
    return "waiting"


_AVERAGES = {
    "mean": "a mean",
    "median": "a median",
    "p92": "a 92nd percentile",
    "longest": "a longest",
}


def target_words(target: Target, pathway: Pathway) -> str:
    """The target without its date: "40% within 20 weeks", "no child over 52 weeks"."""
    aim = target.at_least if target.at_least is not None else target.at_most or 0.0
    side = "at least" if target.at_least is not None else "at most"
    measure = target.measure
    if measure == "within_standard_pct":
        days = pathway.wait(target.wait).standard_days or 0
        return f"{aim:g}% within {words.tied(f'{days // 7} weeks')}"
    if measure.startswith("within_20_weeks"):
        return f"{aim:g}% of plans issued within {words.tied('20 weeks')}"
    if measure.startswith("waiting_over_"):
        line = _short(measure)
        return f"no child {line}" if aim == 0 else f"{side} {aim:,g} children {line}"
    if measure == "waiting":
        return f"{side} {aim:,g} children waiting"
    if measure.endswith("_pct"):
        return f"{side} {aim:g}% {measure.removesuffix('_pct').replace('_', ' ')}"
    kind, _, rest = measure.partition("_weeks_")
    if rest in ("open", "completed"):
        return f"{_AVERAGES.get(kind, kind)} {'wait so far' if rest == 'open' else 'completed wait'} of {side} {words.tied(f'{aim:g} weeks')}"
    return f"{measure.replace('_', ' ')} {side} {aim:g}"


# Risks ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Risk:
    """A row for the risk register. The owner is left blank.

    ``cause``: what the released figures show behind it, no more; ``event``: the target missed, with its measure; ``likelihood``: the
    forecast probability; ``impact``: children past the line today.
    """

    pathway: str
    cause: Markup
    event: Markup
    likelihood: Number
    impact: Number
    impact_words: str
    trigger: Markup
    review: date


def risks(report: Report) -> list[Risk]:
    """One row per target of a pathway whose chance is known: the risk that it is missed."""
    found = []
    for target in report.targets:
        chance = report.outlook.chance(target)
        if not chance.shown:
            continue
        wait = report.pathway.wait(target.wait) if target.wait else report.main
        missed = Number(derived(chance.key, "miss"), 100 - chance.value, "percent", decimals=0)
        weeks = _line(report, wait, target)
        event = Markup("{}: the target of {} by {} is missed").format(
            report.pathway.label, target_words(target, report.pathway), words.day(target.by)
        )
        found.append(
            Risk(
                report.pathway.code,
                _cause(report, wait),
                event,
                missed,
                report.get(wait, f"waiting_over_{weeks}_weeks"),
                words.tied(f"over {weeks} weeks"),
                _trigger(report, wait),
                min(target.by, _review(report.as_at)),
            )
        )
    return sorted(found, key=lambda r: (-r.likelihood.value, r.pathway))


def _line(report: Report, wait: Wait, target: Target) -> int:
    """The week past which a child counts as impact: the target's own, else the standard's, else 18."""
    if target.measure.startswith("waiting_over_"):
        return int(target.measure.split("_")[2])
    standard = (wait.standard_days or 0) // 7
    return standard if report.table.has(wait.name, f"waiting_over_{standard}_weeks") else 18


def _cause(report: Report, wait: Wait) -> Markup:
    waiting = report.series(wait, "waiting")[-13:]
    pairs = [
        (a.value, b.value)
        for a, b in zip(waiting, waiting[1:], strict=False)
        if a.shown and b.shown
    ]
    if not pairs:
        return Markup("The list cannot be shown")
    return Markup("More joined than left in {} of the last {} months").format(
        sum(b > a for a, b in pairs), len(pairs)
    )


def _trigger(report: Report, wait: Wait) -> Markup:
    reading = report.signal(wait, "starts")
    if reading.points and reading.points[-1].upper.shown:
        return Markup("A month with more than {} joining (upper SPC limit)").format(
            reading.points[-1].upper.at(0)
        )
    return Markup("A month in which more join than leave")


def _review(as_at: date) -> date:
    later = (as_at.replace(day=1) + timedelta(days=62)).replace(day=1)
    return later.replace(day=calendar.monthrange(later.year, later.month)[1])


# Promised dates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drift:
    """A promise whose date moved: earlier and newest date, how often it moved, and the first date promised."""

    target: Target
    previous: date
    first: date
    moves: int

    @property
    def days(self) -> int:
        """How many days later (negative: earlier) than the date before."""
        return (self.target.by - self.previous).days


def drifts(targets: Sequence[Target], promised: Sequence[tuple[date, Target]]) -> list[Drift]:
    """The targets (same wait, measure and number) whose date differs from the one that earlier reports stated."""
    found = []
    for target in targets:
        dates = [
            old.by
            for _, old in sorted(promised, key=lambda p: p[0])
            if (old.pathway, old.wait, old.measure, old.at_least, old.at_most)
            == (target.pathway, target.wait, target.measure, target.at_least, target.at_most)
        ]
        told = [
            d
            for i, d in enumerate([*dates, target.by])
            if i == 0 or d != [*dates, target.by][i - 1]
        ]
        if len(told) > 1:
            found.append(Drift(target, told[-2], told[0], len(told) - 1))
    return found


def overdue_days(target: Target, as_at: date) -> int:
    """Days since the promised date; 0 or less while it lies ahead."""
    return (as_at - target.by).days
