"""The same work on a Spark cluster, for those whose data live there: the census by area, and reports as tasks.

Needs the extra ``sendwaits[spark]``, Java 17 or later, and sendwaits installed on every worker. Nothing here is needed
on one machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits.errors import Refused
from sendwaits.pathways import BANDS, OVER_WEEKS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "census",
    "census_by_area",
    "census_on_spark",
    "write_by_area",
    "read_by_area",
    "each_on_spark",
]

JOBS = 256
"""Tasks handed to Spark at once; it runs as many of them as the cluster has slots."""
KEYS = ("pathway", "wait")
EPOCH = "1970-01-01"
_OVER = tuple(sorted({weeks * 7 for weeks in (*OVER_WEEKS, 20)}))


def census(waits: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """Open waits of one area on each census day: one row per pathway, wait and day.

    ``waits``: columns pathway, wait, start and stop; dates, or whole days since 1970-01-01, blank = still open. A stop on
    the census day is a stop. Columns: waiting, waiting_over_<days>_days, band_<n> (the community SitRep's bands, in order),
    total_days, median_days, p92_days, longest_days (NaN where nobody waits).
    """
    import numpy as np
    import pandas as pd

    from sendwaits.measure.census import NEVER, stocks

    ordered = sorted(days)
    numbers = [(day - date(1970, 1, 1)).days for day in ordered]
    start, stop = (_day_numbers(waits[name], NEVER) for name in ("start", "stop"))
    tables = []
    for (pathway, wait), rows in waits.groupby(
        list(KEYS), observed=True, sort=True
    ).indices.items():
        found = stocks(
            start[rows], stop[rows], np.zeros(len(rows), np.int64), 1, numbers, _OVER, BANDS
        )
        tables.append(
            pd.DataFrame(
                {
                    "pathway": pathway,
                    "wait": wait,
                    "census": [day.isoformat() for day in ordered],
                    "waiting": found.waiting[:, 0],
                    **{f"waiting_over_{d}_days": found.over[d][:, 0] for d in _OVER},
                    **{f"band_{n}": found.bands[n][:, 0] for n in range(len(BANDS))},
                    "total_days": found.total_days[:, 0],
                    "median_days": found.median_days[:, 0],
                    "p92_days": found.p92_days[:, 0],
                    "longest_days": found.longest_days[:, 0],
                }
            )
        )
    return (
        pd.concat(tables, ignore_index=True)
        if tables
        else pd.DataFrame(columns=[name for name, _ in _SCHEMA])
    )


_SCHEMA = (
    ("pathway", "string"),
    ("wait", "string"),
    ("census", "string"),
    ("waiting", "bigint"),
    *((f"waiting_over_{d}_days", "bigint") for d in _OVER),
    *((f"band_{n}", "bigint") for n in range(len(BANDS))),
    ("total_days", "bigint"),
    ("median_days", "double"),
    ("p92_days", "double"),
    ("longest_days", "double"),
)


def _day_numbers(column: pd.Series, blank: int) -> Any:
    import numpy as np

    if column.dtype.kind == "M":
        numbers = column.to_numpy().astype("datetime64[D]").astype("int64")
        return np.where(column.isna(), blank, numbers)
    return column.fillna(blank).to_numpy().astype("int64")


def census_by_area(waits: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """`census` of every area in this process: one row per area, pathway, wait and day; ``waits`` has a column area."""
    import pandas as pd

    parts = [
        census(rows, days).assign(area=area)
        for area, rows in waits.groupby("area", observed=True, sort=True)
    ]
    whole = pd.concat(parts, ignore_index=True)
    return whole[["area", *(name for name, _ in _SCHEMA)]]


def census_on_spark(session: Any, folder: str | Path, days: Sequence[date]) -> Any:
    """`census` of every area as a Spark table, computed where its rows are; equal to `census_by_area` to the digit.

    ``folder``: parquet or Delta-style, with a folder ``area=<name>`` for each area (see `read_by_area`).
    """
    from pyspark.sql import functions as f

    waits = read_by_area(session, folder)
    dated = [
        f.datediff(f.to_date(f.col(name)), f.to_date(f.lit(EPOCH))).alias(name)
        for name in ("start", "stop")
    ]
    slim = waits.select("area", *(f.col(name).cast("string").alias(name) for name in KEYS), *dated)
    fixed = tuple(days)

    def of_one_area(key: tuple[str], rows: pd.DataFrame) -> pd.DataFrame:
        from sendwaits.scale.spark import census

        table = census(rows, fixed)
        table.insert(0, "area", key[0])
        return table.astype(
            {name: object for name, kind in (("area", "string"), *_SCHEMA) if kind == "string"}
        )  # Spark takes no pandas 3 text

    schema = ", ".join(f"`{name}` {kind}" for name, kind in (("area", "string"), *_SCHEMA))
    return slim.groupBy("area").applyInPandas(of_one_area, schema)


def write_by_area(waits: pd.DataFrame, folder: Path) -> None:
    """``folder/area=<name>/waits.parquet`` for every value of the column area; dates stay dates without a time zone."""
    from urllib.parse import quote

    for area, rows in waits.groupby("area", observed=True, sort=True):
        place = folder / f"area={quote(str(area), safe=' ')}"
        place.mkdir(parents=True, exist_ok=True)
        rows.drop(columns="area").to_parquet(place / "waits.parquet", index=False)


def read_by_area(session: Any, folder: str | Path) -> Any:
    """The waits below ``folder`` as a Spark table with the column area.

    A folder with a ``_delta_log`` is read by its log (only the files it still holds); one whose log has been compacted
    into checkpoints needs Spark's own Delta reader. Raises `Refused` when a column is missing.
    """
    place = Path(folder)
    log = place / "_delta_log"
    reader = session.read.option("basePath", str(place)).option(
        "partitionColumnTypeInference.enabled", "false"
    )
    if (log / "_last_checkpoint").exists():
        waits = session.read.format("delta").load(str(place))
    elif log.is_dir():
        waits = reader.parquet(*[str(place / name) for name in _live_files(log)])
    else:
        waits = reader.parquet(str(place))
    missing = {"area", *KEYS, "start", "stop"} - set(waits.columns)
    if missing:
        raise Refused(
            f"{place.name}: has no column {', '.join(sorted(missing))}. Write it with one folder area=<name> an area."
        )
    from pyspark.sql import functions as f

    return waits.withColumn("area", f.col("area").cast("string"))


def _live_files(log: Path) -> list[str]:
    """The data files that a Delta log has added and not removed, in order."""
    from urllib.parse import unquote

    live: dict[str, None] = {}
    for step in sorted(log.glob("*.json")):
        for line in step.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "add" in entry:
                live[unquote(entry["add"]["path"])] = None
            elif "remove" in entry:
                live.pop(unquote(entry["remove"]["path"]), None)
    return list(live)


def each_on_spark(session: Any) -> Callable[..., Iterator[tuple[Any, Any]]]:
    """A runner for `batch.run(..., each=...)`: every piece of work is a Spark task, in a process of its own on some worker.

    As many tasks at once as the cluster has slots, each handed back as it ends. The workers must see the workspace's folder
    under the same path (a shared disk) and have sendwaits installed.
    """

    def each(
        function: Callable, items: Iterable[Any], workers: int = 1, told: Any = None
    ) -> Iterator[tuple[Any, Any]]:
        from concurrent.futures import ThreadPoolExecutor, as_completed

        todo = list(items)

        def run(item: Any) -> Any:
            alone = session.sparkContext.parallelize([item], 1)  # a job of one task
            return alone.map(lambda one: _task(function, one)).collect()[0]

        if not todo:
            return
        with ThreadPoolExecutor(min(len(todo), JOBS)) as jobs:  # they only wait for their task
            running = {jobs.submit(run, item): item for item in todo}
            for job in as_completed(running):
                yield running[job], job.result()

    return each


def _task(function: Callable, item: Any) -> Any:
    from sendwaits.run import processes

    ((_, outcome),) = processes.each_alone(function, [item])
    return outcome
