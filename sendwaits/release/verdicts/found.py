"""What a rule finds in many series at once, and how several tests of one series become one finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Found", "nothing", "two_sided"]


@dataclass
class Found:
    """One row per series. ``sign`` (of a change) and ``unusual`` (of the newest period): -1, 0, 1.

    ``since``: the first period of the other level, as its place in the block. ``test``: how many periods the comparison
    that speaks has (0: a dated change; ``dated`` says which). ``sd``: of one period; ``p``: how often chance does as much.
    """

    sign: np.ndarray
    moving: np.ndarray
    unusual: np.ndarray
    since: np.ndarray
    test: np.ndarray
    z: np.ndarray
    p: np.ndarray
    sd: np.ndarray
    dated: np.ndarray

    def take(self, where: np.ndarray, **fields: np.ndarray | int | float) -> None:
        """Overwrite the series of ``where``."""
        for name, new in fields.items():
            old = getattr(self, name)
            old[where] = np.broadcast_to(new, old.shape)[where]


def nothing(series: int) -> Found:
    """Nothing found in so many series."""
    zero = lambda kind=int: np.zeros(series, kind)  # noqa: E731
    return Found(
        zero(), zero(bool), zero(), zero(), zero(), zero(float), zero(float) + 1, zero(float),
        zero() - 1,
    )  # fmt: skip


def two_sided(t: np.ndarray, df: float | np.ndarray) -> np.ndarray:
    """P(|T| >= |t|) of Student's t on ``df`` degrees of freedom."""
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(df, -np.abs(t)))
