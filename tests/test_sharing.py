"""One zip of a whole set: what run.json lists and no more, the same bytes, a checksum line that others can check."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from sendwaits.errors import Refused, Unsafe
from sendwaits.release.sharing import zip_set


def a_set(tmp_path: Path, profile: str = "board") -> Path:
    folder = tmp_path / "reports" / "2024-07-31"
    folder.mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<p>10</p>")
    (folder / "notes of mine.txt").write_bytes(b"a child's name")
    outputs = {"index.html": hashlib.sha256(b"<p>10</p>").hexdigest()}
    facts = {"parameters": {"profile": profile}, "outputs": outputs}
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def test_the_zip_holds_what_run_json_lists_and_nothing_that_lies_beside_it(tmp_path: Path) -> None:
    target = zip_set(a_set(tmp_path))
    assert target == tmp_path / "reports" / "2024-07-31.zip"
    with zipfile.ZipFile(target) as parts:
        assert parts.namelist() == ["2024-07-31/index.html", "2024-07-31/run.json"]
        assert parts.read("2024-07-31/index.html") == b"<p>10</p>"


def test_the_same_set_gives_the_same_bytes_and_the_checksum_line_names_them(tmp_path: Path) -> None:
    one = zip_set(a_set(tmp_path / "one"))
    two = zip_set(a_set(tmp_path / "two"))
    assert one.read_bytes() == two.read_bytes()
    line = one.with_name("2024-07-31.zip.sha256").read_text(encoding="ascii")
    assert line == f"{hashlib.sha256(one.read_bytes()).hexdigest()}  2024-07-31.zip\n"


def test_exact_numbers_and_altered_or_missing_files_are_not_shared(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not for release"):
        zip_set(a_set(tmp_path / "a", "analyst"))
    folder = a_set(tmp_path / "b")
    (folder / "index.html").write_bytes(b"<p>11</p>")
    with pytest.raises(Unsafe, match="not as it was made"):
        zip_set(folder)
    (folder / "index.html").unlink()
    with pytest.raises(Unsafe, match="missing"):
        zip_set(folder)
    with pytest.raises(Refused, match="no set of reports"):
        zip_set(tmp_path)
    assert not list(tmp_path.rglob("*.zip"))
