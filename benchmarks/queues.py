"""How good is the queue forecast? Beside an oracle, beside what anybody can do by hand, and are its chances true?

python benchmarks/queues.py --kind apart --worlds 9            # families never tuned on: the table of issue 15
python benchmarks/queues.py --kind law --worlds 8 --cache DIR  # the five families of the model's own law, beside an oracle
"""

from __future__ import annotations

import argparse
import os
import pickle
import time
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # threads that wait for each other cost more than they give

import numpy as np
import pandas as pd
import worlds as W
import worlds_apart as A

from sendwaits.intake.waits import Built, build
from sendwaits.outlook.queue import draws, prepare
from sendwaits.outlook.queue.readout import new_child_weeks, summary
from sendwaits.outlook.queue.simple import METHODS, Waits, observed, simple
from sendwaits.pathways import Pathway, built_in
from sendwaits.workspace import AreaInfo, Workspace

TAUS = np.array(W.QUANTILES)
HORIZONS = (13, 26, 52)


def built_of(extract: pd.DataFrame, code: str, as_at: np.datetime64) -> tuple[Built, Pathway]:
    """A world's extract through the package's own wait builder."""
    pathway = built_in()[code]
    rows = pd.DataFrame(index=extract.index)
    for column, kind in pathway.columns.items():
        text = extract[column] if column in extract else pd.Series("", index=extract.index)
        rows[column] = (
            pd.to_datetime(text.where(text != "", None)).astype("datetime64[s]")
            if kind in ("date", "future", "birth")
            else text
        )
    rows = rows.assign(
        source_file="world.csv",
        sheet="",
        source_row=np.arange(len(rows)) + 2,
        extract_date=pd.Timestamp(as_at),
    )
    return build([rows], pathway, lambda ids: ids), pathway


def crps(quantiles: np.ndarray, truth: float) -> float:
    """Twice the mean pinball loss over .1 .25 .5 .75 .9."""
    miss = truth - quantiles
    return float(2 * np.mean(np.maximum(TAUS * miss, (TAUS - 1) * miss)))


def _world(kind: str, family: str, seed: int, futures: int, oracle: int, cache: Path | None) -> Any:
    """(built, pathway, as_at, futures, the oracle's quantiles or None), kept in ``cache``."""
    where = cache / f"{family}_{seed}_{oracle}_{futures}.pkl" if cache else None
    if where is not None and where.exists():
        found = pickle.loads(where.read_bytes())
    else:
        world = A.Apart(seed, family) if kind == "apart" else W.World(seed, family)
        after = [world.run_on(k, HORIZONS) for k in range(futures)]
        best = W.oracle(world, oracle, HORIZONS) if oracle and isinstance(world, W.World) else None
        found = (world.extract(), world.code, world.as_at, after, best)
        if where is not None:
            where.write_bytes(pickle.dumps(found))
    return *built_of(*found[:3]), *found[2:]


def score_world(
    kind: str, family: str, seed: int, paths: int, futures: int, oracle: int, cache: Path | None
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Rows of scores by wait, measure, horizon and future; rows of chances said of made-up targets."""
    built, pathway, as_at, after, best = _world(kind, family, seed, futures, oracle, cache)
    clock = time.process_time()
    ready = prepare(
        built, pathway, Workspace(Path("."), AreaInfo("x"), built_in()), str(as_at), paths
    )
    clock = time.process_time() - clock
    rows: list[dict[str, object]] = []
    said: list[dict[str, object]] = []
    for history in (w for w in ready.service.waits if (w.name, "waiting", 13) in after[0]):
        wait, day = history.name, int(as_at.astype("datetime64[D]").astype("int64"))
        part = built.waits[built.waits["wait"] == wait]
        waits = Waits(*(part[c].to_numpy() for c in ("start", "stop", "completed")))
        now = observed(waits, day, (126, 364), history.standard_days)
        hand = simple(waits, day, HORIZONS, (126, 364), history.standard_days)
        measures = [m for m in W.MEASURES if m in now]
        for measure, h in [(m, h) for h in HORIZONS for m in measures] + [
            ("new_child_wait_weeks", 0)
        ]:
            if h:
                paths_of = draws(ready, wait, measure)[:, h]
            else:
                weeks = ready.usual[wait] * new_child_weeks(ready.baseline, wait)
                paths_of = np.minimum(weeks[~np.isnan(weeks)], 208.0)
            ours = np.array(summary(paths_of)[1:])
            scale = 100 / max(now["waiting"], 1) if measure.startswith("waiting") else 1.0
            for k, future in enumerate(after):
                truth = future[wait, measure, h]
                if np.isnan(truth) or np.isnan(ours).any():
                    continue
                row = {"family": family, "seed": seed, "wait": wait, "measure": measure, "h": h}
                row |= {"future": k, "truth": truth, "seconds": clock, "scale": scale}
                row |= {"error": ours[2] - truth, "hit": ours[0] <= truth <= ours[4]}
                row |= {"width": scale * (ours[4] - ours[0]), "crps": scale * crps(ours, truth)}
                row |= {m: hand[m, measure, h] - truth for m in METHODS}
                if best is not None and not np.isnan(best[wait, measure, h]).any():
                    o = best[wait, measure, h]
                    row |= {"oracle": scale * crps(o, truth), "oracle_hit": o[0] <= truth <= o[4]}
                    row |= {"oracle_error": o[2] - truth}
                rows.append(row)
                if h and not measure.startswith("mean") and np.isfinite(now[measure]):
                    said += _said(measure, now[measure], paths_of, truth)
    return rows, said


def _said(measure: str, now: float, paths: np.ndarray, truth: float) -> list[dict[str, object]]:
    """The chance said of a target near today's value, and whether it was met, for four targets."""
    there = paths[np.isfinite(paths)]
    if measure == "within_standard_pct":
        lines = [now + x for x in (-12, -4, 4, 12)]
        return [{"said": (there >= x).mean(), "met": truth >= x} for x in lines if 0 < x < 100]
    lines = [round(now * x) for x in (0.75, 0.9, 1.05, 1.2)]
    return [{"said": (there <= x).mean(), "met": truth <= x} for x in lines if now >= 5]


def against(results: pd.DataFrame) -> pd.DataFrame:
    """By measure and horizon: mean absolute error beside the three methods by hand, coverage of the 80 % interval."""
    part = results[results["h"] > 0].copy()
    for name in ("error", *METHODS):
        part[name] = part["scale"] * part[name].abs()
    out = part.groupby(["measure", "h"], sort=False).agg(
        n=("hit", "size"),
        cover=("hit", "mean"),
        width=("width", "mean"),
        error=("error", "mean"),
        **{m: (m, "mean") for m in METHODS},
    )
    out["of_best"] = out["error"] / out[list(METHODS)].min(axis=1)
    out["cover"] *= 100
    return out


def beside_oracle(results: pd.DataFrame) -> pd.DataFrame:
    """By measure and horizon: CRPS over the oracle's, coverage of both."""
    part = results[results["h"] > 0].dropna(subset=["oracle"])
    both = pd.concat([part.assign(family="all"), part])
    out = both.groupby(["family", "measure", "h"], sort=False).agg(
        n=("crps", "size"),
        crps=("crps", "mean"),
        oracle=("oracle", "mean"),
        cover=("hit", "mean"),
        oracle_cover=("oracle_hit", "mean"),
    )
    out.insert(1, "ratio", out["crps"] / out["oracle"])
    out[["cover", "oracle_cover"]] *= 100
    return out


def new_child(results: pd.DataFrame) -> pd.DataFrame:
    """Median error (per cent), bias (weeks) and coverage of the wait of a child referred today, beside the others'."""
    part = results[results["measure"] == "new_child_wait_weeks"].copy()
    names = ["error", *METHODS, *(["oracle_error"] if "oracle_error" in part else [])]
    for name in names:
        part[f"{name} %"] = 100 * part[name].abs() / part["truth"].clip(lower=1)
    both = pd.concat([part.assign(family="all"), part])
    out = both.groupby("family", sort=False).agg(
        n=("error", "size"),
        bias=("error", "mean"),
        cover=("hit", "mean"),
        **{f"{name} %": (f"{name} %", "median") for name in names},
    )
    out["cover"] *= 100
    return out


def reliability(said: pd.DataFrame) -> pd.DataFrame:
    """Chances said in ten bins beside how often the target was met; bins of 30 cases and more count."""
    bins = pd.cut(said["said"], np.linspace(0, 1, 11), include_lowest=True)
    out = said.groupby(bins, observed=True).agg(
        n=("met", "size"), said=("said", "mean"), met=("met", "mean")
    )
    out["off"] = out["met"] - out["said"]
    return out


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--kind", choices=("apart", "law"), default="apart")
    ask.add_argument("--worlds", type=int, default=9, help="worlds in each family")
    ask.add_argument("--first", type=int, default=0, help="seed of the first world")
    ask.add_argument("--paths", type=int, default=600)
    ask.add_argument("--futures", type=int, default=2)
    ask.add_argument("--oracle-paths", type=int, default=40)
    ask.add_argument("--families", nargs="*", default=None)
    ask.add_argument("--cache", type=Path, default=None, help="folder for worlds and oracles")
    ask.add_argument("--out", type=Path, default=None)
    args = ask.parse_args()
    if args.cache:
        args.cache.mkdir(parents=True, exist_ok=True)
    families = args.families or (A.UNSEEN if args.kind == "apart" else W.FAMILIES)
    oracle = args.oracle_paths if args.kind == "law" else 0
    rows, said = [], []
    for family in families:
        for seed in range(args.first, args.first + args.worlds):
            scores, chances = score_world(
                args.kind, family, seed, args.paths, args.futures, oracle, args.cache
            )
            rows += scores
            said += chances
    results = pd.DataFrame(rows)
    if args.out:
        results.to_pickle(args.out)
    wide = ("display.width", 180, "display.max_rows", 200, "display.max_columns", 20)
    with pd.option_context(*wide, "display.float_format", "{:.2f}".format):
        print(against(results).to_string())
        if oracle:
            print(beside_oracle(results).to_string())
        print(new_child(results).to_string())
        print(reliability(pd.DataFrame(said)).to_string())
    seconds = results.groupby(["family", "seed"])["seconds"].first()
    print(
        f"{len(seconds)} worlds; seconds of CPU a world: {seconds.mean():.2f}, most {seconds.max():.2f}"
    )


if __name__ == "__main__":
    main()
