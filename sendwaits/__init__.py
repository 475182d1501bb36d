"""Waiting-list analytics for SEND partnerships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendwaits.area import Area
    from sendwaits.area import open as open

__all__ = ["open", "Area", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("open", "Area"):
        from sendwaits import area

        return getattr(area, name)
    raise AttributeError(f"module 'sendwaits' has no attribute '{name}'")
