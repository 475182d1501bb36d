"""What the reports of the whole area share: opening and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from sendwaits.release.parts import Part, plain, render
from sendwaits.release.reports.common import Key, header_facts

if TYPE_CHECKING:
    from sendwaits.release.reports import AreaMaterial

__all__ = ["AreaReport"]


class AreaReport:
    """One report of the whole area; each method is a part of its page."""

    name = ""

    def __init__(self, material: AreaMaterial) -> None:
        self.material, self.as_at, self.area = (
            material,
            material.as_at,
            material.workspace.area.name,
        )

    def _opening(self, title: Markup | str, lede: Markup | str, keys: Sequence[Key]) -> Part:
        m = self.material
        facts = header_facts(
            m.workspace, m.as_at, m.profile, m.k, m.made_up, m.files, title, self.name.capitalize()
        )
        lines = [
            plain(title),
            plain(lede),
            "",
            *(
                f"{k.name}: {plain(k.value)}. {'. '.join(plain(x) for x in k.lines)}".rstrip(". ")
                + "."
                for k in keys
            ),
        ]
        return Part(
            "opening",
            render("opening.html", title=title, lede=lede, keys=keys),
            "\n".join(lines),
            facts,
        )

    def _notes(self, notes: Sequence[tuple[str, str]]) -> Part:
        text = "\n".join(["Notes", *(f"{i}. {a} {b}" for i, (a, b) in enumerate(notes, 1))])
        return Part("notes", render("notes.html", notes=notes), text)

    def _board(self, lines: Sequence[Markup]) -> Part:
        return Part(
            "board",
            render("board.html", lines=lines),
            "\n".join(["For the Board", *(plain(x) for x in lines)]),
        )
