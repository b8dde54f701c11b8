"""Numba kernels around the network of the denoiser: what it sees of a tile, and what is taken away."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART
from diptych.core.kernels.depths import load, store
from diptych.runtime.graph_ends import BLOCK, NO_NOISE, NOISE_STEPS

_R, _G, _B = np.float32(0.299), np.float32(0.587), np.float32(0.114)
_TO_CB, _TO_CR = np.float32(1 / 1.772), np.float32(1 / 1.402)
_RED, _BLUE = np.float32(1.402), np.float32(1.772)
_GREEN_CB, _GREEN_CR = np.float32(0.114 * 1.772 / 0.587), np.float32(0.299 * 1.402 / 0.587)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_NO_NOISE, _STEP = np.float32(NO_NOISE), np.float32(1 / NOISE_STEPS)


@njit(**PART)
def _planes_of(rows, down, left, across, white, line, planes):
    """Write Y', Cb and Cr of an RGB image, or its one channel, at these places to `planes` ``(P, h, w)``, white as 1."""
    for y in range(down.size):
        load(rows, down[y], left * planes.shape[0], line.size, line)
        first = planes[0, y]
        if planes.shape[0] == 1:
            for x in range(across.size):
                first[x] = line[across[x]] / white
            continue
        second, third = planes[1, y], planes[2, y]
        for x in range(across.size):
            at = across[x] * 3
            red, green, blue = line[at] / white, line[at + 1] / white, line[at + 2] / white
            luma = red * _R + green * _G + blue * _B
            first[x] = luma
            second[x] = (blue - luma) * _TO_CB
            third[x] = (red - luma) * _TO_CR


@njit(**PART)
def _block_levels(luma, table, levels):
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


@njit(**PART)
def _row_of_levels(levels, y, between, out):
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


@njit(**PART)
def _divide(planes, levels, between, row):
    """Divide planes by the levels of their blocks: the first by the first, all others by the second."""
    for y in range(planes.shape[1]):
        for plane in range(planes.shape[0]):
            if plane < 2:
                _row_of_levels(levels[plane], y, between, row)
            line = planes[plane, y]
            for x in range(line.size):
                line[x] /= row[x]


@njit(**KERNEL)
def see(rows, down, left, across, white, tables, line, scratch, planes, levels):
    """Write what the network sees of a tile to `planes` ``(P, h, w)``, and the levels of its blocks to `levels`.

    Parameters
    ----------
    rows : tuple of ndarray
        The rows of the image, see `diptych.core.kernels.rows_in`; it has as many channels as there are planes.
    down, across : ndarray of int
        The numbers of the rows that the tile is made of, and of the columns, counted from column `left`.
    left : int
        The first of the columns.
    white : float32
        That of the image.
    tables, levels : ndarray, shape (2, P, N) and (2, P, h / 4, w / 4)
        For the mean luma of each block the levels that the planes are divided by, and those of what is taken away.
    planes : ndarray, shape (P, h, w)
        The result, float32 as all that follow.
    line, scratch : ndarray, shape (n * P,) and (2, w)
        Memory, of which the line holds all `n` columns.
    """
    _planes_of(rows, down, left, across, white, line, planes)
    for k in range(tables.shape[0]):
        _block_levels(planes[0], tables[k], levels[k])
    _divide(planes, levels[0], scratch[0], scratch[1])


@njit(**PART)
def _row_of_noise(codes, y, plane, out):
    """Write row `y` of the noise of a plane, in standard deviations, from the codes of the blocks ``(h, w, 16 P)``."""
    blocks = codes[y // BLOCK]
    first = BLOCK * (BLOCK * plane + y % BLOCK)
    for across in range(blocks.shape[0]):
        for x in range(BLOCK):
            out[BLOCK * across + x] = (np.float32(blocks[across, first + x]) - _NO_NOISE) * _STEP


@njit(**KERNEL)
def subtract(rows, out, place, codes, levels, inset, whites, line, scratch):
    """Write a tile of an image without its noise, which is given in levels of the blocks, `inset` px around it.

    Parameters
    ----------
    rows, out : tuple of ndarray
        The rows of the image and of the result, see `diptych.core.kernels.rows_in`.
    place : tuple of int
        First row, first column, height and width.
    codes, levels : ndarray, shape (h, w, 48) and (P, h, w)
        Those of the blocks.
    inset : int
        Pixels of the blocks that lie around the tile.
    whites : tuple of float32
        That of the image and that of the result, more than 1 for integers.
    line, scratch : ndarray, shape (width * P,) and (6, 4 w)
        Memory.
    """
    top, left, height, width = place
    channels = levels.shape[0] + (1 if levels.shape[0] > 1 else 0)
    between, of_luma, of_chroma = scratch[0], scratch[1], scratch[2]
    first, second, third = scratch[3], scratch[4], scratch[5]
    white = whites[1]
    scale, half = white / whites[0], _HALF if white > _ONE else np.float32(0)
    for y in range(height):
        for plane in range(channels):
            if plane < 2:
                _row_of_levels(levels[plane], y + inset, between, scratch[1 + plane])
            _row_of_noise(codes, y + inset, plane, scratch[3 + plane])
        load(rows, top + y, left * channels, width * channels, line)
        if channels == 1:
            for x in range(width):
                value = scale * line[x] - white * of_luma[x + inset] * first[x + inset]
                line[x] = min(max(value, np.float32(0)), white) + half
        else:
            for x in range(width):
                luma = white * of_luma[x + inset] * first[x + inset]
                factor = white * of_chroma[x + inset]
                cb, cr = factor * second[x + inset], factor * third[x + inset]
                red = scale * line[3 * x] - (luma + _RED * cr)
                green = scale * line[3 * x + 1] - (luma - _GREEN_CB * cb - _GREEN_CR * cr)
                blue = scale * line[3 * x + 2] - (luma + _BLUE * cb)
                line[3 * x] = min(max(red, np.float32(0)), white) + half
                line[3 * x + 1] = min(max(green, np.float32(0)), white) + half
                line[3 * x + 2] = min(max(blue, np.float32(0)), white) + half
        store(line, top + y, left * channels, width * channels, out)
