"""Kernels of `diptych.operators.lime`."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options
from diptych.operators._kernels._illumination_numba import largest_row, level_row, scale_row

_KERNEL, _PART = options()

_LANES = 16  # rows that are solved side by side


@njit(**_KERNEL)
def largest(image, white, out):
    """Write the largest channel of every pixel, in [0, 1]."""
    row = np.empty(image.shape[1], image.dtype)
    for y in range(image.shape[0]):
        largest_row(image[y].reshape(-1), image.shape[2], row)
        level_row(row, 1, 0, white, out[y])


@njit(**_KERNEL)
def weigh(step, around, epsilon, out):
    """Write the weights of the steps between neighbours; a column that `out` has more stays as it is."""
    for y in range(step.shape[0]):
        row, first, second = out[y], around[y], step[y]
        for x in range(second.size):
            row[x] = np.float32(1) / ((abs(first[x]) + epsilon) * (abs(second[x]) + epsilon))


@njit(**_PART)
def _solve(values, weights, scale, share):
    # Down the columns, all columns side by side; only positive numbers are added, so float32 is enough.
    length, lanes = values.shape
    excess, carried = np.ones(lanes, np.float32), np.zeros(lanes, np.float32)
    for i in range(length):
        for k in range(lanes):
            weight = weights[i, k] * scale
            inverse = np.float32(1) / (excess[k] + weight)
            share[i, k] = weight * inverse
            values[i, k] = (values[i, k] + carried[k]) * inverse
            carried[k] = weight * values[i, k]
            excess[k] = np.float32(1) + share[i, k] * excess[k]
    for i in range(length - 2, -1, -1):
        for k in range(lanes):
            values[i, k] += share[i, k] * values[i + 1, k]


@njit(**_KERNEL)
def solve_columns(plane, weights, scale):
    """Smooth the columns of a part of a plane in place."""
    _solve(plane, weights, scale, np.empty(plane.shape, np.float32))


@njit(**_KERNEL)
def solve_rows(plane, weights, scale):
    """Smooth the rows of a plane in place, sixteen at a time, turned upright."""
    rows, width = plane.shape
    values, mine = np.zeros((width, _LANES), np.float32), np.zeros((width, _LANES), np.float32)
    share = np.empty((width, _LANES), np.float32)
    for first in range(0, rows, _LANES):
        count = min(_LANES, rows - first)
        for k in range(count):
            for x in range(width):
                values[x, k], mine[x, k] = plane[first + k, x], weights[first + k, x]
        _solve(values, mine, scale, share)
        for k in range(count):
            for x in range(width):
                plane[first + k, x] = values[x, k]


@njit(**_KERNEL)
def scale(image, gain, white, out):
    """Store the image times a gain for each pixel."""
    buffer = np.empty(image.shape[1] * image.shape[2], np.float32)
    for y in range(image.shape[0]):
        scale_row(image[y].reshape(-1), image.shape[2], gain[y], white, buffer, out[y].reshape(-1))
