"""Notebooks run each in a process of its own that has the libraries loaded already, with a kernel's outputs.

Where the system can fork safely (Linux), the parent loads the libraries once and each notebook runs inside a forked
process; elsewhere each runs in a newly started one. `SENDWAITS_ENGINE` = ``fork``, ``pool`` or ``papermill`` (a kernel
per notebook, papermill's own way) overrides. papermill knows it as the engine ``sendwaits``.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sendwaits.errors import Refused, SendwaitsError

__all__ = ["SendwaitsEngine", "Outcome", "each_alone", "execute", "kind", "preload"]

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

_alone = False
"""True in a process that exists for one notebook and ends after it."""


@dataclass
class Outcome:
    """What became of one notebook: its value, or why there is none.

    ``failure`` is one line without values from the data; ``detail`` is the traceback (for ``--debug`` only).
    """

    value: Any = None
    failure: str = ""
    detail: str = ""
    seconds: float = 0.0
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


# --- one process for each piece of work ------------------------------------------------------------------------------


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
                outcome = message or Outcome(failure=_death(process.exitcode, last[0]))
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
    global _alone
    _alone = True
    _end_with(parent)
    try:
        outcome = Outcome(function(item, lambda message: connection.send((False, message))))
    except SystemExit as error:
        outcome = Outcome(failure=f"it ended itself with exit code {error.code}")
    except BaseException as error:
        outcome = Outcome(failure=explain(error), detail=traceback.format_exc())
    outcome.peak_mb = _peak_mb()
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


# --- one notebook in this process ------------------------------------------------------------------------------------


def execute(
    notebook: Path,
    parameters: Mapping[str, Any],
    folder: Path,
    tell: Callable[[int], None] | None = None,
) -> Any:
    """The executed notebook (nbformat), parameters injected by papermill, run from ``folder``.

    Raises `Refused` for a parameter that the notebook does not have, papermill's error for a cell that fails.
    Call it in a process of its own (`each_alone`): in the ``fork`` and ``pool`` ways the cells run in this process.
    """
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.inspection import inspect_notebook

    unknown = sorted(set(parameters) - set(inspect_notebook(str(notebook))))
    if unknown:
        raise Refused(
            f"{notebook.name}: has no parameter '{unknown[0]}'. Name it in the cell tagged 'parameters'."
        )
    papermill_engines.register(
        "sendwaits", SendwaitsEngine
    )  # also where the package is not installed
    place = _injected_after(notebook) if parameters else sys.maxsize
    _tells.append((lambda cell: tell(cell - (cell > place))) if tell else (lambda cell: None))
    try:
        return papermill.execute_notebook(
            str(notebook),
            None,
            dict(parameters),
            cwd=str(folder),
            progress_bar=False,
            engine_name="nbclient" if kind() == "papermill" else "sendwaits",
            kernel_name="python3",
            language="python",
        )
    except PapermillExecutionError as error:
        error.cell_index -= error.cell_index >= place  # counted as the notebook's author does
        raise
    finally:
        _tells.pop()


def _injected_after(notebook: Path) -> int:
    """How many cells of the notebook stand before the one that papermill adds for the parameters."""
    import nbformat

    tagged = [
        "parameters" in cell.metadata.get("tags", [])
        for cell in nbformat.read(notebook, as_version=4).cells
    ]
    return tagged.index(True) + 1 if True in tagged else 0


_tells: list[Callable[[int], None]] = []


class SendwaitsEngine:
    """papermill's engine ``sendwaits``: the cells run in one process that has the libraries loaded, without a kernel.

    papermill loads this class (an entry point) while it is itself being imported, so nothing of papermill is needed yet.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **kwargs: Any) -> Any:
        from papermill.engines import Engine

        class Managed(Engine):
            @classmethod
            def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
                _run_managed(nb_man)

        return Managed.execute_notebook(nb, kernel_name, **kwargs)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        from papermill.utils import nb_kernel_name

        return nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        from papermill.utils import nb_language

        return nb_language(nb, language)


def _run_managed(nb_man: Any) -> None:
    if _alone:
        _run_cells(nb_man, _tells[-1] if _tells else lambda cell: None)
        return
    preload()

    def told(_: Any, message: Any) -> None:
        index, cell = message
        nb_man.nb.cells[index] = cell
        nb_man.save()

    ((_, outcome),) = each_alone(_run_elsewhere, [nb_man.nb], told=told)
    if outcome.failure:
        _mark_killed(nb_man, outcome)
    nb_man.nb = outcome.value


def _run_elsewhere(nb: Any, tell: Callable[[Any], None]) -> Any:
    from papermill.engines import NotebookExecutionManager

    manager = NotebookExecutionManager(nb, progress_bar=False)

    def finished(number: int) -> None:
        if number > 1:
            tell((number - 2, nb.cells[number - 2]))
        tell((number - 1, nb.cells[number - 1]))

    _run_cells(manager, finished)
    return manager.nb


def _mark_killed(nb_man: Any, outcome: Outcome) -> None:
    """The notebook says where it stopped; papermill by itself would call the rest completed."""
    from nbclient.exceptions import DeadKernelError

    for index, cell in enumerate(nb_man.nb.cells):
        if cell.metadata.papermill["status"] == nb_man.RUNNING:
            nb_man.cell_exception(cell, cell_index=index)
            raise DeadKernelError(f"cell {index + 1}: its process ended")
    raise DeadKernelError(outcome.failure)


def _run_cells(nb_man: Any, tell: Callable[[int], None]) -> None:
    """Every code cell runs in order until one fails; outputs, counts and metadata as papermill with a kernel leaves them."""
    from ipykernel.ipkernel import IPythonKernel
    from nbclient.exceptions import CellExecutionError
    from papermill.clientwrap import PapermillNotebookClient

    client = PapermillNotebookClient(nb_man)
    client.reset_execution_trackers()
    with _Shell(client) as shell:
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            tell(index + 1)
            try:
                if cell.cell_type == "code" and cell.source.strip():
                    shell.run(cell, index)
            except CellExecutionError as error:
                nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                nb_man.cell_complete(cell, cell_index=index)
    nb_man.nb.metadata["language_info"] = dict(IPythonKernel.language_info)


class _Shell:
    """IPython's kernel shell without the kernel: its messages go straight to nbclient's own bookkeeping."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.cell: Any = None
        self.index = 0

    def __enter__(self) -> _Shell:
        from ipykernel.compiler import XCachingCompiler
        from ipykernel.zmqshell import ZMQInteractiveShell
        from jupyter_client.session import Session

        outer = self

        class Recorder(Session):
            def send(
                self,
                stream: Any,
                msg_or_type: Any,
                content: Any = None,
                parent: Any = None,
                *args: Any,
                **kwargs: Any,
            ) -> Any:
                message = (
                    msg_or_type
                    if isinstance(msg_or_type, dict)
                    else self.msg(msg_or_type, content, parent)
                )
                outer.record(message)
                return message

        class Shell(ZMQInteractiveShell):
            def enable_gui(self, gui: Any = None) -> None:
                self.active_eventloop = gui

        session = Recorder()
        self.saved = sys.stdin, sys.stdout, sys.stderr, builtins.input
        self.streams = _Stream("stdout", session), _Stream("stderr", session)
        sys.stdin, (sys.stdout, sys.stderr) = open(os.devnull, encoding="utf-8"), self.streams  # type: ignore[assignment]
        builtins.input = _no_input
        os.environ["MPLBACKEND"] = os.environ.get("MPLBACKEND") or INLINE
        kernel = SimpleNamespace(eventloop=None, session=session)
        shell: Any = Shell.instance(user_ns={}, kernel=kernel, compiler_class=XCachingCompiler)
        shell.history_manager.enabled = False
        shell.displayhook.session = shell.display_pub.session = session
        shell.displayhook.topic = b"execute_result"
        self.shell = shell
        _renew_random_numbers()
        _tell_matplotlib()
        return self

    def __exit__(self, *_: Any) -> None:
        sys.stdin, sys.stdout, sys.stderr, builtins.input = self.saved
        for stream in self.streams:
            stream.restore()

    def run(self, cell: Any, index: int) -> None:
        """Runs one code cell. Raises nbclient's `CellExecutionError` unless the cell is tagged raises-exception."""
        from nbclient.exceptions import CellExecutionError

        self.cell, self.index, cell.outputs = cell, index, []
        self.client.clear_before_next_output = False
        cell.execution_count = self.shell.execution_count
        result = self.shell.run_cell(cell.source, store_history=True, silent=False)
        for stream in self.streams:
            stream.flush()
        self.shell.payload_manager.clear_payload()
        error = result.error_before_exec or result.error_in_exec
        if (
            error or getattr(self.shell, "_last_traceback_during_displayhook", False)
        ) and "raises-exception" not in cell.metadata.get("tags", []):
            reply = {
                "status": "error",
                "ename": type(error).__name__,
                "evalue": str(error),
                "traceback": self.shell._last_traceback or [],
            }
            raise CellExecutionError.from_cell_and_msg(cell, reply)

    def record(self, message: Any) -> None:
        from ipykernel.jsonutil import json_clean

        message["content"] = json_clean(message["content"])
        self.client.process_message(message, self.cell, self.index)


class _Stream:
    """Text for the notebook, kept until flushed as a kernel's stream does; with what programs write to the system's handle."""

    encoding, errors, closed = "UTF-8", "strict", False

    def __init__(self, name: str, session: Any) -> None:
        self.name, self.session, self.kept = name, session, []  # type: ignore[var-annotated]
        self.number = 1 if name == "stdout" else 2
        self.file = tempfile.TemporaryFile(buffering=0)
        self.saved = os.dup(self.number)
        os.dup2(self.file.fileno(), self.number)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        self._drain()
        self.kept.append(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._drain()
        text, self.kept = "".join(self.kept), []
        if text:
            self.session.send(None, "stream", {"name": self.name, "text": text})

    def _drain(self) -> None:
        if os.fstat(self.file.fileno()).st_size:
            self.file.seek(0)
            self.kept.append(self.file.read().decode("utf-8", "replace"))
            self.file.seek(0)
            self.file.truncate()

    def restore(self) -> None:
        os.dup2(self.saved, self.number)
        os.close(self.saved)
        self.file.close()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.number


def _no_input(prompt: object = "") -> str:
    from IPython.core.error import StdinNotImplementedError

    raise StdinNotImplementedError(
        "raw_input was called, but this frontend does not support input requests."
    )


def _renew_random_numbers() -> None:
    """No two notebooks draw the same unseeded numbers because they were forked from one process."""
    if "numpy" in sys.modules:
        import numpy

        numpy.random.seed()


def _tell_matplotlib() -> None:
    """A matplotlib loaded before the fork learns that it is inside a notebook now."""
    if "matplotlib" in sys.modules:
        import matplotlib

        matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]
        if "matplotlib.pyplot" in sys.modules:
            import matplotlib.pyplot

            matplotlib.pyplot.install_repl_displayhook()
