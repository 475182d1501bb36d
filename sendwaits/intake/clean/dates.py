"""Texts -> days, by explicit formats only: one format a column, never guessed value by value.

Every distinct text of a column is classed by its shape; the shape most rows have is the column's format, the others are
set aside. Day and month are never swapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sendwaits.intake.extracts.table import DAY, NUMBER, Column

__all__ = ["Dates", "read", "BLANK", "FORMATS"]

BLANK = np.iinfo(np.int32).min
"""Day number of a cell without a date."""

_MONTHS = {
    name: i
    for i, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
FORMATS: dict[str, str] = {
    "iso": r"^\d{4}-\d{1,2}-\d{1,2}$",
    "dmy": r"^\d{1,2}/\d{1,2}/\d{4}$",
    "d-mon-y": rf"(?i)^\d{{1,2}}[- ]({_MONTH})[- ](\d{{4}}|\d{{2}})$",
    "iso time": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[ T]{_TIME}$",
    "iso zone": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[ T]{_TIME} ?(Z|[+-]\d{{2}}:?\d{{2}})$",
    "dmy time": rf"^\d{{1,2}}/\d{{1,2}}/\d{{4}} {_TIME}$",
    "d/m/yy": r"^\d{1,2}/\d{1,2}/\d{2}$",
    "d.m.y": r"^\d{1,2}[.-]\d{1,2}[.-]\d{4}$",
    "blade": rf"(?i)^\d{{4}}-({_MONTH})-\d{{1,2}}( {_TIME})?$",
    "ordinal": rf"(?i)^\d{{1,2}}(st|nd|rd|th)( of)? ({_MONTH}),? \d{{4}}$",
    "iso basic": r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$",
    "serial": r"^[2-5]\d{4}(\.\d+)?$",
}
"""Shape of each accepted format, in order of preference."""

_PLAIN = ("iso", "dmy", "d-mon-y")
_SENTINEL_TEXT = r"^(0{1,2}[/.-]0{1,2}[/.-](0{4}|0{2}|1900)|0{4}-0{2}-0{2}|00/01/1900)( .*)?$"
_SENTINELS = np.array(
    [
        "1900-01-01",
        "1899-12-30",
        "1899-12-31",
        "1753-01-01",
        "9999-12-31",
        "1901-01-01",
        "0001-01-01",
        "2999-12-31",
        "9999-01-01",
    ],
    "datetime64[D]",
).astype(np.int64)
_SHAPED = re.compile(r"\d{1,4}[/.-]\d{1,4}[/.-]\d{1,4}|\d{4}|^\d+$", re.IGNORECASE)
_NOT_KNOWN = re.compile(
    r"^\W*(w/?[ce]\b|week (commencing|ending)|n/?k|n/?a|tbc|tba|unknown|unk|not known|none|null|nil|nan|nat|pending|awaited|awaiting|\.|\?|-)",
    re.IGNORECASE,
)


@dataclass
class Dates:
    """One date column. ``days`` per distinct value (`BLANK` = none); masks per distinct value; what was noted about the column."""

    days: np.ndarray
    bad: np.ndarray  # no date, or one of another format than the column's
    missing: np.ndarray  # text that says "not known"
    sentinel: np.ndarray  # a default such as 01/01/1900
    minority_serial: np.ndarray
    format: str = ""
    notes: list[tuple[str, int]] = field(default_factory=list)
    us: bool = False
    ambiguous: bool = False


def read(
    column: Column,
    extract_day: int,
    *,
    future: bool = False,
    date1904: bool = False,
    declared: tuple[str, ...] = (),
) -> Dates:
    """The days of one column.

    ``future``: two-digit years may lie after the extract. A column all of whose dates are valid as month/day while some
    are not as day/month is marked ``us``. Source: CONTRACT section 6; bad_inputs B41-B51.
    """
    import pyarrow.compute as pc

    values = column.values
    n = len(values)
    blank = _mask(pc.equal(values, "")) if n else np.zeros(0, bool)
    counts = np.bincount(column.codes, minlength=n) if n else np.zeros(0, np.int64)
    out = Dates(
        np.full(n, BLANK, np.int32),
        np.zeros(n, bool),
        np.zeros(n, bool),
        np.zeros(n, bool),
        np.zeros(n, bool),
    )
    left = ~blank
    shape = np.full(n, -1, np.int8)
    for i, (name, pattern) in enumerate(FORMATS.items()):
        if not left.any():
            break
        hit = left & _mask(pc.match_substring_regex(values, pattern))
        if name == "serial" and column.kinds is not None:
            hit &= column.kinds == NUMBER
        shape[hit] = i
        left &= ~hit
    names = list(FORMATS)
    if column.kinds is not None:
        real = column.kinds == DAY
        if real.any():
            shape[real] = names.index("serial")
    zero = left & _mask(pc.match_substring_regex(values, _SENTINEL_TEXT)) if left.any() else left
    zero |= (
        (shape >= 0) & _mask(pc.match_substring_regex(values, _SENTINEL_TEXT))
        if n and (shape == names.index("dmy")).any()
        else zero
    )
    out.sentinel |= zero
    shape[zero] = -1
    left &= ~zero
    weight = np.bincount(shape[shape >= 0], weights=counts[shape >= 0], minlength=len(names))
    if weight.any():
        parsed = {
            int(k): _days(names[k], values, shape == k, column, extract_day, future, date1904)
            for k in np.flatnonzero(weight)
        }
        for k, days in parsed.items():
            out.days[shape == k] = days[shape == k]
        out.sentinel |= (shape >= 0) & (out.days != BLANK) & np.isin(out.days, _SENTINELS)
        judged = np.where(out.sentinel, 0, counts)
        weight = np.bincount(shape[shape >= 0], weights=judged[shape >= 0], minlength=len(names))
        main = int(np.argmax(weight))
        out.format = names[main]
        allowed = {main, *(names.index(d) for d in declared if d in names)}
        other = (shape >= 0) & ~np.isin(shape, list(allowed)) & ~out.sentinel
        out.minority_serial = other & (shape == names.index("serial"))
        out.bad |= other | ((shape >= 0) & (out.days == BLANK) & ~out.sentinel)
        _judge_us(out, names, shape, values, counts)
        _note(out, names[main], int(weight[main]), column, counts)
    for at in np.flatnonzero(left):
        text = values[int(at)].as_py()
        if _NOT_KNOWN.match(text) or not _SHAPED.search(text):
            out.missing[at] = True
        else:
            out.bad[at] = True
    out.days[out.bad | out.missing | out.sentinel] = BLANK
    return out


def _mask(array: Any) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False).astype(bool)


def _days(
    name: str,
    values: Any,
    mask: np.ndarray,
    column: Column,
    extract_day: int,
    future: bool,
    date1904: bool,
) -> np.ndarray:
    """Day numbers of the distinct values of one format; `BLANK` where there is no such day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    out = np.full(len(values), BLANK, np.int32)
    texts = values.filter(pa.array(mask)) if not mask.all() else values
    if name == "serial":
        out[mask] = _serials(
            texts, column.kinds[mask] if column.kinds is not None else None, date1904
        )
        return out
    if name == "iso zone":
        out[mask] = _london(texts)
        return out
    if name in ("iso", "iso time"):
        parts = pc.extract_regex(texts, r"^(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})")
    elif name in ("dmy", "dmy time", "d.m.y", "d/m/yy"):
        parts = pc.extract_regex(texts, r"^(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{2,4})")
    elif name == "iso basic":
        parts = pc.extract_regex(texts, r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")
    elif name == "blade":
        parts = pc.extract_regex(texts, r"^(?P<y>\d{4})-(?P<m>[A-Za-z]+)-(?P<d>\d{1,2})")
    else:
        parts = pc.extract_regex(
            texts, r"^(?P<d>\d{1,2})\D*[ -](?P<m>[A-Za-z]+),?[ -](?P<y>\d{2,4})"
        )
    month = parts.field("m")
    m = (
        np.array([_MONTHS[t.lower()] for t in month.to_pylist()], np.int64)
        if name in ("blade", "d-mon-y", "ordinal")
        else _whole(month)
    )
    y, d = _whole(parts.field("y")), _whole(parts.field("d"))
    short = y < 100 if name in ("d/m/yy", "d-mon-y") else np.zeros(len(y), bool)
    if short.any():
        y = np.where(short, y + 2000, y)
    made = _day_number(y, m, d)
    if short.any():
        limit = extract_day + 3653 if future else extract_day
        made = np.where(short & (made > limit), _day_number(y - 100, m, d), made)
    out[mask] = made
    return out


def _whole(texts: Any) -> np.ndarray:
    import pyarrow as pa

    return texts.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)


def _day_number(y: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01, `BLANK` where the calendar has no such day."""
    fine = (m >= 1) & (m <= 12) & (d >= 1) & (y >= 1)
    months = (np.where(fine, y, 1970) - 1970) * 12 + np.where(fine, m, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    last = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    day = first + d - 1
    return np.where(fine & (day < last), day, BLANK)


def _serials(texts: Any, kinds: np.ndarray | None, date1904: bool) -> np.ndarray:
    """Excel's days: 45292 = 2024-01-01 (1904 workbooks: 1,462 more); real date cells come as ISO text."""
    out = np.full(len(texts), BLANK, np.int64)
    base = -25569 + (1462 if date1904 else 0)
    for at, text in enumerate(texts.to_pylist()):
        if kinds is not None and kinds[at] == DAY:
            out[at] = int(np.datetime64(text, "D").astype(np.int64))
        else:
            out[at] = int(float(text)) + base
    return out


def _london(texts: Any) -> np.ndarray:
    """The local day in London of times with a zone: 23:30Z in summer is the next day."""
    import pandas as pd

    plain = [
        re.sub(r" ?Z$", "+00:00", re.sub(r"([+-]\d{2}):?(\d{2})$", r"\1:\2", t)).replace(" +", "+")
        for t in texts.to_pylist()
    ]
    times = (
        pd.to_datetime(pd.Series(plain, dtype="str"), utc=True, format="ISO8601", errors="coerce")
        .dt.tz_convert("Europe/London")
        .dt.tz_localize(None)
    )
    days = times.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), BLANK, days.astype(np.int64))


def _judge_us(
    out: Dates, names: list[str], shape: np.ndarray, values: Any, counts: np.ndarray
) -> None:
    """Marks a day/month column that can only be month/day, or that could be either."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if out.format not in ("dmy", "dmy time", "d/m/yy", "d.m.y"):
        return
    mask = (shape == names.index(out.format)) & ~out.sentinel
    parts = pc.extract_regex(
        values.filter(pa.array(mask)), r"^(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<y>\d{2,4})"
    )
    a, b, y = (_whole(parts.field(f)) for f in "aby")
    y = np.where(y < 100, y + 2000, y)
    as_us = _day_number(y, a, b) != BLANK
    as_uk = _day_number(y, b, a) != BLANK
    out.us = bool(len(a)) and bool(as_us.all()) and not bool(as_uk.all())
    out.ambiguous = (
        bool(as_us.all())
        and bool(as_uk.all())
        and int(counts[mask][a != b].sum()) >= 3
        and int((a != b).sum()) >= 3
    )


def _note(out: Dates, name: str, n: int, column: Column, counts: np.ndarray) -> None:
    if name == "serial":
        plain = (
            n
            if column.kinds is None
            else int(counts[(column.kinds == NUMBER) & (out.days != BLANK)].sum())
        )
        if plain:
            out.notes.append(("N-SERIAL", plain))
    elif name == "d/m/yy":
        out.notes.append(("N-YY", n))
    elif name == "iso zone":
        out.notes.append(("N-TZ", n))
    elif name not in _PLAIN:
        out.notes.append(("N-DATE", n))
