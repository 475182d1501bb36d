"""The bundled font, the style file, and how wide a text is: the same on every machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import LoadFlags

__all__ = ["RC", "STYLE", "styled", "theme", "width_of", "wrapped"]

STYLE = Path(__file__).parent.parent / "style.mplstyle"
_FAMILY = "Sendwaits Sans"
_FILES = {
    bold: Path(__file__).parent / "fonts" / f"LiberationSans-{name}.ttf"
    for bold, name in ((False, "Regular"), (True, "Bold"))
}
P = ParamSpec("P")
R = TypeVar("R")


def _register() -> None:
    """The bundled files under a name of our own, so that no font of the machine is taken instead."""
    listed = font_manager.fontManager.ttflist
    if not any(entry.name == _FAMILY for entry in listed):
        for path in _FILES.values():
            entry = font_manager.ttfFontProperty(font_manager.get_font(str(path)))
            listed.append(replace(entry, name=_FAMILY))


_register()
RC: Any = dict(
    matplotlib.rc_params_from_file(str(STYLE), use_default_template=False)  # type: ignore[arg-type]
)
"""The settings of style.mplstyle."""


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """The function with the house style in force while it runs, whatever the caller has set."""

    @functools.wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        before = {name: matplotlib.rcParams[name] for name in RC}
        matplotlib.rcParams.update(RC)
        try:  # only our settings go back: rc_context would undo what a notebook's display sets on its first figure
            return draw(*args, **kwargs)
        finally:
            matplotlib.rcParams.update(before)

    return run


def shown_by_pyplot() -> bool:
    """True in a notebook or beside a window, where pyplot shows figures by itself; False in a batch."""
    backend = matplotlib.rcParams._get_backend_or_none()  # type: ignore[attr-defined]
    batch = ("agg", "svg", "pdf", "cairo", "template")
    return backend is not None and str(backend).lower() not in batch


def theme() -> None:
    """The house style for the caller's own seaborn and matplotlib charts, until the session ends."""
    import seaborn

    seaborn.set_theme(context="paper", style="white", rc=RC)


@functools.cache
def _advance(letter: str, bold: bool) -> float:
    font = font_manager.get_font(str(_FILES[bold]))
    font.set_size(100, 72)
    return font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100


def width_of(text: str, size: float = 14, bold: bool = False) -> float:
    """How wide Arial (Liberation Sans) sets the text, in pixels; the widest line of several."""
    lines = text.split("\n")
    return max(sum(_advance(letter, bold) for letter in line) for line in lines) * size


def wrapped(text: str, room: float, size: float = 14, bold: bool = False) -> str:
    """The text broken at spaces into lines no wider than ``room`` pixels; a longer word stands alone."""
    lines: list[str] = []
    for word in text.replace("\n", " ").split(" "):
        if lines and width_of(f"{lines[-1]} {word}", size, bold) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
