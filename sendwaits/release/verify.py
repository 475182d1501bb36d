"""Is a set of reports complete, unchanged, and does every page say what its figures and verdicts say? From its files alone."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sendwaits import store
from sendwaits.errors import Refused, Unsafe
from sendwaits.release.files import read_figures, read_verdicts
from sendwaits.release.key import COLUMNS, Key

__all__ = ["compare_pages", "compare_workbook", "verify"]


def verify(reports: Path, register: Path | None = None) -> list[str]:
    """Plain lines: complete and unchanged; safe, and beside which earlier releases; pages and workbook agree with figures.csv.

    ``reports`` is a folder reports/<as_at>. ``register``: the workspace whose data/register is looked at, or that folder
    itself; by default that of the workspace in which the folder stands. A copy without a register is checked by itself, and
    the line says so. Raises `Unsafe` (exit 6) naming the first things that are wrong, never a hidden value. The seal finds
    accidents, not forgery: who can change a file can seal it anew.
    """
    facts = _unchanged(reports)
    if facts["parameters"]["profile"] == "analyst":
        raise Unsafe(
            "This set has the analyst profile: exact numbers, not for release. Run: sendwaits report --profile board"
        )
    safe = _safe(reports, register)
    numbers, words = compare_pages(reports)
    cells = compare_workbook(reports)
    return [
        f"Complete and unchanged: {len(facts['outputs'])} files as run.json lists them.",
        safe,
        f"Pages agree with figures.csv and verdicts.csv: {numbers} printed numbers and {words} verdicts compared.",
        f"tables.xlsx agrees with figures.csv: {cells} rows compared.",
    ]


def _safe(folder: Path, register: Path | None) -> str:
    """One line: no count can be worked out, beside these earlier releases. Raises `Unsafe` naming the first that can."""
    from sendwaits.release import door

    root = _root_of(folder, register)
    earlier = [] if root is None else door.register.before(root, folder)
    made = door.register.of_folder(folder)
    found = door.audit(made, earlier)
    if found:
        first = "; ".join(
            f"{f.key.split('|')[0]} {f.key.split('|')[2]} ({f.what})" for f in found[:3]
        )
        raise Unsafe(
            f"{len(found)} numbers would tell too much, nothing is safe to release. First: {first}."
        )
    beside = (
        "Earlier releases were not considered: this copy has no register (give --register)"
        if root is None
        else f"{len(earlier)} earlier {'release' if len(earlier) == 1 else 'releases'} considered"
    )
    return f"Safe by its own figures: no count under {made.profile.smallest} can be worked out from {len(made.table)} numbers. {beside}."


def _root_of(folder: Path, register: Path | None) -> Path | None:
    """The workspace whose register counts; None for a copy without one. Raises `Refused` where none is at the place named."""
    if register is not None:
        root = register.resolve()
        root = root.parent.parent if root.name == "register" else root
        if not (root / "data" / "register").is_dir():
            raise Refused(
                f"{register}: no register of releases is there. Give the workspace, or its data/register."
            )
        return root
    root = folder.resolve().parent.parent
    return root if (root / "data" / "register").is_dir() else None


def compare_workbook(folder: Path) -> int:
    """Rows of the tidy sheet of tables.xlsx that say what figures.csv says; raises `Unsafe` where one does not."""
    import python_calamine

    path = folder / "tables.xlsx"
    if not path.exists():
        return 0
    figures = [
        list(row)
        for row in csv.reader(io.StringIO((folder / "figures.csv").read_text(encoding="utf-8")))
    ]
    book = python_calamine.CalamineWorkbook.from_path(path)
    want = {tuple(row[:6]): [_cell(v) for v in row[6:]] for row in figures[1:]}
    for name in book.sheet_names:
        head, *rows = book.get_sheet_by_name(name).to_python() or [[]]
        if not set(COLUMNS) <= set(map(str, head)):
            continue
        places = [head.index(c) for c in COLUMNS]
        told = [[_cell(row[at]) for at in places] for row in rows if any(row)]
        for mine in told:
            theirs = want.get(tuple(mine[:6]))
            marked = ["" if v in ("[c]", "[z]") else v for v in mine[6:]]
            if theirs is None or marked != theirs:
                raise Unsafe(f"tables.xlsx: {mine[0]} {mine[2]} differs from figures.csv.")
        if len(told) != len(want):
            raise Unsafe("tables.xlsx: its sheet of figures has other rows than figures.csv.")
        return len(told)
    raise Unsafe("tables.xlsx: it has no sheet with the columns of figures.csv.")


def _cell(value: Any) -> str:
    """A cell as text: numbers without a trailing .0, dates as ISO text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float | int):
        return repr(float(value)).removesuffix(".0")
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        return repr(float(value)).removesuffix(".0")
    except ValueError:
        return str(value)


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        facts["parameters"]["profile"], facts["parameters"]["k"], facts["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Unsafe(
            "run.json is missing or cannot be read, so this is no complete set. Run sendwaits report again."
        ) from None
    return dict(facts)


def _unchanged(folder: Path) -> dict[str, Any]:
    """The facts of run.json when every file of the set is there, unchanged, and no other."""
    facts = _facts(folder)
    if facts["sha256"] != _seal(facts):
        raise Unsafe("run.json has been changed since the run. Run sendwaits report again.")
    there = {p.name for p in folder.iterdir()} - {"run.json"}
    missing, extra = sorted(set(facts["outputs"]) - there), sorted(there - set(facts["outputs"]))
    changed = sorted(
        n for n, d in facts["outputs"].items() if n in there and store.digest_file(folder / n) != d
    )
    for names, what in (
        (missing, "missing"),
        (changed, "changed since the run"),
        (extra, "not part of the set"),
    ):
        if names:
            raise Unsafe(
                f"{len(names)} files {what}: {', '.join(names[:5])}. Run sendwaits report again."
            )
    if facts.get("failed"):
        raise Unsafe(
            f"The set is not complete: {', '.join(sorted(facts['failed'])[:5])} failed. Run sendwaits report again."
        )
    return facts


def _seal(facts: dict[str, Any]) -> str:
    text = json.dumps({**facts, "sha256": ""}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return store.digest_bytes(text.encode("utf-8"))


class _Keyed(HTMLParser):
    """Every element of a page that carries a data-key, as (key, its text), and every data-verdict."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self.verdicts: list[str] = []
        self._open: list[tuple[int, str, list[str]]] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        key = given.get("data-key")
        if given.get("data-verdict"):
            self.verdicts.append(str(given["data-verdict"]))
        if tag in _EMPTY:
            if key is not None:
                self.found.append((key, ""))
            return
        self._depth += 1
        if key is not None:
            self._open.append((self._depth, key, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        key = dict(attrs).get("data-key")
        if key is not None:
            self.found.append((key, ""))

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in _EMPTY:
            return
        while self._open and self._open[-1][0] >= self._depth:
            _, key, text = self._open.pop()
            self.found.append((key, "".join(text).strip()))
        self._depth -= 1


_EMPTY = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}


def compare_pages(folder: Path) -> tuple[int, int]:
    """Printed numbers compared with figures.csv, verdicts with verdicts.csv.

    Raises `Unsafe` where a page shows a number that figures.csv does not hold, or says a verdict that verdicts.csv does not.
    """
    rows = {str(Key.of(r)): r for r in read_figures(folder / "figures.csv").itertuples(index=False)}
    judged = read_verdicts(folder / "verdicts.csv")
    known = {"|".join(v) for v in zip(*(judged[c] for c in _SERIES), strict=True)}
    numbers = verdicts = 0
    for page in sorted(folder.glob("*.html")):
        reader = _Keyed()
        reader.feed(page.read_text(encoding="utf-8"))
        for said in reader.verdicts:
            verdicts += 1
            if said not in known and not said.endswith("|not_published"):
                raise Unsafe(f"{page.name}: says {said}, which is not in verdicts.csv.")
        for key, text in reader.found:
            row, derived = _behind(key, rows)
            if row is None:
                continue
            numbers += 1
            _compare(page.name, row, text, derived)
    return numbers, verdicts


_NAMED = re.compile(r"(?:over|within|up to)[\s\u00a0]\d+(?:[\s\u00a0]weeks?)?", re.IGNORECASE)
"""A line that a label names: "Over 52 weeks [c]" shows no number."""
_SERIES = ("pathway", "wait", "measure", "group", "verdict")


def _compare(page: str, row: Any, text: str, derived: bool) -> None:
    bare = _NAMED.sub("", text)
    if row.form == "c" and (
        not text or re.search(r"\d", bare)
    ):  # no mark, no number; [c] or a name
        raise Unsafe(
            f"{page}: a number or mark is shown for {row.pathway} {row.measure}, which figures.csv hides."
        )
    if not derived and row.form in ("exact", "rounded") and not _agrees(bare, row):
        raise Unsafe(f"{page}: {row.pathway} {row.measure} differs from figures.csv.")


_DERIVED = ("change:", "share:", "numerator:", "denominator:", "months:", "weekly:", "spc:")


def _behind(key: str, rows: dict[str, Any]) -> tuple[Any, bool]:
    """The row of figures.csv behind a data-key, and whether the printed number is derived from it; None for forecasts."""
    parts = key.split("|")
    if len(parts) != 6:
        return None, False
    for prefix in _DERIVED:
        if parts[2].startswith(prefix):
            parts[2] = parts[2].removeprefix(prefix)
            return rows.get("|".join(parts)), True
    return rows.get(key), False


def _agrees(text: str, row: Any) -> bool:
    """Whether a printed number is the released one, rounded as printed; of a label ("Over 18 weeks 316") its last number.

    A mark or words without a number always agree.
    """
    numbers = re.findall(r"[\u2212-]?\d[\d,]*(?:\.\d+)?", _NAMED.sub("", text))
    if not numbers:
        return True
    printed = float(numbers[-1].replace(",", "").replace("\u2212", "-"))
    step = 10.0 ** -len(numbers[-1].partition(".")[2])
    values = [float(v) for v in (row.value, row.numerator, row.denominator, row.n) if not _empty(v)]
    return any(abs(printed - v) <= step / 2 + 1e-6 for v in values)


def _empty(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value
