"""The register of releases: everything that each set printed, in a chain, outside data/processed.

One file per release in ``data/register``. It is checked against the sets in ``reports``, and rebuilt from them when it is
lost. An unregistered or altered set, or a damaged register, refuses the next release: what readers hold is not known then.
The chain finds accidents, not forgery: who can change a file can chain it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwaits import store
from sendwaits.errors import Refused, Unsafe
from sendwaits.release.door.exact import Ties
from sendwaits.release.door.released import PLAN_COLUMNS, Released
from sendwaits.release.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "append",
    "before",
    "digest",
    "facts",
    "in_the_making",
    "joined",
    "of_folder",
    "place",
    "read",
    "released_of",
]

_REMEDY = "Restore data/register from a backup. Where there is none, move data/register away: the next report rebuilds it from reports/."


def place(root: Path) -> Path:
    """The folder of the register of a workspace."""
    return root / "data" / "register"


def facts(released: Released) -> dict[str, Any]:
    """What run.json says under ``door`` of one pathway, or of a set: with its figures.csv all that its readers hold."""
    return {
        "k": released.profile.k,
        "phase": released.phase,
        "ties": {
            code: {"feeds": dict(t.feeds), "first": list(t.first), "all_start": list(t.all_start)}
            for code, t in released.ties.items()
        },
        "merged": {key: list(groups) for key, groups in released.merged.items()},
        "revised": list(released.revised),
    }


def joined(parts: Iterable[Mapping[str, Any]], **tables: pd.DataFrame) -> dict[str, Any]:
    """The `facts` of a set from those of its pathways, with released rows that stand on pages and not in figures.csv.

    ``themes``, ``totals``, ``quality``, ``equity``: kept as text; ``forecast``: kept as its digest.
    """
    from sendwaits.release.files import figures_csv

    parts = list(parts)
    found: dict[str, Any] = {"k": None, "phase": 0, "ties": {}, "merged": {}, "revised": []}
    for part in parts:
        found |= {"k": part["k"], "phase": part["phase"]}
        found["ties"] |= part["ties"]
        found["merged"] |= part["merged"]
        found["revised"] += part["revised"]
    for name, table in tables.items():
        told = table.to_csv(index=False) if name == "forecast" else figures_csv(table).decode()
        found[name] = store.digest_bytes(told.encode()) if name == "forecast" else told
    return found


def read(root: Path) -> list[Released]:
    """Every release of a workspace so far, oldest first; analyst sets leave no trace in it.

    Raises `Refused` (exit 2) when the register is damaged, or when a set in reports/ is not in it or has been altered.
    """
    entries = list(_entries(root)) or _rebuilt(root)
    held = {(e["as_at"], e["profile"]): e for e in entries}
    for folder, run in _sets(root):
        entry = held.get((run["parameters"]["as_at"], run["parameters"]["profile"]))
        if entry is None or entry["figures"] != _text(folder / "figures.csv"):
            what = (
                "is not in the register of releases"
                if entry is None
                else "is not what was registered"
            )
            raise Refused(
                f"reports/{folder.name}: this set {what}. Move the folder out of reports/ if nobody was given it; otherwise "
                "move data/register away, and the next report rebuilds it from reports/."
            )
    return list(_released(entries[-1]["sha256"], json.dumps(entries))) if entries else []


@lru_cache(maxsize=2)
def _released(sealed: str, entries: str) -> tuple[Released, ...]:
    """The entries as released sets; several services of one run ask for the same."""
    return tuple(released_of(entry) for entry in json.loads(entries))


def digest(root: Path, but: tuple[str, str] = ("", "")) -> str:
    """One hash for all that has been released, "" for nothing; ``but``: an (as_at, profile) that is about to be made again."""
    held = [e["sha256"] for e in _entries(root) if (e["as_at"], e["profile"]) != but]
    return store.digest_bytes("".join(held).encode()) if held else ""


def append(root: Path, folder: Path) -> Path | None:
    """The set in ``folder`` joins the register; None when the last one of its day and profile is the same, or it is an analyst's.

    Call it before a reader can see the set: what is registered and not released harms nobody.
    """
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if run["parameters"]["profile"] == "analyst":
        return None
    entries = list(_entries(root)) or _rebuilt(root)
    entry = _entry(folder, run)
    same = [e for e in entries if (e["as_at"], e["profile"]) == (entry["as_at"], entry["profile"])]
    if same and all(same[-1].get(name) == entry[name] for name in ("figures", "door", "k")):
        return None
    return _write(root, entry, len(entries) + 1, entries[-1]["sha256"] if entries else "")


def released_of(entry: dict[str, Any]) -> Released:
    """An entry, or the same facts of a set, as a `Released`."""
    import pandas as pd

    from sendwaits.release.files import figures_from

    door = entry.get("door") or {}
    return Released(
        figures_from(entry["figures"]),
        pd.DataFrame(entry.get("plan", []), columns=PLAN_COLUMNS),
        Profile(entry["profile"], int(door.get("k") or entry["k"])),
        date.fromisoformat(entry["as_at"]),
        int(door.get("phase", date.fromisoformat(entry["as_at"]).month % 3)),
        _ties(door),
        {key: tuple(groups) for key, groups in door.get("merged", {}).items()},
        tuple(door.get("revised", ())),
        **{n: figures_from(door[n]) for n in ("themes", "totals") if door.get(n)},
    )


def _ties(door: Mapping[str, Any]) -> dict[str, Ties]:
    return {
        code: Ties(dict(t["feeds"]), tuple(t["first"]), tuple(t["all_start"]))
        for code, t in door.get("ties", {}).items()
    }


def in_the_making(
    parts: Sequence[tuple[pd.DataFrame, Mapping[str, Any]]], profile: Profile, as_at: date
) -> Released:
    """The released rows of each service with its `facts`, as one set that is not finished yet."""
    import pandas as pd

    return Released(
        pd.concat([rows for rows, _ in parts], ignore_index=True),
        pd.DataFrame(columns=PLAN_COLUMNS),
        profile,
        as_at,
        ties={code: ties for _, door in parts for code, ties in _ties(door).items()},
        merged={k: tuple(g) for _, door in parts for k, g in door["merged"].items()},
    )


def of_folder(folder: Path) -> Released:
    """The set in a folder as readers hold it. Raises `Unsafe` where its figures cannot be read."""
    return released_of(
        _entry(folder, json.loads((folder / "run.json").read_text(encoding="utf-8")))
    )


def before(root: Path, folder: Path) -> list[Released]:
    """What had been released before the set in ``folder``: all of the register when the set is not in it."""
    own = _entry(folder, json.loads((folder / "run.json").read_text(encoding="utf-8")))
    found = []
    for entry in _entries(root):
        if all(entry.get(name) == own[name] for name in ("as_at", "profile", "figures")):
            break
        found.append(released_of(entry))
    return found


def _entry(folder: Path, run: dict[str, Any]) -> dict[str, Any]:
    given = run["parameters"]
    return {
        "as_at": given["as_at"],
        "profile": given["profile"],
        "k": given["k"],
        "door": run.get("door", {}),
        "plan": [[row.get(c, "") for c in PLAN_COLUMNS] for row in run.get("plan", [])],
        "outputs": run.get("outputs", {}),
        "figures": _text(folder / "figures.csv"),
    }


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8") if path.exists() else ""


def _sealed(entry: dict[str, Any]) -> str:
    return store.digest_bytes(
        json.dumps({**entry, "sha256": ""}, sort_keys=True, ensure_ascii=False).encode("utf-8")
    )


def _write(root: Path, entry: dict[str, Any], number: int, previous: str) -> Path:
    entry = {**entry, "previous": previous}
    entry["sha256"] = _sealed(entry)
    path = place(root) / f"{number:04d}_{entry['as_at']}_{entry['profile']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(entry, sort_keys=True, indent=0, ensure_ascii=False) + "\n"
    store.write_atomic(path, text.encode("utf-8"))
    return path


def _entries(root: Path) -> Iterator[dict[str, Any]]:
    """The entries, each checked against its own seal and against the one before."""
    previous = ""
    for number, path in enumerate(sorted(place(root).glob("*.json")), 1):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            whole = (
                entry["previous"] == previous
                and entry["sha256"] == _sealed(entry)
                and int(path.name[:4]) == number
                and {"as_at", "profile", "k", "figures"} <= set(entry)
            )
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise Refused(
                f"data/register/{path.name}: the register of releases is damaged. {_REMEDY}"
            )
        previous = entry["sha256"]
        yield entry


def _sets(root: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The released sets in reports/ with their run.json, by day."""
    found = []
    for path in sorted((root / "reports").glob("*/run.json")):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            profile, _ = (
                run["parameters"]["profile"],
                date.fromisoformat(run["parameters"]["as_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise Refused(
                f"reports/{path.parent.name}/run.json cannot be read: what this set told is not known. Make it again or move the folder away."
            ) from None
        if profile != "analyst" and (path.parent / "figures.csv").exists():
            found.append((path.parent, run))
    return found


def _rebuilt(root: Path) -> list[dict[str, Any]]:
    """A lost register made again from the sets in reports/, in the order of their days."""
    previous = ""
    for number, (folder, run) in enumerate(_sets(root), 1):
        entry = _entry(folder, run)
        try:
            released_of(entry)
        except (Unsafe, ValueError, KeyError, TypeError):
            raise Refused(
                f"reports/{folder.name}: this set was made by an older version and what it told cannot be read. Make it again, "
                "or move the folder out of reports/."
            ) from None
        path = _write(root, entry, number, previous)
        previous = json.loads(path.read_text(encoding="utf-8"))["sha256"]
    return list(_entries(root))
