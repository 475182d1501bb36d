"""Many areas side by side, from their released figures only: a funnel, so that chance is not ranked as merit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Comparison", "compare", "funnel_limits", "areas_page"]

NORMAL, FAR = 0.95, 0.998
"""Funnel limits that 1 in 20 and 1 in 500 areas cross by chance (source: Spiegelhalter, Funnel plots for comparing
institutional performance, 2005)."""


@dataclass(frozen=True)
class Comparison:
    """One wait in all areas: how many wait too long of how many wait. ``rows``: name, slug, long, waiting (None = hidden).

    ``share`` is the pooled share of the areas shown, in [0, 1]; None when fewer than two are shown.
    """

    pathway: str
    wait: str
    measure: str
    rows: tuple[tuple[str, str, int | None, int | None], ...]
    share: float | None


def compare(
    tables: Mapping[tuple[str, str], Sequence[Mapping[str, str]]], as_at: date
) -> list[Comparison]:
    """For every wait, the children over its longest-wait line in each area; from the areas' released figures.csv.

    ``tables``: (name, slug) -> the rows of figures.csv. The line is 18 weeks, for a wait counted at 20 weeks those.
    Where exactly one area is hidden, the smallest of the others is hidden here too: a total could give the one away.
    An area whose wait is not there at all is not a row.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], dict[str, str]]] = {}
    for place, rows in tables.items():
        for row in rows:
            if (
                row["period_end"] == as_at.isoformat()
                and not row["group"]
                and not row["period_start"]
            ):
                found.setdefault((row["pathway"], row["wait"]), {}).setdefault(place, {})[
                    row["measure"]
                ] = row["value"]
    comparisons = []
    for (pathway, wait), places in sorted(found.items()):
        measure = (
            "waiting_over_20_weeks"
            if any("waiting_over_20_weeks" in v for v in places.values())
            else "waiting_over_18_weeks"
        )
        counts = [
            (name, slug, _count(v.get(measure)), _count(v.get("waiting")))
            for (name, slug), v in sorted(places.items())
            if measure in v and "waiting" in v
        ]
        comparisons.append(_comparison(pathway, wait, measure, counts))
    return [c for c in comparisons if len(c.rows) > 1]


def _count(text: str | None) -> int | None:
    return int(float(text)) if text not in (None, "", "[c]") else None


def _comparison(
    pathway: str, wait: str, measure: str, rows: list[tuple[str, str, int | None, int | None]]
) -> Comparison:
    rows = [
        row if row[2] is not None and row[3] is not None else (*row[:2], None, None) for row in rows
    ]
    hidden = [row for row in rows if row[3] is None]
    if len(hidden) == 1 and len(rows) > 1:
        smallest = min((r for r in rows if r[3] is not None), key=lambda r: (r[3], r[0]))
        rows = [(*r[:2], None, None) if r is smallest else r for r in rows]
    shown = [(long, waiting) for _, _, long, waiting in rows if waiting]
    share = (
        sum(x or 0 for x, _ in shown) / sum(n or 0 for _, n in shown) if len(shown) > 1 else None
    )
    return Comparison(pathway, wait, measure, tuple(rows), share)


def funnel_limits(waiting: int, share: float, coverage: float) -> tuple[float, float]:
    """The shares between which ``coverage`` of areas of that size would fall by chance, were all at ``share``.

    Exact binomial, interpolated between whole children (source: Spiegelhalter 2005, appendix A.1): for the smallest r with
    P(R <= r) >= p, the limit is (r - (P(R <= r) - p) / P(R = r)) / n.
    """
    from scipy.stats import binom

    ends = []
    for p in ((1 - coverage) / 2, (1 + coverage) / 2):
        r = float(binom.ppf(p, waiting, share))
        mass = float(binom.pmf(r, waiting, share))
        ends.append((r - (float(binom.cdf(r, waiting, share)) - p) / mass if mass else r) / waiting)
    return max(0.0, ends[0]), min(1.0, ends[1])


def outside(comparison: Comparison, long: int | None, waiting: int | None) -> str:
    """Where an area stands in the funnel: ``far above``, ``above``, ``within``, ``below``, ``far below``; "" when not shown."""
    if not waiting or long is None or comparison.share is None or not 0 < comparison.share < 1:
        return ""
    for coverage, word in ((FAR, "far "), (NORMAL, "")):
        low, high = funnel_limits(waiting, comparison.share, coverage)
        if long / waiting > high:
            return word + "above"
        if long / waiting < low:
            return word + "below"
    return "within"


# --- the page -----------------------------------------------------------------------------------------------------------


def areas_page(
    workspace: Workspace,
    comparisons: Sequence[Comparison],
    places: Sequence[tuple[str, str]],
    as_at: date,
    shown_as: tuple[str, int],
    errors: Mapping[str, str],
) -> str:
    """index.html of many areas: the finding, a funnel and a table for each wait, and the way to each area's own set."""
    from sendwaits.release import narrative as words
    from sendwaits.release.pages import from_parts
    from sendwaits.release.parts import Part, plain, render, section_part
    from sendwaits.release.reports.common import header_facts

    profile, k = shown_as
    far = sum(outside(c, r[2], r[3]) in ("far above", "above") for c in comparisons for r in c.rows)
    title = Markup(
        "{} of the areas\u2019 waiting lists hold more long waits than chance explains"
    ).format(far or "None")
    lede = Markup(
        "Each mark is one area. Inside the funnel the difference from the others is what chance alone would bring; "
        "only outside it is there something to ask about."
    )
    facts = header_facts(workspace, as_at, profile, k, False, None, title, "")
    opening = Part(
        "opening", render("opening.html", title=title, lede=lede, keys=[]), plain(title), facts
    )
    sections = [_section(workspace, c, as_at) for c in comparisons]
    return from_parts([opening, section_part(*sections, _way_in(places, errors, words.day(as_at)))])


def _section(workspace: Workspace, c: Comparison, as_at: date) -> Any:
    from sendwaits.release import narrative as words
    from sendwaits.release.parts import Section, Table

    line = c.measure.removeprefix("waiting_over_").replace("_", " ")
    label = f"{workspace.pathway(c.pathway).label}, {c.wait}"
    rows: list[tuple[Any, ...]] = []
    order = sorted(
        c.rows, key=lambda r: (r[3] is None or not r[3], -(r[2] or 0) / (r[3] or 1), r[0])
    )
    for place, (name, slug, long, waiting) in enumerate(order, 1):
        count, base, share = _numbers(c, name, long, waiting, as_at)
        rank = str(place) if share.shown else ""
        rows.append(
            (
                Markup('<a href="{}/index.html">{}</a>').format(slug, name),
                rank,
                count,
                base,
                share,
                outside(c, long, waiting) or "not placed",
            )
        )
    high = [r[0] for r in order if outside(c, r[2], r[3]) in ("above", "far above")]
    named = words.listed(high[:5])
    title = Markup("{}: {} above the funnel").format(
        label,
        Markup("{} {}").format(named, "stands" if len(high) == 1 else "stand")
        if high
        else "no area stands",
    )
    table = Table(
        f"{label}: waiting over {line} at {words.day(as_at)}, by area",
        ("Area", "Place", f"Over {line}", "Waiting", "Share", "In the funnel"),
        rows,
        frozenset({5}),
    )
    numbers = [(r[0], *_numbers(c, *r[:1], *r[2:], as_at)) for r in order]
    chart = (
        _funnel(
            c,
            numbers,
            f"{label}: share waiting over {line} against the number waiting, {len(c.rows)} areas",
        )
        if c.share
        else Markup("")
    )
    hidden = sum(r[3] is None for r in c.rows)
    note = f"{hidden} areas are not shown because a number is too small." if hidden else ""
    return Section(
        title,
        f"Share of children waiting who have waited over {line}, by how many wait, {words.day(as_at)}",
        [
            (
                "What it means",
                "The dashed lines hold 95% and the dotted lines 99.8% of areas if all had the same share.",
            )
        ],
        chart,
        table,
        "Source: the areas\u2019 released figures.csv.",
        note,
    )


def _numbers(
    c: Comparison, name: str, long: int | None, waiting: int | None, as_at: date
) -> tuple[Any, Any, Any]:
    """The area's two counts and their share, with keys that name the area."""
    from sendwaits.release.cells import Number

    def number(measure: str, value: int | None) -> Number:
        key = f"{c.pathway}|{c.wait}|{measure}|area={name.replace('|', '/')}||{as_at.isoformat()}"
        return Number(key, status="c") if value is None else Number(key, float(value))

    count, base = number(c.measure, long), number("waiting", waiting)
    return count, base, count.share_of(base)


def _funnel(c: Comparison, numbers: Sequence[tuple[str, Any, Any, Any]], label: str) -> Markup:
    """Share against size with the limits around the pooled share; an area that is hidden has no mark."""
    from sendwaits.release.charts import NARROW, WIDE
    from sendwaits.release.svg import GREY, GRID, NAVY, ORANGE, RULE, Sheet

    shown = [
        (name, base, share, outside(c, int(count.value), int(base.value)))
        for name, count, base, share in numbers
        if share.shown
    ]
    most = max((int(base.value) for _, base, _, _ in shown), default=1)
    sizes = sorted({max(1, round(most * 1.05 * i / 40)) for i in range(1, 41)})
    top = min(
        100.0,
        max(
            [s.value for *_, s, _ in shown]
            + [100 * funnel_limits(sizes[len(sizes) // 8], c.share or 0.5, FAR)[1]]
        )
        * 1.05,
    )

    def draw(narrow: bool) -> Sheet:
        sheet = Sheet(NARROW if narrow else WIDE, 300)
        left, right, bottom = 48.0, sheet.width - 12, 250.0

        def at(size: float, percent: float) -> tuple[float, float]:
            return left + size / (most * 1.05) * (right - left), bottom - min(
                percent, top
            ) / top * (bottom - 16)

        for step in range(5):
            y = at(0, top * step / 4)[1]
            sheet.line(left, y, right, y, stroke=GRID if step else RULE)
            sheet.text(left - 8, y + 5, f"{top * step / 4:.0f}%", fill=GREY, anchor="end")
        sheet.line(
            *at(0, 100 * (c.share or 0)), *at(most * 1.05, 100 * (c.share or 0)), stroke=GREY
        )
        for coverage, dash in ((NORMAL, "6 4"), (FAR, "2 3")):
            for side in (0, 1):
                sheet.path(
                    [at(n, 100 * funnel_limits(n, c.share or 0, coverage)[side]) for n in sizes],
                    stroke=GREY,
                    width=1.5,
                    dash=dash,
                )
        for name, base, share, where in shown:
            far = where in ("above", "far above")
            sheet.mark(
                "up" if far else "circle",
                *at(base.value, share.value),
                ORANGE if far else NAVY,
                5,
                share.key,
            )
            if far:
                x, y = at(base.value, share.value)
                sheet.text(x, y - 9, name, anchor="end" if x > sheet.width * 0.7 else "", halo=True)
        sheet.text(left, bottom + 22, "0", fill=GREY)
        sheet.text(right, bottom + 22, f"{most * 1.05:,.0f} waiting", fill=GREY, anchor="end")
        return sheet

    return Markup('<div class="wide">{}</div><div class="narrow" hidden>{}</div>').format(
        draw(False).svg(label), draw(True).svg(label)
    )


def _way_in(places: Sequence[tuple[str, str]], errors: Mapping[str, str], day: str) -> Any:
    from sendwaits.release.parts import Section, Table

    rows = [
        (Markup('<a href="{}/index.html">{}</a>').format(slug, name), "made")
        for name, slug in places
    ]
    rows += [
        (Markup("{}").format(name), f"not made: {why}") for name, why in sorted(errors.items())
    ]
    return Section(
        f"{len(places)} areas have a set of reports",
        f"The reports of each area, {day}",
        (),
        Markup(""),
        Table("The areas and their reports", ("Area", "Reports"), rows, frozenset({1})),
    )
