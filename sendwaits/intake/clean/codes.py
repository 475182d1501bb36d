"""Codes, flags, districts and supplied waits: what each distinct text of a column stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sendwaits.intake.clean.rows import Rows
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.table import Column

__all__ = ["Coded", "of_column", "district", "Supplied", "supplied_waits"]

_FLAGS = {
    **dict.fromkeys(("1", "y", "yes", "true", "t", "1.0"), "1"),
    **dict.fromkeys(("0", "n", "no", "false", "f", "0.0"), "0"),
}


@dataclass(frozen=True)
class Coded:
    """``texts``: the canonical text of each distinct value; ``unknown``: values no code stands for; ``tidied``: read without case or spaces."""

    texts: list[str]
    unknown: np.ndarray
    tidied: np.ndarray


def of_column(rows: Rows, name: str) -> Coded:
    """A code column by its pathway's table (the code, or its meaning in words), a flag column as 0 or 1."""
    known = {k: k for k in _FLAGS.values()}
    if rows.pathway.columns[name] == "flag":
        meant = _FLAGS
    else:
        codes = rows.pathway.codes.get(name, {})
        known = {code: code for code in codes}
        meant = {
            **{tidy(word): code for code, word in codes.items()},
            **{tidy(code): code for code in codes},
            **{tidy(w): code for w, code in rows.pathway.words.items() if code in codes},
        }
    values = rows.column(name).values.to_pylist()
    if not meant:  # a code column of the user's own without a table of codes: words as they are
        return Coded(values, np.zeros(len(values), bool), np.zeros(len(values), bool))
    texts, unknown, tidied = [], np.zeros(len(values), bool), np.zeros(len(values), bool)
    for at, value in enumerate(values):
        text = (
            known.get(value)
            or meant.get(value.casefold())
            or meant.get(tidy(value))
            or meant.get(value.removesuffix(".0"))
        )
        unknown[at] = text is None and value != ""
        tidied[at] = text is not None and text != value
        texts.append(text or "")
    return Coded(texts, unknown, tidied)


def district(rows: Rows) -> Coded:
    """The district of each distinct value by ``[area] districts``, case- and space-blind; others are ``unknown``."""
    known = {tidy(d): d for d in rows.districts}
    values = rows.column("district").values.to_pylist()
    texts = [known.get(tidy(v), "unknown") if v else "" for v in values]
    return Coded(
        texts,
        np.array(
            [t == "unknown" and tidy(v) != "unknown" for t, v in zip(texts, values, strict=True)],
            bool,
        ),
        np.array([t not in ("unknown", v) for t, v in zip(texts, values, strict=True)], bool),
    )


@dataclass(frozen=True)
class Supplied:
    """A wait that the supplier computed: days per distinct value (NaN = none), and values whose unit cannot be known."""

    column: Column
    days: np.ndarray
    no_unit: np.ndarray


_DAYS = {"week": 7.0, "wk": 7.0, "day": 1.0}
_WAIT = re.compile(r"^(-?[\d,]+(?:\.\d+)?)\s*([A-Za-z]*)\.?$")


def supplied_waits(rows: Rows) -> Iterator[tuple[str, Supplied]]:
    """The supplier's own waits, by heading. Weeks and days are read; months are not a number of days and never guessed."""
    for heading, (unit, column) in rows.text.waits.items():
        values = column.values.to_pylist()
        parts = [_WAIT.match(v) for v in values]
        units = [_unit(m) for m in parts]
        named = any(u for u in units)
        days, no_unit = np.full(len(values), np.nan), np.zeros(len(values), bool)
        for at, (value, match, own) in enumerate(zip(values, parts, units, strict=True)):
            if not value:
                continue
            per = _DAYS.get(own or unit)
            if (
                match is None
                or (own and per is None)
                or (per is None and (named or unit == "month"))
            ):
                no_unit[at] = match is None or named
            elif per is not None:
                days[at] = float(match[1].replace(",", "")) * per
            elif match[1].startswith("-"):
                days[at] = -1.0
        yield heading, Supplied(column, days, no_unit)


def _unit(match: Any) -> str:
    if match is None or not match[2]:
        return ""
    word = match[2].lower()
    return next(
        (name for name in ("week", "wk", "day") if word in (name, name + "s") or word == name[0]),
        word,
    )
