"""Faster paths of `uniform`."""

from __future__ import annotations

import cv2
import numpy as np

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._borders import border_index
from diptych.operators._kernels._blocks import by_strips, edges_of_blocks
from diptych.operators._kernels._lines import by_rows, white_or_zero
from diptych.operators._kernels._opencv import BORDERS, into
from diptych.operators._kernels.convolution import convolved

_SMALL = 13  # up to here, to add up the window costs no more than running sums
_LARGEST_UINT16 = 181  # above, OpenCV's sum of 16-bit values leaves an int32


def _opencv(image: Image, *, size: int, border: str) -> Image:
    def blur(source: Image, out: Image) -> None:
        into(lambda part, dst: cv2.blur(part, (size, size), dst=dst, borderType=BORDERS[border]), source, out)

    return by_strips(blur, image, size // 2)


def _opencv_fits(image: Image, *, size: int, border: str) -> bool:
    return border != "wrap" and (image.dtype == np.uint8 or size <= _LARGEST_UINT16)


def _numba(image: Image, *, size: int, border: str) -> Image:
    if size <= _SMALL:
        return convolved(image, np.full(size // 2 + 1, 1 / size), border)
    from diptych.operators._kernels._box_numba import box_rows

    rows, columns = (border_index(length, size // 2, border) for length in image.shape[:2])
    white = white_or_zero(image)
    edges = edges_of_blocks(image.shape[0], size // 2)
    return by_rows(
        lambda flat, out, start, stop: box_rows(flat, out, start, stop, rows, columns, size, white), image, edges
    )


PATHS = (
    FastPath("OpenCV", ("uint8", "uint16"), _opencv, when=_opencv_fits, note="not wrap; uint16 up to size 181"),
    FastPath("Numba", ("uint8", "uint16", "float32"), _numba, note="above size 13, running sums in float64"),
)
