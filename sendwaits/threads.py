"""One thread for small arrays: OpenBLAS's own threads only wait for each other there, at seven times the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["one_thread"]

_NAMES = tuple(
    f"{prefix}openblas_{{}}_num_threads{suffix}"
    for prefix in ("scipy_", "")
    for suffix in ("64_", "")
)


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, the OpenBLAS of numpy's and scipy's wheels uses one thread; afterwards as many as before.

    The command line says so to the whole process before anything is loaded; this is for notebooks. Other builds (conda's)
    are left as they are. Also a decorator.
    """
    before = [(put, get()) for get, put in _libraries()]
    for put, _ in before:
        put(1)
    try:
        yield
    finally:
        for put, number in before:
            put(number)


@cache
def _libraries() -> tuple[tuple[Callable[[], int], Callable[[int], None]], ...]:
    """How many threads each OpenBLAS has, and the function that sets it."""
    found = []
    for package in ("numpy", "scipy"):
        spec = find_spec(package)
        home = Path(spec.origin).parent if spec and spec.origin else None
        for folder in (home.parent / f"{package}.libs", home / ".dylibs") if home else ():
            for path in folder.glob("*openblas*"):
                if pair := _functions(path):
                    found.append(pair)
    return tuple(found)


def _functions(path: Path) -> tuple[Callable[[], int], Callable[[int], None]] | None:
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    for name in _NAMES:
        try:
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
        except AttributeError:
            continue
    return None
