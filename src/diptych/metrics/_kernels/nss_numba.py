"""Natural scene statistics in one pass over a row of patches, in single precision."""

# mypy: disable-error-code="no-untyped-def, assignment"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.color import LUMA
from diptych.core.kernels import options
from diptych.metrics._nss import FLAT, TIE

_RED, _GREEN, _BLUE = 219 * LUMA[0], 219 * LUMA[1], 219 * LUMA[2]
_FLAT = np.float32(FLAT)

# Sums may be taken in any order, so that they run in vector registers; NaN and infinity keep their meaning.
_SUMS = {"reassoc", "contract", "nsz"}

_KERNEL, _PART = options()
_SUM_KERNEL, _SUM_PART = options(*_SUMS)

# Lumas are kept as differences from this: squares of small numbers lose less in single precision.
MIDDLE = 128.0


@njit(**_KERNEL)
def luma_rows(image, channels, white, start, stop, out):
    """Write the rounded luma of the rows ``start`` to ``stop`` of an image ``(H, W * channels)``, less `MIDDLE`."""
    red, green, blue = _RED / white, _GREEN / white, _BLUE / white
    grey, black = 219.0 / white, 16.0 + TIE
    for y in range(start, stop):
        row, target = image[y], out[y - start]
        if channels == 3:
            for x in range(target.size):
                value = black + (row[3 * x] * red + row[3 * x + 1] * green + row[3 * x + 2] * blue)
                target[x] = np.rint(value) - MIDDLE
        else:
            for x in range(target.size):
                target[x] = np.rint(black + row[x] * grey) - MIDDLE


@njit(**_PART)
def _inside(index, length):
    # Mirrored at both ends with the end repeated: -1 is 0, -2 is 1.
    if index < 0:
        index = -1 - index
    return min(index, 2 * length - 1 - index)


@njit(**_SUM_KERNEL)
def halve_rows(rows, first, height, weights, start, stop, out):
    """Write the rows ``start`` to ``stop`` of the half-size picture; `rows` are those of the full one from `first` on."""
    width = rows.shape[1]
    line = np.empty(width + 8, np.float32)
    w0, w1, w2, w3 = weights[3], weights[2], weights[1], weights[0]
    for i in range(start, stop):
        a, h = rows[_inside(2 * i - 3, height) - first], rows[_inside(2 * i + 4, height) - first]
        b, g = rows[_inside(2 * i - 2, height) - first], rows[_inside(2 * i + 3, height) - first]
        c, f = rows[_inside(2 * i - 1, height) - first], rows[_inside(2 * i + 2, height) - first]
        d, e = rows[2 * i - first], rows[_inside(2 * i + 1, height) - first]
        for x in range(width):
            line[x + 3] = w0 * (d[x] + e[x]) + w1 * (c[x] + f[x]) + w2 * (b[x] + g[x]) + w3 * (a[x] + h[x])
        for k in range(3):
            line[2 - k] = line[_inside(-1 - k, width) + 3]
        for k in range(4):
            line[width + 3 + k] = line[_inside(width + k, width) + 3]
        target = out[i - start]
        for x in range(width // 2):
            inner = w0 * (line[2 * x + 3] + line[2 * x + 4]) + w1 * (line[2 * x + 2] + line[2 * x + 5])
            target[x] = inner + w2 * (line[2 * x + 1] + line[2 * x + 6]) + w3 * (line[2 * x] + line[2 * x + 7])


@njit(**_SUM_PART)
def _down(rows, at, weights, mean, square, change):
    # The vertical half of the Gaussian: of the luma and of its square; `change` is what it adds to the luma.
    w0, w1, w2, w3 = weights[3], weights[2], weights[1], weights[0]
    a, b, c, d, e, f, g = rows[at[0]], rows[at[1]], rows[at[2]], rows[at[3]], rows[at[4]], rows[at[5]], rows[at[6]]
    for x in range(rows.shape[1]):
        centre = d[x]
        twice = centre + centre
        moved = w1 * ((c[x] + e[x]) - twice) + w2 * ((b[x] + f[x]) - twice) + w3 * ((a[x] + g[x]) - twice)
        change[x] = moved
        mean[x + 3] = centre + moved
        near = w0 * (centre * centre) + w1 * (c[x] * c[x] + e[x] * e[x])
        square[x + 3] = near + w2 * (b[x] * b[x] + f[x] * f[x]) + w3 * (a[x] * a[x] + g[x] * g[x])


@njit(**_SUM_PART)
def _across(centres, weights, mean, square, change, out, contrast):
    # Means are sums of differences from the pixel, so that they are exact where the picture is flat.
    w0, w1, w2, w3 = weights[3], weights[2], weights[1], weights[0]
    one, zero = np.float32(1), np.float32(0)
    for x in range(out.size):
        m0 = mean[x + 3]
        twice = m0 + m0
        moved = w1 * ((mean[x + 2] + mean[x + 4]) - twice) + w2 * ((mean[x + 1] + mean[x + 5]) - twice)
        away = -(change[x] + (moved + w3 * ((mean[x] + mean[x + 6]) - twice)))
        centre = centres[x] - away
        near = w0 * square[x + 3] + w1 * (square[x + 2] + square[x + 4])
        power = near + w2 * (square[x + 1] + square[x + 5]) + w3 * (square[x] + square[x + 6])
        deviation = np.sqrt(abs(power - centre * centre))
        contrast[x] = deviation
        out[x] = away / (deviation + one) if abs(away) >= _FLAT else zero


@njit(**_KERNEL)
def normalise_rows(rows, first, height, weights, start, stop, out, contrast):
    """Write the normalised luma and the local contrast of the rows ``start`` to ``stop``; `rows` begin with `first`."""
    width = rows.shape[1]
    mean, square = np.empty(width + 6, np.float32), np.empty(width + 6, np.float32)
    change, at = np.empty(width, np.float32), np.empty(7, np.int64)
    for y in range(start, stop):
        for k in range(7):
            at[k] = min(max(y + k - 3, 0), height - 1) - first
        _down(rows, at, weights, mean, square, change)
        for line in (mean, square):
            line[:3] = line[3]
            line[width + 3 :] = line[width + 2]
        _across(rows[at[3]], weights, mean, square, change, out[y - start], contrast[y - start])


@njit(**_SUM_PART)
def _add(row, other, into):
    # One row of one map: the product of two rows (of ones, for the map itself).
    zero = np.float32(0)
    below, above, squares_below, squares_above, magnitudes = 0, 0, zero, zero, zero
    for x in range(row.size):
        value = row[x] * other[x]
        low, high = min(value, zero), max(value, zero)
        below += np.int32(value < zero)
        above += np.int32(value > zero)
        squares_below += low * low
        squares_above += high * high
        magnitudes += high - low
    into[0] += below
    into[1] += above
    into[2] += squares_below
    into[3] += squares_above
    into[4] += magnitudes


@njit(**_KERNEL)
def add_moments(mscn, side, moments):
    """Add the moments of each patch of a row of patches to ``moments[patch, map]``."""
    block = np.empty((side + 1, side + 2), np.float32)
    ones = np.ones(side, np.float32)
    for index in range(moments.shape[0]):
        block[1:, 1:-1] = mscn[:, index * side : (index + 1) * side]
        # Shifted around its own ends: the last row comes before the first, and so do the columns.
        block[0] = block[side]
        block[:, 0], block[:, side + 1] = block[:, side], block[:, 1]
        block[0, 0], block[0, side + 1] = block[side, 0], block[side, side + 1]
        into = moments[index]
        for y in range(1, side + 1):
            row, before = block[y, 1:-1], block[y - 1]
            _add(row, ones, into[0])
            _add(row, block[y, :side], into[1])
            _add(row, before[1:-1], into[2])
            _add(row, before[:side], into[3])
            _add(row, before[2:], into[4])


@njit(**_SUM_KERNEL)
def add_sharpness(contrast, side, sharpness):
    """Add the mean contrast of each patch of a row of patches."""
    for y in range(side):
        for index in range(sharpness.size):
            total = np.float32(0)
            for x in range(index * side, (index + 1) * side):
                total += contrast[y, x]
            sharpness[index] += total / (side * side)
