"""CSV -> columns of text. Any common encoding and separator; every physical line is accounted for.

Arrow cuts the lines into dictionary-coded columns; line numbers come from the bytes. When quotes make the two counts of
records disagree, Python's own reader cuts the file instead, slower and line by line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake.extracts.headings import (
    SEARCHED_ROWS,
    Header,
    find_header,
    refuse_missing,
    refuse_other_service,
    tidy,
)
from sendwaits.intake.extracts.table import Broken, Column, Finding, Text, coded
from sendwaits.pathways import Pathway

__all__ = ["read", "decode", "first_rows", "not_a_record", "header_findings", "TOTAL", "FOOTER"]

HEAD_BYTES = 1 << 18
BLOCK = 1 << 25
SPACES = " \t\r\u00a0\u2007\u202f\u200b\u3000\ufeff"
"""What is trimmed from a cell; a line feed is not."""
TOTAL = r"(?i)^\W*(grand\s*|sub\s*-?\s*|overall\s*)?totals?\b|^\W*n\s*=|^\W*sum\b|^\W*count\s*[:=]"
FOOTER = r"(?i)\bend of\b|^\W*(report|notes?|source|printed|generated|produced|exported|run (on|by|date)|page|disclaimer|confidential|official|footnotes?|records?\b.*\bfound|\d+ rows?\b|\(?c\)|©|\*)"


def decode(data: bytes, file: str) -> tuple[bytes, str]:
    """The bytes as UTF-8 without BOM, and the encoding they had ("utf-8" needs no note). Raises `Refused` with the byte offset."""
    if data[:3] == b"\xef\xbb\xbf":
        return _utf8(data[3:], file, 3), "utf-8"
    for bom, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data[:2] == bom:
            return _utf16(data[2:], name, file, 2), "UTF-16"
    start = np.frombuffer(data[:4000], np.uint8)
    if len(start) >= 8 and b"\x00" in data[:4000]:
        for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if (start[odd::2] == 0).mean() > 0.6:
                return _utf16(data, name, file, 0), "UTF-16"
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
    findings = (
        []
        if encoding == "utf-8"
        else [
            Finding(
                "N-ENC",
                "info",
                file,
                1,
                f"read as {encoding}",
                "Export as CSV UTF-8 to be safe with accents and quotes.",
            )
        ]
    )
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
    text = Text(
        file,
        "",
        {},
        np.zeros(0, np.int64),
        findings=findings,
        extra=[header.texts[i].strip() for i in header.mapped.extra],
        headings={name: header.texts[at[0]] for name, at in header.mapped.found.items()},
    )
    _Cut(text, header, memoryview(data)[start:], separator, used + 1).fill()
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
        notes.append(
            Finding(
                "N-DELIM", "info", file, 1, f"columns are separated by {name}", "Nothing: noted."
            )
        )
    return notes + header_findings(header, file)


def header_findings(header: Header, file: str) -> list[Finding]:
    """Notes on what stood before and in the header: preamble lines, two rows, odd spaces."""
    notes = []
    if header.before:
        notes.append(
            Finding(
                "N-PREAMBLE",
                "info",
                file,
                header.before,
                f"{header.before} lines before the header were left out",
                "Nothing: noted.",
            )
        )
    if header.rows == 2:
        notes.append(
            Finding(
                "N-HEADER",
                "info",
                file,
                1,
                "the header takes two rows; they were put together",
                "Export with one header row if you can.",
            )
        )
    odd = sum(
        t != re.sub(r"[^\S ]|  +|[\u00a0\u200b-\u200d\u2060\ufeff]", "", t) or t != t.strip()
        for t in header.texts
        if t.strip()
    )
    if odd:
        notes.append(
            Finding(
                "N-HEADER",
                "info",
                file,
                odd,
                f"{odd} headings hold line feeds, double or invisible spaces; they were read without",
                "Nothing: noted.",
            )
        )
    return notes


def not_a_record(cells: Sequence[str], header: Sequence[str]) -> tuple[str, str] | None:
    """Whether a row of odd length or with an odd first cell is a total, a footer or a repeated header: its code and why."""
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return None
    if re.search(TOTAL, filled[0]):
        return "Q-TOTAL", "a total row, not a record"
    keys = [tidy(c) for c in cells]
    same = sum(k != "" and k == tidy(h) for k, h in zip(keys, header, strict=False))
    if same >= 2 and same >= 0.6 * len(filled):
        return "Q-HEADERROW", "the header again, not a record"
    if len(filled) <= 2 and (
        re.search(FOOTER, filled[0])
        or (len(filled) == 1 and " " in filled[0] and not any(ch.isdigit() for ch in filled[0]))
    ):
        return "Q-FOOTER", "a footer, not a record"
    return None


class _Cut:
    """Cuts the lines after the header into columns and accounts for each line."""

    def __init__(
        self, text: Text, header: Header, body: memoryview, separator: str, first_line: int
    ) -> None:
        self.text, self.header, self.body, self.separator, self.first = (
            text,
            header,
            body,
            separator,
            first_line,
        )
        self.width = len(header.texts)
        mapped = header.mapped
        self.wanted = sorted({at[0] for at in mapped.found.values()} | set(mapped.waits))
        self.blank_lines = 0

    def fill(self) -> None:
        if not len(self.body):
            columns = {at: Column(np.zeros(0, np.int32), _texts([])) for at in self.wanted}
            self._keep(columns, np.zeros(0, np.int64))
            return
        begin, finish = self._records()
        cut = None if begin is None or finish is None else self._arrow(begin, finish)
        columns, rows, spans = cut if cut is not None else self._python()
        self._keep(columns, rows)
        self._newlines(spans)

    def _keep(self, columns: dict[int, Column], rows: np.ndarray) -> None:
        mapped = self.header.mapped
        self.text.rows = rows
        self.text.columns = {name: columns[at[0]] for name, at in mapped.found.items()}
        self.text.waits = {
            self.header.texts[at]: (unit, columns[at]) for at, unit in mapped.waits.items()
        }
        self._drop_blank()

    # -- line numbers

    def _records(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Line of the start and of the end of each record that is not an empty line; None when the quotes do not pair."""
        body = self.body
        data = np.frombuffer(body, np.uint8)
        quoted = _contains(body, b'"')
        step, cuts = 1 << 24, []
        ends_of: list[np.ndarray] = []
        quotes_of: list[np.ndarray] = []
        at, n = 0, len(data)
        while at < n:
            stop = min(at + step, n)
            ends = np.flatnonzero(data[at:stop] == 10) + at
            ends_of.append(ends)
            if quoted:
                cuts.append((at, stop))
            at = stop
        ends = np.concatenate(ends_of) if len(ends_of) > 1 else ends_of[0]
        if not len(ends) or ends[-1] != n - 1:
            ends = np.append(ends, n)
        starts = np.concatenate(([0], ends[:-1] + 1))
        self.starts, self.ends = starts, ends
        lines = np.arange(self.first, self.first + len(ends))
        length = ends - starts
        empty = (length == 0) | ((length == 1) & (data[np.minimum(starts, n - 1)] == 13))
        if not quoted:
            self.blank_lines = int(empty.sum())
            keep = ~empty if self.blank_lines else slice(None)
            return lines[keep], lines[keep]
        for low, high in cuts:
            inner = starts[(starts >= low) & (starts < high)] - low
            marks = data[low:high] == 34
            points = np.unique(np.concatenate(([0], inner)))
            counts = np.add.reduceat(marks, points, dtype=np.int32)
            line = np.searchsorted(starts, points + low, side="right") - 1
            sums = np.zeros(len(ends), np.int32)
            np.add.at(sums, line, counts)
            quotes_of.append(sums)
        total = np.cumsum(np.add.reduce(quotes_of))
        if total[-1] % 2:
            return None, None
        closed = total % 2 == 0
        opens = np.concatenate(([True], closed[:-1]))
        begin, finish = lines[opens], lines[closed]
        blank = empty[opens] & (begin == finish)
        self.blank_lines = int(blank.sum())
        return begin[~blank], finish[~blank]

    # -- cutting

    def _arrow(
        self, starts: np.ndarray, finish: np.ndarray
    ) -> tuple[dict[int, Column], np.ndarray, list[tuple[int, int]]] | None:
        """The columns by Arrow; None when it saw other records than the line count did."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        broken: list[tuple[int, str]] = []

        def odd(row: Any) -> str:
            broken.append((row.number - 1, row.text))
            return "skip"

        names = [str(i) for i in range(self.width)]
        wanted = [str(i) for i in self.wanted]
        coded_text = pa.dictionary(pa.int32(), pa.string())
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(pa.py_buffer(self.body)),
                arrow_csv.ReadOptions(
                    use_threads=False,
                    column_names=names,
                    block_size=min(max(len(self.body) + 1, 1 << 16), BLOCK),
                ),
                arrow_csv.ParseOptions(
                    delimiter=self.separator, newlines_in_values=True, invalid_row_handler=odd
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, coded_text),
                    include_columns=wanted,
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows + len(broken) != len(starts):
            return None
        spans = [(int(starts[i]), int(finish[i])) for i in np.flatnonzero(starts != finish)]
        rows = starts
        if broken:
            rows = np.delete(starts, [i for i, _ in broken])
            by_line = dict(spans)
            for i, whole in broken:
                line = int(starts[i])
                cells = next(csv.reader([whole], delimiter=self.separator), [])
                self._odd_row(line, by_line.get(line, line), cells, i == len(starts) - 1)
        columns = {at: _column(table.column(str(at))) for at in self.wanted}
        return columns, rows.astype(np.int64), spans

    def _python(self) -> tuple[dict[int, Column], np.ndarray, list[tuple[int, int]]]:
        """The columns by Python's reader, which knows its line; refuses a quote that nothing closes."""
        whole = str(self.body, "utf-8")
        lines = whole.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        last = len(lines)
        sentinel = "\x1fend of file\x1f"
        was = csv.field_size_limit(2**31 - 1)
        good: list[list[str]] = []
        rows: list[int] = []
        spans: list[tuple[int, int]] = []
        try:
            reader = csv.reader(
                (line + "\n" for line in [*lines, sentinel]), delimiter=self.separator
            )
            before = 0
            for cells in reader:
                line, until = before + self.first, reader.line_num + self.first - 1
                before = reader.line_num
                if reader.line_num > last:
                    if cells != [sentinel]:
                        raise Refused(
                            f"{self.text.file}: a quote that opens in the row on line {line} is never closed. Close it, or take it out, at the supplier.",
                            "F-QUOTE",
                        )
                    break
                if until > line:
                    spans.append((line, until))
                if not cells:
                    self.blank_lines += 1
                elif len(cells) != self.width:
                    self._odd_row(line, until, cells, until == last + self.first - 1)
                else:
                    good.append(cells)
                    rows.append(line)
        finally:
            csv.field_size_limit(was)
        columns = {}
        for at in self.wanted:
            codes, values = coded([cells[at] for cells in good])
            columns[at] = Column(codes, _texts(values))
        return columns, np.array(rows, np.int64), spans

    def _odd_row(self, line: int, until: int, cells: list[str], is_last: bool) -> None:
        """Files a row with the wrong number of fields under the rule that says what it is."""
        if not any(c.strip() for c in cells):
            self.text.blank += 1
            return
        known = not_a_record(cells, self.header.texts)
        if known is not None:
            self.text.broken.append(Broken(line, *known))
            if known[0] == "Q-TOTAL":
                self._compare_total(line, cells)
            return
        if is_last and len(cells) < self.width and bytes(self.body[-1:]) != b"\n":
            raise Refused(
                f"{self.text.file}: the file breaks off in its last row (line {line}). Ask for it again, or export it again.",
                "F-TRUNC",
            )
        if until > line:
            self._swallowed(line, until)
        else:
            self.text.broken.append(
                Broken(line, "Q-FIELDS", f"{len(cells)} fields where the header has {self.width}")
            )

    def _compare_total(self, line: int, cells: list[str]) -> None:
        """A total row whose number is not that of the lines above it says that rows were lost on the way."""
        numbers = {
            int(c.strip().replace(",", "")) for c in cells if re.fullmatch(r"\s*[\d,]*\d\s*", c)
        }
        above = line - self.first - sum(b.row < line for b in self.text.broken)
        if numbers and not numbers & {above, above - self.blank_lines}:
            self.text.findings.append(
                Finding(
                    "Q-TOTAL",
                    "warn",
                    self.text.file,
                    1,
                    f"the total in row {line} is not the number of rows above it ({above})",
                    "Ask the supplier whether rows are missing.",
                )
            )

    # -- newlines and blanks

    def _newlines(self, spans: list[tuple[int, int]]) -> None:
        """Sets aside rows with a line break inside a canonical column; rows that a stray quote swallowed count one by one."""
        import pyarrow.compute as pc

        if not spans:
            return
        rows, bad = self.text.rows, np.zeros(len(self.text.rows), bool)
        column = np.full(len(rows), "", object)
        for name, col in self.text.columns.items():
            broken = col.where(
                pc.match_substring(col.values, "\n").to_numpy(zero_copy_only=False).astype(bool)
            )
            column[broken & ~bad] = name
            bad |= broken
        if not bad.any():
            return
        until = dict(spans)
        for at in np.flatnonzero(bad):
            line = int(rows[at])
            self._swallowed(line, until.get(line, line), str(column[at]))
        keep = ~bad
        self.text.rows = rows[keep]
        _keep_rows(self.text, keep)

    def _swallowed(self, line: int, until: int, column: str = "") -> None:
        """One record over several lines: each line that looks like a row of its own is set aside as a row."""
        first = line - self.first
        whole = (
            [
                str(self.body[self.starts[i] : self.ends[i]], "utf-8")
                for i in range(first, until - self.first + 1)
            ]
            if hasattr(self, "starts")
            else []
        )
        if whole and all(piece.count(self.separator) == self.width - 1 for piece in whole):
            for at in range(line, until + 1):
                self.text.broken.append(
                    Broken(
                        at,
                        "F-QUOTE",
                        f"a quote runs over lines {line} to {until}: these rows cannot be told apart",
                        column,
                    )
                )
        else:
            self.text.broken.append(
                Broken(
                    line,
                    "F-QUOTE",
                    f"a line break inside a field (lines {line} to {until})",
                    column,
                )
            )

    def _drop_blank(self) -> None:
        """Leaves out rows whose every cell is blank (they are no records) and counts them with the empty lines."""
        text = self.text
        text.blank += self.blank_lines
        if not len(text.rows):
            return
        blank = np.ones(len(text.rows), bool)
        for col in text.columns.values():
            blank &= col.where(_blank(col))
            if not blank.any():
                return
        real = np.array(
            [
                bool(self._line_text(int(row)).replace(self.separator, "").replace('"', "").strip())
                for row in text.rows[blank]
            ],
            bool,
        )
        blank[np.flatnonzero(blank)[real]] = False
        if not blank.any():
            return
        text.blank += int(blank.sum())
        keep = ~blank
        text.rows = text.rows[keep]
        _keep_rows(text, keep)

    def _line_text(self, line: int) -> str:
        at = line - self.first
        return (
            str(self.body[self.starts[at] : self.ends[at]], "utf-8")
            if hasattr(self, "starts")
            else ""
        )


def _keep_rows(text: Text, keep: np.ndarray) -> None:
    """Takes rows out of every column; two canonical names may share one column."""
    for col in {
        id(c): c for c in [*text.columns.values(), *(c for _, c in text.waits.values())]
    }.values():
        col.codes = col.codes[keep]


def _contains(body: memoryview, mark: bytes) -> bool:
    return bytes(mark) in _Finder(body)


class _Finder:
    """``in`` on a memoryview without copying all of it."""

    def __init__(self, body: memoryview) -> None:
        self.body = body

    def __contains__(self, mark: bytes) -> bool:
        step = 1 << 22
        return any(
            mark in bytes(self.body[at : at + step]) for at in range(0, len(self.body), step)
        )


def _blank(column: Column) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.equal(column.values, "").to_numpy(zero_copy_only=False).astype(bool)


def _texts(values: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.utf8_trim(pa.array(values, pa.string()), SPACES)


def _column(chunks: Any) -> Column:
    import pyarrow.compute as pc

    whole = (
        chunks.unify_dictionaries().combine_chunks()
        if chunks.num_chunks > 1
        else chunks.combine_chunks()
    )
    if hasattr(whole, "num_chunks"):
        import pyarrow as pa

        whole = (
            whole.chunk(0)
            if whole.num_chunks
            else pa.array([], pa.dictionary(pa.int32(), pa.string()))
        )
    return Column(
        whole.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False),
        pc.utf8_trim(whole.dictionary, SPACES),
    )
