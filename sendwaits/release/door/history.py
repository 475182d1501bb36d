"""What earlier releases of an area bind the next one to: their quarters, their plan, their printed numbers, their readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sendwaits.release.door.cells import Key, joined, table_cells, table_rows, theme_cells
from sendwaits.release.door.certify import Reader, means_of
from sendwaits.release.door.exact import Exact, Value
from sendwaits.release.door.knowledge import Members
from sendwaits.release.door.ladder import GRAINS, NO, allowed
from sendwaits.release.door.released import Released
from sendwaits.release.door.rows import Printed, needed_for_change
from sendwaits.release.profile import PROFILES, Profile

if TYPE_CHECKING:
    from sendwaits.release.door.revise import Reviser

__all__ = ["History", "audiences", "members_of"]

MONTHS_KEPT = 13
"""What was printed for periods that ended longer before the window than this is settled and not asked about again."""


class History:
    """The last release of the same profile, and the last of a more exact one."""

    def __init__(self, earlier: Sequence[Released], exact: Exact, profile: Profile) -> None:
        self.profile, self.pathway = profile, exact.pathway
        mine = [r for r in earlier if r.profile.name == profile.name and _about(r, exact.pathway)]
        finer = [
            r
            for r in earlier
            if PROFILES.index(r.profile.name) < PROFILES.index(profile.name)
            and _about(r, exact.pathway)
        ]
        self.last = mine[-1] if mine else None
        self.finer = finer[-1] if finer else None
        self.rows: dict[Key, Printed] = {}
        for released in mine:
            self.rows |= table_rows(released, exact.pathway)

    def lead(self, reviser: Reviser) -> None:
        """Settings of the last set stay, or are coarser; a less exact set is never finer than the more exact one before it."""
        if self.last is not None:
            reviser.keep(steps_of(self.last, self.pathway))
        if self.finer is not None:
            steps = steps_of(self.finer, self.pathway)
            reviser.no_finer({s: allowed(self.profile, step) for s, step in steps.items()})

    def kept(self, key: Key, value: Value, form: str) -> tuple[Value, bool]:
        """The number to print for a period that was printed before, and whether it is revised.

        The printed number stays until the change of every count in it is 0 or at least k.
        """
        old = self.rows.get(key)
        if old is None or old.form not in ("exact", form):
            return value, False
        slack = 0 if old.form == "exact" else 2
        changes = needed_for_change(key[1], value, old)
        small = any(
            0 < abs(new - before) - slack < self.profile.smallest for new, before in changes
        )
        if form == "rounded" and old.form == "rounded":
            small = any(
                2 < abs(new - before) < 2 + self.profile.smallest for new, before in changes
            )
        if small:
            return Value(old.value, old.numerator, old.denominator, old.n), False
        return value, any(abs(new - before) > slack for new, before in changes)


def _about(released: Released, pathway: str) -> bool:
    return bool((released.plan["pathway"] == pathway).any())


def steps_of(released: Released, pathway: str) -> dict[tuple[str, str], int]:
    """The step of each whole-service series in the plan of a release: of several rows the finest grain."""
    plan = released.plan[(released.plan["pathway"] == pathway) & (released.plan["group"] == "")]
    found: dict[tuple[str, str], int] = {}
    for row in plan.itertuples():
        step = NO if row.grain == "" else 2 * GRAINS.index(row.grain) + (row.form == "rounded")
        series = (str(row.wait), str(row.measure))
        found[series] = min(step, found.get(series, NO))
    return found


def members_of(released: Released, pathway: str) -> Members:
    """(wait, measure, printed group, day) -> the groups in it."""
    found = {}
    for key, groups in released.merged.items():
        code, wait, measure, label, _, day = key.split("|")
        if code == pathway:
            found[wait, measure, label, day] = tuple(groups)
    return found


def audiences(
    earlier: Iterable[Released], pathway: str, first: str, profile: Profile
) -> list[Reader]:
    """Who will read a set of a profile: its own readers, and those of the more exact sets, who see the less exact ones too.

    ``first``: the first day of the set's window.
    """
    earlier = [r for r in earlier if _about(r, pathway)]
    oldest = _months_before(first, MONTHS_KEPT)
    found = []
    for name in PROFILES[1 : PROFILES.index(profile.name) + 1][::-1]:
        seen = [r for r in earlier if PROFILES.index(r.profile.name) >= PROFILES.index(name)]
        if name != profile.name and not any(r.profile.name == name for r in seen):
            continue
        k = min((r.profile.k for r in seen if r.profile.name == name), default=profile.k)
        reader = Profile(name, min(k, profile.k) if name == profile.name else k)
        cells = [c for r in seen for c in (*table_cells(r, pathway), *theme_cells(r, pathway))]
        before = joined(c for c in cells if c.count.key[4] >= oldest)
        means = {k: v for r in seen for k, v in means_of(table_rows(r, pathway)).items()}
        means = {k: v for k, v in means.items() if k[2] >= oldest}
        members = {k: v for r in seen for k, v in members_of(r, pathway).items()}
        found.append(Reader(reader.possible, reader.smallest - 1, before, members, means))
    return found


def _months_before(day: str, months: int) -> str:
    at = int(day[:4]) * 12 + int(day[5:7]) - 1 - months
    return date(at // 12, at % 12 + 1, 1).isoformat()
