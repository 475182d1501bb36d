"""Each way in which a set once gave a child away, as it was done on made-up children: none works now (issue of the release door)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import attacker
import attacker_worlds
import pandas as pd
import pytest
from made_frames import released as figures_rows
from made_frames import stock

from sendwaits.errors import Refused
from sendwaits.release import door
from sendwaits.release.door.certify import Reader, certificate
from sendwaits.release.door.exact import Ties
from sendwaits.release.door.rows import Printed
from sendwaits.release.files import figures_csv
from sendwaits.release.profile import Profile
from sendwaits.release.verify import verify

BOARD = Profile("board")
YEAR = ("2023-01-01", "2023-12-31")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> attacker_worlds.World:
    """A service with a few dozen children and some recorded late, k = 10."""
    return attacker_worlds.world(tmp_path_factory.mktemp("world") / "area", 3)


@pytest.fixture(scope="module")
def sets(made) -> list[attacker_worlds.Printed]:
    return attacker_worlds.releases(replace(made, days=made.days[1:]), ["board", "public"])


def themed(counts: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Exact referrals by group of two closed years: (group, year) -> n."""
    rows = [
        ("NST", "", "referrals", group, f"{y}-01-01", f"{y}-12-31", n, "count", None, None, n)
        for (group, y), n in counts.items()
    ]
    names = "pathway wait measure group period_start period_end value unit numerator denominator n"
    return pd.DataFrame(rows, columns=names.split())


def saved(folder: Path, one: door.Released) -> Path:
    """A set as it lies in reports/, as far as the register reads it."""
    folder.mkdir(parents=True)
    (folder / "figures.csv").write_bytes(figures_csv(one.table))
    facts = {
        "parameters": {"as_at": one.as_at.isoformat(), "profile": one.profile.name, "k": one.profile.k},
        "door": door.register.facts(one),
        "plan": one.plan.to_dict("records"),
        "outputs": {},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


# --- 1: a child recorded late ----------------------------------------------------------------------


def test_a_child_recorded_late_moves_no_theme_of_a_closed_year() -> None:
    """132 girls become 133 when one is recorded late: the printed number stays; 5 more and 2 for rounding move it."""
    first = themed({("", 2022): 200, ("sex=F", 2022): 68, ("sex=M", 2022): 132}
                   | {("", 2023): 210, ("sex=F", 2023): 77, ("sex=M", 2023): 133})  # fmt: skip
    before = door.themes(first, BOARD)
    kept = replace(_empty(), themes=before)
    late = first.assign(value=first["value"] + (first["group"] != "sex=F"), n=first["n"])
    after = door.themes(late, BOARD, [kept])
    assert before["value"].tolist() == after["value"].tolist() and len(after) == 6
    many = first.assign(value=first["value"] + 12 * (first["group"] != "sex=F"))
    assert door.themes(many, BOARD, [kept])["value"].tolist() != before["value"].tolist()


def _empty() -> door.Released:
    nothing = pd.DataFrame(columns=door.PLAN_COLUMNS)
    table = figures_rows([])
    return door.Released(table, nothing, BOARD, date(2024, 6, 30))


def test_averages_and_percentages_have_one_decimal(sets) -> None:
    """A mean of 16 digits times its n is a sum of days; at one decimal it is not."""
    seen = 0
    for one in sets:
        table = one.released.table
        values = table.loc[table["unit"] != "count", "value"].dropna()
        assert (values == values.round(1)).all()
        seen += len(values)
    assert seen >= 5


def test_themes_of_earlier_sets_are_kept_in_the_register(sets) -> None:
    told = door.themes(themed({("", 2022): 200, ("", 2023): 210}), BOARD)
    facts = door.register.joined([door.register.facts(sets[0].released)], themes=told)
    entry = {"figures": sets[0].figures, "profile": "board", "k": 5, "as_at": "2024-05-31"}
    back = door.register.released_of({**entry, "door": facts})
    assert back.themes is not None and back.themes["value"].tolist() == [200, 210]


# --- 2: rows of extracts and rules -----------------------------------------------------------------


def test_row_counts_of_extracts_do_not_tell_referrals() -> None:
    """262, 265 and 267 rows gave the referrals of two months, 3 and 2; to the nearest 5 they are 260, 265, 265."""
    days = ["2024-05-31", "2024-06-30", "2024-07-31"]
    rows = [("NST", "", "rows_clean", "", "", d, n, "count", None, None, n, "exact")
            for d, n in zip(days, (262, 265, 267), strict=True)]  # fmt: skip
    rows += [("NST", "", "rule:N-NOID", "", "", days[2], 2, "count", None, None, 2, "exact")]
    rows += [("NST", "", "rule:Q-DATE", "", "", days[2], 3, "count", None, None, 3, "exact")]
    told = door.quality_counts(figures_rows(rows), BOARD)
    assert told["value"].tolist()[:3] == [260, 265, 265]
    assert not told["measure"].eq("rule:N-NOID").any()
    hidden = told[told["measure"] == "rule:Q-DATE"].iloc[0]
    assert hidden["form"] == "c" and pd.isna(hidden["value"])
    assert [door.rounded_rows(n, BOARD) for n in (0, 3, 262)] == ["0", "under 5", "260"]


# --- 3: the register -------------------------------------------------------------------------------


def test_a_lost_register_is_rebuilt_and_an_altered_or_unknown_set_refuses_the_next(
    tmp_path: Path, sets
) -> None:
    """data/processed may go: what was released is known still. 42 made 999 in a set is seen."""
    root, one = tmp_path, sets[0].released
    folder = saved(root / "reports" / one.as_at.isoformat(), one)
    door.register.append(root, folder)
    entry = next((root / "data" / "register").glob("*.json"))
    entry.unlink()
    again = door.register.read(root)
    assert len(again) == 1 and len(again[0].table) == len(one.table) and entry.exists()
    text = (folder / "figures.csv").read_text(encoding="utf-8")
    (folder / "figures.csv").write_text(text.replace(",exact\n", ",c\n", 1), encoding="utf-8")
    with pytest.raises(Refused, match="is not what was registered"):
        door.register.read(root)
    (folder / "figures.csv").write_text(text, encoding="utf-8")
    saved(root / "reports" / "2024-08-31", replace(one, as_at=date(2024, 8, 31)))
    with pytest.raises(Refused, match="is not in the register"):
        door.register.read(root)


def test_a_register_entry_that_was_changed_is_damaged(tmp_path: Path, sets) -> None:
    """The newest entry too: its own seal does not fit, and the set that it came from does not either."""
    one = sets[0].released
    folder = saved(tmp_path / "reports" / one.as_at.isoformat(), one)
    door.register.append(tmp_path, folder)
    path = next((tmp_path / "data" / "register").glob("*.json"))
    entry = json.loads(path.read_text(encoding="utf-8"))
    number = next(v for v in entry["figures"].splitlines()[1:] if v.endswith(",exact"))
    entry["figures"] = entry["figures"].replace(number, number.replace("exact", "rounded"))
    path.write_text(json.dumps(entry), encoding="utf-8")
    with pytest.raises(Refused, match="the register of releases is damaged"):
        door.register.read(tmp_path)


def test_the_same_set_made_again_is_the_same_and_no_second_entry(
    tmp_path: Path, made, sets
) -> None:
    """A cache that is lost leaves the set of a day as it was released, beside later ones in the register."""
    days = replace(made, days=(*made.days[:2], made.days[0]))
    again = attacker_worlds.releases(days, ["board"])
    assert again[-1].figures == again[0].figures and len(again[0].figures) > 1000
    one = again[0].released
    folder = saved(tmp_path / "made", one)
    assert door.register.append(tmp_path, folder) is not None
    assert door.register.append(tmp_path, folder) is None


# --- 4: parts, dropped measures, year ends, file names ----------------------------------------------


def test_a_part_of_an_area_is_refused_outside_the_analyst_profile() -> None:
    with pytest.raises(Refused, match="the whole less its parts"):
        door.refuse_parts("district=North", BOARD)
    door.refuse_parts("district=North", Profile("analyst"))


def test_a_forecast_of_a_measure_that_is_not_published_is_not_printed() -> None:
    """The list is printed to the nearest 5, and so is its forecast: 43 to 58 as 45 to 60; removals are not printed at all."""
    rows = stock("SLCN", "contact", [40.0, 45.0], form="rounded")
    ahead = pd.DataFrame(
        {
            "pathway": "SLCN",
            "wait": "contact",
            "measure": ["waiting", "removed_other"],
            "p10": [43.0, 1.0],
            "p90": [58.0, 3.0],
            "note": "",
        }
    )
    told = door.forecast(ahead, figures_rows(rows), BOARD)
    assert told[["measure", "p10", "p90"]].values.tolist() == [["waiting", 45.0, 60.0]]


def test_a_year_of_list_referrals_and_completions_does_not_tell_two_withdrawals() -> None:
    """90 + 40 requests - 30 plans - 98 left on the list = 2 withdrawn: the certificate names it."""
    rows = {
        ("plan", "waiting", "", "", "2022-12-31"): Printed(90, None, None, 90, "exact"),
        ("plan", "waiting", "", "", "2023-12-31"): Printed(98, None, None, 98, "exact"),
        ("", "referrals", "", *YEAR): Printed(40, None, None, 40, "exact"),
        ("plan", "completed", "", *YEAR): Printed(30, None, None, 30, "exact"),
    }
    ties = Ties({}, ("plan",), ("plan",))
    weak = certificate(rows, {}, ties, Reader(4, 4), 5)
    assert [(w.lo, w.hi) for w in weak if w.name[:2] == ("plan", "removed_other")] == [(2, 2)]


def test_file_names_under_data_raw_are_not_told() -> None:
    names = {"Smith_John.csv": "ab" * 32, "NST_2024-07-31.csv": "cd" * 32}
    assert set(BOARD.names(names)) == {"file-abababababab", "NST_2024-07-31.csv"}


# --- 6: one k ----------------------------------------------------------------------------------------


def test_with_k_10_no_profile_shows_a_count_under_10(made, sets) -> None:
    """The world has k = 10: public hid 8 and 9 no longer than under 8 once."""
    assert made.k == 10 and Profile("public", 10).smallest == 10
    for one in sets:
        counts = one.released.table[one.released.table["unit"] == "count"]
        shown = counts.loc[counts["form"] != "c", "value"].dropna()
        assert not shown.between(1, 9).any() and counts["form"].eq("c").any()
        assert one.profile.under == "under 10"


# --- 7: inequalities joined over months and years -----------------------------------------------------


def plans(issued: dict[str, int], done: dict[str, int | None]) -> dict:
    rows = {}
    for (wait, measure), table in {
        ("", "plans_issued"): issued,
        ("plan", "completed"): done,
    }.items():
        for start, n in table.items():
            end = (
                "2023-12-31"
                if start == YEAR[0] + "y"
                else f"{pd.Timestamp(start) + pd.offsets.MonthEnd():%Y-%m-%d}"
            )
            shown = (
                Printed(float("nan"), None, None, None, "c")
                if n is None
                else Printed(n, None, None, n, "exact")
            )
            rows[wait, measure, "", start[:10], end] = shown
    return rows


def test_issued_equal_to_completed_over_a_year_tells_the_months_and_the_certificate_knows() -> None:
    """183 issued and 183 completed in the year, 4 issued... completed [c]: issued >= completed, so each month is equal."""
    months = [f"2023-{m:02d}-01" for m in range(1, 13)]
    issued = dict(zip(months, [17] * 10 + [10, 3], strict=True)) | {YEAR[0] + "y": 183}
    done = dict(zip(months, [17] * 10 + [10, None], strict=True)) | {YEAR[0] + "y": 183}
    rows = plans(issued, done)
    weak = certificate(rows, {}, Ties({}, ("plan",), ("plan",)), Reader(4, 4), 5)
    assert any(w.name[:2] == ("plan", "completed") and (w.lo, w.hi) == (3, 3) for w in weak)
    loose = {k: v for k, v in rows.items() if k[3:] != YEAR}
    loose |= plans({months[11]: 14}, {})
    assert not certificate(loose, {}, Ties({}, ("plan",), ("plan",)), Reader(4, 4), 5)


def test_a_year_less_its_shown_months_does_not_leave_four_for_two_hidden_months() -> None:
    """10 completed a month and two [c]; the year says 104: 4 between two months is 1 to 3 each, three values only."""
    months = [f"2023-{m:02d}-01" for m in range(1, 13)]
    done = dict(zip(months, [10] * 10 + [None, None], strict=True)) | {YEAR[0] + "y": 104}
    weak = certificate(plans({}, done), {}, Ties({}, ("plan",), ()), Reader(4, 4), 5)
    assert {(w.lo, w.hi) for w in weak if w.name[1] == "completed"} == {(1, 3)}


def test_a_reader_of_the_public_set_knows_that_c_is_at_most_seven() -> None:
    """Ten children of two hidden months can be 3 and 7 to 7 and 3: five numbers each; thirteen only 6 or 7."""
    cells = {}
    for total, values in ((10, 5), (13, 2)):
        done = {"2023-01-01": None, "2023-02-01": None}
        rows = plans({}, done)
        rows["plan", "completed", "", "2023-01-01", "2023-02-28"] = Printed(
            total, None, None, total, "exact"
        )
        weak = certificate(rows, {}, Ties({}, ("plan",), ()), Reader(4, 7), 8)
        cells[values] = {
            w.hi - w.lo + 1 for w in weak if w.name[1] == "completed" and w.lo == w.hi - values + 1
        }
    assert cells == {5: set(), 2: {2}}


# --- 8: a second profile ------------------------------------------------------------------------------


def test_public_after_board_of_the_same_day_is_made_and_no_finer(sets) -> None:
    """Four sets in turn: each is safe beside all before it, and the public plan is never finer than the board's."""
    order = ["month", "quarter", "year", "day", ""]
    assert [s.profile.name for s in sets] == ["board", "public"] * 2
    for board, public in zip(sets[::2], sets[1::2], strict=True):
        both = board.plan.drop_duplicates(["wait", "measure", "group"]).merge(
            public.plan.drop_duplicates(["wait", "measure", "group"]),
            on=["wait", "measure", "group"],
        )
        both = both[both["group"] == ""]
        assert len(both) > 15 and len(public.released.table) > 50
        assert all(
            order.index(b) <= order.index(p)
            for b, p in zip(both["grain_x"], both["grain_y"], strict=True)
        )
    done = [s.released for s in sets]
    assert not any(door.audit(one, done[:at]) for at, one in enumerate(done))


def test_a_smaller_or_larger_k_and_an_older_month_are_always_possible(made, sets) -> None:
    """A changed setting, then the first day again under it: released, audited, and whole."""
    workspace = replace(made, k=5, days=(made.days[1], made.days[0]))
    more = attacker_worlds.releases(workspace, ["board"])
    assert all(len(one.released.table) > 50 for one in more)


def test_verify_of_a_copy_says_that_earlier_releases_were_not_considered(
    tmp_path: Path, sets
) -> None:
    from sendwaits.release.verify import _safe

    folder = saved(tmp_path / "copy", sets[0].released)
    assert "Earlier releases were not considered" in _safe(folder, None)
    with pytest.raises(Refused, match="no register of releases is there"):
        verify.__globals__["_root_of"](folder, tmp_path)


# --- the attacker's own eyes ---------------------------------------------------------------------------


def test_the_attacker_recovers_what_an_open_door_would_print() -> None:
    """30 + 12 joined - 10 completed leaves 29: 3 left otherwise. Printed exactly, the attacker has them."""
    rows = [
        ("OT_LA", "assessment", "waiting", "", "", "2023-12-31", 30, "count", "", "", 30, "exact"),
        ("OT_LA", "assessment", "waiting", "", "", "2024-01-31", 29, "count", "", "", 29, "exact"),
        ("OT_LA", "assessment", "starts", "", "2024-01-01", "2024-01-31", 12, "count", "", "", 12, "exact"),
        ("OT_LA", "assessment", "completed", "", "2024-01-01", "2024-01-31", 10, "count", "", "", 10, "exact"),
    ]  # fmt: skip
    text = figures_csv(
        figures_rows(
            [tuple(None if v == "" and i in (8, 9) else v for i, v in enumerate(r)) for r in rows]
        )
    ).decode()
    truth = pd.DataFrame(
        [("assessment", "removed_other", "", "2024-01-01", "2024-01-31", 3, "count", None, None)],
        columns="wait measure group period_start period_end value unit numerator denominator".split(),
    )
    empty = figures_csv(figures_rows([])).decode()
    told, asked = attacker.recovered(
        "OT_LA", [attacker.Set.of(text, empty, {}, 5, False)], truth, 5
    )
    assert asked == 1 and told == ["assessment|removed_other|||2024-01-01|2024-01-31"]
