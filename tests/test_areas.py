"""The set for each of many areas, and the page that compares them without giving small numbers away."""

from __future__ import annotations

import json
from dataclasses import replace

import nbformat
import numpy as np
import pytest
import toy

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.release import compare
from sendwaits.release.charts.funnel import funnel_limits
from sendwaits.scale import areas
from sendwaits.workspace import open_workspace


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    toy.fork_also_beside_threads(monkeypatch)
    store.forget()
    yield
    store.forget()


class AreaMaker(toy.ToyMaker):
    """figures.csv as the contract has it: each pathway's wait with numbers that depend on the area's name."""

    def set_files(self, workspace, request, made, failed):
        files = super().set_files(workspace, request, made, failed)
        waiting = 100 + 10 * len(workspace.area.name)
        rows = [
            f"NST,assessment,{measure},,,2024-07-31,{value},count,,,1"
            for measure, value in (("waiting", waiting), ("waiting_over_18_weeks", waiting // 4))
        ]
        files["figures.csv"] = (
            "pathway,wait,measure,group,period_start,period_end,value,unit,numerator,denominator,n\n"
            + "\n".join(rows)
            + "\n"
        ).encode()
        return files


def three(tmp_path):
    home = toy.write(tmp_path / "home")
    toy.write(tmp_path / "north", pathways=("NST",))
    (tmp_path / "home" / "areas.csv").write_text(
        "name,folder,filter\nNorth,../north,\nSouth & Vale,,district=South\nWhole,.,\n"
    )
    return home


def run(home, **options):
    return toy.run(home, maker=AreaMaker(), areas=home / "areas.csv", **options)


def test_each_area_has_its_own_whole_set_and_one_page_leads_to_them(tmp_path):
    home = three(tmp_path)
    summary = run(home)
    folder = home / "reports" / "2024-07-31-areas"
    assert (
        summary.exit_code == 0
        and summary.lines[0] == "3 of 3 areas for 2024-07-31: 3 made, 0 unchanged."
    )
    assert sorted(p.name for p in folder.iterdir()) == [
        "areas.csv",
        "index.html",
        "north",
        "south-vale",
        "whole",
    ]
    for slug, pages in {"north": 3, "south-vale": 7, "whole": 7}.items():
        record = json.loads((folder / slug / "run.json").read_text())
        assert len(record["pages"]) == pages and record["failed"] == {}
        assert record["outputs"] == {
            p.name: store.digest_file(p) for p in (folder / slug).iterdir() if p.name != "run.json"
        }
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert (
        'href="north/index.html">North<' in page
        and 'href="south-vale/index.html">South &amp; Vale<' in page
    )


def test_the_reports_of_a_filtered_area_know_their_filter_and_name(tmp_path):
    home = three(tmp_path)
    seen = 'import os\n(os.environ.get("SENDWAITS_ONLY"), os.environ["SENDWAITS_AREA_NAME"])'
    nbformat.write(
        toy.cells(seen, parameters='pathway = ""  # code\nas_at = ""  # date'),
        home / "notebooks" / "trend.ipynb",
    )
    run(home, pathways=["NST"], reports=["trend"])
    folder = home / "reports" / "2024-07-31-areas"
    assert (
        "('district=South', 'South & Vale')"
        in (folder / "south-vale" / "nst_trend.html").read_text()
    )
    assert "(None, 'Whole')" in (folder / "whole" / "nst_trend.html").read_text()


def test_a_second_run_makes_only_the_changed_area_and_gives_the_same_bytes_as_one_from_nothing(
    tmp_path,
):
    home = three(tmp_path / "a")
    run(home)
    before = toy.contents(home / "reports")
    assert run(home).lines[0] == "3 of 3 areas for 2024-07-31: 0 made, 3 unchanged."
    assert toy.contents(home / "reports") == before
    for root in (home.parent, three(tmp_path / "b").parent):
        path = root / "north" / "data" / "raw" / "nst_2024-07-31.csv"
        path.write_text(path.read_text() + "c9,2024-02-01\n")
    assert run(home).made == ["North"]
    run(tmp_path / "b" / "home")
    assert toy.contents(home / "reports") == toy.contents(tmp_path / "b" / "home" / "reports")


def test_an_area_that_fails_leaves_the_others(tmp_path):
    home = three(tmp_path)
    (tmp_path / "north" / "data" / "raw" / "nst_2024-07-31.csv").unlink()
    summary = run(home)
    assert summary.exit_code == 3 and sorted(summary.made) == ["South & Vale", "Whole"]
    assert summary.failed["North"].startswith("data/raw: holds no extract")
    assert not (home / "reports" / "2024-07-31-areas" / "north").exists()


def test_area_tables_of_the_settings_do_the_same(tmp_path):
    home = three(tmp_path)
    workspace = replace(
        open_workspace(home),
        areas=(
            {"name": "North", "folder": "../north"},
            {"name": "South", "filter": "district=South"},
        ),
    )
    assert [
        (p.name, p.workspace.only, p.workspace.root.name)
        for p in areas.read_places(workspace, None)
    ] == [("North", "", "north"), ("South", "district=South", "home")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("name,folder\n", "holds no area"),
        ("place,folder\nNorth,.\n", "needs the columns name and folder or filter"),
        (
            "name,folder,filter\nNorth,.,district=North\n",
            "row 2: needs either a folder or a filter",
        ),
        ("name,filter\nNorth,region=North\n", "row 2: the filter must be column=value"),
        ("name,folder\n,.\n", "row 2: needs a name"),
        ("name,folder\nNorth,.\nNORTH,.\n", "'North' stands there twice"),
        ("name,folder\nNorth,nowhere\n", "no folder"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_with_its_row(tmp_path, text, message):
    home = three(tmp_path)
    (home / "areas.csv").write_text(text)
    with pytest.raises(Refused, match=message):
        run(home)


# --- the comparison -----------------------------------------------------------------------------------------------------


def figures(**places):
    """name = (over 18 weeks, waiting) -> what figures.csv of each area holds."""
    return {
        (name, name.lower()): [
            {
                "pathway": "NST",
                "wait": "assessment",
                "measure": m,
                "group": "",
                "period_start": "",
                "period_end": "2024-07-31",
                "value": str(v),
            }
            for m, v in (("waiting_over_18_weeks", long), ("waiting", waiting))
        ]
        for name, (long, waiting) in places.items()
    }


def test_the_share_of_all_is_pooled_from_the_areas_shown():
    """(10 + 30) of (100 + 100) = 20 %."""
    (c,) = compare.compare(figures(A=(10, 100), B=(30, 100)), toy.AS_AT)
    assert c.share == 0.2 and c.rows == (("A", "a", 10, 100), ("B", "b", 30, 100))


def test_where_one_area_is_hidden_a_second_one_is_too():
    """A is hidden; a county total would give it away, so the smallest of the others, C, is hidden as well."""
    (c,) = compare.compare(
        figures(A=("[c]", "[c]"), B=(30, 100), C=(6, 20), D=(40, 200)), toy.AS_AT
    )
    assert c.rows == (
        ("A", "a", None, None),
        ("B", "b", 30, 100),
        ("C", "c", None, None),
        ("D", "d", 40, 200),
    )
    assert c.share == 70 / 300


def test_a_hidden_part_hides_the_whole_row_and_two_hidden_need_no_third():
    (c,) = compare.compare(figures(A=("[c]", 12), B=("[c]", 15), C=(6, 20)), toy.AS_AT)
    assert [r[2:] for r in c.rows] == [(None, None), (None, None), (6, 20)] and c.share is None


def test_funnel_limits_are_the_published_interpolated_binomial_ones():
    """n = 2, share 1/2: P(0) = 1/4, P(1) = 1/2, P(2) = 1/4. At 2.5 %: r = 0, (0 - (0.25 - 0.025) / 0.25) / 2 < 0, so 0;
    at 97.5 %: r = 2, (2 - (1 - 0.975) / 0.25) / 2 = 0.95."""
    low, high = (float(x[0]) for x in funnel_limits(np.array([2]), 0.5, 0.95))
    assert low == 0 and high == pytest.approx(0.95)
    wide, narrow = funnel_limits(np.array([50, 500]), 0.3, 0.95).T
    assert wide[0] < narrow[0] < 0.3 < narrow[1] < wide[1]
    far = funnel_limits(np.array([50]), 0.3, 0.998)[:, 0]
    assert far[0] < wide[0] and wide[1] < far[1]


def test_a_small_area_with_a_high_share_is_within_the_funnel_and_a_large_one_above_it():
    """Pooled 20 %: 4 of 10 is what chance brings to a small area, 300 of 1,000 is not."""
    (c,) = compare.compare(figures(A=(4, 10), B=(300, 1000), C=(96, 990)), toy.AS_AT)
    assert c.share == 0.2
    assert [compare.outside(c, r[2], r[3]) for r in c.rows] == ["within", "far above", "far below"]


def test_the_page_names_the_areas_outside_the_funnel_and_says_how_many_are_hidden(tmp_path):
    workspace = open_workspace(toy.write(tmp_path))
    tables = figures(A=("[c]", "[c]"), B=("[c]", "[c]"), **{"C<b>": (300, 1000)}, D=(96, 990))
    page = compare.areas_page(
        workspace,
        compare.compare(tables, toy.AS_AT),
        [(n, s) for n, s in tables],
        toy.AS_AT,
        ("board", 5),
        {},
    )
    for name in ("A", "B", "C&lt;b&gt;", "D"):
        key = f'data-key="NST|assessment|share:waiting_over_18_weeks|area={name}|'
        assert page.count(key) == 1, name
    assert "<b>" not in page.replace("</b>", "")
    assert "C&lt;b&gt; and D lie outside the funnel" in page
    assert "2 areas are not shown because a number is too small." in page
