"""The cells of a notebook run in this process as a kernel would run them: same outputs, counts and streams, no kernel."""

from __future__ import annotations

import builtins
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from sendwaits.run.processes import INLINE

__all__ = ["run_cells"]


def run_cells(nb_man: Any, tell: Callable[[int], None]) -> None:
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
