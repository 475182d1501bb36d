"""Notebooks through papermill, each in a process of its own; papermill knows the way as its engine ``sendwaits``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sendwaits.errors import Refused
from sendwaits.run import processes
from sendwaits.run.processes import Outcome, each_alone, kind, preload
from sendwaits.run.shell import run_cells

__all__ = ["SendwaitsEngine", "execute"]


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
    if processes.alone:
        run_cells(nb_man, _tells[-1] if _tells else lambda cell: None)
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

    run_cells(manager, finished)
    return manager.nb


def _mark_killed(nb_man: Any, outcome: Outcome) -> None:
    """The notebook says where it stopped; papermill by itself would call the rest completed."""
    from nbclient.exceptions import DeadKernelError

    for index, cell in enumerate(nb_man.nb.cells):
        if cell.metadata.papermill["status"] == nb_man.RUNNING:
            nb_man.cell_exception(cell, cell_index=index)
            raise DeadKernelError(f"cell {index + 1}: its process ended")
    raise DeadKernelError(outcome.failure)
