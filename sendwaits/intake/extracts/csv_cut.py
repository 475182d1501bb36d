"""The lines of a CSV file -> columns of distinct texts, every physical line accounted for.

Arrow cuts the lines into dictionary-coded columns; line numbers come from the bytes. When quotes make the two counts of
records disagree, Python's own reader cuts the file instead, slower and line by line.
"""

from __future__ import annotations

import csv
import re
from typing import Any

import numpy as np

from sendwaits.errors import Refused
from sendwaits.intake.extracts.headings import Header
from sendwaits.intake.extracts.odd_rows import not_a_record
from sendwaits.intake.extracts.table import SPACES, Broken, Column, Finding, Text, coded

__all__ = ["Cut"]

BLOCK = 1 << 25


class Cut:
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
