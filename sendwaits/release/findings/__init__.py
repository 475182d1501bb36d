"""Facts for the words of a page: from the frame of a section and its verdicts. The words stand in templates."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sendwaits.release import wording, words

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.pathways import Wait
    from sendwaits.release.report import Report

__all__ = ["keys_of", "page_facts", "source", "tables_of", "words_of"]


def _function(report: Report, name: str) -> Any:
    module = importlib.import_module(f"sendwaits.release.findings.{report.name}")
    return getattr(module, name, None)


def words_of(report: Any, name: str, frame: pd.DataFrame) -> dict[str, Markup] | None:
    """The blocks of the section's template filled with its facts; None when the report has no such section."""
    found = _function(report, name)
    if found is None or name not in (*report.sections(), "opening", "closing"):
        return None
    facts = {"frame": frame, "template": f"{report.name}/{name}.j2", **found(report, frame)}
    return wording.blocks(facts.pop("template"), **context(report), **facts)


def context(report: Report) -> dict[str, Any]:
    """What every template may use: the report (numbers, verdicts), words of the service, say and compare."""
    from sendwaits.release import verdicts
    from sendwaits.release.findings import figures

    return {
        "r": report,
        "service": report.pathway,
        "area": report.workspace.area.name,
        "as_at": report.as_at,
        "several": report.pathway is not None and len(report.waits) > 1,
        "say": verdicts.words.say,
        "basis": basis,
        "within": figures.within,
        "compare": verdicts.words.compare,
        "source": lambda wait, population: report.source(population, wait),
        "profile": report.profile,
    }


def basis(verdict: Any) -> Markup:
    """The rule of a verdict with its numbers, in the element that names the series."""
    text = re.sub(r"\d{4}-\d{2}-\d{2}", lambda m: words.day(m.group()), verdict.basis)
    return Markup('<span data-verdict="{}">{}</span>').format(verdict.mark, text)


def keys_of(report: Report) -> list[Mapping[str, Any]]:
    """The key figures under the opening: name, value and the lines below it."""
    return _function(report, "keys")(report)


def tables_of(report: Report, name: str, frame: pd.DataFrame) -> list[Any] | None:
    """A section's own tables, where the plain layout of its frame would not do; else None."""
    own = _function(report, f"{name}_tables".replace(" ", "_"))
    return None if own is None else own(report, frame)


def late_lines(workspace: Any, as_at: Any, codes: list[str]) -> list[str]:
    """One sentence for each of these services whose newest extract came too early for as_at."""
    from sendwaits import raw

    found = [f for f in raw.freshness(workspace, as_at) if f.pathway in codes]
    return [
        f"{workspace.pathway(f.pathway).label} is known up to {words.day(f.known_until)}, the date of its newest "
        f"extract; what happened up to {words.day(as_at)} is not known."
        for f in found
        if f.known_until and f.known_until < as_at
    ]


def red_lines(found: pd.DataFrame, label: str) -> list[str]:
    """One sentence for each red finding on a service's extracts, without its numbers: they could count children."""
    red = found[found["severity"] == "red"]
    lines = (
        f"{label} extract: {words.uncounted(m)} ({c})."
        for c, m in zip(red["code"], red["message"], strict=True)
    )
    return list(dict.fromkeys(lines))


def stop(wait: Wait) -> str:
    """What the child waits for: "first appointment" of "referral to first appointment"."""
    return wait.label.partition(" to ")[2] or "the end of the wait"


def standard(wait: Wait) -> str:
    """ "13 weeks"; days where the standard is not whole weeks."""
    return words.standard(*wait.standard)


def extracts(report: Report) -> str:
    """ "NST extract dated 31 July 2024"."""
    return f"{report.pathway.label} {extract_dates(report.service.files)}"


def extract_dates(files: pd.DataFrame) -> str:
    """ "extract dated 31 July 2024" of rows of the manifest; the two newest."""
    dates = sorted({str(d)[:10] for d in files["extract_date"] if d})[-2:] if len(files) else []
    if not dates:
        return "extracts not named"
    return f"{words.plural(len(dates), 'extract')} dated {words.listed(map(words.day, dates))}"


def source(report: Report, population: str, wait: Wait | None = None) -> Markup:
    """The source line: extract, clock, population."""
    clock = Markup(" Clock: {}.").format(wait.label) if wait is not None else ""
    return Markup("Source: {}.{} Population: {}.").format(extracts(report), clock, population)


def page_facts(report: Any, files: pd.DataFrame, title: str, crumb: str) -> dict[str, Any]:
    """What the page around the parts needs: area, date, profile, title, crumb, sources."""
    from sendwaits import __version__

    first = report.workspace.settings_text.partition("\n")[0].lower()
    return {
        "title": title,
        "area": report.workspace.area.name,
        "as_at": wording.plain(words.day(report.as_at)),
        "profile_words": report.profile.words,
        "crumb": crumb,
        "made_up": "made-up" in first,
        "extracts": wording.plain(extract_dates(files)),
        "version": __version__,
    }
