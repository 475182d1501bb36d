"""An attacker who knows nothing of our code: every whole-number table that fits what is printed, counted one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from disclosure_tables import frame

from sendwaits.release.disclosure import release

END, START, BEFORE = "2024-07-31", "2024-07-01", "2024-06-30"
MOST = 26


def row(measure: str, value: int, group: str = "", start: str = "", end: str = END) -> tuple:
    return ("SLCN", "contact", measure, group, start, end, value, "count", None, None, value)


def printed(released, name: tuple[str, str, str]) -> range | list[int]:
    """The whole numbers that one printed cell leaves open on its own; an unprinted cell leaves all."""
    measure, group, end = name
    table = released.table
    found = table[
        (table["measure"] == measure) & (table["group"] == group) & (table["period_end"] == end)
    ]
    if not len(found):
        return range(MOST)
    return range(1, MOST) if found["status"].item() == "c" else [int(found["value"].item())]


@pytest.mark.parametrize("seed", range(12))
def test_no_flow_can_be_told_by_trying_all_numbers_that_fit(seed: int) -> None:
    """waiting = before + starts - completed - removed_other, tried for all starts, completed and removed up to 25."""
    rng = np.random.default_rng(seed)
    before, starts, completed, removed = (
        int(rng.integers(12, 25)),
        int(rng.integers(0, 15)),
        int(rng.integers(0, 9)),
        int(rng.integers(0, 4)),
    )
    now = before + starts - completed - removed
    figures = frame(
        [
            row("waiting", before, end=BEFORE),
            row("waiting", now),
            row("starts", starts, start=START),
            row("completed", completed, start=START),
            row("removed_other", removed, start=START),
        ]
    )
    released = release(figures)
    names = [
        ("waiting", "", BEFORE),
        ("waiting", "", END),
        *((m, "", END) for m in ("starts", "completed", "removed_other")),
    ]
    options = [printed(released, name) for name in names]
    fitting = [t for t in product(*options[:2], *options[2:]) if t[1] == t[0] + t[2] - t[3] - t[4]]
    _four_left(released, names, fitting)


@pytest.mark.parametrize("seed", range(12))
def test_no_district_can_be_told_by_trying_all_numbers_that_fit(seed: int) -> None:
    """Five districts' lists add up to the county's; a line's counts too and never exceed the district's list."""
    rng = np.random.default_rng(seed)
    lists = rng.integers(1 if seed % 2 else 5, 12, 5)
    over = np.array([rng.integers(0, n + 1) for n in lists])
    figures = frame(
        [
            row("waiting", int(lists.sum())),
            row("waiting_over_18_weeks", int(over.sum())),
            *(row("waiting", int(n), f"district={d}") for d, n in enumerate(lists)),
            *(row("waiting_over_18_weeks", int(n), f"district={d}") for d, n in enumerate(over)),
        ]
    )
    released = release(figures)
    names = [("waiting", f"district={d}", END) for d in range(5)]
    if (released.table["group"] == "").all():
        return
    total = int(lists.sum())
    fitting = [t for t in product(*(printed(released, name) for name in names)) if sum(t) == total]
    _four_left(released, names, fitting)


@pytest.mark.parametrize("seed", range(12))
def test_no_band_can_be_told_by_trying_all_numbers_that_fit(seed: int) -> None:
    """Eight bands add up to the list, the last three to over 18 weeks, the last two to over 52 weeks."""
    rng = np.random.default_rng(seed)
    bands = rng.integers(0, 7, 8)
    labels = ["0_7", "8_14", "15_28", "29_84", "85_126", "127_364", "365_728", "729_plus"]
    figures = frame(
        [
            row("waiting", int(bands.sum())),
            row("waiting_over_18_weeks", int(bands[5:].sum())),
            row("waiting_over_52_weeks", int(bands[6:].sum())),
            *(row(f"waiting_band_{b}", int(n)) for b, n in zip(labels, bands, strict=True)),
        ]
    )
    released = release(figures)
    names = [(f"waiting_band_{b}", "", END) for b in labels]
    young = _sums([printed(released, n) for n in names[:5]])
    old = _sums([printed(released, n) for n in names[5:]])
    whole, over, long = (
        set(printed(released, (m, "", END)))
        for m in ("waiting", "waiting_over_18_weeks", "waiting_over_52_weeks")
    )
    old = {t for t in old if sum(t) in over and sum(t[1:]) in long}
    pairs = {(sum(y), sum(o)) for y in young for o in old if sum(y) + sum(o) in whole}
    left = [
        {t[i] for t in young if any((sum(t), s) in pairs for s in {sum(o) for o in old})}
        for i in range(5)
    ]
    left += [
        {t[i] for t in old if any((s, sum(t)) in pairs for s in {sum(y) for y in young})}
        for i in range(3)
    ]
    for name, values in zip(names, left, strict=True):
        if _hidden(released, name):
            assert len(values) >= 4, name


def _sums(options: list) -> set[tuple[int, ...]]:
    """All tables of some cells whose hidden ones are at most 8: enough to see whether four numbers are left."""
    return set(product(*([v for v in o if v <= 8] or list(o) for o in options)))


def _hidden(released, name: tuple[str, str, str]) -> bool:
    table = released.table
    found = table[
        (table["measure"] == name[0])
        & (table["group"] == name[1])
        & (table["period_end"] == name[2])
    ]
    return bool(len(found)) and found["status"].item() == "c"


def _four_left(released, names: list[tuple[str, str, str]], fitting: list[tuple[int, ...]]) -> None:
    assert fitting
    for i, name in enumerate(names):
        if _hidden(released, name):
            assert len({t[i] for t in fitting}) >= 4, name
