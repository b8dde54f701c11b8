"""The thumbnail of a picture: the averages of equal areas, square whatever the shape of the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, convert, white_level
from diptych.core.kernels import rows_in
from diptych.core.parallel import in_strips

_SMALLEST = 16  # rows that are worth a thread


def thumbnail(image: Image, side: int) -> NDArray[np.float32]:
    """Return the thumbnail ``(C, side, side)`` of an image ``(H, W, C)``; a pixel that areas share counts in proportion."""
    cells = np.empty((image.shape[2], side, side), np.float32)
    in_strips(_averages(image, cells, len(image)), side, _SMALLEST)
    return cells


def thumbnail_by_rows(read: Callable[[int, int], Image], shape: tuple[int, ...], side: int) -> NDArray[np.float32]:
    """Return the thumbnail ``(C, side, side)`` of a picture of this shape that is read by ``read(first, last)``."""
    height, cells = shape[0], np.empty((shape[2], side, side), np.float32)
    for row in range(side):
        first, last = row * height // side, min(-(-(row + 1) * height // side), height)
        _averages(read(first, last), cells, height, above=first)(row, row + 1)
    return cells


def _averages(image: Image, cells: NDArray[np.float32], height: int, above: int = 0) -> Callable[[int, int], None]:
    """Return what writes rows of cells, from rows of a picture of this height that follow the first `above`."""
    from diptych.runtime._kernels import area_numba

    is_known = image.dtype.name in ("uint8", "uint16", "float32")
    pixels = image if is_known else convert(image, np.dtype(np.float32))
    rows, white = rows_in(pixels), white_level(pixels.dtype)

    def work(first: int, last: int) -> None:
        sums = np.empty(pixels.shape[1] * pixels.shape[2], np.float32)
        area_numba.average(rows, sums, white, cells, first, last, above, height)

    return work
