"""One made-up service as text, written in many ways, and what the suite makes of it: figures, a refusal, or red findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from as_printed import as_printed

import sendwaits as sw
from sendwaits.errors import Refused
from sendwaits.intake.checking import check

DAY = "2024-07-31"
HEAD = [
    "child_id",
    "referral_id",
    "referral_date",
    "first_contact_date",
    "closed_date",
    "district",
    "need",
    "date_of_birth",
]
DATES = ("referral_date", "first_contact_date", "closed_date", "date_of_birth")


def rows(n: int = 40, day: str = DAY) -> list[dict[str, object]]:
    """Referrals every nine days up to ``day``, as an extract of that day knows them: a third seen after 60 to 109, a fifth closed after 90 to 149."""
    last = dt.date.fromisoformat(day)
    made: list[dict[str, object]] = []
    for i in range(n):
        start = dt.date(2023, 3, 1) + dt.timedelta(days=9 * i)
        seen = start + dt.timedelta(days=60 + 13 * i % 50) if i % 3 == 0 else None
        closed = start + dt.timedelta(days=90 + 17 * i % 60) if i % 5 == 0 else None
        if start <= last:
            made.append(
                {
                    "child_id": f"C{i:03d}",
                    "referral_id": f"R{i:03d}",
                    "referral_date": start,
                    "first_contact_date": seen if seen and seen <= last else None,
                    "closed_date": closed if closed and closed <= last else None,
                    "district": ("North", "South")[i % 2],
                    "need": "SLCN",
                    "date_of_birth": dt.date(2015, 1, 1) + dt.timedelta(days=37 * i),
                }
            )
    return made


def text(table: list[dict[str, object]], form: str = "%Y-%m-%d") -> list[dict[str, str]]:
    """The rows as text, dates in a format of strftime."""
    return [
        {
            k: (v.strftime(form) if isinstance(v, dt.date) else "" if v is None else str(v))
            for k, v in row.items()
        }
        for row in table
    ]


def put(root: Path, table: list[dict[str, str]], day: str = DAY, *, code: str = "SLCN") -> Path:
    """Writes an extract as CSV, and a workspace around it."""
    raw = root / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    if not (root / "sendwaits.toml").exists():
        (root / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    path = raw / f"{code}_{day}.csv"
    pd.DataFrame(table).to_csv(path, index=False, lineterminator="\n")
    return path


@dataclass
class Outcome:
    """``refused``: the words, "" when figures were printed; ``red``: codes of the red findings on screen; ``screen``: all of it."""

    figures: pd.DataFrame | None
    refused: str
    red: list[str] = field(default_factory=list)
    screen: str = ""

    def value(self, measure: str, wait: str = "contact", day: str = DAY) -> float:
        assert self.figures is not None, self.refused
        t = self.figures
        hit = t[(t["measure"] == measure) & (t["wait"] == wait) & (t["period_end"] == day)]
        return float(hit["value"].iloc[0])

    def total(self, measure: str, wait: str = "contact") -> float:
        assert self.figures is not None, self.refused
        t = self.figures
        return float(t.loc[(t["measure"] == measure) & (t["wait"] == wait), "value"].sum())


def outcome(root: Path, as_at: str = DAY, group: str = "") -> Outcome:
    """What `figures` prints and what `check` says of a workspace."""
    area = sw.open(root)
    checked = check(area.workspace)
    red = checked.findings.loc[checked.findings["severity"] == "red", "code"].tolist()
    try:
        table, refused = as_printed(area.figures(as_at=as_at, group=group)), ""
    except Refused as error:
        table, refused = None, str(error)
    screen = checked.summary
    assert all(code in screen for code in red)
    return Outcome(table, refused, red, screen)
