"""What each measure means, from the docstrings of its functions. `python -m sendwaits.measure.dictionary` prints docs/measures.md."""

from __future__ import annotations

import sys

import pandas as pd

from sendwaits.measure.measures import MEASURES, Measure

__all__ = ["table", "page"]

_HEAD = """# Measures

Written by `python -m sendwaits.measure.dictionary` (`make docs`) from the first lines of the functions in `sendwaits/measure/`
(`lists.py`, `flows.py`, `referrals.py`);
a page that no longer says what they say fails the tests. Worked examples: docs/METHODS.md. In Python: `area.measures()`.

Stocks are taken at the end of the period's last day. Of an empty group a percentage, an average or a longest wait is undefined, never 0."""


def table() -> pd.DataFrame:
    """What each measure means: one row per measure with its unit, kind (stock, flow, or once per pathway), definition and function."""
    rows = [(m.name, m.unit, m.kind, m.meaning, _place(m)) for m in MEASURES.values()]
    return pd.DataFrame(rows, columns=["measure", "unit", "kind", "meaning", "function"])


def _place(measure: Measure) -> str:
    """Where it is computed: the module in sendwaits/measure and the function there."""
    module, name = measure.cell.__module__.rpartition(".")[2], measure.cell.__qualname__
    return f"{module}.{name.partition('.')[0]}"


def page() -> str:
    """The table of measures in Markdown."""
    rows = [
        ("measure", "unit", "kind", "meaning", "function"),
        ("---",) * 5,
        *(
            (f"`{m.measure}`", m.unit, m.kind, m.meaning, f"`{m.function}`")
            for m in table().itertuples()
        ),
    ]
    return (
        _HEAD
        + "\n\n"
        + "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in rows)
        + "\n"
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode("utf-8"))
