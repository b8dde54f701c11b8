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
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    return notebook


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return the outputs with what was printed in one piece, however it arrived."""
    joined: list[nbformat.NotebookNode] = []
    for one in outputs:
        if joined and one.output_type == joined[-1].output_type == "stream" and one.name == joined[-1].name:
            joined[-1].text += one.text
        else:
            joined.append(one)
    return joined


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        nbformat.write(executed(Path(argument)), argument)
        print(argument)
