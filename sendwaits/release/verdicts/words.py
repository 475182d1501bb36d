"""The words of verdicts and comparisons: the only place where they live. Pages get them as elements that say whose they are."""

from __future__ import annotations

from typing import Literal

from markupsafe import Markup

from sendwaits.release import words
from sendwaits.release.key import Key
from sendwaits.release.verdicts.verdict import Verdict

__all__ = ["BOTH", "better", "compare", "good", "kind", "phrase", "rule", "say"]

Kind = Literal["list", "wait", "share", "flow"]
BOTH = " ~ "
"""Between the two keys in the ``data-key`` of a word that compares two printed numbers."""
PHRASES: dict[str, dict[str, str]] = {
    "list": {
        "rising": "growing", "falling": "falling", "higher": "higher {since}", "lower": "lower {since}",
    },
    "wait": {
        "rising": "getting longer", "falling": "getting shorter", "higher": "longer {since}",
        "lower": "shorter {since}",
    },
    "share": {
        "rising": "rising", "falling": "falling", "higher": "higher {since}", "lower": "lower {since}",
    },
    "flow": {
        "rising": "rising", "falling": "falling", "higher": "higher {since}", "lower": "lower {since}",
    },
}  # fmt: skip
STILL = {
    "steady": "no clear change",
    "too_few": "too few months to say",
    "not_published": "not published",
}
HIGH = {1: "unusually high", -1: "unusually low", 0: "unusual"}
RULES = {
    "list": "A list changes when its net flow over 3, 6 or 12 months is more than chance flows would give",
    "wait": "A wait changes when it moves over months by more than its usual monthly steps would give",
    "share": "A share changes when it differs from the same months of the year before by more than its numbers allow",
    "flow": "A flow changes when it differs from the same months of the year before by more than chance allows",
}
COMPARED = {
    "count": ("more than", "fewer than"),
    "percent": ("higher than", "lower than"),
    "GBP": ("higher than", "lower than"),
    "weeks": ("longer than", "shorter than"),
}


def kind(verdict: Verdict) -> Kind:
    """What kind of measure a verdict is about: ``list``, ``wait``, ``share`` or ``flow``; by its name, so that a
    verdict read from verdicts.csv is said in the same words."""
    if verdict.measure.startswith("waiting"):
        return "list"
    if verdict.measure.endswith("_pct") or verdict.unit == "percent":
        return "share"
    return "wait" if "_weeks" in verdict.measure or verdict.unit == "weeks" else "flow"


def good(measure: str) -> int:
    """1 when more is better, -1 when less is better, 0 when neither is; as templates/words.toml says."""
    return {"up": 1, "down": -1}.get(words.measure(measure).good, 0)


def better(verdict: Verdict) -> str:
    """``better``, ``worse`` or "" (no change, or neither way is good)."""
    way = {"up": 1, "down": -1, "none": 0}[verdict.direction] * good(verdict.measure)
    return {1: "better", -1: "worse", 0: ""}[way]


def phrase(verdict: Verdict) -> str:
    """The verdict in plain words: "growing", "higher since March 2024", "no clear change"."""
    if verdict.verdict == "unusual":
        return f"{HIGH[verdict.unusually]}{_newest(verdict)}"
    said = STILL.get(verdict.verdict) or PHRASES[kind(verdict)][verdict.verdict]
    return said.format(since=_since(verdict)).strip()


def say(verdict: Verdict, *, capital: bool = False) -> Markup:
    """The phrase in the element that names its series and verdict: ``<span data-verdict="...">growing</span>``."""
    said = phrase(verdict)
    if capital:
        said = said[0].upper() + said[1:]
    return Markup('<span data-verdict="{}">{}</span>').format(verdict.mark, said)


def rule(verdict: Verdict) -> str:
    """The rule of a verdict in one sentence, as a page quotes it."""
    return RULES[kind(verdict)]


def compare(
    now: tuple[float, Key | str], base: tuple[float, Key | str], unit: str = "count"
) -> Markup:
    """ "more than", "fewer than" or "the same as" for two numbers as they are printed; the element carries both keys."""
    more, fewer = COMPARED[unit]
    said = more if now[0] > base[0] else fewer if now[0] < base[0] else "the same as"
    return Markup('<span data-key="{}">{}</span>').format(f"{now[1]}{BOTH}{base[1]}", said)


def _since(verdict: Verdict) -> str:
    return f"since\u00a0{words.month(verdict.since)}" if verdict.since else "than before"


def _newest(verdict: Verdict) -> str:
    return f" in\u00a0{words.month(verdict.period_end)}" if verdict.period_end else ""
