"""One process for each piece of work, the libraries loaded before: what a piece does to memory or settings ends with it.

Where the system can fork safely (Linux), the parent loads the libraries once and each piece runs inside a forked process;
elsewhere each runs in a newly started one. `SENDWAITS_ENGINE` = ``fork``, ``pool`` or ``papermill`` (a kernel per notebook,
papermill's own way) overrides.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sendwaits.errors import Refused, SendwaitsError

__all__ = ["INLINE", "Outcome", "each_alone", "explain", "kind", "preload"]

KINDS = ("fork", "pool", "papermill")
LIBRARIES = (
    "pandas",
    "pyarrow",
    "IPython",
    "ipykernel.zmqshell",
    "ipykernel.ipkernel",
    "ipykernel.compiler",
    "jinja2",
    "papermill",
    "papermill.inspection",
    "nbformat",
    "lxml.html",
)
INLINE = "module://matplotlib_inline.backend_inline"

alone = False
"""True in a process that exists for one notebook and ends after it."""


@dataclass
class Outcome:
    """What became of one notebook: its value, or why there is none.

    ``failure`` is one line without values from the data; ``code`` the exit code of an error of ours, 1 of another;
    ``detail`` the traceback (for ``--debug`` only); ``cpu`` the CPU seconds of its process.
    """

    value: Any = None
    failure: str = ""
    detail: str = ""
    code: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0


def kind() -> str:
    """How notebooks are run here: ``fork``, ``pool`` or ``papermill``."""
    chosen = os.environ.get("SENDWAITS_ENGINE", "")
    if chosen:
        if chosen not in KINDS or chosen == "fork" and not hasattr(os, "fork"):
            raise Refused("SENDWAITS_ENGINE must be fork (not on Windows), pool or papermill.")
        return chosen
    return "fork" if sys.platform.startswith("linux") and threading.active_count() == 1 else "pool"


def preload(more: Iterable[str] = ()) -> None:
    """The libraries that notebooks import are loaded; a forked notebook finds them there."""
    backend = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = backend or INLINE  # as a kernel does, before matplotlib asks
    try:
        for name in (*LIBRARIES, *more):
            importlib.import_module(name)
    finally:
        os.environ.pop("MPLBACKEND") if backend is None else os.environ.update(MPLBACKEND=backend)


def each_alone(
    function: Callable[[Any, Callable[[Any], None]], Any],
    items: Iterable[Any],
    workers: int = 1,
    told: Callable[[Any, Any], None] | None = None,
) -> Iterator[tuple[Any, Outcome]]:
    """Each item with the outcome of ``function(item, tell)``, in the order of completion, at most ``workers`` at once.

    Every call has a process of its own; what it does to modules, options, environment or folder ends with it. A process
    that is killed is a failure. ``told(item, message)`` hears what the call tells before it ends.
    """
    import gc
    import multiprocessing
    from multiprocessing.connection import wait

    context: Any = multiprocessing.get_context("fork" if kind() == "fork" else "spawn")
    todo = iter(list(items))
    running: dict[Any, tuple[Any, Any, float, list[Any]]] = {}
    gc.collect()
    gc.freeze()
    try:
        while True:
            while len(running) < workers and (item := next(todo, None)) is not None:
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(function, item, theirs, os.getpid()))
                process.start()
                theirs.close()
                running[ours] = (item, process, time.perf_counter(), [""])
            if not running:
                return
            connection: Any
            for connection in wait(list(running)):
                item, process, began, last = running[connection]
                ended, message = _receive(connection)
                if not ended:
                    last[0] = message
                    if told:
                        told(item, message)
                    continue
                process.join()
                outcome = message or Outcome(failure=_death(process.exitcode, last[0]), code=1)
                outcome.seconds = time.perf_counter() - began
                del running[connection]
                connection.close()
                yield item, outcome
    finally:
        gc.unfreeze()
        for _, process, _, _ in running.values():
            process.kill()
            process.join()


def _receive(connection: Any) -> tuple[bool, Any]:
    try:
        return connection.recv()
    except (EOFError, OSError):
        return True, None


def _death(code: int | None, last: Any) -> str:
    where = f" in cell {last}" if isinstance(last, int) else ""
    how = "was killed" if code is not None and code < 0 else "ended without a result"
    return f"its process {how}{where} (too little memory is the usual reason)"


def _child(function: Callable, item: Any, connection: Any, parent: int) -> None:
    global alone
    alone = True
    _end_with(parent)
    try:
        outcome = Outcome(function(item, lambda message: connection.send((False, message))))
    except SystemExit as error:
        outcome = Outcome(failure=f"it ended itself with exit code {error.code}", code=1)
    except BaseException as error:
        code = error.exit_code if isinstance(error, SendwaitsError) else 1
        outcome = Outcome(failure=explain(error), detail=traceback.format_exc(), code=code)
    outcome.peak_mb, outcome.cpu = _peak_mb(), time.process_time()
    with suppress(OSError):
        connection.send((True, outcome))
    connection.close()


def explain(error: BaseException) -> str:
    """One line that names the cell; the text of an error only where it is our own, for it holds no value from the data."""
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        ours = error.ename in _own_errors(SendwaitsError)
        what = error.evalue if ours else "its code fails; run the notebook in JupyterLab to see why"
        return f"cell {error.cell_index + 1}: {what}"
    if isinstance(error, SendwaitsError):
        return str(error)
    return "a bug in sendwaits; run again with --debug to see it"


def _own_errors(family: type) -> set[str]:
    names = {family.__name__}
    members: list[type] = family.__subclasses__()
    for member in members:
        names |= _own_errors(member)
    return names


def _end_with(parent: int) -> None:
    """On Linux this process dies when its parent does; elsewhere it ends when it next tells something."""
    if sys.platform.startswith("linux"):
        import ctypes
        import signal

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _peak_mb() -> float:
    """The most memory this process held, in MB, pages shared with its parent included; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )
