"""Faster paths of `sobel`."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._borders import border_index
from diptych.operators._kernels._lines import by_rows, white_or_zero


def _sobel(image: Image, *, output: str, border: str) -> Image:
    from diptych.operators._kernels._stencils_numba import sobel_rows

    rows, columns = (border_index(length, 1, border) for length in image.shape[:2])
    white = white_or_zero(image)
    offset = 0.0 if output == "magnitude" else 0.5 * (float(white) or 1.0)
    shares = (output == "horizontal", output == "vertical", offset, white)
    numbers = [np.float32(number) for number in shares]
    return by_rows(lambda flat, out, start, stop: sobel_rows(flat, out, start, stop, rows, columns, *numbers), image)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _sobel, note="both components and the length in one pass"),)
