"""What changed in referrals and for whom: contributions to change, seasonality, routes, overlap between services."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["differs", "counts_differ"]


def differs(groups: Sequence[tuple[int, int]]) -> float | None:
    """The chance (0-1) of shares at least this unlike if all groups shared one rate: Pearson's chi-square test.

    ``groups``: (count, of how many) each. None when it cannot be judged: under two groups, or an expected count under 5.
    """
    groups = [g for g in groups if g[1] > 0]
    count, whole = sum(n for n, _ in groups), sum(t for _, t in groups)
    if len(groups) < 2 or not 0 < count < whole:
        return None
    rate = count / whole
    if any(min(t * rate, t * (1 - rate)) < 5 for _, t in groups):
        return None
    from scipy.special import chdtrc

    statistic = sum((n - t * rate) ** 2 / (t * rate) + (n - t * rate) ** 2 / (t * (1 - rate)) for n, t in groups)
    return float(chdtrc(len(groups) - 1, statistic))


def counts_differ(a: int, b: int) -> float:
    """The two-sided chance (0-1) that two counts of equal periods differ this much at one common rate: exact binomial."""
    from scipy.special import bdtr

    low, n = min(a, b), a + b
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(low, n, 0.5)))
