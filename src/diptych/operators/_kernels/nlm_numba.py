"""Non-local means over one tile: every pair of pixels is compared once and serves both.

A tile is a stack of planes ``(C, h, w)`` of float32 with a margin around what is wanted. The inner loops run over flat arrays
from unsigned offsets: a slice costs a count of references for every row, and a signed offset a test for every value. LLVM
turns them into vector instructions; it tests at run time that rows do not overlap, and gives up on loops with more than
eight such tests, which is why they are cut as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from diptych.core.kernels import options

OPTIONS, PARTS = options("contract", "nsz")

# exp(x) is 2^k (1 + f) with k + f = x / ln 2 - 0.058, read straight from the bits of a float: the approximation of
# Schraudolph (1999) in scikit-image's form, carried over from 64 to 32 bits.
PER_UNIT = np.float32(2**23 / np.log(2))
ONE = np.int32((127 << 23) - 60801 * 8)

_P1, _P2, _P3, _P4, _P5 = (np.float32(p) for p in (0.69314695, 0.24022122, 0.05550743, 0.00967546, 0.0013267))
_ZERO, _SMALLEST = np.float32(0), np.float32(-30)


def _cast(typing_context: Any, bits: Any) -> Any:
    signature = types.float32(types.int32)
    return signature, lambda context, builder, _, values: builder.bitcast(
        values[0], context.get_value_type(types.float32)
    )


_float_of_bits: Any = intrinsic(_cast)


@njit(**PARTS)
def _squares(planes, size, channels, here, there, out, start, n):  # type: ignore[no-untyped-def]
    here, there, size, start = np.uint64(here), np.uint64(there), np.uint64(size), np.uint64(start)
    if channels == 3:
        for i in range(np.uint64(n)):
            a = planes[here + i] - planes[there + i]
            b = planes[here + size + i] - planes[there + size + i]
            c = planes[here + size + size + i] - planes[there + size + size + i]
            out[start + i] = a * a + b * b + c * c
        return
    for i in range(np.uint64(n)):
        out[start + i] = _ZERO
    for _ in range(channels):
        for i in range(np.uint64(n)):
            a = planes[here + i] - planes[there + i]
            out[start + i] += a * a
        here, there = here + size, there + size


@njit(**PARTS)
def _columns(ring, start, width, box, out, n):  # type: ignore[no-untyped-def]
    a, width = np.uint64(start), np.uint64(width)
    if box == 1:
        for i in range(np.uint64(n)):
            out[i] = ring[a + i]
        return
    b = a + width
    for i in range(np.uint64(n)):
        out[i] = ring[a + i] + ring[b + i]
    for _ in range(1, box // 2):
        a, b = b + width, b + width + width
        for i in range(np.uint64(n)):
            out[i] += ring[a + i] + ring[b + i]
    if box % 2:
        b += width
        for i in range(np.uint64(n)):
            out[i] += ring[b + i]


@njit(**PARTS)
def _rows(column, box, out, n):  # type: ignore[no-untyped-def]
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    if box == 1:
        for i in range(np.uint64(n)):
            out[i] = column[i]
    elif box == 4:
        for i in range(np.uint64(n)):
            out[i] = (column[i] + column[i + one]) + (column[i + two] + column[i + three])
    elif box == 5:
        for i in range(np.uint64(n)):
            out[i] = (column[i] + column[i + one]) + (column[i + two] + column[i + three]) + column[i + four]
    else:
        for i in range(np.uint64(n)):
            out[i] = column[i] + column[i + one]
        for k in range(np.uint64(2), np.uint64(box)):
            for i in range(np.uint64(n)):
                out[i] += column[i + k]


@njit(**PARTS)
def _cut_off(distance, scale, cut, weight, start, n):  # type: ignore[no-untyped-def]
    # exp(-distance scale), 0 where the distance is above cut; true if any is not 0.
    start = np.uint64(start)
    largest = np.int32(0)
    for i in range(np.uint64(n)):
        bits = np.int32(-distance[i] * scale) + ONE
        bits = bits if distance[i] <= cut else np.int32(0)
        largest = max(largest, bits)
        weight[start + i] = _float_of_bits(bits)
    return largest > 0


@njit(**PARTS)
def _soft(distance, scale, expected, weight, start, root, n):  # type: ignore[no-untyped-def]
    # root = 2^min((expected - distance) scale, 0), weight = root^4.
    start, root = np.uint64(start), np.uint64(root)
    for i in range(np.uint64(n)):
        power = max(min((expected - distance[i]) * scale, _ZERO), _SMALLEST)
        whole = np.rint(power)
        f = power - whole
        value = np.float32(1) + f * (_P1 + f * (_P2 + f * (_P3 + f * (_P4 + f * _P5))))
        value *= _float_of_bits((np.int32(whole) + np.int32(127)) << np.int32(23))
        weight[root + i] = value
        weight[start + i] = (value * value) * (value * value)


@njit(**PARTS)
def _add(total, to, planes, here, there, found, weights, n):  # type: ignore[no-untyped-def]
    # What one row takes at three offsets: values that start at `there`, weights that start at `weights`.
    to, here = np.uint64(to), np.uint64(here)
    a, b, c = np.uint64(there[0]), np.uint64(there[1]), np.uint64(there[2])
    u, v, w = np.uint64(weights[0]), np.uint64(weights[1]), np.uint64(weights[2])
    for i in range(np.uint64(n)):
        own = planes[here + i]
        first = found[u + i] * (planes[a + i] - own) + found[v + i] * (planes[b + i] - own)
        total[to + i] += first + found[w + i] * (planes[c + i] - own)


@njit(**PARTS)
def _add_weights(total, to, found, u, v, w, n):  # type: ignore[no-untyped-def]
    to, u, v, w = np.uint64(to), np.uint64(u), np.uint64(v), np.uint64(w)
    for i in range(np.uint64(n)):
        total[to + i] += found[u + i] + found[v + i] + found[w + i]


@njit(**PARTS)
def _take(values, sums, weights, shape, rows, shifts, found):  # type: ignore[no-untyped-def]
    # The first of two rows takes from the second what lies so far to the right. The weights that were found start at the
    # leftmost pixel of a pair, which is on the left of the tile if the offset was to the right.
    channels, kinds, height, width, full, sign = shape
    pad = (full - width) // 2
    here, there = (rows[0] + pad) * full + pad, (rows[1] + pad) * full + pad
    a, b, c = sign * shifts[0], sign * shifts[1], sign * shifts[2]
    u, v, w = max(a, 0), max(b, 0) + full, max(c, 0) + 2 * full
    for k in range(kinds):
        at = 3 * full * k
        _add_weights(weights, (k * height + rows[0]) * width, found, u + at, v + at, w + at, width)
    for k in range(channels):
        p, at = k * (height + 2 * pad) * full, 3 * full * min(k, kinds - 1)
        to = (k * height + rows[0]) * width
        others = (there + a + p, there + b + p, there + c + p)
        _add(sums, to, values, here + p, others, found, (u + at, v + at, w + at), width)


@njit(**PARTS)
def _weigh(values, shape, offset, patch, weight, buffers, k):  # type: ignore[no-untyped-def]
    # Weights of the pairs of one row and one offset, as the k-th of three; the ring of its last rows of squared
    # differences moves on. Returns whether there is a weight that is not 0.
    channels, _, height, width, full, _ = shape
    row, dy, dx = offset
    reach, box, before = patch
    scale, levels, soft = weight
    rings, column, distance, found = buffers
    pad, n = (full - width) // 2, width + abs(dx)
    here = (pad + row + box - 1 - before) * full + pad - max(dx, 0) - before
    ring = (dx + reach) * box * full
    newest = ring + (row + pad + box) % box * full
    _squares(values, (height + 2 * pad) * full, channels, here, here + dy * full + dx, rings, newest, n + box - 1)
    if row < -dy:
        return False
    _columns(rings, ring, full, box, column, n + box - 1)
    _rows(column, box, distance, n)
    level = levels[dy, dx + reach]
    if soft:
        _soft(distance, scale, level, found, k * full, (k + 3) * full, n)
        return True
    return _cut_off(distance, scale, level, found, k * full, n)


@njit(**OPTIONS)
def compare(planes, total, weights, patch, weight):  # type: ignore[no-untyped-def]
    """Add up what every pixel inside the margin takes from those around it.

    Parameters
    ----------
    planes, total, weights : ndarray, float32, shapes (C, h + margin, w + margin), (C, h, w), (1 or 2, h, w)
        Values; sums of weighted differences; sums of weights. The last channels have the last weights.
    patch : tuple
        Farthest offset; side of the patch; how much of it lies before the pixel.
    weight : tuple
        Scale, levels, soft: weight as a function of the distance, a sum over patch and channels: as `_soft` says (level is
        what noise alone is expected to give) or as `_cut_off` says (level is where it is cut off). There is a level for each
        dy >= 0 and dx.
    """
    reach, box, _ = patch
    height, width, full = total.shape[1], total.shape[2], planes.shape[2]
    shape = (planes.shape[0], weights.shape[0], height, width, full, 1)
    mirrored = (planes.shape[0], weights.shape[0], height, width, full, -1)
    values, sums, weighed = planes.reshape(-1), total.reshape(-1), weights.reshape(-1)
    # For one dy and one row, all dx: what is being added up stays in the first-level cache.
    rings, found = np.zeros((2 * reach + 1) * box * full, np.float32), np.zeros(6 * full, np.float32)
    buffers = (rings, np.zeros(full, np.float32), np.zeros(full, np.float32), found)
    for dy in range(reach + 1):
        for row in range(-dy - box + 1, height):
            for dx in range(-reach if dy else 1, reach + 1, 3):
                some = False
                for k in range(3):
                    if dx + k > reach:
                        found[k * full : (k + 1) * full] = 0
                        found[(k + 3) * full : (k + 4) * full] = 0
                    elif _weigh(values, shape, (row, dy, dx + k), patch, weight, buffers, k):
                        some = True
                shifts = (dx, min(dx + 1, reach), min(dx + 2, reach))
                if some and row >= 0:
                    _take(values, sums, weighed, shape, (row, row + dy), shifts, found)
                if some and row + dy < height:
                    _take(values, sums, weighed, mirrored, (row + dy, row), shifts, found)
