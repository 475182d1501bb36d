"""The queue forecast: children whole and none lost, seeded numbers, the rows of the contract, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.intake.waits import Built, build
from sendwaits.outlook import queue
from sendwaits.outlook.queue import readout, scenarios
from sendwaits.outlook.queue.discipline import _due_guess
from sendwaits.outlook.queue.flows import calendar, clinics, fit_level, unblocked
from sendwaits.outlook.queue.history import read_service
from sendwaits.outlook.queue.joined import joined
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.monthly import weekly_flows
from sendwaits.outlook.queue.pace import seen_evenly
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.reading import Model, Paths
from sendwaits.outlook.queue.referred import two_humps
from sendwaits.outlook.queue.rolling import roll, waits_of
from sendwaits.outlook.queue.simple import simple
from sendwaits.outlook.queue.standing import Standing, standing
from sendwaits.outlook.queue.station import Queue, whole_poisson
from sendwaits.pathways import Pathway, built_in
from sendwaits.workspace import AreaInfo, Scenario, Target, Workspace

AS_AT = date(2024, 7, 31)


def rows_of(pathway: Pathway, records: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "child_id": [f"local:{k}" for k in range(len(records))],
            pathway.record_id: [f"R{k:05d}" for k in range(len(records))],
        }
    )
    for column, kind in pathway.columns.items():
        if column in frame:
            continue
        given = [r.get(column) for r in records]
        frame[column] = (
            pd.to_datetime(pd.Series(given, dtype=object)).astype("datetime64[s]")
            if kind in ("date", "future", "birth")
            else pd.Series([g or "" for g in given], dtype=object)
        )
    return frame.assign(
        source_file="made_up.csv",
        sheet="",
        source_row=range(2, len(records) + 2),
        extract_date=pd.Timestamp(AS_AT),
    )


def built(code: str, records: list[dict[str, object]]) -> tuple[Built, Pathway]:
    pathway = built_in()[code]
    return build([rows_of(pathway, records)], pathway, lambda ids: ids), pathway


def steady(weeks: int = 120, a_week: int = 5, wait_weeks: int = 20) -> list[dict[str, object]]:
    """``a_week`` referrals each Monday, each seen exactly ``wait_weeks`` later, two years and more before as_at."""
    out = []
    monday = AS_AT - timedelta(days=AS_AT.weekday())
    for back in range(weeks):
        start = monday - timedelta(weeks=back)
        seen = start + timedelta(weeks=wait_weeks)
        out += [
            {"referral_date": start, "first_contact_date": seen if seen <= AS_AT else None}
        ] * a_week
    return out


def busy(
    weeks: int = 130, a_week: float = 5.0, slots: float = 5.0, backlog: int = 100
) -> list[dict[str, object]]:
    """A made-up queue: referrals and slots by chance, the longest wait seen first, 100 waiting when the history begins."""
    rng = np.random.default_rng(11)
    monday = AS_AT - timedelta(days=AS_AT.weekday())
    waiting: list[dict[str, object]] = [
        {"referral_date": monday - timedelta(weeks=weeks + 1 + k // 5)} for k in range(backlog)
    ]
    out = list(waiting)
    waiting.sort(key=lambda r: r["referral_date"])  # type: ignore[arg-type,return-value]
    for week in range(weeks, -1, -1):
        day = monday - timedelta(weeks=week)
        new: list[dict[str, object]] = [{"referral_date": day} for _ in range(rng.poisson(a_week))]
        out, waiting = out + new, waiting + new
        for _ in range(min(rng.poisson(slots), len(waiting))):
            waiting.pop(0)["first_contact_date"] = day + timedelta(days=1)
    return out


def workspace(**what: object) -> Workspace:
    return Workspace(Path("."), AreaInfo("Exampleshire"), built_in(), **what)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def slcn() -> tuple[Built, Pathway]:
    return built("SLCN", steady())


@pytest.fixture(scope="module")
def ready(slcn: tuple[Built, Pathway]) -> queue.Prepared:
    return queue.prepare(*slcn, workspace(), AS_AT, paths=100)


@pytest.fixture(scope="module")
def queued() -> tuple[Built, Pathway]:
    return built("SLCN", busy())


def test_no_child_is_made_or_lost_on_any_path(ready: queue.Prepared) -> None:
    assert ready.baseline.balance() == 0.0
    assert (ready.baseline.held >= 0).all()


def test_the_forecast_starts_from_todays_list(ready: queue.Prepared) -> None:
    # 5 a week, seen after 20 weeks: the 20 Mondays of weeks 0..19 wait = 100 children; none over 18 weeks but those of weeks 18 and 19
    # as_at is a Wednesday: 18 weeks before the last Monday is 128 days (> 126), 19 weeks 135 days -> 10 children
    assert ready.baseline.waiting["contact"][:, 0].tolist() == [100.0] * ready.model.paths
    assert ready.baseline.over["contact", 126][0, 0] == 10.0
    # mean age: (0 + ... + 19) / 20 weeks and two days
    mean = readout.values(ready.model, ready.baseline, "contact", "mean_weeks_open")[0, 0]
    assert mean == pytest.approx(9.5 + 2 / 7)


def test_a_steady_service_stays_steady_and_a_new_child_waits_as_the_last_one_did(
    ready: queue.Prepared,
) -> None:
    after = np.median(ready.baseline.waiting["contact"][:, 26])
    assert 60 <= after <= 140
    new = readout.new_child_weeks(ready.baseline, "contact")
    assert np.nanmedian(new) == pytest.approx(20, abs=6)


def test_completions_seen_before_as_at_count_in_early_horizons(ready: queue.Prepared) -> None:
    # every completion so far took 140 days: none within 126; in week 1, 12 of the 13 weeks are those observed ones
    within = readout.values(ready.model, ready.baseline, "contact", "within_standard_pct")
    assert within[:, 1].max() <= 100 / 13 * 2


def test_rows_are_those_of_the_contract(slcn: tuple[Built, Pathway], ready: queue.Prepared) -> None:
    rows = queue.forecast(*slcn, workspace(), AS_AT, prepared=ready)
    assert tuple(rows.columns) == queue.COLUMNS
    weekly = rows[rows["measure"] != "new_child_wait_weeks"]
    assert (
        weekly.groupby("measure")["horizon_weeks"].agg(["min", "max", "size"]).to_numpy().tolist()
        == [[1, 52, 52]] * 5
    )
    assert (rows["measure"] == "new_child_wait_weeks").sum() == 1
    assert (
        rows.loc[0, "target_date"] == "2024-08-07" and rows.loc[51, "target_date"] == "2025-07-30"
    )
    quantiles = rows[["p10", "p25", "p50", "p75", "p90"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all() and quantiles.min() >= 0
    assert rows.loc[rows["measure"] == "within_standard_pct", "p90"].max() <= 100


def test_same_inputs_same_numbers_whatever_the_hash_seed(slcn: tuple[Built, Pathway]) -> None:
    one = queue.forecast(*slcn, workspace(), AS_AT, paths=60)
    two = queue.forecast(*slcn, workspace(), AS_AT, paths=60)
    pd.testing.assert_frame_equal(one, two)
    code = "import tests.test_queue_forecast as t; b = t.built('SLCN', t.steady()); print(t.queue.forecast(*b, t.workspace(), t.AS_AT, paths=60)['p50'].sum())"
    root = Path(__file__).parents[1]
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] == f"{one['p50'].sum()}\n"


def test_more_capacity_never_makes_the_list_longer_on_the_same_luck(
    queued: tuple[Built, Pathway],
) -> None:
    ready = queue.prepare(*queued, workspace(), AS_AT, paths=100)
    more = Scenario("more", "SLCN", AS_AT, capacity_change_pct=50.0)
    rows = queue.forecast(
        *queued, workspace(scenarios=(more,)), AS_AT, scenario="more", prepared=ready
    )
    last = rows[(rows["measure"] == "waiting") & (rows["horizon_weeks"] == 52)].set_index(
        "scenario"
    )
    assert set(rows["scenario"]) == {"baseline", "more"}
    assert last.loc["more", "p50"] < last.loc["baseline", "p50"]
    pd.testing.assert_frame_equal(
        rows[rows["scenario"] == "baseline"].reset_index(drop=True),
        queue.forecast(*queued, workspace(), AS_AT, prepared=ready),
    )


def test_an_announced_change_is_in_the_baseline_late_and_in_part(
    queued: tuple[Built, Pathway],
) -> None:
    ready = queue.prepare(*queued, workspace(), AS_AT, paths=100)
    announced = Scenario("announced", "SLCN", AS_AT, capacity_change_pct=50.0, committed=True)
    changed = queue.prepare(*queued, workspace(scenarios=(announced,)), AS_AT, paths=100)
    factor = changed.levers.capacity[0]
    assert factor[:, 0].min() == 1.0  # up to 12 weeks late
    assert (factor[:, 12] > 1.0).all()
    assert 1.30 <= factor[:, 12].min() and factor[:, 12].max() <= 1.525  # 60 to 105 per cent of 50
    assert np.median(changed.baseline.waiting["contact"][:, 52]) < np.median(
        ready.baseline.waiting["contact"][:, 52]
    )


@pytest.mark.parametrize(
    "name, says",
    [
        ("nothing", "no [[scenarios]] named"),
        ("past", "before as_at"),
        ("other", "belongs to pathway NST"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_in_words(
    slcn: tuple[Built, Pathway], ready: queue.Prepared, name: str, says: str
) -> None:
    known = (
        Scenario("past", "SLCN", AS_AT - timedelta(days=1), capacity_change_pct=10.0),
        Scenario("other", "NST", AS_AT, capacity_change_pct=10.0),
    )
    with pytest.raises(Refused) as refused:
        queue.forecast(*slcn, workspace(scenarios=known), AS_AT, scenario=name, prepared=ready)
    assert says in str(refused.value)


def test_a_targets_chance_and_the_capacity_it_needs(queued: tuple[Built, Pathway]) -> None:
    by = AS_AT + timedelta(weeks=30)
    hard = Target("SLCN", "contact", "waiting", by, at_most=40)
    sure = Target("SLCN", "", "waiting", by, at_most=10_000)
    rows = queue.forecast(*queued, workspace(targets=(hard, sure)), AS_AT, paths=100)
    chance = rows[rows["measure"] == "p_target"]
    assert chance["probability"].iloc[0] < 0.5 and chance["probability"].iloc[1] == 1.0
    assert chance["horizon_weeks"].tolist() == [30, 30] and chance["note"].iloc[0].startswith(
        "waiting at most 40"
    )
    need = rows[rows["measure"] == "capacity_needed_per_week"]
    # 5 a week come; to bring the list under 40 in 30 weeks, its surplus over 30 weeks must be seen on top
    now = queue.prepare(*queued, workspace(), AS_AT, paths=20).baseline.waiting["contact"][0, 0]
    assert need["p50"].iloc[0] == pytest.approx(5 + (now - 40) / 30, abs=2.5)
    assert need["p50"].iloc[1] < 0.5


def test_a_target_beyond_a_year_is_refused_and_a_past_one_says_so(
    slcn: tuple[Built, Pathway], ready: queue.Prepared
) -> None:
    late = Target("SLCN", "contact", "waiting", AS_AT + timedelta(weeks=52, days=1), at_most=10)
    with pytest.raises(Refused, match="within 52 weeks"):
        queue.prepare(*slcn, workspace(targets=(late,)), AS_AT, paths=20)
    past = Target("SLCN", "contact", "waiting", AS_AT, at_most=10)
    rows = queue.forecast(*slcn, workspace(targets=(past,)), AS_AT, paths=20)
    assert "has passed" in rows.loc[rows["measure"] == "p_target", "note"].iloc[0]


def test_a_target_of_no_measure_or_no_standard_is_refused(slcn: tuple[Built, Pathway]) -> None:
    with pytest.raises(Refused, match="no such measure"):
        queue.prepare(
            *slcn,
            workspace(
                targets=(
                    Target("SLCN", "contact", "median_weeks_open", date(2024, 12, 31), at_most=1),
                )
            ),
            AS_AT,
            paths=20,
        )


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"referral_date": date(2024, 7, 1)}],
        [{"referral_date": date(2024, 1, 1) + timedelta(days=k)} for k in range(100)],
        [{"referral_date": date(2024, 5, 1), "first_contact_date": date(2024, 5, 20)}] * 3,
        steady(weeks=12, wait_weeks=3),
    ],
)
def test_too_little_history_is_a_labelled_fallback_and_never_a_bare_nan(
    records: list[dict[str, object]],
) -> None:
    rows = queue.forecast(*built("SLCN", records), workspace(), AS_AT, paths=40)
    assert len(rows) == 5 * 52 + 1
    empty = rows[rows["p50"].isna()]
    assert (empty["note"] != "").all()
    assert rows["note"].str.contains("little history|nobody is expected|empty").all()


def test_whole_poisson_has_the_mean_it_should() -> None:
    rng = np.random.default_rng(1)
    for mean in (0.3, 4.0, 30.0):
        drawn = whole_poisson(
            np.full(40_000, mean), rng.standard_normal(40_000), rng.random(40_000)
        )
        assert drawn.mean() == pytest.approx(mean, rel=0.03)
        assert drawn.var() == pytest.approx(mean, rel=0.06)


def test_a_level_is_found_and_a_step_is_followed() -> None:
    rng = np.random.default_rng(2)
    quiet = np.zeros((150, 3))
    flat = fit_level(rng.poisson(20, 150), quiet, 200, rng)
    assert np.exp(flat.level).mean() == pytest.approx(20, rel=0.08)
    stepped = fit_level(
        np.concatenate([rng.poisson(30, 120), rng.poisson(15, 30)]), quiet, 200, rng
    )
    assert np.exp(stepped.level).mean() == pytest.approx(15, rel=0.15)


def test_capacity_with_nobody_left_to_see_is_a_lower_bound() -> None:
    rng = np.random.default_rng(3)
    seen = np.concatenate(
        [rng.poisson(20, 75), np.full(75, 10)]
    )  # 20 a week while there was a list, then all who came
    bound = np.arange(150) >= 75
    plain = fit_level(seen, np.zeros((150, 3)), 200, np.random.default_rng(4))
    aware = fit_level(seen, np.zeros((150, 3)), 200, np.random.default_rng(4), censored=bound)
    assert np.exp(plain.level).mean() < 12
    assert np.exp(aware.level).mean() > 15


def ehc(weeks: int = 110) -> list[dict[str, object]]:
    """6 requests a week: decided after 5 weeks (1 in 6 no), advice after 14, plan after 18."""
    out: list[dict[str, object]] = []
    monday = AS_AT - timedelta(days=AS_AT.weekday())
    on = lambda start, w: (
        start + timedelta(weeks=w) if start + timedelta(weeks=w) <= AS_AT else None
    )  # noqa: E731
    for back in range(weeks):
        start = monday - timedelta(weeks=back)
        for k in range(6):
            decided, advised, plan = on(start, 5), on(start, 14), on(start, 18)
            row: dict[str, object] = {
                "request_date": start,
                "request_outcome": ("N" if k == 0 else "Y") if decided else "A",
                "request_outcome_date": decided,
            }
            if k and advised:
                row |= {
                    "assessment_outcome": "Y",
                    "assessment_outcome_date": advised,
                    "plan_date": plan,
                }
            out.append(row)
    return out


@pytest.fixture(scope="module")
def plans() -> tuple[Built, Pathway]:
    return built("EHC", ehc())


def test_plans_pass_three_stations_and_both_waits_start_from_todays_lists(
    plans: tuple[Built, Pathway],
) -> None:
    ready = queue.prepare(*plans, workspace(), AS_AT, paths=40)
    assert [s.name for s in ready.service.stations] == ["decision", "advice", "writing"]
    assert ready.baseline.balance() == 0.0
    # decision: Mondays 0..4 back = 5 x 6; plan: those, and 5 a week for Mondays 5..17 back = 30 + 65
    assert ready.baseline.waiting["decision"][0, 0] == 30
    assert ready.baseline.waiting["plan"][0, 0] == 95


def test_the_bridge_leads_from_plans_due_to_the_issued_percentage(
    plans: tuple[Built, Pathway],
) -> None:
    table = queue.bridge(*plans, workspace(), AS_AT, paths=100)
    assert table["month"].tolist() == [
        "2024-08",
        "2024-09",
        "2024-10",
        "2024-11",
        "2024-12",
        "2025-01",
    ]
    # 5 plans a week fall due
    assert table["due"].iloc[0] == pytest.approx(5 * 31 / 7, rel=0.25)
    assert (table["issued_pct_p10"] <= table["issued_pct"]).all() and (
        table["issued_pct"] <= table["issued_pct_p90"]
    ).all()
    assert (table["issued_on_time"] <= table["issued"]).all()


def test_the_issued_cohort_target_counts_plans_already_issued_this_year(
    plans: tuple[Built, Pathway],
) -> None:
    target = Target("EHC", "", "within_20_weeks_pct", AS_AT + timedelta(days=7), at_least=99)
    rows = queue.forecast(*plans, workspace(targets=(target,)), AS_AT, paths=40)
    # every plan of 2024 so far took 18 weeks; one more week cannot bring the share under 90 %
    assert rows.loc[rows["measure"] == "p_target", "probability"].iloc[0] >= 0.5


def test_the_bridge_is_refused_for_other_pathways(
    slcn: tuple[Built, Pathway], ready: queue.Prepared
) -> None:
    with pytest.raises(Refused, match="20-week bridge"):
        queue.bridge(*slcn, workspace(), AS_AT, prepared=ready)


def two_lists(weeks: int = 130) -> list[dict[str, object]]:
    """A made-up team: 6 referrals a week and 6 slots for each list by chance, longest first, 80 and 60 waiting at first."""
    rng = np.random.default_rng(12)
    monday = AS_AT - timedelta(days=AS_AT.weekday())
    first: list[dict[str, object]] = [
        {"referral_date": monday - timedelta(weeks=weeks + 14 - k // 6)} for k in range(80)
    ]
    second: list[dict[str, object]] = [
        {
            "referral_date": monday - timedelta(weeks=weeks + 30),
            "assessment_date": monday - timedelta(weeks=weeks + 11 - k // 6),
        }
        for k in range(60)
    ]
    out = first + second
    for week in range(weeks, -1, -1):
        day = monday - timedelta(weeks=week)
        new: list[dict[str, object]] = [{"referral_date": day} for _ in range(rng.poisson(6))]
        out, first = out + new, first + new
        for _ in range(min(rng.poisson(6), len(first))):
            first[0]["assessment_date"] = day + timedelta(days=1)
            second.append(first.pop(0))
        for _ in range(min(rng.poisson(6), len(second))):
            second.pop(0)["treatment_date"] = day + timedelta(days=2)
    return out


def test_slots_moved_between_two_lists_shorten_one_and_lengthen_the_other() -> None:
    both = built("OT_HEALTH", two_lists())
    move = Scenario(
        "move",
        "OT_HEALTH",
        AS_AT,
        move_slots_per_week=2.0,
        move_from="treatment",
        move_to="assessment",
        delivered=(1.0, 1.0),
        late_weeks=(0, 0),
    )
    known = workspace(scenarios=(move,))
    ready = queue.prepare(*both, known, AS_AT, paths=100)
    assert ready.service.team == (0, 1) and ready.baseline.balance() == 0.0
    rows = queue.forecast(*both, known, AS_AT, scenario="move", prepared=ready)
    lists = rows[(rows["measure"] == "waiting") & (rows["horizon_weeks"] == 26)]
    side = lists.set_index(["scenario", "wait"])["p50"]
    assert side["move", "assessment"] < side["baseline", "assessment"]
    assert side["move", "treatment"] > side["baseline", "treatment"]


def test_the_back_test_knows_nothing_of_what_came_after(slcn: tuple[Built, Pathway]) -> None:
    table = queue.backtest(*slcn, workspace(), AS_AT)
    assert set(table["horizon_weeks"]) <= {4, 13, 26, 52} and (table["hits"] <= table["n"]).all()
    # nothing changed in this service: no change is never wrong about the list
    assert (table.loc[table["measure"] == "waiting", "error_no_change"] == 0).all()
    origin = AS_AT - timedelta(weeks=26)
    cut = [
        {k: (v if v is None or v <= origin else None) for k, v in r.items()}
        for r in steady()
        if r["referral_date"] <= origin
    ]  # type: ignore[operator]
    then, now = (read_service(b, p, pd.Timestamp(origin)) for b, p in (built("SLCN", cut), slcn))
    assert (
        then.stations[0].seen == now.stations[0].seen[:, : then.stations[0].seen.shape[1]]
    ).all()
    assert then.stations[0].waiting.sum() == now.stations[0].waiting.sum()


def test_lanes_that_a_column_shows_queue_apart() -> None:
    records = [{**r, "need": "early years"} for r in steady(wait_weeks=4)] + [
        {**r, "need": "school age"} for r in steady(wait_weeks=30)
    ]
    service = read_service(*built("SLCN", records), pd.Timestamp(AS_AT))
    assert [s.name for s in service.stations] == ["lane 1", "lane 2"]
    run = simulate(build_model(service, 40, 1), 26)
    assert run.balance() == 0.0
    assert run.waiting["contact"][0, 0] == 5 * 4 + 5 * 30


def test_history_is_complete_only_from_the_earliest_closed_record() -> None:
    service = read_service(*built("SLCN", steady(weeks=60, wait_weeks=20)), pd.Timestamp(AS_AT))
    assert (
        service.weeks == 39
    )  # first referral 59 weeks before the last Monday, seen 20 weeks later: 39 whole weeks of history


def wide_open(**what: object) -> Scenario:
    """A scenario from as_at on, delivered in full and at once."""
    return Scenario("s", "SLCN", AS_AT, delivered=(1.0, 1.0), late_weeks=(0, 0), **what)  # type: ignore[arg-type]


def model_of(queued: tuple[Built, Pathway]) -> Model:
    return build_model(read_service(*queued, pd.Timestamp(AS_AT)), 40, 1)


def scenario_run(queued: tuple[Built, Pathway], scenario: Scenario) -> tuple[queue.Prepared, Paths]:
    ready = queue.prepare(*queued, workspace(), AS_AT, paths=40)
    levers = scenarios.levers_of(ready.service, ready.model, [scenario])
    return ready, simulate(ready.model, 30, levers)


def test_a_validation_takes_its_share_of_the_long_waiters_off_the_list_once(
    queued: tuple[Built, Pathway],
) -> None:
    ready, run = scenario_run(queued, wide_open(remove_pct=100, remove_over_weeks=10))
    assert run.balance() == 0.0
    # everybody over 10 weeks leaves in the first week: nobody over 18 weeks is left, and nobody gets there for 7 weeks
    assert run.over["contact", 126][:, 1:8].max() == 0.0
    assert ready.baseline.over["contact", 126][:, 1].min() > 0.0


def test_longest_first_sees_nobody_who_waited_less_than_one_still_waiting(
    queued: tuple[Built, Pathway],
) -> None:
    _, run = scenario_run(queued, wide_open(longest_first=True))
    assert run.balance() == 0.0
    oldest = Queue(model_of(queued).stations[0], 40, 20, 30, 400, np.zeros(400_000, np.float32))
    before = oldest.children.copy()
    seen = oldest.spend(np.full(40, 7.0), np.zeros(40), np.ones(40, bool))
    ages = np.arange(seen.shape[1])
    youngest = np.array([ages[row > 0].min() for row in seen])
    left = [ages[row > 0].max() for row in before - seen]
    assert (seen.sum(1) == 7).all() and (youngest >= left).all()


def test_an_initiative_ends_on_its_day(queued: tuple[Built, Pathway]) -> None:
    ready = queue.prepare(*queued, workspace(), AS_AT, paths=20)
    until = AS_AT + timedelta(weeks=13)
    levers = scenarios.levers_of(
        ready.service, ready.model, [wide_open(capacity_change_pct=50.0, until=until)]
    )
    assert (levers.capacity[0][:, 12] == 1.5).all() and (levers.capacity[0][:, 13] == 1.0).all()


def test_monthly_flows_agree_with_the_list_as_it_is_printed(
    queued: tuple[Built, Pathway],
) -> None:
    ready = queue.prepare(*queued, workspace(), AS_AT, paths=60)
    came, done, left, size = weekly_flows(ready, ready.baseline, "contact")
    assert np.abs(size - (size[:, :1] + came - done - left)).max() < 1e-6
    table = queue.flows(ready)
    assert set(table["measure"]) == {"joined", "completed", "left", "waiting"}
    assert table["target_date"].iloc[0] == "2024-08-31"
    # about 5 a week come: a month of 31 days has 5 x 31 / 7 = 22, less what the summer takes
    joined = table[(table["measure"] == "joined") & (table["target_date"] == "2024-10-31")]
    assert 12 <= joined["p50"].iloc[0] <= 32


def test_the_shares_seen_rise_with_the_weeks_and_two_humps_have_no_median(
    ready: queue.Prepared,
) -> None:
    table = queue.referred_today(ready).set_index("measure")["p50"]
    shares = [table[f"seen_within_{n}_weeks_pct"] for n in (20, 40, 52, 78)]
    assert shares == sorted(shares) and shares[-1] > 90
    # half are seen after 18 weeks, half after 45, none between; then all around 30
    assert two_humps(np.bincount(np.repeat([18, 45], 100), minlength=60).astype(float))
    assert not two_humps(np.exp(-(((np.arange(60) - 30) / 6.0) ** 2)))


def test_a_forecast_that_lost_in_its_back_test_steps_back_to_no_change() -> None:
    keys = {"wait": "contact", "measure": "waiting", "horizon_weeks": 13, "now": 100.0}
    lost = [
        {**keys, "origin": k, "truth": 100.0, "p10": 180.0, "p50": 200.0, "p90": 220.0}
        | {"no change": 100.0, "stock-flow sheet": 101.0, "clearance time": 101.0}
        for k in range(8)
    ]
    stand = standing(pd.DataFrame(lost))
    assert stand.table["method"].tolist() == ["no change"] and stand.table["weight"].iloc[0] < 0.1
    # off by 100 eight times, its band never right: printed within 10 of today's 100, the band wider than it was
    paths = np.column_stack([np.full(101, 100.0), np.linspace(190, 210, 101)])
    printed = stand.placed(paths, "contact", "waiting")[:, 1]
    assert abs(np.median(printed) - 100) < 10 and np.ptp(printed) > 20
    won = [{**r, "p10": 90.0, "p50": 100.0, "p90": 110.0, "no change": 150.0} for r in lost]
    assert standing(pd.DataFrame(won)).table["method"].tolist() == ["simulation"]


def test_the_stock_flow_sheet_and_clearance_time_by_hand(slcn: tuple[Built, Pathway]) -> None:
    # 5 a week come and 5 a week are seen after 20 weeks: the list stays 100, in = out, and 100 / 5 = 20 weeks to clear
    found = simple(waits_of(slcn[0], "contact"), AS_AT.toordinal() - 719163, (26,))
    assert found["stock-flow sheet", "waiting", 26] == 100.0
    assert found["clearance time", "new_child_wait_weeks", 0] == pytest.approx(20.0)
    # clearance: all 100 came in the last 20 weeks, 5 a week; over 18 weeks: 100 - 18 x 5 = 10
    assert found["clearance time", "waiting_over_18_weeks", 26] == pytest.approx(10.0)


def test_capacity_needed_lies_in_its_interval_beside_the_present_pace(
    queued: tuple[Built, Pathway],
) -> None:
    target = Target("SLCN", "contact", "waiting", AS_AT + timedelta(weeks=30), at_most=60)
    ready = queue.prepare(*queued, workspace(targets=(target,)), AS_AT, paths=100)
    row = queue.capacity(ready).iloc[0]
    assert row["needed_p10"] <= row["needed"] <= row["needed_p90"]
    assert row["present_p10"] <= row["present"] <= row["present_p90"]
    assert row["present"] == pytest.approx(5, abs=1.5)


def test_clinics_of_every_fourth_week_are_spread_over_their_weeks() -> None:
    held = np.zeros(104)
    held[3::4] = 20  # the last week holds one
    assert clinics(held) == (4, 0) and (unblocked(held) == 5).all()
    assert clinics(np.full(104, 5.0)) == (1, 0)


def test_a_child_of_a_clinic_is_seen_in_part_in_each_week_since_the_last() -> None:
    seen, risk = np.zeros((104, 12)), np.full((104, 12), 50.0)
    seen[0::4, 10] = 20  # 20 children of 10 weeks in every fourth week
    station = SimpleNamespace(seen=seen, risk=risk)
    evenly = seen_evenly(station, 104)  # type: ignore[arg-type]
    assert (evenly[:4].sum(1) == 5).all()
    assert [evenly[k, 10 - k] for k in range(4)] == [5, 5, 5, 5]  # as old as they were then


def test_the_search_looks_where_eight_of_twenty_are_seen_in_the_week_before_the_date() -> None:
    risk, seen = np.full((104, 70), 20.0), np.zeros((104, 70))
    seen[:, 17] = 8.0
    place = _due_guess(np.zeros(10), risk, seen, due=18)
    assert 1 / (1 + np.exp(-place[7])) == pytest.approx(8 / 20)
    assert np.expm1(place[8]) == pytest.approx(17)


def test_services_run_side_by_side_as_each_would_alone(queued: tuple[Built, Pathway]) -> None:
    built, pathway = queued
    models = [
        build_model(read_service(built, pathway, day), 40, 1, 26, quick=True)
        for day in ("2024-01-31", "2024-07-31")
    ]
    alone = simulate(models[0], 26, new_child=False)
    both = simulate(joined(models), 26, new_child=False)
    later = simulate(models[1], 26, new_child=False)
    for k, run in enumerate((alone, later)):
        found = both.waiting[f"{k}|contact"][40 * k : 40 * k + 40]
        assert (found[:, 0] == run.waiting["contact"][:, 0]).all()
        spread = 0.7 * run.waiting["contact"][:, 26].std() + 1
        assert abs(found[:, 26].mean() - run.waiting["contact"][:, 26].mean()) < spread
    assert both.balance() == 0


def test_a_fit_looks_back_four_years_so_a_long_history_costs_no_more() -> None:
    rng = lambda: np.random.Generator(np.random.PCG64(3))  # noqa: E731
    counts = rng().poisson(20, 1040)
    weeks = np.arange(-1039, 1)
    breaks = calendar(np.datetime64("2024-07-31"), weeks)
    long = fit_level(counts, breaks, 40, rng())
    short = fit_level(counts[-208:], breaks[-208:], 40, rng())
    assert np.array_equal(long.level, short.level)


def test_a_new_childs_wait_is_drawn_a_quarter_of_the_way_to_the_last_quarters() -> None:
    counts = np.zeros((2, 400))
    counts[:, 81] = 10  # all wait 81 weeks
    run = SimpleNamespace(new_child={"contact": counts}, new_left={"contact": np.zeros(2)})
    service = SimpleNamespace(waits=[SimpleNamespace(name="contact", usual_weeks=16.0)])
    # (16 / 81) ^ (1/4) = 2/3: 54 weeks are printed
    assert readout.usual_factor(service, run, "contact") == pytest.approx(2 / 3)  # type: ignore[arg-type]


def test_a_share_of_plans_on_time_without_back_test_keeps_65_parts_of_the_simulation() -> None:
    nothing = pd.DataFrame(columns=["wait", "measure", "horizon_weeks", "weight", "width"])
    shares = np.array([10.0, 20.0, 30.0])
    moved = Standing(nothing).share(shares, "plan", 8, now=40.0)
    # spread x 1.1 around 20: 9, 20, 31; each drawn 0, 1 or 2 times 0.35 x (40 - 20) = 7
    assert sorted(round(m - p) for m, p in zip(moved, (9, 20, 31), strict=True)) == [0, 7, 14]


def test_past_days_are_run_once_until_an_extract_tells_another_past(tmp_path: Path) -> None:
    where = replace(workspace(), root=tmp_path)
    made: list[int] = []

    def keep(parts: list[str], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        return store.cached(where, "past", parts, lambda: (made.append(1), make())[1])

    service, rows = "SLCN", steady()
    first = roll(*built(service, rows), pd.Timestamp(AS_AT), keep)
    again = roll(*built(service, rows), pd.Timestamp(AS_AT), keep)
    assert len(made) == 1 and len(first)
    pd.testing.assert_frame_equal(first, again)
    week_later = roll(*built(service, rows), pd.Timestamp(AS_AT) + pd.Timedelta(days=7), keep)
    assert len(made) == 1  # the same past days
    assert (week_later["origin"].min(), first["origin"].min()) == (first["origin"].min() + 1, 13)
    del rows[-200]  # seen before the newest past day
    roll(*built(service, rows), pd.Timestamp(AS_AT), keep)
    assert len(made) == 2  # one child less
