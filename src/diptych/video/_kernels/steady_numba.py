"""The Numba kernel of `diptych.video.steady`."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

OPTIONS, PARTS = options("contract", "nsz")
_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_BLOCK = np.float32(1 / 25)


@njit(**PARTS)
def _add(column, new, before, y, sign):
    for x in range(new.shape[1]):
        column[x + 2] += sign * (np.float32(new[y, x]) - before[y, x])


@njit(**OPTIONS)
def mix(new, before, after, counts, out, numbers, start, stop):
    """Write the rows from `start` to `stop` of the mean over time: `after` as floats, `out` rounded.

    Parameters
    ----------
    counts : ndarray, shape (H, W)
        How many frames the mean of a pixel stands for, float32; updated.
    new, out : ndarray, shape (H, W)
        The frame and the result, uint16.
    before, after : ndarray, shape (H, W)
        The mean up to the last frame, and up to this one, float32.
    numbers : tuple of float32
        The most that such a count may be; where movement begins and 1 / how far it takes until it is certain, of
        the mean over 5 x 5 px; the same of a pixel.
    start, stop : int
        Rows of the result.
    """
    most, block_least, block_slope, pixel_least, pixel_slope = numbers
    height, width = new.shape
    column = np.zeros(width + 4, np.float32)
    for y in range(max(start - 2, 0), min(start + 2, height)):
        _add(column, new, before, y, _ONE)
    for y in range(start, stop):
        if y + 2 < height:
            _add(column, new, before, y + 2, _ONE)
        if y - 3 >= max(start - 2, 0):
            _add(column, new, before, y - 3, -_ONE)
        for x in range(width):
            block = _BLOCK * abs(column[x] + column[x + 1] + column[x + 2] + column[x + 3] + column[x + 4])
            change = np.float32(new[y, x]) - before[y, x]
            moved = max((block - block_least) * block_slope, (abs(change) - pixel_least) * pixel_slope)
            moved = min(max(moved, _ZERO), _ONE)
            count = min(counts[y, x] + _ONE, most)
            share = _ONE / count
            value = before[y, x] + (share + (_ONE - share) * moved) * change
            counts[y, x] = count + moved * (_ONE - count)
            after[y, x] = value
            out[y, x] = np.uint16(value + _HALF)
