"""Key figures: a name, a large number, and the lines under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.measure.rates import share
from sendwaits.release import verdicts, wording, words
from sendwaits.release.findings import standard, stop
from sendwaits.release.number import Number

if TYPE_CHECKING:
    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

__all__ = ["key", "longest", "mark", "over_key", "rating_mark", "share_key", "since", "waiting_key"]


def key(name: str, value: Any, *lines: Any, wordy: bool = False) -> dict[str, Any]:
    """One key figure; empty lines are left out."""
    return {"name": name, "value": value, "lines": [x for x in lines if x], "wordy": wordy}


def since(numbers: list[Number]) -> Markup:
    """ "24 more than on 30 June 2024": the newest number beside the one before it; nothing when either is not shown."""
    if len(numbers) < 2 or not (numbers[-1].shown and numbers[-2].shown):
        return Markup("")
    now, before = numbers[-1], numbers[-2]
    change = now.minus(before)
    unit = {"points": " points", "weeks": " weeks"}.get(change.unit, "")
    ends = (now.value, now.key), (before.value, before.key)
    compared = verdicts.words.compare(*ends, unit=now.unit)
    if change.value == 0:
        return Markup("{} {}").format(words.capital(compared), before.when)
    return Markup("{}{} {} {}").format(change.size, words.tied(unit), compared, before.when)


def verdict_line(report: Report, wait: str, measure: str, group: str = "") -> Markup:
    """The verdict of a series with its shape."""
    verdict = report.verdict(wait, measure, group)
    return Markup("{}{}").format(mark(verdict), verdicts.words.say(verdict, capital=True))


def mark(verdict: Any) -> Markup:
    """The shape of a verdict: triangle up or down, circle for no change; orange where it is for the worse."""
    way = {"up": "up", "down": "down"}.get(verdict.direction, "")
    worse = verdicts.words.better(verdict) == "worse"
    colour = "#6f777b" if not way else "#C24A0B" if worse else "#12436D"
    return Markup('<span class="mark">{}</span>').format(
        wording.render("marks.html", way=way, colour=colour)
    )


def rating_mark(name: str) -> Markup:
    """The shape of a rating with its letter; an open ring when not rated."""
    return Markup('<span class="mark rag">{}</span>').format(
        wording.render("marks.html", rated=name)
    )


def waiting_key(report: Report, wait: Wait) -> dict[str, Any]:
    """How many wait, the change since the date before, the verdict."""
    numbers = report.numbers(wait.name, "waiting")
    name = f"Waiting for {stop(wait)}" if len(report.waits) > 1 else "Waiting"
    number = report.number(wait.name, "waiting")
    return key(name, number, since(numbers), verdict_line(report, wait.name, "waiting"))


def over_key(report: Report, wait: Wait) -> dict[str, Any]:
    """How many are over the line that the service is judged by, with the change and the verdict."""
    weeks = report.line(wait)
    measure = f"waiting_over_{weeks}_weeks"
    numbers = report.numbers(wait.name, measure)
    number = report.number(wait.name, measure)
    return key(
        f"Over {weeks} weeks", number, since(numbers), verdict_line(report, wait.name, measure)
    )


def longest(report: Report, wait: Wait) -> tuple[Any, Markup]:
    """The longest waits as a value and a sentence: never one child's wait, except for an analyst."""
    number = report.number(wait.name, "longest_weeks_open")
    if not number.shown:
        return number, Markup("Not published: too few children") if number.form == "c" else Markup(
            ""
        )
    if report.profile.exact:
        return number.with_unit, Markup("The longest wait so far")
    number = number.at(0)
    children = words.tied(f"{report.profile.smallest} children")
    return number.with_unit, Markup("At least {} have waited {} weeks or more").format(
        children, number
    )


def share_key(report: Report, wait: Wait) -> dict[str, Any]:
    """The share completed within the standard; without a standard the mean wait so far."""
    if wait.standard_days is None:
        mean = report.number(wait.name, "mean_weeks_open")
        line = verdict_line(report, wait.name, "mean_weeks_open")
        return key(
            "Mean wait so far", mean.with_unit, Markup("of open waits {}").format(mean.when), line
        )
    share = report.number(wait.name, "within_standard_pct")
    goal = words.capital(stop(wait)) if " to " in wait.label else "Completed"
    line = verdict_line(report, wait.name, "within_standard_pct")
    about = (
        Markup("{} completed {}").format(share.fraction, share.when)
        if share.fraction
        else Markup("")
    )
    if share.form == "c":
        of = "" if share.denominator is None else f" of {share.denominator:,}"
        about = Markup("{}{} completed {}").format(
            words.capital(report.profile.under), of, share.when
        )
    elif not share.shown:
        why = report.unpublished(wait.name, "within_standard_pct")
        none = Markup("none completed {}").format(share.when)
        about = Markup("not published: {}").format(why) if why else none
    return key(f"{goal} within {standard(wait)}", share, about, line)


def within(number: Number) -> Markup:
    """ "95% interval 28.6% to 45.1%" of a share that is shown with its fraction (Wilson); else nothing."""
    if not number.fraction:
        return Markup("")
    ends = share(int(number.numerator or 0), int(number.denominator or 0))
    low, high = (
        Number(number.key.derived(side), getattr(ends, side), "percent", number.form, decimals=1)
        for side in ("low", "high")
    )
    return Markup("95% interval {} to {}").format(low, high)


def year_apart(numbers: Sequence[Number]) -> list[tuple[Number, Number]]:
    """(before, after) for each number and that of the same days of the year before; 28 and 29 February are the same."""

    def days(number: Number) -> tuple[str, str]:
        start, end = number.key.period_start, number.key.period_end
        return start[5:], end[5:].replace("02-29", "02-28")

    def year(number: Number) -> int:
        return int(number.key.period_start[:4])

    return [
        (before, after)
        for after in numbers
        for before in numbers
        if year(before) == year(after) - 1 and days(before) == days(after)
    ]
