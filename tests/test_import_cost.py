"""Importing Diptych and asking for help load nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import diptych

HEAVY = ("torch", "onnxruntime", "numba", "scipy", "cv2", "skimage", "PIL", "tifffile", "imagecodecs", "av")


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a new interpreter has loaded after running the code."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import diptych",
        "import diptych.photo",
        "from diptych.cli.app import main; main(['--help'])",
        "from diptych.cli.app import main; main(['enhance', '--help'])",
    ],
)
def test_nothing_heavy_is_loaded(code):
    assert not loaded_after(code) & set(HEAVY)


@pytest.mark.parametrize("options", ["", ", '--strength', '7'", ", '--model', 'nope.onnx'"])
def test_a_wrong_call_is_told_before_anything_heavy_is_loaded(options):
    loaded = loaded_after(f"from diptych.cli.app import main; main(['enhance', 'missing.jpg'{options}])")
    assert not loaded & {*HEAVY} - {"cv2"}


def test_import_loads_no_command_line():
    assert not loaded_after("import diptych") & {"typer", "rich"}


def test_the_default_enhancer_loads_neither_onnx_nor_linear_algebra(tmp_path):
    """Which take as long to load as all of Numba."""
    picture = Path(diptych.__file__).parent / "cli" / "data" / "forest.jpg"
    call = f"main(['enhance', '--quiet', {str(picture)!r}, '-o', {str(tmp_path / 'out.jpg')!r}])"
    script = f"import sys\nfrom diptych.cli.app import main\ntry: {call}\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numba.core" in loaded
    assert not loaded & {"onnx", "scipy.linalg", "google.protobuf"}
