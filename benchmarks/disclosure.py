"""Seconds to release and to audit one month's whole set, beside one plain pass over the same rows as the peer.

Six services, eleven waits, 24 months, seven districts, made up. `python benchmarks/disclosure.py [months]`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from disclosure_tables import made_figures  # noqa: E402

from sendwaits.release.disclosure import audit, release  # noqa: E402
from sendwaits.release.tables import figures_csv  # noqa: E402


def main(months: int) -> None:
    sizes = {
        "NST": 700,
        "OT_HEALTH": 450,
        "OT_LA": 127,
        "SLCN": 700,
        "SLCN_AUTISM": 127,
        "EHC": 450,
    }
    total = {"release": 0.0, "audit": 0.0, "plain": 0.0}
    for seed, (pathway, size) in enumerate(sizes.items()):
        figures, kth = made_figures(seed, size, months=months, pathways=(pathway,))
        took = time.perf_counter()
        released = release(figures, kth_longest=kth(5))
        total["release"] += (made := time.perf_counter() - took)
        took = time.perf_counter()
        findings = audit(released)
        total["audit"] += (audited := time.perf_counter() - took)
        took = time.perf_counter()
        figures_csv(released.table)
        total["plain"] += time.perf_counter() - took
        hidden = (released.table["status"] == "c").mean()
        print(
            f"{pathway:12} {len(figures):6} rows  release {made:6.2f} s  audit {audited:5.2f} s  hidden {hidden:4.0%}  findings {len(findings)}"
        )
    print(
        f"whole set: release {total['release']:.1f} s, audit {total['audit']:.1f} s (bar 60 s); "
        f"audit / writing figures.csv = {total['audit'] / total['plain']:.1f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
