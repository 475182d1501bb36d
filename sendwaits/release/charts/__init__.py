"""Charts: a released tidy frame becomes matplotlib Axes in the house style, and Axes become SVG with keys."""

from sendwaits.release.charts.aim import Aim
from sendwaits.release.charts.alt import alt
from sendwaits.release.charts.bars import bands, bars
from sendwaits.release.charts.beside import compare
from sendwaits.release.charts.bridge import steps
from sendwaits.release.charts.claim import claim
from sendwaits.release.charts.control import shares, spc
from sendwaits.release.charts.face import theme
from sendwaits.release.charts.fan import fan
from sendwaits.release.charts.flow import flow
from sendwaits.release.charts.funnel import funnel
from sendwaits.release.charts.lines import line
from sendwaits.release.charts.small import small
from sendwaits.release.charts.spark import spark
from sendwaits.release.charts.svg import png, svg
from sendwaits.release.charts.values import keyed, summaries, texts, values

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
