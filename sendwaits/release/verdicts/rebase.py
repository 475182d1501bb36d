"""Where a shift holds and no dated change explains it, a change point is proposed: "set a change point at ...?"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sendwaits.release.verdicts.steps import ChangePoint
from sendwaits.release.verdicts.verdict import Verdict

__all__ = ["Proposal", "proposals"]

NEAR_DAYS = 92


class Proposal(NamedTuple):
    """A change point to think about: the limits of this series would start anew at ``date``."""

    pathway: str
    wait: str
    measure: str
    date: str

    @property
    def toml(self) -> str:
        """The lines for sendwaits.toml, the label to be filled in by who knows what happened."""
        wait = f'wait = "{self.wait}"\n' if self.wait else ""
        return (
            f'[[change_points]]\npathway = "{self.pathway}"\n{wait}date = {self.date}\nlabel = ""\n'
        )


def proposals(
    verdicts: Iterable[Verdict], change_points: Sequence[ChangePoint] = ()
) -> list[Proposal]:
    """The settled shifts of whole services that no dated change within 3 months accounts for."""
    found = []
    for verdict in verdicts:
        if verdict.settled and not verdict.group and not verdict.dated:
            since = date.fromisoformat(verdict.since)
            known = (
                abs((point.date - since).days) <= NEAR_DAYS
                for point in change_points
                if point.pathway == verdict.pathway and point.wait in ("", verdict.wait)
            )
            if not any(known):
                found.append(Proposal(*verdict[:3], verdict.since))
    return found
