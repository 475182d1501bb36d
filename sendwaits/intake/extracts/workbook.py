"""A workbook -> columns of text: the one visible sheet whose header fits, read by calamine; what calamine hides: `workbook_xml`.

Sizes are checked before anything is parsed.
"""

from __future__ import annotations

import datetime as dt
import gc
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake.extracts import workbook_xml
from sendwaits.intake.extracts.csv_text import header_findings
from sendwaits.intake.extracts.headings import (
    SEARCHED_ROWS,
    Header,
    find_header,
    refuse_missing,
    refuse_other_service,
)
from sendwaits.intake.extracts.odd_rows import not_a_record
from sendwaits.intake.extracts.table import (
    DAY,
    NUMBER,
    SPACES,
    TEXT,
    Broken,
    Column,
    Finding,
    Text,
    coded,
)
from sendwaits.pathways import Pathway

__all__ = ["read", "guard", "sheets", "Sheet", "LARGEST_MEMBER", "LARGEST_RATIO", "RATIO_FROM"]

LARGEST_MEMBER = 200_000_000
LARGEST_RATIO = 200
RATIO_FROM = 50_000_000
"""A workbook is refused when a member unpacks to more than LARGEST_MEMBER bytes, or all of it to LARGEST_RATIO times its size and over RATIO_FROM."""


class Archive:
    """The opened zip; members that were unpacked to weigh them are kept."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self.zipped = zipped
        self.kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """The member's bytes, b"" when there is none; a sheet is unpacked once."""
        if name in self.kept:
            return self.kept[name]
        try:
            data = self.zipped.read(name)
            if "worksheets/" in name:
                self.kept[name] = data
            return data
        except (KeyError, zipfile.BadZipFile, EOFError, OSError, zlib.error):
            return b""


def guard(data: bytes, file: str) -> Archive:
    """The opened zip. Raises `Refused`: F-ZIP (damaged, no workbook), F-BOMB (unpacks to far more than it is), F-PASS (encrypted)."""
    try:
        archive = Archive(zipfile.ZipFile(io.BytesIO(data)))
        members = archive.zipped.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused(
            f"{file}: the workbook is damaged or cut off. Copy or export it again.", "F-ZIP"
        ) from None
    total = sum(m.file_size for m in members)
    if any(m.file_size > LARGEST_MEMBER for m in members) or (
        total > RATIO_FROM and total > LARGEST_RATIO * max(len(data), 1)
    ):
        raise Refused(
            f"{file}: the workbook unpacks to far more than its size. Save the sheet as CSV.",
            "F-BOMB",
        )
    if any(m.flag_bits & 1 for m in members):
        raise Refused(
            f"{file}: the file is password-protected. Remove the password and save it again.",
            "F-PASS",
        )
    for member in members:
        if member.compress_size * 1032 > RATIO_FROM:
            _true_size(archive, member, file)
    if not any(m.filename.endswith("workbook.xml") for m in members):
        raise Refused(
            f"{file}: this zip is no Excel workbook. Save the extract as .xlsx or CSV.", "F-KIND"
        )
    return archive


def _true_size(archive: Archive, member: zipfile.ZipInfo, file: str) -> None:
    """Refuses a member that unpacks to more than it says."""
    pieces, seen = [], 0
    try:
        with archive.zipped.open(member) as stream:
            while piece := stream.read(1 << 22):
                seen += len(piece)
                if "worksheets/" in member.filename:
                    pieces.append(piece)
                if seen > member.file_size:
                    raise Refused(
                        f"{file}: the workbook unpacks to more than it says. Save the sheet as CSV.",
                        "F-BOMB",
                    )
        if pieces:
            archive.kept[member.filename] = b"".join(pieces)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, zlib.error):
        raise Refused(
            f"{file}: the workbook is damaged or cut off. Copy or export it again.", "F-ZIP"
        ) from None


class Sheet:
    """One sheet's cells: ``rows`` lists of Python values, the first of them Excel row ``first``."""

    def __init__(
        self, name: str, visible: bool, rows: list[list[Any]], first: int, left: int
    ) -> None:
        self.name, self.visible, self.rows, self.first, self.left = name, visible, rows, first, left

    def texts(self, at: int) -> list[str]:
        return [cell_text(c)[0] for c in self.rows[at]] if 0 <= at < len(self.rows) else []


def sheets(data: bytes, file: str) -> list[Sheet]:
    """The sheets that hold cells. Raises `Refused`: F-ZIP, F-PASS."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = []
        for at, meta in enumerate(book.sheets_metadata):
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_index(at)
            if sheet.start is None:
                continue
            found.append(
                Sheet(
                    meta.name,
                    meta.visible == calamine.SheetVisibleEnum.Visible,
                    sheet.to_python(skip_empty_area=True),
                    sheet.start[0] + 1,
                    sheet.start[1],
                )
            )
        return found
    except calamine.PasswordError:
        raise Refused(
            f"{file}: the workbook is password-protected. Remove the password and save it as .xlsx or CSV.",
            "F-PASS",
        ) from None
    except (calamine.CalamineError, ValueError, OSError):
        raise Refused(
            f"{file}: the workbook is damaged or cut off. Copy or export it again.", "F-ZIP"
        ) from None


def read(data: bytes, file: str, pathway: Pathway, others: Sequence[Pathway] = ()) -> Text:
    """The one visible sheet of a workbook whose header names the required columns, as text.

    Raises `Refused`: F-ZIP, F-BOMB, F-PASS, F-SHEET (two fit), F-EMPTY, and those of the headings.
    """
    archive = guard(data, file)
    data, strays = workbook_xml.without_strays(archive, data, file)
    with _no_collection():
        return _read(archive, sheets(data, file), file, pathway, others, strays)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Cells hold no cycles: half a million of them made at once would only be searched for some, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _read(
    archive: Archive,
    found: list[Sheet],
    file: str,
    pathway: Pathway,
    others: Sequence[Pathway],
    strays: Mapping[str, list[int]],
) -> Text:
    visible = [s for s in found if s.visible]
    if not visible:
        raise Refused(
            f"{file}: no visible sheet holds a cell. Show the sheet with the extract and save the workbook.",
            "F-EMPTY",
        )
    headers = [
        (s, find_header([s.texts(i) for i in range(min(SEARCHED_ROWS + 1, len(s.rows)))], pathway))
        for s in visible
    ]
    fit = [
        (s, h)
        for s, h in headers
        if h is not None and all(name in h.mapped.found for name in pathway.required)
    ]
    if len(fit) > 1:
        raise Refused(
            f"{file}: the sheets {' and '.join(repr(s.name[:40]) for s, _ in fit)} could both be the extract. Keep one of them in the workbook.",
            "F-SHEET",
        )
    sheet, header = (
        fit[0]
        if fit
        else max(headers, key=lambda pair: len(pair[1].mapped.found) if pair[1] else -1)
    )
    if header is None:
        raise Refused(
            f"{file}: no row of the sheet names the columns. Required: {', '.join(pathway.required)}.",
            "F-COLMISSING",
        )
    refuse_other_service(header, pathway, file, others)
    refuse_missing(header, pathway, file, sheet.texts(header.after))
    text = _cut(sheet, header, file)
    hidden = len(found) - len(visible)
    if hidden:
        text.findings.append(
            Finding(
                "N-HIDDEN",
                "info",
                file,
                hidden,
                "hidden sheets hold cells; they were not read",
                "Look whether they belong to the extract.",
            )
        )
    member = workbook_xml.sheet_member(archive, sheet.name, file)
    _look_inside(archive, sheet, header, text, pathway, strays.get(member, []))
    return text


def cell_text(cell: Any) -> tuple[str, int]:
    """The text a cell stands for, and its kind: whole numbers without ``.0``, real dates as ISO."""
    if isinstance(cell, str):
        return cell, TEXT
    if isinstance(cell, bool):
        return str(int(cell)), TEXT
    if isinstance(cell, (int, float)):
        return (str(int(cell)) if float(cell).is_integer() else repr(float(cell))), NUMBER
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat(), DAY
    if isinstance(cell, dt.date):
        return cell.isoformat(), DAY
    if isinstance(cell, dt.time):
        return "1899-12-30", DAY  # day 0 of Excel's calendar, with a time
    return ("", TEXT) if cell is None else (str(cell), TEXT)


def _cut(sheet: Sheet, header: Header, file: str) -> Text:
    import pyarrow.compute as pc

    rows = sheet.rows[header.after :]
    trailing = len(rows)
    while rows and not any(
        cell != "" and not (isinstance(cell, str) and not cell.strip(SPACES + "\n"))
        for cell in rows[-1]
    ):
        rows.pop()  # a stray space in the last row of a sheet costs a million blank rows
    trailing -= len(rows)
    numbers = np.arange(
        sheet.first + header.after, sheet.first + header.after + len(rows), dtype=np.int64
    )
    made = [column(cells) for cells in zip(*rows, strict=True)]
    filled = np.zeros(len(rows), bool)
    for col in made:
        if filled.all():
            break
        filled |= col.where(
            pc.not_equal(pc.utf8_trim_whitespace(col.values), "")
            .to_numpy(zero_copy_only=False)
            .astype(bool)
        )
    blank = int((~filled).sum())
    if blank:
        rows, numbers = [rows[at] for at in np.flatnonzero(filled)], numbers[filled]
    text = Text(
        file,
        sheet.name,
        {},
        numbers,
        findings=header_findings(header, file),
        blank=blank + trailing,
        **header.named,
    )
    keep = filled.copy()
    keep[np.flatnonzero(filled)[~_set_aside(text, rows, header)]] = False
    if not keep.all():
        for col in made:
            col.codes = col.codes[keep]
    while len(made) < len(header.texts):
        made.append(column([""] * len(text.rows)))
    text.columns = {name: made[at[0]] for name, at in header.mapped.found.items()}
    text.waits = {header.texts[at]: (unit, made[at]) for at, unit in header.mapped.waits.items()}
    return text


def column(cells: Sequence[Any]) -> Column:
    """One column of a sheet: codes, distinct texts, and the kind of each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        texts = pa.array(cells, pa.string()).dictionary_encode()  # all text: Arrow codes them
        return Column(
            texts.indices.to_numpy(zero_copy_only=False),
            pc.utf8_trim(texts.dictionary, SPACES),
            np.full(len(texts.dictionary), TEXT, np.uint8),
        )
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        codes, values = coded(cells)
    pairs = [cell_text(v) for v in values]
    return Column(
        codes,
        pc.utf8_trim(pa.array([t for t, _ in pairs], pa.string()), SPACES),
        np.array([k for _, k in pairs], np.uint8),
    )


def _set_aside(text: Text, rows: list[list[Any]], header: Header) -> np.ndarray:
    """Takes out rows with one or two cells that are totals or footers, wherever their cells stand; a mask of the others."""
    start = header.mapped.found[next(iter(header.mapped.found))][0]
    keep = np.ones(len(rows), bool)
    for at, row in enumerate(rows):
        if row[start] == "" or (isinstance(row[start], str) and " " in row[start]):
            cells = [cell_text(c)[0] for c in row]
            if sum(bool(c.strip()) for c in cells) <= 2:
                known = not_a_record(cells, header.texts)
                if known is not None:
                    text.broken.append(Broken(int(text.rows[at]), *known, sheet=text.sheet))
                    keep[at] = False
    text.rows = text.rows[keep]
    return keep


def _look_inside(
    archive: Archive, sheet: Sheet, header: Header, text: Text, pathway: Pathway, strays: list[int]
) -> None:
    """Hidden rows and columns (noted), error cells (set aside by a rule), formulas without a value (refused in a required column)."""
    file = text.file
    text.date1904 = workbook_xml.is_1904(archive, file)
    member = workbook_xml.sheet_member(archive, sheet.name, file)
    seen = workbook_xml.look(archive.read(member), file)
    last = int(text.rows.max()) if len(text.rows) else 0
    first = sheet.first + header.after
    places = {at[0] + sheet.left: name for name, at in header.mapped.found.items()}
    n = sum(first <= row <= last for row in seen.hidden_rows)
    words = "rows were hidden in Excel and are counted"
    _told(text, n, words, "Clear the filter, and look whether they belong to the list.")
    n = sum(column in places for column in seen.hidden_columns)
    _told(text, n, "hidden columns are read", "Look whether they are the ones that are meant.")
    for kind, cells in (("", seen.errors), ("formula:", seen.uncalculated)):
        for row, column in cells:
            if column in places and row >= first:
                text.error_cells.setdefault(kind + places[column], []).append(row)
    for name in [n.removeprefix("formula:") for n in text.error_cells if n.startswith("formula:")]:
        if name not in (*pathway.required, *pathway.wait_dates):
            n = len(text.error_cells.pop(f"formula:{name}"))
            words = f"cells of '{name}' hold formulas that were never calculated; taken as blank"
            to_do = "Open the workbook in Excel, save it, and copy it again."
            text.findings.append(Finding("F-FORMULA", "warn", file, n, words, to_do))
    for row in strays:
        text.broken.append(Broken(row, "Q-FOOTER", "a cell far below the list", sheet=text.sheet))


def _told(text: Text, n: int, words: str, to_do: str) -> None:
    if n:
        text.findings.append(Finding("N-HIDDEN", "warn", text.file, n, f"{n} {words}", to_do))
