"""The release door on the sample: whole series, one grain and form each, closed by default."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sendwaits.intake import load as loading
from sendwaits.release import door
from sendwaits.release.door.system import BEFORE, NOW, System
from sendwaits.release.key import COLUMNS
from sendwaits.release.profile import Profile
from sendwaits.workspace import open_workspace

AS_AT = date(2024, 9, 30)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def exact() -> dict[str, tuple[pd.DataFrame, dict]]:
    """Exact candidates and k-th longest waits of two services of the sample: many referrals and few."""
    workspace = open_workspace(ROOT)
    files = loading.present(workspace, AS_AT).files
    found = {}
    for code in ("EHC", "SLCN_AUTISM"):
        built, pathway = loading.load(workspace, code, files[code]), workspace.pathway(code)
        kth = {k: door.kth_longest(built, pathway, AS_AT, k) for k in (5, 8)}
        found[code] = (door.candidates(built, pathway, AS_AT), kth)
    return found


def released(exact, code: str, profile: Profile) -> door.Released:
    figures, kth = exact[code]
    return door.release(
        figures, profile=profile, kth_longest=kth.get(profile.smallest), as_at=AS_AT
    )


@pytest.mark.parametrize("name", ["board", "public"])
@pytest.mark.parametrize("code", ["EHC", "SLCN_AUTISM"])
def test_a_published_series_has_no_hole(exact, code: str, name: str) -> None:
    """Every period of a series' grain between its first and its last stands in the table, each once."""
    done = released(exact, code, Profile(name))
    assert list(done.table.columns) == COLUMNS
    plan = done.plan[(done.plan["group"] == "") & done.plan["grain"].isin(["month", "quarter"])]
    assert len(plan) > 10
    for row in plan.itertuples():
        rows = done.table[
            (done.table["wait"] == row.wait)
            & (done.table["measure"] == row.measure)
            & (done.table["group"] == "")
        ]
        if rows["period_start"].notna().any():
            months = (
                rows["period_end"].dt.to_period("M").astype("int64")
                - rows["period_start"].dt.to_period("M").astype("int64")
                + 1
            )
            rows = rows[months == {"month": 1, "quarter": 3}[row.grain]]
        ends = rows["period_end"].dt.to_period("M").astype("int64").sort_values()
        assert (ends.diff().dropna() == {"month": 1, "quarter": 3}[row.grain]).all(), row
        assert len(ends) == {"month": 24, "quarter": 8}[row.grain], row


def test_c_is_a_fact_and_nothing_else_is_hidden(exact) -> None:
    """Of a count, [c] stands for 1 to 4 and for nothing else; a share's [c] keeps its denominator."""
    figures, _ = exact["SLCN_AUTISM"]
    done = released(exact, "SLCN_AUTISM", Profile("board"))
    truth = figures.set_index(["wait", "measure", "group", "period_start", "period_end"])["value"]
    counts = done.table[
        (done.table["unit"] == "count") & ~done.table["group"].str.contains("all o")
    ]
    seen = 0
    for row in counts.itertuples():
        start = "" if pd.isna(row.period_start) else row.period_start.date().isoformat()
        value = truth[row.wait, row.measure, row.group, start, row.period_end.date().isoformat()]
        assert (row.form == "c") == (1 <= value <= 4), row
        seen += row.form == "c"
    assert seen >= 5
    shares = done.table[(done.table["unit"] == "percent") & (done.table["form"] == "c")]
    assert shares["denominator"].notna().all() and shares["numerator"].isna().all()


def test_public_rounds_every_count_to_five(exact) -> None:
    done = released(exact, "EHC", Profile("public"))
    counts = done.table[(done.table["unit"] == "count") & (done.table["form"] == "rounded")]
    assert len(counts) > 100 and (counts["value"] % 5 == 0).all()
    assert not (done.table["form"] == "exact").any()


def test_a_measure_without_a_declared_relation_is_not_published(exact) -> None:
    """A measure of the documented recipe that says nothing of its relation stays in, and the plan says why."""
    figures, kth = exact["SLCN_AUTISM"]
    known = figures[(figures["measure"] == "waiting") & (figures["group"] == "")]
    more = pd.concat([figures, known.assign(measure="waiting_known_sex")], ignore_index=True)
    done = door.release(more, profile=Profile("board"), kth_longest=kth[5], as_at=AS_AT)
    assert not (done.table["measure"] == "waiting_known_sex").any()
    reason = done.plan.loc[done.plan["measure"] == "waiting_known_sex", "reason"]
    assert reason.str.contains("not declared").all() and len(reason) == 1


def test_a_restated_count_that_becomes_known_is_told_and_is_no_bug() -> None:
    """6 was printed, 3 is printed now: the earlier number gives way, so exactly 3 is left; 10 then 12 harms nobody."""

    def weak(before: int, now: int) -> list[tuple]:
        system = System()
        system.add({"a": 1.0}, before, before, None, BEFORE)
        system.add({"a": 1.0}, now, now, "now", NOW)
        system.protect("a", {"a": 1.0})
        return [(w.name, w.lo, w.hi, w.sources) for w in system.weak(3, 4)]

    assert weak(6, 3) == [("a", 3, 3, frozenset({"now"}))]
    assert weak(10, 12) == []


def test_a_service_of_a_hundred_thousand_children_is_judged_like_a_small_one() -> None:
    """List before + joined - completed - left = list after: with both lists printed, the 3 who left are told, at any size."""
    for size in (1_000.0, 100_000.0, 3_000_000.0):
        system = System()
        system.add({"before": 1}, size, size, "waiting", NOW)
        system.add({"after": 1}, size + 100, size + 100, "waiting", NOW)
        system.add({"joined": 1}, size - 50, size - 50, "starts", NOW)
        system.add({"seen": 1}, size - 153, size - 153, "completed", NOW)
        system.add({"before": 1, "joined": 1, "seen": -1, "left": -1, "after": -1}, 0, 0)
        system.protect("left", {"left": 1})
        (weak,) = system.weak(need=4, small=4)
        assert (weak.lo, weak.hi) == (3, 3)


@pytest.mark.parametrize("name", ["board", "public"])
@pytest.mark.parametrize("code", ["EHC", "SLCN_AUTISM"])
def test_a_printed_number_differs_from_the_exact_one_by_its_rounding_only(
    exact, code: str, name: str
) -> None:
    """Counts by 2 at most where rounded, means by half a tenth, shares by what 2 either way in both counts can do."""
    figures, _ = exact[code]
    truth = figures.set_index(["wait", "measure", "group", "period_start", "period_end"])
    done, seen = released(exact, code, Profile(name)).table, 0
    shown = done[(done["group"] == "") & done["form"].isin(["exact", "rounded"])]
    for row in shown[~shown["measure"].str.startswith("longest_")].itertuples():
        start = "" if pd.isna(row.period_start) else row.period_start.date().isoformat()
        real = truth.loc[row.wait, row.measure, row.group, start, row.period_end.date().isoformat()]
        off = 2 if row.form == "rounded" else 0
        if row.unit == "count":
            assert abs(row.value - real["value"]) <= off, row
        elif row.unit == "weeks":
            assert abs(row.value - real["value"]) <= 0.05 + 1e-9, row
        else:
            assert abs(row.numerator - real["numerator"]) <= off, row
            low, high = (
                100 * max(0, row.numerator - s) / (row.denominator + s) for s in (off, -off)
            )
            assert low - 0.05 - 1e-9 <= real["value"] <= max(high, 0) + 0.05 + 1e-9, row
        seen += 1
    assert seen > 150


@pytest.mark.parametrize("name", ["board", "public"])
def test_limits_of_a_printed_series_are_those_of_the_exact_one_within_its_rounding(
    exact, name: str
) -> None:
    """Rounding moves a point by 2, so the mean by 2 and a mean moving range by 4: limits by 2 + 2.66 x 4 at most."""
    from sendwaits.measure.spc import spc

    figures, _ = exact["EHC"]
    done, seen = released(exact, "EHC", Profile(name)), 0
    for row in done.plan[(done.plan["group"] == "") & (done.plan["grain"] == "month")].itertuples():
        told = _series(done.table, row.wait, row.measure)
        real = _series(figures, row.wait, row.measure)
        if len(told) < 24 or told.isna().any() or figures_unit(figures, row.measure) != "count":
            continue
        one, other = (spc(values.to_numpy()).iloc[-1] for values in (told, real.loc[told.index]))
        off = 2 if row.form == "rounded" else 0
        assert abs(one["mean"] - other["mean"]) <= off + 1e-9
        for limit in ("lower", "upper"):
            assert abs(one[limit] - other[limit]) <= off + 2.66 * 2 * off + 1e-9
        seen += 1
    assert seen >= 4


def _series(table: pd.DataFrame, wait: str, measure: str) -> pd.Series:
    """Month end -> value of a service's monthly series."""
    mine = table[
        (table["wait"] == wait) & (table["measure"] == measure) & (table["group"] == "")
    ].copy()
    for name in ("period_start", "period_end"):
        mine[name] = pd.to_datetime(mine[name].replace("", None))
    length = (mine["period_end"] - mine["period_start"]).dt.days
    return mine[length.isna() | (length < 31)].set_index("period_end")["value"].sort_index()


def figures_unit(figures: pd.DataFrame, measure: str) -> str:
    return str(figures.loc[figures["measure"] == measure, "unit"].iloc[0])
