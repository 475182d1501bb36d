"""Many areas side by side, from their released figures only: a funnel, so that chance is not ranked as merit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from sendwaits.workspace import Workspace

__all__ = ["Comparison", "compare", "areas_page"]

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


def outside(comparison: Comparison, long: int | None, waiting: int | None) -> str:
    """Where an area stands in the funnel: ``far above``, ``above``, ``within``, ``below``, ``far below``; "" when not shown."""
    import numpy as np

    from sendwaits.release.charts.funnel import funnel_limits

    if not waiting or long is None or comparison.share is None or not 0 < comparison.share < 1:
        return ""
    for coverage, word in ((FAR, "far "), (NORMAL, "")):
        low, high = funnel_limits(np.array([waiting]), comparison.share, coverage)[:, 0]
        if long / waiting > high:
            return word + "above"
        if long / waiting < low:
            return word + "below"
    return "within"


# --- the page -------------------------------------------------------------------------------------


def areas_page(
    workspace: Workspace,
    comparisons: Sequence[Comparison],
    places: Sequence[tuple[str, str]],
    as_at: date,
    shown_as: tuple[str, int],
    errors: Mapping[str, str],
) -> str:
    """index.html of many areas: the finding, a table for each wait, and the way to each area's own set."""
    from sendwaits import __version__
    from sendwaits.release import wording, words
    from sendwaits.release.pages import from_parts
    from sendwaits.release.profile import Profile
    from sendwaits.release.publish import Part

    far = [r for c in comparisons for r in c.rows if outside(c, r[2], r[3]) not in ("", "within")]
    title = f"{words.capital(words.count(len(far)))} of the areas\u2019 lists lie outside what chance would bring"
    lede = "Inside the funnel an area differs from the others by no more than chance alone would bring."
    facts = {
        "title": title,
        "area": workspace.area.name,
        "as_at": wording.plain(words.day(as_at)),
        "profile_words": Profile(shown_as[0], max(3, shown_as[1])).words,
        "crumb": "",
        "made_up": False,
        "extracts": f"{len(places)} areas",
        "version": __version__,
    }
    html = wording.render("opening.html", title=title, lede=lede, keys=[])
    sections = [_section(workspace, c, as_at).part() for c in comparisons]
    return from_parts(
        [Part("opening", html, title, facts), *sections, _way_in(places, errors).part()]
    )


def _section(workspace: Workspace, c: Comparison, as_at: date) -> Any:
    from sendwaits.release import words
    from sendwaits.release.publish import Section
    from sendwaits.release.show import Table

    line = c.measure.removeprefix("waiting_over_").replace("_", " ")
    label = f"{workspace.pathway(c.pathway).label}, {c.wait}"
    order = sorted(c.rows, key=lambda r: (not r[3], -(r[2] or 0) / (r[3] or 1), r[0]))
    rows = []
    for name, slug, long, waiting in order:
        count, base, share = _numbers(c, name, long, waiting, as_at)
        link = Markup('<a href="{}/index.html">{}</a>').format(slug, name)
        rows.append((link, count, base, share, outside(c, long, waiting) or "not placed"))
    apart = [r[0] for r in order if outside(c, r[2], r[3]) not in ("", "within")]
    lie = words.plural(len(apart), "lies", "lie")
    what = Markup("{} {} outside the funnel").format(words.listed(apart[:5]), lie)
    heads = ("Area", f"Over {line}", "Waiting", "Share", "In the funnel")
    caption = f"{label}: waiting over {line} on {words.day(as_at)}, by area"
    hidden = sum(r[3] is None for r in c.rows)
    note = f"{hidden} areas are not shown because a number is too small." if hidden else ""
    table = Table(caption, heads, rows, frozenset({4}))
    title = Markup("{}: {}").format(label, what if apart else "no area lies outside the funnel")
    return Section(
        title, caption, (), tables=[table], source="Source: the areas\u2019 figures.csv.", note=note
    )


def _numbers(
    c: Comparison, name: str, long: int | None, waiting: int | None, as_at: date
) -> tuple[Any, Any, Any]:
    """The area's two counts and their share, with keys that name the area."""
    from sendwaits.release.key import Key
    from sendwaits.release.number import Number

    def number(measure: str, value: int | None) -> Number:
        key = Key(c.pathway, c.wait, measure, f"area={name}", "", as_at.isoformat())
        return Number(key, form="c") if value is None else Number(key, float(value), form="exact")

    count, base = number(c.measure, long), number("waiting", waiting)
    return count, base, count.share_of(base)


def _way_in(places: Sequence[tuple[str, str]], errors: Mapping[str, str]) -> Any:
    from sendwaits.release.publish import Section
    from sendwaits.release.show import Table

    rows: list[tuple[Any, str]] = [
        (Markup('<a href="{}/index.html">{}</a>').format(slug, name), "made")
        for name, slug in places
    ]
    rows += [(name, f"not made: {why}") for name, why in sorted(errors.items())]
    table = Table("The areas and their reports", ("Area", "Reports"), rows, frozenset({1}))
    return Section(f"{len(places)} areas have a set of reports", tables=[table])
