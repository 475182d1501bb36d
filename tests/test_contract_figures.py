"""Every row of `figures` equals the contract read naively (contract_reference.py), on made-up workspaces full of oddities."""

from __future__ import annotations

import csv
import io
import json
import math
import random

import pytest
from as_printed import as_printed
from contract_reference import figures, records
from contract_workspaces import Made, make

import sendwaits
from sendwaits.run import cli

COLUMNS = [
    "pathway",
    "wait",
    "measure",
    "group",
    "period_start",
    "period_end",
    "value",
    "unit",
    "numerator",
    "denominator",
    "n",
]


@pytest.fixture(autouse=True)
def _key(tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="ascii")
    key.chmod(0o600)
    monkeypatch.setenv("SENDWAITS_KEY_FILE", str(key))


def expected(made: Made, group: str, period: str, months: int) -> dict[tuple, tuple]:
    """The contract's rows of every pathway: keyed by the six first columns."""
    rows = {}
    for code, extracts in made.extracts.items():
        service = plain(made, code)
        kept = records(service, plain_ids(extracts), made.as_at)
        years = range(min(k.row[service.start] for k in kept).year, made.as_at.year + 1)
        for key, row in figures(
            service, plain_ids(extracts), made.as_at, group, period, months, years
        ).items():
            rows[(code, *key)] = row
    return rows


def plain(made: Made, code: str):
    return made.services[code]


def plain_ids(extracts):
    """NHS numbers as ten digits: spaces are no part of them."""

    def digits(text: str) -> str:
        return (
            text.replace(" ", "")
            if text.replace(" ", "").isdigit() and len(text.replace(" ", "")) == 10
            else text
        )

    return [
        (day, [row | {"child_id": digits(row["child_id"])} for row in rows])
        for day, rows in extracts
    ]


def same(printed: tuple, meant: tuple) -> bool:
    value, unit, top, bottom, n = meant
    close = (
        printed[0] is None
        if value is None
        else printed[0] is not None
        and math.isclose(printed[0], value, rel_tol=1e-12, abs_tol=1e-12)
    )
    return close and printed[1:] == (unit, top, bottom, n)


def compare(rows: list[dict], meant: dict[tuple, tuple]) -> None:
    """Presence, uniqueness, every cell."""
    printed = {
        tuple(r[c] or "" for c in COLUMNS[:6]): tuple(r[c] for c in COLUMNS[6:]) for r in rows
    }
    assert len(printed) == len(rows), "a number is printed twice"
    assert sorted(set(meant) - set(printed)) == [], "rows that are not printed"
    assert sorted(set(printed) - set(meant)) == [], "rows that are printed and not in the contract"
    wrong = [(key, printed[key], meant[key]) for key in meant if not same(printed[key], meant[key])]
    assert wrong == [], f"{len(wrong)} of {len(meant)} differ"


def as_rows(table) -> list[dict]:
    assert list(table.columns) == COLUMNS
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return rows


def order_holds(rows: list[dict]) -> None:
    """Rows in the order pathway, wait, measure, group, period: each column as text, "" first."""
    keys = [tuple(r[c] or "" for c in COLUMNS[:6]) for r in rows]
    assert keys == sorted(keys)


def check(tmp_path, seed: int) -> None:
    rng = random.Random(seed)
    made = make(tmp_path / f"w{seed}", seed, rows=rng.choice([4, 15, 40]))
    area = sendwaits.open(made.root)
    group = rng.choice(
        ["", "district", "sex", "age_band", "source", "need", "school", "priority", "worker"]
    )
    period, months = rng.choice(
        [("month", 24), ("month", 5), ("quarter", 24), ("quarter", 7), ("year", 24), ("ytd", 24)]
    )
    rows = as_rows(
        as_printed(area.figures(as_at=made.as_at, group=group, period=period, months=months))
    )
    compare(rows, expected(made, group, period, months))
    order_holds(rows)


@pytest.mark.parametrize("seed", range(24))
def test_figures_are_the_contracts(tmp_path, seed):
    check(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 340))
def test_figures_are_the_contracts_in_many_workspaces(tmp_path, seed):
    check(tmp_path, seed)


@pytest.mark.parametrize("code", ["EHC", "NST", "OT_HEALTH", "OT_LA", "SLCN", "OWN"])
def test_long_lists_meet_every_edge(tmp_path, code):
    made = make(tmp_path / "w", 77, [code], rows=600)
    area = sendwaits.open(made.root)
    for group, period in (("district", "month"), ("age_band", "year")):
        rows = as_rows(as_printed(area.figures(as_at=made.as_at, group=group, period=period)))
        compare(rows, expected(made, group, period, 24))
        for row in random.Random(code).sample(rows, 25):
            behind = area.rows_behind(
                code,
                row["wait"],
                row["measure"],
                row["period_end"],
                row["period_start"] or None,
                row["group"],
                as_at=made.as_at,
            )
            assert len(behind) == row["n"], row["measure"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_command_prints_the_same_rows(tmp_path, capfdbinary, form):
    made = make(tmp_path / "w", 7, ["EHC", "NST", "OWN"], rows=30)
    with pytest.raises(SystemExit) as stopped:
        cli.main(
            [
                "figures",
                str(made.root),
                "--as-at",
                made.as_at.isoformat(),
                "--group",
                "sex",
                "--months",
                "6",
                "--format",
                form,
            ]
        )
    out, err = capfdbinary.readouterr()
    assert stopped.value.code == 0
    assert len(err.splitlines()) <= 6
    text = out.decode("utf-8")
    if form == "json":
        rows = json.loads(text)
        assert all(list(r) == COLUMNS and "" not in r.values() for r in rows)
    else:
        rows = [dict(r) for r in csv.DictReader(io.StringIO(text))]
        assert list(rows[0]) == COLUMNS
        for row in rows:
            row["value"] = float(row["value"]) if row["value"] else None
            row |= {c: int(row[c]) if row[c] else None for c in ("numerator", "denominator", "n")}
    compare(rows, expected(made, "sex", "month", 6))
