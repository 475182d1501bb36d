"""The truth as a supplier's extract shows it on a day: text, a handful of faults, and a file in the supplier's own style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from sendwaits.pathways import built_in
from sendwaits.sample.children import test_nhs_numbers
from sendwaits.sample.queue import NEVER, day, open_on
from sendwaits.sample.truth import CODES, STAGES

__all__ = [
    "COLUMNS",
    "STYLES",
    "Style",
    "known_on",
    "with_faults",
    "write_extract",
    "heading_tables",
]

COLUMNS = {code: tuple(pathway.columns) for code, pathway in built_in().items()}


@dataclass(frozen=True)
class Style:
    """How a supplier sends a service: kind of file, date format, encoding, its own headings (canonical name -> heading)."""

    kind: str = "csv"
    dates: str = "%Y-%m-%d"
    encoding: str = "utf-8"
    name: str = "{code}_{date}"
    headings: Mapping[str, str] = field(default_factory=dict)


STYLES: dict[str, Style] = {
    "NST": Style(dates="%d/%m/%Y", encoding="utf-8-sig", name="{lower}_{date}"),
    "OT_LA": Style(
        kind="xlsx",
        headings={
            "child_id": "Client No",
            "referral_id": "Contact Ref",
            "referral_date": "Contact Received",
            "rejected_date": "Not Accepted",
            "closed_date": "Case Closed",
            "closed_reason": "Closure Reason",
            "next_appointment_date": "Next Visit",
            "priority": "Priority",
            "source": "Contact Source",
            "need": "Primary Need",
            "date_of_birth": "DoB",
            "sex": "Sex",
            "district": "Locality",
            "school": "School",
            "assessment_date": "Assessment Completed",
            "review_date": "Review Due",
            "worker": "Worker Type",
        },
    ),
    "SLCN": Style(
        dates="%d-%b-%y",
        encoding="cp1252",
        headings={
            "child_id": "NHS No",
            "referral_id": "Referral ID",
            "referral_date": "Date Referral Received",
            "rejected_date": "Referral Rejected",
            "closed_date": "Discharge Date",
            "closed_reason": "Discharge Reason",
            "next_appointment_date": "Next Appt",
            "priority": "Priority",
            "source": "Source of Referral",
            "need": "Need",
            "date_of_birth": "Date of Birth",
            "sex": "Gender",
            "district": "District",
            "school": "School/Setting",
            "first_contact_date": "First Face to Face",
        },
    ),
}


def heading_tables() -> str:
    """The ``[pathways.<CODE>.headings]`` tables of `sendwaits.toml` for the services with headings of their own."""
    tables = []
    for code, style in STYLES.items():
        if style.headings:
            tables.append(
                f"[pathways.{code}.headings]\n"
                + "\n".join(f'{k} = "{v}"' for k, v in style.headings.items())
            )
    return "\n\n".join(tables) + "\n"


def known_on(rng: np.random.Generator, code: str, truth: pd.DataFrame, when: int) -> pd.DataFrame:
    """What an extract of day ``when`` holds: dates after it are blank, and so is what they decided. Days as whole numbers."""
    rows = truth[(truth["entered"] <= when) & (truth["gone"] > when)].reset_index(drop=True)
    unknown_closing = (rows["closed_date"] > when) | (rows["entered_closing"] > when)
    rows["closed_date"] = np.where(unknown_closing, NEVER, rows["closed_date"])
    rows["closed_reason"] = np.where(unknown_closing, "", rows["closed_reason"])
    for column in (
        *STAGES[code],
        "rejected_date",
        "request_outcome_date",
        "assessment_outcome_date",
    ):
        if column in rows:
            rows[column] = np.where(rows[column] > when, NEVER, rows[column])
    if code == "EHC":
        _codes_known_on(rows)
        return rows
    stages = [rows[c].to_numpy() for c in STAGES[code] if c != "accepted_date"]
    stop = np.minimum.reduce(
        [stages[-1], rows["closed_date"].to_numpy(), rows["rejected_date"].to_numpy()]
    )
    still = (stop == NEVER) & ~rows["duplicate"].to_numpy()
    last = np.maximum.reduce(
        [rows["referral_date"].to_numpy(), *(np.where(s < NEVER, s, 0) for s in stages)]
    )
    _appointments(rng, code, rows, still, when - last, when)
    if code == "OT_LA":
        ahead = np.where(
            (rows["worker"] == "OTA") | (rng.random(len(rows)) < 0.82),
            rng.integers(3, 150, len(rows)),
            -rng.integers(1, 60, len(rows)),
        )
        overdue = (
            (rows["worker"] == "OTA") & (when < day("2024-09-30")) & (rng.random(len(rows)) < 0.07)
        )
        ahead = np.where(overdue, -rng.integers(1, 30, len(rows)), ahead)
        rows["review_date"] = np.where(
            still & ((rows["worker"] == "OTA") | (rng.random(len(rows)) < 0.94)),
            when + ahead,
            NEVER,
        )
    return rows


def _codes_known_on(rows: pd.DataFrame) -> None:
    """Outcomes whose day has not come are A (decision to come); the exception flag is known once the plan is issued."""
    history = rows["request_outcome"] == "H"
    undecided = (
        (rows["request_outcome_date"] == NEVER)
        & ~((rows["request_outcome"] == "W") & (rows["closed_date"] < NEVER))
        & ~history
    )
    rows["request_outcome"] = np.where(undecided, "A", rows["request_outcome"])
    rows["assessment_outcome_date"] = np.where(undecided, NEVER, rows["assessment_outcome_date"])
    pending = (rows["assessment_outcome_date"] == NEVER) & ~(
        (rows["assessment_outcome"] == "W") & (rows["closed_date"] < NEVER)
    )
    rows["assessment_outcome"] = np.where(
        pending, np.where(rows["request_outcome"] == "Y", "A", ""), rows["assessment_outcome"]
    )
    rows["week20"] = np.where(rows["plan_date"] == NEVER, "", rows["week20"])
    for stage, decided in (
        ("request", rows["request_outcome"].isin(["Y", "N"])),
        ("assessment", rows["assessment_outcome"].isin(["Y", "N"])),
    ):
        for kind in ("mediation", "tribunal"):
            rows[f"{stage}_{kind}"] = np.where(decided, rows[f"{stage}_{kind}"], "")


def _appointments(
    rng: np.random.Generator,
    code: str,
    rows: pd.DataFrame,
    still: np.ndarray,
    waited: np.ndarray,
    when: int,
) -> None:
    """Some open referrals have a next appointment, the longest waits more often; a few dates have passed (was not brought)."""
    share = np.clip(0.10 + waited / 900, 0.1, 0.6)
    if code == "OT_HEALTH":
        waiting = open_on(
            rows["referral_date"].to_numpy(),
            np.minimum(rows["assessment_date"], rows["closed_date"]).to_numpy(),
            when,
        )
        share = np.where(waiting & (waited > 126), 1.0, share)
    booked = still & (rng.random(len(rows)) < share)
    ahead = rng.integers(3, 36, len(rows))
    missed = booked & (share < 1) & (rng.random(len(rows)) < 0.06)
    rows["next_appointment_date"] = np.where(
        booked, np.where(missed, when - 20 + ahead // 2, when + ahead), NEVER
    )


# --- text and faults -------------------------------------------------------------------------------------------------


def as_text(frame: pd.DataFrame, code: str, dates: str) -> pd.DataFrame:
    """Every canonical column of the pathway as text, blank for what has not happened."""
    text = {}
    for name in COLUMNS[code]:
        if name.endswith("_date") or name == "date_of_birth":
            text[name] = _dates(frame[name].to_numpy(), dates)
        else:
            text[name] = frame[name].astype(str).to_numpy()
    return pd.DataFrame(text, dtype=object)


def _dates(days: np.ndarray, form: str) -> np.ndarray:
    known = sorted(set(days[days < NEVER].tolist()))
    words = {
        d: (date(1970, 1, 1) + timedelta(days=d)).strftime(form)
        if form != "%d-%b-%y"
        else _day_month(d)
        for d in known
    }
    return np.array([words.get(d, "") for d in days.tolist()], dtype=object)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _day_month(number: int) -> str:
    when = date(1970, 1, 1) + timedelta(days=number)
    return f"{when.day:02d}-{_MONTHS[when.month - 1]}-{when.year % 100:02d}"


def with_faults(
    rng: np.random.Generator, code: str, known: pd.DataFrame, when: int, style: Style
) -> pd.DataFrame:
    """The text of the extract with a handful of faults, none of which touches a record that counts.

    Added: rows that the cleaning quarantines, identical rows, ids with spaces, ``TBC``, names of districts nobody uses.
    """
    text = as_text(known, code, style.dates)
    start = COLUMNS[code][2]
    record = COLUMNS[code][1]
    clean = known[
        (known["closed_date"] < NEVER)
        & (known["rejected_date"] == NEVER)
        & ~known["duplicate"]
        & (known["date_of_birth"] < NEVER)
    ]
    base = clean.iloc[np.resize(rng.permutation(len(clean)), 9)].reset_index(drop=True)
    extra = as_text(base, code, style.dates)
    extra["child_id"] = test_nhs_numbers(700_000 + CODES.index(code) * 100, len(extra))
    extra[record] = [f"X{code[0]}{when % 1000}{at}" for at in range(len(extra))]
    written = lambda number: _dates(np.array([number]), style.dates)[0]  # noqa: E731
    extra.loc[0, start] = written(when + 30)
    extra.loc[1, start] = ""
    extra.loc[2, start] = written(int(base.loc[2, "closed_date"]) + 9)
    extra.loc[3, start] = written(day("2023-02-28")).replace("28", "31", 1)
    extra.loc[4, "date_of_birth"] = written(int(base.loc[4, start]) + 40)
    extra.loc[5, start] = written(day("1900-01-01"))
    extra.loc[6, ["child_id", record]] = ""  # with an id of its own it would count as a child
    extra.loc[8, extra.columns] = extra.loc[7, extra.columns]
    extra.loc[8, "closed_date"] = (
        written(int(base.loc[7, "closed_date"]) + 1)
        if base.loc[7, "closed_date"] < when
        else written(when)
    )
    if code == "EHC":
        extra.loc[6, "request_outcome"] = "X"
    _odd_text(rng, code, known, text)
    identical = text.iloc[rng.permutation(len(text))[:4]]
    whole = pd.concat([text, extra, identical], ignore_index=True)
    place = np.concatenate(
        [np.arange(len(text), dtype=float), rng.random(len(extra) + len(identical)) * len(text)]
    )
    return whole.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)


def _odd_text(rng: np.random.Generator, code: str, known: pd.DataFrame, text: pd.DataFrame) -> None:
    """Spellings that the cleaning accepts: spaced NHS numbers, an en dash, ``TBC`` dates, district names outside the list."""
    if code in ("SLCN", "OT_LA"):
        spaced = np.flatnonzero(
            (known["child_id"].str[:3] == "999") & (rng.random(len(text)) < 0.05)
        )
        column = text.columns.get_loc("child_id")
        text.iloc[spaced, column] = [f"{c[:3]} {c[3:6]} {c[6:]}" for c in text.iloc[spaced, column]]
    if code == "SLCN":
        text["closed_reason"] = text["closed_reason"].str.replace(
            "Moved out of area", "Moved – out of area", regex=False
        )
    if code in ("NST", "SLCN_AUTISM"):
        blank = np.flatnonzero(
            (known["next_appointment_date"] == NEVER) & (known["closed_date"] == NEVER)
        )
        text.iloc[rng.permutation(blank)[:3], text.columns.get_loc("next_appointment_date")] = "TBC"
    newark = np.flatnonzero(known["district"] == "Newark and Sherwood")
    text.iloc[rng.permutation(newark)[:3], text.columns.get_loc("district")] = "Newark"
    text.iloc[rng.permutation(len(text))[:1], text.columns.get_loc("district")] = "Out of county"


# --- files -----------------------------------------------------------------------------------------------------------


def write_extract(
    folder: Path, code: str, extract_date: str, text: pd.DataFrame, style: Style
) -> Path:
    """The extract as a file in the supplier's style; the same bytes for the same rows."""
    name = style.name.format(code=code, lower=code.lower(), date=extract_date) + f".{style.kind}"
    headed = text.rename(columns=dict(style.headings))
    path = folder / name
    if style.kind == "xlsx":
        _workbook(
            path,
            headed,
            extract_date,
            [h for c, h in style.headings.items() if c.endswith("_date") or c == "date_of_birth"],
        )
    else:
        body = headed.to_csv(
            index=False, lineterminator="\r\n" if style.encoding == "cp1252" else "\n"
        )
        path.write_bytes(body.encode(style.encoding))
    return path


def _workbook(path: Path, rows: pd.DataFrame, extract_date: str, dates: list[str]) -> None:
    """A workbook with title rows, real dates, a total row and a footer, as an export of a case system has them."""
    import xlsxwriter

    when = datetime.fromisoformat(extract_date)
    with xlsxwriter.Workbook(
        str(path),
        {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    ) as book:
        book.set_properties({"created": when, "author": "", "title": "Made-up sample"})
        sheet = book.add_worksheet("Contacts")
        shown = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_string(0, 0, "Occupational therapy contacts (made-up sample)")
        sheet.write_string(1, 0, f"Extract of {when:%d/%m/%Y}")
        for column, heading in enumerate(rows.columns):
            sheet.write_string(3, column, heading)
            for row, value in enumerate(rows[heading]):
                if value and heading in dates and _is_iso(value):
                    sheet.write_datetime(row + 4, column, datetime.fromisoformat(value), shown)
                elif value:
                    sheet.write_string(row + 4, column, value)
        sheet.write_string(len(rows) + 4, 0, "Total")
        sheet.write_number(len(rows) + 4, 1, len(rows))
        sheet.write_string(len(rows) + 5, 0, "End of report")


def _is_iso(value: str) -> bool:
    """A date that Excel can hold: valid, and after 1900-02-28."""
    try:
        return date.fromisoformat(value) > date(1900, 3, 1)
    except ValueError:
        return False
