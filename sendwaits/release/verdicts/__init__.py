"""What may be said of a released series: one verdict from a closed list, once, for every page of a set."""

from sendwaits.release.verdicts import changes, words
from sendwaits.release.verdicts.judging import judge, verdicts
from sendwaits.release.verdicts.marking import marked
from sendwaits.release.verdicts.rebase import proposals
from sendwaits.release.verdicts.verdict import COLUMNS, VERDICTS, Level, Verdict, Verdicts

__all__ = [
    "COLUMNS",
    "VERDICTS",
    "Level",
    "Verdict",
    "Verdicts",
    "changes",
    "judge",
    "marked",
    "proposals",
    "verdicts",
    "words",
]
