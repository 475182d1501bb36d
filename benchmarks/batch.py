"""How fast a month's reports are made, as ratios against the commands an analyst would script, in one run.

    python benchmarks/batch.py [--scripted 6] [--areas 10] [--workers 2]

Prints: finished pages per second against `papermill` then `jupyter nbconvert`, notebook by notebook (``--scripted`` of
them are timed, spread over pathways and reports; 0 leaves the comparison out), from nothing and with shared results kept;
a rerun with nothing changed; `sendwaits figures` against `import pandas`; memory per worker; ten areas and what 150 would take.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AS_AT = "2024-07-31"
REPORTS = ("trend", "backlog", "forecast")
MEASURE = (
    """
import json, sys
from datetime import date
from sendwaits.run import batch
from sendwaits.workspace import open_workspace
if __name__ == "__main__":
    options = json.loads(sys.argv[2])
    summary = batch.run(open_workspace(sys.argv[1]), as_at=date.fromisoformat("%s"), **options)
    print(json.dumps({"made": len(summary.made), "kept": len(summary.kept), "failed": summary.failed, "peak": summary.peak_mb}))
"""
    % AS_AT
)


def timed(command: list[str], **options: object) -> tuple[float, str]:
    """Seconds of one command and what it printed; it must succeed."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def our_run(workspace: Path, **options: object) -> tuple[float, dict]:
    seconds, out = timed(
        [
            sys.executable,
            "-c",
            MEASURE,
            str(workspace),
            json.dumps({"reports": list(REPORTS), **options}),
        ]
    )
    told = json.loads(out.splitlines()[-1])
    if told["failed"]:
        sys.exit(f"reports failed: {told['failed']}")
    return seconds, told


def workspace_at(folder: Path) -> Path:
    """A copy of the repository's sample workspace without anything computed."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copy(ROOT / "sendwaits.toml", folder)
    return folder


def forget(workspace: Path) -> None:
    for name in ("reports", "data/processed"):
        shutil.rmtree(workspace / name, ignore_errors=True)


def scripted(workspace: Path, jobs: list[tuple[str, str]]) -> float:
    """Seconds for the papermill command and then the nbconvert command, for each (pathway, report)."""
    out = workspace / "scripted"
    out.mkdir(exist_ok=True)
    total = 0.0
    for pathway, report in jobs:
        nb = out / f"{pathway}_{report}.ipynb"
        total += timed(
            [
                sys.executable,
                "-m",
                "papermill",
                f"notebooks/{report}.ipynb",
                str(nb),
                "-p",
                "pathway",
                pathway,
                "-r",
                "as_at",
                AS_AT,
            ],
            cwd=workspace,
        )[0]
        total += timed(
            [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", str(nb)], cwd=workspace
        )[0]
    return total


def median_of(times: int, command: list[str], **options: object) -> float:
    return statistics.median(timed(command, **options)[0] for _ in range(times))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scripted", type=int, default=6)
    parser.add_argument("--areas", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = workspace_at(Path(temporary) / "home")
        codes = sorted(
            {
                p.name.rpartition("_")[0].upper()
                for p in (home / "data" / "raw").glob("*_2024-07-31.*")
            }
        )
        jobs = [(code, report) for code in codes for report in REPORTS]
        ours_cold, told = our_run(home, workers=options.workers)
        peak = told["peak"]
        for name in ("reports",):
            shutil.rmtree(home / name)
        for page in (home / "data" / "processed" / "cache").glob("page-*"):
            page.unlink()
        ours_warm, told = our_run(home, workers=options.workers)
        assert told["made"] == len(jobs), told
        again = statistics.median(our_run(home, workers=options.workers)[0] for _ in range(5))
        print(f"{len(jobs)} reports, {options.workers} workers")
        print(
            f"  from nothing               {ours_cold:8.2f} s   {len(jobs) / ours_cold:6.2f} pages/s"
        )
        print(
            f"  shared results kept        {ours_warm:8.2f} s   {len(jobs) / ours_warm:6.2f} pages/s"
        )
        print(f"  nothing changed            {again:8.2f} s")
        print(
            f"  memory per worker, at most {peak:8.0f} MB (pages shared with the parent included)"
        )
        if options.scripted:
            some = (
                [jobs[i * len(jobs) // options.scripted] for i in range(options.scripted)]
                if options.scripted < len(jobs)
                else jobs
            )
            some = (
                [(code, REPORTS[i % 3]) for i, (code, _) in enumerate(some)]
                if options.scripted < len(jobs)
                else some
            )
            warm = scripted(home, some) / len(some) * len(jobs)
            forget(home)
            cold = scripted(home, some) / len(some) * len(jobs)
            print(f"scripted, papermill then nbconvert, {len(some)} of {len(jobs)} timed")
            print(
                f"  shared results kept        {warm:8.2f} s   ratio {warm / ours_warm:6.1f}  (wanted >= 10)"
            )
            print(
                f"  from nothing               {cold:8.2f} s   ratio {cold / ours_cold:6.1f}  (wanted >= 6)"
            )
            print(
                f"  nothing changed                        ratio {warm / again:6.1f}  (wanted >= 100)"
            )
        pandas = median_of(5, [sys.executable, "-c", "import pandas"])
        command = [
            sys.executable,
            "-m",
            "sendwaits.run.cli",
            "figures",
            str(home),
            "--as-at",
            AS_AT,
        ]
        median_of(1, command)
        figures = median_of(5, command)
        print(
            f"sendwaits figures {figures:.2f} s, import pandas {pandas:.2f} s: ratio {figures / pandas:.1f}  (wanted <= 3)"
        )
        if options.areas:
            rows = []
            for number in range(options.areas):
                workspace_at(Path(temporary) / f"area{number}")
                rows.append(f"Area {number},area{number}\n")
            listed = Path(temporary) / "areas.csv"
            listed.write_text("name,folder\n" + "".join(rows), encoding="utf-8")
            code = MEASURE.replace(
                "**options)",
                "**{**options, 'areas': __import__('pathlib').Path(options['areas'])})",
            )
            seconds, _ = timed(
                [
                    sys.executable,
                    "-c",
                    code,
                    str(home),
                    json.dumps(
                        {"areas": str(listed), "workers": options.workers, "reports": list(REPORTS)}
                    ),
                ]
            )
            pages = options.areas * len(jobs)
            print(
                f"{options.areas} areas, {pages} reports, from nothing: {seconds:.1f} s; 150 areas x {len(jobs)} would take "
                f"{seconds / options.areas * 150 / 60:.1f} minutes"
            )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
