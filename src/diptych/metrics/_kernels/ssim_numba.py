"""Structural similarity with windows of 7 x 7 as sums of sums of columns."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

# Sums may be taken in any order, so that they run in vector registers; NaN and infinity keep their meaning.
_SUMS = {"reassoc", "contract", "nsz"}

_KERNEL, _PART = options()
_SUM_PART = options(*_SUMS)[1]


@njit(**_PART)
def _move(x, y, x_old, y_old, columns):
    # One row enters the sums of the columns (of x, y, x x, y y, x y), another leaves them.
    sx, sy, sxx, syy, sxy = columns[0], columns[1], columns[2], columns[3], columns[4]
    for i in range(x.size):
        a, b, c, d = np.int32(x[i]), np.int32(y[i]), np.int32(x_old[i]), np.int32(y_old[i])
        sx[i] += a - c
        sy[i] += b - d
        sxx[i] += a * a - c * c
        syy[i] += b * b - d * d
        sxy[i] += a * b - c * d


@njit(**_PART)
def _move_wide(x, y, x_old, y_old, columns):
    sx, sy, sxx, syy, sxy = columns[0], columns[1], columns[2], columns[3], columns[4]
    for i in range(x.size):
        a, b, c, d = np.float64(x[i]), np.float64(y[i]), np.float64(x_old[i]), np.float64(y_old[i])
        sx[i] += a - c
        sy[i] += b - d
        sxx[i] += a * a - c * c
        syy[i] += b * b - d * d
        sxy[i] += a * b - c * d


@njit(**_PART)
def _windows(columns, step, out):
    # The sums of 7 columns, `step` numbers apart.
    for k in range(5):
        target, c0 = out[k], columns[k]
        c1, c2, c3, c4, c5, c6 = (
            c0[step:],
            c0[2 * step :],
            c0[3 * step :],
            c0[4 * step :],
            c0[5 * step :],
            c0[6 * step :],
        )
        for i in range(target.size):
            target[i] = (c0[i] + c1[i]) + (c2[i] + c3[i]) + (c4[i] + c5[i]) + c6[i]


@njit(**_SUM_PART)
def _total(values):
    total = 0.0
    for value in values:
        total += np.float64(value)
    return total


# The formulas are computed as they stand, so that identical windows give exactly 1.


@njit(**_PART)
def _like_bytes(sums, constants, out):
    # Whole numbers up to the quotient: 49 * 49 * 255 * 255 stays below 2^31.
    first, second = constants
    sx, sy, sxx, syy, sxy = sums[0], sums[1], sums[2], sums[3], sums[4]
    for i in range(out.size):
        product = np.int32(sx[i] * sy[i])
        squares = np.int32(np.int32(sx[i] * sx[i]) + np.int32(sy[i] * sy[i]))
        spread = np.int32(np.int32(49 * np.int32(sxx[i] + syy[i])) - squares)
        shared = np.int32(np.int32(49 * sxy[i]) - product)
        above = (np.float32(np.int32(2 * product)) + first) * (np.float32(np.int32(2 * shared)) + second)
        below = (np.float32(squares) + first) * (np.float32(spread) + second)
        out[i] = above / below


@njit(**_PART)
def _like_wide(sums, constants, out):
    first, second = constants
    sx, sy, sxx, syy, sxy = sums[0], sums[1], sums[2], sums[3], sums[4]
    for i in range(out.size):
        product = sx[i] * sy[i]
        squares = sx[i] * sx[i] + sy[i] * sy[i]
        above = (2 * product + first) * (2 * (49 * sxy[i] - product) + second)
        below = (squares + first) * (49 * (sxx[i] + syy[i]) - squares + second)
        out[i] = above / below


@njit(**_KERNEL)
def byte_blocks(x, y, channels, constants, block, start, stop, totals):
    """Write the sums of the similarities of the blocks of rows ``start`` to ``stop``, for uint8 ``(H, W * channels)``."""
    nothing = np.zeros(x.shape[1], x.dtype)
    columns = np.empty((5, x.shape[1]), np.int32)
    sums = np.empty((5, x.shape[1] - 6 * channels), np.int32)
    line = np.empty(sums.shape[1], np.float32)
    for index in range(start, stop):
        top = index * block
        columns[:] = 0
        for row in range(top, min(top + block, x.shape[0] - 6) + 6):
            if row < top + 7:
                _move(x[row], y[row], nothing, nothing, columns)
            else:
                _move(x[row], y[row], x[row - 7], y[row - 7], columns)
            if row >= top + 6:
                _windows(columns, channels, sums)
                _like_bytes(sums, constants, line)
                totals[index] += _total(line)


@njit(**_KERNEL)
def wide_blocks(x, y, channels, constants, block, start, stop, totals):
    """Do the same in double precision, for any dtype; the sums of uint16 are still exact."""
    nothing = np.zeros(x.shape[1], x.dtype)
    columns = np.empty((5, x.shape[1]), np.float64)
    sums = np.empty((5, x.shape[1] - 6 * channels), np.float64)
    line = np.empty(sums.shape[1], np.float64)
    for index in range(start, stop):
        top = index * block
        columns[:] = 0
        for row in range(top, min(top + block, x.shape[0] - 6) + 6):
            if row < top + 7:
                _move_wide(x[row], y[row], nothing, nothing, columns)
            else:
                _move_wide(x[row], y[row], x[row - 7], y[row - 7], columns)
            if row >= top + 6:
                _windows(columns, channels, sums)
                _like_wide(sums, constants, line)
                totals[index] += _total(line)
