"""Faster paths of `laplacian`."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._borders import border_index
from diptych.operators._kernels._lines import by_rows, white_or_zero


def _laplacian(image: Image, *, output: str, border: str) -> Image:
    from diptych.operators._kernels._stencils_numba import laplacian_rows

    rows, columns = (border_index(length, 1, border) for length in image.shape[:2])
    white = white_or_zero(image)
    factor, offset = (0.25, 0.0) if output == "magnitude" else (0.125, 0.5 * (float(white) or 1.0))
    numbers = (np.float32(factor), np.float32(offset), white)
    return by_rows(
        lambda flat, out, start, stop: laplacian_rows(flat, out, start, stop, rows, columns, *numbers), image
    )


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _laplacian, note="differences and scaling in one pass"),)
