"""The tutorials: notebooks that run from the first cell to the last, and whose stored outputs are whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="nbclient is missing: pip install -e '.[dev]'")
pytest.importorskip("ipykernel", reason="ipykernel is missing: pip install -e '.[dev]'")

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))  # those in Chinese have the same code
LARGEST = 400_000

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the kernel's sockets and a POSIX path")


def speaking(notebook: dict) -> list[bool]:
    """Return which cells print something; what exactly may differ from machine to machine."""
    return [any(output.get("name") == "stdout" for output in cell.get("outputs", ())) for cell in notebook["cells"]]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src"), "DIPTYCH_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "docs" / "site" / "execute.py"), str(copy)]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert speaking(json.loads(copy.read_text("utf-8"))) == speaking(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_stored_is_whole_and_small(path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"]
    assert "/tmp/" not in json.dumps(outputs)
    assert path.stat().st_size < LARGEST
