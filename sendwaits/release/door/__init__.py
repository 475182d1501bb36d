"""The release door: the only way out of exact figures. Closed by default; see docs/releasing.md."""

from __future__ import annotations

from sendwaits.release.door.candidates import candidates, kth_longest, quarters
from sendwaits.release.door.opening import release
from sendwaits.release.door.released import PLAN_COLUMNS, Released, together

__all__ = [
    "PLAN_COLUMNS",
    "Released",
    "candidates",
    "kth_longest",
    "quarters",
    "release",
    "together",
]
