"""CSV -> columns of text. Any common encoding and separator; every physical line is accounted for.

`csv_cut` cuts the lines below the header into columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake.extracts.csv_cut import Cut
from sendwaits.intake.extracts.headings import (
    SEARCHED_ROWS,
    Header,
    find_header,
    refuse_missing,
    refuse_other_service,
)
from sendwaits.intake.extracts.table import Finding, Text
from sendwaits.pathways import Pathway

__all__ = ["read", "decode", "first_rows", "header_findings"]

HEAD_BYTES = 1 << 18


def decode(data: bytes, file: str) -> tuple[bytes, str]:
    """The bytes as UTF-8 without BOM, and the encoding they had ("utf-8" needs no note). Raises `Refused` with the byte offset."""
    data = data.rstrip(b"\x1a") if b"\x00" not in data[:4000] else data
    if data[:3] == b"\xef\xbb\xbf":
        return _utf8(data[3:], file, 3), "utf-8"
    if data[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        raise Refused(f"{file}: this is UTF-32 text. Export the file again as CSV UTF-8.", "F-ENC")
    for bom, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data[:2] == bom:
            return _utf16(data[2:], name, file, 2), "UTF-16"
    start = np.frombuffer(data[:4000], np.uint8)
    if len(start) >= 8 and b"\x00" in data[:4000]:
        for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if (start[odd::2] == 0).mean() > 0.6:
                return _utf16(data, name, file, 0), "UTF-16"
    if data.endswith(b"\x00"):
        kept = len(data.rstrip(b"\x00"))
        raise Refused(
            f"{file}: from byte {kept + 1} on it holds nothing but null bytes: a copy that was broken off. Copy or export it again.",
            "F-TRUNC",
        )
    try:
        if not data.isascii():
            str(data, "utf-8")
        return data, "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252").encode("utf-8"), "cp1252"
    except UnicodeDecodeError as error:
        raise Refused(
            f"{file}: byte {error.start + 1} is neither UTF-8 nor cp1252 text. Export the file again as CSV UTF-8.",
            "F-ENC",
        ) from None


def _utf8(data: bytes, file: str, skipped: int) -> bytes:
    try:
        if not data.isascii():
            str(data, "utf-8")
        return data
    except UnicodeDecodeError as error:
        raise Refused(
            f"{file}: it says that it is UTF-8, but byte {error.start + skipped + 1} is not. Export the file again as CSV UTF-8.",
            "F-ENC",
        ) from None


def _utf16(data: bytes, name: str, file: str, skipped: int) -> bytes:
    try:
        return data.decode(name).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            f"{file}: UTF-16 text breaks off or is damaged at byte {error.start + skipped + 1}. Export the file again.",
            "F-ENC",
        ) from None


def read(data: bytes, file: str, pathway: Pathway, others: Sequence[Pathway] = ()) -> Text:
    """The one table of a CSV file as text, its header found within the first rows.

    Raises `Refused`: F-ENC, F-QUOTE, F-TRUNC, F-COLMISSING, F-COLRENAMED, F-DUPCOL, F-HEADER.
    """
    data, encoding = decode(data, file)
    findings = []
    if encoding != "utf-8":
        to_do = "Export as CSV UTF-8 to be safe with accents and quotes."
        findings.append(Finding("N-ENC", "info", file, 1, f"read as {encoding}", to_do))
    data = _line_ends(data)
    head = _head(data)
    separator, rows, lines_used = _sniff(head, pathway)
    header = find_header(rows, pathway)
    if header is None:
        header = Header([""], 1, 0, 1, find_header([["?", "?"]], pathway).mapped)  # type: ignore[union-attr]
    if any('"' in t and "\n" in t for t in header.texts):
        raise Refused(
            f"{file}: a quote that opens in the header on line {header.before + 1} is not closed. Correct it at the supplier.",
            "F-QUOTE",
        )
    refuse_other_service(header, pathway, file, others)
    refuse_missing(header, pathway, file, rows[header.after] if header.after < len(rows) else [])
    findings += _header_notes(header, separator, file)
    used = lines_used[header.after - 1]
    start = sum(len(line.encode("utf-8")) for line in head[:used])
    text = Text(file, "", {}, np.zeros(0, np.int64), findings=findings, **header.named)
    Cut(text, header, memoryview(data)[start:], separator, used + 1).fill()
    return text


def _line_ends(data: bytes) -> bytes:
    """The bytes with line feeds as the only line ends; a stray carriage return becomes a control character, which a rule meets."""
    returns = data.count(b"\r")
    if not returns:
        return data
    if b"\n" not in data:
        return data.replace(b"\r", b"\n")
    stray = returns - data.count(b"\r\n")
    return re.sub(rb"\r(?!\n)", b"\x0b", data) if stray else data


def _head(data: bytes) -> list[str]:
    """The first physical lines, ends kept."""
    piece = data[:HEAD_BYTES]
    return re.findall(r"[^\n]*\n|[^\n]+$", piece.decode("utf-8", errors="ignore"))[
        : 4 * SEARCHED_ROWS
    ]


def first_rows(data: bytes, pathway: Pathway) -> list[list[str]]:
    """The first records of UTF-8 bytes, cut at the separator whose header names most columns."""
    return _sniff(_head(_line_ends(data)), pathway)[1]


def _sniff(head: list[str], pathway: Pathway) -> tuple[str, list[list[str]], list[int]]:
    """The separator whose header names most columns; the first records under it and the lines read up to each."""
    best: tuple[tuple[int, int], str, list[list[str]], list[int]] | None = None
    for separator in ",;\t|":
        if best is not None and not any(separator in line for line in head):
            continue
        reader = csv.reader(iter(head), delimiter=separator)
        rows, used = [], []
        try:
            for row in reader:
                rows.append(row)
                used.append(reader.line_num)
                if len(rows) > SEARCHED_ROWS + 2:
                    break
        except csv.Error:
            pass
        header = find_header(rows, pathway)
        score = (
            0 if header is None else len(header.mapped.found),
            max((len(r) for r in rows), default=0),
        )
        if best is None or score > best[0]:
            best = (score, separator, rows, used)
        if header is not None and all(name in header.mapped.found for name in pathway.required):
            break
    assert best is not None
    return best[1], best[2], best[3]


def _header_notes(header: Header, separator: str, file: str) -> list[Finding]:
    notes = []
    if separator != ",":
        name = {";": "semicolon", "\t": "tab", "|": "bar"}[separator]
        words = f"columns are separated by {name}"
        notes.append(Finding("N-DELIM", "info", file, 1, words, "Nothing: noted."))
    return notes + header_findings(header, file)


def header_findings(header: Header, file: str) -> list[Finding]:
    """Notes on what stood before and in the header: preamble lines, two rows, odd spaces."""
    odd = sum(
        t != re.sub(r"[^\S ]|  +|[\u00a0\u200b-\u200d\u2060\ufeff]", "", t) or t != t.strip()
        for t in header.texts
        if t.strip()
    )
    told = (
        ("N-PREAMBLE", header.before, "{} lines before the header were left out", "Nothing: noted."),
        ("N-HEADER", header.rows - 1, "the header takes two rows; they were put together", "Export with one header row if you can."),
        ("N-HEADER", odd, "{} headings hold line feeds, double or invisible spaces; they were read without", "Nothing: noted."),
    )  # fmt: skip
    return [
        Finding(code, "info", file, n, words.format(n), to_do)
        for code, n, words, to_do in told
        if n
    ]
