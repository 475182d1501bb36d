"""Who leaves unseen: a hazard by weeks waited, and purges, rare weeks in which a share of the long waiters is taken off."""

from __future__ import annotations

import numpy as np

from sendwaits.outlook.queue.weekly import Station

__all__ = ["drop_of", "purges"]

_BANDS = (0, 1, 26, 52, 78)


def _band(ages: int) -> np.ndarray:
    return np.searchsorted(np.array(_BANDS), np.arange(ages), side="right") - 1


def drop_of(
    station: Station, weeks: int, ages: int, paths: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Weekly hazard of leaving unseen by age, and each path's multiplier of it."""
    left, risk = station.left[:weeks].sum(0), station.risk[:weeks].sum(0)
    band = _band(len(left))
    a, b = np.bincount(band, left, len(_BANDS)), np.bincount(band, risk, len(_BANDS))
    overall = (a[1:].sum() + 0.3) / (b[1:].sum() + 300.0)
    hazard = (a + 4 * overall / max(overall, 1e-3)) / (b + 4 / max(overall, 1e-3))
    hazard[0] = (a[0] + 0.5 * overall) / (b[0] + 0.5) if b[0] else overall
    events = a.sum()
    shape = 1.0 / (1.0 / (events + 2.0) + 0.02)
    return hazard[_band(ages)], rng.gamma(shape, 1.0 / shape, paths)


def purges(
    station: Station,
    weeks: int,
    drop: np.ndarray,
    ahead: np.ndarray,
    paths: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of long waiters taken off the list by path and coming week, from which age, and the hazard without purges."""
    left, risk = station.left[:weeks], station.risk[:weeks]
    found: list[tuple[float, int]] = []
    hazard = drop[: left.shape[1]].copy()
    rest, at_risk = left.sum(0), risk.sum(0)
    for k in np.argsort(-left.sum(1), kind="stable")[:12]:
        usual = float((risk[k] * hazard).sum())
        total = float(left[k].sum())
        if total < usual + 4 * np.sqrt(usual + 0.5) + 3:
            break
        cumulative = np.cumsum(left[k]) / total
        from_age = int(np.searchsorted(cumulative, min(0.08 + 1.0 / total, 0.4)))
        share = left[k][from_age:].sum() / max(risk[k][from_age:].sum(), 1.0)
        found.append((min(float(share), 0.9), from_age))
        rest, at_risk = rest - left[k], at_risk - risk[k]
        band = _band(len(rest))
        a, b = (
            np.bincount(band, np.maximum(rest, 0), len(_BANDS)),
            np.bincount(band, np.maximum(at_risk, 0), len(_BANDS)),
        )
        overall = (a.sum() + 0.3) / (b.sum() + 300.0)
        hazard = ((a + 2.0) / (b + 2.0 / overall))[band]
    if not found:
        return np.zeros((paths, 1)), np.zeros(paths), drop
    hazard[:1] = drop[:1]
    shares, from_ages = np.array([f[0] for f in found]), np.array([f[1] for f in found])
    years = max(weeks, 1) / 52
    rate = rng.gamma(len(found) + 0.3, 1.0 / (years + 0.5), paths) / 52
    pick = rng.integers(0, len(found), paths)
    logit = np.log(shares / (1 - shares))
    middle, spread = logit.mean(), (logit.std() if len(found) > 2 else 0.5)
    share = 1 / (1 + np.exp(-(middle + 0.3 * rng.standard_normal(paths))))
    weeks_ahead = len(ahead)
    hit = rng.random((paths, weeks_ahead)) < rate[:, None]
    each = 1 / (
        1
        + np.exp(
            -(
                np.log(share / (1 - share))[:, None]
                + min(spread, 0.6) * rng.standard_normal((paths, weeks_ahead))
            )
        )
    )
    return (
        hit * each,
        from_ages[pick].astype(float),
        np.concatenate([hazard, np.full(len(drop) - len(hazard), hazard[-1])]),
    )
