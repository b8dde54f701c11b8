"""Faster path of `remove_specks`: area openings of tiles, exact because no speck reaches further than its area."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips

_SMALLEST_TILE = 256


def _remove_specks(image: Image, *, area: int, kind: str, diagonal: bool) -> Image:
    from diptych.operators._kernels import _specks_numba as kernels

    out = np.empty_like(image)
    bits = 32 if image.dtype.kind == "f" else 8 * image.dtype.itemsize
    halo = min(area, max(image.shape[:2])) - 1
    side = max(_SMALLEST_TILE, 6 * halo)
    height, width, channels = image.shape
    tiles = list(itertools.product(range(0, height, side), range(0, width, side), range(channels)))

    def work(start: int, stop: int) -> None:
        for top, left, c in tiles[start:stop]:
            above, before = min(top, halo), min(left, halo)
            tile = image[top - above : top + side + halo, left - before : left + side + halo, c]
            keys = _keys(tile, kind == "dark")
            kernels.open_area(keys, area, bits, diagonal)
            opened = _values(keys[1:-1, 1:-1], image.dtype, kind == "dark")
            to = out[top : top + side, left : left + side, c]
            to[...] = opened[above : above + to.shape[0], before : before + to.shape[1]]

    in_strips(work, len(tiles), smallest=1)
    return out


def _white(dtype: np.dtype[Any]) -> np.uint32:
    return np.float32(1).view(np.uint32) if dtype.kind == "f" else np.uint32(white_level(dtype))


def _keys(tile: Image, dark: bool) -> NDArray[np.uint32]:
    # Whole numbers in the order of brightness, 0 for black (for white, in the reverse order), in a frame of zeros. The
    # bit pattern of a float that is not negative is in order; adding 0 makes -0 positive.
    keys = np.zeros((tile.shape[0] + 2, tile.shape[1] + 2), np.uint32)
    keys[1:-1, 1:-1] = (tile + np.float32(0)).view(np.uint32) if tile.dtype.kind == "f" else tile
    if dark:
        keys[1:-1, 1:-1] = _white(tile.dtype) - keys[1:-1, 1:-1]
    return keys


def _values(keys: NDArray[np.uint32], dtype: np.dtype[Any], dark: bool) -> Image:
    if dark:
        keys = _white(dtype) - keys
    return keys.view(np.float32) if dtype.kind == "f" else keys


PATHS = (
    FastPath(
        "Numba", ("bool", "uint8", "uint16", "float32"), _remove_specks, note="union-find in tiles of 256 px and more"
    ),
)
