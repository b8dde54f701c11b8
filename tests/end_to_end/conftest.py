"""A folder of pictures and a way to call the command line."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.cli.app import main


@pytest.fixture
def cli(capsys):
    """Return a function that runs a command and returns exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(one) for one in arguments])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


def _dark_picture(shape=(48, 64, 3), dtype=np.uint8, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    scene = 0.08 + 0.06 * np.sin(x / 9) * np.cos(y / 7)
    scene = scene[..., np.newaxis] * np.array([1.0, 0.9, 0.8])[: shape[2]] if len(shape) == 3 else scene
    noisy = np.clip(scene + rng.normal(0, 0.01, scene.shape), 0, 1)
    return np.rint(noisy * np.iinfo(dtype).max).astype(dtype)


@pytest.fixture
def dark_picture():
    """Return a function that makes a dark, slightly noisy picture."""
    return _dark_picture


@pytest.fixture
def pictures(tmp_path):
    """Return a folder with three pictures, one of them in a subfolder."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    dp.write(folder / "a.png", _dark_picture(seed=1))
    dp.write(folder / "b.jpg", _dark_picture(seed=2))
    dp.write(folder / "sub" / "c.png", _dark_picture(shape=(40, 40), dtype=np.uint16, seed=3))
    return folder
