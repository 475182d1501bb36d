"""What a month's set costs, stage by stage, and as ratios against the commands an analyst would script, in one run.

    python benchmarks/batch.py [--scripted 6] [--areas 0] [--workers 2]

Prints seconds by the clock and CPU seconds of all processes: the sample's set from nothing with an earlier set present (and
its stages), with shared results kept, with one extract changed, unchanged; `papermill` then `jupyter nbconvert` for
``--scripted`` of the same notebooks, spread over services and reports; `sendwaits figures` beside `import pandas`; ``--areas``
copies of the area in one run. CPU seconds on a busy machine are higher than on a quiet one: the ratios are of one run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BEFORE, AS_AT = "2024-07-31", "2024-09-30"
REPORTS = ("trend", "backlog", "forecast")
SENDWAITS = [sys.executable, "-m", "sendwaits.run.cli"]


class Cost(NamedTuple):
    """Seconds by the clock, CPU seconds of the process and its children, and what it printed."""

    seconds: float
    cpu: float
    out: str = ""


def cost(command: list[str], folder: Path) -> Cost:
    """What one command costs; it must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=surroundings)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode == 3:
        print(*(line for line in done.stderr.splitlines() if line.startswith("Failed")))
    elif done.returncode:
        sys.exit(f"{' '.join(command[:6])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, used, done.stdout)


def workspace_at(folder: Path) -> Path:
    """A copy of the repository's sample workspace without anything computed."""
    for name in ("data/raw", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("sendwaits.toml", "statements.toml"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    return folder


def report(home: Path, day: str, workers: int, *more: str) -> Cost:
    command = [*SENDWAITS, "report", ".", "--as-at", day, "--workers", str(workers), *more]
    return cost([*command, "--timings"], home)


def forget_pages(home: Path) -> None:
    shutil.rmtree(home / "reports" / AS_AT)
    for page in (home / "data" / "processed" / "cache").glob("page-*"):
        page.unlink()


def change_an_extract(home: Path) -> None:
    """The list of one service without its last row."""
    file = home / "data" / "raw" / f"SLCN_{AS_AT}.csv"
    file.write_bytes(b"\n".join(file.read_bytes().splitlines()[:-1]) + b"\n")


def scripted(home: Path, jobs: list[tuple[str, str]]) -> Cost:
    """The papermill command and then the nbconvert command, for each (service, report); what one page costs."""
    (home / "scripted").mkdir(exist_ok=True)
    seconds = cpu = 0.0
    for code, name in jobs:
        out = f"scripted/{code}_{name}.ipynb"
        run = [sys.executable, "-m", "papermill", f"notebooks/{name}.ipynb", out]
        run += ["-p", "pathway", code, "-r", "as_at", AS_AT]
        page = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", out]
        for one in (cost(run, home), cost(page, home)):
            seconds, cpu = seconds + one.seconds, cpu + one.cpu
    return Cost(seconds / len(jobs), cpu / len(jobs))


def line(what: str, found: Cost, more: str = "") -> None:
    print(f"{what:<34}{found.seconds:9.2f} s{found.cpu:9.2f} CPU s  {more}")


def beside(what: str, theirs: Cost, pages: int, ours: Cost, wanted: str) -> None:
    whole = Cost(theirs.seconds * pages, theirs.cpu * pages)
    ratios = f"{whole.seconds / ours.seconds:.1f} x clock, {whole.cpu / ours.cpu:.1f} x CPU"
    line(f"scripted, {what}", whole, f"{ratios}  (wanted {wanted})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scripted", type=int, default=6)
    parser.add_argument("--areas", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = workspace_at(Path(temporary) / "home")
        report(home, BEFORE, options.workers)
        shutil.rmtree(home / "data" / "processed" / "cache")
        cold = report(home, AS_AT, options.workers)
        pages = len(list((home / "reports" / AS_AT).glob("*.html"))) - 1
        line("from nothing, an earlier set there", cold, f"{pages} pages  (wanted <= 45 CPU s)")
        print(cold.out)
        forget_pages(home)
        warm = report(home, AS_AT, options.workers)
        line("shared results kept", warm)
        line("unchanged", report(home, AS_AT, options.workers), "(wanted <= 0.5 s)")
        change_an_extract(home)
        line("one extract changed", report(home, AS_AT, options.workers))
        if options.scripted:
            codes = ("EHC", "NST", "OT_HEALTH", "OT_LA", "SLCN", "SLCN_AUTISM")
            jobs = [(codes[i % 6], REPORTS[i % 3]) for i in range(options.scripted)]
            shutil.rmtree(home / "data" / "processed" / "cache")
            beside("from nothing", scripted(home, jobs), pages, cold, ">= 5 x CPU")
            beside("results kept", scripted(home, jobs), pages, warm, ">= 10 x clock")
        pandas = cost([sys.executable, "-c", "import pandas"], home)
        figures = cost([*SENDWAITS, "figures", ".", "--as-at", AS_AT], home)
        line("sendwaits figures", figures, f"{figures.cpu / pandas.cpu:.1f} x import pandas")
        if options.areas:
            places = [workspace_at(Path(temporary) / f"area{n}") for n in range(options.areas)]
            rows = "".join(f"Area {p.name},{p}\n" for p in places)
            (home / "areas.csv").write_text("name,folder\n" + rows, encoding="utf-8")
            many = report(home, AS_AT, options.workers, "--areas", "areas.csv")
            line(
                f"{options.areas} areas",
                many,
                f"153: {many.cpu / options.areas * 153 / 3600:.1f} CPU h",
            )


if __name__ == "__main__":
    main()
