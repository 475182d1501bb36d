"""Templates: the words of a page stand in `templates/*.j2`; this fills them in. Everything not yet markup is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from markupsafe import Markup, escape

from sendwaits.release import words

__all__ = ["blocks", "load", "plain", "render"]


def plain(value: Any) -> str:
    """The text a person reads: tags removed, no-break spaces made plain."""
    return " ".join(Markup(escape(value)).striptags().replace("\u00a0", " ").split())


@cache
def _environment(trim: bool = True) -> Any:
    """``trim``: a tag takes the line break after it along; sentences keep it, as the space between two of them."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sendwaits.release", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=trim,
        lstrip_blocks=True,
    )
    named: tuple[Any, ...] = (
        words.capital,
        words.count,
        words.day,
        words.listed,
        words.month,
        words.ordinal,
    )
    named = (*named, words.plural, words.tied, words.one_in, plain)
    environment.filters.update({f.__name__: f for f in named})
    environment.globals.update({"measure": words.measure})
    return environment


def load() -> None:
    """Every template is compiled: a process forked from this one finds them so."""
    for kind, trim in (("html", True), ("j2", False)):
        environment = _environment(trim)
        for name in environment.list_templates(extensions=[kind]):
            environment.get_template(name)


def render(template: str, **values: Any) -> Markup:
    """The template filled in."""
    return Markup(_environment().get_template(template).render(**values))


def blocks(template: str, **values: Any) -> dict[str, Markup]:
    """Each block of the template filled in, by name, white space folded; empty blocks are left out."""
    found = _environment(False).get_template(template)
    context = found.new_context(values)
    texts = {
        name: " ".join("".join(block(context)).split()) for name, block in found.blocks.items()
    }
    return {name: Markup(text) for name, text in texts.items() if text}
