"""Tables of toml become typed settings: nothing unknown, nothing missing, nothing of another type."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from sendwaits.errors import Refused

__all__ = ["Setting", "decode", "read_toml"]

T = TypeVar("T")

_MUST = {
    "str": 'text in quotes, as in "North"',
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date as YYYY-MM-DD, for example 2024-07-31",
    "array": 'a list: values as ["North", "South"], tables with double brackets, as [[targets]]',
    "object": "a table",
}


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of settings; a key that is no field of it is refused."""


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The table and the text of a toml file. Raises `Refused` naming file, line and remedy."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text), text
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        where = re.search(r"line \d+", str(error))
        raise Refused(
            f"{path.name}: not a valid TOML file{', ' + where.group() if where else ''}. Save it as "
            "UTF-8 text and check quotes and brackets there."
        ) from None
    except (OSError, RecursionError):
        raise Refused(
            f"{path.name}: cannot be read. Close it in other programs and check its permissions."
        ) from None


def decode(kind: type[T], table: Any, file: str, place: str) -> T:
    """``table`` as a ``kind``. Raises `Refused`: the file, ``place`` in it, the key, and what is known there."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `")
        raise Refused(f"{file}: {_words(kind, text, path.strip('`$.'), place)}") from None


def _words(kind: Any, text: str, path: str, place: str) -> str:
    where = f"{place} {path}".strip()
    if name := re.search(r"unknown field `(.+)`", text):
        known = ", ".join(sorted(_at(kind, path).__struct_encode_fields__))
        return f"unknown key '{name[1]}' in {where}. Known there: {known}."
    if name := re.search(r"missing required field `(.+)`", text):
        return f"{where} needs '{name[1]}'."
    if text.startswith("Invalid RFC3339"):
        return f"{where} must be {_MUST['date']}."
    if expected := re.match(r"Expected `([^`]+)`(?:, got.*| (.*))?$", text):
        names = [n for n in expected[1].split(" | ") if n != "null"]
        must = " or ".join(_MUST.get(n, n) for n in names)
        return f"{where} must be {must}{_limit(expected[2])}."
    return f"{where} {text}"


def _limit(text: str | None) -> str:
    for sign, word in ((">=", " of at least"), ("<=", " of at most"), ("of length", " of length")):
        if text and text.startswith(sign):
            return f"{word}{text.removeprefix(sign)}"
    return ""


def _at(kind: Any, path: str) -> Any:
    """The struct that holds the keys at a path such as ``wait[0].removed[1]``."""
    for name in [p for p in re.findall(r"[A-Za-z_]\w*", path) if p]:
        fields = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
        kind = next(_structs(get_type_hints(kind)[fields[name]]))
    return kind


def _structs(hint: Any):
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)
