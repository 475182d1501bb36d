"""A whole set as one file to send: reports/<as_at>.zip, with its checksum in a file beside it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from sendwaits import store
from sendwaits.errors import CannotWrite, Refused, Unsafe

__all__ = ["zip_set"]

_SAME_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip, so that the same set gives the same bytes."""


def zip_set(folder: Path) -> Path:
    """``reports/<as_at>.zip`` of the folder ``reports/<as_at>``; ``<as_at>.zip.sha256`` beside it holds the checksum line.

    Only run.json and the files that it lists go in, each unchanged; the same set gives the same bytes. The checksum line is that
    of ``sha256sum`` (``sha256sum -c`` and `certutil` check it). Raises `Refused` for a folder that is no set and for the analyst
    profile, `Unsafe` when a file is missing or not as it was made, `CannotWrite`.
    """
    outputs = _outputs(folder)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as parts:
        for name in sorted([*outputs, "run.json"]):
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", _SAME_DAY)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o644 << 16
            parts.writestr(entry, _body(folder, name, outputs.get(name)))
    target = folder.with_name(f"{folder.name}.zip")
    line = f"{store.digest_bytes(buffer.getvalue())}  {target.name}\n"
    try:
        store.write_atomic(target, buffer.getvalue())
        store.write_atomic(target.with_name(f"{target.name}.sha256"), line.encode("ascii"))
    except OSError as error:
        raise CannotWrite(f"{target.name}: {error.strerror or 'cannot be written.'}") from None
    return target


def _outputs(folder: Path) -> dict[str, str]:
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        profile, outputs = facts["parameters"]["profile"], dict(facts["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(
            f"{folder.name}: no set of reports (run.json is missing or cannot be read)."
        ) from None
    if profile == "analyst":
        raise Refused(
            f"{folder.name}: the analyst profile holds exact numbers, not for release. Make the set with --profile board."
        )
    return outputs


def _body(folder: Path, name: str, digest: str | None) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Unsafe(f"{folder.name}: run.json lists a file outside the set. Make the set again.")
    try:
        body = path.read_bytes()
    except OSError:
        raise Unsafe(f"{name}: missing from the set. Make the set again.") from None
    if digest is not None and store.digest_bytes(body) != digest:
        raise Unsafe(f"{name}: not as it was made. Make the set again.")
    return body
