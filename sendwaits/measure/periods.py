"""The periods that numbers are of: months, quarters, calendar years, the year to date. All month arithmetic is pandas'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from sendwaits.errors import Refused

__all__ = ["KINDS", "Periods", "day_number", "period_around", "periods"]

KINDS = ("month", "quarter", "year", "ytd")


@dataclass(frozen=True)
class Periods:
    """First and last day of each period, ascending; stocks are taken at the end of each last day."""

    first: tuple[date, ...]
    last: tuple[date, ...]

    @cached_property
    def days(self) -> tuple[np.ndarray, np.ndarray]:
        """The same as whole days since 1970-01-01."""
        first, last = (
            np.array([day_number(d) for d in side], dtype=np.int64)
            for side in (self.first, self.last)
        )
        return first, last


def day_number(value: date) -> int:
    """Whole days since 1970-01-01."""
    return (value - date(1970, 1, 1)).days


def periods(
    as_at: date, kind: str = "month", months: int = 24, earliest: date | None = None
) -> Periods:
    """The periods up to and including ``as_at``, the newest cut off at it.

    ``month``: the calendar month of as_at and the ``months`` - 1 before. ``quarter``: three calendar months each, the newest
    ends with the month of as_at; as many as cover ``months``. ``year``: calendar years from that of ``earliest``
    (default: as_at). ``ytd``: 1 January to as_at. Raises `Refused` for another kind. Source: CONTRACT section 3.
    """
    if kind not in KINDS:
        raise Refused(f"No period '{kind}'. Choose one of: {', '.join(KINDS)}.")
    if not 1 <= months <= 1200:
        raise Refused("months must be a whole number from 1 to 1200.")
    if kind in ("year", "ytd"):
        newest, length = pd.Period(as_at, "Y"), 1
        number = newest.year - (earliest or as_at).year + 1 if kind == "year" else 1
    else:
        newest, length = pd.Period(as_at, "M"), 3 if kind == "quarter" else 1
        number = -(-months // length)
    lasts = [newest - length * back for back in reversed(range(number))]
    return Periods(
        tuple((last - (length - 1)).start_time.date() for last in lasts),
        tuple(min(last.end_time.date(), as_at) for last in lasts),
    )


def period_around(last: date) -> date:
    """The first day of the calendar month of ``last``: the period meant when none is named."""
    return last.replace(day=1)
