"""Execute the notebooks on the sample and keep their outputs: python tests/execute_notebooks.py [name ...]

To be run after a change that moves a number or a word; the difference is then read like any other change.
They run in a copy of the workspace that holds the committed sample and nothing else: what was
released here before, or lies in data/, must not move an output that is kept in history.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("notebooks", "data/raw", "sendwaits.toml", "statements.toml")


def copy_of_the_workspace(folder: Path) -> Path:
    """The sample workspace without a register, a cache or a set, under `folder`."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def execute(path: Path, folder: Path) -> None:
    """Run one notebook from top to bottom in a fresh kernel, without times or other traces of the run."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder / "notebooks")}},
    ).execute()
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    path.write_text(
        json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
        encoding="utf-8",
        newline="\n",
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        folder = copy_of_the_workspace(Path(made))
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            if len(sys.argv) < 2 or path.stem in sys.argv[1:]:
                print(path.name, flush=True)
                execute(path, folder)
