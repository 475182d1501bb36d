"""Is a set of reports complete, unchanged and safe to release? Answered from its files alone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits import store
from sendwaits.errors import Unsafe
from sendwaits.release.disclosure import Released, audit
from sendwaits.release.disclosure.register import releases
from sendwaits.release.tables import HIDDEN, read_figures

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["verify", "audit_folder", "compare_pages"]


def verify(reports: Path) -> list[str]:
    """Three plain lines: complete and unchanged, safe, pages agree with figures.csv.

    ``reports`` is a folder reports/<as_at>. Where its workspace's register of releases lies beside it, earlier releases are
    taken into account. Raises `Unsafe` (exit 6) naming the first things that are wrong, never a hidden value.
    """
    facts = _unchanged(reports)
    given = facts["parameters"]
    if given["profile"] == "analyst":
        raise Unsafe(
            "This set has the analyst profile: exact numbers, not for release. Run: sendwaits report --profile board"
        )
    numbers = audit_folder(reports, facts)
    return [
        f"Complete and unchanged: {len(facts['outputs'])} files as run.json lists them.",
        f"Safe: no hidden number can be worked out (profile {given['profile']}, k = {given['k']}, {numbers[0]} numbers, {numbers[1]} hidden).",
        f"Pages agree with figures.csv: {numbers[2]} printed numbers compared.",
    ]


def audit_folder(
    folder: Path, facts: dict[str, Any] | None = None, previous: list[Released] | None = None
) -> tuple[int, int, int]:
    """Numbers released, hidden, and compared with the pages of a set; raises `Unsafe` when a hidden one could be worked out.

    Analyst sets are not audited. ``previous``: earlier releases, by default those of the register beside the folder.
    """
    facts = facts if facts is not None else _facts(folder)
    given = facts["parameters"]
    table = read_figures(folder / "figures.csv")
    hidden = int((table["status"] == "c").sum())
    if given["profile"] == "analyst":
        return len(table), hidden, 0
    if previous is None:
        own = (folder / "figures.csv").read_bytes().decode("utf-8")
        previous = releases(folder.resolve().parent.parent / "data" / "processed", but=own)
    found = []
    for _, rows in table.groupby(
        "pathway", sort=False
    ):  # pathways share no child's wait, and `report` audits each by itself
        found += audit(
            Released(
                rows.reset_index(drop=True),
                zeros_hidden=list(facts.get("zeros_hidden", [])),
                profile=given["profile"],
                k=int(given["k"]),
            ),
            previous,
        )
    if found:
        first = "; ".join(
            f"{f.key.split('|')[0]} {f.key.split('|')[2]} ({f.what})" for f in found[:3]
        )
        raise Unsafe(
            f"{len(found)} numbers would tell too much, nothing is safe to release. First: {first}."
        )
    return len(table), hidden, compare_pages(folder, table)


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
            f"The set is not complete: {len(facts['failed'])} reports failed. Run sendwaits report again."
        )
    return facts


def _seal(facts: dict[str, Any]) -> str:
    text = json.dumps({**facts, "sha256": ""}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return store.digest_bytes(text.encode("utf-8"))


class _Keyed(HTMLParser):
    """Every element of a page that carries a data-key: (key, its text)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._open: list[tuple[int, str, list[str]]] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        key = dict(attrs).get("data-key")
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


def compare_pages(folder: Path, table: pd.DataFrame) -> int:
    """Printed numbers compared with figures.csv; raises `Unsafe` where a page shows what figures.csv does not."""
    rows = {
        "|".join((r.pathway, r.wait, r.measure, r.group, r.period_start, r.period_end)): r
        for r in table.astype(object).itertuples(index=False)
    }
    compared = 0
    for page in sorted(folder.glob("*.html")):
        reader = _Keyed()
        reader.feed(page.read_text(encoding="utf-8"))
        for key, text in reader.found:
            row, derived = _behind(key, rows)
            if row is None:
                continue
            compared += 1
            if row.status == "c" and not (HIDDEN in text and not re.search(r"\d", text)):
                raise Unsafe(
                    f"{page.name}: a number or mark is shown for {row.pathway} {row.measure}, which figures.csv hides."
                )
            if not derived and row.status == "" and not _agrees(text, row):
                raise Unsafe(f"{page.name}: {row.pathway} {row.measure} differs from figures.csv.")
    return compared


_DERIVED = ("change:", "share:", "numerator:", "denominator:", "left:")


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
    """Whether a printed number is the released one, rounded as printed; a mark or words without a number always do."""
    found = re.search(r"[\u2212-]?\d[\d,]*(?:\.(\d+))?", text)
    if not found:
        return True
    printed = float(found[0].replace(",", "").replace("\u2212", "-"))
    step = 10.0 ** -len(found[1] or "")
    near = [
        v
        for v in (row.value, row.numerator, row.denominator, row.n)
        if str(v) not in ("None", "nan", "<NA>")
    ]
    return any(abs(printed - float(v)) <= step / 2 + 1e-6 for v in near) or (
        row.unit == "weeks" and abs(printed - float(row.value) * 7 / 30.4375) <= step / 2 + 1e-6
    )
