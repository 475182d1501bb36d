"""Is what was said true? A statement about a measure or its change, recomputed from the records, or what it leaves out.

Three verdicts: ``holds``, ``does not hold``, ``cannot be checked: missing ...`` (base, period, equal periods, definition,
population, records, a number that is suppressed). No change is ever computed from or to a suppressed number.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure.bands import half_up
from sendwaits.measure.rates import equal_periods

__all__ = ["Said", "Statement", "check", "months_of_weeks"]

DAYS_IN_A_MONTH = 30.4375


@dataclass(frozen=True)
class Said:
    """One number as it was said: text keeps its decimals ("17.0"), "<5" is suppressed, "" was not said.

    ``first`` and ``last``: ISO days of the period; for a stock the last day is the census, and the month is given so that
    completed waits can be looked up too. Empty: the statement does not give them.
    """

    number: str = ""
    first: str = ""
    last: str = ""

    @property
    def below(self) -> int | None:
        return int(self.number[1:]) if self.number.startswith("<") else None

    @property
    def value(self) -> float | None:
        return float(self.number) if self.number and self.below is None else None


@dataclass(frozen=True)
class Statement:
    """A claim: which measure at which days, what was said of it, and what the sentence itself does not say.

    ``measures``: every measure that could be meant; a name of a monthly series when ``pathway`` is empty. ``change`` is in
    ``change_in`` ("percent" or "difference", now less base). ``within``: how far off still agrees ("around", "almost");
    0 = rounded half up to the decimals said. ``missing``: what no record can supply.
    """

    id: str
    about: str
    measures: tuple[str, ...] = ()
    pathway: str = ""
    wait: str = ""
    group: str = ""
    unit: str = "count"
    now: Said = Said()
    base: Said | None = None
    change: str = ""
    change_in: str = "percent"
    within: float = 0.0
    missing: tuple[str, ...] = ()
    note: str = ""


def check(
    statements: Iterable[Statement], figures: pd.DataFrame, series: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What each statement is worth: one row per statement, `id, pathway, about, claimed, recomputed, verdict, note`.

    Parameters
    ----------
    figures
        The tidy table of measures, exact or released (a `status` of ``c`` is a suppressed number).
    series
        Monthly totals `month, measure, value` for what has no records (meetings, hearings, spending).

    A statement holds when every number and the change agree with the recomputed ones as they are rounded, under every
    measure that could be meant; it does not hold when they disagree under all of them, or when its own numbers
    contradict its own change. When it depends on which is meant, the definition is missing.
    """
    return pd.DataFrame(
        [_row(statement, figures, series) for statement in statements],
        columns=["id", "pathway", "about", "claimed", "recomputed", "verdict", "note"],
    )


def months_of_weeks(weeks: float) -> float:
    """Weeks as months of 30.4375 days."""
    return weeks * 7 / DAYS_IN_A_MONTH


def _row(
    statement: Statement, figures: pd.DataFrame, series: pd.DataFrame | None
) -> tuple[str, ...]:
    missing, notes = list(statement.missing), [statement.note] if statement.note else []
    own = _own_arithmetic(statement)
    missing += _left_out(statement)
    if _undoes_suppression(statement):
        notes.append(
            "the change undoes the suppression: together with the base only one number fits"
        )
    outcomes: dict[str, bool | None] = {}
    texts = []
    for measure in statement.measures:
        try:
            outcomes[measure], text = _under(statement, measure, figures, series)
            texts.append(text if len(statement.measures) == 1 else f"{measure} {text}")
        except Refused as error:
            outcomes[measure] = None
            if str(error) not in missing:
                missing.append(str(error))
    known = {measure: held for measure, held in outcomes.items() if held is not None}
    if known and len(set(known.values())) == 1 and not statement.missing:
        missing = [
            word for word in missing if word != "records"
        ]  # the others that could be meant have no records
    elif len(known) > 1 and len(set(known.values())) > 1 and "definition" not in missing:
        missing.append("definition")
    if missing and any(known.values()) and len(statement.measures) > 1:
        notes.append(
            "would agree as " + ", ".join(measure for measure, held in known.items() if held)
        )
    if own is False:
        verdict = "does not hold"
        notes.append("its own numbers do not give its change")
    elif missing or not known:
        verdict = "cannot be checked: missing " + ", ".join(dict.fromkeys(missing or ["records"]))
    else:
        verdict = "holds" if all(known.values()) else "does not hold"
    return (
        statement.id,
        statement.pathway,
        statement.about,
        _claimed(statement),
        "; ".join(texts),
        verdict,
        "; ".join(notes),
    )


def _left_out(statement: Statement) -> list[str]:
    """What the statement itself does not give: a measure, a base, a period, equal periods, an unsuppressed number."""
    missing = []
    base, now = statement.base, statement.now
    if not statement.measures and not statement.missing:
        missing.append("definition")
    if statement.change and base is None:
        missing.append("base")
    if statement.measures and (not now.last or (base is not None and not base.last)):
        missing.append("period")
    if (
        statement.change
        and base is not None
        and statement.unit == "count"
        and base.first
        and now.first
        and base.last
        and now.last
    ):
        if not equal_periods(_days(base), _days(now)):
            missing.append("equal periods")
    if statement.change and any(
        said is not None and said.below is not None for said in (base, now)
    ):
        missing.append("a number that is suppressed")
    return [word for word in missing if word not in statement.missing]


def _days(said: Said) -> tuple[date, date]:
    return date.fromisoformat(said.first), date.fromisoformat(said.last)


def _own_arithmetic(statement: Statement) -> bool | None:
    """Do the numbers said give the change said? None when they are not all said."""
    base, now = statement.base, statement.now
    if not statement.change or base is None or base.value is None or now.value is None:
        return None
    if statement.change_in == "percent" and not base.value:
        return None
    return _agrees(_change(statement, base.value, now.value), statement.change, statement.within)


def _undoes_suppression(statement: Statement) -> bool:
    """True when the change said leaves exactly one number under the suppression's threshold."""
    base, now = statement.base, statement.now
    if not statement.change or base is None or (base.below is None) == (now.below is None):
        return False
    fits = 0
    for hidden in range(base.below or now.below or 0):
        pair = (hidden, now.value) if base.below is not None else (base.value, hidden)
        if None in pair or (statement.change_in == "percent" and not pair[0]):
            continue
        fits += _agrees(
            _change(statement, float(pair[0] or 0), float(pair[1] or 0)),
            statement.change,
            statement.within,
        )
    return fits == 1


def _change(statement: Statement, base: float, now: float) -> float:
    return 100 * (now - base) / base if statement.change_in == "percent" else now - base


def _agrees(value: float, said: str, within: float) -> bool:
    if within:
        return abs(value - float(said)) <= within
    places = len(said.partition(".")[2])
    return half_up(value, places=places) == half_up(float(said), places=places)


def _under(
    statement: Statement, measure: str, figures: pd.DataFrame, series: pd.DataFrame | None
) -> tuple[bool, str]:
    """Whether the statement agrees when this measure is meant, and the recomputed numbers in words."""
    found, held, texts = {}, [], []
    points = {"base": statement.base, "now": statement.now}
    for name, said in points.items():
        if said is None or not said.last or not (said.number or statement.change):
            continue
        value = found[name] = _look_up(statement, measure, said, figures, series)
        shown = (
            f"under {said.below}"
            if said.below is not None and value < said.below
            else half_up(value, places=statement.unit != "count")
        )
        texts.append(f"{shown} ({said.last})")
        if said.below is not None:
            held.append(value < said.below)
        elif said.number:
            held.append(_agrees(value, said.number, 0 if statement.change else statement.within))
    if (
        statement.change and len(found) == 2 and not _left_out(statement)
    ):  # never from or to a suppressed number
        if statement.change_in == "percent" and not found["base"]:
            raise Refused("base")
        change = _change(statement, found["base"], found["now"])
        held.append(_agrees(change, statement.change, statement.within))
        texts.append(
            f"change {half_up(change, places=1)}{' %' if statement.change_in == 'percent' else ''}"
        )
    if not held:
        raise Refused("period")
    return all(held), ", ".join(texts)


def _look_up(
    statement: Statement,
    measure: str,
    said: Said,
    figures: pd.DataFrame,
    series: pd.DataFrame | None,
) -> float:
    """The number of a measure for what was said; Refused with the missing word when there is none."""
    if not statement.pathway:
        return _from_series(measure, said, series)
    rows = figures[
        (figures["pathway"] == statement.pathway)
        & (figures["wait"].isin([statement.wait, ""]))
        & (figures["measure"] == measure)
        & (figures["group"] == statement.group)
        & (figures["period_end"] == said.last)
    ]
    rows = rows[rows["period_start"].isin(["", said.first])]
    if rows.empty:
        raise Refused("records")
    row = rows.iloc[0]
    if "status" in rows and row["status"] == "c":
        raise Refused("a number that is suppressed")
    if pd.isna(row["value"]):
        raise Refused("records")
    value = float(row["value"])
    return (
        months_of_weeks(value) if statement.unit == "months" and row["unit"] == "weeks" else value
    )


def _from_series(measure: str, said: Said, series: pd.DataFrame | None) -> float:
    """The sum of the whole months said; every month must be there."""
    if series is None or not said.first:
        raise Refused("records")
    first, last = _days(said)
    if first.day != 1 or last.day != monthrange(last.year, last.month)[1]:
        raise Refused("records")
    months = pd.period_range(first, last, freq="M").astype(str)
    rows = series[(series["measure"] == measure) & series["month"].isin(months)]
    if len(rows) != len(months) or rows["value"].isna().any():
        raise Refused("records")
    return math.fsum(rows["value"].astype(float))


def _claimed(statement: Statement) -> str:
    """The statement's own numbers in a few words."""
    unit = {"count": "", "percent": " %"}.get(statement.unit, f" {statement.unit}")
    texts = [
        f"{said.number}{unit} ({said.last or 'period not said'})"
        for said in (statement.base, statement.now)
        if said is not None and said.number
    ]
    change = (
        f"change {statement.change}{' %' if statement.change_in == 'percent' else unit}"
        if statement.change
        else ""
    )
    return ", ".join(text for text in (" -> ".join(texts), change) if text)
