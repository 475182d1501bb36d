"""What `sendwaits compare` prints: a few plain lines, every number one that both sets released."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sendwaits.release.compare_sets import WHY, Comparison, compare_sets
from sendwaits.release.key import SUPPRESSED, UNDEFINED
from sendwaits.release.words import plural

__all__ = ["compare", "lines"]

MOST = 10
"""Changed values named for each reason; the rest are counted, `--format csv` prints them all."""


def compare(before: Path, after: Path) -> Comparison:
    """The comparison of two folders of reports. Raises `Refused` or `Unsafe` as `compare_sets`."""
    return compare_sets(before, after)


def lines(found: Comparison, before: Path, after: Path) -> list[str]:
    """The comparison in words, reasons in the order of `WHY`."""
    told = [
        f"From {before.name} to {after.name}: {len(found.changes):,} of {sum(found.both.values()):,} values that both print are "
        f"other values, {sum(found.new.values()):,} are printed for the first time; "
        f"{len(found.verdicts):,} {plural(len(found.verdicts), 'verdict')} turned."
    ]
    for why, meaning in WHY.items():
        rows = found.changes[found.changes["why"] == why]
        if len(rows):
            told.append(f"{why} ({meaning}): {len(rows):,}")
            told += [f"  {_change(r)}" for r in rows.head(MOST).itertuples()]
            told += [f"  and {len(rows) - MOST:,} more"] if len(rows) > MOST else []
    told += [f"{_series(r)}: {r.what}" for r in found.series.head(MOST).itertuples()]
    told += [
        f"{_series(r)}: was {r.before}, is {r.after} ({r.basis})"
        for r in found.verdicts.itertuples()
    ]
    return told + ([f"Settings: {', '.join(found.settings)}"] if found.settings else [])


def _series(row: Any) -> str:
    return " ".join(p for p in (row.pathway, row.wait, row.measure, row.group) if p)


def _change(row: Any) -> str:
    when = f"{row.period_start} to {row.period_end}" if row.period_start else row.period_end
    was, now = (_shown(row.before, row.form_before), _shown(row.after, row.form_after))
    return f"{_series(row)}, {when}: {was} -> {now} ({row.detail})"


def _shown(value: float, form: str) -> str:
    marks = {"c": SUPPRESSED, "z": UNDEFINED}
    return marks.get(form) or f"{value:,.1f}".removesuffix(".0") + (
        " (rounded)" if form == "rounded" else ""
    )
