"""A value is computed once, comes back equal, and never from damaged bytes."""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import sendwaits
from sendwaits import store


@pytest.fixture
def workspace(tmp_path):
    store.forget()
    yield SimpleNamespace(root=tmp_path, processed=tmp_path / "data" / "processed")
    store.forget()


class Counter:
    def __init__(self, value):
        self.value, self.times = value, 0

    def __call__(self):
        self.times += 1
        return self.value


def only_file(workspace):
    (path,) = (workspace.processed / "cache").iterdir()
    return path


FRAME = pd.DataFrame(
    {
        "start": pd.to_datetime(["2024-01-01", None]).astype("datetime64[s]"),
        "district": ["North", ""],
        "n": pd.array([1, None], dtype="Int64"),
        "weeks": [0.1, np.nan],
        "completed": [True, False],
        "band": pd.Categorical(["b", "a"]),
    }
)


@pytest.mark.parametrize(
    "value",
    [
        FRAME,
        FRAME.iloc[:0],
        pd.concat([FRAME, FRAME], ignore_index=True),
        FRAME.set_index(["district", "completed"]),
        FRAME["weeks"],
        FRAME[["weeks"]].rename(columns={"weeks": 1}),
        {"waits": FRAME, ("NST", 1): [0.1, None, (dt.date(2024, 7, 31), "é")]},
        np.arange(6).reshape(2, 3),
        b"\x00\n",
        float("inf"),
        [],
        dt.datetime(2024, 7, 31, 12, 0),
    ],
    ids=range(12),
)
def test_what_is_kept_comes_back_equal_from_the_file(workspace, value):
    build = Counter(value)
    store.cached(workspace, "waits", ["key"], build)
    store.forget()
    again = store.cached(workspace, "waits", ["key"], build)
    assert build.times == 1
    assert_same(again, value)


def assert_same(left, right):
    assert type(left) is type(right)
    if isinstance(right, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    elif isinstance(right, pd.Series):
        pd.testing.assert_series_equal(left, right)
    elif isinstance(right, np.ndarray):
        np.testing.assert_array_equal(left, right)
    elif isinstance(right, dict):
        assert list(left) == list(right)
        for key in right:
            assert_same(left[key], right[key])
    else:
        assert left == right


def test_another_key_or_name_is_another_value(workspace):
    assert store.cached(workspace, "waits", [1, dt.date(2024, 7, 31)], Counter("a")) == "a"
    assert store.cached(workspace, "waits", [1, dt.date(2024, 8, 31)], Counter("b")) == "b"
    assert store.cached(workspace, "census", [1, dt.date(2024, 7, 31)], Counter("c")) == "c"
    assert (
        len(
            {
                store.digest_key(k)
                for k in ([1], ["1"], [1.0], [True], [None], [[1]], [b"1"], [{"a": 1}], [{"a": 2}])
            }
        )
        == 9
    )
    assert store.digest_key([{"a": 1, "b": 2}]) == store.digest_key([{"b": 2, "a": 1}])


def test_what_the_caller_changes_nobody_else_sees(workspace):
    first = store.cached(workspace, "waits", [], lambda: {"waits": FRAME.copy(), "list": [1]})
    first["waits"].loc[0, "district"] = "changed"
    first["list"].append(2)
    second = store.cached(workspace, "waits", [], Counter(None))
    assert second["waits"].loc[0, "district"] == "North" and second["list"] == [1]


def test_every_single_flipped_byte_is_noticed_and_the_value_made_anew(workspace, caplog):
    build = Counter({"value": [0.5, "text"]})
    store.cached(workspace, "small", [], build)
    path = only_file(workspace)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        store.forget()
        assert store.cached(workspace, "small", [], build) == {"value": [0.5, "text"]}, position
        assert path.read_bytes() == whole, position
    assert build.times > len(whole) // 2


def test_damage_is_said_once_and_names_the_file(workspace, caplog):
    store.cached(workspace, "waits", [], Counter(1))
    path = only_file(workspace)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    store.forget()
    with caplog.at_level(logging.WARNING, "sendwaits"):
        store.cached(workspace, "waits", [], Counter(1))
        path.write_bytes(b"rubbish")
        store._memory.clear()
        store.cached(workspace, "waits", [], Counter(1))
    assert caplog.messages == [f"data/processed/cache/{path.name} is damaged: it is made anew."]


def test_a_value_of_another_version_is_made_anew_and_that_is_said(workspace, caplog, monkeypatch):
    store.cached(workspace, "waits", [], Counter("old"))
    store.forget()
    monkeypatch.setattr(sendwaits, "__version__", "99.0")
    with caplog.at_level(logging.WARNING, "sendwaits"):
        assert store.cached(workspace, "waits", [], Counter("new")) == "new"
    assert len(caplog.messages) == 1 and "another version" in caplog.messages[0]


def test_a_folder_that_cannot_be_written_leaves_the_value_in_memory_in_silence(workspace, caplog):
    workspace.processed.parent.mkdir()
    workspace.processed.write_text("a file where the folder should be")
    build = Counter(FRAME)
    for _ in range(2):
        assert_same(store.cached(workspace, "waits", [], build), FRAME)
    assert build.times == 1 and not caplog.messages


def test_no_object_that_could_carry_code_is_kept(workspace):
    with pytest.raises(TypeError, match="keeps frames, arrays"):
        store.cached(workspace, "waits", [], lambda: SimpleNamespace())


def test_a_failed_write_leaves_the_old_bytes_and_no_temporary_file(tmp_path, monkeypatch):
    path = tmp_path / "figures.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(
        os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OSError):
        store.write_atomic(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["figures.csv"]


def test_only_the_newest_files_of_a_name_stay(workspace, monkeypatch):
    monkeypatch.setattr(store, "KEPT_PER_NAME", 3)
    for number in range(5):
        store.cached(workspace, "waits", [number], Counter(number))
    store.cached(workspace, "waits-of-others", [0], Counter(0))
    names = sorted(p.name.partition(".")[0] for p in (workspace.processed / "cache").iterdir())
    assert names == ["waits"] * 3 + ["waits-of-others"]


def test_the_store_itself_imports_nothing_heavy():
    code = "import sys, sendwaits.store; print(sorted({'pandas', 'numpy', 'pyarrow'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
