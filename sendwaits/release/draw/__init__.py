"""Charts: a released tidy frame becomes matplotlib Axes in the house style, and Axes become SVG with keys."""

from sendwaits.release.draw.aim import Aim
from sendwaits.release.draw.alt import alt
from sendwaits.release.draw.bars import bands, bars
from sendwaits.release.draw.beside import compare
from sendwaits.release.draw.bridge import steps
from sendwaits.release.draw.claim import claim
from sendwaits.release.draw.control import shares, spc
from sendwaits.release.draw.face import theme
from sendwaits.release.draw.fan import fan
from sendwaits.release.draw.flow import flow
from sendwaits.release.draw.funnel import funnel
from sendwaits.release.draw.lines import line
from sendwaits.release.draw.small import small
from sendwaits.release.draw.spark import spark
from sendwaits.release.draw.svg import png, svg
from sendwaits.release.draw.values import keyed, summaries, texts, values

__all__ = [
    "Aim",
    "alt",
    "bands",
    "bars",
    "claim",
    "compare",
    "fan",
    "flow",
    "funnel",
    "keyed",
    "line",
    "png",
    "shares",
    "small",
    "spark",
    "spc",
    "steps",
    "summaries",
    "svg",
    "texts",
    "theme",
    "values",
]
