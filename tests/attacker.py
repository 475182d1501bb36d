"""An attacker who holds released files only: figures and themes of consecutive sets, and what everybody knows of the counts.

Written from CONTRACT.md sections 2, 3 and 6 and DOMAIN.md, never from the door's code: whole numbers that fit everything
printed, found by HiGHS. A count that can be nothing but its true value of 1 to k - 1 is recovered.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import highspy
import numpy as np
import pandas as pd

INF = math.inf
FEEDS = {"outcome": "assessment", "support": "outcome", "treatment": "assessment"}
"""A later stage starts with the completion of the one before (CONTRACT section 2)."""
STANDARD = {
    "NST": 91,
    "OT_HEALTH": 126,
    "SLCN": 126,
    "SLCN_AUTISM": 126,
    "plan": 140,
    "decision": 42,
}
EDGES = [0, 8, 15, 29, 85, 127, 141, 365, 729]
"""First days of the bands, and of the lines over 18, 20 and 52 weeks."""
LINES = {"waiting_over_18_weeks": 127, "waiting_over_20_weeks": 141, "waiting_over_52_weeks": 365}
FLOWS = ("starts", "completed", "removed_other", "referrals", "rejected", "plans_issued")
WIDEST = 3000
"""No average or list goes beyond so many days or children of these small services."""

Terms = dict[tuple, float]


@dataclass(frozen=True)
class Set:
    """One release as its readers hold it."""

    figures: pd.DataFrame
    themes: pd.DataFrame
    merged: Mapping[str, tuple[str, ...]]
    k: int
    rounds: bool

    @classmethod
    def of(cls, figures: str, themes: str, merged: Mapping, k: int, rounds: bool) -> Set:
        read = [
            pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
            for text in (figures, themes)
        ]
        return cls(*read, merged, k, rounds)


@dataclass
class Attack:
    """The system of one service. ``code``: its pathway."""

    code: str
    k: int
    rows: list[tuple[Terms, float, float, int]] = field(default_factory=list)
    """Terms, least, most, and the release that says so (-1: true of every service)."""
    real: set[tuple] = field(default_factory=set)
    cuts: list[date] = field(default_factory=list)

    def say(self, terms: Terms, lo: float, hi: float = INF, release: int = -1) -> None:
        self.rows.append((terms, lo, hi, release))


def interval(text: str, form: str, k: int) -> tuple[float, float]:
    """What a printed count can be: [c] is 1 to k - 1, rounded is two either way."""
    if form == "c" or text == "":
        return 1, k - 1
    value = float(text)
    if form != "rounded" or value == 0:
        return value, value
    return max(k, value - 2), value + 2


def day(text: str) -> date:
    return date.fromisoformat(text[:10])


def attack(code: str, sets: list[Set], k: int) -> Attack:
    """Everything printed in the sets, and everything known of such services, as one system."""
    found = Attack(code, k)
    spans = {
        (day(r.period_start), day(r.period_end) + timedelta(days=1))
        for s in sets
        for table in (s.figures, s.themes)
        for r in table.itertuples()
        if r.period_start
    }
    stocks = {day(r.period_end) for s in sets for r in s.figures.itertuples() if not r.period_start}
    found.cuts = sorted(
        {d for span in spans for d in span} | {d + timedelta(days=1) for d in stocks}
    )
    for number, one in enumerate(sets):
        for row in one.figures.itertuples():
            _printed(found, row, one, number)
        for row in one.themes.itertuples():
            _theme(found, row, one, number)
    waits = {r.wait for s in sets for r in s.figures.itertuples() if r.wait}
    for wait in sorted(waits):
        _list(found, wait, sorted(stocks))
    _always(found, sorted(waits))
    return found


def _sum(found: Attack, name: tuple, start: str, end: str) -> Terms:
    first, last = day(start), day(end) + timedelta(days=1)
    return {(*name, c): 1.0 for c in found.cuts if first <= c < last}


def _flow(found: Attack, wait: str, measure: str, start: str, end: str) -> Terms:
    if measure == "starts":
        measure, wait = _joins(found.code, wait)
    return _sum(found, (wait, measure), start, end)


def _joins(code: str, wait: str) -> tuple[str, str]:
    """What a start of a wait is: the completion of the stage before, a request, or a start of its own."""
    if wait in FEEDS:
        return "completed", FEEDS[wait]
    return ("referrals", "") if code == "EHC" and wait == "decision" else ("starts", wait)


def _names(one: Set, row) -> list[str]:
    return list(
        one.merged.get(
            f"{row.pathway}|{row.wait}|{row.measure}|{row.group}||{row.period_end}", (row.group,)
        )
    )


def _printed(found: Attack, row, one: Set, number: int) -> None:
    """A printed row as rows of the system."""
    if row.form == "z":
        return
    wait, measure, end = row.wait, row.measure, row.period_end[:10]
    lo, hi = interval(row.value, row.form, one.k)
    if row.unit == "count":
        if row.period_start:
            terms = _flow(found, wait, measure, row.period_start, row.period_end)
        else:
            terms = {(wait, measure, g, end): 1.0 for g in _names(one, row)}
        found.say(terms, lo, hi, number)
    elif row.unit == "percent":
        _share(found, row, one, number)
    else:
        _average(found, row, one, number)


def _share(found: Attack, row, one: Set, number: int) -> None:
    form = row.form if row.form != "c" else _shown_form(one, row)
    if row.period_start:
        top = _sum(found, (row.wait, row.measure, "top"), row.period_start, row.period_end)
        bottom = _bottom(found, row.wait, row.measure, row.period_start, row.period_end)
    else:
        top = {(row.wait, row.measure, "top", row.period_end[:10]): 1.0}
        bottom = {(row.wait, "waiting", "", row.period_end[:10]): 1.0}
    low, high = interval(row.denominator, form if row.denominator else "c", one.k)
    found.say(bottom, low, high, number)
    if row.form == "c":
        found.say(top, 0, INF, number)
    else:
        found.say(top, *interval(row.numerator, row.form, one.k), number)


def _length(start: str, end: str) -> int:
    return round((day(end) - day(start)).days / 30.4) if start else 0


def _shown_form(one: Set, row) -> str:
    """The form of the shown periods of the same series and length: what its [c] rows print their denominators in."""
    same = one.figures
    same = same[(same["wait"] == row.wait) & (same["measure"] == row.measure)]
    mine = _length(row.period_start, row.period_end)
    forms = {r.form for r in same.itertuples() if _length(r.period_start, r.period_end) == mine} & {
        "exact",
        "rounded",
    }
    return forms.pop() if len(forms) == 1 else "rounded" if one.rounds else "exact"


def _bottom(found: Attack, wait: str, measure: str, start: str, end: str) -> Terms:
    if measure == "within_standard_pct":
        return _sum(found, (wait, "completed"), start, end)
    if measure == "within_20_weeks_pct":
        return _sum(found, ("", "plans_issued"), start, end)
    if measure in ("decisions_within_6_weeks_pct", "requests_refused_pct"):
        return _sum(found, ("decision", "completed"), start, end)
    return _sum(found, (wait, measure, "all"), start, end)


def _average(found: Attack, row, one: Set, number: int) -> None:
    """A mean times its n is a sum of days, at one decimal of a week; medians and percentiles are ranks."""
    end = row.period_end[:10]
    if row.form == "c":
        if row.period_start:
            found.say(
                _sum(found, (row.wait, "completed"), row.period_start, row.period_end),
                1,
                one.k - 1,
                number,
            )
        return
    low, high = interval(
        row.n, "rounded" if one.rounds or row.form == "rounded" else "exact", one.k
    )
    weeks = float(row.value)
    least, most = 7 * (weeks - 0.05) - 1e-6, 7 * (weeks + 0.05) + 1e-6
    if row.measure == "mean_weeks_completed":
        bottom = _sum(found, (row.wait, "completed"), row.period_start, row.period_end)
        if row.n:
            found.say(bottom, low, high, number)
        days = _sum(found, (row.wait, "days completed"), row.period_start, row.period_end)
        found.real |= set(days)
        found.say(days | {n: -least for n in bottom}, 0, INF, number)
        found.say(days | {n: -most for n in bottom}, -INF, 0, number)
        return
    if row.period_start or row.measure not in _LISTED:
        return
    groups = [row.group]
    if row.n:
        found.say({(row.wait, "waiting", g, end): 1.0 for g in groups}, low, high, number)
    if row.measure == "mean_weeks_open":
        days_of = (row.wait, "days open", row.group, end)
        found.real.add(days_of)
        size = (row.wait, "waiting", row.group, end)
        found.say({days_of: 1.0, size: -least}, 0, INF, number)
        found.say({days_of: 1.0, size: -most}, -INF, 0, number)
        return
    if row.group or one.rounds:
        return
    pieces = [(row.wait, "piece", e, end) for e in EDGES]
    uppers = [*EDGES[1:], None]
    if row.measure == "longest_weeks_open":
        some = {p: 1.0 for p, u in zip(pieces, uppers, strict=True) if u is None or u > 7 * weeks}
        found.say(some, one.k, INF, number)
        over = {p: 1.0 for p, e in zip(pieces, EDGES, strict=True) if e >= 7 * weeks + 7}
        if over:
            found.say(over, -INF, one.k - 1, number)
        return
    rank = 0.5 if row.measure == "median_weeks_open" else 0.92
    below = {p: 1.0 for p, u in zip(pieces, uppers, strict=True) if u is not None and u <= least}
    above = {p: 1.0 for p, e in zip(pieces, EDGES, strict=True) if e > most}
    size = (row.wait, "waiting", "", end)
    if below:
        found.say(below | {size: -rank}, -INF, 0, number)
    if above:
        found.say(above | {size: rank - 1}, -INF, 0, number)


_LISTED = ("mean_weeks_open", "median_weeks_open", "p92_weeks_open", "longest_weeks_open")


def _theme(found: Attack, row, one: Set, number: int) -> None:
    """Referrals by group over a period: groups of a column add up to all referrals."""
    if row.measure != "referrals" or row.form == "z":
        return
    lo, hi = interval(row.value, row.form, one.k if row.group else 1)
    name = ("", "referrals", row.group) if row.group else ("", "referrals")
    if row.group.endswith("=all others"):
        return
    found.say(_sum(found, name, row.period_start, row.period_end), lo, hi, number)


# --- what is true of every service -----------------------------------------------------------------


def _less(terms: Terms, *others: Terms) -> Terms:
    out = dict(terms)
    for other in others:
        for name, factor in other.items():
            out[name] = out.get(name, 0.0) - factor
    return out


def _list(found: Attack, wait: str, stocks: list[date]) -> None:
    """waiting = before + starts - completed - removed; bands, lines, groups, averages and ages of each census day."""
    told = {n for terms, *_ in found.rows for n in terms}
    days = [d for d in stocks if (wait, "waiting", "", d.isoformat()) in told]
    for at in days:
        _census(found, wait, at.isoformat(), told)
    for first, last in zip(days, days[1:], strict=False):
        start, end = (first + timedelta(days=1)).isoformat(), last.isoformat()
        joined = _flow(found, wait, "starts", start, end)
        left = _sum(found, (wait, "completed"), start, end) | _sum(
            found, (wait, "removed_other"), start, end
        )
        before, after = ((wait, "waiting", "", d.isoformat()) for d in (first, last))
        found.say(_less({after: 1.0, before: -1.0}, joined, {n: -1.0 for n in left}), 0, 0)
        _groups(found, wait, first, last, told, joined, left)
    for at in days:
        for name, line in LINES.items():
            over = (wait, name, "", at.isoformat())
            if over in told:
                _aged(found, wait, over, line, at, days)


def _census(found: Attack, wait: str, at: str, told: set) -> None:
    size = (wait, "waiting", "", at)
    pieces = {e: (wait, "piece", e, at) for e in EDGES}
    found.say(_less({size: 1.0}, dict.fromkeys(pieces.values(), 1.0)), 0, 0)
    for name, line in LINES.items():
        over = {p: 1.0 for e, p in pieces.items() if e >= line}
        if (wait, name, "", at) in told:
            found.say(_less({(wait, name, "", at): 1.0}, over), 0, 0)
    for name in [n for n in told if n[0] == wait and n[-1] == at and len(n) == 4]:
        measure = str(name[1])
        if measure.startswith("waiting_band_") and not name[2]:
            low, _, high = measure.removeprefix("waiting_band_").partition("_")
            upper = INF if high == "plus" else int(high)
            inside = {p: 1.0 for e, p in pieces.items() if int(low) <= e <= upper}
            found.say(_less({name: 1.0}, inside), 0, 0)
        elif measure in ("waiting_booked", "waiting_not_flowed") or name[2] == "top":
            found.say(_less({size: 1.0}, {name: 1.0}), 0)
    days_of = (wait, "days open", "", at)
    if days_of in found.real:
        tops = {p: float(u - 1) for p, u in zip(pieces.values(), EDGES[1:], strict=False)}
        tops[pieces[EDGES[-1]]] = float(WIDEST)
        found.say(_less({days_of: 1.0}, {p: float(e) for e, p in pieces.items() if e}), 0)
        found.say(_less(tops, {days_of: 1.0}), 0)
    _columns(found, wait, at, told)


def _columns(found: Attack, wait: str, at: str, told: set) -> None:
    groups: dict[tuple[str, str], list[tuple]] = {}
    for name in told:
        if len(name) == 4 and name[0] == wait and name[-1] == at and "=" in str(name[2]):
            groups.setdefault((name[1], name[2].split("=")[0]), []).append(name)
    for (measure, _), names in groups.items():
        if measure != "days open":
            found.say(_less({(wait, measure, "", at): 1.0}, dict.fromkeys(names, 1.0)), 0, 0)
        if str(measure) in LINES:
            for name in names:
                found.say(_less({(wait, "waiting", name[2], at): 1.0}, {name: 1.0}), 0)


def _groups(
    found: Attack, wait: str, first: date, last: date, told: set, joined: Terms, left: Terms
) -> None:
    """Groups followed from census to census: each joins and leaves by its own children."""
    names = [
        [n[2] for n in told if n[:2] == (wait, "waiting") and n[2] and n[3] == d.isoformat()]
        for d in (first, last)
    ]
    for column in {g.split("=")[0] for g in names[0]}:
        groups = [g for g in names[0] if g.split("=")[0] == column]
        if sorted(groups) != sorted(g for g in names[1] if g.split("=")[0] == column):
            continue
        into = {g: (wait, "joined", g, last) for g in groups}
        out = {g: (wait, "left", g, last) for g in groups}
        found.say(_less(joined, dict.fromkeys(into.values(), 1.0)), 0, 0)
        found.say(_less(left, dict.fromkeys(out.values(), 1.0)), 0, 0)
        for g in groups:
            before, after = ((wait, "waiting", g, d.isoformat()) for d in (first, last))
            found.say({after: 1.0, before: -1.0, into[g]: -1.0, out[g]: 1.0}, 0, 0)


def _aged(found: Attack, wait: str, over: tuple, line: int, at: date, days: list[date]) -> None:
    """Who has waited over a line was on the list when it began; who has not has joined since."""
    size = (wait, "waiting", "", at.isoformat())
    for before in [d for d in days if (at - d).days <= line - 1 and d < at]:
        found.say(_less({(wait, "waiting", "", before.isoformat()): 1.0}, {over: 1.0}), 0)
    for cut in [c for c in found.cuts if line - 1 <= (at - c).days <= line + 400]:
        joined = _flow(found, wait, "starts", cut.isoformat(), at.isoformat())
        found.say(_less(joined, {size: 1.0, over: -1.0}), 0)


def _always(found: Attack, waits: list[str]) -> None:
    """Shares lie within their counts; stages, referrals, plans and refusals fit each other in every piece of time."""
    told = {n for terms, *_ in found.rows for n in terms}
    firsts = [w for w in waits if w not in FEEDS and w != "plan"]
    for cut in found.cuts[:-1]:
        for wait in firsts:
            if _joins(found.code, wait)[0] == "starts" and (wait, "starts", cut) in told:
                found.say(_less({("", "referrals", cut): 1.0}, {(wait, "starts", cut): 1.0}), 0)
        for name in [n for n in told if n[-1] == cut and len(n) == 4 and n[2] == "top"]:
            text = cut.isoformat()
            bottom = _bottom(found, name[0], name[1], text, text)
            found.say(_less(bottom, {name: 1.0}), 0)
        _plans(found, told, cut)
    for name in [n for n in told if len(n) == 3 and n[1] == "days completed"]:
        count = (name[0], "completed", name[2])
        found.say({count: float(WIDEST), name: -1.0}, 0)
        late = STANDARD.get(name[0]) or STANDARD.get(found.code)
        top = (name[0], "within_standard_pct", "top", name[2])
        if late and top in told:
            found.say(_less({name: 1.0}, {count: float(late + 1), top: -float(late + 1)}), 0)
            found.say(
                _less({top: float(late), count: float(WIDEST)}, {top: float(WIDEST), name: 1.0}), 0
            )
    groups = {n[2] for n in told if len(n) == 4 and n[:2] == ("", "referrals")}
    for column in {g.split("=")[0] for g in groups}:
        inside = [g for g in groups if g.split("=")[0] == column]
        for cut in found.cuts[:-1]:
            parts = {("", "referrals", g, cut): 1.0 for g in inside}
            found.say(_less({("", "referrals", cut): 1.0}, parts), 0)


def _plans(found: Attack, told: set, cut: date) -> None:
    issued, done = ("", "plans_issued", cut), ("plan", "completed", cut)
    if issued in told:
        found.say({issued: 1.0, done: -1.0}, 0)
        in_time, of_waits = (
            ("", "within_20_weeks_pct", "top", cut),
            ("plan", "within_standard_pct", "top", cut),
        )
        some, some_top = (("", "within_20_weeks_excl_pct", kind, cut) for kind in ("all", "top"))
        found.say({issued: 1.0, some: -1.0}, 0)
        if some_top in told and in_time in told:
            found.say({in_time: 1.0, some_top: -1.0}, 0)
            found.say({issued: 1.0, some: -1.0, in_time: -1.0, some_top: 1.0}, 0)
        if in_time in told and of_waits in told:
            found.say({in_time: 1.0, of_waits: -1.0}, 0)
            found.say({issued: 1.0, in_time: -1.0, done: -1.0, of_waits: 1.0}, 0)
    removed = ("plan", "removed_other", cut)
    refused = [
        ("", "requests_refused_pct", "top", cut),
        ("", "refusals_within_16_weeks_pct", "all", cut),
    ]
    inside = {n: -1.0 for n in refused if n in told}
    if inside and removed in told:
        found.say({removed: 1.0} | inside, 0)


# --- the questions -----------------------------------------------------------------------------------


class Solver:
    """Least and most of any sum, over whole numbers that fit."""

    def __init__(self, attack: Attack) -> None:
        rows = [(t, lo, hi) for t, lo, hi, _ in attack.rows if t]
        self.names = {n: i for i, n in enumerate(dict.fromkeys(n for t, *_ in rows for n in t))}
        count = len(self.names)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = count, len(rows)
        lp.col_cost_ = np.zeros(count)
        lp.col_lower_ = np.zeros(count)
        real = [n in attack.real for n in self.names]
        lp.col_upper_ = np.where(real, 1e7, WIDEST).astype(float)
        lp.row_lower_ = [max(lo, -highspy.kHighsInf) for _, lo, _ in rows]
        lp.row_upper_ = [min(hi, highspy.kHighsInf) for _, _, hi in rows]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0] + [len(t) for t, *_ in rows])
        lp.a_matrix_.index_ = [self.names[n] for t, *_ in rows for n in t]
        lp.a_matrix_.value_ = [f for t, *_ in rows for f in t.values()]
        self.whole = np.array([not r for r in real])
        self.solver = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_max_nodes", 400)):
            self.solver.setOptionValue(option, value)
        self.solver.passModel(lp)
        self.lp, self.seen = lp, []

    def table(self, gain: Terms) -> np.ndarray | None:
        """The table with the most of a sum, fractions allowed; None when nothing fits."""
        cost = np.zeros(len(self.names))
        for name, factor in gain.items():
            cost[self.names[name]] -= factor
        self.solver.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.array(self.solver.getSolution().col_value)

    def value(self, table: np.ndarray, terms: Terms) -> float:
        return sum(f * table[self.names[n]] for n, f in terms.items())

    def possible(self, terms: Terms, truth: int) -> bool:
        """Whether a whole-numbered table exists in which the sum is not its true value. Unproved counts as no."""
        if any(abs(self.value(t, terms) - truth) > 0.5 for t in self.seen):
            return True
        for sign in (1.0, -1.0):
            table = self.table({n: sign * f for n, f in terms.items()})
            if table is None:
                raise ValueError("nothing fits what was printed")
            if abs(self.value(table, terms) - truth) < 0.999:
                continue
            if self._is_whole(table) or self._whole(terms, sign, truth):
                return True
        return False

    def _is_whole(self, table: np.ndarray) -> bool:
        inside = table[self.whole]
        if np.abs(inside - np.round(inside)).max() > 1e-6:
            return False
        self.seen.append(table)
        return True

    def _whole(self, terms: Terms, sign: float, truth: int) -> bool:
        """Asked again for whole numbers beyond the true value."""
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("mip_max_nodes", 2000)):
            solver.setOptionValue(option, value)
        self.lp.integrality_ = [
            highspy.HighsVarType.kInteger if w else highspy.HighsVarType.kContinuous
            for w in self.whole
        ]
        solver.passModel(self.lp)
        index = np.array([self.names[n] for n in terms], dtype=np.int32)
        value = np.array(list(terms.values()))
        lo, hi = (truth + 1, INF) if sign > 0 else (-INF, truth - 1)
        solver.addRow(
            max(lo, -highspy.kHighsInf), min(hi, highspy.kHighsInf), len(index), index, value
        )
        solver.run()
        table = solver.getSolution().col_value
        if len(table) and solver.getInfo().primal_solution_status == 2:
            return self._is_whole(np.array(table))
        return False


def agreed(found: Attack, newest: int) -> Attack:
    """The system without those printed numbers of older sets that contradict newer ones: restated since, and known to be."""
    if Solver(found).table({}) is not None:
        return found
    rows = []
    for at, (terms, lo, hi, release) in enumerate(found.rows):
        slack: Terms = {("slack", at, 1): 1.0, ("slack", at, -1): -1.0}
        old = 0 <= release
        rows.append((terms | slack if old and terms else terms, lo, hi, release))
    loose = Attack(found.code, found.k, rows, found.real | _slacks(rows), found.cuts)
    solver = Solver(loose)
    cost = {n: -(100.0 if found.rows[n[1]][3] == newest else 1.0) for n in _slacks(rows)}
    table = solver.table(cost)
    if table is None:
        raise ValueError("what is known of every service contradicts itself")
    wrong = {n[1] for n in _slacks(rows) if table[solver.names[n]] > 1e-6}
    found.rows = [row for at, row in enumerate(found.rows) if at not in wrong]
    return found


def _slacks(rows: list[tuple[Terms, float, float, int]]) -> set[tuple]:
    return {n for terms, *_ in rows for n in terms if n[0] == "slack"}


def changes(sets: list[Set]) -> list[str]:
    """Counts printed exactly in two sets that differ by 1 to k - 1: a few children recorded late."""
    keys = ["wait", "measure", "group", "period_start", "period_end"]
    found = []
    for before, after in zip(sets, sets[1:], strict=False):
        both = before.figures.merge(after.figures, on=keys, suffixes=("_a", "_b"))
        both = both[(both["form_a"] == "exact") & (both["form_b"] == "exact")]
        for column in ("value", "numerator", "denominator", "n"):
            counted = both[(both["unit_a"] == "count")] if column == "value" else both
            one, two = (pd.to_numeric(counted[f"{column}_{x}"], errors="coerce") for x in "ab")
            few = counted[(one - two).abs().between(1, after.k - 1)]
            found += ["|".join(map(str, r)) for r in few[keys].itertuples(index=False)]
    return found


def targets(
    found: Attack, truth: pd.DataFrame, known: Mapping[tuple, int]
) -> list[tuple[str, Terms, int]]:
    """(name, sum, true value) of every count of 1 to k - 1 in the exact figures that the attacker has unknowns for."""
    out = []
    for r in truth.itertuples():
        end = r.period_end
        if r.period_start and (
            day(r.period_start) not in known or day(end) + timedelta(days=1) not in known
        ):
            continue
        for what, terms, value in _counts(found, r):
            if value is not None and 1 <= value <= found.k - 1:
                out.append(
                    (
                        f"{r.wait}|{r.measure}|{what}|{r.group}|{r.period_start}|{end}",
                        terms,
                        int(value),
                    )
                )
    return out


def _counts(found: Attack, r):
    start, end = r.period_start, r.period_end
    if r.unit == "count":
        if not start:
            yield "", {(r.wait, r.measure, r.group, end): 1.0}, r.value
        elif not r.group:
            yield "", _flow(found, r.wait, r.measure, start, end), r.value
        return
    if r.unit != "percent" or r.group or pd.isna(r.denominator):
        return
    if start:
        top = _sum(found, (r.wait, r.measure, "top"), start, end)
        bottom = _bottom(found, r.wait, r.measure, start, end)
    else:
        top = {(r.wait, r.measure, "top", end): 1.0}
        bottom = {(r.wait, "waiting", "", end): 1.0}
    yield "numerator", top, int(r.numerator)
    yield "rest", _less(bottom, top), int(r.denominator) - int(r.numerator)
    yield "denominator", bottom, int(r.denominator)


def recovered(code: str, sets: list[Set], truth: pd.DataFrame, k: int) -> tuple[list[str], int]:
    """The counts of 1 to k - 1 that the sets leave only their true value, and how many were asked for."""
    found = agreed(attack(code, sets, k), len(sets) - 1)
    solver = Solver(found)
    solver.table({})
    asked = [
        t
        for t in targets(found, truth, dict.fromkeys(found.cuts))
        if all(n in solver.names for n in t[1])
    ]
    told = [name for name, terms, value in asked if not solver.possible(terms, value)]
    return told, len(asked)
