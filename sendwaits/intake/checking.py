"""The newest extracts cleaned and their waits built: what is accepted, set aside, merged or refused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from sendwaits import intake
from sendwaits.intake import load as loading
from sendwaits.workspace import Workspace

__all__ = ["Check", "check"]


@dataclass(frozen=True)
class Check:
    """What a check found: the manifest, the ledgers, the waits (pseudonyms only), and in words what was refused."""

    manifest: Mapping[str, Any]
    quarantine: pd.DataFrame
    findings: pd.DataFrame
    waits: pd.DataFrame
    refusals: list[str] = field(default_factory=list)
    older: frozenset[str] = frozenset()

    @property
    def summary(self) -> str:
        """One line per file (read = clean + quarantined + merged), one per finding to act on, and where the ledgers are.

        Of extracts that a newer one follows, only what is red or about their records as they count now.
        """
        lines, quiet = [], 0
        for name, of in self.manifest["files"].items():
            if of["refused"]:
                lines.append(f"{name}: refused ({of['refused']})")
            else:
                lines.append(
                    f"{name}: {of['read']:,} rows read = {of['clean']:,} clean + {of['quarantined']:,} set aside + {of['merged']:,} merged"
                )
        for row in self.findings[
            self.findings["severity"].isin(["red", "error", "amber", "warn"])
        ].itertuples():
            if row.file in self.older and (row.severity == "warn" or row.code == "N-NOID"):
                quiet += 1
                continue
            lines.append(f"  {row.code} {row.file}: {row.n:,} {row.message}. {row.what_to_do}")
        if quiet:
            lines.append(f"  {quiet} more findings of older extracts: data/processed/findings.csv")
        return "\n".join(
            [*lines, "Ledgers: data/processed/manifest.json, quarantine.csv, findings.csv"]
        )

    def __repr__(self) -> str:
        return self.summary


def check(workspace: Workspace, *, allow_empty: bool = False, accept_volume: bool = False) -> Check:
    """Clean the newest extracts of every pathway and build the waits of all that are not refused.

    A refused file does not stop the others; its code stands in the manifest and ``refusals`` says what to do.
    """
    checked = intake.check(workspace, allow_empty=allow_empty, accept_volume=accept_volume)
    refused = list(checked.refusals)
    waits, findings = [], [checked.findings]
    older = frozenset(n for ones in checked.extracts.values() for o in ones[:-1] for n in o.counts)
    if checked.extracts:
        for code, files in loading.present(workspace, None, list(checked.extracts)).files.items():
            built = loading.load(workspace, code, files, partial(checked.extracts.pop, code))
            findings.append(
                built.findings[built.findings["file"].isin(list(checked.manifest["files"]))]
            )
            waits.append(built.waits.drop(columns=["record"]))
    table = pd.concat(waits, ignore_index=True) if waits else pd.DataFrame()
    return Check(
        checked.manifest,
        checked.quarantine,
        pd.concat(findings, ignore_index=True).drop_duplicates(ignore_index=True),
        table,
        refused,
        older,
    )
