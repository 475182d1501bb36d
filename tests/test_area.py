"""What an analyst meets in JupyterLab: one object, pandas in and out, tables a screen reader can read, help on a mistake."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from lxml import html

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.release.show import show

AS_AT = "2024-07-31"


@pytest.fixture(scope="module")
def area(tmp_path_factory):
    from sendwaits import sample

    folder = tmp_path_factory.mktemp("ws")
    sample.write(folder, size="small")
    return sw.open(folder)


@pytest.fixture
def few(tmp_path):
    """Five referrals: two seen after 70 and 140 days, one closed, two open on 31 July 2024 for 30 and 60 days."""
    rows = [
        "child_id,referral_id,referral_date,first_contact_date,closed_date",
        "A,1,2024-01-01,2024-03-11,",
        "B,2,2024-02-01,2024-06-20,",
        "C,3,2024-05-01,,2024-06-01",
        "D,4,2024-06-01,,",
        "E,5,2024-07-01,,",
    ]
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text(
        '[area]\nname = "Small"\n[[change_points]]\npathway = "SLCN"\ndate = "2024-04-01"\nlabel = "New model"\n',
        encoding="utf-8",
    )
    (tmp_path / "data" / "raw" / "SLCN_2024-07-31.csv").write_text(
        "\n".join(rows) + "\n", encoding="utf-8"
    )
    return sw.open(tmp_path)


def test_three_lines_give_the_list_month_by_month(few):
    table = few.waiting("SLCN", months=3)
    assert isinstance(table, pd.DataFrame)
    # 31 May: B, C; 30 June: D (C left on 1 June, B was seen on the 20th); 31 July: D, E
    assert table["waiting"].tolist() == [2, 1, 2] and str(table["waiting"].dtype) == "Int64"
    assert table.loc["2024-07-31", "mean_weeks_open"] == (60 + 30) / 2 / 7


def test_the_newest_extract_is_the_census_day_when_none_is_named(few):
    assert few.figures()["period_end"].max() == pd.Timestamp(AS_AT)


def test_one_measure_is_a_series_of_months(few):
    table = few.series("SLCN", "referrals", months=7)
    assert table["value"].tolist() == [1, 1, 0, 0, 1, 1, 1] and set(table["wait"]) == {""}


def test_limits_start_anew_at_the_change_points_of_the_settings(few):
    table = few.spc("SLCN", "waiting", months=7)
    assert table["rebase_group"].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert (
        table["mean"].tolist() == [4 / 3] * 3 + [1.5] * 4
    )  # January to March: 1, 2, 1; April to July: 1, 2, 1, 2


def test_the_change_of_a_count_names_its_periods_and_refuses_unequal_ones(few):
    row = few.change("SLCN", "completed", "2024-06", "2024-03").iloc[0]
    assert (row["base"], row["now"], row["percent"]) == (1, 1, 0)
    with pytest.raises(Refused, match="unequal"):
        few.change("SLCN", "referrals", "2024-07", "2024")
    with pytest.raises(Refused, match="count of events.*referrals"):
        few.change("SLCN", "waiting", "2024-07", "2024-06")


def test_the_state_of_a_list_is_told_against_a_target(few):
    row = few.queue("SLCN", target_wait_weeks=18).iloc[0]
    assert row["waiting"] == 2 and row["demand_count"] == 5 and row["capacity_count"] == 3
    assert row["demand_weekly"] == pytest.approx(5 / 52)
    assert row["pressure"] == pytest.approx(2 * (45 / 7) / 18)


def test_the_wait_to_expect_is_that_of_the_forecast_page_shares_by_weeks_waited(area):
    table = area.wait_to_expect("SLCN", as_at=AS_AT).set_index("measure")
    shares = [table.at[f"seen_within_{w}_weeks_pct", "p50"] for w in (20, 40, 52, 78)]
    assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] <= 100
    page = area.report("forecast", "SLCN", as_at=AS_AT).expect()
    assert (
        shares[0] == page.query("measure.str.contains('_20_') and group == 'p50'")["value"].iloc[0]
    )


def test_the_months_ahead_add_up_and_a_target_is_told_what_it_needs(area):
    months = area.flows_ahead("SLCN", as_at=AS_AT).pivot_table(
        index="target_date", columns="measure", values="mean"
    )
    moved = months["joined"] - months["completed"] - months["left"]
    # the second month's list = the first's + joined - completed - left, up to rounding to whole children
    assert abs(months["waiting"].diff() - moved).iloc[1:].max() < 1
    needed = area.capacity_needed("SLCN", as_at=AS_AT).iloc[0]
    assert needed["needed_p10"] <= needed["needed"] <= needed["needed_p90"]
    assert needed["note"] == "within_standard_pct at least 70" and needed["present"] > 0


def test_the_shares_still_waiting_seen_and_removed_add_up_on_every_day(area):
    shares = area.survival("SLCN", as_at=AS_AT)
    total = shares[["waiting", "completed", "removed"]].sum(axis=1)
    assert total.round(9).eq(1).all()


def test_statements_are_recomputed_in_one_call(area):
    table = area.claims(as_at=AS_AT)
    assert len(table) == 49
    requests = table[table["text"].str.startswith("Requests for EHC")].iloc[0]
    years = area.figures(AS_AT, "EHC", period="year").query("measure == 'referrals'")
    known = years.set_index(years["period_end"].astype(str))["value"]
    assert requests["base"] == known["2022-12-31"] and requests["now"] == known["2023-12-31"]


def test_an_area_that_is_in_no_published_file_has_no_comparison(tmp_path):
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    table = sw.open(tmp_path).benchmark()
    assert table.empty and {"measure", "place", "kind", "value"} <= set(table.columns)


def test_a_report_offers_its_sections_and_a_misspelt_one_names_them(few):
    report = few.report("backlog", "SLCN", as_at=AS_AT, profile="analyst")
    assert {"ages", "flow", "districts", "publish", "released"} <= set(dir(report))
    with pytest.raises(AttributeError, match="has no section 'flw'. It has: .*flow"):
        report.flw
    with pytest.raises(Refused, match="The report trend is about one service. Name its pathway"):
        few.report("trend")


def test_the_way_back_leads_to_file_and_row(few):
    rows = few.rows_behind("SLCN", "contact", "waiting", AS_AT)
    assert rows[["source_file", "source_row"]].values.tolist() == [
        ["SLCN_2024-07-31.csv", 5],
        ["SLCN_2024-07-31.csv", 6],
    ]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda a: a.waiting("NTS"), "No pathway 'NTS'. Choose one of: NST, OT_HEALTH"),
        (lambda a: a.waiting("SLCN", "contcat"), "has no wait 'contcat'. Choose one of: contact"),
        (lambda a: a.series("SLCN", "wating"), "has no measure 'wating'. Choose one of: referrals"),
        (lambda a: a.figures(group="distrct"), "No group 'distrct'. Choose one of: district"),
        (lambda a: a.figures(period="week"), "No period 'week'. Choose one of: month"),
        (
            lambda a: a.report("backlog", "SLCN", as_at=AS_AT, profile="boss"),
            "No profile 'boss'. Choose one of: analyst",
        ),
        (lambda a: a.change("SLCN", "referrals", "2019-01", "2018-01"), "period|base is 0"),
        (lambda a: a.waiting("SLCN", as_at="31/07/2024"), "as_at: must be a date as YYYY-MM-DD"),
    ],
)
def test_help_on_a_mistake_names_what_exists(few, ask, said):
    with pytest.raises(Refused, match=said):
        ask(few)


def test_a_misspelt_call_lists_the_calls_and_tab_shows_only_them(few):
    with pytest.raises(AttributeError, match="has no 'wating'. It has: .*waiting"):
        few.wating
    offered = dir(few)
    assert {
        "figures",
        "waiting",
        "forecast",
        "report",
        "spc",
        "survival",
        "claims",
        "benchmark",
        "rows_behind",
    } <= set(offered)
    assert not [name for name in offered if name.startswith("_")]


def test_every_call_has_a_docstring_with_an_example_or_one_line():
    for name, call in vars(sw.Area).items():
        if inspect.isfunction(call) and not name.startswith("_"):
            lines = (call.__doc__ or "").strip().splitlines()
            assert lines and len(lines[0]) > 25, name
            assert ">>>" in call.__doc__ or name in (
                "day",
                "built",
                "contents",
                "pathways",
            ), name


def test_a_table_in_a_notebook_has_a_caption_and_scopes_and_keeps_its_values():
    table = show(
        pd.DataFrame(
            {
                "measure": ["<b>", "x"],
                "value": [2.0, 2.25],
                "unit": ["count", "weeks"],
                "n": pd.array([2, None], dtype="Int64"),
            }
        ),
        "Two & more",
    )
    page = html.fromstring(table._repr_html_())
    assert page.find("caption").text == "Two & more (2 rows)"
    assert [th.get("scope") for th in page.iter("th")] == ["col"] * 4 + ["row"] * 2
    cells = [[c.text or "" for c in row] for row in page.findall(".//tbody/tr")]
    assert cells == [
        ["<b>", "2", "count", "2"],
        ["x", "2.3", "weeks", ""],
    ]  # 2.25 is half up, not half even
    assert table["value"].tolist() == [2.0, 2.25]
    assert (
        type(table.query("n == 2")).__name__ == "Frame"
        and table.query("n == 2").caption == "Two & more"
    )


def test_a_long_table_says_that_it_is_cut():
    page = html.fromstring(show(pd.DataFrame({"a": range(100)}), "Long")._repr_html_())
    assert (
        page.find("caption").text == "Long (100 rows, the first and last 15 shown)"
        and len(page.findall(".//tbody/tr")) == 30
    )
