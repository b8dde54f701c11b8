"""Faster paths of `bilateral`."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.operators._kernels._blocks import by_blocks
from diptych.operators._kernels._lines import white_or_zero
from diptych.operators.bilateral import disc, disc_radius


def _bilateral(image: Image, *, sigma_space: float, sigma_color: float, border: str) -> Image:
    from diptych.operators._kernels.bilateral_numba import bilateral_rows

    if sigma_space == 0 or sigma_color == 0:
        return image.copy()
    radius = disc_radius(sigma_space)
    taps = np.array([tap for tap in disc(radius) if tap != (0, 0)], np.int64)
    space = ((taps**2).sum(axis=1) / (2 * max(sigma_space, 0.01) ** 2)).astype(np.float32)
    factor = np.float32(0.5 / (max(sigma_color, 1e-6) * white_level(image.dtype)) ** 2)
    white = white_or_zero(image)

    def filtered(block: Image) -> Image:
        planes = np.ascontiguousarray(np.moveaxis(block, 2, 0), np.float32)
        out = np.empty_like(block)
        bilateral_rows(planes, out, radius, taps, space, factor, white)
        return out

    return by_blocks(filtered, (image,), radius, border)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _bilateral, note="weights computed, not looked up"),)
