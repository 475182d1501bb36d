"""The commands as a person or a script meets them: exit codes, plain words, exact numbers."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from as_printed import as_printed

import sendwaits as sw
from sendwaits import sample
from sendwaits.measure import measures


def run(*arguments, folder="."):
    return subprocess.run(
        [sys.executable, "-m", "sendwaits.run.cli", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "ws"
    sample.write(folder, size="small")
    return folder


def refused(done, *words, code=2):
    """The command refused in at most six plain lines that hold these words."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert 0 < len(done.stderr.strip().splitlines()) <= 6 and "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_figures_prints_the_columns_of_the_contract_in_order(small):
    done = run("figures", small, "--as-at", "2024-07-31", "--months", 2)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0 and done.stderr == ""
    assert list(rows[0]) == measures.COLUMNS
    keys = [
        (r["pathway"], r["wait"], r["measure"], r["group"], r["period_end"], r["period_start"])
        for r in rows
    ]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)
    assert {r["pathway"] for r in rows} == {
        "NST",
        "OT_HEALTH",
        "OT_LA",
        "SLCN",
        "SLCN_AUTISM",
        "EHC",
    }
    assert all(r["value"].isdigit() for r in rows if r["unit"] == "count")


def test_json_is_the_same_numbers_with_null_for_empty(small):
    text = run(
        "figures", small, "--as-at", "2024-07-31", "--pathway", "EHC", "--period", "ytd"
    ).stdout
    rows = json.loads(
        run(
            "figures",
            small,
            "--as-at",
            "2024-07-31",
            "--pathway",
            "EHC",
            "--period",
            "ytd",
            "--format",
            "json",
        ).stdout
    )
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(table) and list(rows[0]) == measures.COLUMNS
    for one, other in zip(rows, table, strict=True):
        assert {k: "" if v is None else str(v) for k, v in one.items()} == other


def test_the_balance_closes_for_every_wait_and_month(small):
    table = as_printed(sw.open(small).figures(as_at="2024-07-31"))
    wide = (
        table[table["wait"] != ""]
        .pivot(index=["pathway", "wait", "period_end"], columns="measure", values="value")
        .sort_index()
    )
    before = wide.groupby(level=["pathway", "wait"])["waiting"].shift()
    inside = before.notna()
    assert inside.sum() >= 100
    assert (wide["waiting"] == before + wide["starts"] - wide["completed"] - wide["removed_other"])[
        inside
    ].all()


def test_years_run_up_to_the_day_and_months_are_whole_but_the_last(small):
    area = sw.open(small)
    years = as_printed(area.figures(as_at="2024-09-14", pathway="SLCN", period="year")).query(
        "measure == 'referrals'"
    )
    assert years[["period_start", "period_end"]].values.tolist()[-2:] == [
        ["2023-01-01", "2023-12-31"],
        ["2024-01-01", "2024-09-14"],
    ]
    months = as_printed(area.figures(as_at="2024-09-14", pathway="SLCN", months=2)).query(
        "measure == 'starts'"
    )
    assert months[["period_start", "period_end"]].values.tolist() == [
        ["2024-08-01", "2024-08-31"],
        ["2024-09-01", "2024-09-14"],
    ]


def test_a_wrong_word_is_answered_with_what_there_is(small):
    refused(
        run("figures", small, "--as-at", "2024-07-31", "--pathway", "NTS"),
        "No pathway 'NTS'",
        "NST",
    )
    refused(
        run("figures", small, "--as-at", "2024-07-31", "--group", "ward"),
        "No group 'ward'",
        "district",
    )
    refused(run("figures", small, "--as-at", "31/07/2024"), "YYYY-MM-DD")
    refused(run("figures", small, "--as-at", "2024-07-31", "--perod", "year"), "--perod")
    refused(run("forecast", small, "--as-at", "2024-07-31"), "--series")
    refused(run("figures", small / "nowhere", "--as-at", "2024-07-31"), "sendwaits init")


def test_a_day_before_every_extract_is_refused(small):
    refused(
        run("figures", small, "--as-at", "2024-07-01"), "no extract dated on or before 2024-07-01"
    )


def test_a_pathway_whose_extracts_are_later_is_left_out_and_said_once(small):
    done = run("figures", small, "--as-at", "2024-07-20", "--months", 1)
    assert done.returncode == 0
    assert {r["pathway"] for r in csv.DictReader(io.StringIO(done.stdout))} == {"OT_HEALTH"}
    assert done.stderr.count("NST (2024-07-31)") == 1


def test_a_refused_file_stops_its_pathway_only(small, tmp_path):
    sample.write(tmp_path / "ws", size="small")
    raw = tmp_path / "ws" / "data" / "raw"
    (raw / "EHC_2024-07-31.csv").write_bytes(b"")
    refused(run("figures", tmp_path / "ws", "--as-at", "2024-07-31"), "EHC_2024-07-31.csv")
    assert (
        run(
            "figures", tmp_path / "ws", "--as-at", "2024-07-31", "--pathway", "SLCN", "--months", 1
        ).returncode
        == 0
    )


def test_check_accounts_for_every_row(small):
    done = run("check", small)
    assert done.returncode == 0
    manifest = json.loads(
        (small / "data" / "processed" / "manifest.json").read_text(encoding="utf-8")
    )["files"]
    assert len([n for n in manifest if not n.startswith("series")]) >= 12
    for of in manifest.values():
        assert of["read"] == of["clean"] + of["quarantined"] + of["merged"]
    quarantine = pd.read_csv(small / "data" / "processed" / "quarantine.csv")
    assert len(quarantine) == sum(of["quarantined"] for of in manifest.values()) and list(
        quarantine
    ) == ["file", "sheet", "row", "column", "code", "reason"]
    waits = pd.read_parquet(small / "data" / "processed" / "waits.parquet")
    assert len(waits) > 1000 and waits["child"].str.fullmatch("[0-9a-f]{32}").all()
    assert not {"child_id", "referral_id", "request_id", "date_of_birth"} & set(waits)


def test_a_new_workspace_is_made_once(tmp_path):
    assert run("init", tmp_path / "mine").returncode == 0
    assert sw.open(tmp_path / "mine").workspace.area.name == "Exampleshire"
    refused(run("init", tmp_path / "mine"), "is a workspace already")


def test_an_unknown_setting_is_refused(tmp_path):
    (tmp_path / "sendwaits.toml").write_text(
        '[area]\nname = "X"\ncolour = "red"\n', encoding="utf-8"
    )
    refused(run("figures", tmp_path, "--as-at", "2024-07-31"), "unknown key 'colour'", "[area]")


def test_a_sample_never_overwrites_a_workspace(small):
    refused(run("sample", small), "sendwaits.toml")
