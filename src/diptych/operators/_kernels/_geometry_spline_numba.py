"""Numba kernels of the cubic B-spline: its coefficients, and values of an image at the places an affine map leads to.

The coefficients have a margin of `MARGIN` pixels on every side, in which they are those of the image as it goes on
beyond its border.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART
from diptych.operators._kernels._geometry_numba import CONSTANT, EXACT_KERNEL, EXACT_PART, NEAREST, edge, inner, reach

MARGIN = 12  # a coefficient depends by less than 1e-6 on what is that far away
_POLE = np.float32(math.sqrt(3) - 2)
_FIRST = np.float32(1 / (1 - (math.sqrt(3) - 2)))
_LAST = np.float32((math.sqrt(3) - 2) / ((math.sqrt(3) - 2) ** 2 - 1))
_GAIN = np.float32(6)
_BLOCK = 8


@njit(**EXACT_KERNEL)
def filter_rows(image: Any, planes: Any, border: int, start: int, stop: int) -> None:
    """Write the coefficients along each of the rows start to stop into the same rows of the padded planes."""
    width, channels = image.shape[1], image.shape[2]
    count = width + 2 * MARGIN
    # Some rows side by side, so that the recursion along them runs in vectors.
    lines = np.empty((count, _BLOCK * channels), np.float32)
    for begin in range(start, stop, _BLOCK):
        rows = min(_BLOCK, stop - begin)
        for x in range(count):
            at = x - MARGIN if MARGIN <= x < width + MARGIN else edge(x - MARGIN, width, border)
            for r in range(rows):
                for k in range(channels):
                    lines[x, r * channels + k] = (
                        np.float32(image[begin + r, at, k]) * _GAIN if at >= 0 else np.float32(0)
                    )
        _recursion(lines, rows * channels)
        for r in range(rows):
            line = planes[begin + r + MARGIN]
            for x in range(count):
                for k in range(channels):
                    line[x, k] = lines[x, r * channels + k]


@njit(**EXACT_PART)
def _recursion(lines: Any, lanes: int) -> None:
    last = len(lines) - 1
    for n in range(lanes):
        lines[0, n] *= _FIRST
    for x in range(1, last + 1):
        for n in range(lanes):
            lines[x, n] += _POLE * lines[x - 1, n]
    for n in range(lanes):
        lines[last, n] = _LAST * (lines[last, n] + _POLE * lines[last - 1, n])
    for x in range(last - 1, -1, -1):
        for n in range(lanes):
            lines[x, n] = _POLE * (lines[x + 1, n] - lines[x, n])


@njit(**EXACT_KERNEL)
def filter_columns(planes: Any, border: int, start: int, stop: int) -> None:
    """Turn the coefficients along rows into those in both directions, for places start to stop of a flat row."""
    rows = planes.shape[0]
    height = rows - 2 * MARGIN
    flat = planes.reshape(rows, -1)
    for y in range(rows):
        if MARGIN <= y < height + MARGIN:
            continue
        at = edge(y - MARGIN, height, border)
        for x in range(start, stop):
            flat[y, x] = flat[at + MARGIN, x] if at >= 0 else np.float32(0)
    for x in range(start, stop):
        flat[0, x] *= _GAIN * _FIRST
    for y in range(1, rows):
        for x in range(start, stop):
            flat[y, x] = _GAIN * flat[y, x] + _POLE * flat[y - 1, x]
    for x in range(start, stop):
        flat[rows - 1, x] = _LAST * (flat[rows - 1, x] + _POLE * flat[rows - 2, x])
    for y in range(rows - 2, -1, -1):
        for x in range(start, stop):
            flat[y, x] = _POLE * (flat[y + 1, x] - flat[y, x])


@njit(**EXACT_PART)
def weights(share: Any) -> tuple[Any, Any, Any, Any]:
    """Return the weights of the four coefficients around a place this far beyond the second."""
    t, s, one = np.float32(share), np.float32(1 - share), np.float32(1)
    sixth, most, half = np.float32(1 / 6), np.float32(2 / 3), np.float32(0.5)
    return s * s * s * sixth, most - t * t * (one + s) * half, most - s * s * (one + t) * half, t * t * t * sixth


@njit(**EXACT_PART)
def padded(i: int, n: int, border: int) -> int:
    """Return the row or column of the padded planes that stands for coefficient i; -1 for none."""
    if 0 <= i < n:
        return i + MARGIN
    if border not in (CONSTANT, NEAREST):
        return edge(i, n, border) + MARGIN
    if -MARGIN <= i < n + MARGIN:
        return i + MARGIN
    if border == CONSTANT:
        return -1
    return 0 if i < 0 else n + 2 * MARGIN - 1


@njit(**EXACT_KERNEL)
def affine_cubic(
    planes: Any, out: Any, mapping: Any, border: int, white: float, half: float, start: int, stop: int
) -> None:
    """Cubic B-spline, clipped to [0, white]."""
    height, width = planes.shape[0] - 2 * MARGIN, planes.shape[1] - 2 * MARGIN
    channels, columns = planes.shape[2], out.shape[1]
    dr, dc = mapping[0, 1], mapping[1, 1]
    most, add = np.float32(white), np.float32(half)
    flat, target = planes.reshape(-1), out.reshape(-1)
    places, shares = np.empty(columns, np.uint64), np.empty((columns, 8), np.float32)
    down = planes.shape[1] * channels
    # Where the image goes on as nothing or as its edge, the margin is as good as the image.
    slack = MARGIN - 2.0 if border in (CONSTANT, NEAREST) else 0.0
    for y in range(start, stop):
        r, c = mapping[0, 2] + y * mapping[0, 0], mapping[1, 2] + y * mapping[1, 0]
        first, last = inner(r + slack, dr, height + 2 * slack, c + slack, dc, width + 2 * slack, columns)
        for x in range(first, last):
            row, column = r + x * dr + MARGIN, c + x * dc + MARGIN
            i, j = np.int32(row), np.int32(column)
            shares[x, 0], shares[x, 1], shares[x, 2], shares[x, 3] = weights(row - i)
            shares[x, 4], shares[x, 5], shares[x, 6], shares[x, 7] = weights(column - j)
            places[x] = np.int64(i - 1) * down + (j - 1) * channels
        _inner_cubic(flat, target, places, shares, (y, first, last, down, channels), most, add)
        begin, end = reach((r, dr, c, dc), (height, width), out, border, MARGIN + 2.0, y)
        for x in range(begin, first):
            _outer_cubic(planes, out, (y, x), r + x * dr, c + x * dc, border, most, add)
        for x in range(last, end):
            _outer_cubic(planes, out, (y, x), r + x * dr, c + x * dc, border, most, add)


@njit(**PART)
def _inner_cubic(flat: Any, target: Any, places: Any, shares: Any, facts: Any, most: Any, add: Any) -> None:
    y, first, last, length, channels = facts
    down, side = np.uint64(length), np.uint64(channels)
    column = np.empty(4 * channels, np.float32)
    to = np.uint64((y * len(places) + first) * channels)
    for x in range(first, last):
        at = places[x]
        v0, v1, v2, v3 = shares[x, 0], shares[x, 1], shares[x, 2], shares[x, 3]
        u0, u1, u2, u3 = shares[x, 4], shares[x, 5], shares[x, 6], shares[x, 7]
        b, c, d = at + down, at + down + down, at + down + down + down
        for n in range(12 if channels == 3 else 4 * channels):
            m = np.uint64(n)
            column[m] = (v0 * flat[at + m] + v1 * flat[b + m]) + (v2 * flat[c + m] + v3 * flat[d + m])
        for n in range(channels):
            k = np.uint64(n)
            total = (u0 * column[k] + u1 * column[side + k]) + (
                u2 * column[side + side + k] + u3 * column[side + side + side + k]
            )
            target[to + k] = min(max(total, np.float32(0)), most) + add
        to += side


@njit(**EXACT_PART)
def _outer_cubic(
    planes: Any, out: Any, pixel: Any, row: float, column: float, border: int, most: Any, add: Any
) -> None:
    height, width = planes.shape[0] - 2 * MARGIN, planes.shape[1] - 2 * MARGIN
    i, j = math.floor(row), math.floor(column)
    v, u = weights(row - i), weights(column - j)
    for k in range(planes.shape[2]):
        total = np.float32(0)
        for n in range(4):
            y = padded(i - 1 + n, height, border)
            if y < 0:
                continue
            for m in range(4):
                x = padded(j - 1 + m, width, border)
                if x >= 0:
                    total += v[n] * u[m] * planes[y, x, k]
        out[pixel[0], pixel[1], k] = min(max(total, np.float32(0)), most) + add


@njit(**KERNEL)
def zoom_cubic(planes: Any, out: Any, white: float, half: float, start: int, stop: int) -> None:
    """Cubic B-spline on another pixel grid over the same area, clipped to [0, white]."""
    height, width, channels = planes.shape[0] - 2 * MARGIN, planes.shape[1] - 2 * MARGIN, planes.shape[2]
    most, add, columns = np.float32(white), np.float32(half), out.shape[1]
    flat, line = planes.reshape(planes.shape[0], -1), np.empty(planes.shape[1] * channels, np.float32)
    places, shares = np.empty(columns, np.uint64), np.empty((columns, 4), np.float32)
    for x in range(columns):
        place = (x + 0.5) * (width / columns) - 0.5
        j = math.floor(place)
        places[x] = (j + MARGIN - 1) * channels
        shares[x, 0], shares[x, 1], shares[x, 2], shares[x, 3] = weights(place - j)
    side, target = np.uint64(channels), out.reshape(-1)
    for y in range(start, stop):
        place = (y + 0.5) * (height / out.shape[0]) - 0.5
        i = math.floor(place)
        v, top = weights(place - i), i + MARGIN - 1
        for x in range(len(line)):
            line[x] = (v[0] * flat[top, x] + v[1] * flat[top + 1, x]) + (
                v[2] * flat[top + 2, x] + v[3] * flat[top + 3, x]
            )
        to = np.uint64(y * columns * channels)
        for x in range(columns):
            u = shares[x]
            for k in range(channels):
                at = places[x] + np.uint64(k)
                total = (u[0] * line[at] + u[1] * line[at + side]) + (
                    u[2] * line[at + side * np.uint64(2)] + u[3] * line[at + side * np.uint64(3)]
                )
                target[to + np.uint64(k)] = min(max(total, np.float32(0)), most) + add
            to += side
