"""Looking through the metrics loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "torchmetrics", "numba", "scipy", "cv2", "skimage", "PIL", "tifffile", "imagecodecs"}


def test_the_declarations_cost_numpy_only():
    code = (
        "import sys; from diptych import metrics\n"
        "facts = [metrics.declaration(name) for name in metrics.names()]\n"
        "facts += [metrics.set_declaration(name) for name in metrics.set_names()]\n"
        "assert len(facts) >= 10\n"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & HEAVY
