"""How good is the queue forecast? CRPS against an oracle, coverage and the new child's wait, over made-up worlds.

python benchmarks/queues.py --worlds 40 --paths 600
"""

from __future__ import annotations

import argparse
import os
import pickle
import time
from pathlib import Path

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # threads that wait for each other cost more than they give

import numpy as np
import pandas as pd
import worlds as W

from sendwaits.intake.waits import Built, build
from sendwaits.outlook.queue.history import read_service
from sendwaits.outlook.queue.model import build_model
from sendwaits.outlook.queue.paths import simulate
from sendwaits.outlook.queue.readout import new_child_weeks, summary, values
from sendwaits.pathways import Pathway, built_in

TAUS = np.array(W.QUANTILES)


def built_of(world: W.World) -> tuple[Built, Pathway]:
    """The world's extract through the package's own wait builder."""
    extract, pathway = world.extract(), built_in()[world.code]
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
        extract_date=pd.Timestamp(world.as_at),
    )
    return build([rows], pathway, lambda ids: ids), pathway


def crps(quantiles: np.ndarray, truth: float) -> float:
    """Twice the mean pinball loss over .1 .25 .5 .75 .9."""
    return float(
        2 * np.mean(np.maximum(TAUS * (truth - quantiles), (TAUS - 1) * (truth - quantiles)))
    )


def score_world(
    seed: int, family: str, paths: int, oracle_paths: int, cache: Path | None, truths: int = 4
) -> list[dict[str, object]]:
    world = W.World(seed, family)
    where = cache / f"{family}_{seed}_{oracle_paths}.pkl" if cache else None
    if where is not None and where.exists():
        oracle, futures = pickle.loads(where.read_bytes())
    else:
        oracle, futures = W.oracle(world, oracle_paths), [world.run_on(k) for k in range(truths)]
        if where is not None:
            where.write_bytes(pickle.dumps((oracle, futures)))
    built, pathway = built_of(world)
    clock = time.process_time()
    service = read_service(built, pathway, world.as_at)
    model = build_model(service, paths, seed=7)
    run = simulate(model, 52)
    clock = time.process_time() - clock
    rows = []
    for wait in world.waits(world.state["table"]):
        size = max(len(next(w for w in service.waits if w.name == wait).open_days), 1)
        keys = [(m, h) for h in (26, 52) for m in W.MEASURES] + [("new_child_wait_weeks", 0)]
        for measure, h in keys:
            if measure == "new_child_wait_weeks":
                draws = new_child_weeks(run, wait)
                draws = np.where(np.isinf(draws), 208.0, draws)
                ours = (
                    np.array(summary(draws[~np.isnan(draws)])[1:])
                    if (~np.isnan(draws)).any()
                    else np.full(5, np.nan)
                )
            else:
                ours = np.array(summary(values(model, run, wait, measure)[:, h])[1:])
            scale = 100 / size if measure.startswith("waiting") else 1.0
            for k, future in enumerate(futures):
                truth, best = future[wait, measure, h], oracle[wait, measure, h]
                if np.isnan(truth) or np.isnan(ours).any() or np.isnan(best).any():
                    continue
                rows.append(
                    {
                        "family": family,
                        "seed": seed,
                        "wait": wait,
                        "measure": measure,
                        "h": h,
                        "future": k,
                        "crps": scale * crps(ours, truth),
                        "oracle": scale * crps(best, truth),
                        "hit": ours[0] <= truth <= ours[4],
                        "oracle_hit": best[0] <= truth <= best[4],
                        "error": ours[2] - truth,
                        "truth": truth,
                        "oracle_error": best[2] - truth,
                        "bias": scale * (ours[2] - best[2]),
                        "width": (ours[4] - ours[0]) / max(best[4] - best[0], 1e-9),
                        "seconds": clock,
                    }
                )
    return rows


def table(results: pd.DataFrame) -> pd.DataFrame:
    """Bars by family and measure: CRPS over the oracle's, coverage of the 80 % interval, bias of the median."""
    part = results[results["h"] > 0]
    both = pd.concat([part, part.assign(family="all")])
    group = both.groupby(["family", "measure", "h"], sort=False)
    out = group.agg(
        n=("crps", "size"),
        crps=("crps", "mean"),
        oracle=("oracle", "mean"),
        cover=("hit", "mean"),
        oracle_cover=("oracle_hit", "mean"),
        bias=("bias", "median"),
        width=("width", "median"),
    )
    out.insert(3, "ratio", out["crps"] / out["oracle"])
    out["cover"], out["oracle_cover"] = 100 * out["cover"], 100 * out["oracle_cover"]
    return out


def new_child(results: pd.DataFrame) -> pd.DataFrame:
    """Median error (per cent), bias (weeks) and coverage of the wait of a child referred today, beside the oracle's."""
    part = results[results["measure"] == "new_child_wait_weeks"].copy()
    part["pct"], part["oracle_pct"] = (
        100 * (part["error"].abs() / part["truth"].clip(lower=1)),
        100 * (part["oracle_error"].abs() / part["truth"].clip(lower=1)),
    )
    both = pd.concat([part, part.assign(family="all")])
    out = both.groupby("family", sort=False).agg(
        n=("error", "size"),
        median_error_pct=("pct", "median"),
        bias_weeks=("error", "mean"),
        cover=("hit", "mean"),
        oracle_error_pct=("oracle_pct", "median"),
        oracle_cover=("oracle_hit", "mean"),
    )
    out["cover"], out["oracle_cover"] = 100 * out["cover"], 100 * out["oracle_cover"]
    return out


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--worlds", type=int, default=12, help="worlds in each family")
    ask.add_argument("--first", type=int, default=0, help="seed of the first world")
    ask.add_argument("--paths", type=int, default=400)
    ask.add_argument("--oracle-paths", type=int, default=60)
    ask.add_argument("--families", nargs="*", default=list(W.FAMILIES))
    ask.add_argument("--cache", type=Path, default=None, help="folder for the oracles' answers")
    ask.add_argument("--out", type=Path, default=None)
    args = ask.parse_args()
    if args.cache:
        args.cache.mkdir(parents=True, exist_ok=True)
    rows = [
        row
        for family in args.families
        for seed in range(args.first, args.first + args.worlds)
        for row in score_world(seed, family, args.paths, args.oracle_paths, args.cache)
    ]
    results = pd.DataFrame(rows)
    if args.out:
        results.to_pickle(args.out)
    with pd.option_context(
        "display.width", 160, "display.max_rows", 200, "display.float_format", "{:.2f}".format
    ):
        print(table(results).to_string())
        print(new_child(results).to_string())
    print(
        f"seconds of CPU a world: {results.groupby(['family', 'seed'])['seconds'].first().mean():.2f}"
    )


if __name__ == "__main__":
    main()
