"""`verify` says whether a set is complete, unchanged and safe, from its files alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from disclosure_tables import frame, made_figures

from sendwaits.errors import Unsafe
from sendwaits.release.disclosure import Released, release
from sendwaits.release.disclosure.register import digest, record, releases
from sendwaits.release.tables import figures_csv
from sendwaits.release.verify import audit_folder, verify

END = "2024-07-31"


def made_set(root: Path, released: Released, html: str = "", as_at: str = END) -> Path:
    """A set as the batch leaves it: figures.csv, one page, run.json with the hash of every file and of itself."""
    folder = root / "reports" / as_at
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.csv").write_bytes(figures_csv(released.table))
    (folder / "index.html").write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    outputs = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.iterdir())
        if p.name != "run.json"
    }
    facts = {
        "parameters": {"as_at": as_at, "profile": released.profile, "k": released.k},
        "outputs": outputs,
        "failed": {},
        "sha256": "",
    }
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    facts["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "run.json").write_text(
        json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def released() -> Released:
    figures, kth = made_figures(4, 450, months=3, pathways=("SLCN",))
    return release(figures, kth_longest=kth(5))


def cell(released: Released, status: str):
    table = released.table
    row = table[
        (table["status"] == status)
        & (table["unit"] == "count")
        & (table["group"] == "")
        & ~(table["value"] == 0)
    ].iloc[0]
    return "|".join(
        row[c] for c in ("pathway", "wait", "measure", "group", "period_start", "period_end")
    ), row["value"]


def test_a_whole_set_passes_and_its_printed_numbers_are_compared(
    tmp_path: Path, released: Released
) -> None:
    (shown, number), (hidden, _) = cell(released, ""), cell(released, "c")
    html = f'<b data-key="{shown}">{number:,.0f}</b><td data-key="{hidden}">[c]</td>'
    lines = verify(made_set(tmp_path, released, html))
    assert len(lines) == 3 and "2 printed numbers" in lines[2]


def test_a_changed_missing_or_extra_file_is_named(tmp_path: Path, released: Released) -> None:
    folder = made_set(tmp_path, released)
    (folder / "extra.html").write_text("x", encoding="utf-8")
    with pytest.raises(Unsafe, match="not part of the set: extra.html"):
        verify(folder)
    (folder / "extra.html").unlink()
    (folder / "index.html").write_text("changed", encoding="utf-8")
    with pytest.raises(Unsafe, match="changed since the run: index.html"):
        verify(folder)
    (folder / "index.html").unlink()
    with pytest.raises(Unsafe, match="missing: index.html"):
        verify(folder)
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    facts["parameters"]["profile"] = "analyst"
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(Unsafe, match="run.json has been changed"):
        verify(folder)


def test_a_page_that_shows_a_hidden_or_another_number_is_refused(
    tmp_path: Path, released: Released
) -> None:
    (shown, number), (hidden, _) = cell(released, ""), cell(released, "c")
    with pytest.raises(Unsafe, match="which figures.csv hides"):
        verify(made_set(tmp_path, released, f'<td data-key="{hidden}">3</td>'))
    with pytest.raises(Unsafe, match="which figures.csv hides"):
        verify(made_set(tmp_path, released, f'<svg><rect data-key="{hidden}" height="3"/></svg>'))
    with pytest.raises(Unsafe, match="differs from figures.csv"):
        verify(made_set(tmp_path, released, f'<td data-key="{shown}">{number + 1:.0f}</td>'))


def test_a_set_from_which_a_hidden_number_follows_is_refused_without_telling_it(
    tmp_path: Path,
) -> None:
    """Two districts of 20 and [c] under a county of 23: the hidden one is 3."""
    table = frame(
        [
            ("SLCN", "contact", "waiting", g, "", END, v, "count", None, None, v)
            for g, v in (("", 23), ("district=A", 20), ("district=B", 3))
        ]
    ).assign(status=["", "", "c"])
    table.loc[2, ["value", "n"]] = [float("nan"), None]
    with pytest.raises(Unsafe) as error:
        verify(made_set(tmp_path, Released(table)))
    assert (
        error.value.exit_code == 6
        and "can be worked out" in str(error.value)
        and "3" not in str(error.value).split("First")[1]
    )


def test_an_analyst_set_is_not_for_release_but_its_making_is_no_failure(tmp_path: Path) -> None:
    figures, _ = made_figures(4, 49, months=1, pathways=("SLCN",))
    folder = made_set(tmp_path, release(figures, profile="analyst"))
    with pytest.raises(Unsafe, match="not for release"):
        verify(folder)
    assert audit_folder(folder)[1] == 0


def test_the_register_chains_releases_and_a_re_issue_of_the_same_numbers_adds_none(
    tmp_path: Path, released: Released
) -> None:
    processed = tmp_path / "data" / "processed"
    assert releases(processed) == [] and digest(processed) == ""
    folder = made_set(tmp_path, released)
    first = record(processed, folder)
    assert first is not None and record(processed, folder) is None
    other = Released(released.table[released.table["measure"] == "waiting"], k=5)
    second = record(processed, made_set(tmp_path, other))
    assert second is not None and [len(r.table) for r in releases(processed)] == [
        len(released.table),
        len(other.table),
    ]
    first.write_text(
        first.read_text(encoding="utf-8").replace("waiting", "waited"), encoding="utf-8"
    )
    with pytest.raises(Unsafe, match="register of releases has been changed"):
        releases(processed)


def test_verify_takes_the_register_beside_the_set_into_account(tmp_path: Path) -> None:
    """The first issue hid districts B and C; the second shows B = 9 and hides C: 40 - 25 - 9 = 6, so C is known."""

    def issue(hidden: str) -> Released:
        rows = [("", 40), ("district=A", 25), ("district=B", 9), ("district=C", 6)]
        table = frame(
            [("SLCN", "contact", "waiting", g, "", END, v, "count", None, None, v) for g, v in rows]
        ).assign(status="")
        at = table.index[[g[-1:] in hidden and g != "" for g in table["group"]]]
        table.loc[at, ["value", "n", "status"]] = [float("nan"), None, "c"]
        return Released(table)

    record(tmp_path / "data" / "processed", made_set(tmp_path, issue("AB")))
    folder = made_set(tmp_path, issue("BC"))
    with pytest.raises(Unsafe, match="can be worked out"):
        verify(folder)
