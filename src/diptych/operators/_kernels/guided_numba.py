"""Self-guided filter in one pass: box means of the image give a row of slopes and offsets, whose box means give a row."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._box_numba import along
from diptych.operators._kernels._lines_numba import OPTIONS, PARTS, extend, store


@njit(**PARTS)
def _change(sums, squares, row, scale, sign):
    # Around 0 the difference of two squares keeps more digits.
    for i in range(len(sums)):
        value = np.float64(row[i]) * scale - 0.5
        sums[i] += sign * value
        squares[i] += sign * (value * value)


@njit(**PARTS)
def _line(mean, square, epsilon, slope, offset, slopes, offsets):
    """Write a row of slopes and offsets over the oldest ones, and renew their sums."""
    for i in range(len(mean)):
        variance = max(square[i] - mean[i] * mean[i], 0.0)
        a = variance / (variance + epsilon)
        b = mean[i] - a * mean[i]
        slopes[i] += a - slope[i]
        offsets[i] += b - offset[i]
        slope[i], offset[i] = a, b


@njit(**PARTS)
def _result(row, scale, slope, offset, top, out):
    for i in range(len(out)):
        value = slope[i] * (np.float64(row[i]) * scale - 0.5) + offset[i] + 0.5
        out[i] = top * min(max(value, 0.0), 1.0)


@njit(**PARTS)
def _mean(line, columns, radius, channels, out):
    size = 2 * radius + 1
    extend(line, columns, radius, channels)
    along(line, size, channels, 1 / (size * size), out)


@njit(**OPTIONS)
def guided_rows(flat, out, start, stop, rows, columns, radius, epsilon, white):
    """Write the rows `start` to `stop`; `rows` is the border index for twice the radius, `columns` for the radius."""
    n, size = flat.shape[1], 2 * radius + 1
    channels = n // (len(columns) - 2 * radius)
    top = max(np.float64(white), 1.0)
    # Sums down the columns of: values, their squares, slopes, offsets; each with room for the border on both sides.
    lines = np.zeros((4, len(columns) * channels))
    sums, squares = lines[0, radius * channels :][:n], lines[1, radius * channels :][:n]
    slopes, offsets = lines[2, radius * channels :][:n], lines[3, radius * channels :][:n]
    first, second, result = np.empty(n), np.empty(n), np.empty(n, np.float32)
    slope, offset = np.zeros((size, n)), np.zeros((size, n))
    for k in range(start, start + size - 1):
        _change(sums, squares, flat[rows[k]], 1 / top, 1.0)
    for y in range(start - radius, stop + radius):  # the row of slopes; it completes the result `radius` rows above
        _change(sums, squares, flat[rows[y + 3 * radius]], 1 / top, 1.0)
        _mean(lines[0], columns, radius, channels, first)
        _mean(lines[1], columns, radius, channels, second)
        _change(sums, squares, flat[rows[y + radius]], 1 / top, -1.0)
        place = (y - start + radius) % size
        _line(first, second, epsilon, slope[place], offset[place], slopes, offsets)
        if y >= start + radius:
            _mean(lines[2], columns, radius, channels, first)
            _mean(lines[3], columns, radius, channels, second)
            _result(flat[y - radius], 1 / top, first, second, top, result)
            store(result, white, out[y - radius])
