"""Charts: a released tidy frame becomes matplotlib Axes in the house style, and Axes become SVG with keys."""

from sendwaits.release.draw.alt import alt
from sendwaits.release.draw.bars import bands, bars
from sendwaits.release.draw.control import shares, spc
from sendwaits.release.draw.face import theme
from sendwaits.release.draw.fan import Aim, fan
from sendwaits.release.draw.lines import flow, line
from sendwaits.release.draw.svg import png, svg
from sendwaits.release.draw.values import keyed, summaries, texts, values

__all__ = [
    "Aim",
    "alt",
    "bands",
    "bars",
    "fan",
    "flow",
    "keyed",
    "line",
    "png",
    "shares",
    "spc",
    "summaries",
    "svg",
    "texts",
    "theme",
    "values",
]
