"""Pages can be read, heard and printed: one h1, real alt texts, a table beside each figure, a key on each number, nothing fetched."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import made_release as made
import pandas as pd
import pytest
from lxml import html

from sendwaits.errors import Refused, SendwaitsError
from sendwaits.release import pages
from sendwaits.release.reports import open_report
from sendwaits.workspace import ChangePoint, Target

CODES = ("NST", "OT_HEALTH", "OT_LA", "SLCN", "SLCN_AUTISM", "EHC")
NAMES = [f"{c.lower()}_{r}" for c in CODES for r in ("trend", "backlog", "forecast")] + [
    "quality",
    "themes",
    "index",
]
KEY = re.compile(r"^[^|]*\|[^|]*\|[^|]+\|[^|]*\|(\d{4}-\d\d-\d\d|)\|(\d{4}-\d\d-\d\d|)$")


@pytest.fixture(scope="session")
def whole_set() -> dict[str, str]:
    """The 21 pages of a made-up area, by name."""
    area = made.area(themes=made.theme_tables())
    found = {
        f"{c.lower()}_{r}": made.page(r, area.pathways[c])
        for c in CODES
        for r in ("trend", "backlog", "forecast")
    }
    return {
        **found,
        "quality": made.page("quality", area),
        "themes": made.page("themes", area),
        "index": pages.index(area),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_one_h1_sections_with_findings_and_a_table_with_caption_beside_each_figure(
    whole_set: dict[str, str], name: str
) -> None:
    text = whole_set[name]
    assert len(text.encode()) < 400_000
    page = html.fromstring(text)
    assert len(page.findall(".//h1")) == 1
    assert page.get("lang") == "en-GB" and len(page.findtext(".//title")) > 20
    tables, figures = page.findall(".//table"), page.findall(".//figure")
    assert len(tables) >= 2 and all(
        len(t.findtext("caption") or "".join(t.find("caption").itertext())) > 10 for t in tables
    )
    assert all(
        t.findall(".//th[@scope='row']") and t.findall(".//th[@scope='col']") for t in tables
    )
    for figure in figures:
        assert figure.find("figcaption") is not None and figure.findall(".//table")
        pictures = [s for s in figure.iter("svg") if s.get("role") == "img"]
        assert len(pictures) == 2
        assert all(
            len(s.get("aria-label")) > 40 and re.search(r"\d|cannot|\[c\]", s.get("aria-label"))
            for s in pictures
        )
    order = [e.tag for e in page.iter("figure", "table", "h1", "h2", "h3")]
    for i, tag in enumerate(order):
        if tag == "figure":
            assert order[i + 1] == "table"
    assert [h.tag for h in page.iter("h1", "h2", "h3")][0] == "h1"


def test_the_pages_have_the_figures_and_tables_that_their_reports_promise(
    whole_set: dict[str, str],
) -> None:
    def count(name: str) -> tuple[int, int]:
        page = html.fromstring(whole_set[name])
        return len(page.findall(".//figure")), len(page.findall(".//table"))

    assert count("nst_backlog") == (3, 5)  # ages, flow, forecast; districts and stages are tables
    assert count("ot_health_backlog") == (6, 8)  # the same for two lists
    assert count("nst_trend") == (4, 5)  # list, referrals, on time, wait; years
    assert count("ehc_trend") == (5, 6)  # and timeliness
    assert count("ehc_forecast") == (4, 5)  # target, list, bridge, back-test; scenarios
    assert count("themes") == (4, 7)
    assert count("index") == (0, 3)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_in_a_cell_or_a_chart_carries_its_key(
    whole_set: dict[str, str], name: str
) -> None:
    page = html.fromstring(whole_set[name])
    for key in page.xpath("//@data-key"):
        assert KEY.match(key), key
    for cell in page.findall(".//td"):
        bare = "".join(
            cell.xpath(
                ".//text()[not(ancestor::*[@data-key]) and not(ancestor::*[@class='aside']) and not(ancestor::*[@class='label'])]"
            )
        )
        if (
            re.fullmatch(r"\s*[+\u2212]?[\d,.]+%?\s*", bare)
            and name not in ("quality",)
            and "past" not in bare
        ):
            pytest.fail(f"{name}: {html.tostring(cell)[:200]!r}")
    for figure in page.findall(".//figure"):
        in_table = set(figure.xpath(".//table//@data-key"))
        drawn = {
            e.get("data-key")
            for s in figure.iter("svg")
            for e in s.iter("circle", "rect", "path")
            if e.get("data-key")
        }
        assert drawn and drawn <= in_table


def test_keys_of_released_numbers_lead_to_the_same_value_in_the_released_table(
    whole_set: dict[str, str],
) -> None:
    table = made.released("NST", 950, 14.0, 0)
    values = {
        "|".join(str(v) for v in row[:6]): (row[6], row[7])
        for row in table[
            ["pathway", "wait", "measure", "group", "period_start", "period_end", "value", "unit"]
        ].itertuples(index=False)
    }
    checked = 0
    for name in ("nst_backlog", "nst_trend"):
        for element in html.fromstring(whole_set[name]).xpath("//td//span[@data-key]"):
            if element.get("data-key") in values and element.text != "[c]":
                value, unit = values[element.get("data-key")]
                digits = 0 if unit == "count" else 1
                assert (
                    abs(float(element.text.replace(",", "").rstrip("%")) - value)
                    <= 0.5 * 10**-digits + 1e-9
                ), element.get("data-key")
                checked += 1
    assert checked > 200


def test_a_hidden_number_is_printed_c_and_drawn_nowhere() -> None:
    table = made.released("NST")
    hide = (table["measure"].isin(["waiting_band_365_728", "waiting_over_52_weeks"])) & (
        table["period_end"] == "2024-07-31"
    )
    true_values = table[hide & (table["group"] == "")]["value"].tolist()
    table.loc[hide, ["value", "status"]] = [float("nan"), "c"]
    page = html.fromstring(made.page("backlog", made.material("NST", table=table)))
    keys = {
        "|".join(r)
        for r in table[hide][
            ["pathway", "wait", "measure", "group", "period_start", "period_end"]
        ].itertuples(index=False)
    }
    shown = [e for e in page.xpath("//*[@data-key]") if e.get("data-key") in keys]
    assert shown and all("".join(e.itertext()) == "[c]" for e in shown)
    assert not [e for e in shown if e.tag in ("rect", "circle", "path")]
    assert len(true_values) == 6


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fetches_nothing_and_runs_nothing(whole_set: dict[str, str], name: str) -> None:
    page = html.fromstring(whole_set[name])
    assert (
        not page.findall(".//script")
        and not page.findall(".//iframe")
        and not page.findall(".//img")
    )
    for attribute in ("src", "href"):
        for value in page.xpath(f"//@{attribute}"):
            assert value.startswith(("#", "data:,")) or re.fullmatch(r"[a-z_]+\.html", value), value
    assert "url(" not in whole_set[name] and "@import" not in whole_set[name]
    assert not [
        a for e in page.iter() if isinstance(e.tag, str) for a in e.attrib if a.startswith("on")
    ]


def test_links_lead_to_pages_of_the_set(whole_set: dict[str, str]) -> None:
    for name, text in whole_set.items():
        for link in html.fromstring(text).xpath("//a/@href"):
            if link.endswith(".html"):
                assert link.removesuffix(".html") in whole_set, (name, link)


EVIL = '<script>alert(1)</script>{{ 7*7 }}{% raw %}=HYPERLINK("x")|../../etc $\\frac{1}{2}$ " onmouseover="x'


def test_hostile_text_is_inert_wherever_it_comes_from() -> None:
    space = made.workspace(name=EVIL)
    space = replace(space, change_points=(ChangePoint("NST", made.date(2023, 9, 1), EVIL),))
    table = made.released("NST")
    table["group"] = table["group"].str.replace("Ashfield", EVIL, regex=False)
    material = replace(
        made.material("NST", space=space, table=table),
        findings=pd.DataFrame(
            [("Q-X", "red", EVIL, 7, EVIL, EVIL)],
            columns=["code", "severity", "file", "n", "message", "what_to_do"],
        ),
    )
    themes = made.theme_tables()
    themes["groups"]["group"] = themes["groups"]["group"].str.replace("Ashfield", EVIL, regex=False)
    area = replace(made.area(space=space, themes=themes), findings=material.findings)
    texts = [made.page(r, material) for r in ("trend", "backlog", "forecast")] + [
        made.page("quality", area),
        made.page("themes", area),
        pages.index(area),
    ]
    for text in texts:
        page = html.fromstring(text)
        assert not page.findall(".//script")
        assert not [
            a for e in page.iter() if isinstance(e.tag, str) for a in e.attrib if a.startswith("on")
        ]
        assert "{{ 7*7 }}" in text and "<script>" not in text


def test_sections_work_when_nothing_is_known() -> None:
    table = made.released("NST")
    empty = replace(
        made.material("NST", table=table[table["measure"] == "waiting"]),
        forecast=None,
        backtest=None,
        files=None,
        findings=None,
    )
    for report in ("trend", "backlog", "forecast"):
        assert "<h1>" in made.page(report, empty)
    hidden = table.assign(value=float("nan"), status="c", n=None)
    for report in ("trend", "backlog", "forecast"):
        page = html.fromstring(made.page(report, made.material("NST", table=hidden)))
        assert not [
            e
            for s in page.iter("svg")
            for e in s.iter("circle", "rect")
            if e.get("data-key") and "backtest:" not in e.get("data-key")
        ]
    for report in ("quality", "themes"):
        assert "<h1>" in made.page(
            report, replace(made.area(), files=None, findings=None, quarantine=None)
        )


def test_the_list_that_does_not_add_up_stops_the_report() -> None:
    table = made.released("NST")
    at = (
        (table["measure"] == "starts")
        & (table["wait"] == "assessment")
        & (table["period_end"] == "2024-05-31")
    )
    table.loc[at, "value"] += 1
    with pytest.raises(SendwaitsError, match="NST assessment: the list at 2024-05-31"):
        open_report("backlog", made.material("NST", table=table)).reconcile()


def test_a_page_comes_from_the_parts_of_an_executed_notebook_in_their_order() -> None:
    report = open_report("backlog", made.material("NST"))
    cells = [{"cell_type": "markdown", "source": "# hello"}]
    for i, name in enumerate(made.SECTIONS["backlog"], 1):
        data, metadata = getattr(report, name)()._repr_mimebundle_()
        cells.append(
            {
                "cell_type": "code",
                "source": f"report.{name}()",
                "execution_count": i,
                "outputs": [
                    {
                        "output_type": "execute_result",
                        "execution_count": i,
                        "data": data,
                        "metadata": metadata,
                    }
                ],
            }
        )
    cells.append(
        {
            "cell_type": "code",
            "source": "1 + 1",
            "execution_count": 99,
            "outputs": [
                {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}}
            ],
        }
    )
    notebook = {"cells": cells}
    assert pages.from_notebook(notebook) == made.page("backlog", made.material("NST"))
    assert pages.from_notebook(json.loads(json.dumps(notebook))) == pages.from_notebook(notebook)
    cells[2]["outputs"] = [
        {"output_type": "error", "ename": "X", "evalue": "secret", "traceback": []}
    ]
    with pytest.raises(SendwaitsError, match="cell 3 failed") as caught:
        pages.from_notebook(notebook)
    assert "secret" not in str(caught.value)
    cells[2].update(outputs=[], execution_count=None)
    with pytest.raises(SendwaitsError, match="cell 3 has not been executed"):
        pages.from_notebook(notebook)


def test_the_same_material_gives_the_same_bytes() -> None:
    assert made.page("backlog", made.material("NST")) == made.page("backlog", made.material("NST"))
    assert pages.index(made.area()) == pages.index(made.area())


def test_a_misspelt_parameter_is_refused_in_plain_words() -> None:
    pages.check_given(
        {
            "pathway": "NST",
            "as_at": "2024-07-31",
            "profile": "board",
            "workspace": ".",
            "_x": 1,
            "sw": pages,
            "In": [""],
        }
    )
    with pytest.raises(
        Refused,
        match="No parameter 'pathwy'. The parameters of this notebook are: pathway, as_at, profile, workspace",
    ):
        pages.check_given({"pathway": "NST", "pathwy": "EHC"})
    pages.check_given({"pathwy": "EHC", "report": object()})  # a cell run again by hand


def test_an_unknown_report_names_those_there_are() -> None:
    with pytest.raises(
        Refused, match="No report 'backlogs'. Choose one of: trend, backlog, forecast"
    ):
        open_report("backlogs", made.material("NST"))


def test_the_index_links_only_what_was_made_and_names_what_was_not() -> None:
    text = pages.index(made.area(), made={"nst_backlog", "quality"}, failed={"ehc_trend": "cell 4"})
    links = {x for x in html.fromstring(text).xpath("//a/@href") if x.endswith(".html")}
    assert links == {"nst_backlog.html", "quality.html"}
    assert "Not made, to be repeated: ehc trend." in text


def test_targets_of_any_measure_have_a_page() -> None:
    targets = (
        Target("EHC", "", "within_20_weeks_pct", made.date(2024, 12, 31), at_least=40),
        Target("EHC", "plan", "mean_weeks_open", made.date(2025, 1, 31), at_most=17),
        Target("EHC", "plan", "waiting", made.date(2025, 1, 31), at_most=400),
        Target("EHC", "decision", "within_standard_pct", made.date(2025, 1, 31), at_least=95),
    )
    space = made.workspace(targets=targets)
    for report in ("trend", "backlog", "forecast"):
        assert "<h1>" in made.page(report, made.material("EHC", space=space))


# In a browser ----------------------------------------------------------------------------------------------------------


def _chromium() -> str:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    pytest.skip("No Chromium here: the pages were not checked in a browser.")


def _axe() -> str:
    axe = pytest.importorskip(
        "axe_playwright_python",
        reason="axe-core is not installed: pip install axe-playwright-python",
    )
    return (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


KINDS = (
    "nst_trend",
    "nst_backlog",
    "nst_forecast",
    "ot_health_backlog",
    "ot_la_trend",
    "ehc_trend",
    "ehc_forecast",
    "quality",
    "themes",
    "index",
)


@pytest.mark.browser
@pytest.mark.parametrize(
    "width, names",
    [
        (1200, KINDS),
        (375, KINDS[1:3] + KINDS[6:]),
        pytest.param(1200, NAMES, marks=pytest.mark.long),
        pytest.param(375, NAMES, marks=pytest.mark.long),
    ],
)
def test_axe_finds_nothing_no_request_is_made_and_text_is_14_pixels_or_more(
    whole_set: dict[str, str], tmp_path: Path, width: int, names: tuple[str, ...]
) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path, axe = _chromium(), _axe()
    for name, text in whole_set.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    smallest = """() => Math.min(...[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => e.ownerSVGElement ? parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width
                                    : parseFloat(getComputedStyle(e).fontSize)).filter(size => size !== 11.5))"""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for name in names:
            page.goto((tmp_path / f"{name}.html").as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            assert not found, (name, width, [(v["id"], v["nodes"][0]["html"][:200]) for v in found])
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(smallest) >= 13.99, (name, width)
        assert all(url.startswith(("file:", "data:")) for url in asked)
        browser.close()


@pytest.mark.browser
def test_print_opens_every_table_and_shows_one_drawing_a_figure(
    whole_set: dict[str, str], tmp_path: Path
) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = _chromium()
    (tmp_path / "page.html").write_text(whole_set["ehc_forecast"], encoding="utf-8")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 375, "height": 900})
        page.goto((tmp_path / "page.html").as_uri())
        page.emulate_media(media="print")
        shown = page.evaluate(
            "[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility()).length"
        )
        tables = page.evaluate(
            "[...document.querySelectorAll('details table')].filter(t => t.checkVisibility({contentVisibilityAuto: true}) && t.getBoundingClientRect().height > 40).length"
        )
        assert shown == page.evaluate("document.querySelectorAll('figure').length")
        assert tables == page.evaluate("document.querySelectorAll('details table').length") > 0
        browser.close()
