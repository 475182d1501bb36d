"""explore.html: the released figures, verdicts and forecasts in one file that anyone can turn over, without a network."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sendwaits.release.explore.packing import packed
from sendwaits.release.names import Names
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["framed", "page"]


def page(
    figures: pd.DataFrame,
    verdicts: pd.DataFrame,
    forecasts: pd.DataFrame,
    *,
    area: str,
    as_at: date,
    profile: Profile,
    words: Names,
    links: Mapping[str, str],
    limits: pd.DataFrame | None = None,
) -> str:
    """The page as HTML: one script and one style under a hashed policy, the data as inert JSON; same frames, same bytes.

    ``figures``: the released frame. ``verdicts``: the columns of verdicts.csv. ``forecasts``: the columns that `forecast` prints,
    released. ``links``: pathway code -> its page in the folder, "" -> the index. ``limits``: the columns of a key and ``lower,
    mean, upper, special_cause``; without it the control chart is not offered. Only what these frames hold is
    on the page.
    """
    import jinja2

    data = packed(figures, verdicts, forecasts, limits, words)
    data |= {
        "area": area,
        "as_at": as_at.isoformat(),
        "profile": profile.words,
        "under": profile.under,
        "links": dict(links),
    }
    script, style = _file("explore.js"), _file("explore.css")
    template = jinja2.Environment(autoescape=True, keep_trailing_newline=True)
    return template.from_string(_file("explore.html.j2")).render(
        area=area,
        as_at=f"{as_at.day}\u00a0{as_at:%B}\u00a0{as_at.year}",
        profile=profile,
        index=links.get("", ""),
        policy=f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'",
        script=script,
        style=style,
        data=_inert(data),
    )


def framed(html: str, height: int = 900) -> str:
    """The page inside a notebook's output: an iframe that can neither reach the notebook nor the network."""
    return (
        f'<div><iframe title="Explore the figures" width="100%" height="{height}" '
        f'sandbox="allow-scripts allow-downloads" srcdoc="{escape(html)}"></iframe></div>'
    )


@cache
def _file(name: str) -> str:
    return files("sendwaits.release.explore").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(data: Mapping[str, Any]) -> str:
    """JSON that no label can leave: no <, > or & stands in it as such."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
