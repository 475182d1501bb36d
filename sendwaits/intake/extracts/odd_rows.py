"""Rows that are no records: totals, footers, the header again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sendwaits.intake.extracts.headings import tidy

__all__ = ["not_a_record", "TOTAL", "FOOTER"]

TOTAL = r"(?i)^\W*(grand\s*|sub\s*-?\s*|overall\s*)?totals?\b|^\W*n\s*=|^\W*sum\b|^\W*count\s*[:=]"
FOOTER = r"(?i)\bend of\b|^\W*(report|notes?|source|printed|generated|produced|exported|run (on|by|date)|page|disclaimer|confidential|official|footnotes?|records?\b.*\bfound|\d+ rows?\b|\(?c\)|©|\*)"


def not_a_record(cells: Sequence[str], header: Sequence[str]) -> tuple[str, str] | None:
    """Whether a row of odd length or with an odd first cell is a total, a footer or a repeated header: its code and why."""
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return None
    if re.search(TOTAL, filled[0]):
        return "Q-TOTAL", "a total row, not a record"
    keys = [tidy(c) for c in cells]
    same = sum(k != "" and k == tidy(h) for k, h in zip(keys, header, strict=False))
    if same >= 2 and same >= 0.6 * len(filled):
        return "Q-HEADERROW", "the header again, not a record"
    if len(filled) <= 2 and (
        re.search(FOOTER, filled[0])
        or (len(filled) == 1 and " " in filled[0] and not any(ch.isdigit() for ch in filled[0]))
    ):
        return "Q-FOOTER", "a footer, not a record"
    return None
