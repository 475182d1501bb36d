"""Random small workspaces of made-up children, and what three monthly releases of each print. Seeded; no real child."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sendwaits.intake import load as loading
from sendwaits.measure import measures
from sendwaits.measure.themes import group_counts
from sendwaits.release import door
from sendwaits.release.files import figures_csv
from sendwaits.release.profile import Profile
from sendwaits.workspace import open_workspace

CODES = ("NST", "OT_HEALTH", "OT_LA", "SLCN", "SLCN_AUTISM", "EHC")
STAGES = {
    "NST": ("first_appointment_date", "outcome_date", "support_date"),
    "OT_HEALTH": ("assessment_date", "treatment_date"),
    "OT_LA": ("assessment_date",),
    "SLCN": ("first_contact_date",),
    "SLCN_AUTISM": ("first_contact_date",),
}
FAR = date(2100, 1, 1)


@dataclass(frozen=True)
class World:
    """One service of one area: its pathway, its days of release, k, and the records as they will be known in the end."""

    code: str
    days: tuple[date, ...]
    k: int
    records: list[dict[str, Any]]
    root: Path


def world(root: Path, seed: int, releases: int = 3) -> World:
    """Writes the workspace of a seed: extracts of each day of release, a few records entered late in one world of three."""
    rng = np.random.default_rng(seed)
    code = CODES[seed % len(CODES)]
    ends = pd.date_range(end="2024-07-31", periods=releases, freq="ME").date
    days = tuple(d - timedelta(days=9) if seed % 7 == 5 else d for d in ends)
    k = int(rng.choice([5, 5, 5, 3, 10]))
    records = list(_records(rng, code, days[-1], late=seed % 3 == 0))
    (root / "data" / "raw").mkdir(parents=True)
    (root / "sendwaits.toml").write_text(
        f'[area]\nname = "Exampleshire"\n[disclosure]\nk = {k}\n', encoding="utf-8"
    )
    for day in days:
        _extract(root / "data" / "raw" / f"{code}_{day}.csv", records, day)
    return World(code, days, k, records, root)


def _records(rng: np.random.Generator, code: str, last: date, late: bool):
    a_month = float(rng.choice([2, 4, 7, 12, 25, 50]))
    first = last - timedelta(days=int(rng.choice([1000, 1500])))
    span = (last - first).days
    weeks = float(rng.choice([4, 12, 30, 70]))
    leaves, refused = rng.choice([0.0, 0.02, 0.08, 0.25], 2)
    collapse = rng.random() < 0.3
    districts = [f"District {c}" for c in "ABCDE"[: rng.integers(2, 6)]]
    weights = rng.dirichlet(np.ones(len(districts)))
    for n in range(rng.poisson(a_month * span / 30.4)):
        start = first + timedelta(days=int(rng.integers(0, span + 1)))
        slow = 6.0 if collapse and start > last - timedelta(days=300) else 1.0
        row: dict[str, Any] = {
            "child_id": f"c{n}",
            "district": str(rng.choice(districts, p=weights)),
            "entered": start + timedelta(days=int(rng.integers(20, 120)))
            if late and rng.random() < 0.02
            else start,
        }
        waits = (rng.gamma(2.0, weeks * slow * 7 / 2, 3) + 1).astype(int)
        closes = int(rng.exponential(weeks * 7)) + 1 if rng.random() < leaves else 10**5
        make = _request if code == "EHC" else _referral
        yield row | make(rng, code, start, waits, closes, refused)


def _day(start: date, days: int) -> date:
    return start + timedelta(days=int(min(days, 30000)))


def _referral(rng, code: str, start: date, waits, closes: int, refused: float) -> dict[str, Any]:
    row: dict[str, Any] = {"referral_id": "", "referral_date": start}
    if rng.random() < refused:
        return row | {"rejected_date": _day(start, int(rng.integers(1, 40)))}
    at = 0
    for name, wait in zip(STAGES[code], waits, strict=False):
        at += int(wait)
        if at >= closes:
            break
        row[name] = _day(start, at)
    if closes < 10**5:
        row["closed_date"] = _day(start, closes)
    if code == "OT_LA":
        row["worker"] = str(rng.choice(["OT", "OTA"], p=[0.7, 0.3]))
        row["review_date"] = _day(start, int(rng.integers(100, 900)))
    return row


def _request(rng, code: str, start: date, waits, closes: int, refused: float) -> dict[str, Any]:
    decided = int(rng.integers(20, 60))
    row: dict[str, Any] = {"request_date": start, "request_id": "", "week20": 0}
    if closes < decided:
        return row | {"request_outcome": "W", "closed_date": _day(start, closes)}
    row |= {"request_outcome_date": _day(start, decided)}
    if rng.random() < max(refused, 0.05):
        return row | {"request_outcome": "N"}
    row |= {"request_outcome": "Y", "week20": int(rng.random() < 0.1)}
    assessed = decided + int(rng.integers(30, 80))
    if rng.random() < refused:
        return row | {"assessment_outcome": "N", "assessment_outcome_date": _day(start, assessed)}
    row["plan_date"] = _day(start, assessed + int(waits[0]) // 2)
    if closes < 10**5 and row["plan_date"] > _day(start, closes):
        row |= {"plan_date": "", "closed_date": _day(start, closes)}
    return row


def _extract(path: Path, records: Sequence[dict[str, Any]], day: date) -> None:
    """The records as they stood at the end of a day: nothing later than it, each with an id of its own."""
    names = list(dict.fromkeys(n for r in records for n in r if n != "entered"))
    outcome = {"request_outcome": "request_outcome_date"}
    outcome |= {"assessment_outcome": "assessment_outcome_date"}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*names, "printed on", "date_of_birth"])
    for number, record in enumerate(records):
        start = record.get("referral_date") or record["request_date"]
        if max(record["entered"], start) > day:
            continue
        shown = []
        for name in names:
            value = record.get(name, "")
            when = record.get(outcome.get(name, ""), record.get("closed_date", FAR))
            if name.endswith("_id") and name != "child_id":
                value = f"r{number}"
            elif isinstance(value, date):
                value = value.isoformat() if value <= day or name == "review_date" else ""
            elif name in outcome and when > day:
                value = ""
            shown.append(value)
        born = "2012-01-%02d" % day.month if number == 0 else ""
        table.writerow([*shown, day.isoformat(), born])
    path.write_text(out.getvalue(), encoding="utf-8")


@dataclass(frozen=True)
class Printed:
    """What one release gave to its readers, and the truth that it must not tell."""

    profile: Profile
    as_at: date
    figures: str
    plan: pd.DataFrame
    merged: dict[str, tuple[str, ...]]
    themes: str
    truth: pd.DataFrame
    released: door.Released


def releases(made: World, names: Sequence[str]) -> list[Printed]:
    """The releases of a world in order: for each day one set of each profile in ``names``, each beside all before it."""
    found: list[Printed] = []
    workspace = open_workspace(made.root)
    for day in made.days:
        files = loading.present(workspace, day).files
        pathway = workspace.pathway(made.code)
        built = loading.load(workspace, made.code, files[made.code])
        for name in names:
            found.append(_release(built, pathway, day, Profile(name, made.k), found))
    return found


def _release(built, pathway, day: date, profile: Profile, before: list[Printed]) -> Printed:
    earlier = [p.released for p in before]
    phase = earlier[0].phase if earlier else None
    offered = door.candidates(built, pathway, day, phase=phase)
    longest = door.kth_longest(built, pathway, day, profile.smallest)
    done = door.release(
        offered, profile=profile, kth_longest=longest, earlier=earlier, as_at=day, phase=phase
    )
    themes = door.themes(group_counts(built, pathway, day), profile, earlier, done)
    kept = door.Released(**{**vars(done), "themes": themes})
    by_month = measures.periods(day, "month", 26)
    truth = [offered, measures.figures(built, pathway, by_month)]
    truth += [measures.figures(built, pathway, by_month, "district")]
    exact = pd.concat(truth).drop_duplicates(
        ["wait", "measure", "group", "period_start", "period_end"]
    )
    text = figures_csv(done.table).decode()
    merged = {key: tuple(groups) for key, groups in done.merged.items()}
    printed = figures_csv(themes).decode()
    return Printed(profile, day, text, done.plan, merged, printed, exact, kept)
