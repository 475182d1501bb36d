"""Which notes a page needs, from templates/notes.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sendwaits.release import words

if TYPE_CHECKING:
    from sendwaits.release.area_report import AreaReport
    from sendwaits.release.report import Report

__all__ = ["chosen", "of_report"]


@cache
def _notes() -> list[dict[str, str]]:
    text = files("sendwaits.release").joinpath("templates/notes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["note"]


def chosen(
    profile: Any, kinds: set[str], names: set[str] | None = None, **fill: Any
) -> list[tuple[str, str]]:
    """The notes of these kinds (and names, when given) with the profile's numbers filled in."""
    kinds = kinds | ({"always"} if profile.exact else {"always", "hidden"})
    fill |= {"smallest": profile.smallest, "most": profile.smallest - 1}
    found = [n for n in _notes() if n["when"] in kinds and (names is None or n["name"] in names)]
    return [(n["name"].format(**fill), n["text"].format(**fill)) for n in found]


def of_report(report: Report) -> list[tuple[str, str]]:
    """The notes of a service's page."""
    start, _, stop = report.wait.label.partition(" to ")
    kinds = {"forecast"} if report.name != "trend" else set()
    return chosen(
        report.profile,
        kinds,
        start=start,
        stop=stop or "the end of the wait",
        day=words.day(report.as_at),
    )


def of_area(report: AreaReport) -> list[tuple[str, str]]:
    """The notes of a page of the area."""
    names = {"Waiting", "Weeks", "Chance", "Verdicts", "[c]", "[z]"}
    names |= {
        "By quarter, by year, to the nearest 5",
        "At least {smallest} children have waited N weeks or more",
    }
    return chosen(report.profile, {"forecast"}, names, day=words.day(report.as_at))
