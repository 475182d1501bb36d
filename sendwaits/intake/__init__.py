"""From the files of data/raw to typed rows, with a ledger of everything that is not among them.

`accepted` gives one pathway's extracts or refuses them; `check` looks at everything and refuses nothing by itself; `series`,
`dfe` and `community` read what has no records. A file's own rules are in `clean`, what several extracts tell together in `compare`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits import raw, store
from sendwaits.errors import Refused
from sendwaits.intake import banded, clean, compare, extracts, monthly, published
from sendwaits.intake.clean import FINDING_COLUMNS, QUARANTINE_COLUMNS, Cleaned, RefusedFile
from sendwaits.intake.extracts import ExtractFile, Found
from sendwaits.intake.extracts.table import Finding
from sendwaits.intake.monthly import series
from sendwaits.intake.published import community, dfe

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["accepted", "check", "Checked", "series", "dfe", "community"]


COUNTS = ("read", "clean", "quarantined", "merged")
HISTORY = ("file", "pathway", "extract_date", *COUNTS, "refused")


@dataclass
class Checked:
    """What a check found. ``manifest`` as in data/processed/manifest.json; ``refusals`` in words; ``extracts`` by pathway, those that stand."""

    manifest: dict[str, Any]
    quarantine: pd.DataFrame
    findings: pd.DataFrame
    refusals: list[str] = field(default_factory=list)
    extracts: dict[str, list[Cleaned]] = field(default_factory=dict)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)


def accepted(
    workspace: Workspace,
    code: str,
    files: Sequence[ExtractFile],
    *,
    allow_empty: bool = False,
    accept_volume: bool = False,
) -> list[Cleaned]:
    """The cleaned extracts of one pathway, oldest first. Raises `Refused` when one of them, or the comparison, refuses.

    What the last `check` accepted (the manifest names the same bytes, not refused) needs no accepting again.
    """
    pathway = workspace.pathway(code)
    known = _accepted_before(workspace)
    made = []
    for file in files:
        try:
            made.append(clean.load(file, pathway, workspace, allow_empty=allow_empty))
        except Refused:
            if known.get(file.name) != file.sha256:
                raise
            made.append(clean.load(file, pathway, workspace, allow_empty=True))
    compare.refuse(
        made,
        accept_volume=accept_volume
        or bool(files and known.get(files[-1].name) == files[-1].sha256),
    )
    return made


def _accepted_before(workspace: Workspace) -> dict[str, str]:
    """Digest of each file that the last check took, by name."""
    try:
        manifest = json.loads((workspace.processed / "manifest.json").read_text(encoding="utf-8"))
        return {name: of["sha256"] for name, of in manifest["files"].items() if not of["refused"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


class _Ledger:
    """Collects what each file brings."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.quarantine: list[pd.DataFrame] = []
        self.findings: list[Finding] = []
        self.refusals: list[str] = []
        self.history: list[dict[str, Any]] = []

    def take(self, cleaned: Cleaned, refused: str | None = None) -> None:
        for name, counts in cleaned.counts.items():
            self._enter(cleaned.file, name, counts, refused)
        self.quarantine.append(cleaned.quarantine)
        self.findings += cleaned.findings

    def _enter(
        self, file: ExtractFile, name: str, counts: Mapping[str, int], refused: str | None
    ) -> None:
        day = file.extract_date.isoformat()
        digest = _digests(file).get(name, "")
        self.files[name] = {"sha256": digest, "extract_date": day, **counts, "refused": refused}
        known = (name, file.pathway, day, *(counts[c] for c in COUNTS), refused)
        self.history.append(dict(zip(HISTORY, known, strict=True)))

    def refuse(self, file: ExtractFile, error: Refused) -> None:
        """The whole file stands in the manifest as refused, with what is known of its rows."""
        code = error.code or "F-KIND"
        if isinstance(error, RefusedFile):
            self.take(error.cleaned, error.code)
        else:
            for path in file.paths:
                self._enter(file, path.name, dict.fromkeys(COUNTS, 0), code)
        self.refusals.append(str(error))
        said = str(error).replace("\n", " ").removeprefix(f"{file.name}: ")
        what, _, to_do = said.partition(". ")
        to_do = to_do or "Correct the file and run the check again."
        self.findings.append(Finding(code, "error", file.name, 1, f"file refused: {what}", to_do))


def _digests(file: ExtractFile) -> dict[str, str]:
    try:
        if len(file.paths) == 1:
            return {file.name: file.sha256}
        return {path.name: store.digest_bytes(extracts.read_bytes(path)) for path in file.paths}
    except Refused:
        return {}


def check(
    workspace: Workspace,
    *,
    as_at: date | None = None,
    allow_empty: bool = False,
    accept_volume: bool = False,
) -> Checked:
    """Every extract of every pathway cleaned and compared (on or before ``as_at``; default all): manifest, quarantine, findings.

    A refused file stands in the manifest with its code and in ``refusals`` in words; the others are looked at all the same.
    """
    found = extracts.find(workspace)
    ledger = _Ledger()
    stand: dict[str, list[Cleaned]] = {}
    for name in found.unknown:
        words = "the file is of no known service, or not named <CODE>_<YYYY-MM-DD>, and is left out"
        to_do = f"Call it {raw.remedy(name, workspace)}, or move it out of data/raw."
        ledger.findings.append(Finding("Q-CODE", "warn", name, 1, words, to_do))
    for code in workspace.pathways:
        files = [
            f
            for f in found.files
            if f.pathway == code and (as_at is None or f.extract_date <= as_at)
        ]
        if files:
            taken = _check_pathway(
                workspace, code, files, found, ledger, allow_empty, accept_volume
            )
            if taken is not None:
                stand[code] = taken
    for name, error in published.unread(workspace).items():
        words = f"not read, nothing is compared with it: {str(error).removeprefix(f'dfe/{name}: ')}"
        to_do = "The reports are made without it."
        ledger.findings.append(Finding(error.code, "amber", f"dfe/{name}", 1, words, to_do))
    for path in monthly.paths(workspace):
        _check_counts(path, ledger, None, partial(monthly.read, path))
    for path, code, day in banded.paths(workspace):
        made = partial(banded.read, path, workspace.pathway(code), day)
        _check_counts(path, ledger, day, made)
    quarantine = (
        pd.concat(ledger.quarantine, ignore_index=True)
        if ledger.quarantine
        else pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
    )
    findings = pd.DataFrame(
        [(f.code, f.severity, f.file, f.n, f.message, f.what_to_do) for f in ledger.findings],
        columns=list(FINDING_COLUMNS),
    )
    history = pd.DataFrame(ledger.history, columns=list(HISTORY))
    return Checked(
        {"files": dict(sorted(ledger.files.items()))},
        quarantine,
        findings,
        ledger.refusals,
        stand,
        history,
    )


def _check_pathway(
    workspace: Workspace,
    code: str,
    files: list[ExtractFile],
    found: Found,
    ledger: _Ledger,
    allow_empty: bool,
    accept_volume: bool,
) -> list[Cleaned] | None:
    """The cleaned extracts of a pathway, or None when one is refused; either way the ledger has them all."""
    pathway, doubled = (
        workspace.pathway(code),
        {n: names for c, _, names in found.doubled if c == code for n in names},
    )
    made: list[Cleaned] = []
    fine = True
    for file in files:
        try:
            if file.name in doubled:
                raise Refused(
                    f"{file.name}: {' and '.join(doubled[file.name])} are both {code} at {file.extract_date.isoformat()}. Keep one of them in data/raw.",
                    "F-SAMEFILE",
                )
            compare.same_bytes([*(one.file for one in made), file])
            cleaned = clean.load(file, pathway, workspace, allow_empty=allow_empty)
            compare.same_rows([*made, cleaned])
            red = compare.volume([*made, cleaned], accept_volume) if file is files[-1] else []
        except Refused as error:
            fine = False
            ledger.refuse(file, error)
            continue
        made.append(cleaned)
        ledger.take(cleaned)
        ledger.findings += red
    if not fine:
        return None
    ledger.findings += compare.findings(made, pathway)
    return made


def _check_counts(path: Path, ledger: _Ledger, day: date | None, read: Callable[[], Any]) -> None:
    """A file of counts (a series, a list by bands) in the ledger: ``read`` gives its rows, or refuses it."""
    of: dict[str, Any] = {"sha256": "", "extract_date": day and day.isoformat()}
    try:
        found = read()
    except Refused as error:
        code = error.code or "F-KIND"
        none = dict.fromkeys(COUNTS, 0)
        ledger.files[path.name] = {**of, **none, "refused": code}
        ledger.refusals.append(str(error))
        ledger.findings.append(Finding(code, "error", path.name, 1, "file refused", str(error)))
        return
    ledger.files[path.name] = {**of, "sha256": found.sha256, **found.counts, "refused": None}
    if len(found.quarantine):
        ledger.quarantine.append(found.quarantine)
    ledger.findings += found.findings
