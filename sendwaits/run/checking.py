"""data/processed as `check` and `report` leave it: one set, all or none."""

from __future__ import annotations

import json

from sendwaits.inert import inert_csv
from sendwaits.intake.checking import Check
from sendwaits.run.atomic import replaced
from sendwaits.workspace import Workspace

__all__ = ["leave", "KEPT"]

KEPT = ("cache", "releases")
"""What stays in data/processed when its set changes."""


def leave(result: Check, workspace: Workspace) -> None:
    """Writes manifest, quarantine, findings and waits; the same bytes for the same inputs. Raises `CannotWrite`."""
    with replaced(workspace.processed, keep=KEPT) as folder:
        (folder / "manifest.json").write_bytes(
            (json.dumps(result.manifest, indent=1, sort_keys=True) + "\n").encode()
        )
        (folder / "quarantine.csv").write_bytes(inert_csv(result.quarantine))
        (folder / "findings.csv").write_bytes(inert_csv(result.findings))
        if len(result.waits):
            texts = dict.fromkeys(result.waits.select_dtypes("category"), "str")
            result.waits.astype(texts).to_parquet(folder / "waits.parquet", index=False)
