"""The measures there are: each declared once with its unit, kind, definition, relation to others and the rows behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sendwaits.measure.relations import Relation
from sendwaits.measure.views import Cell
from sendwaits.pathways import Pathway

__all__ = ["MEASURES", "Measure", "always", "measure", "measure_names", "statutory"]


@dataclass(frozen=True)
class Measure:
    """One measure: its name, unit, when it is taken (``stock``, ``flow`` or ``pathway``), its function, rows and relation.

    ``relation`` ties it to other measures. Without one the measure is counted, but the door does not release it.
    """

    name: str
    unit: str
    kind: str
    cell: Callable[..., Cell]
    behind: Callable[..., np.ndarray]
    applies: Callable[[Pathway, object], bool]
    relation: Relation | None = None

    @property
    def meaning(self) -> str:
        return (self.cell.__doc__ or "").strip().splitlines()[0]


MEASURES: dict[str, Measure] = {}

always = lambda pathway, wait: True  # noqa: E731
statutory = lambda pathway, wait: pathway.timeliness  # noqa: E731


def measure(
    name: str,
    unit: str,
    kind: str,
    behind: Callable[..., np.ndarray],
    applies: Callable[..., bool] = always,
    relation: Relation | None = None,
) -> Callable:
    def register(function: Callable[..., Cell]) -> Callable[..., Cell]:
        MEASURES[name] = Measure(name, unit, kind, function, behind, applies, relation)
        return function

    return register


def measure_names(pathway: Pathway) -> list[tuple[str, str]]:
    """Every (wait, measure) that `figures` prints for a pathway; wait is empty for measures of the whole pathway."""
    pairs = [
        ("", m.name) for m in MEASURES.values() if m.kind == "pathway" and m.applies(pathway, None)
    ]
    pairs += [
        (w.name, m.name)
        for w in pathway.waits
        for m in MEASURES.values()
        if m.kind != "pathway" and m.applies(pathway, w)
    ]
    return pairs
