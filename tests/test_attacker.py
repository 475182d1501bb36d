"""No count of 1 to k - 1 can be worked out from three consecutive monthly releases of random services, board and public."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import attacker
import attacker_worlds
import pytest

SMALL = (3, 8)
"""Seeds of `make test`. With the certificate taken out of the door, 12 counts of seed 8 are recovered from its board sets, 15 of
seed 1. `make test-long` takes more; python tests/test_attacker.py 0 200 all."""


def broken(root: Path, seed: int, names: list[str]) -> tuple[list[str], int]:
    """What an attacker recovers of a world, changes of 1 to k - 1 included, and how many counts were asked for."""
    made = attacker_worlds.world(root, seed)
    printed = attacker_worlds.releases(made, names)
    sets = [
        attacker.Set.of(p.figures, p.themes, p.merged, p.profile.smallest, p.profile.rounds)
        for p in printed
    ]
    k = min(p.profile.smallest for p in printed)
    told, asked = attacker.recovered(made.code, sets, printed[-1].truth, k)
    return told + attacker.changes(sets), asked


@pytest.mark.parametrize("names", [["board"], ["public"]])
@pytest.mark.parametrize("seed", SMALL)
def test_nothing_small_is_recovered_from_three_releases(tmp_path: Path, seed: int, names) -> None:
    told, asked = broken(tmp_path / "area", seed, names)
    assert told == [] and asked > 20


@pytest.mark.long
@pytest.mark.parametrize("names", [["board"], ["public"], ["board", "public"]])
@pytest.mark.parametrize("seed", [1, 12, 19, 20, 21, 70])
def test_nothing_small_is_recovered_from_more_worlds(tmp_path: Path, seed: int, names) -> None:
    told, _ = broken(tmp_path / "area", seed, names)
    assert told == []


def main(first: int, last: int) -> None:
    """One line a world and profile: counts asked for, recovered ones, CPU seconds."""
    total = worlds = 0
    for seed in range(first, last):
        for names in (["board"], ["public"]):
            began = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                told, asked = broken(Path(folder) / "area", seed, names)
            total, worlds = total + len(told), worlds + 1
            cost = time.process_time() - began
            print(f"{seed} {names[0]}: {asked} asked, {len(told)} recovered, {cost:.1f} s {told[:3]}", flush=True)  # fmt: skip
    print(f"{worlds} sets of three releases: {total} counts recovered")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
