"""The whole made-up truth of an area: six services, their children, and the records a clerk enters twice or late.

Rows added here (rejected, duplicates, re-referrals, history) leave every figure of the Board as it is: a rejected
referral never waits, a duplicate counts in no measure, and a re-referral is a record that was there already.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sendwaits.sample import services
from sendwaits.sample.children import MIXES, attributes, share_children, test_nhs_numbers
from sendwaits.sample.ehc import ehc
from sendwaits.sample.queue import NEVER, day

__all__ = ["CODES", "EXTRACTS", "area", "STAGES", "OPEN_STAGES"]

EXTRACTS: dict[str, tuple[str, ...]] = {
    "NST": ("2024-07-31", "2024-09-30"),
    "OT_HEALTH": ("2024-07-19", "2024-07-31", "2024-09-30"),
    "OT_LA": ("2024-07-31", "2024-09-30"),
    "SLCN": ("2024-07-31", "2024-09-30"),
    "SLCN_AUTISM": ("2024-07-31", "2024-09-30"),
    "EHC": ("2024-07-31", "2024-09-30"),
}
CODES = tuple(EXTRACTS)
STAGES: dict[str, tuple[str, ...]] = {
    "NST": ("accepted_date", "first_appointment_date", "outcome_date", "support_date"),
    "OT_HEALTH": ("assessment_date", "treatment_date"),
    "OT_LA": ("assessment_date",),
    "SLCN": ("first_contact_date",),
    "SLCN_AUTISM": ("first_contact_date",),
    "EHC": ("plan_date",),
}
OPEN_STAGES: dict[str, tuple[str, ...]] = {**STAGES, "NST": STAGES["NST"][1:]}
"""Dates that end the waits of a record, in order."""

_LETTER = {"NST": "N", "OT_HEALTH": "H", "OT_LA": "L", "SLCN": "S", "SLCN_AUTISM": "A", "EHC": "E"}
_HISTORIES = {
    "NST": services.nst,
    "OT_HEALTH": services.ot_health,
    "OT_LA": services.ot_la,
    "SLCN": services.slcn,
    "SLCN_AUTISM": services.slcn_autism,
    "EHC": ehc,
}
_REASONS = (
    "Did not respond to opt-in",
    "Moved out of area",
    "Declined by family",
    "Transferred to another provider",
    "Discharged unseen",
)


def area(seed: int, scale: float, block: int = 0) -> dict[str, pd.DataFrame]:
    """The truth of one area by pathway code: one row per record, days as whole numbers, every column of its extract.

    ``entered`` and ``entered_closing``: the day from which an extract knows the record, and its closing; ``gone``: the
    day from which extracts leave it out. ``block`` numbers the areas of a national set, whose children differ.
    """
    rngs = {
        code: np.random.Generator(np.random.PCG64([seed, block, at]))
        for at, code in enumerate(CODES)
    }
    truth: dict[str, pd.DataFrame] = {}
    next_id = 1 + block * 20_000
    for code, history in _HISTORIES.items():
        frame = history(rngs[code], scale)
        start = "request_date" if code == "EHC" else "referral_date"
        children = attributes(
            rngs[code],
            frame[start].to_numpy(),
            MIXES[code],
            next_id,
            local=0.35 if code == "OT_LA" else 0.02,
        )
        next_id += len(frame) + 600
        truth[code] = pd.concat([frame, children], axis=1)
    share_children(
        rngs["EHC"], truth["EHC"], "request_date", truth["NST"], "referral_date", round(620 * scale)
    )
    share_children(
        rngs["SLCN_AUTISM"],
        truth["SLCN_AUTISM"],
        "referral_date",
        truth["NST"],
        "referral_date",
        round(180 * scale),
    )
    share_children(
        rngs["OT_HEALTH"],
        truth["OT_HEALTH"],
        "referral_date",
        truth["SLCN"],
        "referral_date",
        round(90 * scale),
    )
    for code in CODES:
        truth[code] = _finish(rngs[code], code, truth[code], scale, block, next_id)
        next_id += 400
    return truth


def _finish(
    rng: np.random.Generator,
    code: str,
    frame: pd.DataFrame,
    scale: float,
    block: int,
    first_id: int,
) -> pd.DataFrame:
    """Ids, reasons, rejected and duplicate rows, and when each record was entered."""
    start = "request_date" if code == "EHC" else "referral_date"
    frame = frame.assign(
        entered=frame[start],
        entered_closing=frame["closed_date"],
        gone=NEVER,
        rejected_date=NEVER,
        duplicate=False,
    )
    frame["closed_reason"] = _reasons(rng, frame)
    if code == "EHC":
        frame["request_source"] = frame["source"]
        _history(frame)
    _refer_again(rng, code, frame, start, max(round(len(frame) * 0.012), 2))
    _late_and_gone(rng, code, frame, start)
    if code != "EHC":
        frame = pd.concat([frame, _rejected(rng, frame, first_id)], ignore_index=True)
    frame = pd.concat([frame, _duplicates(rng, code, frame, start)], ignore_index=True)
    frame = frame.sort_values([start, "duplicate"], kind="stable", ignore_index=True)
    tag = f"{block:02d}" if block else ""
    frame["request_id" if code == "EHC" else "referral_id"] = [
        f"{_LETTER[code]}{tag}{at + 1:05d}" for at in range(len(frame))
    ]
    return frame


def _last_stop(code: str, frame: pd.DataFrame) -> np.ndarray:
    """The day on which the last wait of each record ends, `NEVER` while one is open."""
    ends = [frame["closed_date"].to_numpy()]
    if code == "EHC":
        ends += [
            np.where(frame["request_outcome"] == "N", frame["request_outcome_date"], NEVER),
            np.where(frame["assessment_outcome"] == "N", frame["assessment_outcome_date"], NEVER),
        ]
    return np.minimum.reduce([*ends, frame[STAGES[code][-1]].to_numpy()])


def _reasons(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    removal = np.array(_REASONS)[
        np.floor(rng.random(len(frame)) ** 1.3 * len(_REASONS)).astype(int)
    ]
    kind = frame["closed_kind"]
    reason = np.select(
        [kind == "assessed", kind == "finished", kind == "withdrawn"],
        ["Assessment complete, advice given", "Pathway complete", "Request withdrawn"],
        removal,
    )
    return np.where(frame["closed_date"] < NEVER, reason, "")


def _history(frame: pd.DataFrame) -> None:
    """Four requests of 2020 whose plans came in 2021 carry H: decided before the supplier's first collection."""
    old = frame.index[
        (frame["request_date"] < day("2020-10-01"))
        & (frame["plan_date"] < NEVER)
        & (frame["request_outcome"] == "Y")
    ][:4]
    frame.loc[old, "request_outcome"] = "H"
    frame.loc[old, "request_outcome_date"] = NEVER


def _refer_again(
    rng: np.random.Generator, code: str, frame: pd.DataFrame, start: str, count: int
) -> None:
    """Some records become a second referral of a child whose first has ended 20 to 500 days before."""
    ends, starts = _last_stop(code, frame), frame[start].to_numpy()
    many = frame["child_id"].duplicated(keep=False).to_numpy()
    used, columns = (
        many.copy(),
        [
            frame.columns.get_loc(c)
            for c in ("child_id", "date_of_birth", "sex", "district", "school")
        ],
    )
    for first in rng.permutation(len(frame)).tolist():
        if count == 0:
            return
        later = np.flatnonzero((starts > ends[first] + 20) & (starts < ends[first] + 500) & ~used)
        if ends[first] < NEVER and len(later) and not used[first]:
            second = later[rng.integers(0, len(later))]
            frame.iloc[second, columns] = frame.iloc[first, columns].to_numpy()
            used[[first, second]] = True
            count -= 1


def _late_and_gone(rng: np.random.Generator, code: str, frame: pd.DataFrame, start: str) -> None:
    """A few referrals of late July entered in August, closings entered late, and open records that vanish from September's list."""
    summer, autumn = day("2024-07-31"), day("2024-09-30")
    stop, starts = _last_stop(code, frame), frame[start].to_numpy()
    numbers = {"NST": (3, 2, 7), "SLCN": (4, 3, 4), "EHC": (1, 0, 3), "SLCN_AUTISM": (1, 0, 2)}
    late, closings, gone = numbers.get(code, (0, 0, 0))
    fresh = rng.permutation(
        np.flatnonzero((starts > summer - 8) & (starts <= summer) & (stop > autumn))
    )[:late]
    frame.loc[fresh, "entered"] = summer + 6
    closed = frame["closed_date"].to_numpy()
    recent = rng.permutation(
        np.flatnonzero(
            (closed > summer - 9) & (closed <= summer) & (frame["closed_kind"] == "removal")
        )
    )[:closings]
    frame.loc[recent, "entered_closing"] = summer + 9
    events = np.maximum.reduce([np.where(frame[c] < NEVER, frame[c], 0) for c in STAGES[code]])
    still = rng.permutation(
        np.flatnonzero(
            (stop == NEVER)
            & (starts < summer - 60)
            & (events < summer)
            & (frame["child_id"].str[:4] != "DEMO")
        )
    )[:gone]
    frame.loc[still, "gone"] = autumn


def _rejected(rng: np.random.Generator, frame: pd.DataFrame, first_id: int) -> pd.DataFrame:
    """About one referral in twenty more, turned down within three weeks, never across the date of an extract."""
    rows = np.sort(rng.permutation(len(frame))[: len(frame) // 20])
    extra = frame.iloc[rows].assign(
        closed_date=NEVER,
        entered_closing=NEVER,
        entered=frame["referral_date"].iloc[rows],
        gone=NEVER,
        closed_reason="",
    )
    extra["child_id"] = test_nhs_numbers(first_id, len(extra))
    stages = [c for c in frame if c in {s for stages in STAGES.values() for s in stages}]
    extra[stages] = NEVER
    extra["rejected_date"] = extra["referral_date"] + rng.integers(2, 20, len(extra))
    weekend = (extra["rejected_date"] + 3) % 7 > 4
    extra["rejected_date"] -= np.where(weekend, 2, 0)
    extra = extra[
        (extra["referral_date"] >= day(services.HELD_FROM))
        & (extra["rejected_date"] >= extra["referral_date"])
    ]
    for dates in ("2024-07-19", "2024-07-31", "2024-09-30"):
        extra = extra[
            (extra["referral_date"] > day(dates)) | (extra["rejected_date"] <= day(dates))
        ]
    return extra


def _duplicates(
    rng: np.random.Generator, code: str, frame: pd.DataFrame, start: str
) -> pd.DataFrame:
    """Some children are referred again while they wait: a second record, half of them closed by a clerk as a duplicate."""
    first_stop = np.minimum(frame["closed_date"].to_numpy(), frame[OPEN_STAGES[code][0]].to_numpy())
    if code == "EHC":
        first_stop = np.minimum(first_stop, frame["request_outcome_date"].to_numpy())
    starts = frame[start].to_numpy()
    long = (
        (np.minimum(first_stop, day("2024-09-30")) - starts > 30)
        & (frame["rejected_date"] == NEVER)
        & (starts < day("2024-06-15"))
    )
    long &= (
        (frame["gone"] == NEVER)
        & ~frame["child_id"].duplicated(keep=False)
        & (starts > day("2021-03-01"))
    )
    rows = rng.permutation(np.flatnonzero(long))[: max(round(len(frame) * 0.006), 3)]
    extra = frame.iloc[rows].assign(duplicate=True, closed_reason="")
    extra[start] = extra[start] + rng.integers(10, 28, len(extra))
    extra["entered"] = extra[start]
    for column in (
        *STAGES[code],
        "closed_date",
        "entered_closing",
        "request_outcome_date",
        "assessment_outcome_date",
    ):
        if column in extra:
            extra[column] = NEVER
    if code == "EHC":
        extra["request_outcome"], extra["assessment_outcome"] = "A", ""
    else:
        closed = rng.random(len(extra)) < 0.5
        extra["closed_date"] = np.where(
            closed, extra[start] + 5 + 2 * ((extra[start] + 8) % 7 > 4), NEVER
        )
        extra["entered_closing"] = extra["closed_date"]
        extra["closed_reason"] = np.where(closed, "Duplicate referral", "")
    return extra
