"""Two released sets side by side: which published values changed and why, which series came and went, which verdicts turned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sendwaits import store
from sendwaits.errors import Refused, SendwaitsError
from sendwaits.release.files import read_figures, read_verdicts
from sendwaits.release.key import COLUMNS, text

if TYPE_CHECKING:
    import pandas as pd

    from sendwaits.release.contents import Contents

__all__ = [
    "WHY",
    "Comparison",
    "OneSet",
    "before",
    "compare_sets",
    "compared",
    "of_contents",
    "opened",
]

WHY = {
    "new extract": "the days were not yet in the earlier set's extract",
    "restated": "a later or corrected extract tells another past",
    "recoded": "children moved between groups, the total is the same",
    "setting": "profile, k, sendwaits.toml or the program changed, not the extracts",
}
"""Why a published value is another one."""
REVISED, LATE = ("restated", "recoded"), "new extract"
_SERIES, _KEY = COLUMNS[:4], COLUMNS[:6]
_EXTRACT = re.compile(r"data/raw/(?P<code>.+)_(?P<day>\d{4}-\d\d-\d\d)\.\w+")


class Comparison(NamedTuple):
    """``changes``: one row per changed value. ``series``: what came or went. ``verdicts``: what turned.

    ``both``: pathway -> how many values both sets print; ``new``: how many only the later one prints.
    """

    changes: pd.DataFrame
    series: pd.DataFrame
    verdicts: pd.DataFrame
    settings: list[str]
    both: Mapping[str, int]
    new: Mapping[str, int]


class OneSet(NamedTuple):
    """What a comparison needs of a set: its released figures, its verdicts, and parameters, inputs and version of run.json."""

    figures: pd.DataFrame
    verdicts: pd.DataFrame
    facts: Mapping[str, Any]

    def extracts(self, code: str) -> dict[str, str]:
        """Extract name -> sha256 of a pathway's files on or before as_at; files of no pathway's name belong to all."""
        own: dict[str, str] = {}
        other: dict[str, str] = {}
        for name, digest in self.facts["inputs"].items():
            found = _EXTRACT.fullmatch(name)
            if found and found["day"] <= self.facts["parameters"]["as_at"]:
                (own if found["code"].upper() == code else other)[name] = digest
        known = set(self.figures["pathway"])
        return own or {n: d for n, d in other.items() if _code(n) not in known}

    def newest(self, code: str) -> str:
        return max((_EXTRACT.fullmatch(n)["day"] for n in self.extracts(code)), default="")  # type: ignore[index]


def compare_sets(before: Path, after: Path) -> Comparison:
    """What changed between two folders of reports, from their released files alone.

    ``changes`` has the six columns of a key, ``before``, ``after``, ``form_before``, ``form_after``, ``why`` (`WHY`) and
    ``detail``; values that only one set prints are no changes. ``series``: the four columns of a series, ``what``
    (``no longer published``, ``newly published``). ``verdicts``: series, ``before``, ``after``, ``since``, ``basis``.
    Raises `Refused` when a folder is no set, `Unsafe` when a file of it cannot be read.
    """
    return compared(opened(before), opened(after))


def compared(old: OneSet, new: OneSet) -> Comparison:
    """What changed between two sets that are open: see `compare_sets`."""
    every = _keyed(old.figures).merge(
        _keyed(new.figures), on=_KEY, suffixes=("_before", "_after"), how="right", indicator=True
    )
    there = every["_merge"] == "both"
    settings = _settings(old.facts, new.facts)
    return Comparison(
        _changes(every[there].drop(columns="_merge"), old, new, settings),
        _came_and_went(old.figures, new.figures),
        _turned(old.verdicts, new.verdicts),
        settings,
        every[there]["pathway"].value_counts().to_dict(),
        every[~there]["pathway"].value_counts().to_dict(),
    )


def before(contents: Contents) -> OneSet | None:
    """The newest earlier set of the same profile in the workspace's reports; None for the first one."""
    mine = {}
    for path in contents.workspace.reports.glob("*/run.json"):
        with suppress(SendwaitsError):  # a set of another version tells nothing
            given = _facts(path.parent)["parameters"]
            if given["as_at"] < contents.as_at.isoformat():
                if given.get("profile") == contents.profile.name:
                    mine[given["as_at"]] = path.parent
    with suppress(SendwaitsError):
        return opened(mine[max(mine)]) if mine else None
    return None


def of_contents(contents: Contents) -> OneSet:
    """The set that is being made."""
    from sendwaits import __version__

    raw = contents.workspace.raw
    files = {p.name: store.digest_file(p) for p in sorted(raw.iterdir()) if p.is_file()}
    inputs = {f"data/raw/{n}": d for n, d in contents.profile.names(files).items()}
    inputs["sendwaits.toml"] = store.digest_bytes(contents.workspace.settings_text.encode())
    profile, day = contents.profile, contents.as_at.isoformat()
    given = {"as_at": day, "profile": profile.name, "k": profile.smallest}
    facts = {"parameters": given, "inputs": inputs, "package_version": __version__}
    return OneSet(contents.joined("released"), contents.joined("judged"), facts)


def opened(folder: Path) -> OneSet:
    """The set in a folder. Raises `Refused` when it holds none, `Unsafe` when a file of it cannot be read."""
    facts = _facts(folder)
    return OneSet(
        read_figures(folder / "figures.csv"), read_verdicts(folder / "verdicts.csv"), facts
    )


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        facts["parameters"]["as_at"], facts["inputs"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(
            f"{folder.name}: no set of reports (run.json is missing or cannot be read). Name a folder such as reports/2024-07-31."
        ) from None
    return dict(facts)


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    dates = {name: [text(v) for v in frame[name]] for name in ("period_start", "period_end")}
    return frame.assign(**dates)[[*_KEY, "value", "form"]]


def _changes(joined: pd.DataFrame, old: OneSet, new: OneSet, settings: list[str]) -> pd.DataFrame:
    one, two = joined["value_before"], joined["value_after"]
    same = (one == two) | (one.isna() & two.isna())
    found = joined[~(same & (joined["form_before"] == joined["form_after"]))]
    totals = joined[(joined["group"] == "") & same].set_index([*_SERIES[:3], *_KEY[4:]]).index
    of = cache(
        lambda code: (old.extracts(code), new.extracts(code), old.newest(code), new.newest(code))
    )
    rows = found.itertuples(index=False)
    reasons = [_why(row, *of(row.pathway), settings, totals) for row in rows]
    names = {"value_before": "before", "value_after": "after"}
    ordered = [*_KEY, "before", "after", "form_before", "form_after"]
    out = found.rename(columns=names)[ordered].reset_index(drop=True)
    return out.assign(why=[r[0] for r in reasons], detail=[r[1] for r in reasons])


def _why(
    row: Any,
    were: Mapping[str, str],
    are: Mapping[str, str],
    newest_then: str,
    newest_now: str,
    settings: list[str],
    totals: Any,
) -> tuple[str, str]:
    """The first of the reasons that holds, and the file or setting behind it."""
    disclosure = [s for s in settings if s.startswith(("profile", "k "))]
    if disclosure and (row.form_before != row.form_after or "rounded" in row[-3:]):
        return "setting", ", ".join(disclosure)
    if were == are:
        return "setting", ", ".join(settings) or "nothing that run.json records"
    other = sorted(n.rpartition("/")[2] for n in are if were.get(n) != are[n])
    detail = other[-1] if other else "an extract is gone"
    if row.group and (*row[:3], *row[4:6]) in totals:
        return "recoded", detail
    late = row.period_end > newest_then and newest_now > newest_then
    return ("new extract" if late else "restated"), detail


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Settings that differ, in words."""
    given = [(old["parameters"].get(n), new["parameters"].get(n), n) for n in ("profile", "k")]
    given.append((old.get("package_version"), new.get("package_version"), "sendwaits"))
    said = [f"{name} {one} -> {two}" for one, two, name in given if one != two]
    files = [f["inputs"].get("sendwaits.toml") for f in (old, new)]
    return said + (["sendwaits.toml"] if files[0] != files[1] else [])


def _came_and_went(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    one, two = (f[_SERIES].drop_duplicates() for f in (old, new))
    found = one.merge(two, on=_SERIES, how="outer", indicator=True).query("_merge != 'both'")
    words = {"left_only": "no longer published", "right_only": "newly published"}
    return found[_SERIES].assign(what=[words[w] for w in found["_merge"]]).reset_index(drop=True)


def _turned(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    both = old.merge(new, on=_SERIES, suffixes=("_before", "_after"))
    found = both[both["verdict_before"] != both["verdict_after"]].reset_index(drop=True)
    names = {
        "verdict_before": "before",
        "verdict_after": "after",
        "since_after": "since",
        "basis_after": "basis",
    }
    return found.rename(columns=names)[[*_SERIES, "before", "after", "since", "basis"]]


def _code(name: str) -> str:
    found = _EXTRACT.fullmatch(name)
    return found["code"].upper() if found else ""
