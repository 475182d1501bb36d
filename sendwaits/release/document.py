"""A Word document from neutral blocks: real styles, marked header rows, alt texts, British English, the same bytes again.

>>> blocks = [Heading(1, "Update"), Paragraph(("54 weeks", Run(" in July", bold=True)))]
>>> docx(blocks, title="Update", day=date(2024, 7, 31))[:2]
b'PK'
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sendwaits.errors import Refused

__all__ = ["Block", "Bullets", "Heading", "Image", "Paragraph", "Run", "Table", "docx"]

FONT, INK = "Arial", "1F2A44"
WIDTH_CM = 16.0
"""Between the margins of an A4 page."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Run:
    """A piece of a paragraph."""

    text: str
    bold: bool = False
    italic: bool = False


Runs = str | Sequence[str | Run]


@dataclass(frozen=True)
class Heading:
    """Level 1 to 4; a document begins with its only heading of level 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Text in the body style; a string or pieces of it."""

    runs: Runs


@dataclass(frozen=True)
class Bullets:
    """A list, numbered or not."""

    items: Sequence[Runs]
    numbered: bool = False


@dataclass(frozen=True)
class Table:
    """A table under its caption; the first row is a header that repeats on every page. Numbers stand on the right, the first column on the left."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Image:
    """A picture as PNG bytes; ``alt`` says what is in it and cannot be empty."""

    png: bytes
    alt: str
    width_cm: float = WIDTH_CM


Block = Heading | Paragraph | Bullets | Table | Image


def docx(
    blocks: Iterable[Block], *, title: str, day: date, author: str = "", subject: str = ""
) -> bytes:
    """The bytes of a .docx file; equal blocks give equal bytes.

    ``day`` stands in the properties in place of the clock, ``author`` in place of the user. No macros, no links.
    Raises `Refused` for a picture without alt text, a table whose rows and heads differ in length, a skipped heading level.
    """
    from docx import Document

    document = Document()
    _house_style(document)
    _properties(document, title, day, author, subject)
    level = 0
    for block in blocks:
        if isinstance(block, Heading):
            if not 1 <= block.level <= min(level + 1, 4):
                raise Refused(
                    f"document: heading level {block.level} does not follow level {level}"
                )
            level = block.level
        _ADD[type(block)](document, block)
    return _same_bytes(document)


def _heading(document: Any, block: Heading) -> None:
    document.add_heading(_clean(block.text), block.level)


def _paragraph(document: Any, block: Paragraph) -> None:
    _runs(document.add_paragraph(), block.runs)


def _bullets(document: Any, block: Bullets) -> None:
    style = "List Number" if block.numbered else "List Bullet"
    for item in block.items:
        _runs(document.add_paragraph(style=style), item)


def _table(document: Any, block: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    if any(len(row) != len(block.heads) for row in block.rows):
        raise Refused("document: a row of a table has not as many cells as its heads")
    caption = document.add_paragraph(_clean(block.caption), style="Caption")
    caption.paragraph_format.keep_with_next = True
    table = document.add_table(len(block.rows) + 1, len(block.heads), style="Table Grid")
    properties = table._tbl.tblPr
    _child(properties, "w:tblCaption", val=_clean(block.caption))
    for at, row in enumerate([block.heads, *block.rows]):
        line = table.rows[at]
        _child(line._tr.get_or_add_trPr(), "w:cantSplit")
        if not at:
            _child(line._tr.get_or_add_trPr(), "w:tblHeader")
        for place, (cell, content) in enumerate(zip(line.cells, row, strict=True)):
            text = _clean("" if content is None else str(content))
            paragraph = cell.paragraphs[0]
            paragraph.add_run(text).bold = True if not at else None
            if at and place and re.match(r"[-+−£]?\d", text):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph()


def _image(document: Any, block: Image) -> None:
    from docx.shared import Cm

    if not block.alt.strip():
        raise Refused("document: a picture needs an alt text")
    shape = document.add_picture(io.BytesIO(block.png), width=Cm(block.width_cm))
    shape._inline.docPr.set("descr", _clean(block.alt))


_ADD: dict[type, Any] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Table: _table,
    Image: _image,
}


def _runs(paragraph: Any, runs: Runs) -> None:
    for piece in (runs,) if isinstance(runs, str) else runs:
        run = Run(piece) if isinstance(piece, str) else piece
        made = paragraph.add_run(_clean(run.text))
        made.bold, made.italic = run.bold or None, run.italic or None


def _house_style(document: Any) -> None:
    """A4, one font in every style, dark headings, British English as the language of everything."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm((21.0 - WIDTH_CM) / 2)
    for style in document.styles:
        if style.name == "Normal":
            style.font.size = Pt(11)
        elif not re.match(r"Heading \d$|Caption$", style.name):
            continue
        else:
            style.font.color.rgb = RGBColor.from_string(INK)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for name in list(fonts.attrib):
            del fonts.attrib[name]
        for name in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{name}"), FONT)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")
    for language in document.settings.element.iter(qn("w:themeFontLang")):
        language.set(qn("w:val"), "en-GB")


def _properties(document: Any, title: str, day: date, author: str, subject: str) -> None:
    core = document.core_properties
    core.title, core.author, core.subject = _clean(title), _clean(author), _clean(subject)
    core.comments = core.keywords = core.last_modified_by = core.category = ""
    core.language, core.revision = "en-GB", 1
    core.created = core.modified = datetime(day.year, day.month, day.day)
    for key, part in list(document.part.package.rels.items()):
        if part.reltype.endswith("/thumbnail"):
            del document.part.package.rels[key]


def _child(parent: Any, name: str, **attributes: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    parent.append(element)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text)


def _same_bytes(document: Any) -> bytes:
    """The document's parts in one archive whose entries carry no clock and no system."""
    made, out = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            archive.writestr(entry, parts.read(name), compresslevel=6)
    return out.getvalue()
