"""Faster path of `threshold`: levels, histogram and mask in one pass each, averages by OpenCV's exact box sums."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._kernels._blocks import by_strips
from diptych.operators._kernels._opencv import pad
from diptych.operators._threshold import LEVELS, weights_of

Levels: TypeAlias = NDArray[np.uint16]
Work: TypeAlias = Callable[[int, int], None]

_LARGEST_FOR_32_BITS = 181  # 65535 * 181^2 < 2^31


def _threshold(image: Image, *, method: str, value: float, size: int, window: str, offset: float) -> Image:
    from diptych.operators._kernels import threshold_numba as kernels

    pixels = image.view(np.uint8) if image.dtype == bool else image
    factor = 0 if pixels.dtype.kind == "f" else LEVELS // int(white_level(image.dtype))
    white = pixels.dtype.type(white_level(image.dtype))
    out = np.empty_like(pixels)
    height, width, channels = image.shape
    level = np.empty((height, width), np.uint16)
    for first in [0] if channels == 3 else range(channels):
        histogram = _fill(pixels, level, first, factor, method == "otsu")
        compare: Work = _nothing
        limit = round(value * LEVELS)
        if method == "otsu":
            limit = kernels.otsu(histogram)
        elif method == "local":
            compare, limit = _comparison(level, size, window, round(offset * LEVELS)), 0

        def finish(start: int, stop: int, compare: Work = compare, limit: int = limit, first: int = first) -> None:
            compare(start, stop)
            kernels.write_mask(level[start:stop], limit, out[start:stop], first, white)

        in_strips(finish, height)
    return out.view(bool) if image.dtype == bool else out


def _nothing(start: int, stop: int) -> None:
    pass


def _fill(pixels: Image, level: Levels, first: int, factor: int, count: bool) -> NDArray[np.int32]:
    """Write the levels of the luma, or of channel `first`, and return their histogram."""
    from diptych.operators._kernels import threshold_numba as kernels

    histograms = []

    def work(start: int, stop: int) -> None:
        histogram = np.zeros(LEVELS + 1 if count else 0, np.int32)
        if factor:
            kernels.whole_levels(pixels[start:stop], level[start:stop], first, factor, histogram)
        else:
            kernels.float_levels(pixels[start:stop], level[start:stop], first, histogram)
        histograms.append(histogram)

    in_strips(work, len(level))
    return functools.reduce(np.add, histograms)


def _comparison(level: Levels, size: int, window: str, below: int) -> Work:
    """Return what turns rows of levels into 1 where they are above the local average minus `below`, else 0."""
    from diptych.operators._kernels import threshold_numba as kernels

    if window == "gaussian":
        reach = size // 2
        padded = pad(level[:, :, np.newaxis], reach, reach, "reflect")[:, :, 0]
        weights = weights_of(size).astype(np.uint32)
        return lambda a, b: kernels.above_gaussian(level[a:b], padded[a : b + 2 * reach], weights, below)
    small = size <= _LARGEST_FOR_32_BITS
    source = level if small else level.astype(np.float64)  # from 16 bits, OpenCV sums in 32
    depth = cv2.CV_32S if small else cv2.CV_64F

    def add_up(part: Image, out: Image) -> None:
        cv2.boxFilter(part, depth, (size, size), dst=out, normalize=False, borderType=cv2.BORDER_REFLECT)

    sums = by_strips(add_up, source, size // 2, np.int32 if small else np.float64)
    return lambda a, b: kernels.above_mean(level[a:b], sums[a:b], size * size, below)


PATHS = (FastPath("Numba", ("bool", "uint8", "uint16", "float32"), _threshold),)
