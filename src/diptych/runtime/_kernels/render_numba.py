"""Numba kernels of rendering: a curve with a bilateral grid of affine transforms.

A row is done in short pieces within one column of the grid's cells. There, a transform is linear in x, and the sum over the
depths that occur in the piece, each with its weight, is a plain loop over pixels, which LLVM makes vectors of: looking up each
pixel's own cells would take a gather for every factor.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.color import LUMA

_RED, _GREEN, _BLUE = np.float32(LUMA[0]), np.float32(LUMA[1]), np.float32(LUMA[2])
_PIECE = 256  # px: their values stay in the first cache, and their luma varies less than that of a whole row
_FUSED = {"contract", "nsz"}  # multiply and add in one instruction


@njit(nogil=True, cache=True, fastmath=_FUSED)
def by_table(pixels, out, lut, table, white, add, first, last, above=0, height=0):  # type: ignore[no-untyped-def]
    """Render rows first to last of integers ``(H, W, C)``, whose values after the curve are in `lut`.

    `table` is the grid as ``(rows, columns, C, depth, C + 1)``. Results are multiplied by `white`; `add` is 0.5 where they are
    rounded to integers. `pixels` may be the rows of a picture of this height that follow the first `above`.
    """
    have, width, channels = pixels.shape
    height = height or have
    columns, shares = _places(width, table.shape[1])
    values, depths, made = _scratch(channels)
    for y in range(first, last):
        cells = _between(table, y + above, height)
        start = 0
        while start < width:
            count = _length(columns, start)
            if channels == 3:  # written out: a pixel's three bytes are read together
                for i in range(count):
                    values[0, i] = lut[pixels[y, start + i, 0]]
                    values[1, i] = lut[pixels[y, start + i, 1]]
                    values[2, i] = lut[pixels[y, start + i, 2]]
            else:
                for i in range(count):
                    values[0, i] = lut[pixels[y, start + i, 0]]
            _mix(values, depths, made, cells, columns[start], shares[start : start + count])
            _store(made, out[y, start : start + count], white, add)
            start += count


@njit(nogil=True, cache=True, fastmath=_FUSED)
def by_curve(pixels, out, curve, exposure, table, white, add, first, last, above=0, height=0):  # type: ignore[no-untyped-def]
    """Render rows first to last of floats: `by_table`, with the curve computed."""
    have, width, channels = pixels.shape
    height = height or have
    columns, shares = _places(width, table.shape[1])
    values, depths, made = _scratch(channels)
    pieces = np.float32(curve.size - 1)
    gain = (np.float32(1) + exposure) * pieces
    for y in range(first, last):
        cells = _between(table, y + above, height)
        start = 0
        while start < width:
            count = _length(columns, start)
            for c in range(channels):
                for i in range(count):
                    x = pixels[y, start + i, c]
                    place = min(x * gain / (x + exposure), pieces)
                    low = min(np.int32(place), np.int32(curve.size - 2))
                    values[c, i] = curve[low] + (place - np.float32(low)) * (curve[low + 1] - curve[low])
            _mix(values, depths, made, cells, columns[start], shares[start : start + count])
            _store(made, out[y, start : start + count], white, add)
            start += count


@njit(nogil=True, cache=True)
def _scratch(channels):  # type: ignore[no-untyped-def]
    """Return room for a piece: its values, their places along the depth, its result."""
    return (
        np.empty((channels, _PIECE), np.float32),
        np.empty(_PIECE, np.float32),
        np.empty((channels, _PIECE), np.float32),
    )


@njit(nogil=True, cache=True)
def _places(width, side):  # type: ignore[no-untyped-def]
    """Return for each pixel of a row the column of cells whose centre lies left of it, and its share of the next."""
    columns, shares = np.empty(width, np.int32), np.empty(width, np.float32)
    for x in range(width):
        place = min(max((x + 0.5) * side / width - 0.5, 0.0), side - 1.0)
        columns[x] = min(int(place), max(side - 2, 0))
        shares[x] = place - columns[x]
    return columns, shares


@njit(nogil=True, cache=True)
def _length(columns, start):  # type: ignore[no-untyped-def]
    """Return how many pixels from `start` on make a piece."""
    stop = min(start + _PIECE, columns.size)
    end = start + 1
    if columns[stop - 1] == columns[start]:
        return stop - start
    while end < stop and columns[end] == columns[start]:
        end += 1
    return end - start


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _between(table, y, height):  # type: ignore[no-untyped-def]
    """Return the cells ``(columns, C, depth, C + 1)`` at a row of the picture."""
    side = table.shape[0]
    place = min(max((y + 0.5) * side / height - 0.5, 0.0), side - 1.0)
    low = min(int(place), max(side - 2, 0))
    share = np.float32(place - low)
    return table[low] + share * (table[min(low + 1, side - 1)] - table[low])


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _mix(values, depths, made, cells, column, shares):  # type: ignore[no-untyped-def]
    """Write to `made` what the transforms make of a piece."""
    count, depth, channels = shares.size, cells.shape[2], values.shape[0]
    _guide(values, depths, depth, count)
    low, high = np.int32(depth - 1), np.int32(0)
    for i in range(count):
        level = np.int32(depths[i])
        low, high = min(low, level), max(high, level)
    left, right = cells[column], cells[min(column + 1, cells.shape[0] - 1)]
    for c in range(channels):
        for i in range(count):
            made[c, i] = values[c, i]
        for d in range(low, min(high + 2, depth)):
            if channels == 3:
                _add_colour(made[c], values, depths, shares, np.float32(d), left[c, d], right[c, d])
            else:
                _add_grey(made[c], values[c], depths, shares, np.float32(d), left[c, d], right[c, d])


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _guide(values, depths, depth, count):  # type: ignore[no-untyped-def]
    """Write where the luma of each pixel lies among the depths."""
    top, most = np.float32(depth), np.float32(depth - 1)
    half, zero = np.float32(0.5), np.float32(0)
    if values.shape[0] == 3:
        red, green, blue = values[0], values[1], values[2]
        for i in range(count):
            light = _RED * red[i] + _GREEN * green[i] + _BLUE * blue[i]
            depths[i] = min(max(light * top - half, zero), most)
    else:
        for i in range(count):
            depths[i] = min(max(values[0, i] * top - half, zero), most)


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _add_colour(made, values, depths, shares, depth, left, right):  # type: ignore[no-untyped-def]
    """Add to a channel what one depth gives, weighted by its nearness to each pixel's luma."""
    red, green, blue = values[0], values[1], values[2]
    a0, a1, a2, a3 = left[0], left[1], left[2], left[3]
    b0, b1, b2, b3 = right[0] - a0, right[1] - a1, right[2] - a2, right[3] - a3
    one, zero = np.float32(1), np.float32(0)
    for i in range(shares.size):
        weight = max(one - abs(depths[i] - depth), zero)
        x = shares[i]
        made[i] += weight * (
            (a0 + x * b0) * red[i] + (a1 + x * b1) * green[i] + (a2 + x * b2) * blue[i] + (a3 + x * b3)
        )


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _add_grey(made, values, depths, shares, depth, left, right):  # type: ignore[no-untyped-def]
    a0, a1 = left[0], left[1]
    b0, b1 = right[0] - a0, right[1] - a1
    one, zero = np.float32(1), np.float32(0)
    for i in range(shares.size):
        weight = max(one - abs(depths[i] - depth), zero)
        x = shares[i]
        made[i] += weight * ((a0 + x * b0) * values[i] + (a1 + x * b1))


@njit(nogil=True, cache=True, fastmath=_FUSED)
def _store(made, out, white, add):  # type: ignore[no-untyped-def]
    """Cut a piece to [0, 1] and write it in the type of `out`."""
    one, zero = np.float32(1), np.float32(0)
    if made.shape[0] == 3:
        for i in range(out.shape[0]):
            out[i, 0] = out.dtype.type(min(max(made[0, i], zero), one) * white + add)
            out[i, 1] = out.dtype.type(min(max(made[1, i], zero), one) * white + add)
            out[i, 2] = out.dtype.type(min(max(made[2, i], zero), one) * white + add)
    else:
        for i in range(out.shape[0]):
            out[i, 0] = out.dtype.type(min(max(made[0, i], zero), one) * white + add)
