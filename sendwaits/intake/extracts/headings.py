"""Which column of a file is which canonical column: by the workspace's own headings, the canonical names, the aliases."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sendwaits.errors import Refused
from sendwaits.pathways import Pathway

__all__ = [
    "tidy",
    "Header",
    "Mapped",
    "map_headings",
    "find_header",
    "refuse_missing",
    "refuse_other_service",
    "likeness",
    "SEARCHED_ROWS",
]

SEARCHED_ROWS = 20
"""How far down a header row is looked for."""

_VALUE = re.compile(r"[A-Za-z]?\d[\d /.:\-]{3,}[A-Za-z]?|\d{1,2}[-/ ][A-Za-z]{3,9}[-/ ]\d{2,4}")
"""A number, date or child's number: what no heading is."""
_WAIT_HEADINGS = re.compile(
    r"^(?:(weeks?|days?|months?)wait(?:ing|ed)?|wait(?:ing)?(?:time)?(?:in)?(weeks?|days?|months?)?|(?:length|time)(?:of)?wait(?:ing)?(?:in)?(weeks?|days?|months?)?)$"
)


@lru_cache(maxsize=4096)
def tidy(heading: str) -> str:
    """A heading without case, spaces, underscores, punctuation, line feeds and invisible characters."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).casefold())


@dataclass(frozen=True)
class Mapped:
    """``found``: canonical name -> column numbers; ``extra``: column numbers nobody claims; ``waits``: supplied waits with their unit.

    ``twins``: canonical name -> further columns, not read, whose heading means it, too.
    """

    found: Mapping[str, list[int]]
    extra: list[int]
    waits: Mapping[int, str]
    twins: Mapping[str, list[int]]


@dataclass(frozen=True)
class Header:
    """The header of a table: its texts, the first row after it (0 = first row of the file), rows before it, rows it takes."""

    texts: list[str]
    after: int
    before: int
    rows: int
    mapped: Mapped

    @property
    def named(self) -> dict[str, Any]:
        """What the `Text` of the table keeps of its headings."""
        of, texts = self.mapped, [t.strip() for t in self.texts]
        return {
            "extra": [texts[i] for i in of.extra],
            "headings": {name: self.texts[at[0]] for name, at in of.found.items()},
            "twins": {name: [texts[i] for i in at] for name, at in of.twins.items()},
        }


def map_headings(texts: Sequence[str], pathway: Pathway) -> Mapped:
    """Each canonical column's place: the workspace's own heading first, then the canonical name, then the first alias that is there."""
    keys = [tidy(t) for t in texts]
    places: dict[str, list[int]] = {}
    for at, k in enumerate(keys):
        if k:
            places.setdefault(k, []).append(at)
    found: dict[str, list[int]] = {}
    also: dict[str, list[int]] = {}
    for name in pathway.columns:
        own = (pathway.headings.get(name), name, *pathway.aliases.get(name, ()))
        hits = [places[k] for k in dict.fromkeys(tidy(h) for h in own if h) if k in places]
        if hits:
            found[name], also[name] = hits[0], [at for other in hits[1:] for at in other]
    used = {place for at in found.values() for place in at}
    twins = {n: left for n, at in also.items() if (left := [i for i in at if i not in used])}
    waits = {
        at: _unit(k) for at, k in enumerate(keys) if at not in used and _WAIT_HEADINGS.match(k)
    }
    extra = [at for at, k in enumerate(keys) if k and at not in used and at not in waits]
    return Mapped(found, extra, waits, twins)


def _unit(key: str) -> str:
    match = re.search(r"week|day|month", key)
    return match.group() if match else ""


def find_header(rows: Sequence[Sequence[str]], pathway: Pathway) -> Header | None:
    """The header within the first rows: the first that names every required column, a two-row one next, else the likeliest.

    None when no row names any canonical column.
    """
    seen: list[Mapped] = []
    for at, row in enumerate(rows[:SEARCHED_ROWS]):
        seen.append(map_headings(row, pathway))
        if _complete(seen[at], pathway):
            return Header(list(row), at + 1, at, 1, seen[at])
    for at in range(len(seen)):
        if at + 1 < len(rows):
            texts = _joined(rows[at], rows[at + 1], pathway)
            mapped = map_headings(texts, pathway)
            if _complete(mapped, pathway):
                return Header(texts, at + 2, at, 2, mapped)
    heads = [
        at for at in range(len(seen)) if not any(_VALUE.fullmatch(c.strip()) for c in rows[at])
    ]  # a record's values are never taken for headings
    best = max(
        heads,
        key=lambda at: (len(seen[at].found), sum(bool(c.strip()) for c in rows[at]) > 1, -at),
        default=None,
    )
    if best is None or not seen[best].found:
        wide = next((at for at in heads if sum(bool(c.strip()) for c in rows[at]) > 1), None)
        return None if wide is None else Header(list(rows[wide]), wide + 1, wide, 1, seen[wide])
    return Header(list(rows[best]), best + 1, best, 1, seen[best])


def _complete(mapped: Mapped, pathway: Pathway) -> bool:
    return all(name in mapped.found for name in pathway.required)


def _joined(top: Sequence[str], below: Sequence[str], pathway: Pathway) -> list[str]:
    """One heading a column from a merged two-row header: the upper text carried right, then the lower one."""
    known = {
        tidy(t)
        for name in pathway.columns
        for t in (name, pathway.headings.get(name, name), *pathway.aliases.get(name, ()))
    }
    texts, carried = [], ""
    for at in range(max(len(top), len(below))):
        upper = top[at].strip() if at < len(top) else ""
        lower = below[at].strip() if at < len(below) else ""
        carried = upper or carried
        both = f"{carried} {lower}".strip()
        texts.append(
            next(
                (t for t in (both, lower, upper) if t and tidy(t) in known),
                both if lower else upper,
            )
        )
    return texts


def refuse_missing(header: Header, pathway: Pathway, file: str, next_row: Sequence[str]) -> None:
    """Refuses a file of another service, a header that stops half way, a missing, renamed or doubled column, with the remedy."""
    mapped, texts = header.mapped, header.texts
    for name, at in mapped.found.items():
        if len(at) > 1:
            raise Refused(
                f"{file}: {len(at)} columns are called {_listed(texts[at[0] : at[0] + 1])}; each would mean '{name}'. Delete or rename one of them.",
                "F-DUPCOL",
            )
    missing = [name for name in pathway.required if name not in mapped.found]
    if not missing:
        return
    blanks = [not t.strip() for t in texts]
    inner = any(blanks[: max((i for i, b in enumerate(blanks) if not b), default=0)])
    if (
        inner
        and any(c.strip() for c in next_row)
        and not any(ch.isdigit() for c in next_row for ch in c)
    ):
        raise Refused(
            f"{file}: the header spreads over two rows (row {header.before + 1}) and '{missing[0]}' cannot be put together from them. "
            "Unmerge the header into one row with one name a column.",
            "F-HEADER",
        )
    name = missing[0]
    extra = [texts[i].strip() for i in mapped.extra]
    near = sorted(extra, key=lambda t: (-likeness(t, name, pathway), t))
    near = [
        t for t in near if likeness(t, name, pathway) >= 0.45 and not any(ch.isdigit() for ch in t)
    ][:3]
    if near:
        raise Refused(
            f"{file}: no column '{name}'. It may be called {_listed(near)} now. If so, put into sendwaits.toml:\n"
            f'[pathways.{pathway.code}.headings]\n{name} = "{_quoted(near[0])}"\nThe whole table is proposed by: sendwaits map FILE --pathway {pathway.code}',
            "F-COLRENAMED",
        )
    if not mapped.found:  # perhaps no header at all: its cells may be a child's, so none is named
        raise Refused(
            f"{file}: no row within the first {SEARCHED_ROWS} names the columns. The first required one is '{name}'; put a header row above the data, or "
            f"name your headings in sendwaits.toml under [pathways.{pathway.code}.headings].",
            "F-COLMISSING",
        )
    present = sorted(
        (t.strip() for t in texts if t.strip()), key=lambda t: (-likeness(t, name, pathway), t)
    )[:4]
    raise Refused(
        f"{file}: the required column '{name}' is missing. Nearest headings in the file: {_listed(present)}. Ask the supplier for it, or "
        f"name its heading in sendwaits.toml under [pathways.{pathway.code}.headings]; a table is proposed by: sendwaits map FILE --pathway {pathway.code}",
        "F-COLMISSING",
    )


def refuse_other_service(
    header: Header, pathway: Pathway, file: str, others: Sequence[Pathway]
) -> None:
    """Refuses a file whose columns are another service's: more of that service's own columns than of this one's."""
    own = _fingerprint(pathway, header, pathway)
    best, best_score = None, len(own)
    for other in others:
        score = _fingerprint(other, header, pathway)
        if len(score) > best_score and score - own:
            best, best_score = other, len(score)
    if best is not None and best.columns.keys() != pathway.columns.keys():
        raise Refused(
            f"{file}: its columns are those of {best.code}, not of {pathway.code}. Give the file the right name, or export the right service.",
            "F-SERVICE",
        )


def _fingerprint(service: Pathway, header: Header, asked: Pathway) -> set[str]:
    """The columns that are the service's own (dates of its waits and what only it has) among the headings, by canonical name."""
    own = (
        {w.start for w in service.waits}
        | {w.completed for w in service.waits}
        | ({service.start, service.record_id} if service.record_id != "referral_id" else set())
    )
    own = {name for name in own if name != "referral_date"}
    if service.review:
        own |= {service.review}
    if service is asked:
        return {name for name in own if name in header.mapped.found}
    keys = {
        tidy(t) for t in header.texts
    }  # by canonical name only: services share words for their own columns
    return {name for name in own if tidy(name) in keys}


def likeness(heading: str, name: str, pathway: Pathway) -> float:
    """How alike a heading and a canonical column are, 0 to 1: shared words, shortened ones included, or shared letters."""
    return max(_alike(heading, known) for known in (name, *pathway.aliases.get(name, ())))


def _alike(one: str, other: str) -> float:
    a, b = (
        re.findall(
            r"[a-z0-9]+",
            re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", t))
            .casefold()
            .replace("_", " "),
        )
        for t in (one, other)
    )
    if not a or not b:
        return 0.0
    shared = sum(
        any(
            x == y or (min(len(x), len(y)) >= 3 and (x.startswith(y) or y.startswith(x))) for y in a
        )
        for x in b
    )
    return max(
        shared / max(len(b), 1) * (0.5 + 0.5 * len(b) / max(len(a), len(b))),
        difflib.SequenceMatcher(None, "".join(a), "".join(b)).ratio() - 0.2,
    )


def _quoted(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace('"', '\\"')


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"'{re.sub(chr(92) + 's+', ' ', t).strip()[:60]}'" for t in texts) or "none"
