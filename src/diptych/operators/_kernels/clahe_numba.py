"""CLAHE: tile histograms, and the mixture of the tiles' curves with the vertical half of the mixing done once a row."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options
from diptych.operators._kernels._illumination_numba import level_row, luma_row, relight_row, store

_KERNEL, _PART = options()

_LAST = np.float32(255)


@njit(**_KERNEL)
def count(image, c, white, indices, start, counts):
    """Add the histograms of padded rows from `start` on (of the luma if `c` is -1); return the extreme levels.

    `indices` are the rows of these padded rows and the columns of all padded columns; `counts` has even and odd columns
    apart, because counting the same bin twice in a row is slow.
    """
    rows, columns = indices
    width, tiles = image.shape[1], counts.shape[0]
    side_y, side_x = -(-image.shape[0] // tiles), columns.size // tiles
    level, bins = np.empty(width, np.float32), np.empty(width, np.uint8)
    low, high = np.float32(2), np.float32(-1)
    for y in range(rows.size):
        flat = image[rows[y]].reshape(-1)
        if c < 0:
            luma_row(flat, white, level)
        else:
            level_row(flat, image.shape[2], c, white, level)
        for x in range(width):
            low, high = min(low, level[x]), max(high, level[x])
        for x in range(width):
            bins[x] = np.int32(np.rint(level[x] * _LAST))
        for tile in range(tiles):
            _count_tile(bins, columns[tile * side_x : (tile + 1) * side_x], counts[(start + y) // side_y, tile])
    return low, high


@njit(**_PART)
def _count_tile(bins, columns, counts):
    for x in range(columns.size):
        counts[x & 1, bins[columns[x]]] += 1


@njit(**_PART)
def _mix_rows(curves, upper, lower, share, scale, mixed):
    rest = np.float32(1) - share
    for tile in range(curves.shape[1]):
        high, low, result = curves[upper, tile], curves[lower, tile], mixed[tile]
        for k in range(result.size):
            result[k] = scale * (share * high[k] + rest * low[k])


@njit(**_KERNEL)
def map_bytes(image, c, white, curves, down, across, out):
    """Map one channel of uint8, whose levels are bins.

    `down` are the upper tile, the lower tile and the share of the upper one for each row; `across` the columns at which
    the pair of tiles changes, and the share of the left one for each column.
    """
    (upper, lower, share), (edges, left_share) = down, across
    tiles, channels = curves.shape[1], image.shape[2]
    mixed = np.empty((tiles, curves.shape[2]), np.float32)
    for y in range(image.shape[0]):
        _mix_rows(curves, upper[y], lower[y], share[y], white, mixed)
        flat, result = image[y].reshape(-1), out[y].reshape(-1)
        for part in range(tiles + 1):
            left, right = mixed[max(part - 1, 0)], mixed[min(part, tiles - 1)]
            for x in range(edges[part], edges[part + 1]):
                value = flat[channels * x + c]
                mix = right[value] + left_share[x] * (left[value] - right[value])
                result[channels * x + c] = np.int32(mix + np.float32(0.5))


@njit(**_PART)
def _map_row(level, mixed, edges, left_share, new):
    tiles = mixed.shape[0]
    for part in range(tiles + 1):
        left, right = mixed[max(part - 1, 0)], mixed[min(part, tiles - 1)]
        for x in range(edges[part], edges[part + 1]):
            position = level[x] * _LAST
            below = min(np.int32(position), np.int32(254))
            share = position - np.float32(below)
            low = right[below] + left_share[x] * (left[below] - right[below])
            high = right[below + 1] + left_share[x] * (left[below + 1] - right[below + 1])
            new[x] = low + share * (high - low)


@njit(**_KERNEL)
def map_levels(image, c, white, curves, down, across, out):
    """Map one channel, or the luma if `c` is -1, of any dtype; a curve is linear between its bins. See `map_bytes`."""
    (upper, lower, share), (edges, left_share) = down, across
    width, channels = image.shape[1], image.shape[2]
    mixed = np.empty((curves.shape[1], curves.shape[2]), np.float32)
    level, new, buffer = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(3 * width, np.float32)
    for y in range(image.shape[0]):
        _mix_rows(curves, upper[y], lower[y], share[y], np.float32(1), mixed)
        flat = image[y].reshape(-1)
        if c < 0:
            luma_row(flat, white, level)
            _map_row(level, mixed, edges, left_share, new)
            relight_row(flat, white, level, new, buffer, out[y].reshape(-1))
        else:
            level_row(flat, channels, c, white, level)
            _map_row(level, mixed, edges, left_share, new)
            store(new, white, out[y, :, c])
