"""Where the published data and the peers' answers lie, when they lie there: ../shared/reference, beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference"


def reference(name: str) -> Path:
    """The path of a reference file or folder; the test is skipped with a sentence when it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(
            f"the reference data are not beside the repository (../shared/reference/{name})"
        )
    return path
