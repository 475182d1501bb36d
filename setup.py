"""The one build step that pyproject.toml cannot say: a wheel carries the notebooks, as sendwaits/notebooks."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithNotebooks(build_py):
    """Copies notebooks/*.ipynb beside the package; an editable install reads the repository's own folder instead."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "sendwaits" / "notebooks"
            self.mkpath(str(target))
            for notebook in sorted(Path("notebooks").glob("*.ipynb")):
                self.copy_file(str(notebook), str(target / notebook.name))


setup(cmdclass={"build_py": WithNotebooks})
