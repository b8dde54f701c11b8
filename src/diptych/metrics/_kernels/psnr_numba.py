"""Sums of squared differences, block by block."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

_KERNEL = options()[0]
_SUM_KERNEL = options("contract", "reassoc")[0]


@njit(**_KERNEL)
def bytes_blocks(x, y, block, start, stop, totals):
    """Write the sums of the blocks ``start`` to ``stop`` of two flat arrays of uint8."""
    for index in range(start, stop):
        total = np.int32(0)
        for i in range(index * block, min((index + 1) * block, x.size)):
            difference = np.int32(x[i]) - np.int32(y[i])
            total = np.int32(total + np.int32(difference * difference))
        totals[index] = total


@njit(**_KERNEL)
def words_blocks(x, y, block, start, stop, totals):
    """Do the same for uint16."""
    for index in range(start, stop):
        total = np.int64(0)
        for i in range(index * block, min((index + 1) * block, x.size)):
            difference = np.int64(x[i]) - np.int64(y[i])
            total += difference * difference
        totals[index] = total


@njit(**_SUM_KERNEL)
def float_blocks(x, y, block, start, stop, totals):
    """Do the same for floats, in double precision."""
    for index in range(start, stop):
        total = 0.0
        for i in range(index * block, min((index + 1) * block, x.size)):
            difference = np.float64(x[i]) - np.float64(y[i])
            total += difference * difference
        totals[index] = total
