"""The set of September 2024 of the sample answers the October 2024 update: its 49 figures, and ten questions of a Board member."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html
from test_odd_workspaces import sendwaits

from sendwaits import sample
from sendwaits.run.starting import notebooks_source

pytestmark = pytest.mark.long
HERE = Path(__file__).parent
FIGURES = list(csv.DictReader((HERE / "board_update.csv").open(encoding="utf-8")))
AS_AT = "2024-09-30"
PAGES = {
    "S05": "ehc_trend", "S06": "ehc_trend", "S07": "ehc_trend", "S09": "update", "S11": "update",
    "S15": "nst_trend", "S16": "nst_trend", "S27": "ehc_trend", "S29": "ehc_trend",
    "S30": "ehc_trend", "S32": "ot_health_trend", "S33": "ot_health_trend", "S37": "ot_la_trend",
    "S40": "ot_la_trend", "S44": "slcn_autism_trend", "S46": "update", "S47": "update",
}  # fmt: skip
"""Figure -> the page that prints it under the key of the update's row."""
NOT_KNOWN = {
    "S08": "known around it is", "S10": "not suppressed", "S12": "the base", "S19": "the statistic",
    "S22": "July to September 2024", "S26": "its date", "S34": "31 July 2024",
    "S35": "31 July 2024", "S36": "31 July 2024", "S38": "April to June 2023",
    "S39": "January to March 2024", "S41": "of one worker", "S42": "one child's wait",
    "S43": "one child's wait",
}  # fmt: skip
"""Figure -> what its row says is missing in a Board's set: months of few children, days between censuses, one child's wait."""
STATISTIC = {
    "mean": r"\b[Mm]ean\b", "count": r"waiting|[Rr]eferrals|meetings|held",
    "share": r"[Ww]ithin|on time", "sum": r"meetings|held", "one month's total": r"spend",
}  # fmt: skip
QUESTIONS = {
    "Is NST really 54 weeks?": (
        "nst_trend",
        r"^NST: the mean wait so far is 5\d\.\d weeks \(getting shorter\)",
    ),
    "Which OT list grew?": ("ot_health_backlog", r"\d+ waiting for assessment \(growing\)"),
    "How long does OT of the local authority take?": (
        "ot_la_trend",
        r"for the occupational therapist, .*; completed waits took 80 weeks \(18 months\) and 14 weeks",
    ),
    "What would meet 40 %?": (
        "ehc_forecast",
        r"^40% of plans issued within 20 weeks by 31 December 2024: a chance of (?:under )?\d+%; about [\d.]+ completed waits a week would make it 80%",
    ),
    "How do we compare?": ("update", r"in 2024: Nottinghamshire 37\.5%, England 45\.9%"),
    "What must we decide?": ("index", r"^What the Board is asked to decide by"),
    "Was what we said last time right?": (
        "update",
        r"^Of 49 statements of last time 17 agree, none does not, 32 cannot be checked",
    ),
    "Do some groups wait longer?": (
        "nst_trend",
        r"mean wait for first appointment so far (?:by group: |is apart from that of all children)",
    ),
    "How many of last year's children have a plan within 20 weeks?": (
        "ehc_trend",
        r"began to wait for final plan in 2023, \d+\.\d% were seen by 20 weeks",
    ),
    "Did spending on sleep medicine come down?": (
        "update",
        r"^Melatonin spend: £[\d,]+ in September 2024, lower than £[\d,]+ in September 2023",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The September set for the Board."""
    root = tmp_path_factory.mktemp("update")
    sample.write(root, size="area")
    shutil.copytree(notebooks_source(), root / "notebooks")
    done = sendwaits("report", root, "--as-at", AS_AT)
    assert done.returncode == 0, done.stderr
    return root / "reports" / AS_AT


@pytest.fixture(scope="module")
def pages(folder):
    """Page -> its tree."""
    return {p.stem: html.parse(str(p)).getroot() for p in folder.glob("*.html")}


def text(node):
    return " ".join(node.text_content().replace("\u00a0", " ").split())


def rows(pages):
    """Figure -> the cells of its row in the update's table of statements."""
    (table,) = [
        t
        for t in pages["update"].xpath("//table")
        if text(t.find("caption")).startswith("Last time")
    ]
    found = table.xpath("./tbody/tr")
    assert len(found) == len(FIGURES) == 49
    return {f["id"]: row for f, row in zip(FIGURES, found, strict=True)}


def test_each_of_the_49_figures_agrees_or_its_row_says_why_it_cannot_be_told(pages):
    for figure in FIGURES:
        verdict, right, missing = (text(c) for c in rows(pages)[figure["id"]][1:])
        assert figure["said"] in text(rows(pages)[figure["id"]][0])
        if figure["id"] in PAGES:
            assert verdict.endswith("agrees") and "not" not in verdict, figure
            assert re.search(r"\d", right)
        else:
            assert verdict.endswith("cannot be checked"), figure
            assert NOT_KNOWN.get(figure["id"], "a measure") in missing, (figure["id"], missing)


@pytest.mark.parametrize("name", PAGES)
def test_a_figure_that_agrees_stands_on_its_page_with_statistic_and_clock(pages, name):
    figure = next(f for f in FIGURES if f["id"] == name)
    keys = rows(pages)[name].xpath(".//@data-statement")[0].split(" ~ ")
    page = pages[PAGES[name]]
    for key in keys:
        marks = page.xpath(
            f'//*[@data-key="{key}"][ancestor::section][not(ancestor::*[local-name()="svg"])]'
        )
        assert marks, (name, key)
        section = next(marks[0].iterancestors("section"))
        said = text(section)
        kind = next(v for k, v in STATISTIC.items() if figure["statistic"].startswith(k))
        assert re.search(kind, said), (name, said[:300])
        assert "Population:" in said or PAGES[name] == "update"
        if figure["wait"]:
            assert "Clock:" in said, (name, said[-300:])


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_a_board_member_is_answered_by_one_title(pages, question):
    page, answer = QUESTIONS[question]
    titles = [text(t) for t in pages[page].xpath("//h1|//h2")]
    assert len([t for t in titles if re.search(answer, t)]) == 1, titles


def test_the_words_of_update_docx_are_those_of_the_page_and_office_makes_a_pdf_of_it(
    folder, pages, tmp_path
):
    import docx

    made = docx.Document(str(folder / "update.docx"))
    page = text(pages["update"])
    told = [" ".join(p.text.replace("\u00a0", " ").split()) for p in made.paragraphs]
    assert not [line for line in told if line not in page]
    heads = [text(h) for h in pages["update"].xpath("//h1|//section/h2")]
    styled = [
        " ".join(p.text.replace("\u00a0", " ").split())
        for p in made.paragraphs
        if p.style.name.startswith("Heading")
    ]
    assert styled == [h for h in heads if h in styled] and len(styled) > 8
    drawn = made.element.xpath("//wp:docPr/@descr")
    assert len(drawn) == len(pages["update"].xpath("//figure")) and all(len(d) > 40 for d in drawn)
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office:
        arguments = ["--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
        subprocess.run([office, *arguments, str(folder / "update.docx")], check=True, timeout=300)
        assert (tmp_path / "update.pdf").read_bytes().startswith(b"%PDF")
