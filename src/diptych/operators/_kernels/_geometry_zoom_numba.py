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
def zoom_linear(image: Any, out: Any, start: int, stop: int) -> None:
    """Linear in each direction, for floats: first along the direction that leaves fewer pixels to the other."""
    height, width, channels = image.shape
    rows, columns = out.shape[0], out.shape[1]
    flat, target = image.reshape(height, -1), out.reshape(rows, -1)
    places, shares = np.empty(columns, np.uint32), np.empty(columns, np.float32)
    for x in range(columns):
        j, shares[x] = _between(x, width, columns)
        places[x] = j * channels
    grows, side = rows > height, channels if width > 1 else 0
    lines = np.zeros((2, max(width, columns) * channels), np.float32)
    held = np.full(2, -1)  # which row of the image is already in each line
    for y in range(start, stop):
        i, v = _between(y, height, rows)
        low = min(i + 1, height - 1)
        if grows:
            for n in (i, low):
                if held[n & 1] != n:
                    held[n & 1] = n
                    _along(flat[n], places, shares, (channels, side), lines[n & 1])
            _down(lines[i & 1], lines[low & 1], v, target[y])
        else:
            _down(flat[i], flat[low], v, lines[0, : width * channels])
            _along(lines[0], places, shares, (channels, side), target[y])


@njit(nogil=True, cache=True, fastmath={"contract"})
def _down(above: Any, below: Any, share: Any, row: Any) -> None:
    for x in range(row.size):
        row[x] = above[x] + share * (below[x] - above[x])


@njit(nogil=True, cache=True, fastmath={"contract"})
def _along(line: Any, places: Any, shares: Any, sides: Any, row: Any) -> None:
    channels, side, to = sides[0], np.uint64(sides[1]), np.uint64(0)
    for x in range(places.size):
        at, share = np.uint64(places[x]), shares[x]
        for k in range(3 if channels == 3 else channels):
            n = np.uint64(k)
            here = line[at + n]
            row[to + n] = here + share * (line[at + side + n] - here)
        to += np.uint64(channels)


@njit(nogil=True, cache=True)
def _between(x: int, old: int, new: int) -> tuple[int, Any]:
    """Return the first of the two pixels around a place, and how far beyond it the place is."""
    place = min(max((x + 0.5) * (old / new) - 0.5, 0.0), old - 1.0)
    first = min(int(place), max(old - 2, 0))
    return first, np.float32(place - first)
