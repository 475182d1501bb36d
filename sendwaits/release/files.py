"""Released frames as files, and back: figures.csv and verdicts.csv. Text never becomes a formula; same frame, same bytes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Unsafe
from sendwaits.inert import LIVE, inert
from sendwaits.release.key import COLUMNS, FORMS, text
from sendwaits.release.verdicts.verdict import COLUMNS as VERDICT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "figures_csv",
    "figures_from",
    "read_figures",
    "read_verdicts",
    "verdicts_csv",
]

_DATES = ("period_start", "period_end", "since")
_WHOLE = ("numerator", "denominator", "n")


def figures_csv(frame: pd.DataFrame) -> bytes:
    """figures.csv: one row per released number. UTF-8, LF, ISO dates, counts whole, other values as exact as they are.

    The value of ``form`` ``c`` (a count from 1 to k-1) and ``z`` (nothing to count) is empty: the column ``form`` says which.
    """
    counts = list(frame["unit"] == "count")
    columns = [
        [_value(v, c) for v, c in zip(frame[name], counts)]
        if name == "value"
        else _texts(frame, name)
        for name in COLUMNS
    ]
    return _written(COLUMNS, zip(*columns))


def verdicts_csv(frame: pd.DataFrame) -> bytes:
    """verdicts.csv: one row per series with its one verdict, since when, and the rule behind it."""
    return _written(VERDICT_COLUMNS, zip(*(_texts(frame, name) for name in VERDICT_COLUMNS)))


def read_figures(path: Path) -> pd.DataFrame:
    """The released frame of a figures.csv: dates as datetimes, value NaN for c and z.

    Raises `Unsafe` when it is no such file.
    """
    try:
        content = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Unsafe(f"{path.name}: cannot be read. Make the set again.") from None
    return figures_from(content, path.name)


def figures_from(content: str, name: str = "figures.csv") -> pd.DataFrame:
    """The released frame of the text of a figures.csv, as `read_figures`."""
    import pandas as pd

    frame, path = _frame(content, COLUMNS, name), Path(name)
    if not set(frame["form"]) <= set(FORMS):
        raise Unsafe(f"{path.name}: the column form holds an unknown word. Make the set again.")
    try:
        frame["value"] = [float(v) if v else math.nan for v in frame["value"]]
        for name in _WHOLE:
            frame[name] = pd.array([int(v) if v else None for v in frame[name]], dtype="Int64")
        for name in ("period_start", "period_end"):
            days = pd.to_datetime(frame[name].replace("", None), format="%Y-%m-%d")
            frame[name] = days.astype("datetime64[us]")
    except ValueError:
        raise Unsafe(f"{path.name}: a number or date cannot be read. Make the set again.") from None
    return frame


def read_verdicts(path: Path) -> pd.DataFrame:
    """The rows of a verdicts.csv, all text. Raises `Unsafe` when it is no such file."""
    return _read(path, VERDICT_COLUMNS)


def _value(value: Any, count: bool) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.0f}" if count and float(value).is_integer() else repr(float(value))


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    """A column as file text."""
    if name in _DATES:
        return [text(v) for v in frame[name]]
    if name in _WHOLE:
        return ["" if m else str(int(v)) for v, m in zip(frame[name], frame[name].isna())]
    return [inert(str(v)) for v in frame[name]]


def _written(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def _read(path: Path, heads: list[str]) -> pd.DataFrame:
    try:
        content = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Unsafe(f"{path.name}: cannot be read. Make the set again.") from None
    return _frame(content, heads, path.name)


def _frame(content: str, heads: list[str], name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        rows = list(csv.reader(io.StringIO(content, newline="")))
    except csv.Error:
        raise Unsafe(f"{name}: cannot be read. Make the set again.") from None
    if not rows or rows[0] != heads or any(len(row) != len(heads) for row in rows):
        raise Unsafe(f"{name}: not the columns of a released set. Make the set again.")
    frame = pd.DataFrame(rows[1:], columns=heads, dtype=object)
    for name in ("pathway", "wait", "measure", "group"):
        frame[name] = [v[1:] if v[:1] == "'" and v[1:].startswith(LIVE) else v for v in frame[name]]
    return frame
