"""The SEN2 person-level return, as XML, as the Blade CSV set and as the DfE template workbook -> one row per request.

All three become the same modules (rows of text by column, with the line they stand on), joined by `sen2_join`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from sendwaits.errors import Refused
from sendwaits.intake.extracts.csv_text import decode
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.odd_rows import not_a_record
from sendwaits.intake.extracts.sen2_join import join
from sendwaits.intake.extracts.sen2_modules import MODULES, SPELT, Modules, Row, module_of
from sendwaits.intake.extracts.table import Broken, Text
from sendwaits.pathways import Pathway

if TYPE_CHECKING:
    from sendwaits.intake.extracts import ExtractFile

DEEPEST = 64
"""Levels of elements in a return's XML; the return itself has nine."""

__all__ = ["read_xml", "read_blade", "read_template", "DEEPEST"]


# -- XML


def read_xml(data: bytes, file: ExtractFile, pathway: Pathway) -> Text:
    """The return as XML. Any document type or entity is refused: nothing is expanded, nothing fetched. Rows are lines of the file."""
    made: Modules = {name: [] for name in MODULES}
    stack: list[tuple[str, Row | None]] = []
    content: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def forbid(*_: Any) -> None:
        raise Refused(
            f"{file.name}: the XML defines a document type or entities, which an extract never needs. Export the return again.",
            "F-KIND",
        )

    def start(name: str, _: Any) -> None:
        local = tidy(name.rsplit(":", 1)[-1])
        content.clear()
        if len(stack) >= DEEPEST:
            raise Refused(
                f"{file.name}: the XML is nested over {DEEPEST} levels deep, which no return is. Export the return again.",
                "F-KIND",
            )
        if local in MODULES and local != "persons":
            row = Row({}, parser.CurrentLineNumber)
            for above, held in reversed(stack):
                if held is not None:
                    row.up = {**held.up, above: held}
                    break
            made[local].append(row)
            stack.append((local, row))
        else:
            stack.append((local, None))

    def end(_: str) -> None:
        local, row = stack.pop()
        if row is None and stack:
            holder = next((held for _, held in reversed(stack) if held is not None), None)
            text = "".join(content).strip()
            if holder is not None and text and local not in MODULES:
                holder.fields.setdefault(SPELT.get(local, local), text)
        content.clear()

    parser.StartDoctypeDeclHandler = forbid
    parser.EntityDeclHandler = forbid
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        start,
        end,
        content.append,
    )
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refused(
            f"{file.name}: the XML breaks off or is damaged at line {error.lineno}. Export the return again.",
            "F-TRUNC",
        ) from None
    if not made["requests"] and not made["person"]:
        raise Refused(
            f"{file.name}: the XML holds no SEN2 persons. Export the person-level return.",
            "F-SERVICE",
        )
    return join(made, file, pathway, {})


# -- Blade


def read_blade(file: ExtractFile, pathway: Pathway) -> Text:
    """The Blade CSV set: one file a module, linked by ids. The requests are required; names of files give the module."""
    from sendwaits.intake.extracts import kinds, read_bytes

    made: Modules = {name: [] for name in MODULES}
    names: dict[str, str] = {}
    broken: list[Broken] = []
    others: dict[str, int] = {}
    for module, path in file.modules:
        key = module_of(module)
        if not key:
            others[path.name] = 0
            continue
        names[key] = path.name
        data = read_bytes(path)
        kinds.refuse_other_kind(data, type(file)(path, file.pathway, file.extract_date, "csv"))
        made[key] = list(_csv_rows(data, path.name, broken))
    if "requests" not in names:
        raise Refused(
            f"{file.name}: the Blade set of {file.extract_date.isoformat()} has no requests file. Put Blade-Export_{file.extract_date:%d-%m-%Y}_requests.csv beside it.",
            "F-COLMISSING",
        )
    text = join(made, file, pathway, names)
    text.broken += broken
    text.others = {**others, **text.others}
    return text


def _csv_rows(data: bytes, name: str, broken: list[Broken]) -> Iterator[Row]:
    import csv
    import io

    text, _ = decode(data, name)
    lines = text.decode("utf-8")
    reader = csv.reader(
        io.StringIO(lines, newline=""), delimiter=max(",;\t", key=lines.split("\n", 1)[0].count)
    )
    head = [SPELT.get(tidy(h), tidy(h)) for h in next(reader, [])]
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(c.strip() for c in cells):
            continue
        if len(cells) != len(head):
            known = not_a_record(cells, head) or (
                "Q-FIELDS",
                f"{len(cells)} fields where the header has {len(head)}",
            )
            broken.append(Broken(line, *known, file=name))
            continue
        yield Row({h: c.strip() for h, c in zip(head, cells, strict=True)}, line)


# -- template


def read_template(data: bytes, file: ExtractFile, pathway: Pathway) -> Text:
    """The DfE template workbook: nine tables below each other on one sheet, each under its own header row."""
    from sendwaits.intake.extracts import workbook, workbook_xml

    archive = workbook.guard(data, file.name)
    data, _ = workbook_xml.without_strays(archive, data, file.name)
    made: Modules = {name: [] for name in MODULES}
    title = ""
    for sheet in workbook.sheets(data, file.name):
        if not sheet.visible:
            continue
        module, head = "", list[str]()
        title = (
            sheet.name
            if any(
                _template_header([" ".join(c.split()) for c in sheet.texts(at)])
                for at in range(min(40, len(sheet.rows)))
            )
            else title
        )
        for at in range(len(sheet.rows)):
            cells = [" ".join(c.split()) for c in sheet.texts(at)]
            filled = [c for c in cells if c]
            found = _template_header(cells) if len(filled) >= 2 else None
            if found is not None:
                module, head = found
            elif module and len(filled) >= 2:
                made[module].append(
                    Row({h: c for h, c in zip(head, cells, strict=False) if h}, sheet.first + at)
                )
    if not any(made.values()):
        raise Refused(
            f"{file.name}: no table of the SEN2 template is on a visible sheet. Use the DfE template, or export CSV or XML.",
            "F-COLMISSING",
        )
    return join(made, file, pathway, {}, title)


def _template_header(cells: Sequence[str]) -> tuple[str, list[str]] | None:
    """The module whose headings this row holds, and its columns by field name; None for a row of data."""
    keys = [_template_key(c) for c in cells]
    best, best_hits = "", 0
    for module in MODULES.values():
        own = {tidy(label) for label in module.template.values()} | set(module.fields)
        hits = sum(k in own for k in keys)
        if hits > best_hits:
            best, best_hits = module.name, hits
    if best_hits < 2 and not (best == "senneed" and best_hits >= 1):
        return None
    labels = {tidy(label): name for name, label in MODULES[best].template.items()}
    return best, [labels.get(k, SPELT.get(k, k)) for k in keys]


def _template_key(heading: str) -> str:
    """A template heading without what stands in brackets or after a dash that explains it."""
    plain = re.sub(r"\(.*?\)", "", heading)
    k = tidy(plain)
    for known in ("exported", "upnandulnunavailable"):
        if k.startswith(known):
            return known
    if k.startswith("uln"):
        return "uniquelearnernumber"
    return SPELT.get(k, k)
