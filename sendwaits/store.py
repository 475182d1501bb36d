"""Computed once, kept in `data/processed/cache`, checked on every read: what notebooks of one workspace share.

A file holds one value: a line of JSON saying what it is, then the bytes that line's checksum covers. Frames are
Arrow, arrays are NumPy's own format, the rest is JSON; nothing read here can run code.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import sendwaits

__all__ = [
    "cached",
    "forget",
    "write_atomic",
    "rename",
    "read_bytes",
    "keep_bytes",
    "digest_bytes",
    "digest_file",
    "digest_files",
    "digest_key",
    "digest_package",
    "sync_folder",
    "cache_path",
    "encode",
    "pieces",
    "decode",
]

Value = TypeVar("Value")
Buffer = bytes | memoryview
FORMAT = 1
KEPT_PER_NAME = 100
"""Files of one name that stay, unless told otherwise; the oldest go when a new one is written."""

_SETTLED_NS = 2_000_000_000
"""A file written so short a time ago may be written again under the same time: it is read anew."""
_log = logging.getLogger("sendwaits")
_memory: dict[tuple[str, str, str], Any] = {}
_said: set[str] = set()


def cached(
    workspace: Any, name: str, key_parts: Iterable[Any], build: Callable[[], Value]
) -> Value:
    """The value of ``build()``, computed once per workspace, name and key.

    ``key_parts``: everything the value depends on (digests of files, settings, dates, numbers, text). The package's own
    version and code need not be named: a value of another version is rebuilt and that is said once; so is one whose
    bytes do not match their checksum. A folder that cannot be written leaves the value in memory only.
    The caller may change what is returned: nobody else sees it.
    """
    key = digest_key(key_parts)
    place = (str(workspace.root), name, key)
    if place not in _memory:
        path = cache_path(workspace, name, key)
        body = read_bytes(path)
        value = decode(body) if body is not None else _MISSING
        if value is _MISSING:
            value = build()
            keep_bytes(path, *pieces(value))
        _memory[place] = value
    return _own(_memory[place])


def forget() -> None:
    """Nothing is left in this process's memory; files stay."""
    _memory.clear()
    _said.clear()


def read_bytes(path: Path) -> bytes | None:
    """The kept bytes, or None when there are none, they are damaged (said once) or of another version (said once)."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    head, found, body = whole.partition(b"\n")
    try:
        header = json.loads(head)
        if (
            header["format"] == FORMAT
            and header["version"] == sendwaits.__version__
            and header["code"] != digest_package()
        ):
            return None
        same = header["format"] == FORMAT and header["version"] == sendwaits.__version__
        good = found and header["sha256"] == _seal(header, body)
    except (ValueError, KeyError, TypeError):
        same, good = True, False
    if same and good:
        return body
    reason = "is damaged" if same else "was made by another version of sendwaits"
    _say(path.name, f"data/processed/cache/{path.name} {reason}: it is made anew.")
    return None


def keep_bytes(path: Path, *body: Buffer, keep: int | None = None) -> bool:
    """True when the pieces of ``body`` are kept at ``path`` with its checksum; False, silently, when the folder cannot be written.

    ``keep``: how many files of that name stay, the newest.
    """
    header = {"format": FORMAT, "version": sendwaits.__version__, "code": digest_package()}
    header["sha256"] = _seal(header, *body)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(header).encode() + b"\n", *body)
    except OSError:
        return False
    _prune(path, keep or KEPT_PER_NAME)
    return True


def cache_path(workspace: Any, name: str, key: str) -> Path:
    """Where the value of that name and key is kept."""
    safe = re.sub(r"[^a-z0-9_-]", "-", name.lower())
    return workspace.processed / "cache" / f"{safe}.{key[:24]}"


def _seal(header: Mapping[str, Any], *body: Buffer) -> str:
    """SHA-256 of what the header says and the body, without a copy of the body."""
    total = hashlib.sha256(
        json.dumps([header["format"], header["version"], header["code"]]).encode()
    )
    for piece in body:
        total.update(piece)
    return total.hexdigest()


def _say(about: str, text: str) -> None:
    if about not in _said:
        _said.add(about)
        _log.warning(text)


def _prune(path: Path, keep: int) -> None:
    """Leaves the newest files of that name."""
    with suppress(OSError):
        family = [
            f
            for f in path.parent.glob(path.name.rpartition(".")[0] + ".*")
            if f.name.count(".") == 1
        ]
        if len(family) > keep:
            family.sort(key=lambda f: (f.stat().st_mtime_ns, f.name))
            for old in family[:-keep]:
                old.unlink(missing_ok=True)


# --- writing so that a reader sees the old bytes or the new ones ---------------------------------------------------


def write_atomic(path: Path, *data: Buffer) -> None:
    """``path`` holds the pieces of ``data``, or what it held before if anything goes wrong. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def rename(source: Path, target: Path) -> None:
    """Renames; on Windows tries for a second while a virus scanner or a viewer holds the file."""
    for attempt in range(20):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if os.name != "nt" or attempt == 19:
                raise
            time.sleep(0.05)


def sync_folder(folder: Path) -> None:
    """The folder's names are on disk (systems without folder handles do that by themselves)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


# --- digests --------------------------------------------------------------------------------------------------------


def digest_bytes(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


_digests: dict[tuple[str, int, int, int], str] = {}


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal; read once by a process and those forked from it while it stays as it is."""
    with open(path, "rb") as file:
        facts = os.fstat(file.fileno())
        key = (str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns)
        recent = time.time_ns() - facts.st_mtime_ns < _SETTLED_NS
        if recent or key not in _digests:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return _digests[key]


def digest_files(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file by its base name, in the order of the names."""
    return {path.name: digest_file(path) for path in sorted(paths, key=lambda p: p.name)}


def digest_key(parts: Iterable[Any]) -> str:
    """One SHA-256 for a list of texts, numbers, dates, bytes, and lists or mappings of them. Mappings count in any order."""
    return digest_bytes(
        json.dumps(_plain(list(parts)), sort_keys=True, ensure_ascii=False).encode()
    )


def _plain(part: Any) -> Any:
    if part is None or isinstance(part, (str, bool, int)):
        return part
    if isinstance(part, float):
        return ["float", part.hex()]
    if isinstance(part, bytes):
        return ["bytes", digest_bytes(part)]
    if isinstance(part, date):
        return ["date", part.isoformat()]
    if isinstance(part, Mapping):
        return {
            "mapping": sorted(
                ([_plain(k), _plain(v)] for k, v in part.items()), key=lambda p: json.dumps(p[0])
            )
        }
    if isinstance(part, (list, tuple)):
        return [_plain(p) for p in part]
    if isinstance(part, (set, frozenset)):
        return ["set", sorted((_plain(p) for p in part), key=json.dumps)]
    if isinstance(part, os.PathLike):
        raise TypeError("a cache key names no path: give the file's digest")
    if hasattr(part, "__dataclass_fields__"):
        return [
            type(part).__name__,
            {name: _plain(getattr(part, name)) for name in sorted(part.__dataclass_fields__)},
        ]
    if hasattr(part, "item"):
        return _plain(part.item())
    raise TypeError(f"a cache key cannot hold a {type(part).__name__}")


@lru_cache(maxsize=1)
def digest_package() -> str:
    """One SHA-256 for everything the installed package consists of: code, pathways, templates, notebooks."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    files = (
        p
        for p in root.rglob("*")
        if p.suffix != ".pyc" and "__pycache__" not in p.parts and p.is_file()
    )
    for path in sorted(files, key=lambda p: p.relative_to(root).as_posix()):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


# --- values to bytes and back ---------------------------------------------------------------------------------------

_MISSING: Any = object()


def encode(value: Any) -> bytes:
    """The value as bytes, as `decode` reads them."""
    return b"".join(pieces(value))


def pieces(value: Any) -> list[Buffer]:
    """A line of JSON with numbered places for the frames and arrays, then those, each with its length before it; nothing is copied."""
    blobs: list[Buffer] = []
    tree = json.dumps(_pack(value, blobs)).encode()
    return [piece for b in (tree, *blobs) for piece in (struct.pack("<Q", len(b)), b)]


def decode(body: bytes) -> Any:
    """The value that `encode` was given."""
    blobs, at = [], 0
    while at < len(body):
        (size,) = struct.unpack_from("<Q", body, at)
        blobs.append(memoryview(body)[at + 8 : at + 8 + size])
        at += 8 + size
    return _unpack(json.loads(bytes(blobs[0])), blobs)


def _pack(value: Any, blobs: list[Buffer]) -> Any:
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"f": value.hex()}
    if type(value) is list:
        return [_pack(v, blobs) for v in value]
    if type(value) is tuple:
        return {"t": [_pack(v, blobs) for v in value]}
    if isinstance(value, dict):
        return {"d": [[_pack(k, blobs), _pack(v, blobs)] for k, v in value.items()]}
    if type(value) is datetime:
        return {"s": value.isoformat()}
    if type(value) is date:
        return {"y": value.isoformat()}
    if type(value) is bytes:
        blobs.append(value)
        return {"b": len(blobs)}
    return _pack_block(value, blobs)


def _pack_block(value: Any, blobs: list[Buffer]) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        kind, blob = "F", _frame_bytes(value)
    elif isinstance(value, pd.Series):
        name = _pack(value.name, blobs)
        blobs.append(_frame_bytes(value.to_frame("value")))
        return {"S": len(blobs), "name": name}
    elif isinstance(value, np.ndarray) and value.dtype != object:
        out = io.BytesIO()
        np.save(out, value, allow_pickle=False)
        kind, blob = "A", out.getbuffer()
    elif isinstance(value, np.generic):
        return _pack(value.item(), blobs)
    else:
        raise TypeError(
            f"the store keeps frames, arrays, numbers, dates and text, not a {type(value).__name__}"
        )
    blobs.append(blob)
    return {kind: len(blobs)}


def _unpack(tree: Any, blobs: list[memoryview]) -> Any:
    if isinstance(tree, list):
        return [_unpack(v, blobs) for v in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, inside), *_) = tree.items()
    if kind == "f":
        return float.fromhex(inside)
    if kind == "t":
        return tuple(_unpack(v, blobs) for v in inside)
    if kind == "d":
        return {_unpack(k, blobs): _unpack(v, blobs) for k, v in inside}
    if kind in "sy":
        return (datetime if kind == "s" else date).fromisoformat(inside)
    if kind == "b":
        return bytes(blobs[inside])
    if kind == "A":
        import numpy as np

        return np.load(io.BytesIO(blobs[inside]), allow_pickle=False)
    frame = _bytes_frame(blobs[inside])
    return frame if kind == "F" else frame["value"].rename(_unpack(tree["name"], blobs))


def _frame_bytes(frame: Any) -> memoryview:
    import pyarrow as pa

    if frame.columns.inferred_type.startswith("mixed"):
        raise TypeError("the store keeps frames whose headings are all text or all numbers")
    table = pa.Table.from_pandas(
        frame
    )  # text may come in pieces, and a frame without rows must keep its categories
    batch = pa.RecordBatch.from_arrays(
        [column.combine_chunks() for column in table.columns], schema=table.schema
    )
    out = io.BytesIO()
    with pa.ipc.new_stream(out, batch.schema) as writer:
        writer.write_batch(batch)
    return out.getbuffer()


def _bytes_frame(blob: memoryview) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(blob)) as reader:
        return reader.read_all().to_pandas()


def _own(value: Any) -> Any:
    """A copy that may be changed freely; frames are copied only when they are changed (pandas copy-on-write)."""
    if isinstance(value, list):
        return [_own(v) for v in value]
    if type(value) is tuple:
        return tuple(_own(v) for v in value)
    if isinstance(value, dict):
        return {k: _own(v) for k, v in value.items()}
    kind = type(value).__name__
    if kind in ("DataFrame", "Series"):
        return value.copy(deep=False)
    return value.copy() if kind == "ndarray" else value
