"""Fifty things that a new user mistypes or is sent: the exit code and the words that she gets, in at most six plain lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from sendwaits.run import cli

HEAD = "child_id,referral_id,referral_date,first_contact_date,closed_date"
ROWS = [
    f"c{i},r{i},2024-0{1 + i % 6}-1{i % 9},{'2024-06-2' + str(1 + i % 9) if i % 3 else ''},"
    for i in range(20)
]
EHC = "child_id,request_id,request_date,request_outcome,request_outcome_date,plan_date"
FIGURES = ("figures", "--as-at", "2024-07-31", "--months", "1")
REPORT = ("report", "--as-at", "2024-07-31", "--dry-run")
CHECK = ("check",)
LONG = ("figures", "--as-at", "2024-07-31")


def slcn(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows, ""])


GOOD = {"SLCN_2024-07-31.csv": slcn(*ROWS)}


@dataclass
class Mistake:
    what: str
    command: tuple[str, ...]
    code: int
    words: tuple[str, ...]
    files: dict[str, str] = field(default_factory=lambda: dict(GOOD))
    settings: str = '[area]\nname = "X"\n'


def settings(text: str, *words: str, command=FIGURES, code=2, what="") -> Mistake:
    return Mistake(
        what or text.strip(), command, code, words, settings='[area]\nname = "X"\n' + text
    )


def sent(what: str, files: dict[str, str], *words: str, command=FIGURES, code=2) -> Mistake:
    return Mistake(what, command, code, words, files=files)


def typed(*command: str, words: tuple[str, ...], code=2) -> Mistake:
    return Mistake(" ".join(command), command, code, words)


TARGET = '[[targets]]\npathway = "SLCN"\nwait = "contact"\nmeasure = "{}"\nby = "2024-12-31"\n{}\n'
MISTAKES = [
    # what she types
    typed("figures", words=("--as-at",)),
    typed("figures", "--as-at", "31/07/2024", words=("YYYY-MM-DD",)),
    typed("figures", "--as-at", "2024-02-30", words=("YYYY-MM-DD",)),
    typed("figures", "--as-at", "9999-12-31", words=("no census day",)),
    typed("figures", "--as-at", "2024-07-30", words=("no extract dated on or before 2024-07-30",)),
    typed("figures", "--as-at", "2025-08-01", words=("45 days before", "SLCN (2024-07-31)")),
    typed(*FIGURES, "--pathway", "SLNC", words=("No pathway 'SLNC'", "SLCN")),
    typed(*FIGURES, "--pathway", "slcn", words=("No pathway 'slcn'", "SLCN")),
    typed(*FIGURES, "--pathway", "NST", words=("no extract in data/raw: NST",)),
    typed(*FIGURES, "--group", "ward", words=("No group 'ward'", "district")),
    typed(*FIGURES, "--period", "week", words=("quarter",)),
    typed("figures", "--as-at", "2024-07-31", "--months", "0", words=("--months",)),
    typed(*FIGURES, "--perod", "year", words=("--perod",)),
    typed("figurs", words=("figurs",)),
    typed("forecast", "--as-at", "2024-07-31", words=("--pathway", "--series")),
    typed("forecast", "--as-at", "2024-07-31", "--series", "melatonin", words=("series",)),
    typed(*REPORT, "--report", "backlogs", words=("No report 'backlogs'", "backlog")),
    typed(*REPORT, "--pathway", "NTS", words=("No pathway 'NTS'",)),
    typed(*REPORT, "--profile", "secret", words=("analyst", "board", "public")),
    typed("report", "--as-at", "2024-07-31", "--areas", "none.csv", words=("none.csv",)),
    typed("verify", "reports/2024-07-31", code=6, words=("run.json is missing",)),
    typed("map", "none.csv", "--pathway", "SLCN", words=("there is no such file",)),
    # what she writes in sendwaits.toml
    settings("colour = 1", "unknown key 'colour'"),
    settings("[disclosure]\nk = 2", "k", "3"),
    settings('[disclosure]\nprofile = "open"', "analyst, board, public"),
    settings("[area", "TOML"),
    settings(TARGET.format("wating", "at_most = 3"), "no measure 'wating'", "waiting"),
    settings(
        TARGET.format("wating", "at_most = 3"), "no measure 'wating'", command=REPORT, what="dry"
    ),
    settings(TARGET.format("waiting", ""), "at_most or at_least"),
    settings(
        TARGET.format("waiting", "at_most = 3").replace("contact", "contcat"), "contcat", "contact"
    ),
    settings('[pathways.SLC.headings]\nchild_id = "X"', "SLC", "SLCN"),
    settings('[pathways.SLCN.headings]\nchild = "X"', "child"),
    settings('[[scenarios]]\nname = "a"\npathway = "SLCN"', "from"),
    settings('[[change_points]]\npathway = "SLCN"\ndate = "July"', "date"),
    settings('[[report]]\nname = "own"\nnotebook = "own.ipynb"', "no notebook", command=REPORT),
    # what she is sent
    sent("nothing", {}, "holds no extract", command=CHECK),
    sent("nothing", {}, "no extract"),
    sent("another service", {"SALT_2024-07-31.csv": slcn(*ROWS)}, "of no known service: SALT_2024"),
    sent("a date the English way", {"SLCN_31-07-2024.csv": slcn(*ROWS)}, "SLCN_2024-07-31.csv"),
    sent(
        "a second download", {**GOOD, "SLCN_2024-07-31 (1).csv": slcn(*ROWS)}, "second copy", code=0
    ),
    sent("an empty file", {"SLCN_2024-07-31.csv": ""}, "SLCN_2024-07-31.csv"),
    sent("headings only", {"SLCN_2024-07-31.csv": slcn()}, "SLCN_2024-07-31.csv"),
    sent("no child", {"SLCN_2024-07-31.csv": slcn("2024-01-01", head="referral_date")}, "child_id"),
    sent(
        "the dates in words",
        {"SLCN_2024-07-31.csv": slcn(*(f"c{i},r{i},last May,," for i in range(9)))},
        "referral_date",
    ),
    sent("the same file again", {**GOOD, "SLCN_2024-06-30.csv": slcn(*ROWS)}, "the same bytes"),
    sent(
        "half of the list",
        {"SLCN_2024-06-30.csv": slcn(*ROWS), "SLCN_2024-07-31.csv": slcn(*ROWS[:5])},
        "over half",
        command=CHECK,
    ),
    sent(
        "the future",
        {"SLCN_2024-07-31.csv": slcn(*(f"c{i},r{i},2025-01-01,," for i in range(9)))},
        "SLCN_2024-07-31.csv",
    ),
    sent(
        "a web page", {"SLCN_2024-07-31.csv": "<!DOCTYPE html><html></html>"}, "SLCN_2024-07-31.csv"
    ),
    sent(
        "plans without dates",
        {
            "EHC_2024-07-31.csv": slcn(
                *(f"c{i},r{i},2024-0{1 + i % 5}-01,,," for i in range(20)), head=EHC
            )
        },
        "Nobody completed",
        "plan_date",
        command=LONG,
        code=0,
    ),
    sent(
        "no column of plans",
        {
            "EHC_2024-07-31.csv": slcn(
                *(f"c{i},r{i},2024-01-01,Y,2024-02-01" for i in range(20)),
                head=EHC.removesuffix(",plan_date"),
            )
        },
        "Nobody completed",
        "plan_date",
        command=LONG,
        code=0,
    ),
    sent(
        "a service half a year late",
        {**GOOD, "NST_2024-01-31.csv": slcn("c1,r1,2024-01-01,,")},
        "NST (2024-01-31)",
        code=0,
    ),
    sent(
        "a service three weeks late",
        {**GOOD, "NST_2024-07-10.csv": slcn("c1,r1,2024-01-01,,")},
        "Not known",
        "NST after 2024-07-10",
        code=0,
    ),
]


def test_there_are_fifty():
    assert len(MISTAKES) >= 50


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: re.sub(r"\W+", "-", m.what)[:60])
def test_a_mistake_gets_a_short_right_answer(tmp_path, monkeypatch, capfd, mistake):
    monkeypatch.setenv("SENDWAITS_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "key").write_text("ab" * 32, encoding="ascii")
    (tmp_path / "key").chmod(0o600)
    root = tmp_path / "ws"
    (root / "data" / "raw").mkdir(parents=True)
    (root / "sendwaits.toml").write_text(mistake.settings, encoding="utf-8")
    for name, text in mistake.files.items():
        (root / "data" / "raw" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        cli.main(list(mistake.command))
    out, err = capfd.readouterr()
    assert ended.value.code == mistake.code, err
    told = err.strip().splitlines()
    assert 0 < len(told) <= 6
    assert "Traceback" not in err and "Error" not in err
    for word in mistake.words:
        assert word in err, err
