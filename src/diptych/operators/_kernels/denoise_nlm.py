"""Faster path of `denoise_nlm`."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.operators._kernels import _nlm

_CUT = 5.0  # scikit-image takes no patch whose weight would be under exp(-5)
_PER_UNIT = 2**23 / np.log(2)


def _numba(image: Image, *, strength: float, patch: int, search: int) -> Image:
    # A patch of scikit-image's fast mode has patch - 1 rows and columns, but its distance is divided by patch².
    area = image.shape[2] * (strength * white_level(image.dtype) * patch) ** 2
    how = _nlm.Search(search // 2, patch - 1, patch // 2 - 1, _PER_UNIT / area, _CUT * area, False, "reflect")
    return _nlm.denoise(image, how)


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        when=lambda image, *, strength, **_: strength >= 1e-6,
        note="strength > 0",
    ),
)
