"""An analyst's own sentence: every word of direction must agree with a verdict of the series that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

from sendwaits.errors import Refused
from sendwaits.release.verdicts.verdict import Verdict
from sendwaits.release.verdicts.words import better

__all__ = ["marked"]

WORDS = {
    "up": r"growing|grew|grown|rising|rose|risen|increas\w*|higher|longer|climb\w*|more than",
    "down": r"falling|fell|fallen|lower|shorter|decreas\w*|shrinking|shrank|dropp\w*|fewer than|less than",
    "none": r"no clear change|unchanged|steady|stable",
    "better": r"better|improv\w*",
    "worse": r"worse\w*|deteriorat\w*",
}
_ANY = re.compile(r"\b(?:" + "|".join(f"(?P<{k}>{v})" for k, v in WORDS.items()) + r")\b", re.I)


def marked(text: str, verdicts: Iterable[Verdict]) -> Markup:
    """The text, escaped, with each word of direction in the element of the verdict that it agrees with.

    Raises `Refused` naming the word when no verdict of the series says so: a comparison of two numbers is left to the reader.
    """
    known = list(verdicts)
    out, at = Markup(""), 0
    for found in _ANY.finditer(text):
        way = str(found.lastgroup)
        agreeing = [v for v in known if way in (v.direction, better(v))]
        if not agreeing:
            said = "; ".join(dict.fromkeys(v.verdict for v in known)) or "none"
            raise Refused(
                f"publish: the sentence says '{found.group()}', but no series of the frame has that verdict ({said})."
            )
        out += Markup("{}").format(text[at : found.start()])
        out += Markup('<span data-verdict="{}">{}</span>').format(agreeing[0].mark, found.group())
        at = found.end()
    return out + Markup("{}").format(text[at:])
