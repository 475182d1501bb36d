"""What has been released before: one file per release under data/processed/releases, each holding the hash of the one before.

The next release is audited together with all of them, so that a re-issue or the next month does not undo what was hidden.
"""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from sendwaits import store
from sendwaits.errors import Unsafe
from sendwaits.release.disclosure.rules import Released
from sendwaits.release.tables import read_figures

__all__ = ["record", "releases", "digest", "digest_before"]


def releases(processed: Path, but: str = "") -> list[Released]:
    """Earlier releases of this workspace, oldest first, analyst sets left out. Raises `Unsafe` when the chain is broken.

    ``but``: the text of a figures.csv; only what was released before the release that holds just this.
    """
    found = []
    for _, entry in _entries(processed):
        if entry["figures"] == but:
            break
        if entry["profile"] != "analyst":
            found.append(_released(entry))
    return found


def digest(processed: Path) -> str:
    """One hash for all that has been released so far, "" for nothing: part of the key of whatever rests on it."""
    files = _files(processed)
    return store.digest_file(files[-1]) if files else ""


def digest_before(processed: Path, as_at: date, profile: str) -> str:
    """One hash for all that has been released of other days and profiles: unchanged when this day's own set is registered."""
    others = [
        store.digest_file(path)
        for path, entry in _entries(processed)
        if (entry["as_at"], entry["profile"]) != (as_at.isoformat(), profile)
    ]
    return store.digest_bytes("".join(others).encode()) if others else ""


def record(processed: Path, folder: Path) -> Path | None:
    """The set in ``folder`` joins the register; None when it is the same as the last one of its day and profile."""
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    given = facts["parameters"]
    text = (folder / "figures.csv").read_text(encoding="utf-8")
    entry = {
        "as_at": given["as_at"],
        "profile": given["profile"],
        "k": given["k"],
        "zeros_hidden": facts.get("zeros_hidden", []),
        "figures": text,
    }
    entries = _entries(processed)
    for _, old in reversed(entries):
        if (old["as_at"], old["profile"]) == (entry["as_at"], entry["profile"]):
            if {**old, "previous": ""} == {**entry, "previous": ""}:
                return None
            break
    entry["previous"] = digest(processed)
    path = (
        processed / "releases" / f"{len(entries) + 1:04d}_{entry['as_at']}_{entry['profile']}.json"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_atomic(
        path,
        (json.dumps(entry, sort_keys=True, indent=0, ensure_ascii=False) + "\n").encode("utf-8"),
    )
    return path


def _files(processed: Path) -> list[Path]:
    return sorted((processed / "releases").glob("[0-9][0-9][0-9][0-9]_*.json"))


def _entries(processed: Path) -> list[tuple[Path, dict[str, Any]]]:
    previous, found = "", []
    for path in _files(processed):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            whole = entry["previous"] == previous and {"as_at", "profile", "k", "figures"} <= set(
                entry
            )
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise Unsafe(
                f"data/processed/releases/{path.name}: the register of releases has been changed. Restore it from a backup; "
                "without it nobody can say what earlier releases told."
            )
        previous = store.digest_file(path)
        found.append((path, entry))
    return found


def _released(entry: dict[str, Any]) -> Released:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.csv"
        path.write_bytes(entry["figures"].encode("utf-8"))
        table = read_figures(path)
    return Released(
        table,
        zeros_hidden=list(entry.get("zeros_hidden", [])),
        profile=entry["profile"],
        k=int(entry["k"]),
    )
