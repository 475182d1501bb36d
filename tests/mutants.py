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
DRAWN, RATED, WORDS, SAID, DOOR, FIELD = (
    "tests/test_charts_drawn.py",
    "tests/test_ratings.py",
    "tests/test_words.py",
    "tests/test_page_words.py",
    "tests/test_door_rules.py",
    "tests/test_field_property.py",
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
    # charts
    Mutant("release/charts/axis.py", 'ax.tick_params(axis="y", length=0)', "ax.set_ylim(step, high)", DRAWN),
    Mutant("release/charts/axis.py", "math.ceil(top / step - 1e-9) * step", "math.floor(top / step) * step", DRAWN),
    Mutant("release/charts/control.py", '{"high": 1, "low": -1}', '{"high": -1, "low": 1}', DRAWN),
    Mutant("release/charts/control.py", '("Upper {}", last["upper"]', '("Upper {}", last["mean"]', DRAWN),
    Mutant("release/charts/control.py", '.to_numpy(), 2) for s in ("lower", "upper")', '.to_numpy(), 2) for s in ("lower", "mean")', DRAWN),
    Mutant("release/charts/rows.py", "np.insert(self.y, after, np.nan)", "np.insert(self.y, after, self.y[after])", DRAWN),
    Mutant("release/charts/dated.py", "mdates.date2num(day)), f", "mdates.date2num(day)) + 31, f", DRAWN),
    Mutant("release/charts/alt.py", "shown.iloc[i]) for i in (0, -1)", "shown.iloc[i]) for i in (-1, 0)", DRAWN),
    Mutant("release/charts/words.py", "abs(value) * 10 + 0.5 + 1e-9", "abs(value) * 10", WORDS),
    # ratings, risks, promises
    Mutant("release/ratings.py", "chance < rule.red_chance", "chance > rule.red_chance", RATED),
    Mutant("release/ratings.py", "gap > rule.amber_within", "gap > 9 * rule.amber_within", RATED),
    Mutant("release/ratings.py", "if met and verdict_good >= 0", "if met and verdict_good >= -1", RATED),
    Mutant("release/ratings.py", "gap = aim - now.value if target.at_least", "gap = aim - now.value if target.at_most", RATED),
    Mutant("release/ratings.py", "100 - chance.value,", "chance.value,", RATED),
    Mutant("release/ratings.py", '"waiting")[-12:]', '"waiting")[:3]', RATED),
    Mutant("release/ratings.py", "told[-2], told[0]", "told[0], told[-2]", RATED),
    # wording
    Mutant("release/words.py", 'return f"{MONTHS[value.month - 1]}{NBSP}{value.year}"', 'return f"{MONTHS[value.month % 12]}{NBSP}{value.year}"', WORDS),
    Mutant("release/words.py", "return one if n == 1 else", "return one if n <= 1 else", WORDS),
    Mutant("release/words.py", "probability < 1 / 30", "probability < 1 / 10", WORDS),
    Mutant("release/words.py", "weeks = high // 7", "weeks = high // 7 + 1", WORDS),
    Mutant("release/number.py", "float(ends[0] - ends[1])", "float(ends[1] - ends[0])", WORDS),
    Mutant("release/number.py", "[half_up(n.exact, places=digits) for n in (self, before)]", "[n.exact for n in (self, before)]", WORDS),
    Mutant("release/findings/figures.py", 'if worse else "#12436D"', 'if not worse else "#12436D"', SAID),
    Mutant("release/templates/trend/opening.j2", "up to {{ as_at | day }}", "up to {{ as_at | month }}", SAID),
    Mutant("release/templates/backlog/opening.j2", 'lists[0].n }} {{', 'lists|length }} {{', SAID),
    Mutant("release/templates/index/risks.j2", '{{ n | count | capital }} {{ n | plural("risk") }}', '{{ targets | count | capital }} {{ n | plural("risk") }}', SAID),
    Mutant("release/findings/board.py", '.to_period("M") + 2)', '.to_period("M") + 1)', SAID),
    # the door
    Mutant("release/profile.py", "max(8, self.k)}", "max(5, self.k)}", DOOR),
    Mutant("release/profile.py", "else self.k - 1", "else self.k - 2", DOOR),
    Mutant("release/door/ladder.py", "(count + BASE // 2) / BASE", "count / BASE", DOOR),
    Mutant("release/door/ladder.py", "if 0 < count < smallest:", "if 0 < count < smallest - 1:", DOOR),
    Mutant("release/door/ladder.py", "max(value - half, smallest)", "value - half", DOOR),
    Mutant("release/door/groups.py", "for n in (count, of - count, of)", "for n in (count, of)", DOOR),
    Mutant("release/door/rows.py", "or den - num in small or den in small", "or den in small", DOOR),
    Mutant("measure/bands.py", "math.floor(scaled + Fraction(1, 2))", "math.floor(scaled)", f"{DOOR} {WORDS}"),
    # extracts
    Mutant("intake/identity.py", r"un\d{1,2}|", "", FIELD),
    Mutant("intake/records.py", '.str.lstrip("0")', "", "tests/test_field.py"),
    Mutant("intake/wait_findings.py", "MANY_FROM, MANY_SHARE = 5, 0.2", "MANY_FROM, MANY_SHARE = 5, 2", "tests/test_field.py"),
    Mutant("intake/clean/__init__.py", "RED_LOST_PCT, LARGEST_LOST_PCT = 20, 50", "RED_LOST_PCT, LARGEST_LOST_PCT = 20, 99", "tests/test_field.py"),
    Mutant("measure/clock.py", "used - paused(pauses(rows), start, end, pathway, unit)", "used", "tests/test_clocks.py"),
    # words
    Mutant("release/verdicts/words.py", '"steady": "no clear change"', '"steady": "falling"', V),
    Mutant("release/verdicts/words.py", 'return "wait"', 'return "list"', V),
    Mutant("measure/rates.py", "method=\"fdr_bh\"", "method=\"bonferroni\"", "tests/test_rates.py"),
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
        (copy / "tests").symlink_to(ROOT / "tests")
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
