"""A service's list beside the published community lists: shares by time waited, each with its own date."""

from __future__ import annotations

import pandas as pd
import pytest
from made_frames import released, stock

from sendwaits.pathways import BANDS, built_in
from sendwaits.release import gate

SLCN = built_in()["SLCN"]
WEEKS = ("0-1", "1-2", "2-4", "4-12", "12-18", "18-52", "52-104", "104+")


def published(counts, month="2025-10", level="National", name="England"):
    rows = [
        (month, level, "X", name, SLCN.community_service, w, n)
        for w, n in zip(WEEKS, counts, strict=True)
    ]
    names = ["month", "level", "code", "name", "service", "band_weeks", "waiting"]
    return pd.DataFrame(rows, columns=names).astype({"waiting": "Int64"})


def own(counts):
    named = [f"waiting_band_{low}_{'plus' if high is None else high}" for low, high in BANDS]
    rows = [
        r
        for m, n in zip(named, counts, strict=True)
        for r in stock("SLCN", "contact", [n], measure=m)
    ]
    return released(rows)


def shares(table, measure):
    mine = table[table["measure"] == f"published:{measure}"]
    return {r.group: (round(r.value, 1), str(r.period_end.date())) for r in mine.itertuples()}


OURS = [
    10.0,
    10.0,
    20.0,
    30.0,
    30.0,
    60.0,
    40.0,
    0.0,
]  # 200 children, 100 past 18 weeks, 40 past 52


def test_the_shares_past_18_and_52_weeks_of_each_place_with_the_day_they_are_of():
    both = pd.concat([
        published([100] * 8),  # 300 of 800 past 18 weeks
        published([0, 0, 0, 0, 50, 50, 0, 0], level="ICB", name="EXAMPLESHIRE AND ELSEWHERE"),
        published([9] * 8, level="Provider", name="EXAMPLESHIRE TRUST"),
    ])  # fmt: skip
    table = gate.community(both, SLCN, own(OURS), "Exampleshire")
    assert shares(table, "waiting_over_18_weeks") == {
        "place=Exampleshire": (50.0, "2024-07-31"),
        "place=England": (37.5, "2025-10-31"),
        "place=Exampleshire and Elsewhere (NHS board)": (50.0, "2025-10-31"),
    }
    assert shares(table, "waiting_over_52_weeks")["place=Exampleshire"] == (20.0, "2024-07-31")
    assert shares(table, "waiting_band_127_364")["place=England"][0] == 12.5


def test_a_hidden_band_of_ours_or_no_published_list_leaves_the_comparison_out():
    assert not len(gate.community(published([1] * 8), SLCN, own([None, *OURS[1:]]), "Exampleshire"))
    none = published([1] * 8).iloc[:0]
    assert not len(gate.community(none, SLCN, own(OURS), "Exampleshire"))


def test_our_share_is_that_of_the_list_as_printed_where_its_bands_are_rounded():
    lists = [
        *stock("SLCN", "contact", [203.0]),
        *stock("SLCN", "contact", [98.0], measure="waiting_over_18_weeks"),
    ]
    both = pd.concat([own(OURS), released(lists)], ignore_index=True)
    table = gate.community(published([100] * 8), SLCN, both, "Exampleshire")
    found = shares(table, "waiting_over_18_weeks")["place=Exampleshire"][0]
    assert found == pytest.approx(48.3)  # 98 of 203
