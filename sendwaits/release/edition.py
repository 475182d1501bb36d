"""The files of a set beside its report pages: index, explore page, figures, verdicts, workbook, and facts for run.json."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from sendwaits.release import door, explore, files, pages, ratings, words, workbook
from sendwaits.release.ahead import as_printed
from sendwaits.release.area_report import AreaReport, open_report
from sendwaits.release.names import Names
from sendwaits.release.update_document import update_docx

if TYPE_CHECKING:
    from sendwaits.release.contents import Contents

__all__ = ["explore_page", "files_of"]

FEWEST_MONTHS = 12
"""Fewer periods than this have no control chart."""


def files_of(
    contents: Contents, failed: Mapping[str, str], made: Collection[str] | None = None
) -> dict[str, bytes]:
    """Name -> bytes. ``made``: the pages of the set, which alone are linked; ``failed``: those that could not be made, and why.

    "run.json" holds only facts that a run adds to its own: the publication plan, what the register keeps, and the targets as stated.
    """
    report = open_report("index", contents)
    released = report.released
    judged = contents.joined("judged")
    ahead = as_printed(contents.joined("forecast"), contents.profile)
    names = _names(contents, released)
    facts = {
        "door": door.register.joined(
            [s.door for s in contents.services.values()],
            forecast=ahead,
            equity=contents.joined("equity"),
            quality=pd.concat([report.extra["rows"], report.extra["rules"]], ignore_index=True),
            **{
                told: contents.themes[name]
                for told, name in (("themes", "groups"), ("totals", "totals"))
                if name in contents.themes
            },
        ),
        "plan": contents.joined("plan").to_dict("records"),
        "targets": [
            {**{f: getattr(t, f) for f in t.__struct_fields__}, "by": t.by.isoformat()}
            for t in contents.workspace.targets
        ],
    }
    return {
        "tables.xlsx": workbook.workbook(
            released,
            judged,
            ahead,
            risks_of(contents),
            area=contents.workspace.area.name,
            as_at=contents.as_at,
            profile=contents.profile,
            words=names,
            more={"Groups_years": ("Waits by group and years of children", by_group(contents))},
        ),
        "index.html": pages.index(contents, made=made, failed=failed).encode(),
        **changes_page(contents),
        "explore.html": explore_page(contents, made).encode(),
        "figures.csv": files.figures_csv(released),
        "verdicts.csv": files.verdicts_csv(judged),
        "run.json": json.dumps(facts).encode(),
        **(
            {"update.docx": update_docx(open_report("update", contents))}
            if made is None or "update" in made
            else {}
        ),
    }


def changes_page(contents: Contents) -> dict[str, bytes]:
    """changes.html, where reports/ holds an earlier set of the same profile; else nothing."""
    report = open_report("changes", contents)
    if not report.set_before:
        return {}
    return {"changes.html": pages.from_parts(report.parts()).encode()}


def by_group(contents: Contents) -> pd.DataFrame:
    """The equity tables of all services as they stand on the trend pages: tidy, with the ends of their intervals."""
    rows = contents.joined("equity")
    return rows.assign(measure=rows["measure"].str.removeprefix("group:")) if len(rows) else rows


def explore_page(contents: Contents, made: Collection[str] | None = None) -> str:
    """explore.html of a set; ``made``: the pages of the set, which alone are linked (None: all)."""
    report = open_report("index", contents)
    codes = [c for c in contents.services if made is None or f"{c.lower()}_trend" in made]
    return explore.page(
        report.released,
        contents.joined("judged"),
        as_printed(contents.joined("forecast"), contents.profile),
        area=contents.workspace.area.name,
        as_at=contents.as_at,
        profile=contents.profile,
        words=_names(contents, report.released),
        links={"": "index.html", **{c: f"{c.lower()}_trend.html" for c in codes}},
        limits=limits_of(report),
    )


def _names(contents: Contents, released: pd.DataFrame) -> Names:
    pathways = [s.pathway for s in contents.services.values()]
    return Names.of(pathways, dict.fromkeys(released["measure"]), words.measure)


def limits_of(report: AreaReport) -> pd.DataFrame | None:
    """The control limits that the trend pages print (referrals of each service), one row a period; None without any."""
    found = []
    for code, service in report.services.items():
        if len(service.series("", "referrals")) >= FEWEST_MONTHS:
            rows = service.limits("", "referrals").rename(columns={"date": "period_end"})
            found.append(rows.assign(pathway=code, wait="", measure="referrals", group=""))
    return pd.concat(found, ignore_index=True) if found else None


def risks_of(contents: Contents) -> pd.DataFrame:
    """The rows of the risk register: pathway, risk, likelihood_pct, impact, impact_words, trigger, review, owner (blank)."""
    report = open_report("index", contents)
    found = [r for s in report.services.values() for r in ratings.risks(s)]
    rows = [
        (
            r.pathway,
            r.event.replace("\u00a0", " "),
            r.likelihood.value,
            r.impact.value if r.impact.shown else float("nan"),
            r.impact_words.replace("\u00a0", " "),
            r.trigger,
            r.review,
            "",
        )
        for r in sorted(found, key=lambda r: -r.likelihood.value)
    ]
    heads = ["pathway", "risk", "likelihood_pct", "impact", "impact_words", "trigger"]
    return pd.DataFrame(rows, columns=[*heads, "review", "owner"])
