"""On a Spark cluster the numbers and the pages are those of one machine. Needs pyspark and Java; starts its own cluster."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import toy

from sendwaits import store
from sendwaits.errors import Refused
from sendwaits.scale import spark

pytestmark = pytest.mark.filterwarnings(
    "ignore:PySpark does not yet fully support pandas:FutureWarning"
)
DAYS = [date(2024, 3, 31), date(2023, 12, 31), date(2024, 7, 31)]


def made_up_waits(areas=("North", "South & Vale", "007"), rows=4000, seed=7):
    """Waits of two pathways in each area: dates without a time zone, a fifth of them open, some started on a census day."""
    dice = np.random.default_rng(seed)
    start = np.datetime64("2022-01-01") + dice.integers(0, 940, rows)
    stop = start + dice.integers(0, 500, rows)
    frame = pd.DataFrame(
        {
            "area": dice.choice(list(areas), rows),
            "pathway": dice.choice(["NST", "EHC"], rows),
            "wait": "assessment",
            "start": start.astype("datetime64[s]"),
            "stop": stop.astype("datetime64[s]"),
        }
    )
    frame.loc[dice.random(rows) < 0.2, "stop"] = pd.NaT
    frame.loc[:20, "start"] = pd.Timestamp("2024-03-31")
    return frame


def test_the_census_of_one_area_by_hand():
    """On 31 March: A (0 days) and B (90 days) wait; C stopped that day and does not."""
    waits = pd.DataFrame(
        {
            "pathway": "NST",
            "wait": "assessment",
            "start": pd.to_datetime(["2024-03-31", "2024-01-01", "2024-01-01"]),
            "stop": pd.to_datetime([None, "2024-04-01", "2024-03-31"]),
        }
    )
    row = spark.census(waits, [date(2024, 3, 31)]).iloc[0]
    assert (row.waiting, row.total_days, row.median_days, row.p92_days, row.longest_days) == (
        2,
        90,
        45,
        90,
        90,
    )
    assert row.waiting_over_126_days == 0 and [row[f"band_{n}"] for n in range(8)] == [
        1,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
    ]


def test_days_given_as_numbers_count_as_dates_do():
    waits = made_up_waits()
    numbers = waits.assign(
        **{n: (waits[n] - pd.Timestamp("1970-01-01")).dt.days for n in ("start", "stop")}
    )
    pd.testing.assert_frame_equal(
        spark.census_by_area(numbers, DAYS), spark.census_by_area(waits, DAYS)
    )


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A standalone master and one worker with four slots on loopback, and a session on it."""
    pytest.importorskip(
        "pyspark", reason="pyspark is not installed: pip install 'sendwaits[spark]'"
    )
    if not shutil.which("java"):
        pytest.skip("there is no Java on this machine: Spark needs Java 17 or later")
    if os.name == "nt":
        pytest.skip("the test starts its cluster with a POSIX script")
    import pyspark
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    home = Path(pyspark.__file__).parent
    surroundings = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_WORKER_DIR": str(folder),
        "PYTHONPATH": os.pathsep.join(
            [str(Path(toy.__file__).parent), str(Path(toy.__file__).parents[1])]
        ),
    }
    port, processes = free_port(), []

    def launch(name, *arguments):
        with open(folder / f"{name}.log", "w") as log:
            processes.append(
                subprocess.Popen(
                    [
                        str(home / "bin" / "spark-class"),
                        f"org.apache.spark.deploy.{name.lower()}.{name}",
                        *arguments,
                    ],
                    stdout=log,
                    stderr=log,
                    env=surroundings,
                )
            )

    def until(name, words):
        end = time.monotonic() + 90
        while words not in (folder / f"{name}.log").read_text():
            if time.monotonic() > end:
                pytest.fail(
                    f"Spark's {name} did not start: {(folder / f'{name}.log').read_text()[-1000:]}"
                )
            time.sleep(0.2)

    launch("Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port()))
    until("Master", "Starting Spark master")
    launch(
        "Worker",
        "--host",
        "127.0.0.1",
        "--cores",
        "4",
        "--memory",
        "2g",
        "--webui-port",
        str(free_port()),
        f"spark://127.0.0.1:{port}",
    )
    until("Worker", "Successfully registered")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    made = (
        SparkSession.builder.master(f"spark://127.0.0.1:{port}")
        .appName("sendwaits-test")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "3")
        .config("spark.executorEnv.PYTHONPATH", surroundings["PYTHONPATH"])
        .config("spark.sql.session.timeZone", "Pacific/Auckland")
        .getOrCreate()
    )
    yield made
    made.stop()
    os.environ.pop("PYSPARK_PYTHON")
    for process in reversed(processes):
        process.terminate()
        process.wait(30)


def collected(table):
    """Rows of a Spark table as the local function orders them."""
    frame = table.toPandas().sort_values(["area", "pathway", "wait", "census"], ignore_index=True)
    return frame.astype({c: "str" for c in ("area", "pathway", "wait", "census")})


@pytest.mark.long
def test_the_census_on_a_cluster_equals_the_local_one_to_the_digit(session, tmp_path):
    waits = made_up_waits()
    spark.write_by_area(waits, tmp_path / "waits")
    local = spark.census_by_area(waits, DAYS)
    assert len(local) == 3 * 2 * 3 and local["waiting"].sum() > 1000
    there = collected(spark.census_on_spark(session, tmp_path / "waits", DAYS))
    pd.testing.assert_frame_equal(there, local, check_exact=True)


@pytest.mark.long
def test_a_delta_log_decides_which_files_count(session, tmp_path):
    waits = made_up_waits(rows=600)
    folder = tmp_path / "waits"
    spark.write_by_area(waits, folder)
    spark.write_by_area(waits.iloc[:50].assign(area="North"), tmp_path / "stale")
    shutil.copy(
        tmp_path / "stale" / "area=North" / "waits.parquet", folder / "area=North" / "stale.parquet"
    )
    (folder / "_delta_log").mkdir()
    paths = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*.parquet"))]
    steps = [
        [{"add": {"path": quote(p)}} for p in paths],
        [{"remove": {"path": quote("area=North/stale.parquet")}}],
    ]
    for number, step in enumerate(steps):
        (folder / "_delta_log" / f"{number:020}.json").write_text(
            "\n".join(json.dumps(entry) for entry in step)
        )
    there = collected(spark.census_on_spark(session, folder, DAYS))
    pd.testing.assert_frame_equal(there, spark.census_by_area(waits, DAYS), check_exact=True)


@pytest.mark.long
def test_a_folder_without_areas_is_refused(session, tmp_path):
    (tmp_path / "waits").mkdir()
    made_up_waits(rows=10).drop(columns="area").to_parquet(tmp_path / "waits" / "waits.parquet")
    with pytest.raises(Refused, match="has no column area"):
        spark.census_on_spark(session, tmp_path / "waits", DAYS)


@pytest.mark.long
def test_reports_as_spark_tasks_give_the_same_set(session, tmp_path):
    extra = 'assert pathway != "SLCN"'
    here, there = toy.write(tmp_path / "here", extra), toy.write(tmp_path / "there", extra)
    store.forget()
    assert toy.run(here).failed == {
        "slcn_trend": "cell 3: its code fails; run the notebook in JupyterLab to see why"
    }
    store.forget()
    assert toy.run(there, each=spark.each_on_spark(session)).failed == {
        "slcn_trend": "cell 3: its code fails; run the notebook in JupyterLab to see why"
    }
    assert toy.contents(there / "reports" / "2024-07-31") == toy.contents(
        here / "reports" / "2024-07-31"
    )


@pytest.mark.long
def test_every_slot_of_the_cluster_is_busy(session):
    """Eight naps on four slots: at some moment four of them overlap, and never more."""
    each = spark.each_on_spark(session)
    naps = [outcome.value for _, outcome in each(toy.nap, [4.0] * 8)]
    assert len(naps) == 8
    overlaps = [sum(a <= begun < b for a, b in naps) for begun, _ in naps]
    assert max(overlaps) == 4
