"""One run at a time in a workspace, by a lock the operating system takes back when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sendwaits.errors import CannotWrite, Locked

__all__ = ["held"]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Inside, no other run writes reports into ``folder``.

    A second run raises `Locked` at once, naming since when the first has been running. The lock of a killed run does
    not block. Raises `CannotWrite` when the folder cannot hold a lock.
    """
    since = folder / ".sendwaits.since"
    lock = FileLock(folder / ".sendwaits.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise Locked(
            f"Another run has been writing reports in this workspace since {_when(since)}. "
            "Wait until it has ended, then start again."
        ) from None
    except OSError:
        raise CannotWrite(
            f"{folder.name}/: cannot be written. Check its permissions and that the disk is there; "
            "nothing was changed."
        ) from None
    try:
        with suppress(OSError):
            since.write_text(f"{datetime.now():%Y-%m-%d %H:%M:%S}", encoding="utf-8", newline="\n")
        yield
    finally:
        with suppress(OSError):
            since.unlink(missing_ok=True)
        lock.release()


def _when(since: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return since.read_text(encoding="utf-8") or "a moment ago"
    return "a moment ago"
