"""Made-up children: NHS numbers of the test range 999, or ids that begin with DEMO; no real child, school or person.

Needs and districts drift over the years, so that a report on themes has something true to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from sendwaits.sample.queue import NEVER, day

__all__ = ["DISTRICTS", "Mix", "MIXES", "attributes", "share_children", "test_nhs_numbers"]

DISTRICTS = (
    "Ashfield",
    "Bassetlaw",
    "Broxtowe",
    "Gedling",
    "Mansfield",
    "Newark and Sherwood",
    "Rushcliffe",
)
_DISTRICT_SHARES = (0.155, 0.14, 0.135, 0.14, 0.14, 0.15, 0.14)
_DRIFT = (day("2022-01-01"), day("2024-09-30"))


@dataclass(frozen=True)
class Mix:
    """What the children of one service look like; ``late_*`` are the shares at the end of the drift (default: no drift)."""

    needs: Mapping[str, float]
    late_needs: Mapping[str, float]
    late_districts: Sequence[float]
    sources: Mapping[str, float]
    ages: tuple[float, float, float]  # youngest, most common, oldest, in years
    boys: float
    priorities: Mapping[str, float]


_EVEN = _DISTRICT_SHARES
_HEALTH = {
    "GP": 0.30,
    "School": 0.42,
    "Health visitor": 0.12,
    "Parent or carer": 0.10,
    "Social care": 0.06,
}
_PRIORITY = {"Routine": 0.90, "Urgent": 0.10}
MIXES: dict[str, Mix] = {
    "NST": Mix(
        {"ASD": 0.48, "SEMH": 0.24, "SLCN": 0.14, "MLD": 0.09, "OTH": 0.05},
        {"ASD": 0.60, "SEMH": 0.22, "SLCN": 0.09, "MLD": 0.06, "OTH": 0.03},
        (0.21, 0.12, 0.115, 0.12, 0.21, 0.12, 0.105),
        _HEALTH,
        (2, 8, 17),
        0.66,
        _PRIORITY,
    ),
    "OT_HEALTH": Mix(
        {"PD": 0.46, "ASD": 0.27, "SLD": 0.15, "PMLD": 0.07, "OTH": 0.05},
        {"PD": 0.40, "ASD": 0.34, "SLD": 0.15, "PMLD": 0.06, "OTH": 0.05},
        _EVEN,
        _HEALTH,
        (1, 6, 16),
        0.64,
        _PRIORITY,
    ),
    "OT_LA": Mix(
        {"PD": 0.55, "SLD": 0.18, "ASD": 0.17, "PMLD": 0.10},
        {"PD": 0.50, "SLD": 0.18, "ASD": 0.22, "PMLD": 0.10},
        _EVEN,
        {"Parent or carer": 0.34, "School": 0.26, "Social care": 0.22, "GP": 0.18},
        (1, 8, 17),
        0.60,
        _PRIORITY,
    ),
    "SLCN": Mix(
        {"SLCN": 0.78, "HI": 0.06, "MLD": 0.10, "OTH": 0.06},
        {"SLCN": 0.80, "HI": 0.05, "MLD": 0.10, "OTH": 0.05},
        _EVEN,
        _HEALTH,
        (1, 4, 14),
        0.67,
        _PRIORITY,
    ),
    "SLCN_AUTISM": Mix(
        {"ASD": 0.86, "SLCN": 0.14},
        {"ASD": 0.91, "SLCN": 0.09},
        (0.19, 0.12, 0.12, 0.13, 0.19, 0.14, 0.11),
        _HEALTH,
        (2, 6, 16),
        0.72,
        _PRIORITY,
    ),
    "EHC": Mix(
        {
            "ASD": 0.30,
            "SLCN": 0.26,
            "SEMH": 0.20,
            "MLD": 0.10,
            "SPLD": 0.06,
            "PD": 0.05,
            "HI": 0.02,
            "VI": 0.01,
        },
        {
            "ASD": 0.38,
            "SLCN": 0.18,
            "SEMH": 0.27,
            "MLD": 0.07,
            "SPLD": 0.04,
            "PD": 0.04,
            "HI": 0.01,
            "VI": 0.01,
        },
        (0.20, 0.12, 0.125, 0.13, 0.18, 0.13, 0.115),
        {"1": 0.38, "2": 0.52, "3": 0.04, "4": 0.03, "5": 0.03},
        (2, 8, 20),
        0.69,
        {"": 1.0},
    ),
}


@cache
def _valid_bases() -> np.ndarray:
    base = np.arange(1_000_000)
    digits = base[:, None] // 10 ** np.arange(5, -1, -1) % 10
    check = (11 - (9 * (10 + 9 + 8) + digits @ np.arange(7, 1, -1)) % 11) % 11
    keep = check < 10
    return 9_990_000_000 + base[keep] * 10 + check[keep]


def test_nhs_numbers(first: int, count: int) -> np.ndarray:
    """``count`` different NHS numbers of the test range 999 with valid check digits, from the ``first``-th on."""
    valid = _valid_bases()
    valid = valid[valid != 9_999_999_999]
    return valid[(first + np.arange(count)) * 524_287 % len(valid)].astype(str)


def _choose(
    rng: np.random.Generator,
    early: Mapping[str, float],
    late: Mapping[str, float],
    drift: np.ndarray,
) -> np.ndarray:
    names = np.array(list(early))
    first, last = np.array(list(early.values())), np.array([late.get(n, 0.0) for n in early])
    shares = first + (last - first) * drift[:, None]
    edges = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    return names[np.minimum((rng.random(len(drift))[:, None] > edges).sum(axis=1), len(names) - 1)]


def attributes(
    rng: np.random.Generator, start: np.ndarray, mix: Mix, first_id: int, local: float = 0.02
) -> pd.DataFrame:
    """One row per record: a child of its own with id, birth day (`NEVER` = blank), sex, need, source, district, school."""
    count = len(start)
    drift = np.clip((start - _DRIFT[0]) / (_DRIFT[1] - _DRIFT[0]), 0, 1)
    district = _choose(
        rng, dict(zip(DISTRICTS, _DISTRICT_SHARES)), dict(zip(DISTRICTS, mix.late_districts)), drift
    )
    number = (
        np.array([DISTRICTS.index(d) for d in district]) * 12
        + 1
        + np.floor(rng.random(count) ** 1.6 * 12).astype(int)
    )
    low, mode, high = mix.ages
    age_days = (rng.triangular(low, mode, high, count) * 365.25).astype(int)
    child = test_nhs_numbers(first_id, count)
    demo = rng.random(count) < local
    child = np.where(demo, [f"DEMO-{first_id + i:06d}" for i in range(count)], child)
    frame = pd.DataFrame(
        {
            "child_id": child,
            "priority": _choose(rng, mix.priorities, mix.priorities, drift),
            "source": _choose(rng, mix.sources, mix.sources, drift),
            "need": _choose(rng, mix.needs, mix.late_needs, drift),
            "date_of_birth": start - age_days,
            "sex": np.where(rng.random(count) < mix.boys, "M", "F"),
            "district": district,
            "school": [f"School {n:02d}" for n in number],
        }
    )
    for column, blank in (
        ("need", 0.02),
        ("sex", 0.005),
        ("district", 0.006),
        ("school", 0.03),
        ("source", 0.01),
    ):
        frame[column] = np.where(rng.random(count) < blank, "", frame[column])
    frame["date_of_birth"] = np.where(rng.random(count) < 0.008, NEVER, frame["date_of_birth"])
    return frame


_CHILD = ["child_id", "date_of_birth", "sex", "district", "school"]


def share_children(
    rng: np.random.Generator,
    frame: pd.DataFrame,
    start: str,
    other: pd.DataFrame,
    other_start: str,
    pairs: int,
) -> None:
    """Make ``pairs`` records of ``frame`` be children of ``other``: the same child, district and birth day in both services."""
    mine, theirs = rng.permutation(len(frame)), rng.permutation(len(other))
    order = theirs[np.argsort(other[other_start].to_numpy()[theirs], kind="stable")]
    starts = other[other_start].to_numpy()[order]
    taken = np.zeros(len(order), bool)
    columns = [frame.columns.get_loc(c) for c in _CHILD]
    source = [other.columns.get_loc(c) for c in _CHILD]
    made = 0
    for row in mine:
        near = int(np.searchsorted(starts, frame[start].to_numpy()[row] - rng.integers(-60, 300)))
        if made == pairs:
            return
        if near < len(order) and not taken[near]:
            taken[near] = True
            frame.iloc[row, columns] = other.iloc[order[near], source].to_numpy()
            made += 1
