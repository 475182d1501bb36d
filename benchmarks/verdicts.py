"""How often is a verdict wrong, how often does it miss? Simulated services, for the rule and for two rules of thumb.

python benchmarks/verdicts.py --services 400
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from sendwaits.measure.spc import spc
from sendwaits.release.key import COLUMNS
from sendwaits.release.verdicts import judge

MONTHS = pd.date_range("2022-08-31", periods=24, freq="ME")
UP, DOWN = ("rising", "higher"), ("falling", "lower")
CHANGE = UP + DOWN
SIZES, DISPERSIONS = (5, 10, 20, 40, 100), (1.0, 2.0, 3.0)
LISTS = ("mean-reverting", "fixed capacity", "fixed slots")
SEASON = np.array([1.15, 1.1, 1.15, 1.0, 1.1, 1.15, 1.2, 0.5, 0.9, 1.05, 1.2, 0.8])
SEASON = SEASON / SEASON.mean()
Judge = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def draw(rng: np.random.Generator, mean: np.ndarray, dispersion: float) -> np.ndarray:
    """Counts with variance = dispersion x mean."""
    if dispersion > 1:
        mean = rng.gamma(np.maximum(mean, 1e-9) / (dispersion - 1), dispersion - 1)
    return rng.poisson(mean)


def services(
    rng: np.random.Generator, n: int, kind: str, size: float, dispersion: float = 1.0,
    months: int = 24, start: float = 8, demand: np.ndarray | None = None, season: bool = False,
) -> dict[str, np.ndarray]:  # fmt: skip
    """n services [service, month]: starts, completed and the list at each month's end; it starts at ``start`` months of work."""
    warm = 60 if kind == "mean-reverting" else 0
    demand = np.ones(months) if demand is None else demand
    now = np.full(n, size * start)
    out = {name: np.zeros((n, months)) for name in ("starts", "completed", "waiting")}
    for month in range(-warm, months):
        wave = SEASON[(month + 7) % 12] if season else 1.0
        mean = np.full(n, size * wave * (demand[month] if month >= 0 else 1.0))
        came = draw(rng, mean, dispersion)
        if kind == "mean-reverting":
            places = draw(rng, now * wave / start, dispersion)
        else:
            steady = np.full(n, size * wave)
            places = steady if kind == "fixed slots" else draw(rng, steady, dispersion)
        seen = np.minimum(now + came, places)
        now = now + came - seen
        if month >= 0:
            for name, values in (("starts", came), ("completed", seen), ("waiting", now)):
                out[name][:, month] = values
    return out


def frame(data: dict[str, np.ndarray], ends: pd.DatetimeIndex = MONTHS) -> pd.DataFrame:
    """The services as a released frame, each a pathway of its own."""
    parts = []
    for measure, values in data.items():
        n, months = values.shape
        last = pd.Series(np.tile(ends[-months:], n)).astype("datetime64[us]")
        start = last.dt.to_period("M").dt.start_time.astype("datetime64[us]")
        flat = values.ravel()
        parts.append(
            pd.DataFrame(
                {
                    "pathway": np.repeat([f"S{i:05}" for i in range(n)], months),
                    "wait": "w", "measure": measure, "group": "",
                    "period_start": pd.NaT if measure == "waiting" else start,
                    "period_end": last, "value": flat, "unit": "count",
                    "numerator": pd.NA, "denominator": pd.NA, "n": flat.astype(int), "form": "exact",
                }
            ).astype({"period_start": "datetime64[us]", "numerator": "Int64", "denominator": "Int64"})
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def the_rule(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The package's verdicts."""
    table = judge(frame(data))
    return {m: t.sort_values("pathway")["verdict"].to_numpy() for m, t in table.groupby("measure")}


def xmr(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """XmR limits on the series itself, a list too: the last point's special cause."""
    return {name: np.array([_xmr(v) for v in values]) for name, values in data.items()}


def _xmr(values: np.ndarray) -> str:
    table = spc(values)
    if not table["special_cause"].iloc[-1]:
        return "steady"
    return "rising" if table["relative_to_mean"].iloc[-1] > 0 else "falling"


def twelve(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The last 12 months against the 12 before: Poisson for flows, the means of the list for a list."""
    out = {}
    for name, values in data.items():
        now, base = values[:, -12:].sum(1), values[:, -24:-12].sum(1)
        if name == "waiting":
            now, base = now / 12, base / 12
        z = (now - base) / np.sqrt(np.maximum(now + base, 1))
        out[name] = np.where(z > 1.96, "rising", np.where(z < -1.96, "falling", "steady"))
    return out


def rate(verdicts: np.ndarray, *named: str) -> float:
    return 100 * float(np.isin(verdicts, named).mean())


def false_alarms(
    rule: Judge, n: int, seed: int = 1, sizes: tuple[float, ...] = SIZES
) -> pd.DataFrame:
    """Nothing changed: per cent of lists, flows and sets of seven lists that get a verdict of change."""
    rng, rows = np.random.default_rng(seed), []
    for kind in LISTS:
        for size in sizes:
            for dispersion in DISPERSIONS:
                for season in (False, True):
                    told = rule(services(rng, n, kind, size, dispersion, season=season))
                    lists = np.isin(told["waiting"], CHANGE)
                    sets = lists[: n // 7 * 7].reshape(-1, 7).any(1).mean()
                    rows.append((
                        kind, size, dispersion, season, 100 * lists.mean(),
                        rate(told["waiting"], "unusual"), rate(told["starts"], *CHANGE),
                        rate(told["completed"], *CHANGE), rate(told["starts"], "unusual"), 100 * sets,
                    ))  # fmt: skip
    names = ["kind", "size", "dispersion", "season", "lists", "lists_unusual", "starts", "completed", "flows_unusual", "sets"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def looks(data: dict[str, np.ndarray], rule: Judge, upto: int) -> list[dict[str, np.ndarray]]:
    """The verdicts of each month after a change at month 24, each from the 24 months before it."""
    return [rule({k: v[:, m : 24 + m] for k, v in data.items()}) for m in range(1, upto + 1)]


def ever(told: list[dict[str, np.ndarray]], name: str, *verdicts: str) -> float:
    return 100 * float(np.any([np.isin(t[name], verdicts) for t in told], axis=0).mean())


def power(rule: Judge, n: int, seed: int = 2) -> pd.DataFrame:
    """A step at month 24: per cent named within so many months (any look) and at the last look; named the wrong way."""
    rng, rows = np.random.default_rng(seed), []
    for size, step, within in (
        (40, 1.2, 12),
        (40, 1.5, 6),
        (100, 1.2, 12),
        (20, 1.5, 12),
        (40, 0.8, 12),
    ):
        demand = np.r_[np.ones(24), np.full(within, step)]
        for dispersion, season in ((1.0, False), (1.0, True), (2.0, False)):
            data = services(
                rng, n, "fixed capacity", size, dispersion, 24 + within, 12, demand, season
            )
            told = looks({"starts": data["starts"]}, rule, within)
            right, wrong = (("rising", "higher"), ("falling", "lower"))[:: 1 if step > 1 else -1]
            rows.append(("referrals", size, step, within, dispersion, season, ever(told, "starts", *right),
                         rate(told[-1]["starts"], *right), ever(told, "starts", *wrong)))  # fmt: skip
    demand = np.r_[np.ones(24), np.full(12, 1.2)]
    for kind in LISTS[1:]:
        for size in SIZES:
            data = services(rng, n, kind, size, 1.0, 36, 12, demand)
            told = looks(data, rule, 12)
            rows.append((kind, size, 1.2, 12, 1.0, False, ever(told, "waiting", "rising"),
                         rate(told[-1]["waiting"], "rising"), ever(told, "waiting", "falling")))  # fmt: skip
    names = [
        "what",
        "size",
        "step",
        "within",
        "dispersion",
        "season",
        "named",
        "at_last_look",
        "wrong_way",
    ]
    return pd.DataFrame(rows, columns=names)


def workspace(rng: np.random.Generator, services_of: int = 6) -> pd.DataFrame:
    """A made-up area: services of any size, half of them with a change of demand, a share seen in time beside each list."""
    parts = []
    for number in range(services_of):
        kind, size = rng.choice(LISTS), float(np.exp(rng.uniform(np.log(8), np.log(120))))
        demand = np.ones(24)
        if rng.random() < 0.5:
            demand[int(rng.integers(4, 21)) :] = rng.uniform(0.6, 1.6)
        data = services(
            rng, 1, str(kind), size, float(rng.uniform(1, 3)), 24, rng.uniform(3, 15), demand,
            bool(rng.random() < 0.5),
        )  # fmt: skip
        seen = data["completed"][0].astype(int)
        chance = np.clip(
            rng.uniform(0.1, 0.9) + np.arange(24) * rng.choice([0, 0, 0.01, -0.01]), 0, 1
        )
        rows = frame(data)
        share = rows[rows["measure"] == "completed"].copy()
        inside = rng.binomial(seen, chance)
        share = share.assign(
            measure="within_standard_pct", unit="percent", n=seen, numerator=inside, denominator=seen,
            value=np.where(seen > 0, 100 * inside / np.maximum(seen, 1), np.nan),
            form=np.where(seen > 0, "exact", "z"),
        )  # fmt: skip
        parts.append(pd.concat([rows, share]).assign(pathway=f"S{number:05}"))
    return pd.concat(parts, ignore_index=True)


def released(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Each series as a release may print it: months or quarters, exact or to the nearest 5, counts under 8 hidden."""
    parts = []
    for _, series in rows.groupby(["pathway", "measure"]):
        if rng.random() < 0.5:
            series = _quarters(series)
        if rng.random() < 0.6:
            series = _rounded(series)
        parts.append(series)
    return pd.concat(parts, ignore_index=True)


def _quarters(series: pd.DataFrame) -> pd.DataFrame:
    last = series.iloc[2::3].copy()
    if series["period_start"].isna().any():
        return last
    last["period_start"] = series["period_start"].iloc[::3].to_numpy()
    for column in ("numerator", "denominator", "n"):
        last[column] = series[column].to_numpy("float", na_value=np.nan).reshape(-1, 3).sum(1)
    if series["unit"].iloc[0] == "count":
        last["value"] = series["value"].to_numpy().reshape(-1, 3).sum(1)
    else:
        last["value"] = 100 * last["numerator"] / last["denominator"].where(last["denominator"] > 0)
    return last.assign(form=np.where(last["value"].isna(), "z", "exact"))


def _rounded(series: pd.DataFrame) -> pd.DataFrame:
    if series["unit"].iloc[0] != "count":
        return series
    hidden = (series["value"] > 0) & (series["value"] < 8)
    value = (5 * np.floor(series["value"] / 5 + 0.5)).where(~hidden)
    return series.assign(value=value, form=np.where(hidden, "c", "rounded"))


def agreement(workspaces: int, seed: int = 3) -> pd.Series:
    """Exact against released: per cent of series whose verdict differs, turns to steady, or is the opposite."""
    rng, pairs = np.random.default_rng(seed), []
    for _ in range(workspaces):
        rows = workspace(rng)
        names = ["pathway", "measure"]
        told = [
            judge(f, smallest=8).set_index(names)["verdict"] for f in (rows, released(rng, rows))
        ]
        pairs.append(pd.concat(told, axis=1, keys=["exact", "released"]))
    both = pd.concat(pairs)
    way = both.apply(lambda c: c.isin(UP).astype(int) - c.isin(DOWN).astype(int))
    return pd.Series(
        {
            "series": len(both),
            "verdicts of change, exact": 100 * (way["exact"] != 0).mean(),
            "verdicts of change, released": 100 * (way["released"] != 0).mean(),
            "opposite": 100 * (way["exact"] * way["released"] < 0).mean(),
            "another direction": 100 * (way["exact"] != way["released"]).mean(),
            "turned to steady": 100 * ((way["exact"] != 0) & (both["released"] == "steady")).mean(),
            "another word": 100 * (both["exact"] != both["released"]).mean(),
        }
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--services", type=int, default=140)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--workspaces", type=int, default=200)
    given = arguments.parse_args()
    pd.set_option("display.width", 200, "display.max_rows", 200)
    for name, rule, n in (
        ("the rule", the_rule, given.services),
        ("XmR on the series", xmr, max(given.services // 60, 14)),
        ("last 12 against 12", twelve, given.services),
    ):
        if given.only and given.only not in name:
            continue
        clock = time.process_time()
        alarms = false_alarms(rule, n)
        print(f"\n{name}: nothing changed, per cent with a verdict of change")
        print(alarms.groupby(["kind", "dispersion"]).mean(numeric_only=True).round(1).to_string())
        print(alarms.groupby(["kind", "size"]).mean(numeric_only=True).round(1).to_string())
        print(alarms.mean(numeric_only=True).round(2).to_string())
        print(f"\n{name}: something changed, per cent")
        print(power(rule, n).round(1).to_string(index=False))
        print(f"{time.process_time() - clock:.0f} s CPU")
    print("\nexact against released, random workspaces, per cent")
    print(agreement(given.workspaces).round(2).to_string())


if __name__ == "__main__":
    main()
