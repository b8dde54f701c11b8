"""Two folders that belong together."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from evaluation_helpers import scene


@pytest.fixture
def folders(tmp_path):
    """Return a folder of eight dark pictures and one of the same pictures as they should be."""
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
    for seed in range(8):
        good = scene(seed)
        dp.write(tmp_path / "high" / f"{seed}.png", good)
        dp.write(tmp_path / "low" / f"{seed}.png", (good // 4).astype(np.uint8))
    return tmp_path / "low", tmp_path / "high"
