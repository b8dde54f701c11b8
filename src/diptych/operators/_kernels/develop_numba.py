"""Numba kernels of `diptych.operators.develop`: rows in short pieces, each in a few plain loops.

What lies between the loops is one array of rows at constant distances: LLVM makes vectors of a loop only where it sees that it
does not read what it writes. For the same reason the tables are looked up at constant places.

A table holds two curves at the floats whose lower 13 bits are 0, which are 1,024 entries an octave.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.color import LUMA
from diptych.core.kernels import KERNEL, PART
from diptych.core.kernels.depths import load, store

_RED, _GREEN, _BLUE = np.float32(LUMA[0]), np.float32(LUMA[1]), np.float32(LUMA[2])
_ZERO, _ONE, _HALF, _TINY = np.float32(0), np.float32(1), np.float32(0.5), np.float32(1e-6)
_SHIFT, _ROUND, _REST, _SHARE = np.uint32(13), np.uint32(1 << 12), np.uint32((1 << 13) - 1), np.float32(2.0**-13)

PIECE = 512
"""Pixels whose rows all stay in the first cache."""

PITCH = 528
"""Distance of the rows of scratch; not a divisor of 4 KiB, at which distance writes delay reads."""

# Smallest channel, luma and largest channel; what the tables have for each (two rows); surroundings, and their lift (two rows).
_LOW, _LUMA, _HIGH, _OF_LOW, _OF_LUMA, _OF_HIGH, _AROUND, _LIFT, _PLACES, _RED_ROW, _GREEN_ROW, _BLUE_ROW = (
    np.int64(PITCH * row) for row in (0, 1, 2, 3, 5, 7, 9, 10, 12, 15, 16, 17)
)  # as constants of Python, each would be a type of its own, which functions are compiled for
_ALL, _COUNT = np.int64(3 * PITCH), np.int64(PIECE)
ROWS = 15
"""Rows of scratch besides one for each channel."""


@njit(**KERNEL)
def develop(rows, out, scratch, line, around, numbers, tables, lines, start, stop):
    """Write the rows from `start` to `stop` of the developed image.

    Parameters
    ----------
    rows, out : tuple of ndarray
        Of the image and of the result, see `diptych.core.kernels.rows_in`.
    scratch : tuple of ndarray
        One array of ``ROWS + C`` times `PITCH` float32, and its views as uint32 and as uint64.
    line : ndarray, shape (C * PIECE,)
        Scratch, float32.
    around : ndarray, shape (4, W + PIECE)
        Zeros, float32.
    numbers : tuple
        The factors from stored values to keys of the tables, which are balanced values times a constant; follow,
        saturation, the colour floor as a key, and white of `out`: results are
        rounded where it is more than 1; and whether the nearest entry of a table counts, which is enough for 8 bits.
    tables : tuple
        ``(n, 2)`` float32: the share of T that does not depend on the surroundings, and x; its view as uint64; the bits of its
        first and last keys. Then the same of the share of T(b) / b, and 0.
    lines : tuple
        Slope and offset of the lines of the surroundings ``(h, w)``, and their step, which is 0 where there are none.
    """
    factors, follow, saturation, color_floor, white, nearest = numbers
    width, channels, step = around.shape[1] - PIECE, factors.size, lines[2]
    for y in range(start, stop):
        if step > 0 and (y == start or y % step == 0):
            _expand(lines[0], y // step, step, width, around[0], around[1])
            _expand(lines[1], y // step, step, width, around[2], around[3])
        share = np.float32(y % max(step, 1)) / np.float32(max(step, 1))
        for first in range(0, width, PIECE):
            n = min(PIECE, width - first)
            if channels == 3 and rows[0].size > 0:
                _split(rows[0][y][first * 3 :], factors, scratch[0], n)
            else:
                load(rows, y, first * channels, n * channels, line)
                if channels == 3:
                    _split(line, factors, scratch[0], n)
                else:
                    _split_any(line, factors, scratch[0], n)
            if nearest:
                _look_up(scratch, tables[0], _LOW, _OF_LOW, _ALL)
            else:
                _interpolate(scratch, tables[0], _LOW, _OF_LOW, _ALL)
            if step > 0:
                _brightness(around, first, share, scratch[0])
                if nearest:
                    _look_up(scratch, tables[1], _AROUND, _LIFT, _COUNT)
                else:
                    _interpolate(scratch, tables[1], _AROUND, _LIFT, _COUNT)
            _colours(scratch[0], follow, saturation, color_floor)
            if channels == 3 and out[0].size > 0:
                _join(scratch[0], white, out[0][y][first * 3 :], n)
            else:
                if channels == 3:
                    _join(scratch[0], white, line, n)
                else:
                    _join_any(scratch[0], channels, white, line, n)
                store(line, y, first * channels, n * channels, out)


@njit(**PART)
def _expand(values, row, step, width, here, below):
    """Write two rows of a map of the sample at every column of the image."""
    for k in range(2):
        source, target = values[min(row + k, values.shape[0] - 1)], here if k == 0 else below
        for i in range(source.size):
            start, stop = i * step, min((i + 1) * step, width)
            value, change = source[i], (source[min(i + 1, source.size - 1)] - source[i]) / np.float32(step)
            for j in range(stop - start):
                target[start + j] = value + np.float32(j) * change


@njit(**PART)
def _split(flat, factors, s, n):
    """Write the three channels of some pixels times their factors, the smallest, the luma and the largest."""
    of_red, of_green, of_blue = factors[0], factors[1], factors[2]
    for i in range(n):
        red = np.float32(flat[3 * i]) * of_red
        green = np.float32(flat[3 * i + 1]) * of_green
        blue = np.float32(flat[3 * i + 2]) * of_blue
        s[_RED_ROW + i], s[_GREEN_ROW + i], s[_BLUE_ROW + i] = red, green, blue
        s[_LUMA + i] = red * _RED + green * _GREEN + blue * _BLUE
        s[_LOW + i] = min(min(red, green), blue)  # noqa: PLW3301 (three at once is slower)
        s[_HIGH + i] = max(max(red, green), blue)  # noqa: PLW3301


@njit(**PART)
def _split_any(flat, factors, s, n):
    """The same for any number of channels."""
    channels, weight = factors.size, _ONE / np.float32(factors.size)
    for i in range(n):
        low, total, high = np.float32(9), _ZERO, _ZERO
        for c in range(channels):
            value = np.float32(flat[channels * i + c]) * factors[c]
            s[_RED_ROW + PITCH * c + i] = value
            low, total, high = min(low, value), total + value, max(high, value)
        s[_LOW + i], s[_LUMA + i], s[_HIGH + i] = low, total * weight, high


@njit(**PART)
def _look_up(scratch, table, keys, to, count):
    """Write both entries of the table that are nearest to each key, one after the other.

    Behind the last pixels of a row lie old values, of any size: keys beyond the last count as it.
    """
    bits, pairs = scratch[1], scratch[2]
    whole, first, last = table[1], table[2], table[3]
    for i in range(count):
        bits[_PLACES + i] = (min(max(bits[keys + i], first), last) - first + _ROUND) >> _SHIFT
    for i in range(count):
        pairs[to // 2 + i] = whole[bits[_PLACES + i]]


@njit(**PART)
def _interpolate(scratch, table, keys, to, count):
    """Write what lies between the two entries of the table around each key."""
    s, bits = scratch[0], scratch[1]
    entries, first, last = table[0], table[2], table[3]
    for i in range(count):
        place = min(max(bits[keys + i], first), last) - first
        low, share = place >> _SHIFT, np.float32(place & _REST) * _SHARE
        for k in range(2):
            s[to + 2 * i + k] = entries[low, k] + share * (entries[low + np.uint32(1), k] - entries[low, k])


@njit(**PART)
def _brightness(around, first, share, s):
    """Write the brightness of the surroundings from x of the largest channel."""
    slope, next_slope = around[0][first:], around[1][first:]
    offset, next_offset = around[2][first:], around[3][first:]
    for i in range(PIECE):
        line = slope[i] + share * (next_slope[i] - slope[i])
        at_black = offset[i] + share * (next_offset[i] - offset[i])
        s[_AROUND + i] = min(max(line * s[_OF_HIGH + 2 * i + 1] + at_black, _ZERO), _ONE)


@njit(**PART)
def _colours(s, follow, saturation, color_floor):
    """Write the slope and the offset of the line by which the channels of each pixel follow, to the rows of low and high."""
    for i in range(PIECE):
        low, luma, high, lift = s[_LOW + i], s[_LUMA + i], s[_HIGH + i], s[_LIFT + 2 * i]
        dark = min(max(s[_OF_LOW + 2 * i] + lift * s[_OF_LOW + 2 * i + 1], _ZERO), _ONE)
        tone = min(max(s[_OF_LUMA + 2 * i] + lift * s[_OF_LUMA + 2 * i + 1], _ZERO), _ONE)
        bright = min(max(s[_OF_HIGH + 2 * i] + lift * s[_OF_HIGH + 2 * i + 1], _ZERO), _ONE)
        ratio = tone / max(luma, _TINY)
        slope = max(bright - dark, _ZERO) / max(high - low, _TINY)
        believed = luma * luma / max(luma * luma + color_floor * color_floor, _TINY * _TINY)
        chroma = min(saturation * believed * (ratio + follow * (slope - ratio)), tone / max(luma - low, _TINY))
        scale = _ONE / max(tone + chroma * (high - luma), _ONE)
        s[_LOW + i] = chroma * scale
        s[_HIGH + i] = (tone - chroma * luma) * scale


@njit(**PART)
def _join(s, white, line, n):
    """Write three channels after the line of their pixel, from 0 to white, and half a level more for integers."""
    half = _HALF if white > _ONE else _ZERO
    for i in range(n):
        slope, offset = s[_LOW + i] * white, s[_HIGH + i] * white
        line[3 * i] = min(max(slope * s[_RED_ROW + i] + offset, _ZERO), white) + half
        line[3 * i + 1] = min(max(slope * s[_GREEN_ROW + i] + offset, _ZERO), white) + half
        line[3 * i + 2] = min(max(slope * s[_BLUE_ROW + i] + offset, _ZERO), white) + half


@njit(**PART)
def _join_any(s, channels, white, line, n):
    """The same for any number of channels."""
    half = _HALF if white > _ONE else _ZERO
    for i in range(n):
        for c in range(channels):
            value = min(max(s[_LOW + i] * s[_RED_ROW + PITCH * c + i] + s[_HIGH + i], _ZERO), _ONE)
            line[channels * i + c] = value * white + half
