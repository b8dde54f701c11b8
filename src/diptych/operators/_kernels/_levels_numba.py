"""Numba kernels for levels: counting and looking up."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def count(pixels, counts):  # type: ignore[no-untyped-def]
    """Add the values of ``(N, C)`` integers to `counts` ``(2, C, L)``, even and odd pixels apart."""
    for i in range(pixels.shape[0]):
        for c in range(pixels.shape[1]):
            counts[i & 1, c, pixels[i, c]] += 1


@njit(nogil=True, cache=True)
def count_floats(pixels, counts):  # type: ignore[no-untyped-def]
    """Add the nearest levels of ``(N, C)`` floats in [0, 1] to `counts` ``(2, C, L)``."""
    top = np.float32(counts.shape[2] - 1)
    for i in range(pixels.shape[0]):
        for c in range(pixels.shape[1]):
            counts[i & 1, c, np.int32(np.rint(pixels[i, c] * top))] += 1


@njit(nogil=True, cache=True)
def interpolate(pixels, tables, nearest, result):  # type: ignore[no-untyped-def]
    """Write the values of tables ``(1 or C, L)`` at ``(N, C)`` positions in [0, 1]: see `TableCurve`."""
    top = np.float32(tables.shape[1] - 1)
    last = tables.shape[1] - 2
    each = tables.shape[0] > 1
    for i in range(pixels.shape[0]):
        for c in range(pixels.shape[1]):
            position = pixels[i, c] * top
            if nearest:
                position = np.rint(position)
            below = min(np.int32(position), last)
            table = c if each else 0
            low = tables[table, below]
            result[i, c] = low + (position - np.float32(below)) * (tables[table, below + 1] - low)


@njit(nogil=True, cache=True)
def look_up_all(values, table, result):  # type: ignore[no-untyped-def]
    """Write ``table[values]``, one table for everything."""
    for i in range(values.size):
        result[i] = table[values[i]]


@njit(nogil=True, cache=True)
def look_up_each(pixels, table, result):  # type: ignore[no-untyped-def]
    """Write ``table[value, channel]`` for ``(N, C)`` integers."""
    for i in range(pixels.shape[0]):
        for c in range(pixels.shape[1]):
            result[i, c] = table[pixels[i, c], c]
