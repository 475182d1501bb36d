"""Where the change in referrals lies: counted by hand, tested against the whole service, from released counts only."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sendwaits.measure import themes
from sendwaits.pathways import built_in

AS_AT = date(2024, 7, 31)
BEFORE, NOW = ("2023-01-01", "2023-07-31"), ("2024-01-01", "2024-07-31")


def released(counts: dict[str, tuple[int | None, int | None]], code: str = "NST") -> pd.DataFrame:
    rows = []
    for group, pair in counts.items():
        for (start, end), n in zip((BEFORE, NOW), pair, strict=True):
            rows.append(
                (
                    code,
                    "",
                    "referrals",
                    group,
                    start,
                    end,
                    np.nan if n is None else n,
                    "count",
                    None,
                    None,
                    n,
                    "c" if n is None else "",
                )
            )
    return pd.DataFrame(rows, columns=[*themes.COLUMNS, "status"])


def test_calendar_years_are_whole() -> None:
    assert themes.calendar_years(AS_AT) == (
        (date(2022, 1, 1), date(2022, 12, 31)),
        (date(2023, 1, 1), date(2023, 12, 31)),
    )
    assert themes.calendar_years(date(2024, 12, 31))[1] == (date(2024, 1, 1), date(2024, 12, 31))


def test_the_year_to_date_is_compared_with_the_same_months_of_the_year_before() -> None:
    pair = themes.year_to_date(AS_AT)
    assert [tuple(day.isoformat() for day in period) for period in pair] == [BEFORE, NOW]
    assert themes.year_to_date(date(2024, 2, 29))[0] == (date(2023, 1, 1), date(2023, 2, 28))
    assert themes.year_to_date(date(2023, 12, 31)) == themes.calendar_years(date(2023, 12, 31))


def test_the_year_to_date_is_told_first_and_the_closed_years_second() -> None:
    ytd = released({"": (400, 480), "sex=F": (100, 150), "sex=M": (300, 330)})
    closed = ytd.assign(
        period_start=["2022-01-01", "2023-01-01"] * 3, period_end=["2022-12-31", "2023-12-31"] * 3
    )
    table = themes.contributions(pd.concat([closed, ytd]))
    assert table["comparison"].tolist() == ["year to date"] * 2 + ["closed years"] * 2
    assert table["before_end"].tolist() == ["2023-07-31"] * 2 + ["2022-12-31"] * 2
    dates = pd.concat([closed, ytd]).drop(columns="status").assign(form="exact")
    for side in ("period_start", "period_end"):
        dates[side] = pd.to_datetime(dates[side])
    pd.testing.assert_frame_equal(themes.contributions(dates), table)


def test_periods_of_unequal_length_are_no_comparison() -> None:
    odd = released({"": (400, 480), "sex=F": (100, 150), "sex=M": (300, 330)})
    odd["period_end"] = odd["period_end"].replace("2023-07-31", "2023-08-31")
    assert not len(themes.contributions(odd))


def test_a_change_has_the_interval_of_two_poisson_counts() -> None:
    table = themes.contributions(
        released({"": (400, 480), "sex=F": (100, 150), "sex=M": (300, 330)})
    ).set_index("group")
    assert table.loc["F", "change"] == 50
    assert table.loc["F", "low"] == pytest.approx(50 - 1.96 * 250**0.5)  # 19.0
    assert table.loc["F", "high"] == pytest.approx(50 + 1.96 * 250**0.5)  # 81.0


def test_a_group_that_moves_with_its_service_is_not_clear_and_one_that_does_not_is() -> None:
    together = themes.contributions(
        released({"": (400, 480), "sex=F": (200, 240), "sex=M": (200, 240)})
    )
    assert not together["clear"].any()
    apart = themes.contributions(
        released({"": (400, 480), "sex=F": (100, 200), "sex=M": (300, 280)})
    )
    assert apart["clear"].all()
    assert apart.set_index("group").loc["F", "p"] < 0.001


def test_groups_that_are_alike_are_called_clear_in_few_of_many_draws() -> None:
    rng, called = np.random.default_rng(7), 0
    for _ in range(200):
        counts = {f"need={i}": (int(rng.poisson(60)), int(rng.poisson(72))) for i in range(8)}
        counts[""] = (sum(a for a, _ in counts.values()), sum(b for _, b in counts.values()))
        called += bool(themes.contributions(released(counts))["clear"].any())
    assert called <= 20  # nominal 5 %: 10 of 200, 20 is beyond three standard deviations


def test_a_hidden_count_enters_no_change() -> None:
    table = themes.contributions(
        released({"": (400, 480), "sex=F": (None, 240), "sex=M": (200, 240)})
    )
    assert list(table["group"]) == ["M"]
    assert not len(themes.contributions(released({"": (None, 480), "sex=F": (100, 240)})))


def built(rows: list[tuple], stop: str = "2021-01-31") -> SimpleNamespace:
    frame = pd.DataFrame(
        rows,
        columns=["start", "duplicate_of", "rejected_date", "re_referral_days", "sex", "age_band"],
    )
    frame["start"], frame["rejected_date"] = (
        pd.to_datetime(frame["start"]),
        pd.to_datetime(frame["rejected_date"]),
    )
    frame["re_referral_days"] = frame["re_referral_days"].astype("Int32")
    return SimpleNamespace(referrals=frame, waits=pd.DataFrame({"stop": pd.to_datetime([stop])}))


def test_counts_of_two_years_by_group_leave_duplicates_out_and_print_zeros() -> None:
    rows = [
        ("2023-01-01", -1, None, None, "F", "5-10"),
        ("2023-07-31", -1, "2024-01-02", 365, "M", "11-15"),
        ("2024-01-01", -1, None, 366, "F", "5-10"),
        ("2024-02-01", 2, None, None, "F", "5-10"),
        ("2024-08-01", -1, None, None, "F", "5-10"),
    ]
    table = themes.group_counts(built(rows), built_in()["NST"], AS_AT)
    at = {(r.measure, r.group, r.period_start): int(r.value) for r in table.itertuples()}
    assert (at["referrals", "", BEFORE[0]], at["referrals", "", NOW[0]]) == (2, 1)
    assert (at["referrals", "sex=M", BEFORE[0]], at["referrals", "sex=M", NOW[0]]) == (1, 0)
    assert (at["rejected", "", BEFORE[0]], at["rejected", "", NOW[0]]) == (
        0,
        1,
    )  # by date of rejection
    assert (at["re_referrals", "", BEFORE[0]], at["re_referrals", "", NOW[0]]) == (
        1,
        0,
    )  # 365 days counts, 366 does not
    assert at["referrals", "age_band=5-10", NOW[0]] == 1


def group_rows(values: dict[str, tuple[int, int]]) -> pd.DataFrame:
    return (
        released(values)
        .drop(columns="status")
        .astype({"numerator": "Int64", "denominator": "Int64", "n": "Int64"})
    )


def calendar(values: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """The same rows, in the calendar years 2022 and 2023."""
    rows = group_rows(values)
    return rows.assign(
        period_start=["2022-01-01", "2023-01-01"] * len(values),
        period_end=["2022-12-31", "2023-12-31"] * len(values),
    )


def totals() -> pd.DataFrame:
    """Released referrals of the two calendar years, none hidden."""
    return pd.DataFrame(
        [("NST", "", "referrals", "", f"{y}-01-01", f"{y}-12-31", "") for y in (2022, 2023)],
        columns=["pathway", "wait", "measure", "group", "period_start", "period_end", "status"],
    )


def test_small_groups_join_others_until_no_cell_is_under_k() -> None:
    counts = group_rows(
        {
            "": (82, 92),
            "need=a": (40, 50),
            "need=b": (3, 7),
            "need=c": (9, 4),
            "need=d": (30, 31),
            "sex=F": (80, 90),
            "sex=M": (2, 2),
        }
    )
    table = themes.coarse(counts, 5)
    at = {(r.group, r.period_start): int(r.value) for r in table.itertuples()}
    assert (at["need=other", BEFORE[0]], at["need=other", NOW[0]]) == (12, 11)
    assert (at["need=a", NOW[0]], at["need=d", NOW[0]]) == (50, 31)
    assert not any(g.startswith("sex=") for g, _ in at)  # 2 must join 80: one group is no breakdown
    assert (at["", BEFORE[0]], at["", NOW[0]]) == (82, 92)


def test_a_survivors_sample_is_not_counted() -> None:
    rows = [("2023-02-01", -1, None, None, "F", "5-10")]
    nst = built_in()["NST"]
    assert not len(themes.group_counts(built(rows, stop="2023-01-02"), nst, AS_AT))
    some = themes.group_counts(built(rows, stop="2022-08-02"), nst, AS_AT)
    assert set(some["period_start"]) == {"2023-01-01", "2024-01-01"}  # 2022 is not whole


def test_children_on_both_lists_are_counted_once_each_and_by_the_open_rule() -> None:
    def waits(rows: list[tuple]) -> SimpleNamespace:
        frame = pd.DataFrame(rows, columns=["child", "start", "stop"])
        return SimpleNamespace(
            waits=frame.assign(
                start=pd.to_datetime(frame["start"]), stop=pd.to_datetime(frame["stop"])
            )
        )

    nst = waits(
        [
            ("a", "2024-01-01", None),
            ("a", "2024-02-01", None),
            ("b", "2024-01-01", "2024-07-31"),
            ("c", "2024-01-01", "2024-08-01"),
            ("d", "2024-08-01", None),
        ]
    )
    ehc = waits([("a", "2024-01-01", None), ("b", "2024-01-01", None), ("e", "2024-07-31", None)])
    table = themes.overlap({"NST": nst, "EHC": ehc}, AS_AT)
    assert list(zip(table["pathway"], table["group"], table["value"], strict=True)) == [
        ("NST", "", 2),
        ("EHC", "", 3),
        ("NST", "with=EHC", 1),
    ]
    assert not len(themes.overlap({"NST": nst}, AS_AT))


def test_england_stands_beside_the_area_by_name_where_both_have_a_number() -> None:
    counts = pd.DataFrame(
        [
            ("referrals", "2022", "National", "", 114482),
            ("referrals", "2022", "Local authority", "Nottinghamshire", 1087),
            ("referrals", "2023", "National", "", 138242),
            ("referrals", "2023", "Local authority", "Nottinghamshire", None),
            ("referrals", "2023", "Local authority", "Nottingham", 500),
            ("plans_issued", "2023", "National", "", 1),
        ],
        columns=["measure", "year", "level", "name", "numerator"],
    )
    table = themes.england(counts, "Nottinghamshire")
    assert sorted(zip(table["year"], table["place"], table["requests"], strict=True)) == [
        ("2022", "England", 114482),
        ("2022", "Nottinghamshire", 1087),
        ("2023", "England", 138242),
    ]
    assert not len(themes.england(counts, "Elsewhere"))


@pytest.mark.parametrize(
    "groups, answer",
    [
        ([(10, 20), (10, 20)], 1.0),
        ([(30, 40), (10, 40)], None),
        ([(1, 20), (1, 20)], None),
        ([(10, 20)], None),
    ],
)
def test_shares_of_groups_are_compared_by_chi_square(
    groups: list[tuple[int, int]], answer: float | None
) -> None:
    found = themes.differs(groups)
    if groups == [(30, 40), (10, 40)]:
        # 40 of 80: expected 20 in each of four cells, statistic 4 x 100 / 20 = 20 on 1 degree of freedom
        assert found == pytest.approx(7.744e-06, rel=1e-3)
    else:
        assert found == answer


def test_two_counts_differ_by_the_exact_binomial() -> None:
    assert themes.counts_differ(1, 7) == pytest.approx(2 * (1 + 8) / 256)
    assert themes.counts_differ(0, 0) == 1.0
    assert themes.counts_differ(1087, 1380) < 1e-8
