"""What a whole date column says about the order of day and month, and of the shape of what cannot be read."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake.clean.dates import BLANK, FORMATS, SLASHED, Dates, day_number, whole
from sendwaits.intake.extracts.table import Column

__all__ = ["refuse_order", "refuse_unread", "ambiguous", "unread_shape"]

_GUESSES = (
    "%d%m%Y|%d/%m/%Y|%m/%d/%Y|%d %b %Y|%d-%b-%Y|%Y%m%d|%Y-%j|%d.%m.%y|%y%m%d|%d%b%y|%d %B %Y|%b-%d-%Y|%Y %m %d|%d %m %Y|%d/%m/%Y %H%M|"
    "%d/%b/%Y:%H:%M:%S %z|%a, %d %b %Y %H:%M:%S %Z|%Y%m%dT%H%M%SZ|%G-W%V-%u|%d/%m/%Y %Hh%M|%d %b %Y %H:%M|%d %b %Y %H:%M:%S|%d %B %Y %H:%M|%d %b %Y at %H:%M|%H:%M %d/%m/%Y|%d_%m_%Y|%Y_%m_%d"
).split("|")
_MONTHS_ONLY = r"9999[-/ ]?99|99?[-/ ]9999|a{3,9}[-/ ]*(99|9999)"
_ALL_FROM, MOST = 3, 0.9
"""From three texts on, a tenth of the other dates may have been typed by hand afterwards."""


def refuse_order(name: str, read: Dates, column: Column, file: str, pathway: str) -> None:
    """Refuses a column that is month/day/year, that a spreadsheet of another locale has swapped, or that may begin with the year."""
    form = FORMATS.get(read.format, "")
    line = f'[pathways.{pathway}.dates]\n{name} = "%m/%d/%Y"'
    if read.format in SLASHED:
        first, second, year = _numbers(read, column, read.format)
        as_us = day_number(year, first, second) != BLANK
        as_uk = day_number(year, second, first) != BLANK
        if len(first) and as_us.all() and not as_uk.all():
            raise Refused(
                f"{file}: '{name}' holds dates as month/day/year. Export them as day/month/year, or better as 2024-07-31; if that is "
                f"how they always come, put into sendwaits.toml:\n{line}",
                "F-USDATE",
            )
    if read.format in ("iso", "y/m/d", "iso basic"):
        _refuse_year_day(name, read, column, file, pathway)
    if form and _swapped(read, column):
        raise Refused(
            f"{file}: in '{name}' every date kept as text has a day above 12 and every other one a day up to 12: a spreadsheet of another "
            "locale swapped day and month where it could. Export the column anew, as 2024-07-31, without opening it in a spreadsheet.",
            "F-USDATE",
        )
    if read.format == "d/m/yy":
        first, _, year = _numbers(read, column, read.format)
        last = year % 100
        several = len(np.unique(last)) > 2 * len(np.unique(first)) and len(np.unique(first)) <= 6
        if several and len(last) >= _ALL_FROM and last.max() <= 31:
            raise Refused(
                f"{file}: the dates of '{name}' seem to begin with a year of two digits. Export four digits, or say which in sendwaits.toml:\n"
                f'[pathways.{pathway}.dates]\n{name} = "%y-%m-%d"',
                "Q-DATE",
            )


def _refuse_year_day(name: str, read: Dates, column: Column, file: str, pathway: str) -> None:
    """Refuses a column of the year first in which every value is a day as year-day-month and some are none as year-month-day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = (read.shape == list(FORMATS).index(read.format)) & ~read.sentinel
    texts = column.values.filter(pa.array(mask))
    parts = pc.extract_regex(texts, r"^(?P<y>\d{4})(?P<s>[-/.]?)(?P<a>\d{1,2})[-/.]?(?P<b>\d{1,2})")
    year, first, second = (whole(parts.field(f)) for f in "yab")
    turned = day_number(year, second, first) != BLANK
    if len(first) and turned.all() and not (day_number(year, first, second) != BLANK).all():
        mark = parts.field("s")[0].as_py()
        raise Refused(
            f"{file}: '{name}' holds dates as year, day, month. Export them as 2024-07-31; if that is how they always come, put into "
            f'sendwaits.toml:\n[pathways.{pathway}.dates]\n{name} = "%Y{mark}%d{mark}%m"',
            "F-USDATE",
        )


def _numbers(read: Dates, column: Column, form: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First number, second number and year of the distinct values of a slashed format."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = (read.shape == list(FORMATS).index(form)) & ~read.sentinel
    parts = pc.extract_regex(
        column.values.filter(pa.array(mask)),
        r"^(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<y>\d{4}|\d{2})",
    )
    first, second, year = (whole(parts.field(f)) for f in "aby")
    return first, second, np.where(year < 100, year + 2000, year)


def _swapped(read: Dates, column: Column) -> bool:
    """Whether all texts with slashes have days above 12, and all real dates, serials or ISO texts days up to 12."""
    slashed = np.isin(read.shape, [list(FORMATS).index(n) for n in SLASHED]) & ~read.sentinel
    others = np.isin(read.shape, [list(FORMATS).index(n) for n in ("iso", "serial")])
    others &= ~read.sentinel
    if not slashed.any() or not others.any():
        return False
    first = np.concatenate([_numbers(read, column, n)[0] for n in SLASHED])
    days = _parsed(read, others)
    if not len(days):
        return False
    within = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    low = (within <= 12).mean()
    return bool((first > 12).all() and (low == 1 or low >= MOST and len(first) >= _ALL_FROM))


def _parsed(read: Dates, mask: np.ndarray) -> np.ndarray:
    days = read.parsed[mask]
    return days[days != BLANK].astype(np.int64).astype("datetime64[D]")


def ambiguous(read: Dates, column: Column) -> bool:
    """Whether every date of a slashed column could as well be month/day, and several of them would then be other days."""
    if read.format not in SLASHED:
        return False
    first, second, year = _numbers(read, column, read.format)
    mask = (read.shape == list(FORMATS).index(read.format)) & ~read.sentinel
    counts = np.bincount(column.codes, minlength=len(column.values))[mask]
    as_us = day_number(year, first, second) != BLANK
    as_uk = day_number(year, second, first) != BLANK
    other = first != second
    return bool(
        as_us.all()
        and as_uk.all()
        and other.sum() >= _ALL_FROM
        and counts[other].sum() >= _ALL_FROM
    )


def unread_shape(read: Dates, column: Column) -> tuple[str, str]:
    """The commonest shape of what cannot be read (digits 9, letters a) and a format that fits it, for strptime."""
    counts = np.bincount(column.codes, minlength=len(column.values))
    bad = np.flatnonzero(read.bad)
    texts = [column.values[int(at)].as_py() for at in bad[np.argsort(-counts[bad], kind="stable")]]
    shape = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", texts[0]))[:40]
    for form in _GUESSES:
        if all(_fits(t, form) for t in texts[:200]):
            return shape, form
    return shape, "%d %b %Y"


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def refuse_unread(name: str, read: Dates, column: Column, file: str, pathway: str) -> None:
    """Refuses a column of filled cells none of which is a date, with their shape and the line that would declare it."""
    if read.unread:
        shape, form = unread_shape(read, column)
        if re.fullmatch(_MONTHS_ONLY, shape):
            raise Refused(
                f"{file}: '{name}' holds months without a day ({shape}; digits 9, letters a), from which no wait can be counted. Export the "
                "whole dates, as 2024-07-31.",
                "Q-DATE",
            )
        raise Refused(
            f"{file}: not one filled cell of '{name}' can be read as a date. They look like {shape} (digits 9, letters a). Export them as "
            f'2024-07-31, or declare their format in sendwaits.toml, for example:\n[pathways.{pathway}.dates]\n{name} = "{form}"',
            "Q-DATE",
        )
