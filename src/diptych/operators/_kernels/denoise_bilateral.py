"""Faster path of `denoise_bilateral`: non-local means with patches of one pixel."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.operators._kernels import _nlm


def _numba(image: Image, *, sigma_color: float, sigma_spatial: float, size: int) -> Image:
    reach = size // 2
    # The kernel's exponential is the fourth root of the weight, to base 2; the distance of the pixels is a head start.
    scale = 1 / (8 * np.log(2) * image.shape[2] * (sigma_color * white_level(image.dtype)) ** 2)
    y, x = np.mgrid[0 : reach + 1, -reach : reach + 1]
    start = -(y**2 + x**2) / (8 * np.log(2) * sigma_spatial**2)
    return _nlm.denoise(image, _nlm.Search(reach, 1, 0, scale, start / scale, True, "symmetric"))


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        when=lambda image, *, sigma_color, size, **_: sigma_color >= 1e-6 and size > 1,
        note="sigma_color > 0, size > 1",
    ),
)
