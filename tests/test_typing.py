"""What a user's type checker sees of the operators and metrics."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

USER = """
import numpy as np

import diptych as dp

image = np.zeros((4, 4, 3), np.uint8)
result: np.ndarray = dp.operators.gamma(image, gamma=0.5)
sharper = dp.operators.gaussian(image, sigma="auto", border="mirror")
score: float = dp.metrics.psnr(image, result)
score = dp.operators.estimate_noise(image)
dp.operators.gamma(image, gama=3)  # error: Unexpected keyword argument "gama"
dp.operators.gamma(image, gamma="much")  # error: incompatible type "str"; expected "float"
dp.operators.gaussian(image, border="mirrored")  # error: incompatible type "Literal['mirrored']"
dp.operators.gamme(image)  # error: Module has no attribute "gamme"
dp.enhence(image)  # error: Module has no attribute "enhence"
text: str = dp.operators.gamma(image)  # error: expression has type "ndarray
dp.metrics.psnr(image)  # error: Too few arguments
"""


def test_a_type_checker_sees_the_operators_and_metrics(tmp_path):
    """The user's file has right and wrong calls; mypy finds all of the wrong ones and nothing else."""
    path = tmp_path / "user.py"
    path.write_text(USER)
    # From the root, with its settings, so that the cache of `make check` serves.
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", str(path)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    found = dict(re.findall(r"user\.py:(\d+): error: (.*)", printed))
    wanted = {str(number): line for number, line in enumerate(USER.splitlines(), 1) if "# error: " in line}
    assert found.keys() == wanted.keys(), printed
    for number, line in wanted.items():
        assert line.partition("# error: ")[2] in found[number]
