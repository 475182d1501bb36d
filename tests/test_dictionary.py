"""The generated pages say what the code does today, and the table of pipeline levels names places that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sendwaits.intake import schema
from sendwaits.measure import dictionary
from sendwaits.measure.measures import MEASURES
from sendwaits.pathways import built_in, from_table

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("page", "made"), [("data-dictionary", schema.page), ("measures", dictionary.page)]
)
def test_a_stale_page_is_red(page, made):
    assert (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") == made(), "run: make docs"


def test_every_built_in_column_has_a_meaning_and_a_sensitivity():
    for pathway in built_in().values():
        made = schema.columns(pathway)
        assert [c.name for c in made] == list(pathway.columns)
        for column in made:
            assert column.meaning != "a column of the workspace's own", (
                f"{pathway.code}: {column.name}"
            )
            assert column.kind in schema.KINDS and column.sensitivity in schema.SENSITIVITY


def test_the_required_columns_and_roles_are_the_pathways_own():
    made = {c.name: c for c in schema.columns(built_in()["NST"])}
    assert [n for n, c in made.items() if c.required] == ["child_id", "referral_date"]
    assert made["first_appointment_date"].role == "completes assessment; starts outcome"
    assert (
        made["child_id"].sensitivity == "direct" and made["date_of_birth"].sensitivity == "dropped"
    )


def test_a_column_of_ones_own_is_described_by_its_heading_and_its_waits():
    own = from_table(
        {
            "code": "LOG",
            "headings": {"finished_date": "Finished"},
            "wait": [{"name": "case", "start": "referral_date", "completed": "finished_date"}],
        },
        "t",
    )
    finished = next(c for c in schema.columns(own) if c.name == "finished_date")
    assert (finished.kind, finished.meaning, finished.role, finished.sensitivity) == (
        "date",
        "Finished",
        "completes case",
        "event",
    )


def test_every_measure_is_defined_in_one_sentence():
    table = dictionary.table()
    assert list(table["measure"]) == list(MEASURES)
    assert table["meaning"].str.len().min() > 20 and table["meaning"].is_unique
    assert set(table["unit"]) == {"count", "weeks", "percent"}


def test_the_eighteen_criteria_name_places_that_exist():
    rows = [
        line.split("|")[1:-1]
        for line in (ROOT / "docs" / "rap.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(("| baseline", "| silver", "| gold"))
    ]
    assert [
        sum(level.strip() == name for level, *_ in rows) for name in ("baseline", "silver", "gold")
    ] == [5, 9, 4]
    for *_, where in rows:
        places = [p for p in re.findall(r"`([^` ]+)`", where) if "/" in p or "." in p]
        assert places or "git" in where
        for place in places:
            assert place == "run.json" or (ROOT / place).exists(), place
