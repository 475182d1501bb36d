"""What each command of an analyst's first hour costs, on the sample: seconds by the clock and CPU seconds.

    python benchmarks/first_hour.py

From `import sendwaits` to a verified set and the way back from a number, each in a process of its own, in the order in which
docs/new-area.md and docs/monthly-run.md have them. CPU seconds on a busy machine are higher than on a quiet one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from batch import AS_AT, BEFORE, SENDWAITS, cost, workspace_at

OPEN = 'import sendwaits as sw; area = sw.open("."); '
PYTHON = {
    "import sendwaits": "import sendwaits",
    "import pandas, for comparison": "import pandas",
    'area.waiting("NST")': OPEN + f'area.waiting("NST", as_at="{AS_AT}")',
    "area.rows_behind(...)": OPEN
    + f'area.rows_behind("NST", "assessment", "waiting", "{AS_AT}", as_at="{AS_AT}")',
    'area.report("backlog", "NST").flow()': OPEN
    + f'area.report("backlog", "NST", as_at="{AS_AT}").flow()',
}
COMMANDS = (
    ["init", "mine"],
    ["check"],
    ["map", "data/raw/SLCN_2024-09-30.csv", "--pathway", "SLCN"],
    ["figures", "--as-at", AS_AT],
    ["figures", "--as-at", AS_AT, "--group", "district"],
    ["forecast", "--as-at", AS_AT, "--pathway", "NST"],
    ["report", "--as-at", BEFORE],
    ["report", "--as-at", BEFORE],
    ["verify", f"reports/{BEFORE}"],
    ["report", "--as-at", AS_AT],
    ["compare", f"reports/{BEFORE}", f"reports/{AS_AT}"],
    ["claims"],
)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = workspace_at(Path(made))
        print(f"{'':52}{'seconds':>9}{'CPU':>8}")
        for name, code in PYTHON.items():
            spent = cost([sys.executable, "-c", code], folder)
            print(f"{name:52}{spent.seconds:9.1f}{spent.cpu:8.1f}", flush=True)
        for words in COMMANDS:
            spent = cost([*SENDWAITS, *words], folder)
            print(
                f"{'sendwaits ' + ' '.join(words):52}{spent.seconds:9.1f}{spent.cpu:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
