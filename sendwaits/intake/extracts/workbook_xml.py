"""What a workbook's own XML says and a reader of values hides: hidden rows and columns, error cells, empty formulas, stray cells.

Read by event with namespaces (transitional, strict or prefixed alike); no entity is expanded, nothing is fetched, nesting is
limited. A sheet whose bytes name nothing of the kind is not parsed at all.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Refused

if TYPE_CHECKING:
    from sendwaits.intake.extracts.workbook import Archive

__all__ = ["Seen", "look", "sheet_member", "is_1904", "without_strays"]

_PLAIN_MARKS = (b"hidden", b'"e"', b"<f")
_OTHER_MARKS = (b"hidden", b'"e"', b"'e'", b"<f", b":f>", b":f ", b":f/")
"""Bytes without which a sheet hides nothing: as nearly all tools write them, and with prefixes or single quotes."""
_DIMENSION = re.compile(rb"dimension[^>]*?ref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)")
_ROWS_APART, _COLUMNS_APART = 1000, 100
"""A gap as wide as this between cells: what lies beyond belongs to no list."""
_SPARSE_FROM = 2_000_000


@dataclass
class Seen:
    """Excel rows that are hidden; letters-free column numbers that are; cells (row, column from 0) with errors or formulas without value."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    uncalculated: list[tuple[int, int]] = field(default_factory=list)


def _name(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _events(xml: bytes, tags: tuple[str, ...], file: str) -> Iterator[Any]:
    """The elements of these names, each cleared when it has been looked at. Raises `Refused` for XML that is damaged or nested too deeply."""
    from lxml import etree

    try:
        for _, element in etree.iterparse(
            io.BytesIO(xml),
            events=("end",),
            tag=[f"{{*}}{tag}" for tag in tags],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        ):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError:
        raise Refused(
            f"{file}: the XML of the workbook is damaged or nested too deeply. Open it in Excel and save it anew, or as CSV.",
            "F-ZIP",
        ) from None


def _book(archive: Archive) -> str:
    return next((n for n in archive.zipped.namelist() if n.endswith("workbook.xml")), "")


def is_1904(archive: Archive, file: str) -> bool:
    """Whether the workbook counts its days from 1904."""
    found = _events(archive.read(_book(archive)), ("workbookPr",), file)
    return any(e.get("date1904") in ("1", "true") for e in found)


def sheet_member(archive: Archive, sheet: str, file: str) -> str:
    """The member of the zip that holds the sheet of that name, "" when there is none."""
    book = _book(archive)
    folder, base = posixpath.split(book)
    rels = archive.read(f"{folder}/_rels/{base}.rels".lstrip("/"))
    targets = {e.get("Id"): e.get("Target", "") for e in _events(rels, ("Relationship",), file)}
    for element in _events(archive.read(book), ("sheet",), file):
        link = next((v for k, v in element.attrib.items() if k.rsplit("}", 1)[-1] == "id"), "")
        if element.get("name") == sheet and link in targets:
            return posixpath.normpath(posixpath.join("/", folder, targets[link])).lstrip("/")
    return ""


def look(xml: bytes, file: str) -> Seen:
    """What one sheet hides. Rows and columns are numbered by their references, or by their order where they have none."""
    seen = Seen()
    plain = b"<row" in xml[:8192] and b"='" not in xml[:8192]
    if not any(mark in xml for mark in (_PLAIN_MARKS if plain else _OTHER_MARKS)):
        return seen
    row = 0
    for element in _events(xml, ("col", "row"), file):
        hidden = element.get("hidden") in ("1", "true")
        if _name(element) == "col":
            if hidden:
                first, last = int(element.get("min", 1)), int(element.get("max", 1))
                seen.hidden_columns += range(first - 1, min(last, first + _COLUMNS_APART))
            continue
        row = int(element.get("r", row + 1))
        if hidden:
            seen.hidden_rows.append(row)
        column = -1
        for cell in element:
            reference = cell.get("r")
            column = _column(reference) if reference else column + 1
            if cell.get("t") == "e":
                seen.errors.append((row, column))
                continue
            parts = {_name(part): part for part in cell}
            empty = parts.get("v") is None or not parts["v"].text
            if "f" in parts and empty and cell.get("t") != "str":
                seen.uncalculated.append((row, column))
    return seen


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789").encode("ascii", "ignore"):
        number = number * 26 + letter - 64
    return number - 1


def without_strays(archive: Archive, data: bytes, file: str) -> tuple[bytes, dict[str, list[int]]]:
    """The workbook without cells far from the rest, and for each member the Excel rows that were left out.

    One cell in the last row and column would otherwise be a table of millions of blank cells. Most workbooks come back as they are.
    """
    changed: dict[str, bytes] = {}
    left_out: dict[str, list[int]] = {}
    for member in archive.zipped.namelist():
        if "worksheets/" in member and member.endswith(".xml"):
            xml = archive.read(member)
            if _sparse(xml):
                changed[member], left_out[member] = _trimmed(xml, file)
    if not changed:
        return data, {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for member in archive.zipped.namelist():
            zipped.writestr(member, changed.get(member) or archive.read(member))
    archive.kept.update(changed)
    return out.getvalue(), left_out


def _sparse(xml: bytes) -> bool:
    """Whether the area of a sheet is far larger than its number of cells."""
    area = _DIMENSION.search(xml[:4096])
    if area:
        last, columns = int(area[4]), _column(area[3].decode()) - _column(area[1].decode()) + 1
    else:
        rows = re.findall(rb"<(?:\w+:)?row\b[^>]*?\br=[\"'](\d+)", xml[-65536:])
        last, columns = int(rows[-1]) if rows else 0, 20
    if last * columns < _SPARSE_FROM:
        return False
    return last * columns > 20 * (xml.count(b"<c ") + xml.count(b":c "))


def _trimmed(xml: bytes, file: str) -> tuple[bytes, list[int]]:
    """The sheet up to the first wide gap in its rows and columns, and the rows left out."""
    from lxml import etree

    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        raise Refused(
            f"{file}: the XML of the workbook is damaged or nested too deeply. Open it in Excel and save it anew, or as CSV.",
            "F-ZIP",
        ) from None
    rows = [e for e in root.iter("{*}row")]
    columns = sorted({_column(c.get("r", "A1")) for r in rows for c in r})
    widest = next(
        (a for a, b in zip(columns, columns[1:], strict=False) if b - a > _COLUMNS_APART), None
    )
    before, out, far = 0, [], False
    for row in rows:
        number = int(row.get("r", before + 1))
        far |= bool(before) and number - before > _ROWS_APART
        if far:
            if len(row):
                out.append(number)
            row.getparent().remove(row)
            continue
        before = number
        for cell in list(row):
            if widest is not None and _column(cell.get("r", "A1")) > widest:
                row.remove(cell)
    for area in list(root.iter("{*}dimension")):
        area.getparent().remove(area)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), out
