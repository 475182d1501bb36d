"""The only door through which tables leave: what is hidden, and the proof that it stays hidden."""

from __future__ import annotations

from sendwaits.release.disclosure.audit import Finding, audit
from sendwaits.release.disclosure.rules import Released, release

__all__ = ["release", "Released", "audit", "Finding"]
