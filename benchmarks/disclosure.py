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
        if len(rows) in (1, asked.months):
            print(f"  {kept(earlier[-1])}")
    print(
        f"last / second: {costs[-1] / costs[1]:.2f} (bar 1.5); dearest {max(costs):.1f} s (bar 20)"
    )
    print(f"rows, last / first: {rows[-1] / rows[0]:.3f}")


WEIGHT = {"month": 1.0, "quarter": 1 / 3, "year": 1 / 12, "day": 1 / 24, "": 0.0}
"""What a series tells at its grain, in months."""


def kept(released: door.Released) -> str:
    """How the county's series are printed, and the share of their months lost by grain and by [c]; by cells it was 7.8 %, with holes."""
    plan = released.plan[released.plan["group"] == ""]
    plan = plan.drop_duplicates(["pathway", "wait", "measure"])
    bands = plan["measure"].str.startswith("waiting_band") | (plan["measure"] == "clearance_weeks")
    plan = plan[~bands]
    county = released.table[released.table["group"] == ""]
    hidden = (county["form"] == "c").mean()
    told = plan["grain"].map(WEIGHT).mean()
    counts = plan.groupby(["grain", "form"]).size()
    shown = ", ".join(
        f"{n} {grain or 'not published'} {form}".strip() for (grain, form), n in counts.items()
    )
    return f"county series: {shown}; months lost to coarser grains {1 - told:.0%}, [c] {hidden:.1%} of county rows"


if __name__ == "__main__":
    main()
