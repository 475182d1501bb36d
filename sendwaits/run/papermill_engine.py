"""What papermill finds under the name ``sendwaits``: apart from `engine`, which imports papermill while papermill looks here."""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine

__all__ = ["SendwaitsEngine"]


class SendwaitsEngine(Engine):
    """Hands the notebook to `sendwaits.run.engine.SendwaitsEngine` when there is one to run."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        from sendwaits.run import engine

        engine.SendwaitsEngine.execute_managed_notebook(nb_man, kernel_name, **kwargs)
