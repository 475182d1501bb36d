"""Who may see what: the smallest count shown, the rounding, and the words for both. The only place for k."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sendwaits.errors import Refused

_TOLD = re.compile(
    r"([A-Za-z][A-Za-z0-9_]*_\d{4}-\d{2}-\d{2}\.(csv|xlsx|xml)|series_[a-z0-9_]+\.csv|dfe/[a-z0-9_-]+\.csv"
    r"|Blade-Export_\d{2}-\d{2}-\d{4}_[A-Za-z]+\.csv)"
)

__all__ = ["PROFILES", "Profile"]

PROFILES = ("analyst", "board", "public")
"""From the most exact to the least: the readers of each may see what the later ones show."""
BASE = 5
"""Rounded counts are multiples of this."""


@dataclass(frozen=True)
class Profile:
    """A profile with the k of its area. ``analyst``: exact, stays in the working folder.

    Raises `Refused` for an unknown name and for a k outside 3 to 50.
    """

    name: str = "board"
    k: int = 5

    def __post_init__(self) -> None:
        if self.name not in PROFILES:
            raise Refused(f"No profile '{self.name}'. Choose one of: {', '.join(PROFILES)}.")
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 3 <= self.k <= 50:
            raise Refused("sendwaits.toml: [disclosure] k must be a whole number from 3 to 50.")

    @property
    def exact(self) -> bool:
        """True when every number is shown as it is."""
        return self.name == "analyst"

    @property
    def smallest(self) -> int:
        """The smallest count above 0 that is shown: 1, k, or (public) 8 or k, whichever is larger."""
        return {"analyst": 1, "public": max(8, self.k)}.get(self.name, self.k)

    @property
    def possible(self) -> int:
        """How many whole numbers a hidden count must leave possible: k - 1, public 4 (or k - 1)."""
        return max(4, self.k - 1) if self.name == "public" else self.k - 1

    @property
    def rounds(self) -> bool:
        """True when every count is rounded to the nearest 5."""
        return self.name == "public"

    @property
    def under(self) -> str:
        """How a suppressed count reads in a sentence: "under 5"."""
        return f"under {self.smallest}"

    def names(self, files: Mapping[str, str]) -> dict[str, str]:
        """Name -> digest of the files that were read, as run.json may say it.

        Outside analyst only names of extracts (``CODE_date``), monthly series and published tables are told; a supplier's own
        file name can hold a child's name and becomes ``file-`` with the first twelve characters of its digest.
        """
        if self.exact:
            return dict(files)
        return {
            (n if _TOLD.fullmatch(n) else f"file-{digest[:12]}"): digest
            for n, digest in files.items()
        }

    @property
    def words(self) -> str:
        """What the profile means for the reader of a page."""
        if self.exact:
            return "Analyst profile: exact counts, not for release"
        if self.rounds:
            return f"Public profile: counts under {self.smallest} are shown as [c], others to the nearest {BASE}"
        return f"Board profile: counts under {self.smallest} are shown as [c]"
