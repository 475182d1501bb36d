"""A number or a period as somebody printed it: "1,380", ">900", "36%", "almost a third", "under 5", "July 2024".

A printed number stands for every exact value that is printed so: "54" for 53.5 up to 54.5, "<5" for 0 up to 5,
"almost a third" for 30 to 33.3 per cent, "around 17" for 5 per cent either way.
"""

from __future__ import annotations

import math
import re
from calendar import month_abbr, monthrange
from dataclasses import dataclass, replace
from datetime import date

from sendwaits.errors import Refused

__all__ = ["Printed", "number", "pair", "change", "period"]


@dataclass(frozen=True)
class Printed:
    """The exact values that a printed number stands for: from ``low`` up to ``high`` (itself only when ``closed``).

    ``middle``: the number printed. ``unit``: percent, points, weeks, months, days, years, GBP or "" (not said).
    ``sign``: -1 or 1 as said of a change, 0 = no direction. ``below``: the bound of a suppressed count ("<5"), else None.
    """

    low: float
    high: float
    middle: float
    unit: str = ""
    closed: bool = False
    sign: int = 0
    below: int | None = None

    def holds(self, value: float) -> bool:
        """True when the exact value is printed so."""
        value = round(value * (self.sign or 1), 9)
        return self.low <= value < self.high or (self.closed and value == self.high)

    def meets(self, low: float, high: float) -> bool:
        """True when some value from ``low`` to ``high`` is printed so."""
        if self.sign < 0:
            low, high = -high, -low
        return low < self.high and high > self.low or self.holds(self.sign * low or low)


_UNITS = {
    "points": r"percentage points?|points?|\bpp\b",
    "percent": r"%|\bper ?cent\b",
    "weeks": r"\bweeks?\b|\bwks?\b",
    "months": r"\bmonths?\b",
    "days": r"\bdays?\b",
    "years": r"\byears?\b",
    "GBP": r"£|\bpounds?\b|\bgbp\b",
}
_HEDGES = {
    "at least": r"≥|>=|\bat least\b|\bno (?:fewer|less) than\b|\bor (?:more|over|longer)\b|\bminimum\b",
    "at most": r"≤|<=|\bat most\b|\bup to\b|\bno more than\b|\bor (?:fewer|less)\b|\bmaximum\b",
    "just over": r"\b(?:just|slightly|a little) (?:over|above|more than)\b",
    "almost": r"\balmost\b|\bnearly\b|\bclose to\b|\b(?:just|slightly) (?:under|below|less than)\b",
    "over": r">|\bover\b|\bmore than\b|\babove\b|\bin excess of\b|\bexceed\w*\b|\blonger than\b",
    "under": r"<|\bunder\b|\b(?:fewer|less) than\b|\bbelow\b",
    "about": r"~|≈|\babout\b|\baround\b|\bapprox\w*\b\.?|\broughly\b|\bcirca\b|\bsome\b",
}
_DOWN = r"\bdown\b|\bdecreas\w*|\bfall\w*\b|\bfell\b|\breduc\w*|\bdrop\w*|\blower\b|\bcut\b|\bshorter\b|\bless\b|\bfewer\b"
_UP = (
    r"\bup\b|\bincreas\w*|\brise[ns]?\b|\brose\b|\bgrew\b|\bgrow\w*|\bhigher\b|\blonger\b|\bmore\b"
)
_WORDS = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty".split(),
        range(21),
    )
) | dict(zip("thirty forty fifty sixty seventy eighty ninety".split(), range(30, 100, 10)))
_PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}
_TIMES = {"halved": -50.0, "doubled": 100.0, "trebled": 200.0, "tripled": 200.0}
_ABOUT = 0.05
_ALMOST = 0.10
_FIGURE = r"\d+(?:\.\d+)?"


def number(said: object) -> Printed:
    """The number that a text prints, with its unit and how far it may be off; a toml number is read as its text.

    Raises `Refused` for a text with no number, with two of them, or with "not" in it.
    """
    text = _plain(said)
    if re.search(r"\bnot\b|n't\b|\bnever\b", text):
        raise Refused("a number that can be read")
    unit, text = _taken(text, _UNITS)
    hedge, text = _taken(text, _HEDGES)
    sign, text = _direction(text)
    text, between = re.subn(r"\bbetween\b", " ", text)
    if re.search(r"\ball\b", text) and not re.search(r"\d", text):
        return Printed(100.0, 100.0, 100.0, unit or "percent", closed=True, sign=sign)
    fraction = _fraction(text)
    if fraction is not None:
        return _around(fraction, 0.0, hedge or "about", unit or "percent", sign)
    figures = _figures(text)
    if len(figures) == 2 and (between or re.search(r"\d\s*(?:to|-)\s*\d", text)):
        (low, places), (high, _) = figures
        edge = 0.5 * 10.0**-places
        return Printed(low - edge, high + edge, (low + high) / 2, unit, sign=sign)
    if len(figures) != 1:
        raise Refused("a number that can be read")
    value, places = figures[0]
    return _around(value, 0.5 * 10.0**-places, hedge, unit, sign)


def pair(said: object) -> tuple[Printed | None, Printed | None]:
    """The base and the newer number of "68 -> 54 weeks", "from 68 to 54"; one number is the newer one, "" neither."""
    text = _plain(said)
    if not text:
        return None, None
    sides = re.split(r"->|→|\bto\b", text) if not re.search(r"\bbetween\b|up to", text) else [text]
    if len(sides) != 2:
        return None, number(text)
    base, now = (number(re.sub(r"\bfrom\b", " ", side)) for side in sides)
    return replace(base, unit=base.unit or now.unit), now


def change(said: object) -> Printed | None:
    """A change as it was said: "-21 %", "down almost a third", "27% increase", "-14 weeks", "halved"; "" = none.

    With a percent sign, or as a part, it is relative to the base; "points" and every other unit are a difference.
    """
    text = _plain(said)
    if not text:
        return None
    for word, percent in _TIMES.items():
        if re.search(rf"\b{word}\b", text):
            hedge, _ = _taken(text, _HEDGES)
            return _around(
                abs(percent), 0.0, hedge or "about", "percent", int(math.copysign(1, percent))
            )
    found = number(text)
    return replace(found, sign=found.sign or 1)


def period(said: str) -> tuple[date, date]:
    """First and last day of "2024-07-31", "31 July 2024", "2024-07", "July 2024", "2023", "Q1 2023" or of one "to" another.

    A single day is a period of that day alone: a stock. Raises `Refused` for anything else.
    """
    text = said.strip()
    if sides := re.fullmatch(r"(.+?)(?:/| to )(.+)", text):
        return period(sides[1])[0], period(sides[2])[1]
    if found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        day = _day(int(found[1]), int(found[2]), int(found[3]))
        return day, day
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return _months(int(found[1]), int(found[2]), 1)
    if re.fullmatch(r"\d{4}", text):
        return _months(int(text), 1, 12)
    if (found := re.fullmatch(r"[Qq]([1-4]) (\d{4})", text)) or (
        found := re.fullmatch(r"(\d{4}) [Qq]([1-4])", text)
    ):
        quarter, year = sorted((int(found[1]), int(found[2])))
        return _months(year, 3 * quarter - 2, 3)
    if found := re.fullmatch(r"(?:(\d{1,2}) )?([A-Za-z]{3,9}) (\d{4})", text):
        names = [name.lower() for name in month_abbr]
        if (name := found[2][:3].lower()) in names:
            year, month = int(found[3]), names.index(name)
            if not found[1]:
                return _months(year, month, 1)
            day = _day(year, month, int(found[1]))
            return day, day
    raise Refused("a date or period that can be read")


def _plain(said: object) -> str:
    text = f"{said:g}" if isinstance(said, float) and said == int(said) else str(said)
    return (
        re.sub(r"\s+", " ", text.replace("−", "-").replace("–", "-").replace("\xa0", " "))
        .strip()
        .lower()
    )


def _taken(text: str, kinds: dict[str, str]) -> tuple[str, str]:
    """The first kind whose words stand in the text, and the text without them."""
    for kind, words in kinds.items():
        if re.search(words, text):
            return kind, re.sub(words, " ", text)
    return "", text


def _direction(text: str) -> tuple[int, str]:
    if re.search(_DOWN, text) or re.match(r"-\s*\d", text.strip()):
        return -1, re.sub(r"^\s*-", " ", re.sub(_DOWN, " ", text))
    if re.search(_UP, text) or re.match(r"\+\s*\d", text.strip()):
        return 1, re.sub(_UP, " ", text)
    return 0, text


def _fraction(text: str) -> float | None:
    """Percent of "a third", "two thirds", "three-quarters", "one in five"; None when the text is none of them."""
    counts = "|".join([*_WORDS, _FIGURE])
    if found := re.search(rf"\b({counts}) (?:in|out of) ({counts})\b", text):
        top, bottom = (float(_WORDS.get(part, part)) for part in found.groups())
        return 100 * top / bottom if bottom else None
    if re.search(r"\d", text):
        return None
    if found := re.search(r"\b(?:(\w+)[ -])?(" + "|".join(_PARTS) + r")s?\b", text):
        return 100 * _WORDS.get(found[1] or "", 1) / _PARTS[found[2]]
    return None


def _figures(text: str) -> list[tuple[float, int]]:
    """Every number of the text with its decimals: digits with commas, k, thousand, million, or words."""
    found = [
        (
            float(digits) * {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}.get(scale, 1),
            len(digits.partition(".")[2])
            - {"k": 3, "thousand": 3, "m": 6, "million": 6}.get(scale, 0),
        )
        for digits, scale in re.findall(
            rf"({_FIGURE})\s*(k\b|thousand\b|m\b|million\b)?",
            re.sub(r"(?<=\d),(?=\d{3})", "", text),
        )
    ]
    if found:
        return found
    if re.search(r"\b(?:no|none|nil|nobody)\b", text):
        return [(0.0, 0)]
    words = [_WORDS[word] for word in re.findall(r"[a-z]+", text) if word in _WORDS]
    if len(words) == 2 and words[0] >= 20 > words[1]:
        return [(float(sum(words)), 0)]
    return [(float(word), 0) for word in words]


def _around(value: float, edge: float, hedge: str, unit: str, sign: int) -> Printed:
    about = max(edge, _ABOUT * value)
    low, high, closed = {
        "": (value - edge, value + edge, False),
        "about": (value - about, value + about, True),
        "almost": ((1 - _ALMOST) * value, value, True),
        "just over": (value, (1 + _ALMOST) * value, True),
        "over": (value + 1e-8, math.inf, False),
        "at least": (value, math.inf, False),
        "under": (-math.inf if sign else 0.0, value, False),
        "at most": (-math.inf if sign else 0.0, value, True),
    }[hedge]
    below = (
        int(value) if hedge == "under" and not sign and value == int(value) and not unit else None
    )
    return Printed(round(low, 9), round(high, 9), value, unit, closed, sign, below)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused("a date or period that can be read") from None


def _months(year: int, month: int, length: int) -> tuple[date, date]:
    first = _day(year, month, 1)
    end = month + length - 1
    return first, date(year, end, monthrange(year, end)[1])
