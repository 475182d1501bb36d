"""Made-up services whose truth is known: the ground on which the queue forecast is measured.

A world is a service run week by week, child by child, for years before ``as_at``; its extract is what a supplier would
send. The same world can be run on from ``as_at`` any number of times: once for the truth, many times for an oracle that
knows every parameter, every child's place and the level of the day, but not the dice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

FAMILIES = ("longest", "weights", "clinics", "ehc", "ot")
MEASURES = (
    "waiting",
    "waiting_over_18_weeks",
    "waiting_over_52_weeks",
    "mean_weeks_open",
    "within_standard_pct",
)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
CODES = {"longest": "SLCN", "weights": "SLCN", "clinics": "NST", "ehc": "EHC", "ot": "OT_HEALTH"}
STANDARDS = {
    ("SLCN", "contact"): 126,
    ("NST", "assessment"): 91,
    ("EHC", "decision"): 42,
    ("EHC", "plan"): 140,
    ("OT_HEALTH", "assessment"): 126,
    ("OT_HEALTH", "treatment"): 126,
}


def school_breaks(days: np.ndarray) -> np.ndarray:
    """0 term, 1 summer, 2 Christmas, 3 other school holidays, for datetime64[D] days."""
    months = days.astype("datetime64[M]").astype(int) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(int) + 1
    md = months * 100 + day
    out = np.zeros(len(days), dtype=int)
    out[(md >= 722) & (md <= 831)] = 1
    out[(md >= 1220) | (md <= 104)] = 2
    for low, high in ((401, 414), (214, 220), (526, 601), (1024, 1030)):
        out[(md >= low) & (md <= high)] = 3
    return out


@dataclass
class Level:
    """A log level that drifts, grows and sometimes steps."""

    log: float
    drift: float
    growth: float
    step_rate: float
    step_size: float
    spread: float
    season: np.ndarray

    def move(self, rng: np.random.Generator) -> None:
        self.log += self.growth / 52 + self.drift * rng.standard_normal()
        if rng.random() < self.step_rate / 52:
            self.log += self.step_size * rng.standard_normal()

    def draw(self, rng: np.random.Generator, season: float) -> int:
        mean = np.exp(self.log) * season
        return int(rng.poisson(rng.gamma(self.spread, mean / self.spread)))


class World:
    """One made-up service at ``as_at`` with its past; ``run_on`` continues it from there."""

    def __init__(self, seed: int, family: str) -> None:
        self.family, self.seed, self.code = family, seed, CODES[family]
        for again in range(50):  # a service with next to nobody waiting tells nothing about a queue
            self._live(np.random.default_rng([seed, FAMILIES.index(family), again]))
            open_now = [
                int(((b <= 0) & ~(e <= 0)).sum())
                for b, e, _ in self.waits(self.state["table"]).values()
            ]
            if min(open_now) >= 12 and max(open_now) >= 60 and max(open_now) <= 3000:
                break

    def _live(self, rng: np.random.Generator) -> None:
        self.as_at = np.datetime64("2024-03-29") + int(rng.integers(0, 550))
        self.history_weeks = int(rng.choice([110, 156, 156, 208]))
        self.p = self._parameters(rng)
        weekday = (self.as_at.astype("datetime64[D]").astype(int) + 3) % 7  # Monday = 0
        self.back = np.array(
            [e for e in range(7) if (weekday - e) % 7 < 5]
        )  # days before the week's end that are working days
        self._calendar()
        warm = self.history_weeks + 40
        self.state = self._first_state(rng, warm)
        for week in range(-warm + 1, 1):
            self._week(self.state, week, rng)

    def _parameters(self, rng: np.random.Generator) -> dict[str, Any]:
        u = rng.uniform
        mean = np.exp(u(np.log(3.5), np.log(22)))
        seasons = lambda: np.array([1.0, u(0.5, 0.95), u(0.3, 0.8), u(0.65, 1.0)])  # noqa: E731
        level = lambda m, growth: Level(
            np.log(m), u(0.002, 0.018), growth, u(0.0, 0.35), u(0.1, 0.3), u(8, 60), seasons()
        )  # noqa: E731
        p: dict[str, Any] = {
            "demand": level(mean, rng.normal(0.03, 0.07)),
            "drop": u(0.0005, 0.006),
            "lead": int(rng.integers(0, 6)),
            "urgent": u(0, 0.15),
            "dna": 0.0,
            "lost": 0.0,
            "purge": 0.0,
            "block": 0,
            "lanes": 1,
        }
        load = u(0.80, 1.05)
        p["capacity"] = level(mean * load, 0.0)
        p["mean"], p["backlog"] = mean, u(6, 70)
        if self.family == "longest":
            p |= {
                "rule": str(rng.choice(["jitter", "fixed"])),
                "sigma": float(np.exp(u(np.log(0.8), np.log(14)))),
            }
        elif self.family == "weights":
            p |= {"rule": "weights", "power": u(0.6, 4.0)}
        elif self.family == "clinics":
            p |= {
                "rule": "jitter",
                "sigma": float(np.exp(u(np.log(0.8), np.log(8)))),
                "dna": u(0.04, 0.2),
                "lost": u(0.01, 0.06),
                "purge": u(0.3, 2.0),
                "purge_share": u(0.05, 0.3),
                "purge_weeks": int(rng.integers(26, 60)),
                "block": int(rng.integers(3, 8)),
                "lanes": int(rng.choice([1, 2, 2])),
                "lane_share": u(0.25, 0.5),
                "lane_load": u(0.9, 1.12),
                "shown": bool(rng.random() < 0.6),
            }
        elif self.family == "ehc":
            p |= {
                "rule": "jitter",
                "sigma": float(np.exp(u(np.log(0.8), np.log(8)))),
                "yes": u(0.6, 0.85),
                "issue": u(0.85, 0.98),
                "late": u(0, 0.15),
                "write": u(3, 9),
                "backlog": u(4, 30),
                "drop": u(0.0003, 0.002),
                "lead": int(rng.integers(0, 4)),
            }
            p["capacity"].log += np.log(p["yes"])
        elif self.family == "ot":
            p |= {
                "rule": "jitter",
                "sigma": float(np.exp(u(np.log(0.8), np.log(10)))),
                "split": u(0.4, 0.6),
                "split_drift": u(0.002, 0.02),
                "split_step": u(-0.8, 0.8),
                "split_when": -int(rng.integers(8, 90)),
                "backlog": u(8, 40),
            }
            p["capacity"].log += np.log(2.0)
        weeks = np.array([43.5, 5.7, 2.3, 5.0]) / 56.5
        p["capacity"].log += np.log(
            weeks
            @ p["demand"].season
            / (weeks @ p["capacity"].season)
            / (1 - p["dna"])
            / (1 - p["lost"])
        )
        return p

    def _calendar(self) -> None:
        weeks = np.arange(-self.history_weeks - 60, 420)
        self.first_week = weeks[0]
        days = self.as_at + (7 * weeks[:, None] - np.arange(7)[None, :])
        kinds = school_breaks(days.ravel()).reshape(days.shape)
        self.breaks = np.stack([(kinds == k).mean(1) for k in range(4)], 1)

    def _season(self, level: Level, week: int) -> float:
        return float(self.breaks[week - self.first_week] @ level.season)

    def _first_state(self, rng: np.random.Generator, warm: int) -> dict[str, Any]:
        p = self.p
        depth = int(p["backlog"])
        state: dict[str, Any] = {
            "table": np.full((0, 9), np.nan),
            "act": np.zeros(0, dtype=int),
            "demand": Level(**vars(p["demand"])),
            "capacity": Level(**vars(p["capacity"])),
            "lane_log": np.log(p.get("lane_load", 1.0)),
            "split": None,
        }
        state["demand"].log -= state["demand"].growth * warm / 52
        if "split" in p:
            state["split"] = np.log(p["split"] / (1 - p["split"])) - (
                p["split_step"] if p["split_when"] <= 0 else 0
            )
        for back in range(depth, 0, -1):
            self._arrive(state, -warm + 1 - back, state["demand"].draw(rng, 1.0), rng)
        if self.family == "ehc":
            ids, rows = state["act"], state["table"]
            yes = rng.random(len(ids)) < 0.95
            rows[ids, 1] = np.where(yes, rows[ids, 0] + 35, np.nan)
            rows[ids, 5] = np.where(yes, 1.0, np.nan)
        if self.family == "ot":
            ids, rows = state["act"], state["table"]
            half = rng.random(len(ids)) < 0.5
            rows[ids[half], 1] = rows[ids[half], 0]
        return state

    # columns of the table: 0 start, 1..3 stage events, 4 closed, 5 first outcome (1 yes, 0 no), 6 second outcome, 7 lane, 8 jitter
    def _arrive(self, s: dict[str, Any], week: int, n: int, rng: np.random.Generator) -> None:
        new = np.full((n, 9), np.nan)
        new[:, 0] = 7 * week - rng.choice(self.back, n)
        new[:, 7] = np.where(rng.random(n) < self.p["urgent"], 2.0, 0.0)
        if self.p["lanes"] == 2:
            new[:, 7] += rng.random(n) < self.p["lane_share"]
        new[:, 8] = rng.standard_normal(n)
        s["act"] = np.concatenate([s["act"], len(s["table"]) + np.arange(n)])
        s["table"] = np.concatenate([s["table"], new])

    def _date(self, week: int, since: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.maximum(7 * week - rng.choice(self.back, len(since)), since)

    def _week(self, s: dict[str, Any], week: int, rng: np.random.Generator) -> None:
        p = self.p
        s["demand"].move(rng)
        s["capacity"].move(rng)
        s["lane_log"] += 0.006 * rng.standard_normal()
        self._arrive(s, week, s["demand"].draw(rng, self._season(s["demand"], week)), rng)
        t = s["table"]
        act = s["act"]
        since = np.nanmax(t[act, :4], axis=1)
        gone = rng.random(len(act)) < p["drop"]
        if p["purge"] and rng.random() < p["purge"] / 52:
            gone |= (7 * week - t[act, 0] > 7 * p["purge_weeks"]) & (
                rng.random(len(act)) < p["purge_share"]
            )
        t[act[gone], 4] = self._date(week, since[gone], rng)
        s["act"] = act[~gone]
        season = self._season(s["capacity"], week)
        if p["block"]:
            slots = p["block"] * rng.poisson(np.exp(s["capacity"].log) * season / p["block"])
        else:
            slots = s["capacity"].draw(rng, season)
        if rng.random() < p["lost"]:
            slots = 0
        {"ehc": self._ehc, "ot": self._ot}.get(self.family, self._single)(s, week, slots, rng)

    def _choose(
        self,
        ids: np.ndarray,
        s: dict[str, Any],
        week: int,
        since: np.ndarray,
        slots: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        p, t = self.p, s["table"]
        age = (7 * week - since) // 7
        able = age >= np.where(t[ids, 7] >= 2, 1, p["lead"])
        ids, age = ids[able], age[able]
        if p["rule"] == "weights":
            score = p["power"] * np.log1p(age) + rng.gumbel(size=len(ids))
        elif p["rule"] == "fixed":
            score = age + p["sigma"] * t[ids, 8]
        else:
            score = age + p["sigma"] * rng.standard_normal(len(ids))
        score = score + np.where(t[ids, 7] >= 2, 1e4, 0)
        seen = ids[np.argsort(-score, kind="stable")[:slots]]
        return seen[rng.random(len(seen)) >= p["dna"]]

    def _single(self, s: dict[str, Any], week: int, slots: int, rng: np.random.Generator) -> None:
        t, act, p = s["table"], s["act"], self.p
        if p["lanes"] == 2:
            share = p["lane_share"] * np.exp(s["lane_log"])
            second = rng.binomial(slots, min(share, 0.9))
            lanes = t[act, 7] % 2 == 1
            parts = ((act[~lanes], slots - second), (act[lanes], second))
        else:
            parts = ((act, slots),)
        for ids, c in parts:
            seen = self._choose(ids, s, week, t[ids, 0], c, rng)
            t[seen, 1] = self._date(week, t[seen, 0], rng)
        s["act"] = act[np.isnan(t[act, 1])]

    def _ot(self, s: dict[str, Any], week: int, slots: int, rng: np.random.Generator) -> None:
        t, act, p = s["table"], s["act"], self.p
        s["split"] += p["split_drift"] * rng.standard_normal()
        if week == p["split_when"]:
            s["split"] += p["split_step"]
        first = rng.binomial(slots, 1 / (1 + np.exp(-s["split"])))
        waiting = act[np.isnan(t[act, 1])]
        seen = self._choose(waiting, s, week, t[waiting, 0], first, rng)
        t[seen, 1] = self._date(week, t[seen, 0], rng)
        rest = slots - len(seen)
        waiting = act[~np.isnan(t[act, 1])]
        seen = self._choose(waiting, s, week, t[waiting, 1], rest, rng)
        t[seen, 2] = self._date(week, t[seen, 1], rng)
        s["act"] = act[np.isnan(t[act, 2])]

    def _ehc(self, s: dict[str, Any], week: int, slots: int, rng: np.random.Generator) -> None:
        t, act, p = s["table"], s["act"], self.p
        a = act[np.isnan(t[act, 5])]
        age = (7 * week - t[a, 0]) // 7
        chance = np.select(
            [age < 3, age == 3, age == 4, age == 5], [0.01, 0.15, 0.4, 0.9 - p["late"]], 0.5
        )
        done = a[rng.random(len(a)) < chance]
        t[done, 1] = self._date(week, t[done, 0], rng)
        t[done, 5] = rng.random(len(done)) < p["yes"]
        b = act[(t[act, 5] == 1) & np.isnan(t[act, 6])]
        seen = self._choose(b, s, week, t[b, 0], slots, rng)
        t[seen, 2] = self._date(week, t[seen, 1], rng)
        t[seen, 6] = rng.random(len(seen)) < p["issue"]
        c = act[t[act, 6] == 1]
        ready = c[(7 * week - t[c, 2] >= 14) & (rng.random(len(c)) < 1 / max(p["write"] - 1, 1))]
        t[ready, 3] = self._date(week, t[ready, 2], rng)
        s["act"] = act[~((t[act, 5] == 0) | (t[act, 6] == 0) | ~np.isnan(t[act, 3]))]

    # ---- what a supplier would send
    def extract(self) -> pd.DataFrame:
        """The canonical extract at ``as_at``: everything open, and closed records of the supplier's holding."""
        t = self.state["table"]
        last = self._last(t)
        keep = np.isnan(last) | (last > -7 * self.history_weeks)
        t = t[keep]
        date = lambda x: (
            pd.Series(
                np.where(
                    np.isnan(x),
                    np.datetime64("NaT"),
                    self.as_at + np.nan_to_num(x).astype(int).astype("m8[D]"),
                )
            )
            .dt.strftime("%Y-%m-%d")
            .fillna("")
        )  # noqa: E731
        ids = np.flatnonzero(keep)
        out = {"child_id": [f"L{self.seed:05d}{i:06d}" for i in ids]}
        if self.code == "EHC":
            letter = lambda x: np.where(np.isnan(x), "", np.where(x == 1, "Y", "N"))  # noqa: E731
            out |= {
                "request_id": [f"R{i:06d}" for i in ids],
                "request_date": date(t[:, 0]),
                "request_outcome": letter(t[:, 5]),
                "request_outcome_date": date(t[:, 1]),
                "assessment_outcome": letter(t[:, 6]),
                "assessment_outcome_date": date(t[:, 2]),
                "plan_date": date(t[:, 3]),
                "closed_date": date(t[:, 4]),
            }
        else:
            names = {
                "SLCN": ["first_contact_date"],
                "NST": ["first_appointment_date"],
                "OT_HEALTH": ["assessment_date", "treatment_date"],
            }[self.code]
            out |= {"referral_id": [f"R{i:06d}" for i in ids], "referral_date": date(t[:, 0])}
            out |= {name: date(t[:, 1 + k]) for k, name in enumerate(names)}
            out["closed_date"] = date(t[:, 4])
            if self.p["lanes"] == 2 and self.p["shown"]:
                out["need"] = np.where(t[:, 7] % 2 == 1, "early years", "school age")
        return pd.DataFrame(out)

    def _last(self, t: np.ndarray) -> np.ndarray:
        if self.family == "ehc":
            return np.fmin(
                t[:, 4],
                np.fmin(
                    t[:, 3],
                    np.fmin(
                        np.where(t[:, 5] == 0, t[:, 1], np.nan),
                        np.where(t[:, 6] == 0, t[:, 2], np.nan),
                    ),
                ),
            )
        return np.fmin(t[:, 4], t[:, 2] if self.family == "ot" else t[:, 1])

    # ---- what comes after
    def run_on(
        self, seed: int, horizons: tuple[int, ...] = (26, 52)
    ) -> dict[tuple[str, str, int], float]:
        """(wait, measure, horizon) -> value of one future, with (wait, 'new_child_wait_weeks', 0)."""
        rng = np.random.default_rng([self.seed, 77, seed])
        old = self.state
        recent = self._last(old["table"])
        keep = np.isnan(recent) | (recent > -120)
        place = np.cumsum(keep) - 1
        s = {
            **old,
            "table": old["table"][keep].copy(),
            "act": place[old["act"]],
            "demand": Level(**vars(old["demand"])),
            "capacity": Level(**vars(old["capacity"])),
        }
        week = 0
        while week < max(horizons) or (
            week < 400
            and any(
                np.isnan(st[(b > 0) & (b <= 28)]).mean() > 0.02
                for b, st, _ in self.waits(s["table"]).values()
                if ((b > 0) & (b <= 28)).any()
            )
        ):
            week += 1
            if week > max(
                horizons
            ):  # only the tagged children matter now: nobody behind them changes much
                pass
            self._week(s, week, rng)
        return self.measures(s["table"], horizons)

    def waits(self, t: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """wait -> (start, stop, completed) in days from ``as_at``."""
        closed = t[:, 4]
        one = lambda b, done, other: (
            b,
            np.fmin(done, other),
            done <= np.where(np.isnan(other), np.inf, other),
        )  # noqa: E731
        if self.family == "ehc":
            other = np.fmin(
                closed,
                np.fmin(
                    np.where(t[:, 5] == 0, t[:, 1], np.nan), np.where(t[:, 6] == 0, t[:, 2], np.nan)
                ),
            )
            return {"decision": one(t[:, 0], t[:, 1], closed), "plan": one(t[:, 0], t[:, 3], other)}
        if self.family == "ot":
            return {
                "assessment": one(t[:, 0], t[:, 1], closed),
                "treatment": one(t[:, 1], t[:, 2], closed),
            }
        return {"contact" if self.code == "SLCN" else "assessment": one(t[:, 0], t[:, 1], closed)}

    def measures(
        self, t: np.ndarray, horizons: tuple[int, ...]
    ) -> dict[tuple[str, str, int], float]:
        out = {}
        for wait, (b, e, c) in self.waits(t).items():
            for h in horizons:
                d = 7 * h
                age = (d - b)[(b <= d) & ~(e <= d)]
                out[wait, "waiting", h] = float(len(age))
                out[wait, "waiting_over_18_weeks", h] = float((age > 126).sum())
                out[wait, "waiting_over_52_weeks", h] = float((age > 364).sum())
                out[wait, "mean_weeks_open", h] = float(age.mean() / 7) if len(age) else np.nan
                done = c & (e <= d) & (e > d - 91)
                out[wait, "within_standard_pct", h] = (
                    float(100 * ((e - b)[done] <= STANDARDS[self.code, wait]).mean())
                    if done.any()
                    else np.nan
                )
            new = (b > 0) & (b <= 28) & c & ~np.isnan(e)
            out[wait, "new_child_wait_weeks", 0] = (
                float(np.median((e - b)[new]) / 7) if new.any() else np.nan
            )
        return out


def oracle(
    world: World, paths: int = 60, horizons: tuple[int, ...] = (26, 52)
) -> dict[tuple[str, str, int], np.ndarray]:
    """Quantiles .1 .25 .5 .75 .9 of every measure over futures that know the truth; with .5 over [.1 .. .9]."""
    runs = [world.run_on(1000 + k, horizons) for k in range(paths)]
    return {
        key: np.nanquantile([r[key] for r in runs], QUANTILES)
        if not all(np.isnan(r[key]) for r in runs)
        else np.full(5, np.nan)
        for key in runs[0]
    }
