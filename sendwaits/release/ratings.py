"""Ratings with their reasons, rows for the risk register, and promised dates that moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup
from msgspec import structs

from sendwaits.release import verdicts, words
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Pathway, Wait
    from sendwaits.release.report import Report
    from sendwaits.workspace import Rag, Target

__all__ = ["Drift", "Rating", "Risk", "drifts", "rate", "rating_of", "risks", "target_words"]


@dataclass(frozen=True)
class Rating:
    """Red, Amber, Green or Not rated, why, and the chance of meeting the target (undefined without one)."""

    name: str
    reason: Markup
    target: Target | None
    chance: Number


def rating_of(gap: float | None, verdict_good: int, chance: float | None, rule: Rag) -> str:
    """The rating of a target from three readings together.

    ``gap``: how far the newest figure is on the wrong side (0 or less = met; None = not known). ``verdict_good``: 1 when the
    verdict of the measure is for the better, -1 for the worse, 0 when it is steady. ``chance``: forecast probability (0-1).

    Green: met today, not getting worse, and the chance (when there is one) is at least ``green_chance``. Red: the chance is
    under ``red_chance``; or missed today by more than ``amber_within``, not getting better and the chance not even.
    Amber: anything between. Not rated: the newest figure is not known.
    """
    if gap is None:
        return "Not rated"
    met = gap <= 0
    if met and verdict_good >= 0 and (chance is None or chance >= rule.green_chance):
        return "Green"
    if chance is not None and chance < rule.red_chance:
        return "Red"
    if (
        not met
        and gap > rule.amber_within
        and verdict_good <= 0
        and (chance is None or chance < 0.5)
    ):
        return "Red"
    return "Amber"


def rate(report: Report, wait: Wait, target: Target | None = None) -> Rating:
    """The rating of a wait by its first target (the service's own, for its leading wait)."""
    if target is None:
        leads = wait is report.wait
        mine = [t for t in report.aims if t.wait == wait.name or (not t.wait and leads)]
        target = mine[0] if mine else None
    if target is None:
        blank = report.number(wait.name, "waiting")
        return Rating(
            "Not rated", Markup("No target has been set"), None, Number(blank.key, unit="percent")
        )
    now, chance = current(report, target), report.ahead.chance(target)
    if not now.shown:
        small = "is under the smallest number shown" if now.form == "c" else "is not published"
        reason = Markup("Today’s figure {}, so it cannot be judged").format(small)
        return Rating("Not rated", reason, target, chance)
    aim = goal(target)
    gap = aim - now.value if target.at_least is not None else now.value - aim
    share = (
        gap if now.unit == "percent" else 100 * gap / aim if aim else (100.0 if gap > 0 else 0.0)
    )
    way = verdicts.words.better(report.verdict(target.wait, target.measure))
    good = {"better": 1, "worse": -1}.get(way, 0)
    name = rating_of(
        share if gap > 0 else gap,
        good,
        chance.value / 100 if chance.shown else None,
        report.workspace.rag,
    )
    return Rating(name, _reason(report, now, gap, target, wait), target, chance)


def goal(target: Target) -> float:
    """The number that the target names."""
    return target.at_least if target.at_least is not None else target.at_most or 0.0


def current(report: Report, target: Target) -> Number:
    """The newest released figure of a target's measure; of a cohort of the calendar year the year to date."""
    if not target.wait:
        years = report.calendar_years("", target.measure)
        running = [Number.of(r) for r in years.itertuples(index=False)]
        running = [n for n in running if n.shown and n.key.period_end == report.as_at.isoformat()]
        if running:
            return running[-1]
    return report.number(target.wait, target.measure)


def _reason(report: Report, now: Number, gap: float, target: Target, wait: Wait) -> Markup:
    listed = verdicts.words.say(report.verdict(wait.name, "waiting"))
    aim = Markup("the target of {}").format(_amount(goal(target), now.unit))
    if gap <= 0:
        side = Markup("{} {} meets {}").format(now.with_unit, now.when, aim)
    else:
        side = Markup("{} {} against {}").format(now.with_unit, now.when, aim)
    return Markup("{} for {}; list: {}").format(side, words.day(target.by), listed)


def _amount(value: float, unit: str) -> str:
    text = f"{value:,g}"
    return (
        f"{text}%"
        if unit == "percent"
        else words.tied(f"{text} weeks")
        if unit == "weeks"
        else text
    )


_AVERAGES = {
    "mean": "a mean",
    "median": "a median",
    "p92": "a 92nd percentile",
    "longest": "a longest",
}


def target_words(target: Target, pathway: Pathway) -> str:
    """The target without its date: "40% within 20 weeks", "no child over 52 weeks"."""
    aim, side = goal(target), "at least" if target.at_least is not None else "at most"
    measure = target.measure
    if measure == "within_standard_pct":
        return f"{aim:g}% within {words.standard(*pathway.wait(target.wait).standard)}"
    if measure.startswith("waiting_over_"):
        line = words.tied(f"over {measure.split('_')[2]} weeks")
        return f"no child {line}" if aim == 0 else f"{side} {aim:,g} children {line}"
    if measure == "waiting":
        return f"{side} {aim:,g} children waiting"
    if measure.endswith("_pct"):
        return f"{aim:g}% {words.measure(measure).noun.removeprefix('share ')}"
    kind, _, rest = measure.partition("_weeks_")
    if rest in ("open", "completed"):
        what = "wait so far" if rest == "open" else "completed wait"
        return f"{_AVERAGES.get(kind, kind)} {what} of {side} {words.tied(f'{aim:g} weeks')}"
    return f"{words.measure(measure).noun} {side} {aim:g}"


# --- risks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Risk:
    """One row of a risk register: what may happen, how likely, its impact, and the sign to act on."""

    pathway: str
    event: str
    likelihood: Number
    impact: Number
    impact_words: str
    trigger: str
    review: date


def risks(report: Report) -> list[Risk]:
    """A row for each target whose chance is known, most likely to be missed first."""
    found = []
    for target in report.aims:
        chance = report.ahead.chance(target)
        if not chance.shown:
            continue
        wait = report.pathway.wait(target.wait) if target.wait else report.wait
        what = target_words(target, report.pathway)
        missed = Number(
            chance.key._replace(measure="forecast:p_missed"),
            100 - chance.value,
            "percent",
            "exact",
            decimals=0,
        )
        weeks = report.line(wait)
        found.append(
            Risk(
                report.pathway.code,
                f"{report.pathway.label}: the target of {what} by {words.day(target.by)} is missed",
                missed,
                report.number(wait.name, f"waiting_over_{weeks}_weeks"),
                words.tied(f"over {weeks} weeks"),
                trigger(report, wait),
                min(target.by, (pd.Timestamp(report.as_at).to_period("M") + 2).end_time.date()),
            )
        )
    return sorted(found, key=lambda r: (-r.likelihood.value, r.pathway))


def trigger(report: Report, wait: Wait) -> str:
    """A sign that has not fired yet: the list above the largest number of the last 12 months (or the forecast's high)."""
    shown = [n.value for n in report.numbers(wait.name, "waiting")[-12:] if n.shown]
    row = report.ahead.on(
        wait.name, "waiting", (pd.Timestamp(report.as_at) + pd.Timedelta(days=91)).date()
    )
    high = report.ahead.range(row)[2].value if row is not None else float("nan")
    line = max([*shown, *([high] if high == high else [])], default=None)
    if line is None:
        return "A month in which more join than leave"
    return f"More than {line:,.0f} waiting at a month end"


# --- promised dates -----------------------------------------------------------------------------


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
        same = [
            old.by
            for _, old in sorted(promised, key=lambda p: p[0])
            if old == structs.replace(target, by=old.by)
        ]
        dates = [*same, target.by]
        told = [d for i, d in enumerate(dates) if i == 0 or d != dates[i - 1]]
        if len(told) > 1:
            found.append(Drift(target, told[-2], told[0], len(told) - 1))
    return found
