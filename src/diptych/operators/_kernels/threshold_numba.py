"""The passes of `threshold`, all in whole numbers."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART

EXACT_KERNEL: dict[str, Any] = {**KERNEL, "fastmath": False}
EXACT_PART: dict[str, Any] = {**PART, "fastmath": False}


@njit(**EXACT_PART)
def _count(levels: Any, small: Any, histogram: Any) -> None:
    # In 16 bits, half as large, the counts stay nearer to the processor; what they cannot hold goes into the histogram.
    for x in range(levels.size):
        level = levels[x]
        small[level] += np.uint16(1)
        if small[level] == 0:
            histogram[level] += 65536


@njit(**EXACT_PART)
def _add(small: Any, histogram: Any) -> None:
    for level in range(small.size):
        histogram[level] += small[level]


@njit(**EXACT_KERNEL)
def whole_levels(image: Any, level: Any, first: int, factor: int, histogram: Any) -> None:
    """Write the 16-bit levels of the luma of RGB, or of one channel, and count them if there is a histogram."""
    rows, columns, channels = image.shape
    small = np.zeros(histogram.size, np.uint16)
    for y in range(rows):
        for x in range(columns):
            if channels == 3:
                luma = (
                    19595 * np.int64(image[y, x, 0])
                    + 38470 * np.int64(image[y, x, 1])
                    + 7471 * np.int64(image[y, x, 2])
                )
                level[y, x] = (luma * factor + 32768) >> 16
            else:
                level[y, x] = np.int64(image[y, x, first]) * factor
        if histogram.size > 0:
            _count(level[y], small, histogram)
    if histogram.size > 0:
        _add(small, histogram)


@njit(**EXACT_KERNEL)
def float_levels(image: Any, level: Any, first: int, histogram: Any) -> None:
    """The same for floats, each channel rounded to its level first."""
    rows, columns, channels = image.shape
    white, small = np.float32(65535), np.zeros(histogram.size, np.uint16)
    for y in range(rows):
        for x in range(columns):
            if channels == 3:
                red = np.int64(np.rint(image[y, x, 0] * white))
                green = np.int64(np.rint(image[y, x, 1] * white))
                blue = np.int64(np.rint(image[y, x, 2] * white))
                level[y, x] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
            else:
                level[y, x] = np.int64(np.rint(image[y, x, first] * white))
        if histogram.size > 0:
            _count(level[y], small, histogram)
    if histogram.size > 0:
        _add(small, histogram)


@njit(**EXACT_KERNEL)
def otsu(histogram: Any) -> int:
    """Do what `diptych.operators._threshold.otsu_level` does, digit by digit."""
    total, whole = 0, 0
    for level in range(histogram.size):
        total += histogram[level]
        whole += histogram[level] * level
    dark, mass, best, highest = 0, 0, 0, -1.0
    for level in range(histogram.size):
        if histogram[level] == 0:
            continue
        dark += histogram[level]
        mass += histogram[level] * level
        if dark == total:
            return best if highest >= 0 else level
        difference = mass / dark - (whole - mass) / (total - dark)
        variance = float(dark) * float(total - dark) * (difference * difference)
        if variance > highest:
            best, highest = level, variance
    return best


@njit(**EXACT_KERNEL)
def write_mask(level: Any, limit: int, out: Any, first: int, white: Any) -> None:
    """Write white where the level is above the limit and 0 elsewhere: into all of three channels, or into one."""
    rows, columns, channels = out.shape
    black = out.dtype.type(0)
    lines = out.reshape(rows, columns * channels)
    for y in range(rows):
        line, limits = lines[y], level[y]
        if channels == 3:
            for x in range(columns):
                value = white if limits[x] > limit else black
                line[3 * x] = value
                line[3 * x + 1] = value
                line[3 * x + 2] = value
        else:
            for x in range(columns):
                line[x * channels + first] = white if limits[x] > limit else black


@njit(**EXACT_KERNEL)
def above_mean(level: Any, sums: Any, count: int, below: int) -> None:
    """Replace levels by whether they are above the mean (a sum of so many) minus `below`."""
    rows, columns = level.shape
    for y in range(rows):
        for x in range(columns):
            level[y, x] = (np.int64(level[y, x]) + below) * count > np.int64(sums[y, x])


@njit(**EXACT_KERNEL)
def above_gaussian(level: Any, padded: Any, weights: Any, below: int) -> None:
    """Replace levels by whether they are above the weighted mean minus `below`; `padded` has half a window more all round.

    Weights are 65536ths: sums of 16-bit levels stay within 32 bits in one direction and within 48 in both.
    """
    rows, columns = level.shape
    down, across = np.empty(padded.shape[1], np.uint32), np.empty(columns, np.int64)
    for y in range(rows):
        down[:] = 0
        for i in range(weights.size):
            line, weight = padded[y + i], weights[i]
            for x in range(down.size):
                down[x] += weight * np.uint32(line[x])
        across[:] = 0
        for i in range(weights.size):
            line_of_sums, factor = down[i : i + columns], np.int64(weights[i])
            for x in range(columns):
                across[x] += factor * np.int64(line_of_sums[x])
        for x in range(columns):
            level[y, x] = (np.int64(level[y, x]) + below) << 32 > across[x]
