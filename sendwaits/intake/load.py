"""A pathway's extracts on or before a day -> its waits, computed once per set of files and settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from sendwaits import intake, raw, store
from sendwaits.errors import Refused
from sendwaits.intake import banded, extracts, identity
from sendwaits.intake.clean import Cleaned
from sendwaits.intake.waits import Built, build
from sendwaits.pathways import GROUPS
from sendwaits.workspace import Workspace

__all__ = ["Present", "present", "load"]


class Present:
    """Which pathways have an extract on or before as_at: ``files`` by code, and what to say about the others.

    ``banded``: those without one that are known by bands of time alone.
    """

    def __init__(
        self,
        files: dict[str, list[extracts.ExtractFile]],
        said: list[str],
        banded: Sequence[str] = (),
    ) -> None:
        self.files, self.said, self.banded = files, said, list(banded)

    @property
    def codes(self) -> list[str]:
        return list(self.files)


def present(
    workspace: Workspace,
    as_at: date | None,
    wanted: Sequence[str] | None = None,
    counts: bool = False,
) -> Present:
    """The pathways (``wanted`` or all) with an extract on or before ``as_at`` (None: any), each with its files, oldest first.

    A pathway without one is left out and said; raises `Refused` when none is left (``counts``: nor one known by bands) or a code is
    unknown.
    """
    codes = list(dict.fromkeys(wanted)) if wanted else list(workspace.pathways)
    for code in codes:
        workspace.pathway(code)
    found = extracts.find(workspace)
    said = list(found.notes)
    of_code = {code: [f for f in found.files if f.pathway == code] for code in codes}
    day = as_at or raw.LAST_DAY
    dates = {code: [f.extract_date for f in files] for code, files in of_code.items()}
    fresh = [f for f in raw.freshness(workspace, day, dates) if f.pathway in of_code]
    kept = [f.pathway for f in fresh if not f.left_out or as_at is None and f.newest]
    files = {code: found.of(code, as_at) for code in codes if code in kept}
    later = [f"{f.pathway} ({min(dates[f.pathway])})" for f in fresh if f.left_out == "later"]
    missing = [f.pathway for f in fresh if f.left_out == "none"]
    near = [c for p, c, d in banded.paths(workspace) if c in codes and d <= day]
    by_band = [c for c in dict.fromkeys(near) if c not in files]
    for code in dict.fromkeys(near):
        if code in files:
            said.append(
                f"{code}: bands_{code}_*.csv is not used beside its records: the two are never mixed."
            )
        else:
            said.append(
                f"{code}: known by bands of time alone: its list in figures, no flows, no pages and no forecast."
            )
    missing = [code for code in missing if code not in by_band]
    if later:
        said.append(f"Left out, first extract after {as_at}: {', '.join(later)}.")
    if as_at:
        said += raw.late_words(fresh, as_at, workspace.area.late_days)
    if missing:
        said.append(f"Left out, no extract in data/raw: {', '.join(missing)}.")
    if not files and not (counts and by_band):
        late = any(f.left_out == "late" for f in fresh)
        when = f" dated on or shortly before {as_at}" if late else f" dated on or before {as_at}"
        when = when if as_at else ""
        raise Refused(
            f"data/raw: no extract{when}. Put one there, named like NST_{as_at or '2024-07-31'}.csv.\n"
            + "\n".join(said)
        )
    return Present(files, said, by_band)


def load(
    workspace: Workspace,
    code: str,
    files: Sequence[extracts.ExtractFile],
    cleaned: Callable[[], Sequence[Cleaned]] | None = None,
) -> Built:
    """The waits and referrals of one pathway from these extract files (oldest first), from the store when nothing changed.

    ``cleaned`` gives the files after cleaning, when the caller has them and stands for what they were accepted under. Raises `Refused` when one of the files is refused: no number is ever made from the others alone.
    """
    pathway = workspace.pathway(code)
    key = [
        code,
        repr(pathway),
        workspace.area.districts,
        identity.key_id(workspace),
        *(part for f in files for part in (f.name, f.sha256)),
    ]

    def make() -> dict[str, pd.DataFrame]:
        made = cleaned() if cleaned else intake.accepted(workspace, code, files)
        built = build(
            [one.rows for one in made],
            pathway,
            lambda ids: identity.pseudonyms(ids, identity.key(workspace)),
            pd.Timestamp(files[-1].extract_date),
            made[-1].aside,
        )
        red = pd.DataFrame([f for f in made[-1].findings if f.severity == "red"])
        findings = pd.concat([built.findings, red], ignore_index=True)
        return {"waits": built.waits, "referrals": built.referrals, "findings": findings}

    kept = store.cached(workspace, f"waits-{code}", key, make)
    built = Built(
        code,
        kept["waits"],
        kept["referrals"],
        kept["findings"],
        pd.Timestamp(files[-1].extract_date),
    )
    return _only(built, workspace.only) if workspace.only else built


def _only(built: Built, condition: str) -> Built:
    """The rows of one group, ``column=value``, as if the area were that group."""
    column, _, value = condition.partition("=")
    if column not in GROUPS:
        raise Refused(f"No group '{column}'. Choose one of: {', '.join(GROUPS)}.")
    referrals = built.referrals[built.referrals[column] == value]
    return replace(
        built,
        waits=built.waits[built.waits[column] == value].reset_index(drop=True),
        referrals=referrals.reset_index(drop=True),
    )
