"""The release door: the only way out of exact figures. Closed by default; see docs/releasing.md."""

from __future__ import annotations

from sendwaits.release.door import register
from sendwaits.release.door.audit import Finding, audit
from sendwaits.release.door.candidates import candidates, kth_longest, quarters
from sendwaits.release.door.opening import release
from sendwaits.release.door.released import PLAN_COLUMNS, Released, together

__all__ = [
    "Finding",
    "audit",
    "register",
    "PLAN_COLUMNS",
    "Released",
    "candidates",
    "kth_longest",
    "quarters",
    "release",
    "together",
]
