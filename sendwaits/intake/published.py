"""data/raw/dfe: DfE Explore Education Statistics files as downloaded: zips, folders, markers instead of numbers, renamed columns."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.extracts import read_bytes
from sendwaits.intake.extracts.csv_text import decode

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["dfe", "unread", "community", "MARKERS", "RENAMED"]

MARKERS = ("x", "z", "c", "u", "low", ":", "~", "..", "")
"""What stands where there is no number: not available, not applicable, suppressed, unreliable, rounds to 0."""

RENAMED = {
    "rquestsource": "requestsource",
    "pc_plans_issued_20_weeks_ex": "pc_plans_issued_20_weeks_ex",
    "all ehc plans issued": "All EHC plans",
    "all ehc plans": "All EHC plans",
}
"""Spellings of earlier and later releases -> one name; headings are compared without case (PC_ and pc_, ltYear and ltyear)."""

LARGEST_DOWNLOAD = 2_000_000_000
"""Bytes of CSV in one zip; the largest release has some hundred million."""

_NAMES = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "new_la_code",
    "old_la_code",
    "la_name",
    "breakdown_topic",
    "breakdown",
)


_SKIPPED = re.compile(
    r"(^|/)(supporting[-_ ]?files|__macosx|data[-_ ]?guidance)(/|$)|\.meta\.csv$|(^|/)(\.|readme|data[-_ ]guidance|metadata)",
    re.IGNORECASE,
)
"""Parts of a download that hold no table of figures."""


def dfe(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """Each table of data/raw/dfe by name: lower-case headings, figures as numbers (NaN = a marker), names and codes as text.

    CSV files, also in folders and in the zip as downloaded, in any common encoding and separator. What cannot be read stops
    nothing: `unread` names it. Areas are matched by name (`sendwaits.intake.places`), never by old code alone (D27).
    """
    return _read(workspace)[0]


def unread(workspace: Workspace) -> dict[str, Refused]:
    """What lies in data/raw/dfe and is not read: by name, with the reason and what to do."""
    return _read(workspace)[1]


def _read(workspace: Workspace) -> tuple[dict[str, pd.DataFrame], dict[str, Refused]]:
    made: dict[str, pd.DataFrame] = {}
    wrong: dict[str, Refused] = {}
    folder = workspace.raw / "dfe"
    for path in sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []:
        name = path.relative_to(folder).as_posix()
        if _SKIPPED.search(name):
            continue
        try:
            for inside, data in _files(path, name):
                try:
                    made[inside] = _table(data, inside)
                except Refused as error:
                    wrong[inside] = error
        except Refused as error:
            wrong[name] = error
    return made, wrong


def _files(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """A CSV file, or those of a zip; their names as data/raw/dfe shows them."""
    if path.suffix.lower() == ".csv":
        yield name, read_bytes(path)
        return
    if path.suffix.lower() != ".zip":
        raise Refused(
            f"dfe/{name}: is neither CSV nor the zip as downloaded. Choose the data as CSV on Explore Education Statistics.",
            "F-KIND",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path))) as zipped:
            members = [m for m in zipped.infolist() if m.filename.lower().endswith(".csv")]
            if sum(m.file_size for m in members) > LARGEST_DOWNLOAD:
                raise Refused(
                    f"dfe/{name}: unpacks to far more than a release. Unpack it yourself.", "F-BOMB"
                )
            for member in members:
                if not _SKIPPED.search(member.filename):
                    yield f"{name}/{member.filename}", zipped.read(member)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, zlib.error):
        raise Refused(f"dfe/{name}: the zip is damaged. Download it again.", "F-ZIP") from None


def _table(data: bytes, name: str) -> pd.DataFrame:
    utf8, _ = decode(data, f"dfe/{name}")
    head = utf8.split(b"\n", 1)[0].decode("utf-8")
    try:
        table = pd.read_csv(
            io.BytesIO(utf8), dtype=str, keep_default_na=False, sep=max(",;\t|", key=head.count)
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError):
        raise Refused(f"dfe/{name}: no table. Download the file again as CSV.", "F-EMPTY") from None
    keys = [str(c).strip().lower() for c in table.columns]
    table.columns = [RENAMED.get(k, k) for k in keys]
    for needed in ("time_period", "geographic_level"):
        if needed not in table.columns:
            raise Refused(
                f"dfe/{name}: heading '{needed}' is missing: no file of Explore Education Statistics. Download it again, or move it out.",
                "F-COLMISSING",
            )
    if "breakdown" in table.columns:
        table["breakdown"] = table["breakdown"].map(
            lambda t: RENAMED.get(t.strip().lower(), t.strip())
        )
    for column in table.columns:
        text = table[column].str.strip()
        if column in _NAMES:
            table[column] = text
            continue
        text = text.str.replace(",", "", regex=False)
        numbers = pd.to_numeric(text.where(~text.str.lower().isin(MARKERS)), errors="coerce")
        if numbers.notna().any() or text.str.lower().isin(MARKERS).all():
            table[column] = numbers
    return table


COMMUNITY = ("month", "level", "code", "name", "service", "band_weeks", "waiting")


def community(workspace: Workspace) -> pd.DataFrame:
    """Children waiting by week band of the published community SitRep, from data/raw/nhse/*.csv: columns `COMMUNITY`.

    Empty without a file. Raises `Refused` for a file without one of the headings.
    """
    folder = workspace.raw / "nhse"
    tables = [pd.DataFrame(columns=list(COMMUNITY))]
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        data, _ = decode(read_bytes(path), path.name)
        table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
        if missing := [name for name in COMMUNITY if name not in table.columns]:
            raise Refused(
                f"nhse/{path.name}: heading '{missing[0]}' is missing. It needs {', '.join(COMMUNITY)}.",
                "F-COLMISSING",
            )
        counts = pd.to_numeric(table["waiting"], errors="coerce").astype("Int64")
        tables.append(table[list(COMMUNITY)].assign(waiting=counts))
    return pd.concat(tables[1:] or tables, ignore_index=True)
