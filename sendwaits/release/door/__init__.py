"""The release door: the only way out of exact figures. Closed by default; see docs/releasing.md."""

from __future__ import annotations

from sendwaits.release.door import register
from sendwaits.release.door.audit import Finding, audit
from sendwaits.release.door.besides import (
    forecast,
    quality_counts,
    refuse_parts,
    rounded_rows,
    windows,
)
from sendwaits.release.door.candidates import candidates, kth_longest, quarters
from sendwaits.release.door.equity import equity
from sendwaits.release.door.opening import release
from sendwaits.release.door.released import PLAN_COLUMNS, Released, dated, together
from sendwaits.release.door.themes import themes

__all__ = [
    "PLAN_COLUMNS",
    "Finding",
    "Released",
    "audit",
    "candidates",
    "dated",
    "equity",
    "forecast",
    "kth_longest",
    "quality_counts",
    "quarters",
    "refuse_parts",
    "register",
    "release",
    "rounded_rows",
    "themes",
    "together",
    "windows",
]
