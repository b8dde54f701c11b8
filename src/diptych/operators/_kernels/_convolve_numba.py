"""Convolution with a symmetric kernel, rows then columns, a row of the result at a time."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._lines_numba import OPTIONS, PARTS, extend, row_or_black, store


@njit(**PARTS)
def _start(total, centre, a, b, c, d, e, f, t, u, v, w):
    for i in range(len(total)):
        total[i] = (
            t * np.float32(centre[i])
            + u * (np.float32(a[i]) + np.float32(b[i]))
            + v * (np.float32(c[i]) + np.float32(d[i]))
            + w * (np.float32(e[i]) + np.float32(f[i]))
        )


@njit(**PARTS)
def _continue(total, a, b, c, d, e, f, u, v, w):
    for i in range(len(total)):
        total[i] += (
            u * (np.float32(a[i]) + np.float32(b[i]))
            + v * (np.float32(c[i]) + np.float32(d[i]))
            + w * (np.float32(e[i]) + np.float32(f[i]))
        )


@njit(**PARTS)
def _vertical(flat, y, rows, kernel, black, total):
    radius = len(kernel) - 1
    middle = y + radius
    for j in range(1, radius, 3):
        a, b = row_or_black(flat, rows[middle - j], black), row_or_black(flat, rows[middle + j], black)
        c, d = row_or_black(flat, rows[middle - j - 1], black), row_or_black(flat, rows[middle + j + 1], black)
        e, f = row_or_black(flat, rows[middle - j - 2], black), row_or_black(flat, rows[middle + j + 2], black)
        u, v, w = kernel[j], kernel[j + 1], kernel[j + 2]
        if j == 1:
            _start(total, row_or_black(flat, rows[middle], black), a, b, c, d, e, f, kernel[0], u, v, w)
        else:
            _continue(total, a, b, c, d, e, f, u, v, w)


@njit(**PARTS)
def _horizontal(line, kernel, channels, total):
    n, radius = len(total), len(kernel) - 1
    middle = radius * channels
    for j in range(1, radius, 3):
        p = j * channels
        q, r = p + channels, p + 2 * channels
        a, b = line[middle - p :][:n], line[middle + p :][:n]
        c, d = line[middle - q :][:n], line[middle + q :][:n]
        e, f = line[middle - r :][:n], line[middle + r :][:n]
        u, v, w = kernel[j], kernel[j + 1], kernel[j + 2]
        if j == 1:
            _start(total, line[middle:][:n], a, b, c, d, e, f, kernel[0], u, v, w)
        else:
            _continue(total, a, b, c, d, e, f, u, v, w)


@njit(**OPTIONS)
def sharpen(blurred, source, amount, top):
    """Turn `blurred` into ``source + amount * (source - blurred)``, clipped to 0 ... `top`."""
    for i in range(len(blurred)):
        value = np.float32(source[i])
        blurred[i] = min(max(value + amount * (value - blurred[i]), np.float32(0)), top)


@njit(**OPTIONS)
def convolve(flat, out, start, stop, rows, columns, kernel, amount, white):
    """Write the rows `start` to `stop` of the blurred image, or of the sharpened one where `amount` is not -1.

    `kernel` holds the weights from the centre outwards, a multiple of 3 beside the centre (there may be zeros at the end).
    """
    radius = len(kernel) - 1
    n = flat.shape[1]
    channels = n // (len(columns) - 2 * radius)
    black = np.zeros(n, flat.dtype)
    line = np.empty(n + 2 * radius * channels, np.float32)
    total = np.empty(n, np.float32)
    for y in range(start, stop):
        _vertical(flat, y, rows, kernel, black, line[radius * channels :][:n])
        extend(line, columns, radius, channels)
        _horizontal(line, kernel, channels, total)
        if amount >= 0:
            sharpen(total, flat[y], amount, max(white, np.float32(1)))
        store(total, white, out[y])
