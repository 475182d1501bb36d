"""A service that is known by counts in bands of time alone: its list, never mixed with records, and no flows."""

from __future__ import annotations

import pytest
from extract_made import put, rows, text

import sendwaits as sw
from sendwaits import intake
from sendwaits.errors import Refused
from sendwaits.intake import banded
from sendwaits.run.starting import map_headings

DAY = "2024-07-31"
LONG = "band,waiting\n0-4 weeks,10\n>4-18 weeks,20\n>18-52 weeks,8\nover 52 weeks,2\n"


def area(tmp_path, content=LONG, name=f"bands_SLCN_{DAY}.csv"):
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "X"\n', encoding="utf-8")
    data = content if isinstance(content, bytes) else content.encode()
    (raw / name).write_bytes(data)
    return sw.open(tmp_path)


def values(area, as_at=DAY, **call):
    table = area.figures(as_at=as_at, **call)
    table = table[table["period_end"].astype(str).str[:10] == as_at]
    return dict(zip(table["measure"], table["value"], strict=True))


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["0-1 weeks", ">1-2 weeks", ">2 weeks"], [(0, 7), (8, 14), (15, None)]),
        (["0-7", "8-14", "15-28", "29-84", "85-126", "127-364", "365-728", "729+"], list(sw.pathways.BANDS)),
        (["up to 12 weeks", "12 to 52 weeks", "52 to 104 weeks", "over 104 weeks"], [(0, 84), (85, 364), (365, 728), (729, None)]),
        (["<=84 days", "85-126 days", ">=127 days"], [(0, 84), (85, 126), (127, None)]),
        (["0-4 weeks", "5-8 weeks", "9+ weeks"], [(0, 34), (35, 62), (63, None)]),
        (["over 18 weeks", "within 18 weeks"], [(127, None), (0, 126)]),
        (["0-18 weeks", "19 weeks or more"], [(0, 132), (133, None)]),
        (["0-1 weeks", ">2 weeks"], None),
        (["0-7", "8-14", "15+"], None),  # days or weeks?
        (["0-1 months", "1+ months"], None),
        (["0-7 days", "5+ days"], None),
    ],
)  # fmt: skip
def test_bands_are_days_that_join_up_or_none(texts, days):
    assert banded.days_of(texts) == days


def test_a_list_by_bands_prints_its_length_its_lines_and_its_interpolated_percentiles(tmp_path):
    """40 wait: rank 20.5 lies 10.5 / 20 into 4 to 18 weeks, 4 + 7.35; rank 36.8 lies 6.8 / 8 into 18 to 52 weeks, 18 + 28.9."""
    found = values(made := area(tmp_path))
    assert found["waiting"] == 40 and found["waiting_over_18_weeks"] == 10
    assert found["waiting_over_52_weeks"] == 2 and found["waiting_band_127_364"] == 8
    assert found["median_weeks_open_interpolated"] == pytest.approx(11.35)
    assert found["p92_weeks_open_interpolated"] == pytest.approx(46.9)
    assert (
        "median_weeks_open" not in found
        and "starts" not in found
        and "waiting_band_0_7" not in found
    )
    assert any("known by bands of time alone" in line for line in made.said)


def test_a_percentile_in_the_open_band_is_not_told(tmp_path):
    found = values(area(tmp_path, LONG.replace("52 weeks,2", "52 weeks,200")))
    assert found["waiting"] == 238 and "median_weeks_open_interpolated" not in found


@pytest.mark.parametrize(
    "content",
    [
        LONG,
        "date,wait,band,waiting\n" + "".join(f"31/07/2024,contact,{line}\n" for line in LONG.splitlines()[1:]),
        "0-4 weeks;>4-18 weeks;>18-52 weeks;over 52 weeks\n10;20;8;2\n",
        "Community SitRep\n\nSnapshot date,0-4 weeks,4-18 weeks,18-52 weeks,52+ weeks,Total\n2024-07-31,10,20,8,2,40\n",
        LONG.replace("band", "Weeks band").replace(" weeks", ""),
        LONG + "Total,40\n",
        LONG.encode("utf-16"),
        LONG.replace("20", '" 20"'),
    ],
)  # fmt: skip
def test_one_list_in_many_layouts_is_one_list(content, tmp_path):
    found = values(made := area(tmp_path, content))
    assert (found["waiting"], found["waiting_over_18_weeks"]) == (40, 10)
    assert "red" not in set(intake.check(made.workspace).findings["severity"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (LONG.replace(">4-18", ">5-18"), "Q-UNIT"),
        (LONG.replace(",8", ",[c]"), "Q-UNIT"),
        (LONG.replace(",8", ",-8"), "Q-UNIT"),
        (LONG.replace("over 52", ">18-52"), "Q-UNIT"),
        ("band,waiting\n", "Q-UNIT"),
        ("child_id,referral_date\na,2024-01-01\n", "F-COLMISSING"),
        (LONG.replace(" weeks", ""), "Q-UNIT"),
    ],
)
def test_a_list_of_which_a_band_is_missing_or_hidden_is_refused(content, code, tmp_path):
    made = area(tmp_path, content)
    with pytest.raises(Refused) as refused:
        made.figures(as_at=DAY)
    assert refused.value.code == code
    assert (
        intake.check(made.workspace).manifest["files"][f"bands_SLCN_{DAY}.csv"]["refused"] == code
    )


def test_a_total_that_is_not_the_sum_is_red(tmp_path):
    found = intake.check(area(tmp_path, LONG + "Total,44\n").workspace).findings
    assert (
        "totals of the file are not the sums"
        in found[found["severity"] == "red"]["message"].iloc[0]
    )


def test_several_dates_are_several_censuses_and_the_ledger_adds_up(tmp_path):
    lines = [line for line in LONG.splitlines()[1:]]
    content = "date,band,waiting\n" + "".join(
        f"{day},{line}\n" for day in ("2024-05-31", "2024-06-29", "31/07/2024") for line in lines
    )
    made = area(
        tmp_path, content.replace("2024-06-29,over 52 weeks,2", "2024-06-29,over 52 weeks,5")
    )
    table = made.figures(as_at=DAY, months=4)
    waiting = table[table["measure"] == "waiting"]
    assert waiting["value"].tolist()[1:] == [
        40,
        43,
        40,
    ]  # the 29th stands for the 30th; April is not known
    assert waiting["value"].isna().tolist() == [True, False, False, False]
    counts = intake.check(made.workspace).manifest["files"][f"bands_SLCN_{DAY}.csv"]
    assert (counts["read"], counts["clean"], counts["quarantined"]) == (12, 12, 0)


def test_a_service_of_several_waits_names_them(tmp_path):
    with pytest.raises(Refused, match="Add a column wait with assessment, treatment"):
        area(tmp_path, name=f"bands_OT_HEALTH_{DAY}.csv").figures(as_at=DAY)
    lines = "".join(f"treatment,{line}\n" for line in LONG.splitlines()[1:])
    made = area(tmp_path, "wait,band,waiting\n" + lines, f"bands_OT_HEALTH_{DAY}.csv")
    assert set(made.figures(as_at=DAY)["wait"]) == {"treatment"}


def test_bands_are_never_mixed_with_records(tmp_path):
    put(tmp_path, text(rows()))
    alone = sw.open(tmp_path).figures(as_at=DAY)
    both = area(tmp_path)
    assert both.figures(as_at=DAY).equals(alone)
    assert any("is not used beside its records" in line for line in both.said)


def test_map_says_that_these_are_counts(tmp_path):
    area(tmp_path)
    path = tmp_path / "data" / "raw" / f"bands_SLCN_{DAY}.csv"
    assert "holds counts by time band, not children" in map_headings(path, "SLCN")
    extract = put(tmp_path, text(rows()))
    assert "[pathways.SLCN.headings]" in map_headings(extract, "SLCN")


def test_without_records_there_is_no_forecast_and_it_is_said(tmp_path):
    with pytest.raises(Refused, match="no flows, no pages and no forecast"):
        area(tmp_path).forecast("SLCN", as_at=DAY)
