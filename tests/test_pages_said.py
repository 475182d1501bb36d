"""Every title, sentence and key figure of a made-up set, in three profiles, beside the frame that it is about."""

from __future__ import annotations

import re

import pytest
from lxml import html

import sendwaits as sw
from sendwaits.release import area_report, pages, publish
from sendwaits.release.report import REPORTS, Report
from sendwaits.release.wording import plain

AS_AT = "2024-07-31"
pytestmark = pytest.mark.long
DIRECTION = re.compile(
    r"\b(growing|grew|rising|rose|falling|fell|higher|lower|longer|shorter|no clear change|more than|fewer than)\b"
)
WRONG = re.compile(
    r"nan|None|\[x\]|Rated Not rated|\bin 0 \w|None of the one|\b1 (?:children|rows|weeks|lists)\b|  "
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    from sendwaits import sample

    folder = tmp_path_factory.mktemp("said")
    sample.write(folder, size="small")
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


def test_no_title_or_sentence_has_a_hole_a_wrong_plural_or_a_nan(contents):
    found = {name: WRONG.findall(part.text) for name, part in parts(contents)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_a_word_of_direction_stands_only_where_a_verdict_or_two_printed_numbers_say_it(contents):
    loose = {}
    for name, part in parts(contents):
        tree = html.fromstring(f"<div>{part.html}</div>")
        for marked in tree.xpath("//*[@data-verdict or @data-key or self::svg or self::a]"):
            marked.text, marked[:] = "", []
        for notes in tree.xpath("//*[contains(@class, 'notes')]"):
            notes.getparent().remove(notes)
        told = tree.xpath("//h1|//h2|//*[@class='lede']|//*[@class='words']|//*[@class='keys']")
        words = [w for node in told for w in DIRECTION.findall(plain(node.text_content()))]
        if words:
            loose[name] = words
    assert not loose


def test_every_verdict_on_a_page_is_that_of_the_set(contents):
    judged = contents.joined("judged")
    columns = ("pathway", "wait", "measure", "group", "verdict")
    known = {"|".join(v) for v in zip(*(judged[c] for c in columns), strict=True)}
    said = {v for _, p in parts(contents) for v in re.findall(r'data-verdict="([^"]*)"', p.html)}
    assert said and not {v for v in said if v not in known and not v.endswith("|not_published")}


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


def test_no_number_under_the_smallest_is_printed_as_a_count_of_children(contents):
    if contents.profile.exact:
        return
    released = contents.joined("released")
    counts = released[(released["unit"] == "count") & released["form"].eq("exact")]
    assert not counts["value"].between(1, contents.profile.smallest - 1).any()
    assert not released[released["form"] == "c"]["value"].notna().any()
