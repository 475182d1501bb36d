"""Between months: what changed in published values, why, and which verdicts turned; only released numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_frames import flow, released, stock, verdicts
from made_report import service

from sendwaits.errors import Refused
from sendwaits.release.area_report import open_report
from sendwaits.release.compare_sets import compare_sets
from sendwaits.release.contents import Contents
from sendwaits.release.edition import changes_page
from sendwaits.release.files import figures_csv, verdicts_csv
from sendwaits.run.comparing import lines

JUNE, JULY = "data/raw/SLCN_2024-06-30.csv", "data/raw/SLCN_2024-07-31.csv"


def folder(
    tmp_path: Path,
    as_at: str,
    rows: list[tuple],
    *,
    inputs: dict[str, str] | None = None,
    verdict: str = "steady",
    **settings: object,
) -> Path:
    """A folder with the three files of a set that a comparison reads."""
    path = tmp_path / as_at
    path.mkdir(parents=True)
    (path / "figures.csv").write_bytes(figures_csv(released(rows)))
    row = (
        "SLCN",
        "contact",
        "waiting",
        "",
        "month",
        as_at,
        verdict,
        "2024-02-29",
        "net flow -14 a month",
    )
    (path / "verdicts.csv").write_bytes(verdicts_csv(verdicts([row])))
    facts = {
        "parameters": {"as_at": as_at, "profile": "board", "k": 5, **settings},
        "package_version": "1",
        "inputs": {"sendwaits.toml": "t", **({JUNE: "a"} if inputs is None else inputs)},
    }
    (path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return path


def test_a_past_month_in_a_later_extract_is_restated_and_the_unknown_days_are_a_new_extract(
    tmp_path: Path,
) -> None:
    # June ended after the extract of 28 June: its 12 grew to 14 with July's extract. May was closed: 20 became 19.
    old = folder(
        tmp_path,
        "2024-06-30",
        flow("SLCN", "contact", "completed", [18, 20, 12], end="2024-06-30"),
        inputs={"data/raw/SLCN_2024-06-28.csv": "a"},
    )
    new = folder(
        tmp_path,
        "2024-07-31",
        flow("SLCN", "contact", "completed", [18, 19, 14, 16]),
        inputs={"data/raw/SLCN_2024-06-28.csv": "a", JULY: "b"},
    )
    found = compare_sets(old, new)
    assert (found.both, found.new) == ({"SLCN": 3}, {"SLCN": 1})
    assert found.changes[["period_end", "before", "after", "why", "detail"]].values.tolist() == [
        ["2024-05-31", 20.0, 19.0, "restated", "SLCN_2024-07-31.csv"],
        ["2024-06-30", 12.0, 14.0, "new extract", "SLCN_2024-07-31.csv"],
    ]


def test_groups_that_move_under_the_same_total_are_recoded(tmp_path: Path) -> None:
    def rows(north: float, south: float) -> list[tuple]:
        groups = (("", 100.0), ("district=North", north), ("district=South", south))
        return [
            r for g, v in groups for r in stock("SLCN", "contact", [v], group=g, end="2024-06-30")
        ]

    old = folder(tmp_path / "a", "2024-06-30", rows(60, 40))
    new = folder(tmp_path / "b", "2024-06-30", rows(55, 45), inputs={JUNE: "other"})
    assert compare_sets(old, new).changes["why"].tolist() == ["recoded", "recoded"]


def test_the_same_extracts_under_another_profile_differ_by_the_setting(tmp_path: Path) -> None:
    old = folder(
        tmp_path / "a", "2024-06-30", stock("SLCN", "contact", [7.0, 102.0], end="2024-06-30")
    )
    rows = stock("SLCN", "contact", [None], end="2024-05-31") + stock(
        "SLCN", "contact", [100.0], end="2024-06-30", form="rounded"
    )
    new = folder(tmp_path / "b", "2024-06-30", rows, profile="public")
    found = compare_sets(old, new)
    assert found.changes["why"].tolist() == ["setting", "setting"]
    assert set(found.changes["detail"]) == {"profile board -> public"}
    told = lines(found, old, new)
    assert "  SLCN contact waiting, 2024-05-31: 7 -> [c] (profile board -> public)" in told
    assert (
        "  SLCN contact waiting, 2024-06-30: 102 -> 100 (rounded) (profile board -> public)" in told
    )


def test_series_that_come_and_go_and_verdicts_that_turn_are_named(tmp_path: Path) -> None:
    old = folder(
        tmp_path, "2024-06-30", stock("SLCN", "contact", [9.0], end="2024-06-30"), verdict="steady"
    )
    new = folder(
        tmp_path, "2024-07-31", stock("EHC", "plan", [9.0]), verdict="falling", inputs={JULY: "b"}
    )
    found = compare_sets(old, new)
    assert found.series[["pathway", "what"]].values.tolist() == [
        ["EHC", "newly published"],
        ["SLCN", "no longer published"],
    ]
    assert found.verdicts[["pathway", "before", "after", "since"]].values.tolist() == [
        ["SLCN", "steady", "falling", "2024-02-29"]
    ]
    assert (
        lines(found, old, new)[0]
        == "From 2024-06-30 to 2024-07-31: 0 of 0 values that both print are other values, 1 are printed for the first time; "
        "1 verdict turned."
    )


def test_a_set_compared_with_itself_has_no_change(tmp_path: Path) -> None:
    one = folder(tmp_path, "2024-06-30", stock("SLCN", "contact", [None, 9.0], end="2024-06-30"))
    found = compare_sets(one, one)
    assert (len(found.changes), len(found.series), len(found.verdicts), found.both) == (
        0,
        0,
        0,
        {"SLCN": 2},
    )


def test_a_folder_that_is_no_set_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no set of reports"):
        compare_sets(tmp_path, tmp_path)


def test_the_command_prints_words_or_the_changed_values(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    from sendwaits.run.cli import main

    old = folder(tmp_path / "a", "2024-06-30", stock("SLCN", "contact", [9.0], end="2024-06-30"))
    new = folder(
        tmp_path / "b",
        "2024-06-30",
        stock("SLCN", "contact", [11.0], end="2024-06-30"),
        inputs={JUNE: "z"},
    )
    for form, said in (
        ("text", b"2024-06-30: 9 -> 11 (SLCN_2024-06-30.csv)"),
        ("csv", b",9.0,11.0,exact,exact,restated,"),
    ):
        with pytest.raises(SystemExit) as done:
            main(["compare", str(old), str(new), "--format", form])
        assert done.value.code in (0, None) and said in capsysbinary.readouterr().out


# --- the page -------------------------------------------------------------------------------------


def this_month(root: Path, rows: list[tuple]) -> Contents:
    """A set of 31 July 2024 that is being made in a workspace."""
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "SLCN_2024-07-31.csv").write_bytes(b"child_id,referral_date\n")
    one = service(rows)
    one = replace(one, workspace=replace(one.workspace, root=root))
    ledgers = one.files, one.findings, one.files, one.files
    return Contents(one.workspace, one.as_at, one.profile, {"SLCN": one}, *ledgers)


def test_the_page_says_what_was_printed_then_and_now_and_why(tmp_path: Path) -> None:
    # June ended after the extract of 28 June: 12 became 19. May was closed: 30 became 24. July is new.
    folder(
        tmp_path / "reports",
        "2024-06-30",
        flow("SLCN", "contact", "completed", [18, 30, 12], end="2024-06-30"),
        inputs={"data/raw/SLCN_2024-06-28.csv": "a"},
        verdict="rising",
    )
    contents = this_month(
        tmp_path,
        [
            *flow("SLCN", "contact", "completed", [18, 24, 19, 16]),
            *stock("SLCN", "contact", [9.0]),
        ],
    )
    text = changes_page(contents)["changes.html"].decode()
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text)).replace("\u00a0", " ")
    assert "Two of three numbers printed before have another value now" in told
    assert "Revised 1 a later extract" in told and "Late 1 the days" in told and "New 2 " in told
    key = "SLCN|contact|{}completed||2024-05-01|2024-05-31"
    for prefix, value in (("before:", "30"), ("", "24")):
        assert f'<span data-key="{key.format(prefix)}">{value}</span>' in text
    causes = re.findall(r"(May|June) 2024 .{0,60}? (\d+) Printed now (\d+) Cause (\w+)", told)
    assert causes == [("June", "12", "19", "late"), ("May", "30", "24", "revised")]
    assert "what changed since the set of 30 June 2024" in told_index(contents)


def told_index(contents: Contents) -> str:
    from sendwaits.release import pages

    text = pages.index(contents)
    assert ('href="changes.html"' in text) == bool(open_report("index", contents).set_before)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text)).replace("\u00a0", " ")


def test_the_first_set_and_one_after_another_profile_have_no_such_page(tmp_path: Path) -> None:
    contents = this_month(tmp_path, stock("SLCN", "contact", [9.0]))
    assert changes_page(contents) == {} and "changed since" not in told_index(contents)
    folder(tmp_path / "reports", "2024-06-30", [], profile="public")
    folder(tmp_path / "reports", "2024-08-31", [])
    assert changes_page(contents) == {}


def test_a_verdict_that_turned_is_said_once_as_it_is_now(tmp_path: Path) -> None:
    grows = stock("SLCN", "contact", [100.0 + 30 * i for i in range(24)])
    folder(tmp_path / "reports", "2024-06-30", stock("SLCN", "contact", [760.0], end="2024-06-30"))
    text = changes_page(this_month(tmp_path, grows))["changes.html"].decode()
    said = set(re.findall(r'data-verdict="([^"]+)"', text))
    assert said == {"SLCN|contact|waiting||rising"} and "One verdict turned" in text
