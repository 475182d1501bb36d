"""Small made-up workspaces that need no cleaning but hold every oddity the counting rules speak of. Seeded; no real child."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from contract_reference import SERVICES, Row, Service, Stage

COMMON = [
    "child_id",
    "referral_id",
    "referral_date",
    "rejected_date",
    "closed_date",
    "closed_reason",
    "next_appointment_date",
    "priority",
    "source",
    "need",
    "date_of_birth",
    "sex",
    "district",
    "school",
]
OWN = {
    "NST": ["accepted_date", "first_appointment_date", "outcome_date", "support_date"],
    "OT_HEALTH": ["assessment_date", "treatment_date"],
    "OT_LA": ["assessment_date", "review_date", "worker"],
    "SLCN": ["first_contact_date"],
    "SLCN_AUTISM": ["first_contact_date"],
    "OWN": ["seen_date", "finished_date"],
}
EHC = [
    "child_id",
    "request_id",
    "request_date",
    "request_source",
    "request_outcome",
    "request_outcome_date",
    "assessment_outcome",
    "assessment_outcome_date",
    "plan_date",
    "week20",
    "closed_date",
    "closed_reason",
    "request_mediation",
    "request_tribunal",
    "assessment_mediation",
    "assessment_tribunal",
    "need",
    "date_of_birth",
    "sex",
    "district",
    "school",
]
PATHWAY_TOML = """
[[pathway]]
code = "OWN"
title = "A service of our own"
[pathway.headings]
child_id = "Case number"
referral_date = "Opened"
finished_date = "Finished on"
[[pathway.wait]]
name = "first"
start = "referral_date"
completed = "seen_date"
standard_days = 30
[[pathway.wait]]
name = "last"
start = "seen_date"
completed = "finished_date"
removed = ["closed_date"]
"""
OWN_SERVICE = Service(
    "OWN",
    [Stage("first", "referral_date", "seen_date", 30), Stage("last", "seen_date", "finished_date")],
)
OWN_HEADINGS = {
    "child_id": "Case number",
    "referral_date": "Opened",
    "finished_date": "Finished on",
}


def nhs(rng: random.Random) -> str:
    while True:
        digits = [9, 4] + [rng.randrange(10) for _ in range(7)]
        check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return "".join(map(str, digits)) + str(check % 11)


@dataclass
class Made:
    """A workspace on disk and the rows that it says."""

    root: Path
    as_at: date
    extracts: dict[str, list[tuple[date, list[Row]]]]
    services: dict[str, Service] = field(default_factory=lambda: {**SERVICES, "OWN": OWN_SERVICE})


def make(root: Path, seed: int, codes: list[str] | None = None, rows: int = 25) -> Made:
    """Write a workspace; ``codes`` None = two pathways at random."""
    rng = random.Random(seed)
    as_at = date(2024, 1, 1) + timedelta(rng.randrange(366))
    if rng.random() < 0.4:  # month ends are where off-by-one lives
        as_at = as_at.replace(day=1) - timedelta(1)
    chosen = codes or rng.sample([*SERVICES, "OWN", "EHC", "NST"], 2)
    raw = root / "data" / "raw"
    raw.mkdir(parents=True)
    (root / "sendwaits.toml").write_text(
        '[area]\nname = "Exampleshire"\n' + (PATHWAY_TOML if "OWN" in chosen else ""),
        encoding="utf-8",
    )
    made = Made(root, as_at, {})
    for code in dict.fromkeys(chosen):
        days = sorted(
            {
                as_at - timedelta(rng.choice([0, 0, 5, 20])),
                *(as_at - timedelta(rng.randrange(21, 300)) for _ in range(rng.randrange(3))),
            }
        )
        if rng.random() < 0.2:
            days.append(as_at + timedelta(rng.randrange(1, 60)))
        made.extracts[code] = _extracts(raw, code, days, rng, rows)
    return made


def _extracts(
    raw: Path, code: str, days: list[date], rng: random.Random, rows: int
) -> list[tuple[date, list[Row]]]:
    columns = EHC if code == "EHC" else [*COMMON, *OWN[code]]
    record, start = (
        ("request_id", "request_date") if code == "EHC" else ("referral_id", "referral_date")
    )
    children = [
        rng.choice([nhs(rng), f"L-{n}", f"00{n}", f"local {n}"]) for n in range(max(3, rows // 2))
    ]
    truth = [
        (_request if code == "EHC" else _referral)(code, children, days, rng, f"R{n:03d}")
        for n in range(rows)
    ]
    for row in truth:
        if rng.random() < 0.1:
            row[record] = None
    who = [(r["child_id"].replace(" ", ""), r[start]) for r in truth]
    if len(set(who)) == len(truth) and rng.random() < 0.2:
        for row in truth:
            row[record] = None
    unnamed = set()
    for key, row in zip(
        who, truth, strict=True
    ):  # rows without an id are told apart by child and start
        if not row[record] and key in unnamed:
            row[record] = f"X{len(unnamed)}{rng.randrange(10**6)}"
        unnamed.add(key)
    vanish = {
        id(r): rng.choice(days) for r in truth if rng.random() < (0.12 if rows > 10 else 0)
    }  # a list that halves is refused
    found = []
    for at, day in enumerate(days):
        view = [
            _as_of(r, day)
            for r in truth
            if r[start] <= day and not (id(r) in vanish and day >= vanish[id(r)] and at > 0)
        ]
        view.append(
            _as_of(
                (_request if code == "EHC" else _referral)(
                    code, [f"new {at}"], [day], rng, f"N{at}"
                ),
                day,
            )
        )
        if at < len(days) - 1:
            _restate(view, record, start, rng)
        keep = [c for c in columns if c in ("child_id", start, record) or rng.random() < 0.93]
        view = [{c: r.get(c) for c in keep} for r in view]
        found.append((day, view))
        _write(raw, code, day, view, keep, rng)
    return found


def _restate(view: list[Row], record: str, start: str, rng: random.Random) -> None:
    """An older extract said something else: another district, another start, no id yet."""
    everyone = [(r["child_id"].replace(" ", ""), r[start]) for r in view]
    for row, who in zip(view, everyone, strict=True):
        what = rng.random()
        if what < 0.06:
            row["district"] = "Oldham"
        elif what < 0.12 and row[record]:
            row[start] -= timedelta(3)
        elif what < 0.16 and everyone.count(who) == 1:
            row[record] = None


def _as_of(row: Row, day: date) -> Row:
    """What the row said at the end of ``day``: later events had not happened."""
    future = ("next_appointment_date", "review_date", "date_of_birth")
    seen = {
        k: None if isinstance(v, date) and v > day and k not in future else v
        for k, v in row.items()
    }
    for code in ("request_outcome", "assessment_outcome"):
        if row.get(f"{code}_date") and not seen[f"{code}_date"]:
            seen[code] = None
    return seen


def _day_after(rng: random.Random, day: date, longest: int = 500) -> date:
    return day + timedelta(
        rng.choice(
            [0, 0, 7, 42, 91, 112, 126, 127, 140, 141, 364, 365, *([rng.randrange(longest)] * 12)]
        )
    )


def _person(children: list[str], rng: random.Random, start: date) -> Row:
    child = rng.choice(children)
    if child.isdigit() and len(child) == 10 and rng.random() < 0.3:
        child = f"{child[:3]} {child[3:6]} {child[6:]}"
    birthday = date(
        start.year - rng.choice([0, 4, 5, 10, 11, 15, 16, 19, 20, 24]) - 1,
        start.month,
        min(start.day, 28),
    ) + timedelta(rng.randrange(3))
    return {
        "child_id": child,
        "date_of_birth": birthday if rng.random() < 0.85 else None,
        "sex": rng.choice(["M", "F", None]),
        "district": rng.choice(["Northton", "Süd, West", 'The "Vale"', None]),
        "school": rng.choice(["School 1", "School 2", None]),
        "need": rng.choice(["ASD", "SEMH", None]),
        "closed_reason": rng.choice(["Moved", None]),
    }


def _referral(
    code: str, children: list[str], days: list[date], rng: random.Random, name: str
) -> Row:
    start = days[-1] - timedelta(rng.choice([0, 1, 7, 126, 127, *([rng.randrange(900)] * 12)]))
    row = _person(children, rng, start) | {
        "referral_id": name,
        "referral_date": start,
        "priority": rng.choice(["Urgent", "Routine", None]),
        "source": rng.choice(["GP", "School", None]),
        "next_appointment_date": days[-1] + timedelta(rng.randrange(-60, 60))
        if rng.random() < 0.4
        else None,
        "rejected_date": _day_after(rng, start) if rng.random() < 0.12 else None,
        "closed_date": _day_after(rng, start) if rng.random() < 0.3 else None,
    }
    if code == "NST":
        row["accepted_date"] = start + timedelta(5)
    if code == "OT_LA":
        row |= {
            "worker": rng.choice(["OT", "OTA", None]),
            "review_date": rng.choice(
                [days[-1], days[-1] + timedelta(rng.randrange(-40, 40)), None]
            ),
        }
    day = start
    for column in [
        c for c in OWN[code] if c.endswith("_date") and c not in ("accepted_date", "review_date")
    ]:
        if rng.random() < 0.7:
            day = _day_after(rng, day, 250)
            row[column] = day
    return row


def _request(
    code: str, children: list[str], days: list[date], rng: random.Random, name: str
) -> Row:
    start = days[-1] - timedelta(rng.choice([0, 1, 42, 140, 141, *([rng.randrange(900)] * 12)]))
    decided, closed = (
        rng.choice([start + timedelta(rng.choice([42, 43])), *[_day_after(rng, start, 90)] * 4]),
        _day_after(rng, start) if rng.random() < 0.2 else None,
    )
    outcome = rng.choice(["Y"] * 6 + ["N", "N", "A", "W", "H", "H", None])
    row = _person(children, rng, start) | {
        "request_id": name,
        "request_date": start,
        "request_source": rng.choice(["1", "2", "Parent", None]),
        "request_outcome": outcome,
        "week20": rng.choice(["0", "1", None]),
        "closed_date": closed,
    }
    dated = outcome in ("Y", "N") and rng.random() < 0.95 or outcome == "W" and rng.random() < 0.6
    row["request_outcome_date"] = decided if dated else None
    if outcome in ("Y", "H") or rng.random() < 0.1:
        after = rng.choice(["Y"] * 5 + ["N", "A", "W", "H", None])
        assessed = rng.choice(
            [
                max(decided, start + timedelta(rng.choice([112, 113]))),
                *[_day_after(rng, decided, 120)] * 3,
            ]
        )
        row["assessment_outcome"] = after
        row["assessment_outcome_date"] = (
            assessed
            if after in ("Y", "N") and rng.random() < 0.95 or after == "W" and rng.random() < 0.6
            else None
        )
        if after in ("Y", "H") and rng.random() < 0.7:
            row["plan_date"] = rng.choice(
                [
                    start + timedelta(rng.choice([140, 141])),
                    *[_day_after(rng, rng.choice([start, assessed]), 100)] * 3,
                ]
            )
    if outcome == "N" and rng.random() < 0.4:
        row["plan_date"] = _day_after(rng, decided, 200)
    return row


def _write(
    raw: Path, code: str, day: date, rows: list[Row], columns: list[str], rng: random.Random
) -> None:
    order = rng.sample(columns, len(columns))
    style = {c: rng.choice(["%Y-%m-%d", "%d/%m/%Y", "%d-%b-%y", "%d-%b-%Y"]) for c in order}
    headings = [OWN_HEADINGS.get(c, c) if code == "OWN" else c for c in order]
    again = [rng.choice(rows)] if rng.random() < 0.2 else []  # an identical row is merged
    stem = f"{rng.choice([code, code.lower()])}_{day.isoformat()}"
    if rng.random() < 0.2:
        import xlsxwriter

        with xlsxwriter.Workbook(raw / f"{stem}.xlsx") as book:
            sheet = book.add_worksheet("Extract")
            form = book.add_format({"num_format": "dd/mm/yyyy"})
            sheet.write_row(0, 0, headings)
            for at, row in enumerate([*rows, *again], start=1):
                for column, name in enumerate(order):
                    value = row.get(name)
                    if isinstance(value, date):
                        sheet.write_datetime(at, column, value, form)
                    elif value is not None:
                        sheet.write_string(at, column, value)
        return
    with open(raw / f"{stem}.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*headings, "our own remark"])
        for row in [*rows, *again]:
            writer.writerow([*(_text(row.get(c), style[c]) for c in order), "ignored"])


def _text(value: Any, form: str) -> str:
    return value.strftime(form) if isinstance(value, date) else value or ""
