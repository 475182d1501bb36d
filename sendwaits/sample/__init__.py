"""Seeded made-up extracts: a whole workspace to try everything on. No real child, ever.

The same seed gives the same bytes. At size ``area`` the figures of the partnership's October 2024 update are computed
from the records, for any seed: counts are quotas, means are settled by moving start dates within their room.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

__all__ = ["SEED", "SIZES", "write"]

SEED = 2024
"""The seed of the sample in the repository."""

SIZES = {"small": 0.09, "area": 1.0, "national": 1.0}
NATIONAL_AREAS = 34
"""Areas in a national set: about a million rows over all files."""

BESIDE = {
    "statements.toml": "statements.toml",
    "published/README.md": "data/raw/dfe/README.md",
    "published/ehc_requests.csv": "data/raw/dfe/ehc_requests.csv",
    "published/ehc_assessments.csv": "data/raw/dfe/ehc_assessments.csv",
    "published/ehc_timeliness_20_week.csv": "data/raw/dfe/ehc_timeliness_20_week.csv",
    "published/community_bands.csv": "data/raw/nhse/community_bands.csv",
}
"""What is not made up: the statements of the October 2024 update and an extract of published open data, and where they go."""


def write(folder: str | Path, seed: int = SEED, size: str = "area") -> None:
    """Write the settings, ``statements.toml`` and ``data/raw`` of a made-up workspace into ``folder``.

    ``size``: ``small`` (hundreds of rows a service), ``area`` (the repository's sample, about 29,000 rows) or ``national``
    (about a million rows, canonical csv). Raises `Refused` when the folder already has settings.
    """
    from sendwaits.errors import Refused
    from sendwaits.sample.series import write_series
    from sendwaits.sample.settings import settings

    if size not in SIZES:
        raise Refused(f"No size '{size}'. Choose one of: {', '.join(SIZES)}.")
    root = Path(folder)
    raw = root / "data" / "raw"
    if (root / "sendwaits.toml").exists():
        raise Refused(
            f"sendwaits.toml: the folder is a workspace already. Name an empty folder for the {size} sample."
        )
    raw.mkdir(parents=True, exist_ok=True)
    if size == "national":
        _write_national(raw, seed)
    else:
        _write_area(raw, seed, SIZES[size])
    write_series(raw, np.random.Generator(np.random.PCG64([seed, 99])))
    (root / "sendwaits.toml").write_bytes(
        settings(supplier_headings=size != "national").encode("utf-8")
    )
    for name, target in BESIDE.items():
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / target).write_bytes(resources.files("sendwaits.sample").joinpath(name).read_bytes())


def _write_area(raw: Path, seed: int, scale: float) -> None:
    from sendwaits.sample.extracts import STYLES, Style, known_on, with_faults, write_extract
    from sendwaits.sample.queue import day
    from sendwaits.sample.truth import EXTRACTS, area

    for code, truth in area(seed, scale).items():
        style = STYLES.get(code, Style())
        for extract_date in EXTRACTS[code]:
            when = day(extract_date)
            rng = np.random.Generator(np.random.PCG64([seed, 7, when, len(code)]))
            known = known_on(rng, code, truth, when)
            write_extract(
                raw, code, extract_date, with_faults(rng, code, known, when, style), style
            )


def _write_national(raw: Path, seed: int, areas: int = NATIONAL_AREAS) -> None:
    """Area after area appended to the same files, so that memory holds one area at a time."""
    from sendwaits.sample.extracts import Style, as_text, known_on
    from sendwaits.sample.queue import day
    from sendwaits.sample.truth import EXTRACTS, area

    for block in range(areas):
        for code, truth in area(seed, 1.0, block).items():
            for extract_date in EXTRACTS[code]:
                when = day(extract_date)
                rng = np.random.Generator(np.random.PCG64([seed, block, when, len(code)]))
                text = as_text(known_on(rng, code, truth, when), code, Style().dates)
                with (raw / f"{code}_{extract_date}.csv").open(
                    "wb" if block == 0 else "ab"
                ) as file:
                    file.write(
                        text.to_csv(index=False, header=block == 0, lineterminator="\n").encode(
                            "utf-8"
                        )
                    )
