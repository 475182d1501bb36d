"""Faults planted one at a time in a copy of the package: each must make the tests named beside it fail.

python tests/mutants.py [WORD ...]     only the faults whose file or text contains a word
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Mutant(NamedTuple):
    """In ``file`` (of the package) ``old`` stands once; ``new`` in its place is a fault that one of ``tests`` finds."""

    file: str
    old: str
    new: str
    tests: str


V, RULES, SAMPLE = (
    "tests/test_verdicts.py",
    "tests/test_verdicts_rules.py",
    "tests/test_verdicts_sample.py",
)
MUTANTS = [
    # thresholds
    Mutant("release/verdicts/walks.py", "= 0.011, 0.02", "= 0.2, 0.2", RULES),
    Mutant("release/verdicts/walks.py", "= 0.011, 0.02", "= 1e-6, 1e-6", SAMPLE),
    Mutant("release/verdicts/walks.py", "GREW = 1.5", "GREW = 2.5", V),
    Mutant("release/verdicts/walks.py", "FLOWS_WEIGHT = 4", "FLOWS_WEIGHT = 40", RULES),
    Mutant("release/verdicts/levels.py", "LIMITS = (0.0135,", "LIMITS = (0.15,", RULES),
    Mutant("release/verdicts/spread.py", "(mean, 0.25)", "(mean / 9, 0.25)", RULES),
    Mutant("release/verdicts/judging.py", "FEWEST_MONTHS = 12", "FEWEST_MONTHS = 6", V),
    Mutant("release/verdicts/verdict.py", "if p < 0.01:", "if p < 0.05:", RULES),
    # directions
    Mutant("release/verdicts/judging.py", 'found.sign > 0, "rising"', 'found.sign < 0, "rising"', V),
    Mutant("release/verdicts/words.py", '"down": -1, "none"', '"down": 1, "none"', V),
    Mutant("release/verdicts/words.py", "more if now[0] > base[0]", "more if now[0] >= base[0]", V),
    Mutant("release/verdicts/levels.py", "unusual=np.sign(z)", "unusual=-np.sign(z)", RULES),
    Mutant("release/verdicts/levels.py", "STILL = 4.0", "STILL = 1e9", V),
    Mutant("release/verdicts/walks.py", "(np.sign(last) == found.sign)", "(last > -999)", V),
    # dates and like with like
    Mutant("release/verdicts/levels.py", "[(n, year, p)", "[(n, n, p)", V),
    Mutant("release/verdicts/levels.py", "length - year + start", "length - year + start + 1", V),
    Mutant("release/verdicts/walks.py", "- 1 - reach), axis=1)] + 1\n    early", "- 1 - reach), axis=1)]\n    early", V),
    Mutant("release/verdicts/steps.py", "np.datetime64(day)))", "np.datetime64(day))) + 1", SAMPLE),
    Mutant("release/verdicts/steps.py", "if point.pathway == name[0] and", "if", V),
    Mutant("release/verdicts/windows.py", "whole & (rows", "(rows", RULES),
    Mutant("release/verdicts/windows.py", "few.where(usual.fillna(0) <= 50, 100 - few)", "few", RULES),
    Mutant("release/verdicts/basis.py", "last - (test or block.year)", "last - 1 - (test or block.year)", V),
    Mutant("release/verdicts/rebase.py", "NEAR_DAYS = 92", "NEAR_DAYS = 9", V),
    # words
    Mutant("release/verdicts/words.py", '"steady": "no clear change"', '"steady": "falling"', V),
    Mutant("release/verdicts/words.py", 'return "wait"', 'return "list"', V),
    Mutant("release/verdicts/changes.py", "values[order] * len(order)", "values[order]", RULES),
]  # fmt: skip


def plant(mutant: Mutant, copy: Path) -> bool:
    """True when the tests of a mutant fail on the copy that has it."""
    file = copy / "sendwaits" / mutant.file
    sound = file.read_text(encoding="utf-8")
    if sound.count(mutant.old) != 1:
        raise SystemExit(
            f"mutants.py: '{mutant.old}' stands {sound.count(mutant.old)} times in {mutant.file}"
        )
    file.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return bool(_tests(mutant.tests, copy))
    finally:
        file.write_text(sound, encoding="utf-8")


def _tests(tests: str, copy: Path) -> int:
    paths = [str(ROOT / t) for t in tests.split()]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-m",
        "not long",
        *paths,
    ]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.DEVNULL).returncode


def main(words: list[str]) -> int:
    """How many faults were not found: 0 when the tests do their work."""
    chosen = [m for m in MUTANTS if not words or any(w in " ".join(m) for w in words)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(
            ROOT / "sendwaits", copy / "sendwaits", ignore=shutil.ignore_patterns("__pycache__")
        )
        for tests in sorted({m.tests for m in chosen}):
            if _tests(tests, copy):
                raise SystemExit(f"mutants.py: {tests} fails without any fault")
        for mutant in chosen:
            found = plant(mutant, copy)
            missed += not found
            print("found " if found else "MISSED", mutant.file, repr(mutant.new), flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} found")
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
