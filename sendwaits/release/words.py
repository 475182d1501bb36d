"""Plain words for dates, periods, counts and chances; and what each measure is called. No verdicts, no causes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from markupsafe import Markup

__all__ = [
    "MeasureWords",
    "band",
    "capital",
    "count",
    "day",
    "group",
    "listed",
    "measure",
    "month",
    "one_in",
    "ordinal",
    "period",
    "plural",
    "standard",
    "tied",
    "uncounted",
]

NBSP = "\u00a0"
MONTHS = (
    "January February March April May June July August September October November December"
).split()
COUNTS = "no one two three four five six seven eight nine ten eleven twelve".split()


def _date(value: date | str) -> date:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def standard(unit: str, days: int) -> str:
    """ "13 weeks"; "30 working days"; days where calendar days are not whole weeks."""
    if unit != "calendar":
        return tied(f"{days} {unit} days")
    return tied(f"{days // 7} weeks" if days % 7 == 0 else f"{days} days")


def uncounted(text: str) -> str:
    """The text without its numbers, which could count children."""
    return re.sub(r"\d[\d,.]*", "some", text)


def day(value: date | str) -> str:
    """31 July 2024, held together by no-break spaces."""
    value = _date(value)
    return f"{value.day}{NBSP}{MONTHS[value.month - 1]}{NBSP}{value.year}"


def month(value: date | str) -> str:
    """July 2024, held together."""
    value = _date(value)
    return f"{MONTHS[value.month - 1]}{NBSP}{value.year}"


def period(start: date | str, end: date | str) -> str:
    """The period in words: "on 31 July 2024" for a stock, "in July 2024", "from May to July 2024", "in 2023"."""
    if not start or start != start:
        return f"on {day(end)}"
    first, last = _date(start), _date(end)
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return f"in{NBSP}{first.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"in {month(last)}"
    opening = MONTHS[first.month - 1] if first.year == last.year else month(first)
    return f"from {opening} to {month(last)}"


def count(n: int) -> str:
    """three; 13. For counts of lists, rules and months, never of children."""
    return COUNTS[n] if 0 <= n < len(COUNTS) else f"{n:,}"


def capital(text: str | Markup) -> str | Markup:
    """The text with a capital first letter; a capital that is there stays (NST), markup is passed over."""
    found = re.search(r"^(?:<[^>]*>)*", text)
    at = found.end() if found else 0
    return type(text)(text[:at] + text[at : at + 1].upper() + text[at + 1 :])


def ordinal(n: int) -> str:
    """11th, 2nd, 23rd."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def plural(n: float, one: str, many: str = "") -> str:
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


_CHANCES = [
    *((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (2, 5), (3, 5), (4, 5), (1, 6), (5, 6)),
    *((1, 8), (1, 10), (3, 10), (7, 10), (9, 10), (1, 20), (19, 20)),
]


def one_in(probability: float) -> str:
    """A probability (0 to 1) as the nearest plain fraction: 0.34 is "about 1 in 3"; beyond 1 in 30 "less than ..."."""
    if probability < 1 / 30:
        return tied("less than 1 in 30")
    if probability > 29 / 30:
        return tied("more than 29 in 30")
    top, bottom = min(_CHANCES, key=lambda f: abs(f[0] / f[1] - probability))
    return "about " + tied(f"{top} in {bottom}")


def band(low: int, high: int | None) -> str:
    """A band of days in weeks: "18 to 52 weeks" of days 127 to 364."""
    if high is None:
        return f"over {(low - 1) // 7} weeks"
    weeks = high // 7
    return (
        f"up to {weeks} {plural(weeks, 'week')}"
        if low == 0
        else f"{(low - 1) // 7} to {weeks} weeks"
    )


class MeasureWords(NamedTuple):
    """What a measure is called. ``good``: up, down or "" (neither). ``kind``: list, wait, share or flow."""

    head: str
    noun: str
    good: str
    kind: str


@cache
def _words() -> dict[str, dict[str, str]]:
    text = files("sendwaits.release").joinpath("templates/words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def measure(name: str) -> MeasureWords:
    """The words of a measure; of one without an entry its own name."""
    over = re.fullmatch(r"(waiting_over|seen_within|cohort_seen)_(\d+)_weeks(?:_pct)?", name)
    name = re.sub(r"^cohort_\w+_completed_pct$", "cohort_completed", name)
    bands = re.fullmatch(r"waiting_band_(\d+)_(\d+|plus)", name)
    entry = over.group(1) if over else "waiting_band" if bands else name
    found = {"head": capital(name.replace("_", " ")), "noun": name.replace("_", " ")}
    found |= {"good": "", "kind": "share" if name.endswith("_pct") else "flow"}
    found |= _words().get(entry, {})
    fill = {"weeks": over.group(2)} if over else {}
    if bands:
        high = None if bands.group(2) == "plus" else int(bands.group(2))
        fill = {"band": band(int(bands.group(1)), high)}
    found = {k: v.format(**fill) for k, v in found.items()}
    return MeasureWords(**{**found, "head": str(capital(found["head"]))})


def group(name: str) -> str:
    """A group in words: "North" of district=North, "Girls" of sex=F, "5 to 10 years", "Not known" of sex=unknown."""
    column, _, value = name.rpartition("=")
    if column == "age_band" and re.fullmatch(r"\d+-\d+", value):
        return f"{value.replace('-', ' to ')} years"
    if value == "unknown":
        return "Not known"
    return _words()["groups"].get(name, value)


def grain_name(grain: str) -> str:
    """ "month", "quarter", "year" as a sentence has it; empty for a series that is not there."""
    return {"month": "month", "quarter": "quarter", "year": "calendar year"}.get(grain, "")
