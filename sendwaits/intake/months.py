"""A month as people and spreadsheets write it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

__all__ = ["month_of"]

_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WORD = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<y>\d{4})[-/. ]?M?(?P<m>\d{2})",
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})([ T]0{1,2}:00(:00(\.0+)?)?)?",
        r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})( 0{1,2}:00(:00)?)?",
        r"(?P<m>\d{1,2})[-/](?P<y>\d{4})",
        rf"{_WORD}\.?[-' /]*(?P<y>\d{{4}}|\d{{2}})",
        rf"(?P<y>\d{{4}})[- ]{_WORD}",
        rf"(?P<d>\d{{1,2}})(st|nd|rd|th)?[- ]{_WORD}[- ,]*(?P<y>\d{{4}}|\d{{2}})",
        r"(?P<serial>[2-5]\d{4})",
    )
]


@lru_cache(maxsize=4096)
def month_of(text: str) -> str:
    """The month as YYYY-MM, "" when the text is none; a day must be the first or the last of its month.

    ``2025-04``, ``202504``, ``2025/04``, ``04/2025``, ``Apr-25``, ``April 2025``, ``2025 Apr``, ``2025-04-01``, ``30/04/2025``,
    ``1 April 2025``, Excel's day number. ``25-Apr`` may be a day of April: it is no month.
    """
    found = next((m for form in _FORMS if (m := form.fullmatch(text.strip()))), None)
    if found is None:
        return ""
    part = found.groupdict()
    if part.get("serial"):
        day = date(1899, 12, 30) + timedelta(days=int(part["serial"]))
    else:
        year = int(part["y"]) + (2000 if len(part["y"]) == 2 else 0)
        month = int(part["m"]) if part.get("m") else _NAMES.index(part["name"].lower()) + 1
        try:
            day = date(year, month, int(part.get("d") or 1))
        except ValueError:
            return ""
    ends = (day + timedelta(days=1)).day == 1
    return f"{day:%Y-%m}" if (day.day == 1 or ends) and 1900 <= day.year <= 2100 else ""
