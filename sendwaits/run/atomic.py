"""A folder of files replaced as one: a reader sees the old set or the new set, never a mixture."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sendwaits.errors import CannotWrite
from sendwaits.store import rename, sync_folder

__all__ = ["replaced", "recover", "probe"]


@contextmanager
def replaced(target: Path, keep: Iterable[str] = ()) -> Iterator[Path]:
    """An empty sibling folder to work in; it becomes ``target`` in one step when the block ends well.

    ``keep``: names inside the old ``target`` that the new one holds too (hard links where the disk has them).
    When the block raises, ``target`` is as it was. What a killed run left behind is cleared first. Use it under the
    lock. Raises `CannotWrite` when the folder or the disk refuses.
    """
    work = _new(target)
    try:
        recover(target)
        work.mkdir(parents=True)
        yield work
        for name in keep:
            _carry(target / name, work / name)
        _sync_tree(work)
        _swap(work, target)
        sync_folder(target.parent)
    except OSError as error:
        _clear(work)
        raise CannotWrite(
            f"{target.parent.name}/{target.name}: {_reason(error)} The earlier files are untouched."
        ) from None
    except BaseException:
        _clear(work)
        raise
    _clear(work)


def recover(target: Path) -> None:
    """After a run was killed: the set is whole again and no work folder is left."""
    old = _old(target)
    if old.exists() and not target.exists():
        os.rename(old, target)
    for left in (old, _new(target)):
        if left.exists():
            shutil.rmtree(left)


def probe(folder: Path, need_bytes: int) -> None:
    """Raises `CannotWrite` when ``folder`` cannot take ``need_bytes``; leaves nothing behind."""
    trial = folder / ".sendwaits.trial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        with open(trial, "wb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CannotWrite(f"{folder.name}/: {_reason(error)} Nothing was changed.") from None
    finally:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
    if free < need_bytes:
        raise CannotWrite(
            f"{folder.name}/: the disk has {free / 1e6:.0f} MB free and the reports may need "
            f"{need_bytes / 1e6:.0f} MB. Make room, then start again. Nothing was changed."
        )


def _new(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _reason(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return "the disk is full. Make room, then start again."
    if os.name == "nt" and isinstance(error, PermissionError):
        return "a file in it is open in another program, or it is read-only. Close it, then start again."
    return "cannot be written. Check its permissions and that the disk is there."


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _carry(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    elif source.exists():
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _sync_tree(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        for name in files:
            handle = os.open(
                os.path.join(place, name), os.O_RDWR if os.name == "nt" else os.O_RDONLY
            )
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_folder(Path(place))


def _swap(work: Path, target: Path) -> None:
    """``target`` holds what ``work`` held, in one step where the system can exchange two folders."""
    if not target.exists():
        rename(work, target)
    elif not _exchange(work, target):
        old = _old(target)
        rename(target, old)
        try:
            rename(work, target)
        except OSError:
            os.rename(old, target)
            raise
        _clear(old)


def _exchange(one: Path, other: Path) -> bool:
    """True when the two folders have changed places atomically (Linux, macOS); False when the system cannot."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return library.renamex_np(os.fsencode(one), os.fsencode(other), 2) == 0
        here = -100
        return library.renameat2(here, os.fsencode(one), here, os.fsencode(other), 2) == 0
    except (OSError, AttributeError, TypeError):
        return False
