"""Faster paths of `median`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._borders import border_index
from diptych.operators._kernels._blocks import by_blocks, by_strips
from diptych.operators._kernels._opencv import by_channels, into


def _opencv(image: Image, *, size: int, border: str) -> Image:
    if size == 1:
        return image.copy()
    if _is_quick(image, size):
        return _whole(image, size, border)
    return by_blocks(lambda block: _blur(block, size), (image,), size // 2, border)


def _is_quick(image: Image, size: int) -> bool:
    # So fast that to copy blocks with a border of their own does not pay.
    return size == 3 or (size == 5 and image.dtype != np.float32)


def _blur(block: Image, size: int) -> Image:
    return by_channels(lambda part: cv2.medianBlur(part, size), block)


def _blur_into(size: int) -> Callable[[Image, Image], None]:
    return lambda source, out: into(lambda part, dst: cv2.medianBlur(part, size, dst=dst), source, out)


def _whole(image: Image, size: int, border: str) -> Image:
    radius = size // 2
    result = by_strips(_blur_into(size), image, radius)
    # OpenCV repeats the border pixel, which for a window of 3 is also the reflection; else the border is done again.
    if border == "nearest" or (size, border) == (3, "reflect"):
        return result
    rows, columns = (border_index(length, radius, border) for length in image.shape[:2])
    for near in (slice(0, radius), slice(-radius, None)):
        result[near] = _near(image, rows[_reach(near, radius)], columns, size)
        result[:, near] = _near(image, rows, columns[_reach(near, radius)], size)
    return result


def _reach(near: slice, radius: int) -> slice:
    # What the windows of the first or last `radius` pixels see, in a border index.
    return slice(0, 3 * radius) if near.start == 0 else slice(-3 * radius, None)


def _near(image: Image, rows: Image, columns: Image, size: int) -> Image:
    block = image[rows[:, np.newaxis], columns]
    block[rows < 0] = 0
    block[:, columns < 0] = 0
    radius = size // 2
    if len(rows) > len(columns):  # turned over: OpenCV's vector instructions need long rows
        turned = _blur(np.ascontiguousarray(block.swapaxes(0, 1)), size)
        return turned.swapaxes(0, 1)[radius:-radius, radius:-radius]
    return _blur(block, size)[radius:-radius, radius:-radius]


def _numba(image: Image, *, size: int, border: str) -> Image:
    from diptych.operators._kernels.median_numba import median_tiles

    # The bits of a float that is not negative are in the order of its values.
    keys, key_bits = (image.view(np.uint32), 30) if image.dtype == np.float32 else (image, 16)
    out = np.empty_like(keys)
    rows, columns = (border_index(length, size // 2, border) for length in image.shape[:2])
    side = min(max(64, 4 * size), max(256, size))

    def strip(first: int, last: int) -> None:
        median_tiles(keys, out, rows, columns, size, side, first, last, key_bits)

    in_strips(strip, image.shape[0], smallest=size)
    return out.view(image.dtype)


def _small(image: Image, *, size: int, border: str) -> bool:
    return size <= 5


PATHS = (
    FastPath("OpenCV", ("uint8",), _opencv),
    FastPath("OpenCV", ("uint16", "float32"), _opencv, when=_small, note="size 3 and 5"),
    FastPath("Numba", ("uint16", "float32"), _numba, note="ranks within tiles, a bit set that slides"),
)
