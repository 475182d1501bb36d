"""Words for released numbers: dates, chances, changes and what the control chart says. No causal words anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sendwaits.release.cells import Number, derived

__all__ = [
    "day",
    "month",
    "short_month",
    "count_word",
    "ordinal",
    "one_in",
    "chance",
    "chance_of",
    "percent_chance",
    "plural",
    "tied",
    "Signal",
    "signal",
    "change_words",
    "listed",
]

NBSP = "\u00a0"
_MONTHS = (
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
_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def day(value: date | str) -> str:
    """31 July 2024, held together by no-break spaces."""
    value = _date(value)
    return f"{value.day}{NBSP}{_MONTHS[value.month - 1]}{NBSP}{value.year}"


def month(value: date | str) -> str:
    """July 2024, held together."""
    value = _date(value)
    return f"{_MONTHS[value.month - 1]}{NBSP}{value.year}"


def short_month(value: date | str) -> str:
    """Jul 2024, for axes and narrow columns."""
    value = _date(value)
    return f"{_MONTHS[value.month - 1][:3]}{NBSP}{value.year}"


def count_word(n: int, capital: bool = False) -> str:
    """three; 13. For counts of lists, rules and months, never of children."""
    text = _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"
    return text[0].upper() + text[1:] if capital else text


def ordinal(n: int) -> str:
    """11th, 2nd, 23rd."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def plural(n: float, one: str, many: str | None = None) -> str:
    """The noun for that many: plural(1, "child", "children") is "child"."""
    return one if n == 1 else many or one + "s"


def listed(items: Iterable[str | Markup]) -> Markup:
    """a, b and c; text is escaped."""
    found = [Markup("{}").format(i) for i in items]
    if len(found) < 2:
        return Markup("").join(found)
    return Markup("{} and {}").format(Markup(", ").join(found[:-1]), found[-1])


def tied(text: str) -> str:
    """The phrase held on one line."""
    return text.replace(" ", NBSP)


_CHANCES = sorted(
    {
        (a, b)
        for a, b in [
            (1, 2),
            (1, 3),
            (2, 3),
            (1, 4),
            (3, 4),
            (1, 5),
            (2, 5),
            (3, 5),
            (4, 5),
            (1, 6),
            (5, 6),
            (1, 8),
            (1, 10),
            (3, 10),
            (7, 10),
            (9, 10),
            (1, 20),
            (19, 20),
        ]
    },
    key=lambda f: (f[1], f[0]),
)


def one_in(probability: float) -> str:
    """A probability (0 to 1) as the nearest plain fraction: 0.34 is "about 1 in 3"; beyond 1 in 30 "less than ..."."""
    if probability < 1 / 30:
        return tied("less than 1 in 30")
    if probability > 29 / 30:
        return tied("more than 29 in 30")
    top, bottom = min(_CHANCES, key=lambda f: abs(f[0] / f[1] - probability))
    return "about " + tied(f"{top} in {bottom}")


def chance(number: Number) -> Markup:
    """34%, about 1 in 3; a simulation never says never, so below 0.5 % it prints <1%, above 99.5 % >99%."""
    if not number.shown:
        return Markup("{}").format(number)
    return Markup("{}, {}").format(percent_chance(number), one_in(number.value / 100))


def percent_chance(number: Number) -> Markup:
    """34%, inside its key."""
    if not number.shown:
        return Markup("{}").format(number)
    text = "<1%" if number.value < 0.5 else ">99%" if number.value >= 99.5 else f"{number.at(0)}"
    return Markup('<span data-key="{}">{}</span>').format(number.key, text)


def chance_of(number: Number) -> Markup:
    """a 34% chance; almost no chance (<1%); a near certainty (>99%): for titles, before "of"."""
    printed = percent_chance(number)
    if number.shown and number.value < 0.5:
        return Markup("almost no chance ({})").format(printed)
    if number.shown and number.value >= 99.5:
        return Markup("a near certainty ({})").format(printed)
    return Markup("a{} {} chance").format(
        "n" if str(number.at(0)).startswith(("8", "11%", "18%")) else "", printed
    )


def change_words(
    now: Number, before: Number, when: str, more: str = "more", fewer: str = "fewer"
) -> Markup:
    """24 more than 30 June; "the same as"; nothing when either number is hidden or missing."""
    change = now.minus(before)
    if not change.shown:
        return Markup("")
    if change.value == 0 or not any(c in "123456789" for c in str(change)):
        return (
            Markup('<span data-key="{}">No change</span> since {}').format(change.key, when)
            if change.value == 0
            else Markup("{} since {}").format(change.signed, when)
        )
    unit = {"points": " points", "weeks": " weeks"}.get(change.unit, "")
    word = more if change.value > 0 else fewer
    if change.unit in ("points", "weeks"):
        word = {"more": "higher", "fewer": "lower"}.get(word, word)
    return Markup("{}{} {} than {}").format(change.size, unit.replace(" ", NBSP), word, when)


@dataclass(frozen=True)
class Signal:
    """What the control chart says about the last point of a series, and the limits to draw.

    ``direction``: "up", "down" or "none"; ``word`` is for a list size (Growing / Falling / No clear change);
    ``reason``: the rule that fired, in words. ``points``: one per value, with mean, lower, upper as keyed numbers.
    ``assurance``: pass, fail, inconsistent or "" (no target).
    """

    direction: str
    reason: str
    assurance: str
    points: tuple[SpcPoint, ...]
    rule: str = "none"
    run: int = 0

    @property
    def word(self) -> str:
        return {"up": "Growing", "down": "Falling", "none": "No clear change"}[self.direction]

    @property
    def level_word(self) -> str:
        """The same for a rate or a share, which does not grow: higher, lower."""
        return {"up": "Higher than before", "down": "Lower than before", "none": "No clear change"}[
            self.direction
        ]

    @property
    def segments(self) -> list[tuple[int, int]]:
        """First and last place of each stretch that has its own limits."""
        if not self.points:
            return []
        starts = [
            i
            for i, p in enumerate(self.points)
            if i == 0 or p.stretch != self.points[i - 1].stretch
        ]
        return [(a, b - 1) for a, b in zip(starts, [*starts[1:], len(self.points)], strict=True)]


@dataclass(frozen=True)
class SpcPoint:
    """One month of a control chart."""

    number: Number
    mean: Number
    lower: Number
    upper: Number
    special: str
    stretch: int


_NOTHING = Signal("none", "no figures to judge", "", ())


def signal(
    series: Sequence[Number],
    *,
    rebase: Iterable[date] = (),
    target: float | None = None,
    better: str = "neutral",
    floor: float | None = 0.0,
    ceiling: float | None = None,
) -> Signal:
    """The XmR reading of a released series; suppressed and undefined months are skipped by every rule.

    Under 12 known months nothing is claimed. ``floor``, ``ceiling``: limits are not drawn beyond what the measure can be.
    A run above the average counts as "up" only while the last value is above the one the run began with.
    """
    from sendwaits.measure import spc

    known = [n for n in series if n.shown]
    if not series or not known:
        return _NOTHING
    import pandas as pd

    dates = pd.to_datetime([n.key.split("|")[5] for n in series], format="ISO8601")
    rebase = [d for d in rebase if dates[0] < pd.Timestamp(d) <= dates[-1]]
    values = pd.Series([n.value for n in series], index=dates)
    table = spc.spc(values, improvement=better, target=target, rebase=rebase)  # type: ignore[arg-type]
    points = tuple(
        _spc_point(number, row, floor, ceiling)
        for number, row in zip(series, table.itertuples(), strict=True)
    )
    last = spc.last_point_words(table).iloc[0]
    assurance = spc.icons(table, better)["assurance"].iloc[0]  # type: ignore[arg-type]
    stretch = int((values[[p.stretch == points[-1].stretch for p in points]]).notna().sum())
    if len(known) < 12 or stretch < 7:
        n = stretch if len(known) >= 12 else len(known)
        short = f"only {n} {plural(n, 'month')}{' with these limits' if len(known) >= 12 else ' can be shown'}"
        return Signal("none", f"{short}, too few to judge", assurance, points)
    rule, run = str(last["rule"]), int(last["run"])
    direction = _direction(table, rule, run)
    return Signal(direction, _reason(rule, run, direction, table), assurance, points, rule, run)


def _spc_point(number: Number, row: object, floor: float | None, ceiling: float | None) -> SpcPoint:
    def limit(name: str) -> Number:
        value = float(getattr(row, name))
        if not math.isnan(value):
            value = value if floor is None else max(value, floor)
            value = value if ceiling is None else min(value, ceiling)
        digits = 0 if number.unit == "count" and float(row.mean) >= 100 else 1  # type: ignore[attr-defined]
        return Number(
            derived(number.key, "spc", group=name),
            value,
            number.unit,
            "" if not math.isnan(value) else "z",
            decimals=digits,
        )

    special = str(row.special_cause_type)  # type: ignore[attr-defined]
    return SpcPoint(
        number,
        limit("mean"),
        limit("lower"),
        limit("upper"),
        "" if special == "Common Cause" else special,
        int(row.rebase_group),
    )  # type: ignore[attr-defined]


def _direction(table: object, rule: str, run: int) -> str:
    """Up or down only while the last value still lies beyond where the run began (six months before, when there is none) and three months before."""
    known = table[table["point_type"] != "missing"]  # type: ignore[index]
    if rule == "none":
        return "none"
    values, above = known["value"].to_numpy(), known["relative_to_mean"].iloc[-1] > 0
    if rule == "trend":
        return "up" if values[-1] > values[-run] else "down"
    began = values[-run] if rule == "shift" else values[max(-7, -len(values))]
    recent = values[max(-4, -len(values))]
    if above:
        return "up" if values[-1] > max(began, recent) else "none"
    return "down" if values[-1] < min(began, recent) else "none"


def _reason(rule: str, run: int, direction: str, table: object) -> str:
    if rule == "none":
        return "inside usual variation"
    known = table[table["point_type"] != "missing"]  # type: ignore[index]
    above = known["relative_to_mean"].iloc[-1] > 0
    if rule == "trend":
        return f"{ordinal(run - 1)} {'rise' if direction == 'up' else 'fall'} in a row"
    side = "above" if above else "below"
    text = {
        "shift": f"{ordinal(run)} month in a row {side} the average",
        "outside": f"{side} the usual limits",
        "two_in_three": f"2 of the last 3 months near the {'upper' if above else 'lower'} limit",
    }[rule]
    if direction != "none":
        return text
    return f"{text}, but not moving {'up' if above else 'down'} any more"


RULES = {
    "trend": "SPC rule: 7 points, each higher or each lower than the one before",
    "shift": "SPC rule: 7 points in a row on one side of the average",
    "outside": "SPC rule: a point outside the limits",
    "two_in_three": "SPC rule: 2 of 3 points near a limit",
}
"""The rule behind each reason, as quoted on a page."""
