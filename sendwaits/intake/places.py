"""Authorities by name: one key for the spellings that published files use.

Names decide. A code alone joins the wrong areas (a published appeals file has Nottinghamshire's old code for Nottingham), and
codes change with every merger and new boundary (E06000060 to 066, E08000038): a name and its rows of both codes are one place.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["place_key", "nearest"]

_TITLES = re.compile(
    r"\b(city|county|royal|london|metropolitan|borough|council|unitary|authority|of|the|and|upon|on)\b"
)


def place_key(name: str) -> str:
    """One key for ``Bristol``, ``Bristol, City of`` and ``City of Bristol Council``; ``St Helens`` and ``St. Helens``; ``&`` and ``and``."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("&", " and ")
    plain = re.sub(r"[^\w\s]", " ", plain.replace("'", "").replace("\u2019", ""))
    words = _TITLES.sub(" ", re.sub(r"\bsaint\b", "st", plain)).split()
    return "".join(words) or "".join(plain.split())


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The known names that are most like one, the likest first."""
    keys = {place_key(k): k for k in known if k}
    return [keys[k] for k in difflib.get_close_matches(place_key(name), list(keys), n, 0.5)]
