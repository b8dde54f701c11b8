"""Box means by running sums: down the columns, then along the row; the time does not grow with the window.

The sums are float64: those of integers are exact, those of floats keep all digits of a float32.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._lines_numba import OPTIONS, PARTS, extend, row_or_black, store


@njit(**PARTS)
def _add(sums, row):
    for i in range(len(sums)):
        sums[i] += np.float64(row[i])


@njit(**PARTS)
def _move(sums, leaving, entering):
    for i in range(len(sums)):
        sums[i] += np.float64(entering[i]) - np.float64(leaving[i])


@njit(**PARTS)
def _differences(leaving, entering, out):
    for i in range(len(out)):
        out[i] = entering[i] - leaving[i]


@njit(**PARTS)
def _accumulate_three(out, scale):
    red, green, blue = out[0], out[1], out[2]
    out[0], out[1], out[2] = red * scale, green * scale, blue * scale
    for x in range(1, len(out) // 3):
        red += out[3 * x]
        green += out[3 * x + 1]
        blue += out[3 * x + 2]
        out[3 * x], out[3 * x + 1], out[3 * x + 2] = red * scale, green * scale, blue * scale


@njit(**PARTS)
def _accumulate(out, first, step, scale):
    total = 0.0
    for i in range(first, len(out), step):
        total += out[i]
        out[i] = total * scale


@njit(**PARTS)
def along(line, size, channels, scale, out):
    """Write `scale` times the sum of each window of `size` pixels of a line that is extended on both sides."""
    n = len(out)
    for c in range(channels):
        out[c] = 0
        for x in range(size):
            out[c] += line[x * channels + c]
    _differences(line[: n - channels], line[size * channels :][: n - channels], out[channels:])
    if channels == 3:
        _accumulate_three(out, scale)
    else:
        for c in range(channels):
            _accumulate(out, c, channels, scale)


@njit(**OPTIONS)
def box_rows(flat, out, start, stop, rows, columns, size, white):
    """Write the rows `start` to `stop` of the box mean; `rows` and `columns` are border indices."""
    n, radius = flat.shape[1], size // 2
    channels = n // (len(columns) - 2 * radius)
    black = np.zeros(n, flat.dtype)
    line, means = np.zeros(n + 2 * radius * channels), np.empty(n)
    sums = line[radius * channels :][:n]
    for k in range(start, start + size):
        _add(sums, row_or_black(flat, rows[k], black))
    for y in range(start, stop):
        if y > start:
            _move(sums, row_or_black(flat, rows[y - 1], black), row_or_black(flat, rows[y + size - 1], black))
        extend(line, columns, radius, channels)
        along(line, size, channels, 1 / (size * size), means)
        store(means, white, out[y])
