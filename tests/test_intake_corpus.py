"""Every row of bad_inputs.csv and dq_rules.csv has its case: code, counts and row numbers exact, no value in any ledger."""

from __future__ import annotations

import csv
from pathlib import Path

import corpus
import pytest
from reference import reference

from sendwaits import intake
from sendwaits.workspace import open_workspace

HERE = Path(__file__).parent


def workspace(folder: Path, settings: str = ""):
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / "sendwaits.toml").write_text(
        '[area]\nname = "Exampleshire"\n' + settings, encoding="utf-8"
    )
    return open_workspace(folder)


@pytest.mark.parametrize("row", sorted(corpus.CASES))
def test_each_corruption_ends_as_the_table_says(row, tmp_path):
    space = workspace(tmp_path)
    expect = corpus.CASES[row](space.raw)
    checked = intake.check(space)
    counts = checked.manifest["files"][expect.file]
    aside = checked.quarantine[checked.quarantine["file"] == expect.file]
    assert counts["refused"] == expect.refused
    assert counts["read"] == counts["clean"] + counts["quarantined"] + counts["merged"]
    assert counts["read"] == expect.read
    assert counts["merged"] == expect.merged
    assert counts["quarantined"] == len(aside)
    assert {code: sorted(group["row"]) for code, group in aside.groupby("code")} == expect.aside
    found = set(checked.findings.loc[checked.findings["file"] == expect.file, "code"])
    assert set(expect.notes) <= found
    assert expect.aside.keys() <= found
    if expect.refused:
        assert expect.says in " ".join(checked.refusals)
        assert expect.file in " ".join(checked.refusals)
        assert expect.refused in found


def test_a_faultless_extract_has_no_finding_and_every_row_is_clean(tmp_path):
    space = workspace(tmp_path)
    corpus.put(space.raw, corpus.clean_rows())
    checked = intake.check(space)
    assert len(checked.findings) == 0 and len(checked.quarantine) == 0
    assert checked.extracts["NST"][0].rows["source_row"].tolist() == list(range(2, 62))


@pytest.mark.parametrize("table", ["bad_inputs.csv", "dq_rules.csv"])
def test_no_row_of_the_tables_is_without_its_test(table):
    with open(reference(f"domain/{table}"), encoding="utf-8", newline="") as file:
        ids = [row.get("id") or row["code"] for row in csv.DictReader(file)]
    assert len(ids) == {"bad_inputs.csv": 81, "dq_rules.csv": 29}[table]
    assert [i for i in ids if i not in corpus.CASES and i not in corpus.ELSEWHERE] == []
    for i in ids:
        if i in corpus.ELSEWHERE:
            file, _, name = corpus.ELSEWHERE[i].partition("::")
            assert f"def {name}" in (HERE / file).read_text(encoding="utf-8"), i


def test_no_value_from_the_data_is_in_any_ledger(tmp_path):
    space = workspace(tmp_path)
    secret = "Zebediah"
    rows = corpus.clean_rows()
    for at, column in enumerate(corpus.HEAD):
        rows[at * 2][at] = secret if column not in ("child_id", "district") else ""
        rows[at * 2 + 1][at] = f"{secret}\x00" if column == "need" else f"<b>{secret}"
    rows += [[secret, "Total"], [secret] * 12, [f'"{secret}\n{secret}"', *rows[0][1:]]]
    corpus.put(space.raw, rows)
    checked = intake.check(space)
    said = (
        checked.quarantine.to_csv()
        + checked.findings.to_csv()
        + str(checked.manifest)
        + " ".join(checked.refusals)
    )
    assert len(checked.quarantine) > 5
    assert secret not in said
