"""Faster paths for `diptych.operators.retinex_msrcr`."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._kernels._retinex import detail, level_plane, over_rows, stretch
from diptych.operators._retinex import FLOOR


def _run(image: Image, *, small: float, medium: float, large: float, alpha: float, clip: float) -> Image:
    from diptych.operators._kernels import _illumination_numba as kernels

    white = np.float32(white_level(image.dtype))
    result = np.empty(image.shape, np.float32)
    for channel in range(image.shape[2]):
        result[:, :, channel] = detail(level_plane(image, channel), [small, medium, large])
    in_strips(lambda start, stop: _restore(image[start:stop], result[start:stop], white, alpha), image.shape[0])
    if not stretch(result, clip):
        return image.copy()
    if image.dtype == np.float32:
        return result
    out = np.empty_like(image)
    over_rows(kernels.store_rows, result, white, out)
    return out


def _restore(image: Image, details: Image, white: np.float32, alpha: float, rows: int = 16) -> None:
    # A few rows at a time, which stay in the cache.
    for start in range(0, image.shape[0], rows):
        part = image[start : start + rows] / white + np.float32(FLOOR)
        part /= part.sum(axis=2, keepdims=True)
        part *= np.float32(alpha)
        details[start : start + rows] *= np.log(part, out=part)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the surrounds by a cosine transform"),)
