"""What `check` prints leads from the newest file of each service to its waits, in a few lines."""

from __future__ import annotations

import pytest

import sendwaits as sw
from sendwaits.run.checked import words

HEAD = "child_id,referral_id,referral_date,first_contact_date,closed_date,Our note"


@pytest.fixture
def area(tmp_path):
    """SLCN twice; the newer file: 6 rows, one of them twice, one with a stop before its start."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "X"\n', encoding="utf-8")
    rows = [
        "c1,r1,2024-05-01,2024-06-01,,x",
        "c2,r2,2024-05-02,,2024-06-02,x",
        "c3,r3,2024-05-03,,,x",
        "c3,r3,2024-05-03,,,x",
        "c4,r4,2024-05-04,2024-05-01,,x",
        "c5,r5,2024-05-05,,,x",
    ]
    raw = tmp_path / "data" / "raw"
    (raw / "SLCN_2024-06-30.csv").write_text("\n".join([HEAD, *rows[:5], ""]), encoding="utf-8")
    (raw / "SLCN_2024-07-31.csv").write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    (raw / "SLCN_31-08-2024.csv").write_text(HEAD + "\n", encoding="utf-8")
    return sw.open(tmp_path)


def test_the_newest_file_is_followed_to_its_waits(area):
    lines = words(area.check(), area.workspace)
    assert lines[:5] == [
        "SLCN (1 older extracts: see --all)",
        "  SLCN_2024-07-31.csv: 6 rows = 4 clean + 1 set aside + 1 merged",
        "    columns that are not read: 'Our note'",
        "    Q-ORDER: 1 rows set aside for 'first_contact_date': a stop or outcome "
        "before its start (first rows: 6). Check both dates in the source system.",
        "  wait contact: 2 waiting, 1 completed, 1 left otherwise",
    ]
    assert any("SLCN_31-08-2024.csv" in line and "SLCN_2024-08-31.csv" in line for line in lines)


def test_all_tells_the_older_extracts_and_the_notes_too(area):
    short, every = words(area.check(), area.workspace), words(area.check(), area.workspace, True)
    assert not any("SLCN_2024-06-30.csv" in line for line in short)
    assert any("SLCN_2024-06-30.csv" in line for line in every) and len(every) > len(short)


def test_a_wait_that_nobody_completes_asks_for_its_column(tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "X"\n', encoding="utf-8")
    (tmp_path / "data" / "raw" / "EHC_2024-07-31.csv").write_text(
        "child_id,request_date,request_outcome,request_outcome_date\n"
        "c1,2024-01-01,Y,2024-02-01\nc2,2024-02-01,,\n",
        encoding="utf-8",
    )
    area = sw.open(tmp_path)
    lines = words(area.check(), area.workspace)
    assert any("no column 'plan_date': nobody completes the wait 'plan'" in line for line in lines)
    assert (
        "  wait plan: 2 waiting, 0 completed, 0 left otherwise: "
        "nobody completes it; is there a column plan_date?" in lines
    )
