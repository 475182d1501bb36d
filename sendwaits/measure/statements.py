"""Statements: sentences of an earlier update with the number in them, from a file, and the figures that they need."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sendwaits.errors import Refused
from sendwaits.measure import said
from sendwaits.strict import decode, read_toml
from sendwaits.workspace import SaidThen

__all__ = ["from_file", "wanted"]


def from_file(path: Path) -> list[SaidThen]:
    """The statements of a toml file (``[[statements]]``) or of a csv whose headings are the keys of one.

    Raises `Refused` naming file, entry and key.
    """
    if path.suffix.lower() == ".csv":
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise Refused(f"{path.name}: cannot be read. Save it as CSV in UTF-8.") from None
        rows = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
        tables: list[Any] = [{k: v.strip() for k, v in row.items() if k} for row in rows]
    else:
        tables = read_toml(path)[0].get("statements", [])
    return [decode(SaidThen, t, path.name, f"statement {at}") for at, t in enumerate(tables, 1)]


def wanted(statements: Iterable[SaidThen], as_at: date) -> list[dict[str, Any]]:
    """Which exact figures the statements need: the arguments of one call of ``figures`` each.

    Months back to the earliest period that is named, whole years, and single days that end no month.
    """
    calls: dict[tuple[str, str], date] = {}
    days: set[tuple[date, str, str]] = set()
    for statement in statements:
        of = statement.pathway, statement.group.partition("=")[0]
        for text in (statement.now, statement.base) if statement.pathway else ():
            try:
                first, last = said.period(text)
            except Refused:
                continue
            if last <= as_at:
                calls[of] = min(first, calls.get(of, first))
                if (last + timedelta(days=1)).day > 1 and last != as_at:
                    days.add((last, *of))
    found: list[dict[str, Any]] = []
    for (pathway, group), first in sorted(calls.items()):
        common = {"as_at": as_at, "pathway": pathway, "group": group}
        months = 12 * (as_at.year - first.year) + as_at.month - first.month + 1
        found += [{**common, "months": months}, {**common, "period": "year"}]
    for day, pathway, group in sorted(days):
        found.append({"as_at": day, "pathway": pathway, "group": group, "months": 1})
    return found
