"""The table of planted faults stays true to the code: each stands for one place."""

from __future__ import annotations

import mutants


def test_every_fault_can_be_planted_in_exactly_one_place():
    for mutant in mutants.MUTANTS:
        text = (mutants.ROOT / "sendwaits" / mutant.file).read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1, mutant
        assert mutant.new != mutant.old
        assert all((mutants.ROOT / t.split("::")[0]).exists() for t in mutant.tests.split())


def test_twenty_faults_at_least_are_planted():
    assert len(mutants.MUTANTS) >= 20
