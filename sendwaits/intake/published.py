"""data/raw/dfe: DfE Explore Education Statistics files as downloaded: BOM, markers instead of numbers, renamed columns."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.intake.extracts import read_bytes
from sendwaits.intake.extracts.csv_text import decode

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["dfe", "community", "MARKERS", "RENAMED"]

MARKERS = ("x", "z", "c", "u", "low", ":", "~", "..", "")
"""What stands where there is no number: not available, not applicable, suppressed, unreliable, rounds to 0."""

RENAMED = {
    "rquestsource": "requestsource",
    "pc_plans_issued_20_weeks_ex": "pc_plans_issued_20_weeks_ex",
    "all ehc plans issued": "All EHC plans",
    "all ehc plans": "All EHC plans",
}
"""Spellings of earlier and later releases -> one name; headings are compared without case (PC_ and pc_, ltYear and ltyear)."""

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


def dfe(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """Each file of data/raw/dfe by name: lower-case headings, figures as numbers (NaN = a marker), names and codes as text.

    Raises `Refused` for a file without time_period and geographic_level. Areas are matched by name, never by old code alone (D27).
    """
    folder = workspace.raw / "dfe"
    made = {}
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        data, _ = decode(read_bytes(path), path.name)
        try:
            table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
        except (pd.errors.EmptyDataError, pd.errors.ParserError):
            raise Refused(
                f"dfe/{path.name}: no table. Download the file again as CSV.", "F-EMPTY"
            ) from None
        table.columns = [
            RENAMED.get(str(c).strip().lower(), str(c).strip().lower()) for c in table.columns
        ]
        for needed in ("time_period", "geographic_level"):
            if needed not in table.columns:
                raise Refused(
                    f"dfe/{path.name}: heading '{needed}' is missing. Download the file again from Explore Education Statistics.",
                    "F-COLMISSING",
                )
        if "breakdown" in table.columns:
            table["breakdown"] = table["breakdown"].map(
                lambda t: RENAMED.get(t.strip().lower(), t.strip())
            )
        for name in table.columns:
            if name not in _NAMES:
                text = table[name].str.strip().str.replace(",", "", regex=False)
                numbers = pd.to_numeric(
                    text.where(~text.str.lower().isin(MARKERS)), errors="coerce"
                )
                if numbers.notna().any() or text.str.lower().isin(MARKERS).all():
                    table[name] = numbers
        made[path.name] = table
    return made


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
