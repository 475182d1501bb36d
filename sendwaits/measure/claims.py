"""Is what was said true? Every statement recomputed from figures, exact or released, or what it leaves out.

Three verdicts: ``agrees``, ``does not agree`` (with the right number), ``cannot be checked`` (with what is missing). A
number agrees when the exact one lies inside the rounding of what was printed. No change is ever computed from or to a
suppressed number, nor between counts of unequal periods.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from sendwaits.errors import Refused
from sendwaits.measure import said
from sendwaits.measure.bands import half_up
from sendwaits.measure.figure import AVERAGES, Figures, Found, by_measure, look_up
from sendwaits.measure.rates import equal_periods
from sendwaits.workspace import SaidThen

__all__ = ["VERDICTS", "check"]

VERDICTS = ("agrees", "does not agree", "cannot be checked")
COLUMNS = ["text", "verdict", "said", "right", "base", "now", "change", "unit", "measure", "keys"]
COLUMNS += ["missing", "why"]
Period = tuple[date, date]


def check(statements: Iterable[SaidThen], figures: pd.DataFrame, k: int = 1) -> pd.DataFrame:
    """What each statement is worth, one row each: text, verdict, what was said, the right number, what is missing, why.

    Parameters
    ----------
    figures
        Exact figures or a released frame (column ``form``), monthly series among them with an empty pathway.
    k
        The smallest count that ``figures`` shows: 1 for exact ones. Where it is over 1 the longest wait is the k-th longest.

    Returns
    -------
    DataFrame
        `text, verdict, said, right` (in words), `base, now, change` (numbers, NaN = none), `unit, measure` (the one that
        was checked), `keys` (of the rows used, a tuple of texts as in ``data-key``), `missing` (a tuple), `why`.

    Without a measure every average of the wait is tried; the statement then lacks its statistic, and ``why`` says as
    which it would agree.
    """
    known = by_measure(figures)
    return pd.DataFrame([_row(s, known, k) for s in statements], columns=COLUMNS)


@dataclass
class _Claim:
    """A statement whose texts are read; ``missing`` and ``why`` grow as it is checked."""

    base: said.Printed | None
    now: said.Printed | None
    change: said.Printed | None
    base_period: Period | None
    now_period: Period | None
    missing: list[str]
    why: list[str]


def _row(statement: SaidThen, figures: Figures, k: int) -> tuple[Any, ...]:
    claim = _claim(statement)
    own = _own_arithmetic(claim)
    names = [statement.measure] if statement.measure else _meant(statement, claim)
    tried = [_under(name, statement, claim, figures, k) for name in names]
    best = next((one for one in tried if one.held), tried[0] if tried else _Tried(""))
    if own is False:
        claim.why.append("its own numbers do not give its change")
    elif len(names) > 1:
        _without_statistic(claim, tried)
    else:
        claim.missing += best.missing
    claim.why += best.why if len(names) == 1 else []
    missing = tuple(dict.fromkeys(claim.missing))
    failed = own is False or (len(names) == 1 and best.held is False)
    verdict = (
        VERDICTS[1] if failed else VERDICTS[2] if missing or best.held is None else VERDICTS[0]
    )
    if verdict == VERDICTS[2] and best.held and len(names) == 1:
        claim.why.append("the part that can be checked agrees")
    words = [str(t) for t in (statement.value, statement.change) if str(t).strip()]
    return (
        statement.text, verdict, ", ".join(words), best.right, best.base, best.now, best.change,
        best.unit, best.measure, best.keys, missing, "; ".join(dict.fromkeys(claim.why)),
    )  # fmt: skip


def _claim(statement: SaidThen) -> _Claim:
    """The statement's texts read, and what it does not give."""
    claim = _Claim(None, None, None, None, None, [], [])
    try:
        claim.base, claim.now = said.pair(statement.value)
        claim.change = said.change(statement.change)
    except Refused as error:
        claim.missing.append(str(error))
    for name in ("now", "base"):
        try:
            if text := str(getattr(statement, name)).strip():
                setattr(claim, f"{name}_period", said.period(text))
        except Refused as error:
            claim.missing.append(f"{error} ({name})")
    if not (claim.now or claim.change or claim.missing):
        claim.missing.append("a number")
    if not statement.measure:
        claim.missing.append("the statistic" if _meant(statement, claim) else "a measure")
    if statement.measure and not claim.now_period:
        claim.missing.append("its date")
    if claim.change and not (claim.base_period or claim.base):
        claim.missing.append("the base")
    elif (claim.base or claim.change) and not claim.base_period:
        claim.missing.append("the date of the base")
    _suppression(claim)
    return claim


def _meant(statement: SaidThen, claim: _Claim) -> list[str]:
    """Every average that a wait without a statistic may be; none when the number is not a time."""
    unit = next((p.unit for p in (claim.now, claim.change) if p and p.unit), "")
    timed = unit in ("weeks", "months", "days", "years")
    return list(AVERAGES) if statement.pathway and timed and not statement.measure else []


def _suppression(claim: _Claim) -> None:
    """A change from or to "under 5" is not computed; when it leaves one number only, it has undone its suppression."""
    base, now, change = claim.base, claim.now, claim.change
    if not change or not any(p and p.below is not None for p in (base, now)):
        return
    claim.missing.append("a number that is not suppressed")
    hidden, known = (now, base) if now and now.below is not None else (base, now)
    if hidden is None or hidden.below is None or known is None or known.below is not None:
        return
    pairs = [(known.middle, n) if hidden is now else (n, known.middle) for n in range(hidden.below)]
    if sum(change.holds(_changed(change, *both)) for both in pairs if both[0] or change.unit) == 1:
        claim.why.append("the change undoes the suppression: only one number fits")


def _own_arithmetic(claim: _Claim) -> bool | None:
    """Can the numbers printed give the change printed? None when they are not all said."""
    base, now, change = claim.base, claim.now, claim.change
    if not (base and now and change) or base.below is not None or now.below is not None:
        return None
    if base.low <= 0 and change.unit == "percent":
        return None
    ends = [_changed(change, b, n) for b in (base.low, base.high) for n in (now.low, now.high)]
    return change.meets(min(ends), max(ends))


def _changed(change: said.Printed, base: float, now: float) -> float:
    if change.unit != "percent":
        return now - base
    return 100 * (now - base) / base if base else float("nan")


@dataclass
class _Tried:
    """A statement checked under one measure: ``held`` None when nothing could be compared."""

    measure: str
    held: bool | None = None
    base: float = float("nan")
    now: float = float("nan")
    change: float = float("nan")
    unit: str = ""
    right: str = ""
    keys: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


def _under(measure: str, statement: SaidThen, claim: _Claim, figures: Figures, k: int) -> _Tried:
    """The statement when this measure is meant."""
    tried, found = _Tried(measure), dict[str, Found]()
    outcomes: list[bool] = []
    for name, printed, period in (
        ("base", claim.base, claim.base_period),
        ("now", claim.now, claim.now_period),
    ):
        if period is None or not (printed or claim.change):
            continue
        unit = next((p.unit for p in (printed, claim.change) if p and p.unit), "")
        try:
            one = found[name] = look_up(figures, statement, measure, period, unit, k)
        except Refused as error:
            tried.missing += (str(error),)
            continue
        setattr(tried, name, one.value)
        tried.unit, tried.keys = one.unit, (*tried.keys, *one.keys)
        if printed:
            outcomes += _compared(one, printed, tried)
    outcomes += _change_of(claim, found, tried, all(outcomes))
    tried.right = " -> ".join(found[name].words for name in ("base", "now") if name in found)
    if tried.change == tried.change and claim.change:
        sign = (
            " %" if claim.change.unit == "percent" else f" {tried.unit}" * (tried.unit != "count")
        )
        tried.right += f", change {'+' * (tried.change > 0)}{half_up(tried.change, places=1)}{sign}"
    tried.held = all(outcomes) if outcomes else None
    return tried


def _compared(one: Found, printed: said.Printed, tried: _Tried) -> list[bool]:
    """Whether the figure is printed so: nothing when that cannot be told from what the figures show."""
    if not one.ranged:
        return [printed.holds(one.low)]
    if not printed.meets(one.low, one.high):
        return [False]
    inside = printed.holds(one.low) and printed.holds(one.high)
    if not inside and not one.rounded:
        tried.missing += (one.hidden,)
        return []
    tried.why += (one.note,) if one.note else ()
    return [True]


def _change_of(claim: _Claim, found: dict[str, Found], tried: _Tried, agreed: bool) -> list[bool]:
    """Whether the change is the one printed; nothing without both numbers, unsuppressed and of equal periods."""
    printed, base, now = claim.change, claim.base, claim.now
    if not printed or len(found) < 2:
        return []
    first, last = found["base"], found["now"]
    if first.unit in ("count", "GBP") and first.flow and not _equal(claim):
        tried.missing += ("equal periods",)
        return []
    if any(p and p.below is not None for p in (base, now)):
        return []
    if any(one.ranged and not one.rounded for one in (first, last)):
        tried.missing += ("a number that is not suppressed",)
        return []
    if printed.unit == "percent" and first.low <= 0:
        tried.missing += ("a base above 0",)
        return []
    ends = [_changed(printed, b, n) for b in (first.low, first.high) for n in (last.low, last.high)]
    tried.change = _changed(printed, first.value, last.value)
    if (
        printed.meets(min(ends), max(ends))
        if first.ranged or last.ranged
        else printed.holds(ends[0])
    ):
        return [True]
    if agreed and base and now and printed.holds(_changed(printed, base.middle, now.middle)):
        tried.why += ("the change is arithmetic on the rounded figures",)
        return [True]
    return [False]


def _equal(claim: _Claim) -> bool:
    if claim.base_period is None or claim.now_period is None:
        return False
    return equal_periods(claim.base_period, claim.now_period)


def _without_statistic(claim: _Claim, tried: list[_Tried]) -> None:
    agree = [one.measure for one in tried if one.held]
    if agree:
        claim.why.append(f"would agree as {', '.join(agree)}")
    elif any(one.held is False for one in tried):
        claim.why.append("agrees under no statistic: " + "; ".join(
            f"{one.measure} {one.right}" for one in tried if one.right
        ))  # fmt: skip
    elif tried:
        claim.missing += tried[0].missing
