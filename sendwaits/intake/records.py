"""Which rows of several extracts are of one record: by its id, else by child and start; and whether ids were replaced.

A system migration, or an export that numbers its rows anew, gives every record another id. Then child and start tell
which rows belong together. Source: CONTRACT section 3, rule 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sendwaits.intake.extracts.table import Finding
from sendwaits.pathways import Pathway, Removal

__all__ = ["Records", "match", "open_rows"]

Idents = Callable[[pd.DataFrame, Pathway], pd.Series]
RED_SHARE = 0.02
RED_FROM = 5
"""Single records under another id than before: red from this share of the open records or from this many."""


@dataclass
class Records:
    """``keys``: for each extract, the record of each of its rows; ``findings``: what was seen of their ids."""

    keys: list[pd.Series]
    findings: list[Finding] = field(default_factory=list)


def match(
    extracts: Sequence[pd.DataFrame], pathway: Pathway, aside: pd.DataFrame | None = None
) -> Records:
    """The record of every row of the typed extracts of one pathway, oldest first; last those of ``aside``, rows of the newest.

    Between two successive extracts the ids count as replaced when fewer than half of the older's open records are found by
    id in the newer and more are found by child and start. An id is only found where child or start is the same, too.
    """
    own = [_own(rows, pathway) for rows in extracts]
    findings: list[Finding] = []
    eras, alike = [0], False
    for at in range(1, len(extracts)):
        new, found = _compared(
            extracts[at - 1], extracts[at], own[at - 1], own[at], pathway, len(findings)
        )
        eras.append(eras[-1] + (new is not None))
        alike |= new is _alike
        findings += found
    if aside is not None:
        extracts, eras = [*extracts, aside], [*eras, eras[-1]]
        own.append(_own(aside, pathway))
    if not eras or not eras[-1]:
        return Records(own, findings)
    return Records(_over_eras(extracts, own, eras, pathway, alike), findings)


def open_rows(rows: pd.DataFrame, pathway: Pathway) -> np.ndarray:
    """Rows without any date that ends the record: the last completion, a removal that applies, a rejection."""
    still = np.ones(len(rows), bool)
    ends = [Removal(w.completed) for w in pathway.waits[-1:]]
    ends += [Removal(pathway.rejected)] if pathway.rejected else []
    for end in (*ends, *(r for w in pathway.waits for r in w.removed)):
        if end.date in rows:
            dated = rows[end.date].notna().to_numpy()
            still &= ~(dated & rows[end.column].isin(end.values)) if end.column else ~dated
    return still


def _own(rows: pd.DataFrame, pathway: Pathway) -> pd.Series:
    """The id of each row's record, else child and start."""
    ids = rows[pathway.record_id] if pathway.record_id in rows else pd.Series("", rows.index)
    blank = (ids == "").to_numpy()
    if not blank.any():
        return ids
    key = ids.astype(object)
    key[blank] = "\x00" + _idents(rows[blank], pathway)
    return key


def _idents(rows: pd.DataFrame, pathway: Pathway) -> pd.Series:
    return rows["child_id"].astype(object) + "\x00" + rows[pathway.start].dt.strftime("%Y%m%d")


def _alike(rows: pd.DataFrame, pathway: Pathway) -> pd.Series:
    """Child and start, without what an export adds to an id or takes from it: case, marks, letters before it, leading zeros."""
    plain = rows["child_id"].str.casefold().str.replace(r"^[a-z]+:|[\W_]", "", regex=True)
    bare = plain.str.replace(r"^[a-z]*(?=\d)", "", regex=True).str.lstrip("0")
    return bare.astype(object) + "\x00" + rows[pathway.start].dt.strftime("%Y%m%d")


def _numbered(idents: pd.Series) -> pd.Series:
    """Child and start, and which of several such rows of one extract."""
    return idents + "\x00" + idents.groupby(idents).cumcount().astype(str).astype(object)


def _compared(
    older: pd.DataFrame,
    newer: pd.DataFrame,
    old_keys: pd.Series,
    new_keys: pd.Series,
    pathway: Pathway,
    before: int,
) -> tuple[Idents | None, list[Finding]]:
    """By what rows are matched where ids were replaced between two extracts (None: they were not), and what to say of it."""
    if not len(older) or not len(newer):
        return None, []
    still = open_rows(older, pathway)
    if not still.any():
        still = np.ones(len(older), bool)
    named = ~old_keys.str.startswith("\x00").to_numpy(bool)
    still &= (
        named if (named & still).any() else True
    )  # a record without an id is found by child and start
    old, keys = older[still], old_keys[still]
    first = ~new_keys.duplicated().to_numpy()
    at = pd.Index(new_keys[first]).get_indexer(pd.Index(keys))
    there = newer[first].iloc[np.maximum(at, 0)]
    same = (there["child_id"].to_numpy() == old["child_id"].to_numpy()) | (
        there[pathway.start].to_numpy() == old[pathway.start].to_numpy()
    )
    by_id = (at >= 0) & same
    lost = np.flatnonzero(~by_id)
    if not len(lost):
        return None, []
    fresh = newer[~new_keys.isin(old_keys).to_numpy()] if by_id.any() else newer
    file = str(newer["source_file"].iloc[0])
    there_by = lambda by: int(by(old.iloc[lost], pathway).isin(by(fresh, pathway)).sum())  # noqa: E731
    elsewhere = there_by(_idents)
    if by_id.sum() < 0.5 * len(old):
        alike = 0 if elsewhere > 0.5 * len(lost) else there_by(_alike)
        by, n = (_idents, elsewhere) if alike <= 0.5 * len(lost) else (_alike, alike)
        if n:
            to_do = (
                "Ask the supplier whether the system was changed, and check the list beside theirs."
            )
            return by, [] if before else [Finding("W-IDS", "red", file, n, _WORDS[by], to_do)]
    if not elsewhere:
        return None, []
    red = elsewhere >= RED_FROM or elsewhere > RED_SHARE * len(old)
    words = (
        "open records are missing, and stand there with the same child and start under another id"
    )
    to_do = "Ask the supplier which id is right: these records are counted by their older rows."
    return None, [Finding("W-IDS", "red" if red else "amber", file, elsewhere, words, to_do)]


_WORDS: dict[Idents, str] = {
    _idents: "record ids were replaced since the extract before; rows were matched on child and start",
    _alike: "ids are written otherwise than in the extract before (zeros, letters, marks or decimals); rows were matched on "
    "child and start",
}


def _over_eras(
    extracts: Sequence[pd.DataFrame],
    own: list[pd.Series],
    eras: list[int],
    pathway: Pathway,
    alike: bool,
) -> list[pd.Series]:
    """Keys that outlive a replacement: within an era the id tells, between eras child and start."""
    made: list[pd.Series] = []
    earlier: dict[str, str] = {}  # child and start of the records of earlier eras -> key
    here: dict[str, str] = {}  # id within the present era -> key
    coming: dict[str, str] = {}
    for at, rows in enumerate(extracts):
        if at and eras[at] != eras[at - 1]:
            earlier.update(coming)
            here, coming = {}, {}
        ident = _numbered(_idents(rows, pathway))
        key = own[at].map(here)
        key = key.where(key.notna(), ident.map(earlier))
        also = _numbered(_alike(rows, pathway)) + "\x00" if alike else ident
        if alike:
            guess = also.map(earlier)
            key = key.where(key.notna(), guess.where(~guess.isin(key)))
        key = key.where(key.notna(), f"{eras[at]}\x00" + own[at].astype(object))
        here.update(zip(own[at], key, strict=True))
        coming.update(zip([*ident, *also], [*key, *key], strict=True))
        made.append(key)
    return made
