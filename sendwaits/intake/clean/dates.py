"""Texts -> days, by explicit formats only: one format a column, never guessed value by value.

Every distinct text of a column is classed by its shape; the shape most rows have is the column's format, the others are
set aside. Day and month are never swapped. A time of day is read and left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sendwaits.intake.extracts.table import DAY, NUMBER, Column

__all__ = ["Dates", "read", "day_number", "whole", "BLANK", "FORMATS", "SLASHED"]

BLANK = np.iinfo(np.int32).min
"""Day number of a cell without a date."""

_MONTHS = {
    name: i
    for i, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|"
        "sep sept september|oct october|nov november|dec december".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CLOCK = r"\d{1,2}[:.]\d{2}([:.]\d{2}([.,:]\d{1,9})?)?( ?[AaPp]\.?[Mm]\.?)?"
_TIME = rf"([ T:,]+{_CLOCK})?"
_WEEKDAY = r"((mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?,? +)?"
_ORDINAL = r"(st|nd|rd|th)?"
FORMATS: dict[str, str] = {
    "iso": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}{_TIME}$",
    "dmy": rf"^\d{{1,2}}/\d{{1,2}}/\d{{4}}{_TIME}$",
    "d-mon-y": rf"(?i)^(\d{{1,2}}[-./]?({_MONTH})[-./]?(\d{{4}}|\d{{2}}){_TIME}|"
    rf"{_WEEKDAY}\d{{1,2}}{_ORDINAL}( of)? *({_MONTH}),? +(\d{{4}}|\d{{2}}))$",
    "iso zone": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[ T]{_CLOCK} ?(Z|[+-]\d{{2}}:?\d{{2}})$",
    "d/m/yy": rf"^\d{{1,2}}([/.-])\d{{1,2}}[/.-]\d{{2}}{_TIME}$",
    "d.m.y": rf"^\d{{1,2}}[.-]\d{{1,2}}[.-]\d{{4}}{_TIME}$",
    "blade": rf"(?i)^\d{{4}}[- /]({_MONTH})[- /]\d{{1,2}}{_TIME}$",
    "y/m/d": rf"^\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}{_TIME}$",
    "mon-d-y": rf"(?i)^{_WEEKDAY}({_MONTH})[ .-]*\d{{1,2}}{_ORDINAL},?[ -]+\d{{4}}{_TIME}$",
    "java": rf"(?i)^[a-z]{{3}} ({_MONTH}) +\d{{1,2}} {_CLOCK} ([a-z]{{3,5}} )?\d{{4}}$",
    "iso basic": r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([T ]?\d{4}(\d{2})?)?$",
    "serial": r"^[2-5]\d{4}(\.\d+)?$",
}
"""Shape of each accepted format, in order of preference. A day, month name and year apart by spaces and followed by a time is
read once it is declared."""

SLASHED = ("dmy", "d/m/yy", "d.m.y")
"""Formats in which day and month are both numbers and the day comes first."""
_NAMED = ("d-mon-y", "blade", "mon-d-y", "java")
_DAY_MONTH = r"^(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4}|\d{2})"
_YEAR_FIRST = r"^(?P<y>\d{4})[-/.]?(?P<m>\d{1,2})[-/.]?(?P<d>\d{1,2})"
_PARTS = {
    **dict.fromkeys(SLASHED, _DAY_MONTH),
    **dict.fromkeys(("iso", "y/m/d", "iso basic"), _YEAR_FIRST),
    "d-mon-y": r"(?i)^(?:[a-z]+,? +)?(?P<d>\d{1,2})(?:st|nd|rd|th)?(?: of)?[- ./]*(?P<m>[a-z]+)[- ./,]*(?P<y>\d{4}|\d{2})",
    "mon-d-y": r"(?i)^(?:[a-z]+,? +)?(?P<m>[a-z]+)[ .-]*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[ -]+(?P<y>\d{4})",
    "java": r"(?i)^[a-z]+ (?P<m>[a-z]+) +(?P<d>\d{1,2}) .*?(?P<y>\d{4})$",
    "blade": r"(?i)^(?P<y>\d{4})[- /](?P<m>[a-z]+)[- /](?P<d>\d{1,2})",
}
_PLAIN = rf"(?i)^(\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}/\d{{1,2}}/\d{{4}}|\d{{1,2}}[- ]({_MONTH})[- ](\d{{4}}|\d{{2}}))$"
_SENTINEL_TEXT = r"^(0{1,2}[/.-]0{1,2}[/.-](0{4}|0{2}|1900)|0{4}-0{2}-0{2}|00/01/1900)( .*)?$"
_SENTINELS = np.array(
    "1900-01-01 1899-12-30 1899-12-31 1753-01-01 9999-12-31 1901-01-01 0001-01-01 2999-12-31 9999-01-01".split(),
    "datetime64[D]",
).astype(np.int64)
_NOT_KNOWN = re.compile(
    r"^\W*(w/?[ce]\b|week (commencing|ending)|n/?k|n/?a|tb[acd]|unknown|unk|none|null|nil|nan|nat|pending|await|waiting|ongoing|"
    r"open|still|current|active|not\b|no\b|to be|blank|missing|in progress|\.|\?|-)",
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
    shape: np.ndarray  # number of the format in FORMATS, -1 none
    format: str = ""
    notes: list[tuple[str, int]] = field(default_factory=list)
    parsed: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int32)
    )  # days of bad ones, too

    @property
    def unread(self) -> bool:
        """Whether cells are filled and none of them is a date."""
        return bool(self.bad.any()) and not (self.days != BLANK).any() and not self.sentinel.any()


def read(
    column: Column,
    extract_day: int,
    *,
    future: bool = False,
    date1904: bool = False,
    declared: str = "",
) -> Dates:
    """The days of one column.

    ``future``: two-digit years may lie after the extract. ``declared``: the one format of the column, as in strptime.
    Source: CONTRACT section 6; bad_inputs B41-B51.
    """
    import pyarrow.compute as pc

    values = column.values
    n = len(values)
    none = np.zeros(n, bool)
    out = Dates(
        np.full(n, BLANK, np.int32),
        bad=none.copy(),
        missing=none.copy(),
        sentinel=none.copy(),
        minority_serial=none.copy(),
        shape=np.full(n, -1, np.int8),
    )
    if not n:
        return out
    counts = np.bincount(column.codes, minlength=n)
    left = _shapes(column, ~_mask(pc.equal(values, "")), out)
    if declared:
        filled = left | (out.shape >= 0)
        out.shape[(out.shape >= 0) & ~_real(column)] = -1
        left = filled & ~_real(column)
        out.days[left] = _declared(values, left, declared)
        left &= out.days == BLANK
    _settle_format(out, column, counts, extract_day, future, date1904)
    for at in np.flatnonzero(left):
        known = _NOT_KNOWN.match(values[int(at)].as_py())
        (out.missing if known else out.bad)[at] = True
    out.parsed = out.days.copy()
    out.days[out.bad | out.missing | out.sentinel] = BLANK
    return out


def _mask(array: Any) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False).astype(bool)


def _real(column: Column) -> np.ndarray:
    """Cells of a workbook that are dates by themselves."""
    if column.kinds is None:
        return np.zeros(len(column.values), bool)
    return column.kinds == DAY


def _shapes(column: Column, left: np.ndarray, out: Dates) -> np.ndarray:
    """Classes the filled values by shape and marks defaults; the values of no known shape."""
    import pyarrow.compute as pc

    values = column.values
    serial = list(FORMATS).index("serial")
    out.shape[_real(column) & left] = serial
    left = left & (out.shape < 0)
    for i, (name, pattern) in enumerate(FORMATS.items()):
        if not left.any():
            break
        hit = left & _mask(pc.match_substring_regex(values, pattern))
        if name == "serial" and column.kinds is not None:
            hit &= column.kinds == NUMBER
        out.shape[hit] = i
        left &= ~hit
    if left.any() or np.isin(out.shape, [list(FORMATS).index(n) for n in ("iso", *SLASHED)]).any():
        out.sentinel |= _mask(pc.match_substring_regex(values, _SENTINEL_TEXT))
        out.shape[out.sentinel] = -1
    return left & ~out.sentinel


def _settle_format(
    out: Dates,
    column: Column,
    counts: np.ndarray,
    extract_day: int,
    future: bool,
    date1904: bool,
) -> None:
    """The days of every shape; the shape of most rows is the column's, values of another are bad."""
    names, shaped = list(FORMATS), out.shape >= 0
    if not shaped.any():
        return
    for k in np.unique(out.shape[shaped]):
        mask = out.shape == k
        out.days[mask] = _days(names[k], column, mask, extract_day, future, date1904)
    out.sentinel |= shaped & (out.days != BLANK) & np.isin(out.days, _SENTINELS)
    judged = np.where(out.sentinel, 0, counts)[shaped]
    weight = np.bincount(out.shape[shaped], weights=judged, minlength=len(names))
    main = int(np.argmax(weight))
    out.format = names[main]
    other = shaped & (out.shape != main) & ~out.sentinel
    out.minority_serial = other & (out.shape == names.index("serial"))
    out.bad |= other | (shaped & (out.days == BLANK) & ~out.sentinel)
    _note(out, int(weight[main]), column, counts)


def _days(
    name: str, column: Column, mask: np.ndarray, extract_day: int, future: bool, date1904: bool
) -> np.ndarray:
    """Day numbers of the distinct values of one format; `BLANK` where there is no such day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.values.filter(pa.array(mask)) if not mask.all() else column.values
    if name == "serial":
        return _serials(texts, None if column.kinds is None else column.kinds[mask], date1904)
    if name == "iso zone":
        return _london(texts)
    parts = pc.extract_regex(texts, _PARTS[name])
    y, d = whole(parts.field("y")), whole(parts.field("d"))
    if name in _NAMED:
        m = np.array([_MONTHS[t.lower()] for t in parts.field("m").to_pylist()], np.int64)
    else:
        m = whole(parts.field("m"))
    short = y < 100 if name in ("d/m/yy", "d-mon-y") else np.zeros(len(y), bool)
    made = day_number(np.where(short, y + 2000, y), m, d)
    if short.any():
        limit = extract_day + 3653 if future else extract_day
        made = np.where(short & (made > limit), day_number(y + 1900, m, d), made)
    return made


def whole(texts: Any) -> np.ndarray:
    """Texts of digits as whole numbers."""
    import pyarrow as pa

    return texts.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)


def day_number(y: np.ndarray, m: np.ndarray, d: np.ndarray) -> np.ndarray:
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
    """The local day in London of times with a zone: 23:30Z in summer is the next day. Midnights of an offset are days as written."""
    import pandas as pd
    import pyarrow.compute as pc

    midnight = r"[ T]00?[:.]00([:.]00([.,]0+)?)? ?[+-]\d{2}:?\d{2}$"
    if len(texts) and pc.all(pc.match_substring_regex(texts, midnight)).as_py():
        parts = pc.extract_regex(texts, _PARTS["iso"])
        return day_number(*(whole(parts.field(f)) for f in "ymd"))
    plain = [
        re.sub(r" ?Z$", "+00:00", re.sub(r"([+-]\d{2}):?(\d{2})$", r"\1:\2", t)).replace(" +", "+")
        for t in texts.to_pylist()
    ]
    times = pd.to_datetime(
        pd.Series(plain, dtype="str"), utc=True, format="ISO8601", errors="coerce"
    )
    days = (
        times.dt.tz_convert("Europe/London").dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    )
    return np.where(np.isnat(days), BLANK, days.astype(np.int64))


def _declared(values: Any, mask: np.ndarray, form: str) -> np.ndarray:
    """Day numbers by the format that the workspace declares."""
    import pandas as pd
    import pyarrow as pa

    texts = pd.Series(values.filter(pa.array(mask)).to_pylist(), dtype="str")
    days = pd.to_datetime(texts, format=form, errors="coerce").to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), BLANK, days.astype(np.int64))


def _note(out: Dates, n: int, column: Column, counts: np.ndarray) -> None:
    import pyarrow.compute as pc

    if out.format == "serial":
        plain = n
        if column.kinds is not None:
            plain = int(counts[(column.kinds == NUMBER) & (out.days != BLANK)].sum())
        if plain:
            out.notes.append(("N-SERIAL", plain))
    elif out.format in ("d/m/yy", "iso zone"):
        out.notes.append(("N-YY" if out.format == "d/m/yy" else "N-TZ", n))
    else:
        shown = (out.shape == list(FORMATS).index(out.format)) & ~out.sentinel
        odd = int(counts[shown & ~_mask(pc.match_substring_regex(column.values, _PLAIN))].sum())
        if odd:
            out.notes.append(("N-DATE", odd))
