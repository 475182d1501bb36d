"""What every kind of extract is read into: columns of distinct texts, row numbers, and the rows that could not be cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "Column",
    "Finding",
    "Broken",
    "Text",
    "TEXT",
    "NUMBER",
    "DAY",
    "coded",
    "SPACES",
    "NEVER",
]

SPACES = " \t\r\u00a0\u2007\u202f\u200b\u3000\ufeff"
"""What is trimmed from a cell; a line feed is not."""

NEVER = 10_000_000
"""Day number that stands for "has not happened"."""

TEXT, NUMBER, DAY = 0, 1, 2
"""Kinds of a workbook's cell: text, a plain number, a real date."""


@dataclass(frozen=True)
class Finding:
    """One rule met in one file: how often, and what to do. Never a value from the data."""

    code: str
    severity: str
    file: str
    n: int
    message: str
    what_to_do: str


@dataclass(frozen=True)
class Broken:
    """A row that is no record: where, and by which rule. ``column`` is empty when the whole row is meant."""

    row: int
    code: str
    reason: str
    column: str = ""
    sheet: str = ""
    file: str = ""


@dataclass
class Column:
    """One column: ``values`` the distinct texts (an Arrow string array, trimmed), ``codes`` which of them each row holds.

    ``kinds`` (workbooks): TEXT, NUMBER or DAY for each distinct value.
    """

    codes: np.ndarray
    values: Any
    kinds: np.ndarray | None = None

    def where(self, of_value: np.ndarray) -> np.ndarray:
        """A mask over rows from a mask over distinct values."""
        return of_value[self.codes]


@dataclass
class Text:
    """One table of an extract as text.

    ``columns`` by canonical name, absent ones left out; ``rows`` the line or Excel row a person sees; ``broken`` rows set
    aside already (they count as read); ``blank`` all-blank rows (they do not); ``extra`` headings that no rule reads; ``twins`` those of them that
    mean a column that another heading gives already.
    """

    file: str
    sheet: str
    columns: dict[str, Column]
    rows: np.ndarray
    broken: list[Broken] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    blank: int = 0
    extra: list[str] = field(default_factory=list)
    headings: Mapping[str, str] = field(default_factory=dict)
    twins: Mapping[str, list[str]] = field(default_factory=dict)
    waits: dict[str, tuple[str, Column]] = field(default_factory=dict)
    error_cells: dict[str, list[int]] = field(default_factory=dict)
    date1904: bool = False
    others: dict[str, int] = field(default_factory=dict)

    def counts(self, clean: int, merged: int, quarantine: Any) -> dict[str, dict[str, int]]:
        """By file: rows read, clean, quarantined, merged. ``others``: rows of a SEN2 set's other modules, which only support requests."""
        aside = quarantine["file"].value_counts().to_dict()
        made = {}
        for name in dict.fromkeys([self.file, *self.others]):
            own = name == self.file
            read = (
                self.others.get(name, 0)
                + (len(self.rows) if own else 0)
                + sum((b.file or self.file) == name for b in self.broken)
            )
            made[name] = {
                "read": read,
                "clean": self.others.get(name, 0) + (clean if own else 0),
                "quarantined": int(aside.get(name, 0)),
                "merged": merged if own else 0,
            }
        return made

    @property
    def read(self) -> int:
        """Rows of the file, blank ones apart."""
        return len(self.rows) + len(self.broken)


def coded(cells: Any) -> tuple[np.ndarray, list[Any]]:
    """Codes and distinct cells of one column, in order of first appearance."""
    distinct = list(dict.fromkeys(cells))
    places = dict(zip(distinct, range(len(distinct)), strict=True))
    return np.fromiter(map(places.__getitem__, cells), np.int32, count=len(cells)), distinct
