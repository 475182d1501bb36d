"""A small workspace with three toy notebooks: the batch is tested on it as on the real one, in a second."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date
from pathlib import Path

import nbformat

from sendwaits import store
from sendwaits.errors import SendwaitsError, Unsafe
from sendwaits.run import batch
from sendwaits.run.making import Maker
from sendwaits.workspace import open_workspace

PATH = os.pathsep.join(map(str, (Path(__file__).parent, Path(__file__).parents[1])))
"""Where a process of its own finds this module and the package."""
AS_AT = date(2024, 7, 31)
COUNT = """
import os, pandas as pd
table = pd.read_csv(f"data/raw/{{pathway.lower()}}_{{as_at}}.csv"); waiting = len(table)
{extra}
pd.DataFrame({{"pathway": [pathway], "waiting": [waiting]}})
"""


def cells(*codes, parameters):
    nb = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        }
    )
    nb.cells = [
        nbformat.v4.new_markdown_cell("# How many children wait?"),
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *[nbformat.v4.new_code_cell(code.strip()) for code in codes],
    ]
    for number, cell in enumerate(nb.cells):
        cell["id"] = f"cell-{number}"
    return nb


def write(root: Path, extra: str = "None", pathways=("NST", "SLCN", "OT_LA")) -> Path:
    """A workspace: ``extra`` is one line of code that the trend notebook runs."""
    (root / "data" / "raw").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "sendwaits.toml").write_text('[area]\nname = "Exampleshire"\n', encoding="utf-8")
    for number, code in enumerate(pathways, 3):
        rows = "".join(f"c{i},2024-01-0{i + 1}\n" for i in range(number))
        (root / "data" / "raw" / f"{code.lower()}_2024-07-31.csv").write_text(
            "child_id,referral_date\n" + rows, encoding="utf-8"
        )
    both = (
        'pathway = "NST"  # code\nas_at = "2024-07-31"  # date\nprofile = "board"  # which numbers'
    )
    for name, nb in {
        "trend": cells(COUNT.format(extra=extra), parameters=both),
        "backlog": cells(COUNT.format(extra="None"), "as_at", parameters=both),
        "quality": cells("as_at", parameters='as_at = "2024-07-31"  # date'),
        "start_here": cells("as_at", parameters=both),
    }.items():
        nbformat.write(nb, root / "notebooks" / f"{name}.ipynb")
    return root


class ToyMaker(Maker):
    """Pages are the outputs' text; the audit refuses a set in which it finds the word 'unsafe'."""

    libraries = ()

    def read(self, workspace, request):
        pass

    def prepare(self, workspace, request):
        store.cached(workspace, "shared", [request.as_at], lambda: {"answer": 42})

    def warm(self, workspace, request):
        self.prepare(workspace, request)

    def page(self, notebook):
        shown = [
            json.dumps(o.get("data", {}), sort_keys=True)
            for c in notebook.cells
            for o in c.get("outputs", ())
        ]
        return "<html>" + "".join(shown) + "</html>"

    def set_files(self, workspace, request, made, failed):
        shared = store.cached(workspace, "shared", [request.as_at], lambda: {"answer": 42})
        rows = "".join(
            f"{code},{len(list(workspace.raw.glob(f'{code.lower()}_*')))}\n"
            for code in request.pathways
        )
        return {
            "index.html": f"<html>{sorted(failed)} {shared}</html>".encode(),
            "figures.csv": b"pathway,files\n" + rows.encode(),
            "run.json": b'{"zeros_hidden": []}',
        }

    def audit(self, workspace, request, folder, workers):
        if any("unsafe" in path.read_text(encoding="utf-8") for path in folder.iterdir()):
            raise Unsafe("a hidden number could be worked out")

    def register(self, workspace, request, folder):
        pass

    def registered(self, workspace, request):
        return True


def nap(seconds, tell):
    """When the nap began and when it ended."""
    began = time.time()
    time.sleep(seconds)
    return began, time.time()


def fork_also_beside_threads(monkeypatch):
    """pytest-xdist's own thread would make the batch choose the slow way; its thread does nothing that a fork could harm."""
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("SENDWAITS_ENGINE", "fork")


def run(root, **options):
    options = {"as_at": AS_AT, "workers": 2, "maker": ToyMaker(), **options}
    return batch.run(open_workspace(root), **options)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a set; of run.json all but what a clock says and which code was installed."""
    files = {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
    for name in [n for n in files if n.endswith("run.json")]:
        record = json.loads(files[name])
        files[name] = json.dumps(
            {
                k: v
                for k, v in record.items()
                if k not in ("durations", "sha256", "versions", "key", "pages")
            },
            sort_keys=True,
        ).encode()
    return files


if __name__ == "__main__":
    try:
        began = time.perf_counter()
        summary = run(Path(sys.argv[1]), **json.loads(os.environ.get("TOY_OPTIONS", "{}")))
        print("\n".join(summary.lines))
        print(
            json.dumps(
                {
                    "heavy": sorted(
                        {"pandas", "papermill", "matplotlib", "IPython", "numpy"} & set(sys.modules)
                    ),
                    "seconds": time.perf_counter() - began,
                }
            )
        )
        sys.exit(summary.exit_code)
    except SendwaitsError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
