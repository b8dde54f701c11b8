"""Numba kernel of `zoom`: the nearest pixel on another pixel grid over the same area."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from diptych.operators._kernels._geometry_numba import EXACT_KERNEL, EXACT_PART, gather


@njit(**EXACT_KERNEL)
def zoom_nearest(image: Any, out: Any, start: int, stop: int) -> None:
    """Value of the nearest pixel."""
    height, width, channels = image.shape
    flat, target, columns = image.reshape(height, -1), out.reshape(-1), out.shape[1]
    places = np.empty(columns, np.uint32)
    for x in range(columns):
        places[x] = _nearest(x, width, columns) * channels
    for y in range(start, stop):
        gather(flat[_nearest(y, height, out.shape[0])], target, places, channels, y, 0, columns)


@njit(**EXACT_PART)
def _nearest(x: int, old: int, new: int) -> int:
    # SciPy's arithmetic, so that ties fall its way.
    return min(max(math.floor((x + 0.5) * (old / new) - 0.5 + 0.5), 0), old - 1)
