"""Services that do not obey the forecast's own law: growth, lanes, term time, surges, strikes, clinics, purges, staff.

One list, child by child. Demand grows by 0 to 30 % a year and saturates; capacity is people who come and go. Every family
adds one habit of real services. `UNSEEN` families were never used to choose anything in the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from worlds import school_breaks

TUNED = ("growth", "lanes", "term", "surge", "staff", "leaving", "due", "blocks")
UNSEEN = ("strike", "validation", "initiative", "mixed")
STANDARD_DAYS = 126
MEASURES = (
    "waiting",
    "waiting_over_18_weeks",
    "waiting_over_52_weeks",
    "mean_weeks_open",
    "within_standard_pct",
)


@dataclass
class State:
    """Children of one service (start, seen, left in days from as_at, urgent) and who still waits."""

    start: np.ndarray = field(default_factory=lambda: np.zeros(0))
    seen: np.ndarray = field(default_factory=lambda: np.zeros(0))
    left: np.ndarray = field(default_factory=lambda: np.zeros(0))
    urgent: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    staff: int = 0
    noise: float = 0.0

    def copy(self) -> State:
        return State(
            *(x.copy() for x in (self.start, self.seen, self.left, self.urgent)),
            self.staff,
            self.noise,
        )


class Apart:
    """One made-up service at ``as_at``; ``run_on`` continues it from there."""

    code, wait = "SLCN", "contact"

    def __init__(self, seed: int, family: str) -> None:
        self.family, self.seed = family, seed
        for again in range(60):
            rng = np.random.default_rng([seed, 4711, (*TUNED, *UNSEEN).index(family), again])
            self._draw(rng)
            self.state = self._past(rng)
            waiting = int((np.isnan(self.state.seen) & np.isnan(self.state.left)).sum())
            if 40 <= waiting <= min(2500, 90 * self.p["mean"]):
                break

    def _draw(self, rng: np.random.Generator) -> None:
        u = rng.uniform
        self.as_at = np.datetime64("2024-03-29") + int(rng.integers(0, 550))
        self.weeks = int(rng.choice([110, 156, 208, 260]))
        habits = {self.family}
        if self.family == "mixed":
            habits = set(rng.choice([*TUNED, *UNSEEN[:3]], 3, replace=False))
        has = habits.__contains__
        growth = (
            np.log1p(u(0.0, 0.30))
            if has("growth") or rng.random() < 0.5
            else rng.normal(0.03, 0.06)
        )
        self.p: dict[str, Any] = {
            "mean": float(np.exp(u(np.log(3.5), np.log(20)))),
            "growth": growth,
            "half_life": u(1.5, 6.0),
            "yearly": u(0.0, 0.12),
            "load": u(0.75, 1.0),
            "follows": u(0.0, 0.9),
            "people": int(rng.integers(3, 10)) if has("staff") else int(rng.integers(8, 25)),
            "turnover": u(0.2, 0.8) if has("staff") else u(0.0, 0.2),
            "dips": np.array([1.0, u(0.4, 1.0), u(0.3, 0.9), u(0.6, 1.0)]),
            "holiday": np.array([1.0, *u(0.0, 0.15, 3)])
            if has("term")
            else np.array([1.0, u(0.6, 1.0), u(0.3, 0.9), u(0.7, 1.0)]),
            "sigma": float(np.exp(u(np.log(1.0), np.log(10)))),
            "lead": int(rng.integers(0, 5)),
            "urgent": u(0.1, 0.35) if has("lanes") else u(0.0, 0.06),
            "drop": u(0.0005, 0.004),
            "leaving": u(0.004, 0.02) if has("leaving") else 0.0,
            "due": u(0.25, 0.7) if has("due") else 0.0,
            "block": int(rng.integers(2, 5)) if has("blocks") else 1,
            "depth": u(8, 50),
        }
        when = lambda: int(rng.integers(-90, 40))  # noqa: E731
        self.shocks: list[tuple[str, int, int, float]] = []
        if has("surge"):
            self.shocks += [
                ("demand", when(), int(rng.integers(6, 26)), u(1.3, 2.0)) for _ in range(2)
            ]
        if has("strike"):
            self.shocks += [
                ("capacity", when(), int(rng.integers(2, 9)), u(0.0, 0.3)) for _ in range(2)
            ]
        if has("initiative"):
            self.shocks.append(("capacity", when(), int(rng.integers(13, 40)), u(1.3, 1.8)))
        if has("validation"):
            self.shocks += [
                ("purge", when(), int(rng.integers(18, 52)), u(0.1, 0.4)) for _ in range(2)
            ]

    def _season(self, week: int) -> np.ndarray:
        days = self.as_at + (7 * week - np.arange(7))
        return np.bincount(school_breaks(days), minlength=4) / 7

    def _shock(self, kind: str, week: int) -> float:
        factors = [
            x for k, first, long, x in self.shocks if k == kind and first <= week < first + long
        ]
        return float(np.prod(factors)) if factors else 1.0

    def _past(self, rng: np.random.Generator) -> State:
        p, warm = self.p, self.weeks + 40
        s = State(staff=p["people"])
        for back in range(int(p["depth"]), 0, -1):
            self._arrive(s, -warm - back + 1, rng)
        for week in range(-warm + 1, 1):
            self._week(s, week, rng)
        return s

    def _demand(self, week: int) -> float:
        """Log growth from as_at: the pace halves every ``half_life`` years after it, and was constant before."""
        p, years = self.p, week / 52
        rate = np.log(2) / p["half_life"]
        grown = years if years < 0 else (1 - np.exp(-rate * years)) / rate
        return float(p["mean"] * np.exp(p["growth"] * grown))

    def _arrive(self, s: State, week: int, rng: np.random.Generator) -> None:
        p = self.p
        s.noise += p["yearly"] / np.sqrt(52) * rng.standard_normal()
        mean = (
            self._demand(week)
            * float(self._season(week) @ p["dips"])
            * np.exp(s.noise)
            * self._shock("demand", week)
        )
        n = int(rng.poisson(mean))
        s.start = np.concatenate([s.start, 7 * week - rng.integers(0, 5, n)])
        s.seen, s.left = (np.concatenate([x, np.full(n, np.nan)]) for x in (s.seen, s.left))
        s.urgent = np.concatenate([s.urgent, rng.random(n) < p["urgent"]])

    def _slots(self, s: State, week: int, rng: np.random.Generator) -> int:
        p = self.p
        if rng.random() < p["turnover"] * s.staff / 52:
            s.staff = max(
                s.staff + int(rng.choice([-1, 1, 1] if s.staff < p["people"] else [-1, -1, 1])), 1
            )
        pace = self._demand(0) * (self._demand(week) / self._demand(0)) ** p["follows"] * p["load"]
        usual = np.array([43.5, 5.7, 2.3, 5.0]) / 56.5
        pace *= float(usual @ p["dips"] / (usual @ p["holiday"])) * s.staff / p["people"]
        pace *= float(self._season(week) @ p["holiday"]) * self._shock("capacity", week)
        if p["block"] > 1:
            return int(rng.poisson(pace * p["block"])) if week % p["block"] == 0 else 0
        return int(rng.poisson(pace))

    def _week(self, s: State, week: int, rng: np.random.Generator) -> None:
        p, today = self.p, 7 * week
        self._arrive(s, week, rng)
        here = np.flatnonzero(np.isnan(s.seen) & np.isnan(s.left))
        age = (today - s.start[here]) / 7
        chance = p["drop"] + p["leaving"] * np.clip((age - 20) / 30, 0, 1.5)
        for kind, first, over, share in self.shocks:
            if kind == "purge" and week == first:
                chance = np.where(age > over, share, chance)
        gone = rng.random(len(here)) < chance
        s.left[here[gone]] = np.maximum(
            today - rng.integers(0, 5, int(gone.sum())), s.start[here[gone]]
        )
        here, age = here[~gone], age[~gone]
        slots, taken = self._slots(s, week, rng), np.zeros(0, dtype=int)
        able = age >= np.where(s.urgent[here], 1, p["lead"])
        here, age = here[able], age[able]
        order = age + p["sigma"] * rng.standard_normal(len(age)) + 1e4 * s.urgent[here]
        if p["due"]:
            near = np.flatnonzero((age >= 11) & (age < 18))
            first = near[np.argsort(-age[near], kind="stable")][: rng.binomial(slots, p["due"])]
            taken, slots = here[first], slots - len(first)
            order[first] = -np.inf
            here = here[np.isfinite(order)]
            order = order[np.isfinite(order)]
        chosen = np.concatenate([taken, here[np.argsort(-order, kind="stable")[:slots]]])
        s.seen[chosen] = np.maximum(today - rng.integers(0, 5, len(chosen)), s.start[chosen])

    def extract(self) -> pd.DataFrame:
        """The canonical extract at ``as_at``: everything open, and what was closed in the last ``weeks`` weeks."""
        s = self.state
        keep = ~(np.fmin(s.seen, s.left) <= -7 * self.weeks)
        day = lambda x: (
            pd.Series(  # noqa: E731
                np.where(
                    np.isnan(x),
                    np.datetime64("NaT"),
                    self.as_at + np.nan_to_num(x).astype(int).astype("m8[D]"),
                )
            )
            .dt.strftime("%Y-%m-%d")
            .fillna("")
        )
        ids = np.flatnonzero(keep)
        return pd.DataFrame(
            {
                "child_id": [f"L{self.seed:05d}{i:06d}" for i in ids],
                "referral_id": [f"R{i:06d}" for i in ids],
                "referral_date": day(s.start[keep]),
                "first_contact_date": day(s.seen[keep]),
                "closed_date": day(s.left[keep]),
            }
        )

    def run_on(
        self, seed: int, horizons: tuple[int, ...] = (13, 26, 52)
    ) -> dict[tuple[str, str, int], float]:
        """(wait, measure, horizon) -> value of one future, with (wait, 'new_child_wait_weeks', 0)."""
        rng = np.random.default_rng([self.seed, 78, seed])
        s = self.state.copy()
        keep = ~(np.fmin(s.seen, s.left) <= -120)
        s.start, s.seen, s.left, s.urgent = (x[keep] for x in (s.start, s.seen, s.left, s.urgent))
        week = 0
        while week < max(horizons) or (week < 400 and self._new_open(s) > 0.02):
            week += 1
            self._week(s, week, rng)
        return self.measures(s, horizons)

    def _new_open(self, s: State) -> float:
        new = (s.start > 0) & (s.start <= 28)
        return float((np.isnan(s.seen) & np.isnan(s.left))[new].mean()) if new.any() else 0.0

    def measures(self, s: State, horizons: tuple[int, ...]) -> dict[tuple[str, str, int], float]:
        out, end = {}, np.fmin(s.seen, s.left)
        for h in horizons:
            d = 7 * h
            age = (d - s.start)[(s.start <= d) & ~(end <= d)]
            done = (s.seen <= d) & (s.seen > d - 91)
            quick = (s.seen - s.start)[done] <= STANDARD_DAYS
            values = (
                len(age),
                (age > 126).sum(),
                (age > 364).sum(),
                age.mean() / 7 if len(age) else np.nan,
                100 * quick.mean() if done.any() else np.nan,
            )
            out |= {(self.wait, m, h): float(v) for m, v in zip(MEASURES, values, strict=True)}
        new = (s.start > 0) & (s.start <= 28) & ~np.isnan(s.seen)
        out[self.wait, "new_child_wait_weeks", 0] = (
            float(np.median((s.seen - s.start)[new]) / 7) if new.any() else np.nan
        )
        return out
