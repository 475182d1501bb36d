"""The Board's figures from the sample's files with plain pandas and loops: a second opinion that shares no code with the package.

The files are read as text, rows with a fault are dropped, duplicates are linked by a loop over each child.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
RAW = ROOT / "data" / "raw"
FIGURES = pd.read_csv(
    Path(__file__).with_name("board_figures.csv"), keep_default_na=False, dtype=str
)
SUPPLIER = {  # what the two suppliers with headings of their own mean
    "Client No": "child_id",
    "Contact Ref": "referral_id",
    "Contact Received": "referral_date",
    "Not Accepted": "rejected_date",
    "Case Closed": "closed_date",
    "Assessment Completed": "assessment_date",
    "Review Due": "review_date",
    "Worker Type": "worker",
    "DoB": "date_of_birth",
    "NHS No": "child_id",
    "Referral ID": "referral_id",
    "Date Referral Received": "referral_date",
    "Referral Rejected": "rejected_date",
    "Discharge Date": "closed_date",
    "First Face to Face": "first_contact_date",
    "Date of Birth": "date_of_birth",
    "Next Appt": "next_appointment_date",
    "Next Visit": "next_appointment_date",
}
WAITS = {
    ("NST", "assessment"): ("referral_date", "first_appointment_date"),
    ("OT_HEALTH", "assessment"): ("referral_date", "assessment_date"),
    ("OT_HEALTH", "treatment"): ("assessment_date", "treatment_date"),
    ("OT_LA", "assessment"): ("referral_date", "assessment_date"),
    ("SLCN", "contact"): ("referral_date", "first_contact_date"),
    ("SLCN_AUTISM", "contact"): ("referral_date", "first_contact_date"),
    ("EHC", "plan"): ("request_date", "plan_date"),
}
LAST_STAGE = {"NST": "support_date", "OT_HEALTH": "treatment_date", "EHC": "plan_date"}
WRONG = pd.Timestamp("2222-02-02")


def _date(text: object) -> pd.Timestamp:
    if isinstance(text, datetime):
        return pd.Timestamp(text)
    if str(text) in ("", "TBC", "NaT", "nan"):
        return pd.NaT
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%b-%y", "%Y-%m-%d %H:%M:%S"):
        try:
            return pd.Timestamp(datetime.strptime(str(text), form))
        except ValueError:
            pass
    return WRONG


def _rows(path: Path) -> pd.DataFrame:
    if path.suffix == ".xlsx":
        rows = pd.read_excel(path, skiprows=3, dtype=object, engine="calamine").fillna("")
    else:
        rows = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="cp1252" if "SLCN_2" in path.name else "utf-8-sig",
        )
    rows = rows.rename(columns=SUPPLIER).drop_duplicates()
    start, record = (
        ("request_date", "request_id")
        if path.name.startswith("EHC")
        else ("referral_date", "referral_id")
    )
    dates = [c for c in rows if c.endswith("_date") or c == "date_of_birth"]
    for column in dates:
        rows[column] = rows[column].map({v: _date(v) for v in rows[column].unique()})
    past = [c for c in dates if c not in ("next_appointment_date", "review_date")]
    extract = pd.Timestamp(path.stem[-10:])
    good = (
        rows[start].notna()
        & (rows["child_id"] != "")
        & (rows[start] > "1901-01-01")
        & ~rows[record].duplicated(keep=False)
    )
    good &= ~(rows[past] > extract).any(axis=1)
    for column in past:
        good &= ~((rows[column] < rows[start]) & (column != "date_of_birth")) & ~(
            (column == "date_of_birth") & (rows[column] > rows[start])
        )
    if "request_outcome" in rows:
        good &= rows["request_outcome"] != "X"
    rows = rows[good].copy()
    rows["id"], rows["start"], rows["child_id"] = (
        rows[record],
        rows[start],
        rows["child_id"].str.replace(" ", ""),
    )
    return rows


@cache
def _kept(pathway: str, as_at: str) -> pd.DataFrame:
    """The newest clean row of each record, without rejected referrals and linked duplicates."""
    files = sorted(
        (f for f in RAW.iterdir() if f.stem.upper()[:-11] == pathway and f.stem[-10:] <= as_at),
        key=lambda f: f.stem[-10:],
    )
    rows = (
        pd.concat([_rows(f) for f in files])
        .drop_duplicates("id", keep="last")
        .sort_values(["start", "id"])
    )
    stage = LAST_STAGE.get(
        pathway,
        WAITS[pathway, "contact" if "SLCN" in pathway else "assessment"][1]
        if pathway != "EHC"
        else "plan_date",
    )
    rows["end"] = rows[[stage, "closed_date"]].min(axis=1)
    if pathway == "EHC":
        for outcome in ("request_outcome", "assessment_outcome"):
            rows["end"] = (
                rows[["end"]]
                .assign(no=rows[f"{outcome}_date"].where(rows[outcome] == "N"))
                .min(axis=1)
            )
    else:
        rows = rows[rows["rejected_date"].isna()]
    drop = []
    for _, of_child in rows[rows["child_id"].duplicated(keep=False)].groupby("child_id"):
        kept: list[pd.Series] = []
        for at, row in of_child.iterrows():
            if any(pd.isna(k["end"]) or k["end"] > row["start"] for k in kept):
                drop.append(row["id"])
            else:
                kept.append(row)
    return rows[~rows["id"].isin(drop)]


def _value(figure: pd.Series, period_end: str) -> tuple[float, int, int]:
    """Value, numerator and denominator of one line of the table at ``period_end``."""
    rows, end = _kept(figure["pathway"], figure["as_at"]), pd.Timestamp(period_end)
    first = end.replace(day=1) if figure["period"] == "month" else end.replace(month=1, day=1)
    measure = figure["measure"]
    if figure["group"]:
        column, _, value = figure["group"].partition("=")
        rows = rows[rows[column] == value]
    if measure == "referrals":
        return (
            float(
                (
                    (rows["start"] >= first)
                    & (rows["start"] <= end)
                    & (rows["request_outcome"] != "H")
                ).sum()
            ),
            0,
            0,
        )
    if measure.startswith("within_20"):
        issued = rows[(rows["plan_date"] >= first) & (rows["plan_date"] <= end)]
        issued = issued[issued["week20"] != "1"] if "excl" in measure else issued
        on_time = int(((issued["plan_date"] - issued["start"]).dt.days <= 140).sum())
        return 100 * on_time / len(issued), on_time, len(issued)
    start, stop = WAITS[figure["pathway"], figure["wait"]]
    done = rows[stop]
    ended = rows["end"].where(done.isna(), done) if figure["wait"] != "plan" else rows["end"]
    ended = (
        rows[["closed_date"]].assign(done=done).min(axis=1)
        if figure["pathway"] not in ("EHC",)
        else ended
    )
    if measure == "mean_weeks_completed":
        completed = (done >= first) & (done <= end)
        return (done - rows[start])[completed].dt.days.mean() / 7, 0, 0
    waiting = rows[start].notna() & (rows[start] <= end) & ~(ended <= end)
    days = (end - rows[start][waiting]).dt.days
    if measure == "within_review_pct":
        within = int((rows["review_date"][waiting] >= end).sum())
        return 100 * within / len(days), within, len(days)
    counts = {
        "waiting": 0,
        "waiting_over_18_weeks": 126,
        "waiting_over_20_weeks": 140,
        "waiting_over_52_weeks": 364,
    }
    if measure in counts:
        return float((days > counts[measure]).sum() if counts[measure] else len(days)), 0, 0
    return {"mean_weeks_open": days.mean(), "longest_weeks_open": days.max()}[measure] / 7, 0, 0


@pytest.mark.parametrize(
    "at",
    range(len(FIGURES)),
    ids=[f"{f.id} {f.pathway} {f.as_at} {f.period_end}" for f in FIGURES.itertuples()],
)
def test_a_figure_of_the_update_follows_from_the_files_with_plain_pandas(at: int) -> None:
    figure = FIGURES.iloc[at]
    value, numerator, denominator = _value(figure, figure["period_end"])
    if figure["compare_to"]:
        value = 100 * (value / _value(figure, figure["compare_to"])[0] - 1)
    if figure["unit"] == "months":
        value = value * 7 / 30.4375
    assert value == pytest.approx(float(figure["expected"]), abs=float(figure["tolerance"]) + 1e-9)
    if figure["denominator"]:
        assert (numerator, denominator) == (int(figure["numerator"]), int(figure["denominator"]))
