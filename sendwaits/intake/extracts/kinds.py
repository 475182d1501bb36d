"""What a file really is, by its first bytes: refused when its name says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendwaits.errors import Refused

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

__all__ = ["refuse_other_kind"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refuse_other_kind(data: bytes, file: ExtractFile) -> None:
    """Refuses an empty file, a web page, an old .xls, a password-protected workbook, a workbook named .csv and the reverse."""
    name = file.name
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data.strip(b"\xef\xbb\xbf \t\r\n\x00" if len(data) < 4096 else b""):
        raise Refused(f"{name}: the file is empty. Export it again.", "F-EMPTY")
    if data[:8] == _OLE:
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Refused(
                f"{name}: the workbook is password-protected. Open it in Excel, remove the password and save it as .xlsx or CSV.",
                "F-PASS",
            )
        raise Refused(
            f"{name}: this is an old Excel file (.xls). Open it in Excel and save it as .xlsx or CSV.",
            "F-KIND",
        )
    if start[:1] == b"<" and (
        b"<html" in start
        or start.startswith(b"<!doctype html")
        or b"<table" in start
        or b"<script" in start
    ):
        raise Refused(
            f"{name}: this is a web page, perhaps a log-in page, not an extract. Download the extract itself.",
            "F-KIND",
        )
    zipped, is_xml = data[:2] == b"PK", start.startswith(b"<?xml") or start[:1] == b"<"
    if data[:5] == b"%PDF-" or start.startswith(b"{\\rtf"):
        raise Refused(f"{name}: this is a document, not an extract. Export it as CSV.", "F-KIND")
    if file.kind in ("xlsx", "xlsm", "sen2_xlsx") and not zipped:
        raise Refused(
            f"{name}: this is no Excel workbook. If it is text, name it .csv; else save it as .xlsx again.",
            "F-KIND",
        )
    if file.kind == "csv" and (data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06"):
        raise Refused(
            f"{name}: this is an Excel workbook named .csv. Name it .xlsx, or save it as CSV in Excel.",
            "F-KIND",
        )
    if file.kind == "csv" and (start.startswith(b"<?xml") or start.startswith(b"<message")):
        raise Refused(f"{name}: this is XML named .csv. Export it as CSV.", "F-KIND")
    if file.kind == "sen2_xml" and not is_xml and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused(f"{name}: this is no XML. Export the SEN2 return again.", "F-KIND")
    if file.kind in ("xls", "xlsb", "ods"):
        raise Refused(
            f"{name}: workbooks are read as .xlsx or .xlsm only. Save it as .xlsx or CSV.", "F-KIND"
        )
