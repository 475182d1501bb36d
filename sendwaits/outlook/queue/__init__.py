"""The queue itself, simulated: list sizes, waits, chances of targets and what capacity they need.

``forecast`` prints the rows of the contract; ``backtest``, ``bridge``, ``compare`` and ``recovery_plan`` are the tables a
report shows beside them. All start from `prepare`, which reads the waits once and fits one model.
"""

from sendwaits.outlook.queue.outlook import (
    Prepared,
    backtest,
    bridge,
    compare,
    draws,
    forecast,
    prepare,
    recovery_plan,
)
from sendwaits.outlook.queue.readout import COLUMNS

__all__ = [
    "COLUMNS",
    "Prepared",
    "backtest",
    "bridge",
    "compare",
    "draws",
    "forecast",
    "prepare",
    "recovery_plan",
]
