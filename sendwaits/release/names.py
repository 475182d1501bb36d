"""What a reader calls services, waits and measures, with each measure's definition: for the interactive page and the workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sendwaits.release import words

if TYPE_CHECKING:
    from sendwaits.pathways import Pathway

__all__ = ["Measure", "Names"]


class Measure(NamedTuple):
    """``head``: a table's heading. ``noun``: in a sentence. ``good``: up, down or "". ``kind``: list, wait, share or flow."""

    head: str
    noun: str
    good: str = ""
    kind: str = ""
    definition: str = ""


class Names(NamedTuple):
    """``services``: code -> (title, label). ``waits``: (code, wait) -> from what to what. ``headline``: code -> its main wait."""

    services: Mapping[str, tuple[str, str]]
    waits: Mapping[tuple[str, str], str]
    measures: Mapping[str, Measure]
    headline: Mapping[str, str]

    @classmethod
    def of(
        cls, pathways: Iterable[Pathway], measures: Iterable[str], words: Callable[[str], Any]
    ) -> Names:
        """The names of these pathways and measures; ``words(measure)`` has head, noun, good and kind (`release.words.measure`).

        The main wait of a service is that with the longest standard, else its first. Definitions are those of the dictionary.
        """
        from sendwaits.measure.measures import MEASURES

        found, pathways = {}, list(pathways)
        for name in measures:
            said = words(name)
            meaning = MEASURES[name].meaning if name in MEASURES else ""
            found[name] = Measure(said.head, said.noun, said.good, said.kind, meaning)
        return cls(
            {p.code: (p.title, p.label) for p in pathways},
            {(p.code, w.name): w.label for p in pathways for w in p.waits},
            found,
            {p.code: max(p.waits, key=lambda w: w.standard_days or 0).name for p in pathways},
        )

    def service(self, code: str) -> str:
        """The short name of a service; of one without a name its code."""
        return self.services.get(code, (code, code))[1]

    def wait(self, code: str, wait: str) -> str:
        """From what to what a wait runs; "the whole service" for none."""
        return self.waits.get((code, wait), wait) if wait else "the whole service"

    def measure(self, name: str) -> Measure:
        """The words of a measure; of one without an entry its own name."""
        plain = name.replace("_", " ")
        return self.measures.get(name) or Measure(plain[:1].upper() + plain[1:], plain)

    def group(self, group: str) -> str:
        """ "district=North" as "District: North"; "Everyone" for none."""
        column = group.partition("=")[0]
        return (
            f"{column.replace('_', ' ').capitalize()}: {words.group(group)}"
            if column
            else "Everyone"
        )
