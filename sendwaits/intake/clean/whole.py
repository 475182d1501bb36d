"""What only the whole of a file shows: a column that is not there or says nothing, days that were swapped, a list that is none.

In red where figures would look right and be wrong. Nothing here sets a row aside.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sendwaits.intake.clean.dates import BLANK, day_number
from sendwaits.intake.clean.notes import noted
from sendwaits.intake.clean.rows import Rows, mask
from sendwaits.intake.extracts.headings import tidy
from sendwaits.intake.extracts.proposals import LIKELY, alike
from sendwaits.pathways import Pathway

__all__ = ["swapped_days"]

FEW, FIFTH, LIST_FROM = 5, 0.2, 20
"""Fewer rows than FEW or a smaller share than FIFTH may be chance; a list of LIST_FROM rows has some that ended and some that did not."""
YEAR, HALF_YEAR = 366, 183
_DAY_UNKNOWN = r"(?i)^\W*(n/?k\b|unk\b|unknown|not (known|recorded|entered|stated)|missing|date (not|unknown|missing))"
"""Words for something that happened on a day that nobody wrote down; "awaiting" and "n/a" say that it did not happen."""


def _without(pathway: Pathway) -> dict[str, str]:
    """What goes wrong without each of the dates that start or end a wait, in words."""
    words = {pathway.start: ""}
    for wait in pathway.waits:
        words.setdefault(wait.start, f"nobody starts the wait '{wait.name}'")
        words[wait.completed] = f"nobody completes the wait '{wait.name}', it only grows"
        for removal in wait.removed:
            words.setdefault(removal.date, "nobody leaves a list but by completion")
    return words


@noted
def columns_not_there(rows: Rows, alive: np.ndarray) -> None:
    """A column of a wait that the file lacks, that sendwaits.toml maps to a heading that is not there, or that is read twice."""
    text, pathway = rows.text, rows.pathway
    place = f"sendwaits.toml under [pathways.{pathway.code}.headings]"
    first = {
        n
        for w in pathway.waits
        if w.start == pathway.start
        for n in (w.completed, *(r.date for r in w.removed if not r.when))
    }
    if not text.headings:
        return  # a SEN2 return: its modules have names of their own
    for name, words in _without(pathway).items():
        mapped = pathway.headings.get(name, "")
        if name in text.columns or name == pathway.start:
            continue
        likely = next((h for h in text.extra if alike(h, name, pathway) >= LIKELY), "")
        if not (likely or mapped or name in first or text.extra):
            continue  # a later stage may not be in the extract at all
        why = f"no column '{name}': {words}"
        if mapped:
            why += f"; sendwaits.toml maps it to '{_short(mapped)}', which is not in the file"
        if likely:
            why += f"; it may be called '{_short(likely)}'"
        to_do = f"Map its heading in {place} (a proposal: sendwaits map FILE --pathway {pathway.code}), or ask for the column."
        rows.note("N-HEADER", "red" if likely or mapped else "warn", 1, why, to_do)
    for date, condition in _conditions(pathway):
        blank = condition not in text.columns or rows.blank(condition).all()
        if blank and date in rows.days and rows.any_date(date).any():
            why = f"'{date}' is filled and '{condition}', which says what it means, is not there or blank: nobody's wait ends by it"
            rows.note("N-HEADER", "red", 1, why, f"Map its heading in {place}.")
    for name, heading in pathway.headings.items():
        read = text.headings.get(name)
        if read and tidy(read) != tidy(heading):
            why = f"sendwaits.toml maps '{name}' to '{_short(heading)}', which is not in the file; '{_short(read)}' was read"
            rows.note("N-HEADER", "warn", 1, why, f"Correct or delete the line in {place}.")
    for name, others in text.twins.items():
        if rows.blank(name).all():
            why = f"'{_short(text.headings[name])}' is blank and was read as '{name}', though '{_short(others[0])}' could be it"
            rows.note("N-HEADER", "red", 1, why, f"Say which in {place}, or delete one.")
    dated = [(id(text.columns[n]), n) for n in rows.dates]
    for at, (column, name) in enumerate(dated):
        for _, other in [d for d in dated[:at] if d[0] == column]:
            why = f"one column is read as '{other}' and as '{name}'"
            rows.note("N-HEADER", "red", 1, why, f"Correct {place}.")


def _conditions(pathway: Pathway) -> list[tuple[str, str]]:
    """Dates that end a wait only where another column says so, with that column."""
    found = {
        (w.completed, w.completed_when.column): None
        for w in pathway.waits
        if w.completed_when is not None
    }
    found |= {(r.date, r.column): None for w in pathway.waits for r in w.removed if r.column}
    return list(found)


def _short(text: str) -> str:
    return " ".join(text.split())[:60]


@noted
def columns_mostly_unread(rows: Rows, alive: np.ndarray) -> None:
    import pyarrow.compute as pc

    for name in rows.pathway.wait_dates:
        if name not in rows.dates or name == rows.pathway.start:
            continue
        read, column = rows.dates[name], rows.column(name)
        unknown = read.missing & mask(pc.match_substring_regex(column.values, _DAY_UNKNOWN))
        lost = column.where(read.bad | unknown)
        filled = lost | rows.any_date(name)
        if lost.sum() >= FEW and lost.sum() > FIFTH * filled.sum():
            words = f"cells of '{name}' hold no day that can be read, over a fifth of those filled: figures are short of them"
            rows.note(
                "Q-DATE", "red", lost.sum(), words, "Export the dates in one format (2024-07-31)."
            )


def swapped_days(rows: Rows) -> Iterator[tuple[str, int]]:
    """Columns whose impossible days (after the extract, or before the start) nearly all become possible with day and month swapped."""
    start, last = rows.start, rows.extract_day
    for name in rows.of_kind("date"):
        day = rows.days[name]
        dated = (day != BLANK) & ((start != BLANK) | (name == rows.pathway.start))
        wrong = dated & ((day > last) | ((day < start) & (name != rows.pathway.start)))
        if wrong.sum() >= FEW:
            dates = day[wrong].astype("datetime64[D]")
            year = dates.astype("datetime64[Y]").astype(int) + 1970
            month = dates.astype("datetime64[M]").astype(int) % 12 + 1
            number = (dates - dates.astype("datetime64[M]")).astype(int) + 1
            other = day_number(year, number, month)
            low = other if name == rows.pathway.start else start[wrong]
            fits = (other != BLANK) & (other <= last) & (other >= low)
            if fits.mean() > 1 - FIFTH / 2:
                yield name, int(wrong.sum())


@noted
def days_swapped(rows: Rows, alive: np.ndarray) -> None:
    for name, n in swapped_days(rows):
        words = f"impossible days of '{name}' would be possible with day and month swapped: the others may be swapped, too"
        rows.note("W-AMBIG", "red", n, words, "Export the column anew, as 2024-07-31.")


@noted
def days_all_old(rows: Rows, alive: np.ndarray) -> None:
    dated = [rows.days[n] for n in rows.of_kind("date")]
    days = [d[alive & (d != BLANK) & (d <= rows.extract_day)] for d in dated]
    newest = max((int(d.max()) for d in days if len(d)), default=rows.extract_day)
    if alive.sum() >= LIST_FROM and rows.extract_day - newest > YEAR:
        words = "the newest day of the file lies more than a year before the day in its name"
        to_do = (
            "Check the day in the name, and whether years or Excel's 1904 calendar were mistaken."
        )
        rows.note("F-ASOF", "red", 1, words, to_do)


@noted
def not_the_full_list(rows: Rows, alive: np.ndarray) -> None:
    """A list of those who wait alone, or of those who are done alone."""
    ends = [n for n in rows.pathway.wait_dates if n in rows.days]
    starts = rows.start[alive & (rows.start != BLANK)]
    if len(starts) < LIST_FROM or not ends or starts.max() - starts.min() < HALF_YEAR:
        return
    dated = np.logical_or.reduce(
        [rows.any_date(n) for n in ends if n != rows.pathway.start] or [~alive]
    )
    last = {rows.pathway.waits[-1].completed, rows.pathway.rejected}
    last |= {r.date for w in rows.pathway.waits for r in w.removed if not r.when}
    over = np.logical_or.reduce([rows.any_date(n) for n in rows.days if n in last] or [~alive])
    to_do = "Ask for the full list: every referral that was open at any time in the last years."
    if len(ends) > 1 and not (dated & alive).any():
        words = "records and none of them has ended: this is a list of those who wait, and nothing can be said of completions"
        rows.note("W-VOLUME", "amber", int(alive.sum()), words, to_do)
    elif (over | ~alive).all():
        words = "records and all of them have ended: this is a list of those who are done, and nobody seems to wait"
        rows.note("W-VOLUME", "amber", int(alive.sum()), words, to_do)
