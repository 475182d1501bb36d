"""What `sendwaits check` prints: from each newest file to the figures that come of it, what is missing and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sendwaits import raw

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.intake.checking import Check
    from sendwaits.workspace import Workspace

__all__ = ["words"]

TO_ACT_ON = ("red", "error", "amber", "warn")
SHOWN = 6
"""Findings of a file that are printed besides what is red and every cause of a row set aside; the others stand in findings.csv."""


def words(check: Check, workspace: Workspace, every: bool = False) -> list[str]:
    """A paragraph for each service: read, set aside by cause, columns not read, its waits, what to do.

    ``every``: the older extracts and every finding, too.
    """
    files: dict[str, dict[str, Any]] = check.manifest["files"]
    of_service: dict[str, list[str]] = {}
    for name, of in files.items():
        one = raw.named(name, workspace)
        of_service.setdefault(one.code if one else "", []).append(name)
    lines: list[str] = []
    for code in workspace.pathways:
        names = sorted(of_service.get(code, []), key=lambda n: (str(files[n]["extract_date"]), n))
        if not names:
            continue
        newest = files[names[-1]]["extract_date"]
        shown = names if every else [n for n in names if files[n]["extract_date"] == newest]
        older = len(names) - len(shown)
        lines.append(f"{code}" + (f" ({older} older extracts: see --all)" if older else ""))
        for name in shown:
            lines += [f"  {line}" for line in _file(name, files[name], check.findings, every)]
        lines += [f"  {line}" for line in _waits(check.waits, workspace, code)]
    lines += _others(of_service.get("", []), files, check.findings)
    return [*lines, "Row by row: data/processed/quarantine.csv, findings.csv, manifest.json"]


def _file(name: str, of: dict[str, Any], findings: pd.DataFrame, every: bool) -> Iterator[str]:
    if of["refused"]:
        yield f"{name}: refused ({of['refused']}), nothing of it counts"
    else:
        yield (
            f"{name}: {of['read']:,} rows = {of['clean']:,} clean + {of['quarantined']:,} set aside"
            f" + {of['merged']:,} merged"
        )
    mine = findings[findings["file"] == name]
    for extra in mine[mine["code"] == "N-EXTRACOL"].itertuples():
        yield f"  {extra.message}"
    others = mine[mine["code"] != "N-EXTRACOL"]
    if not every:
        others = others[others["severity"].isin(TO_ACT_ON)]
    others = others.sort_values("severity", key=lambda s: s != "red", kind="stable")
    cause = others["message"].str.startswith("rows set aside") | (others["severity"] == "red")
    for row in others[every | cause | (others.groupby(cause).cumcount() < SHOWN)].itertuples():
        yield f"  {row.code}: {_counted(row.n, row.message)}. {row.what_to_do}"


def _counted(n: int, message: str) -> str:
    """The number before a message that does not say it itself."""
    return message if n == 1 and not message.startswith("row") else f"{n:,} {message}"


def _waits(waits: pd.DataFrame, workspace: Workspace, code: str) -> Iterator[str]:
    """Each wait with how many are open, completed and removed: the figures' raw material."""
    mine = waits[waits["pathway"] == code] if len(waits) else waits
    if not len(mine):
        return
    for wait in workspace.pathway(code).waits:
        rows = mine[mine["wait"] == wait.name]
        done = int(rows["completed"].sum())
        still = int(rows["stop"].isna().sum())
        doubt = ""
        if not len(rows):
            doubt = f": never starts; is there a column {wait.start}?"
        elif not done:
            doubt = f": nobody completes it; is there a column {wait.completed}?"
        yield (
            f"wait {wait.name}: {still:,} waiting, {done:,} completed, "
            f"{len(rows) - done - still:,} left otherwise{doubt}"
        )


def _others(
    names: list[str], files: dict[str, dict[str, Any]], findings: pd.DataFrame
) -> list[str]:
    """Files that are no extracts: series, and what is left out."""
    lines = [f"{n}: refused ({files[n]['refused']})" for n in names if files[n]["refused"]]
    read = [files[n]["read"] for n in names if not files[n]["refused"]]
    if read:
        lines.append(f"Monthly series: {len(read)} files, {sum(read):,} rows read")
    left = findings[findings["message"].str.contains("left out", regex=False)]
    stray = left[~left["file"].isin(list(files))]
    return lines + [f"{r.file}: {r.message}. {r.what_to_do}" for r in stray.itertuples()]
