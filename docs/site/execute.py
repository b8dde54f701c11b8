"""Run notebooks in an empty folder, and write what they show into them.

python docs/site/execute.py docs/tutorials/*.ipynb
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TIME = 180
"""Seconds that a cell may take."""


def executed(path: Path) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of a fresh run."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # for `diptych`
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=TIME, kernel_name="python3", resources={"metadata": {"path": folder}}).execute(
            cleanup_kc=True
        )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
    return notebook


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        nbformat.write(executed(Path(argument)), argument)
        print(argument)
