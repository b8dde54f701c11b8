"""Faster path of `denoise_photo`."""

from __future__ import annotations

import numpy as np

from diptych.core.color import RGB_FROM_YCBCR, YCBCR_FROM_RGB
from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.operators._kernels import _nlm
from diptych.operators.denoise_photo import EXPECTED


def _numba(image: Image, *, luma: float, chroma: float, strength: float, patch: int, search: int) -> Image:
    white = white_level(image.dtype)
    terms = image.shape[2] * patch * patch
    # The kernel's exponential is the fourth root of the weight, to base 2.
    scale, level = 1 / (4 * np.log(2) * strength**2 * terms), EXPECTED * terms
    if image.shape[2] == 3:
        sigmas = white * np.array([[luma], [max(chroma, luma / 2)], [max(chroma, luma / 2)]])
        there, back = YCBCR_FROM_RGB / sigmas, RGB_FROM_YCBCR * sigmas.T
        matrices = there.astype(np.float32), back.astype(np.float32)
        return _nlm.denoise(image, _search(search, patch, scale, level), *matrices)
    variance = (white * luma) ** 2
    return _nlm.denoise(image, _search(search, patch, scale / variance, level * variance))


def _search(search: int, patch: int, scale: float, level: float) -> _nlm.Search:
    return _nlm.Search(search // 2, patch, patch // 2, scale, level, True, "symmetric")


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        when=lambda image, *, luma, **_: luma >= 1e-6,
        note="luma > 0",
    ),
)
