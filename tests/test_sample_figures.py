"""The partner update's figures, computed by the package from the records of the sample in this repository."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from as_printed import as_printed

import sendwaits as sw

ROOT = Path(__file__).resolve().parents[1]
FIGURES = pd.read_csv(
    Path(__file__).with_name("board_figures.csv"), keep_default_na=False, dtype=str
)


@cache
def _area() -> sw.Area:
    return sw.open(ROOT)


@cache
def _table(pathway: str, as_at: str, period: str, group: str) -> pd.DataFrame:
    return as_printed(_area().figures(as_at=as_at, pathway=pathway, period=period, group=group))


def _row(figure: pd.Series, period_end: str) -> pd.Series:
    table = _table(
        figure["pathway"], figure["as_at"], figure["period"], figure["group"].partition("=")[0]
    )
    wanted = {
        "wait": figure["wait"],
        "measure": figure["measure"],
        "group": figure["group"],
        "period_end": period_end,
    }
    found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    "at",
    range(len(FIGURES)),
    ids=[f"{f.id} {f.pathway} {f.as_at} {f.period_end}" for f in FIGURES.itertuples()],
)
def test_the_package_computes_a_figure_of_the_update_from_records(at: int) -> None:
    figure = FIGURES.iloc[at]
    row = _row(figure, figure["period_end"])
    value = row["value"]
    if figure["compare_to"]:
        value = 100 * (value / _row(figure, figure["compare_to"])["value"] - 1)
    if figure["unit"] == "months":
        value = value * 7 / 30.4375
    assert value == pytest.approx(float(figure["expected"]), abs=float(figure["tolerance"]) + 1e-9)
    if figure["denominator"]:
        assert (row["numerator"], row["denominator"]) == (
            int(figure["numerator"]),
            int(figure["denominator"]),
        )


def test_the_ten_children_over_18_weeks_at_19_july_all_have_a_booked_appointment() -> None:
    waits = _area().built("OT_HEALTH", "2024-07-19").waits
    census = pd.Timestamp("2024-07-19")
    waiting = waits[
        (waits["wait"] == "assessment") & (waits["start"] <= census) & ~(waits["stop"] <= census)
    ]
    over = waiting[(census - waiting["start"]).dt.days > 126]
    assert len(over) == 10
    assert (over["next_appointment_date"] > census).all()


def test_every_line_of_the_table_names_a_row_of_the_published_list_and_its_population() -> None:
    assert set(FIGURES["id"]) == {
        "S05",
        "S06",
        "S07",
        "S15",
        "S16",
        "S22",
        "S27",
        "S29",
        "S30",
        "S32",
        "S33",
        "S34",
        "S35",
        "S36",
        "S37",
        "S38",
        "S39",
        "S40",
        "S41",
        "S42",
        "S43",
        "S44",
    }
    assert (FIGURES["population and statistic chosen"].str.len() > 20).all()


@pytest.mark.parametrize(
    ("measure", "months", "total"),
    [
        ("mediation_meetings", ("2023-01", "2023-03"), 38),
        ("mediation_meetings", ("2024-01", "2024-09"), 3),
        ("tribunals_held", ("2024-01", "2024-09"), 0),
        ("appeals_registered", ("2022-01", "2022-12"), 123),
        ("appeals_registered", ("2023-01", "2023-12"), 106),
        ("appeals_registered", ("2024-01", "2024-09"), 138),
        ("melatonin_spend", ("2023-03", "2023-03"), 36_240),
        ("melatonin_spend", ("2024-01", "2024-01"), 22_000),
    ],
)
def test_a_monthly_series_adds_up_to_the_published_total(
    measure: str, months: tuple[str, str], total: int
) -> None:
    series = pd.read_csv(ROOT / "data" / "raw" / f"series_{measure}.csv")
    assert series["value"][series["month"].between(*months)].sum() == total
    assert (
        list(series["month"])
        == [f"{y}-{m:02d}" for y in range(2021, 2025) for m in range(1, 13)][:45]
    )
