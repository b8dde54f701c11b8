"""Pictures, metrics and enhancers for the tests of the evaluation."""

from __future__ import annotations

import numpy as np

import diptych as dp
from diptych.core.image import from_float, to_float
from diptych.core.metric import metric
from diptych.operators.develop import STOP


@metric(unit="levels", direction="lower", identity=0.0, symmetric=True)
def difference(image, reference):
    """Mean absolute difference in levels of 255."""
    return 255 * float(np.abs(to_float(image) - to_float(reference)).mean())


@metric(direction="higher", smallest_side=20)
def brightness(image):
    """Mean."""
    return float(to_float(image).mean())


def scene(seed: int = 0, shape: tuple[int, ...] = (40, 48, 3), dtype: str = "uint8") -> np.ndarray:
    """Return a smooth picture with edges and a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    smooth = 0.45 + 0.2 * np.sin(x / 9 + seed) * np.cos(y / 7) + 0.15 * ((x // 12 + y // 12) % 2)
    planes = smooth if len(shape) == 2 else np.stack([smooth * (1 - 0.1 * c) for c in range(shape[2])], axis=2)
    return from_float((planes + rng.normal(0, 0.01, shape)).astype(np.float32), np.dtype(dtype))


def gain(factor: float, name: str = "gain") -> dp.Recipe:
    """Return a recipe that multiplies."""
    return dp.Recipe(dp.step("develop", exposure=float(np.log2(factor)) / STOP), name=name)
