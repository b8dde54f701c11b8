"""Numba kernels around the network of the denoiser: what it sees of a tile, and what is taken away."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from diptych.runtime.graph_ends import BLOCK, NO_NOISE, NOISE_STEPS

OPTIONS: Any = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}

_R, _G, _B = np.float32(0.299), np.float32(0.587), np.float32(0.114)
_TO_CB, _TO_CR = np.float32(1 / 1.772), np.float32(1 / 1.402)
_RED, _BLUE = np.float32(1.402), np.float32(1.772)
_GREEN_CB, _GREEN_CR = np.float32(0.114 * 1.772 / 0.587), np.float32(0.299 * 1.402 / 0.587)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_NO_NOISE, _STEP = np.float32(NO_NOISE), np.float32(1 / NOISE_STEPS)


@njit(**OPTIONS)
def planes_of(image, rows, columns, white, planes):  # type: ignore[no-untyped-def]
    """Write Y', Cb and Cr of an RGB image, or its one channel, at these places to `planes` ``(P, h, w)``, white as 1."""
    white = np.float32(white)
    height, width, channels = image.shape
    flat = image.reshape(height, width * channels)
    for y in range(rows.size):
        row = flat[rows[y]]
        first = planes[0, y]
        if channels == 1:
            for x in range(columns.size):
                first[x] = np.float32(row[columns[x]]) / white
            continue
        second, third = planes[1, y], planes[2, y]
        for x in range(columns.size):
            at = columns[x] * 3
            red, green, blue = (
                np.float32(row[at]) / white,
                np.float32(row[at + 1]) / white,
                np.float32(row[at + 2]) / white,
            )
            luma = red * _R + green * _G + blue * _B
            first[x] = luma
            second[x] = (blue - luma) * _TO_CB
            third[x] = (red - luma) * _TO_CR


@njit(**OPTIONS)
def block_levels(luma, table, levels):  # type: ignore[no-untyped-def]
    """Write the levels ``(P, h / 4, w / 4)`` that a table ``(P, N)`` has for the mean luma of each block of 4 x 4 px."""
    last = np.float32(table.shape[1] - 1)
    for down in range(levels.shape[1]):
        for across in range(levels.shape[2]):
            total = np.float32(0)
            for y in range(BLOCK * down, BLOCK * down + BLOCK):
                for x in range(BLOCK * across, BLOCK * across + BLOCK):
                    total += luma[y, x]
            index = int(min(max(total / np.float32(16), np.float32(0)), _ONE) * last + _HALF)
            for plane in range(table.shape[0]):
                levels[plane, down, across] = table[plane, index]


@njit(**OPTIONS)
def _row_of_levels(levels, y, between, out):  # type: ignore[no-untyped-def]
    """Write row `y` of levels that are given for blocks: bilinear between their middles."""
    down = y // BLOCK
    offset = np.float32((y - BLOCK * down + 0.5) / BLOCK - 0.5)
    other = min(max(down - 1 if offset < 0 else down + 1, 0), levels.shape[0] - 1)
    share = abs(offset)
    here, there, count = levels[down], levels[other], levels.shape[1]
    for across in range(count):
        between[across] = here[across] + share * (there[across] - here[across])
    for across in range(count):
        before, value, after = between[max(across - 1, 0)], between[across], between[min(across + 1, count - 1)]
        at = BLOCK * across
        out[at] = value + np.float32(0.375) * (before - value)
        out[at + 1] = value + np.float32(0.125) * (before - value)
        out[at + 2] = value + np.float32(0.125) * (after - value)
        out[at + 3] = value + np.float32(0.375) * (after - value)


@njit(**OPTIONS)
def divide(planes, levels):  # type: ignore[no-untyped-def]
    """Divide planes by the levels of their blocks: the first by the first, all others by the second."""
    between, row = np.empty(levels.shape[2], np.float32), np.empty(planes.shape[2], np.float32)
    for y in range(planes.shape[1]):
        for plane in range(planes.shape[0]):
            if plane < 2:
                _row_of_levels(levels[plane], y, between, row)
            line = planes[plane, y]
            for x in range(line.size):
                line[x] /= row[x]


@njit(**OPTIONS)
def _row_of_noise(codes, y, plane, out):  # type: ignore[no-untyped-def]
    """Write row `y` of the noise of a plane, in standard deviations, from the codes of the blocks ``(h, w, 16 P)``."""
    blocks = codes[y // BLOCK]
    first = BLOCK * (BLOCK * plane + y % BLOCK)
    for across in range(blocks.shape[0]):
        for x in range(BLOCK):
            out[BLOCK * across + x] = (np.float32(blocks[across, first + x]) - _NO_NOISE) * _STEP


@njit(**OPTIONS)
def subtract(image, codes, levels, inset, whites, out):  # type: ignore[no-untyped-def]
    """Write a tile of an image ``(h, w, C)`` without its noise, which is given in levels of the blocks, `inset` px around it.

    `codes` ``(H, W, 48)`` and `levels` ``(P, H, W)`` are those of the blocks. `whites` are those of the image and of the
    result, more than 1 for integers.
    """
    height, width, channels = image.shape
    between = np.empty(levels.shape[2], np.float32)
    level, noise = np.empty((2, BLOCK * codes.shape[1]), np.float32), np.empty((3, BLOCK * codes.shape[1]), np.float32)
    of_luma, of_chroma = level[0], level[1]
    first, second, third = noise[0], noise[1], noise[2]
    before, white = np.float32(whites[0]), np.float32(whites[1])
    scale, half = white / before, _HALF if white > _ONE else np.float32(0)
    for y in range(height):
        _row_of_levels(levels[0], y + inset, between, of_luma)
        _row_of_noise(codes, y + inset, 0, first)
        if channels == 1:
            for x in range(width):
                value = scale * np.float32(image[y, x, 0]) - white * of_luma[x + inset] * first[x + inset]
                out[y, x, 0] = min(max(value, np.float32(0)), white) + half
            continue
        _row_of_levels(levels[1], y + inset, between, of_chroma)
        _row_of_noise(codes, y + inset, 1, second)
        _row_of_noise(codes, y + inset, 2, third)
        for x in range(width):
            luma = white * of_luma[x + inset] * first[x + inset]
            factor = white * of_chroma[x + inset]
            cb, cr = factor * second[x + inset], factor * third[x + inset]
            red = scale * np.float32(image[y, x, 0]) - (luma + _RED * cr)
            green = scale * np.float32(image[y, x, 1]) - (luma - _GREEN_CB * cb - _GREEN_CR * cr)
            blue = scale * np.float32(image[y, x, 2]) - (luma + _BLUE * cb)
            out[y, x, 0] = min(max(red, np.float32(0)), white) + half
            out[y, x, 1] = min(max(green, np.float32(0)), white) + half
            out[y, x, 2] = min(max(blue, np.float32(0)), white) + half
