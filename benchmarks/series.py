"""How good the monthly forecast is on series that no choice was made on, beside naive forecasts and the published ensemble.

python benchmarks/series.py [--peer N] [--limit N] [--dev]: every row is over the same held-out tasks, twelve months each; MASE, CRPS and
Winkler in units of the in-sample seasonal-naive error. The peer (mean of the quantiles of ETS by AICc, Theta, SARIMAX(0,1,1)(1,0,0,12)
and local level with two harmonics, each on log1p, all from statsmodels) runs on N tasks of them.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from series_tasks import Task, tasks

from sendwaits.outlook.backtest import BLOCKS, NORMAL, crps, seasonal_step, winkler
from sendwaits.outlook.series import QUANTILES, forecast

BARS = "bars: CRPS <= 1.16 and 13 % under seasonal naive on series of that noise; coverage 78-82, every group 72-88"


def ours(task: Task) -> np.ndarray:
    months = pd.period_range(task.first_month, periods=len(task.history), freq="M")
    return forecast(pd.Series(task.history, index=months))[QUANTILES].to_numpy()


def naive(task: Task) -> np.ndarray:
    spread = np.sqrt(np.mean(np.diff(task.history) ** 2) * np.arange(1, 13))
    return np.maximum(task.history[-1] + spread[:, None] * NORMAL, 0)


def seasonal_naive(task: Task) -> np.ndarray:
    spread = np.sqrt(np.mean((task.history[12:] - task.history[:-12]) ** 2))
    return np.maximum(task.history[-12:, None] + spread * NORMAL, 0)


def drift(task: Task) -> np.ndarray:
    step, h, n = np.diff(task.history), np.arange(1, 13), len(task.history)
    spread = step.std() * np.sqrt(h * (1 + h / (n - 1)))
    return np.maximum((task.history[-1] + step.mean() * h)[:, None] + spread[:, None] * NORMAL, 0)


def statsmodels_four(task: Task) -> np.ndarray:
    """The published ensemble without its pooled widths (its intervals are therefore too wide here; compare MASE, too)."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.forecasting.theta import ThetaModel
    from statsmodels.tsa.statespace.sarimax import SARIMAX
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    index = pd.date_range("2001-01-01", periods=len(task.history), freq="MS")
    y = pd.Series(np.log1p(task.history), index=index)
    members = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ets = []
        for trend, damped in ((None, False), ("add", False), ("add", True)):
            for season in (None, "add"):
                try:
                    model = ETSModel(
                        y,
                        error="add",
                        trend=trend,
                        damped_trend=damped,
                        seasonal=season,
                        seasonal_periods=12 if season else None,
                    )
                    ets.append(model.fit(disp=False))
                except (ValueError, np.linalg.LinAlgError):
                    continue
        best = min(ets, key=lambda r: r.aicc if np.isfinite(r.aicc) else np.inf)
        frame = best.get_prediction(start=len(y), end=len(y) + 11).summary_frame(alpha=0.2)
        members.append(
            (
                frame["mean"].to_numpy(),
                (frame["pi_upper"] - frame["pi_lower"]).to_numpy() / 2 / NORMAL[-1],
            )
        )
        theta = ThetaModel(y, period=12).fit()
        band = theta.prediction_intervals(12, alpha=0.2).to_numpy()
        members.append((theta.forecast(12).to_numpy(), (band[:, 1] - band[:, 0]) / 2 / NORMAL[-1]))
        for model in (
            SARIMAX(y, order=(0, 1, 1), seasonal_order=(1, 0, 0, 12)),
            UnobservedComponents(
                y,
                "local level",
                freq_seasonal=[{"period": 12, "harmonics": 2}],
                stochastic_freq_seasonal=[False],
            ),
        ):
            ahead = model.fit(disp=False).get_forecast(12)
            members.append((np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)))
        each = [np.expm1(mean[:, None] + sd[:, None] * NORMAL) for mean, sd in members]
    ceiling = 20 * task.history.max() + 20
    return np.mean(
        [np.clip(np.nan_to_num(q, nan=0.0, posinf=ceiling), 0, ceiling) for q in each], axis=0
    )


def scores(made: np.ndarray, chosen: list[Task]) -> dict[str, np.ndarray]:
    """One number per task and month: mase, crps, winkler, inside."""
    actual = np.array([t.future for t in chosen])
    unit = np.array([seasonal_step(t.history) for t in chosen])[:, None]
    return {
        "mase": np.abs(actual - made[..., 2]) / unit,
        "crps": crps(made, actual) / unit,
        "winkler": winkler(made, actual) / unit,
        "inside": ((actual >= made[..., 0]) & (actual <= made[..., -1])).astype(float),
    }


def line(name: str, s: dict[str, np.ndarray]) -> str:
    blocks = " ".join(
        f"{100 * s['inside'][:, first - 1 : last].mean():3.0f}" for first, last in BLOCKS.values()
    )
    median = np.median(s["mase"].mean(axis=1))
    return (
        f"{name:22s} MASE {s['mase'].mean():6.3f} (median {median:5.3f})  CRPS {s['crps'].mean():6.3f}  "
        f"cover {100 * s['inside'].mean():5.1f} [{blocks}]  Winkler {s['winkler'].mean():6.2f}"
    )


def main(argv: list[str] | None = None) -> None:
    options = argparse.ArgumentParser()
    options.add_argument(
        "--peer", type=int, default=40, help="tasks on which the statsmodels peer runs"
    )
    options.add_argument("--limit", type=int, default=None, help="an even sample of the tasks")
    options.add_argument(
        "--dev", action="store_true", help="the tasks on which choices were made, instead"
    )
    asked = options.parse_args(argv)
    chosen = [t for t in tasks(asked.limit) if t.held_out == (not asked.dev)]
    clock = time.process_time()
    made = np.array([ours(t) for t in chosen])
    seconds = (time.process_time() - clock) / len(chosen)
    table = {"sendwaits": scores(made, chosen)}
    for method in (naive, seasonal_naive, drift):
        table[method.__name__.replace("_", " ")] = scores(
            np.array([method(t) for t in chosen]), chosen
        )
    print(f"{len(chosen)} {'development' if asked.dev else 'held-out'} tasks; {BARS}")
    for name, s in table.items():
        print(line(name, s))
    skill = 100 * (1 - table["sendwaits"]["crps"].mean() / table["seasonal naive"]["crps"].mean())
    print(
        f"skill over seasonal naive {skill:.1f} %; {seconds:.3f} CPU s a series with its back-test"
    )
    group = {
        g: [i for i, t in enumerate(chosen) if g in t.groups]
        for g in sorted({g for t in chosen for g in t.groups})
    }
    for g, at in group.items():
        part = {
            m: {k: x[at] for k, x in table[m].items()}
            for m in ("sendwaits", "naive", "seasonal naive")
        }
        rivals = ", ".join(
            f"{m} {part['sendwaits']['crps'].mean() / part[m]['crps'].mean():.2f}"
            for m in ("naive", "seasonal naive")
        )
        print(f"  {line(g, part['sendwaits'])}  n {len(at)}  CRPS as a ratio of {rivals}")
    if asked.peer:
        at = np.unique(np.linspace(0, len(chosen) - 1, asked.peer).astype(int))
        clock = time.process_time()
        peer = scores(np.array([statsmodels_four(chosen[i]) for i in at]), [chosen[i] for i in at])
        spent = (time.process_time() - clock) / len(at)
        mine = {k: x[at] for k, x in table["sendwaits"].items()}
        print(line("statsmodels four", peer) + f"  n {len(at)}")
        print(
            line("sendwaits, the same", mine)
            + f"  MASE ratio {mine['mase'].mean() / peer['mase'].mean():.2f}, CRPS ratio "
            f"{mine['crps'].mean() / peer['crps'].mean():.2f}, CPU ratio {seconds / spent:.2f}"
        )


if __name__ == "__main__":
    main()
