"""Small tables of counts without children, long (a count a row) or wide (a count a column): series and bands read them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.clean import QUARANTINE_COLUMNS
from sendwaits.intake.clean.rows import blank_words
from sendwaits.intake.extracts.csv_text import read as read_csv

if TYPE_CHECKING:
    from sendwaits.intake.extracts.table import Text
    from sendwaits.pathways import Pathway

__all__ = ["WIDE_FROM", "frame", "quarantine", "read"]

WIDE_FROM = 3
"""Months or bands in one row of headings from which a file has one of them a column."""


def read(
    data: bytes, file: str, long: Pathway, wide: Callable[[bytes, str], Pathway]
) -> tuple[Text, Pathway]:
    """The file as text and the columns it was read with: those of ``long``, or where they are missing those that ``wide`` finds.

    Raises `Refused` as the reader of extracts does, and what ``wide`` raises for a file that is neither.
    """
    try:
        return read_csv(data, file, long), long
    except Refused as error:
        if error.code not in ("F-COLMISSING", "F-COLRENAMED", "F-HEADER"):
            raise
        columns = wide(data, file)
        return read_csv(data, file, columns), columns


def frame(text: Text, optional: Iterable[str]) -> pd.DataFrame:
    """One row a line: the columns as text, words for "none" blank, and ``row``, where it stands; ``optional`` ones are always there."""
    table = pd.DataFrame({"row": text.rows})
    for name, column in text.columns.items():
        blank_words(column)
        table[name] = np.array(column.values.to_pylist(), object)[column.codes]
    for name in optional:
        table[name] = table.get(name, "")
    return table


def quarantine(file: str, text: Text, aside: Iterable[tuple[int, str, str, str]]) -> pd.DataFrame:
    """The rows set aside, in the order of the file: ``aside`` (row, column, code, reason) and those that the reader broke off."""
    broken = [(b.row, b.column, b.code, b.reason) for b in text.broken]
    lines = [(file, "", *line) for line in sorted([*broken, *aside])]
    return pd.DataFrame(lines, columns=list(QUARANTINE_COLUMNS))
