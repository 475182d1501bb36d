"""sendwaits.toml is read strictly: every key does what it says, and every mistake is named with its table and a remedy."""

from __future__ import annotations

from datetime import date

import pytest

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.workspace import open_workspace

TARGET = '[[targets]]\npathway = "SLCN"\nwait = "contact"\nmeasure = "waiting"\n'
OWN = '[[pathway]]\ncode = "LOG"\n[[pathway.wait]]\nname = "case"\nstart = "a_date"\ncompleted = "b_date"\n'


def settings(tmp_path, text, beside=""):
    area = "" if "[area]" in text or "[[area]]" in text else '[area]\nname = "Exampleshire"\n'
    (tmp_path / "sendwaits.toml").write_text(area + text, encoding="utf-8")
    if beside:
        (tmp_path / "statements.toml").write_text(beside, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[colour]\nred = 1", ["unknown key 'colour'", "Known there: area, change_points"]),
        ('[area]\nname = "X"\ncolour = 1', ["[area]", "unknown key 'colour'", "la_code"]),
        ('[area]\nname = " "', ["needs [area] with a name"]),
        ('[area]\nname = "X"\ndistricts = "North"', ["[area] districts", "must be a list"]),
        ('[area]\nname = "X"\nla_code = 7', ["[area] la_code", "text in quotes"]),
        ('[area]\nname = "X"\nlate_days = "soon"', ["[area] late_days", "a whole number"]),
        ("[targets]\nby = 2024-01-01", ["targets must be a list", "[[targets]]"]),
        (TARGET + "by = 2025-01-01", ["[[targets]]", "either at_most or at_least"]),
        (TARGET + "by = 2025-01-01\nat_most = 1\nat_least = 2", ["either at_most or at_least"]),
        (TARGET + "at_most = 1", ["[[targets]] needs 'by'"]),
        (TARGET + 'by = "31/12/2025"\nat_most = 1', ["[[targets]] by", "YYYY-MM-DD"]),
        (TARGET + "by = 2025-01-01\nat_most = true", ["[[targets]] at_most", "a number"]),
        (TARGET.replace("SLCN", "SLC") + "by = 2025-01-01\nat_most = 1", ["names no pathway"]),
        (TARGET.replace("contact", "talk") + "by = 2025-01-01\nat_most = 1", ["no wait 'talk'"]),
        ('[disclosure]\nprofile = "all"', ["profile must be one of: analyst, board, public"]),
        ("[disclosure]\nk = 2", ["[disclosure] k", "at least 3"]),
        ("[rag]\ngreen_chance = 80", ["[rag] green_chance", "at most 1"]),
        ('[[scenarios]]\nname = "x"\npathway = "SLCN"', ["[[scenarios]] needs 'from'"]),
        (
            '[[scenarios]]\nname = "x"\npathway = "SLCN"\nfrom = 2025-01-01\nlate_weeks = [9, 2]',
            ["late_weeks must be two numbers, low then high"],
        ),
        ("[pathways.SLC]\n", ["[pathways.SLC] names no pathway", "SLCN"]),
        ("[pathways.SLCN]\nclock = 1", ["[pathways.SLCN]", "Known there: clock_start, codes"]),
        ('[pathways.SLCN.headings]\nname = "x"', ["[pathways.SLCN.headings] 'name' is no column"]),
        ('[pathways.SLCN.dates]\nneed = "%d/%m/%Y"', ["'need' names no date column"]),
        (
            '[pathways.SLCN.dates]\nreferral_date = "dd/mm/yyyy"',
            ["dates.referral_date is no format"],
        ),
        ("[pathways.SLCN.standard_days]\ncontact = -1", ["standard_days", "at least 0"]),
        ("[pathways.SLCN.standard_days]\ntalk = 1", ["no wait 'talk'"]),
        (OWN + "standard_days = true", ["wait[0].standard_days", "a whole number"]),
        (OWN + 'removed = [{ date = "c", colum = "d" }]', ["unknown key 'colum'", "values"]),
        (OWN.replace("LOG", "Log"), ["capital letters"]),
        (OWN + OWN[OWN.index("[[pathway.wait]]") :], ["waits with different names"]),
        (
            '[[report]]\nname = "Two words"\nnotebook = "n.ipynb"',
            ["[[report]] name must be small letters"],
        ),
        ('[[statements]]\npathway = "SLCN"', ["[[statements]] needs 'text'"]),
        ("x =", ["not a valid TOML file"]),
    ],
)
def test_a_mistake_is_named_with_its_table_and_what_is_known_there(tmp_path, text, words):
    with pytest.raises(Refused) as refused:
        open_workspace(settings(tmp_path, text))
    assert str(refused.value).startswith("sendwaits.toml: ") or "no wait" in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_a_target_of_a_measure_that_does_not_exist_is_refused_and_the_nearest_named(tmp_path):
    text = TARGET.replace('"waiting"', '"within_standard_pc"') + "by = 2025-01-01\nat_least = 1"
    with pytest.raises(Refused, match="'within_standard_pc'.*Nearest: within_standard_pct"):
        sw.open(settings(tmp_path, text))


def test_every_setting_arrives_typed(tmp_path):
    space = open_workspace(
        settings(
            tmp_path,
            '[area]\nname = "X"\nla_codes = ["E06000061", "E06000062"]\nlate_days = 30\n'
            '[pathways.SLCN]\ncomplete_from = "2022-04-01"\nclock_start = "first_contact_date"\n'
            '[pathways.SLCN.dates]\nreferral_date = "%d %b %Y"\n[pathways.EHC.codes]\nWithdrawn = "W"\n'
            "[pathways.NST.standard_days]\nassessment = 65\n"
            '[[report]]\nname = "mine"\nnotebook = "notebooks/mine.ipynb"\ntitle = "Mine"\n'
            '[[statements]]\ntext = "17.0 weeks"\nvalue = "17.0"\nnow = 2024-09-30\n'
            '[[scenarios]]\nname = "s"\npathway = "SLCN"\nfrom = 2025-01-01\ndelivered = 1\n'
            + OWN
            + "standard_days = 30\n",
            '[[statements]]\ntext = "and 12 of them"\npathway = "SLCN"\nvalue = 12\n',
        )
    )
    assert space.area.la_codes == ("E06000061", "E06000062") and space.area.late_days == 30
    slcn = space.pathway("SLCN")
    assert slcn.complete_from == date(2022, 4, 1) and slcn.waits[0].start == "first_contact_date"
    assert slcn.dates == {"referral_date": "%d %b %Y"}
    assert space.pathway("EHC").words == {"Withdrawn": "W"}
    assert space.pathway("NST").wait("assessment").standard_days == 65
    assert space.reports_of_own[0].notebook == "notebooks/mine.ipynb"
    said = [(s.text, s.pathway, s.value, s.now) for s in space.statements]
    assert said == [("17.0 weeks", "", "17.0", "2024-09-30"), ("and 12 of them", "SLCN", 12, "")]
    assert space.scenarios[0].delivered == (1, 1) and space.scenarios[0].late_weeks == (0, 12)
    own = space.pathway("LOG")
    assert own.columns["b_date"] == "date" and own.waits[0].standard_days == 30
    assert own.waits[0].removed[0].date == "closed_date" and own.required == ("child_id", "a_date")


def test_the_smallest_workspace_has_the_documented_defaults(tmp_path):
    space = open_workspace(settings(tmp_path, ""))
    assert space.area.late_days == 45 and space.disclosure.k == 5
    assert space.disclosure.profile == "board" and not space.targets and not space.statements
