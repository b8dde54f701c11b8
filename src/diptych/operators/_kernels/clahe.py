"""Faster paths for `diptych.operators.clahe`."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators.clahe import BINS, curves_of, nearest_tiles, padded_index


def _run(image: Image, *, tiles: int, clip_limit: float) -> Image:
    out = np.empty_like(image)
    channels: tuple[int | None, ...] = (None,) if image.shape[2] == 3 else tuple(range(image.shape[2]))
    for channel in channels:
        _channel(image, channel, tiles, clip_limit, out)
    return out


def _channel(image: Image, channel: int | None, tiles: int, clip_limit: float, out: Image) -> None:
    # Channel None is the luma of an RGB image.
    from diptych.operators._kernels import clahe_numba as kernels

    index = -1 if channel is None else channel
    white = np.float32(white_level(image.dtype))
    counts, flat = _counts(image, index, white, tiles)
    if flat:
        part = slice(None) if channel is None else channel
        out[:, :, part] = image[:, :, part]
        return
    side_y, side_x = (-(-length // tiles) for length in image.shape[:2])
    curves = curves_of(counts, side_y * side_x, clip_limit).astype(np.float32)
    (upper, upper_share), (lower, _) = nearest_tiles(image.shape[0], side_y, tiles)
    down = (upper, lower, upper_share.astype(np.float32))
    across = _segments(image.shape[1], side_x, tiles)
    run = kernels.map_bytes if channel is not None and image.dtype == np.uint8 else kernels.map_levels

    def work(start: int, stop: int) -> None:
        mine = tuple(values[start:stop] for values in down)
        run(image[start:stop], index, white, curves, mine, across, out[start:stop])

    in_strips(work, image.shape[0])


def _segments(length: int, side: int, tiles: int) -> tuple[NDArray[Any], NDArray[Any]]:
    # Between two centres of tiles, all columns have the same two tiles: where these segments begin, and the left shares.
    share = nearest_tiles(length, side, tiles)[0][1]
    first = np.floor(np.arange(length) / side - 0.5).astype(np.int64) + 1
    return np.searchsorted(first, np.arange(tiles + 2)), share.astype(np.float32)


def _counts(image: Image, index: int, white: np.float32, tiles: int) -> tuple[NDArray[np.int64], bool]:
    from diptych.operators._kernels import clahe_numba as kernels

    rows, columns = (padded_index(length, tiles) for length in image.shape[:2])
    total = np.zeros((tiles, tiles, BINS), np.int64)
    extremes: list[float] = []
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        counts = np.zeros((tiles, tiles, 2, BINS), np.uint32)
        found = kernels.count(image, index, white, (rows[start:stop], columns), start, counts)
        with lock:
            np.add(total, counts.sum(axis=2, dtype=np.int64), out=total)
            extremes.extend(found)

    in_strips(work, rows.size)
    return total, min(extremes) == max(extremes)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run),)
