"""A picture that got too little light, made from one that ships with scikit-image."""

from __future__ import annotations

import numpy as np


def darken(image: np.ndarray, exposure: float = 0.06, electrons: float = 1500.0, seed: int = 7) -> np.ndarray:
    """Simulate an underexposed photograph: less light (in linear values), photon noise, 8 bits."""
    light = (image / 255.0) ** 2.2 * exposure
    noisy = np.random.default_rng(seed).poisson(light * electrons) / electrons
    return np.rint(255 * np.clip(noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)
