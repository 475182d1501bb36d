"""The queue itself, simulated: list sizes, waits, chances of targets and what capacity they need.

``forecast`` prints the rows of the contract; ``backtest``, ``bridge``, ``capacity``, ``flows`` and
``referred_today`` are the tables a report shows beside them. All start from `prepare`, which reads the waits once, fits one
model and asks its own back-test how far to trust it.
"""

from sendwaits.outlook.queue.forecast import backtest, forecast
from sendwaits.outlook.queue.monthly import flows
from sendwaits.outlook.queue.plans import bridge
from sendwaits.outlook.queue.prepare import Prepared, draws, prepare
from sendwaits.outlook.queue.readout import COLUMNS
from sendwaits.outlook.queue.referred import referred_today
from sendwaits.outlook.queue.targets import capacity

__all__ = [
    "COLUMNS",
    "Prepared",
    "backtest",
    "bridge",
    "capacity",
    "draws",
    "flows",
    "forecast",
    "prepare",
    "referred_today",
]
