"""What may be said of one series: the closed list of verdicts, one verdict with what it rests on, and their table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sendwaits.errors import Refused
from sendwaits.release.key import Key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "VERDICTS", "Level", "Verdict", "Verdicts", "chance"]

VERDICTS = (
    "rising",
    "falling",
    "higher",
    "lower",
    "steady",
    "unusual",
    "too_few",
    "not_published",
)
"""rising, falling: still moving; higher, lower: settled at another level since ``since``; steady: no clear change;
unusual: one period only; too_few: under 12 months and no dated change to test."""
COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "grain",
    "period_end",
    "verdict",
    "since",
    "basis",
]
"""The columns of verdicts.csv."""
Series = tuple[str, str, str, str]
"""pathway, wait, measure, group."""
UP, DOWN = ("rising", "higher"), ("falling", "lower")
UNUSUALLY = {1: "unusually high: ", -1: "unusually low: "}
"""How the basis of an unusual period begins."""
ODDS = (2, 3, 4, 5, 6, 8, 10, 20, 50, 100)


class Level(NamedTuple):
    """A number that a verdict compares: its value and its key (of a sum over months: ``level:`` before the measure)."""

    value: float
    key: Key


class Verdict(NamedTuple):
    """What may be said of one series, and what it rests on.

    ``since``: the first day of the other level, ISO, else "". Made from verdicts.csv it lacks the numbers (``p``, ``now``, ``base``).
    """

    pathway: str
    wait: str
    measure: str
    group: str = ""
    verdict: str = "not_published"
    since: str = ""
    basis: str = ""
    unit: str = ""
    stock: bool = False
    p: float = math.nan
    now: Level | None = None
    base: Level | None = None
    dated: str = ""
    period_end: str = ""

    @property
    def unusually(self) -> int:
        """1 or -1: the one period is unusually high or low, as the basis says; 0 of every other verdict."""
        return next((way for way, words in UNUSUALLY.items() if self.basis.startswith(words)), 0)

    @property
    def direction(self) -> str:
        """``up``, ``down`` or ``none``."""
        return "up" if self.verdict in UP else "down" if self.verdict in DOWN else "none"

    @property
    def moving(self) -> bool:
        """True while the series still moves; False when it has settled at another level or shows no clear change."""
        return self.verdict in ("rising", "falling")

    @property
    def settled(self) -> bool:
        """True when the series stands at another level since ``since``."""
        return self.verdict in ("higher", "lower")

    @property
    def chance(self) -> str:
        """How often chance alone does as much, in words: "less than 1 in 100"."""
        return chance(self.p)

    @property
    def mark(self) -> str:
        """The text of ``data-verdict``: pathway|wait|measure|group|verdict."""
        parts = (self.pathway, self.wait, self.measure, self.group, self.verdict)
        return "|".join(part.replace("|", "/") for part in parts)


def chance(p: float) -> str:
    """A probability under chance alone in the suite's one way: "less than 1 in 100", "about 1 in 8"; NaN: ""."""
    if math.isnan(p):
        return ""
    if p < 0.01:
        return "less than 1 in 100"
    if p > 0.4:
        return "about 1 in 2" if p < 0.6 else "more than 1 in 2"
    return f"about 1 in {min(ODDS, key=lambda odds: abs(math.log(odds * p)))}"


class Verdicts:
    """The verdicts of one set: one per series. A series that the set does not have is ``not_published``."""

    def __init__(self, frame: pd.DataFrame, found: dict[Series, Verdict] | None = None):
        self.frame = frame
        rows = zip(*(frame[c] for c in COLUMNS), strict=True)
        self._all = found or {
            (p, w, m, g): Verdict(p, w, m, g, verdict, since, basis, period_end=end)
            for p, w, m, g, _, end, verdict, since, basis in rows
        }

    def of(self, pathway: str, wait: str, measure: str, group: str = "") -> Verdict:
        """The one verdict of a series."""
        key = (pathway, wait, measure, group)
        return self._all.get(key) or Verdict(*key)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def check(self, mark: str) -> None:
        """Raises `Refused` when a ``data-verdict`` says otherwise than this set."""
        *series, verdict = mark.split("|")
        if len(series) != 4 or self.of(*series).verdict != verdict:
            raise Refused(f"A page says '{mark}', which verdicts.csv does not say.")
