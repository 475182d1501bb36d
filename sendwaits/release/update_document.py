"""update.docx: the sections of update.html as neutral blocks, the same words, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from sendwaits.release import document, findings, publish
from sendwaits.release.wording import plain

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport

__all__ = ["update_docx"]


def update_docx(report: AreaReport) -> bytes:
    """The bytes of update.docx; its words are those of the update's page (one template for both)."""
    blocks = [block for block in _blocks(report)]
    area = report.workspace.area.name
    return document.docx(blocks, title=f"{area}: update", day=report.as_at, author=area)


def _blocks(report: AreaReport) -> Iterator[document.Block]:
    opening = findings.words_of(report, "opening", report.released) or {}
    yield document.Heading(1, plain(opening["title"]))
    yield document.Paragraph(plain(opening["lede"]))
    for line in report.late:
        yield document.Paragraph(f"Late: {line}")
    for line in report.doubts:
        yield document.Paragraph(f"In doubt: {line}")
    services = report.each_service()
    for _, rows in services.groupby("pathway", sort=False):
        yield from _section(
            report, "each_service", rows, rows[rows["measure"] == "mean_weeks_open"]
        )
    for name in ("statements", "totals"):
        frame = services.iloc[:0] if name == "statements" else report.totals()
        yield from _section(report, name, frame, None)
    for _, rows in report.spending().groupby("measure", sort=False):
        yield from _section(report, "spending", rows, rows)
    yield from _section(report, "nation", report.nation(), None)


def _section(
    report: AreaReport, name: str, frame: pd.DataFrame, drawn: pd.DataFrame | None
) -> Iterator[document.Block]:
    from sendwaits.release import charts

    section = publish.compose(report, name, frame)
    yield document.Heading(2, plain(section.title))
    if section.subtitle:
        yield document.Paragraph(plain(section.subtitle))
    if drawn is not None and len(drawn):
        alt = charts.alt(drawn, "line", verdicts=report.judged, title=plain(section.title))
        yield document.Image(charts.png(charts.line(drawn)), alt)
    for head, words in section.words:
        yield document.Paragraph((document.Run(f"{head} ", bold=True), plain(words)))
    for table in section.tables:
        yield _table(table)
    for words in (section.note, section.source):
        if words:
            yield document.Paragraph(plain(words))


def _table(table: Any) -> document.Table:
    rows = [[plain(cell) for cell in row] for row in table.rows]
    return document.Table(plain(table.caption), [plain(h) for h in table.heads], rows)
