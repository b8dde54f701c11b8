"""Numba kernels for levels: counting and looking up."""

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

_KERNEL = options()[0]

_BLOCK = 2048  # pixels that stay in the cache while their channels are counted one after the other


@njit(**_KERNEL)
def count(pixels, counts):  # type: ignore[no-untyped-def]
    """Add the values of ``(N, C)`` integers to `counts` ``(C, L)``."""
    for start in range(0, pixels.shape[0], _BLOCK):
        for c in range(pixels.shape[1]):
            channel = counts[c]
            for i in range(start, min(start + _BLOCK, pixels.shape[0])):
                channel[pixels[i, c]] += 1


@njit(**_KERNEL)
def count_floats(pixels, counts):  # type: ignore[no-untyped-def]
    """Add the nearest levels of ``(N, C)`` floats in [0, 1] to `counts` ``(C, L)``."""
    top = np.float32(counts.shape[1] - 1)
    levels = np.empty((_BLOCK, pixels.shape[1]), np.int32)
    for start in range(0, pixels.shape[0], _BLOCK):
        stop = min(start + _BLOCK, pixels.shape[0])
        for i in range(start, stop):
            for c in range(pixels.shape[1]):
                levels[i - start, c] = np.int32(np.rint(pixels[i, c] * top))
        for c in range(pixels.shape[1]):
            channel = counts[c]
            for i in range(stop - start):
                channel[levels[i, c]] += 1


@njit(**_KERNEL)
def power_sums(pixels, norm, sums):  # type: ignore[no-untyped-def]
    """Add ``v ** norm`` of ``(N, C)`` floats, for a whole number `norm`, to `sums` ``(C,)``."""
    for c in range(pixels.shape[1]):
        total = 0.0
        for i in range(pixels.shape[0]):
            value = pixels[i, c]
            power = value
            for _ in range(norm - 1):
                power *= value
            total += power
        sums[c] += total


@njit(**_KERNEL)
def smooth(bits, table, result):  # type: ignore[no-untyped-def]
    """Write the values of a table over the bit patterns of floats in [0, 1], 1,024 points an octave, straight between."""
    scale = np.float32(1 / 8192)
    for i in range(bits.size):
        index = bits[i] >> 13
        low = table[index]
        result[i] = low + np.float32(bits[i] & 8191) * scale * (table[index + 1] - low)


@njit(**_KERNEL)
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


@njit(**_KERNEL)
def look_up_all(values, table, result):  # type: ignore[no-untyped-def]
    """Write ``table[values]``, one table for everything."""
    for i in range(values.size):
        result[i] = table[values[i]]


@njit(**_KERNEL)
def look_up_each(pixels, table, result):  # type: ignore[no-untyped-def]
    """Write ``table[value, channel]`` for ``(N, C)`` integers."""
    for i in range(pixels.shape[0]):
        for c in range(pixels.shape[1]):
            result[i, c] = table[pixels[i, c], c]
