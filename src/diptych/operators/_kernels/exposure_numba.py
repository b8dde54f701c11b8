"""Kernels of `diptych.operators.exposure`."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._illumination_numba import largest_row, store

_ONE = np.float32(1)


@njit(nogil=True, cache=True, error_model="numpy")
def _look_up_row(values, table, out):
    for i in range(values.size):
        out[i] = table[values[i]]


@njit(nogil=True, cache=True, error_model="numpy")
def look_up(values, table, out):
    """Write ``table[values]`` for a column of values."""
    _look_up_row(values.reshape(-1), table, out.reshape(-1))


@njit(nogil=True, cache=True, error_model="numpy")
def lift(base, room, amount, toe, out):
    """Write ``x + amount room x² / ((1 + amount x) (x + toe))``."""
    for i in range(base.size):
        x = base[i]
        out[i] = x + amount * room[i] * x * x / ((_ONE + amount * x) * (x + toe))


@njit(nogil=True, cache=True, error_model="numpy")
def largest(image, out):
    """Write the largest channel of every pixel of floats."""
    for y in range(image.shape[0]):
        largest_row(image[y].reshape(-1), image.shape[2], out[y])


@njit(nogil=True, cache=True, error_model="numpy")
def brightest(image, base, out):
    """Write the base curve of the largest channel of integers."""
    row = np.empty(image.shape[1], image.dtype)
    for y in range(image.shape[0]):
        largest_row(image[y].reshape(-1), image.shape[2], row)
        _look_up_row(row, base, out[y])


@njit(nogil=True, cache=True, error_model="numpy")
def _add_row(gain, channels, base, lifted):
    if channels == 3:
        for x in range(gain.size):
            lifted[3 * x] += gain[x] * base[3 * x]
            lifted[3 * x + 1] += gain[x] * base[3 * x + 1]
            lifted[3 * x + 2] += gain[x] * base[3 * x + 2]
    else:
        for x in range(gain.size):
            for c in range(channels):
                lifted[channels * x + c] += gain[x] * base[channels * x + c]


@njit(nogil=True, cache=True, error_model="numpy")
def relight(image, base, lifted, gain, white, out):
    """Store ``lifted[v] + gain base[v]`` for integers v."""
    first, second = np.empty(image.shape[1] * image.shape[2], np.float32), np.empty(image[0].size, np.float32)
    for y in range(image.shape[0]):
        flat = image[y].reshape(-1)
        _look_up_row(flat, base, first)
        _look_up_row(flat, lifted, second)
        _add_row(gain[y], image.shape[2], first, second)
        store(second, white, out[y].reshape(-1))
