"""The Word document: what a screen reader, Word and a second run find in it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import date, datetime

import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import etree

from sendwaits.errors import Refused
from sendwaits.release.document import Bullets, Heading, Image, Paragraph, Run, Table, docx

DAY = date(2024, 7, 31)


def png() -> bytes:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    figure, out = Figure(figsize=(2, 1)), io.BytesIO()
    figure.subplots().plot([68.0, 54.1])
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def blocks():
    return [
        Heading(1, "Update of July 2024"),
        Paragraph(("Open waits: ", Run("54.1 weeks", bold=True), " & no <more>.")),
        Heading(2, "Statements"),
        Bullets(["agrees", "does not agree"]),
        Bullets([["first ", Run("step", italic=True)]], numbered=True),
        Table("Mean wait", ["Day", "Weeks"], [["31 July", "54.1"], ["31 December", "[c]"]]),
        Image(png(), "A line from 68.0 down to 54.1 weeks."),
    ]


def made(**given):
    return docx(blocks(), title="Update", day=DAY, author="Exampleshire", **given)


def opened():
    return Document(io.BytesIO(made()))


def test_headings_lists_and_captions_are_styles_and_the_words_are_kept():
    found = [(p.style.name, p.text) for p in opened().paragraphs if p.text]
    assert found == [
        ("Heading 1", "Update of July 2024"),
        ("Normal", "Open waits: 54.1 weeks & no <more>."),
        ("Heading 2", "Statements"),
        ("List Bullet", "agrees"),
        ("List Bullet", "does not agree"),
        ("List Number", "first step"),
        ("Caption", "Mean wait"),
    ]


def test_the_header_row_is_marked_and_the_table_says_what_it_is():
    [table] = opened().tables
    marked = [row._tr.find(qn("w:trPr")).find(qn("w:tblHeader")) is not None for row in table.rows]
    assert marked == [True, False, False]
    assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) == "Mean wait"
    right = [[c.paragraphs[0].alignment is not None for c in row.cells] for row in table.rows]
    assert right == [[False, False], [False, True], [False, False]]
    assert [[cell.text for cell in row.cells] for row in table.rows][1:] == [
        ["31 July", "54.1"],
        ["31 December", "[c]"],
    ]


def test_every_picture_has_an_alt_text_and_one_without_is_refused():
    [shape] = opened().inline_shapes
    assert shape._inline.docPr.get("descr") == "A line from 68.0 down to 54.1 weeks."
    with pytest.raises(Refused, match="alt text"):
        docx([Image(png(), " ")], title="x", day=DAY)


def test_a_skipped_heading_and_a_ragged_table_are_refused():
    with pytest.raises(Refused, match="heading level 3 does not follow level 1"):
        docx([Heading(1, "a"), Heading(3, "b")], title="x", day=DAY)
    with pytest.raises(Refused, match="as many cells"):
        docx([Table("t", ["a", "b"], [["1"]])], title="x", day=DAY)


def test_the_language_is_british_english_and_the_properties_hold_no_clock_and_no_user():
    document = opened()
    languages = {e.get(qn("w:val")) for e in document.styles.element.iter(qn("w:lang"))}
    core = document.core_properties
    assert languages == {"en-GB"} and core.language == "en-GB"
    assert (core.author, core.last_modified_by, core.title) == ("Exampleshire", "", "Update")
    assert core.created == core.modified == datetime(2024, 7, 31, tzinfo=core.created.tzinfo)


def test_the_same_blocks_give_the_same_bytes_without_macro_link_or_thumbnail():
    first = made()
    assert first == made()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [n for n in archive.namelist() if "vba" in n.lower() or "thumbnail" in n]
        for name in (n for n in archive.namelist() if n.endswith(".rels")):
            modes = {r.get("TargetMode") for r in etree.fromstring(archive.read(name))}
            assert modes <= {None}


def test_a_control_character_in_a_text_does_not_break_the_document():
    document = Document(io.BytesIO(docx([Paragraph("a\x0bb\x00c")], title="x", day=DAY)))
    assert document.paragraphs[0].text == "abc"


def test_libreoffice_opens_it_and_makes_a_pdf(tmp_path):
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not on this machine: the document was read by python-docx only")
    (tmp_path / "update.docx").write_bytes(made())
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to",
         "pdf", "--outdir", str(tmp_path), str(tmp_path / "update.docx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    assert (tmp_path / "update.pdf").read_bytes().startswith(b"%PDF")
