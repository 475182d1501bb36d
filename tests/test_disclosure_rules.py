"""What is hidden and what is shown, with hand arithmetic."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest
from disclosure_tables import COLUMNS, frame, made_figures

from sendwaits.release.disclosure import Released, audit, release

END, START = "2024-07-31", "2024-07-01"


def count(
    measure: str,
    value: int,
    *,
    wait: str = "contact",
    group: str = "",
    start: str = "",
    end: str = END,
) -> tuple:
    return ("SLCN", wait, measure, group, start, end, value, "count", None, None, value)


def share(num: int, den: int) -> tuple:
    return (
        "SLCN",
        "contact",
        "within_standard_pct",
        "",
        START,
        END,
        100 * num / den,
        "percent",
        num,
        den,
        den,
    )


def average(measure: str, n: int, start: str = "") -> tuple:
    return ("SLCN", "contact", measure, "", start, END, 20.25, "weeks", None, None, n)


def status(released: Released, measure: str, group: str = "", end: str = END) -> str:
    table = released.table
    return table[
        (table["measure"] == measure) & (table["group"] == group) & (table["period_end"] == end)
    ]["status"].item()


def value(released: Released, measure: str, group: str = "") -> float:
    table = released.table
    return table[
        (table["measure"] == measure) & (table["group"] == group) & (table["period_end"] == END)
    ]["value"].item()


def test_a_list_of_127_stays_127_in_the_board_profile_and_becomes_125_for_the_public() -> None:
    figures = frame([count("waiting", 127)])
    assert value(release(figures), "waiting") == 127
    assert value(release(figures, profile="public"), "waiting") == 125


@pytest.mark.parametrize(
    ("n", "board", "public"),
    [(0, "", ""), (1, "c", "c"), (4, "c", "c"), (5, "", "c"), (7, "c", "c"), (8, "", "")],
)
def test_counts_under_k_are_hidden_and_a_true_zero_is_shown(
    n: int, board: str, public: str
) -> None:
    figures = frame([count("waiting", n)])
    k = 8 if n == 7 else 5
    assert status(release(figures, k=k), "waiting") == board
    assert status(release(figures, profile="public", k=k), "waiting") == public


@pytest.mark.parametrize(
    ("num", "den", "expected"),
    [(0, 40, ""), (40, 40, ""), (5, 40, ""), (4, 40, "c"), (36, 40, "c"), (35, 40, "")],
)
def test_a_percentage_is_shown_when_both_its_parts_are_0_or_at_least_k(
    num: int, den: int, expected: str
) -> None:
    released = release(frame([share(num, den), count("completed", den, start=START)]))
    assert status(released, "within_standard_pct") == expected
    row = released.table[released.table["measure"] == "within_standard_pct"]
    assert row["numerator"].isna().item() == (expected == "c")


@pytest.mark.parametrize(
    ("measure", "least"),
    [("mean_weeks_open", 5), ("median_weeks_open", 10), ("p92_weeks_open", 63)],
)
def test_an_average_needs_enough_children_behind_it(measure: str, least: int) -> None:
    for n, expected in ((least, ""), (least - 1, "c")):
        assert (
            status(release(frame([average(measure, n), count("waiting", n)])), measure) == expected
        )


def test_the_longest_wait_is_the_kth_longest_in_whole_weeks() -> None:
    figures = frame(
        [average("longest_weeks_open", 30), count("waiting", 30), count("waiting_over_52_weeks", 9)]
    )
    released = release(figures, kth_longest=lambda pathway, wait, end: 61.9)
    assert value(released, "longest_weeks_open") == 61
    assert status(release(figures), "longest_weeks_open") == "c"


def test_the_longest_wait_is_hidden_when_a_lower_line_is_hidden() -> None:
    """over_18 hidden (3 children) and a printed longest wait of 30 weeks would say that at least 5 have waited over 18."""
    figures = frame(
        [average("longest_weeks_open", 30), count("waiting", 30), count("waiting_over_18_weeks", 3)]
    )
    assert status(release(figures, kth_longest=lambda *_: 30.0), "longest_weeks_open") == "c"


def test_one_small_band_is_hidden_with_another_so_that_the_total_does_not_give_it_away() -> None:
    bands = [
        ("0_7", 20),
        ("8_14", 2),
        ("15_28", 30),
        ("29_84", 0),
        ("85_126", 10),
        ("127_364", 9),
        ("365_728", 8),
        ("729_plus", 6),
    ]
    figures = frame([count("waiting", 85), *(count(f"waiting_band_{b}", n) for b, n in bands)])
    table = release(figures).table
    hidden = table[table["status"] == "c"]["measure"].tolist()
    assert "waiting_band_8_14" in hidden and len(hidden) == 2 and "waiting" not in hidden
    assert table[table["measure"] == "waiting_band_29_84"]["value"].item() == 0


def test_a_small_removal_is_not_left_to_the_stock_and_flow_identity() -> None:
    """100 + 20 - 15 - 2 = 103: with everything else shown the 2 would follow, so another flow goes; the lists stay."""
    figures = frame(
        [
            count("waiting", 100, end="2024-06-30"),
            count("waiting", 103),
            count("starts", 20, start=START),
            count("completed", 15, start=START),
            count("removed_other", 2, start=START),
        ]
    )
    released = release(figures)
    assert status(released, "removed_other") == "c"
    assert [status(released, m) for m in ("starts", "completed")].count("c") >= 1
    assert value(released, "waiting") == 103


def test_a_breakdown_prints_all_its_groups_or_none() -> None:
    groups = [
        count("waiting", n, group=f"district={d}")
        for d, n in zip("ABCDEFG", (20, 18, 17, 16, 15, 14, 13), strict=True)
    ]
    shown = release(frame([count("waiting", 113), *groups]))
    assert (shown.table["group"] != "").sum() == 7 and shown.breakdowns_shown == [
        "SLCN|contact|district"
    ]
    small = [
        count("waiting", n, group=f"district={d}")
        for d, n in zip("ABCDEFG", (40, 30, 3, 16, 15, 2, 7), strict=True)
    ]
    left_out = release(frame([count("waiting", 113), *small]))
    assert (left_out.table["group"] != "").sum() == 0 and left_out.notes


def test_a_line_that_a_whole_group_lies_beyond_is_not_broken_down() -> None:
    """All 12 of district A wait over 52 weeks: whoever knows that a child of A waits would know how long."""
    groups = [("A", 12, 12), ("B", 30, 10), ("C", 30, 8)]
    rows = [count("waiting", 72), count("waiting_over_52_weeks", 30)]
    rows += [count("waiting", n, group=f"district={d}") for d, n, _ in groups]
    rows += [count("waiting_over_52_weeks", n, group=f"district={d}") for d, _, n in groups]
    table = release(frame(rows)).table
    assert set(table[table["group"] != ""]["measure"]) == {"waiting"}


def test_flows_are_never_broken_down_by_month() -> None:
    rows = [
        count("waiting", 60),
        count("starts", 20, start=START),
        count("starts", 20, start=START, group="district=A"),
    ]
    table = release(frame(rows)).table
    assert not ((table["group"] != "") & (table["period_start"] != "")).any()


def _four_months(removed: int, rejected: int) -> pd.DataFrame:
    """Per month 20 referred, some rejected, the rest start, 12 completed and a few removed: the list follows."""
    rows, waiting = [count("waiting", 100, end="2024-03-31")], 100
    for start, end in (
        ("2024-04-01", "2024-04-30"),
        ("2024-05-01", "2024-05-31"),
        ("2024-06-01", "2024-06-30"),
        (START, END),
    ):
        waiting += 20 - rejected - 12 - removed
        flows = [("starts", 20 - rejected), ("completed", 12), ("removed_other", removed)]
        rows += [
            count("waiting", waiting, end=end),
            *(count(m, n, start=start, end=end) for m, n in flows),
        ]
        rows += [
            count(m, n, wait="", start=start, end=end)
            for m, n in (("referrals", 20), ("rejected", rejected))
        ]
    return frame(rows)


def test_a_series_of_small_removals_is_not_printed_by_month_and_costs_no_completions() -> None:
    """3 removed and 3 rejected a month: 20 referred less 12 + (2 more waiting) leaves 6 for both, each 0 to 6."""
    released = release(_four_months(3, 3))
    table = released.table
    assert (
        set(table["measure"]) == {"waiting", "completed", "referrals"}
        and (table["status"] == "").all()
    )
    assert len(released.notes) == 3 and audit(released) == []


def test_months_not_printed_still_protect_the_few_who_were_removed() -> None:
    """1 removed and 1 rejected a month: with referrals, completions and lists shown the removed were 0 to 2, too few."""
    released = release(_four_months(1, 1))
    table = released.table
    assert (
        table[table["measure"].isin(["referrals", "completed"])]
        .groupby("period_end")["status"]
        .agg(set)
        != {""}
    ).all()
    shown = Released(_exact_like(table, _four_months(1, 1)))
    assert {f.key.split("|")[2] for f in audit(shown)} >= {"removed_other"}


def _exact_like(table: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """The rows of a released table as if nothing in them were hidden."""
    return (
        table[COLUMNS[:6]].merge(figures, on=COLUMNS[:6], validate="one_to_one").assign(status="")
    )


def test_the_analyst_profile_is_exact_and_marks_what_is_undefined() -> None:
    figures = frame(
        [
            count("waiting", 3),
            ("SLCN", "contact", "mean_weeks_open", "", "", END, math.nan, "weeks", None, None, 0),
        ]
    )
    released = release(figures, profile="analyst")
    assert released.table["status"].tolist() == ["z", ""] and value(released, "waiting") == 3


def test_the_audit_finds_a_number_that_somebody_shows_again() -> None:
    """Un-hiding the second band gives the first away: 85 - all others."""
    bands = [
        ("0_7", 20),
        ("8_14", 2),
        ("15_28", 30),
        ("29_84", 0),
        ("85_126", 10),
        ("127_364", 9),
        ("365_728", 8),
        ("729_plus", 6),
    ]
    released = release(
        frame([count("waiting", 85), *(count(f"waiting_band_{b}", n) for b, n in bands)])
    )
    table = released.table.copy()
    at = table.index[(table["status"] == "c") & (table["measure"] != "waiting_band_8_14")][0]
    exact = dict(bands)[table.at[at, "measure"].removeprefix("waiting_band_")]
    table.loc[at, ["value", "n", "status"]] = [float(exact), exact, ""]
    found = audit(Released(table))
    assert [f.key.split("|")[2] for f in found] == ["waiting_band_8_14"] and (
        found[0].lo,
        found[0].hi,
    ) == (2, 2)


def test_the_audit_finds_a_small_count_that_is_shown() -> None:
    table = frame([count("waiting", 3)]).assign(status="")
    assert [f.what for f in audit(Released(table))] == [
        "shown although it is about too few children"
    ]


def test_a_re_issue_does_not_undo_what_was_hidden() -> None:
    """First issue: removed 2 and one flow hidden. The second issue may not show what together gives the 2 away."""
    figures = frame(
        [
            count("waiting", 100, end="2024-06-30"),
            count("waiting", 103),
            count("starts", 20, start=START),
            count("completed", 15, start=START),
            count("removed_other", 2, start=START),
        ]
    )
    first = release(figures)
    second = release(figures, previous=[first])
    assert audit(second, [first]) == []
    assert second.table.equals(first.table)
    other = first.table.copy()
    for at in other.index[other["status"] == "c"]:  # a release that hides the other flow instead
        other.loc[at, ["value", "n", "status"]] = (
            [15.0, 15, ""] if other.at[at, "measure"] == "completed" else [20.0, 20, ""]
        )
        if other.at[at, "measure"] == "removed_other":
            other.loc[at, ["value", "n", "status"]] = [math.nan, pd.NA, "c"]
    assert {f.key.split("|")[2] for f in audit(Released(other), [first])} >= {"removed_other"}


@pytest.mark.parametrize(
    ("size", "k", "profile"),
    [
        (49, 5, "board"),
        (127, 8, "board"),
        (450, 10, "board"),
        (700, 5, "board"),
        (127, 5, "public"),
        (700, 8, "public"),
    ],
)
def test_random_services_are_released_safely(size: int, k: int, profile: str) -> None:
    figures, kth = made_figures(size + k, size, months=3, pathways=("OT_HEALTH",))
    released = release(figures, profile=profile, k=k, kth_longest=kth(k))
    assert audit(released) == []
    _is_true_to(released, figures, profile, k)


def _is_true_to(released: Released, figures: pd.DataFrame, profile: str, k: int) -> None:
    """Hidden cells are no zeros, board totals are exact, and every breakdown is whole."""
    on = COLUMNS[:6]
    both = released.table.merge(figures, on=on, suffixes=("", "_exact"), validate="one_to_one")
    assert len(both) == len(released.table)
    counts = both[both["unit"] == "count"]
    assert (counts[counts["status"] == "c"]["value_exact"] > 0).all()
    if profile == "board":
        lists = counts[
            (counts["measure"] == "waiting")
            & (counts["group"] == "")
            & (counts["value_exact"] >= k)
        ]
        assert (lists["value"] == lists["value_exact"]).all()
    for _, rows in counts[counts["group"] != ""].groupby(["pathway", "wait", "measure"]):
        assert len(rows) == 7


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_random_services_are_released_safely(seed: int) -> None:
    size, k = (49, 127, 450, 700)[seed % 4], (5, 8, 10)[seed % 3]
    profile = "public" if seed % 5 == 0 else "board"
    figures, kth = made_figures(
        seed,
        size,
        months=6,
        pathways=(("NST",), ("EHC",), ("OT_HEALTH",), ("SLCN",))[seed // 4 % 4],
        removed=(0.02, 0.1, 0.3)[seed % 3],
    )
    released = release(figures, profile=profile, k=k, kth_longest=kth(k))
    assert audit(released) == []
    _is_true_to(released, figures, profile, k)
    later, kth_later = made_figures(
        seed, size, months=6, as_at=date(2024, 8, 31), pathways=("SLCN",)
    )
    first = release(later[later["period_end"] <= "2024-07-31"], profile=profile, k=k)
    second = release(later, profile=profile, k=k, kth_longest=kth_later(k), previous=[first])
    assert audit(second, [first]) == []
