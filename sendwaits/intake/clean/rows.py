"""The rows of one table while the rules look at them: texts, days, and what each rule said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from sendwaits.intake import identity
from sendwaits.intake.clean import dates
from sendwaits.intake.extracts.table import Column, Finding, Text
from sendwaits.pathways import Pathway

__all__ = ["Rows", "Rule", "Hits", "mask", "blank_words", "DATE_KINDS"]

DATE_KINDS = ("date", "future", "birth")
Hits = Iterator[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Rule:
    """Sets rows aside: its code, why in words, what to do, and a function that yields (column, rows)."""

    code: str
    reason: str
    what_to_do: str
    find: Callable[[Rows], Hits]


_NO_VALUE = (
    "NULL Null null (null) (NULL) <null> <NULL> [NULL] N/A n/a N/a NA <NA> n.a. None NONE none nan NaN NAN NaT nil Nil NIL "
    "- -- \u2013 \u2014 \\N"
).split()
"""Whole cells with which systems and people say that there is no value."""


def blank_words(column: Column) -> None:
    """Empties the cells of a column that say that they are empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(column.values):
        said = pc.is_in(column.values, pa.array(_NO_VALUE))
        if pc.any(said).as_py():
            column.values = pc.if_else(said, "", column.values)


def plain_ids(column: Column) -> None:
    """Takes from ids what a spreadsheet or a data frame puts around them: ="0012", '0012, 12.0 (ten digits: `identity.ids`)."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(column.values, r"^['=]|\.0+$")).as_py():
        return
    for wrapped, bare in (
        (r'^="([^"]*)"$', r"\1"),
        (r"^'", ""),
        (r"^(\d{1,9}|\d{11,})\.0+$", r"\1"),
    ):
        column.values = pc.replace_substring_regex(column.values, wrapped, bare)


def mask(array: Any) -> np.ndarray:
    """An Arrow truth array as NumPy; no answer = no."""
    return array.to_numpy(zero_copy_only=False).astype(bool)


class Rows:
    """One table's rows. ``days[name]``: day number per row (`dates.BLANK` = none); ``dates[name]``: the same per distinct value."""

    def __init__(
        self, text: Text, pathway: Pathway, districts: tuple[str, ...], extract_date: date
    ) -> None:
        self.text, self.pathway, self.districts = text, pathway, districts
        self.extract_day = int(np.datetime64(extract_date, "D").astype(np.int64))
        self.n = len(text.rows)
        for col in {id(c): c for c in text.columns.values()}.values():
            blank_words(col)
        for name in self.of_kind("id"):
            plain_ids(text.columns[name])
        self.dates = {
            name: dates.read(
                col,
                self.extract_day,
                future=pathway.columns[name] == "future",
                date1904=text.date1904,
                declared=pathway.dates.get(name, ""),
            )
            for name, col in text.columns.items()
            if pathway.columns[name] in DATE_KINDS
        }
        self.days = {name: read.days[text.columns[name].codes] for name, read in self.dates.items()}
        self.notes: list[Finding] = []

    def column(self, name: str) -> Column:
        return self.text.columns[name]

    @cached_property
    def ids(self) -> identity.Ids:
        """What the distinct child ids are."""
        return identity.ids(self.column("child_id").values)

    @cached_property
    def no_child(self) -> np.ndarray:
        """Rows without a child's id: an empty cell, or what stands there when it is not known; ten equal digits are no number."""
        col = self.column("child_id")
        unknown = self.ids.nobody | self.ids.repdigit
        unknown |= identity.wordlike(col.values, np.bincount(col.codes, minlength=len(col.values)))
        return col.where(unknown)

    @property
    def start(self) -> np.ndarray:
        """Day of each record's clock start."""
        return self.days[self.pathway.start]

    def of_kind(self, *kinds: str) -> list[str]:
        """Columns of the file that are of one of these kinds, in the pathway's order."""
        return [
            name
            for name, kind in self.pathway.columns.items()
            if kind in kinds and name in self.text.columns
        ]

    def any_date(self, name: str) -> np.ndarray:
        return self.days[name] != dates.BLANK

    def blank(self, name: str) -> np.ndarray:
        """Rows whose cell is empty."""
        import pyarrow.compute as pc

        col = self.column(name)
        return col.where(mask(pc.equal(col.values, "")))

    def note(self, code: str, severity: str, n: int, message: str, what_to_do: str) -> None:
        """Keeps a finding that sets no row aside; nothing for n = 0."""
        if n:
            self.notes.append(Finding(code, severity, self.text.file, int(n), message, what_to_do))

    def values_matching(self, pattern: str, names: list[str] | None = None) -> Hits:
        """Rows whose cell in a column matches; columns without a match are left out."""
        import pyarrow.compute as pc

        for name in names if names is not None else list(self.text.columns):
            col = self.column(name)
            found = (
                mask(pc.match_substring_regex(col.values, pattern))
                if len(col.values)
                else np.zeros(0, bool)
            )
            if found.any():
                yield name, col.where(found)
