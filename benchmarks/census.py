"""The census table of a large list beside its peers: whole processes, imports included, ratios of CPU time in one run.

    python benchmarks/census.py [--rows 1000000] [--months 60] [--skip naive,polars,duckdb,r] [--check]

The task: a parquet file of referrals (pathway: 6, district: 7, start, stop) -> for every month end, pathway and district: waiting,
bands, over 18 and 52 weeks, mean, median, 92nd percentile, longest, and the month's starts and stops. ``decode`` only reads the file
to pandas. ``--check`` compares our table with the naive loop, number by number. Made-up data from a fixed seed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BANDS = [(0, 7), (8, 14), (15, 28), (29, 84), (85, 126), (127, 364), (365, 728), (729, None)]
LAST = "2024-07-31"
R_SCRIPT = """
suppressMessages({library(arrow); library(NHSRwaitinglist); library(dplyr)})
a <- commandArgs(TRUE); d <- read_parquet(a[1]); names(d)[3:4] <- c("referral", "removal")
for (g in split(d, list(d$pathway, d$district))) wl_queue_size(as.data.frame(g[, c("referral", "removal")]))
"""


def make(path: Path, rows: int) -> None:
    """Referrals over eight years, waits of about 40 weeks, a tenth removed early, the rest of the list still open."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(20241003)
    last = int(np.datetime64(LAST, "D").astype(int))
    writer = None
    for first in range(0, rows, 1_000_000):
        n = min(1_000_000, rows - first)
        start = last - rng.integers(0, 8 * 365, n)
        waited = np.where(
            rng.random(n) < 0.1, rng.exponential(60, n), rng.gamma(2.0, 140, n)
        ).astype(int)
        stop = np.where(start + waited > last, -1, start + waited)
        table = pa.table(
            {
                "pathway": pa.array(
                    np.array(["NST", "OT_HEALTH", "OT_LA", "SLCN", "SLCN_AUTISM", "EHC"])[
                        rng.choice(6, n, p=[0.3, 0.15, 0.1, 0.2, 0.05, 0.2])
                    ]
                ),
                "district": pa.array(np.array(list("ABCDEFG"))[rng.integers(0, 7, n)]),
                "start": pa.array(start.astype("datetime64[D]")),
                "stop": pa.array(stop.astype("datetime64[D]"), mask=stop < 0),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def month_ends(months: int):  # the last days of the months up to LAST
    import numpy as np

    following = np.datetime64(LAST, "M") + 2 - np.arange(months, 0, -1)
    return following.astype("datetime64[D]") - 1


def decode(path: Path, months: int):
    import pandas as pd

    return pd.read_parquet(path)


def ours(path: Path, months: int):
    import numpy as np
    import pandas as pd
    import pyarrow.parquet as pq

    from sendwaits.measure import census

    table = pq.read_table(path, read_dictionary=["pathway", "district"])
    codes = [
        table.column(name).unify_dictionaries().combine_chunks() for name in ("pathway", "district")
    ]
    names = [code.dictionary.to_pylist() for code in codes]
    inner = len(names[1])
    group = codes[0].indices.to_numpy() * np.int32(inner) + codes[1].indices.to_numpy()
    start = table.column("start").cast("int32").to_numpy()
    stop = table.column("stop").cast("int32").fill_null(census.NEVER).to_numpy()
    del table, codes
    ends = month_ends(months)
    last = ends.astype(np.int64)
    first = ends.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    n_groups = len(names[0]) * inner
    stock = census.stocks(start, stop, group, n_groups, last, (126, 364), BANDS)
    came = census.flows(start, group, n_groups, (first, last))
    left = census.flows(stop, group, n_groups, (first, last))
    label = pd.MultiIndex.from_product(
        [ends.astype("datetime64[s]"), names[0], names[1]],
        names=["month_end", "pathway", "district"],
    )
    with np.errstate(invalid="ignore"):
        mean = stock.total_days / stock.waiting
    columns = {
        "waiting": stock.waiting,
        "mean": mean,
        "median": stock.median_days,
        "p92": stock.p92_days,
        "longest": stock.longest_days,
        "over_18": stock.over[126],
        "over_52": stock.over[364],
        **{f"band_{low}": stock.bands[i] for i, (low, _) in enumerate(BANDS)},
        "starts": came.count,
        "stops": left.count,
    }
    return pd.DataFrame(
        {name: array[:, 1:].ravel() for name, array in columns.items()}, index=label
    ).sort_index()


def naive(path: Path, months: int):
    import pandas as pd

    rows = pd.read_parquet(path)
    rows = rows.assign(start=pd.to_datetime(rows["start"]), stop=pd.to_datetime(rows["stop"]))
    edges = [low for low, _ in BANDS] + [10**6]
    every = pd.MultiIndex.from_product(
        [sorted(rows["pathway"].unique()), sorted(rows["district"].unique())],
        names=["pathway", "district"],
    )
    tables = {}
    for end in pd.to_datetime(month_ends(months)):
        waiting = rows[(rows["start"] <= end) & ~(rows["stop"] <= end)]
        waiting = waiting.assign(days=(end - waiting["start"]).dt.days)
        by = waiting.groupby(["pathway", "district"])["days"]
        table = by.agg(waiting="size", mean="mean", median="median", longest="max").reindex(every)
        table["p92"] = by.apply(lambda days: days.sort_values().iloc[-(-92 * len(days) // 100) - 1])
        table["over_18"] = waiting[waiting["days"] > 126].groupby(["pathway", "district"]).size()
        table["over_52"] = waiting[waiting["days"] > 364].groupby(["pathway", "district"]).size()
        band = pd.cut(
            waiting["days"], edges, right=False, labels=[f"band_{low}" for low, _ in BANDS]
        )
        table = table.join(
            waiting.groupby(["pathway", "district", band], observed=False).size().unstack()
        )
        first = end.replace(day=1)
        for name, column in (("starts", "start"), ("stops", "stop")):
            table[name] = (
                rows[(rows[column] >= first) & (rows[column] <= end)]
                .groupby(["pathway", "district"])
                .size()
            )
        tables[end] = table
    counts = [
        "waiting",
        "over_18",
        "over_52",
        *(f"band_{low}" for low, _ in BANDS),
        "starts",
        "stops",
    ]
    return pd.concat(tables, names=["month_end"]).fillna(dict.fromkeys(counts, 0)).sort_index()


def polars(path: Path, months: int):
    import polars as pl

    rows = pl.read_parquet(path)
    days = pl.col("days")
    tables = []
    for end in month_ends(months).tolist():
        waiting = rows.filter(
            (pl.col("start") <= end) & (pl.col("stop").is_null() | (pl.col("stop") > end))
        )
        waiting = waiting.with_columns(days=(pl.lit(end) - pl.col("start")).dt.total_days())
        stock = waiting.group_by("pathway", "district").agg(
            pl.len().alias("waiting"),
            days.mean().alias("mean"),
            days.median().alias("median"),
            days.quantile(0.92, "equiprobable").alias("p92"),
            days.max().alias("longest"),
            (days > 126).sum().alias("over_18"),
            (days > 364).sum().alias("over_52"),
            *(
                days.is_between(low, 10**6 if high is None else high).sum().alias(f"band_{low}")
                for low, high in BANDS
            ),
        )
        for name, column in (("starts", "start"), ("stops", "stop")):
            moved = (
                rows.filter(pl.col(column).is_between(end.replace(day=1), end))
                .group_by("pathway", "district")
                .len(name)
            )
            stock = stock.join(moved, on=["pathway", "district"], how="left")
        tables.append(stock.with_columns(month_end=pl.lit(end)))
    return pl.concat(tables)


def duckdb(path: Path, months: int):
    import duckdb as db

    ends = ", ".join(f"(DATE '{end}')" for end in month_ends(months))
    bands = ", ".join(
        f"count(*) FILTER (days BETWEEN {low} AND {10**6 if high is None else high}) AS band_{low}"
        for low, high in BANDS
    )
    moved = {
        name: f"(SELECT last_day({column}) AS month_end, pathway, district, count(*) AS {name} FROM rows WHERE {column} IS NOT NULL GROUP BY ALL)"
        for name, column in (("starts", "start"), ("stops", "stop"))
    }
    return db.sql(f"""
        WITH rows AS (SELECT pathway, district, CAST("start" AS DATE) AS start, CAST("stop" AS DATE) AS stop FROM read_parquet('{path.as_posix()}')),
        ends(month_end) AS (VALUES {ends}),
        waits AS (SELECT month_end, pathway, district, date_diff('day', start, month_end) AS days FROM ends JOIN rows
                  ON start <= month_end AND (stop IS NULL OR stop > month_end)),
        stock AS (SELECT month_end, pathway, district, count(*) AS waiting, avg(days) AS mean, median(days) AS median, quantile_disc(days, 0.92) AS p92,
                  max(days) AS longest, count(*) FILTER (days > 126) AS over_18, count(*) FILTER (days > 364) AS over_52, {bands} FROM waits GROUP BY ALL)
        SELECT * FROM stock LEFT JOIN {moved["starts"]} USING (month_end, pathway, district) LEFT JOIN {moved["stops"]} USING (month_end, pathway, district)
    """).to_arrow_table()


TASKS = {"decode": decode, "ours": ours, "naive": naive, "polars": polars, "duckdb": duckdb}


def cost(command: list[str]) -> tuple[float, float]:
    """CPU seconds (user and system, all threads) and peak memory in GiB of one whole process."""
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[1:]}: failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2


def same(path: Path, months: int) -> int:
    """Cells of our table that equal the naive loop's; stops the run at the first column that differs."""
    import numpy as np

    a, b = ours(path, months), naive(path, months)
    for name in a.columns:
        np.testing.assert_allclose(
            a[name].to_numpy(float),
            b[name].reindex(a.index).to_numpy(float),
            rtol=1e-12,
            err_msg=name,
        )
    return a.size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--skip", default="")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        TASKS[given.task](given.file, given.months)
        return
    if not hasattr(os, "wait4"):
        raise SystemExit(
            "this benchmark reads the cost of whole processes from the system: run it on Linux or macOS"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "referrals.parquet"
        make(path, given.rows)
        if given.check:
            print(f"{same(path, given.months)} cells equal the naive loop")
        used = {}
        for task in TASKS:
            if task not in given.skip.split(","):
                used[task] = cost(
                    [
                        sys.executable,
                        str(Path(__file__)),
                        "--task",
                        task,
                        "--file",
                        str(path),
                        "--months",
                        str(given.months),
                    ]
                )
        if shutil.which("Rscript") and "r" not in given.skip.split(","):
            used["NHSRwaitinglist (daily queue only)"] = cost(
                [shutil.which("Rscript") or "", "-e", R_SCRIPT, str(path)]
            )
        print(
            f"{given.rows} rows, {given.months} months, 6 pathways x 7 districts; CPU time as a multiple of decode, and of ours"
        )
        for task, (seconds, memory) in used.items():
            print(
                f"  {task:36} {seconds / used['decode'][0]:7.2f} x decode {seconds / used['ours'][0]:7.2f} x ours {memory:6.2f} GiB"
            )


if __name__ == "__main__":
    main()
