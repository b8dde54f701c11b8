"""3 x 3 derivatives, a row of the result at a time, in one pass over the image."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._lines_numba import OPTIONS, PARTS, extend, row_or_black, store


@njit(**PARTS)
def _to_floats(row, out):
    for i in range(len(out)):
        out[i] = np.float32(row[i])


@njit(**PARTS)
def _bend(up, down, left, middle, right, factor, offset, out):
    for i in range(len(out)):
        ring = (np.float32(up[i]) + np.float32(down[i])) + (left[i] + right[i])
        out[i] = offset + factor * (ring - np.float32(4) * middle[i])


@njit(**PARTS)
def _absolute(line):
    for i in range(len(line)):
        line[i] = abs(line[i])


@njit(**OPTIONS)
def laplacian_rows(flat, out, start, stop, rows, columns, factor, offset, white):
    """Write ``offset + factor * L``, or ``|factor * L|`` without an offset; `rows` and `columns` are border indices."""
    n = flat.shape[1]
    channels = n // (len(columns) - 2)
    black = np.zeros(n, flat.dtype)
    line, total = np.empty(n + 2 * channels, np.float32), np.empty(n, np.float32)
    left, middle, right = line[:n], line[channels:][:n], line[2 * channels :][:n]
    for y in range(start, stop):
        _to_floats(flat[y], middle)
        extend(line, columns, 1, channels)
        up, down = row_or_black(flat, rows[y], black), row_or_black(flat, rows[y + 2], black)
        _bend(up, down, left, middle, right, factor, offset, total)
        if offset == 0:
            _absolute(total)
        store(total, white, out[y])


@njit(**PARTS)
def _columns(up, middle, down, smooth, change):
    for i in range(len(smooth)):
        above, below = np.float32(up[i]), np.float32(down[i])
        smooth[i] = (above + below) + np.float32(2) * np.float32(middle[i])
        change[i] = below - above


@njit(**PARTS)
def _length(left, right, a, b, c, out):
    for i in range(len(out)):
        across, down = right[i] - left[i], (a[i] + c[i]) + np.float32(2) * b[i]
        out[i] = np.sqrt((across * across + down * down) * np.float32(1 / 32))


@njit(**PARTS)
def _component(left, right, a, b, c, across, down, offset, out):
    for i in range(len(out)):
        change = across * (right[i] - left[i]) + down * ((a[i] + c[i]) + np.float32(2) * b[i])
        out[i] = offset + np.float32(0.125) * change


@njit(**OPTIONS)
def sobel_rows(flat, out, start, stop, rows, columns, across, down, offset, white):
    """Write the length of the gradient, or with an offset ``offset + (across * gx + down * gy) / 2``."""
    n = flat.shape[1]
    channels = n // (len(columns) - 2)
    black = np.zeros(n, flat.dtype)
    smooth, change = np.empty(n + 2 * channels, np.float32), np.empty(n + 2 * channels, np.float32)
    total = np.empty(n, np.float32)
    left, right = smooth[:n], smooth[2 * channels :][:n]
    a, b, c = change[:n], change[channels:][:n], change[2 * channels :][:n]
    for y in range(start, stop):
        up, below = row_or_black(flat, rows[y], black), row_or_black(flat, rows[y + 2], black)
        _columns(up, flat[y], below, smooth[channels:][:n], b)
        extend(smooth, columns, 1, channels)
        extend(change, columns, 1, channels)
        if offset == 0:
            _length(left, right, a, b, c, total)
        else:
            _component(left, right, a, b, c, across, down, offset, total)
        store(total, white, out[y])
