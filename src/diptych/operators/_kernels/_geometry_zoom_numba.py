"""Numba kernels of `zoom`: the nearest pixel and linear interpolation on another pixel grid over the same area."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from diptych.operators._kernels._geometry_numba import gather


@njit(nogil=True, cache=True)
def zoom_nearest(image: Any, out: Any, start: int, stop: int) -> None:
    """Value of the nearest pixel."""
    height, width, channels = image.shape
    flat, target, columns = image.reshape(height, -1), out.reshape(-1), out.shape[1]
    places = np.empty(columns, np.uint32)
    for x in range(columns):
        places[x] = _nearest(x, width, columns) * channels
    for y in range(start, stop):
        gather(flat[_nearest(y, height, out.shape[0])], target, places, channels, y, 0, columns)


@njit(nogil=True, cache=True)
def _nearest(x: int, old: int, new: int) -> int:
    # SciPy's arithmetic, so that ties fall its way.
    return min(max(math.floor((x + 0.5) * (old / new) - 0.5 + 0.5), 0), old - 1)


@njit(nogil=True, cache=True)
def zoom_linear(image: Any, out: Any, half: float, start: int, stop: int) -> None:
    """Linear in each direction."""
    height, width, channels = image.shape
    columns, add = out.shape[1], np.float32(half)
    flat, target = image.reshape(height, -1), out.reshape(out.shape[0], -1)
    line = np.zeros((width + 1) * channels, np.float32)
    places, shares = np.empty(columns * channels, np.uint32), np.empty(columns * channels, np.float32)
    for x in range(columns):
        j, u = _between(x, width, columns)
        for k in range(channels):
            places[x * channels + k], shares[x * channels + k] = j * channels + k, u
    for y in range(start, stop):
        i, v = _between(y, height, out.shape[0])
        above, below, row = flat[i], flat[min(i + 1, height - 1)], target[y]
        for x in range(width * channels):
            top = np.float32(above[x])
            line[x] = top + v * (np.float32(below[x]) - top) + add
        _along(line, places, shares, channels, row)


@njit(nogil=True, cache=True, fastmath={"contract"})
def _along(line: Any, places: Any, shares: Any, channels: int, row: Any) -> None:
    side = np.uint64(channels)
    for n in range(len(places)):
        at = np.uint64(places[n])
        here = line[at]
        row[n] = here + shares[n] * (line[at + side] - here)


@njit(nogil=True, cache=True)
def _between(x: int, old: int, new: int) -> tuple[int, Any]:
    """Return the first of the two pixels around a place, and how far beyond it the place is."""
    place = min(max((x + 0.5) * (old / new) - 0.5, 0.0), old - 1.0)
    first = int(place)
    return first, np.float32(place - first)
