"""Three real logs that nobody here made up, read through a toml table alone (`[[pathway]]`), month by month."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from as_printed import as_printed
from reference import reference

import sendwaits as sw

LOGS = {
    "bpi2020_DomesticDeclarations.csv": "2019-01-31",
    "bpi2020_RequestForPayment.csv": "2019-01-31",
    "traffic_fines_10000.csv": "2012-03-31",
}
SETTINGS = """
[area]
name = "Event logs"

[[pathway]]
code = "LOG"
title = "Cases of an event log"
[pathway.headings]
child_id = "case_id"
referral_id = "case_id"
referral_date = "start"
finished_date = "end"
[[pathway.wait]]
name = "case"
start = "referral_date"
completed = "finished_date"
"""


@pytest.mark.parametrize("log", LOGS)
def test_every_month_of_a_real_log_is_counted_exactly(log, tmp_path):
    records, as_at = reference("records"), LOGS[log]
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text(SETTINGS, encoding="utf-8")
    shutil.copy(records / log, tmp_path / "data" / "raw" / f"LOG_{as_at}.csv")
    expected = pd.read_csv(records / "expected_month_end_census.csv")
    expected = expected[expected["file"] == log].set_index("month")
    table = as_printed(sw.open(tmp_path).figures(as_at=as_at, months=len(expected)))
    table = table[(table["group"] == "") & (table["wait"] == "case")].assign(
        month=lambda t: t["period_end"].str[:7]
    )
    got = table.pivot(index="month", columns="measure", values="value")
    assert len(got) == len(expected) >= 24
    bands_to_126 = [
        "waiting_band_0_7",
        "waiting_band_8_14",
        "waiting_band_15_28",
        "waiting_band_29_84",
        "waiting_band_85_126",
    ]
    assert got["starts"].tolist() == expected["arrivals"].tolist()
    assert (got["completed"] + got["removed_other"]).tolist() == expected["removals"].tolist()
    assert got["waiting"].tolist() == expected["open_at_month_end"].tolist()
    assert got[bands_to_126].sum(axis=1).tolist() == expected["open_0_126_days"].tolist()
    assert got["waiting_over_52_weeks"].tolist() == expected["open_over_364_days"].tolist()
    assert (got["longest_weeks_open"] * 7).round(6).fillna(-1).tolist() == expected[
        "longest_wait_days"
    ].fillna(-1).tolist()
