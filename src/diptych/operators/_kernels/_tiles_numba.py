"""From an image to the planes of a tile and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OPTIONS: Any = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
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
