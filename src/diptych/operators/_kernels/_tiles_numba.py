"""From an image to the planes of a tile and back."""

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

OPTIONS = options("contract", "nsz")[0]
_ZERO = np.float32(0)


@njit(**OPTIONS)
def load(image, rows, columns, planes):  # type: ignore[no-untyped-def]
    """Copy the named rows and columns of an image ``(H, W, C)`` into planes."""
    for y in range(len(rows)):
        row = image[rows[y]]
        for c in range(image.shape[2]):
            plane = planes[c, y]
            for x in range(len(columns)):
                plane[x] = row[columns[x], c]


@njit(**OPTIONS)
def halve(image, quarter, half, start, stop):  # type: ignore[no-untyped-def]
    """Write rows of the means of 2 x 2 px of an image ``(H, W, C)``; an odd last row or column is repeated."""
    height, width, channels = image.shape
    for y in range(start, stop):
        above, below = image[2 * y], image[min(2 * y + 1, height - 1)]
        out = half[y]
        for x in range(width // 2):
            for c in range(channels):
                first = np.float32(above[2 * x, c]) + np.float32(above[2 * x + 1, c])
                out[x, c] = (first + (np.float32(below[2 * x, c]) + np.float32(below[2 * x + 1, c]))) * quarter
        if width % 2:
            for c in range(channels):
                pair = np.float32(above[width - 1, c]) + np.float32(below[width - 1, c])
                out[width // 2, c] = (pair + pair) * quarter


@njit(**OPTIONS)
def add_doubled(half, rows, columns, planes):  # type: ignore[no-untyped-def]
    """Add planes of half the size to planes of the named rows and columns, linear between the centres of the pixels."""
    channels, high, wide = half.shape
    least, most = columns[0], columns[0]
    for x in range(columns.size):
        least, most = min(least, columns[x]), max(most, columns[x])
    start, stop = max(least // 2 - 1, 0), min(most // 2 + 2, wide)
    mixed = np.empty(stop - start, np.float32)
    near_weight, far_weight = np.float32(0.75), np.float32(0.25)
    own, other = np.empty_like(columns), np.empty_like(columns)
    for x in range(columns.size):
        own[x] = columns[x] // 2 - start
        other[x] = min(max((columns[x] + 1) // 2 + columns[x] % 2 - 1, 0), wide - 1) - start
    for y in range(len(rows)):
        near = rows[y] // 2
        far = min(max(near + (1 if rows[y] % 2 else -1), 0), high - 1)
        for c in range(channels):
            plane, line, next_line = planes[c, y], half[c, near], half[c, far]
            for x in range(stop - start):
                mixed[x] = near_weight * line[start + x] + far_weight * next_line[start + x]
            for x in range(len(columns)):
                plane[x] += near_weight * mixed[own[x]] + far_weight * mixed[other[x]]


@njit(**OPTIONS)
def mix(planes, matrix):  # type: ignore[no-untyped-def]
    """Multiply the colours of three planes by a matrix, in place."""
    for y in range(planes.shape[1]):
        red, green, blue = planes[0, y], planes[1, y], planes[2, y]
        for x in range(planes.shape[2]):
            a, b, c = red[x], green[x], blue[x]
            red[x] = matrix[0, 0] * a + matrix[0, 1] * b + matrix[0, 2] * c
            green[x] = matrix[1, 0] * a + matrix[1, 1] * b + matrix[1, 2] * c
            blue[x] = matrix[2, 0] * a + matrix[2, 1] * b + matrix[2, 2] * c


@njit(**OPTIONS)
def settle(planes, total, weights):  # type: ignore[no-untyped-def]
    """Put into total what is in the planes inside the margin plus the mean of its differences."""
    high, wide = total.shape[1:]
    pad = (planes.shape[1] - high) // 2
    for c in range(planes.shape[0]):
        for y in range(high):
            plane, difference = planes[c, y + pad, pad : pad + wide], total[c, y]
            weight = weights[min(c, weights.shape[0] - 1), y]
            for x in range(wide):
                difference[x] = plane[x] + difference[x] / weight[x]


@njit(**OPTIONS)
def store(planes, limit, whole, out):  # type: ignore[no-untyped-def]
    """Write the planes into ``(H, W, C)``, clipped to 0 ... limit and rounded if asked."""
    for y in range(out.shape[0]):
        for c in range(out.shape[2]):
            plane = planes[c, y]
            for x in range(out.shape[1]):
                value = min(max(plane[x], _ZERO), limit)
                out[y, x, c] = np.rint(value) if whole else value
