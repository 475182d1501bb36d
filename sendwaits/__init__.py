"""Waiting-list analytics for SEND partnerships.

>>> import sendwaits as sw
>>> area = sw.open(".")                       # the workspace here or above
>>> area.waiting("NST")                       # exact, for analysts
>>> report = area.report("backlog", "NST")    # released, for pages
>>> ax = sw.charts.flow(report.flow())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendwaits.area import Area
    from sendwaits.area import open as open
    from sendwaits.release import charts
    from sendwaits.release.show import show as show

__all__ = ["Area", "__version__", "charts", "open", "show"]
__version__ = "0.2.0"
_ROOMS = {"open": "area", "Area": "area", "show": "release.show", "charts": "release.charts"}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        from importlib import import_module

        room = import_module(f"sendwaits.{_ROOMS[name]}")
        return room if name == "charts" else getattr(room, name)
    raise AttributeError(f"sendwaits has no '{name}'. It has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
