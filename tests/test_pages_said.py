"""Every title, sentence and key figure of the sample's set, in three profiles, beside the frame that it is about.

The pages as the committed notebooks hold them are read in every run; all pages of all services in the long one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import html

import sendwaits as sw
from sendwaits.release import area_report, pages, publish
from sendwaits.release.report import REPORTS, Report
from sendwaits.release.wording import plain

AS_AT = "2024-07-31"
SCENARIO = "requests keep growing"  # a name in the sample's settings, no finding
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
DIRECTION = re.compile(
    r"\b(growing|grew|rising|rose|falling|fell|higher|lower|longer|shorter|no clear change|more than(?! chance| 29 in 30)|fewer than)\b"
)
WRONG = re.compile(
    r"nan|None(?! of| is)|\[x\]|Rated Not rated|\bin 0 \w|None of the one|(?<![.\d])1 (?:children|rows|weeks|lists)\b|  "
    r"| [.,;]|[a-z\d%)]\.[A-Z][a-z]"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    from sendwaits import sample

    folder = tmp_path_factory.mktemp("said")
    sample.write(folder, size="area")
    return sw.open(folder)


@pytest.fixture(scope="module", params=["board", "public", "analyst"])
def contents(request, workspace):
    return workspace.contents(AS_AT, None, request.param)


def parts(contents):
    """(name, part) of everything that the pages of a set show, each section wait by wait."""
    for code, service in contents.services.items():
        for name in REPORTS:
            report = Report(name, service)
            yield f"{code} {name} opening", report.opening()
            for section in report.sections():
                frame = getattr(report, section)()
                for wait, rows in frame.groupby("wait", sort=False):
                    yield f"{code} {name} {section} {wait}", publish.section(report, section, rows)
            yield f"{code} {name} closing", report.closing()
    for name in area_report.REPORTS:
        report = area_report.open_report(name, contents)
        yield f"{name} opening", report.opening()
        yield f"{name} closing", report.closing()


def committed():
    """(name, HTML, text) of every part that a committed notebook shows."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                if "part" in output.get("metadata", {}).get("sendwaits", {}):
                    data = {k: "".join(v) for k, v in output["data"].items()}
                    yield f"{path.stem} {cell['id']}", data["text/html"], data["text/plain"]


def test_no_committed_title_or_sentence_has_a_hole_a_wrong_plural_or_a_nan():
    told = list(committed())
    assert len(told) > 50
    found = {name: WRONG.findall(text) for name, _, text in told}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_a_committed_word_of_direction_is_that_of_a_verdict_or_of_two_printed_numbers():
    assert not loose((name, page) for name, page, _ in committed())


@pytest.mark.long
def test_no_title_or_sentence_has_a_hole_a_wrong_plural_or_a_nan(contents):
    found = {name: WRONG.findall(part.text) for name, part in parts(contents)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def loose(told):
    """Words of direction that stand in no element with a verdict or a key, by part."""
    found = {}
    for name, page in told:
        tree = html.fromstring(f"<div>{page}</div>")
        for marked in tree.xpath("//*[@data-verdict or @data-key or self::svg or self::a]"):
            marked.text, marked[:] = "", []
        for notes in tree.xpath("//*[contains(@class, 'notes')]"):
            notes.getparent().remove(notes)
        said = tree.xpath("//h1|//h2|//*[@class='lede']|//*[@class='words']|//*[@class='keys']")
        texts = [plain(node.text_content()).replace(SCENARIO, "") for node in said]
        words = [w for text in texts for w in DIRECTION.findall(text)]
        if words:
            found[name] = words
    return found


@pytest.mark.long
def test_a_word_of_direction_stands_only_where_a_verdict_or_two_printed_numbers_say_it(contents):
    assert not loose((name, part.html) for name, part in parts(contents))


@pytest.mark.long
def test_every_verdict_on_a_page_is_that_of_the_set(contents):
    judged = contents.joined("judged")
    columns = ("pathway", "wait", "measure", "group", "verdict")
    known = {"|".join(v) for v in zip(*(judged[c] for c in columns), strict=True)}
    said = {v for _, p in parts(contents) for v in re.findall(r'data-verdict="([^"]*)"', p.html)}
    assert said and not {v for v in said if v not in known and not v.endswith("|not_published")}


@pytest.mark.long
def test_the_index_counts_what_it_lists(contents):
    page = html.fromstring(pages.index(contents))
    title = page.findtext(".//h1")
    listed = len(page.xpath("//h1//*[@data-verdict]"))
    assert (
        re.match(r"Of seven waiting lists (one has|\w+ have) changed: ", page.xpath("string(//h1)"))
        or listed == 1
    )
    assert len(page.xpath("//table[contains(@class, 'glance')]/tbody/tr")) == 7
    assert title is not None


@pytest.mark.long
def test_no_number_under_the_smallest_is_printed_as_a_count_of_children(contents):
    if contents.profile.exact:
        return
    released = contents.joined("released")
    counts = released[(released["unit"] == "count") & released["form"].eq("exact")]
    assert not counts["value"].between(1, contents.profile.smallest - 1).any()
    assert not released[released["form"] == "c"]["value"].notna().any()
