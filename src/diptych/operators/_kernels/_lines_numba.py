"""Convolution of one line at a time: what the kernels of the linear filters share.

A line is a row of pixels, their channels side by side, as float32. The vertical pass sums rows of the image into a line,
the horizontal pass shifts a line by whole pixels, so that both are the same loops for any number of channels.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

OPTIONS, PARTS = options("contract")


@njit(**PARTS)
def row_or_black(flat, index, black):
    """Return a row of the image ``(H, W * C)``, or the black one for the index -1."""
    return flat[index] if index >= 0 else black


@njit(**PARTS)
def extend(line, columns, radius, channels):
    """Fill the first and last `radius` pixels of a line from those between, as the border index says."""
    width = len(columns) - 2 * radius
    for side in range(2):
        first = side * (width + radius)
        for x in range(first, first + radius):
            source = columns[x]
            for c in range(channels):
                line[x * channels + c] = line[(source + radius) * channels + c] if source >= 0 else np.float32(0)


@njit(**PARTS)
def store(line, white, out):
    """Write a line of values from 0 to `white` to a row of the result; `white` is 0 for floats, which need no rounding."""
    if white > 0:
        for i in range(len(out)):
            out[i] = np.int32(line[i] + np.float32(0.5))
    else:
        for i in range(len(out)):
            out[i] = min(max(line[i], np.float32(0)), np.float32(1))
