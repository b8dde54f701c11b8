"""The thumbnail of a picture: the averages of equal areas, square whatever the shape of the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, convert, white_level
from diptych.core.parallel import in_strips

_SMALLEST = 16  # rows that are worth a thread


def thumbnail(image: Image, side: int) -> NDArray[np.float32]:
    """Return the thumbnail ``(C, side, side)`` of an image ``(H, W, C)``; a pixel that areas share counts in proportion."""
    from diptych.runtime._kernels import area_numba

    pixels = _supported(image)
    white = white_level(pixels.dtype)
    cells = np.empty((image.shape[2], side, side), np.float32)
    in_strips(
        lambda first, last: area_numba.average(pixels, white, cells, first, last, 0, len(pixels)), side, _SMALLEST
    )
    return cells


def thumbnail_by_rows(read: Callable[[int, int], Image], shape: tuple[int, ...], side: int) -> NDArray[np.float32]:
    """Return the thumbnail ``(C, side, side)`` of a picture of this shape that is read by ``read(first, last)``."""
    from diptych.runtime._kernels import area_numba

    height, cells = shape[0], np.empty((shape[2], side, side), np.float32)
    for row in range(side):
        first, last = row * height // side, min(-(-(row + 1) * height // side), height)
        pixels = _supported(read(first, last))
        area_numba.average(pixels, white_level(pixels.dtype), cells, row, row + 1, first, height)
    return cells


def _supported(image: Image) -> Image:
    """Return the image as the kernel takes it."""
    is_known = image.dtype.name in ("uint8", "uint16", "float32")
    return np.ascontiguousarray(image if is_known else convert(image, np.dtype(np.float32)))
