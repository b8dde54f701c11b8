"""The faster path of `diptych.metrics.ssim`: running sums of windows, without a picture in between."""

from __future__ import annotations

import math

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.parallel import in_strips
from diptych.metrics.ssim import K1, K2, WINDOW

# Running sums begin anew in each block of rows, so that the result does not depend on the number of threads.
_BLOCK = 128


def fast(image: Image, reference: Image) -> float:
    """Return the structural similarity."""
    from diptych.metrics._kernels import ssim_numba as kernels

    height, width, channels = image.shape
    white = white_level(image.dtype)
    x, y = image.reshape(height, -1), reference.reshape(height, -1)
    if image.dtype.kind == "b":
        x, y = x.view(np.uint8), y.view(np.uint8)
    # The kernels compute with sums over the window, which are 49 means and 49 * 48 sample covariances.
    area = WINDOW**2
    first, second = (K1 * white * area) ** 2, (K2 * white) ** 2 * area * (area - 1)
    totals = np.zeros(-(-(height - WINDOW + 1) // _BLOCK))
    in_bytes = x.dtype == np.uint8
    work = kernels.byte_blocks if in_bytes else kernels.wide_blocks
    constants = (np.float32(first), np.float32(second)) if in_bytes else (first, second)
    in_strips(lambda start, stop: work(x, y, channels, constants, _BLOCK, start, stop, totals), totals.size, 1)
    # The mean of many numbers may leave the range by rounding.
    return min(math.fsum(totals) / ((height - WINDOW + 1) * (width - WINDOW + 1) * channels), 1.0)
