"""The made-up workspace: the same seed gives the same bytes, any seed gives the figures, and no real id is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from as_printed import as_printed

import sendwaits as sw
from sendwaits import sample
from sendwaits.errors import Refused
from sendwaits.sample.children import test_nhs_numbers as nhs_numbers
from sendwaits.sample.truth import area

ROOT = Path(__file__).resolve().parents[1]
RAW = ROOT / "data" / "raw"
FIGURES = pd.read_csv(
    Path(__file__).with_name("board_figures.csv"), keep_default_na=False, dtype=str
)


def _bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a sample by its path in the workspace."""
    found = [folder / "sendwaits.toml", folder / "statements.toml"]
    found += [f for f in (folder / "data" / "raw").rglob("*") if f.is_file()]
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in found}


def _nhs_number_is_valid(number: str) -> bool:
    check = 11 - sum(int(d) * w for d, w in zip(number, range(10, 1, -1))) % 11
    return int(number[9]) == (0 if check == 11 else check)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    sample.write(folder, seed=5, size="small")
    return folder


def test_the_same_seed_writes_the_same_bytes_in_another_process_time_zone_and_hash_seed(
    small: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "123", "TZ": "Pacific/Auckland"}
    code = (
        "import sys; from sendwaits import sample; sample.write(sys.argv[1], seed=5, size='small')"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "again")], check=True, env=environment, cwd=ROOT
    )
    assert _bytes(tmp_path / "again") == _bytes(small)


def test_another_seed_makes_other_children(small: Path, tmp_path: Path) -> None:
    sample.write(tmp_path, seed=6, size="small")
    assert (
        _bytes(tmp_path)["data/raw/EHC_2024-07-31.csv"]
        != _bytes(small)["data/raw/EHC_2024-07-31.csv"]
    )


def test_the_sample_in_the_repository_is_what_the_generator_writes(tmp_path: Path) -> None:
    sample.write(tmp_path)
    made = _bytes(tmp_path)
    for name, content in made.items():
        assert (ROOT / name).read_bytes() == content, (
            f"{name} differs: run sendwaits sample in an empty folder and copy it here"
        )
    assert sum(len(c) for c in made.values()) < 4_000_000


@pytest.mark.parametrize(
    "seed", [7, *(pytest.param(s, marks=pytest.mark.long) for s in (11, 12, 13))]
)
def test_every_figure_of_the_update_holds_for_another_seed(seed: int, tmp_path: Path) -> None:
    sample.write(tmp_path, seed=seed)
    opened = sw.open(tmp_path)
    tables: dict[tuple, pd.DataFrame] = {}
    for _, figure in FIGURES.iterrows():
        key = (
            figure["pathway"],
            figure["as_at"],
            figure["period"],
            figure["group"].partition("=")[0],
        )
        if key not in tables:
            tables[key] = as_printed(
                opened.figures(as_at=key[1], pathway=key[0], period=key[2], group=key[3])
            )
        table = tables[key]
        of = table[
            (table["wait"] == figure["wait"])
            & (table["measure"] == figure["measure"])
            & (table["group"] == figure["group"])
        ]
        values = of.set_index("period_end")["value"]
        value = values[figure["period_end"]]
        if figure["compare_to"]:
            value = 100 * (value / values[figure["compare_to"]] - 1)
        value = value * 7 / 30.4375 if figure["unit"] == "months" else value
        assert value == pytest.approx(
            float(figure["expected"]), abs=float(figure["tolerance"]) + 1e-9
        ), figure["id"]


def test_each_extract_is_accepted_and_a_handful_of_its_rows_is_set_aside_or_merged(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="utf-8", newline="")
    key.chmod(0o600)
    monkeypatch.setenv("SENDWAITS_KEY_FILE", str(key))
    checked = sw.open(small).check()
    assert list(checked.refusals) == []
    files = checked.manifest["files"]
    extracts = {name: entry for name, entry in files.items() if not name.startswith("series_")}
    assert len(extracts) == 13
    for name, entry in extracts.items():
        title_rows_and_footer = 2 if name.endswith(".xlsx") else 0
        assert (entry["refused"], entry["merged"], entry["quarantined"]) == (
            None,
            4,
            9 + title_rows_and_footer,
        ), name
        assert entry["read"] == entry["clean"] + entry["merged"] + entry["quarantined"]


def test_every_ten_digit_number_in_the_repository_s_extracts_is_of_the_test_range_with_a_valid_check_digit() -> (
    None
):
    numbers = {
        n
        for file in RAW.glob("*.csv")
        for n in re.findall(r"\b\d{10}\b", file.read_bytes().decode("cp1252"))
    }
    assert len(numbers) > 8_000
    assert all(n.startswith("999") and _nhs_number_is_valid(n) for n in numbers)


def test_made_up_nhs_numbers_are_all_different() -> None:
    numbers = nhs_numbers(0, 700_600)
    assert len(set(numbers.tolist())) == 700_600
    assert _nhs_number_is_valid(numbers[12_345])


def test_some_children_are_in_two_services_with_one_id_and_one_birth_day() -> None:
    truth = area(sample.SEED, 1.0)
    both = (
        truth["NST"]
        .drop_duplicates("child_id")
        .merge(truth["EHC"].drop_duplicates("child_id"), on="child_id")
    )
    assert len(both) > 500
    assert (both["date_of_birth_x"] == both["date_of_birth_y"]).mean() > 0.98


def test_referrals_to_nst_grow_most_in_two_districts_and_one_need() -> None:
    nst = area(sample.SEED, 1.0)["NST"]
    year = (nst["referral_date"] / 365.25 + 1970).astype(int)
    early, late = nst[year == 2021], nst[year == 2024]
    share = lambda rows, column, values: rows[column].isin(values).mean()  # noqa: E731
    assert (
        share(late, "district", ["Ashfield", "Mansfield"])
        > share(early, "district", ["Ashfield", "Mansfield"]) + 0.06
    )
    assert share(late, "need", ["ASD"]) > share(early, "need", ["ASD"]) + 0.06


def test_the_national_files_hold_area_after_area_with_other_children(tmp_path: Path) -> None:
    sample._write_national(tmp_path, 3, areas=2)
    rows = pd.read_csv(tmp_path / "OT_HEALTH_2024-09-30.csv", dtype=str, keep_default_na=False)
    assert rows["referral_id"].is_unique
    second = rows["referral_id"].str.startswith("H01")
    first_area, second_area = (
        rows[rows["referral_id"].str.len() == 6],
        rows[rows["referral_id"].str.len() == 8],
    )
    assert len(first_area) > 1_500 and len(second_area) > 1_500 and second.sum() >= len(second_area)
    assert not set(first_area["child_id"]) & set(second_area["child_id"])


def test_a_folder_that_is_a_workspace_already_is_refused(small: Path) -> None:
    with pytest.raises(Refused, match="empty folder"):
        sample.write(small)


def test_an_unknown_size_is_refused_naming_the_sizes(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="small, area, national"):
        sample.write(tmp_path, size="huge")
