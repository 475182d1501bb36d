"""Run the notebooks of a folder on its workspace and keep their outputs: ``python -m sendwaits.run.notebooks notebooks``."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["execute", "main"]

_VOLATILE = ("execution", "papermill")


def execute(path: Path) -> None:
    """Runs one notebook in a fresh kernel from the workspace's root and writes it back without times or machine names."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent.parent)}}).execute()
    for cell in notebook.cells:
        for key in _VOLATILE:
            cell.metadata.pop(key, None)
    notebook.metadata = nbformat.from_dict({"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
                                            "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    text = nbformat.writes(notebook, version=4).rstrip() + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    for folder in arguments or ["notebooks"]:
        for path in sorted(Path(folder).glob("*.ipynb")):
            print(path.name, flush=True)
            execute(path)


if __name__ == "__main__":
    main(sys.argv[1:])
