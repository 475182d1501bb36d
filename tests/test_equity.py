"""Waits by group, cohorts, conversion, re-referral and ageing out: small services by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from sendwaits.errors import Refused
from sendwaits.intake.waits import Built
from sendwaits.measure import equity
from sendwaits.measure.rates import share
from sendwaits.measure.survival import seen_by
from sendwaits.pathways import built_in, from_table

AS_AT = date(2024, 7, 31)
STAGES = from_table(
    {
        "code": "TWO",
        "leaves_at": [18],
        "wait": [
            {"name": "assessment", "start": "referral_date", "completed": "seen_date"},
            {"name": "support", "start": "seen_date", "completed": "support_date"},
        ],
    },
    "two.toml",
)


def before(days):
    return pd.Timestamp(AS_AT) - timedelta(days=days)


def built(waits, ages=None, again=(), rejected=()):
    """waits: (wait, record, days before as_at of start and stop or None, completed, sex)."""
    rows = [
        (w, r, before(a), pd.NaT if b is None else before(b), done, sex)
        for w, r, a, b, done, sex in waits
    ]
    table = pd.DataFrame(rows, columns=["wait", "record", "start", "stop", "completed", "sex"])
    first = table.drop_duplicates("record").set_index("record")
    referrals = pd.DataFrame({"record": [*first.index, *rejected]})
    referrals["start"] = [*first["start"], *[before(300)] * len(rejected)]
    referrals["rejected_date"] = [*[pd.NaT] * len(first), *[before(290)] * len(rejected)]
    referrals["duplicate_of"] = -1
    days = [10 if r in again else pd.NA for r in referrals["record"]]
    referrals["re_referral_days"] = pd.array(days, "Int32")
    age = [(ages or {}).get(r, pd.NA) for r in referrals["record"]]
    referrals["age"] = pd.array(age, "Int16")
    return Built("TWO", table, referrals, pd.DataFrame(), pd.Timestamp(AS_AT))


def rows(table, measure):
    return table[table["measure"] == measure].reset_index(drop=True)


def test_open_waits_by_group_have_mean_and_median_with_their_intervals():
    waits = [("assessment", n, 7 * n, None, False, "F" if n <= 6 else "M") for n in range(1, 8)]
    table = equity.waits(built(waits), "assessment", AS_AT, groups=["sex"], weeks=[4])
    mean = rows(table, "mean_weeks_open").set_index("group")
    assert mean["value"].to_dict() == {"": 4, "sex=F": 3.5, "sex=M": 7}
    half = 2.570582 * math.sqrt(3.5) / math.sqrt(6)  # t of 5 degrees, variance of 1 to 6 is 3.5
    assert mean.loc["sex=F", "low"] == pytest.approx(3.5 - half, abs=1e-5)
    assert mean.loc["sex=M", ["low", "high"]].isna().all() and mean.loc["sex=M", "n"] == 1
    median = rows(table, "median_weeks_open").set_index("group")
    # of six, the least and the largest hold the median 1 - 2 / 2^6 = 97 times in 100
    assert median.loc["sex=F", ["value", "low", "high"]].tolist() == [3.5, 1, 6]


def test_time_to_seen_counts_the_last_year_only_and_a_group_with_nobody_seen_is_undefined():
    waits = [
        ("assessment", 1, 100, 30, True, "F"),  # 70 days
        ("assessment", 2, 200, 60, True, "F"),  # 140 days
        ("assessment", 3, 900, 400, True, "F"),  # stopped before the year
        ("assessment", 4, 50, None, False, "M"),
    ]
    table = equity.waits(built(waits), "assessment", AS_AT, groups=["sex"])
    seen = rows(table, "median_weeks_completed").set_index("group")
    assert seen.loc["", "value"] == 15 and seen.loc["sex=F", "n"] == 2
    assert math.isnan(seen.loc["sex=M", "value"]) and seen.loc["sex=M", "n"] == 0


def test_a_complete_cohort_has_the_binomial_variance():
    days, cause = np.repeat([10, 20, 30], [3, 4, 13]), np.repeat(["completed"], 20)
    row = seen_by(days, cause, [20]).iloc[0]
    assert row["seen"] == pytest.approx(35)  # 7 of 20
    width = 1.96 * math.sqrt(0.35 * 0.65 / 20) / abs(0.35 * math.log(0.35))
    assert row["low"] == pytest.approx(100 * 0.35 ** math.exp(width))
    assert row["high"] == pytest.approx(100 * 0.35 ** math.exp(-width))


def test_none_seen_has_the_interval_of_a_share_and_a_day_nobody_reached_is_unknown():
    row = seen_by([50] * 12, [""] * 12, [49, 60])
    none = share(0, 12)
    assert row.loc[0, ["seen", "low", "high"]].tolist() == pytest.approx([0, 0, none.high])
    assert row.loc[1, ["seen", "low", "high", "waiting"]].isna().all()


def test_removals_compete_in_a_cohort_and_two_humps_are_seen():
    # 20 started on 1 January 2023: 5 seen after 100 days, 5 removed after 110, 10 seen after 300
    start = (AS_AT - date(2023, 1, 1)).days
    ends = [(100, True)] * 5 + [(110, False)] * 5 + [(300, True)] * 10
    waits = [
        ("assessment", n, start, start - days, done, "F") for n, (days, done) in enumerate(ends)
    ]
    service = built([*waits, ("assessment", 99, start + 30, start + 1, True, "F")])
    table = equity.cohorts(service, STAGES, "assessment", AS_AT)
    assert table["period_start"].unique().tolist() == ["2023-01-01"]  # 2022 is no whole history
    assert table["value"].tolist() == pytest.approx([25, 25, 75])
    assert table["n"].tolist() == [20] * 3


def test_a_cohort_that_could_not_yet_wait_so_long_has_no_number():
    waits = [("assessment", n, 200, 60 if n < 4 else None, n < 4, "F") for n in range(10)]
    old = ("assessment", 10, 800, 790, True, "F")
    table = equity.cohorts(built([*waits, old]), STAGES, "assessment", AS_AT)
    of = table[table["period_start"] == "2024-01-01"].set_index("measure")["value"]
    assert of["cohort_seen_20_weeks_pct"] == pytest.approx(40)  # 4 of 10 after 140 days
    assert math.isnan(of["cohort_seen_40_weeks_pct"])


def test_conversion_follows_one_cohort_through_every_stage():
    waits = [
        *[("assessment", n, 300, 200, True, "F") for n in range(6)],
        ("assessment", 6, 300, 250, False, "F"),
        *[("assessment", n, 300, None, False, "F") for n in (7, 8)],
        *[("support", n, 200, 100, True, "F") for n in range(3)],
        *[("support", n, 200, None, False, "F") for n in (3, 4, 5)],
        ("assessment", 20, 700, 600, True, "F"),
    ]
    table = equity.conversion(
        built(waits, rejected=[9]), STAGES, date(2023, 7, 1), date(2024, 6, 30), AS_AT
    ).set_index("measure")
    assert table.loc["cohort_received", "value"] == 10
    counts = table["numerator"].dropna().astype(int).to_dict()
    assert counts == {
        "cohort_rejected_pct": 1,
        "cohort_assessment_completed_pct": 6,
        "cohort_assessment_removed_pct": 1,
        "cohort_assessment_open_pct": 2,
        "cohort_support_completed_pct": 3,
        "cohort_support_removed_pct": 0,
        "cohort_support_open_pct": 3,
    }
    ends = share(6, 10)
    got = table.loc["cohort_assessment_completed_pct", ["value", "low", "high"]].tolist()
    assert got == pytest.approx([60, ends.low, ends.high])
    with pytest.raises(Refused, match="survivors' sample"):
        equity.conversion(built(waits), STAGES, date(2022, 7, 1), date(2023, 6, 30), AS_AT)


def test_re_referrals_are_a_share_of_the_referrals_of_the_period():
    waits = [("assessment", n, 100 + n, None, False, "F") for n in range(8)]
    table = equity.re_referrals(built(waits, again=[2, 3]), STAGES, date(2024, 1, 1), AS_AT)
    assert table.loc[0, ["value", "numerator", "denominator"]].tolist() == [25, 2, 8]


def test_who_ages_out_is_a_range_because_birth_dates_are_not_kept():
    # started today: 16 turns 18 in 1 to 2 years, 17 within the year, 18 is past, 17 a year ago is past
    waits = [("assessment", n, 0, None, False, "F") for n in range(4)]
    service = built(
        [*waits, ("assessment", 4, 366, None, False, "F")], {0: 16, 1: 17, 2: 18, 4: 17}
    )
    table = equity.ageing_out(service, STAGES, "assessment", AS_AT, weeks=[26, 52])
    half = 182 / 365.25
    assert table["value"].tolist() == pytest.approx([half, 364 / 365.25])
    assert table["low"].tolist() == [0, 0] and table["high"].tolist() == [1, 1]
    assert table["n"].tolist() == [4, 4]  # one age is unknown
    year = equity.ageing_out(service, STAGES, "assessment", AS_AT, weeks=[53])
    assert (year.loc[0, "low"], year.loc[0, "high"]) == (1, 2)  # 16 may turn 18 in 53 weeks
    assert equity.ageing_out(service, _without(), "assessment", AS_AT).empty


def _without():
    from msgspec.structs import replace

    return replace(STAGES, leaves_at=())


def test_every_measure_has_a_relation_and_the_built_in_pathways_their_limits():
    waits = [("assessment", n, 300, 200 if n else None, bool(n), "F") for n in range(6)]
    service = built(waits)
    made = [
        equity.waits(service, "assessment", AS_AT, groups=["sex"]),
        equity.cohorts(service, STAGES, "assessment", AS_AT),
        equity.re_referrals(service, STAGES, date(2024, 1, 1), AS_AT),
        equity.ageing_out(service, STAGES, "assessment", AS_AT),
    ]
    plain = {name.replace("<w>", "").replace("<wait>", "") for name in equity.RELATIONS}
    for table in made:
        assert list(table.columns) == equity.COLUMNS
        for name in table["measure"]:
            assert "".join(c for c in name if not c.isdigit()) in plain, name
    assert {code: p.leaves_at for code, p in built_in().items()}["EHC"] == (25,)
