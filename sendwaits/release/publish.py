"""The way onto a page: a frame, a chart and a sentence are checked against what is released, then become a part of it."""

from __future__ import annotations

import functools
import importlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from sendwaits.errors import Refused
from sendwaits.release import findings, show, wording, words
from sendwaits.release.key import COLUMNS
from sendwaits.release.number import Number, printed
from sendwaits.release.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Part", "Published", "Section", "closing", "compose", "display", "opening", "section"]


@dataclass(frozen=True)
class Part:
    """A piece of a page: HTML for the page, the same in plain text, and what the page needs to know about it."""

    kind: str
    html: Markup
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        data = {"text/plain": self.text, "text/html": str(self.html)}
        return data, {"sendwaits": {"part": self.kind, **self.facts}}

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Section:
    """What the section template takes. ``words``: pairs of a small heading and a paragraph."""

    title: Markup | str
    subtitle: Markup | str = ""
    words: Sequence[tuple[str, Markup | str]] = ()
    chart: Markup = Markup("")
    tables: Sequence[show.Table] = ()
    source: Markup | str = ""
    note: Markup | str = ""
    body: Markup = Markup("")

    def part(self) -> Part:
        """The section as a part of a page."""
        lines = [self.title, self.subtitle, *(f"{head} {plain(body)}" for head, body in self.words)]
        text = "\n".join(plain(line) for line in (*lines, self.note, self.source) if line)
        return Part("section", wording.render("section.html", s=self), text)


class Published:
    """What a report of a service and one of the area share: sections by name, and the way onto their page."""

    name: str

    def publish(
        self, name: str, frame: pd.DataFrame, ax: Axes | None = None, sentence: str | None = None
    ) -> None:
        """Puts a section on the page: its finding, its chart and its table; shown here as it will look there.

        ``name``: a section of this report (its words are in templates/<report>/<name>.j2), or a heading of your own, with a
        ``sentence``. ``frame``: released rows, or a selection or pivot of them. ``ax``: an Axes that shows only them.

        Raises `Refused` naming the first number that is not released, that the chart adds, or that the sentence adds.
        """
        display(section(self, name, frame, ax, sentence))

    def opening(self) -> Part:
        """The finding of the whole page, who is counted, and its key figures."""
        return opening(self)

    def closing(self) -> Part:
        """For the Board, data quality, notes."""
        return closing(self)

    def sections(self) -> list[str]:
        """The sections of this report: each is a call that gives its released frame."""
        return list(self._tables().__all__)

    def _tables(self) -> Any:
        return importlib.import_module(f"sendwaits.release.tables.{self.name}")

    def __getattr__(self, section: str) -> Any:
        if section.startswith("_"):
            raise AttributeError(section)
        made = getattr(self._tables(), section, None) if section in self.sections() else None
        if made is None:
            known = ", ".join(self.sections())
            raise AttributeError(
                f"The report {self.name} has no section '{section}'. It has: {known}."
            )
        return functools.partial(made, self)

    def __dir__(self) -> list[str]:
        own = [n for c in type(self).__mro__[:-1] for n in vars(c)] + list(vars(self))
        return sorted({*(n for n in own if not n.startswith("_")), *self.sections()})


ENDS = ("low", "high")
"""Columns beside a number that a chart may draw: the ends of its interval."""
HEADS = {"shows": "What it shows", "real": "Is it real?", "so": "So what"}
"""The blocks of a section's template that become paragraphs beside its chart."""


def display(part: Part) -> None:
    """Shows a part in a notebook, where the page finds it; elsewhere as text."""
    from IPython.display import display as shown

    shown(part)


def section(
    report: Any,
    name: str,
    frame: pd.DataFrame,
    ax: Axes | None = None,
    sentence: str | None = None,
) -> Part:
    """The part of one section. Raises `Refused` for anything that is not released: see `Published.publish`."""
    return compose(report, name, frame, ax, sentence).part()


def compose(
    report: Any,
    name: str,
    frame: pd.DataFrame,
    ax: Axes | None = None,
    sentence: str | None = None,
) -> Section:
    """The section as the page and the document take it, checked: see `section`."""
    tidy = released_rows(report, frame)
    found = findings.words_of(report, name, tidy)
    if found is None:
        found = _own_words(report, name, tidy, sentence)
    elif sentence:
        found["so"] = _sentence(report, tidy, sentence)
    title = found.pop("title", Markup(words.capital(name)))
    caption = plain(found.get("caption") or found.get("subtitle") or name)
    tables = findings.tables_of(report, name, tidy)
    if tables is None:
        tables = show.layout(tidy, caption, report.pathway)
    chart = _chart(report, tidy, ax, plain(title)) if ax is not None else Markup("")
    pairs = [(head, found[block]) for block, head in HEADS.items() if found.get(block)]
    return Section(
        title,
        found.get("subtitle", ""),
        pairs,
        chart,
        tables,
        found.get("source", ""),
        found.get("note", ""),
        found.get("body", Markup("")),
    )


def opening(report: Any) -> Part:
    """The page's first part: title, lede and key figures, from templates/<report>/opening.j2 and findings."""
    found = findings.words_of(report, "opening", report.released) or {}
    keys = findings.keys_of(report)
    title = found["title"]
    html = wording.render(
        "opening.html",
        title=title,
        lede=found["lede"],
        keys=keys,
        late=report.late,
        doubts=report.doubts,
    )
    lines = [
        title,
        found["lede"],
        *report.late,
        *report.doubts,
        *(f"{k['name']}: {plain(k['value'])}" for k in keys),
    ]
    facts = report.page_facts(plain(title))
    return Part("opening", html, "\n".join(plain(line) for line in lines), facts)


def closing(report: Any) -> Part:
    """The page's last part: for the Board, data quality, notes."""
    found = findings.words_of(report, "closing", report.released) or {}
    html = wording.render("closing.html", found=found, notes=report.notes())
    return Part("closing", html, plain(html))


# --- nothing that is not released ---------------------------------------------------------------


def released_rows(report: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """The tidy released rows behind a frame: the frame itself, or those behind a selection or pivot of it.

    A pivot says with the names of its index and columns which number a cell is. Raises `Refused` naming the first that is not
    released, or that the frame does not name well enough.
    """
    known = report.publishable
    if set(COLUMNS[:7]) <= set(frame.columns):
        return _same(frame.reset_index(drop=True), known)
    long = _melted(frame)
    named = [c for c in long.columns if c in COLUMNS[:6]]
    if not named or "value" not in long:
        raise Refused(
            "publish: this frame does not say which numbers it holds. Give rows of report.released, or a pivot whose "
            f"index and columns are named after them ({', '.join(COLUMNS[:6])})."
        )
    long = long[long["value"].notna()]
    found = long.merge(known, on=named, how="left", suffixes=("", "_released"))
    wrong = found[
        found["value_released"].isna() | ~np.isclose(found["value"], found["value_released"])
    ]
    matched = found.drop(wrong.index).drop_duplicates([*named, "value"])
    missing = long.merge(
        matched[[*named, "value"]], on=[*named, "value"], how="left", indicator=True
    )
    _refuse(missing[missing["_merge"] == "left_only"], named)
    return matched.drop(columns="value").rename(columns={"value_released": "value"})[COLUMNS]


def _melted(frame: pd.DataFrame) -> pd.DataFrame:
    names = [n for n in frame.columns.names if n]
    if not names:
        return frame.reset_index()
    kept = frame.copy()
    return (
        kept.stack(list(range(frame.columns.nlevels)), future_stack=True)
        .rename("value")
        .reset_index()
    )


def _same(frame: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    keys = COLUMNS[:6]
    found = frame.merge(
        known[[*keys, "value", "form"]], on=keys, how="left", suffixes=("", "_released")
    )
    form = found["form_released"] if "form_released" in found else found["form"]
    found["value"], shown = found["value"].astype(float), found["value_released"].astype(float)
    equal = (found["value"].isna() & shown.isna()) | np.isclose(found["value"], shown)
    _refuse(found[form.isna() | ~equal], keys)
    ends = [c for c in ENDS if c in frame and c in known]
    if ends:  # never the caller's own
        frame = frame.drop(columns=ends).merge(known[[*keys, *ends]], on=keys, how="left")
    return frame.merge(known[[*keys, "form"]], on=keys) if "form" not in frame else frame


def _refuse(rows: pd.DataFrame, named: Sequence[str]) -> None:
    if not len(rows):
        return
    row = rows.iloc[0]
    which = ", ".join(str(row[c])[:60] for c in named if str(row[c]) not in ("", "NaT"))
    raise Refused(
        f"publish: {len(rows)} {words.plural(len(rows), 'number')} of this frame {words.plural(len(rows), 'is', 'are')} not "
        f"released. The first: {which}. Only rows of report.released, as they are, can go on a page."
    )


def _chart(report: Any, tidy: pd.DataFrame, ax: Any, title: str) -> Markup:
    """The chart at both widths, once nothing on it is found that the frame does not hold."""
    from sendwaits.release import charts

    _only_released(charts.values(ax), charts.summaries(ax), tidy)
    for text in charts.texts(ax):
        _sentence(report, tidy, text)
    charts.claim(ax, tidy)
    alt = _alt(charts, report, tidy, title)
    wide, narrow = (charts.svg(ax, width, alt=alt) for width in ("wide", "narrow"))
    return Markup('<div class="wide">{}</div><div class="narrow" hidden="">{}</div>').format(
        Markup(wide), Markup(narrow)
    )


def _alt(charts: Any, report: Any, tidy: pd.DataFrame, title: str) -> str:
    measures = tidy["measure"]
    past = tidy[~measures.str.contains(":")]
    if measures.str.startswith("forecast:").any():
        ahead = report.ahead.frame
        wanted = {m.removeprefix("forecast:") for m in measures if m.startswith("forecast:")}
        rows = ahead[ahead["measure"].isin(wanted) & ahead["wait"].isin(set(tidy["wait"]))]
        if len(rows):
            return charts.alt(rows, "fan", title=title)
    if not len(past):
        return f"Chart: {title}."
    if measures.str.startswith("waiting_band_").any():
        bands = past[past["measure"].str.startswith("waiting_band_")]
        return charts.alt(bands, "bands", title=title)
    one_date = past["period_end"].nunique() == 1
    kind = "bars" if one_date and past["group"].nunique() > 1 else "line"
    return charts.alt(past, kind, verdicts=report.judged, title=title)


def _only_released(
    values: Sequence[tuple[Any, Any]], computed: Sequence[tuple[Any, Any]], tidy: pd.DataFrame
) -> None:
    """Refuses a chart with a value that the frame does not hold, or with a summary that is none of its groups' statistics."""
    shown = [tidy[c] for c in ("value", *ENDS) if c in tidy]
    exact = pd.concat(shown).dropna().to_numpy(dtype=float)
    _refuse_unknown(values, np.append(exact, 0.0))
    if len(computed):
        _refuse_unknown(computed, np.array(sorted(_statistics(tidy))))


def _refuse_unknown(points: Sequence[tuple[Any, Any]], allowed: np.ndarray) -> None:
    for x, y in points:
        along = isinstance(x, float) and abs(2 * y - round(2 * y)) < 1e-6  # a bar along x
        near = [np.isclose(allowed, v, rtol=1e-6).any() for v in ([y, x] if along else [y])]
        if y == y and not any(near):
            raise Refused(
                f"publish: the chart shows {printed(y, 1)}, which is not in the frame beside it. "
                "Draw the chart from the frame that you publish."
            )


def _statistics(tidy: pd.DataFrame) -> set[float]:
    found = {0.0}
    kinds = ("wait", "measure", "group", "period_end")
    groupings = [c for size in range(len(kinds) + 1) for c in itertools.combinations(kinds, size)]
    for columns in groupings:
        parts = [p for _, p in tidy.groupby(list(columns))] if columns else [tidy]
        for values in (p["value"].dropna().to_numpy(dtype=float) for p in parts):
            if len(values):
                found |= {*values, *np.percentile(values, (0, 25, 50, 75, 100)), values.mean()}
                found |= {float(len(values)), values.sum()} if len(columns) < 2 else set()
    return {float(v) for v in found}


# --- sections of an analyst's own ---------------------------------------------------------------


def _own_words(
    report: Any, name: str, tidy: pd.DataFrame, sentence: str | None
) -> dict[str, Markup]:
    if not sentence:
        known = ", ".join(report.sections())
        raise Refused(
            f"publish: '{name}' is no section of this report ({known}), so it needs a sentence: what does it show?"
        )
    ends = [words.day(e.date()) for e in (tidy["period_end"].min(), tidy["period_end"].max())]
    when = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    area = report.workspace.area.name
    about = report.pathway.title if report.pathway else "All services"
    return {
        "title": Markup("{}").format(words.capital(name)),
        "subtitle": Markup("{}, {}, {}.").format(about, area, when),
        "shows": _sentence(report, tidy, sentence),
        "source": report.source("as the table names"),
    }


_LINES = r"\bover \d+(?:(?:, | and | or )(?:over )?\d+)* weeks\b"
"""Lines of the list that a sentence names, as in "over 18 and over 52 weeks": no number of children."""


def _sentence(report: Any, tidy: pd.DataFrame, sentence: str) -> Markup:
    """The sentence with every number keyed and every verdict word marked; `Refused` when it says what the frame does not."""
    from sendwaits.release import verdicts

    numbers = [Number.of(r) for r in tidy.itertuples(index=False)]
    texts = {str(n).rstrip("%"): n for n in numbers if n.shown}
    years = {str(d.year) for d in (*tidy["period_end"], *tidy["period_start"].dropna())}
    dates = r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    measures, out, at = set(tidy["measure"]), Markup(""), 0
    for found in re.finditer(f"{dates}|{_LINES}" + r"|\d[\d,]*(?:\.\d+)?%?", sentence):
        text = found.group()
        weeks = re.findall(r"\d+", text) if text.endswith("weeks") else []
        unknown = [n for n in weeks if f"waiting_over_{n}_weeks" not in measures]
        out += _marked(verdicts, report, tidy, sentence[at : found.start()])
        at = found.end()
        if text in years or (" " in text and not unknown):
            out += Markup("{}").format(text)
        elif text.rstrip("%") in texts:
            number = texts[text.rstrip("%")]
            out += Markup('<span data-key="{}">{}</span>').format(str(number.key), text)
        else:
            raise Refused(
                f"publish: the sentence says {text}, which is not in the frame. Say only numbers of the table beside it."
            )
    return out + _marked(verdicts, report, tidy, sentence[at:])


def _marked(verdicts: Any, report: Any, tidy: pd.DataFrame, text: str) -> Markup:
    return verdicts.marked(
        text,
        [
            report.verdict(w, m, g)
            for _, w, m, g in dict.fromkeys(zip(*(tidy[c] for c in COLUMNS[:4]), strict=True))
        ],
    )
