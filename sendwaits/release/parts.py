"""The pieces of a page: tables, sections and parts. A part shows itself in a notebook exactly as on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from sendwaits.release.cells import Number

__all__ = ["Part", "Section", "Table", "Cell", "plain", "render", "section_part"]

Cell = Number | Markup | str


def plain(value: Any) -> str:
    """The text a person reads: tags removed, no-break spaces made plain."""
    return " ".join(Markup(escape(value)).striptags().replace("\u00a0", " ").split())


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sendwaits.release", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    return environment


def render(template: str, **values: Any) -> Markup:
    """The template filled in; everything that is not already safe markup is escaped."""
    return Markup(_environment().get_template(template).render(**values))


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of each row is its heading. ``left``: columns (by place) that hold words.

    ``total``: the last row is a total. ``cards``: on a phone each row becomes a card. ``words_left``: numbers stand left, with words under them.
    """

    caption: str | Markup
    heads: Sequence[str | Markup]
    rows: Sequence[Sequence[Cell]]
    left: frozenset[int] = frozenset()
    total: bool = False
    cards: bool = False
    words_left: bool = False

    def text(self) -> str:
        """The table as aligned plain text."""
        grid = [[plain(h) for h in self.heads], *[[plain(c) for c in row] for row in self.rows]]
        widths = [max(len(row[i]) for row in grid) for i in range(len(self.heads))]
        lines = [
            "  ".join(
                cell.ljust(w) if i == 0 or i in self.left else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in grid
        ]
        return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


@dataclass(frozen=True)
class Section:
    """A finding: heading with a verb and a number, what is measured, chart, three short paragraphs, table, source.

    The table folds away under a chart, and stands open where there is none. ``body``: other markup in place of a chart, and
    ``lines`` the same as plain text.
    """

    title: str | Markup
    subtitle: str | Markup
    words: Sequence[tuple[str, str | Markup]] = ()
    chart: Markup = Markup("")
    table: Table | None = None
    source: str | Markup = ""
    note: str | Markup = ""
    body: Markup = Markup("")
    lines: Sequence[str] = ()

    def html(self) -> Markup:
        return render("section.html", s=self)

    def text(self) -> str:
        lines = [plain(self.title), plain(self.subtitle), ""]
        lines += [self.table.text(), ""] if self.table else []
        lines += self.lines
        lines += [f"{head} {plain(body)}" for head, body in self.words]
        lines += [plain(t) for t in (self.note, self.source) if t]
        return "\n".join(lines)


@dataclass(frozen=True)
class Part:
    """A piece of a page: HTML for the page, the same in plain text, and what the page needs to know about it."""

    kind: str
    html: Markup
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/plain": self.text, "text/html": str(self.html)}, {
            "sendwaits": {"part": self.kind, **self.facts}
        }

    def __repr__(self) -> str:
        return self.text


def section_part(*sections: Section) -> Part:
    """One part of one or more sections, in order."""
    return Part(
        "section",
        Markup("\n").join(s.html() for s in sections),
        "\n\n".join(s.text() for s in sections),
    )
