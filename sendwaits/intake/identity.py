"""Who a row is about: NHS number and UPN checks, the kind of an id, and keyed pseudonyms.

The key never lies in the workspace; without it a pseudonym says nothing, with it the same child has the same pseudonym
in every month and service.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sendwaits.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "nhs_number",
    "upn",
    "Ids",
    "ids",
    "wordlike",
    "key",
    "key_id",
    "key_file",
    "pseudonyms",
    "KEY_VARIABLE",
]

KEY_VARIABLE = "SENDWAITS_KEY_FILE"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
NOBODY = (
    r"(?i)^(0|0{5,9}|0{11,}|[-._/?*#]+|x+|un\d{1,2}|n\W?[ka]\.?|unk|unknown|not\W?(yet )?(known|recorded|available|applicable|provided|"
    r"stated|given|supplied|matched|found|entered|held).*|no\W?(id|upn|uln|nhs|number|ref|value|data|record)\b.*|none|null|nil|blank|"
    r"empty|missing|pending|tb[acd]|to be .*|await(ing|ed)?\b.*|(upn|nhs|uln|id|child|pupil|number)\b.*\b(requested|awaited|pending|"
    r"unknown|missing|needed|tbc|not known|not available|to follow)|requested|anonymous|anon|refused|withheld|undefined|invalid|error)$"
)
"""What stands where a child's id is not known. Source: CONTRACT section 6; SEN2 codes UN1 to UN10."""
_NHS_WEIGHTS = np.arange(10, 1, -1)
_UPN_WEIGHTS = np.arange(2, 14)


def nhs_number(text: str) -> bool:
    """Whether ten digits (spaces and dashes allowed) carry the right check digit: 11 - sum(digit x 10..2) mod 11, 11 -> 0, 10 never.

    All ten repdigits and the 999 test range pass this check; `ids` tells them apart. Source: NHS Data Dictionary.
    """
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):
        return False
    return bool(_nhs_right(np.frombuffer(digits.encode("ascii"), np.uint8).reshape(1, 10))[0])


def upn(text: str) -> bool:
    """Whether a letter and twelve digits (the last may be a letter: temporary) carry the right check letter.

    Check: sum(digit x 2..13) mod 23 into ABCDEFGHJKLMNPQRTUVWXYZ. The list of authority codes is not checked. Source: DfE UPN guide.
    """
    if len(text) != 13 or not text.isascii():
        return False
    number = text.upper()
    last = number[12]
    if (
        number[0] not in UPN_LETTERS
        or not number[1:12].isdigit()
        or not (last.isdigit() or last in UPN_LETTERS)
    ):
        return False
    return bool(_upn_right(np.frombuffer(number.encode("ascii"), np.uint8).reshape(1, 13))[0])


def _nhs_right(digits: np.ndarray) -> np.ndarray:
    values = digits.astype(np.int64) - 48
    check = 11 - values[:, :9] @ _NHS_WEIGHTS % 11
    return np.where(check == 11, 0, check) == values[:, 9]


def _upn_right(letters: np.ndarray) -> np.ndarray:
    table = np.frombuffer(UPN_LETTERS.encode("ascii"), np.uint8)
    values = letters[:, 1:].astype(np.int64) - 48
    temporary = letters[:, 12] > 57
    values[temporary, 11] = np.searchsorted(table, letters[temporary, 12])
    return table[values @ _UPN_WEIGHTS % 23] == letters[:, 0]


class Ids:
    """What a list of distinct child ids is: one entry per id.

    ``known`` = the id with its kind (``nhs:``, ``upn:``, ``local:``), "" for a blank one; the others are masks.
    """

    def __init__(self, known: Any, **masks: np.ndarray) -> None:
        self.known = known
        self.nobody: np.ndarray = masks["nobody"]
        self.tidied: np.ndarray = masks["tidied"]
        self.bad_nhs: np.ndarray = masks["bad_nhs"]
        self.repdigit: np.ndarray = masks["repdigit"]
        self.rounded: np.ndarray = masks["rounded"]
        self.test_range: np.ndarray = masks["test_range"]
        self.bad_upn: np.ndarray = masks["bad_upn"]
        self.temporary_upn: np.ndarray = masks["temporary_upn"]


def ids(texts: Any) -> Ids:
    """The kind of each distinct child id (an Arrow string array, trimmed).

    Ten digits after removing spaces and dashes = NHS number; thirteen characters of the pattern = UPN; else local, case and
    leading zeros kept. A float's ``.0`` and an exact ``9.434765919E+09`` are read as the number; a rounded one is marked.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(texts)
    masks = {
        name: np.zeros(n, bool)
        for name in (
            "nobody",
            "tidied",
            "bad_nhs",
            "repdigit",
            "rounded",
            "test_range",
            "bad_upn",
            "temporary_upn",
        )
    }
    plain = pc.replace_substring_regex(texts, r"[ \-\x{00a0}\x{2010}-\x{2013}]", "")
    plain, rounded = _exact_floats(plain)
    is_nhs = _mask(pc.match_substring_regex(plain, r"^\d{10}$"))
    is_upn = _mask(pc.match_substring_regex(texts, r"^[A-Za-z]\d{11}[0-9A-Za-z]$"))
    masks["rounded"] = rounded
    prefix = np.where(is_nhs, "nhs:", np.where(is_upn, "upn:", "local:"))
    body = texts
    if is_nhs.any():
        digits = _letters(plain.filter(pa.array(is_nhs)), 10)
        masks["bad_nhs"][is_nhs] = ~_nhs_right(digits)
        masks["repdigit"][is_nhs] = (digits == digits[:, :1]).all(axis=1)
        masks["test_range"][is_nhs] = (digits[:, :3] == 57).all(axis=1)
        masks["tidied"] = is_nhs & ~_mask(pc.equal(plain, texts))
        body = pc.if_else(pa.array(is_nhs), plain, body)
    if is_upn.any():
        upper = pc.ascii_upper(texts.filter(pa.array(is_upn)))
        letters = _letters(upper, 13)
        known = np.isin(letters[:, 0], np.frombuffer(UPN_LETTERS.encode(), np.uint8))
        known &= np.isin(
            letters[:, 12], np.frombuffer((UPN_LETTERS + "0123456789").encode(), np.uint8)
        )
        right = np.zeros(len(letters), bool)
        right[known] = _upn_right(letters[known])
        masks["bad_upn"][is_upn] = ~right
        masks["temporary_upn"][is_upn] = letters[:, 12] > 57
        body = pc.if_else(pa.array(is_upn), pc.ascii_upper(body), body)
    named = (
        body
        if n == 0
        else pc.binary_join_element_wise(
            pa.array(prefix.tolist(), pa.string()) if is_nhs.any() or is_upn.any() else "local:",
            body,
            "",
        )
    )
    blank = pc.or_(pc.equal(texts, ""), pc.match_substring_regex(texts, NOBODY))
    masks["nobody"] = _mask(blank) if n else masks["nobody"]
    return Ids(pc.if_else(blank, "", named) if n else named, **masks)


def wordlike(texts: Any, counts: np.ndarray) -> np.ndarray:
    """Mask of the ids without a digit that head several rows of a list whose ids nearly all hold digits: words, no ids."""
    import pyarrow.compute as pc

    digits = _mask(pc.match_substring_regex(texts, r"\d"))
    if not len(digits) or digits.mean() < 0.9:
        return np.zeros(len(digits), bool)
    return ~digits & (counts > 1)


def _exact_floats(texts: Any) -> tuple[Any, np.ndarray]:
    """NHS numbers that went through a float, as ten digits again; and a mask of those that lost digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    odd = _mask(pc.match_substring_regex(texts, r"^(\d{10}\.0+|\d(\.\d+)?[eE]\+?0?9)$"))
    rounded = np.zeros(len(texts), bool)
    if not odd.any():
        return texts, rounded
    values = texts.to_pylist()
    for at in np.flatnonzero(odd):
        mantissa = values[at].lower().split("e")[0]
        if "e" not in values[at].lower():
            values[at] = mantissa.split(".")[0]
        elif len(mantissa) == 11:
            values[at] = mantissa.replace(".", "")
        else:
            rounded[at] = True
    return pa.array(values, pa.string()), rounded


def _mask(array: Any) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False).astype(bool)


def _letters(texts: Any, width: int) -> np.ndarray:
    """ASCII texts of one width as a matrix of bytes, one row per text."""
    return np.frombuffer("".join(texts.to_pylist()).encode("ascii"), np.uint8).reshape(-1, width)


def key_file() -> Path:
    """Where the key lies: the file named in SENDWAITS_KEY_FILE, else the user's own configuration folder."""
    named = os.environ.get(KEY_VARIABLE, "").strip()
    if named:
        return Path(named)
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "sendwaits" / "key"


def key(workspace: Any = None) -> bytes:
    """The 32 bytes of the pseudonym key; made on first use (0600) unless SENDWAITS_KEY_FILE names a file that is missing.

    Raises `Refused` when the file lies in the workspace, may be read by others, cannot be read, or is not 64 hexadecimal characters.
    """
    path = key_file()
    if workspace is not None and path.resolve().is_relative_to(Path(workspace.root).resolve()):
        raise Refused(
            f"The key file lies inside the workspace, beside the data it protects. Move it out and name its new place in {KEY_VARIABLE}."
        )
    return _read_key(path, bool(os.environ.get(KEY_VARIABLE, "").strip()))


@lru_cache(maxsize=8)
def _read_key(path: Path, named: bool) -> bytes:
    if not path.exists() and not named:
        _make_key(path)
    _for_its_owner(path)
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise Refused(
            f"{KEY_VARIABLE} names a file that is not there. Correct the path, or unset it to use your own configuration folder."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "The key file cannot be read. Check its permissions; it holds 64 hexadecimal characters."
        ) from None
    if len(text) != 64 or any(c not in "0123456789abcdefABCDEF" for c in text):
        raise Refused(
            "The key file must hold exactly 64 hexadecimal characters (32 bytes), nothing else."
        )
    return bytes.fromhex(text)


def _for_its_owner(path: Path) -> None:
    """Raises `Refused` where others than the owner may read or write the key; Windows has no such modes."""
    if os.name != "posix" or not path.exists() or not path.stat().st_mode & 0o077:
        return
    raise Refused(
        f"Others may read the key file {path.name}: who has it can undo every pseudonym. Run: chmod 600 {path}"
    )


def _make_key(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(
                made, path
            )  # two first uses at once: the first to arrive wins, the other reads it
        except FileExistsError:
            pass
        except OSError:
            if not path.exists():
                os.replace(made, path)
        with suppress(OSError):
            made.unlink()
    except OSError:
        raise Refused(
            f"The pseudonym key cannot be written to your configuration folder. Make a file of 64 hexadecimal characters and name it in {KEY_VARIABLE}."
        ) from None


def key_id(workspace: Any = None) -> str:
    """Sixteen characters that say whether two runs used the same key, and nothing about it: safe to store."""
    return hashlib.blake2b(b"sendwaits key id", key=key(workspace), digest_size=8).hexdigest()


def pseudonyms(series: pd.Series, key: bytes) -> pd.Series:
    """The pseudonym of each id: 32 hexadecimal characters of BLAKE2b under the key; blank stays blank. Each distinct id is hashed once."""
    import pandas as pd

    codes, distinct = pd.factorize(series)
    blake2b = hashlib.blake2b
    made = [
        blake2b(text.encode("utf-8"), key=key, digest_size=16).hexdigest() if text else ""
        for text in distinct.tolist()
    ]
    return pd.Series(
        pd.array(made, dtype="str").take(codes) if made else pd.array([], dtype="str"),
        index=series.index,
        name=series.name,
    )
