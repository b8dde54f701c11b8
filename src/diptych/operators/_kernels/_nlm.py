"""Non-local means tile by tile: cut, compare, put back. The grid of tiles does not depend on the number of threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.parallel import in_strips

_HIGH, _WIDE = 80, 640  # a tile, its margin and its sums fit into the second-level cache

Planes = NDArray[np.float32]


@dataclass(frozen=True)
class Search:
    """How patches are compared: see `_nlm_numba.compare`; `outside` is the name of NumPy's padding.

    `level` is one for all offsets, or an array for the offsets dy = 0 ... reach, dx = -reach ... reach.
    """

    reach: int
    box: int
    before: int
    scale: float
    level: float | NDArray[Any]
    soft: bool
    outside: str

    @property
    def pad(self) -> int:
        """Width of the margin that a tile needs."""
        return self.reach + self.box - 1 - self.before


def denoise(image: Image, search: Search, there: Planes | None = None, back: Planes | None = None) -> Image:
    """Return the image after non-local means; `there` and `back` take RGB to the space of comparison and back."""
    from diptych.operators._kernels import _nlm_numba as kernels
    from diptych.operators._kernels import _tiles_numba as tiles

    out = np.empty_like(image)
    pad, channels = search.pad, image.shape[2]
    rows, columns = (np.pad(np.arange(length), pad, mode=search.outside) for length in image.shape[:2])  # type: ignore[call-overload]
    grid = _grid(*image.shape[:2])
    limit, whole = np.float32(white_level(image.dtype)), image.dtype.kind == "u"
    patch = (search.reach, search.box, search.before)
    levels = np.empty((search.reach + 1, 2 * search.reach + 1), np.float32)
    levels[:] = search.level
    weight = (np.float32(search.scale), levels, search.soft)

    def one(top: int, bottom: int, left: int, right: int) -> None:
        planes = np.empty((channels, bottom - top + 2 * pad, right - left + 2 * pad), np.float32)
        tiles.load(image, rows[top : bottom + 2 * pad], columns[left : right + 2 * pad], planes)
        if there is not None:
            tiles.mix(planes, there)
        total = np.zeros((channels, bottom - top, right - left), np.float32)
        weights = np.full((1 if there is None else 2, *total.shape[1:]), _own(search, kernels.ONE), np.float32)
        kernels.compare(planes, total, weights, patch, weight)
        tiles.settle(planes, total, weights)
        if back is not None:
            tiles.mix(total, back)
        tiles.store(total, limit, whole, out[top:bottom, left:right])

    in_strips(lambda start, stop: _each(one, grid[start:stop]), len(grid), smallest=1)
    return out


def _own(search: Search, one: np.int32) -> np.float32:
    # The weight of a pixel for itself; the approximated exponential of 0 is not quite 1.
    return np.float32(1) if search.soft else one.reshape(1).view(np.float32)[0]


def _grid(height: int, width: int) -> list[tuple[int, int, int, int]]:
    down = 2 * -(-height // (2 * _HIGH)) if height > 1 else 1  # even, for two threads
    across = -(-width // _WIDE)
    tops = [height * k // down for k in range(down + 1)]
    lefts = [width * k // across for k in range(across + 1)]
    return [(tops[j], tops[j + 1], lefts[k], lefts[k + 1]) for j in range(down) for k in range(across)]


def _each(work: Callable[[int, int, int, int], None], tiles: list[tuple[int, int, int, int]]) -> None:
    for tile in tiles:
        work(*tile)
