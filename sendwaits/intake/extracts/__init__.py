"""A file of data/raw -> rows of text that know their file and line. What lies there, which service and day it is of.

`find` looks at names only; `read` opens one extract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sendwaits import raw
from sendwaits.errors import Refused
from sendwaits.intake.extracts.table import Broken, Column, Finding, Text
from sendwaits.pathways import Pathway
from sendwaits.store import digest_bytes, digest_file

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = [
    "ExtractFile",
    "Found",
    "find",
    "read",
    "read_bytes",
    "Text",
    "Column",
    "Finding",
    "Broken",
    "propose_headings",
]


_UNREADABLE = "{}: cannot be read. Close it in other programs and check its permissions."


@dataclass(frozen=True)
class ExtractFile:
    """One extract: a service's list as it stood at the end of ``extract_date``.

    ``kind``: csv, xlsx, sen2_xml, sen2_xlsx or blade (then ``modules`` are its files and ``path`` is the requests').
    """

    path: Path
    pathway: str
    extract_date: date
    kind: str = "csv"
    modules: tuple[tuple[str, Path], ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for _, path in self.modules) or (self.path,)

    @cached_property
    def sha256(self) -> str:
        """The digest of the file's bytes; of a Blade set, of the digests of its files."""
        try:
            digests = [digest_file(path) for path in self.paths]
        except OSError:
            raise Refused(_UNREADABLE.format(self.name), "E-IO") from None
        return digests[0] if len(digests) == 1 else digest_bytes("".join(digests).encode("ascii"))


@dataclass
class Found:
    """What lies in data/raw: extracts oldest first, what to say about the others, services and days given twice.

    ``doubled``: (pathway, date, the names) of extracts that stand for the same day: each is refused, naming the other.
    """

    files: list[ExtractFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubled: list[tuple[str, date, tuple[str, ...]]] = field(default_factory=list)

    def of(self, code: str, as_at: date | None = None) -> list[ExtractFile]:
        """The extracts of a pathway on or before a day, oldest first. Raises `Refused` naming both when a day is given twice."""
        for pathway, day, names in self.doubled:
            if pathway == code and (as_at is None or day <= as_at):
                raise Refused(
                    f"{' and '.join(names)} are both {code} at {day.isoformat()}. Keep one of them in data/raw.",
                    "F-SAMEFILE",
                )
        return [
            f
            for f in self.files
            if f.pathway == code and (as_at is None or f.extract_date <= as_at)
        ]


def find(workspace: Workspace) -> Found:
    """The extracts of data/raw by their names: ``<CODE>_<date>.csv``, ``SEN2_<date>.xml``, the Blade set. Nothing is opened.

    A file of an unknown service is left out and named; series_*.csv and folders are other kinds.
    """
    found = Found()
    unnamed: list[str] = []
    unserved: list[str] = []
    sets: dict[tuple[str, date], dict[str, Path]] = {}
    for path in raw.listing(workspace.raw):
        one = raw.named(path.name, workspace)
        if one is None:
            unnamed.append(path.name)
        elif not one.code:
            unserved.append(path.name)
        elif one.kind == "blade":
            sets.setdefault((one.code, one.day), {})[one.module] = path
        else:
            found.files.append(ExtractFile(path, one.code, one.day, one.kind))
    found.unknown = sorted([*unnamed, *unserved])
    if unnamed:
        found.notes.append(raw.misnamed(workspace))
    if unserved:
        found.notes.append(
            f"Left out, of no known service: {', '.join(unserved)}. Known: {', '.join(workspace.pathways)}, SEN2."
        )
    for (code, day), modules in sets.items():
        first = modules.get("requests") or next(iter(modules.values()))
        found.files.append(ExtractFile(first, code, day, "blade", tuple(sorted(modules.items()))))
    found.files.sort(
        key=lambda f: (list(workspace.pathways).index(f.pathway), f.extract_date, f.name)
    )
    days: dict[tuple[str, date], list[str]] = {}
    for file in found.files:
        days.setdefault((file.pathway, file.extract_date), []).append(file.name)
    found.doubled = [
        (code, day, tuple(names)) for (code, day), names in days.items() if len(names) > 1
    ]
    return found


def read_bytes(path: Path) -> bytes:
    """The file's bytes, read in one go. Raises `Refused` (E-IO, F-CHANGED) when it cannot be read or changes meanwhile."""
    try:
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except OSError:
        raise Refused(_UNREADABLE.format(path.name), "E-IO") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        raise Refused(
            f"{path.name}: changed while it was being read. Wait until the copy has finished, then run again.",
            "F-CHANGED",
        )
    return data


def read(file: ExtractFile, pathway: Pathway, others: Sequence[Pathway] = ()) -> Text:
    """The extract as one table of text. ``others``: the services whose file it might be by mistake.

    Raises `Refused` with the code of the rule that the file as a whole breaks.
    """
    from sendwaits.intake.extracts import csv_text, kinds

    if file.kind == "blade":
        from sendwaits.intake.extracts.sen2 import read_blade

        return read_blade(file, pathway)
    data = read_bytes(file.path)
    object.__setattr__(file, "sha256", digest_bytes(data))
    kinds.refuse_other_kind(data, file)
    if file.kind == "csv":
        text = csv_text.read(data, file.name, pathway, others)
    elif file.kind in ("xlsx", "xlsm"):
        from sendwaits.intake.extracts import workbook

        text = workbook.read(data, file.name, pathway, others)
    else:
        from sendwaits.intake.extracts.sen2 import read_template, read_xml

        text = (read_xml if file.kind == "sen2_xml" else read_template)(data, file, pathway)
    return text


def propose_headings(file: Path, pathway: Pathway) -> list[dict[str, object]]:
    """One row per canonical column: ``column``, the ``heading`` it probably has in this file, ``sure`` and ``why``.

    Sure: the canonical name or an alias. Unsure: alike in words, dates where dates are needed. Nothing is changed.
    """
    from sendwaits.intake.extracts.proposals import propose

    return propose(file, pathway)
