"""Pictures for the tests of large pictures."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data


@pytest.fixture
def scene():
    """Return a function that makes a noisy picture of a kind and a depth; its sides are no multiples of anything."""

    def make(kind: str = "dark", dtype: str = "uint8", shape: tuple[int, int] = (437, 391)) -> np.ndarray:
        image = np.tile(data.astronaut(), (2, 2, 1))[100:][: shape[0], : shape[1]] / 255
        rng = np.random.default_rng(5)
        if kind == "night":
            image = np.where(image.max(axis=2, keepdims=True) > 0.95, image, 0.02 * image)
        elif kind == "dark":
            image = image * 0.12 + rng.normal(0, 0.005, image.shape)
        image = np.clip(image, 0, 1)
        return image.astype(dtype) if dtype[0] == "f" else np.rint(image * np.iinfo(dtype).max).astype(dtype)

    return make
