"""Twelve monthly releases of the sample through the door: CPU seconds and rows published of each, and the twelfth over the second.

    python benchmarks/disclosure.py [--profile board|public] [--months 12]

Each release knows all the earlier ones. What is published must not shrink from release to release.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd

import sendwaits as sw
from sendwaits.release import door
from sendwaits.release.profile import Profile

LAST = "2024-07-31"


def main() -> None:
    """Print a line a release, then the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", default="board")
    parser.add_argument("--months", type=int, default=12)
    asked = parser.parse_args()
    area = sw.open(Path(__file__).resolve().parents[1])
    profile, earlier = Profile(asked.profile), []
    built = {code: area.built(code, LAST) for code in area.workspace.pathways}
    costs, rows = [], []
    for end in pd.date_range(end=LAST, periods=asked.months, freq="ME"):
        as_at, began = end.date(), time.process_time()
        parts = []
        for code, one in built.items():
            pathway = area.workspace.pathway(code)
            phase = earlier[0].phase if earlier else None
            offered = door.candidates(one, pathway, as_at, phase=phase)
            longest = door.kth_longest(one, pathway, as_at, profile.smallest)
            options = {"earlier": earlier, "as_at": as_at, "phase": phase}
            parts.append(door.release(offered, profile=profile, kth_longest=longest, **options))
        earlier.append(door.together(parts))
        costs.append(time.process_time() - began)
        rows.append(len(earlier[-1].table))
        print(f"{as_at}: {costs[-1]:5.1f} CPU s, {rows[-1]:,} rows published", flush=True)
    print(
        f"last / second: {costs[-1] / costs[1]:.2f} (bar 1.5); dearest {max(costs):.1f} s (bar 20)"
    )
    print(f"rows, last / first: {rows[-1] / rows[0]:.3f}")


if __name__ == "__main__":
    main()
