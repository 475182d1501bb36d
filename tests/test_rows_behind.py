"""The way back: the rows behind a printed number are as many as its n and give its value, for every row of `figures`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from contract_workspaces import make

import sendwaits as sw

ROOT = Path(__file__).resolve().parents[1]
AS_AT = "2024-07-31"
MEAN = {"mean_weeks_open", "mean_weeks_completed"}
MEDIAN = {"median_weeks_open", "median_weeks_completed"}


def leads_back(area, row, as_at) -> None:
    """``row`` of `figures`: n rows behind it, and where the rows carry the waits, its value from them by hand."""
    rows = area.rows_behind(
        row.pathway,
        row.wait,
        row.measure,
        row.period_end,
        row.period_start or None,
        row.group,
        as_at=as_at,
    )
    assert len(rows) == row.n, row
    assert not rows.duplicated(["source_file", "source_row"]).any()
    if row.unit == "count":
        assert row.value == len(rows), row
    elif row.measure in MEAN and len(rows):
        assert row.value == pytest.approx(rows["days"].mean() / 7), row
    elif row.measure in MEDIAN and len(rows):
        assert row.value == pytest.approx(rows["days"].median() / 7), row
    elif row.measure == "longest_weeks_open" and len(rows):
        assert row.value == rows["days"].max() / 7, row


def some(table, number, seed):
    """Every measure of every wait at least once, then rows at random."""
    each = table.sample(frac=1, random_state=seed).drop_duplicates(["pathway", "wait", "measure"])
    return [*each.itertuples(), *table.sample(number, random_state=seed).itertuples()]


@pytest.mark.parametrize(
    ("period", "code"), [("month", "NST"), ("quarter", "OT_LA"), ("year", "EHC")]
)
def test_the_sample(period, code):
    area = sw.open(ROOT)
    table = area.figures(AS_AT, code, group="district", period=period)
    for row in some(table, 20, 1):
        leads_back(area, row, AS_AT)


@pytest.mark.long
@pytest.mark.parametrize("period", ["month", "quarter", "year"])
@pytest.mark.parametrize("group", ["", "need", "age_band"])
def test_every_row_of_the_sample(period, group):
    """About 60 thousand rows, ten minutes."""
    area = sw.open(ROOT)
    for row in area.figures(AS_AT, group=group, period=period).itertuples():
        leads_back(area, row, AS_AT)


@pytest.mark.parametrize("seed", range(4))
def test_workspaces_full_of_oddities(tmp_path, monkeypatch, seed):
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="ascii")
    key.chmod(0o600)
    monkeypatch.setenv("SENDWAITS_KEY_FILE", str(key))
    made = make(tmp_path / "w", seed, rows=30)
    area = sw.open(made.root)
    period = random.Random(seed).choice(["month", "quarter", "year"])
    table = area.figures(as_at=made.as_at, group="sex", period=period)
    for row in some(table, 20, seed):
        leads_back(area, row, made.as_at)


def test_a_flow_without_its_first_day_leads_to_the_rows_of_the_month():
    area = sw.open(ROOT)
    table = area.figures(AS_AT, "NST", months=1).query("period_start.notna()")
    for row in table.itertuples():
        rows = area.rows_behind(row.pathway, row.wait, row.measure, row.period_end, as_at=AS_AT)
        assert len(rows) == row.n, row.measure
